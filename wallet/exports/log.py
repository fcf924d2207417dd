"""The log with readable accounts, page by page; what every export starts from."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from wallet.accounts import Account
from wallet.ids import AccountId
from wallet.transfers import Balances, LogRow

_PAGE = 1000
_KNOWN_MAX = 100_000


class End(Protocol):
    """Where the log ends."""

    @property
    def position(self) -> int:
        """Its last position."""
        ...


class Source(Protocol):
    """What an export needs of the ledger."""

    async def head(self) -> End:
        """The end of the log: an export goes so far and no further, however long it takes."""
        ...

    async def follow(self, *, after: int, limit: int = 1000) -> Sequence[LogRow]:
        """The log from a position on."""
        ...

    async def account(self, account: AccountId) -> Account | None:
        """An account by id."""
        ...

    async def accounts(
        self, *, after_code: str = "", limit: int = 1000, position: int | None = None
    ) -> list[tuple[Account, Balances]]:
        """Accounts in order of their codes, as of a position."""
        ...


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the log with its accounts."""

    row: LogRow
    debit: Account
    credit: Account


async def lines(source: Source, through: int) -> AsyncIterator[Line]:
    """Every row of the log up to a position."""
    known: dict[AccountId, Account] = {}
    after = 0
    while after < through and (page := await source.follow(after=after, limit=min(_PAGE, through - after))):
        for row in page:
            debit = await _account(source, known, row.transfer.debit)
            yield Line(row, debit, await _account(source, known, row.transfer.credit))
        after = page[-1].position
        if len(known) > _KNOWN_MAX:
            known.clear()


async def all_accounts(source: Source, position: int) -> AsyncIterator[tuple[Account, Balances]]:
    """Every account in order of its code, with its balances as of a position."""
    after = ""
    while page := await source.accounts(after_code=after, limit=_PAGE, position=position):
        for account, balances in page:
            yield account, balances
        after = page[-1][0].code


async def _account(source: Source, known: dict[AccountId, Account], id_: AccountId) -> Account:
    if id_ not in known:
        account = await source.account(id_)
        assert account is not None, "a transfer's accounts exist by foreign key"
        known[id_] = account
    return known[id_]
