"""Sessions in numbers and in slices, for staff: nothing of what was typed or shown, and no number but its end."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, func, select

from gateway.services.dialogues.records import SessionView, Status, view_of
from gateway.services.dialogues.tables import sessions
from gateway.services.dialogues.trail import Step, step_of
from gateway.store import Store

SLICE_MAX = 500
_TRACED = select(*(sessions.c[name] for name in SessionView.__dataclass_fields__), sessions.c.msisdn, sessions.c.trail)


@dataclass(frozen=True, slots=True)
class Traced:
    """A session with its trail; `number_end` is the last four digits of the phone."""

    view: SessionView
    number_end: str
    steps: Sequence[Step]

    @property
    def screen(self) -> str:
        """What was shown last; '' before anything was."""
        return self.steps[-1].screen if self.steps else ""


class SessionCounts:
    """Counts sessions and reads slices of them."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def live_by_version(self) -> Mapping[str, int]:
        """Live sessions by the version of the menus they stand on."""
        live = select(sessions.c.menu_version, func.count().label("live")).where(sessions.c.status == Status.LIVE.value)
        return {
            row.menu_version: int(row.live) for row in await self._store.read(live.group_by(sessions.c.menu_version))
        }

    async def live(self, limit: int) -> list[Traced]:
        """Live sessions, newest first, at most SLICE_MAX."""
        # All sessions last equally long, so that the index of deadlines has them in the order of their starts.
        query = _TRACED.where(sessions.c.status == Status.LIVE.value).order_by(sessions.c.deadline.desc())
        return await self._read(query.limit(min(limit, SLICE_MAX)))

    async def traced(self, session_id: str) -> Traced | None:
        """The session `ses_…`; None if it is unknown or forgotten."""
        found = await self._read(_TRACED.where(sessions.c.id == session_id))
        return found[0] if found else None

    async def slice(self, after: str, before: str, limit: int) -> list[Traced]:
        """Sessions of ids between two, in order of their beginnings, at most SLICE_MAX."""
        query = _TRACED.where(sessions.c.id > after, sessions.c.id < before).order_by(sessions.c.id)
        return await self._read(query.limit(min(limit, SLICE_MAX)))

    async def _read(self, query: Select[Any]) -> list[Traced]:
        return [
            Traced(view_of(row), row.msisdn[-4:], [step_of(entry) for entry in row.trail])
            for row in await self._store.read(query)
        ]
