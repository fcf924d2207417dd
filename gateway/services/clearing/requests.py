"""What a terminal says of its batch, read strictly from its message."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from gateway.errors import BadInput
from gateway.services.clearing.model import Kind, Totals
from gateway.wire.iso8583 import ACQUIRER, Message

CLASS_ITEM, CLASS_TOTALS = "0320", "0500"
CLASSES: Mapping[str, str] = {
    "0320": CLASS_ITEM,
    "0321": CLASS_ITEM,
    "0500": CLASS_TOTALS,
    "0501": CLASS_TOTALS,
}
"""The class of a message type under which it is answered once: a repeat counts as what it repeats."""
NO_BATCH = "000000"
"""DE60 of a terminal that numbers no batches."""
_KINDS: Mapping[str, Kind] = {"00": Kind.PURCHASE, "20": Kind.REFUND}
_BATCH = re.compile(r"[0-9]{6}", re.ASCII)
_ORIGINALS = frozenset({"0100", "0120", "0200", "0220"})
_ALWAYS = (11, 13, 32, 41)
_ITEM = (3, 4, 37, 38, 90)
_TOTALS = (74, 76, 86, 88)


@dataclass(frozen=True, slots=True)
class Asked:
    """What both have: who says it, its trace number, the terminal's local day (MMDD), and the batch."""

    class_: str
    terminal_id: str
    stan: str
    month_day: str
    batch_number: str


@dataclass(frozen=True, slots=True)
class ItemSent(Asked):
    """A 0320: one item of the batch, named by the trace number (DE90) and reference (DE37) of its original."""

    kind: Kind
    original_stan: str
    rrn: str
    approval: str
    amount_minor: int


@dataclass(frozen=True, slots=True)
class TotalsSent(Asked):
    """A 0500: what stands in the terminal's batch."""

    totals: Totals


def read(message: Message) -> ItemSent | TotalsSent:
    """Read a 0320, a 0500 or a repeat of one.

    Raises:
        BadInput: A field is missing or not as it must be, or the net (DE97) is not that of the sums.
    """
    item = CLASSES[message.mti] == CLASS_ITEM
    for number in (*_ALWAYS, *(_ITEM if item else _TOTALS)):
        if number not in message.fields:
            raise BadInput(f"DE{number} is missing")
    if message.text(32) != ACQUIRER:
        raise BadInput(f"DE32 is not {ACQUIRER}")
    batch = message.text(60) or NO_BATCH
    if not _BATCH.fullmatch(batch):
        raise BadInput("DE60 is not a batch number of six digits")
    asked = (CLASSES[message.mti], message.text(41), message.text(11), message.text(13), batch)
    return _item(message, asked) if item else _totals(message, asked)


def _item(message: Message, asked: tuple[str, str, str, str, str]) -> ItemSent:
    kind = _KINDS.get(message.text(3)[:2])
    if kind is None:
        raise BadInput("DE3 is neither a purchase nor a refund")
    original = message.text(90)
    if original[:4] not in _ORIGINALS:
        raise BadInput("DE90 names no purchase or refund")
    amount = int(message.text(4))
    if not amount:
        raise BadInput("DE4 is nothing")
    return ItemSent(*asked, kind, original[4:10], message.text(37), message.text(38), amount)


def _totals(message: Message, asked: tuple[str, str, str, str, str]) -> TotalsSent:
    credits_, debits, credits_minor, debits_minor = (int(message.text(number)) for number in _TOTALS)
    totals = Totals(debits, debits_minor, credits_, credits_minor)
    net = message.text(97)
    if net and net != f"{'C' if totals.net_minor < 0 else 'D'}{abs(totals.net_minor):016d}":
        raise BadInput("DE97 is not DE88 less DE86")
    return TotalsSent(*asked, totals)
