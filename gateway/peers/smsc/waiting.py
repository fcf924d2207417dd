"""Short messages that wait on one link for their turn: lower lanes first, then whoever came first; bounded."""

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count

from gateway.services.notices import PartState
from gateway.wire.smpp import SubmitSm


@dataclass(slots=True)
class Job:
    """One submit_sm on its way.

    `done` is called once with what became of it, the id that the SMSC gave it, and its status; once more with SENT if
    it was uncertain and its answer came after all.
    """

    number: int
    lane: int
    pdu: SubmitSm
    done: Callable[["Job", PartState, str, int], None]
    until: float = 0.0
    """Loop time up to which it waits for its place."""
    sent_at: float = 0.0
    given_up: bool = False
    """Nobody waits for it any more; it is not sent if it has not been."""
    uncertain: bool = False
    """It was sent, and not answered in time."""


@dataclass(slots=True)
class Waiting:
    """A heap by lane and arrival that holds `size_max` jobs."""

    size_max: int
    _heap: list[tuple[int, int, Job]] = field(default_factory=list)
    _arrivals: "count[int]" = field(default_factory=count)

    def __len__(self) -> int:
        return len(self._heap)

    def push(self, job: Job) -> Job | None:
        """Let a job wait; the one that has to leave for it, which may be itself, or None."""
        heapq.heappush(self._heap, (job.lane, next(self._arrivals), job))
        if len(self._heap) <= self.size_max:
            return None
        last = max(self._heap)
        self._heap.remove(last)
        heapq.heapify(self._heap)
        return last[2]

    def pop(self) -> Job:
        """The job whose turn it is."""
        return heapq.heappop(self._heap)[2]

    def overdue(self, now: float) -> list[Job]:
        """Take out those that have waited for long enough."""
        late = [job for _, _, job in self._heap if job.until <= now]
        if late:
            self._heap = [item for item in self._heap if item[2].until > now]
            heapq.heapify(self._heap)
        return late

    def clear(self) -> list[Job]:
        """Take out all."""
        jobs = [job for _, _, job in self._heap]
        self._heap.clear()
        return jobs
