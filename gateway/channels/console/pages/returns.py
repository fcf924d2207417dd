"""The returns desk: payments that came back; ask for a new account, pay again, give back."""

from collections import Counter
from datetime import date
from typing import Any

from aiohttp import web
from pydantic import Field

from gateway.channels.console.cells import Chip, Code, Column, Link, Table
from gateway.channels.console.forms import BusinessId, Form, FormProblems
from gateway.channels.console.pages.break_facts import AGE_TONES, age_of, today
from gateway.channels.console.pages.payout_facts import reason
from gateway.channels.console.pages.payouts import answered
from gateway.channels.console.roles import RUN_PAYOUTS, STEER_PAYOUTS
from gateway.channels.console.routes import ID, Route, get, post
from gateway.channels.console.visit import Visit
from gateway.services.payouts.answers import PayoutOutcome
from gateway.services.payouts.model import Item
from wallet.reconciliation import Bucket, bucket

PAGE_ROWS = 50


class Paged(Form):
    """After which item the page begins."""

    after: BusinessId | None = None


class Again(Form):
    """Where it goes now: a new account, the wallet, or, with neither, where the person wants to be paid by now."""

    iban: str = Field("", max_length=64)
    to_wallet: str = Field("", pattern=r"^(yes)?$")


class Why(Form):
    """Why."""

    reason: str = Field("", max_length=200)


def routes() -> list[Route]:
    """The routes of this module."""
    return [
        get("/returns", listing, STEER_PAYOUTS),
        post(f"/returns/{ID}/ask", ask, RUN_PAYOUTS),
        post(f"/returns/{ID}/again", again, RUN_PAYOUTS),
        post(f"/returns/{ID}/give-back", give_back, RUN_PAYOUTS),
    ]


async def listing(visit: Visit) -> web.StreamResponse:
    """What came back and nobody has dealt with, oldest first."""
    rows = await visit.deps.payouts.returned(limit=PAGE_ROWS, after=visit.query(Paged).after or "")
    columns: list[Column[Item]] = [
        Column("reference", lambda row: Link(row.reference, f"/payouts/items/{row.id}", code=True)),
        Column("payee", lambda row: row.name),
        Column("account", lambda row: Code(row.masked)),
        Column("amount", lambda row: row.amount, end=True),
        Column("reason", lambda row: reason(row.reason)),
        Column("returns_desk", lambda row: reason(row.desk)),
        Column("age", lambda row: age_of(visit, _day(visit, row))),
        Column("since", lambda row: row.changed_at),
    ]
    more = f"/returns?after={rows[-1].id}" if len(rows) == PAGE_ROWS else None
    table: Table[Any] = Table(name="returns", columns=columns, rows=rows, empty="empty.returns", more=more)
    ages = Counter(bucket(_day(visit, row), today(visit)) for row in rows)
    return visit.page(
        "returns.jinja",
        table=table,
        items=rows,
        ids=[row.id for row in rows],
        ages=[(Chip(f"age_bucket.{step.value}", AGE_TONES[step]), ages[step]) for step in Bucket if ages[step]],
        may_run=visit.may(*RUN_PAYOUTS),
    )


def _day(visit: Visit, item: Item) -> date:
    """The business day since which its money lies in suspense."""
    return item.changed_at.astimezone(visit.words.zone).date()


async def ask(visit: Visit) -> web.StreamResponse:
    """Ask the person by SMS for another account."""
    result = await visit.deps.payouts.ask_account(visit.named("id"), visit.staff.id)
    return answered(visit, "/returns", result, "return_ask")


async def again(visit: Visit) -> web.StreamResponse:
    """Pay it again by a batch of its own, which others agree to as to any."""
    form = visit.form(Again)
    if isinstance(form, FormProblems):
        return visit.go("/returns", refused="payout_bad_account")
    result = await visit.deps.payouts.pay_again(
        [visit.named("id")], visit.staff.id, iban=form.iban.strip(), to_wallet=bool(form.to_wallet)
    )
    there = f"/payouts/{result.about}" if result.outcome is PayoutOutcome.OK and result.about else "/returns"
    return answered(visit, there, result, "payout_follow_up")


async def give_back(visit: Visit) -> web.StreamResponse:
    """The money goes back to the budget."""
    form = visit.form(Why)
    if isinstance(form, FormProblems):
        return visit.go("/returns", refused="payout_reason_missing")
    result = await visit.deps.payouts.give_back(visit.named("id"), visit.staff.id, form.reason)
    return answered(visit, "/returns", result, "return_give_back")
