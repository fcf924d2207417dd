"""How a holder is identified, how a token ends, and what only rings an alarm."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from gateway.observe import Metrics
from gateway.services.tokens import ActorClass, Method, ProvisionOutcome, Tokens, UseOutcome
from gateway.services.tokens.rules import AtcWindow, expiring
from gateway.settings import Settings
from gateway.store import Store
from tests.gateway.services.tokens.conftest import Heard
from tests.gateway.services.tokens.phone import People, Phone
from wallet.clock import ManualClock


async def test_the_token_keeps_how_its_holder_was_identified(tokens: Tokens, clock: ManualClock) -> None:
    code, phone = (await tokens.activation_code("per_1")).code, Phone(clock)
    wrong = await tokens.provision(phone.request(code, "4322"))
    assert wrong.outcome is ProvisionOutcome.WRONG_CODE
    made = await tokens.provision(phone.request(code, "4321"))
    assert made.token is not None
    assurances = await tokens.assurances(made.token.id)
    assert [(one.method, one.actor, one.at) for one in assurances] == [
        (Method.ONE_TIME_CODE, "phone", clock.now()),
        (Method.NATIONAL_NUMBER, "phone", clock.now()),
    ]
    assert [(event.event, event.actor_class) for event in await tokens.history(made.token.id)] == [
        ("made", ActorClass.HOLDER),
        ("active", ActorClass.HOLDER),
    ]
    assert (len(made.token.trid), len(made.token.number)) == (11, 8)


async def test_guessing_the_national_number_spends_the_code(tokens: Tokens, clock: ManualClock) -> None:
    code, phone = (await tokens.activation_code("per_1")).code, Phone(clock)
    outcomes = [(await tokens.provision(phone.request(code, f"{digits:04d}"))).outcome for digits in range(6)]
    assert outcomes == [ProvisionOutcome.WRONG_CODE] * 5 + [ProvisionOutcome.TOO_MANY]
    assert (await tokens.provision(phone.request(code, "4321"))).outcome is ProvisionOutcome.TOO_MANY


async def test_a_house_may_want_the_national_number_of_everybody(
    tokens: Tokens, store: Store, people: People, clock: ManualClock
) -> None:
    strict = Tokens(store, people, tokens._keys, clock, Settings(token_national_check=True))
    code, phone = (await strict.activation_code("per_1")).code, Phone(clock)
    assert (await strict.provision(phone.request(code))).outcome is ProvisionOutcome.WRONG_CODE
    assert (await strict.provision(phone.request(code, "4321"))).outcome is ProvisionOutcome.OK


async def test_a_holder_is_told_a_month_before_the_end_and_the_end_is_noted(
    tokens: Tokens, store: Store, clock: ManualClock, heard: Heard
) -> None:
    phone = Phone(clock)
    token = await phone.provision(tokens)
    year, month = 2000 + int(token.expiry[:2]), int(token.expiry[2:])
    moments = [datetime(year, month - 2, 28, tzinfo=UTC), datetime(year, month - 1, 1, tzinfo=UTC)]
    moments += [datetime(year, month, 30, 23, tzinfo=UTC), datetime(year, month + 1, 1, tzinfo=UTC)]
    told = []
    for moment in moments:
        clock.advance(moment - clock.now())
        told.append((await tokens.sweep(), await tokens.sweep()))
    assert told == [(0, 0), (1, 0), (0, 0), (1, 0)]
    assert [class_ for class_, _, _ in heard.told] == ["phone_ends"]
    assert [event.event for event in await tokens.history(token.id)][-2:] == ["expires_soon", "expired"]
    luk_id = phone.used
    used = await store.write(lambda tx: tokens.use(tx, token.id, luk_id, 1, clock.now(), amount_minor=1))
    assert used is UseOutcome.EXPIRED
    fresh = Phone(clock, replace(phone).device)
    assert (await fresh.provision(tokens)).id != token.id


async def test_wrong_cryptograms_ring_an_alarm_and_lock_nobody_out(
    tokens: Tokens, clock: ManualClock, metrics: Metrics
) -> None:
    token = await Phone(clock).provision(tokens)
    for _ in range(7):
        await tokens.count_bad_cryptogram(token.id)
    found = await tokens.token(token.id)
    assert found is not None
    assert (found.pays, found.bad_cryptograms) == (True, 7)
    assert metrics.registry.get_sample_value("tapdial_token_alarms_total", {"reason": "cryptograms"}) == 2


@pytest.mark.parametrize(
    ("high", "proved", "atc", "ahead", "accepted"),
    [
        (100, 0, 110, 10, True),
        (100, 0, 111, 10, False),
        (100, 0, 164, 64, True),
        (100, 0, 165, 64, False),
        (100, 150, 160, 10, True),
        (100, 150, 161, 10, False),
        (100, 900, 905, 10, True),
        (100, 900, 100, 10, False),
    ],
)
def test_a_counter_jumps_as_far_ahead_as_its_channel_and_its_phone_say(
    high: int,
    proved: int,
    atc: int,
    ahead: int,
    accepted: bool,  # noqa: FBT001
) -> None:
    moved = AtcWindow(high, 1).advanced(atc, ahead=ahead, proved=proved)
    assert (moved is not None) is accepted
    assert moved is None or moved.high == atc


@pytest.mark.parametrize(
    ("now", "month"), [(datetime(2026, 11, 27, tzinfo=UTC), "2612"), (datetime(2026, 12, 1, tzinfo=UTC), "2701")]
)
def test_the_month_after_december_is_of_the_next_year(now: datetime, month: str) -> None:
    assert expiring(now) == month
