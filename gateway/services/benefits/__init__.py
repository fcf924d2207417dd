"""Benefits of every kind: claimed on the phone, attested, decided by people with the help of tables, paid."""

from gateway.services.benefits.assessing import AMOUNT_USE, ELIGIBLE_USE
from gateway.services.benefits.attesters import AttesterBook, KnownAttester
from gateway.services.benefits.benefits import RELEASE_KIND, Benefits
from gateway.services.benefits.claims import Parts
from gateway.services.benefits.kinds import KINDS, AttesterSort, Kind
from gateway.services.benefits.model import (
    OPEN,
    Attestation,
    Attested,
    AttesterOutcome,
    AttestOutcome,
    Claim,
    ClaimChange,
    ClaimOutcome,
    ClaimResult,
    ClaimState,
    Datum,
    DecisionOutcome,
    Evidence,
    ObjectOutcome,
    Verdict,
    Why,
)
from gateway.services.benefits.ports import Attester, Attesters
from gateway.services.benefits.source import SOURCE, ClaimSource

DECISION_USES = {kind.eligible_table: ELIGIBLE_USE for kind in KINDS.values()} | {
    kind.amount_table: AMOUNT_USE for kind in KINDS.values()
}
"""What the tables of benefits are asked and must answer, by name."""

__all__ = [
    "DECISION_USES",
    "KINDS",
    "OPEN",
    "RELEASE_KIND",
    "SOURCE",
    "AttestOutcome",
    "Attestation",
    "Attested",
    "Attester",
    "AttesterBook",
    "AttesterOutcome",
    "AttesterSort",
    "Attesters",
    "Benefits",
    "Claim",
    "ClaimChange",
    "ClaimOutcome",
    "ClaimResult",
    "ClaimSource",
    "ClaimState",
    "Datum",
    "DecisionOutcome",
    "Evidence",
    "Kind",
    "KnownAttester",
    "ObjectOutcome",
    "Parts",
    "Verdict",
    "Why",
]
