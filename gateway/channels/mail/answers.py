"""What the door says. Mail programs read the number, people the words, in a report that their own server writes."""

from enum import Enum

from gateway.services.forwarding import ForwardOutcome
from gateway.wire.mail import Unfit


class Answer(Enum):
    """Every refusal: SMTP reply with its enhanced status code (RFC 5321 §4.2, RFC 3463)."""

    NOT_LISTED = "550 5.7.1 this sender may not send text messages"
    OTHER_SENDER = "553 5.7.1 you have signed in as another sender"
    RELAY = "550 5.7.1 only <number>@ this domain; nothing is relayed"
    NO_NUMBER = "550 5.1.1 not a mobile number"
    NOT_OURS = "550 5.1.1 no letter of ours has this return path"
    NOT_A_BOUNCE = "550 5.7.1 only reports of delivery go to a return path"
    MANY = "452 4.5.3 too many recipients; the others in another letter"
    BARE_LINE_END = "554 5.6.0 a bare CR or LF, or a NUL"
    UNREADABLE = "554 5.6.0 the letter cannot be read"
    AUTOMATIC = "550 5.7.1 letters of machines and lists are not sent on"
    ATTACHMENT = "554 5.6.1 attachments are not sent on; write text alone"
    NO_TEXT = "554 5.6.0 there is no text in it"
    CHARSET = "554 5.6.1 an unknown character set"
    NOT_ALLOWED = "550 5.7.8 unknown sender or wrong token"
    TOO_LONG = "552 5.3.4 too long for a text message"
    QUOTA = "550 5.7.1 your messages of today are used up; nothing was sent"
    LATER = "451 4.3.0 try again later"
    TOO_MANY_CONNECTIONS = "421 4.7.0 too many connections"

    @property
    def reason(self) -> str:
        """Its name in metrics."""
        return self.name.lower()


TAKEN = "250 2.0.0 taken"

UNFIT = {
    Unfit.AUTOMATIC: Answer.AUTOMATIC,
    Unfit.ATTACHMENT: Answer.ATTACHMENT,
    Unfit.NO_TEXT: Answer.NO_TEXT,
    Unfit.CHARSET: Answer.CHARSET,
}
OUTCOMES = {
    ForwardOutcome.TAKEN: None,
    ForwardOutcome.NOT_ALLOWED: Answer.NOT_ALLOWED,
    ForwardOutcome.TOO_LONG: Answer.TOO_LONG,
    ForwardOutcome.QUOTA: Answer.QUOTA,
}
