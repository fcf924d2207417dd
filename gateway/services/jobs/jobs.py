"""The verbs of this service."""

from collections.abc import Awaitable, Callable, Mapping

from gateway.services.jobs.handle import JobHandle
from gateway.services.jobs.model import Job, JobOutcome
from gateway.store import Store
from wallet.clock import Clock

JobWork = Callable[[JobHandle, Mapping[str, str]], Awaitable[str]]
"""`(handle, params) -> result`: calls `handle.progress` often, begins at `handle.cursor`; a part twice is harmless."""


class Jobs:
    """Starts, runs and steers jobs. `works` has the function of each kind."""

    def __init__(self, store: Store, clock: Clock, works: Mapping[str, JobWork]) -> None:
        raise NotImplementedError

    async def start(self, kind: str, params: Mapping[str, str], staff_id: str = "") -> Job:
        """Queue a job.

        Raises:
            NotFound: No such kind.
        """
        raise NotImplementedError

    async def by_id(self, job_id: str) -> Job | None:
        """The job with this id."""
        raise NotImplementedError

    async def list_jobs(self, *, limit: int, before: str = "") -> list[Job]:
        """Jobs, newest first, of ids before `before`."""
        raise NotImplementedError

    async def pause(self, job_id: str) -> JobOutcome:
        """Stop at the next checkpoint, to go on later."""
        raise NotImplementedError

    async def resume(self, job_id: str) -> JobOutcome:
        """Go on where it stopped; also after a failure."""
        raise NotImplementedError

    async def cancel(self, job_id: str) -> JobOutcome:
        """Stop at the next checkpoint for good."""
        raise NotImplementedError

    async def tick(self) -> int:
        """Run the oldest queued job, if there is one, until it is over or told to stop; how many were run."""
        raise NotImplementedError

    async def sweep(self) -> int:
        """Queue again what was running in a process that is gone; how many."""
        raise NotImplementedError
