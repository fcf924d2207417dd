"""A store and a ledger with something to find in them."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from uuid import UUID

from sqlalchemy import Connection, Executable, delete, insert

from gateway.app.finding import LOOKED
from gateway.services.finding import Finding, Parts, Tables, TailIndex
from gateway.store import Store, metadata
from tests.wallet.books import ALICE, BANK, BOB, FUNDING
from wallet.clock import ManualClock
from wallet.ids import TransferId
from wallet.ledger import Ledger, Reference

STAFF = "stf_01K8ABCDEFGHJKMNPQRSTVWXY1"


@dataclass
class Known:
    """People by number, and who was seen by whom and why."""

    people: dict[str, "Somebody"]
    seen: list[tuple[str, str, str]] = field(default_factory=list)

    async def by_msisdn_seen(self, msisdn: str, staff_id: str, reason: str) -> "Somebody | None":
        """As People does."""
        found = self.people.get(msisdn)
        if found is not None:
            self.seen.append((found.id, staff_id, reason))
        return found


@dataclass(frozen=True)
class Somebody:
    """A person as finding needs one."""

    id: str
    name: str


@dataclass
class World:
    """All that a test touches."""

    store: Store
    ledger: Ledger
    index: TailIndex
    known: Known
    finding: Finding

    async def put(self, table: str, **row: object) -> None:
        """A row of a table, its other columns filled with what their types take."""
        found = metadata.tables[table]
        values = {
            column.name: filler(column.type.__class__.__name__) for column in found.columns if not column.nullable
        }
        await self._run(insert(found).values(values | row))

    async def clear(self, table: str) -> None:
        """No rows of a table."""
        await self._run(delete(metadata.tables[table]))

    async def _run(self, statement: Executable) -> None:
        def work(tx: Connection) -> None:
            tx.execute(statement)

        await self.store.write(work)


def filler(kind: str) -> object:
    """A value of a column's type."""
    kinds: dict[str, object] = {
        "Text": "-", "Moment": datetime(2026, 11, 22, tzinfo=UTC), "Day": date(2026, 11, 22), "JsonText": {},
        "LargeBinary": b"-", "Flag": False, "BigInteger": 1, "Integer": 1,
    }  # fmt: skip
    return kinds[kind]


@asynccontextmanager
async def opened(url: str, clock: ManualClock) -> AsyncIterator[World]:
    """The world over fresh databases."""
    store = await Store.open(url)
    ledger = await Ledger.open(url.replace("test.db", "wallet.db"), clock)
    await ledger.open_accounts(BANK, FUNDING, ALICE, BOB)
    index, known = TailIndex(store, ledger, ledger.lookups), Known({})
    finding = Finding(Parts(ledger.lookups, index, known, (Tables(store, LOOKED),)))
    try:
        yield World(store, ledger, index, known, finding)
    finally:
        await ledger.close()
        await store.close()


class LongLog:
    """A log that was made up, for an index that wants a long one; satisfies Log and Names as far as it is asked."""

    def __init__(self, causes: Sequence[str]) -> None:
        self.rows = [Reference(at, TransferId(UUID(int=at * 7919)), cause) for at, cause in enumerate(causes, start=1)]
        self.scanned: list[int] = []
        self.position = len(self.rows)

    async def head(self) -> "LongLog":
        """Itself knows where it ends."""
        return self

    async def references(self, after: int, limit: int) -> list[Reference]:
        """As the ledger."""
        return self.rows[after : after + limit]

    async def references_at(self, positions: Sequence[int]) -> list[Reference]:
        """As the ledger."""
        return [self.rows[at - 1] for at in positions]

    async def ending(self, tail: str, *, of_ids: bool, after: int, limit: int) -> list[Reference]:
        """As the ledger; notes how much it has read."""
        self.scanned.append(self.position - after)
        texts = ((row, row.id.hex if of_ids else row.cause) for row in reversed(self.rows[after:]))
        return [row for row, text in texts if text.lower().endswith(tail.lower())][:limit]
