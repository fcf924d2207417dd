"""The ledger beside pgbench and beside a commit per transfer, in ratios of one run on one server: `make bench-ledger`.

Cells of ours and of the yardsticks take turns, and each line is the median of its rounds, because a machine that is
shared has moods. Ours runs with holds, idempotency, immutability and seal on; afterwards the whole book is verified.
"""

import argparse
import asyncio
import gc
import statistics
import sys
import tempfile
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from bench.ledger_figures import Bar, Figures, percentile
from bench.ledger_load import CALLERS, MIX, OPEN_PER_S, Load, Supply, closed_loop, lone_caller, open_load, opened
from bench.ledger_load import without_chain as chain_left_out
from bench.ledger_server import SETTINGS, Server, running
from bench.ledger_yardsticks import PGBENCH_RUN, WORKERS, Loop, pgbench_fill, pgbench_tps
from gateway.cli.run import COLLECT_AFTER
from wallet.ledger import Ledger

COMMAND = "make bench-ledger"
SQLITE_WORKERS = 8
"""The SQLite loop is fastest with few workers: they only wait for one another."""

_LONE = 300
_OPEN_LIMIT_MS = 25.0
_CHAIN_BAR = Bar(1.20, at_most=True)


@dataclass
class Cells:
    """The samples of every cell by its name, one a round."""

    samples: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    def add(self, name: str, value: float) -> None:
        """One more round of a cell."""
        self.samples[name].append(value)

    def __getitem__(self, name: str) -> float:
        """The median of a cell's rounds."""
        return statistics.median(self.samples[name])


@dataclass
class Bench:
    """One run: how long its cells are, and what they gave so far."""

    seconds: float
    transfers: int
    rounds: int
    figures: Figures
    cells: Cells = field(default_factory=Cells)
    supply: Supply = field(default_factory=Supply)

    async def postgresql(self, server: Server) -> None:
        """All cells on one server."""
        await server.create("pgbench", "loop", "ours", "unsealed")
        await pgbench_fill(server.socket, "pgbench")
        loop = Loop(server.url("loop"))
        await loop.fill()
        ours = await opened(server.url("ours"), self.supply)
        unsealed = await opened(server.url("unsealed"), self.supply)
        try:
            for number in range(self.rounds):
                await self._yardsticks(server, loop)
                await self._ours(server, ours, unsealed)
                await self._open(server, ours)
                print(f"round {number + 1} of {self.rounds}", file=sys.stderr, flush=True)
            self._say_postgresql()
            await verified(ours)
        finally:
            await loop.close()
            await unsealed.close()
            await ours.close()

    async def _yardsticks(self, server: Server, loop: Loop) -> None:
        await server.checkpoint()
        self.cells.add("pgbench", await pgbench_tps(server.socket, "pgbench", self.seconds))
        for name, hot in (("loop", False), ("loop hot", True)):
            await server.checkpoint()
            self.cells.add(name, (await loop.run(self.seconds, hot=hot)).per_s)
        alone = await loop.run(self.seconds / 4, workers=1)
        self.cells.add("loop lone", statistics.median(alone.latencies_s))

    async def _ours(self, server: Server, ours: Ledger, unsealed: Ledger) -> None:
        await self._rate(server, ours, "ours", hot=False)
        with chain_left_out():
            await self._rate(server, unsealed, "unsealed", hot=False)
        await self._rate(server, ours, "ours hot", hot=True)
        alone = await lone_caller(ours, self.supply.lone(_LONE))
        self.cells.add("ours lone", statistics.median(alone.latencies_s))

    async def _rate(self, server: Server, ledger: Ledger, name: str, *, hot: bool) -> None:
        transfers = self.supply.mix(self.transfers, hot=hot)
        await server.checkpoint()
        before_s = server.cpu_s()
        load = await closed_loop(ledger, transfers)
        self._note(name, load, server.cpu_s() - before_s)

    def _note(self, name: str, load: Load, server_s: float = 0.0) -> None:
        self.cells.add(name, load.per_s)
        self.cells.add(f"{name} client", load.client_cpu_s / load.transfers * 1e6)
        self.cells.add(f"{name} server", server_s / load.transfers * 1e6)

    async def _open(self, server: Server, ours: Ledger) -> None:
        transfers = self.supply.mix(round(OPEN_PER_S * self.seconds))
        await server.checkpoint()
        load = await open_load(ours, transfers)
        for percent in (50, 99):
            self.cells.add(f"open p{percent}", percentile(load.latencies_s, percent) * 1000)

    def _say_postgresql(self) -> None:
        cells, add = self.cells, self.figures.add
        add("uniform / pgbench", cells["ours"], cells["pgbench"], "1/s", Bar(2.5, 5))
        add("uniform / loop", cells["ours"], cells["loop"], "1/s", Bar(10, 15))
        add("hot / loop hot", cells["ours hot"], cells["loop hot"], "1/s", Bar(20, 34))
        add(f"open {OPEN_PER_S}/s p50", cells["open p50"], _OPEN_LIMIT_MS, "ms of limit")
        add(f"open {OPEN_PER_S}/s p99", cells["open p99"], _OPEN_LIMIT_MS, "ms of limit", Bar(1, at_most=True))
        lone, other = cells["ours lone"] * 1000, cells["loop lone"] * 1000
        add("lone transfer / loop", lone, other, "ms", Bar(1.5, at_most=True))
        # The chain's share of the time of one transfer, from the rates with and without it.
        add("unsealed / sealed", cells["unsealed"], cells["ours"], "1/s", _CHAIN_BAR)
        for name in ("ours", "unsealed", "ours hot"):
            add(f"{name}: client / server", cells[f"{name} client"], cells[f"{name} server"], "us CPU each")
        print("uniform / pgledger              absent: its SQL is not carried here, and nothing stands in for it")

    async def sqlite(self, folder: Path) -> None:
        """The same on SQLite, without what needs a server."""
        loop = Loop(f"sqlite:///{folder / 'loop.db'}")
        await loop.fill()
        ours = await opened(f"sqlite:///{folder / 'ours.db'}", self.supply)
        try:
            for _ in range(self.rounds):
                self.cells.add("sqlite loop", (await loop.run(self.seconds, workers=SQLITE_WORKERS)).per_s)
                self._note("sqlite ours", await closed_loop(ours, self.supply.mix(self.transfers)))
                hot = await loop.run(self.seconds / 2, workers=SQLITE_WORKERS, hot=True)
                self.cells.add("sqlite loop hot", hot.per_s)
                self._note("sqlite hot", await closed_loop(ours, self.supply.mix(self.transfers // 2, hot=True)))
            cells = self.cells
            self.figures.add("sqlite uniform / loop", cells["sqlite ours"], cells["sqlite loop"], "1/s", Bar(30, 49))
            self.figures.add("sqlite hot / loop hot", cells["sqlite hot"], cells["sqlite loop hot"], "1/s")
            await verified(ours)
        finally:
            await loop.close()
            await ours.close()


async def verified(ledger: Ledger) -> None:
    """Whatever the bench did must stand up to the whole check."""
    found = await ledger.verify()
    assert found.finding is None, found.finding


async def measure(bench: Bench, folder: Path, engines: str) -> None:
    """Both engines, or the one that is named."""
    if engines != "sqlite":
        with running() as server:
            await bench.postgresql(server)
    if engines != "postgresql":
        await bench.sqlite(folder)


def main() -> int:
    """Print a line a figure and write the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=6.0, help="of each cell of a yardstick")
    parser.add_argument("--transfers", type=int, default=60_000, help="of each cell of ours")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", choices=("both", "postgresql", "sqlite"), default="both")
    options = parser.parse_args()
    print(f"server: {' '.join(SETTINGS)}")
    print(f"ours: {CALLERS} callers, {MIX}; loop: {WORKERS} workers; pgbench {' '.join(PGBENCH_RUN)}", flush=True)
    gc.set_threshold(*COLLECT_AFTER)  # as `tapdial serve` does
    bench = Bench(options.seconds, options.transfers, options.rounds, Figures(COMMAND))
    with tempfile.TemporaryDirectory(prefix="tapdial-bench") as folder:
        asyncio.run(measure(bench, Path(folder), options.only))
    bench.figures.write("ledger")
    return 0


if __name__ == "__main__":
    sys.exit(main())
