"""Periods of the book: which months are open, soft-closed or closed, and every closing with its seal."""

from aiohttp import web

from gateway.channels.console.cells import Cell, Chip, Code, Column, Link, Table
from gateway.channels.console.movements import cause_of
from gateway.channels.console.roles import SEE_LEDGER
from gateway.channels.console.routes import Route, get
from gateway.channels.console.visit import Visit
from gateway.services.closing import Month, PeriodKind
from wallet.periods import Period, PeriodState

MONTHS_SHOWN = 24
CLOSINGS_SHOWN = 200
TONES = {PeriodKind.OPEN: "plain", PeriodKind.SOFT: "wait", PeriodKind.CLOSED: "good"}
_KINDS = {PeriodState.SOFT: PeriodKind.SOFT, PeriodState.CLOSED: PeriodKind.CLOSED}


def routes() -> list[Route]:
    """The routes of this module."""
    return [get("/ledger/periods", show, SEE_LEDGER)]


async def show(visit: Visit) -> web.StreamResponse:
    """The page; a day leads to the trial balance by effective date through it."""
    months: Table[Month] = Table(
        name="months",
        columns=[
            Column("first_day", lambda row: row.first),
            Column("state", lambda row: chip(row.state)),
            Column("days_closed", lambda row: _share(visit, row.closed, row.days), end=True),
            Column("days_signed", lambda row: _share(visit, row.signed, row.days), end=True),
            Column("next_to_close", lambda row: row.gap),
        ],
        rows=await visit.deps.closing.months(limit=MONTHS_SHOWN),
        empty="empty.months",
    )
    closings = await visit.deps.ledger.periods()
    table: Table[Period] = Table(
        name="closings",
        columns=[
            Column("through", lambda row: Link(row.through, f"/ledger?day={row.through.isoformat()}")),
            Column("state", lambda row: chip(_KINDS[row.state])),
            Column("closed_at", lambda row: row.closed_at),
            Column("position", lambda row: Link(row.position, f"/ledger/journal?position={row.position}"), end=True),
            Column("seal", lambda row: Code(row.seal.hex()[:16]) if row.seal else None),
            Column("cause", lambda row: cause_of(row.cause)),
        ],
        rows=closings[::-1][:CLOSINGS_SHOWN],
        empty="empty.closings",
    )
    return visit.page("periods.jinja", months=months, table=table)


def chip(kind: PeriodKind) -> Chip:
    """How much of a period is closed."""
    return Chip(f"period_kind.{kind.value}", TONES[kind])


def _share(visit: Visit, part: int, whole: int) -> Cell:
    return f"{visit.words.number(part)} / {visit.words.number(whole)}"
