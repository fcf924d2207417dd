"""The ledger's log as rows of reconciliation: movements of one account, or of all accounts of a role."""

from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from wallet.accounts import Account
from wallet.ids import AccountId, TransferId
from wallet.ledger import Ledger
from wallet.reconciliation import Row, Side
from wallet.transfers import LogRow, Transfer, TransferCode, TransferKind

PAGE = 1000


@dataclass(frozen=True, slots=True)
class Worded:
    """What a row is called: `own` as of Row, `reference`; `railed` where a rail must have it; `undoes` by its id."""

    own: str = ""
    reference: str = ""
    railed: bool = False
    back: bool = False
    undoes: str = ""


RowOf = Callable[[Transfer], Worded | None]
"""What a transfer is called in a flow, None where the flow is not about it."""


class Days:
    """Business days as moments and places of the log."""

    def __init__(self, ledger: Ledger, zone: ZoneInfo) -> None:
        self.ledger = ledger
        self._zone = zone

    def begins(self, day: date) -> datetime:
        """When a business day begins."""
        return datetime.combine(day, time(), self._zone).astimezone(UTC)

    def ends(self, day: date) -> datetime:
        """When it is over: the first moment that is not its own any more."""
        return self.begins(day + timedelta(days=1))

    def of(self, at: datetime) -> date:
        """The business day of a moment."""
        return at.astimezone(self._zone).date()

    async def places(self, first: date, through: date) -> tuple[int, int]:
        """The last position before these days, and their last."""
        tick = timedelta(microseconds=1)
        after = await self.ledger.position_at(self.begins(first) - tick)
        return after, await self.ledger.position_at(self.ends(through) - tick)


class AccountRows:
    """Movements of accounts of ours that the flow is about; money that comes into one of them is positive."""

    def __init__(self, days: Days, accounts: Iterable[Account], row_of: RowOf) -> None:
        self._days = days
        self._accounts = {account.id for account in accounts}
        self._row_of = row_of

    async def rows(self, first: date, through: date) -> AsyncIterator[Sequence[Row]]:
        """As of Source."""
        after, last = await self._days.places(first, through)
        for account in sorted(self._accounts):
            place = after
            while page := await self._days.ledger.movements_between(account, after=place, through=last, limit=PAGE):
                yield self._named((one.transfer, one.booked_at) for one in page)
                place = page[-1].position

    async def again(self, ids: Collection[str]) -> Sequence[Row]:
        """As of Source."""
        found = await self._days.ledger.transfers_among(transfers_named(ids))
        return self._named((one.transfer, one.booked_at) for one in found)

    def _named(self, booked: Iterable[tuple[Transfer, datetime]]) -> list[Row]:
        rows = []
        for transfer, at in booked:
            sign = (transfer.debit in self._accounts) - (transfer.credit in self._accounts)
            worded = self._row_of(transfer) if sign and transfer.kind.moves else None
            if worded is not None:
                rows.append(_row(transfer, sign * transfer.amount.minor, self._days.of(at), worded))
        return rows


class RoleRows:
    """Movements of all accounts of a role, whosever; `credited` is the sign of what is credited to one.

    Only transfers for some reasons are looked at: the log of a day is long, and most of it is of other flows.
    """

    def __init__(self, days: Days, role: str, reasons: Mapping[TransferCode, RowOf], credited: int) -> None:
        self._days = days
        self._role = role
        self._reasons = reasons
        self._credited = credited

    async def rows(self, first: date, through: date) -> AsyncIterator[Sequence[Row]]:
        """As of Source."""
        after, last = await self._days.places(first, through)
        codes = self._reasons.keys()
        while page := await self._days.ledger.coded(codes, after=after, through=last, limit=PAGE):
            yield await self._named(page)
            after = page[-1].position

    async def again(self, ids: Collection[str]) -> Sequence[Row]:
        """As of Source."""
        found = await self._days.ledger.transfers_among(transfers_named(ids))
        return await self._named([one for one in found if one.transfer.code in self._reasons])

    async def _named(self, booked: Sequence[LogRow]) -> list[Row]:
        worded = [(one, self._reasons[one.transfer.code](one.transfer)) for one in booked if one.transfer.kind.moves]
        about = [(one, words) for one, words in worded if words is not None]
        mine = await self._of_role({id_ for one, _ in about for id_ in (one.transfer.debit, one.transfer.credit)})
        rows = []
        for one, words in about:
            sign = (one.transfer.credit in mine) - (one.transfer.debit in mine)
            if sign:
                minor = self._credited * sign * one.transfer.amount.minor
                rows.append(_row(one.transfer, minor, self._days.of(one.booked_at), words))
        return rows

    async def _of_role(self, ids: Collection[AccountId]) -> set[AccountId]:
        if not ids:
            return set()
        accounts = await self._days.ledger.accounts_among(ids)
        return {account.id for account in accounts if account.role == self._role}


def transfers_named(ids: Collection[str]) -> list[TransferId]:
    """Those of these ids that may be a transfer's."""
    found = []
    for id_ in ids:
        try:
            found.append(TransferId(UUID(id_)))
        except ValueError:
            continue
    return found


def _row(transfer: Transfer, minor: int, on: date, worded: Worded) -> Row:
    takes_back = worded.back or transfer.kind is TransferKind.REVERSE
    return Row(
        Side.LEDGER, str(transfer.id), minor, transfer.amount.asset.code, on, transfer.effective_on or on,
        own=worded.own, reference=worded.reference, back=takes_back,
        undoes=worded.undoes or (str(transfer.cites) if takes_back and transfer.cites else ""), railed=worded.railed,
    )  # fmt: skip
