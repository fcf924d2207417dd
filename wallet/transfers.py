"""What a caller asks of the ledger and what it answers: Transfer, Outcome, PostResult.

The model is TigerBeetle's: one transfer moves one amount between two accounts of one asset; a hold is a pending
transfer that a later capture or void resolves; linked transfers stand or fall together as one entry; the caller
chooses the id, and the same id with the same content gets the first result again.
"""

from dataclasses import dataclass
from datetime import date, datetime
from enum import IntEnum, StrEnum
from typing import NamedTuple

from wallet.ids import AccountId, TransferId
from wallet.money import Money


class TransferKind(StrEnum):
    """What a transfer does to the balances of its two accounts."""

    POST = "post"
    """Moves the amount at once."""
    HOLD = "hold"
    """Reserves the amount until it is captured, voided or expires."""
    CAPTURE = "capture"
    """Moves what a hold reserved, whole or in part; the rest is released."""
    VOID = "void"
    """Releases what a hold reserved."""
    EXPIRE = "expire"
    """A void that the ledger itself writes when a hold's time is over."""
    REVERSE = "reverse"
    """Moves back what a posted or captured transfer moved, whole or in part; it cites that transfer."""

    @property
    def moves(self) -> bool:
        """Whether it changes posted sums; the others only reserve or release."""
        return self in _MOVES


REVERSIBLE = (TransferKind.POST, TransferKind.CAPTURE)
"""What a REVERSE may take back."""
_MOVES = frozenset((*REVERSIBLE, TransferKind.REVERSE))


class Balancing(StrEnum):
    """Whether the ledger lowers the amount to what an account can give or take."""

    NO = "no"
    DEBIT = "debit"
    """At most what the debit account can still give."""
    CREDIT = "credit"
    """At most what the credit account can still take."""


class TransferCode(IntEnum):
    """Why money moved. Numbers are stored and never reused."""

    OPENING = 1
    BENEFIT = 10
    PAYOUT = 11
    """An item of a batch goes to a wallet, or on its way out by a rail."""
    PAYOUT_SETTLED = 12
    PAYOUT_RETURNED = 13
    PAYOUT_HOLD = 14
    """What a batch keeps of a budget and of the trust account until it is over."""
    BUDGET = 15
    PROVIDER_FEE = 16
    CASH_IN = 20
    CONTRIBUTION = 30
    CO_PAYMENT = 31
    SEND = 40
    CLAIM_CODE = 41
    CLAIM_CODE_REDEEMED = 42
    CLAIM_CODE_RETURNED = 43
    TAP = 50
    TAP_REFUND = 51
    TAP_SETTLED = 52
    """From a merchant's clearing into what it is paid: one cycle's share of one tap."""
    MERCHANT_FEE = 53
    MERCHANT_FEE_RETURNED = 54
    """Of a tap that was refunded after it was settled."""
    MERCHANT_PAYOUT = 55
    """What a merchant was owed goes out by a rail."""
    CORRECTION = 60


class Outcome(IntEnum):
    """Every answer the ledger can give to one transfer; the smallest number that applies wins. Never reused.

    Up to 99 the transfer stands; from 100 it was refused and, under this id, stays refused. In an entry the first
    transfer that is refused keeps its own reason (CHAIN_OPEN before any other) and the others get LINKED_FAILED.
    CAPTURE and VOID may end a hold on a closed or frozen account: the money was reserved while it was open.
    """

    POSTED = 0
    DUPLICATE = 1
    """This id was posted before with the same content: nothing moved now, the first result is repeated."""
    LINKED_FAILED = 100
    """Another transfer of the same entry was refused."""
    CHAIN_OPEN = 101
    """The last transfer of the call says that it is linked to a next one."""
    ID_REUSED = 102
    """This id exists with other content; PostResult.differing_field says which, `linked` also for another entry."""
    AMOUNT_INVALID = 110
    """Not within 1..MINOR_MAX."""
    SAME_ACCOUNT = 111
    EXPIRY_INVALID = 112
    """A hold without an expiry that lies ahead, or an expiry on something else than a hold."""
    BALANCING_INVALID = 113
    """Balancing on something else than a POST or a HOLD."""
    CITATION_INVALID = 114
    """A REVERSE that cites nothing, or a citation on something else than a REVERSE or a POST."""
    DEBIT_UNKNOWN = 120
    CREDIT_UNKNOWN = 121
    ASSET_DIFFERS = 122
    """The accounts and the amount are not of one asset."""
    DEBIT_CLOSED = 123
    CREDIT_CLOSED = 124
    DEBIT_FROZEN = 125
    CREDIT_FROZEN = 126
    HOLD_UNKNOWN = 130
    HOLD_NOT_A_HOLD = 131
    """What is named is no hold, or the transfer names one without being its CAPTURE or VOID, or is an EXPIRE."""
    HOLD_DIFFERS = 132
    """Accounts are not those of the hold, or a VOID has another amount."""
    HOLD_CAPTURED = 133
    HOLD_VOIDED = 134
    HOLD_EXPIRED = 135
    HOLD_EXCEEDED = 136
    """A capture above what the hold reserved."""
    CITED_UNKNOWN = 137
    """What is cited is not in the book."""
    CITED_DIFFERS = 138
    """The accounts of a REVERSE are not the cited ones swapped, or the cited one moved nothing or was a REVERSE."""
    REVERSAL_EXCEEDED = 139
    """All reversals together would take back more than was moved."""
    PERIOD_CLOSED = 140
    """The effective date lies in a closed period; a soft-closed one takes only what cites."""
    INSUFFICIENT_FUNDS = 150
    """The debit account cannot give that much: its debits would exceed its credits by more than it may."""
    LIMIT_EXCEEDED = 151
    """The credit account cannot take that much: its credits would exceed its debits by more than it may."""
    SUM_TOO_LARGE = 152
    """A sum of one side would not fit into 63 bits."""

    @property
    def stands(self) -> bool:
        """Whether the transfer is in the book, now or since before."""
        return self < Outcome.LINKED_FAILED


@dataclass(frozen=True, slots=True)
class Transfer:
    """One amount from one account to another, as its caller asks for it.

    Attributes:
        id: Chosen by the caller (wallet.ids.transfer_id); the idempotency key.
        debit: Account that is debited. A CAPTURE or VOID repeats the hold's accounts.
        credit: Account that is credited.
        amount: 1..MINOR_MAX minor units; a VOID repeats the hold's amount.
        code: Why the money moves.
        cause: Prefixed business id that any figure leads back to, as `clm_01K...`.
        kind: See TransferKind; callers never send EXPIRE.
        hold_id: The hold that a CAPTURE or VOID resolves, else None.
        expires_at: For a HOLD only: from this moment on it no longer reserves.
        effective_on: Business date if it differs from the booked one.
        linked: Stands or falls with the next transfer of the same call.
        cites: The transfer that a REVERSE takes back, or that a POST corrects or belongs to.
        balancing: Whether `amount` is a most; the result says what moved.
        asked_minor: Set by the ledger alone, on a balancing transfer in the book: the most that was asked.
    """

    id: TransferId
    debit: AccountId
    credit: AccountId
    amount: Money
    code: TransferCode
    cause: str
    kind: TransferKind = TransferKind.POST
    hold_id: TransferId | None = None
    expires_at: datetime | None = None
    effective_on: date | None = None
    linked: bool = False
    cites: TransferId | None = None
    balancing: Balancing = Balancing.NO
    asked_minor: int | None = None


class Balances(NamedTuple):
    """The four sums of an account in minor units, and how many transfers have touched it."""

    debits_posted: int
    credits_posted: int
    debits_held: int
    credits_held: int
    version: int

    @property
    def net_credit(self) -> int:
        """Credits over debits, holds left out: what a wallet owns."""
        return self.credits_posted - self.debits_posted

    @property
    def available_credit(self) -> int:
        """What a wallet may spend: credits over debits, open holds on the debit side counted as spent."""
        return self.net_credit - self.debits_held


class BalancesAfter(NamedTuple):
    """Both accounts' balances right after a transfer."""

    debit: Balances
    credit: Balances


class PostResult(NamedTuple):
    """The ledger's answer to one transfer.

    `balances_after` is None for a refusal. `differing_field` names the first field of Transfer that differs, for
    ID_REUSED only.
    """

    outcome: Outcome
    transfer: Transfer
    balances_after: BalancesAfter | None = None
    differing_field: str | None = None


@dataclass(frozen=True, slots=True)
class Movement:
    """One line of one account: a transfer seen from that side."""

    position: int
    """Place in the ledger's log, gapless from 1."""
    transfer: Transfer
    booked_at: datetime
    is_debit: bool
    balances: Balances
    """The account's balances right after it."""
    counterparty: AccountId


@dataclass(frozen=True, slots=True)
class LogRow:
    """A committed transfer in the ledger's one order."""

    position: int
    transfer: Transfer
    booked_at: datetime
    after: BalancesAfter


@dataclass(frozen=True, slots=True)
class RoleSum:
    """A trial balance's line for all accounts of one kind, role and asset, in minor units of that."""

    kind: str
    role: str
    asset: str
    accounts: int
    debits_posted: int
    credits_posted: int
