"""Both doors of a bank with somebody behind them, so that one set of tests holds for both."""

import contextlib
import hashlib
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from gateway.peers.bank import FolderBank, HttpBank
from simulators.bank import Account, Bank, Books, Terms
from simulators.faults import BankFaults
from simulators.trace import Trace
from tests.simulators.bank.pain import TRUST

TOKEN = "bank-token-of-the-tests"
NOON = datetime(2026, 11, 27, 8, 30, tzinfo=UTC)


class Behind(Protocol):
    """The bank behind a door, as far as the door's tests need it."""

    async def received(self) -> dict[str, str]:
        """SHA-256 of what came, by the order's id; a bank that takes files away takes them now."""
        ...

    async def write(self, number: int) -> None:
        """Hold out one more file."""
        ...


@dataclass
class Door:
    """A way to open a door, and who is behind it."""

    open: Callable[[], AbstractAsyncContextManager[HttpBank | FolderBank]]
    behind: Behind


@dataclass
class Carrier:
    """Who carries files between the folders and a bank."""

    root: Path

    async def received(self) -> dict[str, str]:
        found = {}
        for path in (self.root / "out").glob("[!.]*"):
            found[path.stem] = hashlib.sha256(path.read_bytes()).hexdigest()
            path.unlink()
        return found

    async def write(self, number: int) -> None:
        fresh = self.root / "in" / f".{number}.part"
        fresh.parent.mkdir(parents=True, exist_ok=True)
        fresh.write_bytes(b"statement %d" % number)
        fresh.rename(fresh.with_name(f"S{number:04d}.xml"))


@dataclass
class Simulated:
    """The simulator behind its HTTP door."""

    bank: Bank
    seen: set[str]

    async def received(self) -> dict[str, str]:
        rows = await self.bank.ask(lambda books: books.hashes())
        fresh = {order_id: sha256 for order_id, sha256 in rows.items() if order_id not in self.seen}
        self.seen |= rows.keys()
        return fresh

    async def write(self, number: int) -> None:
        await self.bank.stray_credit()


@contextlib.asynccontextmanager
async def simulated(
    *, folder: Path | None = None, faults: BankFaults | None = None, tls: ssl.SSLContext | None = None
) -> AsyncIterator[Bank]:
    """The simulator on a free port."""
    faults = faults or BankFaults()
    account = Account(TRUST, "Social Security", 1_000_000_000)
    bank = Bank(lambda: Books(folder, (account,), faults, Terms(), lambda: NOON), TOKEN, Trace(), faults, tls)
    await bank.start("127.0.0.1", 0)
    try:
        yield bank
    finally:
        await bank.stop()


def http_bank(bank: Bank, *, token: str = TOKEN, timeout_s: float = 3.0) -> HttpBank:
    """Our door to it."""
    return HttpBank(f"http://127.0.0.1:{bank.port}/", token, timeout_s=timeout_s)
