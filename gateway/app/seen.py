"""Sessions as they lie with the dialogues, as the funnels count them."""

from typing import assert_never

from gateway.services.dialogues import EndReason, SessionCounts, Status, Traced
from gateway.services.funnels import Ending, Seen, Shown


class SeenSessions:
    """Reads slices of sessions for the funnels."""

    def __init__(self, counts: SessionCounts) -> None:
        self._counts = counts

    async def slice(self, after: str, before: str, limit: int) -> list[Seen]:
        """Sessions of ids between two, in order."""
        return [_seen(one) for one in await self._counts.slice(after, before, limit)]


def _seen(traced: Traced) -> Seen:
    view = traced.view
    until = view.ended_at or view.answered_at
    return Seen(
        id=view.id,
        version=view.menu_version,
        wire=view.adapter,
        operator=view.operator,
        language=view.language,
        ending=ending_of(view.status, view.end_reason),
        started_at=view.started_at,
        seconds=max(0.0, (until - view.started_at).total_seconds()),
        hops=view.hops,
        shown=[Shown(step.screen, step.took_ms) for step in traced.steps],
    )


def ending_of(status: Status, reason: str) -> Ending:
    """How a session ended, from its row; one that is live so long after its time was cut."""
    if status is Status.LIVE:
        return Ending.CUT
    if not reason:
        # Rows of a time when reasons were not kept.
        return _BY_STATUS[status]
    match EndReason(reason):
        case EndReason.DONE | EndReason.UNSEEN | EndReason.LATE | EndReason.TOLD:
            return Ending.COMPLETED
        case EndReason.ABORT | EndReason.REPORT | EndReason.RESET | EndReason.REDIALLED:
            return Ending.LEFT
        case EndReason.TIMEOUT | EndReason.EXPIRED:
            return Ending.CUT
        case EndReason.FAILED:
            return Ending.FAILED
        case EndReason.RESUMED:
            return Ending.RESUMED
        case unreachable:
            assert_never(unreachable)


_BY_STATUS = {
    Status.ENDED: Ending.COMPLETED,
    Status.LATE: Ending.COMPLETED,
    Status.FAILED: Ending.FAILED,
    Status.EXPIRED: Ending.CUT,
}
