"""What the rooms of this service and the door of SMS say to each other: a text that was written, and what it gets."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from gateway.services.messages.rules import Limit
from wallet.money import Money


class Taken(StrEnum):
    """What became of a delivery; whichever it is, the link need not deliver it again."""

    TAKEN = "taken"
    REPEATED = "repeated"
    """It was taken before."""
    SENDER = "sender"
    """From letters, a short code or ourselves: nobody who could be answered."""
    TOO_LONG = "too_long"
    """More parts or octets than we read; who wrote is told so."""


@dataclass(frozen=True, slots=True)
class Written:
    """A message of a person, as the door reads it.

    Attributes:
        id: `msg_…`, the cause of whatever follows from it.
        msisdn: Who wrote.
        text: What; None if it did not come whole or was too long. It may hold a PIN: never logged.
    """

    id: str
    msisdn: str
    text: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """The one notice that a message is answered with.

    Attributes:
        class_: Value of the notice's class.
        language: Of the word that was written, or else the person's.
        person_id: '' for a number that is not enrolled.
        values: What its text names.
        limit: How often such an answer goes to one number; an answer beyond that is not sent.
    """

    class_: str
    language: str
    person_id: str = ""
    values: Mapping[str, str | int | Money] = field(default_factory=dict, repr=False)
    limit: Limit = Limit.ANSWER


class Reader(Protocol):
    """Understands what people write. Satisfied by channels.sms.Door."""

    async def answer(self, written: Written) -> Answer | None:
        """Do what is asked and say what to answer, None for nothing; harmless to repeat for the same id."""
        ...
