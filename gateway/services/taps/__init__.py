"""Taps: purchases by phone at a terminal, their completions and reversals."""

from gateway.services.taps.answers import answer_mti, is_request
from gateway.services.taps.model import Tap
from gateway.services.taps.rules import TapState, Verdict
from gateway.services.taps.taps import Parts, Taps

__all__ = ["Parts", "Tap", "TapState", "Taps", "Verdict", "answer_mti", "is_request"]
