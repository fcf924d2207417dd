"""Closing a terminal's batch of 10,000 items: agreed at once, and after an upload with lost completions, on one engine.

The store is real; takings come from memory, so that what is measured is the comparison, its statements and its answer.
"""

import argparse
import asyncio
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, insert

from gateway.keys import SoftwareKeyStore
from gateway.services.clearing import Clearing, Parts, read_calendar, read_schedule
from gateway.services.clearing.tables import UPLOADS
from gateway.settings import Settings
from gateway.store import Store
from gateway.wire import iso8583
from gateway.wire.iso8583 import ACQUIRER, Message
from wallet.accounts import Chart
from wallet.clock import SystemClock
from wallet.ledger import Ledger

ITEMS, LOST = 10_000, 100
CLOSE_S_MAX = 2.0
TERMINAL, MERCHANT = "TERM0001", "mer_00000000000000000000000001"


class Healed(StrEnum):
    """As taps answer."""

    HEALED = "healed"


@dataclass(frozen=True, slots=True)
class Took:
    """A taking in memory."""

    stan: str
    rrn: str
    amount_minor: int = 100_000
    kind: str = "purchase"
    terminal_id: str = TERMINAL
    merchant_id: str = MERCHANT
    approval: str = "APP001"
    batch_number: str = "000001"
    reversed: bool = False
    original_id: str = ""
    taken_at: datetime = datetime(2026, 11, 22, tzinfo=UTC)

    @property
    def id(self) -> str:
        """`tap_…`."""
        return f"tap_{self.batch_number}{self.stan:0>20}"

    @property
    def settles_minor(self) -> int:
        """All of it."""
        return self.amount_minor


@dataclass
class Shelf:
    """Takings, merchants and terminals in memory."""

    took: list[Took] = field(default_factory=list)

    async def takings(self, terminal_id: str, batch_number: str) -> Sequence[Took]:
        """Of one batch."""
        return [one for one in self.took if one.batch_number == batch_number]

    async def unsettled(self, cut: datetime, merchant_id: str = "", *, after: str, limit: int) -> Sequence[Took]:
        """Nothing is settled here."""
        return []

    async def mark(self, ids: Sequence[str], cycle_id: str) -> Sequence[str]:
        """Nothing is."""
        return []

    async def settling(self, cycle_id: str, *, after: str, limit: int) -> Sequence[Took]:
        """Nothing is."""
        return []

    async def heal(self, terminal_id: str, stan: str, rrn: str, amount_minor: int, approval: str) -> Healed:
        """It is captured now."""
        self.took.append(Took(stan, rrn, amount_minor, batch_number="000002"))
        return Healed.HEALED

    async def terminal(self, terminal_id: str) -> Took | None:
        """One merchant's."""
        return Took("", "")

    async def by_ids(self, ids: object) -> Mapping[str, "Shop"]:
        """Nobody is asked for."""
        return {}

    async def merchants(self, limit: int = 100, after: str = "") -> Sequence["Shop"]:
        """Nobody."""
        return []


@dataclass(frozen=True, slots=True)
class Shop:
    """A merchant."""

    id: str = MERCHANT
    name: str = "Bench"
    owner_person_id: str = ""
    iban: str = ""
    iban_since: datetime | None = None
    iban_cool_until: datetime | None = None
    category: str = ""
    fee_class: str = ""


@dataclass(frozen=True, slots=True)
class BatchCloses:
    """Seconds from a 0500 to its answer: totals that agree, and the second totals after an upload."""

    items: int
    agreed_s: float
    healed_s: float


async def batch_closes(store_url: str, wallet_url: str, items: int = ITEMS) -> BatchCloses:
    """Measure on the engines of these URLs, whose schemas are made if need be."""
    await Store.upgrade(store_url)
    await Ledger.upgrade(wallet_url)
    clock, shelf = SystemClock(), Shelf()
    store, ledger = await Store.open(store_url), await Ledger.open(wallet_url, clock)
    zone = ZoneInfo("Asia/Tehran")
    clearing = Clearing(
        Parts(
            store, clock, ledger, ledger, Chart.load(), SoftwareKeyStore.for_tests(), shelf, shelf, read_schedule(),
            read_calendar(zone), Settings(),
        )
    )  # fmt: skip
    try:
        shelf.took = [Took(f"{n:06d}", f"R{n:011d}") for n in range(items)]
        agreed_s = await _timed(clearing, _totals(items, "000001", 1), "00")
        whole = [Took(f"{n:06d}", f"S{n:011d}", batch_number="000002") for n in range(items)]
        shelf.took = whole[LOST:]
        await _timed(clearing, _totals(items, "000002", 2), "95")
        (batch, *_) = await clearing.views.batches()
        sent = [
            {
                "batch_id": batch.id, "kind": one.kind, "stan": one.stan, "rrn": one.rrn, "approval": one.approval,
                "amount_minor": one.amount_minor, "fate": "", "at": clock.now(),
            }
            for one in whole
        ]  # fmt: skip
        for start in range(0, items, 1000):
            await store.write(partial(_sent, rows=sent[start : start + 1000]))
        healed_s = await _timed(clearing, _totals(items, "000002", 3), "00")
        assert {one.state.value for one in await clearing.views.batches()} == {"agreed"}
        return BatchCloses(items, agreed_s, healed_s)
    finally:
        await store.close()
        await ledger.close()


def _sent(tx: Connection, *, rows: list[dict[str, object]]) -> None:
    tx.execute(insert(UPLOADS), rows)


async def _timed(clearing: Clearing, message: Message, code: str) -> float:
    begun = time.perf_counter()
    body = await clearing.answer(message, TERMINAL)
    took = time.perf_counter() - begun
    assert iso8583.decode(body).text(39) == code
    return took


def _totals(items: int, batch: str, stan: int) -> Message:
    now = datetime.now(ZoneInfo("Asia/Tehran"))
    fields = {
        7: now.strftime("%m%d%H%M%S"), 11: f"{stan:06d}", 12: now.strftime("%H%M%S"), 13: now.strftime("%m%d"),
        32: ACQUIRER, 41: TERMINAL, 60: batch, 74: f"{0:010d}", 76: f"{items:010d}", 86: f"{0:016d}",
        88: f"{items * 100_000:016d}",
    }  # fmt: skip
    return Message("0500", fields)


def main() -> None:
    """On SQLite, or on the PostgreSQL database of a URL that is empty."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--postgresql", default="", help="postgresql://… of an empty database")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        urls = (asked.postgresql, asked.postgresql) if asked.postgresql else (
            f"sqlite:///{path / 'gateway.db'}", f"sqlite:///{path / 'wallet.db'}",
        )  # fmt: skip
        done = asyncio.run(batch_closes(*urls))
    engine = "PostgreSQL" if asked.postgresql else "SQLite"
    print(f"{engine}: {done.items} items, agreed {done.agreed_s:.3f} s, healed {done.healed_s:.3f} s", flush=True)
    raise SystemExit(0 if max(done.agreed_s, done.healed_s) <= CLOSE_S_MAX else 1)


if __name__ == "__main__":
    main()
