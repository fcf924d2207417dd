"""Pure rules of payments: which accounts a payment moves, and what the ledger's answer means to a person."""

import re
from datetime import date, timedelta
from typing import assert_never

from persiantools.jdatetime import JalaliDate

from gateway.services.payments.model import Payment, PaymentKind, PayOutcome
from wallet.accounts import Account, Chart
from wallet.ids import transfer_id
from wallet.transfers import BalancesAfter, Outcome, Transfer, TransferCode

REFERENCE_DIGITS = 12
CODE_DIGITS = 8
TRIES_WINDOW = timedelta(days=1)
RETURN_PAUSE = timedelta(hours=1)

_PERIOD = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])", re.ASCII)


def is_period(text: str) -> bool:
    """Whether this is a month of a year, `1405-08`."""
    return _PERIOD.fullmatch(text) is not None


def period_of(day: date) -> str:
    """The month of the Jalali calendar, in which contributions are owed, that `day` lies in."""
    jalali = JalaliDate(day)  # type: ignore[no-untyped-call]
    return f"{jalali.year:04d}-{jalali.month:02d}"


def accounts_of(payment: Payment, chart: Chart) -> tuple[Account, Account]:
    """The accounts that a payment debits and credits."""
    asset = payment.amount.asset
    wallet = chart.account("wallet", payment.person_id, asset)
    match payment.kind:
        case PaymentKind.CONTRIBUTION:
            return wallet, chart.account("contribution_income", asset=asset)
        case PaymentKind.SEND:
            return wallet, chart.account("wallet", payment.payee_id, asset)
        case PaymentKind.CLAIM_CODE:
            return wallet, chart.account("claim_codes", asset=asset)
        case PaymentKind.REDEEM | PaymentKind.RETURN:
            return chart.account("claim_codes", asset=asset), wallet
        case PaymentKind.CASH_IN:
            return chart.account("branch_cash", payment.branch, asset), wallet
    assert_never(payment.kind)


_CODES = {
    PaymentKind.CONTRIBUTION: TransferCode.CONTRIBUTION,
    PaymentKind.SEND: TransferCode.SEND,
    PaymentKind.CLAIM_CODE: TransferCode.CLAIM_CODE,
    PaymentKind.REDEEM: TransferCode.CLAIM_CODE_REDEEMED,
    PaymentKind.RETURN: TransferCode.CLAIM_CODE_RETURNED,
    PaymentKind.CASH_IN: TransferCode.CASH_IN,
}
_PAYING = frozenset({PaymentKind.CONTRIBUTION, PaymentKind.SEND, PaymentKind.CLAIM_CODE})


def transfer_of(payment: Payment, chart: Chart) -> Transfer:
    """The transfer that a payment asks for; the same payment always asks for the same one."""
    debit, credit = accounts_of(payment, chart)
    return Transfer(
        id=transfer_id(payment.cause, payment.leg, payment.attempt),
        debit=debit.id,
        credit=credit.id,
        amount=payment.amount,
        code=_CODES[payment.kind],
        cause=payment.cause,
    )


def balance_after(payment: Payment, after: BalancesAfter) -> int:
    """What the payment's person may spend right afterwards, in minor units."""
    return (after.debit if payment.kind in _PAYING else after.credit).available_credit


def answer_to(outcome: Outcome) -> PayOutcome:
    """What the ledger's answer means to the person who pays.

    BLOCKED also stands for answers that only a bug can bring about: the person is told that it cannot be done, staff
    find the ledger's own word in the log.
    """
    match outcome:
        case Outcome.POSTED | Outcome.DUPLICATE:
            return PayOutcome.OK
        case Outcome.INSUFFICIENT_FUNDS:
            return PayOutcome.NO_FUNDS
        case Outcome.SAME_ACCOUNT:
            return PayOutcome.SELF
        case (
            Outcome.DEBIT_CLOSED
            | Outcome.CREDIT_CLOSED
            | Outcome.DEBIT_FROZEN
            | Outcome.CREDIT_FROZEN
            | Outcome.PERIOD_CLOSED
            | Outcome.LIMIT_EXCEEDED
            | Outcome.SUM_TOO_LARGE
        ):
            return PayOutcome.BLOCKED
        case (
            Outcome.LINKED_FAILED
            | Outcome.CHAIN_OPEN
            | Outcome.ID_REUSED
            | Outcome.AMOUNT_INVALID
            | Outcome.EXPIRY_INVALID
            | Outcome.DEBIT_UNKNOWN
            | Outcome.CREDIT_UNKNOWN
            | Outcome.ASSET_DIFFERS
            | Outcome.HOLD_UNKNOWN
            | Outcome.HOLD_NOT_A_HOLD
            | Outcome.HOLD_DIFFERS
            | Outcome.HOLD_CAPTURED
            | Outcome.HOLD_VOIDED
            | Outcome.HOLD_EXPIRED
            | Outcome.HOLD_EXCEEDED
            | Outcome.BALANCING_INVALID
            | Outcome.CITATION_INVALID
            | Outcome.CITED_UNKNOWN
            | Outcome.CITED_DIFFERS
            | Outcome.REVERSAL_EXCEEDED
        ):
            return PayOutcome.BLOCKED
    assert_never(outcome)
