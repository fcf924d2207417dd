"""The mailbox: texts that wait in the house until their person reads them; no more in them than an SMS may hold."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, select, update

from gateway.services.notices.reach_tables import MAILBOX
from gateway.store import Store, insert_ignore
from wallet.clock import Clock
from wallet.ids import new_id

SHOWN_MAX = 20
TIDY_MAX = 1000


@dataclass(frozen=True, slots=True)
class Title:
    """A message in a list."""

    id: str
    title: str
    put_at: datetime
    unread: bool


@dataclass(frozen=True, slots=True)
class Kept:
    """A message."""

    title: str
    text: str = field(repr=False)
    put_at: datetime


class Mailbox:
    """Everybody's messages; each is kept `kept_days`, read or not."""

    def __init__(self, store: Store, clock: Clock, *, kept_days: int) -> None:
        self._store = store
        self._clock = clock
        self._kept = timedelta(days=kept_days)

    def put(self, tx: Connection, person_id: str, *, cause: str, class_: str, title: str, text: str) -> bool:
        """Put a message inside the caller's unit of work; False if that cause has told this already."""
        now = self._clock.now()
        row = {
            "id": new_id("mbx", self._clock),
            "person": person_id,
            "cause": cause,
            "class_": class_,
            "title": title,
            "text": text,
            "put_at": now,
            "read_at": None,
            "kept_until": now + self._kept,
        }
        return insert_ignore(tx, MAILBOX, row)

    async def titles(self, person_id: str, *, limit: int = SHOWN_MAX) -> list[Title]:
        """A person's messages, newest first."""
        mine = (MAILBOX.c.person == person_id) & (MAILBOX.c.kept_until > self._clock.now())
        query = select(MAILBOX).where(mine).order_by(MAILBOX.c.put_at.desc(), MAILBOX.c.id.desc()).limit(limit)
        return [Title(row.id, row.title, row.put_at, row.read_at is None) for row in await self._store.read(query)]

    async def read(self, person_id: str, message_id: str) -> Kept | None:
        """One of the person's own messages, from now on read; None if there is none."""
        now = self._clock.now()
        mine = (MAILBOX.c.id == message_id) & (MAILBOX.c.person == person_id) & (MAILBOX.c.kept_until > now)

        def work(tx: Connection) -> Kept | None:
            row = tx.execute(select(MAILBOX).where(mine)).one_or_none()
            if row is None:
                return None
            tx.execute(update(MAILBOX).where(mine, MAILBOX.c.read_at.is_(None)).values(read_at=now))
            return Kept(row.title, row.text, row.put_at)

        return await self._store.write(work)

    async def sweep(self) -> int:
        """Delete what was kept long enough; how many."""
        old = select(MAILBOX.c.id).where(MAILBOX.c.kept_until <= self._clock.now()).limit(TIDY_MAX)
        if not await self._store.read(old.limit(1)):
            return 0
        gone = delete(MAILBOX).where(MAILBOX.c.id.in_(old))
        return await self._store.write(lambda tx: tx.execute(gone).rowcount)
