"""Payments, invoices, claim codes, and every answer about them."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from wallet.money import Money


class PayOutcome(StrEnum):
    """Answers to every verb that moves money out of or into a wallet, except `redeem`."""

    OK = "ok"
    NO_FUNDS = "no_funds"
    ALREADY_PAID = "already_paid"
    """The invoice was paid by another call."""
    UNKNOWN = "unknown"
    """No such invoice of this person."""
    OVER_LIMIT = "over_limit"
    SELF = "self"
    NOT_ENROLLED = "not_enrolled"
    """`send`: the number is not, or no more, somebody's here; offer a claim code."""
    ENROLLED = "enrolled"
    """`send_code`: the number has enrolled meanwhile; show the name and send directly."""
    BLOCKED = "blocked"
    """The ledger takes nothing for one of the two accounts; staff must look."""


@dataclass(frozen=True, slots=True)
class PayResult:
    """Answer to a payment.

    Attributes:
        outcome: See PayOutcome.
        reference: Twelve digits that lead back to the payment; '' unless OK.
        balance: What the person may spend afterwards; None unless OK.
        limit: With OVER_LIMIT: the largest amount.
        valid_until: With OK of `send_code`: until when the code can be claimed.
        payment_id: `pay_…`, `cco_…` or `csh_…`; '' if nothing was stored.
    """

    outcome: PayOutcome
    reference: str = ""
    balance: Money | None = None
    limit: Money | None = None
    valid_until: datetime | None = None
    payment_id: str = ""


class RedeemOutcome(StrEnum):
    """Answers to `redeem`."""

    OK = "ok"
    WRONG_CODE = "wrong_code"
    EXPIRED = "expired"
    TOO_MANY = "too_many"
    BLOCKED = "blocked"


@dataclass(frozen=True, slots=True)
class RedeemResult:
    """Answer to `redeem`; amount, balance and reference with OK only."""

    outcome: RedeemOutcome
    amount: Money | None = None
    balance: Money | None = None
    reference: str = ""


class PayeeKind(StrEnum):
    """What a number is, seen by somebody who wants to send money to it."""

    REGISTERED = "registered"
    UNREGISTERED = "unregistered"
    SELF = "self"
    INVALID = "invalid"


@dataclass(frozen=True, slots=True)
class Payee:
    """Whom a number belongs to: `name` is masked, in the sender's letters, '' unless REGISTERED."""

    kind: PayeeKind
    msisdn: str
    name: str = ""


class InvoiceState(StrEnum):
    """Where an invoice stands."""

    OPEN = "open"
    PAYING = "paying"
    """A payment of it is under way."""
    PAID = "paid"


@dataclass(frozen=True, slots=True)
class Invoice:
    """A contribution that a person owes for a period, as `1405-08`."""

    id: str
    person_id: str
    period: str
    amount: Money
    state: InvoiceState
    made_by: str
    """Staff or job id."""
    made_at: datetime
    paid_at: datetime | None


class PaymentKind(StrEnum):
    """Why a payment was made."""

    CONTRIBUTION = "contribution"
    SEND = "send"
    CLAIM_CODE = "claim_code"
    REDEEM = "redeem"
    RETURN = "return"
    CASH_IN = "cash_in"


class PaymentState(StrEnum):
    """Where a payment stands."""

    INTENT = "intent"
    DONE = "done"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Payment:
    """One movement of money that this service asked the ledger for.

    Attributes:
        id: `pay_…`, `cco_…` (money into a claim code) or `csh_…` (cash-in).
        kind: Why.
        person_id: Whose wallet pays, or receives with REDEEM, RETURN and CASH_IN.
        call_key: Idempotency key of the call.
        amount: How much.
        cause: Business id that the transfer carries: the invoice, the claim code, or the payment itself.
        leg: Part of that cause's story.
        attempt: Rises only after a stored final refusal.
        payee_id: With SEND: who receives, else ''.
        msisdn: With SEND and CLAIM_CODE: the number it was sent to, else ''.
        branch: With CASH_IN: where, else ''.
        staff_id: With CASH_IN: who took the notes, else ''.
        reference: Twelve digits.
        state: See PaymentState.
        outcome: The answer, once there is one.
        balance_minor: What the person could spend right afterwards, once DONE.
        created_at: When the intent was stored.
        settled_at: When the outcome was stored, or None.
    """

    id: str
    kind: PaymentKind
    person_id: str
    call_key: str
    amount: Money
    cause: str
    leg: str
    attempt: int
    payee_id: str
    msisdn: str
    branch: str
    staff_id: str
    reference: str
    state: PaymentState
    outcome: PayOutcome | None
    balance_minor: int | None
    created_at: datetime
    settled_at: datetime | None


class CodeState(StrEnum):
    """Where a claim code stands."""

    FUNDING = "funding"
    WAITING = "waiting"
    REDEEMING = "redeeming"
    REDEEMED = "redeemed"
    RETURNING = "returning"
    RETURNED = "returned"
    VOID = "void"
    """Its money was refused; it never had any."""


@dataclass(frozen=True, slots=True)
class ClaimCode:
    """Money that waits for the owner of a number who is not enrolled; the code itself is only a keyed hash."""

    id: str
    payer_id: str
    msisdn: str
    amount: Money
    state: CodeState
    expires_at: datetime
    redeemer_id: str
