"""Decisions about claims, and their payment by intent, post and outcome."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, delete, select, update

from gateway.observe import log
from gateway.services.benefits.claims import Claims, add_change, claim_of
from gateway.services.benefits.model import Claim, ClaimState, DecisionOutcome
from gateway.services.benefits.tables import claims, days
from wallet.ids import transfer_id
from wallet.transfers import Outcome, Transfer, TransferCode

RELEASE_KIND = "benefit_release"
"""Kind of the approval by which a second person releases a benefit; its subject is the claim's id."""

BENEFIT = "sickness"
LEG = "release"
REFUSED_PAUSE = timedelta(hours=1)
SWEEP_PAGE = 100


class Benefits(Claims):
    """Sickness claims: submitted, approved by one, released by another, paid."""

    async def approve(self, claim_id: str, officer: str) -> DecisionOutcome:
        """Approve; proposes the release to a second person. `officer` is a staff id."""
        now = self._clock.now()

        def work(tx: Connection) -> DecisionOutcome | Claim:
            row = _held(tx, claim_id)
            if row is None or row.state != ClaimState.SUBMITTED:
                return DecisionOutcome.UNKNOWN if row is None else DecisionOutcome.NOT_PENDING
            _change(tx, claim_id, ClaimState.APPROVED, officer, now, decided_by=officer, decided_at=now, due_at=now)
            return claim_of(row)

        decided = await self._store.write(work)
        if isinstance(decided, DecisionOutcome):
            return decided
        await self._propose(decided, officer)
        return DecisionOutcome.OK

    async def reject(self, claim_id: str, officer: str, reason: str) -> DecisionOutcome:
        """Reject, saying why; its days are free for another claim."""
        now = self._clock.now()

        def work(tx: Connection) -> DecisionOutcome:
            row = _held(tx, claim_id)
            if row is None or row.state != ClaimState.SUBMITTED:
                return DecisionOutcome.UNKNOWN if row is None else DecisionOutcome.NOT_PENDING
            decided = {"decided_by": officer, "decided_at": now, "reason": reason}
            _change(tx, claim_id, ClaimState.REJECTED, officer, now, note=reason, **decided)
            tx.execute(delete(days).where(days.c.claim_id == claim_id))
            return DecisionOutcome.OK

        return await self._store.write(work)

    async def release(self, claim_id: str, approval_id: str) -> str:
        """Pay: benefit expense to wallet. Executor of RELEASE_KIND; harmless twice. Returns `paid` or the refusal."""
        now = self._clock.now()

        def work(tx: Connection) -> Row[Any] | None:
            row = _held(tx, claim_id)
            if row is not None and row.state == ClaimState.APPROVED and row.approval_id != approval_id:
                due = now + timedelta(seconds=self._settings.sweep_after_s)
                _change(tx, claim_id, ClaimState.RELEASED, "", now, approval_id=approval_id, due_at=due)
                return _held(tx, claim_id)
            return row

        row = await self._store.write(work)
        if row is None:
            return "unknown claim"
        return await self._pay(row) if row.state == ClaimState.RELEASED else str(row.state)

    async def release_refused(self, claim_id: str, approval_id: str) -> str:
        """The second person has refused: the claim waits for a decision again. Refuser of RELEASE_KIND."""
        now = self._clock.now()

        def work(tx: Connection) -> str:
            row = _held(tx, claim_id)
            if row is None or row.state != ClaimState.APPROVED or row.approval_id == approval_id:
                return "nothing to take back"
            undecided = {"decided_by": "", "decided_at": None, "approval_id": approval_id, "due_at": None}
            _change(tx, claim_id, ClaimState.SUBMITTED, "", now, note="release refused", **undecided)
            return "waits again"

        return await self._store.write(work)

    async def sweep(self) -> int:
        """Finish releases and proposals that a crash left; how many."""
        now = self._clock.now()
        approved = (claims.c.state == ClaimState.APPROVED) & (
            claims.c.due_at < now - timedelta(seconds=self._settings.sweep_after_s)
        )
        released = (claims.c.state == ClaimState.RELEASED) & (claims.c.due_at < now)
        query = select(claims).where(claims.c.due_at.is_not(None), approved | released)
        done = 0
        for row in await self._store.read(query.order_by(claims.c.due_at).limit(SWEEP_PAGE)):
            if row.state == ClaimState.APPROVED:
                await self._propose(claim_of(row), row.decided_by)
                done += 1
            else:
                done += await self._pay(row) == ClaimState.PAID
        return done

    async def _propose(self, claim: Claim, officer: str) -> None:
        payload = {"number": claim.number, "person_id": claim.person_id, "amount": str(claim.amount)}
        await self._proposals.propose(RELEASE_KIND, claim.id, payload, officer)
        proposed = update(claims).where(claims.c.id == claim.id, claims.c.state == ClaimState.APPROVED)
        await self._store.write(lambda tx: tx.execute(proposed.values(due_at=None)).rowcount)

    async def _pay(self, row: Row[Any]) -> str:
        claim, attempt = claim_of(row), row.attempt
        expense = self._chart.account("benefit_expense", BENEFIT, claim.amount.asset)
        wallet = self._chart.account("wallet", claim.person_id, claim.amount.asset)
        await self._ledger.open_accounts(expense, wallet)
        transfer = Transfer(
            id=transfer_id(claim.id, LEG, attempt),
            debit=expense.id,
            credit=wallet.id,
            amount=claim.amount,
            code=TransferCode.BENEFIT,
            cause=claim.id,
        )
        outcome = (await self._ledger.post(transfer))[0].outcome
        if not outcome.stands:
            log(service="benefits").warning("release_refused", claim_id=claim.id, outcome=outcome.name)
        now = self._clock.now()

        def work(tx: Connection) -> str:
            held = _held(tx, claim.id)
            if held is None or held.state != ClaimState.RELEASED or held.attempt != attempt:
                return str(held.state) if held is not None else "unknown claim"
            if outcome.stands:
                _change(tx, claim.id, ClaimState.PAID, "", now, paid_at=now, due_at=None, reason="")
                return ClaimState.PAID.value
            # The refusal is stored under this attempt for good; the next one asks anew, once staff have looked. Where
            # another transfer has this id, money has moved for the claim already; a new attempt would move it twice.
            again = 0 if outcome is Outcome.ID_REUSED else 1
            refused = {"reason": outcome.name.lower(), "attempt": attempt + again, "due_at": now + REFUSED_PAUSE}
            _change(tx, claim.id, ClaimState.RELEASED, "", now, note=outcome.name.lower(), **refused)
            return outcome.name.lower()

        return await self._store.write(work)


def _held(tx: Connection, claim_id: str) -> Row[Any] | None:
    return tx.execute(select(claims).where(claims.c.id == claim_id).with_for_update(key_share=True)).one_or_none()


def _change(
    tx: Connection,
    claim_id: str,
    state: ClaimState,
    staff_id: str,
    now: datetime,
    *,
    note: str = "",
    **values: object,
) -> None:
    tx.execute(update(claims).where(claims.c.id == claim_id).values(state=state, **values))
    add_change(tx, claim_id, state, staff_id, note, now)
