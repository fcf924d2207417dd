"""The pass over bookings of orders: one line for all payments of an order that have none, or for some of them."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta

from wallet.reconciliation.bounds import Bounds, Link
from wallet.reconciliation.identity import batch_names, end_to_end_ids
from wallet.reconciliation.meanings import Meanings
from wallet.reconciliation.rows import Rule
from wallet.reconciliation.sums import only_set, sets_that_make
from wallet.reconciliation.units import Pool, Unit
from wallet.reconciliation.wording import reference_of


class Bookings:
    """Lines of one side that may book an order, and what is open of orders on the other."""

    def __init__(self, many: Pool, few: Pool, bounds: Bounds, meanings: Meanings, parts_min: int = 1) -> None:
        self._many, self._few, self._bounds, self._meanings = many, few, bounds, meanings
        self._parts_min = parts_min
        self._bookings = [unit for unit in few if may_stand_for_many(unit)]
        self._tried: dict[tuple[Unit, str], int] = {}
        self._spans: dict[str, tuple[date, date]] = {}

    def links(self) -> Iterator[Link]:
        """Bookings with what they stand for, by the name of an order.

        A booking that names its order is linked with the only set of the order's open payments that makes its sum, and
        its count if it says one. One whose name has a slip, or that names none, is linked with all that is open of an
        order. A payment of which another line says the name is in no booking.
        """
        self._bookings = self._few.open(self._bookings)
        if not self._bookings:
            return
        apart = self._named_by_lines()
        for booking in self._bookings:
            for order in self._meanings.named(booking) if len(self._meanings.named(booking)) == 1 else ():
                yield from self._set_of(booking, order, apart)
        for booking in self._few.open(self._bookings):
            yield from self._with_a_slip(booking, apart)
        yield from self._nameless(apart)

    def _named_by_lines(self) -> set[Unit]:
        """Payments of which a line of their own says the name, whatever else it says."""
        index = self._many.by(end_to_end_ids)
        return {unit for line in self._few for key in self._meanings.clear_keys(line) for unit in index.get(key, ())}

    def _parts(self, booking: Unit, order: str, apart: set[Unit]) -> list[Unit]:
        """What is open of an order and near enough to a booking."""
        units = self._many.by(batch_names).get(order, ())
        if not units or self._is_far(booking, order, units):
            return []
        found = self._many.open(units)
        return [part for part in found if part not in apart and self._bounds.fit(part, booking)]

    def _is_far(self, booking: Unit, order: str, units: Iterable[Unit]) -> bool:
        """Whether the whole order lies too many days apart: most orders with like names do."""
        if order not in self._spans:
            days = [day for unit in units for moment in unit.moments for day in moment]
            self._spans[order] = min(days), max(days)
        (first, last), most = self._spans[order], timedelta(self._bounds.terms.days)
        return all(day < first - most or last + most < day for moment in booking.moments for day in moment)

    def _set_of(self, booking: Unit, order: str, apart: set[Unit]) -> Iterator[Link]:
        """The only set of payments that makes the booking."""
        if self._tried_before(booking, [order], "set"):
            return
        parts = self._parts(booking, order, apart)
        kinds = only_set([part.minor for part in parts], booking.minor, booking.rows[0].count) if parts else None
        if kinds is not None:
            yield from self._link([part for part in parts if part.minor in kinds], booking, Rule.BATCH)

    def _with_a_slip(self, booking: Unit, apart: set[Unit]) -> Iterator[Link]:
        """All that is open of the one order that can be meant: no other near name has a set that makes the sum."""
        word = reference_of(booking.rows[0].batch)
        orders = sorted(self._meanings.near_orders(word) | self._meanings.named(booking)) if word else []
        if not orders or self._tried_before(booking, orders, "slip"):
            return
        parts = [found for order in orders if (found := self._parts(booking, order, apart))]
        wholes = [found for found in parts if is_whole([part.minor for part in found], booking)]
        if len(wholes) == 1 and not any(
            sets_that_make([part.minor for part in found], booking.minor, booking.rows[0].count)
            for found in parts
            if found is not wholes[0]
        ):
            yield from self._link(wholes[0], booking, Rule.BATCH)

    def _nameless(self, apart: set[Unit]) -> Iterator[Link]:
        """All that is open of an order, for a booking that names none, if nothing else can make the sum.

        An amount must be in it that nothing else open has: where all are shared, another set may stand for this one.
        """
        bookings = [one for one in self._few.open(self._bookings) if not self._meanings.named(one)]
        if not bookings:
            return
        alone = Counter(booking.minor for booking in bookings)
        shared = Counter(unit.minor for unit in self._many)
        wholes: dict[int, list[list[Unit]]] = {}
        for found in self._many.by(batch_names).values():
            parts = [part for part in self._many.open(found) if part not in apart]
            if len(parts) > 1 and (total := sum(part.minor for part in parts)) in alone:
                wholes.setdefault(total, []).append(parts)
        for booking in bookings:
            fitting = [parts for parts in wholes.get(booking.minor, ()) if self._bounds.allow_all(parts, booking)]
            if len(fitting) == 1 == alone[booking.minor] and is_whole([part.minor for part in fitting[0]], booking):
                inside = Counter(part.minor for part in fitting[0])
                if any(shared[minor] == times for minor, times in inside.items()):
                    yield from self._link(fitting[0], booking, Rule.SUM)

    def _link(self, parts: Sequence[Unit], booking: Unit, rule: Rule) -> Iterator[Link]:
        if len(parts) >= self._parts_min and self._bounds.allow_all(parts, booking):
            yield Link((*parts, booking), rule)

    def _tried_before(self, booking: Unit, orders: Iterable[str], how: str) -> bool:
        """Whether the same was looked at before, with as many payments open: nothing has changed then."""
        index = self._many.by(batch_names)
        many = sum(len(self._many.open(index.get(order, ()))) for order in orders)
        before = self._tried.get((booking, how))
        self._tried[booking, how] = many
        return before == many


def may_stand_for_many(booking: Unit) -> bool:
    """Whether a row may book several payments: one that we have a name for is one payment."""
    return len(booking.rows) == 1 and not booking.owns and (booking.rows[0].count != 1 or not booking.accounts)


def is_whole(minors: Sequence[int], booking: Unit) -> bool:
    """Whether these are as many as a booking says, if it says it, and make its sum."""
    return bool(minors) and booking.rows[0].count in {0, len(minors)} and sum(minors) == booking.minor
