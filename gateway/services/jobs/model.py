"""Long work that people watch, pause and stop."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class JobState(StrEnum):
    """Where a job stands."""

    QUEUED = "queued"
    RUNNING = "running"
    PAUSED = "paused"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class JobOutcome(StrEnum):
    """Answers to `pause`, `resume` and `cancel`."""

    OK = "ok"
    UNKNOWN = "unknown"
    WRONG_STATE = "wrong_state"
    """It is over, or already as asked."""


@dataclass(frozen=True, slots=True)
class Job:
    """One piece of long work.

    Attributes:
        id: `job_…`.
        kind: Decides the function that does it.
        params: What that function is given.
        state: See JobState.
        wanted: What staff have asked for and the next checkpoint will honour: '', `paused` or `cancelled`.
        done: Items done.
        total: Items in all, 0 while unknown.
        cursor: Where the work goes on.
        result: What it said at the end, or ''.
        fault: Why it failed, or ''.
        staff_id: Who started it, or ''.
        created_at: When it was asked for.
        started_at: When it first ran, or None.
        updated_at: Last checkpoint.
        finished_at: When it was over, or None.
    """

    id: str
    kind: str
    params: Mapping[str, str]
    state: JobState
    wanted: str
    done: int
    total: int
    cursor: str
    result: str
    fault: str
    staff_id: str
    created_at: datetime
    started_at: datetime | None
    updated_at: datetime
    finished_at: datetime | None
