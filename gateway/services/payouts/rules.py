"""Pure rules: names that a batch gives to its items and payments, how it is split, what the bank's news means."""

import hashlib
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from gateway.services.banking.model import PaymentNews
from gateway.services.payouts.answers import Flag
from gateway.services.payouts.model import ItemState, Rail

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PAIRS = [high + low for high in _ALPHABET for low in _ALPHABET]
_SEQ_DIGITS = 6
_NUMBERS = str.maketrans({letter: str(int(letter, 36)) for letter in string.ascii_letters})
"""Letters as ISO 7064 counts them."""
SEQ_MAX = 32**_SEQ_DIGITS - 1
BATCH_PREFIX = "bat_"


def item_id(batch_id: str, seq: int) -> str:
    """`itm_…`: the batch's time and half of its random digits, and the place in the batch; so ids sort as places do."""
    assert 0 <= seq <= SEQ_MAX, "a batch is never that long"
    place = _PAIRS[seq >> 20] + _PAIRS[seq >> 10 & 1023] + _PAIRS[seq & 1023]
    return f"itm_{batch_id[len(BATCH_PREFIX) :][:20]}{place}"


def end_to_end_id(batch_number: int, seq: int) -> str:
    """`P`, batch, place and two check digits: at most 35 characters, never used for another payment.

    Source: ISO 7064 mod 97-10, as in ISO 11649 (RF references): the whole, with its letters as numbers, gives 1.
    """
    body = f"P{batch_number:06d}N{seq:07d}"
    return f"{body}{98 - _as_number(f'{body}00') % 97:02d}"


def is_end_to_end_id(text: str) -> bool:
    """Whether the check digits of one of ours are right."""
    return text.isascii() and text.isalnum() and text.startswith("P") and _as_number(text) % 97 == 1


def _as_number(text: str) -> int:
    return int(text.translate(_NUMBERS))


def order_id(batch_number: int, place: int) -> str:
    """MsgId of the batch's order with this place, from 1."""
    return f"B{batch_number:06d}O{place:05d}"


class Manifest:
    """SHA-256 over canonical lines, then their count and total: any changed, missing or added row changes it.

    A line is its cells with US (1F) between them, lines have LF between them. No cell that was let in holds either; one
    that did would change the number of lines or of cells, of which the first is hashed and the second is fixed.
    """

    def __init__(self, batch_id: str, asset: str) -> None:
        self._hash = hashlib.sha256(f"payout manifest 1\n{batch_id}\n{asset}\n".encode())
        self.count = 0
        self.total = 0

    def add(self, lines: Sequence[str], minor: int) -> None:
        """The next lines, in order of their places, and what they come to."""
        if lines:
            self._hash.update(("\n".join(lines) + "\n").encode())
        self.count += len(lines)
        self.total += minor

    def digest(self) -> bytes:
        """Of everything so far."""
        whole = self._hash.copy()
        whole.update(f"{self.count}\n{self.total}\n".encode())
        return whole.digest()


@dataclass(frozen=True, slots=True)
class Amounted:
    """An item as splitting sees it."""

    seq: int
    minor: int


def cut(items: Sequence[Amounted], *, count_max: int, minor_max: int) -> list[Sequence[Amounted]]:
    """Orders of at most so many payments and so much money; one payment above `minor_max` goes alone."""
    orders: list[Sequence[Amounted]] = []
    start = total = 0
    for place, item in enumerate(items):
        if place > start and (place - start >= count_max or total + item.minor > minor_max):
            orders.append(items[start:place])
            start, total = place, 0
        total += item.minor
    if start < len(items):
        orders.append(items[start:])
    return orders


@dataclass(frozen=True, slots=True)
class Step:
    """What news does to an item: where it goes, which legs are posted, in order; or what does not fit."""

    state: ItemState
    legs: tuple[str, ...] = ()
    flag: Flag | None = None


PAY, SETTLED_LEG, REJECTED_LEG, RETURNED_LEG = "pay", "settled", "rejected", "returned"
AGAIN = "unknown_there"
"""Reason of an item that the bank says it never had: it goes again, under the same EndToEndId."""


class _Stand(Enum):
    OUT = "sent or unknown"
    ACCEPTED = "accepted"
    PAID = "settled or confirmed"
    REJECTED = "rejected"
    RETURNED = "returned"


_STANDS = {
    ItemState.SENT: _Stand.OUT,
    ItemState.UNKNOWN: _Stand.OUT,
    ItemState.ACCEPTED: _Stand.ACCEPTED,
    ItemState.SETTLED: _Stand.PAID,
    ItemState.CONFIRMED: _Stand.PAID,
    ItemState.REJECTED: _Stand.REJECTED,
    ItemState.RETURNED: _Stand.RETURNED,
}
_SETTLES = Step(ItemState.SETTLED, (SETTLED_LEG,))
_REJECTS = Step(ItemState.REJECTED, (REJECTED_LEG,))
_COMES_BACK = Step(ItemState.RETURNED, (SETTLED_LEG, RETURNED_LEG))
_STEPS: Mapping[tuple[_Stand, PaymentNews], Step | Flag] = {
    (_Stand.OUT, PaymentNews.ACCEPTED): Step(ItemState.ACCEPTED),
    (_Stand.OUT, PaymentNews.REJECTED): _REJECTS,
    (_Stand.OUT, PaymentNews.SETTLED): _SETTLES,
    (_Stand.OUT, PaymentNews.RETURNED): _COMES_BACK,
    (_Stand.OUT, PaymentNews.UNKNOWN_THERE): Step(ItemState.APPROVED),
    (_Stand.ACCEPTED, PaymentNews.REJECTED): _REJECTS,
    (_Stand.ACCEPTED, PaymentNews.SETTLED): _SETTLES,
    (_Stand.ACCEPTED, PaymentNews.RETURNED): _COMES_BACK,
    (_Stand.ACCEPTED, PaymentNews.UNKNOWN_THERE): Flag.UNKNOWN_AFTER_ACCEPTED,
    (_Stand.PAID, PaymentNews.REJECTED): Flag.REJECTED_AFTER_PAID,
    (_Stand.PAID, PaymentNews.RETURNED): Step(ItemState.RETURNED, (RETURNED_LEG,)),
    (_Stand.REJECTED, PaymentNews.SETTLED): Flag.PAID_AFTER_REJECTED,
    (_Stand.REJECTED, PaymentNews.RETURNED): Flag.PAID_AFTER_REJECTED,
    (_Stand.RETURNED, PaymentNews.REJECTED): Flag.REJECTED_AFTER_PAID,
}
"""What is not here is known already, or late, and changes nothing."""


def step(state: ItemState, rail: Rail, what: PaymentNews, *, was_out: bool = False) -> Step:
    """What becomes of an item; news that was taken before, or comes late, leaves it as it is.

    What the bank says of money that has moved is believed as soon as it comes: a return that comes before the booking
    settles the payment as well. What contradicts itself moves nothing and is left to reconciliation.

    Args:
        state: Where the item stands.
        rail: Its rail.
        what: What the bank says.
        was_out: An APPROVED item that goes again: the bank may have had it after all.
    """
    stand = _Stand.OUT if was_out and state is ItemState.APPROVED else _STANDS.get(state)
    if rail is not Rail.BANK or stand is None:
        return Step(state, flag=Flag.NOT_SENT)
    found = _STEPS.get((stand, what))
    if isinstance(found, Flag):
        return Step(state, flag=found)
    return found or Step(state)
