"""Terminals as they were found a moment ago: their merchant hardly ever changes, and every tap asks for it."""

from datetime import datetime, timedelta

from gateway.services.taps.ports import TerminalInfo, Terminals
from wallet.clock import Clock

KEPT = timedelta(seconds=5)
KEPT_MAX = 10_000


class KnownTerminals:
    """Asks once for what many taps want at once. What is not registered is asked for each time."""

    def __init__(self, terminals: Terminals, clock: Clock) -> None:
        self._terminals = terminals
        self._clock = clock
        self._known: dict[str, tuple[TerminalInfo, datetime]] = {}

    async def terminal(self, terminal_id: str) -> TerminalInfo | None:
        """The terminal with this id, as it was at most five seconds ago."""
        now = self._clock.now()
        known = self._known.get(terminal_id)
        if known is not None and known[1] > now:
            return known[0]
        found = await self._terminals.terminal(terminal_id)
        if found is None:
            return None
        if len(self._known) >= KEPT_MAX:
            self._known.clear()
        self._known[terminal_id] = found, now + KEPT
        return found
