"""How often something may happen to one number in an hour."""

from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, select, update

from gateway.services.messages.rules import ANSWERS_MAX, Limit
from gateway.services.messages.tables import LIMITS
from gateway.store import insert_ignore

HOUR = timedelta(hours=1)


def allowed(tx: Connection, source: str, limit: Limit, now: datetime) -> bool:
    """Count one more answer of this kind, and one more answer of all; False, and nothing counted, if too many."""
    wanted = {limit, Limit.ANSWER}
    rows = {what: _row(tx, source, what, now) for what in sorted(wanted)}
    if any(taken >= ANSWERS_MAX[what] for what, (taken, _) in rows.items()):
        return False
    for what, (taken, since) in rows.items():
        mine = (LIMITS.c.source == source) & (LIMITS.c.what == what.value)
        tx.execute(update(LIMITS).where(mine).values(taken=taken + 1, since=since))
    return True


def forget(tx: Connection, now: datetime) -> None:
    """Drop hours that are over."""
    tx.execute(delete(LIMITS).where(LIMITS.c.since < now - HOUR))


def _row(tx: Connection, source: str, what: Limit, now: datetime) -> tuple[int, datetime]:
    insert_ignore(tx, LIMITS, {"source": source, "what": what.value, "since": now, "taken": 0})
    mine = (LIMITS.c.source == source) & (LIMITS.c.what == what.value)
    row = tx.execute(select(LIMITS.c.taken, LIMITS.c.since).where(mine).with_for_update(key_share=True)).one()
    return (0, now) if now - row.since >= HOUR else (row.taken, row.since)
