"""The numbers of the answers are stored: each keeps its own for ever, and the page for people says the same."""

import re
from pathlib import Path

from tests.wallet.examples import CHANGES
from wallet.accounts import ChangeOutcome
from wallet.transfers import Outcome, TransferCode

PAGE = (Path(__file__).parents[2] / "docs/LEDGER.md").read_text("utf-8")

NUMBERS = {
    "POSTED": 0, "DUPLICATE": 1,
    "LINKED_FAILED": 100, "CHAIN_OPEN": 101, "ID_REUSED": 102,
    "AMOUNT_INVALID": 110, "SAME_ACCOUNT": 111, "EXPIRY_INVALID": 112, "BALANCING_INVALID": 113,
    "CITATION_INVALID": 114,
    "DEBIT_UNKNOWN": 120, "CREDIT_UNKNOWN": 121, "ASSET_DIFFERS": 122, "DEBIT_CLOSED": 123, "CREDIT_CLOSED": 124,
    "DEBIT_FROZEN": 125, "CREDIT_FROZEN": 126,
    "HOLD_UNKNOWN": 130, "HOLD_NOT_A_HOLD": 131, "HOLD_DIFFERS": 132, "HOLD_CAPTURED": 133, "HOLD_VOIDED": 134,
    "HOLD_EXPIRED": 135, "HOLD_EXCEEDED": 136, "CITED_UNKNOWN": 137, "CITED_DIFFERS": 138, "REVERSAL_EXCEEDED": 139,
    "PERIOD_CLOSED": 140,
    "INSUFFICIENT_FUNDS": 150, "LIMIT_EXCEEDED": 151, "SUM_TOO_LARGE": 152,
}  # fmt: skip
"""Lines are added here and never changed or taken away: books out there hold these numbers."""
CODES = {
    "OPENING": 1, "BENEFIT": 10, "CASH_IN": 20, "CONTRIBUTION": 30, "SEND": 40, "CLAIM_CODE": 41,
    "CLAIM_CODE_REDEEMED": 42, "CLAIM_CODE_RETURNED": 43, "TAP": 50, "TAP_REFUND": 51, "TAP_SETTLED": 52,
    "MERCHANT_FEE": 53, "MERCHANT_FEE_RETURNED": 54, "MERCHANT_PAYOUT": 55, "CORRECTION": 60,
}  # fmt: skip
"""The same for why money moved."""


def test_an_outcome_keeps_its_number() -> None:
    # __members__ has aliases too, so a number that is used twice does not hide.
    assert {name: int(member) for name, member in Outcome.__members__.items()} == NUMBERS
    assert len(set(NUMBERS.values())) == len(NUMBERS)


def test_a_code_keeps_its_number() -> None:
    assert CODES.items() <= {name: int(member) for name, member in TransferCode.__members__.items()}.items()
    assert len({int(member) for member in TransferCode.__members__.values()}) == len(TransferCode.__members__)


def test_the_page_has_every_outcome_in_the_order_of_precedence() -> None:
    rows = re.findall(r"^\| (\d+) \| ([A-Z_]+) \| \S.* \|$", PAGE, re.MULTILINE)

    assert [(name, int(number)) for number, name in rows] == sorted(NUMBERS.items(), key=lambda item: item[1])


def test_the_page_has_every_answer_to_a_change_in_the_order_in_which_they_apply() -> None:
    rows = re.findall(r"^\| ([A-Z_]+) \| \S.* \|$", PAGE, re.MULTILINE)

    assert rows == ["UNKNOWN", "NOT_EMPTY", "BEYOND", "CHANGED"]
    assert set(rows) == set(ChangeOutcome.__members__) == {case.outcome.name for case in CHANGES}


def test_the_page_has_the_codes_of_taps_and_merchants() -> None:
    rows = re.findall(r"^\| `([A-Z_]+)` \| (\d+) \| \S.* \|$", PAGE, re.MULTILINE)
    merchants = {
        name: int(code) for name, code in TransferCode.__members__.items() if "TAP" in name or "MERCHANT" in name
    }

    assert {name: int(number) for name, number in rows} == merchants
