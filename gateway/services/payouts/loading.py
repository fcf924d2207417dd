"""Making a batch and filling it: from a file, which is kept, or from what a source has decided."""

import asyncio
import hashlib
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any, BinaryIO

from sqlalchemy import Connection, Row, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from gateway.errors import BadInput, Conflict, NotFound
from gateway.services.payouts import bulk
from gateway.services.payouts.answers import HeldReason, PayoutOutcome, RowFault
from gateway.services.payouts.book import FILE, STAFF, Book, Log, batch_of, change, held
from gateway.services.payouts.bulk import NewItem
from gateway.services.payouts.fields import Draft, Rows
from gateway.services.payouts.model import (
    BadRow,
    Batch,
    BatchState,
    Debit,
    Declared,
    Due,
    ItemState,
    PayoutResult,
    Rail,
)
from gateway.services.payouts.ports import Known
from gateway.services.payouts.rules import SEQ_MAX, item_id
from gateway.services.payouts.tables import BAD_ROWS, BATCHES, FILES, ITEMS
from gateway.wire.csvrows import has_control
from wallet.ids import new_id
from wallet.money import IRR, Asset
from wallet.transfers import TransferCode

PAGE = 2000
"""Rows that are taken in one unit of work."""
NAME_MAX = 100
REASON_MAX = 200
PIECE = 256 * 1024
_ZIP = b"PK\x03\x04"
_NOTHING = Declared()


class Loading(Book):
    """What fills a batch; each page moves `reached` in the transaction that keeps its rows."""

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
        if not _is_line(line):
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

    async def load(self, batch_id: str) -> Batch:
        """Read to the end what was uploaded, or all that its source offers; goes on where a crash has left it.

        A file that cannot be read at all refuses the batch, its words in the batch's history.

        Raises:
            NotFound: No such batch.
            Conflict: It is loaded, its file is not there yet, or another process is loading it.
        """
        row = await self._row(batch_id)
        if row is None:
            raise NotFound("no such batch")
        if row.state != BatchState.LOADING or row.loaded or (row.source == FILE and not row.content_sha256):
            raise Conflict("there is nothing to load")
        try:
            if row.source == FILE:
                await self._load_file(row)
            else:
                await self._load_source(row)
        except BadInput as problem:
            await self._move(
                batch_id,
                frozenset({BatchState.LOADING}),
                BatchState.REFUSED,
                reason=str(problem)[:REASON_MAX],
                source="file",
                finished_at=self._clock.now(),
                due_at=None,
            )
            await self._give_up(batch_id)
        found = await self.by_id(batch_id)
        assert found is not None, "batches stay"
        return found

    async def _create(self, values: Mapping[str, object], declared: Declared, debit: Debit, follows: str) -> Batch:
        now = self._clock.now()
        batch_id = new_id("bat", self._clock)
        said = {"count": declared.count, "total_minor": declared.total_minor, "sha256": declared.sha256.lower()}
        row: dict[str, object] = {
            **values, "id": batch_id, "state": BatchState.LOADING.value, "debit_role": debit.role,
            "debit_owner": debit.owner, "declared": said, "content_sha256": "", "follows": follows, "item_count": 0,
            "total_minor": 0, "bad": 0, "changes": 0, "reached": "", "loaded": False, "manifest": b"",
            "manifest_count": 0, "manifest_minor": 0, "approval_id": "", "makers": [values["staff_id"]], "stopped": "",
            "hold": "", "hold_try": 0, "hold_budget": 0, "hold_cover": 0, "created_at": now,
            "due_at": now if values["source"] != FILE and not follows else None,
        }  # fmt: skip

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
                return PayoutResult(PayoutOutcome.SAME_FILE, earlier)
            log = Log(tx, row, STAFF, now, staff_id)
            words = f"same file as {earlier}: {reason}" if earlier else ""
            log.batch(BatchState.LOADING, words, content_sha256=sha256, due_at=now)
            tx.execute(FILES.delete().where(FILES.c.batch_id == batch_id, FILES.c.number >= pieces))
            return PayoutResult(PayoutOutcome.OK, earlier or "")

        return await self._store.write(work)

    async def file(self, batch_id: str) -> BinaryIO:
        """The file as it came; who has it closes it."""
        out = tempfile.SpooledTemporaryFile(max_size=PIECE)  # noqa: SIM115 - handed to the caller
        number = 0
        query = select(FILES.c.octets).where(FILES.c.batch_id == batch_id)
        while pieces := await self._store.read(query.where(FILES.c.number == number)):
            await asyncio.to_thread(out.write, pieces[0].octets)
            number += 1
        out.seek(0)
        return out  # type: ignore[return-value]

    async def _load_file(self, row: Row[Any]) -> None:
        with await self.file(row.id) as file:
            begin = file.read(4)
            file.seek(0)
            reader = await asyncio.to_thread(lambda: Rows(file, is_sheet=begin == _ZIP))
            rows = reader.rows(after=int(row.reached or 1))
            current: Row[Any] = row
            while page := await asyncio.to_thread(lambda: list(islice(rows, PAGE))):
                drafts = [one for one in page if isinstance(one, Draft)]
                bad = [one for one in page if isinstance(one, BadRow)]
                items = await self._found(current, drafts, bad)
                current = await self._take(current, items, bad, str(page[-1].line))
        await self._loaded(row.id)

    async def _found(self, row: Row[Any], drafts: Sequence[Draft], bad: list[BadRow]) -> list[NewItem]:
        """The items of a page; lines of people whom nobody knows go to `bad`."""
        who = self._parts.directory
        numbers = {one.msisdn for one in drafts if one.msisdn}
        nationals = {one.national for one in drafts if one.national}
        ids = {one.person for one in drafts if one.person}
        known: dict[str, Known] = {
            **(await who.by_msisdns(numbers) if numbers else {}),
            **(await who.by_nationals(nationals) if nationals else {}),
            **(await who.by_ids(ids) if ids else {}),
        }
        items = []
        for one in drafts:
            key = one.msisdn or one.national or one.person
            person = known.get(key) if key else None
            if key and person is None:
                column = "msisdn" if one.msisdn else "national" if one.national else "person"
                bad.append(BadRow(one.line, column, RowFault.NOBODY))
                continue
            items.append(_item_of_line(row, one, person))
        return items

    async def _load_source(self, row: Row[Any]) -> None:
        source = self._parts.sources[row.source]
        seq = row.item_count + row.bad
        after, current = str(row.reached), row
        while dues := await source.due(after=after, limit=PAGE):
            free = set(await source.taken([due.source_id for due in dues], row.id))
            bad: list[BadRow] = []
            items = []
            for place, due in enumerate(dues, start=seq + 1):
                if due.source_id in free and due.amount.asset.code == row.asset and due.amount.minor > 0:
                    items.append(_item_of(row, place, due))
                else:
                    bad.append(BadRow(place + 1, "", RowFault.NOT_DUE))
            seq += len(dues)
            after = dues[-1].source_id
            current = await self._take(current, items, bad, after)
        await self._loaded(row.id)

    async def _take(self, row: Row[Any], items: Sequence[NewItem], bad: Sequence[BadRow], reached: str) -> Row[Any]:
        """Keep one page and move on, in one transaction; a page that another process kept is a Conflict."""
        now = self._clock.now()

        def work(tx: Connection) -> Row[Any]:
            mine = held(tx, row.id)
            if mine is None or mine.state != BatchState.LOADING or mine.reached != row.reached or mine.loaded:
                raise Conflict("the batch is being loaded elsewhere")
            fresh, wrong = _sorted_out(row.id, items, bulk.there(tx, [one.owed for one in items]))
            wrong += bad
            if mine.item_count + mine.bad + len(fresh) + len(wrong) > min(self._settings.payout_rows_max, SEQ_MAX):
                raise BadInput(f"a batch has at most {self._settings.payout_rows_max} rows")
            bulk.put(tx, row.id, fresh, now)
            if wrong:
                tx.execute(insert(BAD_ROWS), [_bad(row.id, one) for one in wrong])
            if fresh:
                Log(tx, mine, mine.source, now).items(fresh[0].seq, fresh[-1].seq, "", "", ItemState.RECEIVED.value)
            total = mine.total_minor + sum(one.amount_minor for one in fresh)
            change(
                tx,
                row.id,
                reached=reached,
                item_count=mine.item_count + len(fresh),
                total_minor=total,
                bad=mine.bad + len(wrong),
            )
            after = held(tx, row.id)
            assert after is not None, "it is held"
            return after

        return await self._store.write(work)

    async def _loaded(self, batch_id: str) -> None:
        """Everything is read: twins wait for staff, and the batch is a draft."""
        now = self._clock.now()

        def work(tx: Connection) -> None:
            row = held(tx, batch_id)
            if row is None or row.state != BatchState.LOADING:
                raise Conflict("the batch was loaded elsewhere")
            log = Log(tx, row, "rules", now)
            twins = tx.execute(_twins(batch_id)).all()
            bulk.change_named(
                tx,
                [one.id for one in twins],
                ITEMS.c.state == ItemState.RECEIVED.value,
                {"state": ItemState.HELD.value, "reason": HeldReason.TWIN.value, "changed_at": now},
            )
            states = (ItemState.RECEIVED.value, ItemState.HELD.value, HeldReason.TWIN.value)
            log.many([(one.seq, one.seq, "", *states) for one in twins])
            log.batch(BatchState.DRAFT, loaded=True, due_at=None)

        await self._store.write(work)

    async def _give_up(self, batch_id: str) -> None:
        """A batch that is over before anything was paid: its items are cancelled, what they owe is free again."""
        now = self._clock.now()
        still = (ItemState.RECEIVED, ItemState.HELD, ItemState.APPROVED)
        end = {"state": ItemState.CANCELLED.value, "once": None, "changed_at": now, "order_id": ""}

        def work(tx: Connection) -> None:
            row = held(tx, batch_id)
            assert row is not None, "batches stay"
            log, told = Log(tx, row, STAFF, now), "not_paid" if row.source != FILE else ""
            for state in still:
                mine = (ITEMS.c.batch_id == batch_id) & (ITEMS.c.state == state.value)
                if tx.execute(update(ITEMS).where(mine).values(**end, tell=told)).rowcount:
                    log.items(1, SEQ_MAX, "", state.value, ItemState.CANCELLED.value)
            if told:
                change(tx, batch_id, due_at=now)

        await self._store.write(work)


def _item_of(row: Row[Any], seq: int, due: Due) -> NewItem:
    return NewItem(
        item_id(row.id, seq), seq, due.source_id, due.source_id, due.person_id, _clean(due.name), due.iban,
        Rail.BANK.value if due.iban else Rail.WALLET.value, due.amount.minor, due.debit.role, due.debit.owner,
        due.code.value, due.purpose, "", "", f"{row.source}:{due.source_id}",
    )  # fmt: skip


def _item_of_line(row: Row[Any], one: Draft, person: Known | None) -> NewItem:
    seq, rail = one.line - 1, Rail.BANK if one.iban else Rail.WALLET
    return NewItem(
        item_id(row.id, seq), seq, one.reference, one.reference, person.person_id if person else "",
        one.name or (_clean(person.name) if person else ""), one.iban, rail.value, one.minor, row.debit_role,
        row.debit_owner, TransferCode.PAYOUT.value, one.purpose, one.note, "", f"ref:{one.reference}",
    )  # fmt: skip


def _clean(text: str) -> str:
    """Without the characters that the manifest has between cells; sources have no others of that kind."""
    return " ".join("".join(" " if has_control(letter) else letter for letter in text).split())


def _sorted_out(
    batch_id: str, items: Iterable[NewItem], there: Mapping[str, tuple[str, str]]
) -> tuple[list[NewItem], list[BadRow]]:
    """What can be taken of a page, and what stands in this batch or in another one already."""
    fresh: dict[str, NewItem] = {}
    wrong = []
    for one in items:
        column = "reference" if one.owed.startswith("ref:") else ""
        if one.owed in fresh:
            wrong.append(BadRow(one.seq + 1, column, RowFault.DUPLICATE))
        elif (found := there.get(one.owed)) is not None:
            fault = RowFault.DUPLICATE if found[1] == batch_id else RowFault.PAID_BEFORE
            wrong.append(BadRow(one.seq + 1, column, fault, found[0]))
        else:
            fresh[one.owed] = one
    return list(fresh.values()), wrong


def _twins(batch_id: str) -> Any:  # noqa: ANN401 - SQLAlchemy's query
    """Items of a batch whose payee gets the same amount in an earlier place."""
    payee = (ITEMS.c.person_id, ITEMS.c.iban, ITEMS.c.amount_minor)
    place = func.row_number().over(partition_by=payee, order_by=ITEMS.c.seq).label("place")
    mine = (ITEMS.c.batch_id == batch_id) & (ITEMS.c.state == ItemState.RECEIVED.value)
    numbered = select(ITEMS.c.id, ITEMS.c.seq, place).where(mine).subquery()
    return select(numbered.c.id, numbered.c.seq).where(numbered.c.place > 1).order_by(numbered.c.seq)


def _keeping(batch_id: str, number: int, piece: bytes) -> Any:  # noqa: ANN401 - a unit of work
    def work(tx: Connection) -> bool:
        row = held(tx, batch_id)
        if row is None or row.state != BatchState.LOADING or row.content_sha256:
            return False
        tx.execute(FILES.delete().where(FILES.c.batch_id == batch_id, FILES.c.number == number))
        tx.execute(insert(FILES).values(batch_id=batch_id, number=number, octets=piece))
        return True

    return work


def _bad(batch_id: str, one: BadRow) -> dict[str, object]:
    return {
        "batch_id": batch_id,
        "line": one.line,
        "column": one.column,
        "fault": one.fault.value,
        "about": one.about,
    }


def _is_line(line: str) -> bool:
    return 0 < len(line) <= 40 and line.isascii() and all(letter.isalnum() or letter in "._-" for letter in line)
