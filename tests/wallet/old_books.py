"""Books of schema version 1, as the code of that version left them, and a writer that posts as that code did."""

import asyncio
import re
import sqlite3
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg

from tests.wallet.books import ALICE, BANK, fund
from tests.wallet.sql import execute
from wallet.clock import Clock, from_us, to_us
from wallet.ids import TransferId
from wallet.ledger.book import Booked
from wallet.ledger.chain import Leaves, booked_leaf, seal
from wallet.transfers import Balances, BalancesAfter

DATA = Path(__file__).with_name("data")


async def load(url: str) -> None:
    """Put the frozen book into the empty database at `url`."""
    kind = url.partition(":")[0]
    text = (DATA / f"book_v1.{kind}.sql").read_text("utf-8")
    if kind == "sqlite":
        await asyncio.to_thread(_load_sqlite, url.removeprefix("sqlite:///"), text)
        return
    connection = await asyncpg.connect(url)
    try:
        # Lines with a backslash are words to psql, not to the server.
        await connection.execute(re.sub(r"^\\.*$", "", text, flags=re.MULTILINE))
    finally:
        await connection.close()


def _load_sqlite(path: str, text: str) -> None:
    connection = sqlite3.connect(path)
    try:
        connection.executescript(text)
    finally:
        connection.close()


async def rows_of(url: str, query: str) -> list[tuple[object, ...]]:
    """Rows past the front door, ids and bytes as hexadecimal digits on both databases."""
    return [tuple(_plain(value) for value in row) for row in await execute(url, query)]


def _plain(value: object) -> object:
    if isinstance(value, bytes):
        return value.hex()
    return value.hex if hasattr(value, "hex") and not isinstance(value, float) else value


_LOCK_HEAD = "SELECT id, position, block, hash, booked_at FROM wallet.head WHERE id = 1 FOR UPDATE"
_ACCOUNTS = """SELECT id, balance_rule, state, debits_posted, credits_posted, debits_held, credits_held, version
FROM wallet.account WHERE id = ANY($1::uuid[])"""
_INSERT = """INSERT INTO wallet.transfer (position, id, entry_id, leg, kind, debit_id, credit_id, asset, amount, code,
cause, linked, booked_at, debit_debits_posted, debit_credits_posted, debit_debits_held, debit_credits_held,
debit_version, credit_debits_posted, credit_credits_posted, credit_debits_held, credit_credits_held, credit_version,
leaf) VALUES ($1, $2, $2, 0, 'post', $3, $4, 'IRR', $5, $6, $7, 0, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18,
$19)"""
_UPDATE = """UPDATE wallet.account SET debits_posted = $2, credits_posted = $3, debits_held = $4, credits_held = $5,
version = $6 WHERE id = $1"""
_BLOCK = """INSERT INTO wallet.block (number, first_position, transfers, refusals, booked_at, previous, root, hash)
VALUES ($1, $2, 1, 0, $3, $4, $5, $6)"""
_MOVE = "UPDATE wallet.head SET position = $1, block = $2, hash = $3, booked_at = $4 WHERE id = 1"


@dataclass(slots=True)
class OldWriter:
    """Funds Alice again and again with the statements of version 1, a group of one each, until it is refused."""

    url: str
    clock: Clock
    posted: list[TransferId] = field(default_factory=list)
    longest_s: float = 0.0
    fault: asyncpg.PostgresError | None = None

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        connection = await asyncpg.connect(self.url)
        try:
            while self.fault is None:
                begun = loop.time()
                await self._post(connection)
                self.longest_s = max(self.longest_s, loop.time() - begun)
                await asyncio.sleep(0.002)
        finally:
            await connection.close()

    async def _post(self, connection: "asyncpg.Connection") -> None:
        try:
            async with connection.transaction():
                posted = await self._group(connection)
        except asyncpg.PostgresError as fault:
            self.fault = fault
        else:
            self.posted.append(posted)

    async def _group(self, connection: "asyncpg.Connection") -> TransferId:
        head = await connection.fetchrow(_LOCK_HEAD)
        sides = {row["id"]: row for row in await connection.fetch(_ACCOUNTS, [BANK.id, ALICE.id])}
        transfer = fund(self.clock, 1)
        at = max(self.clock.now(), from_us(head["booked_at"]))
        debit = _after(sides[BANK.id], debit=1)
        credit = _after(sides[ALICE.id], credit=1)
        row = Booked(head["position"] + 1, transfer, at, BalancesAfter(debit, credit), transfer.id, 0)
        leaf = booked_leaf(row)
        block = seal(head["block"] + 1, bytes(head["hash"]), row.position, at, Leaves([leaf], []))
        figures = [*_figures(debit), *_figures(credit)]
        named = (transfer.id, transfer.debit, transfer.credit, 1, int(transfer.code), transfer.cause)
        await connection.execute(_INSERT, row.position, *named, to_us(at), *figures, leaf)
        for account, after in ((BANK, debit), (ALICE, credit)):
            await connection.execute(_UPDATE, account.id, *_figures(after))
        await connection.execute(
            _BLOCK, block.number, row.position, to_us(at), block.previous, block.root, block.hash
        )  # fmt: skip
        await connection.execute(_MOVE, row.position, block.number, block.hash, to_us(at))
        return transfer.id


def _after(row: "asyncpg.Record", debit: int = 0, credit: int = 0) -> Balances:
    return Balances(
        row["debits_posted"] + debit, row["credits_posted"] + credit, row["debits_held"], row["credits_held"],
        row["version"] + 1,
    )  # fmt: skip


def _figures(balances: Balances) -> tuple[int, ...]:
    return (
        balances.debits_posted, balances.credits_posted, balances.debits_held, balances.credits_held,
        balances.version,
    )  # fmt: skip
