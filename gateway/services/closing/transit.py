"""Money on its way: how much of what lies on an account has lain there too long."""

from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta, tzinfo

from gateway.services.closing.ports import Book
from wallet.accounts import Account, Chart
from wallet.periods import ends_at
from wallet.transfers import Movement

_PAGE = 1000
_INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Standing:
    """An account through which money passes, at the end of a day.

    Attributes:
        code: Of the account.
        balance_minor: On the side on which it grows; negative on the other.
        stuck_minor: How much has lain there since before the end of `since`.
        since: The day at whose end the time that it may take began.
    """

    code: str
    role: str
    asset: str
    balance_minor: int
    stuck_minor: int
    since: date


@dataclass(slots=True)
class Passing:
    """What became of the `was` minor units that lay there when a time began: fed with everything that moved since.

    Money that came in meanwhile and went out for the same cause does not count as clearing what was there before; all
    else that went out does. So one item that is stuck shows among any number that pass, as long as items have causes
    of their own; where many are cleared by one booking, the oldest money is taken to go first.
    """

    was: int
    _out: int = 0
    _balance: int = 0
    _causes: dict[str, list[int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._balance = self.was

    def move(self, movement: Movement) -> None:
        """Take what moved next."""
        transfer = movement.transfer
        if not transfer.kind.moves:
            return
        minor = transfer.amount.minor
        self._balance += -minor if movement.is_debit else minor
        if movement.is_debit == (self.was > 0):
            self._out += minor
            self._causes.setdefault(transfer.cause, [0, 0])[1] += minor
        else:
            self._causes.setdefault(transfer.cause, [0, 0])[0] += minor

    @property
    def balance(self) -> int:
        """What lies there now."""
        return self._balance

    @property
    def stuck(self) -> int:
        """How much of `was` lies there still; never negative."""
        through = sum(min(came, went) for came, went in self._causes.values())
        left = abs(self.was) - (self._out - through)
        here = self._balance if self.was > 0 else -self._balance
        return max(0, min(left, here))


class Transit:
    """Reads the accounts of some roles; `days` says for each role how many days money may lie there."""

    def __init__(self, book: Book, chart: Chart, zone: tzinfo, days: Mapping[str, int]) -> None:
        self._book = book
        self._chart = chart
        self._zone = zone
        self._days = days

    async def standings(self, day: date) -> list[Standing]:
        """Every account of these roles on which anything lay when its time began, as of a day's end."""
        found = list[Standing]()
        for role, days in sorted(self._days.items()):
            since = day - timedelta(days=days)
            begins, ends = await self._position(since), await self._position(day)
            async for account, was in self._accounts(role, begins):
                found.append(await self._standing(account, was, since, range(begins, ends)))
        return found

    async def _standing(self, account: Account, was: int, since: date, log: range) -> Standing:
        passing, after = Passing(was), log.start
        while page := await self._book.movements_between(account.id, after=after, through=log.stop, limit=_PAGE):
            _move(passing, page)
            after = page[-1].position
        return Standing(account.code, account.role, account.asset.code, passing.balance, passing.stuck, since)

    async def _accounts(self, role: str, position: int) -> AsyncIterator[tuple[Account, int]]:
        """Accounts of a role with anything on them at a position; codes of one role stand together."""
        prefix = f"{self._chart.roles[role].kind.value}:{role}:"
        after = prefix
        while page := await self._book.accounts(after_code=after, limit=_PAGE, position=position):
            for account, balances in page:
                if not account.code.startswith(prefix):
                    return
                if balances.net_credit:
                    yield account, balances.net_credit
            after = page[-1][0].code

    async def _position(self, day: date) -> int:
        return await self._book.position_at(ends_at(day, self._zone) - _INSTANT)


def _move(passing: Passing, page: Iterable[Movement]) -> None:
    for movement in page:
        passing.move(movement)
