"""Reads the whole book in one snapshot and hands it to `check`, page by page."""

from collections.abc import AsyncIterator
from typing import Any

from sqlalchemy import Row, Select, select
from sqlalchemy.ext.asyncio import AsyncConnection

from wallet.ledger import rows, schema
from wallet.ledger.chain import Block
from wallet.ledger.check import (
    Check,
    Finding,
    Progress,
    StoredChange,
    StoredRefusal,
    StoredTransfer,
    Verified,
    double_id,
)
from wallet.ledger.reads import Reads

_BLOCKS = 1000
_ROWS = 5000
_transfer, _refusal, _block = schema.transfer.c, schema.refusal.c, schema.block.c


async def verify(reads: Reads, progress: Progress | None = None) -> Verified:
    """Re-read everything: chain, balances and versions, constraints at each position, holds, zero sum per asset.

    Works on a read replica as well. One snapshot for as long as it takes, so writers are not disturbed.

    Raises:
        LedgerUnavailable: The database cannot be reached.
    """
    async with reads.connection(timeout_s=None) as opened:
        connection = await _snapshot(opened)
        accounts = [rows.account_of(row) async for row in _rows(connection, select(schema.account))]
        check = Check({account.id: account for account, _, _ in accounts})
        head = (await connection.execute(select(schema.head))).one()
        finding = await _log(connection, check, head.position, progress)
        if finding is None:
            holds = {row.id async for row in _rows(connection, select(schema.open_hold.c.id))}
            balances = {account.id: figures for account, _, figures in accounts}
            states = {account.id: state for account, state, _ in accounts}
            finding = check.finish(balances, states, holds, (head.position, head.block, head.hash))
        if finding is None:
            both = select(_refusal.id).join(schema.transfer, _transfer.id == _refusal.id).limit(1)
            finding = double_id((await connection.scalars(both)).all())
        return Verified(check.position, check.refusals, check.blocks, len(accounts), check.hash, finding)


async def _snapshot(connection: AsyncConnection) -> AsyncConnection:
    """From here on every statement sees the book of one moment, as SQLite's do by themselves."""
    if connection.dialect.name != "postgresql":
        return connection
    return await connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


async def _log(connection: AsyncConnection, check: Check, total: int, progress: Progress | None) -> Finding | None:
    while True:
        page = select(schema.block).where(_block.number > check.blocks).order_by(_block.number).limit(_BLOCKS)
        blocks = [rows.block_of(row) for row in (await connection.execute(page)).all()]
        if not blocks:
            return await _nothing_after(connection, check)
        taken: list[Block] = []
        for block in blocks:
            taken.append(block)
            if sum(one.transfers + one.refusals for one in taken) >= _ROWS or block is blocks[-1]:
                finding = await _portion(connection, check, taken)
                if finding is not None:
                    return finding
                taken.clear()
                if progress is not None:
                    progress(check.position, total)


async def _portion(connection: AsyncConnection, check: Check, blocks: list[Block]) -> Finding | None:
    """Check the headers of a few blocks, read the rows of the sound ones at once, then check block by block."""
    sound: list[Block] = []
    bad_header: Finding | None = None
    for block in blocks:
        bad_header = check.header(block)
        if bad_header is not None:
            break
        sound.append(block)
    if not sound:
        return bad_header
    first, last = sound[0], sound[-1]
    try:
        transfers = await _transfers(connection, first.first_position, last.first_position + last.transfers)
        refusals = await _refusals(connection, first.number, last.number)
        changes = await _changes(connection, check, first.number, last.number)
    except (KeyError, ValueError, TypeError):
        # A value that no writer of ours could have stored.
        return Finding("transfer", f"{first.first_position} to {check.sealed}", "a row cannot be read")
    for block in sound:
        span = range(block.first_position, block.first_position + block.transfers)
        sealed = [transfers[position] for position in span if position in transfers]
        finding = check.rows(block, sealed, refusals.get(block.number, []), changes.get(block.number, []))
        if finding is not None:
            return finding
    return bad_header


async def _transfers(connection: AsyncConnection, first: int, end: int) -> dict[int, StoredTransfer]:
    query = select(schema.transfer).where(_transfer.position >= first, _transfer.position < end)
    return {row.position: StoredTransfer(rows.booked_of(row), row.leaf) async for row in _rows(connection, query)}


async def _refusals(connection: AsyncConnection, first: int, last: int) -> dict[int, list[StoredRefusal]]:
    query = select(schema.refusal).where(_refusal.block.between(first, last)).order_by(_refusal.block, _refusal.place)
    found: dict[int, list[StoredRefusal]] = {}
    async for row in _rows(connection, query):
        found.setdefault(row.block, []).append(StoredRefusal(rows.refused_of(row), row.leaf))
    return found


async def _changes(connection: AsyncConnection, check: Check, first: int, last: int) -> dict[int, list[StoredChange]]:
    columns = schema.account_change.c
    query = select(schema.account_change).where(columns.block >= first, columns.block <= last)
    found: dict[int, list[StoredChange]] = {}
    async for row in _rows(connection, query.order_by(columns.block, columns.place)):
        change = rows.changed_of(row, check.accounts[row.account_id])
        found.setdefault(row.block, []).append(StoredChange(change, row.leaf))
    return found


async def _nothing_after(connection: AsyncConnection, check: Check) -> Finding | None:
    beyond = select(_transfer.position).where(_transfer.position > check.position).limit(1)
    stray = (await connection.scalars(beyond)).all()
    if stray:
        return Finding("transfer", str(stray[0]), "no block seals it")
    unsealed = select(_refusal.id).where(_refusal.block > check.blocks).limit(1)
    refused = (await connection.scalars(unsealed)).all()
    return Finding("refusal", str(refused[0]), "no block seals it") if refused else None


async def _rows(connection: AsyncConnection, query: Select[Any]) -> AsyncIterator[Row[Any]]:
    async with connection.stream(query) as result:
        async for page in result.partitions(_ROWS):
            for row in page:
                yield row
