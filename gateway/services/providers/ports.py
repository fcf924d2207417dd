"""What this service needs of others, said as small Protocols; app.py joins them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from sqlalchemy import Connection

from gateway.settings import Settings
from gateway.store import Store
from wallet.accounts import Account, Chart
from wallet.clock import Clock
from wallet.money import Money
from wallet.transfers import PostResult, Transfer

NoticeValue = str | int | Money | date | datetime


class Ledger(Protocol):
    """The part of the wallet's ledger that moves fees."""

    async def open_accounts(self, *accounts: Account) -> None:
        """Open accounts; harmless when they are open."""
        ...

    async def post(self, *transfers: Transfer) -> list[PostResult]:
        """Post transfers."""
        ...


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


class Teller(Protocol):
    """Words and seals a notice now, and hands back the write that puts it into the outbox inside a unit of work."""

    async def prepared(
        self,
        class_: str,
        *,
        cause: str,
        msisdn: str,
        person_id: str,
        language: str,
        values: Mapping[str, NoticeValue],
        secrets: Mapping[str, str],
    ) -> Callable[[Connection], bool]:
        """`class_` is a member's value of NoticeClass, as `visit_opened`."""
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
