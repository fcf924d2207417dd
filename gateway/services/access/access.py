"""The access log: who of the staff saw what of whom, when and why."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, insert, select

from gateway.services.access.tables import views
from gateway.store import Store
from wallet.clock import Clock
from wallet.ids import new_id


@dataclass(frozen=True, slots=True)
class View:
    """One row: `what` was shown, as `person`, `movements` or `search`.

    Where it was the access log of a member of staff, `person_id` is that member's.
    """

    id: str
    staff_id: str
    person_id: str
    what: str
    reason: str
    at: datetime


class Access:
    """Writes and lists views of people."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def put(self, tx: Connection, *, staff_id: str, person_id: str, what: str, reason: str) -> None:
        """Write a row inside the caller's unit of work."""
        tx.execute(
            insert(views).values(
                id=new_id("avw", self._clock),
                staff_id=staff_id,
                person_id=person_id,
                what=what,
                reason=reason,
                at=self._clock.now(),
            )
        )

    async def viewed(self, staff_id: str, person_id: str, what: str, reason: str = "") -> None:
        """Write a row; await it before anything is shown."""

        def work(tx: Connection) -> None:
            self.put(tx, staff_id=staff_id, person_id=person_id, what=what, reason=reason)

        await self._store.write(work)

    async def of_person(self, person_id: str, *, limit: int, before: str = "") -> list[View]:
        """Who saw this person, newest first, of rows before the one with id `before`."""
        return await self._page(views.c.person_id == person_id, limit, before)

    async def of_staff(self, staff_id: str, *, limit: int, before: str = "") -> list[View]:
        """Whom this member of staff saw, newest first, of rows before the one with id `before`."""
        return await self._page(views.c.staff_id == staff_id, limit, before)

    async def _page(self, whose: ColumnElement[Any], limit: int, before: str) -> list[View]:
        query = select(views).where(whose).order_by(views.c.id.desc()).limit(limit)
        if before:
            query = query.where(views.c.id < before)
        return [View(**row._asdict()) for row in await self._store.read(query)]
