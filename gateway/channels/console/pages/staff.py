"""Staff: accounts, roles, disable; a new member's TOTP seed is shown once, as digits and as a picture to scan."""

from typing import assert_never

import pyotp
import segno
from aiohttp import web
from pydantic import Field

from gateway.channels.console.cells import Chip, Code, Column, Link, Table
from gateway.channels.console.forms import Form, FormProblems, Line
from gateway.channels.console.roles import RUN_STAFF
from gateway.channels.console.routes import ID, Route, get, post
from gateway.channels.console.visit import Visit
from gateway.errors import NotFound
from gateway.languages import LANGUAGES, PATTERN
from gateway.services.staff import NewStaff, Role, StaffMember, StaffRefusal

PAGE_ROWS = 100


class Paged(Form):
    """After which user name the page begins."""

    after: str = Field("", pattern=r"^[a-z0-9._-]{0,40}$")


class Creation(Form):
    """A new member."""

    username: str = Field(min_length=1, max_length=60)
    name: Line
    password: str = Field(min_length=1, max_length=200)
    language: str = Field("en", pattern=PATTERN)
    branch: str = Field("", pattern=r"^[a-z0-9-]{0,30}$")
    roles: list[str] = Field(default_factory=list, max_length=10)


def routes() -> list[Route]:
    """The routes of this module."""
    return [
        get("/staff", listing, RUN_STAFF),
        post("/staff", create, RUN_STAFF),
        post(f"/staff/{ID}/disable", disable, RUN_STAFF),
        post(f"/staff/{ID}/enable", enable, RUN_STAFF),
        post(f"/staff/{ID}/sign-out", sign_out, RUN_STAFF),
    ]


async def listing(visit: Visit) -> web.StreamResponse:
    """Members in order of their user names."""
    return await _page(visit)


async def create(visit: Visit) -> web.StreamResponse:
    """Create an account and show its seed, this once."""
    form = visit.form(Creation)
    if isinstance(form, FormProblems):
        return await _page(visit, problems=form.fields, status=400)
    roles = [Role(name) for name in form.roles if name in set(Role)]
    made = await visit.deps.staff.create(
        form.username, form.name, roles, form.password, language=form.language, branch=form.branch
    )
    match made:
        case NewStaff():
            return await _page(visit, made=made, picture=_picture(made))
        case StaffRefusal():
            return await _page(visit, refusal=_refusal(visit, made), status=409)
        case unreachable:
            assert_never(unreachable)


async def disable(visit: Visit) -> web.StreamResponse:
    """Disable an account, which ends its sign-ins; never one's own, so that somebody can always undo it."""
    if visit.named("id") == visit.staff.id:
        return visit.go("/staff", refused="own_account")
    return await _switch(visit, disabled=True)


async def enable(visit: Visit) -> web.StreamResponse:
    """Enable an account again."""
    return await _switch(visit, disabled=False)


async def sign_out(visit: Visit) -> web.StreamResponse:
    """End every sign-in of a member."""
    found = await visit.deps.staff.by_id(visit.named("id"))
    if found is None:
        raise NotFound("staff")
    await visit.deps.staff.revoke_all(found.id)
    return visit.go("/staff", said="signed_out")


async def _switch(visit: Visit, *, disabled: bool) -> web.Response:
    if not await visit.deps.staff.set_disabled(visit.named("id"), disabled=disabled):
        raise NotFound("staff")
    return visit.go("/staff", said="staff_disabled" if disabled else "staff_enabled")


async def _page(visit: Visit, *, status: int = 200, **values: object) -> web.Response:
    after = visit.query(Paged).after
    rows = await visit.deps.staff.members(after=after, limit=PAGE_ROWS)
    context: dict[str, object] = {"made": None, "refusal": "", "picture": "", **values}
    more = f"/staff?after={rows[-1].username}" if len(rows) == PAGE_ROWS else None
    return visit.page(
        "staff.jinja", status=status, table=_table(visit, rows, more), rows=rows, all_roles=list(Role),
        tongues=LANGUAGES, **context,
    )  # fmt: skip


def _table(visit: Visit, rows: list[StaffMember], more: str | None) -> Table[StaffMember]:
    comma = visit.words.t("shell.comma")
    return Table(
        name="staff",
        columns=[
            Column("username", lambda row: Code(row.username)),
            Column("name", lambda row: row.name),
            Column("roles", lambda row: comma.join(visit.words.t(f"role.{role}") for role in sorted(row.roles))),
            Column("branch", lambda row: row.branch),
            Column(
                "state", lambda row: Chip("staff.disabled", "bad") if row.disabled else Chip("staff.active", "good")
            ),
            Column("views", lambda row: Link(visit.words.t("views.whom"), f"/staff/{row.id}/views")),
        ],
        rows=rows,
        empty="empty.staff",
        more=more,
    )


def _refusal(visit: Visit, refusal: StaffRefusal) -> str:
    return visit.words.t(f"staff_refusal.{refusal.value}")


def _picture(made: NewStaff) -> str:
    """The authenticator's address as an SVG that has no inline style; drawn here, so the page may trust it."""
    address = pyotp.TOTP(made.totp_seed).provisioning_uri(name=made.staff.username, issuer_name="Tapdial")
    return str(segno.make(address, error="m").svg_inline(border=2, omitsize=True, svgclass="qr"))
