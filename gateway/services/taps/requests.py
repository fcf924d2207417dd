"""What a terminal asks, read strictly from its message."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from gateway.errors import BadInput
from gateway.wire import emv
from gateway.wire.emv import IccData
from gateway.wire.iso8583 import ACQUIRER, Message
from wallet.money import IRR

CURRENCY = f"{IRR.iso_number:03d}"
"""DE49."""
PART_OK = "200"
"""DE24 of a terminal that can sell a part of what it asked for."""
NO_BATCH = "000000"
_CURRENCY_BCD = bytes.fromhex(f"0{CURRENCY}")
_COUNTRY_BCD = bytes.fromhex("0364")
"""Iran (ISO 3166-1 numeric)."""
_ALWAYS = (3, 4, 7, 11, 12, 13, 32, 37, 41, 42, 49, 64)
_FIXED: Mapping[int, str] = {32: ACQUIRER, 49: CURRENCY}
_FIXED_TAGS: Mapping[str, bytes] = {
    "84": emv.AID,
    "5F2A": _CURRENCY_BCD,
    "9F1A": _COUNTRY_BCD,
    "9C": b"\0",
    "5F34": b"\0",
}
PURCHASE, REFUND, VOID = "000000", "200000", "220000"
"""DE3."""
CLASSES: Mapping[str, str] = {
    kind[:3] + repeat: kind for kind in ("0100", "0120", "0200", "0220", "0400", "0420") for repeat in "01"
}
"""The class of a message type under which it is idempotent: a repeat counts as what it repeats."""
_ORIGINALS = frozenset({"0100", "0120", "0200", "0220"})
"""What a reversal or a completion may name in DE90."""
_BATCH_DIGITS = 6
_AMOUNT_DIGITS = 12
_PAR_CHARACTERS = 29


@dataclass(frozen=True, slots=True)
class Asked:
    """What all requests have: class, trace number, terminal's local day (MMDD), references, amount and batch (DE60)."""

    class_: str
    acquirer: str
    terminal_id: str
    merchant_number: str
    stan: str
    month_day: str
    rrn: str
    amount_minor: int
    batch_number: str


@dataclass(frozen=True, slots=True)
class Purchase(Asked):
    """A 0100, 0120, 0200 or a 0220 of an offline purchase: the token's number and month, and what the phone signed."""

    pan: str = field(repr=False)
    expiry: str = field(repr=False)
    tap: IccData
    entry_mode: str
    part_ok: bool


@dataclass(frozen=True, slots=True)
class Completion(Asked):
    """A 0220 of a tap that was approved: the trace number of its original (DE90) and the approval (DE38)."""

    original_stan: str
    approval: str


@dataclass(frozen=True, slots=True)
class Reversal(Asked):
    """A 0400 or 0420: what it takes back (DE90), and how much may stay (DE95); None to take back all of it."""

    original_stan: str
    stays_minor: int | None


@dataclass(frozen=True, slots=True)
class Void(Asked):
    """A message with DE3 22: takes back a whole tap or refund of the terminal's open batch; `original_stan` or ''."""

    original_stan: str


@dataclass(frozen=True, slots=True)
class RefundAsked(Asked):
    """A 0200 with DE3 20: by the token's number (DE2) or the payment account reference (DE48), '' for the other."""

    original_stan: str
    pan: str = field(repr=False)
    par: str = field(repr=False)


Request = Purchase | Completion | Reversal | Void | RefundAsked


def read(message: Message) -> Request:
    """Read any of them; its type is one of CLASSES.

    Raises:
        BadInput: A field is missing, not of its form, or fixed to something else.
    """
    class_, code = CLASSES[message.mti], message.text(3)
    _need(message, _ALWAYS, _FIXED)
    if class_ in {"0400", "0420"}:
        return _reversal(message)
    if code == VOID and class_ in {"0100", "0200"}:
        return Void(*_asked(message), original_stan=_original(message, needed=False))
    if code == REFUND and class_ == "0200":
        return _refund(message)
    if code != PURCHASE:
        raise BadInput("DE3 is not what this type may ask")
    if class_ == "0220" and 90 in message.fields:
        _need(message, (38,), {})
        return Completion(*_asked(message), original_stan=_original(message), approval=message.text(38))
    return _purchase(message)


def _purchase(message: Message) -> Purchase:
    _need(message, (2, 14, 22, 25, 55), {25: "00"})
    tap = emv.parse_icc(message.binary(55))
    for tag, value in _FIXED_TAGS.items():
        if tap.values[tag] != value:
            raise BadInput(f"DE55: {tag} is not the house profile's")
    return Purchase(
        *_asked(message),
        pan=message.text(2),
        expiry=message.text(14),
        tap=tap,
        entry_mode=message.text(22),
        part_ok=message.text(24) == PART_OK,
    )


def _reversal(message: Message) -> Reversal:
    if message.text(3) not in {PURCHASE, REFUND, VOID}:
        raise BadInput("DE3 is not what a reversal may name")
    replaced, stays = message.text(95), None
    if replaced:
        if not replaced[:_AMOUNT_DIGITS].isdecimal() or not replaced.isascii():
            raise BadInput("DE95 does not begin with an amount")
        stays = int(replaced[:_AMOUNT_DIGITS]) or None
    return Reversal(*_asked(message), original_stan=_original(message), stays_minor=stays)


def _refund(message: Message) -> RefundAsked:
    pan, par = message.text(2), message.text(48).rstrip(" ")
    if not pan and len(par) != _PAR_CHARACTERS:
        raise BadInput("a refund has DE2, or 29 characters in DE48")
    return RefundAsked(
        *_asked(message), original_stan=_original(message, needed=False), pan=pan, par="" if pan else par
    )


def _original(message: Message, *, needed: bool = True) -> str:
    """The trace number in DE90; '' where there is none and none is needed."""
    original = message.text(90)
    if not original and not needed:
        return ""
    if original[:4] not in _ORIGINALS or original[20:31] != f"{ACQUIRER:0>11}":
        raise BadInput("DE90 names nothing of this acquirer")
    return original[4:10]


def _need(message: Message, needed: tuple[int, ...], fixed: Mapping[int, str]) -> None:
    for number in needed:
        if number not in message.fields:
            raise BadInput(f"DE{number} is missing")
    for number, value in fixed.items():
        if message.text(number) != value:
            raise BadInput(f"DE{number} is not {value}")


def _asked(message: Message) -> tuple[str, str, str, str, str, str, str, int, str]:
    text = message.text
    batch = text(60) or NO_BATCH
    if len(batch) != _BATCH_DIGITS or not batch.isdecimal() or not batch.isascii():
        raise BadInput("DE60 is not a batch number of six digits")
    merchant_number, class_ = text(42).rstrip(" "), CLASSES[message.mti]
    return class_, text(32), text(41), merchant_number, text(11), text(13), text(37), int(text(4)), batch
