"""What is plainly one thing: one row in each book, under one name, that says the same. Most rows of most days are.

It is what the passes would find too, found row by row while they are read, so that a million rows a side need little
room and time. All that is not plain (a name that repeats, an amount or a day that differs, rows that staff have decided
on) is left to the passes.
"""

from array import array
from collections.abc import Iterable

from wallet.reconciliation.decisions import Decisions
from wallet.reconciliation.rows import Row, Side, Terms
from wallet.reconciliation.shelf import Kind, Kinds, Shelf
from wallet.reconciliation.units import days_between
from wallet.reconciliation.wording import account_of, reference_of

NOBODY = -1
_WITHOUT_LEDGER = -2


class Known:
    """EndToEndIds of all our rows, each with the ledger's number that has it."""

    def __init__(self) -> None:
        self.out: dict[str, int] = {}
        """Of what goes out."""
        self.into: dict[str, int] = {}
        """Of what comes in."""

    def of(self, minor: int) -> dict[str, int]:
        """Those of money that goes the same way."""
        return self.into if minor > 0 else self.out


class Near(dict[tuple[int, int], bool]):
    """Whether two rows may be one thing, as far as their days and assets say; by the moments of their kinds."""

    def __init__(self, kinds: Kinds, days: int) -> None:
        super().__init__()
        self._kinds, self._days = kinds, days

    def __missing__(self, moments: tuple[int, int]) -> bool:
        one, other = (self._kinds.firsts[moment] for moment in moments)
        self[moments] = found = near(one, other, self._days)
        return found


def near(one: Kind | Row, other: Kind | Row, most: int) -> bool:
    """Whether two rows have one asset, and lie at most so many days apart by the nearer of their two days each."""
    return one.asset == other.asset and days_between(one, other) <= most


class Plain:
    """The rows of a run, and what is plainly joined. A number of the ledger stands for all that is joined with it.

    Attributes:
        names: See Known.
        kinds: Of all rows.
        rail_of: By number, that of the rail's row, or NOBODY.
        bank_of: By number, that of the bank's row, or NOBODY.
        accounts: By number, what stands for the account that its rows name, 0 where they name none.
        doubtful: By number, whether something speaks against it.
    """

    def __init__(self, terms: Terms, decisions: Decisions) -> None:
        self._terms, self._decided = terms, decisions.ids
        self.kinds = Kinds()
        self.ledger, self.rail, self.bank = (Shelf(side, self.kinds) for side in Side)
        self.names = Known()
        self.rail_of, self.bank_of = array("i"), array("i")
        self.accounts = array("q")
        self.doubtful = bytearray()
        self._near = Near(self.kinds, terms.days)

    def read(self, ledger: Iterable[Row], rail: Iterable[Row], bank: Iterable[Row]) -> None:
        """Each side once, one after the other."""
        owns: dict[str, int] = {}
        named = self._read_ledger(ledger, owns)
        self._read_rail(rail, owns, named)
        del owns, named
        self._read_bank(bank)

    def needs_rail(self, kind: Kind) -> bool:
        """Whether a rail must have what the ledger has."""
        sides = self._terms.sides
        return Side.RAIL in sides and (len(sides) == 2 or kind.railed)

    def near(self, one: Kind | Row, other: Kind | Row) -> bool:
        """Whether two rows may be one thing, as far as their days and assets say."""
        return near(one, other, self._terms.days)

    def _read_ledger(self, rows: Iterable[Row], owns: dict[str, int]) -> bytearray:
        """Whether each has a name."""
        decided, doubtful, accounts, named = self._decided, self.doubtful, self.accounts, bytearray()
        out, into = self.names.out, self.names.into
        for number, (_, row) in enumerate(self.ledger.read(rows)):
            doubtful.append(row.id in decided)
            accounts.append(_account(row.account) if row.account else 0)
            if own := row.own:
                # What takes a thing back bears the thing's name.
                other = owns.setdefault(f"{own}\0" if row.back else own, number)
                if other != number:
                    # A name that two have is plainly nobody's.
                    doubtful[other] = doubtful[number] = True
            name = row.end_to_end_id
            if name and (name := reference_of(name)):
                other = (into if row.minor > 0 else out).setdefault(name, number)
                if other != number:
                    doubtful[other] = doubtful[number] = True
                named.append(True)
            else:
                named.append(False)
        self.rail_of = array("i", (NOBODY,)) * len(doubtful)
        self.bank_of = array("i", (NOBODY,)) * len(doubtful)
        return named

    def _read_rail(  # noqa: C901 - a call for each of a million rows is what the loop is without
        self, rows: Iterable[Row], owns: dict[str, int], named: bytearray
    ) -> None:
        decided, doubtful, accounts, joined = self._decided, self.doubtful, self.accounts, self.rail_of
        out, into, nears, moments = self.names.out, self.names.into, self._near, self.kinds.moments
        minors, kinds = self.ledger.minors, self.ledger.kinds
        for item, (kind, row) in enumerate(self.rail.read(rows)):
            minor, own, name = row.minor, row.own, row.end_to_end_id
            number = owns.get(f"{own}\0" if row.back else own, _WITHOUT_LEDGER) if own else _WITHOUT_LEDGER
            known: int | None = number
            if name:
                names = into if minor > 0 else out
                # Most names are given as they compare, and known already.
                known = names.get(name)
                if known is None and (name := reference_of(name)):
                    known = names.get(name)
                    if known is None:
                        names[name] = number
                if known is not None and known != number:
                    for one in (known, number):
                        if one >= 0:
                            doubtful[one] = True
            if number < 0:
                continue
            account = hash(row.account)
            if account != accounts[number]:
                account = _account(row.account)
            if (
                joined[number] != NOBODY
                or minors[number] != minor
                or (account and accounts[number] and accounts[number] != account)
                or (name and known is None and named[number])
                or not nears[moments[kinds[number]], moments[kind]]
                or row.id in decided
            ):
                doubtful[number] = True
            elif account:
                accounts[number] = account
            joined[number] = item

    def _read_bank(self, rows: Iterable[Row]) -> None:
        decided, doubtful, accounts, joined = self._decided, self.doubtful, self.accounts, self.bank_of
        out, into, nears, moments = self.names.out, self.names.into, self._near, self.kinds.moments
        minors, kinds, items, item_kinds = self.ledger.minors, self.ledger.kinds, self.rail_of, self.rail.kinds
        for line, (kind, row) in enumerate(self.bank.read(rows)):
            name, minor = row.end_to_end_id, row.minor
            if not name:
                continue
            names = into if minor > 0 else out
            number = names.get(name)
            if number is None:
                number = names.get(reference_of(name), _WITHOUT_LEDGER)
            if number < 0:
                continue
            item, moment = items[number], moments[kind]
            # Most accounts are given as they compare, and known already.
            account = hash(row.account)
            if account != accounts[number]:
                account = _account(row.account)
            if (
                joined[number] != NOBODY
                or minors[number] != minor
                or (account and accounts[number] and accounts[number] != account)
                or not nears[moments[kinds[number]], moment]
                or not (item == NOBODY or nears[moments[item_kinds[item]], moment])
                or row.id in decided
            ):
                doubtful[number] = True
            elif account:
                accounts[number] = account
            joined[number] = line


def _account(text: str) -> int:
    """Stands for the account in little room; 0 where there is none. Two of 2^61 are never the same by chance."""
    return hash(account_of(text))
