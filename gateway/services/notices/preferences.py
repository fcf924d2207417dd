"""By which channels a person wants to be told, in which order; who has said nothing is told by SMS."""

from collections.abc import Callable, Collection, Iterable

from sqlalchemy import Connection, bindparam, select
from sqlalchemy.dialects import postgresql, sqlite

from gateway.services.notices.outgoing import Channel
from gateway.services.notices.reach_tables import PREFERENCES
from gateway.store import Store
from wallet.clock import Clock

USUAL = (Channel.SMS, Channel.USSD_PUSH, Channel.EMAIL, Channel.MAILBOX)
"""The order for who has said nothing; the mailbox is last because it cannot fail."""


_SAID = select(PREFERENCES.c.channels).where(PREFERENCES.c.person == bindparam("a_person"))


def whole(order: Iterable[Channel]) -> tuple[Channel, ...]:
    """An order of all channels: those given, each once, then the others as usual."""
    return tuple(dict.fromkeys((*order, *USUAL)))


def next_channel(
    order: tuple[Channel, ...], reachable: Callable[[Channel], bool], after: Channel | None = None
) -> Channel | None:
    """The first channel of `order`, behind `after`, by which the person can be reached; None if there is none."""
    behind = order[order.index(after) + 1 :] if after is not None else order
    return next((channel for channel in behind if reachable(channel)), None)


class Preferences:
    """What people have said."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def said(self, person_id: str) -> tuple[Channel, ...] | None:
        """All channels in the order that the person has chosen; None if they have said nothing."""
        rows = await self._store.find(_SAID, {"a_person": person_id})
        return whole(Channel(name) for name in rows[0].channels) if rows else None

    async def said_among(self, person_ids: Collection[str]) -> dict[str, tuple[Channel, ...]]:
        """The same of many at once; who has said nothing is left out."""
        query = select(PREFERENCES.c.person, PREFERENCES.c.channels).where(PREFERENCES.c.person.in_(person_ids))
        rows = await self._store.read(query) if person_ids else ()
        return {row.person: whole(Channel(name) for name in row.channels) for row in rows}

    async def order_of(self, person_id: str) -> tuple[Channel, ...]:
        """All channels in the person's order."""
        return await self.said(person_id) or USUAL

    async def prefer(self, person_id: str, order: Iterable[Channel]) -> None:
        """Remember which come first."""
        values = {"channels": [channel.value for channel in whole(order)], "changed_at": self._clock.now()}

        def work(tx: Connection) -> None:
            insert = (postgresql if tx.dialect.name == "postgresql" else sqlite).insert(PREFERENCES)
            row = insert.values(person=person_id, **values)
            tx.execute(row.on_conflict_do_update(index_elements=["person"], set_=values))

        await self._store.write(work)
