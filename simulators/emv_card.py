"""EMV bytes as phone and terminal speak them: TLV, data object lists, status words, the AES house cryptogram.

Written from EMV 4.3 Book 3 (Annex B for TLV, 5.4 for DOLs) and from the house profile of docs, not from the gateway's
code: the two must agree without having met.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.cmac import CMAC

PPSE = b"2PAY.SYS.DDF01"
AID = bytes.fromhex("F05441504449414C01")
LABEL = b"TAPDIAL"
PDOL: tuple[tuple[str, int], ...] = (
    ("9F66", 4),
    ("9F02", 6),
    ("9F03", 6),
    ("9F1A", 2),
    ("95", 5),
    ("5F2A", 2),
    ("9A", 3),
    ("9C", 1),
    ("9F37", 4),
)
"""What the phone wants to know of the terminal: tag and length in bytes."""

AC_DATA: tuple[str, ...] = ("9F02", "9F03", "9F1A", "95", "5F2A", "9A", "9C", "9F37", "82", "9F36", "9F10")
"""The tags whose values, in this order, are under the application cryptogram."""

_NUMBERS = """
42 5F24 5F25 5F28 5F2A 5F30 5F34 5F36 5F57 9A 9C 9F01 9F02 9F03 9F11 9F15 9F19 9F1A 9F21 9F25 9F35 9F39 9F3B 9F3C 9F3D
9F41 9F42 9F43 9F44
"""
NUMBERS = frozenset(_NUMBERS.split())
"""Data elements that are numbers (format n of Book 3, annex A)."""

SW_OK = bytes.fromhex("9000")
SW_NOT_FOUND = bytes.fromhex("6A82")
SW_CONDITIONS = bytes.fromhex("6985")
SW_LENGTH = bytes.fromhex("6700")
SW_INSTRUCTION = bytes.fromhex("6D00")
SW_CLASS = bytes.fromhex("6E00")


class TlvError(ValueError):
    """Bytes that are no TLV; says at which offset."""


@dataclass(frozen=True, slots=True)
class Tlv:
    """One data object: its tag in upper-case hex and its value."""

    tag: str
    value: bytes


def tlv(tag: str, value: bytes) -> bytes:
    """One data object; length in the short form or as `81 xx`, so `value` has at most 255 bytes."""
    if len(value) > 0xFF:
        raise TlvError(f"{tag}: {len(value)} bytes are too long")
    length = bytes([len(value)]) if len(value) < 0x80 else bytes([0x81, len(value)])
    return bytes.fromhex(tag) + length + value


def parse(data: bytes) -> list[Tlv]:
    """Split data objects, outermost level only.

    Raises:
        TlvError: Truncated, or a length in more than two bytes.
    """
    found: list[Tlv] = []
    at = 0
    while at < len(data):
        start = at
        at = _after_tag(data, at)
        tag = data[start:at].hex().upper()
        size, at = _length(data, at)
        if at + size > len(data):
            raise TlvError(f"{tag} at {start} is truncated")
        found.append(Tlv(tag, data[at : at + size]))
        at += size
    return found


def find(data: bytes, tag: str) -> bytes | None:
    """The value of the first object with `tag` at any depth, or None."""
    for item in parse(data):
        if item.tag == tag:
            return item.value
        if int(item.tag[:2], 16) & 0x20:
            inner = find(item.value, tag)
            if inner is not None:
                return inner
    return None


def dol(items: tuple[tuple[str, int], ...]) -> bytes:
    """A data object list as bytes: each tag and its length."""
    return b"".join(bytes.fromhex(tag) + bytes([size]) for tag, size in items)


def parse_dol(data: bytes) -> tuple[tuple[str, int], ...]:
    """A data object list from bytes.

    Raises:
        TlvError: Truncated.
    """
    items: list[tuple[str, int]] = []
    at = 0
    while at < len(data):
        start, at = at, _after_tag(data, at)
        if at >= len(data):
            raise TlvError(f"the list is truncated at {start}")
        items.append((data[start:at].hex().upper(), data[at]))
        at += 1
    return tuple(items)


def fill(items: tuple[tuple[str, int], ...], values: Mapping[str, bytes]) -> bytes:
    """What a data object list asks for, in its order (Book 3, 5.4).

    A number keeps its right end and is filled with zeros at its left; all else keeps its left end and is filled at its
    right, compressed numbers with F. What nobody knows, and a template, is zeros.
    """
    return b"".join(_fitted(tag, size, values.get(tag)) for tag, size in items)


def _fitted(tag: str, size: int, value: bytes | None) -> bytes:
    if value is None or int(tag[:2], 16) & 0x20:
        return bytes(size)
    if tag in NUMBERS:
        return value.rjust(size, b"\0")[max(0, len(value) - size) :]
    return value.ljust(size, b"\xff" if tag in ("5A", "9F20") else b"\0")[:size]


def split(items: tuple[tuple[str, int], ...], data: bytes) -> dict[str, bytes]:
    """The values that a filled data object list holds; `data` has exactly the lengths of the list."""
    values: dict[str, bytes] = {}
    at = 0
    for tag, size in items:
        values[tag] = data[at : at + size]
        at += size
    return values


def session_key(luk: bytes, atc: int) -> bytes:
    """SK = AES-128-ECB(LUK)[ATC(2) || 14 zero bytes]."""
    encryptor = Cipher(algorithms.AES128(luk), modes.ECB()).encryptor()  # noqa: S305 - one block, as derivations use it
    return encryptor.update(atc.to_bytes(2, "big") + bytes(14)) + encryptor.finalize()


def cryptogram(luk: bytes, values: Mapping[str, bytes]) -> bytes:
    """The application cryptogram, 8 bytes, over the values of AC_DATA; the ATC is the one in `values`."""
    atc = int.from_bytes(values["9F36"], "big")
    return mac8(session_key(luk, atc), b"".join(values[tag] for tag in AC_DATA))


def issuer_cryptogram(luk: bytes, atc: int, ac: bytes, response_code: bytes) -> bytes:
    """ARPC, 8 bytes: the issuer's answer to `ac` (8 bytes) with the two ASCII digits of DE39."""
    return mac8(session_key(luk, atc), ac + response_code)


def mac8(key: bytes, data: bytes) -> bytes:
    """The first 8 bytes of AES-CMAC (NIST SP 800-38B)."""
    mac = CMAC(algorithms.AES128(key))
    mac.update(data)
    return mac.finalize()[:8]


def _after_tag(data: bytes, at: int) -> int:
    if data[at] & 0x1F != 0x1F:
        return at + 1
    at += 1
    while at < len(data) and data[at] & 0x80:
        at += 1
    return at + 1


def _length(data: bytes, at: int) -> tuple[int, int]:
    if at < len(data) and data[at] < 0x80:
        return data[at], at + 1
    if at + 1 < len(data) and data[at] == 0x81:
        return data[at + 1], at + 2
    raise TlvError(f"no length at {at}")
