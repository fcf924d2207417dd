"""Merchants and their terminals; a terminal's key is shown once, when it is registered."""

from typing import Annotated

from aiohttp import web
from pydantic import StringConstraints

from gateway.channels.console.cells import Cell, Code, Column, Link, Table
from gateway.channels.console.forms import BusinessId, Form, FormProblems, Line, Msisdn
from gateway.channels.console.roles import ENROL_MERCHANTS, SEE_LEDGER, SEE_MERCHANTS
from gateway.channels.console.routes import ID, Route, get, post
from gateway.channels.console.visit import Visit
from gateway.errors import BadInput, Conflict, NotFound
from gateway.services.merchants import Merchant, Terminal, TerminalKey
from wallet.money import irr

PAGE_ROWS = 50


class Paged(Form):
    """After which merchant the page begins."""

    after: BusinessId | None = None


class NewMerchant(Form):
    """A merchant, and the number of the person behind it."""

    name: Line
    city: Line
    msisdn: Msisdn


class NewTerminal(Form):
    """DE41: eight capital letters or digits."""

    terminal: Annotated[str, StringConstraints(strip_whitespace=True, to_upper=True, pattern=r"^[A-Za-z0-9]{8}$")]


def routes() -> list[Route]:
    """The routes of this module."""
    return [
        get("/merchants", listing, SEE_MERCHANTS),
        post("/merchants", register, ENROL_MERCHANTS),
        get(f"/merchants/{ID}", show, SEE_MERCHANTS),
        post(f"/merchants/{ID}/terminals", register_terminal, ENROL_MERCHANTS),
    ]


async def listing(visit: Visit) -> web.StreamResponse:
    """Merchants in order of registration."""
    return await _listing(visit)


async def register(visit: Visit) -> web.StreamResponse:
    """Register a merchant of a person who is known here."""
    form = visit.form(NewMerchant)
    if isinstance(form, FormProblems):
        return await _listing(visit, problems=form.fields, status=400)
    found = await visit.deps.people.search(form.msisdn, visit.staff.id)
    if len(found) != 1:
        return await _listing(visit, refusal=visit.words.t("merchants.no_owner"), status=404)
    try:
        made = await visit.deps.merchants.register_merchant(form.name, found[0].id, form.city)
    except BadInput:
        return await _listing(visit, problems=("name", "city"), status=400)
    return visit.go(f"/merchants/{made.id}", said="merchant_registered")


async def show(visit: Visit) -> web.StreamResponse:
    """One merchant, what it has earned and its terminals."""
    return await _one(visit, await _merchant(visit))


async def register_terminal(visit: Visit) -> web.StreamResponse:
    """Register a terminal and show its key, this once."""
    merchant = await _merchant(visit)
    form = visit.form(NewTerminal)
    if isinstance(form, FormProblems):
        return await _one(visit, merchant, problems=form.fields, status=400)
    try:
        made = await visit.deps.merchants.register_terminal(merchant.id, form.terminal)
    except Conflict:
        return await _one(visit, merchant, refusal=visit.words.t("merchants.terminal_taken"), status=409)
    return await _one(visit, merchant, made=made)


async def _listing(visit: Visit, *, status: int = 200, **values: object) -> web.Response:
    after = visit.query(Paged).after or ""
    rows = await visit.deps.merchants.merchants(limit=PAGE_ROWS, after=after)
    table: Table[Merchant] = Table(
        name="merchants",
        columns=[
            Column("merchant", lambda row: Link(row.name, f"/merchants/{row.id}")),
            Column("number", lambda row: Code(row.number)),
            Column("city", lambda row: row.city),
            Column("made", lambda row: row.registered_at),
        ],
        rows=rows,
        empty="empty.merchants",
        more=f"/merchants?after={rows[-1].id}" if len(rows) == PAGE_ROWS else None,
    )
    context: dict[str, object] = {"refusal": "", **values}
    may_enrol = visit.may(*ENROL_MERCHANTS)
    return visit.page("merchants.jinja", status=status, table=table, may_enrol=may_enrol, **context)


async def _one(
    visit: Visit,
    merchant: Merchant,
    *,
    status: int = 200,
    made: TerminalKey | None = None,
    refusal: str = "",
    problems: tuple[str, ...] = (),
) -> web.Response:
    account = visit.deps.chart.id("merchant_clearing", merchant.id)
    balances = await visit.deps.ledger.balances(account)
    payable: Cell = irr(balances.net_credit) if balances else None
    facts: list[tuple[str, Cell]] = [
        ("number", Code(merchant.number)),
        ("city", merchant.city),
        ("owner", Code(merchant.owner_person_id)),
        ("payable", payable),
        ("account", Link(str(account), f"/ledger/accounts/{account}", code=True) if visit.may(*SEE_LEDGER) else None),
        ("made", merchant.registered_at),
    ]
    table: Table[Terminal] = Table(
        name="terminals",
        columns=[Column("terminal", lambda row: Code(row.id)), Column("made", lambda row: row.registered_at)],
        rows=await visit.deps.merchants.terminals(merchant.id),
        empty="empty.terminals",
    )
    return visit.page(
        "merchant.jinja", status=status, merchant=merchant, facts=facts, table=table, made=made, refusal=refusal,
        problems=problems, may_enrol=visit.may(*ENROL_MERCHANTS),
    )  # fmt: skip


async def _merchant(visit: Visit) -> Merchant:
    merchant = await visit.deps.merchants.merchant(visit.named("id"))
    if merchant is None:
        raise NotFound("merchant")
    return merchant
