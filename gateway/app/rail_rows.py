"""What our own services and the bank's statements say, as rows of reconciliation."""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Iterator, Sequence
from datetime import date

from gateway.app.ledger_rows import Days
from gateway.services.banking import BookedLine, BookedLines, Known
from gateway.services.clearing import Kind, SettledItem, SettledItems
from gateway.services.payouts import DeskState, Flag, ItemState, Rail, Reached, ReachedItems
from gateway.services.providers import OwedFee, OwedFees
from gateway.services.reconciliation import BEGINNING
from wallet.money import IRR
from wallet.reconciliation import Row, Side

BACK, GIVEN_BACK, SHARE, TAKEN, RETURNED = "/back", ":given back", ":share", ":fee", ":fee back"
"""What the second row of one thing is called, behind its name."""
_OUT = frozenset({ItemState.SETTLED, ItemState.CONFIRMED, ItemState.RETURNED})
_BANKED = (ItemState.SENT, ItemState.UNKNOWN, ItemState.RETURNED, ItemState.SETTLED)
"""Where a payment came to, the surest last."""
_DOUBTED = (Flag.AMOUNT_DIFFERS, Flag.LEDGER_REFUSED)
_SENT = frozenset({ItemState.SENT, ItemState.UNKNOWN, ItemState.ACCEPTED})
OpenFrom = Callable[[], Awaitable[date]]


class BankItems:
    """Payments by bank that it has booked or returned, is silent about for too long, or says another amount of.

    What is on its way is none of the trust account's yet.
    """

    def __init__(self, days: Days, items: ReachedItems) -> None:
        self._days = days
        self._items = items

    async def rows(self, first: date, through: date) -> AsyncIterator[Sequence[Row]]:
        """As of Source."""
        span = (self._days.begins(first), self._days.ends(through))
        for state in _BANKED:
            flags = _DOUBTED if state is ItemState.SENT else ()
            async for page in self._items.between(state, Rail.BANK, *span, flags=flags):
                yield self._named(page)

    async def again(self, ids: Collection[str]) -> Sequence[Row]:
        """As of Source."""
        wanted = set(ids)
        names = {id_.removesuffix(BACK) for id_ in wanted}
        found: dict[str, Row] = {}
        for state in _BANKED:
            found.update((row.id, row) for row in self._named(await self._items.of(state, Rail.BANK, names)))
        return [row for id_, row in found.items() if id_ in wanted]

    def _named(self, page: Iterable[Reached]) -> list[Row]:
        return [row for one in page for row in self._rows(one)]

    def _rows(self, one: Reached) -> Iterator[Row]:
        on = self._days.of(one.at)
        doubted = one.now in _SENT and one.flag in _DOUBTED
        if one.now in _OUT:
            # A return that was told before the booking says both.
            if one.state is ItemState.SETTLED or (one.state is ItemState.RETURNED and one.was in _SENT):
                yield item_row(one, on, banked=True)
            if one.state is ItemState.RETURNED and one.was is not ItemState.RETURNED:
                yield item_row(one, on, banked=True, part=BACK)
        elif (one.state is ItemState.SENT and doubted) or one.state is one.now is ItemState.UNKNOWN:
            yield item_row(one, on, banked=True)


class WalletItems:
    """Payments into wallets."""

    def __init__(self, days: Days, items: ReachedItems) -> None:
        self._days = days
        self._items = items

    async def rows(self, first: date, through: date) -> AsyncIterator[Sequence[Row]]:
        """As of Source."""
        span = (self._days.begins(first), self._days.ends(through))
        async for page in self._items.between(ItemState.SETTLED, Rail.WALLET, *span):
            yield self._named(page)

    async def again(self, ids: Collection[str]) -> Sequence[Row]:
        """As of Source."""
        return self._named(await self._items.of(ItemState.SETTLED, Rail.WALLET, ids))

    def _named(self, page: Iterable[Reached]) -> list[Row]:
        return [item_row(one, self._days.of(one.at)) for one in page if one.now in _OUT]


class PaidFees:
    """Payments out of providers' accounts: as they are handed over, come back from there, or are given back."""

    ROLE = "provider_payable"

    def __init__(self, days: Days, items: ReachedItems) -> None:
        self._days = days
        self._items = items

    async def rows(self, first: date, through: date) -> AsyncIterator[Sequence[Row]]:
        """As of Source."""
        span = (self._days.begins(first), self._days.ends(through))
        for state in (ItemState.SENT, ItemState.REJECTED, ItemState.RETURNED):
            async for page in self._items.between(state, Rail.BANK, *span, debit_role=self.ROLE):
                yield self._named(page)

    async def again(self, ids: Collection[str]) -> Sequence[Row]:
        """As of Source."""
        wanted = set(ids)
        names = {id_.removesuffix(BACK).removesuffix(GIVEN_BACK) for id_ in wanted}
        found: dict[str, Row] = {}
        for state in (ItemState.SENT, ItemState.REJECTED, ItemState.RETURNED):
            page = await self._items.of(state, Rail.BANK, names)
            found.update((row.id, row) for row in self._named(one for one in page if one.debit_role == self.ROLE))
        return [row for id_, row in found.items() if id_ in wanted]

    def _named(self, page: Iterable[Reached]) -> list[Row]:
        return [row for one in page for row in self._rows(one)]

    def _rows(self, one: Reached) -> Iterator[Row]:
        on = self._days.of(one.at)
        if one.state is ItemState.SENT:
            yield item_row(one, on)
        elif one.state is ItemState.REJECTED and (one.was in _SENT or one.order_id):
            yield item_row(one, on, part=BACK)
        elif one.was is ItemState.RETURNED and one.desk == DeskState.GIVEN_BACK:
            yield item_row(one, on, part=GIVEN_BACK)


class FeeRows:
    """Fees that came into providers' accounts: the institution's share, and the patient's."""

    def __init__(self, days: Days, fees: OwedFees) -> None:
        self._days = days
        self._fees = fees

    async def rows(self, first: date, through: date) -> AsyncIterator[Sequence[Row]]:
        """As of Source."""
        async for page in self._fees.between(self._days.begins(first), self._days.ends(through)):
            yield self._named(page)

    async def again(self, ids: Collection[str]) -> Sequence[Row]:
        """As of Source."""
        wanted = set(ids)
        found = await self._fees.of({id_.removesuffix(SHARE) for id_ in wanted})
        return [row for row in self._named(found) if row.id in wanted]

    def _named(self, page: Iterable[OwedFee]) -> list[Row]:
        rows = []
        for one in page:
            on = self._days.of(one.at)
            for name, minor in ((one.fee_id, one.covered_minor), (f"{one.fee_id}{SHARE}", one.share_minor)):
                if minor:
                    rows.append(Row(Side.RAIL, name, minor, one.asset, on, on, own=name))
        return rows


class CycleItems:
    """What cycles have settled for merchants: the gross of a tap, its fee, and the fee that a refund gives back."""

    def __init__(self, days: Days, items: SettledItems) -> None:
        self._days = days
        self._items = items

    async def rows(self, first: date, through: date) -> AsyncIterator[Sequence[Row]]:
        """As of Source."""
        async for page in self._items.between(self._days.begins(first), self._days.ends(through)):
            yield self._named(page)

    async def again(self, ids: Collection[str]) -> Sequence[Row]:
        """As of Source."""
        wanted = set(ids)
        found = await self._items.of({id_.removesuffix(RETURNED).removesuffix(TAKEN) for id_ in wanted})
        return [row for row in self._named(found) if row.id in wanted]

    def _named(self, page: Iterable[SettledItem]) -> list[Row]:
        rows = []
        for one in page:
            refund = one.kind is Kind.REFUND
            parts = (
                (one.taking_id, 0 if refund else one.amount_minor),
                (f"{one.taking_id}{TAKEN}", 0 if refund or not one.amount_minor else -one.fee_minor),
                (f"{one.taking_id}{RETURNED}", one.fee_minor if refund else 0),
            )
            on = self._days.of(one.at)
            rows += [
                Row(Side.RAIL, name, minor, IRR.code, on, one.business_on, own=name) for name, minor in parts if minor
            ]
        return rows


class StatementRows:
    """The bank's lines. Those of closed days that came late are read too, unless a run knew of them in time."""

    def __init__(self, lines: BookedLines) -> None:
        self._lines = lines
        self._known: Known | None = None
        self._open_from: OpenFrom | None = None

    def known_by(self, known: Known, open_from: OpenFrom) -> None:
        """Say who knows which lines stand in a group, and from which day on the books are open."""
        self._known, self._open_from = known, open_from

    async def rows(self, first: date, through: date) -> AsyncIterator[Sequence[Row]]:
        """As of Source."""
        async for page in self._lines.between(first, through):
            yield list(map(statement_row, page))
        if first > BEGINNING and self._known is not None:
            async for page in self._lines.late(first, self._known):
                yield list(map(statement_row, page))

    async def again(self, ids: Collection[str]) -> Sequence[Row]:
        """As of Source. What stands open of a closed day stays, even if the bank says it again in a richer form."""
        first = await self._open_from() if self._open_from is not None else BEGINNING
        return list(map(statement_row, await self._lines.of(ids, closed_before=first)))


def item_row(one: Reached, on: date, *, banked: bool = False, part: str = "") -> Row:
    """A payment that goes out, or the part of it that comes back; the bank knows of it where it is `banked`."""
    back = part == BACK
    return Row(
        side=Side.RAIL, id=f"{one.id}{part}", minor=one.minor if part else -one.minor, asset=one.asset, on=on,
        value_on=on, own=f"{one.id}{part}" if part == GIVEN_BACK else one.id,
        end_to_end_id=one.end_to_end_id if banked else "", batch=one.order_id if banked else "", party=one.name,
        account=one.iban, text=one.note, back=back, undoes=one.id if back else "",
    )  # fmt: skip


def statement_row(one: BookedLine) -> Row:
    """A line of the bank."""
    line = one.line
    return Row(
        Side.BANK, one.id, line.signed, line.amount.asset.code, one.on, line.value_on,
        end_to_end_id=line.end_to_end_id, batch=one.order,
        reference=line.bank_reference, party=line.counterparty, account=line.counterparty_account,
        text=line.remittance, count=line.count, back=line.reversal or bool(line.return_reason),
    )  # fmt: skip
