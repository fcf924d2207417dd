"""Reading committed rows, outside the writer: a read never waits for a group, nor a group for a read."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, Row, Select, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from wallet.accounts import Account, AccountState
from wallet.errors import LedgerUnavailable
from wallet.ids import AccountId, TransferId
from wallet.ledger import rows, schema
from wallet.ledger.book import Booked
from wallet.ledger.chain import Block
from wallet.ledger.faults import UNREACHABLE
from wallet.transfers import Balances, LogRow, Movement, PostResult, TrialBalanceRow

READ_S = 15.0
"""How long one read may take."""

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

    async def account(self, account: AccountId) -> tuple[Account, AccountState, Balances] | None:
        """An account with its state and its balances now."""
        found = await self._all(select(_account).where(_account.c.id == account))
        return rows.account_of(found[0]) if found else None

    async def accounts(self, after_code: str, limit: int) -> list[tuple[Account, AccountState, Balances]]:
        """Accounts in order of their codes."""
        query = select(_account).where(_account.c.code > after_code).order_by(_account.c.code).limit(limit)
        return [rows.account_of(row) for row in await self._all(query)]

    async def trial_balance(self) -> list[TrialBalanceRow]:
        """Every account's posted sums, of one moment."""
        columns = _account.c
        query = select(columns.id, columns.code, columns.asset, columns.debits_posted, columns.credits_posted)
        return [TrialBalanceRow(*row) for row in await self._all(query.order_by(columns.code))]

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
        async with self.connection() as connection:
            bound = None if before is None else await self._row_at(connection, before)
            found: list[Movement] = []
            for side in ("debit", "credit"):
                query = _side_movements(account, side, limit, before, bound)
                rows_ = await connection.execute(query)
                found += [_movement(rows.booked_of(row), is_debit=side == "debit") for row in rows_]
        return sorted(found, key=lambda movement: -movement.position)[:limit]

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

    async def _row_at(self, connection: AsyncConnection, position: int) -> Booked | None:
        found = (await connection.execute(select(_transfer).where(_transfer.c.position == position))).one_or_none()
        return None if found is None else rows.booked_of(found)

    async def _all(self, query: Select[Any]) -> Sequence[Row[Any]]:
        async with self.connection() as connection:
            return (await connection.execute(query)).all()

    async def _log(self, query: Select[Any]) -> list[LogRow]:
        return [rows.log_row_of(rows.booked_of(row)) for row in await self._all(query)]


def _side_movements(
    account: AccountId, side: Literal["debit", "credit"], limit: int, before: int | None, bound: Booked | None
) -> Select[Any]:
    id_, version = _transfer.c[f"{side}_id"], _transfer.c[f"{side}_version"]
    query = select(_transfer).where(id_ == account).order_by(version.desc()).limit(limit)
    return query if before is None else query.where(_below(account, version, before, bound))


def _below(account: AccountId, version: ColumnElement[int], before: int, bound: Booked | None) -> ColumnElement[bool]:
    """Rows below a position: by the account's version when the row there touches it, which one index answers."""
    if bound is not None and bound.transfer.debit == account:
        return version < bound.after.debit.version
    if bound is not None and bound.transfer.credit == account:
        return version < bound.after.credit.version
    return _transfer.c.position < before


def _movement(row: Booked, *, is_debit: bool) -> Movement:
    transfer = row.transfer
    balances = row.after.debit if is_debit else row.after.credit
    counterparty = transfer.credit if is_debit else transfer.debit
    return Movement(row.position, transfer, row.booked_at, is_debit, balances, counterparty)
