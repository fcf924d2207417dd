"""Periods of the book: what is closed stays as it is, and a seal proves it.

A period ends with a business day and begins after the one closed before it. First it is soft-closed: entries dated
into it are refused unless they cite another transfer, so that late corrections still come in. Then it is closed for
good, with a seal over its trial balance by effective date: whatever is posted afterwards, `recompute` gets the same.
"""

import hashlib
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import Enum, StrEnum
from typing import Literal, Protocol

from wallet.accounts import Account
from wallet.ids import AccountId
from wallet.transfers import Balances

_PAGE = 1000
_PURPOSE = b"tapdial trial balance\0"
_VERSION = 1
_EARLIEST, _LATEST = date(1, 1, 3), date(9999, 12, 29)
"""Days whose beginning and end every zone can say in UTC."""


class PeriodState(StrEnum):
    """How much of a period is closed."""

    SOFT = "soft"
    """Only entries that cite may still be dated into it."""
    CLOSED = "closed"
    """Nothing may be dated into it any more."""


class PeriodOutcome(Enum):
    """Every answer to the closing of a period; the first that applies wins."""

    DONE = "done"
    ALREADY = "already"
    """It is closed that far."""
    NOT_OVER = "not_over"
    """Its last day is not over in the ledger's zone."""
    NOT_SOFT = "not_soft"
    """It was not soft-closed before, so its trial balance could move while it is computed."""
    STALE = "stale"
    """An entry came in late while the trial balance was computed: ask again."""
    DIFFERS = "differs"
    """Its trial balance is not the one that was agreed to."""


@dataclass(frozen=True, slots=True)
class PeriodClose:
    """Close everything through the end of a business day; `cause` leads back to who decided it.

    With `seal` it is closed for good only if that is what its trial balance seals to.
    """

    through: date
    state: PeriodState
    cause: str
    seal: bytes | None = None


@dataclass(frozen=True, slots=True)
class Period:
    """A closing as it is stored and sealed in the log."""

    through: date
    state: PeriodState
    position: int
    """The last position booked before its last day ended: what was booked later counts only if it is dated into it."""
    seal: bytes | None
    """SHA-256 over its trial balance; None while it is soft-closed."""
    cause: str
    closed_at: datetime


class Source(Protocol):
    """What a trial balance by effective date needs of the ledger."""

    async def standings(
        self, position: int, *, limit: int, after: AccountId | None = None
    ) -> Sequence[tuple[Account, Balances]]:
        """Accounts as of a position, in order of their ids."""
        ...

    async def shifts(
        self, side: Literal["debit", "credit"], position: int, through: date, seen: int
    ) -> Mapping[AccountId, int]:
        """What rows with an effective date of their own add to one side of their accounts."""
        ...


async def recompute(source: Source, through: date, position: int, seen: int) -> bytes:
    """The seal over the trial balance by effective date through a day.

    What was booked up to `position` counts, corrected by rows up to `seen` whose effective date says otherwise.

    SHA-256 over a purpose, a version byte, the day as YYYY-MM-DD, and for each account that was ever moved by then,
    in order of account ids, its code, asset, debits and credits as length-prefixed texts. Memory grows with the
    accounts of such rows, not with the accounts.
    """
    digest = hashlib.sha256(_PURPOSE + bytes([_VERSION]))
    digest.update(_prefixed(through.isoformat()))
    async for account, debits, credits_ in effective(source, through, position, seen):
        for text in (account.code, account.asset.code, str(debits), str(credits_)):
            digest.update(_prefixed(text))
    return digest.digest()


async def effective(source: Source, through: date, position: int, seen: int) -> AsyncIterator[tuple[Account, int, int]]:
    """Debits and credits by effective date of each account that has any, in order of account ids."""
    debits = await source.shifts("debit", position, through, seen)
    credits_ = await source.shifts("credit", position, through, seen)
    after: AccountId | None = None
    while page := await source.standings(position, limit=_PAGE, after=after):
        for account, balances in page:
            debited = balances.debits_posted + debits.get(account.id, 0)
            credited = balances.credits_posted + credits_.get(account.id, 0)
            if debited or credited:
                yield account, debited, credited
        after = page[-1][0].id


def starts_at(day: date, zone: tzinfo) -> datetime:
    """The moment at which a business day begins; of the calendar's very first and last days, that of one near them."""
    return _midnight(_near(day), zone)


def ends_at(day: date, zone: tzinfo) -> datetime:
    """The moment at which a business day is over, the first of the next one."""
    return _midnight(_near(day) + timedelta(days=1), zone)


def _near(day: date) -> date:
    return min(max(day, _EARLIEST), _LATEST)


def _midnight(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time.min, zone).astimezone(UTC)


def _prefixed(text: str) -> bytes:
    data = text.encode()
    return b"%d:%b" % (len(data), data)
