"""The token service over each database, with everything that it tells."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field

import pytest
from sqlalchemy import Connection

from gateway.keys import SoftwareKeyStore
from gateway.observe import Metrics
from gateway.services.telling import NoticeValue, Tell
from gateway.services.tokens import Tokens
from gateway.settings import Settings
from gateway.store import Store
from tests.gateway.services.tokens.phone import People
from wallet.clock import ManualClock


@dataclass
class Heard:
    """What was told, as (class, person, secrets), each once a cause."""

    told: list[tuple[str, str, Mapping[str, str]]] = field(default_factory=list)
    causes: set[tuple[str, str, str]] = field(default_factory=set)

    async def prepared(
        self,
        class_: str,
        *,
        cause: str,
        msisdn: str,
        person_id: str,
        language: str,
        values: Mapping[str, NoticeValue],
        secrets: Mapping[str, str],
    ) -> Tell:
        assert msisdn
        assert language
        assert not values

        def tell(_tx: Connection) -> bool:
            key = (class_, cause, person_id)
            if key in self.causes:
                return False
            self.causes.add(key)
            self.told.append((class_, person_id, secrets))
            return True

        return tell


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    opened = await Store.open(database_url)
    yield opened
    await opened.close()


@pytest.fixture
def keys() -> SoftwareKeyStore:
    return SoftwareKeyStore.for_tests()


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def people() -> People:
    return People()


@pytest.fixture
def tokens(
    store: Store, people: People, keys: SoftwareKeyStore, clock: ManualClock, heard: Heard, metrics: Metrics
) -> Tokens:
    settings = Settings(luk_uses_max=3, luk_valid_s=3600, luk_amount_max_minor=1000, bad_cryptograms_alarm=3)
    return Tokens(store, people, keys, clock, settings, heard, metrics)
