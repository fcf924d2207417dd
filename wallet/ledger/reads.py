"""Reading committed rows, outside the writer: a read never waits for a group, nor a group for a read."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from sqlalchemy import Row, Select, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from wallet.accounts import Account, AccountState
from wallet.errors import LedgerUnavailable
from wallet.ids import AccountId, TransferId
from wallet.ledger import asof, rows, schema
from wallet.ledger.asof import Which
from wallet.ledger.book import Booked
from wallet.ledger.chain import Block
from wallet.ledger.faults import UNREACHABLE
from wallet.ledger.periods import Closed
from wallet.periods import Period
from wallet.transfers import Balances, LogRow, Movement, PostResult, RoleSum

POSITION_MAX = 2**63 - 1
READ_S = 15.0
"""How long one read may take."""
SUMS_S = 300.0
"""How long the sums over every account may take."""

_transfer, _account, _hold = schema.transfer, schema.account, schema.open_hold


@dataclass(frozen=True, slots=True)
class Head:
    """The end of the log: what was committed last, and the hash that vouches for all before it."""

    position: int
    block: int
    hash: bytes
    booked_at: datetime


class Reads:
    """All that may be asked of the book."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._dialect = engine.dialect.name

    async def account(self, account: AccountId) -> tuple[Account, AccountState, Balances] | None:
        """An account with its state and its balances now."""
        found = await self._all(select(_account).where(_account.c.id == account))
        return rows.account_of(found[0]) if found else None

    async def accounts_among(self, ids: Collection[AccountId]) -> list[Account]:
        """Those of these accounts that there are, in no order; at most some thousands at once."""
        return [rows.account_of(row)[0] for row in await self._all(select(_account).where(_account.c.id.in_(ids)))]

    async def accounts(self, after_code: str, limit: int) -> list[tuple[Account, AccountState, Balances]]:
        """Accounts in order of their codes."""
        query = select(_account).where(_account.c.code > after_code).order_by(_account.c.code).limit(limit)
        return [rows.account_of(row) for row in await self._all(query)]

    async def accounts_at(self, position: int, after_code: str, limit: int) -> list[tuple[Account, Balances]]:
        """Accounts as of a position in order of their codes."""
        return await self._standing(Which.BY_CODE, position=position, after=after_code, page=limit)

    async def standings(
        self, position: int, *, limit: int, after: AccountId | None = None
    ) -> list[tuple[Account, Balances]]:
        """Accounts as of a position in order of their ids, which is the same on every database."""
        if after is None:
            return await self._standing(Which.BY_ID, position=position, page=limit)
        return await self._standing(Which.BY_LATER_ID, position=position, after=after, page=limit)

    async def shifts(
        self, side: Literal["debit", "credit"], position: int, through: date, seen: int
    ) -> dict[AccountId, int]:
        """What rows with an effective date of their own add to one side of their accounts; see asof.shifted."""
        found = await self._all(asof.shifted(side, position, through, seen), timeout_s=SUMS_S)
        return dict(asof.shift_of(row) for row in found)

    async def is_late(self, through: date, after: int) -> bool:
        """Whether anything after a position moves money and is dated through a day."""
        return bool(await self._all(asof.late(through, after), timeout_s=SUMS_S))

    async def closed(self) -> Closed:
        """How far the book is closed."""
        (row,) = await self._all(select(schema.head))
        return Closed(row.closed_through, row.soft_through)

    async def periods(self) -> list[Period]:
        """Every closing, in the order in which they were made."""
        columns = schema.period.c
        found = await self._all(select(schema.period).order_by(columns.block, columns.place))
        return [rows.period_of(row) for row in found]

    async def balances_at(self, account: AccountId, position: int) -> Balances | None:
        """The account's balances as of a position; None if there is no such account."""
        found = await self._standing(Which.ONE, position=position, own=account)
        return found[0][1] if found else None

    async def position_at(self, at: datetime) -> int:
        """The last position booked at a moment or before; 0 if there is none."""
        found = await self._all(asof.position_at(), {"at": at})
        return int(found[0][0]) if found else 0

    async def role_sums(self) -> list[RoleSum]:
        """Posted sums by kind, role and asset, of one moment."""
        found = await self._all(asof.role_sums(), timeout_s=SUMS_S)
        return [RoleSum(*asof.role_sum_of(row)) for row in found]

    async def transfer(self, transfer: TransferId) -> LogRow | None:
        """The committed transfer with this id."""
        found = await self._log(select(_transfer).where(_transfer.c.id == transfer))
        return found[0] if found else None

    async def result(self, transfer: TransferId) -> PostResult | None:
        """The first answer to this id."""
        booked = await self._all(select(_transfer).where(_transfer.c.id == transfer))
        if booked:
            return rows.first_result_of(rows.booked_of(booked[0]))
        refused = await self._all(select(schema.refusal).where(schema.refusal.c.id == transfer))
        return rows.first_result_of(rows.refused_of(refused[0])) if refused else None

    async def caused_by(self, cause: str) -> list[LogRow]:
        """Committed transfers with this cause, oldest first."""
        return await self._log(select(_transfer).where(_transfer.c.cause == cause).order_by(_transfer.c.position))

    async def citing(self, transfer: TransferId) -> list[LogRow]:
        """Committed transfers that cite this one, oldest first."""
        return await self._log(select(_transfer).where(_transfer.c.cites == transfer).order_by(_transfer.c.position))

    async def coded(self, codes: Collection[int], after: int, through: int, limit: int) -> list[LogRow]:
        """Transfers for these reasons, of positions above `after` and up to `through`, oldest first."""
        query = select(_transfer).where(_transfer.c.position > after, _transfer.c.position <= through)
        query = query.where(_transfer.c.code.in_(sorted(codes))).order_by(_transfer.c.position).limit(limit)
        return [rows.log_row_of(rows.booked_of(row)) for row in await self._all(query, timeout_s=SUMS_S)]

    async def transfers_among(self, ids: Collection[TransferId]) -> list[LogRow]:
        """Those of these transfers that there are, in no order."""
        return await self._log(select(_transfer).where(_transfer.c.id.in_(ids)))

    async def late(self, first: int, last: int, after: int, limit: int) -> list[LogRow]:
        """Transfers after a position that cite one of a run of positions, oldest first."""
        cited = _transfer.alias("cited")
        query = select(_transfer).join(cited, cited.c.id == _transfer.c.cites)
        # Said once more, since only rows that cite are in the index.
        query = query.where(_transfer.c.cites.is_not(None), _transfer.c.position > after)
        query = query.where(cited.c.position > first, cited.c.position <= last)
        return await self._log(query.order_by(_transfer.c.position).limit(limit))

    async def follow(self, after: int, limit: int) -> list[LogRow]:
        """The log from after a position on."""
        query = select(_transfer).where(_transfer.c.position > after).order_by(_transfer.c.position).limit(limit)
        return await self._log(query)

    async def open_holds(self, account: AccountId) -> list[LogRow]:
        """Unresolved holds on this account's debit side, oldest first."""
        query = select(_transfer).join(_hold, _hold.c.position == _transfer.c.position)
        return await self._log(query.where(_hold.c.debit_id == account).order_by(_hold.c.position))

    async def movements(self, account: AccountId, limit: int, before: int | None) -> list[Movement]:
        """The account's last movements, newest first, below a position."""
        through = POSITION_MAX if before is None else before - 1
        return await self._movements(account, after=0, through=through, limit=limit, newest=True)

    async def movements_between(self, account: AccountId, after: int, through: int, limit: int) -> list[Movement]:
        """The account's first movements, oldest first, of positions above `after` and up to `through`."""
        return await self._movements(account, after=after, through=through, limit=limit, newest=False)

    async def head(self) -> Head:
        """The end of the log."""
        (row,) = await self._all(select(schema.head))
        return Head(row.position, row.block, row.hash, row.moved_at)

    async def block(self, number: int) -> Block | None:
        """The block with this number."""
        found = await self._all(select(schema.block).where(schema.block.c.number == number))
        return rows.block_of(found[0]) if found else None

    @asynccontextmanager
    async def connection(self, *, timeout_s: float | None = READ_S) -> AsyncIterator[AsyncConnection]:
        """A connection for reading.

        Raises:
            LedgerUnavailable: The database cannot be reached or answers too late.
        """
        try:
            async with asyncio.timeout(timeout_s), self._engine.connect() as connection:
                yield connection
        except UNREACHABLE as fault:
            raise LedgerUnavailable("the ledger's database does not answer") from fault

    async def _movements(
        self, account: AccountId, *, after: int, through: int, limit: int, newest: bool
    ) -> list[Movement]:
        found: list[Movement] = []
        async with self.connection() as connection:
            for side in ("debit", "credit"):
                values = {"own": account, "after": after, "through": through, "page": limit}
                rows_ = await connection.execute(asof.movements(self._dialect, side, newest=newest), values)
                found += [_movement(rows.booked_of(row), is_debit=side == "debit") for row in rows_]
        return sorted(found, key=lambda movement: movement.position, reverse=newest)[:limit]

    async def _standing(self, which: Which, **values: object) -> list[tuple[Account, Balances]]:
        return [asof.standing_of(row) for row in await self._all(asof.standing(self._dialect, which), values)]

    async def _all(
        self, query: Select[Any], values: Mapping[str, object] | None = None, *, timeout_s: float = READ_S
    ) -> Sequence[Row[Any]]:
        async with self.connection(timeout_s=timeout_s) as connection:
            return (await connection.execute(query, values)).all()

    async def _log(self, query: Select[Any]) -> list[LogRow]:
        return [rows.log_row_of(rows.booked_of(row)) for row in await self._all(query)]


def _movement(row: Booked, *, is_debit: bool) -> Movement:
    transfer = row.transfer
    balances = row.after.debit if is_debit else row.after.credit
    counterparty = transfer.credit if is_debit else transfer.debit
    return Movement(row.position, transfer, row.booked_at, is_debit, balances, counterparty)
