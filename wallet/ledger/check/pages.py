"""The statements of a check: blocks, their rows by pages, what rows name, and the tables of today."""

from collections.abc import Sequence
from typing import TypeVar

from wallet.ledger.check.finding import Finding
from wallet.ledger.check.fold import Fold, Page
from wallet.ledger.check.raw import (
    AccountRow,
    BlockRow,
    ChangeRow,
    Earlier,
    HeadRow,
    HoldRow,
    PeriodRow,
    RefusalRow,
)
from wallet.ledger.check.sources import Source
from wallet.ledger.check.standing import Today

_Row = TypeVar("_Row", RefusalRow, ChangeRow, PeriodRow)
_ACCOUNTS = 10_000
_BLOCKS = """
SELECT number, first_position, transfers, refusals, booked_at, previous, root, hash, changes, lag_us
FROM {wallet}block WHERE number > ? AND number <= ? ORDER BY number LIMIT ?
"""
_RUN_END = """
SELECT min(number) FROM {wallet}block WHERE number > ? AND number <= ? AND (first_position >= ? OR number >= ?)
"""
_TRANSFERS = """
SELECT position, id, entry_id, leg, linked, debit_id, credit_id, amount, code, booked_at,
    debit_debits_posted, debit_credits_posted, debit_debits_held, debit_credits_held, debit_version,
    credit_debits_posted, credit_credits_posted, credit_debits_held, credit_credits_held, credit_version,
    kind, asset, cause, leaf, hold_id, expires_at, effective_on, cites, balancing, asked
FROM {wallet}transfer WHERE position >= ? AND position < ? ORDER BY position
"""
_REFUSALS = """
SELECT block, place, id, outcome, entry_id, leg, kind, debit_id, credit_id, asset, amount, code, cause,
    hold_id, expires_at, effective_on, linked, refused_at, leaf, cites, balancing
FROM {wallet}refusal WHERE block >= ? AND block <= ? ORDER BY block, place
"""
_CHANGES = """
SELECT c.block, c.place, c.account_id, c.state, c.debit_excess_max, c.credit_excess_max, c.cause, c.changed_at, c.leaf,
    a.asset, a.code, a.role, a.owner, a.kind, a.normal, a.opened_at
FROM {wallet}account_change c LEFT JOIN {wallet}account a ON a.id = c.account_id
WHERE c.block >= ? AND c.block <= ? ORDER BY c.block, c.place
"""
_PERIODS = """
SELECT block, place, through, state, position, seal, cause, closed_at, leaf
FROM {wallet}period WHERE block >= ? AND block <= ? ORDER BY block, place
"""
_PERIODS_BEFORE = "SELECT state, max(through) FROM {wallet}period WHERE block < ? GROUP BY state"
_NAMED = "SELECT id, position, kind, debit_id, credit_id, amount, expires_at FROM {wallet}transfer WHERE id {ids}"
# The halves of the amounts are summed apart, because a sum of forged ones may be too large for an integer column.
_REVERSED = """
SELECT cites, CAST(sum(amount >> 32) AS bigint), CAST(sum(amount & 4294967295) AS bigint)
FROM {wallet}transfer WHERE cites {ids} AND kind = 'reverse' AND position < ? GROUP BY cites
"""
_HEAD = "SELECT position, block, hash, moved_at, closed_through, soft_through FROM {wallet}head WHERE id = 1"
_ACCOUNT = """
SELECT id, code, state, debit_excess_max, credit_excess_max,
    debits_posted, credits_posted, debits_held, credits_held, version
FROM {wallet}account WHERE id > ? ORDER BY id LIMIT ?
"""
_OPEN_HOLDS = "SELECT id, position, debit_id, credit_id, expires_at FROM {wallet}open_hold"
_NO_HEAD = HeadRow(-1, 0, b"", 0, None, None)
_BEYOND = {
    "transfer": "SELECT min(position) FROM {wallet}transfer WHERE position > ?",
    "block": "SELECT min(number) FROM {wallet}block WHERE number > ?",
    "refusal": "SELECT min(block) FROM {wallet}refusal WHERE block > ?",
    "account_change": "SELECT min(block) FROM {wallet}account_change WHERE block > ?",
    "period": "SELECT min(block) FROM {wallet}period WHERE block > ?",
}


async def version(source: Source) -> int:
    """The version of the schema."""
    ((found,),) = await source.rows("SELECT max(version) FROM {wallet}schema_version")
    return int(found or 0)


async def today(source: Source) -> Today:
    """The tables that change, as of one moment."""
    async with source.snapshot():
        head = next(map(HeadRow._make, await source.rows(_HEAD)), _NO_HEAD)
        accounts: list[AccountRow] = []
        after: bytes | None = b""
        while after is not None:
            page = await source.rows(_ACCOUNT, after or bytes(16), _ACCOUNTS)
            accounts += map(AccountRow._make, page)
            after = accounts[-1].id if len(page) == _ACCOUNTS else None
        holds = [HoldRow._make(row) for row in await source.rows(_OPEN_HOLDS)]
        beyond: list[Finding] = []
        for table, statement in _BEYOND.items():
            last = head.position if table == "transfer" else head.block
            ((first,),) = await source.rows(statement, last)
            if first is not None:
                beyond.append(Finding(table, str(first), "no block seals it"))
    return Today(head, accounts, holds, beyond)


async def run_end(source: Source, after: int, last: int, position: int, number: int) -> int:
    """The first block after `after` that starts at `position` or later or has at least `number`; else `last`."""
    ((found,),) = await source.rows(_RUN_END, after, last, position, number)
    return last if found is None else int(found)


async def blocks(source: Source, after: int, last: int, limit: int) -> Sequence[BlockRow]:
    """The next blocks."""
    return [BlockRow._make(row) for row in await source.rows(_BLOCKS, after, last, limit)]


async def closed_before(source: Source, block: int) -> tuple[bytes | None, bytes | None]:
    """The last closed and the last soft-closed day before a block."""
    found: dict[bytes, bytes] = dict(await source.rows(_PERIODS_BEFORE, block))
    return found.get(b"closed"), found.get(b"soft")


async def page(source: Source, fold: Fold, some: Sequence[BlockRow]) -> Page:
    """The rows of these blocks, and of what they name as much as the fold asks for."""
    first, last = some[0], some[-1]
    transfers = await source.rows(_TRANSFERS, first.first_position, last.first_position + last.transfers)
    numbers = first.number, last.number
    refusals = [RefusalRow._make(row) for row in await source.rows(_REFUSALS, *numbers)]
    changes = [ChangeRow._make(row) for row in await source.rows(_CHANGES, *numbers)]
    periods = [PeriodRow._make(row) for row in await source.rows(_PERIODS, *numbers)]
    named, reversed_ = fold.names(transfers)
    named |= {row.id for row in refusals}
    found = {row[0]: Earlier._make(row[1:]) for row in await source.among(_NAMED, named)}
    halves = await source.among(_REVERSED, reversed_, first.first_position)
    sums = {id_: (high << 32) + low for id_, high, low in halves}
    return Page(transfers, _by_block(refusals), _by_block(changes), _by_block(periods), found, sums)


def _by_block(rows: Sequence[_Row]) -> dict[int, list[_Row]]:
    found: dict[int, list[_Row]] = {}
    for row in rows:
        found.setdefault(row.block, []).append(row)
    return found
