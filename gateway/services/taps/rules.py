"""Pure rules of taps: what is answered, and what a tap still needs."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import assert_never

from wallet.transfers import Outcome


class Verdict(StrEnum):
    """Every answer to a terminal, with its reason; `de39` has the code on the wire."""

    APPROVED = "approved"
    NO_FUNDS = "no_funds"
    TOKEN_UNKNOWN = "token_unknown"  # noqa: S105 - no password
    TOKEN_EXPIRED = "token_expired"  # noqa: S105 - no password
    """The token's month or its limited-use key's time is over, or the phone sent another month."""
    TOKEN_SUSPENDED = "token_suspended"  # noqa: S105 - no password
    KEY_USED_UP = "key_used_up"
    PHONE_DECLINED = "phone_declined"
    WALLET_BLOCKED = "wallet_blocked"
    """The ledger takes nothing for the wallet."""
    BAD_CRYPTOGRAM = "bad_cryptogram"
    REPLAYED = "replayed"
    """The cryptogram is good but its counter was seen, is too old, or jumps too far."""
    BAD_FORMAT = "bad_format"
    BAD_AMOUNT = "bad_amount"
    MERCHANT_UNKNOWN = "merchant_unknown"
    """The terminal or the merchant's number is not, or not together, registered."""
    DUPLICATE = "duplicate"
    """The same key came before with other content, or the tap is completed already."""
    REVERSED = "reversed"
    """The terminal took this tap back."""
    NO_ORIGINAL = "no_original"
    """A completion of something that was never approved."""
    LEDGER_DOWN = "ledger_down"
    MALFUNCTION = "malfunction"
    PARTIAL = "partial"
    """Approved for a part: the wallet holds less, and the terminal can take a part."""
    ENTRY_MODE = "entry_mode"
    """Read as a magnetic stripe or by another way than a chip without contact."""
    BAD_DATE = "bad_date"
    """The day that the phone signed is not the terminal's, or neither is near ours."""
    TERMINAL_RISK = "terminal_risk"
    """The terminal's verification results say that it should not be."""
    TAMPERED = "tampered"
    """Phone and terminal contradict each other about the same fact."""
    RELAY = "relay"
    """An answer of the phone took longer than a phone at the terminal needs."""
    CVM_REQUIRED = "cvm_required"
    """Above the limit the holder must unlock the phone first: the terminal says "see phone"."""
    CVM_FAILED = "cvm_failed"
    """Whether it is the holder was asked, and the answer was no."""
    SWITCHED_OFF = "switched_off"
    """The holder or staff switched this way of paying off."""
    CHANNEL_REFUSED = "channel_refused"
    MERCHANT_REFUSED = "merchant_refused"
    CATEGORY_REFUSED = "category_refused"
    PLACE_REFUSED = "place_refused"
    HOURS_REFUSED = "hours_refused"
    PROGRAMME_REFUSED = "programme_refused"
    """The token pays at the merchants of a programme only, and this is none of them."""
    AMOUNT_LIMIT = "amount_limit"
    COUNT_LIMIT = "count_limit"

    @property
    def de39(self) -> str:
        """The response code (ISO 8583:1987 DE39)."""
        return _DE39[self]


_DE39: Mapping[Verdict, str] = {
    Verdict.APPROVED: "00",
    Verdict.NO_FUNDS: "51",
    Verdict.TOKEN_UNKNOWN: "14",
    Verdict.TOKEN_EXPIRED: "54",
    Verdict.TOKEN_SUSPENDED: "62",
    Verdict.KEY_USED_UP: "57",
    Verdict.PHONE_DECLINED: "57",
    Verdict.WALLET_BLOCKED: "57",
    Verdict.BAD_CRYPTOGRAM: "59",
    Verdict.REPLAYED: "59",
    Verdict.BAD_FORMAT: "30",
    Verdict.BAD_AMOUNT: "13",
    Verdict.MERCHANT_UNKNOWN: "03",
    Verdict.DUPLICATE: "94",
    Verdict.REVERSED: "57",
    Verdict.NO_ORIGINAL: "57",
    Verdict.LEDGER_DOWN: "91",
    Verdict.MALFUNCTION: "96",
    Verdict.PARTIAL: "10",
    Verdict.ENTRY_MODE: "58",
    Verdict.BAD_DATE: "12",
    Verdict.TERMINAL_RISK: "05",
    Verdict.TAMPERED: "59",
    Verdict.RELAY: "59",
    Verdict.CVM_REQUIRED: "70",  # modelled: networks use it for "ask the holder", 65 would read as too many taps
    Verdict.CVM_FAILED: "55",
    Verdict.SWITCHED_OFF: "57",
    Verdict.CHANNEL_REFUSED: "57",
    Verdict.MERCHANT_REFUSED: "57",
    Verdict.CATEGORY_REFUSED: "57",
    Verdict.PLACE_REFUSED: "57",
    Verdict.HOURS_REFUSED: "57",
    Verdict.PROGRAMME_REFUSED: "57",
    Verdict.AMOUNT_LIMIT: "61",
    Verdict.COUNT_LIMIT: "65",
}


class TapState(StrEnum):
    """Where a tap stands. PENDING and HELD go on; the others are ends, except that what was CAPTURED may go back."""

    PENDING = "pending"
    """The intent is stored; the ledger may or may not hold or have moved the amount."""
    HELD = "held"
    DECLINED = "declined"
    CAPTURED = "captured"
    VOIDED = "voided"
    REFUNDED = "refunded"
    """All of what was captured went back."""
    EXPIRED = "expired"
    """Nothing is held any more; a completion asks for the money anew."""
    UNPAID = "unpaid"
    """The goods are gone and no money was found; staff must look."""


class Step(StrEnum):
    """What is done next; the value is the leg in the transfer's id."""

    HOLD = "hold"
    CAPTURE = "capture"
    CHARGE = "late"
    """Moves the money without a hold: a purchase in one message, or a completion after the hold's time."""
    SHRINK = "shrink"
    """A lower hold in place of the one that there is."""
    VOID = "void"
    REFUND = "refund"
    """Asks the ledger nothing: a refund is made of what a reversal takes back."""


@dataclass(frozen=True, slots=True)
class Progress:
    """What decides a tap's next step.

    Attributes:
        at_once: Purchase and completion in one message, all of it or nothing.
        offline: The terminal decided it: what the ledger refuses is unpaid, not declined.
        shrink: A partial reversal lowered what the hold is for.
        due_back_minor: What reversals ask back of what was captured.
    """

    state: TapState
    capture_minor: int
    reversal: bool
    expires_at: datetime
    at_once: bool = False
    offline: bool = False
    shrink: bool = False
    due_back_minor: int = 0


def next_step(tap: Progress, now: datetime) -> Step | None:
    """What to do next; None when the tap needs nothing.

    What was asked first is carried out first, and then taken back: the ledger may have done it already.
    """
    match tap.state:
        case TapState.PENDING:
            return Step.CHARGE if tap.at_once else Step.HOLD
        case TapState.HELD if tap.shrink:
            return Step.SHRINK
        case TapState.HELD if tap.capture_minor:
            return Step.CAPTURE
        case TapState.HELD:
            return Step.VOID if tap.reversal or tap.expires_at <= now else None
        case TapState.EXPIRED:
            return Step.CHARGE if tap.capture_minor else None
        case TapState.CAPTURED:
            return Step.REFUND if tap.due_back_minor else None
        case TapState.DECLINED | TapState.VOIDED | TapState.REFUNDED | TapState.UNPAID:
            return None
        case unreachable:
            assert_never(unreachable)


def after(step: Step, tap: Progress, outcome: Outcome) -> TapState:
    """The state that the ledger's answer leads to."""
    match step:
        case Step.HOLD:
            return TapState.HELD if outcome.stands else _without_money(tap)
        case Step.CAPTURE:
            return TapState.CAPTURED if outcome.stands else TapState.EXPIRED
        case Step.CHARGE:
            return TapState.CAPTURED if outcome.stands else _without_money(tap)
        case Step.VOID:
            # Whatever the ledger says, nothing is reserved any more; without a reversal it was the hold's time.
            return TapState.VOIDED if tap.reversal else TapState.EXPIRED
        case Step.SHRINK | Step.REFUND:
            return tap.state
        case unreachable:
            assert_never(unreachable)


def _without_money(tap: Progress) -> TapState:
    if tap.reversal and (tap.offline or tap.state is TapState.EXPIRED):
        return TapState.VOIDED
    return TapState.UNPAID if tap.offline or tap.state is TapState.EXPIRED else TapState.DECLINED


def verdict_of(outcome: Outcome) -> Verdict:
    """What the ledger's answer to a hold or a late completion means to the terminal."""
    if outcome.stands:
        return Verdict.APPROVED
    match outcome:
        case Outcome.INSUFFICIENT_FUNDS:
            return Verdict.NO_FUNDS
        case Outcome.AMOUNT_INVALID:
            return Verdict.BAD_AMOUNT
        case Outcome.DEBIT_UNKNOWN | Outcome.DEBIT_CLOSED | Outcome.DEBIT_FROZEN:
            return Verdict.WALLET_BLOCKED
        case Outcome.CREDIT_UNKNOWN | Outcome.CREDIT_CLOSED | Outcome.CREDIT_FROZEN:
            return Verdict.MERCHANT_UNKNOWN
        case _:
            return Verdict.MALFUNCTION


@dataclass(frozen=True, slots=True)
class Completable:
    """What decides whether a tap can be completed; `keep_minor` is the most that the terminal may have."""

    state: TapState
    reversal: bool
    approval: str
    capture_minor: int
    keep_minor: int
    offline: bool = False


def check_completion(tap: Completable, amount_minor: int, approval: str) -> Verdict | None:
    """What refuses a completion of a tap; None to carry it out.

    An offline purchase is completed although no money was found: its goods are gone.
    """
    if tap.reversal or tap.state in {TapState.VOIDED, TapState.REFUNDED}:
        return Verdict.REVERSED
    if tap.state is TapState.DECLINED or approval != tap.approval:
        return Verdict.NO_ORIGINAL
    if tap.capture_minor:
        return Verdict.DUPLICATE
    return None if 0 < amount_minor <= tap.keep_minor else Verdict.BAD_AMOUNT


def check_refund(state: TapState, left_minor: int, amount_minor: int) -> Verdict | None:
    """What refuses a refund of a tap of which this much is left; None to carry it out."""
    if state not in {TapState.CAPTURED, TapState.REFUNDED}:
        return Verdict.NO_ORIGINAL
    return None if 0 < amount_minor <= left_minor else Verdict.BAD_AMOUNT
