"""What an account and the whole book looked like: statements of business days, mini statements, trial balances.

Everything is read as of fixed positions of the log, so that pages read one after the other agree with each other, and
nothing grows with the book but the time: movements and accounts are streamed.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from typing import Literal, Protocol

from wallet import periods
from wallet.accounts import Account
from wallet.errors import LedgerCorrupt
from wallet.ids import AccountId
from wallet.periods import ends_at, starts_at
from wallet.transfers import Balances, Movement, RoleSum

_PAGE = 1000
_INSTANT = timedelta(microseconds=1)


class End(Protocol):
    """Where the log ends."""

    @property
    def position(self) -> int:
        """Its last position."""
        ...


class Balanced(Protocol):
    """What a trial balance needs of the ledger."""

    async def accounts(
        self, *, after_code: str = "", limit: int = 1000, position: int | None = None
    ) -> list[tuple[Account, Balances]]:
        """Accounts as of a position in order of their codes."""
        ...

    async def shifts(
        self, side: Literal["debit", "credit"], position: int, through: date, seen: int
    ) -> Mapping[AccountId, int]:
        """What rows dated apart from their booking add to one side of their accounts."""
        ...


class Source(periods.Source, Protocol):
    """What statements need of the ledger."""

    async def head(self) -> End:
        """The end of the log."""
        ...

    async def position_at(self, at: datetime) -> int:
        """The last position booked at a moment or before."""
        ...

    async def account(self, account: AccountId) -> Account | None:
        """An account by id."""
        ...

    async def balances_at(self, account: AccountId, *, position: int | None = None) -> Balances | None:
        """Its balances as of a position."""
        ...

    async def accounts(
        self, *, after_code: str = "", limit: int = 1000, position: int | None = None
    ) -> list[tuple[Account, Balances]]:
        """Accounts as of a position in order of their codes."""
        ...

    async def movements(self, account: AccountId, *, limit: int, before: int | None = None) -> list[Movement]:
        """The last movements, newest first."""
        ...

    async def movements_between(self, account: AccountId, *, after: int, through: int, limit: int) -> list[Movement]:
        """Movements between two positions, oldest first."""
        ...


@dataclass(frozen=True, slots=True)
class Statement:
    """An account over some business days; `lines` streams what moved between its two balances.

    Attributes:
        first: Its first business day.
        last: Its last one; if that is not over yet, the statement ends at the present.
        opening: Balances before the first day.
        closing: Balances after the last one, which are the opening ones of the next statement.
        after: The position of the log before its first movement.
        through: The position up to which it goes.
    """

    account: Account
    first: date
    last: date
    opening: Balances
    closing: Balances
    after: int
    through: int


@dataclass(frozen=True, slots=True)
class MiniStatement:
    """The last movements of an account, newest first, and the balances after the newest."""

    balances: Balances
    movements: Sequence[Movement]


@dataclass(frozen=True, slots=True)
class Cut:
    """Where a trial balance is drawn: what was booked up to `position`.

    With `through` it is drawn by effective date at the end of that day: rows up to `seen` that are dated apart from
    their booking count where they are dated.
    """

    position: int
    through: date | None = None
    seen: int = 0


async def statement(source: Source, account: AccountId, first: date, last: date, zone: tzinfo) -> Statement | None:
    """The account over the business days from `first` to `last` in `zone`; None if there is no such account."""
    assert first <= last, "a statement goes forwards"
    found = await source.account(account)
    if found is None:
        return None
    after = await source.position_at(starts_at(first, zone) - _INSTANT)
    through = await source.position_at(ends_at(last, zone) - _INSTANT)
    opening = await source.balances_at(account, position=after)
    closing = await source.balances_at(account, position=through)
    assert opening is not None, "an account stays"
    assert closing is not None, "an account stays"
    return Statement(found, first, last, opening, closing, after, through)


async def lines(source: Source, of: Statement) -> AsyncIterator[Movement]:
    """What moved on a statement, oldest first."""
    after = of.after
    while page := await source.movements_between(of.account.id, after=after, through=of.through, limit=_PAGE):
        for movement in page:
            yield movement
        after = page[-1].position


async def mini_statement(source: Source, account: AccountId, limit: int = 5) -> MiniStatement | None:
    """The last movements and the balances after them, of one moment; None if there is no such account."""
    found = await source.movements(account, limit=limit)
    balances = found[0].balances if found else await source.balances_at(account, position=0)
    return None if balances is None else MiniStatement(balances, found)


async def cut_through(source: Source, day: date, zone: tzinfo) -> Cut:
    """By effective date at the end of a business day in `zone`, with all that is known of it by now."""
    position = await source.position_at(ends_at(day, zone) - _INSTANT)
    return Cut(position, day, (await source.head()).position)


async def trial_balance(source: Balanced, cut: Cut) -> AsyncIterator[tuple[Account, int, int]]:
    """Debits and credits of every account at a cut, in minor units, in order of codes."""
    debits, credits_ = {}, {}
    if cut.through is not None:
        debits = dict(await source.shifts("debit", cut.position, cut.through, cut.seen))
        credits_ = dict(await source.shifts("credit", cut.position, cut.through, cut.seen))
    after = ""
    while page := await source.accounts(after_code=after, limit=_PAGE, position=cut.position):
        for account, balances in page:
            debited = balances.debits_posted + debits.get(account.id, 0)
            yield account, debited, balances.credits_posted + credits_.get(account.id, 0)
        after = page[-1][0].code


async def role_sums(source: Balanced, cut: Cut) -> list[RoleSum]:
    """The trial balance summed by kind, role and asset, in that order.

    Raises:
        LedgerCorrupt: Debits and credits of an asset differ.
    """
    found = await summed(source, cut)
    assert_zero(found)
    return found


async def summed(source: Balanced, cut: Cut, *, idle: bool = True) -> list[RoleSum]:
    """The same, whether or not debits equal credits; without `idle` accounts are left out that nothing moved by then.

    Each account is looked up, some thousands in a second.
    """
    sums: dict[tuple[str, str, str], tuple[int, int, int]] = {}
    async for account, debited, credited in trial_balance(source, cut):
        if not (idle or debited or credited):
            continue
        key = account.kind.value, account.role, account.asset.code
        count, debits, credits_ = sums.get(key, (0, 0, 0))
        sums[key] = count + 1, debits + debited, credits_ + credited
    return [RoleSum(*key, *figures) for key, figures in sorted(sums.items())]


def assert_zero(sums: Sequence[RoleSum]) -> None:
    """Make sure that debits equal credits for each asset.

    Raises:
        LedgerCorrupt: They differ.
    """
    differences: dict[str, int] = {}
    for row in sums:
        differences[row.asset] = differences.get(row.asset, 0) + row.debits_posted - row.credits_posted
    wrong = {asset: minor for asset, minor in differences.items() if minor}
    if wrong:
        raise LedgerCorrupt(f"debits and credits differ: {wrong}")
