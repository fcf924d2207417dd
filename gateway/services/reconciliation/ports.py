"""What this service needs of others, said as small Protocols; app joins them."""

from collections.abc import AsyncIterable, AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol
from zoneinfo import ZoneInfo

from gateway.observe import Metrics
from gateway.services.reconciliation.model import FlowName, GroupRow
from gateway.store import Store
from wallet.clock import Clock
from wallet.reconciliation import Group, Row, Side, Suggestion, Terms


class Source(Protocol):
    """A book, as rows of one side. It is read anew for each run."""

    def rows(self, first: date, through: date) -> AsyncIterator[Sequence[Row]]:
        """Its rows of these business days in pages, each row once."""
        ...

    async def again(self, ids: Collection[str]) -> Sequence[Row]:
        """Those of these rows that are there, as they are now; ids of another book are passed over."""
        ...


@dataclass(frozen=True, slots=True)
class Flow:
    """A way of money, and who knows of it.

    Attributes:
        name: Which.
        terms: What it allows.
        sources: Of each side that has a say; their rows have different ids.
    """

    name: FlowName
    terms: Terms
    sources: Mapping[Side, Sequence[Source]]


class BreakTaker(Protocol):
    """Who looks after what does not agree; satisfied by gateway.services.breaks."""

    async def take(self, run_id: str, flow: str, pages: AsyncIterable[Sequence[GroupRow]]) -> object:
        """All open groups of a flow's standing result; twice is harmless, run ids rise."""
        ...


class Sealed(Protocol):
    """How far the books are signed for; satisfied by gateway.services.closing."""

    async def closed_through(self) -> date | None:
        """The last closed day."""
        ...


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the other side has sent: `mark` is another text when there is more; `through` its last day, if any."""

    mark: str
    through: date | None


class Watch(Protocol):
    """Whether something came of which a flow should be read again."""

    async def evidence(self) -> Evidence:
        """What there is."""
        ...


class Suggester(Protocol):
    """What might belong together among open groups; satisfied by wallet.reconciliation.suggest."""

    def __call__(self, open_groups: Sequence[Group], terms: Terms, *, limit: int) -> Sequence[Suggestion]:
        """The best ones first."""
        ...


class Log(Protocol):
    """The end of the ledger's log."""

    async def position(self) -> int:
        """Of its last row."""
        ...


@dataclass(frozen=True, slots=True)
class Parts:
    """What this service is made of.

    Attributes:
        store: Where runs, groups and decisions are kept.
        clock: The time.
        zone: Of business days.
        metrics: Runs, and what is open.
        log: The ledger's.
        flows: All of them.
        watches: By flow: what makes it due besides the end of a day.
        suggester: Who looks at what is open after a run, or None.
    """

    store: Store
    clock: Clock
    zone: ZoneInfo
    metrics: Metrics
    log: Log
    flows: Mapping[FlowName, Flow]
    watches: Mapping[FlowName, Watch]
    suggester: Suggester | None = None
