"""From asked to sealed to signed: a worker's steps, each of which a crash may interrupt and another process finish."""

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, or_, select, update

from gateway.errors import Conflict
from gateway.observe import log
from gateway.services.closing import plain, seals, wording
from gateway.services.closing.book import Parts, close_of
from gateway.services.closing.cover import covers_of
from gateway.services.closing.looking import Looking, excusers
from gateway.services.closing.model import (
    DOCUMENT_KIND,
    CloseOutcome,
    CloseResult,
    CloseState,
    DayClose,
    FactName,
    VoidReason,
)
from gateway.services.closing.sections import Scope, Sections, SpoiltRow
from gateway.services.closing.tables import DAYS
from gateway.services.signing import Document, ProofOutcome
from gateway.store import insert_ignore
from gateway.store.octets import octets_of
from wallet.errors import LedgerCorrupt
from wallet.ids import new_id
from wallet.periods import Period, PeriodClose, PeriodOutcome, PeriodState, recompute

ROLES = frozenset({"signatory", "finance"})
"""Who may sign a day."""
SETTLE = timedelta(seconds=5)
"""How long a day that was asked for is left alone, so that whatever was being written then is in."""
WORKER = timedelta(minutes=30)
"""After that another process takes over."""
CAME_BEFORE = timedelta(days=1)
"""How far a clock of another process may be behind: statements that came that long before a closing are looked for."""
_OPEN = "open"
_FREE: Mapping[str, object] = {"worker": "", "worker_until": None}
_ENDS: Mapping[ProofOutcome, VoidReason] = {
    ProofOutcome.REFUSED: VoidReason.REFUSED,
    ProofOutcome.EXPIRED: VoidReason.EXPIRED,
    ProofOutcome.DIFFERS: VoidReason.CHANGED,
    ProofOutcome.INVALID: VoidReason.INVALID,
}


class Sealing(Looking):
    """Asks, seals and closes."""

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        self._sections = Sections(parts.store, parts.bank, parts.sources)
        self._me = new_id("wrk", parts.clock)
        self._log = log(service="closing")

    async def ask(self, day: date, staff_id: str) -> CloseResult:
        """Ask for a day to be closed: the worker seals it, and then somebody else signs."""
        if (close := await self.by_day(day)) is not None:
            return CloseResult(CloseOutcome.ALREADY, close.id)
        closed = self.closed_of(await self._ledger.periods())
        if closed is not None and day <= closed:
            return CloseResult(CloseOutcome.BY_HAND)
        if self._clock.now() < self.over(day):
            return CloseResult(CloseOutcome.NOT_OVER)
        if (going_on := await self._going_on()) is not None or (closed is not None and day != _after(closed)):
            return CloseResult(CloseOutcome.NOT_NEXT, next_day=going_on or await self.next_day())
        checklist = await self.checklist(day)
        if not checklist.clear:
            return CloseResult(CloseOutcome.CHECKS, checklist=checklist)
        row = {
            "id": new_id("dcl", self._clock), "day": day, "state": CloseState.DRAFT.value,
            "checks": plain.of_checks(checklist.checks), "roots": [], "digest": b"", "block": 0, "position": 0,
            "head_hash": b"", "trial_seal": b"", "asked_by": staff_id, "asked_at": self._clock.now(),
            "sealed_at": None, "expires_at": None, "signed_by": [], "signed_at": None, "reason": "",
            "current_day": day, "open_key": _OPEN, "worker": "", "worker_until": None,
        }  # fmt: skip
        if not await self._store.write(lambda tx: insert_ignore(tx, DAYS, row)):
            # Somebody was quicker, with this day or with another one.
            return await self.ask(day, staff_id)
        self._log.info("day_close_asked", close=row["id"], day=str(day))
        return CloseResult(CloseOutcome.ASKED, str(row["id"]), checklist)

    async def signed(self, close_id: str, document_id: str) -> str:
        """A document of ours was signed, refused or has expired; the worker looks soon. Executor of signing."""
        return f"{close_id} is looked at for {document_id}"

    async def advance(self) -> int:
        """Take each closing that is going on one step further, where no other process does; how many moved."""
        going_on = select(DAYS.c.id).where(DAYS.c.open_key.is_not(None))
        moved = 0
        for one in await self._store.read(going_on):
            row = await self._taken(one.id)
            if row is None:
                continue
            try:
                moved += await self._step(row)
            finally:
                await self._store.write(self._changing(one.id, _FREE))
        return moved

    async def _step(self, row: Row[Any]) -> bool:
        if row.state == CloseState.DRAFT.value:
            return self._clock.now() >= row.asked_at + SETTLE and await self._seal(row)
        return await self._follow(row)

    async def _seal(self, row: Row[Any]) -> bool:
        """Freeze a day: nothing but what cites is dated into it any more, and every row of it has a leaf."""
        if await self._ledger.close_period(PeriodClose(row.day, PeriodState.SOFT, row.id)) is PeriodOutcome.NOT_OVER:
            return False
        try:
            head = await self._parts.heads.publish()
        except LedgerCorrupt as fault:
            self._log.error("day_close_head", close=row.id, fault=str(fault))
            head = None
        # What was kept of the day is not believed: from here on nothing of it can change.
        await self.forget_sums(row.day)
        checklist = await self.checklist(row.day)
        if not checklist.clear or head is None:
            return await self._void(row, VoidReason.CHECKS)
        now = self._clock.now()
        seen = (await self._ledger.head()).position
        try:
            roots = await self._sections.write(await self._scope(row))
        except SpoiltRow as spoilt:
            self._log.error("day_close_spoilt", close=row.id, row=str(spoilt))
            return await self._void(row, VoidReason.CHANGED)
        values: dict[str, Any] = {
            "checks": plain.of_checks(checklist.checks),
            "block": head.block,
            "position": head.position,
            "head_hash": head.hash,
            "trial_seal": await recompute(self._ledger, row.day, await self.position_of(row.day), seen),
            "roots": plain.of_roots(roots),
            "sealed_at": now,
            "expires_at": now + timedelta(hours=self._parts.settings.close_sign_h),
        }
        await self._change(row.id, **values)
        digest = seals.digest_of(await self._octets(row.id))
        await self._change(row.id, digest=digest, state=CloseState.ASKED.value)
        self._log.info("day_close_sealed", close=row.id, day=str(row.day), digest=digest.hex())
        return True

    async def _scope(self, row: Row[Any]) -> Scope:
        """What belongs to a closing that is sealed now."""
        last = await self._signed_before(row.day)
        # What is of days before the first that is closed is part of the opening, and none comes tomorrow.
        first, since = row.day, self._clock.now() + CAME_BEFORE
        if last is not None:
            first, since = _after(last.day), (last.sealed_at or last.asked_at) - CAME_BEFORE
        return Scope(row.id, row.day, row.asked_at, await self._sections.unsealed(first, row.day, since))

    async def _follow(self, row: Row[Any]) -> bool:
        """Look for the signature of a sealed day, and close the book once it is there."""
        close = close_of(row)
        if await self._period_of(close) is not None:
            return await self._done(close)
        proof = await self._parts.papers.proof(DOCUMENT_KIND, close.id, seals.digest_of(await self._octets(close.id)))
        if proof.outcome is ProofOutcome.UNKNOWN:
            await self._parts.papers.ask(await self._document(close, row.expires_at))
            return True
        if proof.outcome is ProofOutcome.WAITING:
            return False
        if proof.outcome is not ProofOutcome.SIGNED:
            return await self._void(row, _ENDS[proof.outcome])
        if finding := await self._sections.finding(scope_of(close), close.roots, _nothing):
            self._log.error("day_close_changed", close=close.id, finding=str(finding))
            return await self._void(row, VoidReason.CHANGED)
        asked = PeriodClose(close.day, PeriodState.CLOSED, close.id, close.trial_seal)
        match await self._ledger.close_period(asked):
            case PeriodOutcome.DONE:
                return await self._done(close)
            case PeriodOutcome.ALREADY:
                mine = await self._period_of(close) is not None
                return await (self._done(close) if mine else self._void(row, VoidReason.BY_HAND))
            case PeriodOutcome.DIFFERS:
                return await self._void(row, VoidReason.CHANGED)
            case PeriodOutcome.STALE | PeriodOutcome.NOT_SOFT | PeriodOutcome.NOT_OVER:
                return False

    async def _done(self, close: DayClose) -> bool:
        """The ledger is closed through the day: say who has signed."""
        proof = await self._parts.papers.proof(DOCUMENT_KIND, close.id, close.digest)
        people = sorted({one.principal for one in proof.signatures})
        at = max((one.signed_at for one in proof.signatures), default=self._clock.now())
        signed = {"state": CloseState.SIGNED.value, "signed_by": people, "signed_at": at, "open_key": None}
        await self._change(close.id, **signed, **_FREE)
        self._log.info("day_closed", close=close.id, day=str(close.day))
        return True

    async def _void(self, row: Row[Any], reason: VoidReason) -> bool:
        """Give a closing up; the day may be asked for again."""
        await self._parts.papers.withdraw(DOCUMENT_KIND, row.id, reason.value)
        await self._sections.clear(row.id)
        gone = {"state": CloseState.VOID.value, "reason": reason.value, "current_day": None, "open_key": None}
        await self._change(row.id, **gone, **_FREE)
        self._log.warning("day_close_void", close=row.id, day=str(row.day), reason=reason.value)
        return True

    async def _document(self, close: DayClose, expires_at: datetime) -> Document:
        covers = covers_of(await self.sums_of(close.day), {}, close.asked_at)
        open_breaks = [
            int(fact.cell) if isinstance(fact.cell, int) else 0
            for check in close.checks
            for fact in check.facts
            if fact.name in {FactName.OPEN, FactName.EXPLAINED} and not fact.of
        ]
        return Document(
            kind=DOCUMENT_KIND,
            subject=close.id,
            digest=close.digest,
            texts=wording.texts(close.day, covers[0], sum(open_breaks)),
            title=wording.title(close.day),
            made_by=excusers(close.checks) | {close.asked_by},
            roles=ROLES,
            amount=None,
            expires_at=expires_at,
        )

    async def _period_of(self, close: DayClose) -> Period | None:
        """The ledger's final closing that this one has caused, if it has."""
        periods = await self._ledger.periods()
        final = (one for one in periods if one.state is PeriodState.CLOSED and one.cause == close.id)
        return next(final, None)

    async def _signed_before(self, day: date) -> DayClose | None:
        last = select(DAYS).where(DAYS.c.state == CloseState.SIGNED.value, DAYS.c.day < day)
        return next(iter(await self._closes(last.order_by(DAYS.c.day.desc()).limit(1))), None)

    async def _going_on(self) -> date | None:
        rows = await self._store.read(select(DAYS.c.day).where(DAYS.c.open_key.is_not(None)))
        return rows[0].day if rows else None

    async def _octets(self, close_id: str) -> Mapping[str, bytes | None]:
        """The sealed columns as they are stored."""
        rows = await self._store.read(octets_of(DAYS, *seals.SEALED_COLUMNS).where(DAYS.c.id == close_id))
        return dict(zip(seals.SEALED_COLUMNS, rows[0], strict=True))

    async def _taken(self, close_id: str) -> Row[Any] | None:
        """A closing that is going on, for us alone for a while; None if another process has it."""
        now = self._clock.now()

        def work(tx: Connection) -> Row[Any] | None:
            free = or_(DAYS.c.worker.in_(["", self._me]), DAYS.c.worker_until < now)
            mine = DAYS.c.id == close_id
            query = select(DAYS).where(mine, DAYS.c.open_key.is_not(None), free)
            row = tx.execute(query.with_for_update(key_share=True)).one_or_none()
            if row is not None:
                tx.execute(update(DAYS).where(mine).values(worker=self._me, worker_until=now + WORKER))
            return row

        return await self._store.write(work)

    async def _change(self, close_id: str, **values: object) -> None:
        """Write what a step has come to.

        Raises:
            Conflict: It took so long that another process has taken over.
        """
        if not await self._store.write(self._changing(close_id, values)):
            raise Conflict(f"the closing {close_id} was taken over by another process")

    def _changing(self, close_id: str, values: Mapping[str, object]) -> Callable[[Connection], int]:
        changes = update(DAYS).where(DAYS.c.id == close_id, DAYS.c.worker == self._me).values(**values)
        return lambda tx: tx.execute(changes).rowcount


def scope_of(close: DayClose) -> Scope:
    """What belongs to a closing that is sealed; its statements stand among its leaves."""
    return Scope(close.id, close.day, close.asked_at, ())


def _after(day: date) -> date:
    return day + timedelta(days=1)


def _nothing(_count: int) -> None:
    """Nobody watches."""
