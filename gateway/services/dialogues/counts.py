"""How many sessions stand where: counts alone, nothing of whose they are."""

from collections.abc import Mapping

from sqlalchemy import func, select

from gateway.services.dialogues.records import Status
from gateway.services.dialogues.tables import sessions
from gateway.store import Store


class SessionCounts:
    """Counts sessions."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def live_by_version(self) -> Mapping[str, int]:
        """Live sessions by the version of the menus they stand on."""
        query = select(sessions.c.menu_version, func.count().label("live")).where(
            sessions.c.status == Status.LIVE.value
        )
        return {
            row.menu_version: int(row.live) for row in await self._store.read(query.group_by(sessions.c.menu_version))
        }
