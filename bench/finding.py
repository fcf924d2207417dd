"""Search over ten million transfers: `make bench-finding`, `--rows` for fewer.

Each way of asking beside its limit, and beside two yardsticks of the same run: a look-up by the whole key, and reading
every row of the ledger for the same last digits. The bench's causes end in decimal digits, so a hundred times as many
rows share their last four as chance would have it.
"""

import argparse
import asyncio
import random
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from bench.ledger_figures import Bar, Figures, percentile
from bench.ledger_fill import fill
from bench.ledger_load import Supply, opened
from bench.ledger_server import running
from gateway.app.finding import LOOKED
from gateway.services.finding import Finding, FindOutcome, Parts, Tables, TailIndex
from gateway.services.finding.tails import SEGMENT
from gateway.store import Store
from wallet.clock import SystemClock
from wallet.ledger import Ledger

COMMAND = "make bench-finding"
LIMIT_MS = 200.0
_ASKED = 100
_SCANS = 3


class _Nobody:
    async def by_msisdn_seen(self, msisdn: str, staff_id: str, reason: str) -> None:
        """Has no people."""


def _progress(done: int, total: int) -> None:
    if done % 500_000 < 50_000 or done >= total:
        print(f"{done} of {total}", file=sys.stderr, flush=True)


async def measure(engine: str, wallet: str, gateway: str, rows: int, figures: Figures) -> None:
    """Fill, index, ask."""
    supply = Supply()
    await (await opened(wallet, supply)).close()
    started = time.perf_counter()
    await fill(wallet, supply, rows, _progress)
    print(f"{engine}: {rows} transfers in {time.perf_counter() - started:.0f} s", file=sys.stderr)
    await Store.upgrade(gateway)
    store, ledger = await Store.open(gateway), await Ledger.open(wallet, SystemClock())
    try:
        index = TailIndex(store, ledger, ledger.lookups)
        started = time.perf_counter()
        indexed = 0
        while made := await index.tick():
            indexed += made
            _progress(indexed, rows)
        if indexed:
            per_s = indexed / (time.perf_counter() - started)
            print(f"{engine}: {indexed} rows indexed, {per_s:.0f} a second", file=sys.stderr)
        finding = Finding(Parts(ledger.lookups, index, _Nobody(), (Tables(store, LOOKED),)))
        await _ask(engine, finding, ledger, figures)
    finally:
        await ledger.close()
        await store.close()


async def _ask(engine: str, finding: Finding, ledger: Ledger, figures: Figures) -> None:
    chance = random.Random(1)
    head = (await ledger.head()).position
    positions = [chance.randint(1, head) for _ in range(_ASKED)]
    names = await ledger.lookups.references_at(positions)
    key_ms = await _key_ms(ledger, [one.cause for one in names])
    scan_ms = await _scan_ms(ledger, [one.cause[-6:] for one in names[:_SCANS]])
    asked: dict[str, Callable[[str, str], str]] = {
        "a whole id": lambda cause, _: cause,
        "the first of an id": lambda cause, _: cause[:26],
        "four last digits": lambda cause, _: cause[-4:],
        "eight last digits": lambda cause, _: cause[-8:],
        "a cut id of a page": lambda cause, _: f"pay_…{cause[-6:]}",
        "a transfer's id": lambda _, id_: id_,
        "its last digits": lambda _, id_: id_[-8:],
        "what nobody has": lambda cause, _: f"{cause[-8:]}-NO",
    }
    for what, text_of in asked.items():
        took = []
        for one in names:
            text = text_of(one.cause, str(one.id))
            started = time.perf_counter()
            found = await finding.find(text, "stf_bench")
            took.append((time.perf_counter() - started) * 1000)
            assert what == "what nobody has" or found.outcome is FindOutcome.FOUND, (what, text)
            assert not found.behind, "everything is indexed but the end"
        name = f"{engine} {what}"
        figures.add(f"{name}, p99 / limit", percentile(took, 99), LIMIT_MS, "ms", Bar(1, at_most=True))
        figures.add(f"{name}, median / key", percentile(took, 50), key_ms, "ms")
        if "last digits" in what:
            figures.add(f"{name}, median / scan", percentile(took, 50), scan_ms, "ms")


async def _key_ms(ledger: Ledger, causes: Sequence[str]) -> float:
    """One look-up by a whole cause."""
    started = time.perf_counter()
    for cause in causes:
        await ledger.caused_by(cause)
    return (time.perf_counter() - started) * 1000 / len(causes)


async def _scan_ms(ledger: Ledger, tails: Sequence[str]) -> float:
    """Reading every row for causes that end so."""
    started = time.perf_counter()
    for tail in tails:
        await ledger.lookups.ending(tail, of_ids=False, after=0, limit=3000)
    return (time.perf_counter() - started) * 1000 / len(tails)


async def run(options: argparse.Namespace, folder: Path, figures: Figures) -> None:
    """Both engines, or the one that is named."""
    if options.only != "postgresql":
        wallet, gateway = (f"sqlite:///{folder / name}.db" for name in ("wallet", "gateway"))
        await measure("sqlite", wallet, gateway, options.rows, figures)
    if options.only != "sqlite":
        with running() as server:
            await server.create("finding")
            await measure("postgresql", server.url("finding"), server.url("finding"), options.rows, figures)


def main() -> int:
    """Print a line a figure and write the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--only", choices=("both", "postgresql", "sqlite"), default="both")
    options, figures = parser.parse_args(), Figures(COMMAND)
    assert options.rows > SEGMENT, "a shorter log has no index"
    with tempfile.TemporaryDirectory(prefix="tapdial-bench") as folder:
        asyncio.run(run(options, Path(folder), figures))
    figures.write("finding")
    return 0


if __name__ == "__main__":
    sys.exit(main())
