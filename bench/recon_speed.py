"""One pass over files of rows in a process of its own, so that its memory is its own: `read`, `join` or `match`."""

import gc
import json
import resource
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.recon_sets import plain_join, read
from gateway.cli.run import COLLECT_AFTER
from wallet.reconciliation.rows import Row, Side, Terms


@dataclass(frozen=True)
class Pass:
    """What a pass took: seconds by the clock and of the processor, MiB at the most, how many rows and groups."""

    seconds: float
    cpu: float
    memory: float
    rows: int
    groups: int


def timed(what: str, folder: Path) -> Pass:
    """Run a pass elsewhere, and wait for it."""
    said = subprocess.run(
        [sys.executable, "-m", "bench.recon_speed", what, str(folder)], check=True, capture_output=True, timeout=3600
    )
    return Pass(**json.loads(said.stdout))


def _groups(what: str, ledger: Iterable[Row], rail: Iterable[Row], bank: Iterable[Row]) -> Iterable[int]:
    """How many rows each group has."""
    if what == "read":
        return (1 for side in (ledger, rail, bank) for _ in side)
    if what == "join":
        return (len(keys) for _, keys in plain_join(ledger, rail, bank))
    from wallet.reconciliation import match

    return (len(group.rows) for group in match(Terms(frozenset(Side)), ledger, rail, bank))


def main(what: str, folder: Path) -> None:
    """Print what it took."""
    # As a house does.
    gc.set_threshold(*COLLECT_AFTER)
    begun, cpu, rows, groups = time.perf_counter(), time.process_time(), 0, 0
    for size in _groups(what, *(read(folder, side) for side in Side)):
        rows += size
        groups += 1
    seconds, cpu = time.perf_counter() - begun, time.process_time() - cpu
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps(asdict(Pass(seconds, cpu, memory, rows, groups))))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
