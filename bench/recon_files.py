"""The scored set as files for `tapdial recon score`: what is true, and what our matcher and the plain join found.

`python -m bench.recon_files FOLDER --level real` writes `truth.csv`, `found.csv` and `joined.csv`.
"""

import argparse
import csv
from collections.abc import Iterable
from pathlib import Path

from bench.recon_noise import world
from bench.recon_rates import LEVELS
from bench.recon_sets import found_by_join, plain_join, sides, truth
from wallet.reconciliation import match
from wallet.reconciliation.rows import Side, Terms
from wallet.reconciliation.scoring import FoundRow, found_rows


def write_found(file: Path, rows: Iterable[FoundRow]) -> None:
    """One row a line; a plain join knows matched and not matched alone."""
    with file.open("w", encoding="utf-8", newline="") as opened:
        writer = csv.writer(opened)
        writer.writerow(("side", "id", "group", "verdict"))
        writer.writerows((one.side, one.id, one.group, "matched" if one.matched else "differs") for one in rows)


def main(folder: Path, seed: int, payments: int, level: str) -> None:
    """Write the three."""
    folder.mkdir(parents=True, exist_ok=True)
    groups = list(world(seed, payments, level))
    ledger, rail, bank = sides(groups).values()
    with (folder / "truth.csv").open("w", encoding="utf-8", newline="") as opened:
        writer = csv.writer(opened)
        writer.writerow(("side", "id", "group", "open", "told", "alike"))
        writer.writerows(
            (row.side, row.id, row.group, int(row.open), int(row.told), row.alike) for row in truth(groups)
        )
    write_found(folder / "found.csv", found_rows(match(Terms(frozenset(Side)), ledger, rail, bank)))
    write_found(folder / "joined.csv", found_by_join(plain_join(ledger, rail, bank)))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=8)
    parser.add_argument("--payments", type=int, default=20_000)
    parser.add_argument("--level", choices=list(LEVELS), default="real")
    given = parser.parse_args()
    main(given.folder, given.seed, given.payments, given.level)
