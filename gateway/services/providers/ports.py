"""What this service needs of others, said as small Protocols; app.py joins them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from gateway.services.posting import Ledger
from gateway.services.telling import Teller
from gateway.settings import Settings
from gateway.store import Store
from wallet.accounts import Chart
from wallet.clock import Clock


class Patient(Protocol):
    """A person, as far as a visit needs one."""

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


class Patients(Protocol):
    """Where people are found."""

    async def by_id(self, person_id: str) -> Patient | None:
        """The person with this id."""
        ...


class Proposals(Protocol):
    """Where something is proposed to a second person."""

    async def propose(self, kind: str, subject: str, payload: Mapping[str, str], maker: str) -> object:
        """Propose; the same kind and subject again, while open, is the same proposal."""
        ...


@dataclass(frozen=True, slots=True)
class Parts:
    """What the service is made of."""

    store: Store
    clock: Clock
    ledger: Ledger
    chart: Chart
    patients: Patients
    proposals: Proposals
    teller: Teller
    settings: Settings
