"""Taps: purchases by phone at a terminal, their completions and reversals."""

from gateway.services.taps.checks import Check, CheckName
from gateway.services.taps.deciding import Decider
from gateway.services.taps.model import HealOutcome, Live, Refund, Taking, TakingKind, Tap
from gateway.services.taps.policy import TapPolicy
from gateway.services.taps.ports import Parts
from gateway.services.taps.refund_rules import RefundKind, RefundState, Source
from gateway.services.taps.rules import TapState, Verdict
from gateway.services.taps.taps import Taps

__all__ = [
    "Check",
    "CheckName",
    "Decider",
    "HealOutcome",
    "Live",
    "Parts",
    "Refund",
    "RefundKind",
    "RefundState",
    "Source",
    "Taking",
    "TakingKind",
    "Tap",
    "TapPolicy",
    "TapState",
    "Taps",
    "Verdict",
]
