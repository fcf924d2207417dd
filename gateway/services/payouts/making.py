"""Making a batch, keeping its file, and giving it up."""

import asyncio
import hashlib
import tempfile
from collections.abc import Callable, Mapping
from typing import BinaryIO

from sqlalchemy import Connection, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from gateway.errors import BadInput
from gateway.observe import log
from gateway.services.payouts.answers import DeskState, PayoutOutcome
from gateway.services.payouts.book import FILE, STAFF, Book, Log, batch_of, change, held
from gateway.services.payouts.model import Batch, BatchState, Debit, Declared, ItemState, PayoutResult
from gateway.services.payouts.rules import SEQ_MAX
from gateway.services.payouts.tables import BATCHES, FILES, ITEMS
from gateway.wire.csvrows import has_control
from wallet.ids import new_id
from wallet.money import IRR, Asset

APPROVAL_KIND = "payout_batch"
"""Kind of the approval by which others agree to a batch, and of the document that is signed: the policy has one table
for both. The subject is the batch's id."""

NAME_MAX = 100
REASON_MAX = 200
PIECE = 256 * 1024
_NOTHING = Declared()


class Making(Book):
    """Batches before anything is read into them."""

    async def create(
        self,
        name: str,
        *,
        line: str,
        staff_id: str,
        source: str = FILE,
        declared: Declared = _NOTHING,
        asset: Asset = IRR,
        debit: Debit | None = None,
    ) -> Batch:
        """Make a batch that waits for its rows: of a file, to be uploaded, or of a source by its name.

        Args:
            name: As staff call it.
            line: Budget line that it is held against.
            staff_id: Who makes it.
            source: `file`, or the name of a Source.
            declared: Count, sum and hash that must come out.
            asset: Of all its amounts.
            debit: Which account pays rows of a file; the expenses of `line`, if it is not said.

        Raises:
            BadInput: No name, no budget line of that form, or no such source.
        """
        name = " ".join(name.split())
        if not name or len(name) > NAME_MAX or has_control(name):
            raise BadInput(f"a batch has a name of at most {NAME_MAX} characters")
        if not is_line(line):
            raise BadInput("a budget line is 1 to 40 of a-z, 0-9, dot, dash and underscore")
        if source != FILE and source not in self._parts.sources:
            raise BadInput(f"no source {source!a:.40}")
        debit = debit or Debit("payout_expense", line)
        values = {"name": name, "line": line, "source": source, "asset": asset.code, "staff_id": staff_id}
        return await self._create(values, declared, debit, "")

    async def upload(self, batch_id: str, file: BinaryIO, *, staff_id: str = "", reason: str = "") -> PayoutResult:
        """Keep a file for a batch; the worker reads it afterwards. Again after a crash, it begins anew.

        A file with the content of an earlier batch's is refused with SAME_FILE, `about` naming that batch, unless staff
        give a reason; a reference that was paid is refused row by row all the same.

        Raises:
            BadInput: It is longer than `payout_file_bytes_max`.
        """
        row = await self._row(batch_id)
        if row is None or row.source != FILE or row.follows:
            return PayoutResult(PayoutOutcome.UNKNOWN if row is None else PayoutOutcome.WRONG_STATE)
        digest, number, size = hashlib.sha256(), 0, 0
        while piece := await asyncio.to_thread(file.read, PIECE):
            size += len(piece)
            if size > self._settings.payout_file_bytes_max:
                raise BadInput(f"a file has at most {self._settings.payout_file_bytes_max} octets")
            digest.update(piece)
            if not await self._store.write(_keeping(batch_id, number, piece)):
                return PayoutResult(PayoutOutcome.WRONG_STATE)
            number += 1
        return await self._uploaded(batch_id, number, digest.hexdigest(), staff_id, reason[:REASON_MAX].strip())

    async def file(self, batch_id: str) -> BinaryIO:
        """The file as it came; who has it closes it."""
        out = await asyncio.to_thread(tempfile.TemporaryFile)
        number = 0
        query = select(FILES.c.octets).where(FILES.c.batch_id == batch_id)
        while pieces := await self._store.read(query.where(FILES.c.number == number)):
            await asyncio.to_thread(out.write, pieces[0].octets)
            number += 1
        out.seek(0)
        return out

    async def _create(
        self,
        values: Mapping[str, object],
        declared: Declared,
        debit: Debit,
        follows: str,
        chosen: Mapping[str, object] | None = None,
    ) -> Batch:
        now = self._clock.now()
        batch_id = new_id("bat", self._clock)
        said = {"count": declared.count, "total_minor": declared.total_minor, "sha256": declared.sha256.lower()}
        row: dict[str, object] = {
            **values,
            **dict.fromkeys(("content_sha256", "reached", "approval_id", "locked_by", "stopped", "hold"), ""),
            **dict.fromkeys(("item_count", "total_minor", "bad", "changes", "manifest_count", "manifest_minor"), 0),
            **dict.fromkeys(("hold_try", "hold_budget", "hold_cover"), 0),
            "id": batch_id,
            "state": BatchState.LOADING.value,
            "debit_role": debit.role,
            "debit_owner": debit.owner,
            "declared": said,
            "follows": follows,
            "chosen": dict(chosen or {}),
            "loaded": False,
            "manifest": b"",
            "makers": [values["staff_id"]],
            "created_at": now,
            "due_at": now if values["source"] != FILE or follows else None,
        }

        def work(tx: Connection) -> Batch:
            last = tx.execute(select(func.max(BATCHES.c.number))).scalar()
            tx.execute(insert(BATCHES).values(**row, number=(last or 0) + 1))
            made = held(tx, batch_id)
            assert made is not None, "it was inserted"
            Log(tx, made, STAFF, now, str(values["staff_id"])).items(0, 0, "", "", BatchState.LOADING.value)
            return batch_of(made)

        while True:
            try:
                return await self._store.write(work)
            except IntegrityError:
                # Another process has taken the number in the same moment.
                continue

    async def _uploaded(self, batch_id: str, pieces: int, sha256: str, staff_id: str, reason: str) -> PayoutResult:
        now = self._clock.now()

        def work(tx: Connection) -> PayoutResult:
            row = held(tx, batch_id)
            if row is None or row.state != BatchState.LOADING or row.content_sha256:
                return PayoutResult(PayoutOutcome.WRONG_STATE)
            if row.declared["sha256"] and row.declared["sha256"] != sha256:
                return PayoutResult(PayoutOutcome.HASH_DIFFERS)
            same = select(BATCHES.c.id).where(BATCHES.c.content_sha256 == sha256).order_by(BATCHES.c.id.desc())
            earlier = tx.execute(same.limit(1)).scalar()
            if earlier and not reason:
                log(service="payouts").warning("payout_same_file", batch_id=batch_id, earlier=earlier)
                return PayoutResult(PayoutOutcome.SAME_FILE, earlier)
            entry = Log(tx, row, STAFF, now, staff_id)
            words = f"same file as {earlier}: {reason}" if earlier else ""
            entry.batch(BatchState.LOADING, words, content_sha256=sha256, due_at=now)
            tx.execute(FILES.delete().where(FILES.c.batch_id == batch_id, FILES.c.number >= pieces))
            return PayoutResult(PayoutOutcome.OK, earlier or "")

        return await self._store.write(work)

    async def _give_up(self, batch_id: str) -> None:
        """A batch that is over before anything was paid: its items are cancelled, what they owe is free again.

        Nobody is asked to sign it any more.
        """
        await self._parts.signing.withdraw(APPROVAL_KIND, batch_id, "given up")
        now = self._clock.now()
        still = (ItemState.RECEIVED, ItemState.HELD, ItemState.APPROVED)
        end = {"state": ItemState.CANCELLED.value, "once": None, "changed_at": now, "order_id": ""}

        def work(tx: Connection) -> None:
            row = held(tx, batch_id)
            assert row is not None, "batches stay"
            entry, told = Log(tx, row, STAFF, now), "not_paid" if row.source != FILE else ""
            for state in still:
                mine = (ITEMS.c.batch_id == batch_id) & (ITEMS.c.state == state.value)
                if tx.execute(update(ITEMS).where(mine).values(**end, tell=told)).rowcount:
                    entry.items(1, SEQ_MAX, "", state.value, ItemState.CANCELLED.value)
            if told:
                change(tx, batch_id, due_at=now)
            # What it would have paid again lies in suspense, and on the returns desk, as before.
            came_back = select(ITEMS.c.follows).where(ITEMS.c.batch_id == batch_id, ITEMS.c.owed.startswith("again:"))
            waits = ITEMS.c.id.in_(came_back) & (ITEMS.c.desk == DeskState.AGAIN.value)
            tx.execute(update(ITEMS).where(waits).values(desk=DeskState.OPEN.value))

        await self._store.write(work)


def _keeping(batch_id: str, number: int, piece: bytes) -> Callable[[Connection], bool]:
    def work(tx: Connection) -> bool:
        row = held(tx, batch_id)
        if row is None or row.state != BatchState.LOADING or row.content_sha256:
            return False
        tx.execute(FILES.delete().where(FILES.c.batch_id == batch_id, FILES.c.number == number))
        tx.execute(insert(FILES).values(batch_id=batch_id, number=number, octets=piece))
        return True

    return work


def is_line(line: str) -> bool:
    """Whether it has the form of a budget line's name."""
    return 0 < len(line) <= 40 and line.isascii() and all(letter.isalnum() or letter in "._-" for letter in line)
