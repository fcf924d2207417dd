"""Dials: a new session, the same dial again, and a key that its wire uses anew.

What was dialled behind the code is fed to the screens as if it were typed, in the same hop, up to the first screen that
asks for a secret or a confirmation; it is kept nowhere but in the keyed hash that knows the delivery again.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from gateway.services.dialogues import records
from gateway.services.dialogues.events import PLAIN, Callers, Event, Reply
from gateway.services.dialogues.hops import Way
from gateway.services.dialogues.kept import Arrival, Kept
from gateway.services.dialogues.menus import MenuSource
from gateway.services.dialogues.records import EndReason, Session, Status
from gateway.services.dialogues.resume import Aside, Resumes
from gateway.services.dialogues.rules import DialogueSettings, resets
from gateway.services.dialogues.turns import Turns
from gateway.store import Store
from ussd_menus import Begin, Page, begin
from ussd_menus.shortcuts import dialled
from wallet.ids import new_id


class Beginnings:
    """Answers dials."""

    def __init__(
        self,
        store: Store,
        menus: MenuSource,
        callers: Callers,
        kept: Kept,
        turns: Turns,
        resumes: Resumes,
        settings: DialogueSettings,
    ) -> None:
        self._store = store
        self._menus = menus
        self._callers = callers
        self._kept = kept
        self._turns = turns
        self._resumes = resumes
        self._settings = settings

    async def answer(self, arrival: Arrival) -> Reply | Session:
        """The reply to a dial; the session that has its key instead, if the delivery is a matter of that one.

        Raises:
            Conflict: Another delivery was answered meanwhile; read again.
        """
        event = arrival.event
        if event.text and not event.alone:
            # Most likely a later delivery, of a wire that cannot tell: the session alone decides.
            session = await records.load(self._store, event.adapter, event.session_key)
            if session is not None:
                return session
        since = self._resumes.since(arrival.at, self._settings.session_s)
        session, earlier = await records.around(self._store, event.adapter, event.session_key, event.msisdn, since)
        if session is None:
            return await self._begin(arrival, earlier)
        alive = session.status is Status.LIVE and session.msisdn == event.msisdn and arrival.at < session.deadline
        if (event.alone and event.text and alive) or not resets(event):
            # Where nothing tells a begin from an answer, the session that is alive does.
            return session
        if await self._is_same(session, arrival):
            return await self._kept.replay(session, same=True)
        await self._let_go(session, arrival)
        return await self._begin(arrival, earlier)

    async def _is_same(self, session: Session, arrival: Arrival) -> bool:
        """Whether a dial is the delivered again one that began `session`."""
        first = session.hops == 1 and session.msisdn == arrival.event.msisdn and arrival.at < session.deadline
        return first and await self._kept.is_repeated(session, arrival)

    async def _let_go(self, session: Session, arrival: Arrival) -> None:
        """End a session whose key is used anew, and leave the key to the next."""
        reason = EndReason.REDIALLED if session.msisdn == arrival.event.msisdn else EndReason.RESET
        live = session.status is Status.LIVE
        after = session.ended(reason, arrival.at)
        if not live:
            after = replace(session, reply=None, reply_sealed=False, version=after.version)
        await records.end(self._store, after, f"{session.session_key}#{session.id}")
        if live:
            self._turns.count(session.adapter, reason)

    async def _begin(self, arrival: Arrival, earlier: Sequence[Session]) -> Reply:
        event = arrival.event
        person = await self._callers.by_msisdn(event.msisdn)
        menus = self._menus.choose(event.msisdn, person.branch if person else "")
        language = person.language if person else self._settings.language
        session = replace(_new(event, arrival, new_id("ses", self._turns.clock), self._settings), language=language)
        session = replace(session, person_id=person.id if person else None, menu_version=menus.version)
        state = begin(menus, language, person.style if person else PLAIN)
        today = arrival.at.astimezone(self._settings.zone).date()
        plan = dialled(menus, event.dialled) if event.dialled else None
        start = Begin(today, event.service_code, plan.at if plan is not None else "")
        played = await self._turns.play(session, menus, state, start, plan)
        if isinstance(played.page, Page) and played.way is Way.DONE and not played.page.sensitive:
            left = await self._resumes.left(session, menus, played, earlier, arrival, hurried=plan is not None)
            if left is not None:
                return await self._turns.show(left.session, arrival, left.shown, left.also)
        return await self._turns.settle(session, arrival, played)


def _new(event: Event, arrival: Arrival, session_id: str, settings: DialogueSettings) -> Session:
    """A session before its first hop is stored."""
    return Session(
        id=session_id,
        adapter=event.adapter,
        session_key=event.session_key,
        msisdn=event.msisdn,
        person_id=None,
        language=settings.language,
        menu_version="",
        state={},
        hops=0,
        answered_mac=b"",
        answered_length=0,
        reply=None,
        reply_sealed=False,
        status=Status.LIVE,
        version=0,
        started_at=arrival.at,
        deadline=arrival.at + timedelta(seconds=settings.session_s),
        operator=event.operator,
        service_code=event.service_code,
        origin="",
        offer="",
        aside=Aside.NONE,
        answered_at=arrival.at,
        ended_at=None,
        end_reason="",
        result=None,
        reported="",
        trail=[],
    )


__all__ = ["Beginnings"]
