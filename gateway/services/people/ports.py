"""What this service needs of others, said as small Protocols; app.py joins them."""

from typing import Protocol

from sqlalchemy import Connection


class RegistryAnswer(Protocol):
    """What the registry says about a number and a national number."""

    @property
    def match(self) -> bool:
        """Whether the number is registered to that national number."""
        ...

    @property
    def name(self) -> str:
        """The person's name in Latin letters; '' without a match."""
        ...

    @property
    def name_fa(self) -> str:
        """The person's name in Persian letters; '' without a match."""
        ...


class Registry(Protocol):
    """The country's register of which number belongs to whom."""

    async def match(self, msisdn: str, national_number: str) -> RegistryAnswer:
        """Whether the two belong together.

        Raises:
            PeerUnavailable: It does not answer in time.
        """
        ...


class AccessLog(Protocol):
    """Where each view of a person leaves a row."""

    def put(self, tx: Connection, *, staff_id: str, person_id: str, what: str, reason: str) -> None:
        """Write the row inside the caller's unit of work."""
        ...
