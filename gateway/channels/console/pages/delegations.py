"""Delegations: I name a colleague who stands in for me, for kinds and days; taken back at any moment."""

from datetime import date, datetime, time, timedelta
from typing import assert_never

from aiohttp import web
from pydantic import Field

from gateway.channels.console.cells import Column, Table
from gateway.channels.console.forms import BusinessId, Form, FormProblems, Phrase
from gateway.channels.console.pages.signing import kind_text
from gateway.channels.console.routes import EVERYONE, ID, Route, get, post
from gateway.channels.console.visit import Visit
from gateway.services.approvals import Delegation, DelegationOutcome
from gateway.services.staff import Role

MEMBERS_MAX = 100
DAY = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"


class Naming(Form):
    """Whom, from when, until when, for what: no kind is every kind."""

    delegate: BusinessId
    begins: str = Field(pattern=DAY)
    ends: str = Field(pattern=DAY)
    kinds: list[str] = Field(default_factory=list, max_length=40)
    reason: Phrase


def routes() -> list[Route]:
    """The routes of this module."""
    return [
        get("/delegations", listing, EVERYONE),
        post("/delegations", name, EVERYONE),
        post(f"/delegations/{ID}/take-back", take_back, EVERYONE),
    ]


async def listing(visit: Visit) -> web.StreamResponse:
    """What holds now or will: one's own and those in which one stands in; an administrator sees all."""
    all_of_them = await visit.deps.delegations.standing()
    me = visit.staff.id
    rows = [row for row in all_of_them if me in {row.principal, row.delegate} or visit.may(Role.ADMINISTRATOR)]
    names = await visit.staff_names({one for row in rows for one in (row.principal, row.delegate)})
    members = await visit.deps.staff.members(limit=MEMBERS_MAX)
    today = visit.deps.clock.now().astimezone(visit.words.zone).date()
    return visit.page(
        "delegations.jinja",
        table=_table(visit, rows, names),
        mine=[
            (row, names.get(row.delegate, "")) for row in rows if row.principal == me or visit.may(Role.ADMINISTRATOR)
        ],
        members=[member for member in members if not member.disabled and member.id != me],
        kinds=[(kind, kind_text(visit, kind)) for kind in _kinds(visit)],
        today=today.isoformat(),
        next_week=(today + timedelta(days=7)).isoformat(),
    )


async def name(visit: Visit) -> web.StreamResponse:
    """Let a colleague stand in for oneself from the first day's beginning to the last day's end."""
    form = visit.form(Naming)
    if isinstance(form, FormProblems) or not set(form.kinds) <= set(_kinds(visit)):
        return visit.go("/delegations", refused="delegation_form")
    try:
        begins, ends = date.fromisoformat(form.begins), date.fromisoformat(form.ends) + timedelta(days=1)
    except (ValueError, OverflowError):
        return visit.go("/delegations", refused="delegation_period")
    outcome = await visit.deps.delegations.delegate(
        visit.staff.id, form.delegate, form.kinds, _midnight(visit, begins), _midnight(visit, ends), form.reason,
        visit.staff,
    )  # fmt: skip
    return _answered(visit, outcome, said="delegated")


async def take_back(visit: Visit) -> web.StreamResponse:
    """End it now."""
    return _answered(
        visit, await visit.deps.delegations.take_back(visit.named("id"), visit.staff), said="delegation_over"
    )


def _answered(visit: Visit, outcome: DelegationOutcome, *, said: str) -> web.Response:
    match outcome:
        case DelegationOutcome.OK:
            return visit.go("/delegations", said=said)
        case (
            DelegationOutcome.UNKNOWN
            | DelegationOutcome.NOT_YOURS
            | DelegationOutcome.SELF
            | DelegationOutcome.UNKNOWN_STAFF
            | DelegationOutcome.PERIOD
            | DelegationOutcome.REASON
        ):
            return visit.go("/delegations", refused=f"delegation_{outcome.value}")
        case unreachable:
            assert_never(unreachable)


def _midnight(visit: Visit, day: date) -> datetime:
    return datetime.combine(day, time(), visit.words.zone)


def _kinds(visit: Visit) -> list[str]:
    """Kinds of proposals and documents that one may name."""
    return sorted({*visit.deps.approval_roles, *visit.deps.document_kinds})


def _table(visit: Visit, rows: list[Delegation], names: dict[str, str]) -> Table[Delegation]:
    def kinds(row: Delegation) -> str:
        said = [kind_text(visit, kind) for kind in sorted(row.kinds)]
        return visit.words.t("shell.comma").join(said) or visit.words.t("delegations.all_kinds")

    return Table(
        name="delegations",
        columns=[
            Column("principal", lambda row: names.get(row.principal, row.principal)),
            Column("stand_in", lambda row: names.get(row.delegate, row.delegate)),
            Column("for_what", kinds),
            Column("begins", lambda row: row.begins),
            Column("ends_at", lambda row: row.ends),
            Column("reason", lambda row: row.reason),
        ],
        rows=rows,
        empty="empty.delegations",
    )
