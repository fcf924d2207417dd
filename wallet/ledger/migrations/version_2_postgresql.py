"""Step 1 to 2 on PostgreSQL, while gateways of version 1 go on posting.

**Expand.** Columns with defaults, new tables, constraints that are validated later, indexes made CONCURRENTLY: old
code names its columns and sees none of it. Each change waits for its locks at most LOCK_MS and gives way, so nobody
stands behind it for longer; while somebody reads the whole book (`verify`, a dump) it tries again until they are done.
Then the accounts are opened in the log, PAGE in a block, each block a short group like any other; from the first one on
`verify` of version 1 calls that block wrong, since it knows no changes: use the new one's, after the switch.

**Switch.** One transaction, which takes `head` first and so waits for the group that runs and holds the next one back:
accounts that came meanwhile are opened, what only version 1 had is dropped, the version is written. It takes as long as
one look at every account.

**After it** old processes are refused. `head.booked_at` is called `moved_at` from here on, every group of theirs reads
it first, and PostgreSQL answers 42703 before anything is written: their callers get LedgerCorrupt, their reads of
accounts LedgerUnavailable. Nothing of theirs is lost: what they had committed stays, what they had not is not there,
and who asks again with the same id at a new process gets one posting. New processes refuse to open before the switch.

Every part may run again: a step that was interrupted is finished by the next one. Two steps at once wait for each
other in `migrations`.
"""

import asyncio
import functools
from collections.abc import Callable, Iterable
from typing import TypeVar
from uuid import UUID

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from wallet.errors import LedgerUnavailable
from wallet.ledger.faults import Verdict, judge
from wallet.ledger.migrations.openings import FIRST, seal_page, seal_rest

T = TypeVar("T")

LOCK_MS = 300
"""How long a change waits for a table, and so how long groups and reads may wait behind it."""
PAUSE_S = 1.0
"""How long it lets them pass before it tries again."""
PAGE = 2000
"""Accounts that one block opens while old processes post; fewer are left to the switch."""
PATIENCE_S = 6 * 3600.0
"""How long the step waits for readers and for indexes."""
_BRIEF_S = 120.0
NOT_AVAILABLE = "55P03"
"""SQLSTATE of a lock that was not had in time."""

_COLUMNS = (
    """ALTER TABLE wallet.transfer ADD COLUMN IF NOT EXISTS cites uuid, ADD COLUMN IF NOT EXISTS balancing text,
ADD COLUMN IF NOT EXISTS asked bigint""",
    "ALTER TABLE wallet.refusal ADD COLUMN IF NOT EXISTS cites uuid, ADD COLUMN IF NOT EXISTS balancing text",
    """ALTER TABLE wallet.block ADD COLUMN IF NOT EXISTS changes bigint DEFAULT '0' NOT NULL,
ADD COLUMN IF NOT EXISTS lag_us bigint DEFAULT '0' NOT NULL""",
    "ALTER TABLE wallet.head ADD COLUMN IF NOT EXISTS closed_through text, ADD COLUMN IF NOT EXISTS soft_through text",
    """ALTER TABLE wallet.account ADD COLUMN IF NOT EXISTS debit_excess_max bigint,
ADD COLUMN IF NOT EXISTS credit_excess_max bigint""",
    # An account without limits passes them, so does every account of version 1 until its page is opened.
    """ALTER TABLE wallet.account
DROP CONSTRAINT IF EXISTS account_debit_excess, DROP CONSTRAINT IF EXISTS account_credit_excess,
ADD CONSTRAINT account_debit_excess
CHECK (debits_posted + debits_held - credits_posted <= debit_excess_max) NOT VALID,
ADD CONSTRAINT account_credit_excess
CHECK (credits_posted + credits_held - debits_posted <= credit_excess_max) NOT VALID""",
)
_VALIDATE = (
    "ALTER TABLE wallet.account VALIDATE CONSTRAINT account_debit_excess",
    "ALTER TABLE wallet.account VALIDATE CONSTRAINT account_credit_excess",
)
_TABLES = (
    """CREATE TABLE wallet.account_change (
block bigint NOT NULL, place bigint NOT NULL, account_id uuid NOT NULL, state text NOT NULL, debit_excess_max bigint,
credit_excess_max bigint, cause text NOT NULL, changed_at bigint NOT NULL, leaf bytea NOT NULL,
PRIMARY KEY (block, place), FOREIGN KEY (account_id) REFERENCES wallet.account (id))""",
    "CREATE INDEX account_change_account ON wallet.account_change (account_id, block)",
    """CREATE TABLE wallet.period (
through text NOT NULL, state text NOT NULL, block bigint NOT NULL, place bigint NOT NULL, position bigint NOT NULL,
seal bytea, cause text NOT NULL, closed_at bigint NOT NULL, leaf bytea NOT NULL,
PRIMARY KEY (through, state), UNIQUE (block, place))""",
    *(
        f"CREATE TRIGGER {table}_no_{verb} BEFORE {verb.upper()} ON wallet.{table}"
        f" FOR EACH {'STATEMENT' if verb == 'truncate' else 'ROW'} EXECUTE FUNCTION wallet.refuse_change()"
        for table in ("account_change", "period")
        for verb in ("update", "delete", "truncate")
    ),
)
_INDEXES = {
    "transfer_debit": "transfer (debit_id, position)",
    "transfer_credit": "transfer (credit_id, position)",
    "transfer_cites": "transfer (cites) WHERE cites IS NOT NULL",
    "transfer_effective": "transfer (effective_on) WHERE effective_on IS NOT NULL",
    "block_booked": "block (booked_at)",
}
_BROKEN_INDEXES = """
SELECT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = 'wallet' AND NOT i.indisvalid
"""
_FENCE = (
    # In this order: writers first, then whoever reads, so that a switch which gives way has done nothing yet.
    "ALTER TABLE wallet.head RENAME COLUMN booked_at TO moved_at",
    """ALTER TABLE wallet.transfer DROP CONSTRAINT transfer_debit_id_debit_version_key,
DROP CONSTRAINT transfer_credit_id_credit_version_key""",
    "DROP TRIGGER account_no_update ON wallet.account",
)
_CONTRACT = (
    "ALTER TABLE wallet.account DROP COLUMN balance_rule",
    """CREATE TRIGGER account_no_update BEFORE UPDATE OF id, asset, code, role, owner, kind, normal, opened_at
ON wallet.account FOR EACH ROW EXECUTE FUNCTION wallet.refuse_change()""",
    "INSERT INTO wallet.schema_version (version) VALUES (2)",
)


async def step(engine: AsyncEngine) -> None:
    """Bring version 1 to 2, part by part.

    Raises:
        LedgerUnavailable: Somebody held a table for longer than PATIENCE_S.
    """
    for statement in _COLUMNS:
        await _briefly(engine, functools.partial(_run, (statement,)))
    await _briefly(engine, _make_tables)
    async with asyncio.timeout(PATIENCE_S), engine.execution_options(isolation_level="AUTOCOMMIT").connect() as alone:
        for statement in _VALIDATE:
            await alone.exec_driver_sql(statement)
        for name in (await alone.exec_driver_sql(_BROKEN_INDEXES)).scalars().all():
            await alone.exec_driver_sql(f"DROP INDEX CONCURRENTLY wallet.{name}")
        for name, on in _INDEXES.items():
            await alone.exec_driver_sql(f"CREATE INDEX CONCURRENTLY IF NOT EXISTS {name} ON wallet.{on}")
    last: UUID | None = FIRST
    while last is not None:
        last = await _briefly(engine, functools.partial(_open_page, last))
    await _briefly(engine, _switch)


def _run(statements: Iterable[str], connection: Connection) -> None:
    for statement in statements:
        connection.exec_driver_sql(statement)


def _make_tables(connection: Connection) -> None:
    if not connection.dialect.has_table(connection, "account_change", schema="wallet"):
        _run(_TABLES, connection)


def _open_page(after: UUID, connection: Connection) -> UUID | None:
    return seal_page(connection, after, PAGE, "booked_at")


def _switch(connection: Connection) -> None:
    _run(_FENCE, connection)
    seal_rest(connection, "moved_at")
    _run(_CONTRACT, connection)


async def _briefly(engine: AsyncEngine, work: Callable[[Connection], T]) -> T:
    """Run `work` in a transaction that waits for no lock for long; again when somebody else had it."""
    loop = asyncio.get_running_loop()
    give_up_at = loop.time() + PATIENCE_S
    while True:
        try:
            async with asyncio.timeout(_BRIEF_S), engine.begin() as connection:
                await connection.execute(text(f"SELECT set_config('lock_timeout', '{LOCK_MS}ms', true)"))
                return await connection.run_sync(work)
        except DBAPIError as fault:
            state = getattr(fault.orig, "sqlstate", None)
            if state != NOT_AVAILABLE and judge(fault) is not Verdict.AGAIN:
                raise
            if loop.time() >= give_up_at:
                raise LedgerUnavailable("the ledger's tables are in use; the upgrade can be run again") from fault
        await asyncio.sleep(PAUSE_S)
