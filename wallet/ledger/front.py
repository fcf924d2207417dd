"""The ledger's front door: what the rest of the house may call."""

import asyncio
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Literal

from sqlalchemy import Connection, Engine

from wallet.accounts import Account, AccountChange, AccountState, ChangeOutcome, Limits
from wallet.clock import Clock
from wallet.errors import LedgerUnavailable
from wallet.ids import AccountId, TransferId
from wallet.ledger import engines, migrations
from wallet.ledger.chain import Block
from wallet.ledger.check import Finding, Progress, Verified
from wallet.ledger.faults import UNREACHABLE
from wallet.ledger.lookups import Lookups
from wallet.ledger.periods import Closing
from wallet.ledger.reads import Head, Reads
from wallet.ledger.verify import verify
from wallet.ledger.writer import Writer
from wallet.money import ASSETS
from wallet.periods import Period, PeriodClose, PeriodOutcome, PeriodState, ends_at, recompute
from wallet.transfers import Balances, LogRow, Movement, PostResult, RoleSum, Transfer, TransferCode

_OPEN_S = 30.0
_CLOSE_S = 30.0
_KNOWN_MAX = 100_000
_CAUSE_MAX = 200
_LIMIT_MAX = 2**63 - 1


class Ledger:
    """Accounts and transfers in one database, written by one grouping writer per process.

    Use `await Ledger.open(url, clock)` and `await ledger.close()`.
    """

    def __init__(self, url: str, databases: engines.Engines, clock: Clock, queue_max: int, zone: tzinfo) -> None:
        self._url = url
        self._databases = databases
        self._zone = zone
        self._writer = Writer(databases, clock, queue_max)
        self._reads = Reads(databases.reader)
        self.lookups = Lookups(self._reads, databases.reader.dialect.name)
        self._tasks = asyncio.TaskGroup()
        self._opened: set[AccountId] = set()

    @classmethod
    async def open(cls, url: str, clock: Clock, *, queue_max: int = 20_000, zone: tzinfo = UTC) -> "Ledger":
        """Open `sqlite:///path.db` or `postgresql://…/db`; the schema must have been made by `upgrade`.

        Business days begin and end in `zone`.

        Raises:
            LedgerUnavailable: The database cannot be reached.
            LedgerCorrupt: The schema is not the current one, or a trigger that keeps rows immutable is missing.
        """
        databases = engines.connect(url)
        try:
            async with asyncio.timeout(_OPEN_S):
                await _run(databases, migrations.check)
        except UNREACHABLE as fault:
            await databases.close()
            raise LedgerUnavailable("the ledger's database cannot be reached") from fault
        except BaseException:
            await databases.close()
            raise
        ledger = cls(url, databases, clock, queue_max, zone)
        # The task group lives as long as the ledger: entered here, left in `close`.
        await ledger._tasks.__aenter__()
        ledger._tasks.create_task(ledger._writer.run(), name="ledger writer")
        return ledger

    @staticmethod
    async def upgrade(url: str) -> None:
        """Make or migrate the schema, forwards only; harmless when it is current.

        On PostgreSQL gateways of the version before may go on posting until its last seconds, see `migrations`.

        Raises:
            LedgerUnavailable: The database cannot be reached, or stays in use.
            LedgerCorrupt: A row of the old book contradicts its schema; the book stays of its version.
        """
        databases = engines.connect(url)
        try:
            await migrations.upgrade(databases)
        finally:
            await databases.close()

    async def close(self) -> None:
        """Commit what waits, then let go of the database."""
        self._writer.stop()
        try:
            async with asyncio.timeout(_CLOSE_S):
                await self._tasks.__aexit__(None, None, None)
        finally:
            await self._databases.close()

    async def open_accounts(self, *accounts: Account) -> None:
        """Open these accounts; one that is open already stays as it is."""
        for account in accounts:
            _assert_openable(account)
        fresh = [account for account in accounts if account.id not in self._opened]
        if not fresh:
            return
        await self._writer.open_accounts(fresh)
        if len(self._opened) > _KNOWN_MAX:
            self._opened.clear()
        self._opened.update(account.id for account in fresh)

    async def change(self, change: AccountChange) -> ChangeOutcome:
        """Freeze, close or reopen an account, or give it other limits; sealed in the log as transfers are."""
        assert _is_line(change.cause), "a cause is one short printable line"
        assert change.limits is None or _fit(change.limits), "a limit fits its column"
        return await self._writer.change(change)

    async def post(self, *transfers: Transfer) -> list[PostResult]:
        """Post one call's transfers; results in the order of the arguments, after COMMIT.

        Transfers joined by `linked` stand or fall together as one entry. Unlinked ones stand alone.

        Raises:
            LedgerBusy: The queue is full; nothing was taken.
            LedgerUnavailable: The database is gone; ask again with the same ids.
        """
        for transfer in transfers:
            _assert_storable(transfer)
        return await self._writer.post(transfers)

    async def balances(self, account: AccountId) -> Balances | None:
        """The account's balances now; None if there is no such account."""
        found = await self._reads.account(account)
        return None if found is None else found[2]

    async def account(self, account: AccountId) -> Account | None:
        """The account with this id."""
        found = await self._reads.account(account)
        return None if found is None else found[0]

    async def accounts_among(self, ids: Collection[AccountId]) -> list[Account]:
        """Those of these accounts that there are, in no order; at most some thousands at once."""
        return await self._reads.accounts_among(ids)

    async def state(self, account: AccountId) -> AccountState | None:
        """Whether the account takes transfers; None if there is no such account."""
        found = await self._reads.account(account)
        return None if found is None else found[1]

    async def balances_at(
        self, account: AccountId, *, position: int | None = None, at: datetime | None = None
    ) -> Balances | None:
        """The account's balances right after a position of the log or at a moment; now, without either.

        All zero before its first transfer; None if there is no such account.
        """
        assert position is None or at is None, "a position or a moment, not both"
        if at is not None:
            position = await self._reads.position_at(at)
        return await self.balances(account) if position is None else await self._reads.balances_at(account, position)

    async def position_at(self, at: datetime) -> int:
        """The last position of the log that was booked at a moment or before; 0 if there is none."""
        return await self._reads.position_at(at)

    async def accounts(
        self, *, after_code: str = "", limit: int = 1000, position: int | None = None
    ) -> list[tuple[Account, Balances]]:
        """Accounts with their balances in order of their codes, from after `after_code`; as of a position if given."""
        if position is not None:
            return await self._reads.accounts_at(position, after_code, limit)
        return [(account, balances) for account, _, balances in await self._reads.accounts(after_code, limit)]

    async def movements(self, account: AccountId, *, limit: int, before: int | None = None) -> list[Movement]:
        """The account's last movements, newest first, of log positions below `before`."""
        return await self._reads.movements(account, limit, before)

    async def movements_between(self, account: AccountId, *, after: int, through: int, limit: int) -> list[Movement]:
        """The account's first movements, oldest first, of log positions above `after` and up to `through`."""
        return await self._reads.movements_between(account, after, through, limit)

    async def transfer(self, transfer: TransferId) -> LogRow | None:
        """The committed transfer with this id."""
        return await self._reads.transfer(transfer)

    async def result(self, transfer: TransferId) -> PostResult | None:
        """What the ledger answered to this id, refusals included; None if it never saw it."""
        return await self._reads.result(transfer)

    async def caused_by(self, cause: str) -> list[LogRow]:
        """All committed transfers with this cause, oldest first."""
        return await self._reads.caused_by(cause)

    async def citing(self, transfer: TransferId) -> list[LogRow]:
        """All committed transfers that cite this one, oldest first: its reversals and corrections."""
        return await self._reads.citing(transfer)

    async def coded(self, codes: Collection[TransferCode], *, after: int, through: int, limit: int) -> list[LogRow]:
        """The first transfers for these reasons, oldest first, of log positions above `after` and up to `through`."""
        return await self._reads.coded(codes, after, through, limit)

    async def transfers_among(self, ids: Collection[TransferId]) -> list[LogRow]:
        """Those of these transfers that are committed, in no order; at most some thousands at once."""
        return await self._reads.transfers_among(ids)

    async def late(self, first: int, last: int, *, after: int, limit: int) -> list[LogRow]:
        """Transfers after position `after` that cite one of positions above `first` and up to `last`, oldest first."""
        return await self._reads.late(first, last, after, limit)

    async def follow(self, *, after: int, limit: int = 1000) -> Sequence[LogRow]:
        """The log from position `after` + 1 on; never skips one."""
        return await self._reads.follow(after, limit)

    async def trial_balance(self) -> list[RoleSum]:
        """Today's posted sums by kind, role and asset, of one moment; debits equal credits for each asset."""
        return await self._reads.role_sums()

    async def standings(
        self, position: int, *, limit: int, after: AccountId | None = None
    ) -> list[tuple[Account, Balances]]:
        """Accounts with their balances as of a position in order of their ids, from after `after`."""
        return await self._reads.standings(position, limit=limit, after=after)

    async def shifts(
        self, side: Literal["debit", "credit"], position: int, through: date, seen: int
    ) -> dict[AccountId, int]:
        """What rows dated apart from their booking add to one side of their accounts through a business day.

        `position` is the last one booked before that day's end; rows after `seen` are left out.
        """
        return await self._reads.shifts(side, position, through, seen)

    async def close_period(self, asked: PeriodClose) -> PeriodOutcome:
        """Close the book through a business day, softly or for good; sealed in the log as transfers are.

        The final closing computes its trial balance before the writer is asked, without disturbing it.
        """
        assert _is_line(asked.cause), "a cause is one short printable line"
        closing = Closing(asked, ends_at(asked.through, self._zone))
        if asked.state is PeriodState.CLOSED and (await self._reads.closed()).is_soft(asked.through):
            closing = await self._computed(closing)
            if asked.seal not in {None, closing.seal}:
                return PeriodOutcome.DIFFERS
        return await self._writer.close_period(closing)

    async def _computed(self, closing: Closing) -> Closing:
        through = closing.asked.through
        position = await self._reads.position_at(closing.ends_at - timedelta(microseconds=1))
        seen = (await self._reads.head()).position
        seal = await recompute(self._reads, through, position, seen)
        # What came in meanwhile is looked through here, so that the group has little left to look through.
        now_seen = (await self._reads.head()).position
        if not await self._reads.is_late(through, seen):
            seen = now_seen
        return replace(closing, position=position, seal=seal, seen=seen)

    async def periods(self) -> list[Period]:
        """Every closing of a period, in the order in which they were made."""
        return await self._reads.periods()

    async def expire_holds(self, *, limit: int = 1000) -> int:
        """Write an EXPIRE for holds whose time is over; how many were written."""
        return await self._writer.expire_holds(limit)

    async def open_holds(self, account: AccountId) -> list[LogRow]:
        """Holds on this account's debit side that are not resolved."""
        return await self._reads.open_holds(account)

    async def head(self) -> Head:
        """The end of the log and the hash over it, for publishing."""
        return await self._reads.head()

    async def block(self, number: int) -> Block | None:
        """The seal of the group with this number, from 1; None if the log is not that long."""
        return await self._reads.block(number)

    async def verify(self, progress: Progress | None = None) -> Verified:
        """Re-read everything and name the first wrong row; `progress` gets positions read and all of them."""
        return await verify(self._url, progress)

    @staticmethod
    async def verify_at(url: str, progress: Progress | None = None) -> Verified:
        """The same of a read replica or a restored copy, which need not be open: nothing is written, not even a lock.

        Raises:
            LedgerUnavailable: The database cannot be reached, or there is no ledger in it.
            LedgerCorrupt: Its schema is of another version.
        """
        return await verify(url, progress)


async def _run(databases: engines.Engines, work: Callable[[Connection], None]) -> None:
    """Run `work` in a transaction of the writing engine, SQLite's in a thread since its calls block."""
    if databases.postgresql is not None:
        async with databases.postgresql.begin() as connection:
            await connection.run_sync(work)
    elif databases.sqlite is not None:
        await asyncio.to_thread(_run_sqlite, databases.sqlite, work)


def _run_sqlite(engine: Engine, work: Callable[[Connection], None]) -> None:
    with engine.begin() as connection:
        work(connection)


def _assert_openable(account: Account) -> None:
    assert ASSETS.get(account.asset.code) == account.asset, "not an asset of ours"
    assert _fit(account.limits), "a limit fits its column"
    bounds = (account.limits.debit_excess_max, account.limits.credit_excess_max)
    assert all(bound is None or bound >= 0 for bound in bounds), "an account opens empty, so within its limits"


def _is_line(cause: str) -> bool:
    return 0 < len(cause) <= _CAUSE_MAX and cause.isprintable()


def _fit(limits: Limits) -> bool:
    bounds = (limits.debit_excess_max, limits.credit_excess_max)
    return all(bound is None or (type(bound) is int and -_LIMIT_MAX <= bound <= _LIMIT_MAX) for bound in bounds)


def _assert_storable(transfer: Transfer) -> None:
    """What no honest caller sends, and what would spoil the group of all others."""
    assert type(transfer.amount.minor) is int, "money is an integer"
    assert abs(transfer.amount.minor) < 2**128, "an amount has an end"
    assert _is_line(transfer.cause), "a cause is one short printable line"
    assert transfer.asked_minor is None, "only the ledger says what a balancing transfer was asked"
    assert transfer.amount.asset.code.isalnum(), "an asset has a code"
    assert transfer.expires_at is None or transfer.expires_at.tzinfo is not None, "a naive moment has no place here"
    assert not isinstance(transfer.effective_on, datetime), "a day is not a moment"


__all__ = ["Block", "Finding", "Head", "Ledger", "Verified"]
