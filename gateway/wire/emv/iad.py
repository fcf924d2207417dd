"""Issuer application data: which cryptogram, which key, and what the phone says of itself."""

from dataclasses import dataclass
from enum import StrEnum

from gateway.errors import BadInput

IAD_BYTES = 12
_CVN_HOUSE_AES = 0xA1
_CVR_CDCVM = 0x80


class Cvn(StrEnum):
    """How a cryptogram is made; the number inside 9F10 says which."""

    HOUSE = "house"
    """The AES house profile, A1."""
    CVN10 = "cvn10"
    CVN18 = "cvn18"
    CVN22 = "cvn22"
    CPA = "cpa"
    MCHIP = "mchip"


@dataclass(frozen=True, slots=True)
class Iad:
    """Issuer application data (9F10).

    Attributes:
        raw: All of it.
        cvn: Which cryptogram it says was made.
        dki: Derivation key index: which version of the issuer's key.
        cvr: Card verification results.
        luk_id: Which limited-use key, four bytes; empty where the profile has none.
    """

    raw: bytes
    cvn: Cvn
    dki: int
    cvr: bytes
    luk_id: bytes

    @property
    def cdcvm_done(self) -> bool:
        """Whether the phone says that it verified its holder itself."""
        return bool(self.cvr[0] & _CVR_CDCVM)

    @classmethod
    def parse(cls, value: bytes) -> "Iad":
        """Read the house profile: 12 bytes, DKI, A1, CVR (4), LUK id (4), two zero bytes.

        Raises:
            BadInput: Another length, cryptogram version, or a tail that is not zero.
        """
        if len(value) != IAD_BYTES:
            raise BadInput(f"9F10 has {len(value)} bytes, not {IAD_BYTES}")
        if value[1] != _CVN_HOUSE_AES or value[10:] != b"\0\0":
            raise BadInput("9F10 is not of the house profile")
        return cls(value, Cvn.HOUSE, value[0], value[2:6], value[6:10])
