"""What staff do with documents: see what waits for them, sign by phone or password, refuse."""

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.observe import Metrics
from gateway.services.signing.documents import Documents
from gateway.services.signing.model import Event, Progress, SignStart, StartOutcome, Waiting
from gateway.services.signing.ports import (
    Executor,
    MobileSigner,
    Needs,
    Signatory,
    SignatureCheck,
    StaffDoor,
    StandsIn,
)
from gateway.store import Store
from wallet.clock import Clock


@dataclass(frozen=True, slots=True)
class SigningParts:
    """What signing is made of; `signer` and `check` are None where no signature service is."""

    store: Store
    clock: Clock
    metrics: Metrics
    needs: Needs
    stands_in: StandsIn
    staff: StaffDoor
    signer: MobileSigner | None
    check: SignatureCheck | None


class Signing(Documents):
    """Signing by staff.

    Args:
        parts: See there.
        signed: What follows when a document of this kind has every signature.
        unsigned: What follows when it was refused or has expired, where anything does.
    """

    def __init__(
        self,
        parts: SigningParts,
        *,
        signed: Mapping[str, Executor],
        unsigned: Mapping[str, Executor] | None = None,
    ) -> None:
        super().__init__(parts.store, parts.clock, parts.needs, parts.check)

    async def inbox(self, staff: Signatory, *, limit: int = 100) -> list[Waiting]:
        """What this member may sign now, oldest first."""
        raise NotImplementedError

    async def document(self, document_id: str) -> Waiting | None:
        """The document with this id."""
        raise NotImplementedError

    async def list_documents(self, *, limit: int, before: str = "") -> list[Waiting]:
        """Every document, newest first, from before id `before`."""
        raise NotImplementedError

    async def why_not(self, document_id: str, staff: Signatory) -> StartOutcome:
        """Why this member may not sign it, or OK."""
        raise NotImplementedError

    async def sign(self, document_id: str, staff: Signatory, form_key: str) -> SignStart:
        """Ask the member's phone; the same `form_key` is the same request, however often it is sent."""
        raise NotImplementedError

    async def progress(self, request_id: str) -> Progress | None:
        """How a request stands; a page asks every second or two."""
        raise NotImplementedError

    async def sign_with_pin(self, document_id: str, staff: Signatory, password: str, totp: str) -> StartOutcome:
        """Sign by password and one-time code, where the document's kind asks for no more."""
        raise NotImplementedError

    async def refuse(self, document_id: str, staff: Signatory, reason: str) -> StartOutcome:
        """Refuse, saying why; one refusal ends it. Whoever may sign may refuse."""
        raise NotImplementedError

    async def history(self, document_id: str) -> list[Event]:
        """Everything that happened to it, oldest first."""
        raise NotImplementedError

    async def sweep(self) -> int:
        """Expire what is over, and do what follows signatures and was not done; how many."""
        raise NotImplementedError
