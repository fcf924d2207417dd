"""What breaks need of others, as Protocols; and what they are made of."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from gateway.observe import Metrics
from gateway.services.breaks.model import BreakRow, Key
from gateway.services.posting import Ledger as Posts
from gateway.settings import Settings
from gateway.store import Store
from wallet.accounts import Account, Chart
from wallet.clock import Clock
from wallet.ids import AccountId, TransferId
from wallet.money import Money
from wallet.reconciliation.rows import BreakType, Row
from wallet.transfers import LogRow


class OpenGroup(Protocol):
    """A group of a flow's standing result that is not matched; satisfied by reconciliation's GroupRow."""

    @property
    def id(self) -> str:
        """`rcg_…`."""
        ...

    @property
    def rows(self) -> Sequence[Row]:
        """At least one."""
        ...

    @property
    def broken(self) -> BreakType | None:
        """None only of what is matched, which is never taken."""
        ...

    @property
    def difference_minor(self) -> int:
        """As of Group."""
        ...

    @property
    def asset(self) -> str:
        """Code."""
        ...

    @property
    def since(self) -> date:
        """Since when it stands open."""
        ...


class Linker(Protocol):
    """Where it is said which rows belong together; satisfied by app's adapter of reconciliation."""

    async def link(self, flow: str, keys: Collection[Key], staff_id: str, reason: str) -> bool:
        """They belong together, whether a run has read each of them or not; False if that is not taken."""
        ...

    async def part(self, flow: str, key: Key, staff_id: str, reason: str) -> bool:
        """What was said of this row holds no longer; False if nothing was said."""
        ...


class Suggested(Protocol):
    """What the last run suggests; satisfied by app's adapter of reconciliation."""

    async def explained(self, flow: str, keys: Collection[Key]) -> bool:
        """Whether rows of the ledger are suggested to one of these whose amounts make exactly the other side's."""
        ...


class Rails(Protocol):
    """What still may happen to what rows stand for; satisfied by app's adapter of payouts, providers and taps."""

    async def pending(self, flow: str, rows: Sequence[BreakRow]) -> bool:
        """Whether a rail may still settle, return or refuse something of it."""
        ...


class Members(Protocol):
    """Who may look after a break."""

    async def may_own(self, staff_id: str) -> bool:
        """Whether there is such a member of staff, who may still sign in and is of finance."""
        ...


class Approved(Protocol):
    """The parts of an approval that matter here."""

    @property
    def id(self) -> str:
        """`apr_…`."""
        ...

    @property
    def checker(self) -> str:
        """Staff id of who decided, or ''."""
        ...


class Proposals(Protocol):
    """Where others decide; satisfied by approvals' Proposals."""

    async def propose(
        self, kind: str, subject: str, payload: Mapping[str, str], maker: str, *, amount: Money | None = None
    ) -> Approved:
        """Propose; while one of this kind and subject waits, that one is returned instead."""
        ...

    async def by_id(self, approval_id: str) -> Approved | None:
        """The approval with this id."""
        ...


class Reads(Protocol):
    """The part of the wallet's ledger that breaks read."""

    async def account(self, account: AccountId) -> Account | None:
        """The account, if it is open in the book."""
        ...

    async def transfer(self, transfer: TransferId) -> LogRow | None:
        """What stands under this id."""
        ...

    async def citing(self, transfer: TransferId) -> list[LogRow]:
        """What cites it."""
        ...


@dataclass(frozen=True, slots=True)
class Parts:
    """What breaks are made of: `ledger` moves money, `reads` looks at it."""

    store: Store
    clock: Clock
    ledger: Posts
    reads: Reads
    chart: Chart
    proposals: Proposals
    rails: Rails
    members: Members
    settings: Settings
    metrics: Metrics
