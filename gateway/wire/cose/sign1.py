"""COSE_Sign1 (RFC 9052 §4.2): one signature over a payload, made and verified."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum

from gateway.errors import BadInput
from gateway.wire.cose import cbor
from gateway.wire.cose.keys import Algorithm, SigningKey, VerifyKey

_TAG_SIGN1 = b"\xd2"
TAG_CWT = b"\xd8\x3d"
_KID_BYTES_MAX = 64

Label = int | str
Keys = VerifyKey | Mapping[bytes, VerifyKey]
"""The key, or keys by the key id that the message names."""


class Header(IntEnum):
    """Header parameters that are understood (RFC 9052 §3.1)."""

    ALG = 1
    CRIT = 2
    CONTENT_TYPE = 3
    KID = 4


_UNDERSTOOD = frozenset(Header)


class CoseRefusal(StrEnum):
    """Why a message or a token is not taken."""

    MALFORMED = "malformed"
    """Too long, not CBOR, another tag or shape, headers that contradict each other."""
    CRITICAL_HEADER = "critical_header"
    """It demands that a header is understood which is not."""
    ALGORITHM = "algorithm"
    """The protected header names none that is known, or another one than the key's."""
    UNKNOWN_KEY = "unknown_key"
    WRONG_SIGNATURE = "wrong_signature"
    CLAIMS = "claims"
    """The payload is not claims, or one has another type."""
    NO_EXPIRY = "no_expiry"
    EXPIRED = "expired"
    NOT_YET_VALID = "not_yet_valid"
    """Its beginning, or the time when it was issued, is still to come."""
    WRONG_ISSUER = "wrong_issuer"
    WRONG_AUDIENCE = "wrong_audience"


@dataclass(frozen=True, slots=True)
class Sign1:
    """A message that was read; `payload` is None when it is detached."""

    raw_protected: bytes
    protected: Mapping[Label, object]
    unprotected: Mapping[Label, object]
    payload: bytes | None = field(repr=False)
    signature: bytes = field(repr=False)

    @property
    def kid(self) -> bytes | None:
        """The key id, from either header: only a hint, for the signature must be of that key."""
        value = self.protected.get(Header.KID, self.unprotected.get(Header.KID))
        return value if isinstance(value, bytes) else None


def sign1(
    payload: bytes,
    key: SigningKey,
    *,
    kid: bytes | None = None,
    aad: bytes = b"",
    protected: Mapping[Label, object] | None = None,
    detached: bool = False,
    tagged: bool = True,
) -> bytes:
    """A COSE_Sign1 over `payload`; the same bytes each time.

    Args:
        payload: What is signed.
        key: Whose signature; its algorithm goes into the protected header.
        kid: Goes into the unprotected header.
        aad: Signed too, but not sent.
        protected: More protected header parameters.
        detached: Whether the payload stays out of the message.
        tagged: Whether tag 18 stands before it.
    """
    raw = cbor.encode({**(protected or {}), int(Header.ALG): int(key.algorithm)})
    signature = key.sign(_signed(raw, aad, payload))
    unprotected = {} if kid is None else {int(Header.KID): kid}
    body = cbor.encode([raw, unprotected, None if detached else payload, signature])
    return _TAG_SIGN1 + body if tagged else body


def read1(message: bytes) -> Sign1:
    """Read a COSE_Sign1, with tag 18 (and 61 before it) or without, and believe nothing of it yet.

    Raises:
        BadInput: It is not one.
    """
    if message.startswith(TAG_CWT + _TAG_SIGN1):
        message = message.removeprefix(TAG_CWT)
    match cbor.decode(message.removeprefix(_TAG_SIGN1)):
        case [bytes(raw), dict(unprotected), bytes() | None as payload, bytes(signature)]:
            protected = cbor.decode(raw) if raw else {}
        case _:
            raise BadInput("COSE: not a Sign1")
    if not isinstance(protected, dict) or not (_labels(protected) and _labels(unprotected)):
        raise BadInput("COSE: headers are not maps by label")
    if protected.keys() & unprotected.keys() or Header.CRIT in unprotected:
        raise BadInput("COSE: headers contradict each other")
    found = Sign1(raw, protected, unprotected, payload, signature)
    if (Header.KID in protected or Header.KID in unprotected) and not 0 < len(found.kid or b"") <= _KID_BYTES_MAX:
        raise BadInput("COSE: not a key id")
    return found


def verify1(message: bytes, keys: Keys, *, aad: bytes = b"", payload: bytes | None = None) -> Sign1 | CoseRefusal:
    """Read and verify a COSE_Sign1.

    Args:
        message: As `read1`.
        keys: Whose signature it must be.
        aad: What was signed but not sent.
        payload: The detached payload, if the message has none of its own.
    """
    try:
        found = read1(message)
    except BadInput:
        return CoseRefusal.MALFORMED
    if (found.payload is None) == (payload is None):
        return CoseRefusal.MALFORMED
    if not _critical_is_understood(found.protected):
        return CoseRefusal.CRITICAL_HEADER
    algorithm = found.protected.get(Header.ALG)
    if type(algorithm) is not int or algorithm not in frozenset(Algorithm):
        return CoseRefusal.ALGORITHM
    key = keys if isinstance(keys, VerifyKey) else keys.get(found.kid or b"")
    if key is None:
        return CoseRefusal.UNKNOWN_KEY
    if key.algorithm != algorithm:
        return CoseRefusal.ALGORITHM
    content = (found.payload or b"") if payload is None else payload
    if not key.verifies(found.signature, _signed(found.raw_protected, aad, content)):
        return CoseRefusal.WRONG_SIGNATURE
    return found


def _signed(raw_protected: bytes, aad: bytes, payload: bytes) -> bytes:
    """Sig_structure (RFC 9052 §4.4)."""
    return cbor.encode(["Signature1", raw_protected, aad, payload])


def _labels(header: Mapping[object, object]) -> bool:
    return all(type(label) in {int, str} for label in header)


def _critical_is_understood(protected: Mapping[Label, object]) -> bool:
    """RFC 9052 §3.1: `crit` lists labels that are in the protected header, and none that is not understood."""
    if Header.CRIT not in protected:
        return True
    labels = protected[Header.CRIT]
    if not isinstance(labels, list) or not labels:
        return False
    return all(type(label) is int and label in _UNDERSTOOD and label in protected for label in labels)
