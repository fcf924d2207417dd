"""Taps with faults at every step, the house killed between commit and answer: nobody is charged twice, all is kept.

Run with `-s` to see the figures. `HYPOTHESIS_PROFILE=soak` is the long form: 10,000 taps on each engine.
"""

import asyncio
import contextlib
import json
import os
import random
import socket
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import pytest
from sqlalchemy import Row, select

from gateway.services.taps import tables
from gateway.store import Store
from simulators.faults import Faults, TillFaults, TillMishap
from simulators.nfc import Kernel, Limits, Setting
from simulators.nfc_phone import NfcPhone
from simulators.terminal import Crashed, TapOutcome, Terminal, TerminalConfig
from simulators.till.dialects import Framing
from simulators.till.items import Item, ItemKind
from simulators.till.kernel import Limits as ReaderLimits
from simulators.till.kernel import Rules
from simulators.trace import Trace
from tests.rigs.nfc_scene import FUNDS, MSISDNS, TERMINALS, Harm, Plan, Step, plan
from wallet.accounts import Chart
from wallet.clock import SystemClock
from wallet.ledger import Ledger

pytestmark = [pytest.mark.rig, pytest.mark.timeout(3600)]
LONG = os.environ.get("HYPOTHESIS_PROFILE") == "soak"
TAPS = int(os.environ.get("NFC_TAPS", "10000" if LONG else "1000"))
KILLS_MAX = TAPS // 40
ANSWER_S = 0.5
READY_S = 60
SETTLED_S = 20
FLOOR = 60_000
QUIET = frozenset({"captured", "voided", "refunded", "declined", "expired"})
"""States of a tap in which nobody owes anybody anything more."""

CAPTURED = frozenset({"captured", "refunded"})
"""Of the others `capture_minor` is what was wanted."""


@dataclass
class Child:
    """The house's process; it is started again whenever it dies."""

    arguments: Sequence[str]
    process: asyncio.subprocess.Process | None = None
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    settled: asyncio.Event = field(default_factory=asyncio.Event)
    kills: int = 0
    stopping: bool = False

    async def run(self) -> None:
        """Until `stop`."""
        self.process = process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.rigs.nfc_child", *self.arguments,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=None,
        )  # fmt: skip
        assert process.stdout is not None
        try:
            async for line in process.stdout:
                if line.startswith(b"@ready"):
                    self.ready.set()
                elif line.startswith(b"@settled"):
                    self.settled.set()
                elif line.startswith(b"@killed"):
                    self.ready.clear()
                    self.kills += 1
            code = await process.wait()
        finally:
            self.ready.clear()
            with contextlib.suppress(ProcessLookupError):
                process.kill()
        assert (self.stopping, code) == (True, 0), f"the house ended with {code}"

    def tell(self, **what: object) -> None:
        """One order; lost if it is dead at the moment."""
        if self.process is not None and self.process.stdin is not None and self.ready.is_set():
            with contextlib.suppress(OSError):
                self.process.stdin.write(json.dumps(what).encode() + b"\n")

    async def settle(self) -> None:
        """Everything that a sweep can finish is finished."""
        self.settled.clear()
        async with asyncio.timeout(SETTLED_S):
            while not self.settled.is_set():
                # A fuse that was lit before may still burn down: then the next one is asked.
                await self.ready.wait()
                self.tell(do="settle")
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(3):
                        await self.settled.wait()

    def stop(self) -> None:
        """Let it end by itself."""
        self.stopping = True
        if self.process is not None and self.process.stdin is not None:
            self.process.stdin.close()


@dataclass
class Shop:
    """A terminal, its merchant's way with it, and the phones that come to it."""

    config: TerminalConfig
    port: int
    folder: Path
    phones: list[NfcPhone]
    child: Child
    chance: random.Random
    faults: Faults = field(default_factory=Faults)
    trace: Trace = field(default_factory=Trace)
    outcomes: Counter[TapOutcome] = field(default_factory=Counter)
    _tasks: asyncio.TaskGroup | None = None
    _work: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._tasks = await asyncio.TaskGroup().__aenter__()
        self.switch_on()
        return self

    async def __aexit__(self, *problem: object) -> None:
        assert self._tasks is not None
        if self._work is not None:
            self._work.cancel()
        await self._tasks.__aexit__(*problem)  # type: ignore[arg-type]

    def switch_on(self) -> None:
        """A new process of the terminal over the journal of the old one."""
        assert self._tasks is not None
        if self._work is not None:
            self._work.cancel()
        self.terminal = Terminal(
            self.config, host="127.0.0.1", port=self.port, faults=self.faults, trace=self.trace, folder=self.folder,
            answer_timeout_s=ANSWER_S,
        )  # fmt: skip
        self._work = self._tasks.create_task(self.terminal.run())

    async def day(self, taps: int) -> None:
        """So many taps, and what else a merchant does between them."""
        done = 0
        while done < taps:
            one = plan(self.chance)
            done += one.step is Step.TAP
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(READY_S):
                    await self.child.ready.wait()
            await self._do(one)
            self.faults.till = TillFaults()

    async def _do(self, one: Plan) -> None:
        terminal = self.terminal
        match one.step:
            case Step.TAP:
                await self._tap(one)
            case Step.REFUND:
                sale = self._sale()
                if sale is not None:
                    self.outcomes[(await terminal.refund(max(1, sale.amount_minor // 3), sale.stan)).outcome] += 1
            case Step.VOID:
                self.outcomes[(await terminal.void()).outcome] += 1
            case Step.LOWER:
                sale = self._sale()
                if sale is not None:
                    self.outcomes[(await terminal.lower(max(1, sale.amount_minor // 2), sale.stan)).outcome] += 1
            case Step.CLOSE:
                self.outcomes[(await terminal.close_batch()).outcome] += 1

    async def _arm(self, mishap: TillMishap) -> None:
        """Something befalls the next request; a death that of the tap alone."""
        first = "0200" if self.config.one_message else "0100"
        only = self.chance.choice(["", first])
        if mishap in (TillMishap.CRASH_BEFORE, TillMishap.CRASH_AFTER):
            only = first
            if self.config.one_message:
                # A void that is told again is a 0200 too: it would die of what is meant for the tap, behind its back.
                async with asyncio.timeout(READY_S):
                    await self.terminal.drained()
        self.faults.till = TillFaults(times=1, only=only, delay_ms=int(ANSWER_S * 1500))
        setattr(self.faults.till, mishap.value, True)

    async def _tap(self, one: Plan) -> None:
        phone = self.chance.choice(self.phones)
        phone.faults.tear_at = 0
        if one.mishap is not None:
            await self._arm(one.mishap)
        match one.harm:
            case Harm.TEAR:
                phone.faults.tear_at, phone.faults.tear_after = one.at, one.after
            case Harm.OFFLINE:
                await self.terminal.switch(on=False)
            case Harm.KEYS_GONE:
                self.child.tell(do="keys", gone=True)
            case Harm.KILL_COMMIT if self.child.kills < KILLS_MAX:
                self.child.tell(do="kill", at="commit", after=one.at)
            case Harm.KILL_POST if self.child.kills < KILLS_MAX:
                self.child.tell(do="kill", at="post", after=1 + one.at % 2)
        try:
            self.outcomes[(await self.terminal.pay(one.amount_minor, phone, part_ok=one.after)).outcome] += 1
        except Crashed:
            self.switch_on()
        if one.harm is Harm.KEYS_GONE:
            self.child.tell(do="keys", gone=False)
        if one.harm is Harm.OFFLINE:
            await self.terminal.switch(on=True)

    def _sale(self) -> Item | None:
        sales = [item for item in self.terminal.items() if item.counts and item.kind is ItemKind.PURCHASE]
        # What was refunded before may have less left than is asked for, and then the house says so.
        return self.chance.choice(sales[-5:]) if sales else None

    async def finished(self) -> None:
        """Nothing is owed any more, and every batch is agreed."""
        try:
            async with asyncio.timeout(SETTLED_S):
                await self.terminal.drained()
                while (await self.terminal.close_batch()).outcome is not TapOutcome.BATCH_AGREED:  # noqa: ASYNC110 - it asks
                    await asyncio.sleep(0.2)
                while self.terminal._journal.unfinished():  # noqa: ASYNC110 - the terminal closes them by itself
                    await asyncio.sleep(0.2)
        except TimeoutError:
            owed = [(message.mti, message[11], message[90]) for message in self.terminal._journal.owed()]
            seen = [one.summary for one in list(self.trace.messages)[-20:]]
            pytest.fail(f"{self.config.id}: owed {owed}, unfinished {self.terminal._journal.unfinished()}, {seen}")


@dataclass
class Town:
    """The house, its shops and everybody's phones."""

    folder: Path
    urls: tuple[str, str]
    child: Child
    shops: list[Shop]
    phones: list[NfcPhone]

    async def day(self, taps: int) -> None:
        """All shops at once; then everything is brought to its end."""
        async with asyncio.TaskGroup() as tasks:
            for shop in self.shops:
                tasks.create_task(shop.day(taps // len(self.shops)))
        self.child.tell(do="keys", gone=False)
        await self.child.settle()
        for shop in self.shops:
            await shop.finished()
        await self.child.settle()

    def told(self, keys: set[tuple[str, str]]) -> list[object]:
        """What the terminals know of these: the item, and what went over the wire about it."""
        shops = {shop.config.id: shop for shop in self.shops}
        return [
            (key, shops[key[0]].terminal._journal.item(key[1]), [
                (str(one.at), one.summary) for one in shops[key[0]].trace.messages if key[1] in one.detail
            ])
            for key in keys
        ]  # fmt: skip

    def sold(self) -> dict[tuple[str, str], Item]:
        """What counts in the terminals' journals, by terminal and trace number."""
        items = [(shop.config.id, item) for shop in self.shops for item in shop.terminal.items()]
        return {(name, item.stan): item for name, item in items if item.counts}


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        taken = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [one.getsockname()[1] for one in taken]


def _config(number: int, name: str, scene: dict[str, Any]) -> TerminalConfig:
    """One and two messages, both dialects."""
    merchant, key = scene["terminals"][name]
    shetab = number % 2 == 1
    return TerminalConfig(
        name,
        merchant,
        "Pharmacy",
        bytes.fromhex(key),
        dialect="shetab93" if shetab else "house87",
        framing=Framing.ASCII4 if shetab else Framing.BINARY2,
        one_message=number >= 2,
        rules=Rules(ReaderLimits(floor_minor=FLOOR)),
    )


async def _phones(folder: Path, url: str, scene: dict[str, Any]) -> list[NfcPhone]:
    phones = []
    for number, msisdn in enumerate(MSISDNS):
        kernel = Kernel.MCHIP if number % 2 else Kernel.GPO
        setting = Setting(kernel=kernel, template=number % 4 == 1, offline=Limits(uses_max=10**6, minor_max=10**12))
        phone = NfcPhone(msisdn, url, Trace(), folder=folder / "phones", setting=setting)
        assert (await phone.provision(scene["codes"][msisdn])).ok
        phones.append(phone)
    return phones


@contextlib.asynccontextmanager
async def opened(folder: Path, urls: tuple[str, str], seed: int) -> AsyncIterator[Town]:
    """The town, while its house lives, dies and lives again."""
    ports = _free_ports(2)
    child = Child((str(folder), *urls, *map(str, ports)))
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(child.run())
        async with asyncio.timeout(READY_S):
            await child.ready.wait()
        scene = json.loads((folder / "scene.json").read_text())
        phones = await _phones(folder, (folder / "api").read_text(), scene)
        async with contextlib.AsyncExitStack() as stack:
            shops = []
            share = len(phones) // len(TERMINALS)
            for number, name in enumerate(TERMINALS):
                chance = random.Random(f"{seed}/{number}")  # noqa: S311 - a seed must replay
                own = phones[number * share : (number + 1) * share]
                shop = Shop(_config(number, name, scene), ports[number % 2], folder / "tills", own, child, chance)
                shops.append(await stack.enter_async_context(shop))
            yield Town(folder, urls, child, shops, phones)
        child.stop()


async def _books_agree(town: Town) -> None:
    """Terminals' journals against the house's ledger."""
    store, ledger = await Store.open(town.urls[0]), await Ledger.open(town.urls[1], SystemClock())
    try:
        taps = await store.read(select(tables.taps))
        refunds = await store.read(select(tables.refunds))
        sold = town.sold()
        open_ = [(tap.id, tap.state) for tap in taps if tap.state not in QUIET and not tap.owner]
        assert open_ == [], "every approval is cleared, taken back, or somebody's"
        kept = {
            (tap.terminal_id, tap.stan): tap.capture_minor - tap.undone_minor for tap in taps if tap.state in CAPTURED
        }
        taken = {key: minor for key, minor in kept.items() if minor}
        purchases = {key: item.amount_minor for key, item in sold.items() if item.kind is ItemKind.PURCHASE}
        differ = {key for key in taken.keys() | purchases.keys() if taken.get(key) != purchases.get(key)}
        ours = [tuple(row) for row in (*taps, *refunds) if (row.terminal_id, row.stan) in differ]
        assert not differ, f"what people paid is not what terminals sold: {town.told(differ)}, the house: {ours}"
        back = {(one.terminal_id, one.stan): one.amount_minor for one in refunds if _refunded(one)}
        assert back == {key: item.amount_minor for key, item in sold.items() if item.kind is ItemKind.REFUND}
        chart = Chart.load()
        net = 0
        for phone in town.phones:
            assert phone.token is not None
            balances = await ledger.balances(chart.id("wallet", f"per_{phone.msisdn[-4:]}"))
            assert balances is not None
            own = [item for item in sold.values() if item.original[2] == phone.token.pan]
            spent = sum(item.amount_minor * (1 if item.kind is ItemKind.PURCHASE else -1) for item in own)
            assert (balances.net_credit, balances.available_credit) == (FUNDS - spent, FUNDS - spent), phone.msisdn
            net += spent
        rows = await ledger.trial_balance()
        assert sum(row.debits_posted - row.credits_posted for row in rows) == 0
        assert (await ledger.verify()).finding is None
        merchants = [row for row in rows if row.role in ("merchant_clearing", "merchant_payable", "fee_income")]
        assert sum(row.credits_posted - row.debits_posted for row in merchants) == net
    finally:
        await ledger.close()
        await store.close()


def _refunded(row: Row[Any]) -> bool:
    return (row.kind, row.state) == ("refund", "paid")


async def test_no_fault_at_any_step_of_a_tap_loses_money_or_charges_anybody_twice(
    tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("simulators.till.journal.CLOSED_MAX", 10**6)
    monkeypatch.setattr("simulators.trace.KEPT_MAX", 10**5)
    monkeypatch.setattr("simulators.terminal.LINE_WAIT_S", 5.0)
    monkeypatch.setattr("simulators.till.line.SIGN_ON_TIMEOUT_S", 1.0)
    monkeypatch.setattr("simulators.till.line.RETRY_MAX_S", 0.5)
    monkeypatch.setattr("simulators.till.forward.RETRY_S", 0.05)
    seed = int(os.environ.get("NFC_SEED", time.time_ns() % 10**6))
    urls = (database_url, database_url.replace("test.db", "wallet.db"))
    begun = time.monotonic()
    async with opened(tmp_path, urls, seed) as town:
        sys.stdout.write(f"NFC_SEED={seed}\n")
        await town.day(TAPS)
    await _books_agree(town)
    outcomes: Counter[TapOutcome] = sum((shop.outcomes for shop in town.shops), Counter())
    sys.stdout.write(f"{TAPS} taps in {time.monotonic() - begun:.0f} s, {town.child.kills} kills: {dict(outcomes)}\n")
    assert outcomes[TapOutcome.APPROVED] > TAPS // 4
    assert outcomes[TapOutcome.NO_ANSWER] > TAPS // 50
    assert town.child.kills >= KILLS_MAX // 4
