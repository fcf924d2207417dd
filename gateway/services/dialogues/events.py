"""What a wire tells us and what we tell it: Event in, Reply out; and what a dialogue asks of the rest of the house."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from sqlalchemy import Connection

from ussd_menus import Call, Result, Style


class EventKind(StrEnum):
    """What happened on the wire."""

    BEGIN = "begin"
    """A person dialled the code."""
    INPUT = "input"
    """A person answered a page."""
    ABORT = "abort"
    """The person hung up; nobody waits for an answer."""
    TIMEOUT = "timeout"
    """The network ended the session: a timer ran out, or our answer was too slow."""
    REPORT = "report"
    """The provider's account of a session that is over."""


class HopEnd(StrEnum):
    """How one hop was answered; the label of the metric."""

    CONTINUES = "con"
    """A page that waits for an answer."""
    ENDS = "end"
    """The dialogue's own last page."""
    REPLAYED = "replayed"
    """A repeated or disordered delivery: the last page again, nothing moved."""
    LOST = "lost"
    """No such session here, or it is over."""
    EXPIRED = "expired"
    """The session's time is over."""
    LATE = "late"
    """The hop budget is over; the work goes on and an SMS follows."""
    FAILED = "failed"
    """A fault; what was asked may or may not have happened."""


@dataclass(frozen=True, slots=True)
class Event:
    """One delivery of one wire, already parsed and bounded.

    Attributes:
        adapter: Name of the wire, `africastalking`.
        kind: What happened; BEGIN and INPUT are answered, the others only noted.
        session_key: The provider's session id, unique together with `adapter`; the msisdn itself where the wire has
            none, and then every BEGIN is a new session.
        msisdn: E.164 with the plus sign; at an ABORT, TIMEOUT or REPORT '' where the wire does not say.
        service_code: The code that was dialled without what was dialled behind it, `*1420#`.
        text: All answers of the session so far, joined by `*`; '' at the begin. Holds PINs: never logged or stored.
        operator: The provider's word for the network; '' where it says none.
        alone: `text` is what was typed now and no more, as on a messaging link. A BEGIN with a text begins where
            nothing is alive under its key, and answers where something is.
        sequence: With `alone`: tells a repeated delivery from the same answer given again; '' if the wire cannot.
        dialled: At a BEGIN, the answers dialled behind the code, `3*500` of `*1420*3*500#`; may hold a PIN.
        reason: At an ABORT, TIMEOUT or REPORT, the provider's word for how the session ended.
    """

    adapter: str
    kind: EventKind
    session_key: str
    msisdn: str
    service_code: str
    text: str = field(default="", repr=False)
    operator: str = ""
    alone: bool = False
    sequence: str = ""
    dialled: str = field(default="", repr=False)
    reason: str = ""

    @property
    def mark(self) -> str:
        """What this delivery is known by when it comes again; as secret as the text."""
        return f"{self.sequence}\0{self.text}" if self.alone else self.text


@dataclass(frozen=True, slots=True)
class Reply:
    """What the person will read, and whether the wire stays open for an answer."""

    text: str = field(repr=False)
    more: bool
    end: HopEnd


PLAIN = Style()
"""How pages are shown to people whom we do not know."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is on the phone: what an action is told besides its Call."""

    session_id: str
    """`ses_…`; with `Call.number` it makes the idempotency key of a call."""
    msisdn: str = field(repr=False)
    person_id: str | None
    """None until the number is enrolled."""
    language: str
    origin: str = ""
    """The session that this one was resumed from; '' for none."""
    style: Style = PLAIN
    """How pages are shown to this person."""

    @property
    def cause(self) -> str:
        """`ses_…` that what is done here is known by: a resumed session goes on under the name of the first."""
        return self.origin or self.session_id

    def call_key(self, call: Call) -> str:
        """`ses_…:n`: the same confirm always gives the same key, so that a repeated delivery cannot pay twice.

        Nor can a confirm that was given, lost with its session and given again after a resume.
        """
        return f"{self.cause}:{call.number}"


Action = Callable[[Caller, Call], Awaitable[Result]]
"""What a menu calls by name. Refusals come back as outcomes; faults are raised."""

Actions = Mapping[str, Action]


class Person(Protocol):
    """What a dialogue needs to know of a person."""

    @property
    def id(self) -> str:
        """`per_…`."""
        ...

    @property
    def language(self) -> str:
        """`en`, `fa`, `fr` or `ar`."""
        ...

    @property
    def branch(self) -> str:
        """At whose desk the person was seen last; '' for none."""
        ...

    @property
    def style(self) -> Style:
        """How pages are shown to them."""
        ...


class Callers(Protocol):
    """Who a number belongs to; satisfied by services/people."""

    async def by_msisdn(self, msisdn: str) -> Person | None:
        """The enrolled person with this number."""
        ...


@dataclass(frozen=True, slots=True)
class LateAnswer:
    """The page that a person would have seen had the work kept within the hop budget."""

    session_id: str
    msisdn: str = field(repr=False)
    person_id: str | None
    language: str
    text: str = field(repr=False)
    kept: bool = False
    """It is what the menus send by SMS, for the person to keep, and not a page."""


class Letters(Protocol):
    """Puts what a session tells by SMS into the outbox, once for each `session_id`; never a sensitive page."""

    async def __call__(self, answer: LateAnswer) -> None:
        """In a unit of work of its own."""
        ...

    async def prepared(self, answer: LateAnswer) -> Callable[[Connection], bool]:
        """The write that does it inside the caller's unit of work; it says whether this is the first telling."""
        ...
