"""The work of one hop: step, call, step again, until there is a page; inside the hop budget, or on after it."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeVar

from gateway.errors import Fault, Overloaded
from gateway.observe import log
from gateway.services.dialogues.events import Actions, Caller, LateAnswer, Letters
from ussd_menus import Begin, Call, End, FrozenMenus, Input, Page, Profile, Reply, Result, State, step
from ussd_menus.shortcuts import Plan, onward, renote
from wallet.errors import WalletFault

T = TypeVar("T")
CALLS_MAX = 8
"""Calls that one answer may set off; more is a loop in the menus."""
WORK_S = 30
"""How long work may go on after its answer was given."""


class Way(StrEnum):
    """How an answer came to its page."""

    DONE = "done"
    LATE = "late"
    """The budget is over: the menus' words for it, and the work goes on alone."""
    FAILED = "failed"
    """A fault: the menus' words for it; whether something moved is not known here."""


Profiles = Callable[[str, str], Profile]
"""The longest page that an adapter shows on the network of an operator."""

Told = Callable[[str | None], Awaitable[None]]
"""Is told of a late page once it is in the outbox; None for one that is too sensitive to be told."""


@dataclass(slots=True)
class Hop:
    """One answer on its way: who gave it, and where the dialogue stood.

    Attributes:
        plan: What was dialled behind the code and is still to be fed; None for nothing.
        told: See Told.
        late: The person was told that an SMS follows.
        calling: The state at the call that is in hand.
    """

    caller: Caller
    menus: FrozenMenus = field(repr=False)
    state: State = field(repr=False)
    event: Begin | Input = field(repr=False)
    profile: Profile
    plan: Plan | None = field(default=None, repr=False)
    told: Told | None = None
    late: bool = False
    calling: State | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Played:
    """Where an answer led: the new state, the page to show, and how it came to it."""

    state: State
    page: Page | End = field(repr=False)
    way: Way = Way.DONE


class Hops:
    """Plays hops. Work that calls actions runs in tasks of `tasks`, at most `work_max` at once."""

    def __init__(
        self,
        actions: Actions,
        profile_of: Profiles,
        tasks: asyncio.TaskGroup,
        letters: Letters | None,
        work_max: int,
    ) -> None:
        self._actions = actions
        self.profile_of = profile_of
        self._tasks = tasks
        self.letters = letters
        self._work_max = work_max
        self.in_hand = 0
        """Answers whose work is not done yet."""

    async def play(self, hop: Hop, budget_s: float) -> Played:
        """The page that `hop` leads to, at the latest after `budget_s`; then the work goes on alone, exactly once.

        Raises:
            Overloaded: Too much work is in hand; nothing was begun.
        """
        state, turn = step(hop.menus, hop.state, hop.event, hop.profile)
        if not isinstance(turn, Call) and hop.plan is None:
            return Played(state, turn)
        if self.in_hand >= self._work_max:
            raise Overloaded("too much work is in hand")
        # The work must not die with the request, and an answer must not wait for it beyond the budget.
        task = self._tasks.create_task(self._work(hop, state, turn), name=f"hop-{hop.caller.session_id}")
        self.in_hand += 1
        task.add_done_callback(self._done)
        done, _ = await asyncio.wait({task}, timeout=budget_s)
        if task not in done:
            hop.late = True
            return self._instead(hop, Way.LATE)
        return task.result() or self._instead(hop, Way.FAILED)

    def _instead(self, hop: Hop, way: Way) -> Played:
        """The menus' own words for a call that answers late or never."""
        assert hop.calling is not None, "only calls are late or fail"
        result = Result("slow" if way is Way.LATE else "unavailable")
        state, turn = step(hop.menus, hop.calling, result, hop.profile)
        assert not isinstance(turn, Call), "slow and unavailable lead to a page"
        return Played(state, turn, way)

    def _done(self, _task: object) -> None:
        self.in_hand -= 1

    async def _work(self, hop: Hop, state: State, turn: Reply) -> Played | None:
        """The page that the calls lead to, None after a fault; whoever was promised an SMS gets one either way."""
        action = turn.name if isinstance(turn, Call) else "dialled"
        played = await _bounded(hop, action, self._to_page(hop, state, turn))
        if hop.late:
            await _bounded(hop, "late answer", self._tell(hop, played))
        return played

    async def _to_page(self, hop: Hop, state: State, turn: Reply) -> Played:
        """Call, and feed what was dialled behind the code, until there is a page that waits for the person."""
        inputs = len(hop.plan.inputs) if hop.plan is not None else 0
        for _ in range(CALLS_MAX + 1 + 2 * inputs):
            if isinstance(turn, Call):
                hop.calling = state
                result = await self._actions[turn.name](hop.caller, turn)
                state, turn = step(hop.menus, state, result, hop.profile)
                continue
            if hop.plan is None or isinstance(turn, End):
                return Played(state, turn)
            given, hop.plan = onward(hop.menus, state, hop.plan)
            if given is None:
                return _under_note(hop, state, turn)
            state, turn = step(hop.menus, state, given, hop.profile)
        raise AssertionError(f"the menus call {CALLS_MAX} actions without a page")

    async def _tell(self, hop: Hop, played: Played | None) -> None:
        caller, played = hop.caller, played if played is not None else self._instead(hop, Way.FAILED)
        log(session=caller.session_id).info("hop was late")
        page = played.page
        if self.letters is not None and not page.sensitive:
            sms, language = (page.sms if isinstance(page, End) else ""), played.state.language
            text, kept = sms or page.text, bool(sms)
            await self.letters(LateAnswer(caller.cause, caller.msisdn, caller.person_id, language, text, kept))
        if hop.told is not None:
            await hop.told(None if page.sensitive else page.text)


def _under_note(hop: Hop, state: State, page: Page) -> Played:
    """The page at which a direct dial stops, under the words for what was dialled in vain."""
    note = hop.plan.note if hop.plan is not None else ""
    return Played(*renote(hop.menus, state, note, hop.profile)) if note else Played(state, page)


async def _bounded(hop: Hop, action: str, work: Coroutine[Any, Any, T]) -> T | None:
    """What `work` gives; None, and a line in the log, after a fault: a bug in one hop must not end the others."""
    bound = log(session=hop.caller.session_id, action=action)
    try:
        async with asyncio.timeout(WORK_S):
            return await work
    except (Fault, WalletFault, TimeoutError) as problem:
        bound.warning("hop failed", fault=type(problem).__name__, late=hop.late)
    except Exception:  # noqa: BLE001 - the boundary of a request
        bound.exception("hop failed", late=hop.late)
    return None
