"""What finding needs of others, said as small Protocols; app joins them."""

from collections.abc import Mapping, Sequence
from typing import Protocol
from uuid import UUID

from gateway.services.finding.model import Found
from gateway.services.finding.wanted import Wanted
from wallet.ledger import Reference, Span
from wallet.transfers import LogRow


class Looker(Protocol):
    """Looks for what a service keeps. Mostly a `Tables`."""

    async def look(self, wanted: Wanted, limit: int) -> Sequence[Found]:
        """What may be meant, `limit` of each way at most."""
        ...


class Person(Protocol):
    """Somebody with a phone."""

    @property
    def id(self) -> str:
        """`per_…`."""
        ...

    @property
    def name(self) -> str:
        """As it is shown."""
        ...


class People(Protocol):
    """Knows people by their numbers. Satisfied by services.people.People."""

    async def by_msisdn_seen(self, msisdn: str, staff_id: str, reason: str) -> Person | None:
        """Whose number it is; a row in the access log if it is somebody's."""
        ...


class End(Protocol):
    """Where the log ends."""

    @property
    def position(self) -> int:
        """Its last position."""
        ...


class Log(Protocol):
    """The ledger's log. Satisfied by wallet.ledger.Ledger."""

    async def head(self) -> End:
        """The end of the log."""
        ...


class Endings(Protocol):
    """What the index of last digits asks of the log. Satisfied by wallet.ledger's lookups."""

    async def references(self, after: int, limit: int) -> Sequence[Reference]:
        """The log from after a position on, by names only."""
        ...

    async def references_at(self, positions: Sequence[int]) -> Sequence[Reference]:
        """Those at these positions, in no order."""
        ...

    async def ending(self, tail: str, *, of_ids: bool, after: int, limit: int) -> Sequence[Reference]:
        """Rows after a position that end so, newest first."""
        ...


class Names(Protocol):
    """The log by parts of names. Satisfied by wallet.ledger's lookups."""

    async def causes_between(self, spans: Sequence[Span], limit: int) -> Sequence[str]:
        """Causes in each of some spans, `limit` of each, the last first."""
        ...

    async def ids_between(self, low: UUID, high: UUID, limit: int) -> Sequence[LogRow]:
        """Rows with ids in a range, the last first."""
        ...

    async def some_caused_by(self, causes: Sequence[str], limit: int) -> Mapping[str, Sequence[LogRow]]:
        """Rows by cause, so many of each at most."""
        ...

    async def rows_at(self, positions: Sequence[int]) -> Sequence[LogRow]:
        """Those at these positions, in no order."""
        ...
