"""One turn of a session: play what was answered, and store what came of it with the reply."""

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.observe import Metrics
from gateway.services.dialogues import records
from gateway.services.dialogues.events import Caller, HopEnd, LateAnswer, Reply
from gateway.services.dialogues.hops import Hop, Hops, Played, Way
from gateway.services.dialogues.kept import Arrival, Kept, Shown
from gateway.services.dialogues.records import Also, Changes, EndReason, Session, Status
from gateway.services.dialogues.trail import Step, extended, milliseconds
from gateway.store import Store
from ussd_menus import Begin, End, FrozenMenus, Input, Page, Profile, State
from ussd_menus.shortcuts import Plan
from wallet.clock import Clock


@dataclass(frozen=True, slots=True)
class Turns:
    """Plays and stores turns.

    Attributes:
        budget_s: How long a turn may take before the person is told that an SMS follows.
    """

    store: Store
    kept: Kept
    clock: Clock
    hops: Hops
    metrics: Metrics
    budget_s: float

    def profile(self, session: Session) -> Profile:
        """The longest page that this session's network shows."""
        return self.hops.profile_of(session.adapter, session.operator)

    async def play(
        self, session: Session, menus: FrozenMenus, state: State, given: Begin | Input, plan: Plan | None = None
    ) -> Played:
        """Where an answer leads; nothing is stored yet.

        Raises:
            Overloaded: Nothing was begun.
        """

        async def told(text: str | None) -> None:
            await records.keep_result(self.store, session.id, text, EndReason.TOLD)

        caller = caller_of(session, state)
        hop = Hop(caller, menus, state, given, self.profile(session), plan, told)
        return await self.hops.play(hop, self.budget_s)

    async def settle(self, session: Session, arrival: Arrival, played: Played) -> Reply:
        """Store where an answer led, with its page and with what its end sends by SMS.

        Raises:
            Conflict: Another delivery was answered meanwhile.
        """
        page, state = played.page, played.state
        more = isinstance(page, Page)
        status, reason, end = (Status.LIVE, "", HopEnd.CONTINUES) if more else _ENDS[played.way]
        shown = Shown(page.text, more, end, state.screen, page.sensitive)
        after = Changes(state=state.to_json(), language=state.language, status=status, end_reason=reason)
        return await self.show(session, arrival, shown, await self._letter(session, played), after)

    async def show(
        self,
        session: Session,
        arrival: Arrival,
        shown: Shown,
        also: Sequence[Also] = (),
        after: Changes = Changes(),  # noqa: B008  - never changed
    ) -> Reply:
        """Store a session as it stands `after` a hop, with its page.

        Raises:
            Conflict: Another delivery was answered meanwhile.
        """
        now = self.clock.now()
        since, took = milliseconds(session.started_at, arrival.at), milliseconds(arrival.at, now)
        live = after.get("status", session.status) is Status.LIVE
        step = Step(shown.screen, after.get("language", session.language), since, took, shown.end)
        trail = extended(session.trail, step)
        changes = Changes(**after, answered_at=now, ended_at=None if live else now, trail=trail)
        reply = await self.kept.keep(session, arrival.event, shown, also, changes)
        if not live and reply.end is shown.end:
            self.count(session.adapter, after.get("end_reason", session.end_reason))
        return reply

    def count(self, adapter: str, reason: str, number: int = 1) -> None:
        """Count sessions that are over."""
        self.metrics.sessions.labels(wire=adapter, end=reason).inc(number)

    async def _letter(self, session: Session, played: Played) -> Sequence[Also]:
        page = played.page
        if self.hops.letters is None or not isinstance(page, End) or not page.sms or played.way is not Way.DONE:
            return ()
        caller = caller_of(session, played.state)
        return (await self.hops.letters.prepared(letter_of(caller, page.sms, played.state.language)),)


def caller_of(session: Session, state: State) -> Caller:
    """Who is on the phone, for actions."""
    return Caller(session.id, session.msisdn, session.person_id, session.language, session.origin, state.style)


def letter_of(caller: Caller, text: str, language: str) -> LateAnswer:
    """What goes by SMS, known by the session whose call keys hold, so that a resumed one does not tell it again."""
    return LateAnswer(caller.cause, caller.msisdn, caller.person_id, language, text)


_ENDS = {
    Way.DONE: (Status.ENDED, EndReason.DONE, HopEnd.ENDS),
    Way.LATE: (Status.LATE, EndReason.LATE, HopEnd.LATE),
    Way.FAILED: (Status.FAILED, EndReason.FAILED, HopEnd.FAILED),
}
