"""USSD sessions: which are live, one hop by hop, and a day's funnel, delays and costs; never a number or a value."""

from dataclasses import dataclass
from datetime import date, timedelta

from aiohttp import web
from pydantic import Field

from gateway.channels.console.cells import Chip, Code, Column, Link, Table
from gateway.channels.console.forms import Form, no_controls
from gateway.channels.console.maps import drawn
from gateway.channels.console.replay import page_of
from gateway.channels.console.roles import SEE_SESSIONS
from gateway.channels.console.routes import ID, Route, get
from gateway.channels.console.visit import Visit
from gateway.errors import BadInput, NotFound
from gateway.services.dialogues import Step, Traced
from gateway.services.funnels import Completion, Delay, Funnel, ScreenSeen, Use, newcombe
from ussd_menus import Menus
from wallet.money import irr

LIVE_MAX = 100
DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"


class Asked(Form):
    """Which day, and which of its sessions; '' for all."""

    day: str = Field("", pattern=rf"^({DAY})?$")
    operator: str = Field("", max_length=20)
    language: str = Field("", pattern=r"^([a-z]{2})?$")
    version: str = Field("", pattern=r"^([0-9a-f]{16})?$")


@dataclass(frozen=True, slots=True)
class Compared:
    """The version that everyone has against the one on trial."""

    version: str
    completion: Completion
    difference: str
    """Against what everyone has, with its 95 % interval; '' for that itself."""


def routes() -> list[Route]:
    """The routes of this module."""
    return [
        get("/sessions", live, SEE_SESSIONS),
        get("/sessions/day", of_day, SEE_SESSIONS),
        get(f"/sessions/{ID}", show, SEE_SESSIONS),
        get(f"/sessions/{{version:[0-9a-f]{{16}}}}/{{day:{DAY}}}.svg", heat, SEE_SESSIONS),
    ]


async def live(visit: Visit) -> web.StreamResponse:
    """Sessions that wait for an answer now."""
    now = visit.deps.clock.now()
    rows = await visit.deps.session_counts.live(LIVE_MAX)
    table: Table[Traced] = Table(
        name="sessions",
        columns=[
            Column("session", lambda row: Link(row.view.id, f"/sessions/{row.view.id}", code=True)),
            Column("msisdn", lambda row: Code(f"***{row.number_end}")),
            Column("screen", lambda row: Code(row.screen)),
            Column("age_s", lambda row: round((now - row.view.started_at).total_seconds()), end=True),
            Column("hops", lambda row: row.view.hops, end=True),
            Column("wire", lambda row: Code(row.view.adapter)),
            Column("operator", lambda row: row.view.operator),
            Column("language", lambda row: row.view.language),
            Column("version", lambda row: Code(row.view.menu_version)),
        ],
        rows=rows,
        empty="empty.sessions",
    )
    return visit.page("sessions.jinja", table=table)


async def show(visit: Visit) -> web.StreamResponse:
    """One session, hop by hop: each screen as its version words it, without a value."""
    found = await visit.deps.session_counts.traced(visit.named("id"))
    if found is None:
        raise NotFound("no such session")
    view = found.view
    menus = await visit.deps.releases.menus_of(view.menu_version)
    hops = [(step, _lines(menus, step), _hop_facts(step)) for step in found.steps]
    facts = [
        ("session", Code(view.id)),
        ("msisdn", Code(f"***{found.number_end}")),
        ("state", Chip(f"session_state.{view.status.value}")),
        ("wire", Code(view.adapter)),
        ("operator", view.operator),
        ("version", Code(view.menu_version)),
        ("hops", view.hops),
        ("started", view.started_at),
        ("finished", view.ended_at),
        ("result", Code(view.end_reason) if view.end_reason else None),
    ]
    return visit.page("session.jinja", facts=facts, hops=hops, resumed_from=view.origin)


async def of_day(visit: Visit) -> web.StreamResponse:
    """What the sessions of a day did."""
    asked = visit.query(Asked)
    no_controls_or_refused(asked.operator)
    today = visit.deps.clock.now().astimezone(visit.words.zone).date()
    day = _day(asked.day) if asked.day else today
    funnels = visit.deps.funnels
    funnel = await funnels.day(day, operator=asked.operator, language=asked.language, version=asked.version)
    return visit.page(
        "sessions_day.jinja",
        day=day,
        asked=asked,
        funnel=funnel,
        endings=[(f"ending_{ending.value}", count) for ending, count in funnel.endings.items()],
        screens=_screens(visit, funnel),
        delays=_delays(funnel),
        uses=_uses(funnel),
        compared=await _compared(visit),
        maps=[Link(version, f"/sessions/{version}/{day.isoformat()}.svg", code=True) for version in funnel.versions],
        before=(day - timedelta(days=1)).isoformat(),
    )


async def heat(visit: Visit) -> web.StreamResponse:
    """The map of a version, coloured by where people left on a day."""
    version = visit.named("version")
    shares = await visit.deps.funnels.heat(_day(visit.named("day")), version)
    menus = await visit.deps.releases.menus_of(version)
    if menus is None:
        raise NotFound("no such version")
    return await drawn(menus, shares)


def no_controls_or_refused(text: str) -> None:
    """Nothing for plain text.

    Raises:
        BadInput: It has control characters.
    """
    try:
        no_controls(text)
    except ValueError as problem:
        raise BadInput("query: operator") from problem


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as problem:
        raise BadInput("query: day") from problem


def _lines(menus: Menus | None, step: Step) -> list[str]:
    return page_of(menus, step.screen, step.language) if menus is not None else []


def _hop_facts(step: Step) -> list[tuple[str, Code | int]]:
    return [("since_ms", step.since_ms), ("took_ms", step.took_ms), ("result", Code(step.end.value))]


def _screens(visit: Visit, funnel: Funnel) -> Table[ScreenSeen]:
    return Table(
        name="funnel",
        columns=[
            Column("screen", lambda row: Code(row.screen)),
            Column("entered", lambda row: row.entered, end=True),
            Column("left_here", lambda row: row.left, end=True),
            Column("cut_here", lambda row: row.cut, end=True),
            Column("share_left", lambda row: visit.words.share(row.share_left), end=True),
        ],
        rows=funnel.screens,
        empty="empty.funnel",
    )


def _delays(funnel: Funnel) -> Table[Delay]:
    return Table(
        name="delays",
        columns=[
            Column("wire", lambda row: Code(row.wire)),
            Column("hops", lambda row: row.hops, end=True),
            Column("p50_ms", lambda row: row.p50_ms, end=True),
            Column("p95_ms", lambda row: row.p95_ms, end=True),
            Column("p99_ms", lambda row: row.p99_ms, end=True),
        ],
        rows=funnel.delays,
        empty="empty.funnel",
    )


def _uses(funnel: Funnel) -> Table[Use]:
    return Table(
        name="session_costs",
        columns=[
            Column("wire", lambda row: Code(row.wire)),
            Column("operator", lambda row: row.operator),
            Column("all_sessions", lambda row: row.sessions, end=True),
            Column("hops", lambda row: row.hops, end=True),
            Column("units_20_s", lambda row: row.units, end=True),
            Column("cost", lambda row: irr(row.cost_minor), end=True),
            Column("cost_each", lambda row: irr(row.each_minor), end=True),
        ],
        rows=funnel.uses,
        empty="empty.funnel",
    )


async def _compared(visit: Visit) -> Table[Compared] | None:
    """The trial against what everyone has, since the day on which the trial began; None without a trial."""
    standing = await visit.deps.releases.standing()
    trial = standing.trial
    if trial is None or trial.live_at is None:
        return None
    base = standing.base.version if standing.base else visit.deps.releases.shipped
    since = trial.live_at.astimezone(visit.words.zone).date()
    found = await visit.deps.funnels.completions(since, (base, trial.version))
    one, other = found[trial.version], found[base]
    share = visit.words.share
    difference, low, high = newcombe(one.completed, one.sessions, other.completed, other.sessions)
    told = f"{share(difference, signed=True)} ({share(low, signed=True)} … {share(high, signed=True)})"
    return Table(
        name="compared",
        columns=[
            Column("version", lambda row: Code(row.version)),
            Column("all_sessions", lambda row: row.completion.sessions, end=True),
            Column("completed", lambda row: row.completion.completed, end=True),
            Column("difference_95", lambda row: row.difference, end=True),
        ],
        rows=[Compared(base, other, ""), Compared(trial.version, one, told)],
        empty="empty.funnel",
    )
