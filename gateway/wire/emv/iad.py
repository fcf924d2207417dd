"""Issuer application data (9F10): which cryptogram, which key, and what the card says of itself.

| profile | bytes | layout |
| --- | --- | --- |
| house | 12 | DKI, A1, CVR (4), LUK id (4), 00 00 |
| CVN10, CVN18 | 7, or 8 + n | 06, DKI, 0A or 12, CVR (03 and 3 bytes), then length n and issuer's own data |
| CVN22 | 32 | 1F, 22, DKI, CVR (5), issuer's own data (24) |
| CPA | 32 | 0F, A5, DKI, CVR (5), counters (8), 0F, issuer's own data (15) |
| M/Chip | 18, 20, 26, 28 | DKI, 10 11 14 or 15, CVR (6), DAC (2), counters (8 or 16), last online ATC (0 or 2) |

Sources: EMV Book 3 annex C7 and C9 (CPA, also of the common core); public issuers' guides for the schemes' layouts and
for what their CVR bits mean: modelled. The house profile is ours; its CVR is in `_HOUSE` and `_KIND_BYTE`, and its
fourth byte counts the phone's approvals since the issuer's last word.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from gateway.errors import BadInput

IAD_BYTES = 12
"""Length of the house profile's."""
_CVN_HOUSE_AES = 0xA1
_CCI_3DES = 0xA5


class Cvn(StrEnum):
    """How a cryptogram is made; the number inside 9F10 says which."""

    HOUSE = "house"
    """The AES house profile, A1."""
    CVN10 = "cvn10"
    CVN18 = "cvn18"
    CVN22 = "cvn22"
    CPA = "cpa"
    MCHIP = "mchip"


_VISA: Mapping[int, Cvn] = {0x0A: Cvn.CVN10, 0x12: Cvn.CVN18}
_VISA_FORMAT_2 = 0x22
_MCHIP = (0x10, 0x11, 0x14, 0x15)
_MCHIP_BYTES: Mapping[int, int] = {18: 8, 20: 8, 26: 16, 28: 16}
"""How many bytes of counters an M/Chip IAD of a length has."""


@dataclass(frozen=True, slots=True)
class CvrFlags:
    """What a card says of itself in its verification results, in the words of no scheme; what one lacks is False."""

    cdcvm_done: bool = False
    offline_pin_done: bool = False
    offline_pin_failed: bool = False
    pin_tries_exceeded: bool = False
    last_online_incomplete: bool = False
    offline_limit_exceeded: bool = False
    issuer_authentication_failed: bool = False
    unable_to_go_online: bool = False
    script_failed: bool = False


_Bits = Mapping[str, tuple[int, int]]
"""Flag -> byte of the CVR (from 0) and mask."""

_HOUSE: _Bits = {
    "cdcvm_done": (0, 0x80),
    "last_online_incomplete": (0, 0x40),
    "offline_limit_exceeded": (0, 0x20),
    "issuer_authentication_failed": (0, 0x10),
    "unable_to_go_online": (0, 0x08),
}
_VISA_BOTH: _Bits = {
    "pin_tries_exceeded": (2, 0x40),
    "last_online_incomplete": (2, 0x80),
    "offline_limit_exceeded": (2, 0x20),
    "unable_to_go_online": (1, 0x01),
    "script_failed": (3, 0x08),
}
_VISA_0: _Bits = {
    **_VISA_BOTH,
    "offline_pin_done": (1, 0x04),
    "offline_pin_failed": (1, 0x02),
    "issuer_authentication_failed": (1, 0x08),
}
_VISA_2: _Bits = {**_VISA_BOTH, "cdcvm_done": (1, 0x04), "issuer_authentication_failed": (1, 0x08)}
_CORE: _Bits = {
    "issuer_authentication_failed": (0, 0x01),
    "offline_pin_done": (1, 0x08),
    "offline_pin_failed": (1, 0x04),
    "pin_tries_exceeded": (1, 0x02),
    "last_online_incomplete": (1, 0x01),
    "offline_limit_exceeded": (2, 0xF0),
    "script_failed": (3, 0x08),
    "unable_to_go_online": (3, 0x01),
}
_MCHIP_BITS: _Bits = {
    "offline_pin_done": (0, 0x04),
    "last_online_incomplete": (3, 0x80),
    "unable_to_go_online": (3, 0x40),
    "offline_pin_failed": (3, 0x10),
    "pin_tries_exceeded": (3, 0x08),
    "offline_limit_exceeded": (4, 0xF0),
    "issuer_authentication_failed": (4, 0x04),
    "script_failed": (4, 0x01),
}
_BITS: Mapping[Cvn, _Bits] = {
    Cvn.HOUSE: _HOUSE,
    Cvn.CVN10: _VISA_0,
    Cvn.CVN18: _VISA_0,
    Cvn.CVN22: _VISA_2,
    Cvn.CPA: _CORE,
    Cvn.MCHIP: _MCHIP_BITS,
}
_KIND_BYTE: Mapping[Cvn, int] = {
    Cvn.HOUSE: 1,
    Cvn.CVN10: 1,
    Cvn.CVN18: 1,
    Cvn.CVN22: 1,
    Cvn.CPA: 0,
    Cvn.MCHIP: 0,
}
"""Which byte of the CVR says what the card answered: 00 AAC, 01 TC, 10 ARQC.

The house profile says it in bits 8 and 7; the others in bits 6 and 5 for the first cryptogram of a tap, and in bits 8
and 7 for a second one, 10 where there was none.
"""
_TC = 0x40


@dataclass(frozen=True, slots=True)
class Iad:
    """Issuer application data (9F10).

    Attributes:
        raw: All of it.
        cvn: Which cryptogram it says was made.
        dki: Derivation key index: which version of the issuer's key.
        cvr: Card verification results; for CVN10 and CVN18 with their length byte 03, as the cryptogram covers them.
        luk_id: Which limited-use key, four bytes; empty where the profile has none.
        number: The cryptogram version number itself, as 0x12; for CPA its common core identifier.
        counters: M/Chip's and CPA's counters and accumulators.
        dac: M/Chip's data authentication code.
        idd: The issuer's own data, without its length byte.
    """

    raw: bytes
    cvn: Cvn
    dki: int
    cvr: bytes
    luk_id: bytes = b""
    number: int = _CVN_HOUSE_AES
    counters: bytes = b""
    dac: bytes = b""
    idd: bytes = b""

    @property
    def cdcvm_done(self) -> bool:
        """Whether the phone says that it verified its holder itself (house profile and CVN22)."""
        at, mask = _BITS[self.cvn].get("cdcvm_done", (0, 0))
        return bool(self.cvr[at] & mask)

    @property
    def flags(self) -> CvrFlags:
        """What the verification results say."""
        return CvrFlags(**{name: bool(self.cvr[at] & mask) for name, (at, mask) in _BITS[self.cvn].items()})

    @property
    def kind(self) -> int:
        """Which cryptogram the card says that it gave, as bits 8 and 7 of 9F27 say it outside the cryptogram."""
        byte = self.cvr[_KIND_BYTE[self.cvn]]
        # After an ARQC a card may approve, offline or on the issuer's word. That it declined then is not read: older
        # cards have 00 there when nothing was asked twice.
        if self.cvn is Cvn.HOUSE or byte & 0xC0 == _TC:
            return byte & 0xC0
        return byte << 2 & 0xC0

    @property
    def covered(self) -> bytes:
        """The part of it that the cryptogram covers."""
        match self.cvn:
            case Cvn.CVN10:
                return self.cvr
            case Cvn.MCHIP:
                return self.cvr + self.counters if self.number & 1 else self.cvr
            case _:
                return self.raw

    @property
    def takes_un(self) -> bool:
        """Whether the session key takes the unpredictable number: M/Chip 10 and 11 do."""
        return self.cvn is Cvn.MCHIP and not self.number & 0x04

    @classmethod
    def parse(cls, value: bytes) -> "Iad":
        """Read 9F10 of a profile in the table above.

        Raises:
            BadInput: It has the layout of none of them, or, which chance can bring about, of two.
        """
        fits = [iad for layout in _LAYOUTS if (iad := layout(value)) is not None]
        if len(fits) != 1:
            raise BadInput(f"9F10 of {len(value)} bytes fits {len(fits)} profiles, not one")
        return fits[0]


def _house(value: bytes) -> Iad | None:
    if len(value) != IAD_BYTES or value[1] != _CVN_HOUSE_AES or value[10:] != b"\0\0":
        return None
    return Iad(value, Cvn.HOUSE, value[0], value[2:6], value[6:10])


def _visa_0(value: bytes) -> Iad | None:
    if len(value) < 7 or value[0] != 6 or value[2] not in _VISA or value[3] != 3:
        return None
    if len(value) > 7 and len(value) != 8 + value[7]:
        return None
    return Iad(value, _VISA[value[2]], value[1], value[3:7], number=value[2], idd=value[8:])


def _visa_2(value: bytes) -> Iad | None:
    if len(value) != 32 or value[0] != 0x1F or value[1] != _VISA_FORMAT_2:
        return None
    return Iad(value, Cvn.CVN22, value[2], value[3:8], number=value[1], idd=value[8:])


def _core(value: bytes) -> Iad | None:
    if len(value) != 32 or value[0] != 0x0F or value[1] != _CCI_3DES or value[16] != 0x0F:
        return None
    return Iad(value, Cvn.CPA, value[2], value[3:8], number=value[1], counters=value[8:16], idd=value[17:])


def _mchip(value: bytes) -> Iad | None:
    counters = _MCHIP_BYTES.get(len(value))
    if counters is None or value[1] not in _MCHIP:
        return None
    end = 10 + counters
    cvr, dac, rest = value[2:8], value[8:10], value[end:]
    return Iad(value, Cvn.MCHIP, value[0], cvr, number=value[1], counters=value[10:end], dac=dac, idd=rest)


_LAYOUTS: tuple[Callable[[bytes], Iad | None], ...] = (_house, _visa_0, _visa_2, _core, _mchip)
