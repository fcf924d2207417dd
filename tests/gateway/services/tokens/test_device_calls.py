"""Calls of phones: admitted once, in time, and only under the token's own key."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.serialization import PublicFormat
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from gateway.errors import BadInput
from gateway.observe import Metrics
from gateway.services.tokens import CallOutcome, DeviceKeyKind, Tokens
from gateway.services.tokens.devices import SKEW, is_signed, kind_of
from gateway.services.tokens.tables import nonces
from gateway.store import Store
from tests.gateway.services.tokens.phone import Ed25519Device, P256Device, Phone
from wallet.clock import ManualClock

DEVICES = [Ed25519Device(), P256Device(), P256Device(PublicFormat.UncompressedPoint)]
OK, BAD, STALE = CallOutcome.OK, CallOutcome.BAD_SIGNATURE, CallOutcome.STALE


@pytest.mark.parametrize("device", DEVICES, ids=["ed25519", "p256", "p256-uncompressed"])
async def test_a_signed_call_is_admitted_once_whatever_key_signs(
    tokens: Tokens, clock: ManualClock, device: Ed25519Device | P256Device, store: Store
) -> None:
    phone = Phone(clock, device)
    token = await phone.provision(tokens)
    found = await tokens.token(token.id)
    assert found is not None
    assert found.device_key_kind is kind_of(device.public)
    call = phone.call("POST", "/keys", b"{}")
    outcomes = await asyncio.gather(*(tokens.admit(call) for _ in range(4)))
    assert sorted(outcomes) == [OK, *[CallOutcome.REPLAYED] * 3]
    assert await tokens.admit(phone.call()) is OK
    clock.advance(3 * SKEW)
    assert await tokens.admit(call) is CallOutcome.STALE
    await tokens.sweep()
    assert [row.times for row in await store.read(select(func.count().label("times")).select_from(nonces))] == [0]


async def test_no_part_of_a_call_serves_in_another(tokens: Tokens, clock: ManualClock, metrics: Metrics) -> None:
    mine, other = Phone(clock), Phone(clock)
    await mine.provision(tokens)
    await other.provision(tokens)
    call = mine.call("POST", "/suspend", b"{}")
    changed = [
        replace(call, token_id=other.given.id),
        replace(call, token_id="tok_none"),
        replace(call, method="PUT"),
        replace(call, path=call.path.replace("suspend", "deactivate")),
        replace(call, at_s=call.at_s + 1),
        replace(call, nonce=call.nonce[:-1] + "g"),
        replace(call, body=b"{ }"),
        replace(call, signature=bytes(64)),
        replace(call, signature=call.signature[:63]),
    ]
    assert [await tokens.admit(one) for one in changed] == [BAD] * len(changed)
    assert metrics.registry.get_sample_value("tapdial_token_alarms_total", {"reason": "signature"}) == len(changed)
    half_swapped = Phone(clock, other.device, mine.seal, token=mine.token)
    assert await tokens.admit(half_swapped.call()) is BAD
    assert await tokens.admit(call) is OK, "none of them used up its nonce"


@pytest.mark.parametrize(("late_s", "outcome"), [(300, OK), (-300, OK), (301, STALE), (-301, STALE)])
async def test_a_phones_clock_may_be_so_far_off(
    tokens: Tokens, clock: ManualClock, late_s: int, outcome: CallOutcome
) -> None:
    phone = Phone(clock)
    await phone.provision(tokens)
    assert await tokens.admit(phone.call(late_s=late_s)) is outcome


async def test_a_nonce_is_kept_as_long_as_its_time_serves(tokens: Tokens, clock: ManualClock) -> None:
    phone = Phone(clock)
    await phone.provision(tokens)
    call = phone.call(late_s=300)
    assert await tokens.admit(call) is OK
    clock.advance(timedelta(seconds=600))
    await tokens.sweep()
    assert await tokens.admit(call) is CallOutcome.REPLAYED


@given(index=st.integers(0, 63), mask=st.integers(1, 255), which=st.sampled_from(DEVICES))
def test_a_flipped_signature_signs_nothing_and_raises_nothing(
    index: int, mask: int, which: Ed25519Device | P256Device
) -> None:
    good = which.sign(b"data")
    kind = kind_of(which.public)
    assert is_signed(kind, which.public, good, b"data")
    flipped = bytes(byte ^ (mask if at == index else 0) for at, byte in enumerate(good))
    assert not is_signed(kind, which.public, flipped, b"data")


@given(st.binary(max_size=70))
def test_what_is_no_key_is_a_refusal(key: bytes) -> None:
    try:
        kind = kind_of(key)
    except BadInput:
        return
    assert kind is (DeviceKeyKind.ED25519 if len(key) == 32 else DeviceKeyKind.P256)
    assert not is_signed(kind, key, bytes(64), b"data")
