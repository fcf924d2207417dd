"""Keys of systems: shown once, hashed, ended; a call is done once however often it comes."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta

import pytest
from sqlalchemy import select

from gateway.errors import BadInput, NotFound
from gateway.keys.software import SoftwareKeyStore
from gateway.services.apikeys import ApiKeys, CallState, Scope
from gateway.services.apikeys.tables import keys
from gateway.store import Store
from wallet.clock import ManualClock


@dataclass
class Office:
    keys: ApiKeys
    store: Store
    clock: ManualClock


@pytest.fixture
async def office(database_url: str, clock: ManualClock) -> AsyncIterator[Office]:
    await Store.upgrade(database_url)
    store = await Store.open(database_url)
    yield Office(ApiKeys(store, clock, SoftwareKeyStore.for_tests()), store, clock)
    await store.close()


async def test_a_key_opens_until_it_ends_or_is_revoked_and_is_kept_as_a_hash(office: Office) -> None:
    made = await office.keys.create("Ministry", {Scope.PAYOUTS_WRITE}, valid_days=1)
    lasting = await office.keys.create("Bank", {Scope.STATEMENTS_WRITE})

    found = await office.keys.check(made.secret)
    assert found is not None
    assert (found.id, found.name, found.scopes) == (made.key.id, "Ministry", frozenset({Scope.PAYOUTS_WRITE}))
    assert made.secret not in repr(await office.store.read(select(keys))) + repr(made)
    for wrong in ("", "x", made.secret[:-1], made.secret + "a", "tdk_" + "é" * 500, "tdk_\udc80"):
        assert await office.keys.check(wrong) is None

    office.clock.advance(timedelta(days=1))
    assert await office.keys.check(made.secret) is None
    assert await office.keys.check(lasting.secret) is not None
    for _ in range(2):
        await office.keys.revoke(lasting.key.id)
    assert await office.keys.check(lasting.secret) is None
    assert {one.name for one in await office.keys.list_keys()} == {"Ministry", "Bank"}


async def test_a_key_without_name_or_scope_is_not_made_and_an_unknown_one_not_revoked(office: Office) -> None:
    with pytest.raises(BadInput):
        await office.keys.create(" ", {Scope.PAYEES_READ})
    with pytest.raises(BadInput):
        await office.keys.create("Ministry", set())
    with pytest.raises(NotFound):
        await office.keys.revoke("key_0")


async def test_a_call_is_done_once_and_its_key_serves_no_other_request(office: Office) -> None:
    assert (await office.keys.began("key_1", "a", "h1")).state is CallState.NEW
    assert (await office.keys.began("key_1", "a", "h1")).state is CallState.AT_WORK
    assert (await office.keys.began("key_1", "a", "h2")).state is CallState.OTHER
    assert (await office.keys.began("key_2", "a", "h2")).state is CallState.NEW
    await office.keys.made("key_1", "a", "bat_1")
    known = await office.keys.began("key_1", "a", "h1")
    assert (known.state, known.subject) == (CallState.DONE, "bat_1")
    await office.keys.refused("key_1", "a")
    assert (await office.keys.began("key_1", "a", "h1")).state is CallState.DONE


async def test_a_call_whose_process_is_gone_is_taken_over_and_a_refused_one_comes_again(office: Office) -> None:
    await office.keys.began("key_1", "a", "h1")
    office.clock.advance(timedelta(minutes=2))
    assert (await office.keys.began("key_1", "a", "h1")).state is CallState.NEW
    await office.keys.refused("key_1", "a")
    assert (await office.keys.began("key_1", "a", "h2")).state is CallState.NEW
