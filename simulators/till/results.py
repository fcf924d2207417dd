"""What a terminal shows and prints."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from simulators.till.iso8583 import Message
from simulators.till.items import Item, Totals
from simulators.till.messages import ZONE
from simulators.till.reader import Chip, Failure


class TapOutcome(StrEnum):
    """How a tap, or what else a merchant asked of the terminal, ended for the person at the counter."""

    APPROVED = "approved"
    PARTIAL = "partial"
    OFFLINE = "offline"
    DECLINED = "declined"
    NO_ANSWER = "no_answer"
    NO_LINE = "no_line"
    PHONE_REFUSED = "phone_refused"
    PHONE_DECLINED = "phone_declined"
    ONLINE_ONLY = "online_only"
    SEE_PHONE = "see_phone"
    TORN_OFF = "torn_off"
    DENIED = "denied"
    STRIPE = "stripe"
    TOO_LARGE = "too_large"
    REPEAT_SAME = "repeat_same"
    REPEAT_DIFFERS = "repeat_differs"
    NOTHING_TO_REPEAT = "nothing_to_repeat"
    REFUNDED = "refunded"
    VOIDED = "voided"
    LOWERED = "lowered"
    NO_SUCH_ITEM = "no_such_item"
    NOT_SENT = "not_sent"
    BATCH_AGREED = "batch_agreed"
    BATCH_HEALED = "batch_healed"
    BATCH_DIFFERS = "batch_differs"
    BATCH_LATER = "batch_later"


TEXTS: Mapping[TapOutcome, str] = {
    TapOutcome.APPROVED: "APPROVED",
    TapOutcome.PARTIAL: "PART APPROVED - REST IN CASH",
    TapOutcome.OFFLINE: "APPROVED WITHOUT A LINE",
    TapOutcome.DECLINED: "DECLINED",
    TapOutcome.NO_ANSWER: "NO ANSWER - NOT CHARGED",
    TapOutcome.NO_LINE: "NO LINE - TRY LATER",
    TapOutcome.PHONE_REFUSED: "PHONE NOT READY",
    TapOutcome.PHONE_DECLINED: "DECLINED BY THE PHONE",
    TapOutcome.ONLINE_ONLY: "NO LINE - TRY LATER",
    TapOutcome.SEE_PHONE: "UNLOCK THE PHONE AND TAP AGAIN",
    TapOutcome.TORN_OFF: "HOLD THE PHONE STILL AND TAP AGAIN",
    TapOutcome.DENIED: "NOT ACCEPTED",
    TapOutcome.STRIPE: "CARD NOT ACCEPTED",
    TapOutcome.TOO_LARGE: "AMOUNT TOO LARGE",
    TapOutcome.REPEAT_SAME: "SAME ANSWER AGAIN",
    TapOutcome.REPEAT_DIFFERS: "ANOTHER ANSWER",
    TapOutcome.NOTHING_TO_REPEAT: "NOTHING TO REPEAT",
    TapOutcome.REFUNDED: "REFUNDED",
    TapOutcome.VOIDED: "VOIDED",
    TapOutcome.LOWERED: "LOWERED",
    TapOutcome.NO_SUCH_ITEM: "NO SUCH SALE",
    TapOutcome.NOT_SENT: "SALE NOT SENT YET - TRY LATER",
    TapOutcome.BATCH_AGREED: "BATCH CLOSED",
    TapOutcome.BATCH_HEALED: "BATCH CLOSED - ITEMS SENT AGAIN",
    TapOutcome.BATCH_DIFFERS: "BATCH DIFFERS - CALL THE ACQUIRER",
    TapOutcome.BATCH_LATER: "BATCH WILL BE CLOSED LATER",
}

OF_FAILURE: Mapping[Failure, TapOutcome] = {failure: TapOutcome(failure.value) for failure in Failure}
TOOK = frozenset({TapOutcome.APPROVED, TapOutcome.PARTIAL, TapOutcome.OFFLINE})
"""The goods may go."""
GOOD = TOOK | {
    TapOutcome.REPEAT_SAME,
    TapOutcome.REFUNDED,
    TapOutcome.VOIDED,
    TapOutcome.LOWERED,
    TapOutcome.BATCH_AGREED,
    TapOutcome.BATCH_HEALED,
}
"""What was asked was done."""


class ReceiptLine(NamedTuple):
    """A line of the slip: what it is (`merchant`, `rrn`, ...) and its value."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class TapResult:
    """What the terminal shows. `de39` is empty when there was no answer; `ms` is from the tap to this result.

    `stan` is the trace number of what was sold or given back, by which a merchant names it later.
    """

    outcome: TapOutcome
    approved: bool
    de39: str
    text: str
    receipt: tuple[ReceiptLine, ...]
    ms: int
    stan: str = ""

    @property
    def good(self) -> bool:
        """Whether what was asked was done."""
        return self.outcome in GOOD


@dataclass(frozen=True, slots=True)
class Printer:
    """Prints the slips of one terminal."""

    merchant_name: str
    terminal: str

    def sale(self, item: Item, asked_minor: int, chip: Chip, now: datetime) -> tuple[ReceiptLine, ...]:
        """Of a purchase: what was paid, and what of it is to be paid in cash."""
        part = item.amount_minor < asked_minor
        return self._slip(
            now,
            item.original,
            amount=_rials(asked_minor),
            paid=_rials(item.amount_minor) if part else "",
            rest=_rials(asked_minor - item.amount_minor) if part else "",
            approval=item.approval,
            offline="✓" if item.offline else "",
            atc=str(int.from_bytes(chip.values["9F36"])),
            cryptogram=chip.values["9F26"].hex().upper(),
        )

    def declined(self, request: Message, chip: Chip, now: datetime) -> tuple[ReceiptLine, ...]:
        """Of a purchase that was refused."""
        return self._slip(
            now,
            request,
            amount=_rials(int(request[4])),
            atc=str(int.from_bytes(chip.values["9F36"])),
            cryptogram=chip.values["9F26"].hex().upper(),
        )

    def back(self, request: Message, amount_minor: int, approval: str, now: datetime) -> tuple[ReceiptLine, ...]:
        """Of money that goes back: a refund, a void, a lowered amount."""
        return self._slip(now, request, refund=_rials(amount_minor), approval=approval)

    def batch(self, number: int, totals: Totals, now: datetime) -> tuple[ReceiptLine, ...]:
        """Of a batch."""
        net = totals.debits_minor - totals.credits_minor
        lines = {
            "merchant": self.merchant_name,
            "terminal": self.terminal,
            "date": f"{now.astimezone(ZONE):%Y-%m-%d %H:%M:%S}",
            "batch": f"{number:06d}",
            "sales": f"{totals.debits:,} / {_rials(totals.debits_minor)}",
            "refunds": f"{totals.credits:,} / {_rials(totals.credits_minor)}",
            "net": _rials(net),
        }
        return tuple(ReceiptLine(name, value) for name, value in lines.items())

    def _slip(self, now: datetime, request: Message, **more: str) -> tuple[ReceiptLine, ...]:
        lines = {
            "merchant": self.merchant_name,
            "terminal": self.terminal,
            "date": f"{now.astimezone(ZONE):%Y-%m-%d %H:%M:%S}",
            "token": f"**** {request[2][-4:]}" if request[2] else "",
            "stan": request[11],
            "rrn": request[37],
            "batch": request[60],
        }
        order = ("merchant", "terminal", "date", "token", "amount", "paid", "rest", "refund", "offline", "stan", "rrn")
        both = lines | more
        names = (*order, *(name for name in both if name not in order))
        return tuple(ReceiptLine(name, both[name]) for name in names if both.get(name))


def result_of(
    outcome: TapOutcome, started: float, de39: str = "", receipt: tuple[ReceiptLine, ...] = (), stan: str = ""
) -> TapResult:
    """The result of what began at `started` (perf_counter)."""
    ms = round((time.perf_counter() - started) * 1000)
    return TapResult(outcome, outcome in TOOK, de39, TEXTS[outcome], receipt, ms, stan)


def _rials(minor: int) -> str:
    return f"{minor:,} IRR"
