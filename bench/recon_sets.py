"""Rows of a noisy world by side, as lists or as files to stream, what is true of them, and a plain join of them."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from datetime import date
from pathlib import Path

from bench.recon_noise import TrueGroup, world
from wallet.reconciliation.rows import Row, Side
from wallet.reconciliation.scoring import FoundRow, TrueRow

Keys = tuple[tuple[Side, str], ...]
Found = tuple[bool, Keys]
"""Rows that a join put together, and whether it has all that it looked for."""


def sides(groups: Iterable[TrueGroup]) -> Mapping[Side, list[Row]]:
    """The rows of each book, in the order of their ids, which says nothing."""
    books: dict[Side, list[Row]] = {side: [] for side in Side}
    for group in groups:
        for row in group.rows:
            books[row.side].append(row)
    for rows in books.values():
        rows.sort(key=lambda row: row.id)
    return books


def truth(groups: Iterable[TrueGroup]) -> Iterator[TrueRow]:
    """What is true of each row."""
    for number, group in enumerate(groups):
        alike = dict(group.alike)
        for row in group.rows:
            yield TrueRow(row.side, row.id, str(number), group.open, group.told, alike.get(row.id, ""))


def plain_join(ledger: Iterable[Row], rail: Iterable[Row], bank: Iterable[Row]) -> Iterator[Found]:
    """The yardstick: a dict by (item, amount) between ledger and rail, and one by (EndToEndId, amount) to the bank."""
    items: dict[tuple[str, int], tuple[str, str]] = {}
    ours: dict[tuple[str, int], Keys] = {}
    for row in rail:
        item = (row.id, row.end_to_end_id)
        if items.setdefault((row.own, row.minor), item) is not item:
            yield False, ((row.side, row.id),)
    for row in ledger:
        id_, name = items.pop((row.own, row.minor), ("", "")) if row.railed else ("", row.end_to_end_id)
        keys: Keys = ((row.side, row.id), (Side.RAIL, id_)) if id_ else ((row.side, row.id),)
        whole = bool(name) and bool(id_) is row.railed
        if not whole or ours.setdefault((name, row.minor), keys) is not keys:
            yield False, keys
    for row in bank:
        found = ours.pop((row.end_to_end_id, row.minor), ())
        yield bool(found), (*found, (row.side, row.id))
    for id_, _ in items.values():
        yield False, ((Side.RAIL, id_),)
    for keys in ours.values():
        yield False, keys


def found_by_join(found: Iterable[Found]) -> Iterator[FoundRow]:
    """For the score."""
    for number, (matched, keys) in enumerate(found):
        for side, id_ in keys:
            yield FoundRow(side, id_, str(number), matched)


# Files: a line a row, cells with tabs between them, days as numbers.

_CELLS = "\t".join((
    "{0.id}", "{0.minor}", "{1}", "{2}", "{0.own}", "{0.end_to_end_id}", "{0.batch}", "{0.reference}", "{0.party}",
    "{0.account}", "{0.text}", "{0.count}", "{3}", "{0.undoes}", "{4}\n",
))  # fmt: skip


def file_of(folder: Path, side: Side) -> Path:
    """Where the rows of a side are."""
    return folder / f"{side.value}.tsv"


def write(folder: Path, seed: int, level: str, lines: int) -> Mapping[Side, int]:
    """Files of a world in which each side has `lines` rows at the least; how many each has."""
    counts = dict.fromkeys(Side, 0)
    with ExitStack() as stack:
        files = {side: stack.enter_context(file_of(folder, side).open("w", encoding="ascii")) for side in Side}
        for group in world(seed, 1 << 62, level):
            for row in group.rows:
                days = row.on.toordinal(), row.value_on.toordinal()
                files[row.side].write(_CELLS.format(row, *days, "b" if row.back else "", "r" if row.railed else ""))
                counts[row.side] += 1
            if min(counts.values()) >= lines:
                return counts
    raise AssertionError("a world without end has ended")


def read(folder: Path, side: Side) -> Iterator[Row]:
    """The rows of a file, one after the other."""
    days = _Days()
    with file_of(folder, side).open(encoding="ascii") as file:
        for line in file:
            id_, minor, on, value, own, name, batch, ref, party, account, text, count, back, undoes, railed = (
                line.rstrip("\n").split("\t")
            )
            yield Row(
                side, id_, int(minor), "IRR", days[on], days[value], own, name, batch, ref, party, account, text,
                int(count), back == "b", undoes, railed == "r",
            )  # fmt: skip


class _Days(dict[str, date]):
    def __missing__(self, number: str) -> date:
        self[number] = date.fromordinal(int(number))
        return self[number]
