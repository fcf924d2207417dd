"""Reconciliation: how each flow stands, a new run, and each run with what it has changed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from aiohttp import web
from pydantic import Field

from gateway.channels.console.cells import Cell, Chip, Column, Link, Table
from gateway.channels.console.forms import BusinessId, Form, FormProblems
from gateway.channels.console.pages.break_facts import today
from gateway.channels.console.pages.recon_facts import FLOW, FLOWS, verdict_chip
from gateway.channels.console.roles import RUN_RECONCILIATION, SEE_RECONCILIATION
from gateway.channels.console.routes import ID, Route, get, post
from gateway.channels.console.visit import Visit
from gateway.errors import NotFound
from gateway.services.banking import StatementRow
from gateway.services.reconciliation import Change, FlowName, Run, RunState, Total
from wallet.money import ASSETS, Money
from wallet.reconciliation import Side, Verdict

RUNS_SHOWN = 20
CHANGES_SHOWN = 100
STATEMENTS_SEEN = 200
RUN_TONES = {RunState.READING: "wait", RunState.DONE: "good", RunState.STOPPED: "bad"}


@dataclass(frozen=True, slots=True)
class Standing:
    """How one flow stands: its last run, what became of the rows of each book, and the share that matched."""

    flow: FlowName
    run: Run | None
    totals: Sequence[Total]
    matched: float | None


class Paged(Form):
    """Before which run the page begins."""

    before: BusinessId | None = None


class After(Form):
    """After which change the page begins."""

    after: str = Field("", pattern=r"^[A-Za-z0-9_:]{0,64}$")


class Through(Form):
    """Up to and including which business day is read."""

    through: date = Field(strict=False)


def routes() -> list[Route]:
    """The routes of this module."""
    return [
        get("/reconciliation", overview, SEE_RECONCILIATION),
        get(f"/reconciliation/runs/{ID}", show, SEE_RECONCILIATION),
        get(f"/reconciliation/runs/{ID}/now", now, SEE_RECONCILIATION),
        post(f"/reconciliation/{FLOW}/run", start, RUN_RECONCILIATION),
    ]


async def overview(visit: Visit) -> web.StreamResponse:
    """Each flow, what does not fit between the bank's statements, and the runs."""
    before = visit.query(Paged).before or ""
    rows = await visit.deps.reconciliation.runs(limit=RUNS_SHOWN, before=before)
    more = f"/reconciliation?before={rows[-1].id}" if len(rows) == RUNS_SHOWN else None
    return visit.page(
        "reconciliation.jinja",
        flows=[] if before else [await standing(visit, flow) for flow in FlowName],
        sides=list(Side),
        verdicts=[(verdict, verdict_chip(verdict)) for verdict in Verdict],
        gaps=[] if before else _gaps(await visit.deps.banking.statements(limit=STATEMENTS_SEEN)),
        runs=await _runs(visit, rows, more),
        today=today(visit),
        may_run=visit.may(*RUN_RECONCILIATION),
    )


async def start(visit: Visit) -> web.StreamResponse:
    """A new run; it is read by a worker, and its page shows how far it is."""
    flow, form = FlowName(visit.named("flow")), visit.form(Through)
    if isinstance(form, FormProblems) or form.through > today(visit):
        return visit.go("/reconciliation", refused="recon_day")
    run = await visit.deps.reconciliation.start(flow, form.through, visit.staff.id)
    return visit.go(f"/reconciliation/runs/{run.id}", said="recon_started")


async def show(visit: Visit) -> web.StreamResponse:
    """One run with what it has changed."""
    run, after = await _run(visit), visit.query(After).after
    rows = await visit.deps.reconciliation.changes(run.id, limit=CHANGES_SHOWN, after=after)
    more = f"/reconciliation/runs/{run.id}?after={rows[-1].id}" if len(rows) == CHANGES_SHOWN else None
    names = await visit.staff_names({run.staff_id})
    return visit.page("recon_run.jinja", **_shown(run, names), changes=_changes(run, rows, more))


async def now(visit: Visit) -> web.StreamResponse:
    """How far it is, for a page that stands open."""
    run = await _run(visit)
    return visit.page("recon_run_now.jinja", **_shown(run, await visit.staff_names({run.staff_id})))


async def standing(visit: Visit, flow: FlowName) -> Standing:
    """How a flow stands."""
    desk = visit.deps.reconciliation
    last = next((run for run in await desk.runs(flow=flow, limit=RUNS_SHOWN) if run.state is RunState.DONE), None)
    totals = (await desk.totals(flow)).rows if last else ()
    every = sum(total.count for total in totals)
    matched = sum(total.count for total in totals if total.verdict is Verdict.MATCHED)
    return Standing(flow, last, totals, matched / every if every else None)


def _shown(run: Run, names: dict[str, str]) -> dict[str, object]:
    facts: list[tuple[str, Cell]] = [
        ("recon_flow", Link(run.flow, f"/reconciliation/{run.flow}")),
        ("first_day", run.first),
        ("last_day", run.through),
        ("by", names.get(run.staff_id, "")),
        ("started", run.started_at),
        ("finished", run.finished_at),
        ("recon_read", run.lines),
        ("position", run.position or None),
    ]
    return {
        "run": run,
        "state": _state(run),
        "facts": facts,
        "counts": [(verdict_chip(verdict), run.counts.get(verdict, 0)) for verdict in Verdict],
        "live": run.state is RunState.READING,
    }


async def _runs(visit: Visit, rows: Sequence[Run], more: str | None) -> Table[Run]:
    names = await visit.staff_names({row.staff_id for row in rows})
    return Table(
        name="recon_runs",
        columns=[
            Column("recon_run", lambda row: Link(row.id, f"/reconciliation/runs/{row.id}", code=True)),
            Column("recon_flow", lambda row: Chip(f"recon_flow.{row.flow.value}")),
            Column("last_day", lambda row: row.through),
            Column("state", _state),
            Column("recon_read", lambda row: row.lines, end=True),
            Column("recon_matched", lambda row: row.counts.get(Verdict.MATCHED, 0), end=True),
            Column("recon_open", _open, end=True),
            Column("by", lambda row: names.get(row.staff_id, "")),
            Column("started", lambda row: row.started_at),
        ],
        rows=rows,
        empty="empty.recon_runs",
        more=more,
    )


def _changes(run: Run, rows: Sequence[Change], more: str | None) -> Table[Change]:
    return Table(
        name="recon_changes",
        columns=[
            Column("what", lambda row: Chip(f"recon_change.{row.what.value}")),
            Column("recon_group", _group),
        ],
        rows=rows,
        empty="empty.recon_changes" if run.state is RunState.DONE else "empty.recon_changes_yet",
        more=more,
    )


def _group(row: Change) -> Cell:
    return Link(row.group_id, f"/reconciliation/groups/{row.group_id}", code=True)


def _state(run: Run) -> Chip:
    return Chip(f"recon_state.{run.state.value}", RUN_TONES[run.state])


def _open(run: Run) -> int:
    return sum(count for verdict, count in run.counts.items() if verdict is not Verdict.MATCHED)


def _gaps(rows: Sequence[StatementRow]) -> list[StatementRow]:
    return [row for row in rows if row.findings]


async def _run(visit: Visit) -> Run:
    run = await visit.deps.reconciliation.run_by_id(visit.named("id"))
    if run is None:
        raise NotFound("run")
    return run
