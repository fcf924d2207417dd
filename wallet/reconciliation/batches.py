"""The pass over bookings of orders as a whole, by MsgId or PmtInfId."""

from collections.abc import Iterator

from wallet.reconciliation.bounds import Bounds, Link
from wallet.reconciliation.rows import Rule
from wallet.reconciliation.units import Pool, Unit, days_apart
from wallet.reconciliation.wording import reference_of


def batch_names(unit: Unit) -> set[str]:
    """Of the order that it belongs to, or that it books."""
    return {word for row in unit.rows if (word := reference_of(row.batch))}


def by_batch(ours: Pool, theirs: Pool, bounds: Bounds) -> Iterator[Link]:
    """One booking of an order and all its payments that are open."""
    yield from _whole(ours, theirs, bounds)
    for link in _whole(theirs, ours, bounds):
        yield Link(link.theirs, link.ours, link.rule)


def _whole(many: Pool, few: Pool, bounds: Bounds) -> Iterator[Link]:
    orders = many.by(batch_names)
    for name, bookings in few.by(batch_names).items():
        for booking in bookings:
            parts = tuple(part for part in orders.get(name, ()) if part in many)
            if booking in few and _makes(parts, booking, bounds):
                yield Link(parts, (booking,), Rule.BATCH)


def _makes(parts: tuple[Unit, ...], booking: Unit, bounds: Bounds) -> bool:
    """Whether these are what a booking stands for: as many, exactly as much, near enough and not barred."""
    count = booking.rows[0].count if len(booking.rows) == 1 else len(booking.rows)
    return (
        bool(parts)
        and count in {0, len(parts)}
        and sum(part.minor for part in parts) == booking.minor
        and all(part.rows[0].asset == booking.rows[0].asset for part in parts)
        and all(days_apart(part, booking) <= bounds.terms.days for part in parts)
        and not bounds.barred((*parts, booking))
    )
