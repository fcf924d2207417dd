"""Reading the ledger for people: sums by role, the newest rows of the log, accounts by name."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gateway.channels.console.ledger_desks import Book
from wallet.accounts import Account, Chart, NormalSide
from wallet.ids import AccountId
from wallet.transfers import LogRow, RoleSum


@dataclass(frozen=True, slots=True)
class GroupSum:
    """Posted sums of all accounts of one kind and role, as `liability:wallet`, in one asset."""

    name: str
    asset: str
    accounts: int
    debited: int
    credited: int
    balance: int
    """On the side on which the role grows."""


def sums(rows: Iterable[RoleSum], chart: Chart) -> list[GroupSum]:
    """The trial balance by kind and role, in order of their names."""
    groups = [
        (f"{row.kind}:{row.role}", row.asset, row.accounts, row.debits_posted, row.credits_posted) for row in rows
    ]
    return [
        GroupSum(name, asset, accounts, debited, credited, _on_side(name, chart, debited, credited))
        for name, asset, accounts, debited, credited in sorted(groups)
    ]


def _on_side(name: str, chart: Chart, debited: int, credited: int) -> int:
    role = chart.roles.get(name.partition(":")[2])
    return debited - credited if role is not None and role.normal is NormalSide.DEBIT else credited - debited


async def newest(book: Book, *, before: int, limit: int) -> list[LogRow]:
    """The last `limit` rows of positions below `before`, newest first."""
    first = max(1, before - limit)
    rows = await book.follow(after=first - 1, limit=max(0, before - first)) if before > first else []
    return [row for row in reversed(rows) if row.position < before]


class AccountNames:
    """Accounts by id, each asked for once; made anew for each request."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self._known: dict[AccountId, Account] = {}

    async def of(self, rows: Sequence[LogRow]) -> dict[AccountId, Account]:
        """The accounts on both sides of these rows."""
        for row in rows:
            for which in (row.transfer.debit, row.transfer.credit):
                if which not in self._known:
                    found = await self._book.account(which)
                    if found is not None:
                        self._known[which] = found
        return self._known
