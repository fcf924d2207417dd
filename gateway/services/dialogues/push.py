"""A push: a page that the network shows on a phone unasked, as a notification or as the first page of a session.

The network has one USSD session for a phone at a time and asks the phone itself, so that every push has one of a few
ends, and who pushes decides by them: show it again later, or tell the person by SMS.
"""

import asyncio
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol


class PushOutcome(StrEnum):
    """How a push ended; the label of its metric."""

    SHOWN = "shown"
    """The phone says that it showed the page."""
    ABSENT = "absent"
    """The phone is off or out of reach; perhaps not for long."""
    BUSY = "busy"
    """The phone has another session, or the network no room for one; perhaps not for long."""
    REJECTED = "rejected"
    """The person or the network has turned it away."""
    UNSUPPORTED = "unsupported"
    """This wire or this phone cannot show it, at least not now; surely nobody has seen it."""
    UNKNOWN = "unknown"
    """Nobody has said; the page may have been seen."""


PASSING = frozenset({PushOutcome.ABSENT, PushOutcome.BUSY})
"""What may be over soon."""

MAP_ERRORS: Mapping[int, PushOutcome] = {
    1: PushOutcome.REJECTED,
    9: PushOutcome.REJECTED,
    12: PushOutcome.REJECTED,
    13: PushOutcome.REJECTED,
    21: PushOutcome.UNSUPPORTED,
    27: PushOutcome.ABSENT,
    71: PushOutcome.UNSUPPORTED,
    72: PushOutcome.BUSY,
}
"""Errors of an unstructuredSS-Request or -Notify (3GPP TS 29.002 clause 17.6.6): unknown and illegal subscriber,
illegal equipment, call barred; facility not supported; absent subscriber; unknown alphabet; USSD busy."""


@dataclass(frozen=True, slots=True)
class Push:
    """One page to show.

    Attributes:
        id: Of what causes it, `ntc_…` or `ses_…`; one id is not in hand twice at once.
        msisdn: Whose phone, `+989…`.
        text: The page. It holds no secret: whoever holds the phone reads it.
        asks: Whether the page waits for an answer, which goes to the dialogues as a hop of `session_key`.
        session_key: What the hops that follow are known by on this link; '' where nothing follows.
    """

    id: str
    msisdn: str = field(repr=False)
    text: str = field(repr=False)
    asks: bool = False
    session_key: str = ""


class Pusher(Protocol):
    """A wire that can push."""

    @property
    def name(self) -> str:
        """Of the wire; the label of the metric."""
        ...

    @property
    def push_max_s(self) -> float:
        """How long a push takes at the longest."""
        ...

    async def push(self, push: Push) -> PushOutcome:
        """Show a page, within `push_max_s`; raises nothing."""
        ...


class Pending:
    """Pushes whose end is not known yet, by what the wire knows them by. All methods are called inside the loop."""

    def __init__(self) -> None:
        self._ends: dict[object, asyncio.Future[PushOutcome]] = {}

    def __contains__(self, key: object) -> bool:
        """Whether somebody waits for this one."""
        return key in self._ends

    async def end_of(self, key: object, sending: Awaitable[object], timeout_s: float) -> PushOutcome:
        """Send a push and wait for its end, UNKNOWN if there is none in time; what `sending` raises is raised."""
        # Before it is sent, for a phone on the same machine answers before we would wait.
        future: asyncio.Future[PushOutcome] = asyncio.get_running_loop().create_future()
        self._ends[key] = future
        try:
            await sending
            async with asyncio.timeout(timeout_s):
                return await future
        except TimeoutError:
            return PushOutcome.UNKNOWN
        finally:
            self._ends.pop(key, None)

    def ended(self, key: object, outcome: PushOutcome) -> None:
        """Tell how one ended; nothing for one that nobody waits for."""
        future = self._ends.get(key)
        if future is not None and not future.done():
            future.set_result(outcome)

    def lose(self) -> None:
        """The line is gone: nobody will say any more."""
        for key in tuple(self._ends):
            self.ended(key, PushOutcome.UNKNOWN)
