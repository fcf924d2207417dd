"""Tokens on both databases: codes, provisioning, use, states."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import select

from gateway.keys import SoftwareKeyStore
from gateway.services.tokens import (
    ProvisionedToken,
    ProvisionOutcome,
    ProvisionRequest,
    StateOutcome,
    Tokens,
    TokenState,
    UseOutcome,
)
from gateway.services.tokens.rules import CODE_VALID_S
from gateway.services.tokens.tables import activations, tokens
from gateway.settings import Settings
from gateway.store import Store
from wallet.clock import ManualClock

MSISDN = "+989120000002"
SEAL = X25519PrivateKey.generate()
DEVICE = Ed25519PrivateKey.generate()


@dataclass(frozen=True)
class Somebody:
    id: str
    state: str
    msisdn: str = MSISDN
    language: str = "en"


class OnePerson:
    state = "active"

    async def by_msisdn(self, msisdn: str) -> Somebody | None:
        return Somebody("per_1", self.state) if msisdn == MSISDN else None

    async def by_id(self, person_id: str) -> Somebody | None:
        return Somebody(person_id, self.state) if person_id in {"per_1", "per_2"} else None

    async def national_number_ends(self, person_id: str, digits: str) -> bool:
        return person_id == "per_1" and digits == "4321"


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    opened = await Store.open(database_url)
    yield opened
    await opened.close()


@pytest.fixture
def keys() -> SoftwareKeyStore:
    return SoftwareKeyStore.for_tests()


@pytest.fixture
def people() -> OnePerson:
    return OnePerson()


@pytest.fixture
def service(store: Store, people: OnePerson, keys: SoftwareKeyStore, clock: ManualClock) -> Tokens:
    return Tokens(store, people, keys, clock, Settings(luk_uses_max=2, luk_valid_s=3600))


def request(code: str) -> ProvisionRequest:
    device, seal = DEVICE.public_key().public_bytes_raw(), SEAL.public_key().public_bytes_raw()
    return ProvisionRequest(MSISDN, code, device, seal)


async def provisioned(service: Tokens) -> ProvisionedToken:
    result = await service.provision(request((await service.activation_code("per_1")).code))
    assert result.token is not None
    return result.token


def unsealed(token: ProvisionedToken) -> bytes:
    shared = SEAL.exchange(X25519PublicKey.from_public_bytes(token.luk.ephemeral_key))
    key = HKDF(algorithm=SHA256(), length=32, salt=b"", info=b"tapdial luk").derive(shared)
    return AESGCM(key).decrypt(token.luk.sealed[:12], token.luk.sealed[12:], token.id.encode())


async def test_a_phone_gets_a_token_and_a_key_that_only_it_can_open(
    service: Tokens, keys: SoftwareKeyStore, store: Store
) -> None:
    token = await provisioned(service)
    assert unsealed(token) == await keys.derive_luk("imk", 1, token.pan, "00", token.luk.id)
    assert (token.psn, token.expiry, len(token.par), token.luk.uses_max) == ("00", "2911", 29, 2)
    found = await service.find_by_pan(token.pan)
    assert found is not None
    assert (found.id, found.person_id, found.state) == (token.id, "per_1", TokenState.ACTIVE)
    assert [event.state for event in await service.history(token.id)] == [TokenState.INACTIVE, TokenState.ACTIVE]
    assert await service.of_person("per_1") == [found]
    assert await service.find_by_pan("5814200000000002") is None
    (row,) = await store.read(select(tokens))
    assert token.pan not in repr(row) + repr(token)
    assert token.pan.encode() not in bytes(row.pan_sealed)


async def test_all_tokens_of_a_person_share_their_reference_and_no_number(service: Tokens) -> None:
    first, second = await provisioned(service), await provisioned(service)
    assert first.par == second.par
    assert first.pan != second.pan


async def test_a_repeated_request_gets_the_same_token(service: Tokens) -> None:
    asked = request((await service.activation_code("per_1")).code)
    first, second = await service.provision(asked), await service.provision(asked)
    assert first.token is not None
    assert second.token is not None
    assert (first.token.id, first.token.pan) == (second.token.id, second.token.pan)
    assert unsealed(first.token) == unsealed(second.token)
    assert len(await service.of_person("per_1")) == 1


async def test_a_used_code_gives_another_phone_nothing(service: Tokens) -> None:
    asked = request((await service.activation_code("per_1")).code)
    await service.provision(asked)
    other = replace(asked, seal_key=X25519PrivateKey.generate().public_key().public_bytes_raw())
    assert (await service.provision(other)).outcome is ProvisionOutcome.WRONG_CODE


async def test_five_wrong_codes_end_a_code_and_a_new_one_begins_again(service: Tokens, store: Store) -> None:
    code = (await service.activation_code("per_1")).code
    wrong = f"{(int(code) + 1) % 10**8:08d}"
    outcomes = [(await service.provision(request(wrong))).outcome for _ in range(6)]
    assert outcomes == [ProvisionOutcome.WRONG_CODE] * 6
    assert (await service.provision(request(code))).outcome is ProvisionOutcome.TOO_MANY
    assert code not in repr(await store.read(select(activations)))
    assert (await provisioned(service)).id


async def test_a_code_is_good_for_ten_minutes(service: Tokens, clock: ManualClock) -> None:
    code = await service.activation_code("per_1")
    assert (len(code.code), code.valid_s, CODE_VALID_S) == (8, 600, 600)
    assert code.code not in repr(code)
    clock.advance(timedelta(seconds=600))
    assert (await service.provision(request(code.code))).outcome is ProvisionOutcome.EXPIRED
    wrong = f"{(int(code.code) + 1) % 10**8:08d}"
    guesses = [(await service.provision(request(wrong))).outcome for _ in range(6)]
    assert guesses == [ProvisionOutcome.WRONG_CODE] * 6, "as of a number that is not enrolled"


async def test_a_newer_code_voids_the_older(service: Tokens) -> None:
    older, newer = await service.activation_code("per_1"), await service.activation_code("per_1")
    assert (await service.provision(request(older.code))).outcome is ProvisionOutcome.WRONG_CODE
    assert (await service.provision(request(newer.code))).outcome is ProvisionOutcome.OK


async def test_strangers_and_the_locked_get_no_token(service: Tokens, people: OnePerson) -> None:
    asked = request((await service.activation_code("per_1")).code)
    stranger = replace(asked, msisdn="+989120000003")
    assert (await service.provision(stranger)).outcome is ProvisionOutcome.WRONG_CODE
    people.state = "locked"
    assert (await service.provision(asked)).outcome is ProvisionOutcome.WRONG_CODE


@pytest.mark.parametrize(("device", "seal"), [(b"", None), (None, b"\0" * 32), (None, b"short"), (b"\1" * 33, None)])
async def test_a_key_that_is_none_spends_no_try(service: Tokens, device: bytes | None, seal: bytes | None) -> None:
    asked = request((await service.activation_code("per_1")).code)
    bad = replace(asked, device_key=device or asked.device_key, seal_key=seal or asked.seal_key)
    if device == b"":
        bad = replace(asked, device_key=b"")
    assert (await service.provision(bad)).outcome is ProvisionOutcome.BAD_KEY
    assert (await service.provision(asked)).outcome is ProvisionOutcome.OK


async def test_a_token_is_used_once_for_each_counter(service: Tokens, store: Store, clock: ManualClock) -> None:
    token = await provisioned(service)

    async def used(atc: int) -> UseOutcome:
        return await store.write(lambda tx: service.use(tx, token.id, token.luk.id, atc, clock.now()))

    seen = [await used(atc) for atc in (1, 1, 3, 2, 13, 24)]
    assert seen == [
        UseOutcome.OK,
        UseOutcome.REPLAYED,
        UseOutcome.OK,
        UseOutcome.KEY_USED_UP,
        UseOutcome.KEY_USED_UP,
        UseOutcome.REPLAYED,
    ]


async def test_a_suspended_token_and_an_old_or_foreign_key_pay_nothing(
    service: Tokens, store: Store, clock: ManualClock
) -> None:
    token = await provisioned(service)

    async def used(atc: int, luk_id: bytes = token.luk.id) -> UseOutcome:
        return await store.write(lambda tx: service.use(tx, token.id, luk_id, atc, clock.now()))

    assert await used(1, b"\0\0\0\0") is UseOutcome.KEY_UNKNOWN
    assert await service.suspend(token.id, "stf_1", "lost") is StateOutcome.OK
    assert await service.suspend(token.id, "stf_1", "lost") is StateOutcome.NOT_POSSIBLE
    assert await used(2) is UseOutcome.LOCKED_BY_STAFF
    assert await service.resume(token.id, "stf_1", "found") is StateOutcome.OK
    assert await used(3) is UseOutcome.OK
    clock.advance(timedelta(hours=1))
    assert await used(4) is UseOutcome.EXPIRED
    assert await service.deactivate(token.id, "stf_1", "stolen") is StateOutcome.OK
    assert await service.resume(token.id, "stf_1", "found") is StateOutcome.NOT_POSSIBLE
    assert await service.suspend("tok_none", "stf_1", "lost") is StateOutcome.UNKNOWN
    assert [event.reason for event in await service.history(token.id)][2:] == ["lost", "found", "stolen"]
    await service.count_bad_cryptogram(token.id)
    (row,) = await store.read(select(tokens.c.bad_cryptograms))
    assert row.bad_cryptograms == 1
