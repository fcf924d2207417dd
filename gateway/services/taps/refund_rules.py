"""Pure rules of refunds: what goes back of a captured tap, and out of which account."""

from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from wallet.transfers import Outcome


class RefundKind(StrEnum):
    """Why money goes back."""

    REFUND = "refund"
    """The merchant refunds; what the ledger refuses is refused."""
    REVERSAL = "reversal"
    """The terminal took a tap back, whole or in part, or voided it: owed whatever the ledger says, so tried again."""
    RESTORED = "restored"
    """Not money that goes back, but the trace of a refund that was taken back after a cycle had counted it: its amount
    is the merchant's again, and the next cycle settles it."""


class Source(StrEnum):
    """The account of the merchant that it comes out of: the role in the chart."""

    CLEARING = "merchant_clearing"
    PAYABLE = "merchant_payable"


class RefundState(StrEnum):
    """Where a refund stands."""

    PENDING = "pending"
    PAID = "paid"
    REFUSED = "refused"
    UNDONE = "undone"
    """The terminal took the refund back, and the money returned to the merchant."""
    OWED = "owed"
    """The terminal took the refund back, and the wallet has too little; staff must look."""


class RefundStep(StrEnum):
    """What the ledger is asked next; the value is the leg in the transfer's id."""

    PAY = "pay"
    UNDO = "undo"


@dataclass(frozen=True, slots=True)
class RefundProgress:
    """What decides a refund's next step."""

    kind: RefundKind
    state: RefundState
    reversal: bool


def next_step(refund: RefundProgress) -> RefundStep | None:
    """What to ask the ledger next. A refund that is taken back while it is on its way is paid first: it may be paid."""
    match refund.state:
        case RefundState.PENDING:
            return RefundStep.PAY
        case RefundState.PAID:
            return RefundStep.UNDO if refund.reversal else None
        case RefundState.REFUSED | RefundState.UNDONE | RefundState.OWED:
            return None
        case unreachable:
            assert_never(unreachable)


def after(step: RefundStep, refund: RefundProgress, outcome: Outcome) -> RefundState:
    """The state that the ledger's answer leads to; PENDING after a refused PAY: it is tried again later."""
    match step:
        case RefundStep.PAY:
            if outcome.stands:
                return RefundState.PAID
            return RefundState.REFUSED if refund.kind is RefundKind.REFUND else RefundState.PENDING
        case RefundStep.UNDO:
            return RefundState.UNDONE if outcome.stands else RefundState.OWED
        case unreachable:
            assert_never(unreachable)
