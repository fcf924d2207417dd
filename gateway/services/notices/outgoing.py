"""What passes between the outbox and the links that carry messages: a claimed message, a report, a receipt."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol


class Channel(StrEnum):
    """A way to reach a person."""

    SMS = "sms"
    EMAIL = "email"
    USSD_PUSH = "ussd_push"
    """A page that the network shows unasked; an order skips it where no wire of the house can push."""
    MAILBOX = "mailbox"
    """Waits in the house; no message of the outbox goes by it."""


class PartState(StrEnum):
    """What became of one short message, or of one e-mail."""

    SENT = "sent"
    """The other side has taken it."""
    REFUSED = "refused"
    """The other side will never take it."""
    LATER = "later"
    """It was not taken now, and surely not carried: the link is down, or throttled."""
    UNCERTAIN = "uncertain"
    """It was sent and no answer came: it may arrive or not."""


class ReceiptState(StrEnum):
    """What a delivery receipt says about one short message."""

    PENDING = "pending"
    """Still on its way; not final."""
    DELIVERED = "delivered"
    FAILED = "failed"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message that this process holds the lease of.

    Attributes:
        id: Of the notice, `ntc_…`.
        lease: Names this lease; only its holder settles.
        channel: How it goes.
        address: MSISDN `+989…` or e-mail address.
        text: What is said.
        subject: Of an e-mail.
        reference: 16 bits that all parts of a long SMS share, the same whenever it is sent.
        parts_done: Parts that the other side has taken on an earlier try; they are not sent again.
        valid_until: From then on nobody wants it any more.
        lane: Lower ones go first.
        class_: Value of its NoticeClass; links are chosen by it.
        link: That has taken parts of it on an earlier try; the others must go the same way. '' if none has.
        sender: Address that it must go out with, such as the number that a person wrote to; '' for the link's own.
        html: The same words for a reader of HTML; '' for none, and for every SMS.
    """

    id: str
    lease: str
    channel: Channel
    address: str
    text: str = field(repr=False)
    subject: str
    reference: int
    parts_done: frozenset[int]
    valid_until: datetime
    lane: int = 1
    class_: str = ""
    link: str = ""
    sender: str = ""
    html: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class PartResult:
    """One part's end: its number from 1, what became of it, the other side's id and status code."""

    number: int
    state: PartState
    message_id: str = ""
    status: int = 0


@dataclass(frozen=True, slots=True)
class Report:
    """What became of the parts that were sent now; `total` counts those done before, too.

    `wait_s` is when to try again what was not taken, where the carrier knows it; None leaves it to the rules.
    `pauses_s` are all pauses that what was not taken is worth, one for each try; behind the last it is refused.
    """

    link: str
    total: int
    parts: tuple[PartResult, ...]
    wait_s: float | None = None
    pauses_s: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Receipt:
    """A delivery receipt from a link, by the id that it gave to a part."""

    link: str
    message_id: str
    state: ReceiptState
    error: str = ""


class Carrier(Protocol):
    """Carries messages of one channel. Satisfied by gateway.peers.smsc.Links and gateway.peers.mail.MailRelay."""

    @property
    def room(self) -> int:
        """How many messages more it would send soon; 0 while it is down or paused."""
        ...

    async def send(self, message: Outgoing) -> Report:
        """Send the parts that are not done; raises nothing, whatever happens is in the report."""
        ...
