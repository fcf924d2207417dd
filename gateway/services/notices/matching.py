"""Receipts find their parts, whichever of the two is written first, and add up to the notice's end.

A receipt may come before the answer that names its message, twice, out of order, or in another process; so both sides
look for the other one when they are written, and `match_late` finds what two processes wrote at the same moment.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, select, tuple_

from gateway.services.notices.outgoing import PartState, Receipt, ReceiptState
from gateway.services.notices.rules import NoticeState, received
from gateway.services.notices.statements import STATEMENTS
from gateway.services.notices.tables import PARTS, RECEIPTS

USED_AGAIN_AFTER = timedelta(days=7)
"""A receipt that is there already is a repetition, unless the one we have is so old: then the link uses ids again."""
LOOKED_AT_MAX = 2000
"""How many receipts without a part `match_late` looks at, newest first: those of other houses may be without end."""

Key = tuple[str, str]
"""Link and message id."""


def keep(tx: Connection, receipts: Collection[Receipt], now: datetime) -> Mapping[str, NoticeState]:
    """Store receipts and apply them to parts that are known; the notices that ended, and how."""
    new = {(one.link, one.message_id, one.state.value): one.error for one in receipts}
    rows = [(*key, error) for key, error in sorted(new.items())]
    STATEMENTS[tx.dialect.name].add_receipts(tx, rows, now, now - USED_AGAIN_AFTER)
    keys = {(one.link, one.message_id) for one in receipts if one.state is not ReceiptState.PENDING}
    return add_up(tx, match(tx, keys, now), now)


def match(tx: Connection, keys: Iterable[Key], now: datetime) -> set[str]:
    """Bring the first final receipt of each id to its part; the notices that these belong to.

    Links use ids again after months: the youngest part that still waits is meant.
    """
    sql = STATEMENTS[tx.dialect.name]
    keys = sorted({key for key in keys if key[1]})
    waiting = sql.waiting(tx, keys) if keys else []
    if not waiting:
        return set()
    firsts: dict[Key, str] = {}
    for row in waiting:
        firsts.setdefault((row.link, row.message_id), row.state)
    notices = {row.notice_id for row in sql.candidates(tx, list(firsts))}
    if not notices:
        return set()
    # Whoever changes a part holds its notice; so what is read now stays until we commit.
    sql.lock(tx, notices)
    ends: dict[Key, tuple[str, int, str]] = {}
    for part in sql.candidates(tx, list(firsts)):
        key = (part.link, part.message_id)
        if part.notice_id in notices and key not in ends:
            ends[key] = (part.notice_id, part.number, firsts[key])
    if ends:
        sql.end_parts(tx, sorted(ends.values()))
        sql.matched(tx, sorted(ends), now)
    return {notice for notice, _, _ in ends.values()}


def add_up(tx: Connection, notices: Iterable[str], now: datetime) -> Mapping[str, NoticeState]:
    """End sent notices all of whose parts have ended; those that did, and how. Their rows are locked already."""
    sql = STATEMENTS[tx.dialect.name]
    ids = sorted(notices)
    totals: dict[str, int] = {}
    known: dict[str, list[ReceiptState | PartState]] = {}
    for row in sql.whole(tx, ids) if ids else []:
        totals[row.id] = row.parts
        state = PartState.SENT if row.state == PartState.SENT.value else ReceiptState(row.state)
        known.setdefault(row.id, []).append(state)
    ended = {id_: whole for id_, states in known.items() if (whole := received(totals[id_], states)) is not None}
    if ended:
        sql.end(tx, [(id_, whole.value) for id_, whole in ended.items()], now)
    return ended


_UNMATCHED = RECEIPTS.c.matched_at.is_(None)
_NEWEST = (
    select(RECEIPTS.c.link, RECEIPTS.c.message_id)
    .where(_UNMATCHED)
    .order_by(RECEIPTS.c.received_at.desc())
    .limit(LOOKED_AT_MAX)
    .subquery()
)
_LATE = (
    select(_NEWEST.c.link, _NEWEST.c.message_id)
    .join(PARTS, (PARTS.c.link == _NEWEST.c.link) & (PARTS.c.message_id == _NEWEST.c.message_id))
    .where(PARTS.c.state == PartState.SENT.value)
    .distinct()
)
_KEY = (RECEIPTS.c.link, RECEIPTS.c.message_id, RECEIPTS.c.state)


def match_late(tx: Connection, now: datetime, limit: int) -> tuple[int, Mapping[str, NoticeState]]:
    """Match receipts whose part was written by another process at the same moment; how many, and what ended."""
    keys = [(row.link, row.message_id) for row in tx.execute(_LATE.limit(limit))]
    return len(keys), add_up(tx, match(tx, keys, now), now)


def forget(tx: Connection, now: datetime, limit: int) -> int:
    """Delete receipts that found no part until their link may use ids again: they would end a stranger's message."""
    old = select(*_KEY).where(_UNMATCHED, RECEIPTS.c.received_at <= now - USED_AGAIN_AFTER)
    gone = old.order_by(RECEIPTS.c.received_at).limit(limit)
    return tx.execute(delete(RECEIPTS).where(tuple_(*_KEY).in_(gone))).rowcount
