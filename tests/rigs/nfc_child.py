"""The house's side of taps as a process that dies when it is told to, and is there again at once.

`python -m tests.rigs.nfc_child FOLDER STORE LEDGER PORT PORT`: what is loaded once is forked for each life.
It reads what it is to do from its standard input, a line of JSON each, and says `@…` when something is done. What a
crash left it sweeps up by itself, as the loops of the gateway do.
"""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, or_, select

from gateway.channels.nfc import Desk, Listener, TerminalServer
from gateway.channels.nfc.framing import LengthKind
from gateway.errors import KeyFault
from gateway.keys import Card, SoftwareKeyStore
from gateway.observe import set_up_logging
from gateway.services.controls import Controls
from gateway.services.merchants import Merchants
from gateway.services.taps import Decider, Parts, TapPolicy, Taps
from gateway.services.taps.tables import taps
from gateway.services.tokens import Tokens
from gateway.settings import Settings
from gateway.store import Store
from tests.gateway.channels.nfc.test_twin_phone_and_terminal import api
from tests.gateway.channels.nfc.test_twin_terminal_day import clearing_of
from tests.gateway.channels.nfc.world import FaultyLedger, Somebody, World
from tests.rigs.nfc_scene import FUNDS, MSISDNS, TERMINALS
from wallet.clock import SystemClock
from wallet.ids import new_id, transfer_id
from wallet.ledger import Ledger
from wallet.money import irr
from wallet.transfers import PostResult, Transfer, TransferCode

T = TypeVar("T")
Item = TypeVar("Item")
SWEEP_S = 0.2
POLICY = "[limits]\nday_max_count = 100000\nday_max_minor = 1000000000000\n[terminal]\nrelay_max_ms = 0\n"
"""The rig's people tap all day, and its machine is slower than a counter."""


class Fuse:
    """Kills the process at a commit, or at a post, counted down from when it was lit."""

    def __init__(self) -> None:
        self.left = {"commit": 0, "post": 0}

    def burns(self, at: str) -> None:
        """One of them is done."""
        if self.left[at]:
            self.left[at] -= 1
            if not self.left[at]:
                os.kill(os.getpid(), signal.SIGKILL)


class FusedStore(Store):
    """A store whose process may die between a commit and what was to follow."""

    def __init__(self, store: Store, fuse: Fuse) -> None:
        super().__init__(store._writer, store._reading, store._finder)
        self._fuse = fuse

    async def write(self, work: Callable[[Connection], T]) -> T:
        value = await super().write(work)
        self._fuse.burns("commit")
        return value

    async def write_together(self, work: Callable[[Connection, Sequence[Item]], Sequence[T]], item: Item) -> T:
        value = await super().write_together(work, item)
        self._fuse.burns("commit")
        return value


class FusedLedger(FaultyLedger):
    """The same of the ledger."""

    def __init__(self, ledger: Ledger, fuse: Fuse) -> None:
        super().__init__(ledger)
        self._fuse = fuse

    async def post(self, *transfers: Transfer) -> list[PostResult]:
        results = await super().post(*transfers)
        self._fuse.burns("post")
        return results


class Crowd:
    """Everybody of the scene."""

    async def by_msisdn(self, msisdn: str) -> Somebody | None:
        return Somebody(f"per_{msisdn[-4:]}") if msisdn in MSISDNS else None

    async def by_id(self, person_id: str) -> Somebody | None:
        return Somebody(person_id)

    async def national_number_ends(self, _person_id: str, _digits: str) -> bool:
        return False


class Keys(SoftwareKeyStore):
    """A key store that may be gone."""

    gone = False

    async def verify_ac(self, ref: str, card: Card, data: bytes, ac: bytes) -> bool:
        if self.gone:
            raise KeyFault("the key store is gone")
        return await super().verify_ac(ref, card, data, ac)


class House(World):
    """Services and doors over stores that outlive the process."""

    def __init__(self, store: Store, ledger: Ledger, folder: Path) -> None:
        self.fuse, self.folder = Fuse(), folder
        policy = folder / "policy.toml"
        policy.write_text(POLICY)
        self.policy = TapPolicy.load(str(policy))
        super().__init__(store, ledger, SystemClock())

    def build(self) -> None:
        self.keys = Keys.open(self.folder / "keys", "of the rig")
        self.settings = Settings(luk_uses_max=10_000, sweep_after_s=1)
        self.store = FusedStore(self.store, self.fuse)  # type: ignore[assignment]
        self.ledger = FusedLedger(self.ledger.ledger, self.fuse)
        self.tokens = Tokens(self.store, Crowd(), self.keys, self.clock, self.settings)
        self.merchants = Merchants(self.store, self.ledger, self.chart, self.keys, self.clock)
        decider = Decider(self.policy, Controls(self.store, self.clock), ZoneInfo(self.settings.zone))
        self.taps = Taps(
            Parts(
                self.store, self.ledger, self.chart, self.keys, self.tokens, self.merchants, self.clock,
                self.settings, self.metrics, decider,
            )
        )  # fmt: skip
        self.clearing = clearing_of(self)

    def open_door(self) -> None:
        desk = Desk(
            self.taps, self.merchants, self.keys, self.metrics, idle_s=60, in_flight_max=8, batches=self.clearing
        )
        self.plain = TerminalServer(desk, Listener("plain", "127.0.0.1", 0))
        self.shetab = TerminalServer(
            desk, Listener("shetab", "127.0.0.1", 0, dialect="shetab93", length=LengthKind.ASCII4)
        )

    async def fill(self) -> dict[str, Any]:
        """Money, a merchant, its terminals, and a code for everybody's phone."""
        cash = self.chart.account("branch_cash", "b")
        await self.ledger.open_accounts(cash)
        codes: dict[str, str] = {}
        for msisdn in MSISDNS:
            person = f"per_{msisdn[-4:]}"
            wallet, cause = self.chart.account("wallet", person), new_id("csh", self.clock)
            await self.ledger.open_accounts(wallet)
            paid = Transfer(transfer_id(cause, "cash"), cash.id, wallet.id, irr(FUNDS), TransferCode.CASH_IN, cause)
            assert (await self.ledger.post(paid))[0].outcome.stands
            codes[msisdn] = (await self.tokens.activation_code(person)).code
        merchant = await self.merchants.register_merchant("Pharmacy", "per_0", "Tehran")
        keys = [await self.merchants.register_terminal(merchant.id, name) for name in TERMINALS]
        terminals = {key.terminal_id: [key.merchant_number, key.key.hex()] for key in keys}
        return {"merchant": merchant.id, "codes": codes, "terminals": terminals}

    async def settle(self) -> None:
        """Sweep until nothing is left that a sweep could finish."""
        for _ in range(600):
            left = or_(taps.c.unfinished == 1, taps.c.state == "pending")
            rows = await self.store.read(select(taps.c.id).where(left))
            if not rows:
                return
            await self.taps.sweep()
            await asyncio.sleep(0.1)


async def _sweeping(house: House) -> None:
    while True:
        await house.taps.sweep()
        await asyncio.sleep(SWEEP_S)


async def _obey(house: House) -> None:
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        asked = json.loads(line)
        match asked["do"]:
            case "kill":
                house.fuse.left[asked["at"]] = asked["after"]
            case "keys":
                Keys.gone = asked["gone"]
            case "settle":
                await house.settle()
                _say("settled")
            case other:
                raise ValueError(other)


def _say(what: str) -> None:
    sys.stdout.write(f"@{what}\n")
    sys.stdout.flush()


async def main(folder: Path, store_url: str, ledger_url: str, ports: list[int]) -> None:
    """Until the standard input ends, or a fuse burns down."""
    set_up_logging("ERROR")
    await Store.upgrade(store_url)
    await Ledger.upgrade(ledger_url)
    clock = SystemClock()
    store, ledger = await Store.open(store_url), await Ledger.open(ledger_url, clock)
    house = House(store, ledger, folder)
    try:
        scene = folder / "scene.json"
        if not scene.exists():
            filled = await house.fill()
            await house.clearing.prepare()
            scene.write_text(json.dumps(filled))
        async with api(house) as url:
            (folder / "api").write_text(url)
            await house.plain.start("127.0.0.1", ports[0])
            await house.shetab.start("127.0.0.1", ports[1])
            _say("ready")
            async with asyncio.TaskGroup() as tasks:
                sweeping = tasks.create_task(_sweeping(house))
                await _obey(house)
                sweeping.cancel()
            await house.plain.stop(2)
            await house.shetab.stop(2)
    finally:
        await store.close()
        await ledger.close()


def lives() -> int:
    """One life after the other, until one ends by itself; its exit status."""
    folder, store, ledger, *ports = sys.argv[1:]
    while True:
        if not (born := os.fork()):
            asyncio.run(main(Path(folder), store, ledger, [int(port) for port in ports]))
            os._exit(0)
        _, status = os.waitpid(born, 0)
        if not os.WIFSIGNALED(status):
            return os.waitstatus_to_exitcode(status)
        _say("killed")


if __name__ == "__main__":
    sys.exit(lives())
