"""Claim codes: redeemed by the owner of the number once enrolled, or sent back when their time is over."""

from datetime import datetime

from sqlalchemy import Connection, select, update

from gateway.errors import Conflict, NotFound
from gateway.services.payments.intents import Ask, Intents
from gateway.services.payments.model import (
    ClaimCode,
    CodeState,
    Payment,
    PaymentKind,
    PaymentState,
    PayOutcome,
    RedeemOutcome,
    RedeemResult,
)
from gateway.services.payments.records import code_of
from gateway.services.payments.rules import TRIES_WINDOW
from gateway.services.payments.tables import codes, payments, tries
from gateway.services.shortnumber import ascii_digits
from gateway.store import insert_ignore
from wallet.money import Money

LEG = "out"
"""Redeeming and returning are one leg of the code's story: the ledger itself lets only one of them happen."""

REDEEM_TRIES_MAX = 4
SWEEP_PAGE = 100


class ClaimCodes(Intents):
    """Money that waits for somebody."""

    async def claim_code(self, code_id: str) -> ClaimCode | None:
        """The claim code with this id, `cco_…`."""
        rows = await self._store.read(select(codes).where(codes.c.id == code_id))
        return code_of(rows[0]) if rows else None

    async def redeem(self, person_id: str, code: str, call_key: str) -> RedeemResult:
        """The money of a claim code to the wallet of the person whose number it was sent to.

        Raises:
            Conflict: That `call_key` belongs to another payment, or the code is being redeemed over and over elsewhere.
            NotFound: No such person.
        """
        ask = Ask(PaymentKind.REDEEM, person_id, call_key, {})
        known = await self._known(ask)
        if known is not None:
            return await self._redeemed(known)
        person = await self._people.by_id(person_id)
        if person is None:
            raise NotFound("no such person")
        mac = await self._code_mac(person.msisdn, ascii_digits(code))
        for _ in range(REDEEM_TRIES_MAX):
            begun = await self._begin(ask, lambda tx: self._plan_redeem(tx, ask, mac))
            if isinstance(begun, RedeemOutcome):
                return RedeemResult(begun)
            if isinstance(begun, Payment):
                return await self._redeemed(begun)
            # An earlier call of this person took hold of the code and a crash hid its answer: finish it, say it now.
            earlier = await self._payment(payments.c.id == begun)
            assert earlier is not None, "a code is held by a payment that is stored"
            done = await self._redeemed(earlier)
            if done.outcome is RedeemOutcome.OK:
                return done
        raise Conflict("the code is being redeemed elsewhere")

    async def _redeemed(self, payment: Payment) -> RedeemResult:
        done = await self._finish(payment)
        if done.outcome is not PayOutcome.OK:
            return RedeemResult(RedeemOutcome.BLOCKED)
        assert done.balance_minor is not None, "what was posted has a balance"
        balance = Money(done.balance_minor, done.amount.asset)
        return RedeemResult(RedeemOutcome.OK, done.amount, balance, done.reference)

    def _plan_redeem(self, tx: Connection, ask: Ask, mac: bytes) -> Payment | RedeemOutcome | str:
        now = self._clock.now()
        # Taken before the look at the code, so that a crowd of guesses is judged one after the other.
        taken, since = _tries(tx, ask.person_id, now)
        if taken >= self._settings.redeem_tries_max:
            return RedeemOutcome.TOO_MANY
        live = codes.c.state.not_in((CodeState.FUNDING, CodeState.VOID))
        query = select(codes).where(codes.c.mac == mac, live).order_by(codes.c.id.desc()).limit(1)
        row = tx.execute(query.with_for_update(key_share=True)).one_or_none()
        if row is None or row.state == CodeState.REDEEMED:
            tx.execute(update(tries).where(tries.c.person_id == ask.person_id).values(taken=taken + 1, since=since))
            return RedeemOutcome.WRONG_CODE
        if row.state == CodeState.REDEEMING:
            return str(row.payment_id)
        if row.state != CodeState.WAITING or row.expires_at <= now:
            return RedeemOutcome.EXPIRED
        draft = self._draft(ask, code_of(row).amount, cause=row.id, leg=LEG, attempt=row.attempt)
        held = {"state": CodeState.REDEEMING, "payment_id": draft.id, "redeemer_id": ask.person_id}
        tx.execute(update(codes).where(codes.c.id == row.id).values(**held))
        return draft

    async def _return_expired(self) -> int:
        """Send back what nobody claimed in time; how many."""
        now = self._clock.now()
        overdue = select(codes).where(codes.c.state == CodeState.WAITING, codes.c.return_from <= now)
        returned = 0
        for row in await self._store.read(overdue.order_by(codes.c.return_from).limit(SWEEP_PAGE)):
            ask = Ask(PaymentKind.RETURN, row.payer_id, f"return:{row.id}:{row.attempt}", {"cause": row.id})
            begun = await self._begin(ask, lambda tx, ask=ask: self._plan_return(tx, ask))  # type: ignore[misc]
            if isinstance(begun, Payment):
                returned += (await self._finish(begun)).state is PaymentState.DONE
        return returned

    def _plan_return(self, tx: Connection, ask: Ask) -> Payment | None:
        mine = codes.c.id == ask.same["cause"]
        row = tx.execute(select(codes).where(mine).with_for_update(key_share=True)).one()
        if row.state != CodeState.WAITING or row.return_from > self._clock.now():
            return None
        draft = self._draft(ask, code_of(row).amount, cause=row.id, leg=LEG, attempt=row.attempt)
        tx.execute(update(codes).where(mine).values(state=CodeState.RETURNING, payment_id=draft.id))
        return draft


def _tries(tx: Connection, person_id: str, now: datetime) -> tuple[int, datetime]:
    """How many wrong codes the person has typed in this window, and when the window began; holds the row."""
    insert_ignore(tx, tries, {"person_id": person_id, "since": now, "taken": 0})
    row = tx.execute(select(tries).where(tries.c.person_id == person_id).with_for_update(key_share=True)).one()
    return (0, now) if now - row.since >= TRIES_WINDOW else (row.taken, row.since)
