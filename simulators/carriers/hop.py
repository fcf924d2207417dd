"""What every carrier's wire carries: the hops of a handset's dialogue on one side, pages on the other.

A `Line` is one wire to one gateway. The carrier (carrier.py) keeps the dialogues, the timers and the mishaps; so a new
wire is a Line alone, and one over HTTP is only a Form (form.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Protocol

from simulators.gsm import septets_of

GARBLED = "\udcff\udcfe"
"""Stands for the octets FF FE (PEP 383), which no text in UTF-8 holds; forms write it with `surrogateescape`."""


class HopKind(StrEnum):
    """What happens in a dialogue, as the application is told."""

    BEGIN = "begin"
    INPUT = "input"
    ABORT = "abort"
    TIMEOUT = "timeout"
    REPORT = "report"


class Ending(StrEnum):
    """How a dialogue ended, in the words of Africa's Talking's end report."""

    SUCCESS = "Success"
    INCOMPLETE = "Incomplete"
    FAILED = "Failed"


@dataclass(frozen=True, slots=True)
class Report:
    """The network's account of a dialogue that is over."""

    ending: Ending
    duration_ms: int
    hop_count: int
    last_page: str = field(default="", repr=False)
    error: str = ""


@dataclass(frozen=True, slots=True)
class Hop:
    """One delivery; the same hop delivered again is the same bytes.

    Attributes:
        number: Counts the hops of the dialogue from 1.
        msisdn: E.164 with the plus sign.
        service_code: What the gateway serves, `*1420#`.
        dialled: The whole string that was dialled, `*1420*3*500#`.
        typed: What was typed at this hop; at a begin, what was dialled behind the code, `3*500`.
        entries: All that was typed so far, what was dialled behind the code first.
        kept: What the wire had to give back at this hop: a cookie, a client state.
        at: When it happened, for wires that say so.
    """

    kind: HopKind
    number: int
    session_id: str
    msisdn: str
    service_code: str
    dialled: str
    typed: str = field(default="", repr=False)
    entries: tuple[str, ...] = field(default=(), repr=False)
    kept: Mapping[str, str] = field(default_factory=dict)
    report: Report | None = None
    at: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def bare_code(self) -> str:
        """`1420`."""
        return self.service_code.strip("*#")

    @property
    def bare_msisdn(self) -> str:
        """The number without its plus sign."""
        return self.msisdn.removeprefix("+")

    def garbled(self) -> "Hop":
        """The same hop with octets in it that are no text."""
        typed = self.typed + GARBLED
        dialled = f"{self.dialled.removesuffix('#')}{GARBLED}#" if self.kind is HopKind.BEGIN else self.dialled
        return replace(self, typed=typed, entries=(*self.entries[:-1], typed), dialled=dialled)


@dataclass(frozen=True, slots=True)
class Page:
    """What the application answered: a text, whether the dialogue goes on, what the wire must give back next time."""

    text: str
    more: bool
    kept: Mapping[str, str] = field(default_factory=dict)


class NoPage(Exception):
    """The network shows no page; the message says why. `text` is what the application said, if that could be read."""

    def __init__(self, reason: str, text: str = "") -> None:
        super().__init__(reason)
        self.text = text


@dataclass(frozen=True, slots=True)
class Limits:
    """The longest page (3GPP TS 23.038: 160 octets of USSD string): septets of the default alphabet, or UCS-2 units."""

    septets: int = 182
    units: int = 80

    def check(self, text: str) -> None:
        """What a USSD centre checks of a page before it goes to the phone.

        Raises:
            NoPage: It is empty, too long, or holds what no phone can show.
        """
        if not text.strip():
            raise NoPage("the page is empty")
        control = next((letter for letter in text if ord(letter) < 0x20 and letter not in "\n\r"), None)
        if control is not None:
            raise NoPage(f"the page holds the control character U+{ord(control):04X}")
        septets = septets_of(text)
        size = len(text.encode("utf-16-be")) // 2 if septets is None else septets
        most, unit = (self.units, "UCS-2 units") if septets is None else (self.septets, "septets")
        if size > most:
            raise NoPage(f"the page has {size} {unit}, the network carries {most}")


@dataclass(frozen=True, slots=True)
class Timers:
    """The network's patience, in seconds. `idle_s` is how long a page waits for its answer; 0 is no limit."""

    connect_s: float = 10.0
    application_s: float = 15.0
    session_s: float = 180.0
    idle_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Manner:
    """How the octets of a delivery travel: a request written, or an answer read, over `slow_s` seconds."""

    slow_write: bool = False
    slow_read: bool = False
    slow_s: float = 1.0


class Line(Protocol):
    """One wire to one gateway."""

    @property
    def name(self) -> str:
        """The wire, as the gateway calls it."""
        ...

    @property
    def limits(self) -> Limits:
        """The longest page of this network."""
        ...

    @property
    def timers(self) -> Timers:
        """The network's patience."""
        ...

    def new_session(self) -> str:
        """An id for one more dialogue, of the wire's form."""
        ...

    async def deliver(self, hop: Hop, manner: Manner) -> Page:
        """Give a BEGIN or an INPUT to the application and wait for its page.

        Raises:
            NoPage: There is none, or it has another form than the wire's.
        """
        ...

    async def tell(self, hop: Hop) -> None:
        """Tell of an ABORT, a TIMEOUT or a REPORT, if the wire has a word for it; what is answered does not matter."""
        ...

    async def close(self) -> None:
        """Let go of the connections."""
        ...
