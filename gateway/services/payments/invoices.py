"""Contribution invoices: made by staff or by the month's job, paid from the wallet once."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from gateway.errors import BadInput, Conflict
from gateway.services.payments.intents import Ask, Intents
from gateway.services.payments.model import Invoice, InvoiceState, Payment, PaymentKind, PayOutcome, PayResult
from gateway.services.payments.ports import Progress
from gateway.services.payments.records import invoice_of
from gateway.services.payments.rules import is_period
from gateway.services.payments.tables import invoices, payments
from wallet.ids import new_id
from wallet.money import Money, irr

INVOICES_JOB = "make_invoices"
"""Kind of the job that `make_invoices_job` does; params: {"period": "1405-08"}."""

INVOICES_PAGE = 200
LEG = "pay"
PAY_TRIES_MAX = 4


class Invoices(Intents):
    """What people owe."""

    async def invoices_of(self, person_id: str, *, limit: int = 20) -> list[Invoice]:
        """A person's unpaid invoices, oldest period first."""
        query = select(invoices).where(invoices.c.person_id == person_id, invoices.c.state != InvoiceState.PAID)
        return [invoice_of(row) for row in await self._store.read(query.order_by(invoices.c.period).limit(limit))]

    async def invoice(self, invoice_id: str) -> Invoice | None:
        """The invoice with this id."""
        rows = await self._store.read(select(invoices).where(invoices.c.id == invoice_id))
        return invoice_of(rows[0]) if rows else None

    async def months_paid(self, person_id: str, since: str) -> int:
        """How many months are paid, from a period on."""
        paid = (invoices.c.state == InvoiceState.PAID) & (invoices.c.period >= since)
        query = select(func.count()).select_from(invoices).where(invoices.c.person_id == person_id, paid)
        return int((await self._store.read(query))[0][0])

    async def unpaid(self, period: str, *, after: str, limit: int) -> list[Invoice]:
        """Open invoices of a month in order of their ids, from after id `after`."""
        query = select(invoices).where(invoices.c.period == period, invoices.c.state == InvoiceState.OPEN)
        page = query.where(invoices.c.id > after).order_by(invoices.c.id).limit(limit)
        return [invoice_of(row) for row in await self._store.read(page)]

    async def make_invoice(self, person_id: str, period: str, amount: Money, made_by: str) -> Invoice:
        """Make a contribution invoice; one for each person and period, whoever asks how often.

        Raises:
            BadInput: The period is not `YYYY-MM`, or the amount is not positive.
        """
        row = self._invoice_row(person_id, period, amount, made_by, self._clock.now())
        one = (invoices.c.person_id == person_id) & (invoices.c.period == period)

        def work(tx: Connection) -> Invoice:
            _insert_each(tx, [row])
            return invoice_of(tx.execute(select(invoices).where(one)).one())

        return await self._store.write(work)

    async def make_invoices_job(self, job: Progress, params: Mapping[str, str]) -> str:
        """The job INVOICES_JOB: this month's contribution invoice for everybody who owes one, in pages.

        Raises:
            BadInput: The period is not `YYYY-MM`.
        """
        period, amount = params.get("period", ""), irr(self._settings.contribution_monthly_minor)
        if not is_period(period):
            raise BadInput("the job needs a month, as 1405-08")
        total, after = await self._people.count_active(), job.cursor
        done = await self._made_by(job.id)
        while page := await self._people.active_ids(after=after, limit=INVOICES_PAGE):
            now = self._clock.now()
            rows = [self._invoice_row(person_id, period, amount, job.id, now) for person_id in page]
            await self._store.write(lambda tx, rows=rows: _insert_each(tx, rows))  # type: ignore[misc]
            done, after = done + len(page), page[-1]
            await job.progress(done, max(total, done), after)
        return f"{await self._made_by(job.id)} invoices for {period}"

    async def pay_invoice(self, person_id: str, invoice_id: str, call_key: str) -> PayResult:
        """Wallet to contribution income.

        Raises:
            Conflict: That `call_key` belongs to another payment, or the invoice is being paid over and over elsewhere.
        """
        ask = Ask(PaymentKind.CONTRIBUTION, person_id, call_key, {"cause": invoice_id})
        known = await self._known(ask)
        if known is not None:
            return await self._result(known)
        for _ in range(PAY_TRIES_MAX):
            begun = await self._begin(ask, lambda tx: self._plan_invoice(tx, ask, invoice_id))
            if isinstance(begun, PayOutcome):
                return PayResult(begun)
            if isinstance(begun, Payment):
                return await self._result(begun)
            # Another call holds the invoice, or a crash has left it held: finish that one, then look again.
            other = await self._payment(payments.c.id == begun)
            assert other is not None, "an invoice is held by a payment that is stored"
            await self._finish(other)
        raise Conflict("the invoice is being paid elsewhere")

    def _plan_invoice(self, tx: Connection, ask: Ask, invoice_id: str) -> Payment | PayOutcome | str:
        query = select(invoices).where(invoices.c.id == invoice_id).with_for_update(key_share=True)
        row = tx.execute(query).one_or_none()
        if row is None or row.person_id != ask.person_id:
            return PayOutcome.UNKNOWN
        match InvoiceState(row.state):
            case InvoiceState.PAID:
                return PayOutcome.ALREADY_PAID
            case InvoiceState.PAYING:
                return str(row.payment_id)
            case InvoiceState.OPEN:
                draft = self._draft(ask, invoice_of(row).amount, cause=invoice_id, leg=LEG, attempt=row.attempt)
                held = update(invoices).where(invoices.c.id == invoice_id)
                tx.execute(held.values(state=InvoiceState.PAYING, payment_id=draft.id))
                return draft

    def _invoice_row(
        self, person_id: str, period: str, amount: Money, made_by: str, now: datetime
    ) -> dict[str, object]:
        if not is_period(period) or amount.minor < 1:
            raise BadInput("an invoice needs a month, as 1405-08, and a positive amount")
        return {
            "id": new_id("inv", self._clock),
            "person_id": person_id,
            "period": period,
            "amount_minor": amount.minor,
            "asset": amount.asset.code,
            "state": InvoiceState.OPEN,
            "made_by": made_by,
            "made_at": now,
            "paid_at": None,
            "attempt": 0,
            "payment_id": "",
        }

    async def _made_by(self, job_id: str) -> int:
        query = select(func.count()).select_from(invoices).where(invoices.c.made_by == job_id)
        return int((await self._store.read(query))[0][0])


def _insert_each(tx: Connection, rows: list[dict[str, object]]) -> None:
    """Insert the rows that are not there yet, in one round trip."""
    dialect = postgresql if tx.dialect.name == "postgresql" else sqlite
    tx.execute(dialect.insert(invoices).on_conflict_do_nothing(), rows)
