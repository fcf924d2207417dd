"""The decision about a tap: a table of cases, and what no flipped bit may bring about."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import BadInput
from gateway.services.controls import Account, Channel, Control, Used
from gateway.services.taps import decision
from gateway.services.taps.checks import Check, CheckName, Decision, checks_of
from gateway.services.taps.rules import Verdict
from tests.gateway.services.taps.casework import (
    AT,
    LARGE,
    SIGNED,
    SMALL,
    TOKEN,
    Message,
    account,
    cryptogram,
    decide,
    last,
    standing,
)

V, C = Verdict, CheckName
OFF = Channel.OFFLINE
MANY = standing(unverified=Used(5, 1_000))
"""Five taps without the holder verified."""
SUM = standing(unverified=Used(2, 14_500_000))

OK = V.APPROVED, C.FUNDS
UNLOCK = V.CVM_REQUIRED, C.CVM
LIES = V.TAMPERED, C.AGREEMENT
FALSE_KIND = V.TAMPERED, C.PHONE
STRANGER = V.MERCHANT_UNKNOWN, C.TERMINAL
DAY_SUM, DAY_TAPS = (V.AMOUNT_LIMIT, C.DAY_AMOUNT), (V.COUNT_LIMIT, C.DAY_COUNT)
WEEK_SUM, WEEK_TAPS = (V.AMOUNT_LIMIT, C.WEEK_AMOUNT), (V.COUNT_LIMIT, C.WEEK_COUNT)
MONTH_SUM, MONTH_TAPS = (V.AMOUNT_LIMIT, C.MONTH_AMOUNT), (V.COUNT_LIMIT, C.MONTH_COUNT)
CDCVM, PIN = {"9F34": "010002"}, {"9F34": "020300"}
BUS = frozenset({"bus"})
NIGHT = AT.replace(hour=2)

TABLE: tuple[tuple[str, Message, Account, Verdict, CheckName], ...] = (
    ("a small tap of an unlocked phone", Message(), account(), *OK),
    ("a small tap of a locked phone", Message(unlocked=False), account(), *OK),
    ("a large tap of an unlocked phone", Message(LARGE), account(), *OK),
    ("large, and the terminal sends no results", Message(LARGE, results=False), account(), *OK),
    ("large, and only the phone's signed word", Message(LARGE, results=False, ctq=False), account(), *OK),
    ("exactly the limit of a locked phone", Message(5_000_000, unlocked=False), account(), *OK),
    ("one above it", Message(5_000_001, unlocked=False), account(), *UNLOCK),
    ("a magnetic stripe", Message(entry_mode="911"), account(), V.ENTRY_MODE, C.ENTRY_MODE),
    ("a contact chip", Message(entry_mode="051"), account(), V.ENTRY_MODE, C.ENTRY_MODE),
    ("typed in", Message(entry_mode="012"), account(), V.ENTRY_MODE, C.ENTRY_MODE),
    ("a terminal that nobody knows", Message(shop=None), account(), *STRANGER),
    ("another merchant's number", Message(merchant_number="581420000000026"), account(), *STRANGER),
    ("CVM results of no meaning", Message(tags={"9F34": "010003"}), account(), V.BAD_FORMAT, C.FORMAT),
    ("a time that is told twice", Message(slowest_ms=1, tags={"df8101": "0002"}), account(), V.BAD_FORMAT, C.FORMAT),
    ("nothing to pay", Message(0), account(), V.BAD_AMOUNT, C.AMOUNT),
    ("more than the phone signed", Message(said_minor=SMALL + 1), account(), V.BAD_AMOUNT, C.AMOUNT),
    ("less than the phone signed", Message(said_minor=SMALL - 1), account(), V.BAD_AMOUNT, C.AMOUNT),
    ("cash back", Message(other_minor=5), account(), V.BAD_AMOUNT, C.AMOUNT),
    ("no such token", Message(token=None), account(), V.TOKEN_UNKNOWN, C.TOKEN),
    ("the phone declined", Message(kind=0x00), account(), V.PHONE_DECLINED, C.PHONE),
    ("an offline approval asked online", Message(kind=0x40), account(), V.PHONE_DECLINED, C.PHONE),
    ("an unknown kind of cryptogram", Message(kind=0xC0), account(), V.PHONE_DECLINED, C.PHONE),
    ("a decline passed off as a question", Message(kind=0x00, tags={"9F27": "80"}), account(), *FALSE_KIND),
    ("an offline approval passed off as one", Message(kind=0x40, tags={"9F27": "80"}), account(), *FALSE_KIND),
    ("a reason that nothing was signed of", Message(tags={"9F27": "81"}), account(), *FALSE_KIND),
    ("another month than the token's", Message(expiry="2912"), account(), V.TOKEN_EXPIRED, C.PHONE),
    ("yesterday by the terminal's clock", Message(day="261121"), account(), *OK),
    ("tomorrow by the terminal's clock", Message(day="261123"), account(), *OK),
    ("two days late", Message(day="261120"), account(), V.BAD_DATE, C.DAY),
    ("two days early", Message(day="261124"), account(), V.BAD_DATE, C.DAY),
    ("a year early", Message(day="271122"), account(), V.BAD_DATE, C.DAY),
    ("a day that does not exist", Message(day="261131"), account(), V.BAD_DATE, C.DAY),
    ("no offline data authentication", Message(tvr="8000008000"), account(), *OK),
    ("failed offline data authentication", Message(tvr="0C00008000"), account(), *OK),
    ("floor limit, velocity, random, forced", Message(tvr="000000F800"), account(), *OK),
    ("a new card", Message(tvr="0008008000"), account(), *OK),
    ("on the terminal's deny list", Message(tvr="1000008000"), account(), V.TERMINAL_RISK, C.VERIFICATION),
    ("expired, says the terminal", Message(tvr="0040008000"), account(), V.TOKEN_EXPIRED, C.VERIFICATION),
    ("not yet effective", Message(tvr="0020008000"), account(), V.TERMINAL_RISK, C.VERIFICATION),
    ("service not allowed", Message(tvr="0010008000"), account(), V.TERMINAL_RISK, C.VERIFICATION),
    ("the CVM failed", Message(cvm_failed=True), account(), V.CVM_FAILED, C.VERIFICATION),
    ("too many PIN tries", Message(tvr="0000208000"), account(), V.CVM_FAILED, C.VERIFICATION),
    ("a PIN wanted and no pad", Message(tvr="0000108000"), account(), V.CVM_FAILED, C.VERIFICATION),
    ("a PIN wanted and none typed", Message(tvr="0000088000"), account(), V.CVM_FAILED, C.VERIFICATION),
    ("issuer authentication failed", Message(tvr="0000008040"), account(), V.TERMINAL_RISK, C.VERIFICATION),
    ("a script failed", Message(tvr="0000008020"), account(), V.TERMINAL_RISK, C.VERIFICATION),
    ("a script failed late", Message(tvr="0000008010"), account(), V.TERMINAL_RISK, C.VERIFICATION),
    ("relay, says the terminal", Message(tvr="0000008008"), account(), V.RELAY, C.VERIFICATION),
    ("relay times, says the terminal", Message(tvr="0000008004"), account(), V.RELAY, C.VERIFICATION),
    ("CTQ unlocked, CVR not", Message(unlocked=False, tags={"9F6C": "0080"}), account(), *LIES),
    ("CVR unlocked, CTQ not", Message(tags={"9F6C": "0000"}), account(), *LIES),
    ("the CVM failed, TVR silent", Message(tags={"9F34": "010001"}), account(), *LIES),
    ("CDCVM by the terminal alone", Message(LARGE, unlocked=False, tags=CDCVM), account(), *LIES),
    ("the terminal did not ask", Message(LARGE, tags={"9F34": "1F0302"}), account(), *UNLOCK),
    ("online PIN, which nobody checked", Message(LARGE, unlocked=False, tags=PIN), account(), *UNLOCK),
    ("a quick phone", Message(slowest_ms=500), account(), *OK),
    ("a slow phone", Message(slowest_ms=501), account(), V.RELAY, C.RELAY),
    ("five taps without a CVM", Message(unlocked=False), account(counted=MANY), *UNLOCK),
    ("and the phone unlocked", Message(), account(counted=MANY), *OK),
    ("a sum without a CVM", Message(unlocked=False), account(counted=SUM), *UNLOCK),
    ("the rest of that sum", Message(500_000, unlocked=False), account(counted=SUM), *OK),
    ("switched off", Message(), account(Control(on=False)), V.SWITCHED_OFF, C.SWITCH),
    ("for transit only", Message(), account(Control(channels=("transit",))), V.CHANNEL_REFUSED, C.CHANNEL),
    ("by tap", Message(), account(Control(channels=("tap", "transit"))), *OK),
    ("at another merchant only", Message(), account(Control(merchants=("mer_2",))), V.MERCHANT_REFUSED, C.MERCHANT),
    ("not at this merchant", Message(), account(Control(merchants_not=("mer_1",))), V.MERCHANT_REFUSED, C.MERCHANT),
    ("at this merchant", Message(), account(Control(merchants=("mer_1", "mer_2"))), *OK),
    ("in no pharmacy", Message(), account(Control(categories_not=("5900-5999",))), V.CATEGORY_REFUSED, C.CATEGORY),
    ("in groceries only", Message(), account(Control(categories=("5411",))), V.CATEGORY_REFUSED, C.CATEGORY),
    ("in pharmacies", Message(), account(Control(categories=("5912",))), *OK),
    ("in Shiraz only", Message(), account(Control(cities=("Shiraz",))), V.PLACE_REFUSED, C.PLACE),
    ("in Tehran, however written", Message(), account(Control(cities=("TEHRAN",))), *OK),
    ("in the afternoon only", Message(), account(Control(hours=("14:00-18:00",))), V.HOURS_REFUSED, C.HOURS),
    ("at night only", Message(), account(Control(hours=("22:00-06:00",))), V.HOURS_REFUSED, C.HOURS),
    ("over night, in the night", Message(at=NIGHT), account(Control(hours=("22:00-06:00",))), *OK),
    ("a programme without this shop", Message(), account(Control(programme="bus")), V.PROGRAMME_REFUSED, C.PROGRAMME),
    ("a programme with it", Message(), account(Control(programme="bus"), programmes=BUS), *OK),
    ("above its largest tap", Message(), account(Control(tap_minor=SMALL - 1)), V.AMOUNT_LIMIT, C.TAP_AMOUNT),
    ("exactly that", Message(), account(Control(tap_minor=SMALL)), *OK),
    ("above the house's largest", Message(200_000_001), account(), V.AMOUNT_LIMIT, C.TAP_AMOUNT),
    ("above its day", Message(), account(Control(day_minor=SMALL + 4), counted=standing(5)), *DAY_SUM),
    ("exactly its day", Message(), account(Control(day_minor=SMALL + 5), counted=standing(5)), *OK),
    ("too often a day", Message(), account(Control(day_count=3), counted=standing(5, 3)), *DAY_TAPS),
    ("above its week", Message(), account(Control(week_minor=SMALL), counted=standing(1)), *WEEK_SUM),
    ("too often a week", Message(), account(Control(week_count=3), counted=standing(5, 3)), *WEEK_TAPS),
    ("above its month", Message(), account(Control(month_minor=SMALL), counted=standing(1)), *MONTH_SUM),
    ("too often a month", Message(), account(Control(month_count=3), counted=standing(5, 3)), *MONTH_TAPS),
    ("the house's day", Message(), account(counted=standing(500_000_000)), *DAY_SUM),
    ("the house's count", Message(), account(counted=standing(0, 100)), *DAY_TAPS),
    ("two controls, the second refuses", Message(), account(Control(), Control(on=False)), V.SWITCHED_OFF, C.SWITCH),
    ("offline, and the phone declined", Message(channel=OFF, kind=0, tags={"9F27": "40"}), account(), *FALSE_KIND),
    ("offline, and the phone asked", Message(channel=OFF, tags={"9F27": "40"}), account(), *FALSE_KIND),
    ("offline and approved", Message(channel=OFF, kind=0x40), account(), *OK),
    ("offline and not approved", Message(channel=OFF), account(), V.PHONE_DECLINED, C.PHONE),
    ("offline a month ago", Message(channel=OFF, kind=0x40, day="261025"), account(), *OK),
    ("offline, above the day", Message(channel=OFF, kind=0x40), account(Control(day_minor=1)), *OK),
)  # fmt: skip


@pytest.mark.parametrize(("name", "message", "held", "verdict", "check"), TABLE, ids=[row[0] for row in TABLE])
def test_a_tap_is_decided_by_its_first_check_that_fails(
    name: str, message: Message, held: Account, verdict: Verdict, check: CheckName
) -> None:
    decided = decide(message.case(), held)
    assert (decided.verdict, last(decided)) == (verdict, check), name
    assert decided.approved_minor == (0 if decided.refused else message.amount_minor)
    assert all(done.passed or done.noted for done in decided.checks[:-1])


@pytest.mark.parametrize(
    ("use", "verdict", "check"),
    [
        ("replayed", V.REPLAYED, C.COUNTER),
        ("not_active", V.TOKEN_SUSPENDED, C.STATUS),
        ("expired", V.TOKEN_EXPIRED, C.STATUS),
        ("key_used_up", V.KEY_USED_UP, C.STATUS),
        ("key_unknown", V.BAD_CRYPTOGRAM, C.STATUS),
    ],
)
def test_what_the_token_says_of_its_use_decides(use: str, verdict: Verdict, check: CheckName) -> None:
    decided = decide(Message().case(), account(), use=use)
    assert (decided.verdict, last(decided)) == (verdict, check)


def test_a_bad_cryptogram_is_the_last_thing_that_is_looked_at() -> None:
    decided = decide(Message(kind=0).case(), account(Control(on=False)), good=False, use="replayed")
    assert (decided.verdict, last(decided)) == (V.BAD_CRYPTOGRAM, C.CRYPTOGRAM)


def test_a_replay_is_told_before_what_the_phone_says_and_that_before_its_token() -> None:
    declined = Message(kind=0).case()
    assert decide(declined, account(), use="replayed").verdict is V.REPLAYED
    assert decide(declined, account(), use="not_active").verdict is V.PHONE_DECLINED


def test_an_offline_approval_is_noted_but_not_refused_for_a_token_that_was_suspended_since() -> None:
    decided = decide(Message(channel=OFF, kind=0x40).case(), account(), use="not_active")
    assert decided.verdict is V.APPROVED
    assert Check(C.STATUS, passed=False, detail="not active", noted=True) in decided.checks
    assert decide(Message(channel=OFF, kind=0x40).case(), account(), use="replayed").verdict is V.REPLAYED


def test_offline_data_authentication_is_wanted_of_what_was_approved_offline() -> None:
    decided = decide(Message(channel=OFF, kind=0x40, tvr="8000000000").case(), account())
    assert [check.name for check in decided.checks if check.noted] == [C.VERIFICATION]


def test_what_the_ledger_says_is_the_last_check() -> None:
    poor = decide(Message().case(), account(), funds=V.NO_FUNDS)
    assert (poor.verdict, poor.approved_minor, last(poor)) == (V.NO_FUNDS, 0, C.FUNDS)
    open_ = replace(poor, verdict=V.APPROVED, approved_minor=SMALL, checks=poor.checks[:-1])
    part = decision.with_funds(open_, V.PARTIAL, 400_000)
    assert (part.refused, part.approved_minor, part.checks[-1].passed) == (False, 400_000, True)


def test_a_decision_comes_back_from_how_it_is_stored() -> None:
    for _, message, held, _, _ in TABLE:
        decided = decide(message.case(), held)
        assert checks_of(decided.json()) == decided.checks
    assert checks_of("") == ()


@given(
    st.lists(
        st.builds(Check, st.sampled_from(CheckName), st.booleans(), st.text(max_size=9), st.booleans()), max_size=6
    )
)
def test_any_checks_come_back_from_how_they_are_stored(checks: list[Check]) -> None:
    decided = Decision(V.APPROVED, 1, tuple(checks))
    assert checks_of(decided.json()) == tuple(checks)
    assert len(json.loads(decided.json())) == len(checks)


def test_no_detail_has_a_secret_of_the_tap() -> None:
    for _, message, held, _, _ in TABLE:
        told = decide(message.case(), held).json()
        values = message.values()
        secrets = {TOKEN.par, TOKEN.expiry, *(values[tag].hex() for tag in ("9F26", "9F37", "9F10"))}
        assert not [secret for secret in secrets if secret in told]


MESSAGES = st.builds(
    Message,
    amount_minor=st.sampled_from([SMALL, 5_000_000, LARGE, 300_000_000]),
    unlocked=st.booleans(),
    cvm_failed=st.booleans(),
    ctq=st.booleans(),
    results=st.booleans(),
    tvr=st.sampled_from(["0000008000", "8000000000", "1000008000", "0040008000", "0000208000", "0000008044"]),
)
"""What honest phones and terminals send: what one says, the other does not deny."""
HELD = st.sampled_from([account(), account(counted=MANY), account(counted=SUM), account(Control(on=False))])
BITS = [*((tag, bit) for tag, size in (("95", 5), ("9F34", 3), ("9F6C", 2)) for bit in range(size * 8))]
CVR_BITS = [("9F10", bit) for bit in range(2 * 8, 6 * 8)]


@given(message=MESSAGES, held=HELD)
def test_no_flipped_bit_of_tvr_cvr_or_cvm_turns_a_refusal_into_an_approval(message: Message, held: Account) -> None:
    if not decide(message.case(), held).refused:
        return
    for tag, bit in BITS + CVR_BITS:
        values = message.values()
        if tag in values:
            values[tag] = flipped(values[tag], bit)
            good = cryptogram(values) == values["9F26"]
            assert decide(message.case_of(values), held, good=good).refused, (tag, bit)


@pytest.mark.parametrize("message", [Message(), Message(LARGE), Message(channel=OFF, kind=0x40)])
@pytest.mark.parametrize("change", [0x01, 0x40, 0x80, 0xC0, 0xFF])
def test_no_changed_byte_of_what_a_cryptogram_covers_or_says_is_approved(message: Message, change: int) -> None:
    assert not decide(message.case(), account()).refused
    for tag in (*SIGNED, "9F26", "9F27"):
        values = message.values()
        for at in range(len(values[tag])):
            changed = bytearray(values[tag])
            changed[at] ^= change
            false = {**values, tag: bytes(changed)}
            try:
                case = message.case_of(false)
            except BadInput:
                continue
            good = cryptogram(false) == false["9F26"]
            assert decide(case, account(), good=good).refused, (tag, at)


@given(message=MESSAGES.filter(lambda message: message.ctq), held=HELD)
def test_one_lie_about_the_cvm_is_not_enough_even_under_a_good_cryptogram(message: Message, held: Account) -> None:
    honest = decide(message.case(), held)
    if honest.verdict is not V.CVM_REQUIRED:
        return
    for tag, bit in (("9F10", 2 * 8), ("9F6C", 8), *((tag, bit) for tag, bit in BITS if tag == "9F34")):
        values = message.values()
        if tag in values:
            values[tag] = flipped(values[tag], bit)
            assert decide(message.case_of(values), held, good=True).refused, (tag, bit)


@given(st.integers(1, 300_000_000), st.integers(0, 600_000_000), st.integers(0, 600_000_000), st.integers(0, 10**9))
def test_a_tighter_control_never_approves_what_a_wider_one_refuses(amount: int, day: int, most: int, more: int) -> None:
    case, counted = Message(amount).case(), standing(day)
    wide = decide(case, account(Control(day_minor=most + more), counted=counted))
    tight = decide(case, account(Control(day_minor=most), counted=counted))
    assert tight.refused or not wide.refused


def flipped(value: bytes, bit: int) -> bytes:
    """With one bit the other way; bit 0 is the highest of the first byte."""
    turned = bytearray(value)
    turned[bit // 8] ^= 0x80 >> bit % 8
    return bytes(turned)
