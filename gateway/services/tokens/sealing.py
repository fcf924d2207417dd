"""Seals a limited-use key to a phone: X25519 -> HKDF-SHA-256 -> AES-256-GCM (house profile)."""

import secrets

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from gateway.errors import BadInput

_NONCE_BYTES = 12
_INFO = b"tapdial luk"


def seal_to(seal_key: bytes, plain: bytes, aad: bytes) -> tuple[bytes, bytes]:
    """The ephemeral public key (32 bytes), and nonce, ciphertext and tag.

    Raises:
        BadInput: `seal_key` is not an X25519 public key, or one of low order.
    """
    ephemeral = X25519PrivateKey.generate()
    try:
        shared = ephemeral.exchange(X25519PublicKey.from_public_bytes(seal_key))
    except ValueError as problem:
        raise BadInput("the seal key is not an X25519 public key to work with") from problem
    key = HKDF(algorithm=SHA256(), length=32, salt=b"", info=_INFO).derive(shared)
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return ephemeral.public_key().public_bytes_raw(), nonce + AESGCM(key).encrypt(nonce, plain, aad)


def check_device_key(device_key: bytes) -> None:
    """Refuse what is not an Ed25519 public key.

    Raises:
        BadInput: Another length.
    """
    try:
        Ed25519PublicKey.from_public_bytes(device_key)
    except ValueError as problem:
        raise BadInput("the device key is not an Ed25519 public key") from problem
