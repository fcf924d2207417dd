"""The work of one hop: step, call, step again, until there is a page; inside the hop budget, or on after it."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeVar

from gateway.errors import Fault, Overloaded
from gateway.observe import log
from gateway.services.dialogues.events import Actions, Caller, LateAnswer, LateTeller
from ussd_menus import Begin, Call, End, FrozenMenus, Input, Page, Profile, Result, State, step
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


@dataclass(slots=True)
class Hop:
    """One answer on its way: who gave it, and where the dialogue stood."""

    caller: Caller
    menus: FrozenMenus
    state: State
    event: Begin | Input = field(repr=False)
    late: bool = False
    """The person was told that an SMS follows."""


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
        profile: Profile,
        tasks: asyncio.TaskGroup,
        late: LateTeller | None,
        work_max: int,
    ) -> None:
        self._actions = actions
        self._profile = profile
        self._tasks = tasks
        self._late = late
        self._work_max = work_max
        self.in_hand = 0
        """Answers whose work is not done yet."""

    async def play(self, hop: Hop, budget_s: float) -> Played:
        """The page that `hop` leads to, at the latest after `budget_s`; then the work goes on alone, exactly once.

        Raises:
            Overloaded: Too much work is in hand; nothing was begun.
        """
        state, turn = step(hop.menus, hop.state, hop.event, self._profile)
        if not isinstance(turn, Call):
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
            return self._instead(hop, state, Way.LATE)
        return task.result() or self._instead(hop, state, Way.FAILED)

    def _instead(self, hop: Hop, calling: State, way: Way) -> Played:
        """The menus' own words for a call that answers late or never."""
        result = Result("slow" if way is Way.LATE else "unavailable")
        state, turn = step(hop.menus, calling, result, self._profile)
        assert not isinstance(turn, Call), "slow and unavailable lead to a page"
        return Played(state, turn, way)

    def _done(self, _task: object) -> None:
        self.in_hand -= 1

    async def _work(self, hop: Hop, state: State, call: Call) -> Played | None:
        """The page that the calls lead to, None after a fault; whoever was promised an SMS gets one either way."""
        played = await _bounded(hop, call.name, self._to_page(hop, state, call))
        if hop.late:
            await _bounded(hop, "late answer", self._tell(hop, state, played))
        return played

    async def _to_page(self, hop: Hop, state: State, call: Call) -> Played:
        for _ in range(CALLS_MAX):
            result = await self._actions[call.name](hop.caller, call)
            state, turn = step(hop.menus, state, result, self._profile)
            if not isinstance(turn, Call):
                return Played(state, turn)
            call = turn
        raise AssertionError(f"the menus call {CALLS_MAX} actions without a page")

    async def _tell(self, hop: Hop, calling: State, played: Played | None) -> None:
        caller, played = hop.caller, played if played is not None else self._instead(hop, calling, Way.FAILED)
        log(session=caller.session_id).info("hop was late")
        if self._late is not None and not played.page.sensitive:
            answer = LateAnswer(caller.session_id, caller.msisdn, caller.person_id, caller.language, played.page.text)
            await self._late(answer)


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
