"""What the menus call about visits and bills: every answer is a word that they know, and a PIN is checked first."""

from dataclasses import replace

import pytest

from gateway.channels.ussd.care import visit_word
from gateway.services.people import PinCheck, PinOutcome
from gateway.services.providers import (
    AskedLine,
    BillOutcome,
    CoPayment,
    Fee,
    FeeState,
    LineOutcome,
    Provider,
    ProviderState,
    VisitOutcome,
    VisitState,
)
from tests.gateway.channels.ussd.clinic import DOCTOR, FEE, VISIT
from tests.gateway.channels.ussd.test_actions import House, declared
from wallet.money import irr

NEVER = {VisitOutcome.REASON_MISSING, VisitOutcome.OVER_CAP}
BEGUN = {BillOutcome.OK, BillOutcome.BILLED, BillOutcome.EXPIRED, BillOutcome.SUSPENDED}
SENT = {
    BillOutcome.OK: "approved",
    BillOutcome.SUSPENDED: "suspended",
    BillOutcome.CHANGED: "changed",
    BillOutcome.NO_LINES: "changed",
    BillOutcome.TOO_MANY_LINES: "changed",
    BillOutcome.BAD_LINE: "changed",
}


@pytest.mark.parametrize("outcome", list(VisitOutcome))
async def test_a_till_and_a_visit_are_answered_in_the_menus_words(outcome: VisitOutcome) -> None:
    house = House()
    house.care.visit = outcome

    opened = await house.call("visits.open")

    assert opened.outcome == ("unavailable" if outcome in NEVER else outcome.value)
    declared("visits.open", opened)
    if outcome is not VisitOutcome.TOO_MANY:
        declared("visits.till", await house.call("visits.till"))


@pytest.mark.parametrize("name", ["visits.open", "bills.send"])
@pytest.mark.parametrize(("pin", "word"), [(PinOutcome.WRONG, "wrong_pin"), (PinOutcome.LOCKED, "locked")])
async def test_without_the_right_pin_nothing_is_opened_and_nothing_billed(
    name: str, pin: PinOutcome, word: str
) -> None:
    house = House()
    house.people.pin = PinCheck(pin, 2)

    result = await house.call(name)

    assert (result.outcome, house.care.heard) == (word, [])
    declared(name, result)


@pytest.mark.parametrize("outcome", list(BillOutcome))
async def test_a_bill_is_begun_and_sent_in_the_menus_words(outcome: BillOutcome) -> None:
    house = House()
    house.care.bill = outcome

    begun, sent = await house.call("bills.begin"), await house.call("bills.send")

    assert begun.outcome == (outcome.value if outcome in BEGUN else "unknown_visit")
    assert sent.outcome == SENT.get(outcome, "closed")
    declared("bills.begin", begun)
    declared("bills.send", sent)


@pytest.mark.parametrize("outcome", list(LineOutcome))
async def test_a_line_is_added_with_what_was_typed(outcome: LineOutcome) -> None:
    house = House()
    house.care.line = outcome

    result = await house.call("bills.add")

    assert result.outcome == outcome.value
    declared("bills.add", result)
    assert house.care.heard == [("add", "prv_01", "12345674", AskedLine("10", 2, irr(500)), "ses_01:3")]


async def test_a_first_line_above_what_a_page_shows_is_typed_again() -> None:
    house = House()
    house.care.line, house.care.lines = LineOutcome.FULL, 0
    assert (await house.call("bills.add")).outcome == "bad_line"


@pytest.mark.parametrize(
    ("provider", "word"),
    [
        (DOCTOR, "ok"),
        (replace(DOCTOR, msisdn="+989120000009"), "none"),
        (replace(DOCTOR, state=ProviderState.PROPOSED), "waiting"),
        (replace(DOCTOR, state=ProviderState.SUSPENDED), "suspended"),
        (replace(DOCTOR, state=ProviderState.REFUSED), "none"),
    ],
)
async def test_who_is_no_provider_is_told_so(provider: Provider, word: str) -> None:
    house = House()
    house.care.provider = provider

    result = await house.call("bills.me")

    assert result.outcome == word
    declared("bills.me", result)
    owed = await house.call("bills.owed")
    declared("bills.owed", owed)
    assert (owed.outcome == "none") == (word == "none")


async def test_a_bill_that_an_officer_looks_at_says_so() -> None:
    house = House()
    house.care.fee = replace(FEE, state=FeeState.SUBMITTED)
    assert (await house.call("bills.send")).outcome == "waiting"


@pytest.mark.parametrize(
    ("fee", "word"),
    [
        (None, "open"),
        (FEE, "checked"),
        (replace(FEE, state=FeeState.SUBMITTED), "checked"),
        (replace(FEE, state=FeeState.REJECTED), "refused"),
        (replace(FEE, state=FeeState.OWED, co_payment=CoPayment.WALLET), "wallet"),
        (replace(FEE, state=FeeState.PAID, co_payment=CoPayment.CASH), "desk"),
        (replace(FEE, state=FeeState.RETURNED, co_payment=CoPayment.NONE), "free"),
    ],
)
async def test_a_patient_sees_who_pays_the_share(fee: Fee | None, word: str) -> None:
    house = House()
    house.care.fee = fee

    result = await house.call("visits.list")

    assert isinstance(result.values["rows"], tuple)
    assert result.values["rows"][0]["visit_state"] == word
    assert visit_word(replace(VISIT, state=VisitState.EXPIRED), None) == "expired"
    house.care.lines = 0
    assert (await house.call("visits.list")).outcome == "none"
