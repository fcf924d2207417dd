"""Terminals of all merchants: who is on the line, and letting, stopping and retiring them with a reason."""

from collections.abc import Mapping, Sequence
from typing import Any

from aiohttp import web
from pydantic import Field

from gateway.channels.console.cells import Cell, Chip, Code, Column, Link, Table
from gateway.channels.console.forms import Form, FormProblems, Phrase
from gateway.channels.console.pages.batches import batch_table
from gateway.channels.console.roles import SEE_CLEARING, SEE_MERCHANTS, STOP_TERMINALS
from gateway.channels.console.routes import Route, get, post
from gateway.channels.console.visit import Handler, Visit
from gateway.errors import Conflict, NotFound
from gateway.services.links import TerminalLine
from gateway.services.merchants import Terminal, TerminalState

PAGE_ROWS = 50
LINES_MAX = 200
BATCHES_SHOWN = 10
TERMINAL = "{terminal:[A-Z0-9]{8}}"
TONES = {TerminalState.ACTIVE: "good", TerminalState.BLOCKED: "bad", TerminalState.RETIRED: "plain"}
ACTIONS = {"let": TerminalState.ACTIVE, "block": TerminalState.BLOCKED, "retire": TerminalState.RETIRED}
"""What may be asked of a terminal, and the state that it leads to."""


class Paged(Form):
    """After which terminal the page begins."""

    after: str = Field("", pattern=r"^([A-Z0-9]{8})?$")


class Why(Form):
    """Why."""

    reason: Phrase


def routes() -> list[Route]:
    """The routes of this module."""
    return [
        get("/merchants/terminals", listing, SEE_MERCHANTS),
        get("/merchants/terminals/now", renewed, SEE_MERCHANTS),
        get(f"/merchants/terminals/{TERMINAL}", show, SEE_MERCHANTS),
        *(post(f"/merchants/terminals/{TERMINAL}/{name}", _acting(name), STOP_TERMINALS) for name in ACTIONS),
    ]


def state_chip(state: TerminalState) -> Chip:
    """Whether it may sign on."""
    return Chip(f"terminal_state.{state.value}", TONES[state])


async def listing(visit: Visit) -> web.StreamResponse:
    """Terminals by id, with their lines; the page renews itself."""
    return visit.page("terminals.jinja", **await _lines(visit))


async def renewed(visit: Visit) -> web.StreamResponse:
    """The part of the page that renews itself."""
    return visit.page("terminals_now.jinja", **await _lines(visit))


async def show(visit: Visit) -> web.StreamResponse:
    """One terminal: its line, what it is allowed, its last batches."""
    terminal = await _terminal(visit)
    names = await visit.staff_names({terminal.state_by})
    facts: list[tuple[str, Cell]] = [
        ("merchant", Link(terminal.merchant_name, f"/merchants/{terminal.merchant_id}")),
        ("number", Code(terminal.merchant_number)),
        ("city", terminal.city),
        ("category", Code(terminal.category)),
        ("made", terminal.registered_at),
        ("reason", terminal.state_reason),
        ("by", names.get(terminal.state_by, terminal.state_by)),
        ("since", terminal.state_at),
    ]
    batches = None
    if visit.may(*SEE_CLEARING):
        rows = await visit.deps.clearing.views.batches(terminal_id=terminal.id, limit=BATCHES_SHOWN)
        batches = batch_table(rows)
    may_stop = visit.may(*STOP_TERMINALS) and terminal.state is not TerminalState.RETIRED
    return visit.page(
        "terminal.jinja",
        terminal=terminal,
        state=state_chip(terminal.state),
        facts=facts,
        lines=_line_table(await visit.deps.terminal_lines.lines(terminals=[terminal.id])),
        batches=batches,
        actions=[name for name, state in ACTIONS.items() if state is not terminal.state] if may_stop else [],
    )


def _acting(name: str) -> Handler:
    async def act(visit: Visit) -> web.StreamResponse:
        terminal, form = await _terminal(visit), visit.form(Why)
        here = f"/merchants/terminals/{terminal.id}"
        if isinstance(form, FormProblems):
            return visit.go(here, refused="reason")
        try:
            await visit.deps.merchants.set_terminal_state(
                terminal.id, ACTIONS[name], actor=visit.staff.id, reason=form.reason
            )
        except Conflict:
            return visit.go(here, refused="terminal_retired")
        return visit.go(here, said=f"terminal_{name}")

    return act


async def _lines(visit: Visit) -> dict[str, Any]:
    query = visit.query(Paged)
    rows = await visit.deps.merchants.every_terminal(after=query.after, limit=PAGE_ROWS)
    lines = await visit.deps.terminal_lines.lines(terminals=[row.id for row in rows], limit=LINES_MAX) if rows else []
    best = _best(lines)
    number = visit.words.number
    table: Table[Terminal] = Table(
        name="terminals",
        columns=[
            Column("terminal", lambda row: Link(row.id, f"/merchants/terminals/{row.id}", code=True)),
            Column("merchant", lambda row: Link(row.merchant_name, f"/merchants/{row.merchant_id}")),
            Column("city", lambda row: row.city),
            Column("state", lambda row: state_chip(row.state)),
            Column("terminal_line", lambda row: line_chip(best.get(row.id))),
            Column("since", lambda row: best[row.id].since if row.id in best else None),
            Column("last_message", lambda row: best[row.id].last_at if row.id in best else None),
            Column("line_messages", lambda row: number(best[row.id].messages) if row.id in best else None, end=True),
        ],
        rows=rows,
        empty="empty.every_terminal",
        more=f"/merchants/terminals?after={rows[-1].id}" if len(rows) == PAGE_ROWS else None,
    )
    return {"table": table, "after": query.after}


def _best(lines: Sequence[TerminalLine]) -> Mapping[str, TerminalLine]:
    """Of each terminal the line that stands: one that is up, else the one that changed last."""
    ranked = sorted(lines, key=lambda one: (one.up and not one.silent, one.since))
    return {one.terminal_id: one for one in ranked}


def line_chip(line: TerminalLine | None) -> Cell:
    """How a line stands; nothing was said of a terminal that never called."""
    if line is None:
        return Chip("terminal_line.never")
    if line.silent:
        return Chip("terminal_line.silent", "bad")
    return Chip("terminal_line.up", "good") if line.up else Chip("terminal_line.down", "wait")


def _line_table(lines: Sequence[TerminalLine]) -> Table[TerminalLine]:
    return Table(
        name="terminal_lines",
        columns=[
            Column("terminal_line", line_chip),
            Column("since", lambda row: row.since),
            Column("listener", lambda row: Code(row.listener)),
            Column("dialect", lambda row: Code(row.dialect)),
            Column("peer", lambda row: Code(row.peer)),
            Column("last_message", lambda row: row.last_at),
            Column("last_mti", lambda row: Code(row.last_mti) if row.last_mti else None),
            Column("line_messages", lambda row: row.messages, end=True),
            Column("unread", lambda row: row.refused, end=True),
            Column("dropped", lambda row: Chip(f"dropped.{row.dropped}", "bad") if row.dropped else None),
            Column("process", lambda row: Code(row.process)),
        ],
        rows=lines,
        empty="empty.terminal_lines",
    )


async def _terminal(visit: Visit) -> Terminal:
    terminal = await visit.deps.merchants.terminal(visit.named("terminal"))
    if terminal is None:
        raise NotFound("terminal")
    return terminal
