"""A shelf holds the rows of a side in little room: the first ones as they are, the others as octets."""

from array import array
from collections.abc import Iterator
from dataclasses import fields, make_dataclass
from datetime import date
from typing import NamedTuple, cast

from wallet.reconciliation.rows import Row, Side

WHOLE_MAX = 50_000
"""Rows of a shelf that stay as they are: quicker, and some three times the size."""
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


_Blank = make_dataclass("_Blank", [(field.name, field.type) for field in fields(Row)], slots=True)
"""Made in a quarter of the time, because it may be changed; by its layout it can become a Row."""


class Shelf:
    """Rows of a side, by number from 0 in the order in which they came.

    Attributes:
        minors: Of each row, minor units; under 2^63, as the ledger has them.
    """

    def __init__(self, side: Side) -> None:
        self.minors = array("q")
        self._side = side
        self._kinds: dict[tuple[str, date, date, str, int, bool, bool], int] = {}
        self._known: list[Kind] = []
        self._kind_of = array("i")
        self._held: list[Row | bytes | None] = []

    def __len__(self) -> int:
        return len(self._held)

    def __iter__(self) -> Iterator[int]:
        """Numbers of the rows that are held yet."""
        return (number for number, held in enumerate(self._held) if held is not None)

    def put(self, row: Row) -> int:
        """Hold one more; its number."""
        number = len(self._held)
        kind = (row.asset, row.on, row.value_on, row.batch, row.count, row.back, row.railed)
        known = self._kinds.get(kind)
        if known is None:
            known = self._kinds[kind] = len(self._known)
            self._known.append(Kind(*kind))
        self._kind_of.append(known)
        self.minors.append(row.minor)
        self._held.append(row if number < WHOLE_MAX else _octets(row))
        return number

    def kind(self, number: int) -> Kind:
        """What the row has in common with others."""
        return self._known[self._kind_of[number]]

    def batches(self) -> set[str]:
        """Of all rows."""
        return {kind.batch for kind in self._known}

    def take(self, number: int) -> Row:
        """The row, which is held no longer."""
        held, self._held[number] = self._held[number], None
        if not isinstance(held, bytes):
            assert held is not None, "a row is taken once"
            return held
        id_, own, name, reference, party, account, text, undoes = held.decode(errors="surrogatepass").split(_BETWEEN)
        asset, on, value_on, batch, count, back, railed = self._known[self._kind_of[number]]
        row = _Blank(
            self._side, id_, self.minors[number], asset, on, value_on, own, name, batch, reference, party, account,
            text, count, back, undoes, railed,
        )  # fmt: skip
        row.__class__ = Row
        return cast("Row", row)


def _octets(row: Row) -> bytes | Row:
    """Its texts; the row itself where one of them has the octet that stands between them."""
    texts = _BETWEEN.join(
        (row.id, row.own, row.end_to_end_id, row.reference, row.party, row.account, row.text, row.undoes)
    )
    return texts.encode(errors="surrogatepass") if texts.count(_BETWEEN) == _TEXTS - 1 else row
