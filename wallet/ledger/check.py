"""Re-reads everything and names the first wrong row.

`Check` is a second, independent reading of the log: it folds it from the first position and compares each row with what
must follow from the rows before it. It shares the encodings of `chain` with the writer, and none of its rules.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from wallet.accounts import Account, AccountState, Limits
from wallet.ids import AccountId, TransferId
from wallet.ledger.book import Booked, Changed, Refused
from wallet.ledger.chain import GENESIS, Block, booked_leaf, changed_leaf, hash_block, merkle_root, refused_leaf
from wallet.transfers import Balances, Transfer, TransferKind

Progress = Callable[[int, int], None]
"""Called with the positions read so far and all of them."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A row that cannot be right: its table, its key, and what is wrong with it."""

    table: str
    key: str
    what: str

    def __str__(self) -> str:
        """One line for people."""
        return f"{self.table} {self.key}: {self.what}"


@dataclass(frozen=True, slots=True)
class Verified:
    """What was read, up to which hash, and the first wrong row if there is one."""

    transfers: int
    refusals: int
    blocks: int
    accounts: int
    head: bytes
    finding: Finding | None


class StoredTransfer(NamedTuple):
    """A transfer row and the leaf that is stored beside it."""

    row: Booked
    leaf: bytes


class StoredRefusal(NamedTuple):
    """A refusal row and the leaf that is stored beside it."""

    row: Refused
    leaf: bytes


class StoredChange(NamedTuple):
    """A change row and the leaf that is stored beside it."""

    row: Changed
    leaf: bytes


@dataclass(slots=True)
class Check:
    """The fold of the log so far. Feed it every block with its rows, then `finish` it with the tables of today.

    Attributes:
        accounts: Every account by id.
    """

    accounts: dict[AccountId, Account]
    position: int = 0
    """Last position whose row was found right."""
    blocks: int = 0
    refusals: int = 0
    hash: bytes = GENESIS
    booked_at: datetime | None = None
    sealed: int = 0
    """Last position that a sound block header covers."""
    _figures: dict[AccountId, Balances] = field(default_factory=dict)
    _changed: dict[AccountId, Changed] = field(default_factory=dict)
    _before_opening: dict[AccountId, tuple[int, int]] = field(default_factory=dict)
    """The largest excess of each side of the accounts that no row has opened yet: only version 1 left such ones."""
    _holds: dict[TransferId, Transfer] = field(default_factory=dict)
    _last: Booked | None = None

    def header(self, block: Block) -> Finding | None:
        """Whether a block follows the one before; asked before its rows are read."""
        key = str(block.number)
        if block.number != self.blocks + 1:
            return Finding("block", str(self.blocks + 1), "is missing")
        if block.previous != self.hash:
            return Finding("block", key, "does not continue the chain")
        if hash_block(block) != block.hash:
            return Finding("block", key, "its hash is not that of its content")
        if self.booked_at is not None and block.booked_at < self.booked_at:
            return Finding("block", key, "is older than the one before")
        if block.first_position != self.sealed + 1:
            return Finding("block", key, "does not start where the one before ends")
        self.blocks, self.hash, self.booked_at = block.number, block.hash, block.booked_at
        self.sealed += block.transfers
        return None

    def rows(
        self,
        block: Block,
        transfers: Sequence[StoredTransfer],
        refusals: Sequence[StoredRefusal],
        changes: Sequence[StoredChange] = (),
    ) -> Finding | None:
        """Whether a block's rows are what it sealed and follow from the rows before."""
        finding = self._changes(changes, block)
        if finding is not None:
            return finding
        for stored in transfers:
            finding = self._transfer(stored, block)
            if finding is not None:
                return finding
        if len(transfers) != block.transfers:
            return Finding("transfer", str(self.position + 1), "is missing")
        if self._last is not None and self._last.transfer.linked:
            return Finding("transfer", str(self.position), "its entry has no end")
        for refused in refusals:
            if refused_leaf(refused.row) != refused.leaf:
                return Finding("refusal", str(refused.row.transfer.id), "its content is not what was sealed")
        if len(refusals) != block.refusals:
            return Finding("block", str(block.number), "refusals are missing")
        self.refusals += len(refusals)
        leaves = [stored.leaf for stored in transfers]
        leaves += [stored.leaf for stored in refusals]
        leaves += [stored.leaf for stored in changes]
        if merkle_root(leaves) != block.root:
            return Finding("block", str(block.number), "its rows are not those that it sealed")
        return None

    def _changes(self, changes: Sequence[StoredChange], block: Block) -> Finding | None:
        for stored in changes:
            if changed_leaf(stored.row) != stored.leaf:
                return Finding("account_change", stored.row.account.code, "its content is not what was sealed")
            if not _within(stored.row.limits, *self._before_opening.pop(stored.row.account.id, (0, 0))):
                return Finding(
                    "account_change", stored.row.account.code, "earlier balances break the limits it opens with"
                )
            self._changed[stored.row.account.id] = stored.row
        return None if len(changes) == block.changes else Finding("block", str(block.number), "changes are missing")

    def finish(
        self,
        balances: dict[AccountId, Balances],
        states: dict[AccountId, AccountState],
        open_holds: set[TransferId],
        head: tuple[int, int, bytes],
    ) -> Finding | None:
        """Whether today's accounts, open holds and head are where the log leads."""
        if head != (self.position, self.blocks, self.hash):
            return Finding("head", "1", "is not the end of the log")
        for id_, stored in balances.items():
            if stored != self._figures.get(id_, Balances(0, 0, 0, 0, 0)):
                return Finding("account", self.accounts[id_].code, "its balances are not those of the log")
        for id_, account in self.accounts.items():
            last = self._changed.get(id_)
            if last is None or (last.state, last.limits) != (states[id_], account.limits):
                return Finding("account", account.code, "its state or its limits are not those of the log")
        wrong = open_holds ^ self._holds.keys()
        if wrong:
            return Finding("open_hold", str(min(wrong)), "is open in the log or in the table, not in both")
        return self._zero_sum()

    def _zero_sum(self) -> Finding | None:
        sums: dict[str, int] = {}
        for account, balances in self._figures.items():
            asset = self.accounts[account].asset.code
            sums[asset] = sums.get(asset, 0) + balances.debits_posted - balances.credits_posted
        wrong = [asset for asset, total in sums.items() if total]
        return Finding("asset", wrong[0], "debits and credits differ") if wrong else None

    def _transfer(self, stored: StoredTransfer, block: Block) -> Finding | None:
        row = stored.row
        if row.position != self.position + 1:
            return Finding("transfer", str(self.position + 1), "is missing")
        what = self._entry_fault(row) or self._row_fault(row, block)
        if what is None and booked_leaf(row) != stored.leaf:
            what = "its content is not what was sealed"
        if what is not None:
            return Finding("transfer", str(row.position), what)
        self.position = row.position
        self._last = row
        return None

    def _entry_fault(self, row: Booked) -> str | None:
        last = self._last
        follows = (last.entry_id, last.leg + 1) if last is not None and last.transfer.linked else (row.transfer.id, 0)
        return None if (row.entry_id, row.leg) == follows else "does not stand in its entry"

    def _row_fault(self, row: Booked, block: Block) -> str | None:
        transfer = row.transfer
        debit, credit = self.accounts.get(transfer.debit), self.accounts.get(transfer.credit)
        if debit is None or credit is None:
            return "an account does not exist"
        if not debit.asset.code == credit.asset.code == transfer.amount.asset.code:
            return "its accounts are not of its asset"
        if transfer.debit == transfer.credit or transfer.amount.minor < 1:
            return "it moves nothing"
        if row.booked_at != block.booked_at:
            return "it was not booked with its block"
        held = self._held(transfer, row.booked_at - timedelta(microseconds=block.lag_us))
        if isinstance(held, str):
            return held
        return self._side_fault(debit, row, held, is_debit=True) or self._side_fault(credit, row, held, is_debit=False)

    def _held(self, transfer: Transfer, at: datetime) -> int | str:
        """What the row adds to the held sums, or what is wrong about its hold."""
        minor = transfer.amount.minor
        if transfer.kind is TransferKind.HOLD:
            self._holds[transfer.id] = transfer
            return minor
        if transfer.kind in (TransferKind.POST, TransferKind.REVERSE):
            return 0 if transfer.hold_id is None else "a plain transfer resolves no hold"
        hold = self._holds.pop(transfer.hold_id, None) if transfer.hold_id is not None else None
        if hold is None or hold.expires_at is None:
            return "it resolves no open hold"
        same = (hold.debit, hold.credit) == (transfer.debit, transfer.credit)
        if not same or minor > hold.amount.minor:
            return "it differs from its hold"
        if (transfer.kind is TransferKind.EXPIRE) != (hold.expires_at <= at):
            return "it resolves its hold too early or too late"
        return -hold.amount.minor

    def _side_fault(self, account: Account, row: Booked, held: int, *, is_debit: bool) -> str | None:
        before = self._figures.get(account.id, Balances(0, 0, 0, 0, 0))
        posted = row.transfer.amount.minor if row.transfer.kind.moves else 0
        debits, credits_ = (posted, 0) if is_debit else (0, posted)
        debits_held, credits_held = (held, 0) if is_debit else (0, held)
        after = Balances(
            before.debits_posted + debits,
            before.credits_posted + credits_,
            before.debits_held + debits_held,
            before.credits_held + credits_held,
            before.version + 1,
        )
        if (row.after.debit if is_debit else row.after.credit) != after:
            return "its balances do not follow from those before"
        self._figures[account.id] = after
        changed = self._changed.get(account.id)
        excesses = _excesses(after)
        if changed is None:
            worst = self._before_opening.get(account.id, excesses)
            self._before_opening[account.id] = max(worst[0], excesses[0]), max(worst[1], excesses[1])
            return None
        return None if _within(changed.limits, *excesses) else "it breaks an account's limits"


def _excesses(balances: Balances) -> tuple[int, int]:
    debit_excess = balances.debits_posted + balances.debits_held - balances.credits_posted
    return debit_excess, balances.credits_posted + balances.credits_held - balances.debits_posted


def _within(limits: Limits, debit_excess: int, credit_excess: int) -> bool:
    return (limits.debit_excess_max is None or debit_excess <= limits.debit_excess_max) and (
        limits.credit_excess_max is None or credit_excess <= limits.credit_excess_max
    )


def double_id(ids: Sequence[UUID]) -> Finding | None:
    """A finding if any id is both in the book and refused."""
    return Finding("refusal", str(ids[0]), "this id is in the book too") if ids else None
