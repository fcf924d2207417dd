"""Who may send text messages by e-mail, what they ask for, and every answer."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class ForwardOutcome(StrEnum):
    """Answers to `forward`."""

    TAKEN = "taken"
    """It is in the outbox, for everybody whom it was not told before."""
    NOT_ALLOWED = "not_allowed"
    """The sender is not on the list, or his token is wrong."""
    TOO_LONG = "too_long"
    QUOTA = "quota"
    """The sender has used up his messages of today; nothing was taken."""


@dataclass(frozen=True, slots=True)
class Sender:
    """Somebody who may send; `daily_max` short messages (parts) a day, of which `taken_today` are used."""

    address: str
    name: str
    daily_max: int
    taken_today: int
    added_at: datetime


@dataclass(frozen=True, slots=True)
class NewSender:
    """A sender and the token that is shown this once."""

    address: str
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Request:
    """One letter.

    Attributes:
        sender: Envelope's sender.
        token: What proves him.
        msisdns: To whom, `+989…`; each once.
        key: Same key, same letter: who was told is not told again. The Message-ID, or a hash of the letter.
        text: What is said.
    """

    sender: str
    token: str = field(repr=False)
    msisdns: tuple[str, ...] = field(repr=False)
    key: str = field(repr=False)
    text: str = field(repr=False)
