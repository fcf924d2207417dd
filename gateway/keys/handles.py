"""Key objects of a PKCS#11 session: what python-pkcs11 lets them do, and keys that are derived inside the module."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from pkcs11 import Attribute, KeyType, Mechanism, MechanismFlag

BLOCK_BYTES = 16
INSIDE = {Attribute.SENSITIVE: True, Attribute.EXTRACTABLE: False}
"""A key that cannot be read out."""
# The session's own keys need no login to be seen, which is what "private" asks for: nobody else sees them.
_PASSING = {**INSIDE, Attribute.PRIVATE: False}


class Key(Protocol):
    """What python-pkcs11 gives its key objects at run time."""

    def __getitem__(self, key: Attribute) -> Any: ...  # noqa: ANN401 - an attribute's type is its own

    def encrypt(self, data: bytes, *, mechanism: Mechanism, mechanism_param: object = None) -> bytes:
        """Encipher."""
        ...

    def decrypt(self, data: bytes, *, mechanism: Mechanism, mechanism_param: object = None) -> bytes:
        """Decipher."""
        ...

    def sign(self, data: bytes, *, mechanism: Mechanism) -> bytes:
        """A MAC or a signature."""
        ...

    def derive_key(self, key_type: KeyType, key_length: int, **how: object) -> "Key":
        """A key of the session, `key_length` bits."""
        ...

    def destroy(self) -> None:
        """Remove it."""
        ...


def _derive(key: Key, block: bytes, can: MechanismFlag) -> Key:
    """A key of the session whose value is AES(key)[block]."""
    return key.derive_key(
        KeyType.AES,
        BLOCK_BYTES * 8,
        mechanism=Mechanism.AES_ECB_ENCRYPT_DATA,
        mechanism_param=block,
        capabilities=can,
        template=_PASSING,
    )


@contextmanager
def passing(key: Key, block: bytes, can: MechanismFlag) -> Iterator[Key]:
    """A key of the session whose value is AES(key)[block], for a moment."""
    derived = _derive(key, block, can)
    try:
        yield derived
    finally:
        derived.destroy()


def cmac_key(parent: Key, message: bytes, can: MechanismFlag) -> Key:
    """A key of the session whose value is AES-CMAC(parent)[message], for less than a block (NIST SP 800-38B §6.2)."""
    assert len(message) < BLOCK_BYTES, "only a part of a block"
    k2 = _doubled(_doubled(parent.encrypt(bytes(BLOCK_BYTES), mechanism=Mechanism.AES_ECB)))
    padded = (message + b"\x80").ljust(BLOCK_BYTES, b"\0")
    return _derive(parent, bytes(a ^ b for a, b in zip(padded, k2, strict=True)), can)


def _doubled(block: bytes) -> bytes:
    """Times x in GF(2^128) (NIST SP 800-38B §6.1)."""
    number = int.from_bytes(block) << 1
    return (number & (1 << 128) - 1 ^ (0x87 if number >> 128 else 0)).to_bytes(BLOCK_BYTES)
