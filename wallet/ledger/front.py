"""The ledger's front door: what the rest of the house may call."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from wallet.accounts import Account, AccountState
from wallet.clock import Clock
from wallet.ids import AccountId, TransferId
from wallet.transfers import Balances, LogRow, Movement, PostResult, Transfer, TrialBalanceRow


class Ledger:
    """Accounts and transfers in one database, written by one grouping writer per process.

    Use `await Ledger.open(url, clock)` and `await ledger.close()`.
    """

    @classmethod
    async def open(cls, url: str, clock: Clock, *, queue_max: int = 20_000) -> "Ledger":
        """Open `sqlite:///path.db` or `postgresql://…/db`; the schema must have been made by `upgrade`.

        Raises:
            LedgerUnavailable: The database cannot be reached.
            LedgerCorrupt: A trigger that keeps rows immutable is missing.
        """
        raise NotImplementedError

    @staticmethod
    async def upgrade(url: str) -> None:
        """Make or migrate the schema, forwards only; harmless when it is current."""
        raise NotImplementedError

    async def close(self) -> None:
        """Commit what waits, then let go of the database."""
        raise NotImplementedError

    async def open_accounts(self, *accounts: Account) -> None:
        """Open these accounts; one that is open already stays as it is."""
        raise NotImplementedError

    async def set_state(self, account: AccountId, state: AccountState) -> None:
        """Freeze, close or reopen an account."""
        raise NotImplementedError

    async def post(self, *transfers: Transfer) -> list[PostResult]:
        """Post one call's transfers; results in the order of the arguments, after COMMIT.

        Transfers joined by `linked` stand or fall together as one entry. Unlinked ones stand alone.

        Raises:
            LedgerBusy: The queue is full; nothing was taken.
            LedgerUnavailable: The database is gone; ask again with the same ids.
        """
        raise NotImplementedError

    async def balances(self, account: AccountId) -> Balances | None:
        """The account's balances now; None if there is no such account."""
        raise NotImplementedError

    async def account(self, account: AccountId) -> Account | None:
        """The account with this id."""
        raise NotImplementedError

    async def accounts(self, *, after_code: str = "", limit: int = 1000) -> list[tuple[Account, Balances]]:
        """Accounts with their balances in order of their codes, from after `after_code`."""
        raise NotImplementedError

    async def movements(self, account: AccountId, *, limit: int, before: int | None = None) -> list[Movement]:
        """The account's last movements, newest first, of log positions below `before`."""
        raise NotImplementedError

    async def transfer(self, transfer: TransferId) -> LogRow | None:
        """The committed transfer with this id."""
        raise NotImplementedError

    async def result(self, transfer: TransferId) -> PostResult | None:
        """What the ledger answered to this id, refusals included; None if it never saw it."""
        raise NotImplementedError

    async def caused_by(self, cause: str) -> list[LogRow]:
        """All committed transfers with this cause, oldest first."""
        raise NotImplementedError

    async def follow(self, *, after: int, limit: int = 1000) -> Sequence[LogRow]:
        """The log from position `after` + 1 on; never skips one."""
        raise NotImplementedError

    async def trial_balance(self) -> list[TrialBalanceRow]:
        """Every account's posted sums; debits equal credits for each asset."""
        raise NotImplementedError

    async def expire_holds(self, *, limit: int = 1000) -> int:
        """Write an EXPIRE for holds whose time is over; how many were written."""
        raise NotImplementedError

    async def open_holds(self, account: AccountId) -> list[LogRow]:
        """Holds on this account's debit side that are not resolved."""
        raise NotImplementedError


__all__ = ["UUID", "Ledger", "timedelta"]
