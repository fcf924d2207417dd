"""Taps and clearing of two processes over the same stores, with a terminal that sends whatever it is told."""

import shutil
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import select

from gateway.services.clearing import Clearing, DueState, read_calendar, read_schedule
from gateway.services.clearing import Parts as ClearingParts
from gateway.services.clearing.model import ExceptionState
from gateway.services.taps import Taps
from gateway.services.taps.tables import refunds as refunds_table
from gateway.services.taps.tables import taps as taps_table
from gateway.store import Store
from gateway.wire import iso8583
from tests.gateway.channels.nfc.world import PERSON, FaultyLedger, World
from wallet.clock import ManualClock
from wallet.ledger import Ledger
from wallet.transfers import PostResult, Transfer

LEASE = timedelta(seconds=121)
"""After so long a cycle whose process died is taken over."""
UNPAID = {DueState.FREE, DueState.BATCHED, DueState.WAITING}


class SlowLedger(FaultyLedger):
    """The ledger; something may happen, once, `before` it posts what one process asks, or `meanwhile`, after it."""

    def __init__(self, ledger: Ledger) -> None:
        super().__init__(ledger)
        self.before: Callable[[], Awaitable[object]] | None = None

    async def post(self, *transfers: Transfer) -> list[PostResult]:
        if self.before is not None:
            happens, self.before = self.before, None
            await happens()
        return await super().post(*transfers)


class House(World):
    """Both processes; `build` makes them anew."""

    def __init__(self, store: Store, ledger: Ledger, clock: ManualClock) -> None:
        self.hands = clock
        super().__init__(store, ledger, clock)

    def build(self) -> None:
        if type(self.ledger) is not SlowLedger:
            self.ledger = self.slow = SlowLedger(self.ledger.ledger)
        processes = []
        for _ in range(2):
            super().build()
            processes.append((self.taps, self._clearing()))
        self.processes: list[tuple[Taps, Clearing]] = processes

    def _clearing(self) -> Clearing:
        parts = ClearingParts(
            self.store, self.clock, self.ledger, self.ledger.ledger, self.chart, self.keys, self.taps, self.merchants,
            read_schedule(), read_calendar(ZoneInfo(self.settings.zone)), self.settings,
        )  # fmt: skip
        return Clearing(parts)

    async def answer(self, mti: str, fields: dict[int, str | bytes], process: int = 0) -> bytes:
        message = iso8583.decode(self.till.body(mti, fields))
        return await self.processes[process][0].answer(message, self.till.terminal_id)

    async def code(self, mti: str, fields: dict[int, str | bytes], process: int = 0) -> str:
        return iso8583.decode(await self.answer(mti, fields, process)).text(39)

    async def cycle(self, process: int = 0) -> None:
        """A cycle that cuts now; one that a dead process began is taken over first."""
        self.hands.advance(LEASE)
        await self.processes[process][1].run(extra=True)

    async def balance(self, role: str, owner: str = "") -> int:
        sums = await self.ledger.ledger.balances(self.chart.id(role, owner))
        return sums.net_credit if sums is not None else 0

    async def assert_money_is_whole(self) -> None:
        rows = await self.ledger.ledger.trial_balance()
        assert sum(row.debits_posted - row.credits_posted for row in rows) == 0
        merchant = [await self.balance(role, self.merchant_id) for role in ("merchant_clearing", "merchant_payable")]
        wallet, fees = await self.balance("wallet", PERSON), await self.balance("fee_income")
        assert wallet + sum(merchant) + fees == self.funds

    async def on_their_way(self) -> int:
        """How many taps and refunds wait for a step."""
        waiting = [select(of.c.id).where(of.c.unfinished == True) for of in (taps_table, refunds_table)]  # noqa: E712 - a column's comparison
        return sum([len(await self.store.read(query)) for query in waiting])

    async def assert_settled(self) -> None:
        """When nothing is on its way: clearing has what no cycle took, and payable what the merchant is owed."""
        taps, clearing = self.processes[0]
        waiting = await taps.unsettled(self.clock.now() + timedelta(days=1))
        of_clearing = sum(one.settles_minor for one in waiting if one.kind.value == "purchase")
        of_payable = sum(one.settles_minor for one in waiting if one.kind.value == "refund")
        assert await self.balance("merchant_clearing", self.merchant_id) == of_clearing
        dues = await clearing.views.dues(self.merchant_id, limit=10_000)
        owed = sum(one.amount.minor for one in dues if one.state in UNPAID)
        carried = (await clearing.views.carried(self.merchant_id)).minor
        owing = [one for one in await taps.owed(10_000) if one.source.value == "merchant_payable" and not one.cycle_id]
        lent = sum(one.amount.minor for one in owing)
        payable = await self.balance("merchant_payable", self.merchant_id)
        assert payable == owed - carried - of_payable - lent, (payable, owed, carried, of_payable, lent)
        cycles = await clearing.views.cycles(limit=10_000)
        assert await self.balance("fee_income") == sum(one.fees.minor - one.fees_back.minor for one in cycles)
        assert [one.type for one in await clearing.views.exceptions(state=ExceptionState.OPEN)] == []


def copied(templates: tuple[Path, Path], folder: Path) -> tuple[str, str]:
    """Fresh databases of the store and of the ledger."""
    for source, name in zip(templates, ("gateway.db", "wallet.db"), strict=True):
        shutil.copy(source, folder / name)
    return f"sqlite:///{folder / 'gateway.db'}", f"sqlite:///{folder / 'wallet.db'}"
