"""Pages of statements that come in files of their own: each is kept, and the last to come makes the statement."""

import zlib
from asyncio import to_thread
from contextlib import suppress
from dataclasses import dataclass

from sqlalchemy import Connection, Select, select, tuple_, update

from gateway.errors import BadInput
from gateway.services.banking.tables import FILES, PAGES
from gateway.services.banking.taking import Source, Taking
from gateway.store import insert_ignore
from gateway.wire import pages
from gateway.wire.statements import read
from wallet.reconciliation import BankStatement

_PARTS_MAX = 200
"""Newest parts of one number that are looked at."""


@dataclass(frozen=True, slots=True)
class _Kept:
    file_id: str
    place: int
    part: BankStatement


class Paging(Taking):
    """Takes parts of statements."""

    async def waits(self, file_id: str) -> bool:
        """Whether a part of a statement in this file is still alone."""
        query = select(PAGES.c.place).where(PAGES.c.file_id == file_id, PAGES.c.statement_id == "").limit(1)
        return bool(await self._store.read(query))

    async def _take_part(self, source: Source, place: int, part: BankStatement) -> tuple[str, bool] | None:
        """Keep a part; the statement that it makes with others and whether that is new, None while one is missing.

        Raises:
            BadInput: It makes a statement whose balances and lines do not agree.
        """
        row = {
            "file_id": source.file_id, "place": place, "root": part.root, "account": part.account, "asset": part.asset,
            "sequence": part.sequence, "name": part.statement_id, "statement_id": "",
        }  # fmt: skip
        await self._store.write(lambda tx: insert_ignore(tx, PAGES, row))
        kept = await self._parts_like(part)
        chain = await to_thread(pages.chained, [one.part for one in kept])
        if not chain:
            return None
        whole = await to_thread(pages.together, chain)
        statement_id, fresh = await self._take_statement(source, whole)
        used = [(one.file_id, one.place) for one in kept if any(one.part is link for link in chain)]

        def work(tx: Connection) -> int:
            # A page that has made a statement stays with it: the seal of a day may say so.
            mine = tuple_(PAGES.c.file_id, PAGES.c.place).in_(used) & (PAGES.c.statement_id == "")
            return tx.execute(update(PAGES).where(mine).values(statement_id=statement_id)).rowcount

        await self._store.write(work)
        return statement_id, fresh

    async def _parts_like(self, part: BankStatement) -> list[_Kept]:
        """Parts of that number and account, this one too, in the order in which their files came."""
        places: dict[str, list[int]] = {}
        for row in reversed(await self._store.read(_like(part))):
            places.setdefault(row.file_id, []).append(row.place)
        found: list[_Kept] = []
        for file_id, wanted in places.items():
            octets = await self._store.read(select(FILES.c.octets).where(FILES.c.id == file_id))
            with suppress(BadInput):
                parts = await to_thread(_read, octets[0].octets)
                mine = [_Kept(file_id, place, parts[place]) for place in wanted if place < len(parts)]
                found += [one for one in mine if not pages.whole(one.part)]
        return found

    async def _statements_of_parts(self, file_id: str) -> list[str]:
        query = select(PAGES.c.statement_id).where(PAGES.c.file_id == file_id, PAGES.c.statement_id != "")
        return [row.statement_id for row in await self._store.read(query.order_by(PAGES.c.place))]


def _like(part: BankStatement) -> Select[tuple[str, int]]:
    query = select(PAGES.c.file_id, PAGES.c.place).join(FILES, FILES.c.id == PAGES.c.file_id)
    query = query.where(PAGES.c.account == part.account, PAGES.c.root == part.root, PAGES.c.asset == part.asset)
    query = query.where(PAGES.c.sequence == part.sequence)
    if not part.sequence:
        query = query.where(PAGES.c.name == part.statement_id)
    return query.order_by(FILES.c.position.desc(), PAGES.c.place.desc()).limit(_PARTS_MAX)


def _read(kept: bytes) -> list[BankStatement]:
    return read(zlib.decompress(kept))
