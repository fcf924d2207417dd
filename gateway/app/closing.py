"""Closing, joined: small pieces that make other services fit its Protocols."""

from collections.abc import AsyncIterator, Callable, Collection, Sequence
from datetime import date, datetime
from typing import Protocol

from gateway.services.closing import BreakCount, Doubt, FlowRun, UnsignedBreak
from gateway.services.payouts import Payouts
from gateway.services.reconciliation import FlowName, Reconciliation
from gateway.services.taps import Taps


class UnknownPayments:
    """Payments of which the rail has not said how they ended."""

    def __init__(self, payouts: Payouts) -> None:
        self._payouts = payouts

    async def unknown(self, before: datetime, *, limit: int) -> list[Doubt]:
        """Unknown since before a moment, oldest first."""
        found = await self._payouts.unknown(before, limit=limit)
        return [Doubt(item.id, item.amount.minor, item.changed_at) for item in found]


class UnfinishedTaps:
    """Taps and refunds that stand half done."""

    def __init__(self, taps: Taps) -> None:
        self._taps = taps

    async def unknown(self, before: datetime, *, limit: int) -> list[Doubt]:
        """Unknown since before a moment, oldest first."""
        return [Doubt(*one) for one in await self._taps.unfinished(before, limit=limit)]


class Run(Protocol):
    """A run of a flow that was finished."""

    @property
    def through(self) -> date:
        """The last day that it has read."""
        ...

    @property
    def started_at(self) -> datetime:
        """When it began to read."""
        ...

    @property
    def finished_at(self) -> datetime | None:
        """When it was done."""
        ...


class Flows:
    """The last finished run of each flow.

    Args:
        names: Of all flows.
        banked: Those that read the bank's statements.
        last: The last run of a flow that is done, or None.
    """

    def __init__(self, names: Sequence[str], banked: Collection[str], last: "LastRun") -> None:
        self._names = names
        self._banked = banked
        self._last = last

    async def runs(self) -> list[FlowRun]:
        """One for each flow."""
        found = [(name, await self._last(name)) for name in self._names]
        return [
            FlowRun(name, None, None, None)
            if run is None
            else FlowRun(name, run.through, run.started_at, run.finished_at, name in self._banked)
            for name, run in found
        ]


class StandingRun:
    """The run of a flow whose result stands."""

    def __init__(self, reconciliation: Reconciliation) -> None:
        self._reconciliation = reconciliation

    async def __call__(self, flow: str) -> Run | None:
        """That run; None if the flow was never run."""
        return await self._reconciliation.standing(FlowName(flow))


class LastRun(Protocol):
    """Finds the last run of a flow that is done."""

    async def __call__(self, flow: str) -> Run | None:
        """That run; None if the flow was never run."""
        ...


class Standing(Protocol):
    """A break."""

    @property
    def id(self) -> str:
        """`brk_…`."""
        ...

    @property
    def minor(self) -> int:
        """What it is about."""
        ...

    @property
    def asset(self) -> str:
        """Code."""
        ...


class Total(Protocol):
    """How many breaks stand in one state."""

    @property
    def state(self) -> str:
        """Name of a state."""
        ...

    @property
    def asset(self) -> str:
        """Code."""
        ...

    @property
    def count(self) -> int:
        """How many."""
        ...

    @property
    def minor(self) -> int:
        """What they are about, whatever its sign."""
        ...


class BreakBook(Protocol):
    """Satisfied by breaks.Breaks."""

    async def unsigned(self, through: date, *, limit: int) -> Sequence[Standing]:
        """Breaks that nobody has signed for."""
        ...

    async def totals(self, flow: str = "") -> Sequence[Total]:
        """All breaks by flow, type, state and asset."""
        ...


class Breaks:
    """Breaks as closing counts them."""

    def __init__(self, book: BreakBook) -> None:
        self._book = book

    async def unsigned(self, through: date, *, limit: int) -> list[UnsignedBreak]:
        """Those that nobody has signed for."""
        return [UnsignedBreak(one.id, one.minor, one.asset) for one in await self._book.unsigned(through, limit=limit)]

    async def counts(self) -> list[BreakCount]:
        """Those that stand, by whether somebody has explained them or proposed what to do."""
        sums: dict[tuple[bool, str], tuple[int, int]] = {}
        for total in await self._book.totals():
            if total.state != "resolved":
                key = total.state != "open", total.asset
                count, minor = sums.get(key, (0, 0))
                sums[key] = count + total.count, minor + total.minor
        return [BreakCount(*key, *figures) for key, figures in sorted(sums.items())]


class AsOfNow:
    """A source whose rows of a day never change, so that the moment says nothing."""

    def __init__(self, seal: Callable[[date], AsyncIterator[tuple[str, bytes]]]) -> None:
        self._seal = seal

    def seal(self, through: date, at: datetime) -> AsyncIterator[tuple[str, bytes]]:
        """The rows of a day."""
        return self._seal(through)
