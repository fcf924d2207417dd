"""Breaks: what does not agree, by age; filtered, given to people many at once, and as a file."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Annotated
from urllib.parse import urlencode

from aiohttp import web
from pydantic import BeforeValidator, Field

from gateway.channels.console.bars import bars
from gateway.channels.console.cells import Chip, Column, Link, Table
from gateway.channels.console.downloads import download
from gateway.channels.console.forms import BusinessId, Form, FormProblems
from gateway.channels.console.pages.break_facts import columns, is_late, owners
from gateway.channels.console.pages.recon_facts import FLOWS
from gateway.channels.console.roles import SEE_BREAKS, STEER_BREAKS
from gateway.channels.console.routes import ENDING, Route, get, post
from gateway.channels.console.visit import Visit
from gateway.services.breaks import AgeLine, Break, BreakOutcome, BreakState
from wallet.money import ASSETS, Money
from wallet.reconciliation import BreakType, Bucket

PAGE_ROWS = 40
"""Also how many can be given to somebody at once: a form has so many fields at most."""
FILE_PAGE = 500
STANDING = "standing"


def _empty(value: object) -> object:
    return value or None


class Narrowed(Form):
    """Which breaks; `whose` is `mine`, `nobody` or a staff id."""

    flow: str = Field("", pattern=r"^[a-z_]{0,20}$")
    state: str = Field(STANDING, pattern=r"^[a-z_]{0,20}$")
    bucket: Annotated[Bucket | None, BeforeValidator(_empty)] = Field(None, strict=False)
    type: Annotated[BreakType | None, BeforeValidator(_empty)] = Field(None, strict=False)
    whose: str = Field("", pattern=r"^(mine|nobody|stf_[0-9A-HJKMNP-TV-Z]{1,26})?$")


class Listed(Narrowed):
    """And after which one the page begins."""

    after: BusinessId | None = None


class Given(Narrowed):
    """Which of them are given to whom."""

    after: BusinessId | None = None
    chosen: list[BusinessId] = Field(min_length=1, max_length=PAGE_ROWS)
    owner: BusinessId


def routes() -> list[Route]:
    """The routes of this module."""
    return [
        get("/breaks", listing, SEE_BREAKS),
        get("/breaks" + ENDING, breaks_file, SEE_BREAKS),
        post("/breaks/assign", assign, STEER_BREAKS),
    ]


async def listing(visit: Visit) -> web.StreamResponse:
    """Breaks, oldest first; those that stand if nothing else is asked."""
    query = visit.query(Listed)
    rows = await _breaks(visit, query, PAGE_ROWS, query.after or "")
    people = await owners(visit)
    names = await visit.staff_names({row.owner for row in rows})
    tail = narrowing(query)
    table = Table(
        name="breaks",
        columns=columns(visit, names),
        rows=rows,
        empty="empty.breaks" if tail == {} else "empty.breaks_narrowed",
        more=address("/breaks", {**tail, "after": rows[-1].id}) if len(rows) == PAGE_ROWS else None,
    )
    lines = await visit.deps.breaks.ageing(query.flow)
    return visit.page(
        "breaks.jinja",
        table=table,
        late={row.id for row in rows if is_late(visit, row)},
        ages=_ages(visit, query, lines),
        chart=bars([(visit.words.t(f"age_bucket.{step.value}"), _count(lines, step)) for step in Bucket], visit.words),
        query=query,
        tail=tail,
        ids=[row.id for row in rows],
        flows=[(flow, visit.words.t(f"recon_flow.{flow}")) for flow in FLOWS],
        states=list(BreakState),
        buckets=list(Bucket),
        types=list(BreakType),
        people=people,
        may_steer=visit.may(*STEER_BREAKS),
        csv=address("/breaks.csv", tail),
        xlsx=address("/breaks.xlsx", tail),
    )


async def breaks_file(visit: Visit) -> web.StreamResponse:
    """All of them that are asked for; a workbook ends at its limit of rows."""
    query = visit.query(Narrowed)
    names: dict[str, str] = {}

    async def pages() -> AsyncIterator[Sequence[Break]]:
        after = ""
        while rows := await _breaks(visit, query, FILE_PAGE, after):
            names.update(await visit.staff_names({row.owner for row in rows} - set(names)))
            yield rows
            after = rows[-1].id

    return await download(visit, "breaks", [*columns(visit, names), *_more_columns()], pages())


async def assign(visit: Visit) -> web.StreamResponse:
    """Give the chosen ones to somebody."""
    form = visit.form(Given)
    if isinstance(form, FormProblems):
        return visit.go("/breaks", refused="breaks_none_chosen")
    here = address("/breaks", {**narrowing(form), **({"after": form.after} if form.after else {})})
    outcomes = {await visit.deps.breaks.assign(one, form.owner, visit.staff.id) for one in form.chosen}
    wrong = [outcome for outcome in BreakOutcome if outcome in outcomes and outcome is not BreakOutcome.OK]
    if wrong:
        return visit.go(here, refused=f"break_outcome.{wrong[0].value}")
    return visit.go(here, said="breaks_assigned")


def narrowing(query: Narrowed) -> dict[str, str]:
    """What is asked for besides the standing ones, as an address says it."""
    asked = {
        "flow": query.flow,
        "state": query.state,
        "bucket": query.bucket.value if query.bucket else "",
        "type": query.type.value if query.type else "",
        "whose": query.whose,
    }
    return {
        name: said
        for name, said in asked.items()
        if said != Narrowed.model_fields[name].default and (said or name == "state")
    }


def address(path: str, query: Mapping[str, str]) -> str:
    """The path with this query."""
    return f"{path}?{urlencode(query)}" if query else path


async def _breaks(visit: Visit, query: Narrowed, limit: int, after: str) -> list[Break]:
    state = BreakState(query.state) if query.state in set(BreakState) else None
    whose = {"": None, "nobody": "", "mine": visit.staff.id}.get(query.whose, query.whose)
    return await visit.deps.breaks.breaks(
        flow=query.flow,
        state=state,
        standing=query.state == STANDING,
        bucket=query.bucket,
        owner=whose,
        type=query.type,
        limit=limit,
        after=after,
    )


def _ages(visit: Visit, query: Narrowed, lines: Sequence[AgeLine]) -> Table[AgeLine]:
    tail = narrowing(query)
    return Table(
        name="break_ages",
        columns=[
            Column(
                "age",
                lambda row: Link(
                    visit.words.t(f"age_bucket.{row.bucket.value}"),
                    address("/breaks", {**tail, "bucket": row.bucket.value}),
                ),
            ),
            Column("breaks", lambda row: row.count, end=True),
            Column("amount", lambda row: Money(row.minor, ASSETS[row.asset]), end=True),
        ],
        rows=lines,
        empty="empty.breaks",
    )


def _count(lines: Sequence[AgeLine], step: Bucket) -> int:
    return sum(line.count for line in lines if line.bucket is step)


def _more_columns() -> list[Column[Break]]:
    return [
        Column("asset", lambda row: row.asset),
        Column("since_day", lambda row: row.opened_on),
        Column("note", lambda row: row.note),
        Column("recon_rows", lambda row: row.row_count),
        Column("resolution", lambda row: Chip(f"resolution.{row.resolution.value}") if row.resolution else None),
        Column("resolved", lambda row: row.resolved_at),
    ]
