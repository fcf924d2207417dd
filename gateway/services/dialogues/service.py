"""Dialogues: answers each delivery of a USSD wire from a durable session, so that any process can answer any hop.

A hop reads the session's row, plays the answer, and writes state and reply in one unit of work. What that gives:
a repeated delivery gets the same bytes and moves nothing; a process that dies in the middle of a hop leaves the row
as it was, so the repeat plays the same call under the same call key, and the services behind it do not pay twice.

Dials are in beginnings.py, what they find of earlier sessions in resume.py, the work of a hop in hops.py.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta

from gateway.errors import Conflict, Fault, Overloaded
from gateway.keys import KeyStore
from gateway.observe import Metrics, log
from gateway.services.dialogues import records, sweeps
from gateway.services.dialogues.beginnings import Beginnings
from gateway.services.dialogues.events import Callers, Event, EventKind, HopEnd, LateAnswer, Reply
from gateway.services.dialogues.hops import WORK_S, Hops
from gateway.services.dialogues.kept import Arrival, Kept, closed, over
from gateway.services.dialogues.locks import SessionLocks
from gateway.services.dialogues.menus import MenuSource
from gateway.services.dialogues.records import EndReason, Session, SessionView, Status
from gateway.services.dialogues.resume import Resumes
from gateway.services.dialogues.rules import DialogueSettings, candidate
from gateway.services.dialogues.texts import Closing, closing_text
from gateway.services.dialogues.turns import Turns
from gateway.store import Store
from ussd_menus import Input, State
from wallet.clock import Clock

SESSIONS_MAX = 5_000
HOPS_MAX = 100
GRACE_S = 4.0
"""What an answer may take beyond the hop budget, for the store alone; together below the wires' 15 s."""
WORK_KEPT = timedelta(minutes=1)
"""A hop that began in time may still be stored this long after its session's deadline."""
REPLY_KEPT = timedelta(minutes=10)
OWED_AFTER = timedelta(seconds=2 * WORK_S)
"""Work that was promised an SMS has ended by then; if nothing was told, its process has died."""
CONFLICTS_MAX = 3
REPORTED_MAX = 40
_WELL = frozenset({"", "success", "successful", "completed", "complete", "ok", "0", "200"})
"""Words of providers' reports that say that the last page arrived."""


class Dialogues:
    """The one answerer of all USSD wires."""

    def __init__(
        self,
        store: Store,
        keys: KeyStore,
        clock: Clock,
        menus: MenuSource,
        hops: Hops,
        callers: Callers,
        settings: DialogueSettings,
        metrics: Metrics,
    ) -> None:
        self._store = store
        self._clock = clock
        self._menus = menus
        self._callers = callers
        self._settings = settings
        self._letters = hops.letters
        self._locks = SessionLocks(SESSIONS_MAX)
        self._kept = Kept(store, keys)
        self._turns = Turns(store, self._kept, clock, hops, metrics, settings.budget_s)
        self._resumes = Resumes(store, menus, self._turns, settings.resume_s)
        self._beginnings = Beginnings(store, menus, callers, self._kept, self._turns, self._resumes, settings)

    async def answer(self, event: Event) -> Reply:
        """The reply to a BEGIN or an INPUT, at the latest `budget_s` + GRACE_S after it came.

        Raises:
            Overloaded: Nothing was begun; the person may dial again.
        """
        assert event.kind in {EventKind.BEGIN, EventKind.INPUT}, "the other kinds are closed, not answered"
        arrival = Arrival(event, self._clock.now())
        try:
            async with self._alone(event):
                for _ in range(CONFLICTS_MAX):
                    try:
                        return await self._answer(arrival)
                    except Conflict:
                        # Another process answered a delivery of this session; its row decides what ours is.
                        continue
        except Overloaded:
            raise
        except (Fault, TimeoutError) as problem:
            log().warning("a hop could not be answered", fault=type(problem).__name__)
        return closed(Closing.FAILED, HopEnd.FAILED, self._settings.language)

    async def close(self, event: Event) -> None:
        """Note an ABORT, TIMEOUT or REPORT; harmless when repeated, or of a session that is unknown or another's.

        A session that was alive is over and may be resumed by the next dial of its number; work in hand goes on to its
        end. The last page of a session that had ended by itself begins the next dial, since it did not arrive. Never
        raises a Fault: what cannot be noted ends by its own time.
        """
        try:
            async with self._alone(event):
                for _ in range(CONFLICTS_MAX):
                    try:
                        return await self._close(event)
                    except Conflict:
                        continue
        except (Fault, TimeoutError) as problem:
            log(wire=event.adapter).warning("an end was not noted", fault=type(problem).__name__)

    def closing(self, closing: Closing) -> str:
        """The text in the default language, for a wire that cannot tell who calls."""
        return closing_text(closing, self._settings.language)

    async def is_live(self, adapter: str, session_key: str) -> bool:
        """Whether a session waits for an answer, for a provider that asks; False when nobody can tell now."""
        try:
            async with asyncio.timeout(GRACE_S):
                session = await records.load(self._store, adapter, session_key)
        except (Fault, TimeoutError):
            return False
        return session is not None and session.status is Status.LIVE and self._clock.now() < session.deadline

    async def session(self, session_id: str) -> SessionView | None:
        """What staff may see of the session `ses_…` that caused something."""
        return await records.view(self._store, session_id)

    async def sweep(self) -> int:
        """Let sessions expire, forget and go, and keep promises of processes that died; how many were touched."""
        now = self._clock.now()
        expired = await sweeps.expire(self._store, now - WORK_KEPT, now)
        for adapter, number in expired.items():
            self._turns.count(adapter, EndReason.EXPIRED, number)
        kept = max(REPLY_KEPT, timedelta(seconds=self._settings.resume_s))
        wiped = await sweeps.wipe(self._store, now - kept)
        gone = await sweeps.forget(self._store, now - timedelta(days=self._settings.kept_days))
        return expired.total() + wiped + gone + await self._tell_owed(now)

    async def _tell_owed(self, now: datetime) -> int:
        """Tell those who were promised an SMS by a process that has died; whether it finished, nobody here knows."""
        if self._letters is None:
            return 0
        owed = await sweeps.owed(self._store, now - OWED_AFTER)
        for session in owed:
            text = closing_text(Closing.FAILED, session.language)
            cause = session.origin or session.id
            letter = LateAnswer(cause, session.msisdn, session.person_id, session.language, text)
            await sweeps.settle(self._store, session, text, await self._letters.prepared(letter))
        return len(owed)

    @asynccontextmanager
    async def _alone(self, event: Event) -> AsyncIterator[None]:
        """The session's turn in this process, bounded in time."""
        async with (
            asyncio.timeout(self._settings.budget_s + GRACE_S),
            self._locks.hold((event.adapter, event.session_key)),
        ):
            yield

    async def _answer(self, arrival: Arrival) -> Reply:
        event = arrival.event
        session: Session | None
        if event.kind is EventKind.BEGIN:
            found = await self._beginnings.answer(arrival)
            if isinstance(found, Reply):
                return found
            session = found
        else:
            session = await records.load(self._store, event.adapter, event.session_key)
        if session is None:
            return closed(Closing.LOST, HopEnd.LOST, await self._language_of(event.msisdn))
        if session.msisdn != event.msisdn:
            # One provider id, two numbers: whoever asks is not the person who began.
            return closed(Closing.LOST, HopEnd.LOST, self._settings.language)
        if event.alone:
            if await self._kept.is_repeated(session, arrival):
                return await self._kept.replay(session, same=True)
            return await self._next(session, arrival, event.text)
        found_text = candidate(session.answered_length, event.text)
        if found_text is not None and not await self._kept.is_answered(session, found_text.answered):
            found_text = None
        if found_text is None or found_text.delta is None:
            return await self._kept.replay(session, same=found_text is not None)
        return await self._next(session, arrival, found_text.delta)

    async def _next(self, session: Session, arrival: Arrival, typed: str) -> Reply:
        if session.status is not Status.LIVE:
            return over(session)
        if self._clock.now() >= session.deadline:
            return closed(Closing.EXPIRED, HopEnd.EXPIRED, session.language)
        menus = await self._menus.fetch(session.menu_version)
        if menus is None or session.hops >= HOPS_MAX:
            return closed(Closing.LOST, HopEnd.LOST, session.language)
        if session.aside:
            return await self._resumes.answer(session, menus, arrival, typed)
        played = await self._turns.play(session, menus, State.from_json(dict(session.state)), Input(typed))
        return await self._turns.settle(session, arrival, played)

    async def _close(self, event: Event) -> None:
        session = await records.load(self._store, event.adapter, event.session_key)
        if session is None or (event.msisdn and session.msisdn != event.msisdn):
            return
        reported = event.reason[:REPORTED_MAX] if event.kind is EventKind.REPORT else session.reported
        if session.status is Status.LIVE:
            after = session.ended(EndReason(event.kind.value), self._clock.now())
            await records.end(self._store, replace(after, reported=reported), session.session_key)
            self._turns.count(session.adapter, after.end_reason)
            return
        if reported != session.reported:
            session = replace(session, reported=reported, version=session.version + 1)
            await records.end(self._store, session, session.session_key)
        arrived = event.kind is EventKind.REPORT and event.reason.strip().lower() in _WELL
        if session.end_reason == EndReason.DONE and session.reply and not session.reply_sealed and not arrived:
            await records.keep_result(self._store, session.id, session.reply.decode(), EndReason.UNSEEN)

    async def _language_of(self, msisdn: str) -> str:
        person = await self._callers.by_msisdn(msisdn)
        return person.language if person else self._settings.language


__all__ = ["Dialogues"]
