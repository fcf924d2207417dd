"""Statements past the front door, as an intruder or an accident would send them."""

import asyncio
import sqlite3

import asyncpg
from sqlalchemy import make_url

from wallet.ledger import schema

REFUSED = (sqlite3.IntegrityError, asyncpg.exceptions.RestrictViolationError)
"""What the database answers when a trigger stands in the way."""


async def execute(url: str, *statements: str) -> list[tuple[object, ...]]:
    """Run these and give the rows of the last; on PostgreSQL the tables are found in their schema."""
    if url.startswith("sqlite"):
        return await asyncio.to_thread(_execute_sqlite, url.removeprefix("sqlite:///"), statements)
    parsed = make_url(url)
    host = str(parsed.query["host"])
    connection = await asyncpg.connect(host=host, user=parsed.username, database=parsed.database)
    try:
        await connection.execute("SET search_path TO wallet, public")
        rows: list[tuple[object, ...]] = []
        for statement in statements:
            rows = [tuple(row.values()) for row in await connection.fetch(statement)]
        return rows
    finally:
        await connection.close()


def _execute_sqlite(path: str, statements: tuple[str, ...]) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        rows: list[tuple[object, ...]] = []
        for statement in statements:
            rows = connection.execute(statement).fetchall()
        return rows
    finally:
        connection.close()


def unguard(url: str) -> list[str]:
    """Statements that take the guards away: triggers, and the constraints that a forgery would break."""
    if url.startswith("sqlite"):
        triggers = [f"DROP TRIGGER {name}" for name, _ in schema.sqlite_triggers()]
        return [*triggers, "PRAGMA ignore_check_constraints = ON"]
    tables = ("transfer", "refusal", "block", "account", "account_change", "period", "head")
    return [
        *(f"ALTER TABLE {table} DISABLE TRIGGER USER" for table in tables),
        "ALTER TABLE transfer DROP CONSTRAINT transfer_hold_id_fkey",
        "ALTER TABLE account DROP CONSTRAINT account_debit_excess",
        "ALTER TABLE account DROP CONSTRAINT account_credit_excess",
    ]
