"""What the phone itself thinks of a tap: it may decline what the terminal asks for, never grant more. Pure."""

from dataclasses import dataclass
from enum import IntEnum

from simulators.nfc.token import Token

CURRENCY = bytes.fromhex("0364")


class Kind(IntEnum):
    """Kinds of cryptogram (9F27, and P1 of GENERATE AC), from the least to the most that a phone can ask for."""

    AAC = 0x00
    """Declined."""
    TC = 0x40
    """Approved without the issuer."""
    ARQC = 0x80
    """The issuer is asked."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What the phone may approve without its issuer, between two words of it: so many taps, and their sum."""

    uses_max: int = 0
    minor_max: int = 0


NEVER = Limits()


@dataclass(frozen=True, slots=True)
class Asked:
    """What the terminal wants.

    Attributes:
        kind: What it asks for.
        amount_minor: 9F02.
        currency: 5F2A, two bytes.
        owner_claimed: The terminal counts on the owner having unlocked the phone (CVM required, or 9F34 says so).
    """

    kind: Kind
    amount_minor: int
    currency: bytes
    owner_claimed: bool = False


def decide(token: Token, asked: Asked, *, unlocked: bool, offline: Limits = NEVER) -> Kind:
    """What the phone answers: what was asked, or less (EMV Book 3, 9.2.1: TC to ARQC to AAC)."""
    if asked.kind is Kind.AAC or (asked.owner_claimed and not unlocked):
        return Kind.AAC
    if 0 < token.amount_max_minor < token.spent_minor + asked.amount_minor:
        return Kind.AAC
    if asked.kind is Kind.TC and unlocked and _may_approve(token, asked, offline):
        return Kind.TC
    return Kind.ARQC if "tap" in token.channels or "transit" in token.channels else Kind.AAC


def _may_approve(token: Token, asked: Asked, offline: Limits) -> bool:
    """Our currency, and both counters below their ends."""
    within = token.offline_minor + asked.amount_minor <= offline.minor_max
    counted = token.offline_uses < offline.uses_max
    return within and counted and asked.currency == CURRENCY and "offline" in token.channels
