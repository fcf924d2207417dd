"""The ledger with ten million transfers in its table: `make bench-ledger-large`, `--rows` for fewer.

Rates beside those of an empty ledger, taken in turns; balances as of a random position; the whole check; memory.
"""

import argparse
import asyncio
import random
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from bench.ledger_figures import Bar, Figures
from bench.ledger_fill import fill
from bench.ledger_load import Supply, closed_loop, opened
from bench.ledger_server import Server, running
from wallet.clock import SystemClock
from wallet.ledger import Ledger

COMMAND = "make bench-ledger-large"
_AS_OF = 200
_AS_OF_MS = 5.0
_ENTRIES_PER_S = 200_000.0
_MEMORY_MIB = 100.0
_MIB = 2**20
_PAGE = 4096


@dataclass
class Large:
    """One run on one engine."""

    engine: str
    rows: int
    transfers: int
    rounds: int
    figures: Figures
    server: Server | None = None
    supply: Supply = field(default_factory=Supply)

    async def measure(self, empty_url: str, full_url: str) -> None:
        """Fill one ledger, then compare."""
        await (await opened(full_url, self.supply)).close()
        started = time.perf_counter()
        await fill(full_url, self.supply, self.rows, _progress)
        print(f"{self.engine}: {self.rows} transfers in {time.perf_counter() - started:.0f} s", file=sys.stderr)
        empty = await opened(empty_url, self.supply)
        loads = [(self.supply.mix(self.transfers), self.supply.mix(self.transfers)) for _ in range(self.rounds)]
        before = _resident_bytes()
        full = await Ledger.open(full_url, SystemClock())
        rates: tuple[list[float], list[float]] = ([], [])
        for pair in loads:
            for ledger, transfers, rate in zip((empty, full), pair, rates, strict=True):
                if self.server is not None:
                    await self.server.checkpoint()
                rate.append((await closed_loop(ledger, transfers)).per_s)
        self._add("full / empty rate", statistics.median(rates[1]), statistics.median(rates[0]), "1/s", Bar(0.8))
        await self._as_of(full)
        grown = max((_resident_bytes() - before) / _MIB, 0.01)
        self._add("memory / limit", grown, _MEMORY_MIB, "MiB grown", Bar(1, at_most=True))
        await self._verify(full)
        await empty.close()
        await full.close()

    def _add(self, name: str, ours: float, yardstick: float, unit: str, bar: Bar | None = None) -> None:
        self.figures.add(f"{self.engine} {name}", ours, yardstick, unit, bar)

    async def _as_of(self, ledger: Ledger) -> None:
        head, chance = await ledger.head(), random.Random(1)
        took_ms: list[float] = []
        for _ in range(_AS_OF):
            account, position = chance.choice(self.supply.wallets), chance.randint(1, head.position)
            started = time.perf_counter()
            await ledger.balances_at(account.id, position=position)
            took_ms.append((time.perf_counter() - started) * 1000)
        self._add("as-of balance / limit", statistics.median(took_ms), _AS_OF_MS, "ms", Bar(1, at_most=True))

    async def _verify(self, ledger: Ledger) -> None:
        started = time.perf_counter()
        found = await ledger.verify(_progress)
        took_s = time.perf_counter() - started
        assert found.finding is None, found.finding
        print(f"{self.engine}: verify read {found.transfers} rows, {found.transfers / took_s:.0f} a second")
        # A transfer's row is two entries, one a side.
        self._add("verify / floor", 2 * found.transfers / took_s, _ENTRIES_PER_S, "entries/s", Bar(1))


def _resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text("utf-8").split()[1]) * _PAGE


_said = 0.0


def _progress(done: int, total: int) -> None:
    global _said  # noqa: PLW0603 - one line on one terminal
    if time.perf_counter() - _said > 10 or done >= total:
        _said = time.perf_counter()
        print(f"{done} of {total}", file=sys.stderr, flush=True)


async def run(options: argparse.Namespace, folder: Path, figures: Figures) -> None:
    """Both engines, or the one that is named."""
    if options.only != "sqlite":
        with running() as server:
            await server.create("small", "large")
            large = Large("postgresql", options.rows, options.transfers, options.rounds, figures, server)
            await large.measure(server.url("small"), server.url("large"))
    if options.only != "postgresql":
        large = Large("sqlite", options.rows, options.transfers, options.rounds, figures)
        await large.measure(f"sqlite:///{folder / 'small.db'}", f"sqlite:///{folder / 'large.db'}")


def main() -> int:
    """Print a line a figure and write the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--transfers", type=int, default=60_000, help="of each round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", choices=("both", "postgresql", "sqlite"), default="both")
    figures = Figures(COMMAND)
    with tempfile.TemporaryDirectory(prefix="tapdial-bench") as folder:
        asyncio.run(run(parser.parse_args(), Path(folder), figures))
    figures.write("ledger-large")
    return 0


if __name__ == "__main__":
    sys.exit(main())
