"""What terminal and card say of a tap, bit by bit: TVR, CVM results, and the qualifiers of both sides.

Sources: EMV Book 3 annex C5 (TVR), C3 and Book 4 annex A4 (CVM results); EMV Contactless Books A and C-3 (TTQ, CTQ).
Bits that have no name here are kept.
"""

from dataclasses import dataclass
from enum import Enum, IntFlag
from typing import Self

from gateway.errors import BadInput


class _Bits(IntFlag):
    """Named bits of a value of fixed length, the first byte highest."""

    @classmethod
    def of(cls, value: bytes) -> Self:
        """Its bits.

        Raises:
            BadInput: Another length.
        """
        if len(value) != _LENGTHS[cls.__name__]:
            raise BadInput(f"{cls.__name__}: {len(value)} bytes, not {_LENGTHS[cls.__name__]}")
        return cls(int.from_bytes(value))

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the bits that are set, lower case, highest first; a bit without a name is not told."""
        return tuple((bit.name or "").lower() for bit in type(self) if bit in self)


_LENGTHS = {"Tvr": 5, "TerminalQualifiers": 4, "CardQualifiers": 2}


class Tvr(_Bits):
    """Terminal verification results (95)."""

    ODA_NOT_PERFORMED = 0x80 << 32
    SDA_FAILED = 0x40 << 32
    ICC_DATA_MISSING = 0x20 << 32
    CARD_ON_EXCEPTION_FILE = 0x10 << 32
    DDA_FAILED = 0x08 << 32
    CDA_FAILED = 0x04 << 32
    SDA_SELECTED = 0x02 << 32
    VERSIONS_DIFFER = 0x80 << 24
    APPLICATION_EXPIRED = 0x40 << 24
    APPLICATION_NOT_YET_EFFECTIVE = 0x20 << 24
    SERVICE_NOT_ALLOWED = 0x10 << 24
    NEW_CARD = 0x08 << 24
    CVM_FAILED = 0x80 << 16
    CVM_UNRECOGNISED = 0x40 << 16
    PIN_TRIES_EXCEEDED = 0x20 << 16
    PIN_PAD_MISSING = 0x10 << 16
    PIN_NOT_ENTERED = 0x08 << 16
    ONLINE_PIN_ENTERED = 0x04 << 16
    FLOOR_LIMIT_EXCEEDED = 0x80 << 8
    LOWER_OFFLINE_LIMIT_EXCEEDED = 0x40 << 8
    UPPER_OFFLINE_LIMIT_EXCEEDED = 0x20 << 8
    SELECTED_AT_RANDOM = 0x10 << 8
    FORCED_ONLINE = 0x08 << 8
    DEFAULT_TDOL_USED = 0x80
    ISSUER_AUTHENTICATION_FAILED = 0x40
    SCRIPT_FAILED_BEFORE_FINAL_AC = 0x20
    SCRIPT_FAILED_AFTER_FINAL_AC = 0x10
    RELAY_LIMIT_EXCEEDED = 0x08
    RELAY_TIME_EXCEEDED = 0x04


class TerminalQualifiers(_Bits):
    """Terminal transaction qualifiers (9F66)."""

    MAGSTRIPE_MODE = 0x80 << 24
    EMV_MODE = 0x20 << 24
    CONTACT_CHIP = 0x10 << 24
    OFFLINE_ONLY = 0x08 << 24
    ONLINE_PIN = 0x04 << 24
    SIGNATURE = 0x02 << 24
    ODA_FOR_ONLINE = 0x01 << 24
    ONLINE_CRYPTOGRAM_REQUIRED = 0x80 << 16
    CVM_REQUIRED = 0x40 << 16
    OFFLINE_PIN = 0x20 << 16
    ISSUER_UPDATE = 0x80 << 8
    CDCVM = 0x40 << 8


class CardQualifiers(_Bits):
    """Card transaction qualifiers (9F6C)."""

    ONLINE_PIN_REQUIRED = 0x80 << 8
    SIGNATURE_REQUIRED = 0x40 << 8
    ONLINE_IF_ODA_FAILS = 0x20 << 8
    OTHER_INTERFACE_IF_ODA_FAILS = 0x10 << 8
    ONLINE_IF_EXPIRED = 0x08 << 8
    OTHER_INTERFACE_FOR_CASH = 0x04 << 8
    OTHER_INTERFACE_FOR_CASHBACK = 0x02 << 8
    CDCVM_DONE = 0x80
    ISSUER_UPDATE = 0x40


class CvmMethod(Enum):
    """How a holder is verified (bits 6 to 1 of the first byte of 9F34)."""

    FAIL = 0x00
    PLAIN_PIN_BY_CARD = 0x01
    ONLINE_PIN = 0x02
    PLAIN_PIN_BY_CARD_AND_SIGNATURE = 0x03
    ENCIPHERED_PIN_BY_CARD = 0x04
    ENCIPHERED_PIN_BY_CARD_AND_SIGNATURE = 0x05
    SIGNATURE = 0x1E
    NONE_REQUIRED = 0x1F
    NONE_PERFORMED = 0x3F
    OTHER = 0x20
    """A code that EMV leaves to schemes or to the future."""


class CvmOutcome(Enum):
    """What came of it (third byte of 9F34)."""

    UNKNOWN = 0
    FAILED = 1
    SUCCESSFUL = 2


@dataclass(frozen=True, slots=True)
class CvmResults:
    """How the terminal verified the holder (9F34); `condition` is the CVM list's condition code."""

    method: CvmMethod
    condition: int
    outcome: CvmOutcome

    @classmethod
    def of(cls, value: bytes) -> "CvmResults":
        """Read 9F34.

        Raises:
            BadInput: Not three bytes, or an outcome that has no meaning.
        """
        if len(value) != 3 or value[2] > CvmOutcome.SUCCESSFUL.value:
            raise BadInput("9F34 is not CVM results")
        code = value[0] & 0x3F
        method = CvmMethod(code) if code in _METHODS else CvmMethod.OTHER
        return cls(method, value[1], CvmOutcome(value[2]))


_METHODS = {method.value for method in CvmMethod}
