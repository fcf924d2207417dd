"""What this service needs of others, said as small Protocols; app.py joins them."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sqlalchemy import Connection

from gateway.keys import KeyStore
from gateway.observe import Metrics
from gateway.services.telling import Teller
from gateway.store import Store
from wallet.clock import Clock


class Owner(Protocol):
    """Whoever is paid, as services/people has them."""

    @property
    def id(self) -> str:
        """`per_…`."""
        ...

    @property
    def msisdn(self) -> str:
        """Where the person is told."""
        ...

    @property
    def name(self) -> str:
        """In Latin letters, as banks take it."""
        ...

    @property
    def language(self) -> str:
        """In which the person is told."""
        ...


class Owners(Protocol):
    """Satisfied by services/people."""

    async def by_id(self, person_id: str) -> Owner | None:
        """The person with this id."""
        ...

    async def by_ids(self, ids: Collection[str]) -> Sequence[Owner]:
        """The people with these ids, in no order."""
        ...

    async def resets(self, ids: Collection[str], since: datetime) -> Mapping[str, datetime]:
        """Who of them has chosen a new PIN after an unlock since then, and when."""
        ...


class Asker(Protocol):
    """Lets a person answer NO to a notice by SMS."""

    def prepared(
        self, person_id: str, msisdn: str, cause: str, valid_until: datetime
    ) -> Callable[[Connection], object]:
        """The write that opens the question inside a unit of work; its answer comes to `Payees.answered_no`."""
        ...


class Desk(Protocol):
    """Where staff hear of it; satisfied by services/messages."""

    async def open(self, cause: str, msisdn: str, person_id: str, language: str, text: str) -> str | None:
        """The number of the ticket, the same one for the same `cause`; None if too many are open."""
        ...


@dataclass(frozen=True, slots=True)
class PayeeParts:
    """All that the mapper is built of."""

    store: Store
    clock: Clock
    keys: KeyStore
    owners: Owners
    teller: Teller
    asker: Asker
    desk: Desk
    metrics: Metrics
