"""The verbs of this service."""

from datetime import date

from gateway.services.benefits.model import Claim, ClaimChange, ClaimResult, DecisionOutcome
from gateway.services.benefits.ports import Claimants, Ledger, ReleaseProposals, Teller
from gateway.settings import Settings
from gateway.store import Store
from wallet.accounts import Chart
from wallet.clock import Clock

RELEASE_KIND = "benefit_release"
"""Kind of the approval by which a second person releases a benefit; its subject is the claim's id."""


class Benefits:
    """Sickness claims: submitted, approved by one, released by another, paid."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        ledger: Ledger,
        chart: Chart,
        people: Claimants,
        proposals: ReleaseProposals,
        teller: Teller,
        settings: Settings,
    ) -> None:
        raise NotImplementedError

    async def claim(self, person_id: str, first_day: date, last_day: date, call_key: str) -> ClaimResult:
        """Submit a claim; the same `call_key` again is the same claim.

        Raises:
            Conflict: That `call_key` belongs to another claim.
        """
        raise NotImplementedError

    async def claims_of(self, person_id: str, *, limit: int = 20) -> list[Claim]:
        """A person's claims, newest first."""
        raise NotImplementedError

    async def by_id(self, claim_id: str) -> Claim | None:
        """The claim with this id."""
        raise NotImplementedError

    async def by_number(self, number: str) -> Claim | None:
        """The claim with this number."""
        raise NotImplementedError

    async def history(self, claim_id: str) -> list[ClaimChange]:
        """Everything that happened to it, oldest first."""
        raise NotImplementedError

    async def pending(self, *, limit: int, after: str = "") -> list[Claim]:
        """Claims that wait for a decision, oldest first, from after id `after`."""
        raise NotImplementedError

    async def approve(self, claim_id: str, officer: str) -> DecisionOutcome:
        """Approve; proposes the release to a second person. `officer` is a staff id."""
        raise NotImplementedError

    async def reject(self, claim_id: str, officer: str, reason: str) -> DecisionOutcome:
        """Reject, saying why; its days are free for another claim."""
        raise NotImplementedError

    async def release(self, claim_id: str, approval_id: str) -> str:
        """Pay: benefit expense to wallet. Executor of RELEASE_KIND; harmless twice. Returns `paid` or the refusal."""
        raise NotImplementedError

    async def release_refused(self, claim_id: str, approval_id: str) -> str:
        """The second person has refused: the claim waits for a decision again. Refuser of RELEASE_KIND."""
        raise NotImplementedError

    async def sweep(self) -> int:
        """Finish releases and proposals that a crash left; how many."""
        raise NotImplementedError
