"""What phone and terminal say of a tap beside its amount, read from DE55: TVR, CVR, CTQ, CVM results, times. Pure.

Sources: EMV Book 3 annex C5 (TVR), EMV contactless book C-2 (relay bits of the TVR) and C-3 (CTQ); the CVR is the house
profile's, and DF8101 a private tag that our terminals send (both modelled).
"""

from dataclasses import dataclass
from datetime import date

from gateway.services.taps.rules import Verdict
from gateway.wire import tlv
from gateway.wire.emv import IccData

SLOWEST = "DF8101"
"""The longest time that the phone took for one command, ms, two bytes."""
_CTQ_CDCVM = 0x80
_ODA = ((0, 8, "not done"), (0, 7, "SDA failed"), (0, 4, "DDA failed"), (0, 3, "CDA failed"))
_REFUSING: tuple[tuple[int, int, Verdict, str], ...] = (
    (0, 5, Verdict.TERMINAL_RISK, "on the terminal's deny list"),
    (1, 7, Verdict.TOKEN_EXPIRED, "expired"),
    (1, 6, Verdict.TERMINAL_RISK, "not yet effective"),
    (1, 5, Verdict.TERMINAL_RISK, "service not allowed"),
    (2, 8, Verdict.CVM_FAILED, "CVM failed"),
    (2, 6, Verdict.CVM_FAILED, "too many PIN tries"),
    (2, 5, Verdict.CVM_FAILED, "PIN wanted, no pad"),
    (2, 4, Verdict.CVM_FAILED, "PIN wanted, none entered"),
    (4, 7, Verdict.TERMINAL_RISK, "issuer authentication failed"),
    (4, 6, Verdict.TERMINAL_RISK, "script failed"),
    (4, 5, Verdict.TERMINAL_RISK, "script failed after the last cryptogram"),
    (4, 4, Verdict.RELAY, "relay threshold exceeded"),
    (4, 3, Verdict.RELAY, "relay time limits exceeded"),
)
"""Byte (from 0) and bit (8 is the highest) of the TVR that refuse. What sends a tap online (floor limit, velocity,
random choice) refuses nothing here, nor does data authentication that was not done: the cryptogram is the proof."""
CVM_FAILED = (2, 8)


@dataclass(frozen=True, slots=True)
class CvmResults:
    """9F34: the method that the terminal carried out and its result; method 1 is on the device (modelled after C-2)."""

    method: int
    result: int

    @property
    def on_device(self) -> bool:
        """Whether the holder was verified by the phone."""
        return self.method == 0x01

    @property
    def failed(self) -> bool:
        """Whether the method was carried out and said no."""
        return self.result == 0x01

    @property
    def good(self) -> bool:
        """Whether the method was carried out and said yes."""
        return self.result == 0x02


@dataclass(frozen=True, slots=True)
class Signals:
    """What DE55 says of a tap's circumstances; None where a terminal sends nothing.

    Attributes:
        tvr: Terminal verification results, five bytes.
        unlocked: The phone says, under its cryptogram, that it verified its holder (CDCVM).
        ctq_unlocked: It said so to the terminal (CTQ), outside the cryptogram.
        results: The terminal's CVM results.
        day: 9A, the terminal's day; None if it is none.
        slowest_ms: The phone's longest time for one command.
    """

    tvr: bytes
    unlocked: bool
    ctq_unlocked: bool | None
    results: CvmResults | None
    day: date | None
    slowest_ms: int | None

    @classmethod
    def of(cls, icc: IccData) -> "Signals":
        """Read them from DE55.

        Raises:
            BadInput: A tag comes twice.
        """
        ctq, results, slowest = (_sized(icc, tag, size) for tag, size in (("9F6C", 2), ("9F34", 3), (SLOWEST, 2)))
        return cls(
            tvr=icc.values["95"],
            unlocked=icc.iad.cdcvm_done,
            ctq_unlocked=bool(ctq[1] & _CTQ_CDCVM) if ctq is not None else None,
            results=CvmResults(results[0] & 0x3F, results[2]) if results is not None else None,
            day=_day(icc.values["9A"].hex()),
            slowest_ms=int.from_bytes(slowest) if slowest is not None else None,
        )

    def has(self, byte: int, bit: int) -> bool:
        """Whether a bit of the TVR is set; `byte` counts from 0, bit 8 is the highest."""
        return bool(self.tvr[byte] & 1 << bit - 1)


def refused_by_tvr(signals: Signals, *, offline: bool) -> tuple[Verdict, str] | None:
    """What the terminal's verification results refuse, and in which words; None for nothing.

    Offline data authentication is wanted of what was approved `offline` only.
    """
    for byte, bit, verdict, words in _REFUSING:
        if signals.has(byte, bit):
            return verdict, words
    if offline:
        for byte, bit, words in _ODA:
            if signals.has(byte, bit):
                return Verdict.TERMINAL_RISK, f"data authentication: {words}"
    return None


def contradiction(signals: Signals) -> str:
    """Where phone and terminal say different things of the same fact; '' for nowhere."""
    results = signals.results
    if signals.ctq_unlocked is not None and signals.ctq_unlocked != signals.unlocked:
        return "CVR against CTQ: whether the phone is unlocked"
    if results is None:
        return ""
    if results.failed != signals.has(*CVM_FAILED):
        return "CVM results against TVR: whether the CVM failed"
    if results.on_device and results.good and not signals.unlocked:
        return "CVM results against CVR: whether the phone is unlocked"
    return ""


def far_day(signals: Signals, today: date, *, before_max: int, after_max: int) -> bool:
    """Whether the terminal's day is none, or lies too far before or after today."""
    return signals.day is None or not -before_max <= (signals.day - today).days <= after_max


def _sized(icc: IccData, tag: str, size: int) -> bytes | None:
    value = tlv.only(icc.items, tag)
    return value if value is not None and len(value) == size else None


def _day(digits: str) -> date | None:
    try:
        return date(2000 + int(digits[:2]), int(digits[2:4]), int(digits[4:]))
    except ValueError:
        return None
