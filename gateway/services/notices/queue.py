"""What waits in the outbox, as staff and metrics see it; each figure comes from an index of its own."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, select

from gateway.services.notices.outgoing import Channel
from gateway.services.notices.rules import Lane, NoticeState
from gateway.services.notices.statements import in_state
from gateway.services.notices.tables import OUTBOX, RECEIPTS

WATCHED = (NoticeState.READY, NoticeState.LEASED, NoticeState.UNCERTAIN)
"""States whose notices are counted all the time: two still have to be sent, one may have been lost."""


@dataclass(frozen=True, slots=True)
class Queue:
    """What waits.

    Attributes:
        oldest_s: For how many seconds the longest waiting notice of each lane has been due; 0 if none is.
        states: How many notices are ready, leased and uncertain.
        receipts_unmatched: Receipts that no part of ours is known for.
    """

    oldest_s: Mapping[Lane, float]
    states: Mapping[NoticeState, int]
    receipts_unmatched: int


def _oldest(lane: Lane, channel: Channel) -> Any:  # noqa: ANN401 - a scalar subquery
    mine = (in_state(NoticeState.READY), OUTBOX.c.channel == channel.value, OUTBOX.c.lane == lane.value)
    return select(func.min(OUTBOX.c.next_at)).where(*mine).scalar_subquery().label(f"{lane.name}_{channel.value}")


QUEUE = select(
    *(_oldest(lane, channel) for lane in Lane for channel in Channel),
    *(select(func.count()).where(in_state(state)).scalar_subquery().label(state.value) for state in WATCHED),
    select(func.count()).where(RECEIPTS.c.matched_at.is_(None)).scalar_subquery().label("unmatched"),
)
"""One row; the moments are of the type of their column."""


def read_queue(row: Row[Any], now: datetime) -> Queue:
    """The row of QUEUE."""
    found = row._mapping  # noqa: SLF001 - SQLAlchemy's public name for it
    oldest: dict[Lane, float] = {}
    for lane in Lane:
        moments = [found[f"{lane.name}_{channel.value}"] for channel in Channel]
        oldest[lane] = max([0.0, *((now - moment).total_seconds() for moment in moments if moment is not None)])
    return Queue(oldest, {state: found[state.value] for state in WATCHED}, found["unmatched"])
