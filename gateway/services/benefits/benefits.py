"""Decisions about claims, and their payment by intent, post and outcome."""

from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, select, update
from sqlalchemy.exc import IntegrityError

from gateway.observe import log
from gateway.services.benefits.attesting import Attesting
from gateway.services.benefits.kinds import KINDS
from gateway.services.benefits.model import OPEN, Claim, ClaimState, DecisionOutcome, ObjectOutcome, Why
from gateway.services.benefits.records import change, claim_of, cover, covered, held, uncover
from gateway.services.benefits.tables import claims
from wallet.ids import transfer_id
from wallet.transfers import Outcome, Transfer, TransferCode

RELEASE_KIND = "benefit_release"
"""Kind of the approval by which a second person releases a benefit; its subject is the claim's id."""

EXPENSE = "benefit_expense"
LEG = "release"
REFUSED_PAUSE = timedelta(hours=1)
COOLS = "payee_cools"
"""Why a released claim waits: whoever has just taken the person's phone or PIN does not get it."""
SWEEP_PAGE = 100


class Benefits(Attesting):
    """Claims: submitted, approved by one, released by another, paid.

    An approved claim goes out by one of two doors: the urgent one, `release`, which a second person opens for this
    claim alone, or a payout batch (`source`). Each takes the claim out of APPROVED under the lock of its row, so that
    the second to come finds it gone.
    """

    async def approve(self, claim_id: str, officer: str) -> DecisionOutcome:
        """Approve; proposes the release to a second person. `officer` is a staff id."""
        now = self._clock.now()

        def work(tx: Connection) -> DecisionOutcome | Claim:
            row = held(tx, claim_id)
            no = _undecidable(row, officer)
            if row is None or no is not None:
                return no or DecisionOutcome.UNKNOWN
            if row.amount_minor <= 0:
                return DecisionOutcome.NO_AMOUNT
            decided: dict[str, Any] = {"decided_by": officer, "decided_at": now, "due_at": now, "why": "", "reason": ""}
            change(tx, claim_id, ClaimState.APPROVED, officer, now, **decided)
            return claim_of(row)

        decided = await self._store.write(work)
        if isinstance(decided, DecisionOutcome):
            return decided
        await self._propose(decided, officer)
        return DecisionOutcome.OK

    async def reject(self, claim_id: str, officer: str, reason: str, why: Why = Why.OTHER) -> DecisionOutcome:
        """Reject, saying why; its days are free for another claim, and the person is told what to do next."""
        claim, now = await self.by_id(claim_id), self._clock.now()
        if claim is None:
            return DecisionOutcome.UNKNOWN
        final = bool(claim.first_officer)
        until = now + timedelta(days=self._settings.objection_days)
        class_ = "claim_refused_again" if final else f"claim_refused_{why.value}"
        tell = await self._notice(claim, class_, until=until.astimezone(self._zone).date())

        def work(tx: Connection) -> DecisionOutcome:
            row = held(tx, claim_id)
            no = _undecidable(row, officer)
            if row is None or no is not None:
                return no or DecisionOutcome.UNKNOWN
            decided = {"decided_by": officer, "decided_at": now, "reason": reason, "why": why}
            decided["first_officer"] = row.first_officer or officer
            change(tx, claim_id, ClaimState.REJECTED, officer, now, note=reason, **decided)
            uncover(tx, claim_id)
            if tell is not None:
                tell(tx)
            return DecisionOutcome.OK

        return await self._store.write(work)

    async def object_to(self, person_id: str, digits: str) -> ObjectOutcome:
        """The person does not agree with a refusal: another officer than the first decides anew."""
        claim, now = await self.own_claim(person_id, digits), self._clock.now()
        if claim is None:
            return ObjectOutcome.UNKNOWN
        tell = await self._notice(claim, "objection_received")

        def work(tx: Connection) -> ObjectOutcome:
            row = held(tx, claim.id)
            no = self._no_objection(row)
            if row is None or no is not None:
                return no or ObjectOutcome.UNKNOWN
            if covered(tx, claim):
                return ObjectOutcome.OVERLAP
            undecided = {"decided_by": "", "decided_at": None, "reason": "", "why": ""}
            change(tx, claim.id, ClaimState.OBJECTED, "", now, note="objection", **undecided)
            cover(tx, claim)
            if tell is not None:
                tell(tx)
            return ObjectOutcome.OK

        try:
            return await self._store.write(work)
        except IntegrityError:
            return ObjectOutcome.OVERLAP

    def objection_until(self, claim: Claim) -> date | None:
        """Until when a refused claim may be objected to; None if it may not, as far as the claim alone says."""
        if claim.state is not ClaimState.REJECTED or claim.decided_by != claim.first_officer or not claim.decided_at:
            return None
        until = claim.decided_at + timedelta(days=self._settings.objection_days)
        return until.astimezone(self._zone).date() if self._clock.now() < until else None

    async def release(self, claim_id: str, approval_id: str) -> str:
        """Pay: benefit expense to wallet. Executor of RELEASE_KIND; harmless twice. Returns `paid` or the refusal."""
        now = self._clock.now()

        def work(tx: Connection) -> Row[Any] | None:
            row = held(tx, claim_id)
            if row is not None and row.state == ClaimState.APPROVED and row.approval_id != approval_id:
                due = now + timedelta(seconds=self._settings.sweep_after_s)
                change(tx, claim_id, ClaimState.RELEASED, "", now, approval_id=approval_id, due_at=due)
                return held(tx, claim_id)
            return row

        row = await self._store.write(work)
        if row is None:
            return "unknown claim"
        return await self._pay(row) if row.state == ClaimState.RELEASED else str(row.state)

    async def release_refused(self, claim_id: str, approval_id: str) -> str:
        """The second person has refused: the claim waits for a decision again. Refuser of RELEASE_KIND."""
        now = self._clock.now()

        def work(tx: Connection) -> str:
            row = held(tx, claim_id)
            if row is None or row.state != ClaimState.APPROVED or row.approval_id == approval_id:
                return "nothing to take back"
            undecided = {"decided_by": "", "decided_at": None, "approval_id": approval_id, "due_at": None}
            again = ClaimState.OBJECTED if row.first_officer else ClaimState.SUBMITTED
            change(tx, claim_id, again, "", now, note="release refused", **undecided)
            return "waits again"

        return await self._store.write(work)

    async def sweep(self) -> int:
        """Finish attestations, releases and proposals that time or a crash left; how many."""
        now = self._clock.now()
        approved = (claims.c.state == ClaimState.APPROVED) & (
            claims.c.due_at < now - timedelta(seconds=self._settings.sweep_after_s)
        )
        due = claims.c.state.in_((ClaimState.RELEASED, ClaimState.ATTESTING)) & (claims.c.due_at < now)
        query = select(claims).where(claims.c.due_at.is_not(None), approved | due)
        done = 0
        for row in await self._store.read(query.order_by(claims.c.due_at).limit(SWEEP_PAGE)):
            if row.state == ClaimState.APPROVED:
                await self._propose(claim_of(row), row.decided_by)
                done += 1
            elif row.state == ClaimState.ATTESTING:
                done += await self._attested(row)
            else:
                done += await self._pay(row) == ClaimState.PAID
        return done

    async def _propose(self, claim: Claim, officer: str) -> None:
        payload = {"number": claim.number, "person_id": claim.person_id, "amount": str(claim.amount)}
        await self._proposals.propose(RELEASE_KIND, claim.id, payload, officer, amount=claim.amount)
        proposed = update(claims).where(claims.c.id == claim.id, claims.c.state == ClaimState.APPROVED)
        await self._store.write(lambda tx: tx.execute(proposed.values(due_at=None)).rowcount)

    async def _pay(self, row: Row[Any]) -> str:
        claim, attempt = claim_of(row), row.attempt
        payee = await self._payees.resolve(claim.person_id)
        if payee is not None and payee.cool_until is not None:
            return await self._cools(claim.id, payee.cool_until)
        expense = self._chart.account(EXPENSE, KINDS[claim.kind].name, claim.amount.asset)
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
            row = held(tx, claim.id)
            if row is None or row.state != ClaimState.RELEASED or row.attempt != attempt:
                return str(row.state) if row is not None else "unknown claim"
            if outcome.stands:
                change(tx, claim.id, ClaimState.PAID, "", now, paid_at=now, due_at=None, reason="")
                return ClaimState.PAID.value
            # The refusal is stored under this attempt for good; the next one asks anew, once staff have looked. Where
            # another transfer has this id, money has moved for the claim already; a new attempt would move it twice.
            again = 0 if outcome is Outcome.ID_REUSED else 1
            refused = {"reason": outcome.name.lower(), "attempt": attempt + again, "due_at": now + REFUSED_PAUSE}
            change(tx, claim.id, ClaimState.RELEASED, "", now, note=outcome.name.lower(), **refused)
            return outcome.name.lower()

        return await self._store.write(work)

    async def _cools(self, claim_id: str, until: datetime) -> str:
        """Look again when it has cooled, and each hour, for staff may have looked earlier."""
        now = self._clock.now()
        again = {"due_at": min(until, now + REFUSED_PAUSE), "reason": COOLS}

        def work(tx: Connection) -> str:
            row = held(tx, claim_id)
            if row is None or row.state != ClaimState.RELEASED:
                return str(row.state) if row is not None else "unknown claim"
            if row.reason == COOLS:
                tx.execute(update(claims).where(claims.c.id == claim_id).values(**again))
            else:
                change(tx, claim_id, ClaimState.RELEASED, "", now, note=COOLS, **again)
            return COOLS

        return await self._store.write(work)

    def _no_objection(self, row: Row[Any] | None) -> ObjectOutcome | None:
        if row is None:
            return ObjectOutcome.UNKNOWN
        if row.state != ClaimState.REJECTED:
            return ObjectOutcome.NOT_REFUSED
        if row.decided_by != row.first_officer:
            return ObjectOutcome.TWICE
        return None if self.objection_until(claim_of(row)) else ObjectOutcome.TOO_LATE


def _undecidable(row: Row[Any] | None, officer: str) -> DecisionOutcome | None:
    if row is None:
        return DecisionOutcome.UNKNOWN
    if row.state not in OPEN:
        return DecisionOutcome.NOT_PENDING
    return DecisionOutcome.SAME_OFFICER if row.first_officer == officer else None
