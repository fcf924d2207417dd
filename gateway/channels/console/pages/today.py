"""Today: what waits for whoever has signed in, and whether the links are up."""

from collections.abc import Sequence
from dataclasses import dataclass

from aiohttp import web

from gateway.channels.console.pages.evening import evening
from gateway.channels.console.roles import COLLECT_TAPS, SEE_CLEARING
from gateway.channels.console.routes import EVERYONE, Route, get
from gateway.channels.console.visit import Visit
from gateway.services.approvals import Approval
from gateway.services.jobs import JobState
from gateway.services.signing import Waiting
from gateway.services.staff import Role

COUNTED_MAX = 100


@dataclass(frozen=True, slots=True)
class Tile:
    """A number that leads somewhere; `name` is the key of its words."""

    name: str
    count: str
    href: str


def routes() -> list[Route]:
    """The routes of this module."""
    return [get("/", show, EVERYONE)]


async def show(visit: Visit) -> web.StreamResponse:
    """The page."""
    approvals = await _mine(visit)
    documents = await visit.deps.signing.inbox(visit.staff, limit=COUNTED_MAX)
    asked = [await _claims(visit), _approvals(visit, approvals), _documents(visit, documents), await _jobs(visit)]
    asked += [await _exceptions(visit), await _unpaid(visit)]
    return visit.page(
        "today.jinja",
        tiles=[tile for tile in asked if tile],
        links=sorted(visit.deps.links().items()),
        evening=await evening(visit, approvals, documents) if visit.may(Role.FINANCE) else None,
    )


async def _claims(visit: Visit) -> Tile | None:
    if not visit.may(Role.BENEFITS_OFFICER):
        return None
    return Tile("claims", _count(visit, len(await visit.deps.benefits.pending(limit=COUNTED_MAX))), "/claims")


async def _mine(visit: Visit) -> list[Approval]:
    """Approvals that this member may decide."""
    pending = await visit.deps.approvals.list_pending(limit=COUNTED_MAX)
    why = await visit.deps.approvals.may(pending, visit.staff)
    return [approval for approval in pending if why[approval.id] is None]


def _approvals(visit: Visit, mine: Sequence[Approval]) -> Tile | None:
    kinds = {kind for kind, role in visit.deps.approval_roles.items() if role in visit.staff.roles}
    return Tile("approvals", _count(visit, len(mine)), "/approvals") if kinds or mine else None


def _documents(visit: Visit, waiting: Sequence[Waiting]) -> Tile | None:
    return Tile("signing", _count(visit, len(waiting)), "/signing") if waiting else None


async def _jobs(visit: Visit) -> Tile | None:
    if not visit.may(Role.FINANCE, Role.ADMINISTRATOR):
        return None
    over = {JobState.DONE, JobState.CANCELLED}
    jobs = await visit.deps.jobs.list_jobs(limit=COUNTED_MAX)
    return Tile("jobs", _count(visit, sum(job.state not in over for job in jobs)), "/jobs")


async def _exceptions(visit: Visit) -> Tile | None:
    if not visit.may(*SEE_CLEARING):
        return None
    waiting = len(await visit.deps.clearing.views.exceptions(limit=COUNTED_MAX))
    return Tile("exceptions", _count(visit, waiting), "/merchants/exceptions") if waiting else None


async def _unpaid(visit: Visit) -> Tile | None:
    if not visit.may(*COLLECT_TAPS):
        return None
    taps = visit.deps.taps
    waiting = sum([len(await listed(COUNTED_MAX)) for listed in (taps.unpaid, taps.owed, taps.short)])
    return Tile("unpaid", _count(visit, min(waiting, COUNTED_MAX)), "/taps/waiting") if waiting else None


def _count(visit: Visit, count: int) -> str:
    return visit.words.number(count) + ("+" if count >= COUNTED_MAX else "")
