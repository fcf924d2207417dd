"""Items of a batch: filtered, each with its history; lines that were not taken; what is held; the follow-up."""

from collections.abc import AsyncIterator, Sequence
from typing import Annotated
from urllib.parse import urlencode

from aiohttp import web
from pydantic import BeforeValidator, Field

from gateway.channels.console.cells import Cell, Code, Link, Table
from gateway.channels.console.downloads import download
from gateway.channels.console.forms import Form, FormProblems, Position
from gateway.channels.console.pages.payout_facts import (
    bad_columns,
    batch_link,
    history_table,
    item_chip,
    item_columns,
    reason,
)
from gateway.channels.console.pages.payouts import answered
from gateway.channels.console.roles import RUN_PAYOUTS, SEE_PAYOUTS
from gateway.channels.console.routes import ENDING, ID, Route, get, post
from gateway.channels.console.visit import Visit
from gateway.errors import BadInput, NotFound
from gateway.services.payouts.answers import PayoutOutcome
from gateway.services.payouts.model import BadRow, Batch, Item, ItemState

PAGE_ROWS = 50
FILE_PAGE = 1000


class Shown(Form):
    """Which items, and after which place the page begins."""

    state: Annotated[ItemState | None, BeforeValidator(lambda value: value or None)] = Field(None, strict=False)
    flagged: str = Field("", pattern=r"^(yes)?$")
    text: str = Field("", max_length=70)
    after: Position = 0


class Held(Form):
    """Which items of those that wait: their lines, none for all of them; and why."""

    rows: str = Field("", pattern=r"^[0-9, ]{0,400}$")
    reason: str = Field("", max_length=200)


class FollowUp(Form):
    """Which of what was not paid is to be paid now."""

    state: ItemState = Field(strict=False)
    reason: str = Field("", max_length=100)


def routes() -> list[Route]:
    """The routes of this module."""
    return [
        get(f"/payouts/{ID}/items", listing, SEE_PAYOUTS),
        get(f"/payouts/{ID}/items{ENDING}", items_file, SEE_PAYOUTS),
        get(f"/payouts/{ID}/bad{ENDING}", bad_file, SEE_PAYOUTS),
        get(f"/payouts/items/{ID}", show, SEE_PAYOUTS),
        post(f"/payouts/{ID}/keep", keep, RUN_PAYOUTS),
        post(f"/payouts/{ID}/drop", drop, RUN_PAYOUTS),
        post(f"/payouts/{ID}/follow-up", follow_up, RUN_PAYOUTS),
    ]


async def listing(visit: Visit) -> web.StreamResponse:
    """Items in the order of their lines."""
    batch, query = await _batch(visit), visit.query(Shown)
    rows = await visit.deps.payouts.items(
        batch.id,
        limit=PAGE_ROWS,
        after=query.after,
        states=_states(query),
        flagged=bool(query.flagged),
        text=query.text.strip(),
    )
    tail = f"&state={query.state.value}" if query.state else ""
    tail += "&flagged=yes" if query.flagged else ""
    tail += f"&{urlencode({'text': query.text})}" if query.text else ""
    table = Table(
        name="payout_items",
        columns=item_columns(visit),
        rows=rows,
        empty="empty.payout_items",
        more=f"/payouts/{batch.id}/items?after={rows[-1].seq}{tail}" if len(rows) == PAGE_ROWS else None,
        exports=f"/payouts/{batch.id}/items",
    )
    held = query.state is ItemState.HELD and visit.may(*RUN_PAYOUTS)
    return visit.page(
        "payout_items.jinja", batch=batch, table=table, states=list(ItemState), query=query, may_decide=held
    )


async def items_file(visit: Visit) -> web.StreamResponse:
    """Every item, as a file; accounts by their last digits."""
    batch = await _batch(visit)

    async def pages() -> AsyncIterator[Sequence[Item]]:
        after = 0
        while rows := await visit.deps.payouts.items(batch.id, limit=FILE_PAGE, after=after):
            yield rows
            after = rows[-1].seq

    return await download(visit, "payout", item_columns(visit), pages())


async def bad_file(visit: Visit) -> web.StreamResponse:
    """Every line that was not taken and why, as a file, for whoever sent it."""
    batch = await _batch(visit)

    async def pages() -> AsyncIterator[Sequence[BadRow]]:
        after = 0
        while rows := await visit.deps.payouts.bad_rows(batch.id, limit=FILE_PAGE, after=after):
            yield rows
            after = rows[-1].line

    return await download(visit, "payout-bad", bad_columns(), pages())


async def show(visit: Visit) -> web.StreamResponse:
    """One item and everything that happened to it; of a person, a row in the access log."""
    item = await visit.deps.payouts.item(visit.named("id"))
    batch = await visit.deps.payouts.by_id(item.batch_id) if item else None
    if item is None or batch is None:
        raise NotFound("item")
    if item.person_id:
        await visit.deps.access.viewed(visit.staff.id, item.person_id, "payout", item.id)
    facts: list[tuple[str, Cell]] = [
        ("batch", batch_link(batch)),
        ("row", item.seq + 1),
        ("payee", item.name),
        (
            "person",
            Link(item.person_id, f"/people/{item.person_id}?about={item.id}", code=True) if item.person_id else None,
        ),
        ("account", Code(item.masked) if item.masked else visit.words.t("payee.wallet")),
        ("amount", item.amount),
        ("code", visit.words.t(f"transfer_code.{item.code.name.lower()}")),
        ("purpose", Code(item.purpose)),
        ("reason", reason(item.reason)),
        ("flag", reason(item.flag)),
        ("returns_desk", reason(item.desk)),
        ("end_to_end_id", Code(item.end_to_end_id) if item.end_to_end_id else None),
        ("order", Code(item.order_id) if item.order_id else None),
        ("follows", Link(item.follows, f"/payouts/items/{item.follows}", code=True) if item.follows else None),
        ("cause", Link(item.id, f"/cause/{item.id}", code=True)),
    ]
    history = await history_table(visit, "item_history", await visit.deps.payouts.item_history(item))
    return visit.page("payout_item.jinja", item=item, state=item_chip(item), facts=facts, history=history)


async def keep(visit: Visit) -> web.StreamResponse:
    """Items that wait are to be paid all the same."""
    form = visit.form(Held)
    here = f"/payouts/{visit.named('id')}"
    if isinstance(form, FormProblems):
        return visit.go(here, refused="payout_form")
    result = await visit.deps.payouts.keep(visit.named("id"), _seqs(form.rows), visit.staff.id, form.reason)
    return answered(visit, here, result, "payout_keep")


async def drop(visit: Visit) -> web.StreamResponse:
    """Items are not to be paid by this batch."""
    form = visit.form(Held)
    here = f"/payouts/{visit.named('id')}"
    if isinstance(form, FormProblems):
        return visit.go(here, refused="payout_form")
    result = await visit.deps.payouts.drop(visit.named("id"), _seqs(form.rows), visit.staff.id, form.reason)
    return answered(visit, here, result, "payout_drop")


async def follow_up(visit: Visit) -> web.StreamResponse:
    """Make a batch of what this one did not pay."""
    form = visit.form(FollowUp)
    here = f"/payouts/{visit.named('id')}"
    if isinstance(form, FormProblems):
        return visit.go(here, refused="payout_form")
    reasons = (form.reason.strip(),) if form.reason.strip() else ()
    try:
        result = await visit.deps.payouts.follow_up(visit.named("id"), (form.state,), reasons, staff_id=visit.staff.id)
    except BadInput:
        return visit.go(here, refused="payout_form")
    there = f"/payouts/{result.about}" if result.outcome is PayoutOutcome.OK else here
    return answered(visit, there, result, "payout_follow_up")


def _states(query: Shown) -> frozenset[ItemState]:
    return frozenset({query.state}) if query.state else frozenset()


def _seqs(rows: str) -> list[int]:
    """Places of the lines that staff named; the heading is line 1."""
    return [int(one) - 1 for one in rows.replace(",", " ").split()]


async def _batch(visit: Visit) -> Batch:
    batch = await visit.deps.payouts.by_id(visit.named("id"))
    if batch is None:
        raise NotFound("batch")
    return batch
