"""Benefits: sickness claims from the phone to the wallet."""

from gateway.services.benefits.benefits import RELEASE_KIND, Benefits
from gateway.services.benefits.model import (
    Claim,
    ClaimChange,
    ClaimOutcome,
    ClaimResult,
    ClaimState,
    DecisionOutcome,
)

__all__ = [
    "RELEASE_KIND",
    "Benefits",
    "Claim",
    "ClaimChange",
    "ClaimOutcome",
    "ClaimResult",
    "ClaimState",
    "DecisionOutcome",
]
