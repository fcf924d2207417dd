"""News: put where it is safe first, and told until whoever takes it has returned."""

import functools
from collections.abc import Iterator, Sequence
from itertools import islice

from sqlalchemy import Connection, Executable, Row, Text, bindparam, select, update

from gateway.services.banking.book import Book
from gateway.services.banking.bulk import CHUNK, put
from gateway.services.banking.model import News, PaymentNews
from gateway.services.banking.tables import NEWS
from gateway.store.rows import Rows
from wallet.clock import to_us
from wallet.money import ASSETS, Money
from wallet.types import Int64

TOLD_AT_ONCE = 2000
_COLUMNS = ("source_id", "place", "end_to_end_id", "position", "what", "minor", "asset", "reason", "source", "at")
_KEYS = Rows("keys", {"source_id": Text, "place": Int64, "end_to_end_id": Text})
_UNTOLD = select(NEWS).where(NEWS.c.told_at.is_(None)).order_by(NEWS.c.position, NEWS.c.place, NEWS.c.end_to_end_id)


class Telling(Book):
    """Keeps and tells."""

    async def tell(self) -> int:
        """Tell what has not been told, in the order in which the bank has said it; how much."""
        done = 0
        while self._taker is not None and (rows := await self._store.read(_UNTOLD.limit(TOLD_AT_ONCE))):
            await self._taker.take([_news_of(row) for row in rows])
            await self._told(rows)
            done += len(rows)
        return done

    async def _told(self, rows: Sequence[Row[tuple[object, ...]]]) -> None:
        now = self._clock.now()
        keys = [(row.source_id, row.place, row.end_to_end_id) for row in rows]

        def work(tx: Connection) -> None:
            tx.execute(_telling(tx.dialect.name), {**_KEYS.bind(tx.dialect.name, keys), "now": now})

        await self._store.write(work)

    async def _keep_news(self, source_id: str, position: int, news: Sequence[tuple[int, News]]) -> None:
        """Put news, each with its place in what says it; a second time changes nothing."""
        rows: Iterator[tuple[str | int | None, ...]] = (
            (
                source_id, place, one.end_to_end_id, position, one.what.value,
                one.amount.minor if one.amount else None, one.amount.asset.code if one.amount else "",
                one.reason, one.source, to_us(one.at),
            )
            for place, one in news
        )  # fmt: skip
        while chunk := list(islice(rows, CHUNK)):

            def work(tx: Connection, chunk: list[tuple[str | int | None, ...]] = chunk) -> None:
                put(tx, NEWS, _COLUMNS, chunk)

            await self._store.write(work)

    async def _spoken_of(self, ids: Sequence[str], what: PaymentNews | None = None) -> frozenset[str]:
        """Those of these end-to-end ids of which the bank has spoken, or said that."""
        found: set[str] = set()
        for begin in range(0, len(ids), CHUNK):
            query = select(NEWS.c.end_to_end_id).where(NEWS.c.end_to_end_id.in_(ids[begin : begin + CHUNK]))
            if what is not None:
                query = query.where(NEWS.c.what == what.value)
            found.update(row.end_to_end_id for row in await self._store.read(query))
        return frozenset(found)


@functools.cache
def _telling(dialect: str) -> Executable:
    """Joined to its keys, so that each row is found by the primary key."""
    given = _KEYS.table(dialect)
    same = [NEWS.c[name] == given.c[name] for name in _KEYS.columns]
    return update(NEWS).where(*same).values(told_at=bindparam("now", type_=NEWS.c.told_at.type))


def _news_of(row: Row[tuple[object, ...]]) -> News:
    amount = Money(row.minor, ASSETS[row.asset]) if row.asset else None
    return News(row.end_to_end_id, PaymentNews(row.what), amount, row.reason, row.source, row.at)
