"""Making a batch and filling it: from a file, which is kept, or from what a source has decided."""

import asyncio
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any, BinaryIO

from sqlalchemy import Connection, Row, func, insert, select
from sqlalchemy.exc import IntegrityError

from gateway.errors import BadInput, Conflict, NotFound
from gateway.observe import log
from gateway.services.payouts import bulk
from gateway.services.payouts.answers import DeskState, HeldReason, RowFault
from gateway.services.payouts.book import FILE, Log, change, held
from gateway.services.payouts.bulk import NewItem
from gateway.services.payouts.fields import Draft, Rows
from gateway.services.payouts.making import PIECE, REASON_MAX, Making
from gateway.services.payouts.model import (
    BadRow,
    Batch,
    BatchState,
    Due,
    ItemState,
    Rail,
)
from gateway.services.payouts.ports import Known
from gateway.services.payouts.rules import SEQ_MAX, item_id
from gateway.services.payouts.tables import BAD_ROWS, ITEMS
from gateway.wire.csvrows import has_control
from wallet.transfers import TransferCode

PAGE = 2000
"""Rows that are taken in one unit of work."""
SUSPENSE = "suspense"
AT_DESK = ITEMS.c.desk.in_(("", DeskState.OPEN.value, DeskState.ASKED.value))
"""Items that the returns desk has not dealt with, those that never came to it included."""
_ZIP = b"PK\x03\x04"


class Loading(Making):
    """What fills a batch; each page moves `reached` in the transaction that keeps its rows."""

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
        if row.state != BatchState.LOADING or row.loaded or not _has_source(row):
            raise Conflict("there is nothing to load")
        try:
            if row.follows:
                await self._load_follow_up(row)
            elif row.source == FILE:
                await self._load_file(row)
            else:
                await self._load_source(row)
        except BadInput as problem:
            log(service="payouts").warning("payout_file_refused", batch_id=batch_id)
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
        if found.bad:
            log(service="payouts").warning("payout_rows_refused", batch_id=batch_id, rows=found.bad)
        return found

    async def _load_file(self, row: Row[Any]) -> None:
        with await self.file(row.id) as file:
            begin = await asyncio.to_thread(_checked, file, row.content_sha256)
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

    async def _load_follow_up(self, row: Row[Any]) -> None:
        """Items of the batch that it follows: what was not paid is owed as before, what came back lies in suspense."""
        chosen, source = row.chosen, self._parts.sources.get(row.source)
        which = (ITEMS.c.batch_id == row.follows) & ITEMS.c.state.in_(chosen["states"])
        for column, values in ((ITEMS.c.reason, chosen["reasons"]), (ITEMS.c.id, chosen["ids"])):
            if values:
                which &= column.in_(values)
        which &= AT_DESK
        after, seq, current = str(row.reached), row.item_count + row.bad, row
        query = select(ITEMS).where(which).order_by(ITEMS.c.id).limit(PAGE)
        while page := await self._store.read(query.where(ITEMS.c.id > after)):
            owed = [one.source_id for one in page if one.state != ItemState.RETURNED]
            free = set(await source.taken(owed, row.id)) if source and owed else set(owed)
            items, bad = [], []
            for place, one in enumerate(page, start=seq + 1):
                if one.state == ItemState.RETURNED or one.source_id in free:
                    items.append(_again(row, place, one))
                else:
                    bad.append(BadRow(place + 1, "", RowFault.NOT_DUE))
            seq, after = seq + len(page), page[-1].id
            back = [one.id for one in page if one.state == ItemState.RETURNED]
            current = await self._take(current, items, bad, after, back)
        await self._loaded(row.id)

    async def _take(
        self,
        row: Row[Any],
        items: Sequence[NewItem],
        bad: Sequence[BadRow],
        reached: str,
        again: Sequence[str] = (),
    ) -> Row[Any]:
        """Keep one page and move on, in one transaction; a page that another process kept is a Conflict.

        `again` are returned items that are paid again by it: the returns desk is done with them.
        """
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
            if again:
                came_back = ITEMS.c.state == ItemState.RETURNED.value
                taken = bulk.change_named(tx, again, came_back & AT_DESK, {"desk": DeskState.AGAIN.value})
                if taken != len(again):
                    raise Conflict("the returns desk has done something else about one of them meanwhile")
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

        try:
            return await self._store.write(work)
        except IntegrityError:
            # Another batch took what one of them pays in the same moment: now it is seen there.
            return await self._store.write(work)

    async def _loaded(self, batch_id: str) -> None:
        """Everything is read: twins wait for staff, and the batch is a draft."""
        now = self._clock.now()

        def work(tx: Connection) -> None:
            row = held(tx, batch_id)
            if row is None or row.state != BatchState.LOADING:
                raise Conflict("the batch was loaded elsewhere")
            entry = Log(tx, row, "rules", now)
            twins = tx.execute(_twins(batch_id)).all()
            bulk.change_named(
                tx,
                [one.id for one in twins],
                ITEMS.c.state == ItemState.RECEIVED.value,
                {"state": ItemState.HELD.value, "reason": HeldReason.TWIN.value, "changed_at": now},
            )
            states = (ItemState.RECEIVED.value, ItemState.HELD.value, HeldReason.TWIN.value)
            entry.many([(one.seq, one.seq, "", *states) for one in twins])
            entry.batch(BatchState.DRAFT, loaded=True, due_at=None)

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


def _again(row: Row[Any], seq: int, one: Row[Any]) -> NewItem:
    """An item that is paid again: to the account that was chosen now, or to what its person wants by now."""
    back = one.state == ItemState.RETURNED
    iban = row.chosen["iban"] or ("" if one.person_id else one.iban)
    debit = (SUSPENSE, "") if back else (one.debit_role, one.debit_owner)
    return NewItem(
        item_id(row.id, seq), seq, one.reference, one.source_id, one.person_id, one.name, iban,
        (Rail.BANK if iban else Rail.WALLET).value, one.amount_minor, debit[0],
        debit[1], one.code, one.purpose, one.note, one.id,
        f"again:{one.id}" if back else one.owed,
    )  # fmt: skip


def _checked(file: BinaryIO, sha256: str) -> bytes:
    """The first octets of a file that is, to the last octet, the one whose hash was declared and compared.

    Raises:
        BadInput: It is another one: two were uploaded at once, or somebody has changed what is kept.
    """
    digest = hashlib.sha256()
    while piece := file.read(PIECE):
        digest.update(piece)
    if digest.hexdigest() != sha256:
        raise BadInput("what is kept is not the file whose hash was taken; upload it again in a new batch")
    file.seek(0)
    begin = file.read(4)
    file.seek(0)
    return begin


def _has_source(row: Row[Any]) -> bool:
    return bool(row.follows or row.content_sha256 or row.source != FILE)


def _clean(text: str) -> str:
    """Without the characters that the manifest has between cells; sources have no others of that kind."""
    if has_control(text):
        text = "".join(" " if has_control(letter) else letter for letter in text)
    return " ".join(text.split())


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


def _bad(batch_id: str, one: BadRow) -> dict[str, object]:
    return {
        "batch_id": batch_id,
        "line": one.line,
        "column": one.column,
        "fault": one.fault.value,
        "about": one.about,
    }
