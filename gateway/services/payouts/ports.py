"""What this service needs of others, said as small Protocols; app.py joins them."""

from collections.abc import AsyncIterable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from gateway.services import posting
from gateway.services.banking.model import BankOrder, BankPayment
from gateway.services.payees.model import PayeeAccount
from gateway.services.payouts.model import Due
from gateway.services.signing.model import Document, ProofOutcome
from wallet.ids import AccountId
from wallet.money import Money
from wallet.transfers import Balances, RoleSum


class Verdict(StrEnum):
    """How an item of a source ended."""

    PAID = "paid"
    NOT_PAID = "not_paid"
    """It may be offered to another batch."""
    RETURNED = "returned"
    """It was paid and came back; the returns desk has it."""


class Source(Protocol):
    """Where decided claims come from: benefits, provider fees, later merchants. Every verb is harmless twice."""

    async def due(self, *, after: str, limit: int) -> Sequence[Due]:
        """What is decided and in no batch, in order of `source_id`, from after that one."""
        ...

    async def taken(self, source_ids: Sequence[str], batch_id: str) -> Sequence[str]:
        """Reserve for a batch; those that were free or are this batch's already."""
        ...

    async def left(self, source_ids: Sequence[str], batch_id: str) -> None:
        """The batch gives them up: they are due again."""
        ...

    async def ended(self, source_id: str, verdict: Verdict, item_id: str, at: datetime) -> None:
        """What came of it."""
        ...


class Ledger(posting.Ledger, Protocol):
    """The ledger as batches use it: they ask for sums, too. Satisfied by wallet.ledger.Ledger."""

    async def balances(self, account: AccountId) -> Balances | None:
        """The account's balances now."""
        ...

    async def trial_balance(self) -> Sequence[RoleSum]:
        """Posted sums by role, of one moment."""
        ...


@dataclass(frozen=True, slots=True)
class Known:
    """A person as a batch needs one."""

    person_id: str
    name: str = field(repr=False)
    msisdn: str = field(repr=False)
    language: str


class Directory(Protocol):
    """Who is behind a number; satisfied by an adapter over gateway.services.people.People."""

    async def by_msisdns(self, msisdns: Collection[str]) -> Mapping[str, Known]:
        """By number; numbers of nobody are left out. At most some thousands at once, as below."""
        ...

    async def by_nationals(self, numbers: Collection[str]) -> Mapping[str, Known]:
        """By national number."""
        ...

    async def by_ids(self, ids: Collection[str]) -> Mapping[str, Known]:
        """By id."""
        ...


class Mapper(Protocol):
    """Where each person wants to be paid. Satisfied by gateway.services.payees."""

    async def accounts(self, person_ids: Collection[str]) -> Mapping[str, PayeeAccount]:
        """The accounts of these people, some thousands at once; who is left out has a wallet."""
        ...


class Proposed(Protocol):
    """What waits for other people."""

    @property
    def id(self) -> str:
        """`apr_…`."""
        ...


class Proposals(Protocol):
    """Satisfied by gateway.services.approvals, with what payouts add to it."""

    async def propose(
        self,
        kind: str,
        subject: str,
        payload: Mapping[str, str],
        maker: str,
        *,
        amount: Money | None,
        not_before: datetime | None,
    ) -> Proposed:
        """Propose; while one of this kind and subject waits, that one is returned instead."""
        ...

    async def deciders(self, approval_id: str) -> frozenset[str]:
        """Staff ids of who proposed and who agreed, those whom they stand in for included."""
        ...


class Signing(Protocol):
    """Who must sign; satisfied by an adapter over gateway.services.signing."""

    async def ask(self, document: Document, *, anew: bool = False) -> object:
        """Ask for what its kind needs; the same kind, subject and digest is the same, unless it is asked for `anew`."""
        ...

    async def withdraw(self, kind: str, subject: str, reason: str) -> object:
        """Ask nobody any more, and let what was signed prove nothing; harmless twice, or where nothing waits."""
        ...

    async def proof(self, kind: str, subject: str, digest: bytes) -> ProofOutcome:
        """What can be proved now: every kept signature is verified again."""
        ...


class Banking(Protocol):
    """Orders to the bank. Satisfied by gateway.services.banking."""

    async def order(self, order: BankOrder, payments: AsyncIterable[Sequence[BankPayment]]) -> object:
        """Write the file from pages of payments and hand it over, at once or later; the same order again is harmless.

        Raises:
            StoreUnavailable: The file could not be written; nothing of it stands.
        """
        ...

    async def withdraw(self, order: BankOrder) -> bool:
        """Whether the bank will never have this order: it was not handed over, and is not any more."""
        ...

    async def enquire(self, order_id: str, end_to_end_ids: Sequence[str]) -> None:
        """Ask the bank what it knows of these; its answers come as news."""
        ...
