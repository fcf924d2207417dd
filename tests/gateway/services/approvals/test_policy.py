"""The policy as data: the band of an amount, and every mistake in a file has its own words."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import SettingsFault
from gateway.services.approvals import Band, Policy
from wallet.money import EUR, Money, irr

KNOWN = ("checker", "officer", "clerk", "administrator", "finance", "payouts_officer", "payouts_checker")
BANDS = """
[[batch]]
up_to = 1000
roles = ["checker"]
need = "pin"

[[batch]]
up_to = 5000
checkers = 2
roles = ["checker"]

[[batch]]
makers = 2
maker_roles = ["officer"]
checkers = 3
cool_down_h = 24
need = "two_mobile"
"""


def load(tmp_path: Path, text: str) -> Policy:
    file = tmp_path / "policy.toml"
    file.write_text(text, "utf-8")
    return Policy.load(str(file), {"batch": "checker", "unlock": "clerk"}, KNOWN)


@pytest.mark.parametrize(
    ("amount", "makers", "checkers", "need"),
    [
        (irr(0), 1, 1, "pin"),
        (irr(1000), 1, 1, "pin"),
        (irr(1001), 1, 2, "mobile"),
        (irr(5000), 1, 2, "mobile"),
        (irr(5001), 2, 3, "two_mobile"),
        (None, 2, 3, "two_mobile"),
        (Money(1, EUR), 2, 3, "two_mobile"),
    ],
)
def test_an_amount_falls_into_the_first_band_that_holds_it(
    tmp_path: Path, amount: Money | None, makers: int, checkers: int, need: str
) -> None:
    policy = load(tmp_path, BANDS)

    band = policy.band("batch", amount)

    assert band is not None
    assert (band.makers, band.checkers, policy.need("batch", amount)) == (makers, checkers, need)
    assert band.roles == ("checker",), "a band that names no role has the service's"
    assert Band.thawed(band.frozen()) == band


def test_kinds_without_a_list_have_one_of_each_and_are_signed_by_mobile(tmp_path: Path) -> None:
    policy = load(tmp_path, BANDS)

    assert policy.band("unlock", None) == Band(roles=("clerk",))
    assert policy.band("unheard_of", irr(1)) is None, "what nobody may decide is decided by nobody"
    assert policy.need("unheard_of", None) == "mobile", "nothing passes unsigned because a line was forgotten"
    assert policy.roles("batch") == {"checker"}


def test_the_file_replaces_whole_lists_of_what_is_shipped(tmp_path: Path) -> None:
    shipped = Policy.load("", {}, KNOWN)
    own = load(tmp_path, '[[payout_batch]]\nroles = ["finance"]\n')

    assert shipped.need("payout_batch", irr(1_000_000_000_000)) == "two_mobile"
    assert own.band("payout_batch", irr(1_000_000_000_000)) == Band(roles=("finance",))
    assert own.band("signer_enrolment", None) == shipped.band("signer_enrolment", None)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("batch = 3", "must be a list of 1 to 20 bands"),
        ("batch = []", "must be a list of 1 to 20 bands"),
        ("batch = [3]", "band 1 is no table"),
        ("[[batch]]\nchekers = 2", "chekers is not one of"),
        ("[[batch]]\nup_to = 5", "the last band must have no up_to"),
        ("[[batch]]\n[[batch]]", "only the last band may be without up_to"),
        ("[[batch]]\nup_to = 5\n[[batch]]\nup_to = 5\n[[batch]]", "must be higher"),
        ("[[batch]]\nup_to = 5\nchecKers = 1\n[[batch]]", "checKers is not one of"),
        ("[[batch]]\nup_to = 5\ncheckers = 2\n[[batch]]", "asks for less than the band before"),
        ('[[batch]]\nup_to = 5\nneed = "two_mobile"\n[[batch]]', "asks for less than the band before"),
        ('[[batch]]\nup_to = 5\n[[batch]]\nup_to = 9\nasset = "EUR"\n[[batch]]', "one asset"),
        ("[[batch]]\nup_to = -1\n[[batch]]", "up_to must be a whole number"),
        ("[[batch]]\nmakers = 0", "makers must be a whole number from 1 to 5"),
        ("[[batch]]\ncheckers = true", "checkers must be a whole number"),
        ("[[batch]]\ncool_down_h = 1.5", "cool_down_h must be a whole number"),
        ('[[batch]]\nneed = "seal"', "need must be one of none, pin, mobile, two_mobile"),
        ('[[batch]]\nasset = "ZZZ"', "asset must be one of"),
        ('[[batch]]\nroles = "checker"', "roles must be a list"),
        ('[[batch]]\nroles = ["cheker"]', "there is no role cheker"),
        ("[[batch]]\nmakers = 2", "more than one maker needs maker_roles"),
        ("[[batch", "cannot read"),
        ("[[bacth]]\ncheckers = 2", "there is no kind bacth; there are batch, break_booking, break_correction"),
    ],
)
def test_a_mistake_in_the_file_is_told_where_and_what(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(SettingsFault, match=said):
        load(tmp_path, text)


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=8, unique=True), st.integers(0, 2 * 10**6))
def test_more_money_never_needs_fewer_people(bounds: list[int], minor: int) -> None:
    bands = [Band(up_to=bound, checkers=number, roles=("checker",)) for number, bound in enumerate(sorted(bounds), 1)]
    policy = Policy({"batch": (*bands, Band(checkers=9, roles=("checker",)))})

    less, more = policy.band("batch", irr(minor)), policy.band("batch", irr(minor + 1))

    assert less is not None
    assert more is not None
    assert less.checkers <= more.checkers
    assert less.up_to is None or minor <= less.up_to
