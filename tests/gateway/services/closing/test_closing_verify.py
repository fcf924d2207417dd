"""A closed day recomputes to its seal from the rows alone; one changed byte in any row is found and named."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import BigInteger, Column, Integer, LargeBinary, Table, delete, select, update

from gateway.services.banking.tables import FILES, LINES, PAGES, STATEMENTS
from gateway.services.closing import CheckName, Closing, ExcuseOutcome, VoidReason
from gateway.services.closing.tables import DAYS, EXCUSES, FIGURES, LEAVES, SEALED
from gateway.services.heads.tables import published_heads
from gateway.services.signing.tables import documents, signatures
from tests.gateway.services.closing.evening import CHART, DAY, NEXT, SAM, Evening
from tests.gateway.wire.bank_files import entry
from tests.gateway.wire.test_files_of_any_bank import page
from tests.wallet.sql import execute, unguard
from wallet.ids import new_id, transfer_id
from wallet.money import irr
from wallet.transfers import Transfer, TransferCode
from wallet.types import Moment

OURS = (DAYS, LEAVES, SEALED, FIGURES, EXCUSES, FILES, STATEMENTS, PAGES, LINES)
ROWS_MAX = 1
"""Of one table; its other rows are as these."""
LEDGER = {
    "transfer": "UPDATE transfer SET amount = amount + 1 WHERE position = 2",
    "block": "UPDATE block SET lag_us = lag_us + 1 WHERE number = 2",
    "account": "UPDATE account SET debits_posted = debits_posted + 1 WHERE code = 'asset:trust_bank:IRR'",
    "account_change": "UPDATE account_change SET cause = 'nobody' WHERE block = 1",
    "period": "UPDATE period SET cause = 'nobody' WHERE state = 'closed'",
    "refusal": "UPDATE refusal SET amount = amount + 1",
    "head": "UPDATE head SET closed_through = '2026-11-28'",
}


async def closed(evening: Evening) -> Closing:
    """A closed day with something in each of its tables: a statement is missing a number, and that is explained."""
    evening.others.rows = {"reconciliation_groups:rcg_1": b"matched", "reconciliation_groups:rcg_2": b"parted"}
    await evening.states(5, 0, 0, day=DAY - timedelta(days=1))
    await evening.ordinary()
    # Money that came and went, told on two pages.
    for octets in (
        page(1, entry(5, "CRDT"), last=False, first=1_700, sequence=8),
        page(2, entry(5), last=True, end=1_700, sequence=8),
    ):
        await evening.banking.import_statement(octets, "page.xml", SAM)
    outcome = await evening.closing.excuse(DAY, CheckName.STATEMENTS, "the bank has never sent number six", SAM)
    assert outcome is ExcuseOutcome.OK
    await evening.closed()
    found = await evening.closing.verify(DAY)
    assert found.sound, found.finding
    return evening.closing


@contextmanager
def opened(evening: Evening) -> Iterator[sqlite3.Connection]:
    """The gateway's database past its front door."""
    connection = sqlite3.connect(evening.gateway_url.removeprefix("sqlite:///"), isolation_level=None)
    connection.execute("PRAGMA ignore_check_constraints = ON")
    try:
        yield connection
    finally:
        connection.close()


def other(column: Column[Any], value: bytes | int | None) -> bytes | int | str:
    """A value that differs from this one in one byte, or is one byte where there was nothing."""
    if isinstance(value, int):
        return value + 1000
    if value is None:
        numbers = isinstance(column.type, Moment | BigInteger | Integer)
        return 1 if numbers else b"x" if isinstance(column.type, LargeBinary) else "x"
    return value[:-1] + bytes([value[-1] ^ 1]) if value else b"x"


def changes(connection: sqlite3.Connection, table: Table, rowid: int) -> Iterator[tuple[str, bytes | int | str]]:
    """Every column of a row with another value, which stands there until the next one is asked for."""
    for column in table.columns:
        name, at = f'"{column.name}"', f"FROM {table.name} WHERE rowid = {rowid}"
        (kind, value) = connection.execute(f"SELECT typeof({name}), {name} {at}").fetchone()
        if kind == "text":
            (value,) = connection.execute(f"SELECT CAST({name} AS BLOB) {at}").fetchone()
        how = "CAST(? AS TEXT)" if kind == "text" else "?"
        change = f"UPDATE {table.name} SET {name} = {how} WHERE rowid = {rowid}"  # noqa: S608 - ours
        connection.execute(change, (changed := other(column, value),))
        yield column.name, changed
        # A number that is the whole key is the row's own.
        (alias,) = connection.execute(f"SELECT count(*) = 0 {at}").fetchone()
        now = f"UPDATE {table.name} SET {name} = ? WHERE rowid = {changed!r}" if alias else change  # noqa: S608 - ours
        connection.execute(now, (value,))


async def test_one_changed_byte_in_any_column_of_any_row_is_found_and_named(evening: Evening) -> None:
    closing = await closed(evening)
    with opened(evening) as connection:
        for table in OURS:
            keys = [column.name for column in table.primary_key]
            rows = connection.execute(f"SELECT rowid, {', '.join(keys)} FROM {table.name}").fetchall()  # noqa: S608 - ours
            mine = [(rowid, key) for rowid, *key in rows if not await of_yesterday(evening, table, key[0])]
            assert mine, "each table has a row of the day"
            for rowid, key in mine[:ROWS_MAX]:
                for column, changed in changes(connection, table, rowid):
                    found = (await closing.verify(DAY)).finding
                    assert found is not None, column
                    now = changed.decode("utf-8", "replace") if isinstance(changed, bytes) else changed
                    moved = [now if name == column else was for name, was in zip(keys, key, strict=True)]
                    assert (found.table, found.key) in named(table, key, moved), (column, found)
    assert (await closing.verify(DAY)).sound


def named(table: Table, *keys: list[object]) -> set[tuple[str, str]]:
    """How a row may be named: by the key that it had, or by the one that it has now."""
    return {(table.name, ":".join(map(str, key))) for key in keys}


async def of_yesterday(evening: Evening, table: Table, key: object) -> bool:
    """Whether a row belongs to the day before, which nobody has sealed."""
    first = (await evening.store.read(select(STATEMENTS).order_by(STATEMENTS.c.order_on).limit(1)))[0]
    return {FILES: first.file_id, STATEMENTS: first.id, LINES: first.id}.get(table) == key


CHANGES: list[tuple[Table, dict[str, object]]] = [
    (DAYS, {"asked_by": "stf_eve"}),
    (LEAVES, {"count": 5}),
    (SEALED, {"close_id": "dcl_0"}),
    (FIGURES, {"position": 5}),
    (EXCUSES, {"reason": "they were on holiday"}),
    (FILES, {"octets": b""}),
    (STATEMENTS, {"closing": 1_800}),
    (STATEMENTS, {"findings": []}),
    (LINES, {"remittance": "for Eve"}),
]


async def test_changed_and_missing_rows_are_named_on_each_database(both: Evening) -> None:
    closing = await closed(both)
    for table, values in CHANGES:
        old = await both.store.read(select(table))
        await both.store.write(lambda tx: tx.execute(update(table).values(**values)).rowcount)  # noqa: B023 - at once
        found = (await closing.verify(DAY)).finding
        assert found is not None
        assert found.table == table.name
        for row in old:
            mine = [column == getattr(row, column.name) for column in table.primary_key]
            undone = update(table).where(*mine).values(**{name: row._mapping[name] for name in values})
            await both.store.write(lambda tx: tx.execute(undone).rowcount)  # noqa: B023 - at once
        assert (await closing.verify(DAY)).sound, table.name
    for table in (LINES, FIGURES, EXCUSES, SEALED, LEAVES, DAYS):
        await both.store.write(lambda tx: tx.execute(delete(table)).rowcount)  # noqa: B023 - at once
        found = (await closing.verify(DAY)).finding
        assert found is not None
        assert found.table == table.name


async def refused(evening: Evening) -> None:
    """Somebody asks for more than there is."""
    one, other = CHART.account("wallet", "per_alice"), CHART.account("wallet", "per_bob")
    await evening.ledger.open_accounts(other)
    own = transfer_id(new_id("leg", evening.clock), "leg")
    said = Transfer(own, one.id, other.id, irr(99_999), TransferCode.CASH_IN, new_id("csh", evening.clock))
    (result,) = await evening.ledger.post(said)
    assert not result.outcome.stands


@pytest.mark.parametrize("table", list(LEDGER))
async def test_one_changed_row_of_the_ledger_is_found_and_named(evening: Evening, table: str) -> None:
    closing = await closed(evening)
    if table == "refusal":
        await refused(evening)
    await execute(evening.wallet_url, *unguard(evening.wallet_url), LEDGER[table])
    found = (await closing.verify(DAY)).finding
    assert found is not None
    assert found.table == table


async def test_a_row_of_another_service_that_is_changed_or_gone_is_named_and_one_more_too(evening: Evening) -> None:
    closing = await closed(evening)
    rows = dict(evening.others.rows)
    evening.others.rows["reconciliation_groups:rcg_2"] = b"matched"
    assert str((await closing.verify(DAY)).finding) == "reconciliation_groups rcg_2: is not as it was sealed"
    del evening.others.rows["reconciliation_groups:rcg_2"]
    assert str((await closing.verify(DAY)).finding) == "reconciliation_groups rcg_2: is missing"
    evening.others.rows = rows | {"reconciliation_groups:rcg_3": b"late"}
    assert str((await closing.verify(DAY)).finding).endswith("rcg_3: was not there when the day was sealed")
    evening.others.rows = rows
    assert (await closing.verify(DAY)).sound


async def test_a_line_put_into_a_sealed_statement_is_named(evening: Evening) -> None:
    closing = await closed(evening)
    with opened(evening) as connection:
        columns = ", ".join(column.name for column in LINES.columns if column.name != "number")
        connection.execute(
            f"INSERT INTO banking_lines ({columns}, number) SELECT {columns}, 3 FROM banking_lines WHERE number = 2"  # noqa: S608 - ours
        )
    found = (await closing.verify(DAY)).finding
    assert found is not None
    assert (found.table, found.key.rpartition(":")[2]) == ("banking_lines", "3")


async def test_findings_that_follow_from_a_statement_that_came_late_are_no_change(evening: Evening) -> None:
    closing = await closed(evening)
    await evening.states(6, 0, 0, day=DAY - timedelta(days=1))
    rows = await evening.store.read(select(STATEMENTS.c.findings).where(STATEMENTS.c.sequence == 7))
    assert rows[0].findings == [], "the gap is closed"
    assert (await closing.verify(DAY)).sound


@pytest.mark.parametrize(
    ("table", "values"),
    [(documents, {"digest": bytes(32)}), (documents, {"current_key": "x"}), (signatures, {"cms": b"{}"})],
    ids=["digest", "key", "signature"],
)
async def test_a_signature_that_proves_nothing_any_more_is_named(
    evening: Evening, table: Table, values: dict[str, object]
) -> None:
    closing = await closed(evening)
    if "cms" in values:
        (row,) = await evening.store.read(select(signatures.c.cms))
        values = {"cms": row.cms.replace(b'"mac": "', b'"mac": "0')}
    await evening.store.write(lambda tx: tx.execute(update(table).values(**values)).rowcount)
    found = (await closing.verify(DAY)).finding
    assert found is not None
    assert found.table == "signing_documents"


async def test_a_closed_day_is_sound_whatever_happens_on_the_next_one(evening: Evening) -> None:
    closing = await closed(evening)
    await evening.post(("trust_bank", ""), ("wallet", "per_bob"), 5_000)
    await evening.states(9, 1_700, 6_700, (5_000, "CRDT"), day=NEXT)
    evening.clock.advance(timedelta(days=1))
    evening.others.through = NEXT
    await evening.heads.publish()
    await evening.closed(NEXT)
    for day in (DAY, NEXT):
        found = await closing.verify(day)
        assert found.sound, found.finding


async def test_progress_counts_rows_first_and_then_the_ledger(evening: Evening) -> None:
    closing = await closed(evening)
    said: list[tuple[str, int, int]] = []
    await closing.verify(DAY, lambda what, done, total: said.append((what, done, total)))
    assert [one for one in said if one[0] == "rows"][-1] == ("rows", 17, 17)
    assert said[-1][0] == "ledger"
    assert said[-1][1] == said[-1][2]


async def test_a_day_that_was_never_closed_is_not_sound_and_has_no_finding(evening: Evening) -> None:
    await evening.ordinary()
    found = await evening.closing.verify(DAY)
    assert (found.sound, found.finding, found.close_id) == (False, None, "")


async def test_figures_that_were_changed_before_the_day_was_sealed_are_not_believed(evening: Evening) -> None:
    await evening.ordinary()
    await evening.post(("trust_bank", ""), ("funding", ""), 1)
    await evening.closing.sums_of(DAY)
    hidden = update(FIGURES).values(
        sums=[["liability", "wallet", "IRR", 1, 0, 1], ["asset", "trust_bank", "IRR", 1, 1, 0]]
    )
    await evening.store.write(lambda tx: tx.execute(hidden).rowcount)
    close = await evening.closed()
    figures = {fact.name.value: fact.cell for check in close.checks for fact in check.facts if fact.of == "IRR"}
    assert (figures["float"], figures["trust"]) == (irr(700), irr(1_700))
    assert (await evening.closing.verify(DAY)).sound


async def test_a_row_that_contradicts_others_is_not_sealed(evening: Evening) -> None:
    evening.others.contradicts = True
    await evening.ordinary()
    asked = await evening.closing.ask(DAY, SAM)
    evening.clock.advance(timedelta(seconds=6))
    await evening.closing.sweep()
    close = await evening.closing.by_id(asked.close_id)
    assert close is not None
    assert close.reason is VoidReason.CHANGED


async def test_a_published_head_that_is_gone_or_was_signed_otherwise_is_named(evening: Evening) -> None:
    closing = await closed(evening)
    for values in ({"signature": bytes(64)}, {"hash": bytes(32)}, {"position": 99}):
        (was,) = await evening.store.read(select(published_heads).order_by(published_heads.c.block.desc()).limit(1))
        mine = update(published_heads).where(published_heads.c.block == was.block)
        await evening.store.write(lambda tx: tx.execute(mine.values(**values)).rowcount)  # noqa: B023 - at once
        found = (await closing.verify(DAY)).finding
        assert found is not None
        assert found.table == "heads_published"
        undone = {name: was._mapping[name] for name in values}
        await evening.store.write(lambda tx: tx.execute(mine.values(**undone)).rowcount)  # noqa: B023 - at once
    await evening.store.write(lambda tx: tx.execute(delete(published_heads)).rowcount)
    assert "is missing" in str((await closing.verify(DAY)).finding)
