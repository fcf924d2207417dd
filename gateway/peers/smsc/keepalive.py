"""Whether a peer is still there: asked by enquire_link after a silence, left after a longer one (SMPP 3.4, 7.2)."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Timers:
    """Seconds: for an answer, of silence before enquire_link, for its answer, of silence before the end; 0 is never."""

    response_s: float = 10.0
    enquire_s: float = 30.0
    enquire_response_s: float = 10.0
    inactivity_s: float = 0.0


@dataclass(slots=True)
class KeepAlive:
    """Asks with `ask`, whose argument is called when an answer comes, and ends with `end`, told why."""

    timers: Timers
    ask: Callable[[Callable[[], None]], None]
    end: Callable[[str], None]
    enquires: bool = False
    """Whether enquire_link is in place: on a bound session."""
    heard_at: float = 0.0
    """Loop time of the last octet from the peer."""
    _timer: asyncio.TimerHandle | None = None
    _answer_timer: asyncio.TimerHandle | None = None
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.get_running_loop)

    def start(self) -> None:
        """The line is there."""
        self.heard_at = self._loop.time()
        self._look()

    def stop(self) -> None:
        """The session is over."""
        for timer in (self._timer, self._answer_timer):
            if timer:
                timer.cancel()

    def _look(self) -> None:
        timers, silent_s = self.timers, self._loop.time() - self.heard_at
        if timers.inactivity_s and silent_s >= timers.inactivity_s:
            self.end("inactive")
            return
        waits = [timers.inactivity_s - silent_s] if timers.inactivity_s else []
        if timers.enquire_s and self._answer_timer is None:
            if self.enquires and silent_s >= timers.enquire_s:
                self._enquire()
            else:
                waits.append(timers.enquire_s - (silent_s if self.enquires else 0.0))
        if waits:
            self._timer = self._loop.call_later(max(0.001, min(waits)), self._look)

    def _enquire(self) -> None:
        self._answer_timer = self._loop.call_later(self.timers.enquire_response_s, self._unanswered, self._loop.time())
        self.ask(self._answered)

    def _answered(self) -> None:
        if self._answer_timer:
            self._answer_timer.cancel()
            self._answer_timer = None
            self._look()

    def _unanswered(self, asked_at: float) -> None:
        self._answer_timer = None
        # Whatever else it has said meanwhile shows that it lives.
        if self.heard_at <= asked_at:
            self.end("no answer to enquire_link")
        else:
            self._look()
