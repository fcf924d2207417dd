"""What the menus call about where a person is paid: every answer is a word that they know."""

from dataclasses import replace

import pytest

from gateway.services.payees import AccountKind, PayeeAccount, PayeeOutcome
from tests.gateway.channels.ussd.services import IBAN, PAID_TO_BANK
from tests.gateway.channels.ussd.test_actions import House, declared

PAYEE_WORDS = {PayeeOutcome.NOT_LINKED: "same", PayeeOutcome.UNKNOWN_PERSON: "unavailable"}
_CHANGES = (PayeeOutcome.OK, PayeeOutcome.SAME, PayeeOutcome.FROZEN, PayeeOutcome.UNKNOWN_PERSON)
PAYEE_OUTCOMES = {
    "payees.offer": (*_CHANGES, PayeeOutcome.BAD_IBAN),
    "payees.keep": (*_CHANGES, PayeeOutcome.TOO_MANY, PayeeOutcome.NOTHING),
    "payees.to_wallet": (*_CHANGES, PayeeOutcome.NOT_LINKED, PayeeOutcome.TOO_MANY),
    "payees.disown": (PayeeOutcome.OK, PayeeOutcome.NOTHING),
}
STANDING = [
    (PAID_TO_BANK, "account"),
    (replace(PAID_TO_BANK, kind=AccountKind.WALLET, iban=""), "wallet"),
    (replace(PAID_TO_BANK, frozen=True), "frozen"),
    (None, "unavailable"),
]


@pytest.mark.parametrize(("account", "expected"), STANDING)
async def test_what_stands_is_shown_by_its_last_digits(account: PayeeAccount | None, expected: str) -> None:
    house = House()
    house.payees.account = account

    result = await house.call("payees.show")

    assert result.outcome == expected
    assert IBAN[4:] not in repr(result)
    declared("payees.show", result)


@pytest.mark.parametrize(
    ("name", "outcome"), [(name, outcome) for name, outcomes in PAYEE_OUTCOMES.items() for outcome in outcomes]
)
async def test_every_answer_is_a_word_of_the_menus(name: str, outcome: PayeeOutcome) -> None:
    house = House()
    house.payees.outcome = outcome

    result = await house.call(name)

    assert result.outcome == PAYEE_WORDS.get(outcome, outcome.value)
    declared(name, result)
