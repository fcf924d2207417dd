"""The inbox: the durable store of messages and their parts, and the only SQL over it.

Parts come in any order, twice, over several binds and processes. What tells them apart is in the rows: one unfinished
message for each (source, dest, reference, total), one part for each number, one digest for each delivery.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import Connection, Row, and_, delete, func, literal_column, or_, select, update

from gateway.services.messages.incoming import Place
from gateway.services.messages.model import Taken
from gateway.services.messages.rules import (
    DONE_KEPT,
    PART_REPEATED_WITHIN,
    REFERENCE_KEPT,
    UNFINISHED_KEPT,
    UNFINISHED_MAX,
    MessageState,
)
from gateway.services.messages.tables import MESSAGES, PARTS, SEEN
from gateway.store import insert_ignore
from wallet.types import Text

TIDY_MAX = 500

# Conditions that name their states in their text: a partial index is not chosen for a parameter's sake.
_NAMED = {state: literal_column(f"'{state.value}'", Text) for state in MessageState}
_OPEN = MESSAGES.c.state.in_([_NAMED[MessageState.READY], _NAMED[MessageState.LEASED]])
_ENDED = MESSAGES.c.state.in_([_NAMED[MessageState.DONE], _NAMED[MessageState.FAILED]])
_COLLECTING = MESSAGES.c.state == _NAMED[MessageState.COLLECTING]


@dataclass(frozen=True, slots=True)
class Delivery:
    """One delivery, hashed and sealed, ready for the unit of work that takes it.

    Attributes:
        id: Of the message, should this be its first part.
        digest: Keyed hash of everything that makes it the same delivery.
        repeated_after: A digest seen since then is this delivery again.
        place: (0, 1, 1) for a message that stands alone.
        part: Its row, but for the message's id; None if it is too long to be kept.
    """

    id: str
    source: str
    dest: str
    digest: bytes
    repeated_after: datetime
    place: Place
    part: dict[str, object] | None


def take(tx: Connection, delivery: Delivery, now: datetime) -> Taken:
    """Keep a delivery unless it was kept before."""
    if not _is_new(tx, delivery, now):
        return Taken.REPEATED
    if delivery.part is None:
        _add_message(tx, delivery, MessageState.READY, now, whole=False)
        return Taken.TOO_LONG
    if delivery.place.total == 1:
        _add_message(tx, delivery, MessageState.READY, now)
        insert_ignore(tx, PARTS, {**delivery.part, "message_id": delivery.id})
        return Taken.TAKEN
    return _take_part(tx, delivery, delivery.part, now)


def claim(tx: Connection, lease: str, now: datetime, lease_s: float, limit: int) -> list[Row[Any]]:
    """Lease whole and broken messages, oldest first, and of each number only the oldest: they are read in order."""
    oldest = select(func.min(MESSAGES.c.id)).where(_OPEN).group_by(MESSAGES.c.source)
    due = (
        select(MESSAGES.c.id)
        .where(
            MESSAGES.c.id.in_(oldest),
            or_(MESSAGES.c.state == MessageState.READY.value, MESSAGES.c.lease_until <= now),
        )
        .order_by(MESSAGES.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("due")
    )
    leasing = (
        update(MESSAGES)
        .where(MESSAGES.c.id.in_(select(due.c.id)))
        .values(
            state=MessageState.LEASED.value,
            lease=lease,
            lease_until=now + timedelta(seconds=lease_s),
            attempts=MESSAGES.c.attempts + 1,
            changed_at=now,
        )
        .returning(*MESSAGES.c)
    )
    return sorted(tx.execute(leasing).all(), key=lambda row: str(row.id))


def close(tx: Connection, message: str, lease: str, state: MessageState, now: datetime) -> bool:
    """End a message that this lease holds and wipe what was written; False if the lease is another's by now."""
    mine = (MESSAGES.c.id == message) & (MESSAGES.c.lease == lease)
    values = {"state": state.value, "lease": None, "lease_until": None, "changed_at": now}
    if tx.execute(update(MESSAGES).where(mine).values(values)).rowcount != 1:
        return False
    tx.execute(update(PARTS).where(PARTS.c.message_id == message).values(sealed=None))
    return True


def free(tx: Connection) -> int:
    """End every lease at once; how many."""
    leased = update(MESSAGES).where(_OPEN, MESSAGES.c.state == MessageState.LEASED.value)
    return tx.execute(leased.values(state=MessageState.READY.value, lease=None, lease_until=None)).rowcount


def tidy(tx: Connection, now: datetime) -> int:
    """Give up on messages whose parts do not come, drop what is old; how many were given up or dropped."""
    late = _COLLECTING & (MESSAGES.c.taken_at <= now - UNFINISHED_KEPT)
    given_up = tx.execute(_locked(late).limit(TIDY_MAX)).scalars().all()
    for message in given_up:
        _give_up(tx, message, now)
    old = _ENDED & (MESSAGES.c.changed_at <= now - DONE_KEPT)
    dropped = tx.execute(_locked(old).limit(TIDY_MAX)).scalars().all()
    if dropped:
        tx.execute(delete(PARTS).where(PARTS.c.message_id.in_(dropped)))
        tx.execute(delete(MESSAGES).where(MESSAGES.c.id.in_(dropped)))
    tx.execute(delete(SEEN).where(SEEN.c.seen_at <= now - REFERENCE_KEPT))
    return len(given_up) + len(dropped)


def _is_new(tx: Connection, delivery: Delivery, now: datetime) -> bool:
    if insert_ignore(tx, SEEN, {"digest": delivery.digest, "seen_at": now}):
        return True
    again = (SEEN.c.digest == delivery.digest) & (SEEN.c.seen_at <= delivery.repeated_after)
    return tx.execute(update(SEEN).where(again).values(seen_at=now)).rowcount == 1


def _take_part(tx: Connection, delivery: Delivery, part: dict[str, object], now: datetime) -> Taken:
    message = _collecting(tx, delivery)
    if message is None:
        if _belongs_to_ended(tx, delivery, part, now):
            return Taken.REPEATED
        message = _begin(tx, delivery, now)
    if not insert_ignore(tx, PARTS, {**part, "message_id": message}):
        held = (PARTS.c.message_id == message) & (PARTS.c.number == part["number"])
        if tx.execute(select(PARTS.c.content).where(held)).scalar_one() == part["content"]:
            return Taken.REPEATED
        # The phone has come round to a reference that it used for a message whose other parts never came.
        _give_up(tx, message, now)
        message = _begin(tx, delivery, now)
        insert_ignore(tx, PARTS, {**part, "message_id": message})
    parts = tx.execute(select(func.count()).select_from(PARTS).where(PARTS.c.message_id == message)).scalar_one()
    if parts == delivery.place.total:
        values = {"state": MessageState.READY.value, "changed_at": now}
        tx.execute(update(MESSAGES).where(MESSAGES.c.id == message).values(values))
    return Taken.TAKEN


def _collecting(tx: Connection, delivery: Delivery) -> str | None:
    """The unfinished message that this part belongs to, held."""
    mine = _key(delivery) & _COLLECTING
    return cast("str | None", tx.execute(_locked(mine)).scalar_one_or_none())


def _begin(tx: Connection, delivery: Delivery, now: datetime) -> str:
    """A new unfinished message; the oldest one is given up if this number has too many."""
    unfinished = (MESSAGES.c.source == delivery.source) & _COLLECTING
    others = tx.execute(_locked(unfinished)).scalars().all()
    for message in others[: max(0, len(others) - UNFINISHED_MAX + 1)]:
        _give_up(tx, message, now)
    # Another process may make it in the same moment: the partial index lets one of the two rows in.
    _add_message(tx, delivery, MessageState.COLLECTING, now)
    begun = _collecting(tx, delivery)
    assert begun is not None, "a message that was begun in this transaction is there"
    return begun


def _belongs_to_ended(tx: Connection, delivery: Delivery, part: dict[str, object], now: datetime) -> bool:
    query = (
        select(MESSAGES.c.id)
        .join(PARTS, PARTS.c.message_id == MESSAGES.c.id)
        .where(
            _key(delivery),
            MESSAGES.c.state != MessageState.COLLECTING.value,
            MESSAGES.c.taken_at > now - PART_REPEATED_WITHIN,
            PARTS.c.number == part["number"],
            PARTS.c.content == part["content"],
        )
        .limit(1)
    )
    return tx.execute(query).first() is not None


def _key(delivery: Delivery) -> Any:  # noqa: ANN401 - SQLAlchemy's condition
    return and_(
        MESSAGES.c.source == delivery.source,
        MESSAGES.c.dest == delivery.dest,
        MESSAGES.c.reference == delivery.place.reference,
        MESSAGES.c.total == delivery.place.total,
    )


def _locked(condition: Any) -> Any:  # noqa: ANN401 - SQLAlchemy's condition and query
    return select(MESSAGES.c.id).where(condition).order_by(MESSAGES.c.id).with_for_update(key_share=True)


def _give_up(tx: Connection, message: str, now: datetime) -> None:
    """Nobody will read what came of it: wiped, and its writer is told to send it again."""
    values = {"state": MessageState.READY.value, "whole": False, "changed_at": now}
    tx.execute(update(MESSAGES).where(MESSAGES.c.id == message).values(values))
    tx.execute(update(PARTS).where(PARTS.c.message_id == message).values(sealed=None))


def _add_message(tx: Connection, delivery: Delivery, state: MessageState, now: datetime, *, whole: bool = True) -> None:
    row = {
        "id": delivery.id,
        "source": delivery.source,
        "dest": delivery.dest,
        "reference": delivery.place.reference,
        "total": delivery.place.total,
        "whole": whole,
        "state": state.value,
        "attempts": 0,
        "lease": None,
        "lease_until": None,
        "taken_at": now,
        "changed_at": now,
    }
    insert_ignore(tx, MESSAGES, row)
