"""The simulated database server: sessions over real SQLite files, one lock for the head row, and no client to trust.

What a client asked for goes on here when the client is gone: a COMMIT in flight is done late, a lock is held until the
server notices. Each statement is real SQL of the product on a real connection; only time and trouble are made up.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.wallet.simulation.faults import COMMIT, ROLLBACK, Fault, RowError, ServerError, Weather
from tests.wallet.simulation.trace import Trace
from wallet.accounts import Account, AccountChange, ChangeOutcome
from wallet.transfers import PostResult, Transfer

Work = Callable[[sqlite3.Connection], Any]


@dataclass(frozen=True, slots=True)
class Intent:
    """What a transaction is going to commit, as the writer handed it to the rules, and what they decided."""

    entries: Sequence[Sequence[Transfer]]
    accounts: Sequence[Account]
    changes: Sequence[AccountChange]
    lapsed_max: int
    now: datetime
    results: Sequence[PostResult]
    changed: Sequence[ChangeOutcome]


@dataclass(eq=False, slots=True)
class Session:
    """One backend of the server."""

    raw: sqlite3.Connection
    name: str
    writes: bool
    intent: Intent | None = None
    busy: bool = False
    hung_up: bool = False
    ended: bool = False
    reply: asyncio.Future[Any] | None = None
    turn: asyncio.Future[None] | None = None


@dataclass(eq=False, slots=True)
class Server:
    """One database. `committed` is the one order in which groups became true."""

    path: Path
    weather: Weather
    trace: Trace
    tasks: asyncio.TaskGroup
    holds_transactions: bool = True
    """False is a defect on purpose: every statement is committed by itself."""
    committed: list[Intent] = field(default_factory=list)
    _sessions: list[Session] = field(default_factory=list)
    _idle: list[sqlite3.Connection] = field(default_factory=list)
    _holder: Session | None = None
    _queue: list[Session] = field(default_factory=list)
    _down_until_s: float = 0.0
    _opened: int = 0

    def open(self, owner: str, *, writes: bool) -> Session:
        """A new session; raises as a driver does when the server is down."""
        if asyncio.get_running_loop().time() < self._down_until_s:
            raise self.weather.refusal()
        self._opened += 1
        raw = self._idle.pop() if self._idle else self._connect()
        session = Session(raw, f"{owner}.{self._opened}", writes)
        self._sessions.append(session)
        return session

    def take(self, session: Session, request: str, work: Work, fault: Fault | None) -> asyncio.Future[Any]:
        """Begin to serve a request; the future is the client's end of the wire."""
        assert not session.busy, "a client waits for the reply before it asks again"
        reply: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        if session.ended:
            reply.set_exception(self.weather.gone())
            return reply
        session.busy, session.reply = True, reply
        self.tasks.create_task(self._serve(session, request, work, fault))
        return reply

    def hang_up(self, session: Session) -> None:
        """The client is gone; what it asked for last is still done."""
        session.hung_up = True
        if not session.busy:
            self._end(session)

    def restart(self, down_s: float) -> None:
        """Stop at once and come back: what is not committed is rolled back, every connection is lost."""
        self.trace.say("server", f"restarts, down {down_s:.3f} s")
        self._down_until_s = asyncio.get_running_loop().time() + down_s
        for session in list(self._sessions):
            self._end(session)

    def close(self) -> None:
        for session in list(self._sessions):
            self._end(session)
        for raw in self._idle:
            raw.close()

    def _connect(self) -> sqlite3.Connection:
        raw = sqlite3.connect(self.path, isolation_level=None, timeout=0)
        for pragma in ("journal_mode=WAL", "synchronous=OFF", "foreign_keys=ON", "wal_autocheckpoint=0"):
            raw.execute(f"PRAGMA {pragma}")
        return raw

    async def _serve(self, session: Session, request: str, work: Work, fault: Fault | None) -> None:
        if fault is Fault.SLOW:
            await asyncio.sleep(self.weather.slow_s())
        if session.writes and request not in (COMMIT, ROLLBACK) and self._holder is not session:
            await self._lock(session)
        if request == COMMIT:
            await asyncio.sleep(self.weather.latency_s())
        if not session.ended:
            answer = self._do(session, request, work, fault)
            await asyncio.sleep(self.weather.latency_s())
            self._reply(session, answer, fault)
        session.busy = False
        if session.hung_up and not session.ended:
            self._end(session)

    def _do(self, session: Session, request: str, work: Work, fault: Fault | None) -> Any:  # noqa: ANN401 - a value or a fault
        if fault is Fault.KILLED:
            self._end(session)
            return ServerError("57P01")
        if fault in (Fault.CLASH, Fault.ROW_REFUSED):
            self._roll_back(session)
            return self.weather.clash() if fault is Fault.CLASH else RowError("a row breaks a rule")
        try:
            value = work(session.raw)
        except sqlite3.Error as error:
            self._roll_back(session)
            return error
        if request in (COMMIT, ROLLBACK):
            if request == COMMIT and session.intent is not None:
                self.committed.append(session.intent)
                self.trace.say(session.name, f"committed group {len(self.committed)}")
            session.intent = None
            self._unlock(session)
        return value

    def _reply(self, session: Session, answer: Any, fault: Fault | None) -> None:  # noqa: ANN401 - a value or a fault
        reply = session.reply
        if fault in (Fault.REPLY_LOST, Fault.REPLY_NEVER):
            asyncio.get_running_loop().call_later(self.weather.notice_s(), self.hang_up, session)
            answer = self.weather.gone()
        if reply is None or reply.done() or fault is Fault.REPLY_NEVER:
            return
        if isinstance(answer, Exception):
            reply.set_exception(answer)
        else:
            reply.set_result(answer)

    async def _lock(self, session: Session) -> None:
        """The head row's lock, which a group's first statement takes; then the transaction begins."""
        while self._holder is not None and not session.ended:
            session.turn = asyncio.get_running_loop().create_future()
            self._queue.append(session)
            await session.turn
        if not session.ended:
            self._holder = session
            if self.holds_transactions:
                session.raw.execute("BEGIN IMMEDIATE")

    def _unlock(self, session: Session) -> None:
        if self._holder is not session:
            return
        self._holder = None
        self._queue.sort(key=lambda _: self.weather.random.random())
        for waiting in self._queue:
            if waiting.turn is not None and not waiting.turn.done():
                waiting.turn.set_result(None)
        self._queue.clear()

    def _roll_back(self, session: Session) -> None:
        session.intent = None
        if session.raw.in_transaction:
            session.raw.execute("ROLLBACK")
        self._unlock(session)

    def _end(self, session: Session) -> None:
        if session.ended:
            return
        session.ended = True
        self._sessions.remove(session)
        self._roll_back(session)
        self._idle.append(session.raw)
        if session.turn is not None and not session.turn.done():
            session.turn.set_result(None)
        if session.reply is not None and not session.reply.done():
            session.reply.set_exception(self.weather.gone())
