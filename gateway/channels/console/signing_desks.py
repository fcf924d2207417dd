"""What the pages of signing and of stand-ins need of the house; ConsoleDeps has one of each."""

from collections.abc import Collection
from datetime import datetime
from typing import Protocol

from gateway.services.approvals import Checker, Delegation, DelegationOutcome
from gateway.services.signing import (
    EnrolStart,
    Event,
    FinishedSignIn,
    MobileSignIn,
    Progress,
    Proof,
    Signer,
    SignStart,
    StartOutcome,
    Waiting,
)
from gateway.services.signing.ports import Signatory

# The verbs are documented where they are made; here is only which of them the console uses.


class SigningDesk(Protocol):
    """Satisfied by gateway.services.signing.Signing."""

    async def inbox(self, staff: Signatory, *, limit: int = 100) -> list[Waiting]: ...
    async def document(self, document_id: str) -> Waiting | None: ...
    async def current(self, kind: str, subject: str) -> Waiting | None: ...
    async def list_documents(self, *, limit: int, before: str = "") -> list[Waiting]: ...
    async def why_not(self, document_id: str, staff: Signatory) -> StartOutcome: ...
    async def sign(self, document_id: str, staff: Signatory, form_key: str) -> SignStart: ...
    async def progress(self, request_id: str) -> Progress | None: ...
    async def sign_with_pin(self, document_id: str, staff: Signatory, password: str, totp: str) -> StartOutcome: ...
    async def refuse(self, document_id: str, staff: Signatory, reason: str) -> StartOutcome: ...
    async def history(self, document_id: str) -> list[Event]: ...
    async def proof(self, kind: str, subject: str, digest: bytes) -> Proof: ...


class SignersDesk(Protocol):
    """Satisfied by gateway.services.signing.Signers."""

    async def enrol(self, staff_id: str, msisdn: str, by: str) -> EnrolStart: ...
    async def suspend(self, staff_id: str, by: str, reason: str) -> bool: ...
    async def signers(self, *, after: str = "", limit: int = 100) -> list[Signer]: ...


class PhoneSignInDesk(Protocol):
    """Satisfied by gateway.services.signing.MobileSignIns."""

    async def start_sign_in(self, username: str, remote: str) -> MobileSignIn: ...
    async def finish_sign_in(self, handle: str, remote: str) -> FinishedSignIn: ...


class DelegationsDesk(Protocol):
    """Satisfied by gateway.services.approvals.Delegations."""

    async def delegate(
        self,
        principal: str,
        delegate: str,
        kinds: Collection[str],
        begins: datetime,
        ends: datetime,
        reason: str,
        by: Checker,
    ) -> DelegationOutcome: ...
    async def take_back(self, delegation_id: str, by: Checker) -> DelegationOutcome: ...
    async def standing(self, *, limit: int = 200) -> list[Delegation]: ...
