"""A tap, a refund and what clearing sees of them, as staff and others of the house see it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from gateway.services.taps.checks import Check
from gateway.services.taps.refund_rules import RefundKind, RefundProgress, RefundState, Source
from gateway.services.taps.rules import Completable, Progress, TapState, Verdict
from wallet.money import Money

OFFLINE = frozenset({"0120", "0220"})
"""Types of messages that tell of what a terminal decided itself: the goods are gone."""
WHOLE = frozenset({"0200", "0220"})
"""Types of messages that are purchase and completion in one."""


@dataclass(frozen=True, slots=True)
class Tap:
    """One tap that had a good cryptogram.

    Attributes:
        id: `tap_…`, the cause of its transfers.
        class_: Type of the message that it came by: 0100, 0120, 0200, or 0220 for an offline purchase.
        batch_number: The terminal's batch (DE60), six digits.
        par: Of the account that pays; '' for taps of old.
        last4: Of the token's number; '' for taps of old.
        verdict: Why it was declined, APPROVED or PARTIAL once it was approved, None while that is open.
        part: The least part of the amount that would do; None when only all of it does.
        hold_minor: What hold number `hold_number` reserves.
        keep_minor: The most that the terminal may have: an approval in part and partial reversals lower it.
        shrink_minor: What the hold is being lowered to after a partial reversal, 0 for nothing.
        captured: What a completion asked for; None before.
        undone_minor: What of it goes back by reversals and voids.
        refunded_minor: What of it goes back by refunds.
        approval: DE38, six characters.
        reversal: The terminal took all of it back, or never got an answer.
        refund_attempt: How often the ledger refused what it is asked again.
        cycle_id: The cycle of clearing that took it, '' before.
        owner: Who of the staff looks after it, '' for nobody yet.
        checks: What was looked at, in order.
    """

    id: str
    class_: str
    terminal_id: str
    batch_number: str
    stan: str
    rrn: str
    merchant_id: str
    person_id: str
    token_id: str
    par: str
    last4: str
    atc: int
    amount: Money
    part: Money | None
    hold_minor: int
    hold_number: int
    keep_minor: int
    shrink_minor: int
    captured: Money | None
    undone_minor: int
    refunded_minor: int
    approval: str
    state: TapState
    verdict: Verdict | None
    reversal: bool
    refund_attempt: int
    made_at: datetime
    expires_at: datetime
    changed_at: datetime
    captured_at: datetime | None
    cycle_id: str
    settled_minor: int
    owner: str
    checks: tuple[Check, ...]

    @property
    def capture_minor(self) -> int:
        """What a completion asked for, 0 before."""
        return self.captured.minor if self.captured else 0

    @property
    def offline(self) -> bool:
        """Whether the terminal decided it itself."""
        return self.class_ in OFFLINE

    @property
    def net_minor(self) -> int:
        """What the merchant keeps of it so far."""
        return self.capture_minor - self.undone_minor - self.refunded_minor

    @property
    def counted_minor(self) -> int:
        """What it counts for where taps are counted: what the terminal has or may still have of it."""
        if self.reversal or self.state in {TapState.DECLINED, TapState.VOIDED}:
            return 0
        if self.capture_minor:
            return min(self.capture_minor, self.keep_minor)
        return 0 if self.state is TapState.EXPIRED else self.keep_minor

    @property
    def due_back_minor(self) -> int:
        """What reversals ask back of what was captured, and is not on its way yet."""
        keep = 0 if self.reversal else min(self.keep_minor, self.capture_minor)
        return max(0, min(self.capture_minor - self.undone_minor - keep, self.net_minor))

    @property
    def progress(self) -> Progress:
        """What decides its next step."""
        return Progress(
            self.state,
            self.capture_minor,
            self.reversal,
            self.expires_at,
            at_once=self.class_ in WHOLE and self.part is None,
            offline=self.offline,
            shrink=self.shrink_minor > 0,
            due_back_minor=self.due_back_minor,
        )

    @property
    def completable(self) -> Completable:
        """What decides whether it can be completed."""
        return Completable(self.state, self.reversal, self.approval, self.capture_minor, self.keep_minor, self.offline)


@dataclass(frozen=True, slots=True)
class Refund:
    """A piece of a captured tap that goes back to its person.

    Attributes:
        id: `rfd_…`, the cause of its transfers.
        source: Out of which account of the merchant: its tap was in a cycle already, or not.
        reversal: The terminal took the refund back.
        attempt: How often the ledger refused what it is asked again.
        owner: Who of the staff looks after it, '' for nobody yet.
    """

    id: str
    tap_id: str
    kind: RefundKind
    terminal_id: str
    stan: str
    rrn: str
    merchant_id: str
    person_id: str
    amount: Money
    approval: str
    batch_number: str
    source: Source
    state: RefundState
    verdict: Verdict | None
    reversal: bool
    attempt: int
    cycle_id: str
    owner: str
    made_at: datetime
    changed_at: datetime

    @property
    def progress(self) -> RefundProgress:
        """What decides its next step."""
        return RefundProgress(self.kind, self.state, self.reversal)

    @property
    def short(self) -> bool:
        """Whether it must be paid and the ledger refused: the merchant's account has too little for now."""
        return self.state is RefundState.PENDING and self.attempt > 0

    @property
    def waits_for_staff(self) -> bool:
        """Whether staff look after it."""
        return self.short or self.state is RefundState.OWED


@dataclass(frozen=True, slots=True)
class Live:
    """One line of the live view: a tap, or a purchase that became none. Never a PAN.

    Attributes:
        id: `tap_…` or `att_…`; their digits are in order of time across both.
        state: A tap's state, `refused` for what became none.
    """

    id: str
    class_: str
    terminal_id: str
    stan: str
    rrn: str
    amount: Money
    last4: str
    verdict: Verdict | None
    state: str
    checks: tuple[Check, ...]
    at: datetime


class TakingKind(StrEnum):
    """What a taking is."""

    PURCHASE = "purchase"
    REFUND = "refund"


@dataclass(frozen=True, slots=True)
class Taking:
    """A purchase or refund as clearing counts it.

    Attributes:
        id: `tap_…` or `rfd_…`, the cause of what a cycle moves for it.
        batch_number: Six digits; '' of what no terminal counts.
        amount_minor: What the terminal counts: of a purchase what was captured less partial reversals.
        settles_minor: What a cycle moves: of a purchase what is left of it in the merchant's clearing account, of a
            refund what left the payable account, 0 when it came out of clearing.
        reversed: The terminal took all of it back.
        state: A TapState or RefundState. An `unpaid` purchase counts in its batch, but never in a cycle.
        cycle_id: '' while it is in none.
        original_id: Of a refund: the tap that it refunds; of a purchase that was refunded and settled and whose refund
            was taken back: that tap; else ''.
        taken_at: When its money moved, or when it was made if that is open.
    """

    id: str
    kind: TakingKind
    terminal_id: str
    merchant_id: str
    stan: str
    rrn: str
    approval: str
    batch_number: str
    amount_minor: int
    settles_minor: int
    reversed: bool
    state: str
    original_id: str
    cycle_id: str
    taken_at: datetime


class HealOutcome(StrEnum):
    """What became of a batch's item whose completion was lost."""

    HEALED = "healed"
    """It is captured with this amount, now or since before."""
    UNKNOWN = "unknown"
    """No such tap, or one that was never approved."""
    WRONG_APPROVAL = "wrong_approval"
    WRONG_AMOUNT = "wrong_amount"
    """It was captured with another amount, or more is asked than was approved."""
    REVERSED = "reversed"
    UNPAID = "unpaid"
    """The hold's time was over and the wallet has too little: staff look after it."""
