"""Long work that is watched, paused, resumed, cancelled, and taken over from a process that is gone."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from gateway.errors import NotFound, PeerUnavailable
from gateway.services.jobs import Job, JobHandle, JobOutcome, Jobs, JobState
from gateway.store import Store
from wallet.clock import ManualClock


@dataclass
class Counting:
    """A job that counts to `params["to"]`, one checkpoint each; `at` runs before the checkpoint of a number."""

    seen: list[int] = field(default_factory=list)
    at: dict[int, Callable[[str], Awaitable[object]]] = field(default_factory=dict)

    async def run(self, job: JobHandle, params: Mapping[str, str]) -> str:
        total = int(params["to"])
        for number in range(int(job.cursor or 0) + 1, total + 1):
            self.seen.append(number)
            if number in self.at:
                await self.at[number](job.id)
            await job.progress(number, total, str(number))
        return f"counted to {total}"


@pytest.fixture
def counting() -> Counting:
    return Counting()


@pytest.fixture
async def jobs(database_url: str, clock: ManualClock, counting: Counting) -> AsyncIterator[Jobs]:
    await Store.upgrade(database_url)
    store = await Store.open(database_url)
    yield Jobs(store, clock, {"count": counting.run})
    await store.close()


async def now(jobs: Jobs, job: Job) -> Job:
    found = await jobs.by_id(job.id)
    assert found is not None
    return found


async def test_a_job_runs_to_its_end_and_shows_progress(jobs: Jobs, counting: Counting) -> None:
    job = await jobs.start("count", {"to": "3"}, "stf_1")

    assert await jobs.tick() == 1
    assert await jobs.tick() == 0

    over = await now(jobs, job)
    assert (over.state, over.done, over.total, over.result) == (JobState.DONE, 3, 3, "counted to 3")
    assert counting.seen == [1, 2, 3]
    assert await jobs.list_jobs(limit=5) == [over]


@pytest.mark.parametrize("steer", ["pause", "cancel"])
async def test_a_job_stops_at_the_next_checkpoint(jobs: Jobs, counting: Counting, steer: str) -> None:
    counting.at = {2: jobs.pause if steer == "pause" else jobs.cancel}
    job = await jobs.start("count", {"to": "4"})

    await jobs.tick()

    stopped = await now(jobs, job)
    assert stopped.state is (JobState.PAUSED if steer == "pause" else JobState.CANCELLED)
    assert (stopped.done, stopped.wanted, counting.seen) == (2, "", [1, 2])
    counting.at.clear()
    assert await jobs.resume(job.id) is (JobOutcome.OK if steer == "pause" else JobOutcome.WRONG_STATE)
    await jobs.tick()
    assert counting.seen == ([1, 2, 3, 4] if steer == "pause" else [1, 2])


async def test_a_pause_that_was_not_honoured_yet_is_taken_back(jobs: Jobs, counting: Counting) -> None:
    async def twice(job_id: str) -> None:
        assert await jobs.pause(job_id) is JobOutcome.OK
        assert await jobs.resume(job_id) is JobOutcome.OK

    counting.at = {1: twice}
    job = await jobs.start("count", {"to": "2"})
    await jobs.tick()

    assert (await now(jobs, job)).state is JobState.DONE


async def test_a_queued_job_stops_at_once(jobs: Jobs) -> None:
    job = await jobs.start("count", {"to": "2"})

    assert await jobs.pause(job.id) is JobOutcome.OK
    assert await jobs.tick() == 0
    assert await jobs.cancel(job.id) is JobOutcome.OK
    assert await jobs.pause(job.id) is JobOutcome.WRONG_STATE
    assert await jobs.cancel("job_0") is JobOutcome.UNKNOWN


async def test_a_fault_fails_the_job_and_it_can_be_resumed(jobs: Jobs, counting: Counting) -> None:
    async def fail(_job_id: str) -> None:
        raise PeerUnavailable("no bank today")

    counting.at = {2: fail}
    job = await jobs.start("count", {"to": "3"})
    await jobs.tick()
    failed = await now(jobs, job)
    assert (failed.state, failed.fault, failed.done) == (JobState.FAILED, "no bank today", 1)
    counting.at.clear()

    assert await jobs.resume(job.id) is JobOutcome.OK
    await jobs.tick()

    assert (await now(jobs, job)).state is JobState.DONE
    assert counting.seen == [1, 2, 2, 3]


async def test_a_bug_fails_the_job_and_is_not_hidden(jobs: Jobs) -> None:
    job = await jobs.start("count", {})

    with pytest.raises(KeyError):
        await jobs.tick()

    assert (await now(jobs, job)).fault == "KeyError"


async def test_what_a_dead_process_left_is_taken_over_and_its_ghost_writes_nothing(
    jobs: Jobs, counting: Counting, clock: ManualClock
) -> None:
    async def outlived(_job_id: str) -> None:
        counting.at.clear()
        assert await jobs.sweep() == 0
        clock.advance(timedelta(minutes=3))
        assert await jobs.sweep() == 1
        assert await jobs.tick() == 1

    counting.at = {2: outlived}
    job = await jobs.start("count", {"to": "3"})
    await jobs.tick()

    over = await now(jobs, job)
    assert (over.state, over.done) == (JobState.DONE, 3)
    assert counting.seen == [1, 2, 2, 3], "the second run went on at the last checkpoint, the first stopped at its next"


async def test_an_unknown_kind_is_refused(jobs: Jobs) -> None:
    with pytest.raises(NotFound):
        await jobs.start("dance", {})
