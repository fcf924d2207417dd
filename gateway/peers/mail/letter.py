"""A notice as a letter (RFC 5322, RFC 2045): plain text, and the same words as HTML where there are any."""

from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from gateway.services.notices import Outgoing, message_id


def compose(message: Outgoing, sender: str, now: datetime) -> EmailMessage:
    """The letter: never answered by a machine (RFC 3834), its id that of the notice, so that a second one is known.

    Raises:
        ValueError: An address that no header can carry, or that would need SMTPUTF8.
        IndexError: As above; email.headerregistry raises it for some.
        MessageError: As above.
    """
    if not message.address.isascii():
        raise ValueError("an address with letters that not every relay takes")
    letter = EmailMessage(policy=SMTP)
    letter["From"] = Address("Tapdial", addr_spec=sender)
    letter["To"] = Address(addr_spec=message.address)
    letter["Subject"] = message.subject
    letter["Date"] = format_datetime(now)
    letter["Message-ID"] = message_id(message.id, Address(addr_spec=sender).domain)
    letter["Auto-Submitted"] = "auto-generated"
    letter.set_content(message.text, cte="quoted-printable")
    if message.html:
        # Quoted-printable takes six octets for each Persian letter, this three.
        letter.add_alternative(message.html, subtype="html", cte="base64")
    return letter
