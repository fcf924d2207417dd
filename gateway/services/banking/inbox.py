"""Files of the bank: kept first, then taken, then told; a crash in between is finished by whoever comes next."""

import asyncio
import hashlib
import zlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, Row, func, select, update

from gateway.errors import BadInput
from gateway.observe import log
from gateway.services.banking.model import FileState, Finding, Imported, ImportOutcome
from gateway.services.banking.tables import FILES, STATEMENTS
from gateway.services.banking.taking import Source
from gateway.services.banking.unpacking import FILE_MAX, Unpacking
from gateway.store import insert_ignore
from gateway.wire import packs, pages
from gateway.wire.bankcsv import CsvProfile
from gateway.wire.iso20022 import StatusReport
from gateway.wire.statements import read_any
from wallet.ids import new_id
from wallet.reconciliation import BankStatement

ARRIVALS_AT_ONCE = 20
FETCH_S = 120
_LEASE_S, _PAUSE_MAX_S = 120, 3600
_LEVEL = 3
"""Of compression: XML shrinks to a tenth already."""
_NAME_MAX, _REASON_MAX = 255, 300
_NAMED = 100
"""Statements of one file that are looked at for what came before."""
_LOG = log(part="banking")


class Inbox(Unpacking):
    """Keeps and takes files."""

    async def fetch(self) -> int:
        """Keep what waits at the bank, take it, tell who has ordered; how many files. A worker's tick."""
        kept = 0
        if (bank := self._parts.bank) is not None:
            async with asyncio.timeout(FETCH_S):
                arrivals = await bank.arrivals(after=await self._reached(), limit=ARRIVALS_AT_ONCE)
            for arrived in arrivals:
                _, fresh = await self._keep(arrived.octets, arrived.name, "")
                kept += fresh
        taken = await self._take_kept()
        await self.tell()
        return max(kept, taken)

    async def sweep(self) -> int:
        """Finish what a crash left: files kept and not taken, news not told; how many things."""
        return await self._take_kept() + await self.tell() + await self._out.tidy(self._clock.now())

    async def import_statement(
        self, octets: bytes, name: str, staff_id: str, *, csv: CsvProfile | None = None
    ) -> Imported:
        """Take a file or a pack that staff bring, CSV by this profile or the bank's.

        What was refused is read once more. Of a pack each member has its own outcome.
        """
        if len(octets) > FILE_MAX:
            return Imported(ImportOutcome.TOO_LARGE, reason=f"longer than {FILE_MAX} octets")
        done = await self._bring(octets, name, staff_id, csv)
        await self.tell()
        return replace(done, gaps=await self.gaps(done.statement_ids, followers=True))

    async def _bring(self, octets: bytes, name: str, staff_id: str, csv: CsvProfile | None) -> Imported:
        file_id, _ = await self._keep(octets, name, staff_id)
        row = await self._claimed(file_id)
        if row is not None:
            return await self._take(row, csv)
        if packs.looks_like(octets):
            # Its members are looked at once more: those that were refused may be understood by now.
            return await self._unpacked(octets, name, staff_id, csv)
        ids = [*await self._statements_in(file_id), *await self._statements_of_parts(file_id)]
        if await self.waits(file_id):
            rows = await self._store.read(select(FILES.c.reason).where(FILES.c.id == file_id))
            return Imported(ImportOutcome.WAITING, ids, rows[0].reason, file_id=file_id)
        return Imported(ImportOutcome.ALREADY, list(dict.fromkeys(ids)), file_id=file_id)

    async def _reached(self) -> str:
        """The name of the last file that came by the bank's own door, or ''."""
        query = select(FILES.c.name).where(FILES.c.staff_id == "").order_by(FILES.c.position.desc()).limit(1)
        rows = await self._store.read(query)
        return str(rows[0].name) if rows else ""

    async def _keep(self, octets: bytes, name: str, staff_id: str) -> tuple[str, bool]:
        """Make a file safe before anybody looks into it: its id, and whether it is new."""
        large = len(octets) > FILE_MAX
        # Names of files may be no Unicode, which no database keeps.
        name = name.encode("utf-8", "replace").decode()
        sha256 = await asyncio.to_thread(lambda: hashlib.sha256(octets).hexdigest())
        same = FILES.c.sha256 == sha256
        if not staff_id:
            # The bank's own name is how far we have read there, so that it has a row whatever it holds.
            same &= (FILES.c.name == name[:_NAME_MAX]) & (FILES.c.staff_id == "")
        known = select(FILES.c.id).where(same).order_by(FILES.c.position).limit(1)
        if there := await self._store.read(known):
            return str(there[0].id), False
        packed = b"" if large else await asyncio.to_thread(zlib.compress, octets, _LEVEL)
        now = self._clock.now()
        row: dict[str, object] = {
            "id": new_id("bkf", self._clock), "name": name[:_NAME_MAX], "sha256": sha256, "size": len(octets),
            "octets": packed, "kind": "", "state": FileState.REFUSED.value if large else FileState.KEPT.value,
            "reason": f"longer than {FILE_MAX} octets" if large else "", "staff_id": staff_id, "at": now,
            "attempts": 0, "next_at": None if large else now,
        }  # fmt: skip

        def work(tx: Connection) -> tuple[str, bool]:
            while (there := tx.execute(known).scalar()) is None:
                # Another process may take the position first: then the row does not go in, and the next one is tried.
                position = tx.execute(select(func.coalesce(func.max(FILES.c.position), 0) + 1)).scalar_one()
                if insert_ignore(tx, FILES, {**row, "position": position}):
                    return str(row["id"]), True
            return str(there), False

        return await self._store.write(work)

    async def _take_kept(self) -> int:
        """Take what is kept, in the order in which it came."""
        now = self._clock.now()
        due = select(FILES.c.id).where(FILES.c.next_at <= now).order_by(FILES.c.position).limit(ARRIVALS_AT_ONCE)
        done = 0
        for waiting in await self._store.read(due):
            row = await self._claimed(waiting.id, due_only=True)
            if row is not None:
                await self._take(row)
                done += 1
        return done

    async def _claimed(self, file_id: str, *, due_only: bool = False) -> Row[Any] | None:
        """The file, for us alone for a while; None if it is taken, or another has it."""
        now = self._clock.now()

        def work(tx: Connection) -> Row[Any] | None:
            query = select(FILES).where(FILES.c.id == file_id, FILES.c.state != FileState.TAKEN.value)
            if due_only:
                query = query.where(FILES.c.next_at <= now)
            row = tx.execute(query.with_for_update(key_share=True)).one_or_none()
            if row is not None:
                pause_s = min(_LEASE_S * 2 ** min(row.attempts, 10), _PAUSE_MAX_S)
                leased = {"next_at": now + timedelta(seconds=pause_s), "attempts": row.attempts + 1}
                tx.execute(update(FILES).where(FILES.c.id == file_id).values(**leased))
            return row

        return await self._store.write(work)

    async def _take(self, row: Row[Any], csv: CsvProfile | None = None) -> Imported:
        """Read a file and bring what it says into tables; a file that is not understood is refused, and stays."""
        source = Source(row.id, row.position, row.at.astimezone(self._parts.zone).date())
        octets = await asyncio.to_thread(zlib.decompress, row.octets)
        if packs.looks_like(octets):
            # What came in a pack of the bank's own door was brought by the pack, and is no place in the bank's list.
            return await self._took_pack(row.id, await self._unpacked(octets, row.name, row.staff_id or row.id, csv))
        try:
            found = await asyncio.to_thread(read_any, octets, csv or self._parts.csv)
            if not isinstance(found, StatusReport):
                return await self._take_statements(source, found)
        except BadInput as problem:
            await self._ended(row.id, FileState.REFUSED, "", str(problem))
            return Imported(ImportOutcome.REFUSED, reason=str(problem)[:_REASON_MAX], file_id=row.id)
        reason = await self._take_report(source, found)
        await self._ended(row.id, FileState.TAKEN, "pain.002", reason)
        return Imported(ImportOutcome.TAKEN, reason=reason, file_id=row.id)

    async def _take_statements(self, source: Source, found: Sequence[BankStatement]) -> Imported:
        """Take statements that are whole, and parts of others.

        Raises:
            BadInput: A part makes a statement that does not add up.
        """
        taken: list[tuple[str, bool]] = []
        alone: list[str] = []
        for place, statement in enumerate(found):
            if pages.whole(statement):
                taken.append(await self._take_statement(source, statement))
            elif (made := await self._take_part(source, place, statement)) is not None:
                taken.append(made)
            else:
                alone.append(pages.told(statement))
        new = any(fresh for _, fresh in taken)
        told = [*alone, *await self._came_before([one for one, fresh in taken if fresh])]
        reason = "; ".join(told) or ("" if new else "every statement in it was in already")
        kinds = ", ".join(sorted({statement.root for statement in found}))
        await self._ended(source.file_id, FileState.TAKEN, kinds, reason)
        ids = list(dict.fromkeys(one for one, _ in taken))
        outcome = ImportOutcome.TAKEN if new else ImportOutcome.ALREADY
        said = reason[:_REASON_MAX] if told else ""
        return Imported(ImportOutcome.WAITING if alone else outcome, ids, said, file_id=source.file_id)

    async def _came_before(self, statement_ids: Sequence[str]) -> list[str]:
        """Which of these have a number that came before with other content."""
        query = select(STATEMENTS.c.sequence, STATEMENTS.c.findings).where(STATEMENTS.c.id.in_(statement_ids[:_NAMED]))
        rows = await self._store.read(query.order_by(STATEMENTS.c.id)) if statement_ids else []
        again = [row.sequence for row in rows if Finding.AGAIN.value in row.findings]
        return [f"statement {number} came before with other content; this one counts now" for number in again]

    async def _took_pack(self, file_id: str, done: Imported) -> Imported:
        refused = done.outcome is ImportOutcome.REFUSED
        await self._ended(file_id, FileState.REFUSED if refused else FileState.TAKEN, "pack", done.reason)
        return done

    async def _ended(self, file_id: str, state: FileState, kind: str, reason: str) -> None:
        values = {"state": state.value, "kind": kind, "reason": reason[:_REASON_MAX], "next_at": None}
        ends = update(FILES).where(FILES.c.id == file_id).values(**values)
        await self._store.write(lambda tx: tx.execute(ends).rowcount)
        self._parts.metrics.bank_files.labels(state.value).inc()
        _LOG.info("bank_file", file=file_id, state=state.value, kind=kind)

    async def _statements_in(self, file_id: str) -> Sequence[str]:
        query = select(STATEMENTS.c.id).where(STATEMENTS.c.file_id == file_id).order_by(STATEMENTS.c.id)
        return [row.id for row in await self._store.read(query)]
