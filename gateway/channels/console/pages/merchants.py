"""Merchants: what they sell, pay and are owed, where they are paid; a terminal's key is shown once."""

from typing import Annotated, Any

from aiohttp import web
from pydantic import Field, StringConstraints

from gateway.channels.console.cells import Cell, Chip, Code, Column, Link, Table
from gateway.channels.console.forms import BusinessId, Digits, Form, FormProblems, Line, Msisdn, Phrase
from gateway.channels.console.pages.terminals import state_chip
from gateway.channels.console.roles import (
    ENROL_MERCHANTS,
    RUN_MERCHANTS,
    SEE_CLEARING,
    SEE_LEDGER,
    SEE_MERCHANTS,
    SEE_PEOPLE,
)
from gateway.channels.console.routes import ID, Route, get, post
from gateway.channels.console.visit import Visit
from gateway.errors import BadInput, Conflict, NotFound
from gateway.services.clearing import DueState, MerchantDue
from gateway.services.merchants import IbanChange, IbanOutcome, Merchant, Terminal, TerminalKey
from wallet.money import irr

PAGE_ROWS = 50
DUES_SHOWN = 12
CATEGORY = r"^[0-9]{4}$"
DUE_TONES = {DueState.PAID: "good", DueState.RETURNED: "bad", DueState.WAITING: "bad"}


class Paged(Form):
    """After which merchant the page begins."""

    after: BusinessId | None = None


class NewMerchant(Form):
    """A merchant, and the number of the person behind it."""

    name: Line
    city: Line
    msisdn: Msisdn
    category: Digits = Field("0000", pattern=CATEGORY)


class PaidTo(Form):
    """Where it is paid from now on, '' for its owner's own account, and why."""

    iban: Annotated[str, StringConstraints(strip_whitespace=True, max_length=64)] = ""
    reason: Phrase


class Sells(Form):
    """A merchant category of ISO 18245, and a class of fees, '' for none."""

    category: Digits = Field(pattern=CATEGORY)
    fee_class: str = Field("", pattern=r"^([a-z][a-z0-9_]{0,39})?$")


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
        post(f"/merchants/{ID}/iban", set_iban, RUN_MERCHANTS),
        post(f"/merchants/{ID}/sells", set_sells, RUN_MERCHANTS),
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
        made = await visit.deps.merchants.register_merchant(form.name, found[0].id, form.city, category=form.category)
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


async def set_iban(visit: Visit) -> web.StreamResponse:
    """Say where it is paid from now on; a changed account cools before anything is paid to it."""
    merchant, form = await _merchant(visit), visit.form(PaidTo)
    here = f"/merchants/{merchant.id}"
    if isinstance(form, FormProblems):
        return visit.go(here, refused="iban_bad_iban" if "iban" in form.fields else "reason")
    outcome = await visit.deps.merchants.set_iban(merchant.id, form.iban, visit.staff.id, form.reason)
    if outcome is IbanOutcome.OK:
        return visit.go(here, said="iban_set")
    return visit.go(here, refused=f"iban_{outcome.value}")


async def set_sells(visit: Visit) -> web.StreamResponse:
    """Say what it sells and which class of fees it is of."""
    merchant, form = await _merchant(visit), visit.form(Sells)
    if isinstance(form, FormProblems):
        return await _one(visit, merchant, problems=form.fields, status=400)
    await visit.deps.merchants.set_category(merchant.id, form.category)
    await visit.deps.merchants.set_fee_class(merchant.id, form.fee_class)
    return visit.go(f"/merchants/{merchant.id}", said="merchant_sells")


async def _listing(visit: Visit, *, status: int = 200, **values: object) -> web.Response:
    after = visit.query(Paged).after or ""
    rows = await visit.deps.merchants.merchants(limit=PAGE_ROWS, after=after)
    table: Table[Merchant] = Table(
        name="merchants",
        columns=[
            Column("merchant", lambda row: Link(row.name, f"/merchants/{row.id}")),
            Column("number", lambda row: Code(row.number)),
            Column("city", lambda row: row.city),
            Column("category", lambda row: Code(row.category)),
            Column("account", lambda row: Code(row.masked) if row.masked else visit.words.t("merchants.own_account")),
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
    return visit.page(
        "merchant.jinja", status=status, merchant=merchant, facts=await _facts(visit, merchant),
        table=_terminals(await visit.deps.merchants.terminals(merchant.id)), made=made, refusal=refusal,
        problems=problems, may_enrol=visit.may(*ENROL_MERCHANTS), may_run=visit.may(*RUN_MERCHANTS),
        may_see_money=visit.may(*SEE_CLEARING), cools=_cools(visit, merchant), dues=await _dues(visit, merchant),
        changes=await _changes(visit, merchant),
    )  # fmt: skip


async def _facts(visit: Visit, merchant: Merchant) -> list[tuple[str, Cell]]:
    chart, ledger, words = visit.deps.chart, visit.deps.ledger, visit.words
    roles = ("merchant_clearing", "merchant_payable")
    cells: list[tuple[Cell, Cell]] = []
    for account in (chart.id(role, merchant.id) for role in roles):
        balances = await ledger.balances(account)
        link = Link(str(account), f"/ledger/accounts/{account}", code=True) if visit.may(*SEE_LEDGER) else None
        cells.append((irr(balances.net_credit) if balances else None, link))
    carried = await visit.deps.clearing.views.carried(merchant.id)
    owner = merchant.owner_person_id
    return [
        ("number", Code(merchant.number)),
        ("city", merchant.city),
        ("category", Code(merchant.category)),
        ("fee_class", Code(merchant.fee_class) if merchant.fee_class else None),
        (
            "owner",
            Link(owner, f"/people/{owner}?about={merchant.id}", code=True) if visit.may(*SEE_PEOPLE) else Code(owner),
        ),
        ("paid_to", Code(merchant.masked) if merchant.masked else words.t("merchants.own_account")),
        ("since", merchant.iban_since),
        ("waits_until", merchant.iban_cool_until if _cools(visit, merchant) else None),
        ("unsettled", cells[0][0]),
        ("payable", cells[1][0]),
        ("carried", carried if carried.minor else None),
        ("account", cells[1][1]),
        ("made", merchant.registered_at),
    ]


def _cools(visit: Visit, merchant: Merchant) -> bool:
    """Whether nothing is paid to its account yet."""
    return merchant.iban_cool_until is not None and merchant.iban_cool_until > visit.deps.clock.now()


def _terminals(rows: list[Terminal]) -> Table[Terminal]:
    return Table(
        name="terminals",
        columns=[
            Column("terminal", lambda row: Link(row.id, f"/merchants/terminals/{row.id}", code=True)),
            Column("state", lambda row: state_chip(row.state)),
            Column("reason", lambda row: row.state_reason),
            Column("made", lambda row: row.registered_at),
        ],
        rows=rows,
        empty="empty.terminals",
    )


async def _dues(visit: Visit, merchant: Merchant) -> Table[MerchantDue] | None:
    """What cycles owe it; for those who see clearing."""
    if not visit.may(*SEE_CLEARING):
        return None
    return Table(
        name="merchant_dues",
        columns=[
            Column("due", lambda row: Link(row.id.partition(":")[2], f"/cause/{row.id}", code=True)),
            Column("amount", lambda row: row.amount, end=True),
            Column("state", lambda row: Chip(f"due_state.{row.state.value}", DUE_TONES.get(row.state, "wait"))),
            Column("cycle", _cycle),
            Column(
                "batch", lambda row: Link(row.batch_id, f"/payouts/{row.batch_id}", code=True) if row.batch_id else None
            ),
            Column("returned_for", lambda row: Code(row.reason) if row.reason else None),
            Column("paid", lambda row: row.paid_at),
        ],
        rows=await visit.deps.clearing.views.dues(merchant.id, limit=DUES_SHOWN),
        empty="empty.merchant_dues",
    )


def _cycle(due: MerchantDue) -> Cell:
    return Link(due.cycle_id, f"/merchants/cycles/{due.cycle_id}", code=True) if due.cycle_id else None


async def _changes(visit: Visit, merchant: Merchant) -> Table[Any]:
    rows: list[IbanChange] = await visit.deps.merchants.iban_changes(merchant.id)
    names = await visit.staff_names({row.staff_id for row in rows})
    own = visit.words.t("merchants.own_account")
    return Table(
        name="iban_changes",
        columns=[
            Column("when", lambda row: row.at),
            Column("formerly", lambda row: Code(row.old_iban) if row.old_iban else own),
            Column("account", lambda row: Code(row.iban) if row.iban else own),
            Column("by", lambda row: names.get(row.staff_id, row.staff_id)),
            Column("reason", lambda row: row.reason),
        ],
        rows=rows,
        empty="empty.iban_changes",
    )


async def _merchant(visit: Visit) -> Merchant:
    merchant = await visit.deps.merchants.merchant(visit.named("id"))
    if merchant is None:
        raise NotFound("merchant")
    return merchant
