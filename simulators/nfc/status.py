"""Status words (ISO/IEC 7816-4 5.6, EMV Book 1 and 3): what a card says after, or instead of, its data."""

from typing import Final

OK: Final = bytes.fromhex("9000")
BLOCKED: Final = bytes.fromhex("6283")
LENGTH: Final = bytes.fromhex("6700")
CHAINING: Final = bytes.fromhex("6884")
CONDITIONS: Final = bytes.fromhex("6985")
NOT_FOUND: Final = bytes.fromhex("6A82")
NO_RECORD: Final = bytes.fromhex("6A83")
PARAMETERS: Final = bytes.fromhex("6A86")
NO_DATA: Final = bytes.fromhex("6A88")
INSTRUCTION: Final = bytes.fromhex("6D00")
CLASS: Final = bytes.fromhex("6E00")


def more(size: int) -> bytes:
    """`61 xx`: so many bytes (1..256) wait for GET RESPONSE."""
    return bytes([0x61, size & 0xFF])


def exactly(size: int) -> bytes:
    """`6C xx`: the command is to come again with this Le (1..256)."""
    return bytes([0x6C, size & 0xFF])
