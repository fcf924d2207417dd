"""Keeps the index of last digits a segment behind the log, and asks both."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, bindparam, delete, insert, literal, select, union_all, update

from gateway.services.finding.ports import Endings, Log
from gateway.services.finding.tables import REACHED, SEGMENTS
from gateway.services.finding.tails import (
    BUCKETS,
    MERGED,
    SEGMENT,
    Named,
    Tail,
    merged,
    offsets,
    packed,
    tail_of,
    wide_offsets,
)
from gateway.store import Store, insert_ignore
from wallet.ledger import Reference

CANDIDATES_MAX = 3000
"""Rows whose last four digits fit that are looked at, the newest: chance makes ten in as many millions."""
UNINDEXED_MAX = 4 * SEGMENT
"""Rows at the end of the log that are read one by one."""
SLICE = 16
"""Buckets that are merged in one transaction, which others wait for."""
_SLICES = len(Named) * BUCKETS // SLICE
_PAGE = 4096
_FEW, _IN_MAX = 32, 200
_NARROW, _WIDE = "narrow", "wide"


def _lists_of(level: str) -> Select[Any]:
    mine = (SEGMENTS.c.named == bindparam(f"{level}_named"), SEGMENTS.c.bucket == bindparam(f"{level}_bucket"))
    return select(literal(level).label("level"), SEGMENTS.c.segment, SEGMENTS.c.body).where(*mine)


_BODIES = select(union_all(_lists_of(_NARROW), _lists_of(_WIDE)).subquery())
"""Of one moment, since merging moves a bucket from the one level to the other."""


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
        """Index the next segment once the log is that long, or else merge some; how many rows.

        Whoever does it beside us makes it none.
        """
        number = await self._whole()
        first = number * SEGMENT
        if (await self._log.head()).position < first + SEGMENT:
            return await self._merge(number)
        rows = await self._segment(first)
        # Some hundredths of a second of pure work: the loop has others to answer meanwhile.
        lists = await asyncio.to_thread(_lists, number, rows)

        def work(tx: Connection) -> int:
            if not _goes_on(tx, _NARROW, number):
                return 0
            tx.execute(insert(SEGMENTS), lists)
            return len(rows)

        return await self._store.write(work)

    async def _merge(self, whole: int) -> int:
        """Merge the next slice of buckets of the next MERGED segments, if there are so many; how many rows."""
        done = await self._reached(_WIDE)
        group, part = divmod(done, _SLICES)
        if whole < (group + 1) * MERGED:
            return 0
        which, place = divmod(part, BUCKETS // SLICE)
        named, first = list(Named)[which], place * SLICE
        of = (
            (SEGMENTS.c.named == _level(named, _NARROW))
            & SEGMENTS.c.bucket.between(first, first + SLICE - 1)
            & SEGMENTS.c.segment.between(group * MERGED, (group + 1) * MERGED - 1)
        )
        bodies: defaultdict[int, list[tuple[int, bytes]]] = defaultdict(list)
        for row in await self._store.read(select(SEGMENTS).where(of)):
            bodies[row.bucket].append((row.segment % MERGED, row.body))
        lists = await asyncio.to_thread(_wide_lists, named, group, bodies)

        def work(tx: Connection) -> int:
            if not _goes_on(tx, _WIDE, done):
                return 0
            tx.execute(delete(SEGMENTS).where(of))
            if lists:
                tx.execute(insert(SEGMENTS), lists)
            return SEGMENT

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
            positions = sorted(await self._positions(named, digits), reverse=True)[:CANDIDATES_MAX]
            start, size = 0, _FEW
            while start < len(positions) and len(found) <= limit:
                page = await self._names.references_at(positions[start : start + size])
                found |= {text: row for row in page if (text := _text(named, row)).endswith(tail)}
                start, size = start + size, _IN_MAX
        return Ends(sorted(found.values(), reverse=True), behind=after > indexed)

    async def _positions(self, named: Named, digits: Tail) -> list[int]:
        """Where the index has rows whose last four digits are these."""
        rows = await self._store.read(
            _BODIES,
            {
                f"{_NARROW}_named": _level(named, _NARROW), f"{_NARROW}_bucket": digits.bucket,
                f"{_WIDE}_named": _level(named, _WIDE), f"{_WIDE}_bucket": digits.wide_bucket,
            },
        )  # fmt: skip
        found: list[int] = []
        for row in rows:
            wide = row.level == _WIDE
            first = row.segment * SEGMENT * (MERGED if wide else 1) + 1
            found += [first + at for at in (wide_offsets if wide else offsets)(row.body, digits)]
        return found

    async def _whole(self) -> int:
        return await self._reached(_NARROW)

    async def _reached(self, name: str) -> int:
        rows = await self._store.read(select(REACHED.c.segments).where(REACHED.c.name == name))
        return int(rows[0].segments) if rows else 0

    async def _segment(self, first: int) -> list[Reference]:
        rows: list[Reference] = []
        while len(rows) < SEGMENT:
            rows += await self._names.references(first + len(rows), min(_PAGE, SEGMENT - len(rows)))
        return rows


def _goes_on(tx: Connection, name: str, number: int) -> bool:
    """Whether the next one is still ours to make; if so it counts as made."""
    insert_ignore(tx, REACHED, {"name": name, "segments": 0})
    mine = select(REACHED.c.segments).where(REACHED.c.name == name).with_for_update(key_share=True)
    if tx.execute(mine).scalar_one() != number:
        return False
    tx.execute(update(REACHED).where(REACHED.c.name == name).values(segments=number + 1))
    return True


def _level(named: Named, level: str) -> str:
    """As the table names the lists of a level."""
    return f"{named.value}_{level}"


def _wide_lists(named: Named, group: int, bodies: Mapping[int, Sequence[tuple[int, bytes]]]) -> list[dict[str, object]]:
    return [
        {"named": _level(named, _WIDE), "bucket": wide, "segment": group, "body": body}
        for bucket, lists in bodies.items()
        for wide, body in merged(named, bucket, lists).items()
    ]


def _lists(number: int, rows: Sequence[Reference]) -> list[dict[str, object]]:
    return [
        {"named": _level(named, _NARROW), "bucket": bucket, "segment": number, "body": body}
        for named in Named
        for bucket, body in packed(named, ((at, _text(named, row)) for at, row in enumerate(rows))).items()
    ]


def _text(named: Named, row: Reference) -> str:
    return row.cause if named is Named.CAUSE else row.id.hex
