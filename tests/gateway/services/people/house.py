"""A People service with its store and stand-ins, for the tests of this room and of those that need people."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from gateway.keys import KeyStore
from gateway.keys.software import SoftwareKeyStore
from gateway.observe import Metrics
from gateway.services.access import Access
from gateway.services.people import CodeOutcome, EnrolOutcome, People, PinForm, PinRepeat
from gateway.settings import Settings
from gateway.store import Store
from tests.gateway.services.people.fakes import MARYAM, FakeRegistry, FakeTeller
from wallet.clock import Clock

PIN = "4927"


@dataclass
class House:
    people: People
    store: Store
    clock: Clock
    teller: FakeTeller
    registry: FakeRegistry
    access: Access
    settings: Settings

    async def enrolled(self, who: tuple[str, str] = MARYAM, pin: str = PIN) -> str:
        """Enrol somebody whom the registry knows, up to an active PIN; the id."""
        msisdn, number = who
        assert await self.people.enrol(msisdn, number, "fa") is EnrolOutcome.CODE_SENT
        assert (await self.people.confirm_code(msisdn, self.teller.last_code())).outcome is CodeOutcome.OK
        person = await self.people.by_msisdn(msisdn)
        assert person is not None
        assert await self.people.offer_pin(person.id, pin) is PinForm.OK
        assert await self.people.repeat_pin(person.id, pin) is PinRepeat.OK
        return person.id


@asynccontextmanager
async def open_house(url: str, clock: Clock, keys: KeyStore | None = None) -> AsyncIterator[House]:
    await Store.upgrade(url)
    store = await Store.open(url)
    teller, registry, access, settings = FakeTeller(), FakeRegistry(), Access(store, clock), Settings()
    people = People(store, clock, keys or SoftwareKeyStore.for_tests(), registry, teller, access, settings, Metrics())
    try:
        yield House(people, store, clock, teller, registry, access, settings)
    finally:
        people.close()
        await store.close()
