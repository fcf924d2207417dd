"""The thread before a hardware module, with sessions that do as they are told: late, lost, refused, away."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import KeyFault, KeysUnavailable
from gateway.keys import worker as token_worker
from gateway.keys.breaker import Breaker
from gateway.keys.worker import PinRefused, TokenLost, TokenWorker
from gateway.observe import Metrics


class Session:
    """A session that counts."""

    def __init__(self) -> None:
        self.closed = False

    def close(self) -> None:
        self.closed = True


class Module:
    """Opens sessions, unless it was told what goes wrong."""

    def __init__(self) -> None:
        self.sessions: list[Session] = []
        self.fault: Exception | None = None
        self.tries = 0

    def connect(self) -> Session:
        self.tries += 1
        if self.fault is not None:
            raise self.fault
        self.sessions.append(Session())
        return self.sessions[-1]


@asynccontextmanager
async def started(
    module: Module, metrics: Metrics | None = None, *, timeout_s: float = 5, pause_s: float = 0
) -> AsyncIterator[TokenWorker[Session]]:
    worker = TokenWorker(module.connect, metrics or Metrics(), timeout_s=timeout_s, pause_s=pause_s)
    await worker.start()
    try:
        yield worker
    finally:
        await worker.close()


def lost(_session: Session) -> None:
    raise TokenLost("SessionHandleInvalid")


async def test_work_is_done_in_one_thread_and_one_at_a_time() -> None:
    inside: list[str] = []
    both: list[str] = []

    def work(_session: Session) -> str:
        inside.append(threading.current_thread().name)
        both.extend(inside if len(inside) > 1 else [])
        return inside.pop()

    async with started(Module()) as worker, started(Module()) as other, asyncio.TaskGroup() as group:
        done = [group.create_task(one.do("mac", work)) for one in (worker, other) for _ in range(50)]

    assert {task.result() for task in done} == {"hsm"}
    assert both == []


async def test_a_session_that_was_lost_is_opened_again_and_the_work_done_again() -> None:
    module, seen = Module(), list[Session]()

    def work(session: Session) -> int:
        seen.append(session)
        if len(seen) == 1:
            raise TokenLost("SessionHandleInvalid")
        return len(seen)

    async with started(module) as worker:
        assert await worker.do("mac", work) == 2
        assert seen == module.sessions
        assert [session.closed for session in module.sessions] == [True, False]
    assert all(session.closed for session in module.sessions)


async def test_work_that_is_lost_twice_makes_the_keys_unavailable() -> None:
    module = Module()
    async with started(module) as worker:
        with pytest.raises(KeysUnavailable, match="SessionHandleInvalid"):
            await worker.do("mac", lost)
        assert len(module.sessions) == 2
        assert await worker.do("mac", lambda _session: "well") == "well"


async def test_a_key_fault_is_the_works_answer_and_no_failure_of_the_module() -> None:
    module, metrics = Module(), Metrics()

    def refused(_session: Session) -> None:
        raise KeyFault("does not open")

    async with started(module, metrics) as worker:
        for _ in range(token_worker.FAILURES_MAX + 1):
            with pytest.raises(KeyFault, match="does not open"):
                await worker.do("unseal", refused)
    assert len(module.sessions) == 1
    assert metrics.registry.get_sample_value("tapdial_hsm_up") == 1
    labels = {"operation": "unseal", "outcome": "refused"}
    assert metrics.registry.get_sample_value("tapdial_hsm_operations_total", labels) == token_worker.FAILURES_MAX + 1


async def test_while_the_module_is_away_callers_hear_it_at_once_and_one_a_pause_tries() -> None:
    module, metrics = Module(), Metrics()
    async with started(module, metrics, pause_s=3600) as worker:
        module.fault = TokenLost("TokenNotPresent")
        for _ in range(token_worker.FAILURES_MAX):
            with pytest.raises(KeysUnavailable, match="TokenNotPresent"):
                await worker.do("mac", lost)
        tries = module.tries
        assert metrics.registry.get_sample_value("tapdial_hsm_up") == 0

        for _ in range(5):
            with pytest.raises(KeysUnavailable, match="is away"):
                await worker.do("mac", lambda _session: None)
        assert module.tries == tries

        module.fault, worker._breaker._next_try = None, 0.0
        assert await worker.do("mac", lambda _session: "back") == "back"
        assert await worker.do("mac", lambda _session: "back") == "back"
        assert metrics.registry.get_sample_value("tapdial_hsm_up") == 1


async def test_a_pin_that_is_refused_later_is_not_tried_again() -> None:
    module = Module()
    async with started(module) as worker:
        module.fault = PinRefused("refuses the PIN")
        for _ in range(token_worker.FAILURES_MAX + 2):
            with pytest.raises(KeysUnavailable, match="refuses the PIN"):
                await worker.do("mac", lost)
        assert module.tries == 2
        module.fault = None
        with pytest.raises(KeysUnavailable, match="after a restart"):
            await worker.do("mac", lambda _session: None)


async def test_a_token_that_came_back_without_its_keys_is_asked_again_until_it_has_them() -> None:
    module = Module()
    async with started(module) as worker:
        module.fault = KeyFault("the token has no pepper")
        for _ in range(2):
            with pytest.raises(KeysUnavailable, match="no pepper"):
                await worker.do("mac", lost)
        module.fault = None
        assert await worker.do("mac", lambda _session: "well") == "well"


@pytest.mark.parametrize(
    ("fault", "told"), [(KeyFault("refuses the PIN"), KeyFault), (TokenLost("NoSuchToken"), KeysUnavailable)]
)
async def test_what_is_wrong_at_the_opening_is_told_and_no_thread_stays(
    fault: Exception, told: type[Exception]
) -> None:
    module, before = Module(), threading.active_count()
    module.fault = fault
    with pytest.raises(told):
        async with started(module):
            pytest.fail("it has begun")
    assert threading.active_count() <= before + 1  # the loop's own thread that has waited for it


class Hung:
    """Work that does not return until it is let go."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.go = threading.Event()

    def __call__(self, _session: Session) -> str:
        self.begun.set()
        assert self.go.wait(30)
        return "late"


async def test_a_module_that_hangs_costs_each_caller_its_deadline_then_nothing() -> None:
    hung = Hung()
    begun: list[Session] = []
    async with started(Module(), timeout_s=0.05, pause_s=3600) as worker:
        with pytest.raises(KeysUnavailable, match="in time"):
            await worker.do("mac", hung)
        for _ in range(token_worker.FAILURES_MAX - 1):
            with pytest.raises(KeysUnavailable, match="in time"):
                await worker.do("mac", begun.append)
        with pytest.raises(KeysUnavailable, match="is away"):
            await worker.do("mac", begun.append)

        hung.go.set()
        worker._breaker._next_try, worker._timeout_s = 0.0, 5.0
        assert await worker.do("mac", lambda _session: "well") == "well"
    assert begun == []  # nobody waited for it any more


async def test_a_full_queue_takes_nothing() -> None:
    hung = Hung()
    async with started(Module(), timeout_s=20) as worker, asyncio.TaskGroup() as group:
        first = group.create_task(worker.do("mac", hung))
        await asyncio.to_thread(hung.begun.wait)
        waiting = [group.create_task(worker.do("mac", lambda _session: 1)) for _ in range(token_worker.QUEUE_MAX)]
        await asyncio.sleep(0)

        with pytest.raises(KeysUnavailable, match="too much waits"):
            await worker.do("mac", lambda _session: 1)

        hung.go.set()
    assert first.result() == "late"
    assert sum(task.result() for task in waiting) == token_worker.QUEUE_MAX
    with pytest.raises(KeysUnavailable, match="closed"):
        await worker.do("mac", lambda _session: 1)


async def test_who_waits_when_the_keys_are_closed_is_told() -> None:
    hung = Hung()
    worker = TokenWorker(Module().connect, Metrics(), timeout_s=5)
    await worker.start()
    async with asyncio.TaskGroup() as group:
        first = group.create_task(worker.do("mac", hung))
        await asyncio.to_thread(hung.begun.wait)
        second = group.create_task(_outcome(lambda: worker.do("mac", lambda _session: 1)))
        await asyncio.sleep(0)
        closing = group.create_task(worker.close())
        await asyncio.sleep(0)
        hung.go.set()
        await closing
    assert first.result() == "late"
    assert second.result() == "the keys are closed"


async def _outcome(call: Callable[[], Any]) -> str:
    try:
        return str(await call())
    except KeysUnavailable as problem:
        return str(problem)


async def test_a_caller_that_is_cancelled_leaves_the_worker_well() -> None:
    hung = Hung()
    async with started(Module()) as worker:
        async with asyncio.TaskGroup() as group:
            caller = group.create_task(worker.do("mac", hung))
            await asyncio.to_thread(hung.begun.wait)
            caller.cancel()
        hung.go.set()
        assert await worker.do("mac", lambda _session: "well") == "well"


@given(st.lists(st.tuples(st.sampled_from(["failed", "succeeded"]), st.integers(0, 3)), max_size=40))
def test_a_breaker_turns_nobody_away_before_failures_in_a_row_and_then_lets_one_through_a_pause(
    events: list[tuple[str, int]],
) -> None:
    breaker, now, in_a_row, let_through = Breaker(failures_max=3, pause_s=2), 0, 0, -10
    for what, later in events:
        now += later
        if breaker.admits(now):
            if in_a_row >= 3:
                assert now - let_through >= 2
                let_through = now
            if what == "failed":
                breaker.failed(now)
                in_a_row, let_through = in_a_row + 1, now
            else:
                breaker.succeeded()
                in_a_row = 0
        else:
            assert in_a_row >= 3
            assert now - let_through < 2
        assert breaker.is_open == (in_a_row >= 3)
