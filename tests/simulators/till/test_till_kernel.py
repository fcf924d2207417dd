"""The terminal's own decisions: verification results, action analysis, limits, deny list. Tables and properties."""

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.till import kernel
from simulators.till.deny import DenyList, DenyListError, digest
from simulators.till.kernel import ActionCodes, Asked, IssuerCodes, Limits, Risk

PAN = "5814200000000001"
FIVE = st.binary(min_size=5, max_size=5)


@pytest.mark.parametrize(
    ("risks", "results"),
    [
        ((), "0000000000"),
        ((Risk.NOT_AUTHENTICATED,), "8000000000"),
        ((Risk.NOT_AUTHENTICATED, Risk.DENIED), "9000000000"),
        ((Risk.EXPIRED,), "0040000000"),
        ((Risk.CVM_FAILED,), "0000800000"),
        ((Risk.NOT_AUTHENTICATED, Risk.ABOVE_FLOOR), "8000008000"),
    ],
)
def test_verification_results_have_the_bits_of_book_3(risks: tuple[Risk, ...], results: str) -> None:
    assert kernel.verification(frozenset(risks)).hex() == results


@pytest.mark.parametrize(
    ("results", "online", "asked"),
    [
        ("8000000000", True, Asked.ARQC),
        ("8000000000", False, Asked.TC),
        ("8000008000", False, Asked.AAC),
        ("8040000000", False, Asked.AAC),
        ("8040000000", True, Asked.ARQC),
        ("9000000000", True, Asked.AAC),
        ("9000000000", False, Asked.AAC),
        ("0000000000", True, Asked.TC),
    ],
)
def test_the_action_codes_decide_what_the_card_is_asked_for(results: str, asked: Asked, *, online: bool) -> None:
    assert kernel.analyse(bytes.fromhex(results), ActionCodes(), IssuerCodes(), online=online) is asked


@given(results=FIVE, codes=st.builds(ActionCodes, FIVE, FIVE, FIVE), issuer=st.builds(IssuerCodes, FIVE, FIVE, FIVE))
def test_a_bit_more_never_makes_a_terminal_more_generous(
    results: bytes, codes: ActionCodes, issuer: IssuerCodes
) -> None:
    order = (Asked.AAC, Asked.ARQC, Asked.TC)
    for online in (True, False):
        asked = kernel.analyse(results, codes, issuer, online=online)
        more = kernel.analyse(b"\xff" * 5, codes, issuer, online=online)
        assert order.index(more) <= order.index(asked)
        if not online:
            assert asked is not Asked.ARQC, "nobody can be asked without a line"


@pytest.mark.parametrize(
    ("amount", "online", "qualifiers"),
    [(5_000_000, True, "20804000"), (5_000_001, True, "20c04000"), (100, False, "20004000")],
)
def test_the_qualifiers_say_what_this_amount_requires(amount: int, qualifiers: str, *, online: bool) -> None:
    assert kernel.qualifiers(Limits(), amount, online=online).hex() == qualifiers


@pytest.mark.parametrize(
    ("amount", "on_device", "results"),
    [
        (5_000_000, False, kernel.CVM_NONE),
        (5_000_000, True, kernel.CVM_NONE),
        (5_000_001, True, kernel.CVM_ON_DEVICE),
        (5_000_001, False, kernel.CVM_NOT_DONE),
    ],
)
def test_the_cvm_results_say_what_was_done(amount: int, results: bytes, *, on_device: bool) -> None:
    assert kernel.owner_results(Limits(), amount, read_on_device=on_device) == results


@pytest.mark.parametrize(
    ("expiry", "over"), [("2611", False), ("2610", True), ("2512", True), ("2612", False), ("2701", False)]
)
def test_a_token_is_good_to_the_end_of_its_month(expiry: str, *, over: bool) -> None:
    assert kernel.expired(expiry, date(2026, 11, 30)) is over


def test_an_action_code_of_another_length_is_none() -> None:
    with pytest.raises(ValueError, match="5 bytes"):
        ActionCodes(denial=b"\0")


def test_a_deny_list_denies_by_hash_and_by_last_digits_and_nobody_else(tmp_path: Path) -> None:
    file = tmp_path / "deny.txt"
    file.write_text(f"# as of today\ntapdial-deny 1 a1b2\n{digest(bytes.fromhex('a1b2'), PAN).hex()}\n*777712\n")
    deny = DenyList.load(file)

    assert deny.denies(PAN)
    assert deny.denies("5814200000777712")
    assert not deny.denies("5814200000000019")
    assert not DenyList().denies(PAN)
    assert PAN not in file.read_text()


@pytest.mark.parametrize("text", ["", "tapdial-deny 2 00\n", "tapdial-deny 1 zz\n", "tapdial-deny 1 00\n*123\n", "x\n"])
def test_a_file_that_is_no_deny_list_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "deny.txt"
    file.write_text(text)
    with pytest.raises(DenyListError):
        DenyList.load(file)
