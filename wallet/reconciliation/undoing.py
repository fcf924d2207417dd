"""The pass over rows that take back another row of the same book, which no other book has."""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from functools import cached_property

from wallet.reconciliation.bounds import Bounds, Link
from wallet.reconciliation.identity import end_to_end_ids
from wallet.reconciliation.meanings import Meanings
from wallet.reconciliation.references import alike
from wallet.reconciliation.rows import Rule, Side
from wallet.reconciliation.units import Pool, Unit
from wallet.reconciliation.wording import ACCOUNT_LENGTH_MIN, account_of, reference_of, squeezed

_ANY = "*"
_Booked = Mapping[Hashable, list[Unit]]


def undone(pool: Pool, others: Pool, bounds: Bounds, meanings: Meanings) -> Iterator[Link]:
    """The bank's reversals of its own lines, and the ledger's of the transfers that they name.

    A rail has nothing of its own: what it says must stand in the ledger. Of several lines that are alike the last one
    before is taken back; where they are not alike, nobody can say which.
    """
    backs = [unit for unit in pool if unit.back and len(unit.rows) == 1 and unit.rows[0].side is not Side.RAIL]
    if not backs:
        return
    booked: dict[Hashable, list[Unit]] = {}
    for unit in pool:
        if len(unit.rows) == 1 and not unit.back and unit.rows[0].side is backs[0].rows[0].side:
            for key in (("row", unit.rows[0].id), *_names(unit, meanings)):
                booked.setdefault(key, []).append(unit)
    elsewhere = _Elsewhere(others, bounds, meanings)
    for back in backs:
        found = _named(back, booked, pool, bounds) or _alike(back, booked, pool, elsewhere)
        if found is not None:
            yield Link((found, back), Rule.UNDONE)


def _named(back: Unit, booked: _Booked, pool: Pool, bounds: Bounds) -> Unit | None:
    """The row that it names, or that has its reference."""
    row = back.rows[0]
    reference = reference_of(row.reference)
    key: Hashable = ("row", row.undoes) if row.undoes else ("reference", reference)
    if row.side is Side.LEDGER and not row.undoes:
        return None
    return _last([one for one in booked.get(key, ()) if one in pool and _undoes(back, one, bounds)])


def _alike(back: Unit, booked: _Booked, pool: Pool, elsewhere: "_Elsewhere") -> Unit | None:
    """The bank's line with its name or account, unless another book may have that line too."""
    row = back.rows[0]
    if row.side is not Side.BANK or row.undoes:
        return None
    for key in _names(back, elsewhere.meanings):
        found = [
            one
            for one in booked.get(key, ())
            if one in pool and _undoes(back, one, elsewhere.bounds) and _same(back, one)
        ]
        if found and not any(map(elsewhere.may_have, found)):
            return _last(found)
    return None


def _last(found: list[Unit]) -> Unit | None:
    return max(found, key=lambda one: (one.rows[0].on, one.place)) if found and alike(found) else None


def _undoes(back: Unit, one: Unit, bounds: Bounds) -> bool:
    row, before = back.rows[0], one.rows[0]
    return (
        (row.side, row.asset) == (before.side, before.asset)
        and back.minor == -one.minor
        and before.on <= row.on
        and not bounds.decisions.bar((back, one))
    )


def _same(back: Unit, one: Unit) -> bool:
    """Whether a reversal repeats what its line said of the other side."""
    row, before = back.rows[0], one.rows[0]
    return (squeezed(row.party), account_of(row.account)) == (squeezed(before.party), account_of(before.account))


class _Elsewhere:
    """What is open in another book."""

    def __init__(self, others: Pool, bounds: Bounds, meanings: Meanings) -> None:
        self.bounds, self.meanings = bounds, meanings
        self._others = others

    @cached_property
    def _by_end(self) -> Mapping[tuple[int, str], Sequence[Unit]]:
        found: dict[tuple[int, str], list[Unit]] = {}
        for unit in self._others:
            for end in {*(_ends(unit) or {""}), _ANY}:
                found.setdefault((unit.minor, end), []).append(unit)
        return found

    def may_have(self, line: Unit) -> bool:
        """Whether a line may be something in it: nothing contradicts it, no name says otherwise."""
        return any(self.bounds.allow(unit, line) and self.meanings.agree(unit, line) for unit in self._like(line))

    def _like(self, line: Unit) -> Iterator[Unit]:
        """What has the amount and the name that the line clearly has; if it has none, at least no other account."""
        if meant := self.meanings.clear_keys(line):
            index = self._others.by(end_to_end_ids)
            for key in meant:
                yield from (unit for unit in self._others.open(index.get(key, ())) if unit.minor == line.minor)
            return
        ends = _ends(line)
        for end in {"", *ends} if ends else {_ANY}:
            yield from self._by_end.get((line.minor, end), ())


def _ends(unit: Unit) -> set[str]:
    """Of its accounts: those that are the same have the same, see `same_account`."""
    return {account[-ACCOUNT_LENGTH_MIN:] for account in unit.accounts}


def _names(unit: Unit, meanings: Meanings) -> list[Hashable]:
    row = unit.rows[0]
    names: list[Hashable] = [("end", word) for word in sorted(unit.names | meanings.clear(unit)) if word]
    if reference := reference_of(row.reference):
        names.append(("reference", reference))
    if account := account_of(row.account):
        names.append(("like", account, row.end_to_end_id))
    return names
