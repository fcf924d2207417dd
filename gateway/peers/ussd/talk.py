"""What a link to a USSD centre over TCP is to the one driver of all: octets in, happenings out, and no I/O."""

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Protocol

from gateway.services.dialogues.linked import LinkHop, LinkPage
from gateway.services.dialogues.push import Push, PushOutcome


@dataclass(frozen=True, slots=True)
class Bound:
    """The centre has let us in."""


@dataclass(frozen=True, slots=True)
class Turned:
    """The centre does not let us in, or sends us away; `reason` is safe to log."""

    reason: str


@dataclass(frozen=True, slots=True)
class Alive:
    """The centre has answered our enquiry."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Octets that must go back at once: the answer to an enquiry."""

    octets: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Misread:
    """What one message says cannot be read, though where it ends is known: others' dialogues are untouched by it.

    `octets` is what goes back, nothing where it is not known to whom.
    """

    octets: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Asked:
    """A hop of a dialogue, and where its page must go."""

    hop: LinkHop
    place: Hashable


@dataclass(frozen=True, slots=True)
class Landed:
    """A push has ended, and what must go back at once for it; `asked` is what the person answered."""

    key: Hashable
    outcome: PushOutcome
    octets: bytes = field(default=b"", repr=False)
    asked: Asked | None = None


Happening = Bound | Turned | Alive | Answer | Misread | Asked | Landed


class Talk(Protocol):
    """One connection's side of a protocol. Made anew for each connection."""

    def hello(self) -> bytes:
        """What to send first: who we are."""
        ...

    def feed(self, octets: bytes) -> list[Happening]:
        """What has come.

        Raises:
            BadInput: Nothing that follows can be understood; the connection must end.
        """
        ...

    def page(self, place: Hashable, page: LinkPage) -> bytes:
        """The octets that show a page at the place of its hop.

        Raises:
            BadInput: The page is too long for the wire.
        """
        ...

    def push(self, push: Push) -> tuple[Hashable, bytes]:
        """What a push is known by until it has Landed, and the octets that ask for it.

        Raises:
            BadInput: The wire knows no push, or cannot carry this page.
        """
        ...

    def drop(self, key: Hashable) -> bytes:
        """Give a push up that has not Landed in time; the octets that take it off the phone."""
        ...

    def enquiry(self) -> bytes:
        """Octets that a living centre answers."""
        ...

    def goodbye(self) -> bytes:
        """What to send last; '' where the wire has nothing."""
        ...
