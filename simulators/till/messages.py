"""What a terminal says to its acquirer: purchases, completions, refunds, voids, reversals, batches."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from simulators import emv_card
from simulators.till import iso8583
from simulators.till.iso8583 import Message
from simulators.till.items import Item, ItemKind, Totals
from simulators.till.reader import Chip

ZONE = ZoneInfo("Asia/Tehran")
ACQUIRER = "581420"
CURRENCY = "364"
PURCHASE, REFUND, VOID = "000000", "200000", "220000"
PART_OK = "200"
_ICC_TAGS = (
    "82", "84", "95", "9A", "9C", "5F2A", "5F34", "9F02", "9F03", "9F10", "9F1A", "9F26", "9F27", "9F33", "9F34",
    "9F35", "9F36", "9F37", "9F6C", "DF8101",
)  # fmt: skip
_KEPT = (3, 4, 12, 13, 32, 37, 41, 42, 49, 60)
"""What a later message repeats of its original."""
_FORGOTTEN = frozenset({14, 22, 24, 25})
"""What no later message needs of it."""


@dataclass(frozen=True, slots=True)
class Composer:
    """Writes one terminal's messages: `id` and `merchant_id` as they go into DE41 and DE42."""

    id: str
    merchant_id: str
    next_stan: Callable[[], str]
    now: Callable[[], datetime]

    def purchase(self, mti: str, amount_minor: int, chip: Chip, *, batch: int, part_ok: bool = False) -> Message:
        """A 0100, 0120, 0200 or a 0220 of what was bought without a line."""
        own = {2: chip.pan, 14: chip.expiry, 22: "071", 25: "00"} | ({24: PART_OK} if part_ok else {})
        tags = (tag for tag in _ICC_TAGS if tag in chip.values)
        icc = b"".join(emv_card.tlv(tag, chip.values[tag]) for tag in tags)
        return Message(mti, {**self._fresh(amount_minor, batch), 3: PURCHASE, **own}, icc)

    def later(self, mti: str, original: Message, more: Mapping[int, str], *, was_minor: int = 0) -> Message:
        """A completion, void or reversal of `original`: its own trace number and time, the rest is the original's."""
        kept = {number: original[number] for number in _KEPT}
        reference = iso8583.original_data(original.mti, original[11], original[7], original[32])
        own = {7: f"{self.now():%m%d%H%M%S}", 11: self.next_stan(), 90: reference}
        return Message(mti, {**kept, **own, **more}, was_minor=was_minor)

    def completion(self, item: Item, approval: str) -> Message:
        """0220: the goods are handed over, for so much."""
        more = {4: _amount(item.amount_minor), 38: approval}
        return self.later("0220", item.original, more, was_minor=int(item.original[4]))

    def reversal(self, original: Message) -> Message:
        """0420 of all of it."""
        return self.later("0420", original, {})

    def partial_reversal(self, item: Item, stays_minor: int) -> Message:
        """0420 that leaves so much (DE95)."""
        more = {4: _amount(item.amount_minor), 95: f"{stays_minor:012d}{0:030d}"}
        return self.later("0420", item.original, more, was_minor=item.amount_minor)

    def void(self, item: Item) -> Message:
        """0200 with DE3 22: as if it had not been."""
        return self.later("0200", item.original, {3: VOID})

    def refund(self, item: Item, amount_minor: int, *, batch: int) -> Message:
        """0200 with DE3 20: so much of it goes back, to the token that paid."""
        original = item.original
        reference = iso8583.original_data(original.mti, original[11], original[7], original[32])
        own = {2: original[2], 3: REFUND, 37: original[37], 90: reference}
        return Message("0200", {**self._fresh(amount_minor, batch), **own})

    def upload(self, item: Item, batch: int) -> Message:
        """0320: one item of a batch that the acquirer counts otherwise."""
        processing = PURCHASE if item.kind is ItemKind.PURCHASE else REFUND
        more = {3: processing, 4: _amount(item.amount_minor), 38: item.approval or f"{0:06d}", 60: f"{batch:06d}"}
        return self.later("0320", item.original, more)

    def totals(self, totals: Totals, batch: int) -> Message:
        """0500: what the terminal counts."""
        common = self._fresh(0, batch)
        own = {number: common[number] for number in (7, 11, 12, 13, 32, 41, 42, 49, 60)}
        sums = {
            74: f"{totals.credits:010d}",
            75: f"{0:010d}",
            76: f"{totals.debits:010d}",
            77: f"{0:010d}",
            86: f"{totals.credits_minor:016d}",
            87: f"{0:016d}",
            88: f"{totals.debits_minor:016d}",
            89: f"{0:016d}",
            97: totals.net,
        }
        return Message("0500", {**own, **sums})

    def _fresh(self, amount_minor: int, batch: int) -> dict[int, str]:
        now = self.now()
        local = now.astimezone(ZONE)
        stan = self.next_stan()
        return {
            4: _amount(amount_minor),
            7: f"{now:%m%d%H%M%S}",
            11: stan,
            12: f"{local:%H%M%S}",
            13: f"{local:%m%d}",
            32: ACQUIRER,
            37: f"{local.year % 10}{local:%j%H}{stan}",
            41: self.id,
            42: f"{self.merchant_id:<15}",
            49: CURRENCY,
            60: f"{batch:06d}",
        }


def remembered(message: Message) -> Message:
    """The message without chip data and what else no later one needs."""
    fields = {number: value for number, value in message.fields.items() if number not in _FORGOTTEN}
    return Message(message.mti, fields)


def _amount(minor: int) -> str:
    return f"{minor:012d}"
