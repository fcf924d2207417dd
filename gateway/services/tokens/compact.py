"""The compact form of a sealed limited-use key: one SMS, or one USSD page. Pure but for the ephemeral key's draw.

`TD1.` and base64url (RFC 4648 §5, unpadded) of 89 bytes, big-endian: number (4), key id (4), binder (4), DKI (1),
channels (1), taps (2), amount (5), valid until in seconds since 1970 (4), ephemeral X25519 key (32), ciphertext (16)
and GCM tag (16). The wrap key is HKDF-SHA-256 of the shared secret, salted with the limited-use key `binder` that the
phone has already: who knows the phone's public key alone can make none, and nobody but the phone opens it.
"""

import base64
from dataclasses import dataclass
from datetime import datetime

from gateway.services.tokens.sealing import wrap

CHARACTERS = 123
"""Septets of the GSM alphabet, all of them single."""
_MARK = "TD1."


@dataclass(frozen=True, slots=True)
class Header:
    """What stands before the sealed key, in clear and bound to it."""

    number: str
    luk_id: bytes
    binder: bytes
    dki: int
    channels: int
    uses_max: int
    amount_max_minor: int
    valid_until: datetime

    def packed(self) -> bytes:
        """25 bytes."""
        return b"".join(
            (
                int(self.number).to_bytes(4),
                self.luk_id,
                self.binder,
                bytes((self.dki, self.channels)),
                self.uses_max.to_bytes(2),
                self.amount_max_minor.to_bytes(5),
                int(self.valid_until.timestamp()).to_bytes(4),
            )
        )


def compact(header: Header, token_id: str, luk: bytes, *, seal_key: bytes, bound_to: bytes) -> str:
    """The text for the phone with `seal_key`; `bound_to` is its limited-use key `header.binder`."""
    head = header.packed()
    ephemeral, sealed = wrap(seal_key, luk, head + token_id.encode(), bound_to=bound_to)
    return _MARK + base64.urlsafe_b64encode(head + ephemeral + sealed).decode().rstrip("=")
