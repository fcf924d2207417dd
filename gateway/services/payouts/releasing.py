"""From agreed to running: what is signed is verified, budget and cover are held, and only then is anything paid."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, assert_never

from sqlalchemy import Connection, Row, select, update

from gateway.observe import log
from gateway.services.payouts import pieces
from gateway.services.payouts.answers import HeldReason, PayoutOutcome, Stop
from gateway.services.payouts.book import STAFF, Log, asset_of, change, held
from gateway.services.payouts.budgets import Budgets
from gateway.services.payouts.drafting import APPROVAL_KIND, FREEZE_PAGE
from gateway.services.payouts.model import BatchState, ItemState, PayoutResult, Rail
from gateway.services.payouts.rules import SEQ_MAX
from gateway.services.payouts.tables import IS_FROZEN, ITEMS
from gateway.services.payouts.wording import texts, title
from gateway.services.signing.model import Document, ProofOutcome
from wallet.money import Money

DOCUMENT_KIND = APPROVAL_KIND
SIGNATORY = "signatory"
LOOK_AGAIN = timedelta(seconds=15)
"""How often a batch that waits for its signatures is looked at, besides when they are told to come."""
_STOPS = {
    ProofOutcome.REFUSED: Stop.SIGNATURE_REFUSED,
    ProofOutcome.EXPIRED: Stop.SIGNATURE_EXPIRED,
    ProofOutcome.DIFFERS: Stop.SIGNATURE_DIFFERS,
    ProofOutcome.INVALID: Stop.SIGNATURE_INVALID,
}


class Releasing(Budgets):
    """Verbs and steps of the release."""

    async def approved(self, batch_id: str, approval_id: str) -> str:
        """Enough people have agreed. Executor of APPROVAL_KIND; harmless twice."""
        makers = await self._parts.proposals.deciders(approval_id)
        now = self._clock.now()

        def work(tx: Connection) -> str:
            row = held(tx, batch_id)
            if row is None or row.state != BatchState.LOCKED or row.approval_id not in {"", approval_id}:
                return "unknown batch" if row is None else str(row.state)
            if not row.manifest:
                return "not frozen"
            mine = (ITEMS.c.batch_id == batch_id) & (ITEMS.c.state == ItemState.RECEIVED.value) & IS_FROZEN
            tx.execute(update(ITEMS).where(mine).values(state=ItemState.APPROVED.value, changed_at=now))
            log = Log(tx, row, f"approval {approval_id}", now)
            log.items(1, SEQ_MAX, "", ItemState.RECEIVED.value, ItemState.APPROVED.value)
            everybody = sorted({*row.makers, *makers})
            log.batch(BatchState.APPROVED, approval_id=approval_id, makers=everybody, approved_at=now, due_at=now)
            return BatchState.APPROVED.value

        return await self._store.write(work)

    async def signed(self, batch_id: str, document_id: str) -> str:
        """A document of ours was signed or refused; the worker looks at once. Executor of the signing service."""
        await self._due(batch_id, self._clock.now())
        return f"{document_id} is looked at"

    async def retry(self, batch_id: str, staff_id: str) -> PayoutResult:
        """Try the release again, after budget or cover came in, or a signature was asked for too late."""
        again = {Stop.NO_BUDGET, Stop.NO_COVER, Stop.SIGNATURE_EXPIRED, Stop.SIGNATURE_INVALID}
        now = self._clock.now()

        def work(tx: Connection) -> PayoutResult:
            row = held(tx, batch_id)
            if row is None:
                return PayoutResult(PayoutOutcome.UNKNOWN)
            if row.state != BatchState.APPROVED or row.stopped not in again:
                return PayoutResult(PayoutOutcome.WRONG_STATE)
            Log(tx, row, STAFF, now, staff_id).batch(BatchState.APPROVED, "retried", stopped="", due_at=now)
            return PayoutResult(PayoutOutcome.OK)

        return await self._store.write(work)

    async def pause(self, batch_id: str, staff_id: str, reason: str = "") -> PayoutResult:
        """Hand over nothing more; what is under way goes on."""
        return await self._move(
            batch_id,
            frozenset({BatchState.RUNNING}),
            BatchState.PAUSED,
            staff_id=staff_id,
            reason=reason[:200],
            stopped=Stop.BY_STAFF.value,
            due_at=None,
        )

    async def resume(self, batch_id: str, staff_id: str) -> PayoutResult:
        """Go on, if what was signed is still what is paid."""
        row = await self._row(batch_id)
        if row is None or row.state != BatchState.PAUSED:
            return PayoutResult(PayoutOutcome.UNKNOWN if row is None else PayoutOutcome.WRONG_STATE)
        proof = await self._proof(row)
        if proof is not ProofOutcome.SIGNED:
            outcome = PayoutOutcome.SIGNATURE_DIFFERS if proof is ProofOutcome.DIFFERS else PayoutOutcome.NOT_SIGNED
            return PayoutResult(outcome)
        now = self._clock.now()
        return await self._move(
            batch_id, frozenset({BatchState.PAUSED}), BatchState.RUNNING, staff_id=staff_id, stopped="", due_at=now
        )

    async def _release(self, row: Row[Any]) -> int:
        """One look at an agreed batch: signatures, then hold, then it runs; 1 if it does."""
        now = self._clock.now()
        if row.cool_until is not None and row.cool_until > now:
            await self._due(row.id, row.cool_until)
            return 0
        proof = await self._proof(row)
        if proof is ProofOutcome.UNKNOWN:
            await self._parts.signing.ask(self._document(row))
            proof = await self._proof(row)
        match proof:
            case ProofOutcome.UNKNOWN | ProofOutcome.WAITING:
                await self._due(row.id, now + LOOK_AGAIN)
                return 0
            case ProofOutcome.SIGNED:
                return int(await self._hold(row) and await self._run(row))
            case ProofOutcome.EXPIRED if not row.stopped:
                # Asked for anew, once; whoever has just retried it means that.
                await self._parts.signing.ask(self._document(row), anew=True)
                proof = await self._proof(row)
                if proof in {ProofOutcome.WAITING, ProofOutcome.SIGNED}:
                    await self._due(row.id, now)
                    return 1
                await self._stopped(row, Stop.SIGNATURE_EXPIRED)
                return 0
            case ProofOutcome.REFUSED | ProofOutcome.EXPIRED | ProofOutcome.DIFFERS | ProofOutcome.INVALID:
                await self._stopped(row, _STOPS[proof])
                return 0
            case _ as never:
                assert_never(never)

    async def _proof(self, row: Row[Any]) -> ProofOutcome:
        """What the signatures prove of the rows as they are stored now, never of the hash that stands beside them."""
        manifest = await self.digest(row.id, row.asset)
        digest = manifest.digest()
        if digest != row.manifest:
            log(service="payouts").warning("payout_rows_changed", batch_id=row.id)
            return ProofOutcome.DIFFERS
        return await self._parts.signing.proof(DOCUMENT_KIND, row.id, digest)

    def _document(self, row: Row[Any]) -> Document:
        total, label = Money(row.manifest_minor, asset_of(row)), f"B{row.number}"
        return Document(
            kind=DOCUMENT_KIND,
            subject=row.id,
            digest=row.manifest,
            texts=texts(label, row.manifest_count, total),
            title=title(label, row.name),
            made_by=frozenset(one for one in row.makers if one),
            roles=frozenset({SIGNATORY}),
            amount=total,
            expires_at=self._clock.now() + timedelta(days=self._settings.payout_sign_days),
        )

    async def _run(self, row: Row[Any]) -> bool:
        """Nothing is posted yet: who has said NO to a change since the manifest was signed is left out of it here."""
        now = self._clock.now()
        stopped = await self._stopped_payees(row.id)

        def work(tx: Connection) -> bool:
            mine = held(tx, row.id)
            if mine is None or mine.state != BatchState.APPROVED or mine.hold != "asked":
                return False
            left_out = Log(tx, mine, "payees", now)
            for rail, items in stopped.items():
                pieces.not_paid(tx, mine, left_out, items, rail, now)
            entry = Log(tx, held(tx, row.id) or mine, "signatures", now)
            entry.batch(BatchState.RUNNING, hold="held", released_at=now, due_at=now, stopped="")
            return True

        return await self._store.write(work)

    async def _stopped_payees(self, batch_id: str) -> Mapping[Rail, pieces.Refused]:
        """Items of people who are paid nothing for now: the manifest may name the account of whoever robbed them."""
        found: defaultdict[Rail, list[tuple[Row[Any], str]]] = defaultdict(list)
        mine = (ITEMS.c.batch_id == batch_id) & (ITEMS.c.state == ItemState.APPROVED.value)
        query, after = select(*pieces.COLUMNS, ITEMS.c.rail).where(mine).order_by(ITEMS.c.seq), 0
        while page := await self._store.read(query.where(ITEMS.c.seq > after).limit(FREEZE_PAGE)):
            frozen = await self._parts.mapper.frozen({one.person_id for one in page if one.person_id})
            for one in page if frozen else ():
                if one.person_id in frozen:
                    found[Rail(one.rail)].append((one, HeldReason.PAYEE_FROZEN.value))
            after = page[-1].seq
        return found

    async def _stopped(self, row: Row[Any], stop: Stop) -> None:
        """It does not go on by itself: refused for good, or waiting for staff, or paused in the middle."""
        now = self._clock.now()
        final = stop in {Stop.SIGNATURE_REFUSED, Stop.SIGNATURE_DIFFERS}
        log(service="payouts").warning("payout_stopped", batch_id=row.id, stop=stop.value)

        def work(tx: Connection) -> bool:
            mine = held(tx, row.id)
            if mine is None or mine.state not in {BatchState.APPROVED, BatchState.RUNNING}:
                return False
            entry = Log(tx, mine, "signatures", now)
            if mine.state == BatchState.RUNNING:
                entry.batch(BatchState.PAUSED, stop.value, stopped=stop.value, due_at=None)
                return False
            if final and mine.hold in {"", "over"}:
                entry.batch(BatchState.REFUSED, stop.value, stopped=stop.value, due_at=now, finished_at=now)
                return True
            entry.batch(BatchState.APPROVED, stop.value, stopped=stop.value, due_at=None)
            return False

        if await self._store.write(work):
            await self._give_up(row.id)

    async def _due(self, batch_id: str, at: datetime | None) -> None:
        await self._store.write(lambda tx: change(tx, batch_id, due_at=at))
