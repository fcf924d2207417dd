"""The front door of this service."""

from datetime import timedelta

from sqlalchemy import select

from gateway.services.payments.claim_codes import SWEEP_PAGE, ClaimCodes
from gateway.services.payments.intents import Ask
from gateway.services.payments.invoices import Invoices
from gateway.services.payments.model import Payment, PaymentKind, PaymentState, PayOutcome, PayResult
from gateway.services.payments.records import payment_of
from gateway.services.payments.sending import Sending
from gateway.services.payments.tables import payments
from wallet.money import Money


class Payments(Invoices, Sending, ClaimCodes):
    """Moves money for people, by intent, post and outcome."""

    async def cash_in(self, person_id: str, amount: Money, branch: str, staff_id: str, form_key: str) -> PayResult:
        """Notes taken in at a branch, to the wallet.

        Raises:
            BadInput: The amount is not positive.
            Conflict: That `form_key` belongs to another payment.
        """
        same = {"amount": amount, "branch": branch, "staff_id": staff_id}
        ask = Ask(PaymentKind.CASH_IN, person_id, form_key, same)
        known = await self._known(ask)
        if known is not None:
            return await self._result(known)
        refused = self._over(amount, self._settings.cash_in_max_minor)
        if refused is not None:
            return refused
        person = await self._people.by_id(person_id)
        if person is None or not person.enrolled:
            return PayResult(PayOutcome.NOT_ENROLLED)
        draft = self._draft(ask, amount, prefix="csh", branch=branch, staff_id=staff_id)
        return await self._result(await self._begin(ask, lambda _tx: draft))

    async def by_id(self, payment_id: str) -> Payment | None:
        """The payment with this id."""
        return await self._payment(payments.c.id == payment_id)

    async def by_reference(self, reference: str) -> Payment | None:
        """The payment with this reference."""
        return await self._payment(payments.c.reference == reference.strip())

    async def payments_of(self, person_id: str, *, limit: int, before: str = "") -> list[Payment]:
        """A person's payments, newest first, of ids before `before`."""
        query = select(payments).where(payments.c.person_id == person_id).order_by(payments.c.id.desc()).limit(limit)
        if before:
            query = query.where(payments.c.id < before)
        return [payment_of(row) for row in await self._store.read(query)]

    async def sweep(self) -> int:
        """Send back what nobody claimed in time and finish what a crash left; how many."""
        before = self._clock.now() - timedelta(seconds=self._settings.sweep_after_s)
        left = select(payments).where(payments.c.state == PaymentState.INTENT, payments.c.created_at < before)
        finished = [
            await self._finish(payment_of(row))
            for row in await self._store.read(left.order_by(payments.c.created_at).limit(SWEEP_PAGE))
        ]
        return len(finished) + await self._return_expired()
