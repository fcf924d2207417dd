"""USSD over a messaging link: what a hop is there, whatever TLVs the operator puts it into."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol


class HopKind(StrEnum):
    """What the network says with a hop."""

    BEGIN = "begin"
    CONTINUE = "continue"
    ABORT = "abort"
    """The person or the network has ended the session; nobody waits for an answer."""


@dataclass(frozen=True, slots=True)
class LinkHop:
    """One hop of a session on a link.

    Attributes:
        link: That it came over.
        session_key: What the operator knows the session by, unique on this link while it lasts.
        msisdn: Who dials, `+989…`.
        kind: Begin, continue or abort.
        text: What was dialled (`*1420#`) or typed; it may be a PIN.
        sequence: Tells repeated deliveries of one hop from a new one; '' if the link cannot.
    """

    link: str
    session_key: str
    msisdn: str
    kind: HopKind
    text: str = field(repr=False)
    sequence: str = ""


@dataclass(frozen=True, slots=True)
class LinkPage:
    """What the person is shown, and whether the session ends with it."""

    text: str = field(repr=False)
    ends: bool


class LinkDialogues(Protocol):
    """Answers hops. Satisfied by the USSD channel, called by the link."""

    async def hop(self, hop: LinkHop) -> LinkPage | None:
        """The page; None for an ABORT or a hop that nobody may answer any more."""
        ...
