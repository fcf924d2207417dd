"""What pieces of a running batch share: queries that find them, transfers, and rows that say what came of them."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, Update, func, select, update

from gateway.services.payouts import bulk
from gateway.services.payouts.book import FILE, Log, Moved
from gateway.services.payouts.model import ItemState, Rail
from gateway.services.payouts.ports import Verdict
from gateway.services.payouts.rules import PAY
from gateway.services.payouts.tables import BATCHES, ITEMS, ORDERS
from wallet.ids import AccountId, transfer_id
from wallet.money import Asset, Money
from wallet.transfers import Outcome, PostResult, Transfer, TransferCode

COLUMNS = (
    ITEMS.c.id, ITEMS.c.seq, ITEMS.c.person_id, ITEMS.c.amount_minor, ITEMS.c.debit_role, ITEMS.c.debit_owner,
    ITEMS.c.code,
)  # fmt: skip
Condition = ColumnElement[bool]
Refused = Sequence[tuple[Row[Any], str]]
"""Items that are not paid, and why."""
ID_REUSED = Outcome.ID_REUSED.name.lower()


def approved_rows(batch_id: str, rail: Rail) -> Condition:
    """Items of a batch that wait to be paid by this rail."""
    mine = (ITEMS.c.batch_id == batch_id) & (ITEMS.c.state == ItemState.APPROVED.value)
    return mine & (ITEMS.c.rail == rail.value)


def approved(batch_id: str, rail: Rail) -> Select[Any]:
    """The same, in order, as they are paid."""
    return select(*COLUMNS).where(approved_rows(batch_id, rail)).order_by(ITEMS.c.seq)


def pays(one: Row[Any], debit: AccountId, credit: AccountId, code: int, asset: Asset) -> Transfer:
    """The transfer that pays an item; the same item is always the same transfer."""
    return Transfer(transfer_id(one.id, PAY), debit, credit, Money(one.amount_minor, asset), TransferCode(code), one.id)


def refused(page: Sequence[Row[Any]], results: Sequence[PostResult]) -> Refused:
    """What the ledger has not taken, and why."""
    pairs = zip(page, results, strict=True)
    return [(one, result.outcome.name.lower()) for one, result in pairs if not result.outcome.stands]


def not_paid(tx: Connection, row: Row[Any], log: Log, items: Refused, rail: Rail, now: datetime) -> int:
    """Write down what is not paid; how many items were changed.

    Under an id that another transfer has, money may have moved: that item is held for staff, and still owed.
    """
    by_reason: defaultdict[str, list[Row[Any]]] = defaultdict(list)
    for one, reason in items:
        by_reason[reason].append(one)
    changed = 0
    for reason, ones in by_reason.items():
        state = ItemState.HELD if reason == ID_REUSED else ItemState.REJECTED
        values: dict[str, object] = {"state": state.value, "reason": reason, "changed_at": now}
        if state is ItemState.REJECTED:
            values |= {"once": None, "tell": told(row, Verdict.NOT_PAID)}
        # No order pays it: what an order has is what its file says, for ever.
        values["order_id"] = ""
        waiting = ITEMS.c.state == ItemState.APPROVED.value
        changed += bulk.change_named(tx, [one.id for one in ones], waiting, values)
        log.many([(one.seq, one.seq, rail.value, ItemState.APPROVED.value, state.value, reason) for one in ones])
    return changed


def told(row: Row[Any], verdict: Verdict) -> str:
    """What the source has yet to hear; a file hears nothing."""
    return "" if row.source == FILE else verdict.value


def spans(tx: Connection, condition: Condition, chosen: Collection[int]) -> list[tuple[int, int]]:
    """Runs of chosen places among those of items that meet a condition: what one row of changes can say at once."""
    places = tx.execute(select(ITEMS.c.seq).where(condition).order_by(ITEMS.c.seq)).scalars()
    return list(_runs(places, chosen if isinstance(chosen, frozenset) else frozenset(chosen)))


def _runs(places: Iterable[int], chosen: frozenset[int]) -> Iterator[tuple[int, int]]:
    first = last = 0
    for place in places:
        if place in chosen:
            first, last = first or place, place
        elif first:
            yield first, last
            first = 0
    if first:
        yield first, last


def moved(tx: Connection, among: Condition, which: Condition, states: tuple[str, str, str, str]) -> list[Moved]:
    """The changes that say that `which` of the items that stand in one state leave it; before their rows are changed.

    `states` are rail, what it was, what it is, and why.
    """
    chosen = frozenset(tx.execute(select(ITEMS.c.seq).where(which)).scalars())
    return [(first, last, *states) for first, last in spans(tx, among, chosen)] if chosen else []


def posted(order_id: str) -> Callable[[Connection], None]:
    """The unit that says that what an order pays is on its way in the ledger, and how much that is."""

    def work(tx: Connection) -> None:
        sums = select(func.count(), func.coalesce(func.sum(ITEMS.c.amount_minor), 0)).where(
            ITEMS.c.order_id == order_id
        )
        count, total = tx.execute(sums).one()
        mark = update(ORDERS).where(ORDERS.c.id == order_id, ORDERS.c.state == "made")
        tx.execute(mark.values(state="posted", item_count=count, total_minor=int(total)))

    return work


def due(batch_id: str, at: datetime | None) -> Update:
    """The statement that makes a batch due at a moment."""
    return update(BATCHES).where(BATCHES.c.id == batch_id).values(due_at=at)
