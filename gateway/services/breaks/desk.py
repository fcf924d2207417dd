"""What staff do about a break that moves no money: whose it is, until when, what it is, and what shows it."""

import asyncio
import hashlib
from datetime import date

from sqlalchemy import Connection, func, insert, select

from gateway.services.breaks.book import Entry
from gateway.services.breaks.files import kind_of, name_of
from gateway.services.breaks.model import (
    EVIDENCES_MAX,
    REASON_MAX,
    TEXT_MAX,
    BreakOutcome,
    BreakReason,
    BreakState,
    Event,
)
from gateway.services.breaks.rules import due_fits
from gateway.services.breaks.tables import EVIDENCE
from gateway.services.breaks.taking import Taking
from gateway.services.remarks import words


class Desk(Taking):
    """Each verb writes a row of the history, in the name of `staff_id`."""

    async def assign(self, break_id: str, owner: str, staff_id: str) -> BreakOutcome:
        """`owner` looks after it from now on; '' for nobody."""
        if owner and not await self._parts.members.may_own(owner):
            return BreakOutcome.OWNER_UNKNOWN

        def work(_tx: Connection, entry: Entry) -> BreakOutcome:
            if entry.state is BreakState.RESOLVED:
                return BreakOutcome.RESOLVED
            if entry.now["owner"] != owner:
                entry.tell(Event.ASSIGNED, owner, owner=owner)
            return BreakOutcome.OK

        return await self._change(break_id, work, staff_id)

    async def due(self, break_id: str, on: date, staff_id: str) -> BreakOutcome:
        """Somebody must have dealt with it by that day."""
        if not due_fits(on, self._today()):
            return BreakOutcome.DATE

        def work(_tx: Connection, entry: Entry) -> BreakOutcome:
            if entry.state is BreakState.RESOLVED:
                return BreakOutcome.RESOLVED
            if entry.now["due_on"] != on:
                entry.tell(Event.DUE, on.isoformat(), due_on=on, overdue=False)
            return BreakOutcome.OK

        return await self._change(break_id, work, staff_id)

    async def comment(self, break_id: str, text: str, staff_id: str) -> BreakOutcome:
        """Say something about it, also once it is resolved."""
        said = words(text)
        if (no := _wanting(said, TEXT_MAX)) is not None:
            return no

        def work(_tx: Connection, entry: Entry) -> BreakOutcome:
            entry.tell(Event.COMMENTED, said)
            return BreakOutcome.OK

        return await self._change(break_id, work, staff_id)

    async def explain(self, break_id: str, reason: BreakReason, text: str, staff_id: str) -> BreakOutcome:
        """Say what it is; nothing moves, and it stands until its rows agree. Said again, the last word counts."""
        said = words(text)
        if (no := _wanting(said, REASON_MAX)) is not None:
            return no

        def work(_tx: Connection, entry: Entry) -> BreakOutcome:
            if entry.state is BreakState.PROPOSED:
                return BreakOutcome.WAITING
            if entry.state is BreakState.RESOLVED:
                return BreakOutcome.RESOLVED
            same = {"state": BreakState.EXPLAINED.value, "reason": reason.value, "note": said}
            if {name: entry.now[name] for name in same} != same:
                entry.tell(Event.EXPLAINED, said, **same)
            return BreakOutcome.OK

        return await self._change(break_id, work, staff_id)

    async def reopen(self, break_id: str, why: str, staff_id: str) -> BreakOutcome:
        """It stands again, or is no longer explained. A run that finds its rows matched resolves it anew."""
        said = words(why)
        if (no := _wanting(said, REASON_MAX)) is not None:
            return no

        def work(_tx: Connection, entry: Entry) -> BreakOutcome:
            if entry.state is BreakState.PROPOSED:
                return BreakOutcome.WAITING
            if entry.state is BreakState.OPEN:
                return BreakOutcome.NOT_RESOLVED
            entry.reopen(said)
            return BreakOutcome.OK

        return await self._change(break_id, work, staff_id)

    async def attach(self, break_id: str, name: str, octets: bytes, staff_id: str) -> BreakOutcome:
        """Keep a file with it, as it is; what kind it is, its content says, and not its name."""
        kind = await asyncio.to_thread(kind_of, octets)
        if isinstance(kind, BreakOutcome):
            return kind
        digest, called = hashlib.sha256(octets).digest(), name_of(name, kind)

        def work(tx: Connection, entry: Entry) -> BreakOutcome:
            mine = EVIDENCE.c.break_id == break_id
            if tx.execute(select(EVIDENCE.c.number).where(mine, EVIDENCE.c.sha256 == digest)).first() is not None:
                return BreakOutcome.FILE_KNOWN
            last = tx.execute(select(func.max(EVIDENCE.c.number)).where(mine)).scalar() or 0
            if last >= EVIDENCES_MAX:
                return BreakOutcome.FILES_MANY
            tx.execute(insert(EVIDENCE).values(
                break_id=break_id, number=last + 1, name=called, kind=kind.value, sha256=digest, size=len(octets),
                staff_id=staff_id, at=entry.at, octets=octets,
            ))  # fmt: skip
            entry.tell(Event.ATTACHED, f"{called} {digest.hex()}")
            return BreakOutcome.OK

        return await self._change(break_id, work, staff_id)


def _wanting(said: str, most: int) -> BreakOutcome | None:
    if not said:
        return BreakOutcome.TEXT_MISSING
    return BreakOutcome.TEXT_LONG if len(said) > most else None
