"""Sorts rows that were read into groups that are plain, and units that the passes have to look at."""

from array import array
from collections.abc import Iterator, MutableSequence

from wallet.reconciliation.batches import is_whole, may_stand_for_many
from wallet.reconciliation.bystanders import Bystanders
from wallet.reconciliation.decisions import Decisions
from wallet.reconciliation.meanings import Meanings
from wallet.reconciliation.naming import name_of
from wallet.reconciliation.plain import NOBODY, Plain
from wallet.reconciliation.rows import Group, Row, Rule, Side, Terms, Verdict
from wallet.reconciliation.shelf import Shelf
from wallet.reconciliation.units import Unit, place_of
from wallet.reconciliation.wording import reference_of

_PLAIN, _OURS, _REST, _BOOKED = range(4)
"""What is joined with a number of the ledger: all, our books alone, not plainly anything, or a booking of many."""


class Sorted:
    """What a run has read. Each row is given out once, by these verbs in this order."""

    def __init__(self, plain: Plain, terms: Terms) -> None:
        self._plain = plain
        self._rule = Rule.END_TO_END if Side.BANK in terms.sides else Rule.OWN
        self._state = bytearray(self._states(banked=Side.BANK in terms.sides))
        self._bookings: list[tuple[MutableSequence[int], Unit]] = []

    def _states(self, *, banked: bool) -> Iterator[int]:
        plain = self._plain
        lacks_rail = [plain.needs_rail(kind) for kind in plain.kinds.known]
        for doubtful, kind, item, line in zip(
            plain.doubtful, plain.ledger.kinds, plain.rail_of, plain.bank_of, strict=True
        ):
            if doubtful or (item == NOBODY and lacks_rail[kind]):
                yield _REST
            else:
                yield _OURS if banked and line == NOBODY else _PLAIN

    def orders(self) -> set[str]:
        """Names of all our orders."""
        batches = self._plain.ledger.batches() | self._plain.rail.batches()
        return {name for batch in batches if (name := reference_of(batch))}

    def lines(self) -> list[Unit]:
        """Of the bank, those that are not plain."""
        bank = self._plain.bank
        joined = self._joined(self._plain.bank_of, bank, _PLAIN)
        return [Unit((bank.take(line),)) for line in bank if not joined[line]]

    def book(self, lines: list[Unit], meanings: Meanings, decisions: Decisions) -> list[Unit]:
        """Join the lines that plainly book all of an order; the others.

        Plainly: no other line names the order, all that is open of it is plainly ours, and makes the sum.
        """
        named: dict[str, list[Unit]] = {}
        for line in lines:
            for name in meanings.named(line):
                named.setdefault(name, []).append(line)
        wanted = {
            name: found[0]
            for name, found in named.items()
            if len(found) == 1 and _is_booking(found[0]) and not decisions.concern(found[0].rows[0])
        }
        for name, numbers in self._open(wanted).items():
            line = wanted[name]
            if self._books(line, numbers):
                self._bookings.append((numbers, line))
                for number in numbers:
                    self._state[number] = _BOOKED
        booked = {line for _, line in self._bookings}
        return [line for line in lines if line not in booked]

    def groups(self, bystanders: Bystanders) -> Iterator[Group]:
        """What is plainly matched; its rows are noted."""
        plain, rule = self._plain, self._rule
        paid = bystanders.accounts
        ledger, rail, bank = plain.ledger.take, plain.rail.take, plain.bank.take
        columns = zip(self._state, plain.accounts, plain.rail_of, plain.bank_of, strict=True)
        for number, (state, account, item, line) in enumerate(columns):
            if state == _PLAIN:
                rows = [ledger(number)]
                if item != NOBODY:
                    rows.append(rail(item))
                if line != NOBODY:
                    rows.append(bank(line))
                bystanders.note(rows, paid=account in paid)
                # As Group(...), in half the time.
                yield tuple.__new__(Group, (tuple(rows), Verdict.MATCHED, rule, None, 0))
        for numbers, booking in self._bookings:
            parts = (row for number in numbers for row in self._ours_of(number))
            rows = [*sorted(parts, key=place_of), *booking.rows]
            bystanders.note(rows)
            yield Group(tuple(rows), Verdict.MATCHED, Rule.BATCH)

    def ours(self) -> tuple[list[Unit], list[Unit], list[Unit]]:
        """The rest of our books: rows of the ledger, pairs of ledger and rail, rows of the rail."""
        plain = self._plain
        ledger, pairs = list[Unit](), list[Unit]()
        for number, state in enumerate(self._state):
            if state == _REST:
                ledger.append(Unit((plain.ledger.take(number),)))
            elif state == _OURS:
                rows = self._ours_of(number)
                (pairs if len(rows) > 1 else ledger).append(Unit(rows, Rule.OWN if len(rows) > 1 else None))
        return ledger, pairs, [Unit((plain.rail.take(item),)) for item in plain.rail]

    def matched(self, name: str, minor: int) -> bool:
        """Whether what has this EndToEndId and amount is plainly matched."""
        number = self._plain.names.of(minor).get(name, NOBODY)
        return number >= 0 and self._state[number] == _PLAIN and self._plain.ledger.minors[number] == minor

    def _ours_of(self, number: int) -> tuple[Row, ...]:
        entry, item = self._plain.ledger.take(number), self._plain.rail_of[number]
        return (entry,) if item == NOBODY else (entry, self._plain.rail.take(item))

    def _joined(self, joined: MutableSequence[int], shelf: Shelf, *states: int) -> bytearray:
        """By number of a shelf, whether it is joined with a number of the ledger that is in one of these states."""
        found = bytearray(len(shelf))
        for number, state in enumerate(self._state):
            if state in states and joined[number] != NOBODY:
                found[joined[number]] = True
        return found

    def _open(self, wanted: dict[str, Unit]) -> dict[str, MutableSequence[int]]:
        """What is plainly ours of these orders, but of those alone of which all that is open is."""
        plain = self._plain
        found: dict[str, MutableSequence[int]] = {name: array("i") for name in wanted}
        for number, state in enumerate(self._state):
            if state == _PLAIN:
                continue
            item = plain.rail_of[number]
            batches = {plain.ledger.kind(number).batch, plain.rail.kind(item).batch if item != NOBODY else ""} - {""}
            names = {reference_of(batch) for batch in batches}
            for name in names:
                if state == _REST or len(names) > 1:
                    found.pop(name, None)
                elif name in found:
                    found[name].append(number)
        paired = self._joined(plain.rail_of, plain.rail, _PLAIN, _OURS)
        for item in plain.rail:
            if not paired[item]:
                found.pop(reference_of(plain.rail.kind(item).batch), None)
        return found

    def _books(self, line: Unit, numbers: MutableSequence[int]) -> bool:
        plain, booked = self._plain, line.rows[0]
        if not is_whole([plain.ledger.minors[number] for number in numbers], line):
            return False
        for number in numbers:
            item = plain.rail_of[number]
            if not plain.near(plain.ledger.kind(number), booked) or not (
                item == NOBODY or plain.near(plain.rail.kind(item), booked)
            ):
                return False
        return True


def _is_booking(line: Unit) -> bool:
    row = line.rows[0]
    return may_stand_for_many(line) and bool(row.batch) and not row.account and not name_of(row)
