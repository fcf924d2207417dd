"""Device keys of phones and what they sign; pure.

A call is signed over its method, path, time, nonce and the SHA-256 of its body, a line each, so that no part of one
call serves in another.
"""

import hashlib
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import assert_never

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from gateway.errors import BadInput

SKEW = timedelta(seconds=300)
"""How far a phone's clock may be off. A nonce is kept for twice that."""
SIGNATURE_BYTES = 64
_NONCE = re.compile(r"[A-Za-z0-9_-]{22}", re.ASCII)
_P256_BYTES = (33, 65)


class DeviceKeyKind(StrEnum):
    """What kind of key a phone signs with."""

    ED25519 = "ed25519"
    P256 = "p256"


class CallOutcome(StrEnum):
    """What a signed call turned out to be."""

    OK = "ok"
    BAD_SIGNATURE = "bad_signature"
    """Unknown token, another key, or changed bytes: outside they look the same."""
    STALE = "stale"
    """Signed by the right key, too long ago or in the future."""
    REPLAYED = "replayed"
    """The nonce was taken before."""


@dataclass(frozen=True, slots=True)
class SignedCall:
    """One call of a phone, with what its headers say. `signature` has 64 bytes, `at_s` is seconds since 1970."""

    token_id: str
    method: str
    path: str
    at_s: int
    nonce: str
    signature: bytes = field(repr=False)
    body: bytes = field(repr=False)

    def signed(self) -> bytes:
        """The bytes under the signature."""
        digest = hashlib.sha256(self.body).hexdigest()
        return "\n".join(("TAPDIAL1", self.method, self.path, str(self.at_s), self.nonce, digest)).encode()

    def in_time(self, now: datetime) -> bool:
        """Whether it was signed within `SKEW` of now."""
        return abs(self.at_s - now.timestamp()) <= SKEW.total_seconds()


def is_nonce(text: str) -> bool:
    """Whether this is 16 bytes in base64url, unpadded."""
    return _NONCE.fullmatch(text) is not None


def kind_of(device_key: bytes) -> DeviceKeyKind:
    """Which kind a public key is: 32 raw bytes of Ed25519, or a point on P-256 (SEC 1 §2.3.3, 33 or 65 bytes).

    Raises:
        BadInput: Another length, or no point of the curve.
    """
    try:
        if len(device_key) in _P256_BYTES:
            EllipticCurvePublicKey.from_encoded_point(SECP256R1(), device_key)
            return DeviceKeyKind.P256
        Ed25519PublicKey.from_public_bytes(device_key)
    except (ValueError, UnsupportedAlgorithm) as problem:
        raise BadInput("the device key is not a public key of Ed25519 or P-256") from problem
    return DeviceKeyKind.ED25519


def is_signed(kind: DeviceKeyKind, device_key: bytes, signature: bytes, data: bytes) -> bool:
    """Whether the key has signed these bytes: Ed25519 (RFC 8032), or ECDSA with SHA-256 as r and s, 32 bytes each."""
    if len(signature) != SIGNATURE_BYTES:
        return False
    try:
        match kind:
            case DeviceKeyKind.ED25519:
                Ed25519PublicKey.from_public_bytes(device_key).verify(signature, data)
            case DeviceKeyKind.P256:
                point = EllipticCurvePublicKey.from_encoded_point(SECP256R1(), device_key)
                r, s = int.from_bytes(signature[:32]), int.from_bytes(signature[32:])
                point.verify(encode_dss_signature(r, s), data, ECDSA(SHA256()))
            case unreachable:
                assert_never(unreachable)
    except InvalidSignature:
        return False
    return True
