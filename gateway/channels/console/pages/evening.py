"""The finance officer's part of Today: is the money there, what does not agree, what is left to do before the close."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from aiohttp import web
from markupsafe import Markup

from gateway.channels.console.cells import Chip, Column, Link, Table
from gateway.channels.console.pages.close_facts import Line, lines, standing
from gateway.channels.console.roles import SEE_REPORTS
from gateway.channels.console.routes import Route, get
from gateway.channels.console.stacks import stack
from gateway.channels.console.visit import Visit
from gateway.services.approvals import Approval
from gateway.services.breaks import AgeLine, BreakState, TotalLine
from gateway.services.closing import Cover, CoverDay
from gateway.services.signing import Waiting
from wallet.money import ASSETS, Money

PAYOUT_KIND = "payout_batch"
DAYS_SHOWN = 30
STANDING = frozenset(BreakState) - {BreakState.RESOLVED}


@dataclass(frozen=True, slots=True)
class Open:
    """What stands unmatched in one flow and asset."""

    flow: str
    asset: str
    count: int
    minor: int


@dataclass(frozen=True, slots=True)
class Evening:
    """What the page shows; see evening.jinja."""

    covers: Table[Cover]
    short: bool
    history: Table[tuple[date, Cover]]
    unmatched: Table[Open]
    ages: Sequence[tuple[str, Markup, Table[AgeLine]]]
    ran: bool
    batches: Table[Approval | Waiting]
    day: date | None
    lines: Sequence[Line]
    done: tuple[int, int]


def routes() -> list[Route]:
    """The routes of this module."""
    return [get("/today/cover.json", cover_data, SEE_REPORTS)]


async def evening(visit: Visit, approvals: Sequence[Approval], documents: Sequence[Waiting]) -> Evening:
    """Everything of it; approvals and documents are those that wait for this member."""
    deps = visit.deps
    covers = await deps.closing.cover()
    day = await deps.closing.next_day()
    checklist = await deps.closing.checklist(day) if day else None
    ages = await deps.breaks.ageing()
    ran = bool(await deps.reconciliation.runs(limit=1))
    return Evening(
        covers=_covers(covers),
        short=any(cover.short_minor for cover in covers),
        history=_history(await deps.closing.cover_history(DAYS_SHOWN)),
        unmatched=_unmatched(visit, await deps.breaks.totals(), ran=ran),
        ages=[(asset, _bar(visit, found), _ages(found)) for asset, found in _by_asset(ages).items()],
        ran=ran,
        batches=_batches(visit, approvals, documents),
        day=day,
        lines=await lines(visit, checklist.checks) if checklist else [],
        done=standing(checklist) if checklist else (0, 0),
    )


async def cover_data(visit: Visit) -> web.StreamResponse:
    """Float and trust day by day in the first asset, for the chart; the table on the page has the same figures."""
    days = await visit.deps.closing.cover_history(DAYS_SHOWN)
    known = [(day.day, day.covers[0]) for day in days if day.covers]
    t = visit.words.t
    return web.json_response(
        {
            "locale": visit.words.language,
            "days": [visit.words.day(day) for day, _ in known],
            "series": [
                {"label": t("column.float"), "values": [str(cover.float_minor) for _, cover in known]},
                {"label": t("column.trust"), "values": [str(cover.trust_minor) for _, cover in known]},
            ],
        }
    )


def _covers(rows: Sequence[Cover]) -> Table[Cover]:
    return Table(
        name="covers",
        columns=[
            Column("float", lambda row: Link(_money(row.float_minor, row.asset), "/reports/float_cover"), end=True),
            Column("trust", lambda row: _money(row.trust_minor, row.asset), end=True),
            Column("bank_says", lambda row: _known(row.bank_minor, row.asset), end=True),
            Column("cash", lambda row: _money(row.cash_minor, row.asset), end=True),
            Column("cover_share", _covered),
        ],
        rows=rows,
        empty="empty.covers",
    )


def _history(days: Sequence[CoverDay]) -> Table[tuple[date, Cover]]:
    return Table(
        name="cover_history",
        columns=[
            Column("day", lambda row: Link(row[0], f"/ledger?day={row[0].isoformat()}")),
            Column("float", lambda row: _money(row[1].float_minor, row[1].asset), end=True),
            Column("trust", lambda row: _money(row[1].trust_minor, row[1].asset), end=True),
            Column("cover_share", lambda row: _covered(row[1])),
        ],
        rows=[(day.day, cover) for day in reversed(days) for cover in day.covers],
        empty="empty.covers",
    )


def _covered(row: Cover) -> Chip:
    return Chip("today.short", "bad") if row.short_minor else Chip("today.covered", "good")


def _unmatched(visit: Visit, totals: Sequence[TotalLine], *, ran: bool) -> Table[Open]:
    sums: dict[tuple[str, str], tuple[int, int]] = {}
    for line in totals:
        if line.state in STANDING:
            count, minor = sums.get((line.flow, line.asset), (0, 0))
            sums[line.flow, line.asset] = (count + line.count, minor + line.minor)
    rows = [Open(*key, *both) for key, both in sorted(sums.items())]
    return Table(
        name="unmatched",
        columns=[
            Column("flow", lambda row: Link(visit.words.t(f"recon_flow.{row.flow}"), f"/reconciliation/{row.flow}")),
            Column("unmatched", lambda row: Link(row.count, f"/breaks?flow={row.flow}"), end=True),
            Column("value", lambda row: _money(row.minor, row.asset), end=True),
        ],
        rows=rows,
        empty="empty.unmatched" if ran else "empty.unmatched_never",
    )


def _by_asset(ages: Sequence[AgeLine]) -> Mapping[str, list[AgeLine]]:
    found: dict[str, list[AgeLine]] = {}
    for line in ages:
        found.setdefault(line.asset, []).append(line)
    return {asset: rows for asset, rows in found.items() if any(row.count for row in rows)}


def _bar(visit: Visit, rows: Sequence[AgeLine]) -> Markup:
    return stack([(visit.words.t(f"age_bucket.{row.bucket.value}"), row.count) for row in rows], visit.words)


def _ages(rows: Sequence[AgeLine]) -> Table[AgeLine]:
    return Table(
        name="ages",
        columns=[
            Column("age", lambda row: Chip(f"age_bucket.{row.bucket.value}")),
            Column("unmatched", lambda row: Link(row.count, f"/breaks?bucket={row.bucket.value}"), end=True),
            Column("value", lambda row: _money(row.minor, row.asset), end=True),
        ],
        rows=rows,
        empty="empty.unmatched",
    )


def _batches(visit: Visit, approvals: Sequence[Approval], documents: Sequence[Waiting]) -> Table[Approval | Waiting]:
    """Batches that this member may agree to or sign, the oldest first."""
    rows: list[Approval | Waiting] = [row for row in approvals if row.kind == PAYOUT_KIND]
    rows += [row for row in documents if row.document.kind == PAYOUT_KIND]
    return Table(
        name="batches_waiting",
        columns=[
            Column("batch", lambda row: _batch(visit, row)),
            Column("what", lambda row: Chip(f"today.{'sign' if isinstance(row, Waiting) else 'agree'}", "wait")),
            Column("asked", lambda row: row.asked_at if isinstance(row, Waiting) else row.proposed_at),
        ],
        rows=sorted(rows, key=lambda row: row.asked_at if isinstance(row, Waiting) else row.proposed_at),
        empty="empty.batches_waiting",
    )


def _batch(visit: Visit, row: Approval | Waiting) -> Link:
    if isinstance(row, Waiting):
        return Link(row.document.title, f"/signing/{row.id}")
    return Link(row.subject, f"/approvals/{row.id}", code=True)


def _known(minor: int | None, asset: str) -> Money | None:
    return None if minor is None else _money(minor, asset)


def _money(minor: int, asset: str) -> Money:
    return Money(minor, ASSETS[asset])
