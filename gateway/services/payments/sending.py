"""Money from person to person: to a wallet, or to a claim code for a number that is not enrolled."""

from datetime import timedelta

from sqlalchemy import Connection, insert

from gateway.errors import BadInput, NotFound
from gateway.services.msisdn import normal_msisdn
from gateway.services.payments.intents import Ask, Intents
from gateway.services.payments.model import (
    CodeState,
    Payee,
    PayeeKind,
    Payment,
    PaymentKind,
    PayOutcome,
    PayResult,
)
from gateway.services.payments.ports import Payer
from gateway.services.payments.tables import codes
from wallet.money import Money


class Sending(Intents):
    """What people send each other."""

    async def payee(self, person_id: str, msisdn: str) -> Payee:
        """Whom a typed number belongs to, masked; any usual way of writing an Iranian mobile number is understood."""
        payer = await self._payer(person_id)
        to = normal_msisdn(msisdn)
        if to is None:
            return Payee(PayeeKind.INVALID, "")
        if to == payer.msisdn:
            return Payee(PayeeKind.SELF, to)
        known = await self._people.by_msisdn(to)
        if known is None or not known.enrolled:
            return Payee(PayeeKind.UNREGISTERED, to)
        return Payee(PayeeKind.REGISTERED, to, known.masked_name_in(payer.language))

    async def send(self, person_id: str, msisdn: str, amount: Money, call_key: str) -> PayResult:
        """Wallet to the wallet of the person with that number.

        Raises:
            Conflict: That `call_key` belongs to another payment.
        """
        to = normal_msisdn(msisdn) or ""
        ask = Ask(PaymentKind.SEND, person_id, call_key, {"msisdn": to, "amount": amount})
        known = await self._known(ask)
        if known is not None:
            return await self._result(known)
        payee = await self._people.by_msisdn(to) if to else None
        refused = self._over(amount, self._settings.send_max_minor) or _cannot_send(person_id, payee)
        if refused is not None or payee is None:
            return refused or PayResult(PayOutcome.NOT_ENROLLED)
        draft = self._draft(ask, amount, payee_id=payee.id, msisdn=to)
        return await self._result(await self._begin(ask, lambda _tx: draft))

    async def send_code(self, person_id: str, msisdn: str, amount: Money, call_key: str) -> PayResult:
        """Wallet to a claim code that goes by SMS to a number which is not enrolled.

        Raises:
            Conflict: That `call_key` belongs to another payment.
        """
        to = normal_msisdn(msisdn) or ""
        ask = Ask(PaymentKind.CLAIM_CODE, person_id, call_key, {"msisdn": to, "amount": amount})
        known = await self._known(ask)
        if known is not None:
            return await self._result(known)
        if not to:
            return PayResult(PayOutcome.UNKNOWN)
        payee = await self._people.by_msisdn(to)
        if payee is not None and payee.enrolled:
            return PayResult(PayOutcome.SELF if payee.id == person_id else PayOutcome.ENROLLED)
        refused = self._over(amount, self._settings.send_max_minor)
        if refused is not None:
            return refused
        draft = self._draft(ask, amount, prefix="cco", leg="in", msisdn=to)
        return await self._result(await self._begin(ask, lambda tx: self._plan_code(tx, draft)))

    def _plan_code(self, tx: Connection, draft: Payment) -> Payment:
        expires_at = draft.created_at + timedelta(seconds=self._settings.claim_code_valid_s)
        row = {
            "id": draft.id,
            "payer_id": draft.person_id,
            "msisdn": draft.msisdn,
            "amount_minor": draft.amount.minor,
            "asset": draft.amount.asset.code,
            "state": CodeState.FUNDING,
            "mac": None,
            "expires_at": expires_at,
            "redeemer_id": "",
            "attempt": 0,
            "payment_id": "",
            "return_from": expires_at,
        }
        tx.execute(insert(codes).values(**row))
        return draft

    async def _payer(self, person_id: str) -> Payer:
        payer = await self._people.by_id(person_id)
        if payer is None:
            raise NotFound("no such person")
        return payer

    def _over(self, amount: Money, max_minor: int) -> PayResult | None:
        if amount.minor < 1:
            raise BadInput("an amount must be positive")
        if amount.minor <= max_minor:
            return None
        return PayResult(PayOutcome.OVER_LIMIT, limit=Money(max_minor, amount.asset))


def _cannot_send(person_id: str, payee: Payer | None) -> PayResult | None:
    if payee is None or not payee.enrolled:
        return PayResult(PayOutcome.NOT_ENROLLED)
    return PayResult(PayOutcome.SELF) if payee.id == person_id else None
