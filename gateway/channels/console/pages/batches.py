"""Terminals' batches: the totals of both sides, what each side has in one, and what did not fit."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any

from aiohttp import web
from pydantic import BeforeValidator, Field

from gateway.channels.console.cells import Cell, Chip, Code, Column, Link, Table
from gateway.channels.console.forms import BusinessId, Form, TerminalAsked
from gateway.channels.console.pages.exceptions import exception_table
from gateway.channels.console.roles import SEE_CLEARING
from gateway.channels.console.routes import ID, Route, get
from gateway.channels.console.visit import Visit
from gateway.errors import NotFound
from gateway.services.clearing import BatchState, BatchView, Taking, TerminalBatch, Totals, Upload
from wallet.money import irr

PAGE_ROWS = 50
ITEMS_SHOWN = 500
TONES = {
    BatchState.OPEN: "plain",
    BatchState.UPLOADING: "wait",
    BatchState.AGREED: "good",
    BatchState.HEALED: "wait",
    BatchState.UNCONFIRMED: "bad",
}
FATE_TONES = {"same": "good", "healed": "good"}


class Listed(Form):
    """Which batches, and before which one the page begins."""

    state: Annotated[BatchState | None, BeforeValidator(lambda value: value or None)] = Field(None, strict=False)
    terminal: TerminalAsked = ""
    before: BusinessId | None = None


def routes() -> list[Route]:
    """The routes of this module."""
    return [
        get("/merchants/batches", listing, SEE_CLEARING),
        get(f"/merchants/batches/{ID}", show, SEE_CLEARING),
    ]


def batch_chip(state: BatchState) -> Chip:
    """Where a batch stands."""
    return Chip(f"terminal_batch_state.{state.value}", TONES[state])


def batch_table(
    rows: Sequence[TerminalBatch], *, more: str | None = None, empty: str = "empty.terminal_batches"
) -> Table[Any]:
    """Batches, one a row."""
    return Table(
        name="terminal_batches",
        columns=[
            Column("terminal_batch", lambda row: Link(row.number, f"/merchants/batches/{row.id}", code=True)),
            Column("terminal", lambda row: Link(row.terminal_id, f"/merchants/terminals/{row.terminal_id}", code=True)),
            Column("state", lambda row: batch_chip(row.state)),
            Column("terminal_net", lambda row: _net(row.terminal_totals), end=True),
            Column("host_net", lambda row: _net(row.host_totals), end=True),
            Column("opened", lambda row: row.opened_at),
            Column("closed_at", lambda row: row.closed_at),
        ],
        rows=rows,
        empty=empty,
        more=more,
    )


async def listing(visit: Visit) -> web.StreamResponse:
    """Batches, newest first, by state and terminal."""
    query = visit.query(Listed)
    rows = await visit.deps.clearing.views.batches(
        state=query.state, terminal_id=query.terminal, before=query.before or "~", limit=PAGE_ROWS
    )
    chosen = f"state={query.state.value if query.state else ''}&terminal={query.terminal}"
    more = f"/merchants/batches?{chosen}&before={rows[-1].id}" if len(rows) == PAGE_ROWS else None
    narrowed = bool(query.state or query.terminal)
    table = batch_table(rows, more=more, empty="empty.batches_chosen" if narrowed else "empty.terminal_batches")
    return visit.page(
        "batches.jinja", table=table, states=list(BatchState), state_now=query.state, terminal_now=query.terminal
    )


async def show(visit: Visit) -> web.StreamResponse:
    """One batch: both sides' totals, items of the house, items that the terminal sent, exceptions."""
    found = await visit.deps.clearing.views.batch(visit.named("id"), limit=ITEMS_SHOWN)
    if found is None:
        raise NotFound("batch")
    batch = found.batch
    merchant = await visit.deps.merchants.merchant(batch.merchant_id)
    facts: list[tuple[str, Cell]] = [
        ("terminal", Link(batch.terminal_id, f"/merchants/terminals/{batch.terminal_id}", code=True)),
        ("merchant", Link(merchant.name, f"/merchants/{merchant.id}") if merchant else Code(batch.merchant_id)),
        ("round", batch.round if batch.round > 1 else None),
        ("tries", batch.tries or None),
        ("opened", batch.opened_at),
        ("closed_at", batch.closed_at),
        ("id", Code(batch.id)),
    ]
    names = await visit.staff_names({one.owner for one in found.exceptions})
    return visit.page(
        "batch.jinja",
        batch=batch,
        state=batch_chip(batch.state),
        facts=facts,
        totals=_totals_table(found),
        takings=_taking_table(found.takings),
        uploads=_upload_table(found.uploads) if found.uploads else None,
        exceptions=exception_table(found.exceptions, names),
    )


def _net(totals: Totals | None) -> Cell:
    return irr(totals.net_minor) if totals else None


def _totals_table(found: BatchView) -> Table[Any]:
    """Purchases, refunds and what is left, as each side has them, and by how much they differ."""
    terminal, host = found.batch.terminal_totals, found.batch.host_totals

    def row(name: str, value: Callable[[Totals], Cell]) -> tuple[str, Cell, Cell, bool]:
        theirs, ours = (value(side) if side else None for side in (terminal, host))
        return name, theirs, ours, terminal is not None and host is not None and theirs != ours

    rows = [
        row("purchases", lambda one: one.debits),
        row("purchases_sum", lambda one: irr(one.debits_minor)),
        row("refunds", lambda one: one.credits),
        row("refunds_sum", lambda one: irr(one.credits_minor)),
        row("net", lambda one: irr(one.net_minor)),
    ]
    return Table(
        name="batch_totals",
        columns=[
            Column("what", lambda row: Chip(f"batch_total.{row[0]}")),
            Column("at_terminal", lambda row: row[1], end=True),
            Column("at_house", lambda row: row[2], end=True),
            Column("compared", _compared),
        ],
        rows=rows if terminal or host else [],
        empty="empty.batch_totals",
    )


def _compared(row: tuple[str, Cell, Cell, bool]) -> Cell:
    if row[1] is None or row[2] is None:
        return None
    return Chip("batch_total.differs", "bad") if row[3] else Chip("batch_total.same", "good")


def _taking_table(rows: Sequence[Taking]) -> Table[Taking]:
    return Table(
        name="batch_takings",
        columns=[
            Column("item", lambda row: taking_link(row.id)),
            Column("kind", lambda row: Chip(f"taking_kind.{row.kind}")),
            Column("stan", lambda row: Code(row.stan)),
            Column("reference", lambda row: Code(row.rrn)),
            Column("approval_code", lambda row: Code(row.approval) if row.approval else None),
            Column("amount", lambda row: irr(row.amount_minor), end=True),
            Column("reversed", lambda row: Chip("taking_kind.reversed", "wait") if row.reversed else None),
            Column("when", lambda row: row.taken_at),
        ],
        rows=rows,
        empty="empty.batch_takings",
    )


def taking_link(taking_id: str) -> Cell:
    """A tap's page; of a refund the page of its cause."""
    return Link(taking_id, f"/taps/{taking_id}" if taking_id.startswith("tap_") else f"/cause/{taking_id}", code=True)


def _upload_table(rows: Sequence[Upload]) -> Table[Upload]:
    return Table(
        name="batch_uploads",
        columns=[
            Column("kind", lambda row: Chip(f"taking_kind.{row.kind.value}")),
            Column("stan", lambda row: Code(row.stan)),
            Column("reference", lambda row: Code(row.rrn)),
            Column("approval_code", lambda row: Code(row.approval) if row.approval else None),
            Column("amount", lambda row: row.amount, end=True),
            Column("fate", lambda row: Chip(f"fate.{row.fate or 'open'}", FATE_TONES.get(row.fate, "wait"))),
        ],
        rows=rows,
        empty="empty.batch_takings",
    )
