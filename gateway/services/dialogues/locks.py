"""One hop at a time for each session of this process; between processes the row's version decides."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from gateway.errors import Overloaded

WAITERS_MAX = 8
"""Deliveries of one session that may wait for each other; a provider that sends more is broken."""


@dataclass(slots=True)
class _Slot:
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    users: int = 0


class SessionLocks:
    """A lock for each session that is being answered now; none for the others."""

    def __init__(self, sessions_max: int) -> None:
        self._slots: dict[tuple[str, str], _Slot] = {}
        self._sessions_max = sessions_max

    def __len__(self) -> int:
        """How many sessions are being answered now."""
        return len(self._slots)

    @asynccontextmanager
    async def hold(self, key: tuple[str, str]) -> AsyncIterator[None]:
        """Wait for the session's turn and keep it.

        Raises:
            Overloaded: Too many sessions are being answered, or too many deliveries of this one wait.
        """
        slot = self._slots.get(key)
        if slot is None:
            if len(self._slots) >= self._sessions_max:
                raise Overloaded("too many sessions are being answered")
            slot = self._slots[key] = _Slot()
        elif slot.users >= WAITERS_MAX:
            raise Overloaded("too many deliveries of one session wait")
        slot.users += 1
        try:
            async with slot.lock:
                yield
        finally:
            slot.users -= 1
            if slot.users == 0:
                del self._slots[key]
