"""Limited-use keys as they come to a phone: sealed in the answer of a call, or compact in an SMS or a USSD page."""

import base64
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

LUK_BYTES = 16
COMPACT_BYTES = 89
COMPACT = re.compile(r"TD1\.([A-Za-z0-9_-]{119})")
CHANNELS = ("tap", "transit", "offline")
_INFO = b"tapdial luk"
_INFO_COMPACT = b"tapdial luk sms"


@dataclass(frozen=True, slots=True)
class NewKey:
    """A limited-use key and its thresholds; `luk_id` 8 hex digits, `luk` 32. `dki` None: as before."""

    luk_id: str
    luk: str = field(repr=False)
    uses_max: int
    amount_max_minor: int
    valid_until: str
    channels: tuple[str, ...]
    dki: int | None = None


def unseal(key: X25519PrivateKey, ephemeral_key: str, sealed: str, token_id: str) -> bytes:
    """The limited-use key (16 bytes) out of its seal: X25519, HKDF-SHA-256, AES-256-GCM bound to the token's id.

    Raises:
        InvalidTag: Another key, another token, or changed bytes.
        ValueError: Not base64, or not a key of 32 bytes.
    """
    shared = key.exchange(X25519PublicKey.from_public_bytes(base64.b64decode(ephemeral_key, validate=True)))
    wrap = HKDF(SHA256(), 32, salt=b"", info=_INFO).derive(shared)
    raw = base64.b64decode(sealed, validate=True)
    luk = AESGCM(wrap).decrypt(raw[:12], raw[12:], token_id.encode())
    if len(luk) != LUK_BYTES:
        raise ValueError(f"a key of {len(luk)} bytes")
    return luk


def from_answer(key: X25519PrivateKey, luk: dict[str, Any], token_id: str) -> NewKey:
    """The key in the `luk` of an answer.

    Raises:
        InvalidTag, ValueError, KeyError, TypeError: Not what was agreed.
    """
    opened = unseal(key, luk["ephemeral_key"], luk["sealed"], token_id)
    datetime.fromisoformat(luk["valid_until"])
    return NewKey(
        luk_id=luk["id"],
        luk=opened.hex(),
        uses_max=int(luk["uses_max"]),
        amount_max_minor=int(luk.get("amount_max", 0)),
        valid_until=luk["valid_until"],
        channels=tuple(map(str, luk.get("channels", CHANNELS))),
    )


def b64(data: bytes) -> str:
    """As JSON carries bytes: with padding."""
    return base64.b64encode(data).decode()


def compact_in(text: str) -> bytes | None:
    """The 89 bytes of the compact form that stand in an SMS or a page; None when there is none."""
    found = COMPACT.search(text)
    if found is None:
        return None
    raw = base64.urlsafe_b64decode(found[1] + "=")
    # The last character has two bits that mean nothing: they are zeros, or somebody changed the text.
    return raw if base64.urlsafe_b64encode(raw).decode().rstrip("=") == found[1] else None


def from_compact(raw: bytes, *, number: str, token_id: str, seal_key: X25519PrivateKey, keys: dict[str, str]) -> NewKey:
    """The key in a compact form (89 bytes) for the token with this short number; `keys` are those the phone has.

    Raises:
        InvalidTag: Made by somebody who does not know the key that it names, for another phone, or changed.
        ValueError: For another token, or bound to a key that the phone never had.
    """
    bound = keys.get(raw[8:12].hex())
    if int.from_bytes(raw[:4]) != int(number or "-1") or bound is None:
        raise ValueError("not for this token and its keys")
    shared = seal_key.exchange(X25519PublicKey.from_public_bytes(raw[25:57]))
    wrap = HKDF(SHA256(), 32, salt=bytes.fromhex(bound), info=_INFO_COMPACT).derive(shared)
    luk = AESGCM(wrap).decrypt(bytes(12), raw[57:], raw[:25] + token_id.encode())
    return NewKey(
        luk_id=raw[4:8].hex(),
        luk=luk.hex(),
        uses_max=int.from_bytes(raw[14:16]),
        amount_max_minor=int.from_bytes(raw[16:21]),
        valid_until=datetime.fromtimestamp(int.from_bytes(raw[21:25]), UTC).isoformat(),
        channels=tuple(name for bit, name in enumerate(CHANNELS) if raw[13] >> bit & 1),
        dki=raw[12],
    )
