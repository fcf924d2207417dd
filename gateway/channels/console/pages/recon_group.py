"""One group of reconciliation: all its rows beside each other, by what rule they are one, and who said so."""

from aiohttp import web

from gateway.channels.console.cells import Cell, Chip, Column, Link, Table
from gateway.channels.console.forms import Form, Position
from gateway.channels.console.pages.recon_facts import marks, row_cells, verdict_chip
from gateway.channels.console.roles import RUN_RECONCILIATION, SEE_RECONCILIATION
from gateway.channels.console.routes import ID, Route, get
from gateway.channels.console.visit import Visit
from gateway.errors import NotFound
from gateway.services.reconciliation import Decision, GroupRow
from wallet.money import ASSETS, Money
from wallet.reconciliation import Side, Verdict

ROWS_SHOWN = 60


class Page(Form):
    """After how many rows of the group the page begins."""

    after: Position = 0


def routes() -> list[Route]:
    """The routes of this module."""
    return [get(f"/reconciliation/groups/{ID}", show, SEE_RECONCILIATION)]


async def show(visit: Visit) -> web.StreamResponse:
    """The group."""
    group = await visit.deps.reconciliation.group(visit.named("id"))
    if group is None:
        raise NotFound("group")
    terms, after = visit.deps.reconciliation.terms(group.flow), visit.query(Page).after
    rows = group.rows[after : after + ROWS_SHOWN]
    decisions = await visit.deps.reconciliation.decisions(group.id)
    names = await visit.staff_names({row.staff_id for row in decisions})
    is_open = group.verdict is not Verdict.MATCHED
    further = after + ROWS_SHOWN
    about = await visit.deps.breaks.of_group(group.id) if is_open else None
    return visit.page(
        "recon_group.jinja",
        group=group,
        verdict=verdict_chip(group.verdict),
        facts=_facts(visit, group),
        marks=marks(group.rows, terms.days),
        sides=[
            (side.value, [row_cells(row) for row in rows if row.side is side]) for side in Side if side in terms.sides
        ],
        more=f"/reconciliation/groups/{group.id}?after={further}" if len(group.rows) > further else None,
        about=about,
        instead=None if group.stands else await visit.deps.reconciliation.group_of(group.flow, group.keys[0]),
        decisions=_decisions(decisions, names) if decisions else None,
        may_undo=not is_open and group.stands and visit.may(*RUN_RECONCILIATION),
    )


def _facts(visit: Visit, group: GroupRow) -> list[tuple[str, Cell]]:
    return [
        ("recon_flow", Link(visit.words.t(f"recon_flow.{group.flow.value}"), f"/reconciliation/{group.flow.value}")),
        ("rule", Chip(f"recon_rule.{group.rule.value}")),
        ("break_type", Chip(f"break_type.{group.broken.value}", "bad") if group.broken else None),
        ("difference", Money(group.difference_minor, ASSETS[group.asset])),
        ("recon_rows", len(group.rows)),
        ("since_day", group.since),
        ("recon_run", Link(group.run_id, f"/reconciliation/runs/{group.run_id}", code=True) if group.run_id else None),
    ]


def _decisions(rows: list[Decision], names: dict[str, str]) -> Table[Decision]:
    return Table(
        name="recon_decisions",
        columns=[
            Column("when", lambda row: row.at),
            Column("what", lambda row: Chip(f"recon_said.{row.what.value}")),
            Column("by", lambda row: names.get(row.staff_id, "")),
            Column("reason", lambda row: row.reason),
        ],
        rows=rows,
        empty="empty.history",
    )
