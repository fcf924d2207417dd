"""What this service needs of others, said as small Protocols; app.py joins them."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Protocol

from sqlalchemy import Connection

from wallet.accounts import Account
from wallet.money import Money
from wallet.transfers import PostResult, Transfer

NoticeValue = str | int | Money | date | datetime


class Ledger(Protocol):
    """The part of the wallet's ledger that moves money for people."""

    async def open_accounts(self, *accounts: Account) -> None:
        """Open accounts; harmless when they are open."""
        ...

    async def post(self, *transfers: Transfer) -> list[PostResult]:
        """Post transfers."""
        ...


class Payer(Protocol):
    """A person, as far as a payment needs one."""

    @property
    def id(self) -> str:
        """`per_…`."""
        ...

    @property
    def msisdn(self) -> str:
        """`+989…`."""
        ...

    @property
    def language(self) -> str:
        """Of screens and notices."""
        ...

    @property
    def enrolled(self) -> bool:
        """Whether money may be sent to this person's wallet."""
        ...

    def masked_name_in(self, language: str) -> str:
        """`M***m A***i`, in the letters of `language`."""
        ...


class Payers(Protocol):
    """Where people are found."""

    async def by_id(self, person_id: str) -> Payer | None:
        """The person with this id."""
        ...

    async def by_msisdn(self, msisdn: str) -> Payer | None:
        """The person with this number."""
        ...

    async def active_ids(self, *, after: str, limit: int) -> list[str]:
        """Ids of people who owe contributions, in order, from after `after`."""
        ...

    async def count_active(self) -> int:
        """How many those are."""
        ...


class Progress(Protocol):
    """A job that is under way."""

    @property
    def id(self) -> str:
        """`job_…`."""
        ...

    @property
    def cursor(self) -> str:
        """Where an earlier run of this job stopped; '' at the beginning."""
        ...

    async def progress(self, done: int, total: int, cursor: str = "") -> None:
        """A checkpoint: what is done stays done; raises if the job is to stop here."""
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
        """`class_` is a member's value of NoticeClass, as `claim_code`."""
        ...
