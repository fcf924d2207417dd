"""Every outcome of benefits beside the word that the menus know it by."""

from collections.abc import Callable

from gateway.services.benefits import (
    AttesterOutcome,
    AttestOutcome,
    Claim,
    ClaimOutcome,
    ClaimState,
    ObjectOutcome,
)
from tests.gateway.channels.ussd.services import FakeBenefits, claim

Put = Callable[[FakeBenefits], None]


def _benefits(name: str, value: object) -> Put:
    return lambda benefits: setattr(benefits, name, value)


OF_OTHERS = {ClaimOutcome.UNKNOWN_ATTESTER, ClaimOutcome.SELF}
OF_DAYS = {ClaimOutcome.ORDER, ClaimOutcome.TOO_LONG}


def _mine(state: ClaimState) -> Claim:
    return claim("W-12345674", state)


def _objection(outcome: ObjectOutcome) -> Put:
    def put(benefits: FakeBenefits) -> None:
        benefits.objected, benefits.claims = outcome, [_mine(ClaimState.OBJECTED)]

    return put


def _refused_again(benefits: FakeBenefits) -> None:
    benefits.until, benefits.claims = None, [_mine(ClaimState.REJECTED)]


BENEFIT_OUTCOMES: list[tuple[str, Put, str]] = [
    *[
        ("benefits.claim", _benefits("outcome", one), "unavailable" if one in OF_OTHERS else one.value)
        for one in ClaimOutcome
    ],
    *[("benefits.claim_days", _benefits("outcome", one), one.value) for one in ClaimOutcome],
    *[
        ("benefits.claim_event", _benefits("outcome", one), "unavailable" if one in OF_DAYS else one.value)
        for one in ClaimOutcome
    ],
    ("benefits.kinds", _benefits("claims", []), "ok"),
    ("benefits.attester", _benefits("claims", []), "ok"),
    ("benefits.attester", _benefits("named", AttesterOutcome.UNKNOWN), "unknown_attester"),
    ("benefits.attester", _benefits("named", AttesterOutcome.SELF), "self"),
    ("benefits.status", _benefits("claims", []), "unknown"),
    *[
        ("benefits.status", _benefits("claims", [_mine(state)]), "refused" if state == "rejected" else "ok")
        for state in ClaimState
    ],
    ("benefits.status", _refused_again, "refused_again"),
    ("benefits.looked", _benefits("claims", []), "none"),
    ("benefits.looked", _benefits("claims", [_mine(ClaimState.PAID)]), "ok"),
    *[("benefits.object", _objection(one), one.value) for one in ObjectOutcome],
    *[("attest.open", _benefits("attested", one), one.value) for one in AttestOutcome],
    *[
        (f"attest.{verb}", _benefits("attested", one), "ok" if one == "ok" else "expired")
        for one in AttestOutcome
        for verb in ("give", "deny")
    ],
    *[("benefits.list", _benefits("claims", [claim("S-1", state)]), "ok") for state in ClaimState],
    ("benefits.list", _benefits("claims", []), "none"),
]
"""An action, what the service says, and the outcome that the menus get."""
