"""3DES cryptograms against numbers that `openssl enc` computed step by step, and what the phone itself decides."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators import emv_card
from simulators.nfc import Kernel, Kind, Limits, Profile, Token, cryptograms, risk
from simulators.nfc.risk import CURRENCY, Asked
from tests.simulators.nfc.commands import SELECT_AID, generate, gpo, second
from tests.simulators.tokens import TOKEN, phone_with_token

CARD_KEY = "0123456789ABCDEFFEDCBA9876543210"
CVN18 = replace(TOKEN, profile=Profile.CVN18, luk=CARD_KEY)


def test_the_session_key_of_cvn_18_is_the_one_of_openssl() -> None:
    assert cryptograms.session_key(bytes.fromhex(CARD_KEY), 7).hex().upper() == "FA7639E9A52C6CB1D4C015DBFBC10987"


def test_a_tap_of_a_3des_token_carries_the_cryptogram_of_openssl() -> None:
    phone = phone_with_token(profile=Profile.CVN18, luk=CARD_KEY)
    phone.transceive(bytes.fromhex(SELECT_AID))

    answer = phone.transceive(bytes.fromhex(gpo()))[:-2]

    assert emv_card.find(answer, "9F10") == bytes.fromhex("06011203A00000")
    assert emv_card.find(answer, "9F26") == bytes.fromhex("F3E6D6F5F366480D")


def test_the_issuers_answer_by_method_2_is_heard_and_no_other() -> None:
    ac = bytes.fromhex("F3E6D6F5F366480D")
    good = bytes.fromhex("CEFF4848 00820000 0000")

    assert cryptograms.issuer_is_heard(CVN18, 7, ac, good)
    assert not cryptograms.issuer_is_heard(CVN18, 8, ac, good)
    for at in range(len(good)):
        changed = bytes(byte ^ (at == place) for place, byte in enumerate(good))
        assert not cryptograms.issuer_is_heard(CVN18, 7, ac, changed), at


def test_a_3des_token_takes_the_second_cryptogram_too() -> None:
    phone = phone_with_token(profile=Profile.CVN18, luk=CARD_KEY)
    phone.setting.kernel = Kernel.MCHIP
    first = [phone.transceive(bytes.fromhex(one)) for one in (SELECT_AID, gpo(), generate())][-1]
    session = cryptograms.session_key(bytes.fromhex(CARD_KEY), 7)
    update = bytes.fromhex("00820000")
    arpc = cryptograms.retail_mac(session, first[5:13] + update)[:4]

    answer = phone.transceive(bytes.fromhex(second((arpc + update).hex() + "0000")))

    assert answer[2] == Kind.TC


AMOUNTS = st.integers(0, 10**12 - 1)
TOKENS = st.builds(
    lambda limit, spent, uses, minor, channels: replace(
        TOKEN,
        amount_max_minor=limit,
        spent_minor=spent,
        offline_uses=uses,
        offline_minor=minor,
        channels=tuple(sorted(channels)),
    ),
    AMOUNTS,
    AMOUNTS,
    st.integers(0, 10),
    AMOUNTS,
    st.sets(st.sampled_from(["tap", "transit", "offline"])),
)
ASKED = st.builds(
    Asked, st.sampled_from(Kind), AMOUNTS, st.sampled_from([CURRENCY, b"\x09\x78"]), owner_claimed=st.booleans()
)
LIMITS = st.builds(Limits, st.integers(0, 10), AMOUNTS)
ORDER = {Kind.AAC: 0, Kind.ARQC: 1, Kind.TC: 2}


@given(token=TOKENS, asked=ASKED, unlocked=st.booleans(), limits=LIMITS)
def test_a_phone_only_ever_grants_less_than_it_is_asked(
    *, token: Token, asked: Asked, unlocked: bool, limits: Limits
) -> None:
    decided = risk.decide(token, asked, unlocked=unlocked, offline=limits)

    assert ORDER[decided] <= ORDER[asked.kind]
    if decided is not Kind.AAC:
        assert not token.amount_max_minor or token.spent_minor + asked.amount_minor <= token.amount_max_minor
        assert unlocked or not asked.owner_claimed
    if decided is Kind.TC:
        after = token.signing(asked.amount_minor, offline=True)
        assert after.offline_uses <= limits.uses_max
        assert after.offline_minor <= limits.minor_max
        assert unlocked
        assert "offline" in token.channels


@pytest.mark.parametrize(
    ("label", "changes", "near"),
    [
        ("fresh", {"uses": 0}, False),
        ("three uses left", {"uses": 7}, True),
        ("a tenth of the money left", {"amount_max_minor": 1_000, "spent_minor": 900}, True),
        ("more than a tenth left", {"amount_max_minor": 1_000, "spent_minor": 899}, False),
        ("its last day", {"valid_until": "2026-11-23T00:00:00+00:00"}, True),
        ("a key of one use, not used", {"uses_max": 1}, False),
        ("a key of one use, used", {"uses_max": 1, "uses": 1}, True),
    ],
)
def test_the_next_key_is_wanted_near_any_end_of_this_one(*, label: str, changes: dict[str, object], near: bool) -> None:
    phone = phone_with_token(**changes)
    phone.clock = lambda: datetime(2026, 11, 22, 12, tzinfo=UTC)

    assert phone.key_is_wanted is near, label
