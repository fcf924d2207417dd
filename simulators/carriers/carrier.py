"""The carrier simulator: the operator's USSD centre and the aggregator behind it, in one, for any wire.

It keeps what a network keeps: one dialogue for each handset, the session timer, the longest page. What goes wrong is
drawn for each hop (faults.py): a delivery twice, late, in another order or with broken octets; an answer that is lost.
"""

import asyncio
import random
import re
from collections import Counter
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any, TypeVar

from simulators.carriers.hop import Ending, Hop, HopKind, Line, Manner, NoPage, Page, Report
from simulators.faults import Faults, Mishap
from simulators.trace import Trace

T = TypeVar("T")
CLOSE_S = 2.0
"""How long the last reports may take when the carrier closes."""
_CODE = re.compile(r"\*\d+(\*[^#]*)?#", re.ASCII)


@dataclass(frozen=True, slots=True)
class Screen:
    """What the handset shows.

    Attributes:
        text: The page; may be '' when there is a failure.
        open: Whether the dialogue waits for an answer.
        failed: What went wrong on the network's side, else None.
    """

    text: str
    open: bool
    failed: str | None = None


@dataclass(slots=True, eq=False)
class _Dialogue:
    """A dialogue of one handset. `hops` are those that were delivered, in their order."""

    session_id: str
    msisdn: str
    service_code: str
    dialled: str
    began: float
    until: float
    hops: list[Hop] = field(default_factory=list)
    kept: dict[str, str] = field(default_factory=dict)
    page: str = ""
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    timer: asyncio.TimerHandle | None = None

    def hop(self, kind: HopKind, typed: str = "", report: Report | None = None) -> Hop:
        """The next hop."""
        entries = self.hops[-1].entries if self.hops else ()
        if kind is HopKind.INPUT or typed:
            entries = (*entries, typed)
        return Hop(
            kind, len(self.hops) + 1, self.session_id, self.msisdn, self.service_code, self.dialled, typed, entries,
            dict(self.kept), report,
        )  # fmt: skip


class Carrier:
    """Carries USSD dialogues between handsets and one gateway over one wire; a phone's `Network`.

    Attributes:
        line: The wire.
        mishaps: How often each mishap happened.
        differing: Pairs of pages where the same hop, delivered twice, was answered with two texts.
    """

    def __init__(self, line: Line, service_code: str, trace: Trace, faults: Faults) -> None:
        self.line = line
        self._service_code = service_code
        self._trace = trace
        self._faults = faults
        self._dialogues: dict[str, _Dialogue] = {}
        self._draws: dict[str, random.Random] = {}
        self._tasks: set[asyncio.Task[Any]] = set()
        self.mishaps: Counter[Mishap] = Counter()
        self.differing: list[tuple[str, str]] = []

    async def close(self) -> None:
        """Cut all dialogues, give the last reports a moment to go out, and let go of the connections."""
        for msisdn in list(self._dialogues):
            self.cancel(msisdn)
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=CLOSE_S)
            for task in late:
                task.cancel()
        await self.line.close()

    async def dial(self, msisdn: str, code: str) -> Screen:
        """Dial `code`, `*1420#` or with answers behind it, `*1420*1*500#`; an open dialogue of the handset is cut."""
        self.cancel(msisdn)
        base = self._service_code.rstrip("#")
        if not _CODE.fullmatch(code) or (code != self._service_code and not code.startswith(f"{base}*")):
            return Screen("", open=False, failed=f"no service at {code}")
        dialogue = self._begun(msisdn, code)
        async with dialogue.turn:
            typed = code.removeprefix(base).removesuffix("#").removeprefix("*")
            return await self._hop(dialogue, dialogue.hop(HopKind.BEGIN, typed))

    async def answer(self, msisdn: str, text: str) -> Screen:
        """Type `text` on the page that is open."""
        dialogue = self._dialogues.get(msisdn)
        if dialogue is None:
            return Screen("", open=False, failed="no dialogue is open")
        async with dialogue.turn:
            if self._dialogues.get(msisdn) is not dialogue:
                return Screen("", open=False, failed="no dialogue is open")
            if asyncio.get_running_loop().time() > dialogue.until:
                return self._ran_out(dialogue)
            return await self._hop(dialogue, dialogue.hop(HopKind.INPUT, text))

    def cancel(self, msisdn: str) -> None:
        """Press the red key: the dialogue is gone, and the application told where the wire can."""
        dialogue = self._dialogues.get(msisdn)
        if dialogue is not None:
            self._end(dialogue, Ending.INCOMPLETE, HopKind.ABORT)

    def _begun(self, msisdn: str, dialled: str) -> _Dialogue:
        now = asyncio.get_running_loop().time()
        dialogue = self._dialogues[msisdn] = _Dialogue(
            self.line.new_session(), msisdn, self._service_code, dialled, now, now + self.line.timers.session_s
        )
        self._wait_for_person(dialogue)
        return dialogue

    def _wait_for_person(self, dialogue: _Dialogue) -> None:
        """The timer that the network keeps while a page is open."""
        if dialogue.timer is not None:
            dialogue.timer.cancel()
        loop, idle_s = asyncio.get_running_loop(), self.line.timers.idle_s
        at = min(dialogue.until, loop.time() + idle_s) if idle_s else dialogue.until
        dialogue.timer = loop.call_at(at, self._ran_out, dialogue)

    def _ran_out(self, dialogue: _Dialogue) -> Screen:
        reason = "the network's session timer ran out"
        self._end(dialogue, Ending.INCOMPLETE, HopKind.TIMEOUT, reason)
        return Screen("", open=False, failed=reason)

    async def _hop(self, dialogue: _Dialogue, hop: Hop) -> Screen:
        mishaps = self._drawn(dialogue.msisdn, hop)
        if Mishap.ABORT in mishaps:
            self._end(dialogue, Ending.INCOMPLETE, HopKind.ABORT)
            return Screen("", open=False, failed="the person hung up")
        if Mishap.REDIAL in mishaps:
            return await self._redialled(dialogue, hop)
        if Mishap.CHARSET in mishaps:
            hop = hop.garbled()
        before = list(dialogue.hops)
        dialogue.hops.append(hop)
        try:
            page = await self._delivered(hop, mishaps)
            self.line.limits.check(page.text)
        except NoPage as problem:
            self._trace.record("ussd", f"{hop.msisdn} no page: {problem}", hop.session_id, outbound=False)
            self._end(dialogue, Ending.FAILED, HopKind.TIMEOUT, str(problem))
            return Screen(problem.text, open=False, failed=str(problem))
        await self._delivered_again(hop, before, page, mishaps)
        return self._shown(dialogue, page, mishaps)

    def _shown(self, dialogue: _Dialogue, page: Page, mishaps: frozenset[Mishap]) -> Screen:
        if self._dialogues.get(dialogue.msisdn) is not dialogue:
            return Screen("", open=False, failed="the person hung up")
        dialogue.page, dialogue.kept = page.text, dict(page.kept)
        if Mishap.DROP in mishaps or Mishap.LOST_ANSWER in mishaps:
            # The button is for one hop: the person dials again on a network that works.
            self._faults.drop_session = False
            reason = "the network dropped the session"
            self._trace.record("ussd", f"{dialogue.msisdn} session dropped", dialogue.session_id, outbound=False)
            if Mishap.LOST_ANSWER in mishaps:
                self._forget(dialogue)
            else:
                self._end(dialogue, Ending.FAILED, HopKind.TIMEOUT, reason)
            return Screen("", open=False, failed=reason)
        if page.more:
            self._wait_for_person(dialogue)
        else:
            self._end(dialogue, Ending.SUCCESS)
        return Screen(page.text, open=page.more)

    async def _delivered(self, hop: Hop, mishaps: frozenset[Mishap]) -> Page:
        manner = Manner(Mishap.SLOW_WRITE in mishaps, Mishap.SLOW_READ in mishaps, self._faults.carrier.slow_ms / 1_000)
        if Mishap.DUPLICATE in mishaps:
            page = await self._twice_at_once(hop, manner)
        else:
            page = await self.line.deliver(hop, manner)
        await asyncio.sleep(self._faults.answer_delay_s)
        if Mishap.DELAY in mishaps:
            await asyncio.sleep(self._faults.carrier.delay_ms / 1_000)
        return page

    async def _twice_at_once(self, hop: Hop, manner: Manner) -> Page:
        """Deliver two copies together; the first answer is the page."""
        tasks = [self._owned(self.line.deliver(hop, manner)) for _ in range(2)]
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        first = done.pop()
        other = next(task for task in tasks if task is not first)
        await asyncio.wait([other])
        problem = other.exception()
        if first.exception() is None and problem is None:
            self._compare(first.result(), other.result())
        elif problem is not None and not isinstance(problem, NoPage):
            raise problem
        return first.result()

    async def _delivered_again(self, hop: Hop, before: list[Hop], page: Page, mishaps: frozenset[Mishap]) -> None:
        """Deliver what came already once more; nobody sees the answers."""
        copies = [hop] if Mishap.REPEAT in mishaps else []
        copies += before[-1:] if Mishap.REORDER in mishaps else []
        copies += before[:1] if Mishap.REPEATED_BEGIN in mishaps else []
        for copy in copies:
            again = await self._quietly(copy)
            if copy is hop and again is not None:
                self._compare(page, again)

    async def _quietly(self, hop: Hop) -> Page | None:
        try:
            return await self.line.deliver(hop, Manner())
        except NoPage as problem:
            self._trace.record("ussd", f"{hop.msisdn} no page: {problem}", hop.session_id, outbound=False)
            return None

    async def _redialled(self, dialogue: _Dialogue, hop: Hop) -> Screen:
        """The hop is on its way, and the handset begins another dialogue; the network tells nobody."""
        self._forget(dialogue)
        late = self._owned(self._quietly(hop))
        await asyncio.sleep(0)
        try:
            new = self._begun(dialogue.msisdn, self._service_code)
            async with new.turn:
                return await self._hop(new, new.hop(HopKind.BEGIN))
        finally:
            await asyncio.wait([late])

    def _compare(self, page: Page, again: Page) -> None:
        if (page.text, page.more) != (again.text, again.more):
            self.differing.append((page.text, again.text))

    def _drawn(self, msisdn: str, hop: Hop) -> frozenset[Mishap]:
        """What goes wrong with this hop; a phone's draws do not depend on what other phones do."""
        seed = f"{self._faults.carrier.seed} {msisdn}"
        generator = self._draws.setdefault(msisdn, random.Random(seed))
        drawn = {mishap for mishap in Mishap if generator.random() < self._faults.carrier.rate(mishap)}
        if self._faults.drop_session:
            drawn.add(Mishap.DROP)
        if self._faults.callback_twice:
            drawn.add(Mishap.DUPLICATE)
        if hop.kind is HopKind.BEGIN:
            drawn -= {Mishap.ABORT, Mishap.REDIAL, Mishap.REORDER, Mishap.REPEATED_BEGIN}
        self.mishaps.update(drawn)
        return frozenset(drawn)

    def _forget(self, dialogue: _Dialogue) -> None:
        if dialogue.timer is not None:
            dialogue.timer.cancel()
        if self._dialogues.get(dialogue.msisdn) is dialogue:
            del self._dialogues[dialogue.msisdn]

    def _end(self, dialogue: _Dialogue, ending: Ending, kind: HopKind | None = None, error: str = "") -> None:
        """The dialogue is over; the application hears of it where the wire has a word for it."""
        if self._dialogues.get(dialogue.msisdn) is not dialogue:
            return
        self._forget(dialogue)
        duration_ms = int((asyncio.get_running_loop().time() - dialogue.began) * 1_000)
        report = Report(ending, duration_ms, len(dialogue.hops), dialogue.page, error)
        hops = [dialogue.hop(each, report=report) for each in (kind, HopKind.REPORT) if each is not None]
        # Nobody waits for what the application says to this; `close` does not end before it.
        _ = self._owned(self._told(hops))

    async def _told(self, hops: list[Hop]) -> None:
        for hop in hops:
            await self.line.tell(hop)

    def _owned(self, work: Coroutine[Any, Any, T]) -> "asyncio.Task[T]":
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task
