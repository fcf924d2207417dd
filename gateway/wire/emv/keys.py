"""Keys of one card and of one tap from an issuer's master key (EMV Book 2 annex A1.3 and A1.4). Pure.

3DES keys are double length: 16 bytes; what is derived has odd parity. AES keys are 16 bytes.
"""

import hashlib

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB

from gateway.errors import BadInput, KeyFault

KEY_BYTES = 16
_OPTION_A_DIGITS_MAX = 16
# ECB is the raw permutation that the derivations are defined by.
_ECB = ECB()  # noqa: S305 - no text, only the derivations' blocks
_ODD = bytes(byte ^ (byte.bit_count() + 1) % 2 for byte in range(256))
_INVERTED = bytes(255 - byte for byte in range(256))
_LETTERS = str.maketrans("abcdef", "012345")


def odd_parity(key: bytes) -> bytes:
    """`key` with the lowest bit of each byte set so that the byte has an odd number of ones."""
    return key.translate(_ODD)


def triple_des(key: bytes) -> TripleDES:
    """The cipher of a double-length key, 16 bytes: K1, K2, K1.

    Raises:
        KeyFault: Another length.
    """
    if len(key) != KEY_BYTES:
        raise KeyFault(f"a 3DES key has {KEY_BYTES} bytes")
    return TripleDES(key + key[:8])


def des3_ecb(key: bytes, data: bytes) -> bytes:
    """Each block of 8 bytes of `data` under a double-length key."""
    encryptor = Cipher(triple_des(key), _ECB).encryptor()
    return encryptor.update(data)


def aes_ecb(key: bytes, data: bytes) -> bytes:
    """Each block of 16 bytes of `data` under an AES key of 16 bytes.

    Raises:
        KeyFault: Another length.
    """
    if len(key) != KEY_BYTES:
        raise KeyFault(f"an AES key has {KEY_BYTES} bytes")
    encryptor = Cipher(AES(key), _ECB).encryptor()
    return encryptor.update(data)


def master_key(imk: bytes, pan: str, psn: str = "00") -> bytes:
    """The card's 3DES master key: option A for a PAN of up to 16 digits, option B for a longer one.

    Args:
        imk: The issuer's master key, 16 bytes.
        pan: 1 to 19 digits.
        psn: PAN sequence number, two digits; 00 where the card has none.

    Raises:
        BadInput: `pan` or `psn` are not such digits.
    """
    return (master_key_a if len(pan) <= _OPTION_A_DIGITS_MAX else master_key_b)(imk, pan, psn)


def master_key_a(imk: bytes, pan: str, psn: str = "00") -> bytes:
    """Option A (A1.4.1): the right 16 digits of PAN and PSN, however long the PAN is."""
    return _card_key(imk, _block_a(pan, psn))


def master_key_b(imk: bytes, pan: str, psn: str = "00") -> bytes:
    """Option B (A1.4.2): 16 digits from the SHA-1 of PAN and PSN; option A for a PAN of up to 16 digits."""
    return _card_key(imk, card_block(pan, psn))


def card_block(pan: str, psn: str = "00") -> bytes:
    """What `master_key` has enciphered, 16 bytes: for an issuer's key that is inside a hardware module."""
    if len(pan) <= _OPTION_A_DIGITS_MAX:
        return _block_a(pan, psn)
    digits = _digits(pan, psn)
    number = bytes.fromhex(digits if len(digits) % 2 == 0 else "0" + digits)
    digest = hashlib.sha1(number, usedforsecurity=False).hexdigest()
    decimals = "".join(filter(str.isdecimal, digest))
    letters = "".join(filter(str.isalpha, digest)).translate(_LETTERS)
    return _doubled((decimals + letters)[:16])


def master_key_aes(imk: bytes, pan: str, psn: str = "00") -> bytes:
    """The card's AES master key (A1.4.3, option C): PAN and PSN, zeros before them, as one block under the IMK."""
    return aes_ecb(imk, card_block_aes(pan, psn))


def card_block_aes(pan: str, psn: str = "00") -> bytes:
    """What `master_key_aes` has enciphered, 16 bytes."""
    return bytes.fromhex(_digits(pan, psn).zfill(32))


def session_key(key: bytes, r: bytes) -> bytes:
    """Common session key derivation (A1.3.1), 3DES, from a diversification value of 8 bytes; its third byte is set."""
    if len(r) != 8:
        raise BadInput("a diversification value has 8 bytes")
    return odd_parity(des3_ecb(key, r[:2] + b"\xf0" + r[3:] + r[:2] + b"\x0f" + r[3:]))


def session_key_csk(key: bytes, atc: bytes) -> bytes:
    """Common session key of a cryptogram: R is the ATC (9F36, 2 bytes) and six zero bytes."""
    return session_key(key, atc + bytes(6))


def session_key_mchip(key: bytes, atc: bytes, un: bytes) -> bytes:
    """M/Chip's session key: R is the ATC (9F36, 2 bytes), two zero bytes and the unpredictable number (9F37, 4)."""
    return session_key(key, atc + b"\0\0" + un)


def session_key_aes(key: bytes, atc: bytes) -> bytes:
    """Common session key with AES (A1.3.1): the ATC (9F36, 2 bytes) and 14 zero bytes as one block."""
    if len(atc) != 2:
        raise BadInput("an ATC has two bytes")
    return aes_ecb(key, atc + bytes(14))


def _card_key(imk: bytes, block: bytes) -> bytes:
    return odd_parity(des3_ecb(imk, block))


def _block_a(pan: str, psn: str) -> bytes:
    return _doubled(_digits(pan, psn)[-16:].zfill(16))


def _doubled(digits: str) -> bytes:
    half = bytes.fromhex(digits)
    return half + half.translate(_INVERTED)


def _digits(pan: str, psn: str) -> str:
    digits = pan + psn
    if not (digits.isascii() and digits.isdecimal() and 1 <= len(pan) <= 19 and len(psn) == 2):
        raise BadInput("a PAN has up to 19 digits, and its sequence number two")
    return digits
