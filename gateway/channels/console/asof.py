"""As of when a page of the ledger speaks: now, a moment, a position of the log, or a business day by effective date."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Literal
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field

from gateway.channels.console.forms import Form, Position
from gateway.channels.console.ledger_desks import Book
from gateway.channels.console.spans import OptionalDay, Span
from gateway.channels.console.visit import Visit
from gateway.errors import BadInput
from wallet.ids import AccountId
from wallet.periods import ends_at, starts_at
from wallet.statements import Cut, summed
from wallet.transfers import Balances, RoleSum

_TICK = timedelta(microseconds=1)
Side = Literal["debit", "credit"]


def _local(value: object) -> object:
    """What `<input type=datetime-local>` sends; nothing for ''."""
    if not isinstance(value, str) or not value:
        return None
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is not None or not 2000 <= moment.year <= 2100:
        raise ValueError("a moment of no clock here")
    return moment


def _no_position(value: object) -> object:
    return None if value == "" else value


class AsOfForm(Form):
    """As of when: one of the three at most, now without any."""

    at: Annotated[datetime | None, BeforeValidator(_local)] = None
    day: OptionalDay = None
    position: Annotated[Position | None, BeforeValidator(_no_position)] = Field(None)


@dataclass(frozen=True, slots=True)
class AsOf:
    """A point of the book.

    Attributes:
        position: The last position of the log that counts; None for all.
        day: Business day through which rows count by their effective dates; None where the booking decides.
        moment: What was asked for, where it was a moment.
        shifts: What rows dated apart from their booking add to each side of their accounts, for a day only.
        seen: Up to which position of the log those were read.
    """

    position: int | None = None
    day: date | None = None
    moment: datetime | None = None
    shifts: Mapping[Side, Mapping[AccountId, int]] = field(default_factory=dict)
    seen: int = 0

    @property
    def query(self) -> dict[str, str]:
        """What an address carries so that the next page speaks of the same point."""
        if self.day is not None:
            return {"day": self.day.isoformat()}
        return {} if self.position is None else {"position": str(self.position)}

    def to(self, path: str, **more: str | int) -> str:
        """The address of another page as of the same point."""
        query = urlencode({**self.query, **{name: value for name, value in more.items() if value != ""}}, safe=":")
        return f"{path}?{query}" if query else path

    def shifted(self, account: AccountId, balances: Balances) -> Balances:
        """The balances as of this point, given those at its position."""
        debits = self.shifts.get("debit", {}).get(account, 0)
        credits_ = self.shifts.get("credit", {}).get(account, 0)
        return balances._replace(
            debits_posted=balances.debits_posted + debits, credits_posted=balances.credits_posted + credits_
        )

    def moved(self, account: AccountId, balances: Balances) -> bool:
        """Whether the account had any row by then."""
        return balances.version > 0 or any(account in shifts for shifts in self.shifts.values())


async def as_of(visit: Visit, asked: AsOfForm) -> AsOf:
    """The point of the book that was asked for.

    Raises:
        BadInput: Two at once, or a moment or day that has not come.
    """
    given = [value for value in (asked.at, asked.day, asked.position) if value is not None]
    if len(given) > 1:
        raise BadInput("query: at, day, position")
    book, now, zone = visit.deps.ledger, visit.deps.clock.now(), visit.words.zone
    if asked.day is not None:
        return await _through(book, asked.day, now, zone)
    if asked.at is not None:
        moment = asked.at.replace(tzinfo=zone).astimezone(UTC)
        if moment > now:
            raise BadInput("query: at")
        return AsOf(await book.position_at(moment), moment=moment)
    if asked.position is not None:
        return AsOf(min(asked.position, (await book.head()).position))
    return AsOf()


async def _through(book: Book, day: date, now: datetime, zone: ZoneInfo) -> AsOf:
    if day > now.astimezone(zone).date():
        raise BadInput("query: day")
    position = await book.position_at(ends_at(day, zone) - _TICK)
    seen = (await book.head()).position
    shifts: dict[Side, Mapping[AccountId, int]] = {
        side: await book.shifts(side, position, day, seen) for side in ("debit", "credit")
    }
    return AsOf(position, day, None, shifts, seen)


async def positions(book: Book, span: Span, zone: ZoneInfo) -> tuple[int, int]:
    """The last position booked before the first day, and the last one of the last day."""
    first = await book.position_at(starts_at(span.first, zone) - _TICK)
    return first, await book.position_at(ends_at(span.last, zone) - _TICK)


async def role_sums(book: Book, point: AsOf) -> list[RoleSum]:
    """The trial balance by kind, role and asset as of a point of the book; of an earlier one without idle accounts."""
    if point.position is None:
        return await book.trial_balance()
    return await summed(book, Cut(point.position, point.day, point.seen), idle=False)
