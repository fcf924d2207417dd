"""Three books of one world of payments, damaged as real ones are, with what belongs together in truth.

**The world.** Some 120 orders a day; an order pays a benefit (5 to 120 people, three amounts in all, so that most are
equal), pensions (3 to 40, each to the last rial), providers (2 to 20), or it is a collection, which pays in (2 to 30).
The ledger has a row a payment, the rail has it too unless it is a collection, and the bank has a line of each, or one
of many. Ledger rows of every second order know what we and the bank call the payment; the others know the item alone.

**The noise**, in shares of payments or of orders, stands in `recon_rates`; `REAL` is a guess at an ordinary bank,
written down before the matcher was; `low` has a quarter of it, `heavy` four times as much, `none` nothing.

- The EndToEndId on the bank's line is damaged (`recon_tell.DAMAGES`): written otherwise, moved into the text, cut, one
  letter wrong, two digits swapped, gone. The payee's account is missing on some lines.
- The bank is late, within three days or by five to twenty-five. A book lacks the payment. The amount has two digits
  swapped, or is a part, which the rest follows or does not; the rail's amount is another than the ledger's.
- The bank books twice, and may take one of the two back. A payment comes back: all know, the bank alone, we alone, or
  less comes back than went out. Two payments have one EndToEndId.
- The bank books many at once: a whole order (WHOLE), what is left after lines of single ones (REST), or an order in two
  or three bookings (PARTS), of which the last may not come. The sets are drawn by lot, so they are not contiguous. A
  booking names its order (MsgId) in its field, in EndToEndId's, in the text, with a slip, or not at all, and says how
  many it stands for or does not.
- Charges and unknown money in are the bank's alone, or the ledger has the charge by the bank's reference, or the bank
  takes the charge back.

**What cannot be told.** `told` is False where the three books together do not say what belongs to a line: its name is
lost and it has no account; or the amount differs, or the days lie too far apart, and the name is not clear; or a
booking's sum is that of several sets of its order (most bookings of a part of equal benefits). Such a line must stay
open: to link it would be a guess. It is decided by construction and counting, never by asking a matcher. A line whose
name has one slip, and the same amount, is told. Lines that are `alike` are one as good as the other: which of two equal
bookings is the one too many, nobody can say.

Everything is drawn from `Random(seed, level, order)`; an order is made when it is asked for, so a million payments need
no memory. Ids and the order of rows say nothing of what belongs together.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from random import Random

from bench.recon_books import Order, Payment
from bench.recon_rates import LEVELS
from bench.recon_tell import Name, Part, swapped, told_parts
from wallet.reconciliation.rows import Row, Side


class Story(StrEnum):
    """What happened to the rows of a true group."""

    PLAIN = "plain"
    NO_BANK = "no_bank"
    NO_LEDGER = "no_ledger"
    NO_RAIL = "no_rail"
    LEDGER_ALONE = "ledger_alone"
    TOO_LATE = "too_late"
    AMOUNT_SWAPPED = "amount_swapped"
    RAIL_DIFFERS = "rail_differs"
    PARTIAL = "partial"
    TWO_PARTS = "two_parts"
    DUPLICATE = "duplicate"
    UNDONE = "undone"
    RETURNED = "returned"
    REPEATED = "repeated"
    BATCH = "batch"
    CHARGE = "charge"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class TrueGroup:
    """Rows that belong together.

    Attributes:
        rows: Of all books.
        open: Something is wrong with them: whatever puts them together must not call it matched.
        told: Whether the rows of the books can tell that they belong together.
        alike: Ids of bank rows, each with a label: those with one label may stand for one another.
    """

    rows: tuple[Row, ...]
    story: Story
    open: bool = False
    told: bool = True
    alike: tuple[tuple[str, str], ...] = ()


def world(seed: int, payments: int, level: str) -> Iterator[TrueGroup]:
    """The true groups of a world; every row of it is in one of them.

    Args:
        seed: The same gives the same rows.
        payments: How many, returns and the bank's own bookings not counted.
        level: A key of LEVELS.
    """
    number = made = 0
    while made < payments:
        number += 1
        order = Order(Random(f"{seed} {level} {number}"), LEVELS[level], number, payments - made)
        made += len(order.payments)
        singles, parts = _dealt(order)
        waiting, unseen = iter(singles), list[Payment]()
        for one in waiting:
            for group in _single(order, one, waiting):
                yield group
                ours = group.rows[0]
                if group.story in _UNSEEN or not (group.told or ours.back or ours.side is Side.BANK):
                    unseen.append(one)
        yield from _booked(order, parts, unseen)
        yield from _besides(order)


_UNSEEN = frozenset({Story.NO_BANK, Story.LEDGER_ALONE})
"""A payment to which this happens has no line, so it might be one of those that the bank books at once."""


def _dealt(order: Order) -> tuple[list[Payment], list[list[Payment]]]:
    """Which payments get a line of their own, and which the bank books together."""
    rng, rates, payments = order.rng, order.rates, order.payments
    draw = rng.random()
    if draw < rates.whole:
        return [], [payments]
    if draw < rates.whole + rates.rest and len(payments) > 1:
        alone = frozenset(rng.sample(range(len(payments)), rng.randint(1, len(payments) - 1)))
        rest = [one for at, one in enumerate(payments) if at not in alone]
        return [one for at, one in enumerate(payments) if at in alone], [rest]
    if draw < rates.whole + rates.rest + rates.parts:
        parts: list[list[Payment]] = [[] for _ in range(rng.randint(2, 3))]
        for one in payments:
            rng.choice(parts).append(one)
        return [], [part for part in parts if part]
    return payments, []


def _single(order: Order, one: Payment, waiting: Iterator[Payment]) -> Iterator[TrueGroup]:
    """What becomes of a payment with a line of its own, or of two."""
    draw = order.rng.random()
    for story, happens in _HAPPENS.items():
        draw -= getattr(order.rates, story.value)
        if draw < 0:
            if not (order.collects and story in {Story.NO_RAIL, Story.RAIL_DIFFERS, Story.NO_LEDGER}):
                yield from happens(order, one)
                return
            break
    else:
        if draw < order.rates.repeated and (other := next(waiting, None)) is not None:
            yield from _repeated(order, one, other)
            return
    yield from _plain(order, one)


def _plain(order: Order, one: Payment) -> Iterator[TrueGroup]:
    line, name = order.line_of(one)
    yield TrueGroup((*order.ours(one), line), Story.PLAIN, told=_same(line, name))


def _same(line: Row, name: Name) -> bool:
    """Whether a line of the right amount can be told: by its name, even with a slip, or by its account."""
    return name is not Name.LOST or bool(line.account)


def _no_bank(order: Order, one: Payment) -> Iterator[TrueGroup]:
    yield TrueGroup(order.ours(one), Story.NO_BANK, open=True)


def _ledger_alone(order: Order, one: Payment) -> Iterator[TrueGroup]:
    yield TrueGroup(order.ours(one)[:1], Story.LEDGER_ALONE, open=True)


def _no_ledger(order: Order, one: Payment) -> Iterator[TrueGroup]:
    line, name = order.line_of(one)
    yield TrueGroup((*order.ours(one)[1:], line), Story.NO_LEDGER, open=True, told=_same(line, name))


def _no_rail(order: Order, one: Payment) -> Iterator[TrueGroup]:
    line, name = order.line_of(one)
    told = order.knows and name is Name.CLEAR
    yield TrueGroup((order.ours(one)[0], line), Story.NO_RAIL, open=True, told=told)


def _too_late(order: Order, one: Payment) -> Iterator[TrueGroup]:
    line, name = order.line_of(one, later=order.rng.randint(5, 25))
    yield TrueGroup((*order.ours(one), line), Story.TOO_LATE, open=True, told=name is Name.CLEAR)


def _amount_swapped(order: Order, one: Payment) -> Iterator[TrueGroup]:
    minor = int(swapped(order.rng, str(abs(one.minor)))) * (1 if one.minor > 0 else -1)
    line, name = order.line_of(one, minor)
    same = minor == one.minor
    told = _same(line, name) if same else name is Name.CLEAR
    yield TrueGroup((*order.ours(one), line), Story.AMOUNT_SWAPPED, open=not same, told=told)


def _rail_differs(order: Order, one: Payment) -> Iterator[TrueGroup]:
    ledger, rail = order.ours(one)
    line, name = order.line_of(one)
    ledger = ledger._replace(minor=ledger.minor - order.rng.choice((1_000, 90_000, 1_000_000)))
    yield TrueGroup((ledger, rail, line), Story.RAIL_DIFFERS, open=True, told=_same(line, name))


def _partial(order: Order, one: Payment) -> Iterator[TrueGroup]:
    line, name = order.line_of(one, one.minor * order.rng.randint(2, 8) // 10)
    yield TrueGroup((*order.ours(one), line), Story.PARTIAL, open=True, told=name is Name.CLEAR)


def _two_parts(order: Order, one: Payment) -> Iterator[TrueGroup]:
    first, name = order.line_of(one, one.minor * order.rng.randint(2, 8) // 10)
    second, other = order.line_of(one, one.minor - first.minor)
    told = name is Name.CLEAR and other is Name.CLEAR
    yield TrueGroup((*order.ours(one), first, second), Story.TWO_PARTS, told=told)


def _twice(order: Order, one: Payment) -> tuple[TrueGroup, Row, tuple[tuple[str, str], ...]]:
    line, name = order.line_of(one)
    again = order.again(line)
    first, second = ((row.id, one.end_to_end_id) for row in (line, again))
    group = TrueGroup((*order.ours(one), line), Story.DUPLICATE, told=_same(line, name), alike=(first,))
    return group, again, (second,)


def _duplicate(order: Order, one: Payment) -> Iterator[TrueGroup]:
    group, again, alike = _twice(order, one)
    yield group
    yield TrueGroup((again,), Story.DUPLICATE, open=True, alike=alike)


def _undone(order: Order, one: Payment) -> Iterator[TrueGroup]:
    group, again, alike = _twice(order, one)
    yield group
    reversal = order.again(again)._replace(minor=-again.minor, back=True)
    yield TrueGroup((again, reversal), Story.UNDONE, told=group.told, alike=alike)


def _returned(order: Order, one: Payment) -> Iterator[TrueGroup]:
    yield from _plain(order, one)
    rng, later, draw = order.rng, order.rng.randint(1, 6), order.rng.random()
    ours, less = order.ours(one, back=True, later=later), draw < 0.05
    minor = -one.minor * 99 // 100 if less else -one.minor
    line, name = order.line_of(one, minor, later + rng.choice((0, 0, 0, 1)))
    line = line._replace(back=rng.random() < 0.9, text=f"{line.text} RETURN AC04")
    if draw >= 0.9:
        yield TrueGroup(ours, Story.RETURNED, open=True)
    elif draw >= 0.8:
        yield TrueGroup((line,), Story.RETURNED, open=True)
    else:
        told = name is Name.CLEAR if less else _same(line, name)
        yield TrueGroup((*ours, line), Story.RETURNED, open=less, told=told)


def _repeated(order: Order, one: Payment, other: Payment) -> Iterator[TrueGroup]:
    """Two payments under one EndToEndId, which the bank repeats."""
    other = replace(other, end_to_end_id=one.end_to_end_id)
    named = order.rng.random() >= order.rates.no_account
    for each in (one, other):
        line = order.line(each.minor)._replace(end_to_end_id=each.end_to_end_id, text="BENEFIT")
        line = line._replace(account=each.account, party=each.party) if named else line
        label = ((line.id, one.end_to_end_id),) if not named and one.minor == other.minor else ()
        yield TrueGroup((*order.ours(each), line), Story.REPEATED, alike=label)


_HAPPENS: Mapping[Story, Callable[[Order, Payment], Iterator[TrueGroup]]] = {
    Story.NO_BANK: _no_bank,
    Story.NO_LEDGER: _no_ledger,
    Story.NO_RAIL: _no_rail,
    Story.LEDGER_ALONE: _ledger_alone,
    Story.TOO_LATE: _too_late,
    Story.AMOUNT_SWAPPED: _amount_swapped,
    Story.RAIL_DIFFERS: _rail_differs,
    Story.PARTIAL: _partial,
    Story.TWO_PARTS: _two_parts,
    Story.DUPLICATE: _duplicate,
    Story.UNDONE: _undone,
    Story.RETURNED: _returned,
}


def _booked(order: Order, parts: Sequence[list[Payment]], unseen: Sequence[Payment]) -> Iterator[TrueGroup]:
    """The bookings of many; `unseen` payments might be in them as well."""
    candidates = {one.place: abs(one.minor) for one in (*unseen, *(one for part in parts for one in part))}
    missing = len(parts) > 1 and order.rng.random() < 0.15
    booked = parts[:-1] if missing else parts
    lines = [order.booking(part) for part in booked]
    told = told_parts(
        [
            Part(frozenset(one.place for one in part), name, line.count)
            for part, (line, name) in zip(booked, lines, strict=True)
        ],
        candidates,
    )
    for at, (part, (line, _)) in enumerate(zip(booked, lines, strict=True)):
        rows = (*(row for one in part for row in order.ours(one)), line)
        yield TrueGroup(rows, Story.BATCH, told=at in told)
    for one in parts[-1] if missing else ():
        yield from _no_bank(order, one)


def _besides(order: Order) -> Iterator[TrueGroup]:
    """Charges, and money in that nobody knows of."""
    rng = order.rng
    if rng.random() < order.rates.charge:
        minor = rng.choice((5_000, 12_000, 12_000, 25_000, rng.randrange(1_000, 90_000)))
        line, draw = order.line(-minor)._replace(text="CHARGE"), rng.random()
        if draw < 0.5:
            yield TrueGroup((line,), Story.CHARGE, open=True)
        elif draw < 0.9:
            ours = order.entry(line.minor, line.on)._replace(reference=line.reference, text="CHARGE")
            yield TrueGroup((ours, line), Story.CHARGE)
        else:
            back = order.again(line)._replace(minor=minor, reference=line.reference, back=True, undoes=line.id)
            yield TrueGroup((line, back), Story.UNDONE)
    if rng.random() < order.rates.unknown:
        name = rng.choice(("NOTPROVIDED", "SALARY", f"INV-{rng.randrange(9999)}", ""))
        line = order.line(rng.randrange(100_000, 50_000_000))._replace(end_to_end_id=name)
        yield TrueGroup((line,), Story.UNKNOWN, open=True)
