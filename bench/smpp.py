"""SMS over SMPP in ratios of one run: `make bench-smpp`.

Our link beside smpplib's blocking client and node-smpp's on the same SMSCs, our codec beside smpplib's, the outbox from
claim to settle beside one message at a time, and how long one-time codes wait while a campaign drains.

Every client is a process of its own and takes turns with the others; a line is the median of its rounds, because a
machine that is shared has moods. Two SMSCs: node-smpp, a real one, and a null one that costs next to nothing.
"""

import argparse
import asyncio
import gc
import json
import shutil
import statistics
import sys
import tempfile
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from bench.ledger_figures import Bar, Figures
from bench.smpp_codec import codec_figures
from bench.smpp_outbox import outbox_figures
from gateway.cli.run import COLLECT_AFTER

COMMAND = "make bench-smpp"
WINDOWS = (1, 10, 100)
NODE = shutil.which("node") or "node"
CLIENTS = {
    "blocking": (sys.executable, "-m", "bench.smpp_blocking"),
    "node": (NODE, "bench/smpp_node.js"),
    "ours": (sys.executable, "-m", "bench.smpp_ours"),
}
SMSCS = {
    "node": (NODE, "tests/peers/node_smsc.js"),
    "null": (sys.executable, "-m", "bench.smpp_null", "0"),
}
SLOW_MS = 20
SLOW_SMSC = (NODE, "tests/peers/node_smsc.js", f"delay_ms={SLOW_MS}")
BARS = {1: None, 10: Bar(2.3), 100: Bar(2.6)}
"""Of our rate to the blocking client's, on node-smpp."""
WARM = 500


@dataclass
class Cell:
    """The rounds of one client on one SMSC with one window."""

    per_s: list[float] = field(default_factory=list)
    cpu_us: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Messages a second."""
        return statistics.median(self.per_s)

    @property
    def cost_us(self) -> float:
        """Processor microseconds of the client for each message."""
        return statistics.median(self.cpu_us)


Cells = defaultdict[tuple[str, str, int], Cell]


@asynccontextmanager
async def smsc(*command: str) -> AsyncIterator[int]:
    """Its port, while it runs."""
    child = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    assert child.stdout is not None
    try:
        yield int(await child.stdout.readline())
    finally:
        with suppress(ProcessLookupError):
            child.kill()
        await child.wait()


async def drive(client: str, port: int, count: int, window: int, cell: Cell, warm: int = WARM) -> None:
    """One round: the client alone on the SMSC."""
    words = (str(word) for word in (port, count, window, warm))
    child = await asyncio.create_subprocess_exec(*CLIENTS[client], *words, stdout=asyncio.subprocess.PIPE)
    out, _ = await child.communicate()
    assert child.returncode == 0, f"{client} ended with {child.returncode}"
    took = json.loads(out.splitlines()[-1])  # ours also logs
    cell.per_s.append(count / took["seconds"])
    cell.cpu_us.append(took["cpu_s"] / count * 1e6)


async def clients(count: int, rounds: int) -> Cells:
    """Each client on each SMSC with each window, interleaved."""
    cells: Cells = defaultdict(Cell)
    for name, command in SMSCS.items():
        async with smsc(*command) as port:
            for number in range(rounds):
                for window in WINDOWS:
                    for client in CLIENTS:
                        total = count // 2 if window == 1 else count
                        await drive(client, port, total, window, cells[name, client, window])
                print(f"{name}: round {number + 1} of {rounds}", file=sys.stderr, flush=True)
    return cells


def say_clients(figures: Figures, cells: Cells) -> None:
    """Rates beside both yardsticks, and what a message costs."""
    for name in SMSCS:
        for window in WINDOWS:
            ours, blocking, node = (cells[name, client, window] for client in ("ours", "blocking", "node"))
            bar = BARS[window] if name == "node" else None
            figures.add(f"{name} w{window} / blocking", ours.rate, blocking.rate, "1/s", bar)
            figures.add(f"{name} w{window} / node client", ours.rate, node.rate, "1/s")
            figures.add(f"{name} w{window} cpu / blocking", ours.cost_us, blocking.cost_us, "us each")


async def slow(figures: Figures, rounds: int) -> None:
    """An SMSC that answers after 20 ms: what the window is for."""
    cells: dict[int, Cell] = {1: Cell(), 10: Cell(), 100: Cell()}
    async with smsc(*SLOW_SMSC) as port:
        for _ in range(rounds):
            for window, cell in cells.items():
                await drive("ours", port, 60 * window, window, cell, warm=2 * window)
    figures.add(f"{SLOW_MS} ms w10 / w1", cells[10].rate, cells[1].rate, "1/s", Bar(9))
    figures.add(f"{SLOW_MS} ms w100 / w1", cells[100].rate, cells[1].rate, "1/s")


async def measure(figures: Figures, count: int, rounds: int, *, short: bool) -> None:
    """All of it."""
    codec_figures(figures)
    say_clients(figures, await clients(count, rounds))
    await slow(figures, rounds)
    with tempfile.TemporaryDirectory(prefix="tapdial-bench") as folder:
        await outbox_figures(figures, Path(folder), short=short)


def main() -> int:
    """Print a line a figure and write the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=8_000, help="of each cell; half of it at window 1")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--short", action="store_true", help="a quarter of the messages, and of the outbox a tenth")
    options = parser.parse_args()
    count, rounds = (options.messages // 4, 2) if options.short else (options.messages, options.rounds)
    gc.set_threshold(*COLLECT_AFTER)  # as `tapdial serve` does
    figures = Figures(COMMAND)
    asyncio.run(measure(figures, count, rounds, short=options.short))
    figures.write("smpp")
    return 0


if __name__ == "__main__":
    sys.exit(main())
