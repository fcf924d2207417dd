"""Banking over a real store and real files, with a bank and a taker of news in memory."""

import shutil
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from gateway.errors import BadInput, PeerUnavailable
from gateway.observe import Metrics
from gateway.services.banking import (
    Arrived,
    Banking,
    BankOrder,
    BankPayment,
    News,
    Parts,
    Scheme,
    read_bank_profile,
)
from gateway.store import Store
from tests.gateway.wire.bank_files import IBAN
from wallet.clock import ManualClock
from wallet.money import irr


@dataclass
class StubBank:
    """A bank's door: what it has, what waits there, and how it misbehaves."""

    had: dict[str, bytes] = field(default_factory=dict)
    sends: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    waiting: list[Arrived] = field(default_factory=list)
    silent: bool = False
    """It takes what comes and does not answer."""
    deaf: bool = False
    refuses: str = ""

    async def send(self, order_id: str, name: str, octets: bytes) -> None:
        assert name == f"{order_id}.xml"
        if self.deaf:
            raise PeerUnavailable("refused the connection")
        self.sends.append(order_id)
        if self.refuses:
            raise BadInput(self.refuses)
        self.had[order_id] = octets
        if self.silent:
            raise PeerUnavailable("no answer")

    async def enquire(self, order_id: str) -> bool:
        self.asked.append(order_id)
        if self.deaf:
            raise PeerUnavailable("refused the connection")
        return order_id in self.had

    async def arrivals(self, *, after: str, limit: int) -> Sequence[Arrived]:
        names = [one.name for one in self.waiting]
        return self.waiting[names.index(after) + 1 if after in names else 0 :][:limit]


@dataclass
class StubTaker:
    """Whoever has ordered: takes news, or fails before or after it has."""

    taken: list[News] = field(default_factory=list)
    fails: str = ""

    async def take(self, news: Sequence[News]) -> None:
        if self.fails == "before":
            raise PeerUnavailable("not now")
        self.taken += news
        if self.fails == "after":
            raise PeerUnavailable("taken, and gone")

    def told(self) -> list[tuple[str, str]]:
        return [(one.end_to_end_id, one.what.value) for one in self.taken]


class House:
    """Banking on one database and folder, and verbs short enough for a test to read as a story."""

    def __init__(self, store: Store, clock: ManualClock, folder: Path) -> None:
        self.store, self.clock, self.folder = store, clock, folder
        self.bank, self.taker = StubBank(), StubTaker()
        profile, csv = read_bank_profile("")
        self.parts = Parts(store, clock, Metrics(), ZoneInfo("Asia/Tehran"), folder, profile, csv, self.bank)
        self.banking = self.another()

    def another(self, *, bank: bool = True) -> Banking:
        """The same service as another process has it."""
        banking = Banking(self.parts if bank else replace(self.parts, bank=None))
        banking.tells(self.taker)
        return banking

    async def ordered(self, count: int = 3, order_id: str = "ord_1") -> BankOrder:
        order, payments = of(count, order_id)
        await self.banking.order(order, pages(payments))
        return order

    async def sent(self, count: int = 3, order_id: str = "ord_1") -> BankOrder:
        order = await self.ordered(count, order_id)
        assert await self.banking.ship() == 1
        return order

    async def arrive(self, name: str, octets: bytes) -> None:
        self.bank.waiting.append(Arrived(name, octets))
        await self.banking.fetch()

    def file(self, order_id: str = "ord_1") -> Path:
        return self.folder / "out" / f"{order_id}.xml"


def of(count: int, order_id: str = "ord_1") -> tuple[BankOrder, list[BankPayment]]:
    """An order of payments E1, E2… of 100, 200… rials."""
    payments = [
        BankPayment(f"E{n}", irr(100 * n), f"Payee {n}", IBAN, f"Benefit {n}", "SSBE") for n in range(1, count + 1)
    ]
    total = irr(sum(payment.amount.minor for payment in payments))
    return BankOrder(order_id, "bat_1", Scheme.GROUP, date(2026, 11, 28), count, total), payments


async def pages(payments: Sequence[BankPayment], size: int = 2) -> AsyncIterator[Sequence[BankPayment]]:
    for begin in range(0, len(payments), size):
        yield payments[begin : begin + size]


@pytest.fixture
async def house(sqlite_template: Path, clock: ManualClock, tmp_path: Path) -> AsyncIterator[House]:
    store = await Store.open(f"sqlite:///{shutil.copy(sqlite_template, tmp_path / 'bank.db')}")
    yield House(store, clock, tmp_path / "bank")
    await store.close()


@pytest.fixture
async def any_house(database_url: str, clock: ManualClock, tmp_path: Path) -> AsyncIterator[House]:
    """The same once on each kind of database."""
    store = await Store.open(database_url)
    yield House(store, clock, tmp_path / "bank")
    await store.close()
