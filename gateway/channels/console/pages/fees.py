"""Fees that wait for an officer, one fee with its lines, and visits that are opened without the patient."""

from collections.abc import Mapping, Sequence
from typing import assert_never

from aiohttp import web
from pydantic import Field

from gateway.channels.console.cells import Chip, Code, Column, Link, Table
from gateway.channels.console.forms import BusinessId, Form, FormProblems, Phrase, Whole
from gateway.channels.console.histories import history
from gateway.channels.console.roles import RUN_PROVIDERS, SEE_PROVIDERS
from gateway.channels.console.routes import ID, Route, get, post
from gateway.channels.console.visit import Visit
from gateway.errors import NotFound
from gateway.services.providers import Fee, FeeLine, FeeOutcome, FeeState, VisitOutcome
from wallet.money import MINOR_MAX, Money, irr

PAGE_ROWS = 50
TONES = {
    FeeState.SUBMITTED: "wait",
    FeeState.APPROVED: "wait",
    FeeState.OWED: "wait",
    FeeState.PAID: "good",
    FeeState.RETURNED: "bad",
    FeeState.REJECTED: "bad",
}


class Paged(Form):
    """After which fee the page begins."""

    after: BusinessId | None = None


class Approval(Form):
    """A line that is lowered, to how much and why; without them the fee is approved as it stands."""

    line: Whole | None = None
    most: Whole | None = Field(None, le=MINOR_MAX)
    reason: str = Field("", max_length=200)


class Rejection(Form):
    """Why."""

    reason: Phrase


class Glass(Form):
    """For whom a visit is opened without the phone, why, and up to how much."""

    person: Phrase
    reason: Phrase
    cap: Whole = Field(ge=1, le=MINOR_MAX)
    form_key: BusinessId


def routes() -> list[Route]:
    """The routes of this module."""
    return [
        get("/fees", pending, SEE_PROVIDERS),
        get(f"/fees/{ID}", show, SEE_PROVIDERS),
        post(f"/fees/{ID}/approve", approve, RUN_PROVIDERS),
        post(f"/fees/{ID}/reject", reject, RUN_PROVIDERS),
        post(f"/providers/{ID}/visits", break_glass, RUN_PROVIDERS),
    ]


def chip(fee: Fee) -> Chip:
    """A fee's state."""
    return Chip(f"fee_state.{fee.state.value}", TONES[fee.state])


def fee_columns(numbers: Mapping[str, str]) -> list[Column[Fee]]:
    """Fees with what is owed and when it was paid; `numbers` are those of their visits."""
    return [
        Column("visit", lambda fee: Link(numbers.get(fee.visit_id, fee.visit_id), f"/fees/{fee.id}", code=True)),
        Column("submitted", lambda fee: fee.submitted_at),
        Column("asked_for", lambda fee: fee.asked, end=True),
        Column("covered", lambda fee: fee.covered, end=True),
        Column("share", lambda fee: fee.share, end=True),
        Column("co_payment", lambda fee: Chip(f"co_payment.{fee.co_payment.value}")),
        Column("state", chip),
        Column("paid", lambda fee: fee.paid_at),
    ]


async def pending(visit: Visit) -> web.StreamResponse:
    """What waits, oldest first."""
    rows = await visit.deps.providers.pending_fees(limit=PAGE_ROWS, after=visit.query(Paged).after or "")
    table: Table[Fee] = Table(
        name="fees",
        columns=fee_columns(await visit.deps.providers.numbers_of(rows)),
        rows=rows,
        empty="empty.fees",
        more=f"/fees?after={rows[-1].id}" if len(rows) == PAGE_ROWS else None,
    )
    return visit.page("fees.jinja", table=table)


async def show(visit: Visit) -> web.StreamResponse:
    """One fee: what was asked for, what the list leaves of it, and why. Leaves a row in the access log."""
    fee = await _fee(visit)
    desk = visit.deps.providers
    provider, opened = await desk.by_id(fee.provider_id), await desk.visit(fee.visit_id)
    assert provider is not None, "a fee has a provider"
    assert opened is not None, "a fee has a visit"
    seen = await visit.deps.people.view(fee.person_id, visit.staff.id, fee.id)
    changes = await desk.history(fee.id)
    names = await visit.staff_names({change.staff_id for change in changes} | {opened.opened_by, fee.decided_by})
    decidable = fee.state is FeeState.SUBMITTED and visit.may(*RUN_PROVIDERS)
    mine = opened.opened_by == visit.staff.id
    return visit.page(
        "fee.jinja",
        fee=fee,
        number=opened.number,
        state=chip(fee),
        facts=[
            ("provider", Link(provider.name, f"/providers/{provider.id}")),
            ("person", seen.person.name_in(visit.words.language) if seen else Code(fee.person_id)),
            ("opened_by", names.get(opened.opened_by, opened.opened_by) or None),
            ("reason", opened.reason or None),
            ("cap", opened.cap),
            ("asked_for", fee.asked),
            ("covered", fee.covered),
            ("share", fee.share),
            ("co_payment", Chip(f"co_payment.{fee.co_payment.value}")),
            ("submitted", fee.submitted_at),
            ("note", fee.reason or None),
            ("paid", fee.paid_at),
            ("batch", Link(fee.batch_id, f"/payouts/{fee.batch_id}", code=True) if fee.batch_id else None),
            ("cause", Link(fee.id, f"/cause/{fee.id}", code=True)),
        ],
        lines=_lines(await desk.fee_lines(fee.id)),
        history=history(changes, names, "fee_state", column="state"),
        may_decide=decidable and not mine,
        not_you=decidable and mine,
    )


async def approve(visit: Visit) -> web.StreamResponse:
    """Approve, lowering a line where one is named."""
    fee, form = await _fee(visit), visit.form(Approval)
    if isinstance(form, FormProblems) or (form.line is None) != (form.most is None):
        return visit.go(f"/fees/{fee.id}", refused="fee_form")
    less: dict[int, Money] = {} if form.line is None or form.most is None else {form.line: irr(form.most)}
    outcome = await visit.deps.providers.approve_fee(fee.id, visit.staff.id, less=less, reason=form.reason)
    return _decided(visit, outcome, "fee_approved")


async def reject(visit: Visit) -> web.StreamResponse:
    """Reject all of it with a reason."""
    fee, form = await _fee(visit), visit.form(Rejection)
    if isinstance(form, FormProblems):
        return visit.go(f"/fees/{fee.id}", refused="reason")
    outcome = await visit.deps.providers.reject_fee(fee.id, visit.staff.id, form.reason)
    return _decided(visit, outcome, "fee_rejected")


async def break_glass(visit: Visit) -> web.StreamResponse:
    """Open a visit for a patient who cannot; the patient is told, and another officer decides the fee."""
    provider = await visit.deps.providers.by_id(visit.named("id"))
    if provider is None:
        raise NotFound("provider")
    here, form = f"/providers/{provider.id}", visit.form(Glass)
    if isinstance(form, FormProblems):
        return visit.go(here, refused="glass_form")
    found = await visit.deps.people.search(form.person, visit.staff.id)
    if len(found) != 1:
        return visit.go(here, refused="glass_person")
    opened = await visit.deps.providers.break_glass(
        provider.id, found[0].id, form.reason, irr(form.cap), staff_id=visit.staff.id,
        form_key=f"{visit.staff.id}:{form.form_key}",
    )  # fmt: skip
    if opened.outcome is VisitOutcome.OK:
        return visit.go(here, said="glass_broken")
    return visit.go(here, refused=f"glass_{opened.outcome.value}")


def _decided(visit: Visit, outcome: FeeOutcome, said: str) -> web.Response:
    here = f"/fees/{visit.named('id')}"
    match outcome:
        case FeeOutcome.OK:
            return visit.go(here, said=said)
        case (
            FeeOutcome.UNKNOWN
            | FeeOutcome.NOT_PENDING
            | FeeOutcome.OVER_ASKED
            | FeeOutcome.REASON_MISSING
            | FeeOutcome.NOTHING_LEFT
            | FeeOutcome.OWN_VISIT
        ):
            return visit.go(here, refused=f"fee_{outcome.value}")
        case unreachable:
            assert_never(unreachable)


def _lines(lines: Sequence[FeeLine]) -> Table[FeeLine]:
    return Table(
        name="fee_lines",
        columns=[
            Column("line", lambda line: line.number, end=True),
            Column("code", lambda line: Code(line.code)),
            Column("title", lambda line: line.title),
            Column("quantity", lambda line: line.quantity, end=True),
            Column("asked_for", lambda line: line.asked, end=True),
            Column("adjusted", lambda line: line.adjusted, end=True),
            Column("approved", lambda line: line.approved, end=True),
            Column("covered", lambda line: line.covered, end=True),
            Column("why", lambda line: Chip(f"line_reason.{line.reason.value}", "wait") if line.reason else None),
        ],
        rows=lines,
        empty="empty.fees",
    )


async def _fee(visit: Visit) -> Fee:
    fee = await visit.deps.providers.fee(visit.named("id"))
    if fee is None:
        raise NotFound("fee")
    return fee
