"""Receipts find their parts, whichever of the two is written first, and add up to the notice's end.

A receipt may come before the answer that names its message, twice, out of order, or in another process; so both sides
look for the other one when they are written, and `match_late` finds what two processes wrote at the same moment.
"""

from datetime import datetime

from sqlalchemy import Connection, select, update

from gateway.services.notices.outgoing import PartResult, PartState, ReceiptState
from gateway.services.notices.rules import NoticeState, received
from gateway.services.notices.tables import OUTBOX, PARTS, RECEIPTS
from gateway.store import insert_ignore

_FINAL = tuple(state.value for state in (ReceiptState.DELIVERED, ReceiptState.FAILED, ReceiptState.EXPIRED))


def add_part(tx: Connection, notice: str, link: str, part: PartResult, now: datetime) -> None:
    """Remember by which id a link knows a part; the first id of a part stays."""
    insert_ignore(
        tx,
        PARTS,
        {
            "notice_id": notice,
            "number": part.number,
            "link": link,
            "message_id": part.message_id,
            "state": PartState.SENT.value,
            "sent_at": now,
        },
    )


def match(tx: Connection, link: str, message_id: str, now: datetime) -> str | None:
    """Bring the first final receipt of this id to its part; the notice it belongs to, None if one side is missing.

    Links use ids again after months: the youngest part that still waits is meant.
    """
    if not message_id:
        return None
    part = tx.execute(
        select(PARTS)
        .where(PARTS.c.link == link, PARTS.c.message_id == message_id, PARTS.c.state == PartState.SENT.value)
        .order_by(PARTS.c.sent_at.desc())
        .limit(1)
        .with_for_update()
    ).first()
    receipt = tx.execute(
        select(RECEIPTS)
        .where(
            RECEIPTS.c.link == link,
            RECEIPTS.c.message_id == message_id,
            RECEIPTS.c.state.in_(_FINAL),
            RECEIPTS.c.matched_at.is_(None),
        )
        .order_by(RECEIPTS.c.received_at, RECEIPTS.c.state)
        .limit(1)
    ).first()
    if part is None or receipt is None:
        return None
    tx.execute(
        update(PARTS)
        .where(PARTS.c.notice_id == part.notice_id, PARTS.c.number == part.number)
        .values(state=receipt.state)
    )
    tx.execute(
        update(RECEIPTS)
        .where(RECEIPTS.c.link == link, RECEIPTS.c.message_id == message_id, RECEIPTS.c.state == receipt.state)
        .values(matched_at=now)
    )
    return str(part.notice_id)


def add_up(tx: Connection, notice: str, now: datetime) -> NoticeState | None:
    """End a sent notice when all its parts have; the end, or None."""
    row = tx.execute(select(OUTBOX.c.state, OUTBOX.c.parts).where(OUTBOX.c.id == notice).with_for_update()).one()
    if row.state != NoticeState.SENT.value:
        return None
    states = [
        PartState.SENT if state == PartState.SENT.value else ReceiptState(state)
        for state in tx.execute(select(PARTS.c.state).where(PARTS.c.notice_id == notice)).scalars()
    ]
    whole = received(row.parts, states)
    if whole is not None:
        tx.execute(update(OUTBOX).where(OUTBOX.c.id == notice).values(state=whole.value, changed_at=now))
    return whole


def match_late(tx: Connection, now: datetime, limit: int) -> int:
    """Match receipts whose part was written by another process at the same moment; how many."""
    pairs = tx.execute(
        select(RECEIPTS.c.link, RECEIPTS.c.message_id)
        .join(PARTS, (PARTS.c.link == RECEIPTS.c.link) & (PARTS.c.message_id == RECEIPTS.c.message_id))
        .where(RECEIPTS.c.matched_at.is_(None), PARTS.c.state == PartState.SENT.value)
        .distinct()
        .limit(limit)
    ).all()
    for pair in pairs:
        notice = match(tx, pair.link, pair.message_id, now)
        if notice is not None:
            add_up(tx, notice, now)
    return len(pairs)
