"""Which stories of the noise our matcher gets wrong, most frequent first, with the rows of some: for who works on it.

`python -m bench.recon_why --level real --show 2`. Lines that are alike are not looked at.
"""

import argparse
from collections import defaultdict
from collections.abc import Collection, Iterable

from bench.recon_noise import TrueGroup, world
from bench.recon_rates import LEVELS
from bench.recon_sets import sides
from wallet.reconciliation import match
from wallet.reconciliation.rows import Group, Row, Side, Terms, Verdict

MANY = 8
"""Rows of a group that are shown."""


def told(rows: Collection[Row]) -> str:
    """Rows for eyes, without what is empty."""
    shown = [
        f"    {row.side.value:6} {row.id[-12:]:12} {row.minor:13,} {row.on} e2e={row.end_to_end_id} own={row.own[-8:]}"
        f" batch={row.batch} ref={row.reference} acct={row.account[-8:]} n={row.count} {'back ' * row.back}{row.text}"
        for row in sorted(rows, key=lambda row: row.side.value)[:MANY]
    ]
    return "\n".join([*shown, *([f"    … {len(rows) - MANY} more"] if len(rows) > MANY else [])])


def why(true: Iterable[TrueGroup], found: Iterable[Group], show: int) -> None:
    """Print."""
    made = {(row.side, row.id): group for group in found for row in group.rows}
    failed: defaultdict[tuple[str, str], list[tuple[TrueGroup, Group]]] = defaultdict(list)
    for group in true:
        lines = [row for row in group.rows if row.side is Side.BANK]
        if group.alike or not lines:
            continue
        got = made[lines[0].side, lines[0].id]
        matched, same = got.verdict is Verdict.MATCHED, set(got.rows) == set(group.rows)
        if matched and not set(got.rows) <= set(group.rows):
            failed[group.story.value, "WRONG LINK"].append((group, got))
        elif not (same and matched is not group.open) and (group.told or matched):
            failed[group.story.value, f"{got.verdict.value} by {got.rule.value}"].append((group, got))
    for (story, what), cases in sorted(failed.items(), key=lambda item: -len(item[1])):
        print(f"{len(cases):5} {story}: {what}")
        for group, got in cases[:show]:
            print(f"  truth ({'open' if group.open else 'right'}):\n{told(group.rows)}\n  found:\n{told(got.rows)}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=8)
    parser.add_argument("--payments", type=int, default=20_000)
    parser.add_argument("--level", choices=list(LEVELS), default="real")
    parser.add_argument("--show", type=int, default=0, help="cases of each")
    given = parser.parse_args()
    groups = list(world(given.seed, given.payments, given.level))
    books = sides(groups)
    why(groups, match(Terms(frozenset(Side)), books[Side.LEDGER], books[Side.RAIL], books[Side.BANK]), given.show)
