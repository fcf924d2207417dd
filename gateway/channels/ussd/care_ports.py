"""What the actions about visits need of services/providers, verb by verb."""

from collections.abc import Sequence
from typing import Protocol

from gateway.services.providers import (
    AskedLine,
    BillOutcome,
    BillResult,
    Drafted,
    Fee,
    Provider,
    Visit,
    VisitResult,
)
from wallet.money import Money


class Care(Protocol):
    """Visits and bills; satisfied by services/providers."""

    @property
    def open_hours(self) -> int:
        """How long a visit can be billed."""
        ...

    async def till(self, person_id: str, typed: str) -> VisitResult:
        """Whose till a patient has typed."""
        ...

    async def open_visit(self, person_id: str, typed: str, call_key: str) -> VisitResult:
        """Open a visit."""
        ...

    async def visited(self, person_id: str) -> list[tuple[Visit, Fee | None]]:
        """A patient's visits, newest first."""
        ...

    async def by_msisdn(self, msisdn: str) -> Provider | None:
        """The provider whose phone this is."""
        ...

    async def begin_bill(self, provider_id: str, number: str) -> BillOutcome:
        """Whether a visit can be billed."""
        ...

    async def add_line(self, provider_id: str, number: str, line: AskedLine, call_key: str) -> Drafted:
        """One more line."""
        ...

    async def send_bill(self, provider_id: str, number: str, lines: int, asked: Money) -> BillResult:
        """Bill the lines."""
        ...

    async def fees_of(self, provider_id: str, *, limit: int = 50) -> list[Fee]:
        """A provider's fees, newest first."""
        ...

    async def numbers_of(self, billed: Sequence[Fee]) -> dict[str, str]:
        """The numbers of visits, by visit id."""
        ...

    async def owed(self, provider_id: str) -> Money:
        """What waits for a batch."""
        ...
