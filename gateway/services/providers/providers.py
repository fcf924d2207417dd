"""The money of fees: by intent, post and outcome to the provider's account, and from there to a batch."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Connection, func, select, update

from gateway.observe import log
from gateway.services.payouts.model import Debit, Due
from gateway.services.payouts.ports import Verdict
from gateway.services.providers.book import add_change, fee_of, held
from gateway.services.providers.drafts import Drafts
from gateway.services.providers.fees import change_fee
from gateway.services.providers.model import CoPayment, Fee, FeeState, Provider, Visit
from gateway.services.providers.tables import fees, providers
from gateway.services.telling import Tell
from wallet.ids import transfer_id
from wallet.money import IRR, Money
from wallet.transfers import Outcome, PostResult, Transfer, TransferCode

SHARE_LEG, FEE_LEG = "share", "fee"
REFUSED_PAUSE = timedelta(hours=1)
"""How long a refused transfer of a fee rests before it is tried anew."""
SWEEP_PAGE = 200
PURPOSE = "HLTI"
"""ISO 20022 external purpose code: health insurance."""


class Providers(Drafts):
    """Doctors and health centres: registered, visited, billed, paid."""

    async def settle(self, fee_id: str) -> FeeState | None:
        """Move an approved fee's money to the provider's account; harmless twice. Its state, None for no fee."""
        fee = await self.fee(fee_id)
        if fee is None or fee.state is not FeeState.APPROVED:
            return fee.state if fee else None
        provider, visit = await self.by_id(fee.provider_id), await self.visit(fee.visit_id)
        assert provider is not None, "a fee has a provider"
        assert visit is not None, "a fee has a visit"
        attempt = await self._attempt(fee_id)
        took = await self._take_share(fee, visit)
        result = await self._owe(fee, provider, attempt)
        now = self._clock.now()
        if result is not None and not result.outcome.stands:
            await self._rest(fee, result.outcome, attempt, now)
            return FeeState.APPROVED
        done = replace(fee, co_payment=took)
        state = FeeState.OWED if done.owed.minor else FeeState.PAID
        tells = await self._worded(done, provider, visit)

        def work(tx: Connection) -> FeeState:
            row = held(tx, fees, fee_id)
            assert row is not None, "fees are never deleted"
            if row.state != FeeState.APPROVED or row.attempt != attempt:
                return FeeState(row.state)
            paid_at = now if state is FeeState.PAID else None
            change_fee(tx, fee_id, state, "", now, co_payment=took, due_at=None, paid_at=paid_at)
            for tell in tells:
                tell(tx)
            return state

        return await self._store.write(work)

    async def sweep(self) -> int:
        """Settle what was approved, and close visits that nobody billed; how many."""
        now = self._clock.now()
        waiting = select(fees.c.id).where(fees.c.due_at.is_not(None), fees.c.due_at <= now)
        rows = await self._store.read(waiting.order_by(fees.c.due_at).limit(SWEEP_PAGE))
        settled = [await self.settle(row.id) for row in rows]
        expired = await self.expire_visits()
        await self.tidy_drafts()
        return sum(state is not FeeState.APPROVED for state in settled) + expired

    async def owed(self, provider_id: str) -> Money:
        """What waits for a batch."""
        share = func.sum(fees.c.share_minor).filter(fees.c.co_payment == CoPayment.WALLET)
        mine = (fees.c.provider_id == provider_id) & (fees.c.state == FeeState.OWED)
        rows = await self._store.read(select(func.sum(fees.c.covered_minor), share).where(mine))
        return Money(sum(int(value or 0) for value in rows[0]), IRR)

    async def due(self, *, after: str, limit: int) -> Sequence[Due]:
        """Fees that are owed and in no batch."""
        free = (fees.c.state == FeeState.OWED) & (fees.c.batch_id == "") & (fees.c.id > after)
        query = select(fees, providers.c.name, providers.c.iban).join(providers).where(free).order_by(fees.c.id)
        return [
            Due(
                source_id=row.id,
                person_id="",
                name=row.name,
                iban=row.iban,
                amount=fee_of(row).owed,
                debit=Debit("provider_payable", row.provider_id),
                code=TransferCode.PROVIDER_FEE,
                purpose=PURPOSE,
            )
            for row in await self._store.read(query.limit(limit))
        ]

    async def taken(self, source_ids: Sequence[str], batch_id: str) -> Sequence[str]:
        """Reserve for a batch; those that were free or are this batch's already."""

        def work(tx: Connection) -> Sequence[str]:
            free = fees.c.id.in_(source_ids) & (fees.c.state == FeeState.OWED)
            tx.execute(update(fees).where(free, fees.c.batch_id == "").values(batch_id=batch_id))
            mine = select(fees.c.id).where(free, fees.c.batch_id == batch_id).order_by(fees.c.id)
            return list(tx.execute(mine).scalars())

        return await self._store.write(work)

    async def left(self, source_ids: Sequence[str], batch_id: str) -> None:
        """The batch gives them up."""
        mine = fees.c.id.in_(source_ids) & (fees.c.batch_id == batch_id) & (fees.c.state == FeeState.OWED)
        await self._store.write(lambda tx: tx.execute(update(fees).where(mine).values(batch_id="")).rowcount)

    async def ended(self, source_id: str, verdict: Verdict, item_id: str, at: datetime) -> None:
        """What came of a fee in its batch."""
        moves: dict[Verdict, tuple[tuple[FeeState, ...], FeeState, dict[str, object]]] = {
            Verdict.PAID: ((FeeState.OWED, FeeState.RETURNED), FeeState.PAID, {"paid_at": at}),
            Verdict.NOT_PAID: ((FeeState.OWED,), FeeState.OWED, {"batch_id": ""}),
            Verdict.RETURNED: ((FeeState.PAID,), FeeState.RETURNED, {"paid_at": None}),
        }
        before, after, values = moves[verdict]

        def work(tx: Connection) -> None:
            row = held(tx, fees, source_id)
            if row is not None and row.state in before:
                change_fee(tx, source_id, after, "", at, note=item_id, **values)

        await self._store.write(work)

    async def _attempt(self, fee_id: str) -> int:
        rows = await self._store.read(select(fees.c.attempt).where(fees.c.id == fee_id))
        return int(rows[0].attempt)

    async def _take_share(self, fee: Fee, visit: Visit) -> CoPayment:
        """The patient's share, from the wallet where the PIN that opened the visit agreed to it."""
        if fee.co_payment is not CoPayment.WAITING:
            return fee.co_payment
        if visit.opened_by:
            return CoPayment.CASH
        wallet = self._parts.chart.account("wallet", fee.person_id, fee.share.asset)
        payable = self._parts.chart.account("provider_payable", fee.provider_id, fee.share.asset)
        await self._parts.ledger.open_accounts(wallet, payable)
        # Always attempt 0: what the wallet has once refused is asked for at the desk and never taken later.
        id_ = transfer_id(fee.id, SHARE_LEG, 0)
        share = Transfer(id_, wallet.id, payable.id, fee.share, TransferCode.CO_PAYMENT, fee.id)
        outcome = (await self._parts.ledger.post(share))[0].outcome
        if outcome is Outcome.ID_REUSED:
            log(service="providers").error("share_differs", fee_id=fee.id)
        return CoPayment.WALLET if outcome.stands else CoPayment.CASH

    async def _owe(self, fee: Fee, provider: Provider, attempt: int) -> PostResult | None:
        """The institution's share; None where there is none."""
        if not fee.covered.minor:
            return None
        expense = self._parts.chart.account("fee_expense", provider.kind.value, fee.covered.asset)
        payable = self._parts.chart.account("provider_payable", provider.id, fee.covered.asset)
        await self._parts.ledger.open_accounts(expense, payable)
        id_ = transfer_id(fee.id, FEE_LEG, attempt)
        owed = Transfer(id_, expense.id, payable.id, fee.covered, TransferCode.PROVIDER_FEE, fee.id)
        return (await self._parts.ledger.post(owed))[0]

    async def _rest(self, fee: Fee, outcome: Outcome, attempt: int, now: datetime) -> None:
        """The refusal is stored for good under this attempt; the next one asks anew, once staff have looked."""
        log(service="providers").warning("fee_refused", fee_id=fee.id, outcome=outcome.name)
        again = 0 if outcome is Outcome.ID_REUSED else 1
        values = {"reason": outcome.name.lower(), "attempt": attempt + again, "due_at": now + REFUSED_PAUSE}

        def work(tx: Connection) -> None:
            row = held(tx, fees, fee.id)
            if row is not None and row.state == FeeState.APPROVED and row.attempt == attempt:
                tx.execute(update(fees).where(fees.c.id == fee.id).values(**values))
                add_change(tx, fee.id, FeeState.APPROVED.value, "", outcome.name.lower(), now)

        await self._store.write(work)

    async def _worded(self, fee: Fee, provider: Provider, visit: Visit) -> list[Tell]:
        """What patient and provider are told: who pays which part."""
        told = []
        if fee.share.minor:
            taken = "share_taken" if fee.co_payment is CoPayment.WALLET else "share_at_desk"
            patient = await self._patient(fee.person_id)
            told.append(await self._to_patient(taken, fee.id, patient, amount=fee.share))
        told.append(await self._to_provider("fee_owed", fee.id, provider, number=visit.number, amount=fee.owed))
        return told
