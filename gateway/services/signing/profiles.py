"""What a number can sign with, as the signature service tells it; for enrolling it."""

from dataclasses import dataclass
from enum import StrEnum


class ProfileState(StrEnum):
    """Whether a number can sign."""

    READY = "ready"
    PIN_BLOCKED = "pin_blocked"
    NOT_ENROLLED = "not_enrolled"
    """It has no key, no certificate or no service."""
    UNREACHABLE = "unreachable"
    """It has, but its phone or SIM is not active."""
    UNTRUSTED = "untrusted"
    """No certificate of it leads to a pinned root now."""
    UNAVAILABLE = "unavailable"
    """The service cannot be asked; nothing is known."""


@dataclass(frozen=True, slots=True)
class SignerProfile:
    """What a number signs with; its certificates are those that lead to a pinned root now."""

    state: ProfileState
    serials: tuple[str, ...] = ()
    """Decimal digits; the first is what a signature is expected from."""
    subject: str = ""
    """Distinguished name of the first, RFC 4514."""
