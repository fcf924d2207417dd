"""A mapper with its store, on people without phones."""

from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Connection

from gateway.keys.software import SoftwareKeyStore
from gateway.observe import Metrics
from gateway.services.payees import PayeeParts, Payees
from gateway.store import Store
from tests.gateway.services.payments.bank import FakePerson
from tests.gateway.services.people.fakes import FakeTeller
from wallet.clock import ManualClock
from wallet.ids import new_id

IBAN = "IR062960000000100324200001"
OTHER = "IR820540102680020817909002"
COOL = timedelta(hours=48)


@dataclass
class FakeOwners:
    people: dict[str, FakePerson] = field(default_factory=dict)
    reset: dict[str, datetime] = field(default_factory=dict)

    async def by_id(self, person_id: str) -> FakePerson | None:
        return self.people.get(person_id)

    async def by_ids(self, ids: Collection[str]) -> Sequence[FakePerson]:
        return [self.people[one] for one in ids if one in self.people]

    async def resets(self, ids: Collection[str], since: datetime) -> dict[str, datetime]:
        return {one: at for one, at in self.reset.items() if one in ids and at > since}


@dataclass
class FakeAsker:
    asked: list[tuple[str, str, str]] = field(default_factory=list)

    def prepared(
        self, person_id: str, msisdn: str, cause: str, valid_until: datetime
    ) -> Callable[[Connection], object]:
        return lambda _tx: self.asked.append((person_id, msisdn, cause))


@dataclass
class FakeDesk:
    tickets: dict[str, str] = field(default_factory=dict)

    async def open(self, cause: str, msisdn: str, person_id: str, language: str, text: str) -> str | None:
        self.tickets[cause] = text
        return "C-1"


@dataclass
class Office:
    payees: Payees
    store: Store
    clock: ManualClock
    owners: FakeOwners
    teller: FakeTeller
    asker: FakeAsker
    desk: FakeDesk

    def person(self, msisdn: str = "+989120000001", name: str = "Maryam Ahmadi") -> str:
        made = FakePerson(new_id("per", self.clock), msisdn, name)
        self.owners.people[made.id] = made
        return made.id


def office_over(store: Store, clock: ManualClock) -> Office:
    """A mapper over a store that somebody else closes."""
    owners, teller, asker, desk = FakeOwners(), FakeTeller(), FakeAsker(), FakeDesk()
    parts = PayeeParts(store, clock, SoftwareKeyStore.for_tests(), owners, teller, asker, desk, Metrics())
    return Office(Payees(parts, cool=COOL), store, clock, owners, teller, asker, desk)


@asynccontextmanager
async def open_office(url: str, clock: ManualClock) -> AsyncIterator[Office]:
    await Store.upgrade(url)
    store = await Store.open(url)
    try:
        yield office_over(store, clock)
    finally:
        await store.close()
