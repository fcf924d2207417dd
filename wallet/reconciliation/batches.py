"""The pass over bookings of orders: one line for all payments of an order that have none, or for some of them."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from wallet.reconciliation.bounds import Bounds, Link
from wallet.reconciliation.meanings import Meanings
from wallet.reconciliation.naming import Names
from wallet.reconciliation.rows import Rule
from wallet.reconciliation.sums import only_set, sets_that_make
from wallet.reconciliation.units import Pool, Unit
from wallet.reconciliation.wording import reference_of

Orders = Mapping[str, list[Unit]]


def batch_names(unit: Unit) -> set[str]:
    """Of the order that it belongs to, or that it books."""
    return {word for row in unit.rows if (word := reference_of(row.batch))}


def by_batch(many: Pool, few: Pool, bounds: Bounds, meanings: Meanings) -> Iterator[Link]:
    """Bookings with what they stand for, by the name of an order.

    A booking that names its order is linked with the only set of the order's open payments that makes its sum, and its
    count if it says one. One whose name has a slip, or that names none, is linked with all that is open of an order.
    """
    bookings = [booking for booking in few if may_stand_for_many(booking)]
    if not bookings:
        return
    named = {booking: meanings.named(booking) for booking in bookings}
    open_of = many.by(batch_names)
    for booking in bookings:
        if len(named[booking]) == 1:
            (name,) = named[booking]
            yield from _set_of(_near_in_time(open_of.get(name, ()), many, booking, bounds), booking, bounds)
    for booking in bookings:
        if booking in few:
            yield from _with_a_slip(booking, named[booking], open_of, many, bounds, meanings.orders)
    yield from _nameless([one for one in bookings if one in few and not named[one]], open_of, many, bounds)


def may_stand_for_many(booking: Unit) -> bool:
    """Whether a line may book several payments."""
    return len(booking.rows) == 1 and (booking.rows[0].count != 1 or not booking.accounts)


def _near_in_time(parts: Iterable[Unit], many: Pool, booking: Unit, bounds: Bounds) -> list[Unit]:
    return [part for part in parts if part in many and bounds.fit(part, booking)]


def _set_of(parts: Sequence[Unit], booking: Unit, bounds: Bounds) -> Iterator[Link]:
    """The only set of these that makes the booking."""
    kinds = only_set([part.minor for part in parts], booking.minor, booking.rows[0].count) if parts else None
    if kinds is not None:
        chosen = tuple(part for part in parts if part.minor in kinds)
        if bounds.allow_all(chosen, booking):
            yield Link((*chosen, booking), Rule.BATCH)


def _with_a_slip(
    booking: Unit, named: set[str], open_of: Orders, many: Pool, bounds: Bounds, orders: Names
) -> Iterator[Link]:
    """All that is open of the one order that can be meant: no other near name has a set that makes the sum."""
    word = reference_of(booking.rows[0].batch)
    found: list[list[Unit]] = []
    for name in sorted(orders.near(word) | named):
        parts = _near_in_time(open_of.get(name, ()), many, booking, bounds)
        ways = sets_that_make([part.minor for part in parts], booking.minor, booking.rows[0].count) if parts else 0
        if ways:
            found.append(parts if ways == 1 else [])
    if len(found) == 1 and is_whole([part.minor for part in found[0]], booking) and bounds.allow_all(found[0], booking):
        yield Link((*found[0], booking), Rule.BATCH)


def is_whole(minors: Sequence[int], booking: Unit) -> bool:
    """Whether these are as many as a booking says, if it says it, and make its sum."""
    return bool(minors) and booking.rows[0].count in {0, len(minors)} and sum(minors) == booking.minor


def _nameless(bookings: Sequence[Unit], open_of: Orders, many: Pool, bounds: Bounds) -> Iterator[Link]:
    """All that is open of an order, for a booking that names none, if nothing else can make the sum.

    An amount must be in it that nothing else open has: where all are shared, another set may stand for this one.
    """
    if not bookings:
        return
    wanted = {booking.minor for booking in bookings}
    alone = Counter(booking.minor for booking in bookings)
    shared = Counter(unit.minor for unit in many)
    wholes: dict[int, list[list[Unit]]] = {}
    for name in sorted(open_of):
        parts = [part for part in open_of[name] if part in many]
        if len(parts) > 1 and (total := sum(part.minor for part in parts)) in wanted:
            wholes.setdefault(total, []).append(parts)
    for booking in bookings:
        fitting = [parts for parts in wholes.get(booking.minor, ()) if bounds.allow_all(parts, booking)]
        if len(fitting) == 1 and alone[booking.minor] == 1 and is_whole([part.minor for part in fitting[0]], booking):
            inside = Counter(part.minor for part in fitting[0])
            if any(shared[minor] == times for minor, times in inside.items()):
                yield Link((*fitting[0], booking), Rule.SUM)
