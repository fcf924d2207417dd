"""Taps over a real socket on both databases: approved once, completed, taken back, healed after a crash."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from gateway.services.taps import TapState, Verdict
from gateway.services.tokens import StateOutcome
from gateway.wire import iso8583, tlv
from tests.gateway.channels.nfc.phone import ARQC, TC, Phone, cmac
from tests.gateway.channels.nfc.phone import tlv as encoded
from tests.gateway.channels.nfc.world import FUNDS, ON_SQLITE, World, running
from wallet.clock import ManualClock

Fields = dict[int, str | bytes]


@pytest.fixture
async def world(both_url: str, clock: ManualClock) -> AsyncIterator[World]:
    async with running(both_url, clock) as made:
        yield made


async def approved(world: World, amount_minor: int) -> tuple[Fields, str]:
    fields = world.till.purchase(world.phone, amount_minor)
    answer = await world.ask("0100", fields)
    assert answer.text(39) == "00"
    return fields, answer.text(38)


async def test_a_tap_is_approved_and_held_and_the_answer_echoes_no_pan(world: World) -> None:
    fields = world.till.purchase(world.phone, 250_000)
    answer = await world.ask("0100", fields)
    assert answer.mti == "0110"
    assert sorted(answer.fields) == [3, 4, 7, 11, 12, 13, 32, 37, 38, 39, 41, 42, 49, 55, 64]
    echoed = {number: answer.fields[number] for number in (3, 4, 7, 11, 12, 13, 32, 37, 41, 42, 49)}
    assert echoed == {number: fields[number] for number in echoed}
    assert answer.text(39) == "00"
    cryptogram = world.phone.tap(250_000, world.phone.atc)["9F26"]
    arpc = cmac(world.phone.session_key(world.phone.atc), cryptogram + b"00")[:8]
    assert tlv.decode(answer.binary(55)) == (tlv.Tlv("91", arpc),)
    assert await world.wallet() == (FUNDS, FUNDS - 250_000)
    assert await world.payable() == 0


@ON_SQLITE
async def test_more_than_the_wallet_has_is_refused_and_holds_nothing(world: World) -> None:
    answer = await world.ask("0100", world.till.purchase(world.phone, FUNDS + 1))
    assert answer.text(39) == "51"
    assert 38 not in answer.fields
    cryptogram = world.phone.tap(FUNDS + 1, world.phone.atc)["9F26"]
    arpc = cmac(world.phone.session_key(world.phone.atc), cryptogram + b"51")[:8]
    assert tlv.decode(answer.binary(55)) == (tlv.Tlv("91", arpc),)
    assert await world.wallet() == (FUNDS, FUNDS)


async def test_a_repeated_message_gets_the_same_bytes_and_holds_once(world: World) -> None:
    body = world.till.body("0100", world.till.purchase(world.phone, 250_000))
    first = await world.till.ask_bytes(body)
    posts = world.ledger.posts
    assert await world.till.ask_bytes(body) == first
    await world.till.hang_up()
    await world.till.sign_on()
    assert await world.till.ask_bytes(body) == first
    assert world.ledger.posts == posts
    assert await world.wallet() == (FUNDS, FUNDS - 250_000)


async def test_the_same_message_many_times_at_once_holds_once(world: World) -> None:
    body = world.till.body("0100", world.till.purchase(world.phone, 250_000))
    for _ in range(12):
        world.till.send(body)
    assert len({await world.till.receive() for _ in range(12)}) == 1
    assert await world.wallet() == (FUNDS, FUNDS - 250_000)


@ON_SQLITE
async def test_a_message_with_the_same_key_and_other_content_is_refused(world: World) -> None:
    fields, _ = await approved(world, 250_000)
    altered = world.till.purchase(world.phone, 300_000) | {11: fields[11]}
    assert (await world.ask("0100", altered)).text(39) == "94"
    assert await world.wallet() == (FUNDS, FUNDS - 250_000)


@ON_SQLITE
async def test_a_message_sent_again_at_another_time_is_still_the_same(world: World) -> None:
    fields, approval = await approved(world, 250_000)
    again = await world.ask("0100", fields | {7: "1122080133"})
    assert (again.text(39), again.text(38)) == ("00", approval)
    assert await world.wallet() == (FUNDS, FUNDS - 250_000)


@ON_SQLITE
async def test_a_cryptogram_in_another_message_is_a_replay(world: World) -> None:
    fields, _ = await approved(world, 250_000)
    copied = world.till.common(250_000, "") | {number: fields[number] for number in (2, 14, 22, 25, 55)}
    assert (await world.ask("0100", copied)).text(39) == "59"
    assert await world.wallet() == (FUNDS, FUNDS - 250_000)


async def test_a_bad_cryptogram_is_refused_and_moves_no_counter(world: World) -> None:
    values = world.phone.tap(250_000, atc=1)
    values["9F26"] = bytes([values["9F26"][0] ^ 1]) + values["9F26"][1:]
    forged = world.till.purchase(world.phone, 250_000, atc=1) | {55: encoded(values)}
    assert (await world.ask("0100", forged)).text(39) == "59"
    assert (await world.ask("0100", world.till.purchase(world.phone, 250_000, atc=1))).text(39) == "00"


# 9F10 with a version of the issuer's key that there is not, of the house's profile and of one that no token here has.
STRANGE = [bytes([dki, 0xA1, 0x80, 0, 0, 0, 0, 0, 0, 1, 0, 0]) for dki in (0, 2, 255)] + [
    bytes.fromhex("06FF1203A00000")
]


@ON_SQLITE
@pytest.mark.parametrize("iad", STRANGE, ids=bytes.hex)
async def test_a_version_of_the_issuers_key_that_there_is_not_makes_a_bad_cryptogram_of_a_tap(
    world: World, iad: bytes
) -> None:
    for mti, cid in (("0100", ARQC), ("0200", ARQC), ("0120", TC), ("0220", TC)):
        values = world.phone.tap(250_000, atc=1, cid=cid) | {"9F10": iad}
        body = world.till.body(mti, world.till.purchase(world.phone, 250_000, atc=1) | {55: encoded(values)})
        refused = await world.till.ask_bytes(body)
        # Nobody knows the phone's key, so that there is nothing to answer its cryptogram with.
        answer = iso8583.decode(refused)
        assert (answer.text(39), 38 in answer.fields, 55 in answer.fields) == ("59", False, False)
        assert await world.till.ask_bytes(body) == refused
    assert [one.verdict for one in await world.taps.live(10)] == [Verdict.BAD_CRYPTOGRAM] * 4
    assert (await world.ask("0100", world.till.purchase(world.phone, 250_000, atc=1))).text(39) == "00"


NOT_ALLOWED: list[tuple[Fields, str]] = [
    ({2: "5814200000000002"}, "14"),
    ({14: "3001"}, "54"),
    ({42: "581420999999990"}, "03"),
    ({4: "000000250001"}, "13"),
    ({49: "978"}, "30"),
    ({22: "911"}, "58"),
    ({3: "200000"}, "30"),
    ({32: "581421"}, "30"),
    ({13: "0230"}, "30"),
    ({55: b"\x82"}, "30"),
    ({41: "TERM0002"}, "30"),
]


@ON_SQLITE
async def test_what_the_profile_does_not_allow_is_refused_with_its_code(world: World) -> None:
    for change, de39 in NOT_ALLOWED:
        answer = await world.ask("0100", world.till.purchase(world.phone, 250_000) | change)
        assert (answer.mti, answer.text(39)) == ("0110", de39), change
    assert await world.wallet() == (FUNDS, FUNDS)


@ON_SQLITE
async def test_a_zero_amount_is_refused(world: World) -> None:
    assert (await world.ask("0100", world.till.purchase(world.phone, 0))).text(39) == "13"


@ON_SQLITE
async def test_a_suspended_token_pays_nothing_until_it_is_resumed(world: World) -> None:
    phone = Phone()
    token_id = await world.provision(phone)
    assert await world.tokens.suspend(token_id, "stf_1", "lost") is StateOutcome.OK
    assert (await world.ask("0100", world.till.purchase(phone, 100))).text(39) == "62"
    await world.tokens.resume(token_id, "stf_1", "found")
    assert (await world.ask("0100", world.till.purchase(phone, 100))).text(39) == "00"


@ON_SQLITE
async def test_an_old_limited_use_key_pays_nothing(world: World, clock: ManualClock) -> None:
    clock.advance(timedelta(seconds=world.settings.luk_valid_s))
    fields = world.till.purchase(world.phone, 100) | {13: "1222"}
    assert (await world.ask("0100", fields)).text(39) == "54"


@pytest.mark.parametrize("amount", [250_000, 100_000])
async def test_a_completion_pays_the_merchant_and_releases_the_rest(world: World, amount: int) -> None:
    fields, approval = await approved(world, 250_000)
    completion = world.till.later(fields, amount, approval)
    body = world.till.body("0220", completion)
    first = await world.till.ask_bytes(body)
    answer = iso8583.decode(first)
    assert (answer.mti, answer.text(39), answer.text(37)) == ("0230", "00", fields[37])
    assert await world.till.ask_bytes(body) == first
    assert await world.wallet() == (FUNDS - amount, FUNDS - amount)
    assert await world.payable() == amount
    (tap,) = await world.taps.recent(10)
    assert (tap.state, tap.captured is not None and tap.captured.minor) == (TapState.CAPTURED, amount)


@ON_SQLITE
async def test_a_completion_that_does_not_fit_its_tap_is_refused(world: World) -> None:
    fields, given = await approved(world, 250_000)
    for amount, approval, de39 in ((250_001, given, "13"), (0, given, "13"), (250_000, "WRONG1", "57")):
        assert (await world.ask("0220", world.till.later(fields, amount, approval))).text(39) == de39
    assert await world.payable() == 0


@ON_SQLITE
async def test_a_second_completion_and_one_without_an_original_are_refused(world: World) -> None:
    fields, approval = await approved(world, 250_000)
    assert (await world.ask("0220", world.till.later(fields, 1000, approval))).text(39) == "00"
    assert (await world.ask("0220", world.till.later(fields, 1000, approval))).text(39) == "94"
    unknown = fields | {11: "999999"}
    assert (await world.ask("0220", world.till.later(unknown, 1000, approval))).text(39) == "57"
    assert await world.payable() == 1000


async def test_a_reversal_releases_the_hold_and_a_repeat_of_it_changes_nothing(world: World) -> None:
    fields, approval = await approved(world, 250_000)
    reversal = world.till.later(fields)
    first = iso8583.decode(await world.till.ask("0420", reversal))
    again = await world.ask("0421", reversal)
    assert (first.mti, first.text(39)) == ("0430", "00")
    assert again == first
    assert await world.wallet() == (FUNDS, FUNDS)
    assert (await world.ask("0420", world.till.later(fields))).text(39) == "00"
    assert (await world.ask("0220", world.till.later(fields, 1000, approval))).text(39) == "57"


async def test_a_reversal_after_completion_refunds_what_was_captured(world: World) -> None:
    fields, approval = await approved(world, 250_000)
    await world.ask("0220", world.till.later(fields, 100_000, approval))
    assert (await world.ask("0420", world.till.later(fields))).text(39) == "00"
    assert await world.wallet() == (FUNDS, FUNDS)
    assert await world.payable() == 0


@ON_SQLITE
async def test_a_reversal_before_its_original_makes_that_be_declined(world: World) -> None:
    fields = world.till.purchase(world.phone, 250_000)
    assert (await world.ask("0420", world.till.later(fields))).text(39) == "00"
    assert (await world.ask("0100", fields)).text(39) == "57"
    assert await world.wallet() == (FUNDS, FUNDS)


@pytest.mark.parametrize("swept", [False, True])
async def test_a_crash_between_hold_and_answer_is_healed_by_the_same_message(
    world: World,
    clock: ManualClock,
    swept: bool,  # noqa: FBT001
) -> None:
    body = world.till.body("0100", world.till.purchase(world.phone, 250_000))
    world.ledger.fault = "kill"
    crashed = iso8583.decode(await world.till.ask_bytes(body))
    assert crashed.text(39) == "96"
    await world.restart()
    if swept:
        clock.advance(timedelta(seconds=10))
        assert await world.taps.sweep() == 1
        assert await world.taps.sweep() == 0
    healed = await world.till.ask_bytes(body)
    assert iso8583.decode(healed).text(39) == "00"
    assert await world.till.ask_bytes(body) == healed
    assert await world.wallet() == (FUNDS, FUNDS - 250_000)


@ON_SQLITE
async def test_a_crash_between_capture_and_answer_is_healed_by_the_same_message(world: World) -> None:
    fields, approval = await approved(world, 250_000)
    body = world.till.body("0220", world.till.later(fields, 100_000, approval))
    world.ledger.fault = "kill"
    await world.till.ask_bytes(body)
    await world.restart()
    assert iso8583.decode(await world.till.ask_bytes(body)).text(39) == "00"
    assert await world.payable() == 100_000


@ON_SQLITE
async def test_a_crash_is_undone_by_a_reversal_instead(world: World) -> None:
    fields = world.till.purchase(world.phone, 250_000)
    world.ledger.fault = "kill"
    await world.till.ask("0100", fields)
    await world.restart()
    assert (await world.ask("0420", world.till.later(fields))).text(39) == "00"
    assert await world.wallet() == (FUNDS, FUNDS)
    assert (await world.ask("0100", fields)).text(39) == "57"


@ON_SQLITE
@pytest.mark.parametrize("fault", ["down", "lost"])
async def test_a_ledger_that_is_down_declines_and_whatever_it_held_is_released(
    world: World, clock: ManualClock, fault: str
) -> None:
    body = world.till.body("0100", world.till.purchase(world.phone, 250_000))
    world.ledger.fault = fault
    declined = await world.till.ask_bytes(body)
    assert iso8583.decode(declined).text(39) == "91"
    world.ledger.fault = ""
    clock.advance(timedelta(seconds=10))
    assert await world.taps.sweep() == 1
    assert await world.wallet() == (FUNDS, FUNDS)
    assert await world.till.ask_bytes(body) == declined
    (tap,) = await world.taps.recent(10)
    assert (tap.state, tap.verdict) == (TapState.VOIDED, Verdict.LEDGER_DOWN)


@ON_SQLITE
async def test_a_hold_that_the_sweep_made_is_released_when_its_terminal_was_told_that_the_ledger_is_down(
    world: World, clock: ManualClock
) -> None:
    async def sweep() -> None:
        clock.advance(timedelta(seconds=10))
        assert await world.taps.sweep() == 1

    world.ledger.fault, world.ledger.meanwhile = "lost", sweep
    declined = await world.ask("0100", world.till.purchase(world.phone, 250_000))
    assert declined.text(39) == "91"
    clock.advance(timedelta(seconds=10))
    assert await world.taps.sweep() == 1
    assert await world.wallet() == (FUNDS, FUNDS)


async def test_a_reversal_is_kept_while_the_ledger_is_down_and_a_completion_is_not_promised(
    world: World, clock: ManualClock
) -> None:
    first, approval = await approved(world, 100_000)
    second, _ = await approved(world, 50_000)
    world.ledger.fault = "down"
    completion = world.till.later(first, 100_000, approval)
    assert (await world.ask("0220", completion)).text(39) == "91"
    assert (await world.ask("0420", world.till.later(second))).text(39) == "00"
    world.ledger.fault = ""
    clock.advance(timedelta(seconds=10))
    assert await world.taps.sweep() == 2
    assert (await world.ask("0220", completion)).text(39) == "00"
    assert await world.wallet() == (FUNDS - 100_000, FUNDS - 100_000)


@ON_SQLITE
async def test_a_completion_after_the_holds_time_asks_for_the_money_anew(world: World, clock: ManualClock) -> None:
    fields, approval = await approved(world, 250_000)
    poor, poor_approval = await approved(world, 700_000)
    clock.advance(timedelta(seconds=world.settings.tap_hold_s))
    await world.taps.sweep()
    assert {tap.state for tap in await world.taps.recent(10)} == {TapState.EXPIRED}
    assert await world.wallet() == (FUNDS, FUNDS)
    assert (await world.ask("0220", world.till.later(fields, 250_000, approval))).text(39) == "00"
    other = await approved(world, 600_000)
    assert (await world.ask("0220", world.till.later(poor, 700_000, poor_approval))).text(39) == "51"
    assert (await world.ask("0420", world.till.later(other[0]))).text(39) == "00"
    assert await world.payable() == 250_000


async def test_a_purchase_and_its_reversal_at_once_leave_no_hold(world: World) -> None:
    for _ in range(5):
        fields = world.till.purchase(world.phone, 1000)
        world.till.send(world.till.body("0100", fields))
        world.till.send(world.till.body("0420", world.till.later(fields)))
        answers = [iso8583.decode(await world.till.receive()) for _ in range(2)]
        assert {answer.mti for answer in answers} == {"0110", "0430"}
    assert await world.wallet() == (FUNDS, FUNDS)


async def test_many_terminals_lines_and_taps_never_spend_more_than_there_is(world: World) -> None:
    phones = [Phone() for _ in range(6)]
    for phone in phones:
        await world.provision(phone)
    bodies = [world.till.body("0100", world.till.purchase(phone, 90_000)) for phone in phones * 4]
    for body in bodies:
        world.till.send(body)
    codes = [iso8583.decode(await world.till.receive()).text(39) for _ in bodies]
    assert sorted(codes) == ["00"] * 11 + ["51"] * 13
    assert await world.wallet() == (FUNDS, FUNDS - 11 * 90_000)
