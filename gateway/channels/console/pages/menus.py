"""Menus: which version people meet, for whom, who agreed to it, how many live sessions stand on each, and its map."""

from collections.abc import Mapping
from typing import assert_never

from aiohttp import web

from gateway.channels.console.cells import Cell, Chip, Code, Column, Link, Table
from gateway.channels.console.forms import BusinessId, Form
from gateway.channels.console.maps import drawn
from gateway.channels.console.roles import RELEASE_MENUS, SEE_MENUS
from gateway.channels.console.routes import Route, get, post
from gateway.channels.console.visit import Visit
from gateway.errors import NotFound
from gateway.services.releases import Release, ReleaseState, RollbackOutcome, Scope, ScopeKind

PAGE_ROWS = 30
TONES = {
    ReleaseState.PROPOSED: "wait",
    ReleaseState.LIVE: "good",
    ReleaseState.SUPERSEDED: "plain",
    ReleaseState.ROLLED_BACK: "bad",
    ReleaseState.REFUSED: "plain",
}


class Paged(Form):
    """Before which release the page begins."""

    before: BusinessId | None = None


def routes() -> list[Route]:
    """The routes of this module."""
    return [
        get("/menus", listing, SEE_MENUS),
        get("/menus/{version:[0-9a-f]{16}}.svg", map_of, SEE_MENUS),
        post("/menus/rollback", rollback, RELEASE_MENUS),
        post("/menus/rollback-now", rollback_now, RELEASE_MENUS),
    ]


async def listing(visit: Visit) -> web.StreamResponse:
    """What is in force, and releases, newest first."""
    releases = visit.deps.releases
    standing, live = await releases.standing(), await visit.deps.session_counts.live_by_version()
    rows = await releases.list_releases(limit=PAGE_ROWS, before=visit.query(Paged).before or "")
    names = await visit.staff_names({id_ for row in rows for id_ in (row.maker, row.checker)})
    base = standing.base.version if standing.base else releases.shipped
    trial = standing.trial
    in_force: list[tuple[str, Cell]] = [
        ("version", Link(base, f"/menus/{base}.svg", code=True)),
        ("sessions", live.get(base, 0)),
        ("trial", Link(trial.version, f"/menus/{trial.version}.svg", code=True) if trial else None),
        ("scope", _scope(visit, trial.scope) if trial else None),
        ("trial_sessions", live.get(trial.version, 0) if trial else None),
    ]
    return visit.page(
        "menus.jinja",
        in_force=in_force,
        table=_table(visit, rows, names, live),
        may_release=visit.may(*RELEASE_MENUS),
        may_go_back=standing.base is not None or trial is not None,
    )


async def map_of(visit: Visit) -> web.StreamResponse:
    """The map of a version."""
    menus = await visit.deps.releases.menus_of(visit.named("version"))
    if menus is None:
        raise NotFound("no such version")
    return await drawn(menus)


async def rollback(visit: Visit) -> web.StreamResponse:
    """Ask a second person to go back."""
    return _asked(visit, await visit.deps.releases.roll_back(visit.staff.id))


async def rollback_now(visit: Visit) -> web.StreamResponse:
    """Go back at once; a second person says afterwards whether it was right."""
    return _asked(visit, await visit.deps.releases.roll_back(visit.staff.id, now=True))


def _asked(visit: Visit, outcome: RollbackOutcome) -> web.Response:
    match outcome:
        case RollbackOutcome.PROPOSED:
            return visit.go("/menus", said="proposed")
        case RollbackOutcome.DONE:
            return visit.go("/menus", said="rolled_back")
        case RollbackOutcome.NOTHING:
            return visit.go("/menus", refused="rollback_nothing")
        case unreachable:
            assert_never(unreachable)


def _table(visit: Visit, rows: list[Release], names: Mapping[str, str], live: Mapping[str, int]) -> Table[Release]:
    return Table(
        name="releases",
        columns=[
            Column("version", lambda row: Link(row.version, f"/menus/{row.version}.svg", code=True)),
            Column("scope", lambda row: _scope(visit, row.scope)),
            Column("state", lambda row: Chip(f"release_state.{row.state.value}", TONES[row.state])),
            Column("sessions", lambda row: live.get(row.version, 0), end=True),
            Column("maker", lambda row: names.get(row.maker, row.maker)),
            Column("checker", lambda row: names.get(row.checker, row.checker)),
            Column("proposed", lambda row: row.proposed_at),
            Column("started", lambda row: row.live_at),
            Column("finished", lambda row: row.ended_at),
            Column("note", lambda row: row.note),
        ],
        rows=rows,
        empty="empty.releases",
        more=f"/menus?before={rows[-1].id}" if len(rows) == PAGE_ROWS else None,
    )


def _scope(visit: Visit, scope: Scope) -> Cell:
    match scope.kind:
        case ScopeKind.EVERYONE:
            return visit.words.t("menus.everyone")
        case ScopeKind.PERCENT:
            return f"{visit.words.number(scope.percent)} %"
        case ScopeKind.BRANCH:
            return Code(scope.branch)
        case unreachable:
            assert_never(unreachable)
