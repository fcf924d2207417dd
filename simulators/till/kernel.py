"""What the terminal thinks of a tap: limits, verification results, action analysis. Pure.

After EMV Books 3 and 4 and what is public of contactless kernels 2 and 3; where no specification is public, modelled.
"""

from dataclasses import dataclass, field
from datetime import date
from enum import IntEnum, StrEnum

EMV_MODE = 0x20
ONLINE_REQUIRED, CVM_REQUIRED = 0x80, 0x40
OWNER_DEVICE_READ = 0x40
"""Bits of the terminal transaction qualifiers (9F66): bytes 1, 2 and 3."""
CVM_NONE = bytes.fromhex("1F0302")
CVM_ON_DEVICE = bytes.fromhex("010002")
CVM_NOT_DONE = bytes.fromhex("3F0000")
"""CVM results (9F34): none needed, the phone verified its owner, nothing was done."""
_ON_DEVICE_SUPPORTED = 0x02
_UNLOCKED = 0x80


class Asked(IntEnum):
    """The kind of cryptogram that a terminal asks for, and that 9F27 names."""

    AAC = 0x00
    TC = 0x40
    ARQC = 0x80


class Risk(StrEnum):
    """Bits of the terminal verification results (95) that this terminal can set."""

    NOT_AUTHENTICATED = "not_authenticated"
    DENIED = "denied"
    EXPIRED = "expired"
    CVM_FAILED = "cvm_failed"
    ABOVE_FLOOR = "above_floor"


_BITS: dict[Risk, tuple[int, int]] = {
    Risk.NOT_AUTHENTICATED: (0, 0x80),
    Risk.DENIED: (0, 0x10),
    Risk.EXPIRED: (1, 0x40),
    Risk.CVM_FAILED: (2, 0x80),
    Risk.ABOVE_FLOOR: (3, 0x80),
}


@dataclass(frozen=True, slots=True)
class Limits:
    """What a reader takes, in rials; the names are those of kernel 2.

    Attributes:
        floor_minor: DF8123: up to this the phone may approve alone while there is no line; 0 is never.
        no_cdcvm_max_minor: DF8124: the most that a phone that cannot verify its owner may pay.
        cdcvm_max_minor: DF8125: the most that is taken without contact at all.
        cvm_minor: DF8126: above this the owner must be verified.
    """

    floor_minor: int = 0
    no_cdcvm_max_minor: int = 5_000_000
    cdcvm_max_minor: int = 10**12 - 1
    cvm_minor: int = 5_000_000

    def needs_owner(self, amount_minor: int) -> bool:
        """Whether the owner must be verified."""
        return amount_minor > self.cvm_minor


@dataclass(frozen=True, slots=True)
class ActionCodes:
    """Terminal action codes, five bytes each: which results decline, go online, and decline where there is no line.

    What was not authenticated offline goes online where there is a line; without one it is no reason to decline, for
    no phone of the house can be authenticated offline.
    """

    denial: bytes = bytes.fromhex("1000000000")
    online: bytes = bytes.fromhex("FC50BCF800")
    default: bytes = bytes.fromhex("7C70FC80F8")

    def __post_init__(self) -> None:
        if {len(self.denial), len(self.online), len(self.default)} != {5}:
            raise ValueError("an action code has 5 bytes")


@dataclass(frozen=True, slots=True)
class IssuerCodes:
    """The same three from the card (9F0E, 9F0F, 9F0D); nothing where it has none."""

    denial: bytes = bytes(5)
    online: bytes = bytes(5)
    default: bytes = bytes(5)


@dataclass(frozen=True, slots=True)
class Rules:
    """How a terminal is set up for taps."""

    limits: Limits = field(default_factory=Limits)
    codes: ActionCodes = field(default_factory=ActionCodes)


def verification(risks: frozenset[Risk]) -> bytes:
    """95 with these bits."""
    results = bytearray(5)
    for risk in risks:
        byte, bit = _BITS[risk]
        results[byte] |= bit
    return bytes(results)


def qualifiers(limits: Limits, amount_minor: int, *, online: bool) -> bytes:
    """9F66: EMV mode, an owner verified by the phone can be read, and what this amount requires."""
    second = (ONLINE_REQUIRED if online else 0) | (CVM_REQUIRED if limits.needs_owner(amount_minor) else 0)
    return bytes([EMV_MODE, second, OWNER_DEVICE_READ, 0])


def analyse(results: bytes, codes: ActionCodes, issuer: IssuerCodes, *, online: bool) -> Asked:
    """What to ask the card for (Book 4, 6.3.6 action analysis); without a line the default codes decide."""
    if _hit(results, codes.denial, issuer.denial):
        return Asked.AAC
    if online:
        return Asked.ARQC if _hit(results, codes.online, issuer.online) else Asked.TC
    return Asked.AAC if _hit(results, codes.default, issuer.default) else Asked.TC


def owner_results(limits: Limits, amount_minor: int, *, read_on_device: bool) -> bytes:
    """9F34 as it stands for this amount; `read_on_device`: the phone verified its owner, or says that it will."""
    if not limits.needs_owner(amount_minor):
        return CVM_NONE
    return CVM_ON_DEVICE if read_on_device else CVM_NOT_DONE


def can_verify(profile: bytes) -> bool:
    """Whether the card can verify its owner on the device, by its profile (82)."""
    return bool(profile[:1]) and bool(profile[0] & _ON_DEVICE_SUPPORTED)


def unlocked(transaction: bytes) -> bool:
    """Whether the card says so in its transaction qualifiers (9F6C)."""
    return len(transaction) == 2 and bool(transaction[1] & _UNLOCKED)


def expired(expiry: str, today: date) -> bool:
    """Whether a month YYMM is over."""
    return (2000 + int(expiry[:2]), int(expiry[2:])) < (today.year, today.month)


def _hit(results: bytes, *codes: bytes) -> bool:
    return any(result & bit for code in codes for result, bit in zip(results, code, strict=True))
