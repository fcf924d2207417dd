"""What this service needs of others, said as small Protocols; app.py joins them."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Protocol

from gateway.services.benefits.kinds import AttesterSort
from gateway.services.decisions import Decision, Inputs
from wallet.money import Money


class Claimant(Protocol):
    """A person, as far as a claim needs one."""

    @property
    def id(self) -> str:
        """`per_…`."""
        ...

    @property
    def msisdn(self) -> str:
        """Where notices go."""
        ...

    @property
    def language(self) -> str:
        """Of notices."""
        ...

    @property
    def name(self) -> str:
        """In Latin letters."""
        ...


class Claimants(Protocol):
    """Where people are found."""

    async def by_id(self, person_id: str) -> Claimant | None:
        """The person with this id."""
        ...


class ReleaseProposals(Protocol):
    """Where a release is proposed to a second person."""

    async def propose(
        self, kind: str, subject: str, payload: Mapping[str, str], maker: str, *, amount: Money | None = None
    ) -> object:
        """Propose; the same kind and subject again, while open, is the same proposal. `amount` decides the band."""
        ...


class Payee(Protocol):
    """Where a person is paid, as far as a release needs it."""

    @property
    def cool_until(self) -> datetime | None:
        """Until when nothing goes to the person, because their account, number or PIN has just changed."""
        ...


class Payees(Protocol):
    """Satisfied by services/payees."""

    async def resolve(self, person_id: str) -> Payee | None:
        """Of this person."""
        ...


class Rules(Protocol):
    """Decision tables; satisfied by services/decisions."""

    async def evaluate(self, name: str, inputs: Inputs, on: date) -> Decision:
        """What the table says that is in force on a day."""
        ...


class Contributions(Protocol):
    """What a person has paid in."""

    async def months_paid(self, person_id: str, until: date) -> int:
        """Months of the year before a day for which the contribution is paid."""
        ...


class Attester(Protocol):
    """Who can confirm a claim."""

    @property
    def name(self) -> str:
        """As people know it."""
        ...

    @property
    def msisdn(self) -> str:
        """The registered phone, `+989…`."""
        ...

    @property
    def language(self) -> str:
        """Of the SMS that asks."""
        ...


class Attesters(Protocol):
    """Where employers and providers are found by their short code."""

    async def by_code(self, sort: AttesterSort, code: str) -> Attester | None:
        """The one with this code, ASCII digits."""
        ...
