"""Kills the gateway at a named point, seen from outside: no product code knows of it.

Two things make a point exact. A peer that has just received a request kills before it answers. And a lock of ours on
one of the two stores holds the gateway's next write back: it stands between two commits for as long as we need.
"""

import asyncio
import contextlib
import signal
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

import aiohttp
import pytest

from simulators.carriers.hop import Hop, Manner, Page
from simulators.smsc.session import Session
from simulators.smsc.wire import Pdu
from simulators.till.iso8583 import Message
from simulators.till.line import Answer, LineCut
from tests.journeys.desk import Desk
from tests.journeys.kill_stores import HEAD, Stores
from tests.journeys.town import Town

IN_HAND_S = 0.15
"""How long a request is left in the gateway's hand while it can store nothing."""
SETTLED_S = 20.0
TOLD_S = 45.0
"""Long enough for a lease on PostgreSQL that a killed process has left."""

PAYMENT_BEGUN = "SELECT count(*) FROM payments_payments WHERE state = 'intent'"
RELEASE_BEGUN = "SELECT count(*) FROM benefits_claims WHERE state = 'released'"
TAP_BEGUN = "SELECT count(*) FROM taps_taps WHERE state = 'pending'"
COMPLETION_BEGUN = "SELECT count(*) FROM taps_taps WHERE state = 'held' AND capture_minor > 0"
REVERSAL_BEGUN = "SELECT count(*) FROM taps_taps WHERE state = 'held' AND reversal = 1"

UNFINISHED: Mapping[str, str] = {
    "payments": PAYMENT_BEGUN,
    "claim codes": "SELECT count(*) FROM payments_codes WHERE state IN ('funding', 'redeeming', 'returning')",
    "invoices": "SELECT count(*) FROM payments_invoices WHERE state = 'paying'",
    "releases": "SELECT count(*) FROM benefits_claims WHERE state = 'released' OR due_at IS NOT NULL",
    "approvals": "SELECT count(*) FROM approvals_approvals WHERE due IS NOT NULL",
    "taps": "SELECT count(*) FROM taps_taps WHERE unfinished = 1 OR state IN ('pending', 'held')",
    "refunds": "SELECT count(*) FROM taps_refunds WHERE unfinished = 1",
    "holds": "SELECT count(*) FROM open_hold",
    "held amounts": "SELECT CAST(coalesce(sum(debits_held + credits_held), 0) AS bigint) FROM account",
}
"""What must all be 0 when nothing is in work."""
UNTOLD: Mapping[str, str] = {
    "notices": "SELECT count(*) FROM notice_outbox WHERE state IN ('ready', 'leased')",
    "movements": "SELECT position - (SELECT max(position) FROM notice_cursor) FROM head",
}


@dataclass
class Scene:
    """A town in which the gateway dies now and then."""

    town: Town
    stores: Stores
    stack: contextlib.AsyncExitStack
    notes: dict[str, str] = field(default_factory=dict)
    """What a step leaves for the next ones."""
    _desks: dict[str, Desk] = field(default_factory=dict)
    _callbacks: dict[str, Hop] = field(default_factory=dict)
    _lost: dict[str, Hop] = field(default_factory=dict)

    async def desk(self, username: str) -> Desk:
        """Staff sign in once: a one-time code is good for one sign-in, and sign-ins outlive the gateway."""
        if username not in self._desks:
            self._desks[username] = await self.stack.enter_async_context(Desk(self.town, username))
        return self._desks[username]

    def listen(self) -> None:
        """Remember each phone's last callback, so that the carrier can send it again."""
        line = self.town.world.carrier.line
        deliver = line.deliver

        async def remembered(hop: Hop, manner: Manner) -> Page:
            self._callbacks[hop.msisdn] = hop
            return await deliver(hop, manner)

        patch = self.stack.enter_context(pytest.MonkeyPatch.context())
        patch.setattr(line, "deliver", remembered)

    async def cut(self, kill: "Kill", strike: "Strike") -> None:
        """Let it happen and the gateway die in it; then start it again."""
        async with asyncio.timeout(TOLD_S):
            await kill(self, strike)
        assert self.town.process is not None
        assert self.town.process.returncode == -signal.SIGKILL, "the gateway was to be killed"
        self._lost = dict(self._callbacks)
        await self.town.start()

    async def repeat_callback(self, number: int) -> str:
        """The carrier sends the callback again whose answer was lost in the kill; the page."""
        page = await self.town.world.carrier.line.deliver(self._lost[f"+98912000000{number}"], Manner())
        return page.text

    async def balances(self) -> dict[str, int]:
        """Each account's posted balance, credits positive, by `wallet 8` (the demo's number) or by its role."""
        numbers = dict(await self.stores.rows("SELECT id, msisdn FROM people_persons"))
        sums: dict[str, int] = {}
        for role, owner, net in await self.stores.rows(
            "SELECT role, owner, credits_posted - debits_posted FROM account"
        ):
            name = f"wallet {str(numbers[owner])[-1]}" if role == "wallet" else str(role)
            sums[name] = sums.get(name, 0) + int(net)
        return sums

    async def finished(self) -> None:
        """Wait until terminals, sweeper and workers have nothing left to do about money."""
        async with asyncio.timeout(SETTLED_S):
            for terminal in self.town.world.terminals.values():
                await terminal.drained()
        await self._until_none(UNFINISHED, SETTLED_S)

    async def quiet(self) -> None:
        """Wait until nothing is in work and everybody was told, so that a kill cuts only what it should."""
        await self.finished()
        await self._until_none(UNTOLD, TOLD_S)

    async def sms(self, number: int, words: str, *, before: int = 0) -> list[str]:
        """Wait for an SMS with these words; all of them that came after the first `before` SMS of this phone."""
        phone = self.town.phone(number)

        def found() -> list[str]:
            return [each.text for each in phone.inbox if each.number > before and words in each.text]

        await until(_made_async(found), TOLD_S)
        return found()

    async def _until_none(self, queries: Mapping[str, str], timeout_s: float) -> None:
        left: dict[str, int] = {}

        async def none() -> bool:
            left.clear()
            left.update({name: await self.stores.number(query) for name, query in queries.items()})
            return not any(left.values())

        try:
            await until(none, timeout_s)
        except TimeoutError:
            pytest.fail(f"left in work: { {name: count for name, count in left.items() if count} }")


Strike = Callable[[], Awaitable[None]]
"""What somebody does and the kill cuts off."""
Kill = Callable[[Scene, Strike], Awaitable[None]]
"""Starts the strike, kills the gateway at the point, waits for both."""
Step = Callable[[Scene], Awaitable[None]]


@dataclass(frozen=True)
class Point:
    """One kill: what leads there, what is cut, where, how people go on, and what has moved when all is done."""

    name: str
    before: Step
    strike: Step
    kill: Kill
    after: Step
    moved: Mapping[str, int] = field(default_factory=dict)


async def run(scene: Scene, point: Point) -> None:
    """Play one point; afterwards nothing is unfinished and exactly `moved` has moved."""
    await scene.quiet()
    before = await scene.balances()
    await point.before(scene)
    await scene.quiet()
    await scene.cut(point.kill, lambda: point.strike(scene))
    await point.after(scene)
    await scene.finished()
    after = await scene.balances()
    moved = {name: after[name] - before.get(name, 0) for name in after if after[name] != before.get(name, 0)}
    assert moved == dict(point.moved), point.name
    assert sum(after.values()) == 0, point.name


async def in_hand(scene: Scene, strike: Strike) -> None:
    """The request has come in and nothing of it can be stored."""
    async with asyncio.TaskGroup() as tasks, scene.stores.held("gateway"):
        tasks.create_task(_cut_off(strike))
        await asyncio.sleep(IN_HAND_S)
        await scene.town.kill()


async def answered(scene: Scene, strike: Strike) -> None:
    """Everything is stored and the answer has left, but nobody gets to see it."""
    await _cut_off(strike)
    await scene.town.kill()


def intended(begun: str) -> Kill:
    """The intent is stored (`begun` counts it) and nothing is posted yet."""

    async def kill(scene: Scene, strike: Strike) -> None:
        async with asyncio.TaskGroup() as tasks, scene.stores.held("wallet"):
            tasks.create_task(_cut_off(strike))
            await until(lambda: scene.stores.some(begun))
            await scene.town.kill()

    return kill


def posted(begun: str) -> Kill:
    """The ledger's head has just moved and the outcome is not stored."""

    async def kill(scene: Scene, strike: Strike) -> None:
        head = await scene.stores.number(HEAD)
        async with asyncio.TaskGroup() as tasks, scene.stores.held("wallet") as wallet:
            tasks.create_task(_cut_off(strike))
            await until(lambda: scene.stores.some(begun))
            async with scene.stores.held("gateway"):
                await wallet.release()
                await until(lambda: scene.stores.some(f"SELECT count(*) FROM head WHERE position > {head}"))  # noqa: S608
                await scene.town.kill()
                assert await scene.stores.some(begun), "the outcome must not be stored"

    return kill


async def at_registry(scene: Scene, strike: Strike) -> None:
    """The registry was asked and has not answered."""
    registry = scene.town.world.registry
    answer = registry.answer

    def asked(msisdn: str, national_number: str) -> dict[str, bool | str]:
        scene.town.strike()
        return answer(msisdn, national_number)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(registry, "answer", asked)
        await _cut_off(strike)
    await scene.town.kill()


def at_smsc(*, taken: bool) -> Kill:
    """The SMSC has received a submit_sm and has not answered; it delivers the text if it has `taken` it."""

    async def kill(scene: Scene, strike: Strike) -> None:
        desk, received = scene.town.world.smsc.desk, asyncio.Event()
        submit = desk._submit

        def submitted(session: Session, pdu: Pdu) -> None:
            scene.town.strike()
            if taken:
                submit(session, pdu)
            received.set()

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(desk, "_submit", submitted)
            await _cut_off(strike)
            await received.wait()
            await scene.town.kill()

    return kill


def at_message(mti: str, inner: Kill) -> Kill:
    """The terminal sends a message of this type and never sees its answer; `inner` says how far the gateway comes."""

    async def kill(scene: Scene, strike: Strike) -> None:
        line, dead = next(iter(scene.town.world.terminals.values()))._line, asyncio.Event()
        exchange = line.exchange

        async def cut(message: Message, *, timeout_s: float, cut_after: bool = False) -> Answer:
            if message.mti != mti or dead.is_set():
                return await exchange(message, timeout_s=timeout_s, cut_after=cut_after)

            async def ask() -> None:
                await exchange(message, timeout_s=timeout_s)

            await inner(scene, ask)
            dead.set()
            raise LineCut

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(line, "exchange", cut)
            await strike()
            await dead.wait()

    return kill


async def until(true: Callable[[], Awaitable[object]], timeout_s: float = 10.0) -> None:
    """Poll closely until it is."""
    async with asyncio.timeout(timeout_s):
        while not await true():  # noqa: ASYNC110 - another process's event
            await asyncio.sleep(0.002)


async def _cut_off(strike: Strike) -> None:
    """A peer whose other side dies: the connection is lost, and that is all it notices."""
    with contextlib.suppress(aiohttp.ClientError, LineCut):
        await strike()


def _made_async(plain: Callable[[], object]) -> Callable[[], Awaitable[object]]:
    async def wrapped() -> object:
        return plain()

    return wrapped
