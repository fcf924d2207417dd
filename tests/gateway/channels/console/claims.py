"""Claims of the console's tests, in a dict."""

from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

from gateway.services.benefits import Claim, ClaimChange, ClaimState, Datum, DecisionOutcome, Evidence, Why
from gateway.services.decisions import Inputs
from wallet.clock import Clock
from wallet.ids import new_id
from wallet.money import irr

if TYPE_CHECKING:
    from tests.gateway.channels.console.approving import StubApprovals


class StubBenefits:
    """Claims in a dict."""

    def __init__(self, clock: Clock, approvals: "StubApprovals") -> None:
        self.clock = clock
        self.approvals = approvals
        self.claims: dict[str, Claim] = {}
        self.whys: list[Why] = []
        self.changes: list[ClaimChange] = []

    def add(self, person_id: str, number: str = "S-12345674", days: int = 6) -> Claim:
        first = date(2026, 11, 10)
        claim = Claim(
            new_id("clm", self.clock), number, person_id, first, first + timedelta(days=days - 1), days,
            irr(4_500_000 * days), ClaimState.SUBMITTED, self.clock.now(), "", None, "", "", None, "ses_01K8:1",
        )  # fmt: skip
        self.claims[claim.id] = claim
        self.changes.append(ClaimChange(claim.id, 1, claim.state, "", "", self.clock.now()))
        return claim

    async def by_id(self, claim_id: str) -> Claim | None:
        return self.claims.get(claim_id)

    async def by_number(self, number: str) -> Claim | None:
        return next((claim for claim in self.claims.values() if claim.number == number), None)

    async def claims_of(self, person_id: str, *, limit: int = 20) -> list[Claim]:
        return [claim for claim in self.claims.values() if claim.person_id == person_id]

    async def history(self, claim_id: str) -> list[ClaimChange]:
        return [change for change in self.changes if change.claim_id == claim_id]

    async def pending(self, *, limit: int, after: str = "") -> list[Claim]:
        waiting = [c for c in self.claims.values() if c.state is ClaimState.SUBMITTED and c.id > after]
        return sorted(waiting, key=lambda claim: claim.id)[:limit]

    async def approve(self, claim_id: str, officer: str) -> DecisionOutcome:
        outcome = self._decide(claim_id, officer, ClaimState.APPROVED, "")
        if outcome is DecisionOutcome.OK:
            claim = self.claims[claim_id]
            payload = {"number": claim.number, "person_id": claim.person_id, "amount": str(claim.amount)}
            await self.approvals.propose("benefit_release", claim_id, payload, officer)
        return outcome

    async def evidence(self, claim_id: str) -> list[Evidence]:
        datum = Datum("months_paid", "12", "contributions")
        return [Evidence(1, datum, self.clock.now())] if claim_id in self.claims else []

    async def cases(self, table: str, *, limit: int) -> list[Inputs]:
        asked: list[Inputs] = [{"days": 77}]
        return asked[:limit] if table else []

    async def reject(self, claim_id: str, officer: str, reason: str, why: Why = Why.OTHER) -> DecisionOutcome:
        self.whys.append(why)
        return self._decide(claim_id, officer, ClaimState.REJECTED, reason)

    def _decide(self, claim_id: str, officer: str, state: ClaimState, reason: str) -> DecisionOutcome:
        claim = self.claims[claim_id]
        if claim.state is not ClaimState.SUBMITTED:
            return DecisionOutcome.NOT_PENDING
        self.claims[claim_id] = replace(
            claim, state=state, decided_by=officer, reason=reason, decided_at=self.clock.now()
        )
        self.changes.append(ClaimChange(claim_id, 2, state, officer, reason, self.clock.now()))
        return DecisionOutcome.OK
