"""Signs the end of the ledger's log and publishes it: a row of the store, a line of a file, an answer over HTTP."""

import asyncio
from dataclasses import replace
from typing import Any, Protocol

from sqlalchemy import Select, select

from gateway.errors import Conflict
from gateway.keys import KeyStore
from gateway.services.heads.file import HeadFile
from gateway.services.heads.tables import published_heads
from gateway.store import Store, insert_ignore
from gateway.store.octets import octets_of, text_of
from wallet.clock import Clock, from_us
from wallet.errors import LedgerCorrupt
from wallet.heads import HeadCheck, HeadFault, SignedHead, bytes_of, in_book, key_id
from wallet.ledger import Block, Head

KEY = "ledger_head"
LISTED_MAX = 1000
"""How many heads one answer or one write to the file holds."""
_published = published_heads.c


class Book(Protocol):
    """The ledger whose head is published. Satisfied by wallet.ledger.Ledger."""

    async def head(self) -> Head:
        """The end of the log."""
        ...

    async def block(self, number: int) -> Block | None:
        """The block of this number."""
        ...


class Heads:
    """Publishes heads and lists the published ones. Several processes may publish: a block has one row."""

    def __init__(self, store: Store, book: Book, keys: KeyStore, clock: Clock, file: HeadFile) -> None:
        self._store = store
        self._book = book
        self._keys = keys
        self._clock = clock
        self._file = file

    async def public_key(self) -> bytes:
        """The key that published heads are checked with, 32 raw bytes."""
        return await self._keys.public_key(KEY)

    async def latest(self, limit: int) -> list[SignedHead]:
        """The newest heads, at most 1000, oldest of them first."""
        newest_first = select(published_heads).order_by(_published.block.desc()).limit(min(limit, LISTED_MAX))
        return (await self._heads(newest_first))[::-1]

    async def newest(self) -> SignedHead | None:
        """The newest head; None before the first."""
        return next(iter(await self.latest(1)), None)

    async def publish(self) -> SignedHead | None:
        """Sign and store the ledger's head if it has moved; the newest head, None while nothing is booked.

        The head before is held against the book first: what contradicts it is not signed.

        Raises:
            LedgerCorrupt: The book no longer has what was published: history was rewritten or cut off.
        """
        last = await self.newest()
        if last is not None:
            fault = in_book(last, await self._book.block(last.block))
            if fault is not None:
                raise LedgerCorrupt(f"published head of block {last.block}: {fault}")
        end = await self._book.head()
        if end.block == (0 if last is None else last.block):
            return last
        public_key = await self.public_key()
        draft = SignedHead(end.block, end.position, end.hash, end.booked_at, self._clock.now(), key_id(public_key))
        signed = replace(draft, signature=await self._keys.sign(KEY, bytes_of(draft)))
        row = {column.name: getattr(signed, column.name) for column in published_heads.columns}
        # Another process may have published this block already; its row then counts.
        await self._store.write(lambda tx: insert_ignore(tx, published_heads, row))
        return await self.newest()

    async def fault_of(self, block: int, head_hash: bytes) -> str | None:
        """What is wrong with the published head of a block that has this hash; None if it was signed so.

        One that another key has signed than today's is held against the hash alone.
        """
        rows = await self._store.read(octets_of(published_heads).where(_published.block == block))
        if not rows:
            return "is missing"
        row, public_key = rows[0], await self.public_key()
        if row.hash != head_hash:
            return HeadFault.REWRITTEN.value
        if (name := text_of(row.key_id)) != key_id(public_key):
            return None
        booked_at, published_at = from_us(int(row.booked_at)), from_us(int(row.published_at))
        head = SignedHead(block, int(row.position), row.hash, booked_at, published_at, name, row.signature)
        fault = HeadCheck({name: public_key}).signed(head)
        return None if fault is None else fault.value

    async def write_out(self) -> int:
        """Add to the file what the store has and the file not yet; how many lines. A crash leaves nothing out.

        A head that another process published late, with a newer one in the file already, may stay out: the newer one
        vouches for all that it would.

        Raises:
            Conflict: The file ends with a head that the store does not have.
            StoreUnavailable: The file cannot be read or written.
        """
        last = await asyncio.to_thread(self._file.last)
        after = 0 if last is None else last.block
        query = select(published_heads).where(_published.block >= after).order_by(_published.block).limit(LISTED_MAX)
        heads = await self._heads(query)
        if last is not None and heads[:1] != [last]:
            raise Conflict(f"{self._file.path} ends with a head that the store does not have; keep it and move it away")
        fresh = heads if last is None else heads[1:]
        if fresh:
            await asyncio.to_thread(self._file.append, fresh)
        return len(fresh)

    async def _heads(self, query: Select[Any]) -> list[SignedHead]:
        return [SignedHead(**row._asdict()) for row in await self._store.read(query)]
