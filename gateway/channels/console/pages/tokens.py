"""Tokens: found by what people can read out; one with its locks, keys and history; locking by the class of who acts."""

import re
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, assert_never

from aiohttp import web
from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

from gateway.channels.console.cells import Cell, Chip, Code, Column, Link, Table
from gateway.channels.console.forms import BusinessId, Form, FormProblems, Phrase, no_controls
from gateway.channels.console.pages.tap_facts import masked
from gateway.channels.console.roles import ACT_FOR_FRAUD, SEE_PEOPLE, SEE_TOKENS
from gateway.channels.console.routes import ID, Route, get, post
from gateway.channels.console.visit import Handler, Visit
from gateway.errors import NotFound
from gateway.services.tokens import ActorClass, KeyView, StateOutcome, Token, TokenEvent, TokenState
from wallet.money import irr

PAGE_ROWS = 50
ACTIONS = ("suspend", "resume", "deactivate", "lock", "unlock")
TONES = {
    TokenState.INACTIVE: "wait",
    TokenState.ACTIVE: "good",
    TokenState.SUSPENDED: "bad",
    TokenState.DEACTIVATED: "plain",
}
LOCK_TONES = {ActorClass.HOLDER: "wait", ActorClass.STAFF: "bad", ActorClass.FRAUD: "bad"}
_STAFF = re.compile(r"stf_\w+")


class Paged(Form):
    """Before which token the page begins."""

    before: BusinessId | None = None


class Search(Form):
    """Four last digits, eight of the short number, the account's reference, or the beginning of an id."""

    token: Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=4, max_length=40), AfterValidator(no_controls)
    ]


class Act(Form):
    """Why, and whose lock it is."""

    reason: Phrase
    by: Annotated[ActorClass, BeforeValidator(lambda value: ActorClass(str(value)))] = Field(ActorClass.STAFF)


def routes() -> list[Route]:
    """The routes of this module."""
    return [
        get("/tokens", listing, SEE_TOKENS),
        post("/tokens", search, SEE_TOKENS),
        get(f"/tokens/{ID}", show, SEE_TOKENS),
        *(post(f"/tokens/{ID}/{name}", _acting(name), SEE_TOKENS) for name in ACTIONS),
    ]


def token_table(tokens: list[Token], *, more: str | None = None, empty: str = "empty.tokens") -> Table[Token]:
    """Tokens, one a row."""
    return Table(
        name="tokens",
        columns=[
            Column("token", lambda row: Link(masked(row.last4), f"/tokens/{row.id}", code=True)),
            Column("short_number", lambda row: Code(row.number) if row.number else None),
            Column("state", lambda row: state_chip(row.state)),
            Column("pays", lambda row: Chip(f"pays.{'yes' if row.pays else 'no'}", "good" if row.pays else "bad")),
            Column("par", lambda row: Code(row.par) if row.par else None),
            Column("valid_to_month", lambda row: Code(_month(row.expiry))),
            Column("made", lambda row: row.made_at),
        ],
        rows=tokens,
        empty=empty,
        more=more,
    )


def state_chip(state: TokenState) -> Chip:
    """A token's state."""
    return Chip(f"token_state.{state.value}", TONES[state])


async def listing(visit: Visit) -> web.StreamResponse:
    """The newest tokens, and the search field."""
    rows = await visit.deps.tokens.recent(PAGE_ROWS, visit.query(Paged).before or "~")
    more = f"/tokens?before={rows[-1].id}" if len(rows) == PAGE_ROWS else None
    return visit.page("tokens.jinja", table=token_table(rows, more=more))


async def search(visit: Visit) -> web.StreamResponse:
    """Which tokens fit. By POST, so that numbers stay out of addresses and histories."""
    form = visit.form(Search)
    if isinstance(form, FormProblems):
        table = token_table(await visit.deps.tokens.recent(PAGE_ROWS))
        return visit.page("tokens.jinja", table=table, problems=form.fields, status=400)
    found = await visit.deps.tokens.search(form.token)
    return visit.page("tokens.jinja", table=token_table(found, empty="empty.tokens_found"))


async def token_values(visit: Visit, person_id: str) -> dict[str, Any]:
    """What a person's page shows of tokens; nothing for roles that do not look after them."""
    if not visit.may(*SEE_TOKENS):
        return {"tokens": None}
    return {"tokens": token_table(await visit.deps.tokens.of_person(person_id), empty="empty.tokens_of_person")}


async def show(visit: Visit) -> web.StreamResponse:
    """One token. Leaves a row in the access log of its holder."""
    token = await _token(visit)
    seen = await visit.deps.people.view(token.person_id, visit.staff.id, token.id)
    history = await visit.deps.tokens.history(token.id)
    names = await visit.staff_names({one.actor for one in history if _STAFF.fullmatch(one.actor)})
    account = await visit.deps.tokens.account(token.person_id)
    name = seen.person.name_in(visit.words.language) if seen else token.person_id
    may_see_person = seen is not None and visit.may(*SEE_PEOPLE)
    person = Link(name, f"/people/{token.person_id}?about={token.id}") if may_see_person else name
    return visit.page(
        "token.jinja",
        token=token,
        last4=masked(token.last4),
        state=state_chip(token.state),
        locks=[_lock(one) for one in sorted(token.locks)],
        card_locks=[_lock(one) for one in sorted(token.card_locks)],
        card_reason=account.reason if token.card_locks else "",
        facts=await _facts(visit, token, person),
        keys=_key_table(visit, await visit.deps.tokens.keys_of(token.id)),
        history=_history_table(history, names),
        classes=[one for one in (ActorClass.STAFF, ActorClass.FRAUD) if one in _classes(visit)],
        actions=_actions(visit, token),
        dangerous=("deactivate",),
    )


def _acting(name: str) -> Handler:
    async def act(visit: Visit) -> web.StreamResponse:
        token = await _token(visit)
        here, form = f"/tokens/{token.id}", visit.form(Act)
        if isinstance(form, FormProblems):
            return visit.go(here, refused="reason")
        if form.by not in _classes(visit):
            return visit.go(here, refused="token_class")
        verb, subject = _verb(visit, name, token)
        outcome = await verb(subject, visit.staff.id, form.reason, by=form.by)
        match outcome:
            case StateOutcome.OK:
                return visit.go(here, said=f"token_{name}")
            case StateOutcome.UNKNOWN | StateOutcome.NOT_POSSIBLE | StateOutcome.NOT_YOURS:
                return visit.go(here, refused=f"token_{outcome.value}")
            case unreachable:
                assert_never(unreachable)

    return act


def _verb(visit: Visit, name: str, token: Token) -> tuple[Callable[..., Awaitable[StateOutcome]], str]:
    """What is asked of which service verb; the card's locks are the account's, so they go by its person."""
    tokens = visit.deps.tokens
    match name:
        case "suspend":
            return tokens.suspend, token.id
        case "resume":
            return tokens.resume, token.id
        case "deactivate":
            return tokens.deactivate, token.id
        case "lock":
            return tokens.lock_card, token.person_id
        case _:
            return tokens.unlock_card, token.person_id


def _classes(visit: Visit) -> frozenset[ActorClass]:
    """As whom this member may lock and lift."""
    return frozenset({ActorClass.STAFF, ActorClass.FRAUD} if visit.may(*ACT_FOR_FRAUD) else {ActorClass.STAFF})


def _actions(visit: Visit, token: Token) -> list[str]:
    """What may be asked of it as it is; nothing that only another class could do."""
    mine = _classes(visit)
    card = ["lock"] if mine - token.card_locks else []
    card += ["unlock"] if mine & token.card_locks else []
    if token.state is TokenState.DEACTIVATED:
        return card
    own: list[str] = []
    if token.state in {TokenState.ACTIVE, TokenState.SUSPENDED}:
        own += ["suspend"] if mine - token.locks else []
        own += ["resume"] if mine & token.locks else []
    return [*own, *card, "deactivate"]


async def _facts(visit: Visit, token: Token, person: Cell) -> list[tuple[str, Cell]]:
    methods = await visit.deps.tokens.assurances(token.id)
    assured = visit.words.t("shell.comma").join(visit.words.t(f"assurance.{one.method.value}") for one in methods)
    return [
        ("person", person),
        ("pays", Chip(f"pays.{'yes' if token.pays else 'no'}", "good" if token.pays else "bad")),
        ("short_number", Code(token.number) if token.number else None),
        ("par", Code(token.par, wraps=True) if token.par else None),
        ("trid", Code(token.trid) if token.trid else None),
        ("valid_to_month", Code(_month(token.expiry))),
        ("psn", Code(token.psn)),
        ("cryptograms", Code(f"{token.cvn.name}, {token.dki}")),
        ("device_key", Code(token.device_key_kind.value)),
        ("assurance", assured or token.assurance),
        ("assured_at", methods[0].at if methods else None),
        ("bad_cryptograms", token.bad_cryptograms or None),
        ("made", token.made_at),
        ("id", Code(token.id)),
    ]


def _key_table(visit: Visit, keys: list[KeyView]) -> Table[KeyView]:
    number, money = visit.words.number, visit.words.money
    return Table(
        name="token_keys",
        columns=[
            Column("key", lambda row: Code(row.id.hex().upper())),
            Column("key_way", lambda row: Chip(f"key_way.{row.way.value}")),
            Column("uses", lambda row: f"{number(row.uses)} / {number(row.uses_max)}", end=True),
            Column(
                "key_amount",
                lambda row: f"{money(irr(row.amount_minor))} / {money(irr(row.amount_max_minor))}",
                end=True,
            ),
            Column(
                "channels",
                lambda row: visit.words.t("shell.comma").join(
                    visit.words.t(f"pay_channel.{one.value}") for one in sorted(row.channels)
                ),
            ),
            Column("made", lambda row: row.made_at),
            Column("valid_until", lambda row: row.valid_until),
        ],
        rows=keys,
        empty="empty.token_keys",
    )


def _history_table(rows: list[TokenEvent], names: dict[str, str]) -> Table[TokenEvent]:
    return Table(
        name="history",
        columns=[
            Column("when", lambda row: row.at),
            Column("what", lambda row: Chip(f"token_event.{row.event}")),
            Column("state", lambda row: state_chip(row.state)),
            Column("by", lambda row: names.get(row.actor, "")),
            Column("as_whom", lambda row: Chip(f"actor_class.{row.actor_class or 'house'}")),
            Column("reason", lambda row: row.reason),
        ],
        rows=list(reversed(rows)),
        empty="empty.history",
    )


def _lock(one: ActorClass) -> Chip:
    return Chip(f"actor_class.{one.value}", LOCK_TONES[one])


def _month(expiry: str) -> str:
    """`YYMM` as people write it."""
    return f"20{expiry[:2]}-{expiry[2:]}"


async def _token(visit: Visit) -> Token:
    token = await visit.deps.tokens.token(visit.named("id"))
    if token is None:
        raise NotFound("token")
    return token
