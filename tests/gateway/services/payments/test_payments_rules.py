"""Accounts of each kind of payment, and what the ledger's answers mean to people."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.services.payments import Payment, PaymentKind, PaymentState, PayOutcome
from gateway.services.payments.rules import answer_to, balance_after, is_period, period_of, transfer_of
from wallet.accounts import Chart
from wallet.clock import ManualClock
from wallet.ids import new_id
from wallet.money import irr
from wallet.transfers import Balances, BalancesAfter, Outcome, TransferCode

NOW = datetime(2026, 11, 22, tzinfo=UTC)
CHART = Chart.load()


def payment(kind: PaymentKind, *, cause: str = "", attempt: int = 0) -> Payment:
    payment_id = new_id("pay", ManualClock(NOW))
    return Payment(
        id=payment_id,
        kind=kind,
        person_id="per_1",
        call_key="ses_1:1",
        amount=irr(5),
        cause=cause or payment_id,
        leg=kind.value,
        attempt=attempt,
        payee_id="per_2",
        msisdn="",
        branch="tehran-1",
        staff_id="",
        reference="",
        state=PaymentState.INTENT,
        outcome=None,
        balance_minor=None,
        created_at=NOW,
        settled_at=None,
    )


@pytest.mark.parametrize(
    ("kind", "debit", "credit", "code"),
    [
        (PaymentKind.CONTRIBUTION, ("wallet", "per_1"), ("contribution_income", ""), TransferCode.CONTRIBUTION),
        (PaymentKind.SEND, ("wallet", "per_1"), ("wallet", "per_2"), TransferCode.SEND),
        (PaymentKind.CLAIM_CODE, ("wallet", "per_1"), ("claim_codes", ""), TransferCode.CLAIM_CODE),
        (PaymentKind.REDEEM, ("claim_codes", ""), ("wallet", "per_1"), TransferCode.CLAIM_CODE_REDEEMED),
        (PaymentKind.RETURN, ("claim_codes", ""), ("wallet", "per_1"), TransferCode.CLAIM_CODE_RETURNED),
        (PaymentKind.CASH_IN, ("branch_cash", "tehran-1"), ("wallet", "per_1"), TransferCode.CASH_IN),
    ],
)
def test_each_kind_moves_its_own_accounts(
    kind: PaymentKind, debit: tuple[str, str], credit: tuple[str, str], code: TransferCode
) -> None:
    asked = payment(kind)

    transfer = transfer_of(asked, CHART)

    assert (transfer.debit, transfer.credit) == (CHART.id(*debit), CHART.id(*credit))
    assert (transfer.amount, transfer.code, transfer.cause) == (irr(5), code, asked.id)
    after = BalancesAfter(Balances(0, 70, 0, 0, 1), Balances(0, 90, 10, 0, 1))
    assert balance_after(asked, after) == (70 if debit[0] == "wallet" else 80)


@given(st.sampled_from(PaymentKind), st.integers(0, 3), st.integers(0, 3))
def test_a_payment_names_one_transfer_and_another_attempt_another(kind: PaymentKind, one: int, other: int) -> None:
    cause = new_id("inv", ManualClock(NOW))

    ids = {transfer_of(payment(kind, cause=cause, attempt=attempt), CHART).id for attempt in (one, other, one)}

    assert len(ids) == len({one, other})


@pytest.mark.parametrize("outcome", list(Outcome))
def test_every_answer_of_the_ledger_means_something_and_only_standing_ones_mean_ok(outcome: Outcome) -> None:
    assert (answer_to(outcome) is PayOutcome.OK) == outcome.stands


@pytest.mark.parametrize(
    ("text", "valid"), [("1405-08", True), ("2026-12", True), ("1405-13", False), ("1405-8", False), ("", False)]
)
def test_a_period_is_a_month(text: str, *, valid: bool) -> None:
    assert is_period(text) is valid


@pytest.mark.parametrize(
    ("day", "period"),
    [(date(2026, 11, 22), "1405-09"), (date(2026, 3, 20), "1404-12"), (date(2026, 3, 21), "1405-01")],
)
def test_a_contribution_is_owed_for_a_month_of_the_jalali_year(day: date, period: str) -> None:
    assert period_of(day) == period
    assert is_period(period)
