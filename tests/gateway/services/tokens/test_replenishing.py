"""The next limited-use key: by proof of the last use, one while it is not used, sealed to its phone alone."""

import asyncio
from datetime import timedelta

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from gateway.observe import Metrics
from gateway.services.tokens import ReplenishOutcome, Tokens, UseOutcome, Way
from gateway.services.tokens.compact import CHARACTERS
from gateway.services.tokens.replenishing import DIALS_PER_DAY_MAX
from gateway.services.tokens.thresholds import KEYS_PER_DAY_MAX
from gateway.store import Store
from gateway.wire import gsm
from tests.gateway.services.tokens.conftest import Heard
from tests.gateway.services.tokens.phone import Phone
from wallet.clock import ManualClock

OK, BAD = ReplenishOutcome.OK, ReplenishOutcome.BAD_PROOF


@pytest.fixture
async def phone(tokens: Tokens, clock: ManualClock) -> Phone:
    made = Phone(clock)
    await made.provision(tokens)
    return made


async def tapped(
    store: Store, tokens: Tokens, phone: Phone, luk_id: bytes, *, amount: int = 10, channel: str = "tap"
) -> UseOutcome:
    atc, now = phone.tap(luk_id), phone.clock.now()
    return await store.write(
        lambda tx: tokens.use(tx, phone.given.id, luk_id, atc, now, amount_minor=amount, channel=channel, ac=phone.ac)
    )


async def test_a_phone_pulls_one_key_until_it_has_used_it(store: Store, tokens: Tokens, phone: Phone) -> None:
    first = phone.used
    fresh = await tokens.replenish(phone.given.id, phone.last_use())
    assert fresh.key is not None
    assert fresh.key.id == first

    assert await tapped(store, tokens, phone, first) is UseOutcome.OK
    asked = phone.last_use()
    answers = await asyncio.gather(*(tokens.replenish(phone.given.id, asked) for _ in range(5)))
    ids = {answer.key.id for answer in answers if answer.key is not None}
    assert ([answer.outcome for answer in answers], len(ids)) == ([OK] * 5, 1)
    assert answers[0].key is not None
    second = phone.take(answers[0].key)
    assert second != first
    assert await tapped(store, tokens, phone, second) is UseOutcome.OK
    assert [key.way for key in await tokens.keys_of(phone.given.id)] == [Way.PULL, Way.PROVISION]


async def test_no_key_without_the_last_use_as_the_house_saw_it(
    store: Store, tokens: Tokens, phone: Phone, metrics: Metrics
) -> None:
    for _ in range(2):
        await tapped(store, tokens, phone, phone.used)
    good = phone.last_use()
    forged = [
        phone.last_use(proof=bytes(8)),
        phone.last_use(ac=bytes(8)),
        phone.last_use(ac=b""),
        phone.last_use(luk_id=bytes(4)),
        phone.last_use(atc=phone.atc + 1),
    ]
    phone.atc -= 1
    behind = phone.last_use()
    phone.atc = 0
    forged += [behind, phone.last_use(ac=b"")]
    outcomes = [(await tokens.replenish(phone.given.id, last)).outcome for last in forged]
    assert outcomes == [BAD] * len(forged)
    assert metrics.registry.get_sample_value("tapdial_token_alarms_total", {"reason": "replenish"}) == len(forged)
    assert (await tokens.replenish(phone.given.id, good)).outcome is OK


async def test_taps_that_the_house_has_not_heard_of_are_proved_and_open_the_window(
    store: Store, tokens: Tokens, phone: Phone
) -> None:
    first = phone.used
    for _ in range(12):
        phone.tap(first)
    assert await tapped(store, tokens, phone, first) is UseOutcome.REPLAYED
    answer = await tokens.replenish(phone.given.id, phone.last_use())
    assert answer.key is not None
    assert await tapped(store, tokens, phone, phone.take(answer.key)) is UseOutcome.OK


async def test_a_key_that_nears_its_end_is_followed_by_sms_once(
    store: Store, tokens: Tokens, phone: Phone, heard: Heard
) -> None:
    first = phone.used
    await tapped(store, tokens, phone, first)
    assert (await tokens.push(), heard.told) == (0, [])
    await tapped(store, tokens, phone, first)
    assert [await tokens.push() for _ in range(3)] == [1, 0, 0]
    ((class_, person, secrets),) = heard.told
    text = secrets["text"]
    assert (class_, person, len(text), gsm.parts_count(text)) == ("phone_key", "per_1", CHARACTERS, 1)
    stranger = Phone(phone.clock, token=phone.token, keys=dict(phone.keys))
    with pytest.raises(InvalidTag):
        stranger.read(text)
    half_swapped = Phone(phone.clock, seal=phone.seal, token=phone.token, keys={first: bytes(16)})
    with pytest.raises(InvalidTag):
        half_swapped.read(text)
    second = phone.read(text)
    assert await tapped(store, tokens, phone, second) is UseOutcome.OK
    assert await tapped(store, tokens, phone, first) is UseOutcome.OK, "what was given before serves to its end"


async def test_each_threshold_is_kept_by_the_house(store: Store, tokens: Tokens, phone: Phone) -> None:
    first = phone.used
    assert await tapped(store, tokens, phone, first, amount=1001) is UseOutcome.KEY_AMOUNT
    assert await tapped(store, tokens, phone, first, amount=1000, channel="transit") is UseOutcome.OK
    assert await tapped(store, tokens, phone, first, amount=1) is UseOutcome.KEY_AMOUNT
    assert [await tapped(store, tokens, phone, first, amount=0) for _ in range(3)] == [
        UseOutcome.OK,
        UseOutcome.OK,
        UseOutcome.KEY_USED_UP,
    ]


async def test_a_used_key_that_grows_old_is_followed_and_an_unused_one_needs_its_holder(
    store: Store, tokens: Tokens, phone: Phone, heard: Heard, clock: ManualClock
) -> None:
    await tapped(store, tokens, phone, phone.used)
    clock.advance(timedelta(seconds=3000))
    assert await tokens.push() == 1
    second = phone.read(heard.told[0][2]["text"])
    assert second != phone.used
    clock.advance(timedelta(seconds=3600))
    asked = phone.last_use()
    assert (await tokens.replenish(phone.given.id, asked)).outcome is ReplenishOutcome.REAUTHENTICATE
    wrong = phone.last_use(activation_code="00000000")
    assert (await tokens.replenish(phone.given.id, wrong)).outcome is ReplenishOutcome.REAUTHENTICATE
    code = (await tokens.activation_code("per_1")).code
    answer = await tokens.replenish(phone.given.id, phone.last_use(activation_code=code))
    assert answer.key is not None
    assert await tapped(store, tokens, phone, phone.take(answer.key)) is UseOutcome.OK


async def test_a_phone_without_data_dials_for_its_key(store: Store, tokens: Tokens, phone: Phone) -> None:
    await tapped(store, tokens, phone, phone.used)
    number = phone.given.number
    answer = await tokens.key_by_dial("per_1", number, phone.atc, phone.dialled())
    again = await tokens.key_by_dial("per_1", number, phone.atc, phone.dialled())
    assert (answer.outcome, len(answer.text)) == (OK, CHARACTERS)
    assert phone.read(answer.text) == phone.read(again.text)
    assert answer.text not in repr(answer)
    foreign = await tokens.key_by_dial("per_2", number, phone.atc, phone.dialled())
    assert foreign.outcome is BAD
    wrong = f"{(int(phone.dialled()) + 1) % 10**8:08d}"
    left = DIALS_PER_DAY_MAX - 2
    tries = [(await tokens.key_by_dial("per_1", number, phone.atc, wrong)).outcome for _ in range(left)]
    assert tries == [BAD] * left
    last = await tokens.key_by_dial("per_1", number, phone.atc, phone.dialled())
    assert last.outcome is ReplenishOutcome.TOO_MANY


async def test_a_locked_token_gets_no_key_and_a_day_has_so_many(store: Store, tokens: Tokens, phone: Phone) -> None:
    await tokens.suspend(phone.given.id, "stf_1", "asked")
    assert (await tokens.replenish(phone.given.id, phone.last_use())).outcome is ReplenishOutcome.NOT_ACTIVE
    await tokens.resume(phone.given.id, "stf_1", "asked")
    luk_id = phone.used
    for _ in range(KEYS_PER_DAY_MAX - 1):
        await tapped(store, tokens, phone, luk_id)
        answer = await tokens.replenish(phone.given.id, phone.last_use())
        assert answer.key is not None
        luk_id = phone.take(answer.key)
    await tapped(store, tokens, phone, luk_id)
    assert (await tokens.replenish(phone.given.id, phone.last_use())).outcome is ReplenishOutcome.TOO_MANY


async def test_keys_are_sealed_to_the_phones_newest_seal_key(tokens: Tokens, phone: Phone) -> None:
    old, phone.seal = phone.seal, X25519PrivateKey.generate()
    await tokens.change_seal_key(phone.given.id, phone.seal.public_key().public_bytes_raw())
    answer = await tokens.replenish(phone.given.id, phone.last_use())
    assert answer.key is not None
    assert phone.take(answer.key) == phone.used
    phone.seal = old
    with pytest.raises(InvalidTag):
        phone.take(answer.key)
