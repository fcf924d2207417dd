"""What comes after a purchase: completions, reversals and voids."""

from functools import partial

from sqlalchemy import and_, select

from gateway.services.answered import Key, Seen
from gateway.services.taps import journal, refund_journal
from gateway.services.taps.driver import LEDGER_FAULTS, Driver
from gateway.services.taps.model import HealOutcome, Tap
from gateway.services.taps.ports import Parts
from gateway.services.taps.requests import Asked, Completion, Reversal, Void
from gateway.services.taps.rows import Counted, tap_of
from gateway.services.taps.rules import TapState, Verdict
from gateway.services.taps.tables import originals, taps
from gateway.services.taps.talk import Talk
from gateway.wire.iso8583 import ACQUIRER, Message
from wallet.money import irr


class Advices:
    """Answers what comes after a purchase."""

    def __init__(self, parts: Parts, talk: Talk, driver: Driver, counted: Counted) -> None:
        self._parts = parts
        self._store, self._clock = parts.store, parts.clock
        self._talk = talk
        self._driver = driver
        self._counted = counted

    async def complete(self, message: Message, asked: Completion) -> bytes:
        """The body that answers a completion; it is not told until the money moved."""
        key, digest = self._talk.key(asked), await self._talk.digest(message)
        seen = await self._talk.seen(key)
        if seen is None:
            opening = partial(journal.open_completion, key=key, digest=digest, asked=asked, counted=self._counted)
            seen = await self._store.write(partial(opening, now=self._clock.now()))
        if (told := await self._talk.told(message, asked.terminal_id, seen, digest)) is not None:
            return told
        verdict = Verdict(seen.verdict) if seen.verdict else None
        if verdict is None:
            try:
                verdict = _completed(await self._driver.drive(seen.subject))
            except LEDGER_FAULTS:
                return await self._talk.built(message, asked.terminal_id, Verdict.LEDGER_DOWN)
        return await self._kept(message, asked, key, verdict)

    async def reverse(self, message: Message, asked: Reversal) -> bytes:
        """The body that answers a reversal: a promise that is stored by now."""
        key, digest = self._talk.key(asked), await self._talk.digest(message)
        seen = await self._talk.seen(key)
        if seen is None:
            opening = partial(refund_journal.open_reversal, key=key, digest=digest, asked=asked, counted=self._counted)
            seen = await self._store.write(partial(opening, now=self._clock.now()))
        return await self._taken_back(message, asked, key, digest, seen)

    async def void(self, message: Message, asked: Void) -> bytes:
        """The body that answers a void: a promise too."""
        key, digest = self._talk.key(asked), await self._talk.digest(message)
        seen = await self._talk.seen(key)
        if seen is None:
            found = await self._named(asked)
            opening = partial(refund_journal.open_void, key=key, digest=digest, asked=asked, found=found)
            seen = await self._store.write(partial(opening, counted=self._counted, now=self._clock.now()))
        return await self._taken_back(message, asked, key, digest, seen)

    async def heal(self, terminal_id: str, stan: str, rrn: str, amount_minor: int, approval: str) -> HealOutcome:
        """Capture an approved hold whose completion was lost.

        Raises:
            LedgerUnavailable, LedgerBusy, TimeoutError: It is stored; the sweep finishes it, and asking again says how.
        """
        mine = and_(taps.c.terminal_id == terminal_id, taps.c.stan == stan, taps.c.rrn == rrn)
        rows = await self._store.read(select(taps).where(mine).order_by(taps.c.id.desc()).limit(1))
        tap = tap_of(rows[0]) if rows else None
        if tap is not None and tap.state is TapState.PENDING:
            tap = await self._driver.drive(tap.id)
        refused = _check_heal(tap, amount_minor, approval)
        if tap is None or refused is not None:
            return refused or HealOutcome.UNKNOWN
        completing = partial(
            journal.complete, tap_id=tap.id, amount=irr(amount_minor), counted=self._counted, now=self._clock.now()
        )
        await self._store.write(completing)
        tap = await self._driver.drive(tap.id)
        return _check_heal(tap, amount_minor, approval) or HealOutcome.HEALED

    async def _taken_back(self, message: Message, asked: Asked, key: Key, digest: bytes, seen: Seen) -> bytes:
        if (told := await self._talk.told(message, asked.terminal_id, seen, digest)) is not None:
            return told
        try:
            if seen.subject.startswith("tap_"):
                await self._driver.drive(seen.subject)
            elif seen.subject:
                await self._driver.drive_refund(seen.subject)
        except LEDGER_FAULTS:
            # The promise is stored; the sweep keeps it.
            return await self._kept(message, asked, key, Verdict(seen.verdict))
        return await self._kept(message, asked, key, Verdict(seen.verdict))

    async def _kept(self, message: Message, asked: Asked, key: Key, verdict: Verdict) -> bytes:
        return await self._talk.kept(key, await self._talk.built(message, asked.terminal_id, verdict))

    async def _named(self, asked: Void) -> str:
        """What a void names by trace and reference number, or by the latter alone; '' for nothing."""
        mine = and_(originals.c.acquirer == ACQUIRER, originals.c.terminal_id == asked.terminal_id)
        query = select(originals.c.tap_id).where(mine, originals.c.rrn == asked.rrn, originals.c.tap_id != "")
        if asked.original_stan:
            query = query.where(originals.c.stan == asked.original_stan)
        else:
            query = query.where(originals.c.kind == "purchase")
        rows = await self._store.read(query.order_by(originals.c.at.desc()).limit(1))
        return str(rows[0].tap_id) if rows else ""


def _check_heal(tap: Tap | None, amount_minor: int, approval: str) -> HealOutcome | None:
    if tap is None or tap.state is TapState.DECLINED:
        return HealOutcome.UNKNOWN
    if tap.approval != approval:
        return HealOutcome.WRONG_APPROVAL
    if tap.reversal or tap.state in {TapState.VOIDED, TapState.REFUNDED}:
        return HealOutcome.REVERSED
    if tap.state is TapState.UNPAID:
        return HealOutcome.UNPAID
    if tap.state is TapState.CAPTURED:
        return (
            HealOutcome.HEALED if min(tap.capture_minor, tap.keep_minor) == amount_minor else HealOutcome.WRONG_AMOUNT
        )
    if tap.capture_minor not in {0, amount_minor} or not 0 < amount_minor <= tap.keep_minor:
        return HealOutcome.WRONG_AMOUNT
    return None


def _completed(tap: Tap) -> Verdict:
    """What a completion is told, as its tap stands now."""
    if tap.state in {TapState.CAPTURED, TapState.REFUNDED} or tap.offline:
        return Verdict.APPROVED
    return tap.verdict or Verdict.MALFUNCTION
