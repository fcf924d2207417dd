"""What campaigns need of the rest of the house, said as Protocols; gateway.app joins them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import Connection, Select

from gateway.services.campaigns.templates import Written
from wallet.money import Money


class Post(Protocol):
    """The outbox in bulk. Satisfied by gateway.services.notices.Bulk."""

    @property
    def languages(self) -> Mapping[str, Written]:
        """How each language writes things."""
        ...

    @property
    def standing(self) -> Any:  # noqa: ANN401 - a SQLAlchemy selectable, whose columns have no type of their own
        """Columns `id`, `state`, `changed_at` of what was put."""
        ...

    def put(
        self, tx: Connection, class_: str, rows: Select[Any], due: Sequence[tuple[Mapping[str, object], datetime]]
    ) -> None:
        """Put what `rows` selects (id, cause, person, language, address, text), for each of these parameters."""
        ...

    def take_back(self, tx: Connection, ids: Sequence[str]) -> list[str]:
        """Take out what was surely not sent; which."""
        ...


@dataclass(frozen=True, slots=True)
class Known:
    """A person behind a number."""

    person_id: str
    language: str


class Directory(Protocol):
    """Satisfied by gateway.services.people.People."""

    async def known_among(self, msisdns: Collection[str]) -> Mapping[str, Known]:
        """Who is behind these numbers; numbers of nobody are left out."""
        ...


@dataclass(frozen=True, slots=True)
class Owed:
    """An unpaid invoice and where its person is told of it."""

    invoice_id: str
    msisdn: str
    person_id: str
    language: str
    amount: Money


class Invoices(Protocol):
    """Unpaid invoices of a month, in pages."""

    async def owed(self, period: str, *, after: str, limit: int) -> list[Owed]:
        """In order of their ids, from after `after`."""
        ...


class Proposed(Protocol):
    """What waits for a second person."""

    @property
    def id(self) -> str:
        """`apr_…`."""
        ...


class Proposals(Protocol):
    """Satisfied by gateway.services.approvals.Proposals."""

    async def propose(self, kind: str, subject: str, payload: Mapping[str, str], maker: str) -> Proposed:
        """Propose; while one of this kind and subject waits, that one is returned instead."""
        ...


class Stops(Protocol):
    """Who has asked not to be told of campaigns. Satisfied by gateway.services.messages.OptOuts."""

    async def stopped_among(self, msisdns: Collection[str]) -> set[str]:
        """Those of these numbers that have."""
        ...
