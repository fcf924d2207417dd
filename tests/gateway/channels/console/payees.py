"""A mapper for the console's tests, over the same people."""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy import Connection

from gateway.keys.software import SoftwareKeyStore
from gateway.observe import Metrics
from gateway.services.messages import Tickets
from gateway.services.payees import PayeeParts, Payees
from gateway.services.people import Person
from gateway.store import Store
from tests.gateway.channels.console.teller import StubTeller
from wallet.clock import Clock


class People(Protocol):
    people: dict[str, Person]


class Owners:
    def __init__(self, people: People) -> None:
        self._people = people

    async def by_id(self, person_id: str) -> Person | None:
        return self._people.people.get(person_id)

    async def by_ids(self, ids: Collection[str]) -> Sequence[Person]:
        return [self._people.people[one] for one in ids if one in self._people.people]

    async def resets(self, ids: Collection[str], since: datetime) -> dict[str, datetime]:
        return {}


class Asker:
    def prepared(
        self, person_id: str, msisdn: str, cause: str, valid_until: datetime
    ) -> Callable[[Connection], object]:
        return lambda _tx: None


def payees_of(store: Store, clock: Clock, people: People, tickets: Tickets) -> Payees:
    keys, metrics = SoftwareKeyStore.for_tests(), Metrics()
    parts = PayeeParts(store, clock, keys, Owners(people), StubTeller(), Asker(), tickets, metrics)
    return Payees(parts, cool=timedelta(hours=48))
