"""The verbs of this service."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from gateway.errors import Fault, NotFound
from gateway.observe import log
from gateway.services.jobs.handle import JobHandle, JobStops
from gateway.services.jobs.model import Job, JobOutcome, JobState
from gateway.services.jobs.tables import jobs
from gateway.store import Store
from wallet.clock import Clock
from wallet.errors import WalletFault
from wallet.ids import new_id

JobWork = Callable[[JobHandle, Mapping[str, str]], Awaitable[str]]
"""`(handle, params) -> result`: calls `handle.progress` often, begins at `handle.cursor`; a part twice is harmless."""

SILENT_MAX = timedelta(minutes=2)
"""A running job that reaches no checkpoint for this long was in a process that is gone."""

_RESUMABLE = frozenset({JobState.PAUSED, JobState.FAILED})


class Jobs:
    """Starts, runs and steers jobs. `works` has the function of each kind."""

    def __init__(self, store: Store, clock: Clock, works: Mapping[str, JobWork]) -> None:
        self._store = store
        self._clock = clock
        self._works = works
        self._log = log(service="jobs")

    async def start(self, kind: str, params: Mapping[str, str], staff_id: str = "") -> Job:
        """Queue a job.

        Raises:
            NotFound: No such kind.
        """
        if kind not in self._works:
            raise NotFound(f"no job of kind {kind}")
        now = self._clock.now()
        job = Job(
            new_id("job", self._clock), kind, dict(params), JobState.QUEUED, "", 0, 0, "", "", "", staff_id, now, None,
            now, None,
        )  # fmt: skip
        row = {name: getattr(job, name) for name in Job.__dataclass_fields__}
        await self._store.write(lambda tx: tx.execute(insert(jobs).values(run_id="", **row)).rowcount)
        return job

    async def by_id(self, job_id: str) -> Job | None:
        """The job with this id."""
        rows = await self._store.read(select(jobs).where(jobs.c.id == job_id))
        return _job_of(rows[0]) if rows else None

    async def list_jobs(self, *, limit: int, before: str = "") -> list[Job]:
        """Jobs, newest first, of ids before `before`."""
        query = select(jobs).order_by(jobs.c.id.desc()).limit(limit)
        if before:
            query = query.where(jobs.c.id < before)
        return [_job_of(row) for row in await self._store.read(query)]

    async def pause(self, job_id: str) -> JobOutcome:
        """Stop at the next checkpoint, to go on later."""
        return await self._stop(job_id, JobState.PAUSED)

    async def cancel(self, job_id: str) -> JobOutcome:
        """Stop at the next checkpoint for good."""
        return await self._stop(job_id, JobState.CANCELLED)

    async def resume(self, job_id: str) -> JobOutcome:
        """Go on where it stopped; also after a failure."""

        def change(row: Row[Any]) -> Mapping[str, object] | None:
            if row.state in _RESUMABLE:
                return {"state": JobState.QUEUED, "wanted": "", "fault": "", "finished_at": None}
            return {"wanted": ""} if row.state == JobState.RUNNING and row.wanted == JobState.PAUSED else None

        return await self._steer(job_id, change)

    async def tick(self) -> int:
        """Run the oldest queued job, if there is one, until it is over or told to stop; how many were run."""
        taken = await self._take()
        if taken is None:
            return 0
        job, handle = taken
        try:
            result = await self._works[job.kind](handle, job.params)
        except JobStops as stop:
            self._log.info("job_stopped", job_id=job.id, wanted=str(stop))
            await handle.stopped()
        except (Fault, WalletFault) as fault:
            self._log.warning("job_failed", job_id=job.id, kind=job.kind, fault=str(fault))
            await handle.end(JobState.FAILED, fault=str(fault))
        except Exception as bug:
            # Otherwise the sweep would run it again for ever.
            await handle.end(JobState.FAILED, fault=type(bug).__name__)
            raise
        else:
            await handle.end(JobState.DONE, result=result)
        return 1

    async def sweep(self) -> int:
        """Queue again what was running in a process that is gone; how many."""
        now = self._clock.now()
        silent = (jobs.c.state == JobState.RUNNING) & (jobs.c.updated_at < now - SILENT_MAX)
        again = update(jobs).where(silent).values(state=JobState.QUEUED, run_id="", updated_at=now)
        return await self._store.write(lambda tx: tx.execute(again).rowcount)

    async def _take(self) -> tuple[Job, JobHandle] | None:
        run_id = new_id("run", self._clock)
        now = self._clock.now()
        oldest = select(jobs).where(jobs.c.state == JobState.QUEUED, jobs.c.kind.in_(self._works))

        def work(tx: Connection) -> Row[Any] | None:
            row = tx.execute(oldest.order_by(jobs.c.id).limit(1).with_for_update(key_share=True)).one_or_none()
            if row is not None:
                values = {"state": JobState.RUNNING, "run_id": run_id, "updated_at": now}
                tx.execute(update(jobs).where(jobs.c.id == row.id).values(started_at=row.started_at or now, **values))
            return row

        # Looking costs no write: most ticks find nothing.
        row = await self._store.write(work) if await self._store.read(oldest.limit(1)) else None
        return None if row is None else (_job_of(row), JobHandle(self._store, self._clock, row.id, run_id, row.cursor))

    async def _stop(self, job_id: str, state: JobState) -> JobOutcome:
        now = self._clock.now()

        def change(row: Row[Any]) -> Mapping[str, object] | None:
            if row.state == JobState.RUNNING:
                return {"wanted": state} if row.wanted != state else None
            idle = row.state == JobState.QUEUED or (row.state in _RESUMABLE and state is JobState.CANCELLED)
            if not idle:
                return None
            return {"state": state, "wanted": "", "finished_at": now if state is JobState.CANCELLED else None}

        return await self._steer(job_id, change)

    async def _steer(self, job_id: str, change: Callable[[Row[Any]], Mapping[str, object] | None]) -> JobOutcome:
        def work(tx: Connection) -> JobOutcome:
            query = select(jobs).where(jobs.c.id == job_id).with_for_update(key_share=True)
            row = tx.execute(query).one_or_none()
            if row is None:
                return JobOutcome.UNKNOWN
            values = change(row)
            if values is None:
                return JobOutcome.WRONG_STATE
            tx.execute(update(jobs).where(jobs.c.id == job_id).values(**values))
            return JobOutcome.OK

        return await self._store.write(work)


def _job_of(row: Row[Any]) -> Job:
    values = row._asdict()
    del values["run_id"]
    return Job(**{**values, "state": JobState(row.state)})
