"""What the card application says of itself before any cryptogram: its directory entry, PDOL, records, AIP and AFL."""

import calendar
from dataclasses import dataclass
from enum import StrEnum

from simulators import emv_card
from simulators.nfc.token import Token

AID = emv_card.AID
LABEL = emv_card.LABEL
PDOL = emv_card.PDOL
CDOL1: tuple[tuple[str, int], ...] = (
    ("9F02", 6),
    ("9F03", 6),
    ("9F1A", 2),
    ("95", 5),
    ("5F2A", 2),
    ("9A", 3),
    ("9C", 1),
    ("9F37", 4),
    ("9F35", 1),
    ("9F45", 2),
    ("9F4C", 8),
    ("9F34", 3),
)
"""What the first GENERATE AC wants: 43 bytes, as recorded exchanges of M/Chip cards have them."""

CDOL2: tuple[tuple[str, int], ...] = (("91", 10), ("8A", 2), ("95", 5), ("9F37", 4))
"""What the second wants: the issuer's answer, and how the terminal sees the tap by then."""

AIP_GPO = bytes.fromhex("0040")
AIP_MCHIP = bytes.fromhex("1280")
"""Cardholder verification, on the device, and EMV mode; modelled."""

AFL = bytes.fromhex("0801010010010100")
"""Record 1 of file 1 and record 1 of file 2; nothing of them is signed offline."""

CVM_LIST = bytes.fromhex("0000000000000000" + "2F031F03")
"""The owner verified by the phone where the terminal can know it, else nobody; codes 2F and 1F. Modelled."""

USAGE = bytes.fromhex("FF00")
"""9F07: valid at any terminal, for any kind of payment."""

ACTION_CODES = {"9F0D": bytes(5), "9F0E": bytes(5), "9F0F": bytes(5)}
"""Default, denial, online: the issuer leaves the decision to the terminal and to its own host."""


class Kernel(StrEnum):
    """How a tap ends."""

    GPO = "gpo"
    """GET PROCESSING OPTIONS answers with the cryptogram: three commands in all."""
    MCHIP = "mchip"
    """Records are read by the AFL, then GENERATE AC makes the cryptogram."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the PPSE directory: `priority` 1 (first) to 15."""

    aid: bytes
    label: bytes
    priority: int

    @property
    def object(self) -> bytes:
        """Its template 61."""
        parts = (
            emv_card.tlv("4F", self.aid) + emv_card.tlv("50", self.label) + emv_card.tlv("87", bytes([self.priority]))
        )
        return emv_card.tlv("61", parts)


HOUSE = Entry(AID, LABEL, 1)


def directory(entries: tuple[Entry, ...]) -> bytes:
    """The answer to SELECT of the PPSE, in the order given: the terminal goes by priority, not by place."""
    inner = emv_card.tlv("BF0C", b"".join(entry.object for entry in entries))
    return emv_card.tlv("6F", emv_card.tlv("84", emv_card.PPSE) + emv_card.tlv("A5", inner))


def control_information(entry: Entry) -> bytes:
    """The answer to SELECT of the application (FCI): name, label and PDOL; its priority when that is not 1."""
    own = emv_card.tlv("50", entry.label)
    own += emv_card.tlv("87", bytes([entry.priority])) if entry.priority != 1 else b""
    own += emv_card.tlv("9F38", emv_card.dol(PDOL))
    return emv_card.tlv("6F", emv_card.tlv("84", entry.aid) + emv_card.tlv("A5", own))


def track2(token: Token) -> bytes:
    """57: PAN, D, expiry, service code 201, padded with F to whole bytes."""
    digits = f"{token.pan}D{token.expiry}201"
    return bytes.fromhex(digits + "F" * (len(digits) % 2))


def record(token: Token, file: int, number: int) -> bytes | None:
    """The template 70 of one record; None where there is no such record."""
    if number != 1:
        return None
    if file == 1:
        pan = token.pan + "F" * (len(token.pan) % 2)
        objects = {
            "57": track2(token),
            "5A": bytes.fromhex(pan),
            "5F24": _last_day(token.expiry),
            "5F34": bytes.fromhex(token.psn),
        }
    else:
        lists = {"8C": emv_card.dol(CDOL1), "8D": emv_card.dol(CDOL2), "8E": CVM_LIST, "9F07": USAGE}
        objects = {**lists, **ACTION_CODES}
    return emv_card.tlv("70", b"".join(emv_card.tlv(tag, value) for tag, value in objects.items()))


FILES = (1, 2)


def _last_day(expiry: str) -> bytes:
    """YYMMDD of the last day of a month YYMM of this century."""
    year, month = 2000 + int(expiry[:2]), int(expiry[2:])
    return bytes.fromhex(f"{expiry}{calendar.monthrange(year, month)[1]}")
