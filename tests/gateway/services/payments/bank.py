"""A store, a real ledger that can be made to crash, and people without phones: what tests of money need."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import Enum, auto

from gateway.services.people.rules import masked
from gateway.settings import Settings
from gateway.store import Store
from tests.gateway.services.people.fakes import FakeTeller
from wallet.accounts import Account, Chart
from wallet.clock import Clock
from wallet.ids import new_id
from wallet.ledger import Ledger
from wallet.transfers import PostResult, Transfer


class PowerCut(Exception):
    """The process is gone at this line."""


class CrashAt(Enum):
    """Where the next post goes down."""

    NOWHERE = auto()
    BEFORE_POST = auto()
    AFTER_POST = auto()


class CrashingLedger:
    """The real ledger behind a line that is cut once where a test says."""

    def __init__(self, ledger: Ledger) -> None:
        self.real = ledger
        self.crash_at = CrashAt.NOWHERE
        self.posted = 0

    async def open_accounts(self, *accounts: Account) -> None:
        await self.real.open_accounts(*accounts)

    async def post(self, *transfers: Transfer) -> list[PostResult]:
        crash, self.crash_at = self.crash_at, CrashAt.NOWHERE
        if crash is CrashAt.BEFORE_POST:
            raise PowerCut
        results = await self.real.post(*transfers)
        self.posted += 1
        if crash is CrashAt.AFTER_POST:
            raise PowerCut
        return results


@dataclass(frozen=True)
class FakePerson:
    id: str
    msisdn: str
    name: str
    language: str = "en"
    enrolled: bool = True

    def masked_name_in(self, _language: str) -> str:
        return masked(self.name)


@dataclass
class FakePeople:
    people: dict[str, FakePerson] = field(default_factory=dict)

    def add(self, clock: Clock, msisdn: str, name: str = "Maryam Ahmadi") -> FakePerson:
        person = FakePerson(new_id("per", clock), msisdn, name)
        self.people[person.id] = person
        return person

    async def by_id(self, person_id: str) -> FakePerson | None:
        return self.people.get(person_id)

    async def by_msisdn(self, msisdn: str) -> FakePerson | None:
        return next((person for person in self.people.values() if person.msisdn == msisdn), None)

    async def active_ids(self, *, after: str, limit: int) -> list[str]:
        return [person_id for person_id in sorted(self.people) if person_id > after][:limit]

    async def count_active(self) -> int:
        return len(self.people)


@dataclass
class Bank:
    store: Store
    ledger: CrashingLedger
    chart: Chart
    clock: Clock
    people: FakePeople
    teller: FakeTeller
    settings: Settings

    async def wallet(self, person_id: str) -> int:
        """What a person may spend."""
        balances = await self.ledger.real.balances(self.chart.id("wallet", person_id))
        return balances.available_credit if balances else 0

    async def net(self, role: str, owner: str = "") -> int:
        """Credits over debits of an account."""
        balances = await self.ledger.real.balances(self.chart.id(role, owner))
        return balances.net_credit if balances else 0


@asynccontextmanager
async def open_bank(url: str, clock: Clock) -> AsyncIterator[Bank]:
    wallet_url = url.replace(".db", "-wallet.db") if url.startswith("sqlite") else url
    await Store.upgrade(url)
    await Ledger.upgrade(wallet_url)
    store = await Store.open(url)
    ledger = await Ledger.open(wallet_url, clock)
    try:
        yield Bank(store, CrashingLedger(ledger), Chart.load(), clock, FakePeople(), FakeTeller(), Settings())
    finally:
        await ledger.close()
        await store.close()
