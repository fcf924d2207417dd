"""Batches of payments: the list, a new one, and each with its funnel, its totals by rail and what may be done to it."""

from typing import Annotated, Any

from aiohttp import web
from pydantic import BeforeValidator, Field

from gateway.channels.console.cells import Chip, Code, Column, Link, Table
from gateway.channels.console.forms import BusinessId, Digits, Form, FormProblems, Line
from gateway.channels.console.pages.payout_facts import TONES, bad_table, batch_link, funnel, history_table, rails_table
from gateway.channels.console.roles import RUN_PAYOUTS, SEE_PAYOUTS, STEER_PAYOUTS
from gateway.channels.console.routes import ID, Route, get, post, upload
from gateway.channels.console.visit import Visit
from gateway.errors import BadInput, NotFound
from gateway.services.payouts.answers import PayoutOutcome, Stop
from gateway.services.payouts.model import Batch, BatchState, Declared, ItemState, PayoutResult
from wallet.money import Money

PAGE_ROWS = 30
BAD_SHOWN = 20
REFRESHED = frozenset({BatchState.LOADING, BatchState.LOCKED, BatchState.APPROVED, BatchState.RUNNING})
"""States in which a batch moves by itself, so that its page looks again."""
OFFICER = {
    BatchState.LOADING: ("cancel",),
    BatchState.DRAFT: ("lock", "refuse", "cancel"),
    BatchState.LOCKED: ("cancel",),
    BatchState.APPROVED: ("retry", "cancel"),
    BatchState.PAUSED: ("abandon",),
}
"""What an officer may ask of a batch in each state."""
ANYBODY = {BatchState.RUNNING: ("pause",), BatchState.PAUSED: ("resume",)}
"""What whoever watches payments may ask: stop, and go on with what was agreed."""
FOR_GOOD = frozenset({Stop.SIGNATURE_DIFFERS, Stop.SIGNATURE_REFUSED})
"""Why an agreed batch that holds its budget already is not released and cannot be cancelled, only given up."""
WITH_REASON = frozenset({"cancel", "refuse", "pause", "abandon"})
BudgetLine = Field(pattern=r"^[A-Za-z0-9._-]{1,40}$")


class Listed(Form):
    """Which batches, and before which one the page begins."""

    state: Annotated[BatchState | None, BeforeValidator(lambda value: value or None)] = Field(None, strict=False)
    before: BusinessId | None = None


class FromSource(Form):
    """A batch of what was decided."""

    name: Line
    line: str = BudgetLine
    source: str = Field(pattern=r"^[a-z_]{2,20}$")


class FromFile(Form):
    """A batch of a file: what it must come to stands before it."""

    name: Line
    line: str = BudgetLine
    count: Digits = Field(pattern=r"^[0-9]{1,9}$")
    total: Digits = Field(pattern=r"^[0-9]{1,15}$")
    sha256: str = Field("", pattern=r"^([0-9a-fA-F]{64})?$")
    reason: str = Field("", max_length=200)


class Why(Form):
    """Why; some actions need it."""

    reason: str = Field("", max_length=200)
    without_bad: str = Field("", pattern=r"^(yes)?$")


def routes() -> list[Route]:
    """The routes of this module."""
    return [
        get("/payouts", listing, SEE_PAYOUTS),
        post("/payouts/source", from_source, RUN_PAYOUTS),
        upload("/payouts/file", from_file, RUN_PAYOUTS),
        get(f"/payouts/{ID}", show, SEE_PAYOUTS),
        get(f"/payouts/{ID}/progress", progress, SEE_PAYOUTS),
        *(
            post(f"/payouts/{ID}/{name}", _asked(name), RUN_PAYOUTS)
            for name in ("lock", "refuse", "cancel", "retry", "abandon")
        ),
        *(post(f"/payouts/{ID}/{name}", _asked(name), STEER_PAYOUTS) for name in ("pause", "resume")),
    ]


async def listing(visit: Visit) -> web.StreamResponse:
    """Batches, newest first."""
    query = visit.query(Listed)
    rows = await visit.deps.payouts.list_batches(limit=PAGE_ROWS, before=query.before or "", state=query.state)
    tail = f"&state={query.state.value}" if query.state else ""
    table = Table(
        name="payouts",
        columns=[
            Column("batch", batch_link),
            Column("name", lambda row: row.name),
            Column("state", chip),
            Column("payments", lambda row: row.count, end=True),
            Column("amount", lambda row: row.total, end=True),
            Column("bad_rows", lambda row: row.bad, end=True),
            Column("budget_line", lambda row: Code(row.line)),
            Column("made", lambda row: row.created_at),
        ],
        rows=rows,
        empty="empty.payouts",
        more=f"/payouts?before={rows[-1].id}{tail}" if len(rows) == PAGE_ROWS else None,
    )
    return visit.page(
        "payouts.jinja",
        table=table,
        states=list(BatchState),
        state_now=query.state,
        sources=visit.deps.payout_sources if visit.may(*RUN_PAYOUTS) else (),
        may_run=visit.may(*RUN_PAYOUTS),
    )


async def from_source(visit: Visit) -> web.StreamResponse:
    """Make a batch of what was decided; the worker fills it."""
    form = visit.form(FromSource)
    if isinstance(form, FormProblems):
        return visit.go("/payouts", refused="payout_form")
    try:
        made = await visit.deps.payouts.create(form.name, line=form.line, staff_id=visit.staff.id, source=form.source)
    except BadInput:
        return visit.go("/payouts", refused="payout_form")
    return visit.go(f"/payouts/{made.id}", said="payout_made")


async def from_file(visit: Visit) -> web.StreamResponse:
    """Make a batch of a file; the worker reads it."""
    form = visit.form(FromFile)
    if isinstance(form, FormProblems) or visit.file is None:
        return visit.go("/payouts", refused="payout_form")
    declared = Declared(int(form.count), int(form.total), form.sha256.lower())
    payouts = visit.deps.payouts
    try:
        made = await payouts.create(form.name, line=form.line, staff_id=visit.staff.id, declared=declared)
        result = await payouts.upload(made.id, visit.file, staff_id=visit.staff.id, reason=form.reason.strip())
    except BadInput:
        return visit.go("/payouts", refused="payout_form")
    if result.outcome is PayoutOutcome.OK:
        return visit.go(f"/payouts/{made.id}", said="payout_made")
    # A batch whose file was not taken is no use to anybody.
    await payouts.cancel(made.id, visit.staff.id, result.outcome.value)
    return visit.go(f"/payouts/{result.about or made.id}", refused=f"payout_{result.outcome.value}")


async def show(visit: Visit) -> web.StreamResponse:
    """One batch."""
    values = await _values(visit)
    batch: Batch = values["batch"]
    bad = await visit.deps.payouts.bad_rows(batch.id, limit=BAD_SHOWN) if batch.bad else []
    held = await visit.deps.payouts.items(batch.id, limit=1, states=frozenset({ItemState.HELD}))
    names = await visit.staff_names({batch.staff_id})
    earlier = await visit.deps.payouts.by_id(batch.follows) if batch.follows else None
    facts: list[tuple[str, Any]] = [
        ("budget_line", Code(batch.line)),
        ("source", Chip(f"payout_source.{batch.source}")),
        ("follows", batch_link(earlier) if earlier else None),
        ("by", names.get(batch.staff_id, batch.staff_id)),
        ("declared_payments", batch.declared.count),
        ("declared_amount", _declared(batch)),
        ("bad_rows", batch.bad or None),
        ("manifest", Code(batch.manifest.hex()) if batch.manifest else None),
        ("signs", Code(batch.manifest.hex()[:8].upper()) if batch.manifest else None),
        ("frozen_payments", batch.manifest_count or None),
        ("frozen_amount", batch.manifest_total if batch.manifest else None),
        ("waits_until", batch.cool_until),
        (
            "approval",
            Link(batch.approval_id, f"/approvals/{batch.approval_id}", code=True) if batch.approval_id else None,
        ),
        ("made", batch.created_at),
        ("locked_at", batch.locked_at),
        ("approved_at", batch.approved_at),
        ("signed_at", batch.released_at),
        ("finished", batch.finished_at),
    ]
    return visit.page(
        "payout.jinja",
        **values,
        facts=facts,
        bad=bad_table(bad) if bad else None,
        held=bool(held),
        history=await history_table(visit, "payout_history", await visit.deps.payouts.history(batch.id)),
        may_run=visit.may(*RUN_PAYOUTS),
        unpaid=[ItemState.REJECTED, ItemState.CANCELLED],
    )


async def progress(visit: Visit) -> web.StreamResponse:
    """The part of the page that renews itself; 286 tells htmx to stop asking."""
    values = await _values(visit)
    return visit.page("payout_progress.jinja", status=200 if values["live"] else 286, **values)


def chip(batch: Batch) -> Chip:
    """A batch's state."""
    return Chip(f"batch_state.{batch.state.value}", TONES[batch.state])


def answered(visit: Visit, here: str, result: PayoutResult, said: str) -> web.Response:
    """Lead to `here`, saying what became of it; each refusal has words that say what to do next."""
    if result.outcome is PayoutOutcome.OK:
        return visit.go(here, said=said)
    return visit.go(here, refused=f"payout_{result.outcome.value}")


def _declared(batch: Batch) -> Money | None:
    declared = batch.declared.total_minor
    return None if declared is None else Money(declared, batch.total.asset)


def _asked(name: str) -> Any:  # noqa: ANN401 - a handler
    async def act(visit: Visit) -> web.StreamResponse:
        batch_id, form, staff = visit.named("id"), visit.form(Why), visit.staff.id
        here = f"/payouts/{batch_id}"
        if isinstance(form, FormProblems):
            return visit.go(here, refused="payout_reason_missing")
        payouts = visit.deps.payouts
        match name:
            case "lock":
                result = await payouts.lock(batch_id, staff, without_bad=bool(form.without_bad))
            case "refuse":
                result = await payouts.refuse(batch_id, staff, form.reason)
            case "cancel":
                result = await payouts.cancel(batch_id, staff, form.reason)
            case "abandon":
                result = await payouts.abandon(batch_id, staff, form.reason)
            case "retry":
                result = await payouts.retry(batch_id, staff)
            case "pause":
                result = await payouts.pause(batch_id, staff, form.reason)
            case _:
                result = await payouts.resume(batch_id, staff)
        return answered(visit, here, result, f"payout_{name}")

    return act


async def _values(visit: Visit) -> dict[str, Any]:
    batch = await visit.deps.payouts.by_id(visit.named("id"))
    if batch is None:
        raise NotFound("batch")
    now = await visit.deps.payouts.progress(batch.id)
    assert now is not None, "batches stay"
    actions = OFFICER.get(batch.state, ()) if visit.may(*RUN_PAYOUTS) else ()
    if actions and batch.state is BatchState.APPROVED and batch.stopped in FOR_GOOD:
        actions = ("abandon",)
    actions += ANYBODY.get(batch.state, ()) if visit.may(*STEER_PAYOUTS) else ()
    return {
        "batch": batch,
        "state": chip(batch),
        "now": now,
        "live": batch.state in REFRESHED,
        "done": f"{visit.words.number(now.done)} / {visit.words.number(now.count)}",
        "funnel": funnel(batch, now, visit.words),
        "rails": rails_table(now),
        "actions": actions,
        "with_reason": WITH_REASON,
    }
