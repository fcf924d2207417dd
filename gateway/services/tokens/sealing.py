"""Seals a limited-use key to a phone: X25519 -> HKDF-SHA-256 -> AES-256-GCM (house profile)."""

import secrets

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from gateway.errors import BadInput

_NONCE_BYTES = 12
_INFO = b"tapdial luk"
_INFO_COMPACT = b"tapdial luk sms"


def seal_to(seal_key: bytes, plain: bytes, aad: bytes) -> tuple[bytes, bytes]:
    """The ephemeral public key (32 bytes), and nonce, ciphertext and tag.

    Raises:
        BadInput: `seal_key` is not an X25519 public key, or one of low order.
    """
    ephemeral, key = _agreed(seal_key, b"", _INFO)
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return ephemeral, nonce + AESGCM(key).encrypt(nonce, plain, aad)


def wrap(seal_key: bytes, plain: bytes, aad: bytes, *, bound_to: bytes) -> tuple[bytes, bytes]:
    """The ephemeral public key, and ciphertext and tag alone, under a key that follows from `bound_to` as well.

    Raises:
        BadInput: As `seal_to`.
    """
    ephemeral, key = _agreed(seal_key, bound_to, _INFO_COMPACT)
    # The key serves this once, since the ephemeral key is fresh: a nonce would say nothing.
    return ephemeral, AESGCM(key).encrypt(bytes(_NONCE_BYTES), plain, aad)


def _agreed(seal_key: bytes, salt: bytes, info: bytes) -> tuple[bytes, bytes]:
    ephemeral = X25519PrivateKey.generate()
    try:
        shared = ephemeral.exchange(X25519PublicKey.from_public_bytes(seal_key))
    except ValueError as problem:
        raise BadInput("the seal key is not an X25519 public key to work with") from problem
    key = HKDF(algorithm=SHA256(), length=32, salt=salt, info=info).derive(shared)
    return ephemeral.public_key().public_bytes_raw(), key
