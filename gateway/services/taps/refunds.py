"""Refunds: a merchant gives back what was paid, or a part of it, always of a tap that is named."""

from functools import partial

from sqlalchemy import and_, select

from gateway.services.taps import refund_journal
from gateway.services.taps.answers import fresh_approval
from gateway.services.taps.driver import LEDGER_FAULTS, Driver
from gateway.services.taps.model import Refund, Tap
from gateway.services.taps.ports import Parts
from gateway.services.taps.refund_journal import RefundIntent
from gateway.services.taps.refund_rules import RefundState
from gateway.services.taps.requests import RefundAsked
from gateway.services.taps.rows import Counted, tap_of
from gateway.services.taps.rules import TapState, Verdict
from gateway.services.taps.tables import taps
from gateway.services.taps.talk import Talk
from gateway.wire.iso8583 import Message
from wallet.ids import new_id

_PAID = (TapState.CAPTURED, TapState.REFUNDED)
_SAME_RRN_MAX = 10


class Refunds:
    """Answers refunds."""

    def __init__(self, parts: Parts, talk: Talk, driver: Driver, counted: Counted) -> None:
        self._parts = parts
        self._store, self._clock = parts.store, parts.clock
        self._talk = talk
        self._driver = driver
        self._counted = counted

    async def answer(self, message: Message, asked: RefundAsked) -> bytes:
        """The body of the answer."""
        key, digest = self._talk.key(asked), await self._talk.digest(message)
        seen = await self._talk.seen(key)
        if seen is None:
            intent = await self._intent(asked)
            opening = partial(refund_journal.open_refund, key=key, digest=digest, asked=asked, intent=intent)
            seen = await self._store.write(partial(opening, counted=self._counted, now=self._clock.now()))
        if (told := await self._talk.told(message, asked.terminal_id, seen, digest)) is not None:
            return told
        if not seen.subject:
            verdict = Verdict(seen.verdict) if seen.verdict else Verdict.MALFUNCTION
            return await self._talk.kept(key, await self._talk.built(message, asked.terminal_id, verdict))
        try:
            refund = await self._driver.drive_refund(seen.subject)
        except LEDGER_FAULTS:
            body = await self._talk.built(message, asked.terminal_id, Verdict.LEDGER_DOWN)
            given_up = partial(refund_journal.abandon_refund, key=key, refund_id=seen.subject, answer=body)
            return await self._store.write(partial(given_up, now=self._clock.now()))
        verdict = _standing(refund)
        approval = refund.approval if verdict is Verdict.APPROVED else ""
        body = await self._talk.built(message, asked.terminal_id, verdict, approval=approval)
        return await self._talk.kept(key, body)

    async def _intent(self, asked: RefundAsked) -> RefundIntent:
        tap, refused = await self._original(asked)
        if tap is not None and refused is None:
            refused = await self._check_payer(asked, tap)
        approval = fresh_approval()
        return RefundIntent(new_id("rfd", self._clock), tap.id if tap else "", approval, refused)

    async def _original(self, asked: RefundAsked) -> tuple[Tap | None, Verdict | None]:
        """The one captured tap of the terminal's merchant that the references name, or why there is none."""
        terminal = await self._parts.terminals.terminal(asked.terminal_id)
        if terminal is None or terminal.merchant_number != asked.merchant_number:
            return None, Verdict.MERCHANT_UNKNOWN
        query = select(taps).where(
            and_(taps.c.merchant_id == terminal.merchant_id, taps.c.rrn == asked.rrn, taps.c.state.in_(_PAID))
        )
        if asked.original_stan:
            query = query.where(taps.c.stan == asked.original_stan)
        found = [tap_of(row) for row in await self._store.read(query.limit(_SAME_RRN_MAX))]
        own = [tap for tap in found if tap.terminal_id == asked.terminal_id] or found
        # More than one is a link to none: terminals choose their reference numbers themselves.
        return (own[0], None) if len(own) == 1 else (None, Verdict.NO_ORIGINAL)

    async def _check_payer(self, asked: RefundAsked, tap: Tap) -> Verdict | None:
        """Whether the token, or the account reference, is of who paid: another token of the same account will do."""
        tokens = self._parts.tokens
        if asked.par:
            paid = await tokens.token(tap.token_id)
            same = asked.par in {tap.par, paid.par if paid else ""}
        else:
            token = await tokens.find_by_pan(asked.pan)
            same = token is not None and token.person_id == tap.person_id
        return None if same else Verdict.TOKEN_UNKNOWN


def _standing(refund: Refund) -> Verdict:
    """What a refund that was not answered yet is told, as it stands now."""
    if refund.reversal:
        return Verdict.REVERSED
    if refund.state is RefundState.PAID:
        return Verdict.APPROVED
    return refund.verdict or Verdict.MALFUNCTION
