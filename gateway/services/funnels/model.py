"""What is seen of sessions once they are over: how far people came, what it took, what it cost."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Protocol


class Ending(StrEnum):
    """How a session ended."""

    COMPLETED = "completed"
    """At the dialogue's own last page."""
    LEFT = "left"
    """The person hung up or dialled anew."""
    CUT = "cut"
    """Time was over: the network's or ours."""
    FAILED = "failed"
    """A fault of ours."""
    RESUMED = "resumed"
    """Another session goes on with it; counts nowhere as an end."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One hop: the screen that was shown, and the milliseconds that the answer took."""

    screen: str
    took_ms: int


@dataclass(frozen=True, slots=True)
class Seen:
    """A session that is over.

    Attributes:
        id: `ses_…`.
        version: Of the menus.
        wire: Its name.
        operator: The provider's word for the network, or ''.
        language: Of the last page.
        ending: See Ending.
        started_at: When it began.
        seconds: How long it lasted.
        hops: How many deliveries were answered.
        shown: The hops that are remembered, in order.
    """

    id: str
    version: str
    wire: str
    operator: str
    language: str
    ending: Ending
    started_at: datetime
    seconds: float
    hops: int
    shown: Sequence[Shown]


class Sessions(Protocol):
    """Where sessions are read from; app.py makes it of services/dialogues."""

    async def slice(self, after: str, before: str, limit: int) -> list[Seen]:
        """Sessions of ids between two, in order."""
        ...


class What(StrEnum):
    """What a row of `funnels_counts` counts; its name is a screen, an Ending, a bound of milliseconds or ''."""

    ENTERED = "entered"
    """Sessions that saw the screen."""
    LEFT_AT = "left_at"
    """Sessions whose last screen it was, though they were not completed."""
    CUT_AT = "cut_at"
    """Those of them whose time was over."""
    ENDING = "ending"
    HOPS = "hops"
    UNITS = "units"
    """Begun units of 20 s, as operators charge."""
    TOOK = "took"
    """Hops whose answer took no longer than the bound."""


@dataclass(frozen=True, slots=True)
class Group:
    """What sessions have in common."""

    day: date
    version: str
    wire: str
    operator: str
    language: str


@dataclass(frozen=True, slots=True)
class ScreenSeen:
    """One screen in a funnel."""

    screen: str
    entered: int
    left: int
    cut: int

    @property
    def share_left(self) -> float:
        """Of those who saw it, the share that went no further."""
        return self.left / self.entered if self.entered else 0.0


@dataclass(frozen=True, slots=True)
class Delay:
    """How long the answers of a wire took, in milliseconds: bounds that so many hops kept to."""

    wire: str
    hops: int
    p50_ms: int
    p95_ms: int
    p99_ms: int


@dataclass(frozen=True, slots=True)
class Use:
    """What sessions of one operator (or of one wire, where it names none) took and cost, in minor units of the rial."""

    wire: str
    operator: str
    sessions: int
    hops: int
    units: int
    cost_minor: int

    @property
    def each_minor(self) -> int:
        """What a session cost, rounded half up."""
        return (2 * self.cost_minor + self.sessions) // (2 * self.sessions) if self.sessions else 0


@dataclass(frozen=True, slots=True)
class Funnel:
    """A day, or what of it was asked for."""

    screens: Sequence[ScreenSeen]
    endings: Mapping[Ending, int]
    delays: Sequence[Delay]
    uses: Sequence[Use]
    operators: Sequence[str] = field(default=())
    versions: Sequence[str] = field(default=())
    """What the whole day has, to choose from."""


@dataclass(frozen=True, slots=True)
class Completion:
    """Of `sessions` that came to an end, how many at the dialogue's own."""

    sessions: int
    completed: int
