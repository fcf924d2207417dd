"""Settlement cycles: what each came to, merchant by merchant, and the takings of one; a cycle more when asked."""

from collections.abc import Mapping

from aiohttp import web
from pydantic import Field

from gateway.channels.console.cells import Cell, Chip, Code, Column, Link, Table
from gateway.channels.console.forms import BusinessId, Form
from gateway.channels.console.pages.batches import taking_link
from gateway.channels.console.roles import RUN_CYCLES, SEE_CLEARING
from gateway.channels.console.routes import ID, Route, get, post
from gateway.channels.console.visit import Visit
from gateway.errors import NotFound
from gateway.services.clearing import Cycle, CycleItem, CycleState, Share
from gateway.services.merchants import Merchant
from wallet.money import irr

PAGE_ROWS = 50
ITEM_TONES = {"waiting": "wait", "posted": "good", "refused": "bad", "again": "wait"}


class Paged(Form):
    """Before which cycle the page begins."""

    before: BusinessId | None = None


class After(Form):
    """After which merchant the page begins."""

    after: BusinessId | None = None


class Items(Form):
    """Of which merchant, and after which taking the page begins."""

    merchant: str = Field("", pattern=r"^(mer_[0-9A-HJKMNP-TV-Z]{26})?$")
    after: BusinessId | None = None


def routes() -> list[Route]:
    """The routes of this module."""
    return [
        get("/merchants/cycles", listing, SEE_CLEARING),
        post("/merchants/cycles", run_now, RUN_CYCLES),
        get(f"/merchants/cycles/{ID}", show, SEE_CLEARING),
        get(f"/merchants/cycles/{ID}/items", items, SEE_CLEARING),
    ]


def cycle_chip(state: CycleState) -> Chip:
    """How far a cycle is."""
    return Chip(f"cycle_state.{state.value}", "good" if state is CycleState.DONE else "wait")


async def listing(visit: Visit) -> web.StreamResponse:
    """Cycles, latest cut first."""
    rows = await visit.deps.clearing.views.cycles(before=visit.query(Paged).before or "~", limit=PAGE_ROWS)
    table: Table[Cycle] = Table(
        name="cycles",
        columns=[
            Column("cycle", lambda row: Link(_name(visit, row), f"/merchants/cycles/{row.id}")),
            Column("state", lambda row: cycle_chip(row.state)),
            Column("cut", lambda row: row.cut_at),
            Column("takings", lambda row: row.count, end=True),
            Column("gross", lambda row: row.gross, end=True),
            Column("fees", lambda row: row.fees, end=True),
            Column("refunds", lambda row: row.refunds, end=True),
            Column("net", lambda row: irr(row.net_minor), end=True),
        ],
        rows=rows,
        empty="empty.cycles",
        more=f"/merchants/cycles?before={rows[-1].id}" if len(rows) == PAGE_ROWS else None,
    )
    return visit.page("cycles.jinja", table=table, may_run=visit.may(*RUN_CYCLES))


async def run_now(visit: Visit) -> web.StreamResponse:
    """Open one more cycle that cuts now; the worker runs it."""
    cycle_id = await visit.deps.clearing.ask_now()
    return visit.go(f"/merchants/cycles/{cycle_id}", said="cycle_asked")


async def show(visit: Visit) -> web.StreamResponse:
    """One cycle, merchant by merchant."""
    cycle = await _cycle(visit)
    rows = await visit.deps.clearing.views.shares(cycle.id, after=visit.query(After).after or "", limit=PAGE_ROWS)
    merchants = await visit.deps.merchants.by_ids({row.merchant_id for row in rows})
    table: Table[Share] = Table(
        name="cycle_shares",
        columns=[
            Column("merchant", lambda row: _merchant(row.merchant_id, merchants)),
            Column("takings", lambda row: _items(visit, cycle, row), end=True),
            Column("gross", lambda row: row.gross, end=True),
            Column("fees", lambda row: row.fees, end=True),
            Column("refunds", lambda row: row.refunds, end=True),
            Column("fees_back", lambda row: row.fees_back, end=True),
            Column("net", lambda row: irr(row.net_minor), end=True),
            Column("due", lambda row: row.due, end=True),
            Column("carried", lambda row: row.carried, end=True),
        ],
        rows=rows,
        empty="empty.cycle_shares",
        more=f"/merchants/cycles/{cycle.id}?after={rows[-1].merchant_id}" if len(rows) == PAGE_ROWS else None,
    )
    facts: list[tuple[str, Cell]] = [
        ("business_on", cycle.business_on),
        ("number", cycle.number),
        ("cut", cycle.cut_at),
        ("takings", cycle.count),
        ("gross", cycle.gross),
        ("fees", cycle.fees),
        ("refunds", cycle.refunds),
        ("fees_back", cycle.fees_back),
        ("net", irr(cycle.net_minor)),
        ("started", cycle.opened_at),
        ("finished", cycle.finished_at),
        ("id", Code(cycle.id)),
    ]
    return visit.page(
        "cycle.jinja", cycle=cycle, name=_name(visit, cycle), state=cycle_chip(cycle.state), facts=facts, table=table
    )


async def items(visit: Visit) -> web.StreamResponse:
    """The takings of a cycle, of one merchant or of all."""
    cycle, query = await _cycle(visit), visit.query(Items)
    rows = await visit.deps.clearing.views.items(
        cycle.id, merchant_id=query.merchant, after=query.after or "", limit=PAGE_ROWS
    )
    merchants = await visit.deps.merchants.by_ids({row.merchant_id for row in rows})
    here = f"/merchants/cycles/{cycle.id}/items?merchant={query.merchant}"
    table: Table[CycleItem] = Table(
        name="cycle_items",
        columns=[
            Column("item", lambda row: taking_link(row.id)),
            Column("kind", lambda row: Chip(f"taking_kind.{row.kind.value}")),
            Column("merchant", lambda row: _merchant(row.merchant_id, merchants)),
            Column("terminal", lambda row: Code(row.terminal_id)),
            Column("amount", lambda row: row.amount, end=True),
            Column("taking_fee", lambda row: row.fee, end=True),
            Column("state", lambda row: Chip(f"cycle_item.{row.state}", ITEM_TONES.get(row.state, "plain"))),
            Column("business_on", lambda row: row.business_on),
        ],
        rows=rows,
        empty="empty.cycle_items",
        more=f"{here}&after={rows[-1].id}" if len(rows) == PAGE_ROWS else None,
    )
    return visit.page("cycle_items.jinja", cycle=cycle, name=_name(visit, cycle), table=table)


def _name(visit: Visit, cycle: Cycle) -> str:
    return f"{visit.words.day(cycle.business_on)} · {visit.words.number(cycle.number)}"


def _merchant(merchant_id: str, merchants: Mapping[str, Merchant]) -> Cell:
    known = merchants.get(merchant_id)
    return Link(known.name, f"/merchants/{merchant_id}") if known else Code(merchant_id)


def _items(visit: Visit, cycle: Cycle, share: Share) -> Cell:
    return Link(visit.words.number(share.count), f"/merchants/cycles/{cycle.id}/items?merchant={share.merchant_id}")


async def _cycle(visit: Visit) -> Cycle:
    cycle = await visit.deps.clearing.views.cycle(visit.named("id"))
    if cycle is None:
        raise NotFound("cycle")
    return cycle
