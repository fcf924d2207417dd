"""Keeps the index of last digits a segment behind the log, and asks both."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, insert, select, update

from gateway.services.finding.ports import Endings, Log
from gateway.services.finding.tables import REACHED, SEGMENTS
from gateway.services.finding.tails import SEGMENT, Named, offsets, packed, tail_of
from gateway.store import Store, insert_ignore
from wallet.ledger import Reference

CANDIDATES_MAX = 3000
"""Rows whose last four digits fit that are looked at, the newest: chance makes ten in as many millions."""
UNINDEXED_MAX = 4 * SEGMENT
"""Rows at the end of the log that are read one by one."""
_PAGE = 4096
_IN_MAX = 200
_NAME = "log"
_BODIES = (
    select(SEGMENTS.c.segment, SEGMENTS.c.body)
    .where(SEGMENTS.c.named == bindparam("a_named"), SEGMENTS.c.bucket == bindparam("a_bucket"))
    .order_by(SEGMENTS.c.segment.desc())
)


@dataclass(frozen=True, slots=True)
class Ends:
    """Rows of the log that end so, newest first; `behind` if rows in between were not looked at."""

    rows: Sequence[Reference]
    behind: bool


class TailIndex:
    """Last digits of causes and of transfers' ids."""

    def __init__(self, store: Store, log: Log, names: Endings) -> None:
        self._store = store
        self._log = log
        self._names = names

    async def tick(self) -> int:
        """Index the next segment once the log is that long; how many rows. Whoever does it beside us makes it none."""
        number = await self._whole()
        first = number * SEGMENT
        if (await self._log.head()).position < first + SEGMENT:
            return 0
        rows = await self._segment(first)
        # Some hundredths of a second of pure work: the loop has others to answer meanwhile.
        lists = await asyncio.to_thread(_lists, number, rows)

        def work(tx: Connection) -> int:
            insert_ignore(tx, REACHED, {"name": _NAME, "segments": 0})
            mine = select(REACHED.c.segments).where(REACHED.c.name == _NAME).with_for_update(key_share=True)
            if tx.execute(mine).scalar_one() != number:
                return 0
            tx.execute(insert(SEGMENTS), lists)
            tx.execute(update(REACHED).where(REACHED.c.name == _NAME).values(segments=number + 1))
            return len(rows)

        return await self._store.write(work)

    async def ends(self, named: Named, tail: str, limit: int) -> Ends:
        """Rows whose cause or id ends in `tail`, four digits or more of its alphabet, each cause once."""
        digits = tail_of(named, tail)
        assert digits is not None, "somebody looked at the text before"
        # The log's end first: what is indexed meanwhile is then found twice, and not missed.
        head, indexed = (await self._log.head()).position, await self._whole() * SEGMENT
        after = max(indexed, head - UNINDEXED_MAX)
        of_ids = named is Named.TRANSFER
        fresh = await self._names.ending(tail, of_ids=of_ids, after=after, limit=CANDIDATES_MAX)
        found = {_text(named, row): row for row in reversed(fresh)}
        if len(found) <= limit:
            bodies = await self._store.read(_BODIES, {"a_named": named.value, "a_bucket": digits.bucket})
            positions = [row.segment * SEGMENT + at + 1 for row in bodies for at in offsets(row.body, digits)]
            positions = sorted(positions, reverse=True)[:CANDIDATES_MAX]
            for start in range(0, len(positions), _IN_MAX):
                page = await self._names.references_at(positions[start : start + _IN_MAX])
                found |= {text: row for row in page if (text := _text(named, row)).endswith(tail)}
                if len(found) > limit:
                    break
        return Ends(sorted(found.values(), reverse=True), behind=after > indexed)

    async def _whole(self) -> int:
        rows = await self._store.read(select(REACHED.c.segments).where(REACHED.c.name == _NAME))
        return int(rows[0].segments) if rows else 0

    async def _segment(self, first: int) -> list[Reference]:
        rows: list[Reference] = []
        while len(rows) < SEGMENT:
            rows += await self._names.references(first + len(rows), min(_PAGE, SEGMENT - len(rows)))
        return rows


def _lists(number: int, rows: Sequence[Reference]) -> list[dict[str, object]]:
    return [
        {"named": named.value, "bucket": bucket, "segment": number, "body": body}
        for named in Named
        for bucket, body in packed(named, ((at, _text(named, row)) for at, row in enumerate(rows))).items()
    ]


def _text(named: Named, row: Reference) -> str:
    return row.cause if named is Named.CAUSE else row.id.hex
