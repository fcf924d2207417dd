"""Signing: documents by their hash, who must sign them and how, and the proof that they did."""

from gateway.services.signing.documents import Documents
from gateway.services.signing.model import (
    Document,
    DocumentState,
    EnrolOutcome,
    EnrolStart,
    Event,
    EventKind,
    FinishedSignIn,
    FinishOutcome,
    MobileSignIn,
    Need,
    Progress,
    Proof,
    ProofOutcome,
    Purpose,
    Signature,
    Signer,
    SignerState,
    SignOutcome,
    SignRequest,
    SignResult,
    SignStart,
    StartOutcome,
    Waiting,
    digits_of,
)
from gateway.services.signing.sign_ins import MobileSignIns
from gateway.services.signing.signers import Signers
from gateway.services.signing.signing import Signing, SigningParts

SIGNER_ENROLMENT_KIND = "signer_enrolment"
"""The kind under which an enrolment waits for a second person."""

__all__ = [
    "SIGNER_ENROLMENT_KIND",
    "Document",
    "DocumentState",
    "Documents",
    "EnrolOutcome",
    "EnrolStart",
    "Event",
    "EventKind",
    "FinishOutcome",
    "FinishedSignIn",
    "MobileSignIn",
    "MobileSignIns",
    "Need",
    "Progress",
    "Proof",
    "ProofOutcome",
    "Purpose",
    "SignOutcome",
    "SignRequest",
    "SignResult",
    "SignStart",
    "Signature",
    "Signer",
    "SignerState",
    "Signers",
    "Signing",
    "SigningParts",
    "StartOutcome",
    "Waiting",
    "digits_of",
]
