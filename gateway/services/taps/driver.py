"""Carries out what is stored of taps and refunds: asks the ledger step by step and stores what it answers."""

import asyncio
from collections.abc import Sequence
from functools import partial

from gateway.observe import log
from gateway.services.taps import journal, refund_journal, refund_rules, rules
from gateway.services.taps.model import Refund, Tap
from gateway.services.taps.money import transfer_back, transfers_for
from gateway.services.taps.ports import Parts
from gateway.services.taps.refund_rules import RefundState
from gateway.services.taps.rows import REFUND, TAP, Counted, refund_of, tap_of
from gateway.services.taps.rules import Step
from wallet.errors import LedgerBusy, LedgerUnavailable
from wallet.ids import new_id
from wallet.transfers import PostResult, Transfer

LEDGER_S = 4.0
"""How long the ledger may take before a terminal is told that it is down."""
LEDGER_FAULTS = (LedgerUnavailable, LedgerBusy, TimeoutError)
"""Nothing is known of what was posted; asking again is harmless."""
_STEPS_MAX = 8


class Driver:
    """Drives taps and refunds on. Its verbs raise LEDGER_FAULTS."""

    def __init__(self, parts: Parts, counted: Counted) -> None:
        self._parts = parts
        self._counted = counted

    async def tap(self, tap_id: str) -> Tap:
        """A tap that is stored."""
        rows = await self._parts.store.find(TAP, {"tap": tap_id})
        assert rows, "a stored message names a stored tap"
        return tap_of(rows[0])

    async def refund(self, refund_id: str) -> Refund:
        """A refund that is stored."""
        rows = await self._parts.store.find(REFUND, {"refund": refund_id})
        assert rows, "a stored message names a stored refund"
        return refund_of(rows[0])

    async def post(self, tap: Tap, step: Step) -> Sequence[PostResult]:
        """Ask the ledger for one step of a tap."""
        return await self._posted(*transfers_for(tap, step, self._parts.chart))

    async def drive(self, tap_id: str) -> Tap:
        """Go on until the tap needs nothing more."""
        tap, clock = await self.tap(tap_id), self._parts.clock
        for _ in range(_STEPS_MAX):
            step = rules.next_step(tap.progress, clock.now())
            if step is None:
                break
            if step is Step.REFUND:
                await self._give_back(tap)
            else:
                results = await self.post(tap, step)
                stored = partial(
                    journal.advance, before=tap, step=step, results=results, counted=self._counted, now=clock.now()
                )
                await self._parts.store.write(stored)
            tap = await self.tap(tap_id)
        return tap

    async def drive_refund(self, refund_id: str) -> Refund:
        """Go on until the refund needs nothing more, or one that is owed was refused: it is tried again later."""
        refund, clock = await self.refund(refund_id), self._parts.clock
        for _ in range(_STEPS_MAX):
            step = refund_rules.next_step(refund.progress)
            if step is None:
                break
            (result,) = await self._posted(transfer_back(refund, step, self._parts.chart))
            stored = partial(
                refund_journal.advance_refund,
                before=refund,
                step=step,
                outcome=result.outcome,
                restored_id=new_id("rfd", clock),
                counted=self._counted,
                now=clock.now(),
            )
            await self._parts.store.write(stored)
            refund = await self.refund(refund_id)
            if refund.state is RefundState.PENDING:
                log().error("tap_refund_refused", refund=refund_id, outcome=result.outcome.name)
                break
        return refund

    async def _give_back(self, tap: Tap) -> None:
        clock = self._parts.clock
        made = await self._parts.store.write(
            partial(
                refund_journal.give_back,
                tap_id=tap.id,
                refund_id=new_id("rfd", clock),
                counted=self._counted,
                now=clock.now(),
            )
        )
        if made:
            await self.drive_refund(made)

    async def _posted(self, *transfers: Transfer) -> Sequence[PostResult]:
        async with asyncio.timeout(LEDGER_S):
            return await self._parts.ledger.post(*transfers)
