"""Signers: whose phone signs, with which certificate; enrolment by two people, and suspension."""

from typing import assert_never

from aiohttp import web

from gateway.channels.console.cells import Chip, Code, Column, Table
from gateway.channels.console.forms import BusinessId, Form, FormProblems, Msisdn, Phrase
from gateway.channels.console.roles import RUN_SIGNERS, SEE_SIGNERS
from gateway.channels.console.routes import ID, Route, get, post
from gateway.channels.console.visit import Visit
from gateway.errors import NotFound
from gateway.services.msisdn import normal_msisdn
from gateway.services.signing import EnrolOutcome, Signer, SignerState

PAGE_ROWS = 100
TONES = {SignerState.ACTIVE: "good", SignerState.SUSPENDED: "bad"}


class Paged(Form):
    """After which member the page begins."""

    after: BusinessId | None = None


class Enrolment(Form):
    """Whose number."""

    staff_id: BusinessId
    msisdn: Msisdn


class Suspension(Form):
    """Why."""

    reason: Phrase


def routes() -> list[Route]:
    """The routes of this module."""
    return [
        get("/signers", listing, SEE_SIGNERS),
        post("/signers", enrol, RUN_SIGNERS),
        post(f"/signers/{ID}/suspend", suspend, RUN_SIGNERS),
    ]


async def listing(visit: Visit) -> web.StreamResponse:
    """Signers, and for administrators the form that enrols one."""
    rows = await visit.deps.signers.signers(after=visit.query(Paged).after or "", limit=PAGE_ROWS)
    ids = {one for row in rows for one in (row.staff_id, row.enrolled_by, row.approved_by)}
    names = await visit.staff_names(ids)
    may_run = visit.may(*RUN_SIGNERS)
    members = await visit.deps.staff.members(limit=PAGE_ROWS) if may_run else []
    return visit.page(
        "signers.jinja",
        table=_table(rows, names),
        may_run=may_run,
        members=[member for member in members if not member.disabled],
        active=[
            (row.staff_id, names.get(row.staff_id, row.staff_id)) for row in rows if row.state is SignerState.ACTIVE
        ],
    )


async def enrol(visit: Visit) -> web.StreamResponse:
    """Ask the phone for a first signature; then a second person must agree."""
    form = visit.form(Enrolment)
    number = None if isinstance(form, FormProblems) else normal_msisdn(form.msisdn)
    if isinstance(form, FormProblems) or number is None:
        return visit.go("/signers", refused="enrol_number_form")
    start = await visit.deps.signers.enrol(form.staff_id, number, visit.staff.id)
    match start.outcome:
        case EnrolOutcome.ASKED:
            return visit.go(f"/signing/requests/{start.request_id}")
        case (
            EnrolOutcome.NUMBER_FORM
            | EnrolOutcome.UNKNOWN_STAFF
            | EnrolOutcome.NUMBER_TAKEN
            | EnrolOutcome.OPEN
            | EnrolOutcome.UNAVAILABLE
        ):
            return visit.go("/signers", refused=f"enrol_{start.outcome.value}")
        case unreachable:
            assert_never(unreachable)


async def suspend(visit: Visit) -> web.StreamResponse:
    """Let this phone sign nothing more until it is enrolled again."""
    form = visit.form(Suspension)
    if isinstance(form, FormProblems):
        return visit.go("/signers", refused="reason")
    if not await visit.deps.signers.suspend(visit.named("id"), visit.staff.id, form.reason):
        raise NotFound("signer")
    return visit.go("/signers", said="signer_suspended")


def _table(rows: list[Signer], names: dict[str, str]) -> Table[Signer]:
    return Table(
        name="signers",
        columns=[
            Column("name", lambda row: names.get(row.staff_id, row.staff_id)),
            Column("msisdn", lambda row: Code(row.msisdn)),
            Column("state", lambda row: Chip(f"signer_state.{row.state.value}", TONES[row.state])),
            Column("reason", lambda row: row.reason),
            Column("certificate", lambda row: Code(row.certificate, wraps=True)),
            Column("serial", lambda row: Code(row.serial, wraps=True)),
            Column("proposed_by", lambda row: names.get(row.enrolled_by, "")),
            Column("checker", lambda row: names.get(row.approved_by, "")),
            Column("enrolled", lambda row: row.enrolled_at),
        ],
        rows=rows,
        empty="empty.signers",
        more=f"/signers?after={rows[-1].staff_id}" if len(rows) == PAGE_ROWS else None,
    )
