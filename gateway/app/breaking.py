"""Breaks, joined: what rails may still do, who may look after one, and what was posted as a book of reconciliation."""

from collections.abc import AsyncIterator, Collection, Sequence
from datetime import date

from gateway.services.breaks import BreakRow, Breaks
from gateway.services.clearing import Clearing
from gateway.services.payouts import Payouts
from gateway.services.providers import Providers
from gateway.services.staff import Role, Staff
from wallet.reconciliation import Row, Side

ITEM, FEE, TAP, REFUND = "itm", "fee", "tap", "rfd"
"""What the ids that ledger and rails share begin with."""
PART = "/"


class OpenWork:
    """What payouts, providers and clearing have not finished with."""

    def __init__(self, payouts: Payouts, providers: Providers, clearing: Clearing) -> None:
        self._payouts = payouts
        self._providers = providers
        self._clearing = clearing

    async def pending(self, _flow: str, rows: Sequence[BreakRow]) -> bool:
        """Whether one of them may still move money for one of these rows, by whatever name the row has for it."""
        # A part of something is named behind its id.
        own = {row.own.partition(PART)[0] for row in rows if row.own}
        by = {prefix: {one for one in own if one.startswith(f"{prefix}_")} for prefix in (ITEM, FEE, TAP, REFUND)}
        named = {row.end_to_end_id for row in rows} - {""}
        return (
            await self._payouts.are_open(by[ITEM], named, {row.batch for row in rows} - {""})
            or await self._providers.are_undecided(by[FEE])
            or await self._clearing.views.are_waiting(by[TAP] | by[REFUND])
        )


class Owners:
    """Who may look after a break: whoever of finance may sign in."""

    def __init__(self, staff: Staff) -> None:
        self._staff = staff

    async def may_own(self, staff_id: str) -> bool:
        """Whether this is one of them."""
        member = await self._staff.by_id(staff_id)
        return member is not None and not member.disabled and Role.FINANCE in member.roles


class BookedForBreaks:
    """What was posted for breaks of one flow, as rows of one side that its runs read."""

    def __init__(self, breaks: Breaks, flow: str, side: Side) -> None:
        self._breaks = breaks
        self._flow = flow
        self._side = side

    def rows(self, first: date, through: date) -> AsyncIterator[Sequence[Row]]:
        """Of these business days, in pages."""
        return self._breaks.booked(self._flow, self._side, first, through)

    async def again(self, ids: Collection[str]) -> Sequence[Row]:
        """Those of these transfers that are among them."""
        return await self._breaks.booked_again(self._flow, self._side, ids)
