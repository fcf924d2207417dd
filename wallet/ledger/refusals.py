"""Why a transfer with a fresh id cannot be booked: pure, over what the group sees of the book."""

from datetime import datetime

from wallet.accounts import AccountState
from wallet.ledger.book import Book, Refused, Side
from wallet.money import MINOR_MAX
from wallet.transfers import REVERSIBLE, Balancing, Outcome, Transfer, TransferKind

SIDE_MAX = 2**63 - 1
"""Largest sum of one side of one account, holds included: the width of its column, and so a limit like any other."""

_RESOLVES = (TransferKind.CAPTURE, TransferKind.VOID)
_BALANCES = (TransferKind.POST, TransferKind.HOLD)
_CITES = (TransferKind.POST, TransferKind.REVERSE)


def refusal_of(book: Book, transfer: Transfer, now: datetime) -> Outcome | None:
    """The smallest Outcome that speaks against a transfer with a fresh id, None if there is none."""
    refusal = _form(transfer, now)
    if refusal is not None:
        return refusal
    debit, credit = book.accounts.get(transfer.debit), book.accounts.get(transfer.credit)
    if debit is None:
        return Outcome.DEBIT_UNKNOWN
    if credit is None:
        return Outcome.CREDIT_UNKNOWN
    if not debit.asset == credit.asset == transfer.amount.asset.code:
        return Outcome.ASSET_DIFFERS
    if transfer.kind in _RESOLVES:
        # The money was reserved while the accounts were open, so a hold may always be brought to its end.
        return _hold(book, transfer, now) or _period(book, transfer)
    return (
        _state(debit, credit) or _citation(book, transfer) or _period(book, transfer) or _funds(transfer, debit, credit)
    )


def room(book: Book, transfer: Transfer) -> int:
    """The most that a balancing transfer may move: what its account can give or take; below 1 if nothing."""
    if transfer.balancing is Balancing.DEBIT:
        debit = book.accounts[transfer.debit]
        return debit.credits_posted + (debit.debit_excess_max or 0) - debit.debits_posted - debit.debits_held
    credit = book.accounts[transfer.credit]
    return credit.debits_posted + (credit.credit_excess_max or 0) - credit.credits_posted - credit.credits_held


def _form(transfer: Transfer, now: datetime) -> Outcome | None:
    kind = transfer.kind
    if not 1 <= transfer.amount.minor <= MINOR_MAX:
        return Outcome.AMOUNT_INVALID
    if transfer.debit == transfer.credit:
        return Outcome.SAME_ACCOUNT
    if (kind is TransferKind.HOLD) != (transfer.expires_at is not None):
        return Outcome.EXPIRY_INVALID
    if transfer.expires_at is not None and transfer.expires_at <= now:
        return Outcome.EXPIRY_INVALID
    if transfer.balancing is not Balancing.NO and kind not in _BALANCES:
        return Outcome.BALANCING_INVALID
    if transfer.cites is None:
        return Outcome.CITATION_INVALID if kind is TransferKind.REVERSE else None
    return None if kind in _CITES else Outcome.CITATION_INVALID


def _state(debit: Side, credit: Side) -> Outcome | None:
    if debit.state is credit.state is AccountState.OPEN:
        return None
    if debit.state is AccountState.CLOSED:
        return Outcome.DEBIT_CLOSED
    if credit.state is AccountState.CLOSED:
        return Outcome.CREDIT_CLOSED
    return Outcome.DEBIT_FROZEN if debit.state is AccountState.FROZEN else Outcome.CREDIT_FROZEN


def _hold(book: Book, transfer: Transfer, now: datetime) -> Outcome | None:
    row = book.known.get(transfer.hold_id) if transfer.hold_id is not None else None
    if row is None or isinstance(row, Refused):
        return Outcome.HOLD_UNKNOWN
    hold = row.transfer
    if hold.kind is not TransferKind.HOLD:
        return Outcome.HOLD_NOT_A_HOLD
    voids_other_amount = transfer.kind is TransferKind.VOID and transfer.amount.minor != hold.amount.minor
    if (hold.debit, hold.credit) != (transfer.debit, transfer.credit) or voids_other_amount:
        return Outcome.HOLD_DIFFERS
    match book.resolved.get(hold.id):
        case TransferKind.CAPTURE:
            return Outcome.HOLD_CAPTURED
        case TransferKind.VOID:
            return Outcome.HOLD_VOIDED
        case TransferKind.EXPIRE:
            return Outcome.HOLD_EXPIRED
        case _ if hold.expires_at is not None and hold.expires_at <= now:
            return Outcome.HOLD_EXPIRED
        case _:
            return Outcome.HOLD_EXCEEDED if transfer.amount.minor > hold.amount.minor else None


def _citation(book: Book, transfer: Transfer) -> Outcome | None:
    if transfer.hold_id is not None or transfer.kind is TransferKind.EXPIRE:
        return Outcome.HOLD_NOT_A_HOLD
    if transfer.cites is None:
        return None
    row = book.known.get(transfer.cites)
    if row is None or isinstance(row, Refused):
        return Outcome.CITED_UNKNOWN
    if transfer.kind is TransferKind.POST:
        return None
    cited = row.transfer
    if cited.kind not in REVERSIBLE or (cited.debit, cited.credit) != (transfer.credit, transfer.debit):
        return Outcome.CITED_DIFFERS
    taken_back = book.reversed.get(cited.id, 0) + transfer.amount.minor
    return Outcome.REVERSAL_EXCEEDED if taken_back > cited.amount.minor else None


def _period(book: Book, transfer: Transfer) -> Outcome | None:
    day = transfer.effective_on
    if day is None:
        # Effective when it is booked, and only days that are over can be closed.
        return None
    closed = book.closed_through is not None and day <= book.closed_through
    soft = book.soft_through is not None and day <= book.soft_through
    return Outcome.PERIOD_CLOSED if closed or (soft and transfer.cites is None) else None


def _funds(transfer: Transfer, debit: Side, credit: Side) -> Outcome | None:
    debits = debit.debits_posted + debit.debits_held + transfer.amount.minor
    credits_ = credit.credits_posted + credit.credits_held + transfer.amount.minor
    if transfer.balancing is not Balancing.NO and transfer.asked_minor is None:
        # There was no room, or the amount would be that of the room.
        gives_nothing = transfer.balancing is Balancing.DEBIT
        return Outcome.INSUFFICIENT_FUNDS if gives_nothing else Outcome.LIMIT_EXCEEDED
    if debit.debit_excess_max is not None and debits - debit.credits_posted > debit.debit_excess_max:
        return Outcome.INSUFFICIENT_FUNDS
    if credit.credit_excess_max is not None and credits_ - credit.debits_posted > credit.credit_excess_max:
        return Outcome.LIMIT_EXCEEDED
    return Outcome.SUM_TOO_LARGE if debits > SIDE_MAX or credits_ > SIDE_MAX else None
