"""The pass over rows that take back another row of the same book, which no other book has."""

from collections.abc import Hashable, Iterator

from wallet.reconciliation.bounds import Bounds, Link
from wallet.reconciliation.identity import end_to_end_ids, own_names
from wallet.reconciliation.meanings import Meanings
from wallet.reconciliation.references import alike
from wallet.reconciliation.rows import Row, Rule
from wallet.reconciliation.units import Pool, Unit
from wallet.reconciliation.wording import account_of, reference_of


def undone(pool: Pool, others: Pool, bounds: Bounds, meanings: Meanings) -> Iterator[Link]:
    """Rows with what they take back: named by it, or under one name and of the same amount the other way.

    Of several that are alike it is the last one before; where they are not, nobody can say which. What another book may
    have, under another name, is not undone: that book has to say so too.
    """
    alone = [unit for unit in pool if len({row.side for row in unit.rows}) == 1]
    backs = [unit for unit in alone if unit.back]
    booked: dict[Hashable, list[Unit]] = {}
    for unit in alone if backs else ():
        if not unit.back:
            for key in (*_ids(unit), *_names(unit, meanings)):
                booked.setdefault(key, []).append(unit)
    elsewhere = {key for unit in others for key in _moved(unit)} if backs else set()
    for back in backs:
        for key in _taken_back(back, meanings):
            found = [
                one
                for one in booked.get(key, ())
                if one in pool and _undoes(back, one, bounds) and elsewhere.isdisjoint(_moved(one))
            ]
            if found and alike(found):
                last = max(found, key=lambda one: (one.rows[0].on, one.place))
                yield Link((last, back), Rule.UNDONE)
                break


def _undoes(back: Unit, one: Unit, bounds: Bounds) -> bool:
    row, before = back.rows[0], one.rows[0]
    return (
        (row.side, row.asset) == (before.side, before.asset)
        and back.minor == -one.minor
        and before.on <= row.on
        and not bounds.decisions.bar((back, one))
    )


def _taken_back(back: Unit, meanings: Meanings) -> list[Hashable]:
    """What it says that it takes back: a row, or else a name."""
    undoes: list[Hashable] = [("row", row.side, row.undoes) for row in back.rows if row.undoes]
    return undoes or _names(back, meanings)


def _ids(unit: Unit) -> list[Hashable]:
    return [("row", row.side, row.id) for row in unit.rows]


def _names(unit: Unit, meanings: Meanings) -> list[Hashable]:
    names: list[Hashable] = [("own", own) for own, _ in sorted(own_names(unit))]
    names += [("end", word) for word in sorted({word for word, _ in end_to_end_ids(unit)} | meanings.near(unit))]
    for row in unit.rows:
        if reference := reference_of(row.reference):
            names.append(("reference", reference))
        if account_of(row.account):
            names.append(("like", *_like(row)))
    return names


def _moved(unit: Unit) -> set[Hashable]:
    return {(account, minor) for account in unit.accounts for minor in unit.minors}


def _like(row: Row) -> tuple[str, str]:
    return account_of(row.account), row.end_to_end_id
