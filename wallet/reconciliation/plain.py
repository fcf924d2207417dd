"""What is plainly one thing: one row in each book, under one name, that says the same. Most rows of most days are.

It is what the passes would find too, found row by row while they are read, so that a million rows a side need little
room and time. All that is not plain (a name that repeats, an amount or a day that differs, rows that staff have decided
on) is left to the passes.
"""

from array import array
from collections.abc import Iterable, Iterator

from wallet.reconciliation.decisions import Decisions
from wallet.reconciliation.naming import name_of
from wallet.reconciliation.rows import Row, Side, Terms
from wallet.reconciliation.shelf import Kind, Shelf
from wallet.reconciliation.wording import account_of

NOBODY = -1
_WITHOUT_LEDGER = -2


class Known:
    """EndToEndIds of all our rows, each with the ledger's number that has it; satisfies Collection[str]."""

    def __init__(self) -> None:
        self.out: dict[str, int] = {}
        """Of what goes out."""
        self.into: dict[str, int] = {}
        """Of what comes in."""

    def __contains__(self, name: object) -> bool:
        return name in self.out or name in self.into

    def __iter__(self) -> Iterator[str]:
        yield from self.out
        yield from (name for name in self.into if name not in self.out)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def of(self, minor: int) -> dict[str, int]:
        """Those of money that goes the same way."""
        return self.into if minor > 0 else self.out


class Plain:
    """The rows of a run, and what is plainly joined. A number of the ledger stands for all that is joined with it.

    Attributes:
        names: See Known.
    """

    def __init__(self, terms: Terms, decisions: Decisions) -> None:
        self._terms, self._decisions = terms, decisions
        self.ledger, self.rail, self.bank = (Shelf(side) for side in Side)
        self.names = Known()
        self.rail_of, self.bank_of = array("i"), array("i")
        self._owns: dict[str, int] = {}
        self._account_of, self._name_of = array("q"), array("q")
        self._doubtful = bytearray()

    def read(self, ledger: Iterable[Row], rail: Iterable[Row], bank: Iterable[Row]) -> None:
        """Each side once, one after the other."""
        for row in ledger:
            self._read_ledger(row)
        for row in rail:
            self._read_rail(row)
        self._owns.clear()
        for row in bank:
            self._read_bank(row)

    def ours(self, number: int) -> bool:
        """Whether our books have it plainly: the ledger, and the rail if it must."""
        return not self._doubtful[number] and (
            self.rail_of[number] != NOBODY or not self._needs_rail(self.ledger.kind(number))
        )

    def whole(self, number: int) -> bool:
        """Whether all books have it plainly."""
        return self.ours(number) and (self.bank_of[number] != NOBODY or Side.BANK not in self._terms.sides)

    def near(self, one: Kind | Row, other: Kind | Row) -> bool:
        """Whether two rows may be one thing, as far as their days and assets say."""
        if one.asset != other.asset:
            return False
        if one.on == other.on or one.value_on == other.value_on:
            return True
        days = (abs(mine - theirs).days for mine in (one.on, one.value_on) for theirs in (other.on, other.value_on))
        return min(days) <= self._terms.days

    def _needs_rail(self, kind: Kind) -> bool:
        sides = self._terms.sides
        return Side.RAIL in sides and (kind.railed or len(sides) == 2)

    def _read_ledger(self, row: Row) -> None:
        number = self.ledger.put(row)
        name = name_of(row)
        self.rail_of.append(NOBODY)
        self.bank_of.append(NOBODY)
        self._account_of.append(_account(row))
        self._name_of.append(hash(name) if name else 0)
        self._doubtful.append(self._decisions.concern(row))
        if row.own:
            self._claim(self._owns, _own(row), number)
        if name:
            self._claim(self.names.of(row.minor), name, number)

    def _read_rail(self, row: Row) -> None:
        rail = self.rail.put(row)
        number = self._owns.get(_own(row), _WITHOUT_LEDGER) if row.own else _WITHOUT_LEDGER
        name = name_of(row)
        if number >= 0:
            if self.rail_of[number] != NOBODY or not self._agrees(number, row, name, self.rail.kind(rail)):
                self._doubtful[number] = True
            self.rail_of[number] = rail
        if name:
            self._claim(self.names.of(row.minor), name, number)

    def _read_bank(self, row: Row) -> None:
        bank = self.bank.put(row)
        name = name_of(row)
        number = self.names.of(row.minor).get(name, _WITHOUT_LEDGER) if name else _WITHOUT_LEDGER
        if number < 0:
            return
        kind, rail = self.bank.kind(bank), self.rail_of[number]
        if (
            self.bank_of[number] != NOBODY
            or not self._agrees(number, row, name, kind)
            or not (rail == NOBODY or self.near(self.rail.kind(rail), kind))
        ):
            self._doubtful[number] = True
        self.bank_of[number] = bank

    def _claim(self, names: dict[str, int], name: str, number: int) -> None:
        """A name that two have is plainly nobody's."""
        other = names.setdefault(name, number)
        if other != number:
            for one in (other, number):
                if one >= 0:
                    self._doubtful[one] = True

    def _agrees(self, number: int, row: Row, name: str, kind: Kind) -> bool:
        """Whether a row says what is known of the number; if it does, what it says more is known from now on."""
        account, name_hash = _account(row), hash(name) if name else 0
        if (
            self.ledger.minors[number] != row.minor
            or (account and self._account_of[number] not in {0, account})
            or (name_hash and self._name_of[number] not in {0, name_hash})
            or not self.near(self.ledger.kind(number), kind)
            or self._decisions.concern(row)
        ):
            return False
        self._account_of[number] = self._account_of[number] or account
        self._name_of[number] = self._name_of[number] or name_hash
        return True


def _own(row: Row) -> str:
    """What takes a thing back bears the thing's name."""
    return f"{row.own}\0" if row.back else row.own


def _account(row: Row) -> int:
    """Stands for the account in little room; 0 where there is none. Two of 2^61 are never the same by chance."""
    return hash(account_of(row.account)) if row.account else 0
