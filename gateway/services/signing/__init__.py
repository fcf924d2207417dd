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
from gateway.services.signing.parts import SigningParts
from gateway.services.signing.phones import Ends, Phones
from gateway.services.signing.ports import Executor, MobileSigner, SignatureCheck
from gateway.services.signing.sealing import SEALED
from gateway.services.signing.sign_ins import MobileSignIns
from gateway.services.signing.signers import SIGNER_ENROLMENT_KIND, Signers
from gateway.services.signing.signing import Signing

__all__ = [
    "SEALED",
    "SIGNER_ENROLMENT_KIND",
    "Document",
    "DocumentState",
    "Documents",
    "Ends",
    "EnrolOutcome",
    "EnrolStart",
    "Event",
    "EventKind",
    "Executor",
    "FinishOutcome",
    "FinishedSignIn",
    "MobileSignIn",
    "MobileSignIns",
    "MobileSigner",
    "Need",
    "Phones",
    "Progress",
    "Proof",
    "ProofOutcome",
    "Purpose",
    "SignOutcome",
    "SignRequest",
    "SignResult",
    "SignStart",
    "Signature",
    "SignatureCheck",
    "Signer",
    "SignerState",
    "Signers",
    "Signing",
    "SigningParts",
    "StartOutcome",
    "Waiting",
    "digits_of",
]
