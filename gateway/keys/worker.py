"""The one thread that speaks to a hardware module: a bounded queue before it, a deadline for each operation.

python-pkcs11 tells a module of no threads (C_Initialize without locks), so no two may be inside it at once. A session
that was lost is opened anew, with its login, and the operation is done again once; a PIN that was refused is not tried
again, because a token counts wrong PINs and locks itself.
"""

import asyncio
import queue
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from gateway.errors import KeyFault, KeysUnavailable
from gateway.keys.breaker import Breaker
from gateway.observe import Metrics, log

QUEUE_MAX = 256
OPEN_S = 10.0
"""How long the first login may take."""
FAILURES_MAX = 3
PAUSE_S = 1.0
_MODULES = threading.Lock()
"""A module is loaded once a process, however many stores stand on it."""


class TokenLost(Exception):
    """The session, the login or the token is gone; the text is the module's code."""


class PinRefused(KeyFault):
    """The token refuses the PIN."""


class Closable(Protocol):
    """A session with a token."""

    def close(self) -> None:
        """End it; never raises."""
        ...


Session = TypeVar("Session", bound=Closable)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Job:
    work: Callable[[Any], Any]
    future: asyncio.Future[Any]
    loop: asyncio.AbstractEventLoop
    until_s: float
    opens: bool


class TokenWorker(Generic[Session]):
    """Does work with a session in its thread. `start` it, `close` it."""

    def __init__(
        self, connect: Callable[[], Session], metrics: Metrics, *, timeout_s: float, pause_s: float = PAUSE_S
    ) -> None:
        self._connect = connect
        self._metrics = metrics
        self._timeout_s = timeout_s
        self._breaker = Breaker(failures_max=FAILURES_MAX, pause_s=pause_s)
        self._jobs: queue.Queue[_Job | None] = queue.Queue(QUEUE_MAX)
        self._session: Session | None = None
        self._refused = ""
        self._closing = False
        # A module that never answers must not keep the process from ending.
        self._thread = threading.Thread(target=self._run, name="hsm", daemon=True)

    async def start(self) -> None:
        """Open the session.

        Raises:
            KeyFault: The module, the token, its PIN or its keys are not as they must be.
            KeysUnavailable: The token is not there, or the module does not answer.
        """
        self._thread.start()
        try:
            await self._done(lambda _session: None, OPEN_S, opens=True)
        except BaseException:
            await self.close()
            raise
        self._metrics.hsm_up.set(1)

    async def do(self, operation: str, work: Callable[[Session], T]) -> T:
        """What `work` answers in the thread; it may be done twice, and a caller that gave up may still have it done.

        Raises:
            KeyFault: As `work` says.
            KeysUnavailable: The module is away, does not answer in time, or too much waits for it.
        """
        begun = time.monotonic()
        outcome = "failed"
        try:
            if not self._breaker.admits(begun):
                raise KeysUnavailable("the hardware module is away")
            answer = await self._done(work, self._timeout_s)
        except KeyFault:
            outcome = "refused"
            raise
        else:
            outcome = "done"
            return answer
        finally:
            self._metrics.hsm_operations.labels(operation, outcome).inc()
            self._metrics.hsm_seconds.labels(operation).observe(time.monotonic() - begun)

    async def close(self) -> None:
        """Let what is in work end, log out, and end the thread; a module that hangs is left behind."""
        self._closing = True
        # A full queue wakes the thread just as well.
        with suppress(queue.Full):
            self._jobs.put_nowait(None)
        await asyncio.to_thread(self._thread.join, self._timeout_s)

    async def _done(self, work: Callable[[Session], T], timeout_s: float, *, opens: bool = False) -> T:
        if self._closing:
            raise KeysUnavailable("the keys are closed")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        try:
            self._jobs.put_nowait(_Job(work, future, loop, time.monotonic() + timeout_s, opens))
        except queue.Full:
            raise KeysUnavailable("too much waits for the hardware module") from None
        try:
            async with asyncio.timeout(timeout_s):
                answer = await future
        except TimeoutError:
            self._has_failed()
            raise KeysUnavailable("the hardware module does not answer in time") from None
        except KeysUnavailable:
            self._has_failed()
            raise
        except KeyFault:
            self._is_well()
            raise
        self._is_well()
        return answer

    def _has_failed(self) -> None:
        self._breaker.failed(time.monotonic())
        if self._breaker.is_open:
            self._metrics.hsm_up.set(0)

    def _is_well(self) -> None:
        if self._breaker.is_open:
            self._metrics.hsm_up.set(1)
        self._breaker.succeeded()

    def _run(self) -> None:
        while not self._closing and (job := self._jobs.get()) is not None:
            # Nobody waits any more for what has waited too long itself.
            if time.monotonic() < job.until_s:
                self._serve(job)
        with _MODULES:
            self._leave()
        while not self._jobs.empty():
            if (job := self._jobs.get_nowait()) is not None:
                _tell(job, None, KeysUnavailable("the keys are closed"))

    def _serve(self, job: _Job) -> None:
        try:
            with _MODULES:
                answer = self._answer(job)
        except BaseException as problem:  # noqa: BLE001 - whoever asked gets it
            _tell(job, None, problem)
        else:
            _tell(job, answer, None)

    def _answer(self, job: _Job) -> object:
        if self._session is not None:
            try:
                return job.work(self._session)
            except TokenLost as lost:
                log().warning("hsm_session_lost", code=str(lost))
                self._leave()
        try:
            self._session = self._opened(first=job.opens)
            return job.work(self._session)
        except TokenLost as lost:
            self._leave()
            raise KeysUnavailable(f"the hardware module is away: {lost}") from lost

    def _opened(self, *, first: bool) -> Session:
        if self._refused:
            raise KeysUnavailable(self._refused)
        try:
            session = self._connect()
        except KeyFault as refused:
            if first:
                raise
            if isinstance(refused, PinRefused):
                self._refused = f"{refused}; it is tried again after a restart"
            log().error("hsm_refused", detail=str(refused))
            # No KeyFault for who asks from now on: what is sealed opens again when the token was put right.
            raise KeysUnavailable(str(refused)) from refused
        if not first:
            log().info("hsm_session_opened")
        return session

    def _leave(self) -> None:
        if self._session is not None:
            self._session.close()
            self._session = None


def _tell(job: _Job, answer: object, problem: BaseException | None) -> None:
    # The loop may be closed already, when a module was left behind.
    with suppress(RuntimeError):
        job.loop.call_soon_threadsafe(_settle, job.future, answer, problem)


def _settle(future: asyncio.Future[Any], answer: object, problem: BaseException | None) -> None:
    if future.done():
        return
    if problem is None:
        future.set_result(answer)
    else:
        future.set_exception(problem)
