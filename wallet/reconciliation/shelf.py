"""A shelf holds the rows of a side in little room: their texts as octets, a third of the size.

This is where a million rows a side spend their time: a loop here does by hand what would read better as calls.
"""

from array import array
from collections.abc import Iterable, Iterator
from datetime import date
from typing import NamedTuple

from wallet.reconciliation.rows import Row, Side

_BETWEEN = "\x1f"
_TEXTS = 8


class Kind(NamedTuple):
    """What many rows have in common."""

    asset: str
    on: date
    value_on: date
    batch: str
    payments: int
    back: bool
    railed: bool


class Kinds:
    """The kinds of a run, by number from 0.

    Attributes:
        known: Each.
        moments: Of each kind, the number of its moment: its asset and days.
        firsts: Of each moment, the first kind that has it.
    """

    def __init__(self) -> None:
        self.known: list[Kind] = []
        self.moments: list[int] = []
        self.firsts: list[Kind] = []
        self.numbers: dict[tuple[str, date, date, str, int, bool, bool], int] = {}
        self._moments: dict[tuple[str, date, date], int] = {}

    def add(self, kind: tuple[str, date, date, str, int, bool, bool]) -> int:
        """The number of one that is new."""
        number = self.numbers[kind] = len(self.known)
        self.known.append(Kind(*kind))
        self.moments.append(self._moments.setdefault(kind[:3], len(self._moments)))
        if len(self.firsts) < len(self._moments):
            self.firsts.append(self.known[number])
        return number


class Shelf:
    """Rows of a side, by number from 0 in the order in which they came.

    Attributes:
        minors: Of each row, minor units; under 2^63, as the ledger has them.
        kinds: Of each row, the number of its kind.
    """

    def __init__(self, side: Side, kinds: Kinds) -> None:
        self.minors = array("q")
        self.kinds = array("i")
        self._side = side
        self._kinds = kinds
        self._held: list[Row | bytes | None] = []

    def __len__(self) -> int:
        return len(self._held)

    def __iter__(self) -> Iterator[int]:
        """Numbers of the rows that are held yet."""
        return (number for number, held in enumerate(self._held) if held is not None)

    def read(self, rows: Iterable[Row]) -> Iterator[tuple[int, Row]]:
        """Hold these too; each with the number of its kind."""
        numbers, add = self._kinds.numbers, self._kinds.add
        minors, kinds, held = self.minors.append, self.kinds.append, self._held.append
        for row in rows:
            (
                _, id_, minor, asset, on, value_on, own, name, batch, reference, party, account, text,
                count, back, undoes, railed,
            ) = row  # fmt: skip
            key = (asset, on, value_on, batch, count, back, railed)
            kind = numbers.get(key)
            if kind is None:
                kind = add(key)
            minors(minor)
            kinds(kind)
            texts = _BETWEEN.join((id_, own, name, reference, party, account, text, undoes))
            held(texts.encode("utf-8", "surrogatepass") if texts.count(_BETWEEN) == _TEXTS - 1 else row)
            yield kind, row

    def kind(self, number: int) -> Kind:
        """What the row has in common with others."""
        return self._kinds.known[self.kinds[number]]

    def batches(self) -> set[str]:
        """Of all rows."""
        known = self._kinds.known
        return {known[kind].batch for kind in set(self.kinds)}

    def take(self, number: int) -> Row:
        """The row, which is held no longer."""
        held, self._held[number] = self._held[number], None
        if not isinstance(held, bytes):
            assert held is not None, "a row is taken once"
            return held
        id_, own, name, reference, party, account, text, undoes = held.decode("utf-8", "surrogatepass").split(_BETWEEN)
        asset, on, value_on, batch, count, back, railed = self._kinds.known[self.kinds[number]]
        # As Row(...), in half the time.
        return tuple.__new__(
            Row,
            (
                self._side, id_, self.minors[number], asset, on, value_on, own, name, batch, reference, party, account,
                text, count, back, undoes, railed,
            ),
        )  # fmt: skip
