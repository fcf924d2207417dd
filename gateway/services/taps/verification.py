"""What phone and terminal say of a tap beside its amount, read from DE55: TVR, CVR, CTQ, CVM results, times. Pure.

The bits are named in `gateway.wire.emv`; here it is said what they mean for an answer. DF8101 is a private tag that our
terminals send (modelled).
"""

from dataclasses import dataclass
from datetime import date
from functools import reduce
from operator import or_

from gateway.services.taps.rules import Verdict
from gateway.wire import tlv
from gateway.wire.emv import CardQualifiers, CvmMethod, CvmOutcome, CvmResults, CvrFlags, IccData, Tvr

SLOWEST = "DF8101"
"""The longest time that the phone took for one command, ms, two bytes."""
_ODA = Tvr.ODA_NOT_PERFORMED | Tvr.SDA_FAILED | Tvr.DDA_FAILED | Tvr.CDA_FAILED
_REFUSING: tuple[tuple[Tvr, Verdict], ...] = (
    (Tvr.CARD_ON_EXCEPTION_FILE, Verdict.TERMINAL_RISK),
    (Tvr.APPLICATION_EXPIRED, Verdict.TOKEN_EXPIRED),
    (Tvr.APPLICATION_NOT_YET_EFFECTIVE, Verdict.TERMINAL_RISK),
    (Tvr.SERVICE_NOT_ALLOWED, Verdict.TERMINAL_RISK),
    (Tvr.CVM_FAILED, Verdict.CVM_FAILED),
    (Tvr.PIN_TRIES_EXCEEDED, Verdict.CVM_FAILED),
    (Tvr.PIN_PAD_MISSING, Verdict.CVM_FAILED),
    (Tvr.PIN_NOT_ENTERED, Verdict.CVM_FAILED),
    (Tvr.ISSUER_AUTHENTICATION_FAILED, Verdict.TERMINAL_RISK),
    (Tvr.SCRIPT_FAILED_BEFORE_FINAL_AC, Verdict.TERMINAL_RISK),
    (Tvr.SCRIPT_FAILED_AFTER_FINAL_AC, Verdict.TERMINAL_RISK),
    (Tvr.RELAY_LIMIT_EXCEEDED, Verdict.RELAY),
    (Tvr.RELAY_TIME_EXCEEDED, Verdict.RELAY),
)
"""Bits of the TVR that refuse. What sends a tap online (floor limit, velocity, random choice) refuses nothing here, nor
does data authentication that was not done or failed: the cryptogram is the proof."""
_ANY = reduce(or_, (bit for bit, _ in _REFUSING))


@dataclass(frozen=True, slots=True)
class Signals:
    """What DE55 says of a tap's circumstances; None where a terminal sends nothing.

    Attributes:
        tvr: Terminal verification results.
        cvr: What the phone says of itself, under its cryptogram; `cdcvm_done`: it verified its holder.
        ctq_unlocked: The phone said to the terminal that it verified its holder, outside the cryptogram.
        results: The terminal's CVM results.
        day: 9A, the terminal's day; None if it is none.
        slowest_ms: The phone's longest time for one command.
    """

    tvr: Tvr
    cvr: CvrFlags
    ctq_unlocked: bool | None
    results: CvmResults | None
    day: date | None
    slowest_ms: int | None

    @classmethod
    def of(cls, icc: IccData) -> "Signals":
        """Read them from DE55.

        Raises:
            BadInput: A value that is not of its form, or a private tag that comes twice.
        """
        slowest = tlv.only(icc.items, SLOWEST)
        return cls(
            tvr=icc.tvr,
            cvr=icc.iad.flags,
            ctq_unlocked=None if icc.ctq is None else CardQualifiers.CDCVM_DONE in icc.ctq,
            results=icc.cvm,
            day=_day(icc.values["9A"].hex()),
            slowest_ms=int.from_bytes(slowest) if slowest is not None and len(slowest) == 2 else None,
        )

    @property
    def asked_on_device(self) -> bool:
        """Whether the terminal saw the phone verify its holder.

        CVM results have no code for it; terminals that say so take the one of a PIN that the card checks (modelled).
        """
        results = self.results
        return results is not None and (results.method, results.outcome) == (
            CvmMethod.PLAIN_PIN_BY_CARD,
            CvmOutcome.SUCCESSFUL,
        )

    @property
    def cvm_denied(self) -> bool:
        """Whether the terminal says that a CVM was carried out and failed."""
        return self.results is not None and self.results.outcome is CvmOutcome.FAILED


def refused_by_tvr(signals: Signals, *, offline: bool) -> tuple[Verdict, str] | None:
    """What the terminal's verification results refuse, and which of them; None for nothing.

    Offline data authentication is wanted of what was approved `offline` only.
    """
    if signals.tvr & _ANY:
        bit, verdict = next(one for one in _REFUSING if one[0] in signals.tvr)
        return verdict, _named(bit)
    failed = signals.tvr & _ODA
    return (Verdict.TERMINAL_RISK, _named(failed)) if offline and failed else None


def contradiction(signals: Signals) -> str:
    """Where phone and terminal say different things of the same fact; '' for nowhere."""
    cvr, tvr = signals.cvr, signals.tvr
    if signals.ctq_unlocked is not None and signals.ctq_unlocked != cvr.cdcvm_done:
        return "CVR against CTQ: whether the phone is unlocked"
    if cvr.pin_tries_exceeded and Tvr.PIN_TRIES_EXCEEDED not in tvr:
        return "CVR against TVR: PIN tries"
    if cvr.offline_pin_failed and Tvr.CVM_FAILED not in tvr:
        return "CVR against TVR: whether the CVM failed"
    if signals.results is None:
        return ""
    if signals.cvm_denied != (Tvr.CVM_FAILED in tvr):
        return "CVM results against TVR: whether the CVM failed"
    if signals.asked_on_device and not (cvr.cdcvm_done or cvr.offline_pin_done):
        return "CVM results against CVR: whether the phone is unlocked"
    return ""


def far_day(signals: Signals, today: date, *, before_max: int, after_max: int) -> bool:
    """Whether the terminal's day is none, or lies too far before or after today."""
    return signals.day is None or not -before_max <= (signals.day - today).days <= after_max


def _named(bits: Tvr) -> str:
    return ", ".join(name.replace("_", " ") for name in bits.names)


def _day(digits: str) -> date | None:
    try:
        return date(2000 + int(digits[:2]), int(digits[2:4]), int(digits[4:]))
    except ValueError:
        return None
