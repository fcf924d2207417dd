"""Cash-in: a branch clerk takes notes and the person's wallet grows, once, however often the form is sent."""

from typing import assert_never

from aiohttp import web
from pydantic import Field

from gateway.channels.console.forms import BusinessId, Form, FormProblems, Msisdn, Whole
from gateway.channels.console.pages.people import people_table, state_chip
from gateway.channels.console.roles import DESK
from gateway.channels.console.routes import ID, Route, get, post
from gateway.channels.console.visit import Visit
from gateway.errors import NotFound
from gateway.services.payments import PayOutcome, PayResult
from gateway.services.people import PersonView
from wallet.ids import new_id
from wallet.money import MINOR_MAX, irr


class Number(Form):
    """The number whose wallet grows."""

    msisdn: Msisdn


class CashIn(Form):
    """How much, in rials; the key was made with the form and names this one payment."""

    amount: Whole = Field(ge=1, le=MINOR_MAX)
    form_key: BusinessId


def routes() -> list[Route]:
    """The routes of this module."""
    return [
        get("/cash-in", ask, DESK),
        post("/cash-in", find, DESK),
        get(f"/cash-in/{ID}", show, DESK),
        post(f"/cash-in/{ID}", take, DESK),
    ]


async def ask(visit: Visit) -> web.StreamResponse:
    """Whose wallet?"""
    return visit.page("cash_in.jinja", table=None)


async def find(visit: Visit) -> web.StreamResponse:
    """The person with this number."""
    form = visit.form(Number)
    if isinstance(form, FormProblems):
        return visit.page("cash_in.jinja", table=None, problems=form.fields, status=400)
    found = await visit.deps.people.search(form.msisdn, visit.staff.id)
    if len(found) == 1:
        return visit.go(f"/cash-in/{found[0].id}")
    return visit.page("cash_in.jinja", table=people_table(visit, found))


async def show(visit: Visit) -> web.StreamResponse:
    """The form, with a fresh key."""
    return _form(visit, await _view(visit), new_id("csh", visit.deps.clock), "")


async def take(visit: Visit) -> web.StreamResponse:
    """Take the notes in; the same form again gives the same receipt."""
    form = visit.form(CashIn)
    seen = await _view(visit)
    if isinstance(form, FormProblems):
        return _form(visit, seen, new_id("csh", visit.deps.clock), visit.words.t("cash_in.amount_form"), status=400)
    if not visit.staff.branch:
        return _form(visit, seen, form.form_key, visit.words.t("cash_in.no_branch"), status=409)
    key = f"{visit.staff.id}:{form.form_key}"
    amount = irr(form.amount)
    result = await visit.deps.payments.cash_in(seen.person.id, amount, visit.staff.branch, visit.staff.id, key)
    match result.outcome:
        case PayOutcome.OK:
            return visit.page("cash_in_receipt.jinja", person=seen.person, result=result, amount=amount)
        case (
            PayOutcome.NO_FUNDS
            | PayOutcome.ALREADY_PAID
            | PayOutcome.UNKNOWN
            | PayOutcome.OVER_LIMIT
            | PayOutcome.SELF
            | PayOutcome.NOT_ENROLLED
            | PayOutcome.ENROLLED
            | PayOutcome.BLOCKED
        ):
            return _form(visit, seen, form.form_key, _refusal(visit, result), status=409)
        case unreachable:
            assert_never(unreachable)


def _form(visit: Visit, seen: PersonView, form_key: str, refusal: str, status: int = 200) -> web.Response:
    return visit.page(
        "cash_in_person.jinja",
        status=status,
        person=seen.person,
        state=state_chip(seen.person),
        form_key=form_key,
        refusal=refusal,
        most=irr(visit.deps.settings.cash_in_max_minor),
    )


def _refusal(visit: Visit, result: PayResult) -> str:
    limit = visit.words.money(result.limit) if result.limit else ""
    return visit.words.t(f"pay_outcome.{result.outcome.value}", limit=limit)


async def _view(visit: Visit) -> PersonView:
    seen = await visit.deps.people.view(visit.named("id"), visit.staff.id, "cash_in")
    if seen is None:
        raise NotFound("person")
    return seen
