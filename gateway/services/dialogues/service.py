"""Dialogues: answers each delivery of a USSD wire from a durable session, so that any process can answer any hop.

A hop reads the session's row, plays the answer, and writes state and reply in one unit of work. What that gives:
a repeated delivery gets the same bytes and moves nothing; a process that dies in the middle of a hop leaves the row
as it was, so the repeat plays the same call under the same call key, and the services behind it do not pay twice.
"""

import asyncio
import hmac
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Protocol, assert_never
from zoneinfo import ZoneInfo

from gateway.errors import Conflict, Fault, Overloaded
from gateway.keys import KeyStore
from gateway.observe import log
from gateway.services.dialogues import records
from gateway.services.dialogues.events import Caller, Callers, Event, EventKind, HopEnd, Reply
from gateway.services.dialogues.hops import Hop, Hops, Played, Way
from gateway.services.dialogues.locks import SessionLocks
from gateway.services.dialogues.records import Session, SessionView, Status
from gateway.services.dialogues.rules import candidate
from gateway.services.dialogues.texts import Closing, closing_text
from gateway.store import Store
from ussd_menus import Begin, FrozenMenus, Input, Page, State, begin
from wallet.clock import Clock
from wallet.ids import new_id

SESSIONS_MAX = 5_000
HOPS_MAX = 100
GRACE_S = 4.0
"""What an answer may take beyond the hop budget, for the store alone; together below the wires' 15 s."""
WORK_KEPT = timedelta(minutes=1)
"""A hop that began in time may still be stored this long after its session's deadline."""
REPLY_KEPT = timedelta(minutes=10)
CONFLICTS_MAX = 3
LOOKUP_KEY = "lookup"
REPLY_KEY = "outbox"


@dataclass(frozen=True, slots=True)
class DialogueSettings:
    """What holds for all sessions.

    Attributes:
        zone: Where the business day of a dial is taken.
        language: Of callers whom we do not know.
        session_s: How long a session may last.
        budget_s: How long a hop may take before the person is told that an SMS follows.
    """

    zone: ZoneInfo
    language: str = "fa"
    session_s: int = 180
    budget_s: float = 7.0


class MenuSource(Protocol):
    """Where sessions get their menus; satisfied by services/releases, and by Menus below."""

    def choose(self, msisdn: str, branch: str) -> FrozenMenus:
        """What a new session of this number begins on; `branch` is that of the person, '' for none."""
        ...

    async def fetch(self, version: str) -> FrozenMenus | None:
        """The menus that a live session stands on, loaded if need be; None if nobody has them."""
        ...


class Menus:
    """One version for everyone, and older ones that live sessions still stand on, in one process."""

    def __init__(self, current: FrozenMenus) -> None:
        self.current = current
        self._versions: dict[str, FrozenMenus] = {current.version: current}

    def release(self, menus: FrozenMenus) -> None:
        """New sessions begin on `menus`; live ones stay on theirs."""
        self.current = menus
        self._versions[menus.version] = menus

    def choose(self, msisdn: str, branch: str) -> FrozenMenus:
        """The same for everyone."""
        return self.current

    def version(self, version: str) -> FrozenMenus | None:
        """The menus of that version, if this process has them."""
        return self._versions.get(version)

    async def fetch(self, version: str) -> FrozenMenus | None:
        """The menus of that version, if this process has them."""
        return self.version(version)


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
    ) -> None:
        self._store = store
        self._keys = keys
        self._clock = clock
        self._menus = menus
        self._hops = hops
        self._callers = callers
        self._settings = settings
        self._locks = SessionLocks(SESSIONS_MAX)

    async def answer(self, event: Event) -> Reply:
        """The reply to one delivery, at the latest `budget_s` + GRACE_S after it came.

        Raises:
            Overloaded: Nothing was begun; the person may dial again.
        """
        try:
            async with (
                asyncio.timeout(self._settings.budget_s + GRACE_S),
                self._locks.hold((event.adapter, event.session_key)),
            ):
                for _ in range(CONFLICTS_MAX):
                    try:
                        return await self._answer(event)
                    except Conflict:
                        # Another process answered a delivery of this session; its row decides what ours is.
                        continue
        except Overloaded:
            raise
        except (Fault, TimeoutError) as problem:
            log().warning("a hop could not be answered", fault=type(problem).__name__)
        return self._closing(Closing.FAILED, HopEnd.FAILED, self._settings.language)

    def closing(self, closing: Closing) -> str:
        """The text in the default language, for a wire that cannot tell who calls."""
        return closing_text(closing, self._settings.language)

    async def abort(self, adapter: str, session_key: str, msisdn: str) -> None:
        """End a session whose person has hung up; harmless when there is none. Work in hand goes on to its end.

        Raises:
            Overloaded, StoreUnavailable, TimeoutError: It stands until its time is over.
        """
        async with (
            asyncio.timeout(self._settings.budget_s + GRACE_S),
            self._locks.hold((adapter, session_key)),
        ):
            for _ in range(CONFLICTS_MAX):
                session = await records.load(self._store, adapter, session_key)
                if session is None or session.status is not Status.LIVE or session.msisdn != msisdn:
                    return
                try:
                    await records.end(self._store, session, session_key)
                except Conflict:
                    continue
                return

    async def session(self, session_id: str) -> SessionView | None:
        """What staff may see of the session `ses_…` that caused something."""
        return await records.view(self._store, session_id)

    async def sweep(self) -> int:
        """Close sessions whose time is over and wipe replies that nobody will ask for again; how many."""
        now = self._clock.now()
        return await records.expire(self._store, now - WORK_KEPT) + await records.wipe(self._store, now - REPLY_KEPT)

    async def _answer(self, event: Event) -> Reply:
        session = await records.load(self._store, event.adapter, event.session_key)
        if session is None:
            match event.kind:
                case EventKind.BEGIN:
                    return await self._begin(event)
                case EventKind.INPUT | EventKind.ABORT | EventKind.TIMEOUT | EventKind.REPORT:
                    return self._closing(Closing.LOST, HopEnd.LOST, await self._language_of(event.msisdn))
                case unreachable:
                    assert_never(unreachable)
        if event.alone and event.kind is EventKind.BEGIN:
            return await self._begin_anew(session, event)
        if session.msisdn != event.msisdn:
            # One provider id, two numbers: whoever asks is not the person who began.
            return self._closing(Closing.LOST, HopEnd.LOST, self._settings.language)
        if event.alone:
            if event.sequence and await self._is_answered(session, event.mark):
                return await self._replay(session, same=True)
            return await self._next(session, event, event.text)
        found = candidate(session.answered_length, event.text)
        if found is not None and not await self._is_answered(session, found.answered):
            found = None
        if found is None or found.delta is None:
            return await self._replay(session, same=found is not None)
        return await self._next(session, event, found.delta)

    async def _begin(self, event: Event) -> Reply:
        now = self._clock.now()
        person = await self._callers.by_msisdn(event.msisdn)
        menus = self._menus.choose(event.msisdn, person.branch if person else "")
        session = Session(
            id=new_id("ses", self._clock),
            adapter=event.adapter,
            session_key=event.session_key,
            msisdn=event.msisdn,
            person_id=person.id if person else None,
            language=person.language if person else self._settings.language,
            menu_version=menus.version,
            state={},
            hops=0,
            answered_mac=b"",
            answered_length=0,
            reply=None,
            reply_sealed=False,
            status=Status.LIVE,
            version=0,
            started_at=now,
            deadline=now + timedelta(seconds=self._settings.session_s),
        )
        today = now.astimezone(self._settings.zone).date()
        return await self._play(session, menus, begin(menus, session.language), Begin(today), event)

    async def _begin_anew(self, session: Session, event: Event) -> Reply:
        """A dial under a key that is known: delivered again, or a new session under a key that its wire uses anew."""
        first = session.hops == 1 and session.msisdn == event.msisdn and self._clock.now() < session.deadline
        live = session.status is Status.LIVE or event.sequence != ""
        if first and live and await self._is_answered(session, event.mark):
            return await self._replay(session, same=True)
        await records.end(self._store, session, f"{session.session_key}#{session.id}")
        return await self._begin(event)

    async def _next(self, session: Session, event: Event, delta: str) -> Reply:
        if session.status is not Status.LIVE:
            over = session.status is Status.EXPIRED
            closing, end = (Closing.EXPIRED, HopEnd.EXPIRED) if over else (Closing.LOST, HopEnd.LOST)
            return self._closing(closing, end, session.language)
        if self._clock.now() >= session.deadline:
            return self._closing(Closing.EXPIRED, HopEnd.EXPIRED, session.language)
        menus = await self._menus.fetch(session.menu_version)
        if menus is None or session.hops >= HOPS_MAX:
            return self._closing(Closing.LOST, HopEnd.LOST, session.language)
        return await self._play(session, menus, State.from_json(dict(session.state)), Input(delta), event)

    async def _play(
        self, session: Session, menus: FrozenMenus, state: State, given: Begin | Input, event: Event
    ) -> Reply:
        caller = Caller(session.id, session.msisdn, session.person_id, session.language)
        hop = Hop(caller, menus, state, given)
        played = await self._hops.play(hop, self._settings.budget_s)
        status = Status.LIVE if isinstance(played.page, Page) else _STATUS[played.way]
        after = replace(session, state=played.state.to_json(), language=played.state.language, status=status)
        return await self._keep(after, event, _reply(played), sensitive=played.page.sensitive)

    async def _keep(self, session: Session, event: Event, reply: Reply, *, sensitive: bool) -> Reply:
        """Write state and reply of a hop together; only what is stored is said."""
        after = replace(
            session,
            hops=session.hops + 1,
            version=session.version + 1,
            answered_mac=await self._mac(session, event.mark),
            answered_length=len(event.mark),
        )
        plain = reply.text.encode()
        sealed = await self._keys.seal(REPLY_KEY, plain, after.aad) if sensitive else plain
        after = replace(after, reply=sealed, reply_sealed=sensitive)
        try:
            if after.version == 1:
                await records.insert(self._store, after)
            else:
                await records.save(self._store, after)
        except Conflict:
            raise
        except Fault as problem:
            log(session=session.id).warning("a hop was not stored", fault=type(problem).__name__)
            return self._closing(Closing.FAILED, HopEnd.FAILED, session.language)
        return reply

    async def _replay(self, session: Session, *, same: bool) -> Reply:
        if session.reply is None or (session.status is not Status.LIVE and not same):
            over = session.status is Status.EXPIRED
            closing, end = (Closing.EXPIRED, HopEnd.EXPIRED) if over else (Closing.LOST, HopEnd.LOST)
            return self._closing(closing, end, session.language)
        plain = session.reply
        if session.reply_sealed:
            plain = await self._keys.unseal(REPLY_KEY, session.reply, session.aad)
        return Reply(plain.decode(), session.status is Status.LIVE, HopEnd.REPLAYED)

    async def _is_answered(self, session: Session, text: str) -> bool:
        if not text:
            # Of no length there is only one text.
            return True
        return hmac.compare_digest(session.answered_mac, await self._mac(session, text))

    async def _mac(self, session: Session, text: str) -> bytes:
        return await self._keys.mac(LOOKUP_KEY, f"dialogue\0{session.id}\0{text}".encode())

    async def _language_of(self, msisdn: str) -> str:
        person = await self._callers.by_msisdn(msisdn)
        return person.language if person else self._settings.language

    @staticmethod
    def _closing(closing: Closing, end: HopEnd, language: str) -> Reply:
        return Reply(closing_text(closing, language), more=False, end=end)


def _reply(played: Played) -> Reply:
    more = isinstance(played.page, Page)
    return Reply(played.page.text, more, HopEnd.CONTINUES if more else _END[played.way])


_STATUS = {Way.DONE: Status.ENDED, Way.LATE: Status.LATE, Way.FAILED: Status.FAILED}
_END = {Way.DONE: HopEnd.ENDS, Way.LATE: HopEnd.LATE, Way.FAILED: HopEnd.FAILED}

__all__ = ["DialogueSettings", "Dialogues", "Menus"]
