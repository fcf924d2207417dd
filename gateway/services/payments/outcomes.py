"""Storing an outcome together with what it lets go of; runs inside a unit of work."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, assert_never

from sqlalchemy import Connection, bindparam, select, update

from gateway.services.payments.model import CodeState, InvoiceState, Payment, PaymentKind, PaymentState, PayOutcome
from gateway.services.payments.records import payment_of
from gateway.services.payments.rules import RETURN_PAUSE
from gateway.services.payments.tables import codes, invoices, payments
from gateway.store import find, write

_MINE = payments.c.id == bindparam("b_id")
_HELD = select(payments).where(_MINE).with_for_update(key_share=True)
_CONCLUDE = (
    update(payments)
    .where(_MINE)
    .values({name: bindparam(name) for name in ("state", "outcome", "balance_minor", "settled_at")})
)


@dataclass(frozen=True, slots=True)
class Settled:
    """What the ledger's answer means, and what the person could spend afterwards.

    `id_taken` says that another transfer stands under this one's id: the books know more than this store does.
    """

    outcome: PayOutcome
    balance_minor: int | None
    at: datetime
    id_taken: bool = False


@dataclass(frozen=True, slots=True)
class CodeDraft:
    """A claim code that was drawn and worded, ready to be stored."""

    mac: bytes = field(repr=False)
    tell: Callable[[Connection], bool]


def conclude(tx: Connection, payment_id: str, settled: Settled, draft: CodeDraft | None) -> Payment:
    """Store the outcome of an intent; one that has an outcome keeps it. Gives back the payment as it now stands."""
    payment = payment_of(find(tx, _HELD, {"b_id": payment_id})[0])
    if payment.state is not PaymentState.INTENT:
        return payment
    stands = settled.outcome is PayOutcome.OK
    outcome: dict[str, Any] = {
        "state": PaymentState.DONE if stands else PaymentState.REFUSED,
        "outcome": settled.outcome,
        "balance_minor": settled.balance_minor if stands else None,
        "settled_at": settled.at,
    }
    write(tx, _CONCLUDE, {"b_id": payment_id, **outcome})
    if not settled.id_taken:
        _let_go(tx, payment, settled, draft)
    # Else it stays held until staff have looked: money has moved for it already, and a new attempt would move it twice.
    return replace(payment, **outcome)


def _let_go(tx: Connection, payment: Payment, settled: Settled, draft: CodeDraft | None) -> None:
    stands = settled.outcome is PayOutcome.OK
    match payment.kind:
        case PaymentKind.SEND | PaymentKind.CASH_IN:
            return
        case PaymentKind.CONTRIBUTION:
            _set_invoice(tx, payment, settled)
        case PaymentKind.CLAIM_CODE:
            if draft is None:
                _set_code(tx, payment.cause, state=CodeState.VOID)
                return
            _set_code(tx, payment.cause, state=CodeState.WAITING, mac=draft.mac)
            draft.tell(tx)
        case PaymentKind.REDEEM:
            if stands:
                _set_code(tx, payment.cause, state=CodeState.REDEEMED)
            else:
                _set_code(tx, payment.cause, state=CodeState.WAITING, attempt=payment.attempt + 1, redeemer_id="")
        case PaymentKind.RETURN:
            if stands:
                _set_code(tx, payment.cause, state=CodeState.RETURNED)
            else:
                later = settled.at + RETURN_PAUSE
                _set_code(tx, payment.cause, state=CodeState.WAITING, attempt=payment.attempt + 1, return_from=later)
        case _:
            assert_never(payment.kind)


def _set_invoice(tx: Connection, payment: Payment, settled: Settled) -> None:
    mine = update(invoices).where(invoices.c.id == payment.cause, invoices.c.payment_id == payment.id)
    if settled.outcome is PayOutcome.OK:
        tx.execute(mine.values(state=InvoiceState.PAID, paid_at=settled.at))
    else:
        # The refusal is stored under this attempt for good: who pays next asks the ledger anew.
        tx.execute(mine.values(state=InvoiceState.OPEN, payment_id="", attempt=payment.attempt + 1))


def _set_code(tx: Connection, code_id: str, **values: object) -> None:
    tx.execute(update(codes).where(codes.c.id == code_id).values(**values))
