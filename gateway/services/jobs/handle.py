"""What a running job holds in its hand."""

from collections.abc import Mapping

from sqlalchemy import Connection, select, update

from gateway.services.jobs.model import JobState
from gateway.services.jobs.tables import jobs
from gateway.store import Store
from wallet.clock import Clock


class JobStops(Exception):
    """Raised at a checkpoint when the job is to stop there; a job's function lets it pass."""


class JobHandle:
    """A running job: its id, where it goes on, and its checkpoints."""

    def __init__(self, store: Store, clock: Clock, job_id: str, run_id: str, cursor: str) -> None:
        self._store = store
        self._clock = clock
        self._run_id = run_id
        self.id = job_id
        self.cursor = cursor
        """Where an earlier run of this job stopped; '' at the beginning."""

    async def progress(self, done: int, total: int, cursor: str = "") -> None:
        """A checkpoint: stores progress and, unless it is '', the cursor.

        Raises:
            JobStops: Somebody has asked for pause or cancel, or another process has taken the job over.
        """
        reached: dict[str, object] = {"done": done, "total": total}
        if cursor:
            reached["cursor"] = self.cursor = cursor

        def work(tx: Connection) -> str:
            if not self._write(tx, reached):
                return "taken over"
            return str(tx.execute(select(jobs.c.wanted).where(jobs.c.id == self.id)).scalar_one())

        wanted = await self._store.write(work)
        if wanted:
            raise JobStops(wanted)

    async def end(self, state: JobState, **said: str) -> bool:
        """Write how the run ended; False if the job is no more this run's."""
        over = state in {JobState.DONE, JobState.FAILED, JobState.CANCELLED}
        values = {"state": state, "wanted": "", "finished_at": self._clock.now() if over else None, **said}
        return await self._store.write(lambda tx: self._write(tx, values))

    async def stopped(self) -> bool:
        """Stop as was asked: PAUSED or CANCELLED."""

        def work(tx: Connection) -> str:
            return str(tx.execute(select(jobs.c.wanted).where(jobs.c.id == self.id)).scalar_one())

        wanted = await self._store.write(work)
        return await self.end(JobState(wanted)) if wanted else False

    def _write(self, tx: Connection, values: Mapping[str, object]) -> bool:
        mine = update(jobs).where(jobs.c.id == self.id, jobs.c.run_id == self._run_id)
        return tx.execute(mine.values(updated_at=self._clock.now(), **values)).rowcount == 1
