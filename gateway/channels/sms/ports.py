"""What the door of SMS needs of the services, verb by verb; app.py hands in the services themselves."""

from typing import Protocol

from gateway.services.benefits import Attested, Claim
from gateway.services.messages import Replied
from gateway.services.payments import Invoice
from gateway.services.people import Person


class People(Protocol):
    """Who writes; satisfied by services/people."""

    async def by_msisdn(self, msisdn: str) -> Person | None:
        """The person with this number."""
        ...


class Payments(Protocol):
    """What is due; satisfied by services/payments."""

    async def invoices_of(self, person_id: str) -> list[Invoice]:
        """Unpaid invoices, oldest first."""
        ...


class Benefits(Protocol):
    """Claims; satisfied by services/benefits."""

    async def claims_of(self, person_id: str) -> list[Claim]:
        """A person's claims, newest first."""
        ...

    async def attest(self, msisdn: str, code: str, *, agrees: bool) -> Attested:
        """An employer or provider answers with the code of our SMS."""
        ...


class Questions(Protocol):
    """What we asked; satisfied by services/messages."""

    async def reply(self, msisdn: str, answer: str, cause: str) -> Replied | None:
        """Answer the youngest open question of this number that takes such an answer."""
        ...


class OptOuts(Protocol):
    """Who wants no campaigns; satisfied by services/messages."""

    async def stop(self, msisdn: str) -> None:
        """Put a number on the list."""
        ...

    async def start(self, msisdn: str) -> None:
        """Take it off."""
        ...


class Tickets(Protocol):
    """Complaints; satisfied by services/messages."""

    async def open(self, cause: str, msisdn: str, person_id: str, language: str, text: str) -> str | None:
        """The number of the ticket that a message makes; None if too many."""
        ...
