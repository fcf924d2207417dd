"""Intent, post, outcome: the one way in which this service moves money.

An intent is a row in `payments_payments`, stored together with whatever it takes hold of (an invoice, a claim code).
Posting uses a transfer id that follows from the intent, so posting twice is harmless. The outcome is stored together
with what it lets go of. Whoever finds an intent without an outcome may finish it.
"""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Connection, bindparam, select

from gateway.errors import Conflict
from gateway.keys import KeyStore
from gateway.observe import log
from gateway.services.payments.model import Payment, PaymentKind, PaymentState, PayOutcome, PayResult
from gateway.services.payments.outcomes import CodeDraft, Settled, conclude
from gateway.services.payments.ports import Payers
from gateway.services.payments.records import payment_of, payment_row
from gateway.services.payments.rules import (
    CODE_DIGITS,
    REFERENCE_DIGITS,
    accounts_of,
    answer_to,
    balance_after,
    transfer_of,
)
from gateway.services.payments.tables import codes, payments
from gateway.services.posting import Ledger
from gateway.services.shortnumber import new_digits
from gateway.services.telling import Teller
from gateway.settings import Settings
from gateway.store import Store, find, insert_ignore
from wallet.accounts import Chart
from wallet.clock import Clock
from wallet.ids import new_id
from wallet.money import Money
from wallet.transfers import Outcome

R = TypeVar("R")
BEGINS_MAX = 5
_OF_CALL = select(payments).where(payments.c.call_key == bindparam("a_call_key"))


@dataclass(frozen=True, slots=True)
class Ask:
    """What a call asks for: a call key that comes again must ask for the same."""

    kind: PaymentKind
    person_id: str
    call_key: str
    same: Mapping[str, object]
    """Values of Payment that the call fixes."""

    def check(self, known: Payment) -> Payment:
        """The known payment.

        Raises:
            Conflict: It was another call's.
        """
        fixed = {"kind": self.kind, "person_id": self.person_id, **self.same}
        if any(getattr(known, name) != value for name, value in fixed.items()):
            raise Conflict("this call key belongs to another payment")
        return known


class Intents:
    """What every verb that moves money is made of."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        ledger: Ledger,
        chart: Chart,
        people: Payers,
        keys: KeyStore,
        teller: Teller,
        settings: Settings,
    ) -> None:
        self._store = store
        self._clock = clock
        self._ledger = ledger
        self._chart = chart
        self._people = people
        self._keys = keys
        self._teller = teller
        self._settings = settings
        self._log = log(service="payments")

    async def _known(self, ask: Ask) -> Payment | None:
        """The payment of an earlier delivery of this call."""
        rows = await self._store.find(_OF_CALL, {"a_call_key": ask.call_key})
        return ask.check(payment_of(rows[0])) if rows else None

    async def _payment(self, which: ColumnElement[bool]) -> Payment | None:
        rows = await self._store.read(select(payments).where(which))
        return payment_of(rows[0]) if rows else None

    def _draft(self, ask: Ask, amount: Money, *, prefix: str = "pay", **values: Any) -> Payment:  # noqa: ANN401 - fields of Payment
        """An intent; its cause is itself unless `values` say otherwise."""
        payment_id = new_id(prefix, self._clock)
        filled = {"cause": payment_id, "leg": ask.kind.value, "attempt": 0, "payee_id": "", "msisdn": ""}
        return Payment(
            id=payment_id,
            kind=ask.kind,
            person_id=ask.person_id,
            call_key=ask.call_key,
            amount=amount,
            reference="",
            state=PaymentState.INTENT,
            outcome=None,
            balance_minor=None,
            created_at=self._clock.now(),
            settled_at=None,
            **{"branch": "", "staff_id": "", **filled, **values},
        )

    async def _begin(self, ask: Ask, plan: Callable[[Connection], Payment | R]) -> Payment | R:
        """Store the intent that `plan` decides on, unless this call has one already; or give back its refusal.

        `plan` runs inside the unit of work and may take hold of rows; it may run more than once.
        """

        def work(tx: Connection) -> Payment | R:
            for row in find(tx, _OF_CALL, {"a_call_key": ask.call_key}):
                return payment_of(row)
            planned = plan(tx)
            if not isinstance(planned, Payment):
                return planned
            intent = replace(planned, reference=new_digits(REFERENCE_DIGITS))
            if not insert_ignore(tx, payments, payment_row(intent)):
                raise Conflict("call key or reference was taken in the same moment")
            return intent

        for left in reversed(range(BEGINS_MAX)):
            try:
                begun = await self._store.write(work)
            except Conflict:
                if not left:
                    raise
            else:
                return ask.check(begun) if isinstance(begun, Payment) else begun
        raise AssertionError("unreachable")

    async def _finish(self, payment: Payment) -> Payment:
        """Post what was intended and store the outcome; a payment that has one is given back as it is."""
        if payment.state is not PaymentState.INTENT:
            return payment
        await self._ledger.open_accounts(*accounts_of(payment, self._chart))
        result = (await self._ledger.post(transfer_of(payment, self._chart)))[0]
        answer = answer_to(result.outcome)
        if answer is PayOutcome.BLOCKED:
            self._log.error("payment_blocked", payment_id=payment.id, outcome=result.outcome.name)
        balance = balance_after(payment, result.balances_after) if result.balances_after is not None else None
        draft = None
        if payment.kind is PaymentKind.CLAIM_CODE and answer is PayOutcome.OK:
            draft = await self._draft_code(payment)
        settled = Settled(answer, balance, self._clock.now(), id_taken=result.outcome is Outcome.ID_REUSED)
        return await self._store.write(lambda tx: conclude(tx, payment.id, settled, draft))

    async def _draft_code(self, payment: Payment) -> CodeDraft:
        """Draw the code only now that its money is there: an intent that waits holds no secret."""
        code = f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}d}"
        payer = await self._people.by_id(payment.person_id)
        expires_at = await self._expiry(payment.id)
        tell = await self._teller.prepared(
            "claim_code",
            cause=payment.id,
            msisdn=payment.msisdn,
            person_id="",
            language=payer.language if payer is not None else "fa",
            values={"amount": payment.amount, "valid_until": expires_at},
            secrets={"code": code},
        )
        return CodeDraft(await self._code_mac(payment.msisdn, code), tell)

    async def _code_mac(self, msisdn: str, code: str) -> bytes:
        return await self._keys.mac("lookup", f"claim code\0{msisdn}\0{code}".encode())

    async def _expiry(self, code_id: str) -> datetime:
        rows = await self._store.read(select(codes.c.expires_at).where(codes.c.id == code_id))
        moment: datetime = rows[0].expires_at
        return moment

    async def _result(self, payment: Payment) -> PayResult:
        """Finish a payment and answer as its kind does."""
        done = await self._finish(payment)
        assert done.outcome is not None, "a finished payment has an outcome"
        if done.outcome is not PayOutcome.OK:
            return PayResult(done.outcome, payment_id=done.id)
        return PayResult(
            PayOutcome.OK,
            reference=done.reference,
            balance=None if done.balance_minor is None else Money(done.balance_minor, done.amount.asset),
            valid_until=await self._expiry(done.id) if done.kind is PaymentKind.CLAIM_CODE else None,
            payment_id=done.id,
        )
