"""Reconciliation: how each flow stands, a new run, and each run with what it has changed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from aiohttp import web
from pydantic import Field

from gateway.channels.console.cells import Cell, Chip, Code, Column, Link, Table
from gateway.channels.console.forms import BusinessId, Form, FormProblems
from gateway.channels.console.pages.break_facts import today
from gateway.channels.console.pages.recon_facts import FLOW, verdict_chip
from gateway.channels.console.roles import RUN_RECONCILIATION, SEE_RECONCILIATION
from gateway.channels.console.routes import ID, Route, get, post
from gateway.channels.console.visit import Visit
from gateway.errors import BadInput, Conflict, NotFound
from gateway.services.banking import StatementRow
from gateway.services.reconciliation import BEGINNING, Change, ChangeKind, FlowName, Run, RunState, Totals
from wallet.money import ASSETS, Money
from wallet.reconciliation import Side, Verdict

RUNS_SHOWN = 20
CHANGES_SHOWN = 100
STATEMENTS_SEEN = 200
RUN_TONES = {
    RunState.READING: "wait",
    RunState.MATCHED: "wait",
    RunState.DONE: "good",
    RunState.STOPPED: "bad",
}
CHANGE_TONES = {
    ChangeKind.APPEARED: "wait",
    ChangeKind.MATCHED: "good",
    ChangeKind.REOPENED: "bad",
    ChangeKind.REGROUPED: "wait",
    ChangeKind.AMENDED: "wait",
    ChangeKind.VANISHED: "bad",
}


@dataclass(frozen=True, slots=True)
class Line:
    """Rows of one book in groups of one verdict."""

    verdict: Chip
    side: Side
    count: int
    amount: Money


@dataclass(frozen=True, slots=True)
class Standing:
    """How one flow stands: the run whose result it is, what became of the rows of each book, the share that matched."""

    totals: Totals
    lines: Sequence[Line]
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
        flows=[] if before else [await standing(visit, flow) for flow in visit.deps.reconciliation.flows],
        gaps=[] if before else _gaps(await visit.deps.banking.statements(limit=STATEMENTS_SEEN)),
        runs=await _runs(visit, rows, more),
        through=await visit.deps.reconciliation.due_day(),
        today=today(visit),
        may_run=visit.may(*RUN_RECONCILIATION),
    )


async def start(visit: Visit) -> web.StreamResponse:
    """A new run; it is read by a worker, and its page shows how far it is."""
    flow, form = FlowName(visit.named("flow")), visit.form(Through)
    if isinstance(form, FormProblems) or form.through > today(visit):
        return visit.go("/reconciliation", refused="recon_day")
    try:
        run = await visit.deps.reconciliation.start(flow, form.through, visit.staff.id)
    except BadInput:
        return visit.go("/reconciliation", refused="recon_sealed")
    except Conflict:
        return visit.go("/reconciliation", refused="recon_busy")
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
    totals = await visit.deps.reconciliation.totals(flow)
    every = sum(line.count for line in totals.lines)
    matched = sum(line.count for line in totals.lines if line.verdict is Verdict.MATCHED)
    order = sorted(totals.lines, key=lambda line: (list(Verdict).index(line.verdict), list(Side).index(line.side)))
    lines = [
        Line(verdict_chip(line.verdict), line.side, line.count, Money(line.minor, ASSETS[line.asset])) for line in order
    ]
    return Standing(totals, lines, matched / every if every else None)


def _shown(run: Run, names: dict[str, str]) -> dict[str, Any]:
    facts: list[tuple[str, Cell]] = [
        ("first_day", run.first if run.first != BEGINNING else None),
        ("last_day", run.through),
        ("by", names.get(run.staff_id)),
        ("started", run.started_at),
        ("finished", run.finished_at),
        ("position", run.position or None),
    ]
    return {
        "run": run,
        "state": _state(run),
        "facts": facts,
        "lines": [(side, run.lines.get(side, 0)) for side in Side if side in run.lines],
        "counts": [(verdict_chip(verdict), run.groups.get(verdict, 0)) for verdict in Verdict],
        "live": run.state in {RunState.READING, RunState.MATCHED},
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
            Column("recon_read", lambda row: sum(row.lines.values()), end=True),
            Column("recon_matched", lambda row: row.groups.get(Verdict.MATCHED, 0), end=True),
            Column("recon_open", _open, end=True),
            Column("recon_changed", lambda row: row.changes, end=True),
            Column("by", lambda row: names.get(row.staff_id) or visit.words.t("recon.by_clock")),
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
            Column("what", lambda row: Chip(f"recon_change.{row.kind.value}", CHANGE_TONES[row.kind])),
            Column("side", lambda row: Chip(f"side.{row.side.value}")),
            Column("recon_row", lambda row: Code(row.row_id)),
            Column("recon_group", lambda row: _group(row.group_id)),
            Column("recon_was", lambda row: _group(row.was_id)),
        ],
        rows=rows,
        empty="empty.recon_changes" if run.state is RunState.DONE else "empty.recon_changes_yet",
        more=more,
    )


def _group(group_id: str) -> Cell:
    return Link(group_id, f"/reconciliation/groups/{group_id}", code=True) if group_id else None


def _state(run: Run) -> Chip:
    return Chip(f"recon_state.{run.state.value}", RUN_TONES[run.state])


def _open(run: Run) -> int:
    return sum(count for verdict, count in run.groups.items() if verdict is not Verdict.MATCHED)


def _gaps(rows: Sequence[StatementRow]) -> list[StatementRow]:
    return [row for row in rows if row.findings]


async def _run(visit: Visit) -> Run:
    run = await visit.deps.reconciliation.run_by_id(visit.named("id"))
    if run is None:
        raise NotFound("run")
    return run
