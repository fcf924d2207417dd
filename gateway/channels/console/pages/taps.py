"""Taps: authorisations as they come, refused ones too; one tap with its verdict step by step; what waits for staff."""

from collections.abc import Mapping
from typing import Annotated, Any

from aiohttp import web
from pydantic import BeforeValidator, Field

from gateway.channels.console.cells import Cell, Code, Column, Link, Table
from gateway.channels.console.forms import BusinessId, Form, TerminalAsked
from gateway.channels.console.pages.tap_facts import (
    GONE,
    check_table,
    facts_of,
    masked,
    refund_table,
    state_chip,
    transfers,
    verdict_chip,
)
from gateway.channels.console.roles import COLLECT_TAPS, SEE_TAPS
from gateway.channels.console.routes import ID, Route, get, post
from gateway.channels.console.visit import Visit
from gateway.errors import NotFound
from gateway.services.taps import Live, Refund, RefundState, Tap, TapState, Verdict

PAGE_ROWS = 50


class Listed(Form):
    """Which authorisations, and before which one the page begins."""

    verdict: Annotated[Verdict | None, BeforeValidator(lambda value: value or None)] = Field(None, strict=False)
    terminal: TerminalAsked = ""
    before: BusinessId | None = None


class Paged(Form):
    """Before which tap, which refund that is owed and which that is short the page begins."""

    before: BusinessId | None = None
    refund: BusinessId | None = None
    short: BusinessId | None = None


def routes() -> list[Route]:
    """The routes of this module."""
    return [
        get("/taps", listing, SEE_TAPS),
        get("/taps/now", renewed, SEE_TAPS),
        get("/taps/waiting", waiting, SEE_TAPS),
        get(f"/taps/{ID}", show, SEE_TAPS),
        post(f"/taps/{ID}/care", care, COLLECT_TAPS),
        post(f"/taps/{ID}/collect", collect, COLLECT_TAPS),
    ]


async def listing(visit: Visit) -> web.StreamResponse:
    """Authorisations, newest first; the first page renews itself."""
    return visit.page("taps.jinja", **await _live(visit))


async def renewed(visit: Visit) -> web.StreamResponse:
    """The part of the page that renews itself."""
    return visit.page("taps_now.jinja", **await _live(visit))


async def waiting(visit: Visit) -> web.StreamResponse:
    """Goods that are gone and were not paid, refunds taken back when the money was spent, money short to go back."""
    query = visit.query(Paged)
    taps = await visit.deps.taps.unpaid(PAGE_ROWS, query.before or "~")
    owed = await visit.deps.taps.owed(PAGE_ROWS, query.refund or "~")
    short = await visit.deps.taps.short(PAGE_ROWS, query.short or "~")
    names = await visit.staff_names({*(tap.owner for tap in taps), *(refund.owner for refund in (*owed, *short))})
    unpaid: Table[Tap] = Table(
        name="unpaid_taps",
        columns=[
            Column("tap", lambda row: Link(row.id, f"/taps/{row.id}", code=True)),
            Column("terminal", lambda row: Code(row.terminal_id)),
            Column("amount", lambda row: row.captured or row.amount, end=True),
            Column("when", lambda row: row.made_at),
            Column("cared_by", lambda row: names.get(row.owner, "")),
        ],
        rows=taps,
        empty="empty.unpaid_taps",
        more=f"/taps/waiting?before={taps[-1].id}" if len(taps) == PAGE_ROWS else None,
    )
    back = [_back("owed_refunds", "refund", owed, names), _back("short_refunds", "short", short, names)]
    return visit.page("taps_waiting.jinja", tables=[unpaid, *back])


def _back(name: str, key: str, refunds: list[Refund], names: Mapping[str, str]) -> Table[Refund]:
    """Refunds that wait; `key` is the word of the query by which the page goes on."""
    return Table(
        name=name,
        columns=[
            Column("refund", lambda row: Code(row.id)),
            Column("tap", lambda row: Link(row.tap_id, f"/taps/{row.tap_id}", code=True)),
            Column("amount", lambda row: row.amount, end=True),
            Column("when", lambda row: row.made_at),
            Column("cared_by", lambda row: names.get(row.owner, "")),
        ],
        rows=refunds,
        empty=f"empty.{name}",
        more=f"/taps/waiting?{key}={refunds[-1].id}" if len(refunds) == PAGE_ROWS else None,
    )


async def show(visit: Visit) -> web.StreamResponse:
    """One tap: amounts, how it was decided, what went back, its transfers."""
    tap = await visit.deps.taps.tap(visit.named("id"))
    if tap is None:
        raise NotFound("tap")
    refunds = await visit.deps.taps.refunds_of(tap.id)
    names = await visit.staff_names({tap.owner, *(one.owner for one in refunds)})
    return visit.page(
        "tap.jinja",
        tap=tap,
        last4=masked(tap.last4),
        state=state_chip(tap.state.value),
        facts=await facts_of(visit, tap, names),
        checks=check_table(tap.checks),
        refunds=refund_table(refunds, names) if refunds else None,
        transfers=await transfers(visit, tap, refunds),
        waits=_waits(visit, tap, refunds),
    )


async def care(visit: Visit) -> web.StreamResponse:
    """This member of staff looks after what waits."""
    here = await _home(visit)
    done = await visit.deps.taps.take_care(visit.named("id"), visit.staff.id)
    return visit.go(here, said="tap_care") if done else visit.go(here, refused="tap_settled")


async def collect(visit: Visit) -> web.StreamResponse:
    """Ask the wallet once more."""
    here = await _home(visit)
    try:
        left = await visit.deps.taps.collect(visit.named("id"), visit.staff.id)
    except TimeoutError:
        return visit.go(here, refused="collect_later")
    if left is None:
        return visit.go(here, refused="tap_settled")
    if isinstance(left, Refund) and left.short:
        return visit.go(here, refused="refund_short")
    if left.state is RefundState.PAID:
        return visit.go(here, said="refund_paid")
    lacks = left.state in {TapState.UNPAID, RefundState.OWED}
    return visit.go(here, refused="no_money_yet") if lacks else visit.go(here, said="tap_collected")


async def _live(visit: Visit) -> dict[str, Any]:
    query = visit.query(Listed)
    rows = await visit.deps.taps.live(PAGE_ROWS, query.before or "", verdict=query.verdict, terminal_id=query.terminal)
    chosen = f"verdict={query.verdict.value if query.verdict else ''}&terminal={query.terminal}"
    table: Table[Live] = Table(
        name="taps",
        columns=[
            Column("when", lambda row: row.at),
            Column("tap", _way),
            Column("terminal", lambda row: Code(row.terminal_id)),
            Column("token", lambda row: Code(masked(row.last4)) if row.last4 else None),
            Column("amount", lambda row: row.amount, end=True),
            Column("verdict", lambda row: verdict_chip(row.verdict)),
            Column("why", lambda row: _why(visit, row)),
            Column("state", lambda row: state_chip(row.state)),
        ],
        rows=rows,
        empty="empty.taps_chosen" if query.verdict or query.terminal else "empty.taps",
        more=f"/taps?{chosen}&before={rows[-1].id}" if len(rows) == PAGE_ROWS else None,
    )
    return {
        "table": table,
        "verdicts": list(Verdict),
        "verdict_now": query.verdict,
        "terminal_now": query.terminal,
        "chosen": chosen,
        "live": query.before is None,
    }


def _way(row: Live) -> Cell:
    """To the tap's page; of what became no tap, the terminal's reference."""
    return Link(row.id, f"/taps/{row.id}", code=True) if row.id.startswith("tap_") else Code(row.rrn)


def _why(visit: Visit, row: Live) -> Cell:
    """The check that refused, and what it found; what became no tap has no page of its own."""
    failed = next((one for one in row.checks if not one.passed and not one.noted), None)
    if failed is None:
        return None
    name = visit.words.t(f"tap_check.{failed.name.value}")
    return f"{name}: {failed.detail}" if failed.detail and row.id.startswith("att_") else name


def _waits(visit: Visit, tap: Tap, refunds: list[Refund]) -> list[tuple[str, bool, str]]:
    """What of the tap waits for staff: its id, whether the merchant lacks the money, how much; for who may act."""
    if not visit.may(*COLLECT_TAPS):
        return []
    money = visit.words.money
    found = [(tap.id, False, money(tap.captured or tap.amount))] if tap.state in GONE else []
    return found + [(one.id, one.short, money(one.amount)) for one in refunds if one.waits_for_staff]


async def _home(visit: Visit) -> str:
    """The page of the tap that this is, or that it refunds."""
    asked = visit.named("id")
    if asked.startswith("rfd_"):
        refund = await visit.deps.taps.refund(asked)
        if refund is not None:
            return f"/taps/{refund.tap_id}"
    elif await visit.deps.taps.tap(asked) is not None:
        return f"/taps/{asked}"
    raise NotFound("tap")
