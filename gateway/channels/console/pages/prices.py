"""Price lists: versions of each kind, a new one from a file with what it changes, and each as a file."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import date
from typing import Annotated

from aiohttp import web
from pydantic import BeforeValidator

from gateway.channels.console.cells import Chip, Code, Column, Link, Table
from gateway.channels.console.downloads import download
from gateway.channels.console.forms import Form, FormProblems, Line
from gateway.channels.console.roles import RUN_PROVIDERS, SEE_PROVIDERS
from gateway.channels.console.routes import ENDING, ID, Route, get, upload
from gateway.channels.console.visit import Visit
from gateway.errors import BadInput, NotFound
from gateway.services.providers import (
    HEADS,
    ListState,
    Price,
    PriceChange,
    PriceList,
    ProviderKind,
    differences,
    read_prices,
)

TONES = {ListState.PROPOSED: "wait", ListState.PUBLISHED: "good", ListState.REFUSED: "bad"}
FILE_MAX = 2 * 1024 * 1024
CHANGES_SHOWN = 200


class NewList(Form):
    """Whose prices, and from which day."""

    kind: Annotated[ProviderKind, BeforeValidator(lambda value: ProviderKind(str(value)))]
    begins: Line


def routes() -> list[Route]:
    """The routes of this module."""
    return [
        get("/prices", listing, SEE_PROVIDERS),
        upload("/prices", propose, RUN_PROVIDERS),
        get(f"/prices/{ID}", show, SEE_PROVIDERS),
        get(f"/prices/{ID}/rows{ENDING}", export, SEE_PROVIDERS),
    ]


async def listing(visit: Visit) -> web.StreamResponse:
    """Versions, the newest of each kind first."""
    return await _listing(visit)


async def propose(visit: Visit) -> web.StreamResponse:
    """Take a file and ask a second person to publish it."""
    form = visit.form(NewList)
    assert visit.file is not None, "the route takes a file"
    octets = await asyncio.to_thread(visit.file.read, FILE_MAX + 1)
    if isinstance(form, FormProblems):
        return await _listing(visit, problems=form.fields, status=400)
    try:
        day = date.fromisoformat(form.begins)
        made = await visit.deps.providers.propose_prices(form.kind, day, read_prices(octets), visit.staff.id)
    except BadInput as wrong:
        refusal = visit.words.t("prices.refused", problem=str(wrong))
        return await _listing(visit, refusal=refusal, status=400)
    except ValueError:
        return await _listing(visit, problems=("begins",), status=400)
    return visit.go(f"/prices/{made.id}", said="proposed")


async def show(visit: Visit) -> web.StreamResponse:
    """One version: its prices, and what it changes to the one that is in force on its first day."""
    found = await _list(visit)
    before = await visit.deps.providers.prices_on(found.kind, found.effective_on)
    waits = found.state is ListState.PROPOSED
    changes = differences(before, found.prices) if waits else []
    names = await visit.staff_names({found.made_by})
    return visit.page(
        "price_list.jinja",
        found=found,
        state=chip(found),
        facts=[
            ("kind", Chip(f"provider_kind.{found.kind.value}")),
            ("first_day", found.effective_on),
            ("rows", len(found.prices)),
            ("maker", names.get(found.made_by, found.made_by)),
        ],
        table=Table(
            name="prices", columns=_columns(), rows=found.prices, empty="empty.prices",
            exports=f"/prices/{found.id}/rows",
        ),
        changes=_changes(changes[:CHANGES_SHOWN]) if waits else None,
        more=max(0, len(changes) - CHANGES_SHOWN),
    )  # fmt: skip


async def export(visit: Visit) -> web.StreamResponse:
    """A version's prices as a file."""
    found = await _list(visit)

    async def pages() -> AsyncIterator[Sequence[Price]]:
        yield found.prices

    return await download(visit, f"prices-{found.kind.value}-{found.number}", _columns(), pages())


def chip(found: PriceList) -> Chip:
    """A version's state."""
    return Chip(f"table_state.{found.state.value}", TONES[found.state])


async def _listing(visit: Visit, *, status: int = 200, **values: object) -> web.Response:
    rows = [found for kind in ProviderKind for found in await visit.deps.providers.price_lists(kind)]
    table: Table[PriceList] = Table(
        name="price_lists",
        columns=[
            Column("kind", lambda row: Chip(f"provider_kind.{row.kind.value}")),
            Column("version", lambda row: Link(str(row.number), f"/prices/{row.id}", code=True)),
            Column("first_day", lambda row: row.effective_on),
            Column("state", chip),
        ],
        rows=rows,
        empty="empty.price_lists",
    )
    today = visit.deps.clock.now().astimezone(visit.words.zone).date()
    context: dict[str, object] = {"refusal": "", **values}
    return visit.page(
        "prices.jinja", status=status, table=table, kinds=list(ProviderKind), heads=";".join(HEADS),
        today=today.isoformat(), may_run=visit.may(*RUN_PROVIDERS), **context,
    )  # fmt: skip


def _columns() -> list[Column[Price]]:
    return [
        Column("code", lambda row: Code(row.code)),
        Column("title", lambda row: row.title),
        Column("price", lambda row: row.price, end=True),
        Column("cover", lambda row: row.cover_percent, end=True),
        Column("quantity_max", lambda row: row.quantity_max, end=True),
    ]


def _changes(changes: Sequence[PriceChange]) -> Table[PriceChange]:
    return Table(
        name="price_changes",
        columns=[
            Column("code", lambda row: Code(row.code)),
            Column("before", lambda row: _told(row.before)),
            Column("after", lambda row: _told(row.after)),
        ],
        rows=changes,
        empty="empty.price_changes",
    )


def _told(price: Price | None) -> str:
    if price is None:
        return "-"
    return f"{price.title}: {price.price.minor:,}, {price.cover_percent}%, ≤ {price.quantity_max}"


async def _list(visit: Visit) -> PriceList:
    found = await visit.deps.providers.price_list(visit.named("id"))
    if found is None:
        raise NotFound("price list")
    return found
