"""What reports need of others."""

from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from typing import Protocol

from wallet.accounts import Account, Chart
from wallet.ids import AccountId
from wallet.ledger import Moved
from wallet.periods import ends_at, starts_at
from wallet.statements import Source
from wallet.transfers import Balances

_PAGE = 500
_INSTANT = timedelta(microseconds=1)


class Ledger(Source, Protocol):
    """The ledger, read only. Satisfied by wallet.ledger.Ledger."""

    async def accounts_among(self, ids: Collection[AccountId]) -> list[Account]:
        """Those of these accounts that there are."""
        ...


class Stretches(Protocol):
    """What moved in a stretch of the log. Satisfied by the ledger's lookups."""

    async def moved(self, role: str, *, after: int, through: int) -> list[Moved]:
        """By account, code and kind, on the accounts of a role."""
        ...


class Names(Protocol):
    """What owners of accounts are called."""

    async def names(self, ids: Collection[str]) -> Mapping[str, str]:
        """By id; who has no name is left out."""
        ...


@dataclass(frozen=True, slots=True)
class Parts:
    """What reports are made of."""

    ledger: Ledger
    stretches: Stretches
    chart: Chart
    zone: tzinfo
    merchants: Names
    providers: Names

    async def before(self, day: date) -> int:
        """The last position booked before a business day."""
        return await self._until(starts_at(day, self.zone))

    async def end_of(self, day: date) -> int:
        """The last position booked by the end of a business day."""
        return await self._until(ends_at(day, self.zone))

    async def accounts(self, prefix: str, position: int) -> AsyncIterator[tuple[Account, Balances]]:
        """Accounts whose codes begin so, with their balances as of a position, in order of codes."""
        after = prefix
        while page := await self.ledger.accounts(after_code=after, limit=_PAGE, position=position):
            for account, balances in page:
                if not account.code.startswith(prefix):
                    return
                yield account, balances
            after = page[-1][0].code

    async def of_role(self, role: str, position: int) -> AsyncIterator[tuple[Account, Balances]]:
        """The accounts of a role of the chart, the same way."""
        async for one in self.accounts(f"{self.chart.roles[role].kind.value}:{role}:", position):
            yield one

    async def _until(self, moment: datetime) -> int:
        return await self.ledger.position_at(moment - _INSTANT)
