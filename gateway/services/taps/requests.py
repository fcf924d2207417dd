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
_CURRENCY_BCD = bytes.fromhex(f"0{CURRENCY}")
_COUNTRY_BCD = bytes.fromhex("0364")
"""Iran (ISO 3166-1 numeric)."""
_ALWAYS = (3, 4, 7, 11, 12, 13, 32, 37, 41, 42, 49, 64)
_FIXED: Mapping[int, str] = {3: "000000", 32: ACQUIRER, 49: CURRENCY}
_FIXED_PURCHASE: Mapping[int, str] = {22: "071", 25: "00"}
_FIXED_TAGS: Mapping[str, bytes] = {
    "84": emv.AID,
    "5F2A": _CURRENCY_BCD,
    "9F1A": _COUNTRY_BCD,
    "9C": b"\0",
    "5F34": b"\0",
}
CLASS_PURCHASE, CLASS_COMPLETION, CLASS_REVERSAL = "0100", "0220", "0420"
CLASSES: Mapping[str, str] = {
    "0100": CLASS_PURCHASE,
    "0220": CLASS_COMPLETION,
    "0420": CLASS_REVERSAL,
    "0421": CLASS_REVERSAL,
}
"""The class of a message type under which it is idempotent: a repeat counts as what it repeats."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What all requests have: class, trace number, terminal's local day (MMDD), references and amount."""

    class_: str
    acquirer: str
    terminal_id: str
    merchant_number: str
    stan: str
    month_day: str
    rrn: str
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Purchase(Asked):
    """A 0100: the token's number and month, and what the phone signed."""

    pan: str = field(repr=False)
    expiry: str = field(repr=False)
    tap: IccData

    @property
    def other_minor(self) -> int:
        """9F03: cash back, which the house does not give."""
        return int(self.tap.values["9F03"].hex())


@dataclass(frozen=True, slots=True)
class Advice(Asked):
    """A 0220 or 0420: the trace number of its original (DE90), and for a completion the approval (DE38)."""

    original_stan: str
    approval: str


def read_purchase(message: Message) -> Purchase:
    """Read a 0100.

    Raises:
        BadInput: A field is missing or fixed to something else, or DE55 is not of the house profile.
    """
    _need(message, (*_ALWAYS, 2, 14, 22, 25, 55), {**_FIXED, **_FIXED_PURCHASE})
    tap = emv.parse_icc(message.binary(55))
    for tag, value in _FIXED_TAGS.items():
        if tap.values[tag] != value:
            raise BadInput(f"DE55: {tag} is not the house profile's")
    return Purchase(*_asked(message), pan=message.text(2), expiry=message.text(14), tap=tap)


def read_advice(message: Message) -> Advice:
    """Read a 0220, 0420 or 0421.

    Raises:
        BadInput: A field is missing or fixed to something else, or DE90 names no purchase of this acquirer.
    """
    completion = message.mti == "0220"
    _need(message, (*_ALWAYS, 90, *((38,) if completion else ())), _FIXED)
    original = message.text(90)
    if original[:4] != "0100" or original[20:31] != f"{ACQUIRER:0>11}":
        raise BadInput("DE90 names no purchase of this acquirer")
    return Advice(*_asked(message), original_stan=original[4:10], approval=message.text(38) if completion else "")


def _need(message: Message, needed: tuple[int, ...], fixed: Mapping[int, str]) -> None:
    for number in needed:
        if number not in message.fields:
            raise BadInput(f"DE{number} is missing")
    for number, value in fixed.items():
        if message.text(number) != value:
            raise BadInput(f"DE{number} is not {value}")


def _asked(message: Message) -> tuple[str, str, str, str, str, str, str, int]:
    text = message.text
    merchant_number = text(42).rstrip(" ")
    return CLASSES[message.mti], text(32), text(41), merchant_number, text(11), text(13), text(37), int(text(4))
