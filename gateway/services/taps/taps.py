"""Verbs of taps: what terminals ask, what clearing counts, what staff see, and the sweep of what a crash left.

Each message is first stored with what it wants (the intent), then the ledger is asked under ids that follow from it,
then the outcome and the exact bytes of the answer are stored. A message that comes again goes on where it stopped.
"""

from datetime import datetime, timedelta
from functools import partial
from typing import assert_never

from sqlalchemy import delete, select

from gateway.errors import BadInput
from gateway.observe import log
from gateway.services.taps import journal, refund_journal, requests
from gateway.services.taps.advices import Advices
from gateway.services.taps.driver import Driver
from gateway.services.taps.model import HealOutcome, Refund, Tap
from gateway.services.taps.ports import Parts
from gateway.services.taps.purchases import Purchases
from gateway.services.taps.refunds import Refunds
from gateway.services.taps.requests import Completion, Purchase, RefundAsked, Reversal, Void
from gateway.services.taps.rows import Counted
from gateway.services.taps.rules import Verdict
from gateway.services.taps.sweeping import Sweep
from gateway.services.taps.tables import attempts
from gateway.services.taps.takings import Takings
from gateway.services.taps.talk import Talk
from gateway.services.taps.views import TapViews
from gateway.wire.iso8583 import Message
from wallet.ids import first_id

ATTEMPTS_KEPT = timedelta(days=14)
"""How long staff see purchases that became no tap."""
_PURGED_MAX = 1000


class Taps(Takings, TapViews):
    """Answers terminals."""

    def __init__(self, parts: Parts) -> None:
        counted, talk = Counted(parts.decider), Talk(parts)
        driver = Driver(parts, counted)
        super().__init__(parts.store)
        self._parts, self._clock = parts, parts.clock
        self._talk, self._driver = talk, driver
        self._sweep = Sweep(parts, driver)
        self._advices = Advices(parts, talk, driver, counted)
        self._purchases = Purchases(parts, talk, driver, counted)
        self._refunds = Refunds(parts, talk, driver, counted)

    async def answer(self, message: Message, terminal_id: str) -> bytes:
        """The body that answers whatever a terminal asks about a tap; the message's MAC was good.

        Raises:
            StoreUnavailable, Overloaded, KeyFault: Nothing is promised; the terminal asks again or reverses.
        """
        if message.mti not in requests.CLASSES or message.text(41) != terminal_id:
            return await self.plain_answer(message, terminal_id, Verdict.BAD_FORMAT)
        try:
            return await self._answered(message)
        except BadInput as problem:
            log().info("tap_refused", mti=message.mti, terminal=terminal_id, reason=str(problem))
            return await self.plain_answer(message, terminal_id, Verdict.BAD_FORMAT)

    async def _answered(self, message: Message) -> bytes:
        match requests.read(message):
            case Purchase() as asked:
                return await self._purchases.answer(message, asked)
            case Completion() as asked:
                return await self._advices.complete(message, asked)
            case Reversal() as asked:
                return await self._advices.reverse(message, asked)
            case Void() as asked:
                return await self._advices.void(message, asked)
            case RefundAsked() as asked:
                return await self._refunds.answer(message, asked)
            case unreachable:
                assert_never(unreachable)

    async def plain_answer(self, message: Message, terminal_id: str, verdict: Verdict) -> bytes:
        """The body of an answer that is not kept: the message had no effect."""
        return await self._talk.built(message, terminal_id, verdict)

    async def heal(self, terminal_id: str, stan: str, rrn: str, amount_minor: int, approval: str) -> HealOutcome:
        """Capture an approved hold whose completion a terminal's batch shows as lost; asking twice is harmless."""
        return await self._advices.heal(terminal_id, stan, rrn, amount_minor, approval)

    async def take_care(self, id_: str, staff_id: str) -> bool:
        """Let a member of staff look after an unpaid tap, or a refund that is owed or short; whether it is one."""
        owning = (
            partial(journal.own, tap_id=id_, staff_id=staff_id)
            if id_.startswith("tap_")
            else partial(refund_journal.own_refund, refund_id=id_, staff_id=staff_id)
        )
        return await self._store.write(partial(owning, now=self._clock.now()))

    async def collect(self, id_: str, staff_id: str) -> Tap | Refund | None:
        """Ask the ledger once more for what an unpaid tap, or a refund that is owed or short, lacks; None if neither.

        Raises:
            LedgerUnavailable, LedgerBusy, TimeoutError: It is stored; the sweep asks.
        """
        now = self._clock.now()
        if id_.startswith("tap_"):
            again = partial(journal.collect, tap_id=id_, staff_id=staff_id, now=now)
            return await self._driver.drive(id_) if await self._store.write(again) else None
        asked = partial(refund_journal.collect_refund, refund_id=id_, staff_id=staff_id, now=now)
        return await self._driver.drive_refund(id_) if await self._store.write(asked) else None

    async def sweep(self) -> int:
        """Finish what a crash or a ledger that was down left; how many taps and refunds were looked after."""
        done = await self._sweep.run()
        await self._purge(self._clock.now())
        return done

    async def _purge(self, now: datetime) -> None:
        """Forget purchases that became no tap, when they are old."""
        old = select(attempts.c.id).where(attempts.c.id < first_id("att", now - ATTEMPTS_KEPT)).limit(_PURGED_MAX)
        if await self._store.read(old.limit(1)):
            await self._store.write(lambda tx: tx.execute(delete(attempts).where(attempts.c.id.in_(old))).rowcount)
