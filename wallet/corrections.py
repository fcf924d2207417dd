"""Putting right what was booked wrong: rows never change, so a correction is new rows that cite the old one.

A reversal moves back what a transfer moved, whole or in part. A correction moves back all that is left of it and books
what should have been booked, in one entry. Ids follow from the cause, so asking again moves nothing.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from typing import NamedTuple

from wallet.ids import AccountId, TransferId, transfer_id
from wallet.money import Money
from wallet.transfers import REVERSIBLE, LogRow, Transfer, TransferCode, TransferKind


class Right(NamedTuple):
    """What should have been booked."""

    debit: AccountId
    credit: AccountId
    amount: Money


def reversal(
    row: LogRow, amount: Money | None, cause: str, *, effective_on: date | None = None, attempt: int = 0
) -> Transfer:
    """The transfer that moves back `amount` of what `row` moved, all of it if None.

    One cause reverses a transfer once; `attempt` rises only after a stored final refusal.
    """
    wrong = row.transfer
    assert wrong.kind in REVERSIBLE, "only what moved money can be moved back"
    return Transfer(
        id=transfer_id(cause, f"reverse {wrong.id}", attempt),
        debit=wrong.credit,
        credit=wrong.debit,
        amount=amount or wrong.amount,
        code=TransferCode.CORRECTION,
        cause=cause,
        kind=TransferKind.REVERSE,
        effective_on=effective_on,
        cites=wrong.id,
    )


def left_of(row: LogRow, citing: Iterable[LogRow], but: TransferId | None = None) -> int:
    """Minor units of `row` that no reversal has moved back yet; `but` is not counted."""
    taken = (other.transfer for other in citing if other.transfer.kind is TransferKind.REVERSE)
    return row.transfer.amount.minor - sum(transfer.amount.minor for transfer in taken if transfer.id != but)


def correction(
    row: LogRow,
    citing: Iterable[LogRow],
    right: Right,
    cause: str,
    *,
    effective_on: date | None = None,
    attempt: int = 0,
) -> tuple[Transfer, ...]:
    """The entry that takes back what is left of `row` and books what is right; both cite it.

    `citing` is what cites `row` so far (Ledger.citing); what an earlier try of this correction booked is left out.
    """
    wrong = row.transfer
    undo = reversal(row, None, cause, effective_on=effective_on, attempt=attempt)
    book = Transfer(
        id=transfer_id(cause, f"correct {wrong.id}", attempt),
        debit=right.debit,
        credit=right.credit,
        amount=right.amount,
        code=TransferCode.CORRECTION,
        cause=cause,
        effective_on=effective_on,
        cites=wrong.id,
    )
    left = left_of(row, citing, undo.id)
    if not left:
        return (book,)
    return replace(undo, amount=Money(left, wrong.amount.asset), linked=True), book
