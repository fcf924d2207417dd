"""What a merchant's payable did in a period: read from the ledger, whose balance it must come to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum

from sqlalchemy import select

from gateway.services.clearing.ports import Parts
from gateway.services.clearing.tables import CYCLES, ITEMS
from wallet.money import Money, irr
from wallet.transfers import Movement, TransferCode, TransferKind

PAGE = 1000


class LineKind(StrEnum):
    """What a line of a statement is."""

    CYCLE = "cycle"
    PAYOUT = "payout"
    RETURN = "return"
    """A payout that was refused or came back."""
    REFUND = "refund"
    """Taken from payable when a settled tap was refunded; one line a business date."""
    OTHER = "other"


@dataclass(slots=True)
class StatementLine:
    """One line; `about` is a cycle, an item of a payout batch, or a day. All figures are minor units.

    `net` is what the line adds to the balance.
    """

    kind: LineKind
    about: str
    on: date
    number: int = 0
    gross: int = 0
    fees: int = 0
    fees_back: int = 0
    refunds: int = 0
    payouts: int = 0
    returns: int = 0
    other: int = 0

    @property
    def net(self) -> int:
        """What it adds to the balance."""
        return self.gross - self.fees + self.fees_back - self.refunds - self.payouts + self.returns + self.other


@dataclass(frozen=True, slots=True)
class Statement:
    """A merchant's statement from the day `first` to the day `last`, both included.

    Opening and lines always come to `closing`, which is the ledger's balance at the end of the period.
    """

    merchant_id: str
    first: date
    last: date
    opening: Money
    closing: Money
    lines: tuple[StatementLine, ...] = field(default=())

    def total(self, name: str) -> Money:
        """The sum of one column, by the name of a field of StatementLine."""
        return irr(sum(getattr(line, name) for line in self.lines))


_CYCLE_CODES = {
    TransferCode.TAP_SETTLED: "gross",
    TransferCode.MERCHANT_FEE: "fees",
    TransferCode.MERCHANT_FEE_RETURNED: "fees_back",
}
_BACK = frozenset({TransferCode.PAYOUT_RETURNED, TransferCode.CORRECTION})


class Statements:
    """Reads statements."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def statement(self, merchant_id: str, first: date, last: date) -> Statement:
        """What the merchant's payable did from the beginning of `first` to the end of `last`, by the house's zone."""
        parts, calendar = self._parts, self._parts.calendar
        payable = parts.chart.account("merchant_payable", merchant_id)
        instant = timedelta(microseconds=1)
        await parts.ledger.open_accounts(payable)
        begins = await parts.book.position_at(calendar.midnight(first) - instant)
        ends = await parts.book.position_at(calendar.midnight(last + timedelta(days=1)) - instant)
        before = await parts.book.balances_at(payable.id, position=begins)
        after = await parts.book.balances_at(payable.id, position=ends)
        assert before is not None and after is not None, "the account was opened"  # noqa: PT018 - one condition
        lines: dict[tuple[LineKind, str], StatementLine] = {}
        at = begins
        while page := await parts.book.movements_between(payable.id, after=at, through=ends, limit=PAGE):
            cycles = await self._cycles([one.transfer.cause for one in page])
            for one in page:
                self._add(lines, one, cycles)
            at = page[-1].position
        opening, closing = before.net_credit, after.net_credit
        assert opening + sum(line.net for line in lines.values()) == closing, "a statement comes to the balance"
        return Statement(merchant_id, first, last, irr(opening), irr(closing), tuple(lines.values()))

    def _add(
        self,
        lines: dict[tuple[LineKind, str], StatementLine],
        one: Movement,
        cycles: Mapping[str, tuple[str, date, int]],
    ) -> None:
        minor = one.transfer.amount.minor if one.transfer.kind.moves else 0
        if not minor:
            return
        booked = self._day(one.booked_at)
        column = _CYCLE_CODES.get(one.transfer.code)
        cause = one.transfer.cause
        if column is not None and cause in cycles:
            cycle_id, day, number = cycles[cause]
            line = lines.setdefault((LineKind.CYCLE, cycle_id), StatementLine(LineKind.CYCLE, cycle_id, day, number))
            setattr(line, column, getattr(line, column) + minor)
            return
        kind, column = _kind(one)
        about = str(booked) if kind is LineKind.REFUND else cause
        line = lines.setdefault((kind, about), StatementLine(kind, about, booked))
        signed = minor if column != "other" or not one.is_debit else -minor
        setattr(line, column, getattr(line, column) + signed)

    async def _cycles(self, causes: Sequence[str]) -> Mapping[str, tuple[str, date, int]]:
        """Cycle, its business date and number, by taking."""
        joined = ITEMS.join(CYCLES, CYCLES.c.id == ITEMS.c.cycle_id)
        columns = (ITEMS.c.taking_id, CYCLES.c.id, CYCLES.c.business_on, CYCLES.c.number)
        query = select(*columns).select_from(joined).where(ITEMS.c.taking_id.in_(sorted(set(causes))))
        rows = await self._parts.store.read(query)
        return {row.taking_id: (row.id, row.business_on, row.number) for row in rows}

    def _day(self, moment: datetime) -> date:
        return self._parts.calendar.business_on(moment)


def _kind(one: Movement) -> tuple[LineKind, str]:
    """Which line and column a movement belongs to that no cycle has made."""
    code = one.transfer.code
    if one.is_debit and code is TransferCode.TAP_REFUND:
        return LineKind.REFUND, "refunds"
    if one.is_debit and code in {TransferCode.MERCHANT_PAYOUT, TransferCode.PAYOUT}:
        return LineKind.PAYOUT, "payouts"
    if not one.is_debit and (code in _BACK or one.transfer.kind is TransferKind.REVERSE):
        return LineKind.RETURN, "returns"
    return LineKind.OTHER, "other"
