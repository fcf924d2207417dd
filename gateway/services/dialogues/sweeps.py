"""What time does to sessions: they expire, forget, and are deleted; bounded slices, harmless to repeat."""

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, delete, func, null, select, update

from gateway.services.dialogues.records import EndReason, Session, Status, session_of
from gateway.services.dialogues.tables import UNWIPED, sessions
from gateway.store import Store

SLICE_MAX = 500
OWED_MAX = 50
OWED_FOR = timedelta(days=1)
"""A promise older than this is not looked for any more."""

_OVER = (
    select(sessions.c.id, sessions.c.adapter)
    .where(sessions.c.status == Status.LIVE.value, sessions.c.deadline < bindparam("b_before"))
    .order_by(sessions.c.id)
    .limit(SLICE_MAX)
    .with_for_update(key_share=True)
)


async def expire(store: Store, before: datetime, now: datetime) -> Counter[str]:
    """Close LIVE sessions whose deadline lies before, and wipe their replies; how many by wire, at most SLICE_MAX."""

    def work(tx: Connection) -> Counter[str]:
        over = tx.execute(_OVER, {"b_before": before}).all()
        if over:
            tx.execute(
                update(sessions)
                .where(sessions.c.id.in_([row.id for row in over]))
                .values(
                    status=Status.EXPIRED.value,
                    end_reason=EndReason.EXPIRED.value,
                    ended_at=now,
                    reply=null(),
                    version=sessions.c.version + 1,
                )
            )
        return Counter(row.adapter for row in over)

    return await store.write(work)


async def wipe(store: Store, before: datetime) -> int:
    """Wipe what sessions that are over remember, once answered before that; how many, at most SLICE_MAX."""
    oldest = sessions.c.answered_at
    due = select(sessions.c.id).where(UNWIPED, oldest < before).order_by(oldest).limit(SLICE_MAX)

    def work(tx: Connection) -> int:
        ids = [row.id for row in tx.execute(due)]
        if ids:
            tx.execute(
                update(sessions)
                .where(sessions.c.id.in_(ids))
                .values(reply=null(), result=null(), state={}, version=sessions.c.version + 1)
            )
        return len(ids)

    return await store.write(work)


async def forget(store: Store, before: datetime) -> int:
    """Delete sessions that were over before that; how many, at most SLICE_MAX."""
    over = [status.value for status in Status if status is not Status.LIVE]
    due = select(sessions.c.id).where(sessions.c.status.in_(over), sessions.c.deadline < before).limit(SLICE_MAX)

    def work(tx: Connection) -> int:
        ids = [row.id for row in tx.execute(due)]
        if ids:
            tx.execute(delete(sessions).where(sessions.c.id.in_(ids)))
        return len(ids)

    return await store.write(work)


async def owed(store: Store, before: datetime) -> list[Session]:
    """Sessions that were promised an SMS before that and got none: the process that owed it has died."""
    query = (
        select(*sessions.c)
        .where(
            sessions.c.status == Status.LATE.value,
            sessions.c.end_reason == EndReason.LATE.value,
            sessions.c.deadline > before - OWED_FOR,
            sessions.c.answered_at < before,
        )
        .order_by(sessions.c.deadline)
        .limit(OWED_MAX)
    )
    return [session_of(row) for row in await store.read(query)]


async def settle(store: Store, session: Session, text: str, put: Callable[[Connection], bool]) -> None:
    """Keep a promise: `put` the SMS, and leave its text for the next dial, in one unit of work.

    Work that was done in the moment between the promise and its row has told already: its text stays, and one that was
    shown since does not come back as another.
    """
    told = update(sessions).where(sessions.c.id == session.id, sessions.c.end_reason == EndReason.LATE.value)

    def work(tx: Connection) -> None:
        kept = {"result": func.coalesce(sessions.c.result, text.encode())} if put(tx) else {}
        tx.execute(told.values(end_reason=EndReason.TOLD.value, **kept))

    await store.write(work)
