"""Links and what waits for them: how fast each is let, who must look, how old the oldest message of a lane is."""

from aiohttp import web

from gateway.channels.console.cells import Cell, Chip, Code, Column, Table
from gateway.channels.console.roles import SEE_LINKS
from gateway.channels.console.routes import Route, get
from gateway.channels.console.visit import Visit
from gateway.services.links import LinkReport
from gateway.services.notices import Lane, NoticeState


def routes() -> list[Route]:
    """The routes of this module."""
    return [get("/links", show, SEE_LINKS), get("/links/now", renewed, SEE_LINKS)]


async def show(visit: Visit) -> web.StreamResponse:
    """The page; its tables renew themselves."""
    return visit.page("links.jinja", table=await _table(visit), queue=await _queue(visit))


async def renewed(visit: Visit) -> web.StreamResponse:
    """The part of the page that renews itself."""
    return visit.page("links_now.jinja", table=await _table(visit), queue=await _queue(visit))


async def _queue(visit: Visit) -> list[tuple[str, Cell]]:
    """What waits, by the key of its words: notices of a state, seconds that the oldest of a lane has been due."""
    queue = await visit.deps.queue.queue()
    ages: list[tuple[str, Cell]] = [(f"age_{lane.name.lower()}", round(queue.oldest_s[lane])) for lane in Lane]
    return [
        ("ready", queue.states[NoticeState.READY]),
        ("leased", queue.states[NoticeState.LEASED]),
        ("uncertain", queue.states[NoticeState.UNCERTAIN]),
        ("receipts_unmatched", queue.receipts_unmatched),
        *ages,
    ]


async def _table(visit: Visit) -> Table[LinkReport]:
    number = visit.words.number
    return Table(
        name="links",
        columns=[
            Column("link", lambda row: Code(row.status.name)),
            Column("state", _state),
            Column("alarm", lambda row: Code(row.status.alarm) if row.status.alarm else None),
            Column("health", lambda row: row.status.health, end=True),
            Column("in_flight", lambda row: f"{number(row.status.in_flight)} / {number(row.status.window)}", end=True),
            Column("waiting", lambda row: row.status.waiting, end=True),
            Column(
                "rate", lambda row: f"{number(round(row.status.rate))} / {number(round(row.status.rate_max))}", end=True
            ),
            Column("throttled", lambda row: f"{number(round(100 * row.status.throttle_ratio))} %", end=True),
            Column("errors", lambda row: f"{number(round(100 * row.status.error_ratio))} %", end=True),
            Column("latency", lambda row: round(row.status.latency_ms), end=True),
            Column("process", lambda row: Code(row.process)),
        ],
        rows=await visit.deps.link_board.reports(),
        empty="empty.links",
    )


def _state(report: LinkReport) -> Chip:
    if report.silent:
        return Chip("link_state.silent", "bad")
    return Chip("link_state.up", "good") if report.status.up else Chip("link_state.down", "bad")
