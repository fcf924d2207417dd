"""What did not fit in clearing: the list, one with what was found; taking it, and resolving it with a reason."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal, assert_never

from aiohttp import web
from pydantic import BeforeValidator, Field

from gateway.channels.console.cells import Cell, Chip, Code, Column, Link, Table
from gateway.channels.console.forms import BusinessId, Form, FormProblems, Phrase
from gateway.channels.console.movements import cause_of
from gateway.channels.console.roles import SEE_CLEARING
from gateway.channels.console.routes import ID, Route, get, post
from gateway.channels.console.visit import Visit
from gateway.errors import NotFound
from gateway.services.clearing import DESK, ClearingException, ExceptionState, ResolveOutcome
from gateway.services.taps import HealOutcome
from wallet.money import irr

PAGE_ROWS = 50
TONES = {ExceptionState.OPEN: "bad", ExceptionState.RESOLVED: "good"}
_MINOR = frozenset({"terminal_minor", "host_minor", "amount_minor"})
_CAUSES = frozenset({"taking", "item"})
FOUND = (
    "kind", "stan", "rrn", "terminal_minor", "host_minor", "taking", "why", "number", "items", "amount_minor", "cycle",
    "item",
)  # fmt: skip
"""What an exception may say of what was found; each has its words."""


class Listed(Form):
    """Which exceptions, and before which one the page begins."""

    state: Annotated[ExceptionState | None, BeforeValidator(lambda value: value or None)] = Field(
        ExceptionState.OPEN, strict=False
    )
    whose: Literal["", "mine", "desk"] = ""
    before: BusinessId | None = None


class Why(Form):
    """Why nothing more is needed."""

    reason: Phrase


def routes() -> list[Route]:
    """The routes of this module."""
    return [
        get("/merchants/exceptions", listing, SEE_CLEARING),
        get(f"/merchants/exceptions/{ID}", show, SEE_CLEARING),
        post(f"/merchants/exceptions/{ID}/take", take, SEE_CLEARING),
        post(f"/merchants/exceptions/{ID}/resolve", resolve, SEE_CLEARING),
    ]


def exception_table(
    rows: Sequence[ClearingException],
    names: Mapping[str, str],
    *,
    more: str | None = None,
    empty: str = "empty.batch_exceptions",
) -> Table[ClearingException]:
    """Exceptions, one a row."""
    return Table(
        name="exceptions",
        columns=[
            Column("exception", lambda row: Link(row.id, f"/merchants/exceptions/{row.id}", code=True)),
            Column("what", lambda row: Chip(f"exception_type.{row.type.value}")),
            Column("terminal", lambda row: Code(row.terminal_id) if row.terminal_id else None),
            Column("state", lambda row: Chip(f"exception_state.{row.state.value}", TONES[row.state])),
            Column("cared_by", lambda row: names.get(row.owner, "")),
            Column("since", lambda row: row.opened_at),
        ],
        rows=rows,
        empty=empty,
        more=more,
    )


async def listing(visit: Visit) -> web.StreamResponse:
    """Exceptions, newest first; the open ones if nothing else is asked."""
    query = visit.query(Listed)
    owner = {"": "", "mine": visit.staff.id, "desk": DESK}[query.whose]
    rows = await visit.deps.clearing.views.exceptions(
        owner=owner, state=query.state, before=query.before or "~", limit=PAGE_ROWS
    )
    names = await visit.staff_names({row.owner for row in rows})
    chosen = f"state={query.state.value if query.state else ''}&whose={query.whose}"
    more = f"/merchants/exceptions?{chosen}&before={rows[-1].id}" if len(rows) == PAGE_ROWS else None
    return visit.page(
        "exceptions.jinja",
        table=exception_table(rows, names, more=more, empty="empty.exceptions"),
        states=list(ExceptionState),
        state_now=query.state,
        whose_now=query.whose,
    )


async def show(visit: Visit) -> web.StreamResponse:
    """One exception: what was found, who looks after it, what to do."""
    found = await _exception(visit)
    names = await visit.staff_names({found.owner, found.resolved_by})
    merchant = await visit.deps.merchants.merchant(found.merchant_id) if found.merchant_id else None
    return visit.page(
        "exception.jinja",
        exception=found,
        what=f"exception_type.{found.type.value}",
        advice=f"exception_advice.{found.type.value}",
        state=Chip(f"exception_state.{found.state.value}", TONES[found.state]),
        facts=[
            ("merchant", Link(merchant.name, f"/merchants/{merchant.id}") if merchant else None),
            ("terminal", _terminal(found.terminal_id)),
            ("terminal_batch", _batch(found.batch_id)),
            *(_detail(name, value) for name, value in found.detail.items()),
            ("cared_by", names.get(found.owner, "")),
            ("since", found.opened_at),
            ("resolved", found.resolved_at),
            ("resolved_by", names.get(found.resolved_by) or (found.resolved_by and visit.words.t("exceptions.house"))),
            ("reason", found.reason),
        ],
        is_open=found.state is ExceptionState.OPEN,
        is_mine=found.owner == visit.staff.id,
    )


async def take(visit: Visit) -> web.StreamResponse:
    """This member of staff looks after it."""
    found = await _exception(visit)
    outcome = await visit.deps.clearing.views.take(found.id, visit.staff.id)
    return _answered(visit, found.id, outcome, "exception_take")


async def resolve(visit: Visit) -> web.StreamResponse:
    """It needs nothing more."""
    found, form = await _exception(visit), visit.form(Why)
    if isinstance(form, FormProblems):
        return visit.go(f"/merchants/exceptions/{found.id}", refused="reason")
    outcome = await visit.deps.clearing.views.resolve(found.id, visit.staff.id, form.reason)
    return _answered(visit, found.id, outcome, "exception_resolve")


def _answered(visit: Visit, exception_id: str, outcome: ResolveOutcome, said: str) -> web.Response:
    here = f"/merchants/exceptions/{exception_id}"
    match outcome:
        case ResolveOutcome.OK:
            return visit.go(here, said=said)
        case ResolveOutcome.UNKNOWN | ResolveOutcome.RESOLVED | ResolveOutcome.REASON_MISSING:
            return visit.go(here, refused=f"exception_{outcome.value}")
        case unreachable:
            assert_never(unreachable)


def _terminal(terminal_id: str) -> Cell:
    return Link(terminal_id, f"/merchants/terminals/{terminal_id}", code=True) if terminal_id else None


def _batch(batch_id: str) -> Cell:
    return Link(batch_id, f"/merchants/batches/{batch_id}", code=True) if batch_id else None


def _detail(name: str, value: str) -> tuple[str, Cell]:
    """One thing that was found; figures in the words of who looks, ids as ways to what they name."""
    key = f"found_{name}"
    if name in _MINOR and value.removeprefix("-").isdigit():
        return key, irr(int(value))
    if name == "kind":
        return key, Chip(f"taking_kind.{value}")
    if name == "why" and value in set(HealOutcome):
        return key, Chip(f"fate.{value}", "bad")
    if name == "cycle":
        return key, Link(value, f"/merchants/cycles/{value}", code=True)
    return key, cause_of(value) if name in _CAUSES else Code(value)


async def _exception(visit: Visit) -> ClearingException:
    found = await visit.deps.clearing.views.exception(visit.named("id"))
    if found is None:
        raise NotFound("exception")
    return found
