"""What must hold after every journey: money is conserved, books verify, other programs agree, no secret is anywhere."""

import asyncio
import re
import sqlite3
import subprocess
import sys
from pathlib import Path

import asyncpg

from tests.journeys import steps
from tests.journeys.town import Town
from wallet.clock import SystemClock
from wallet.ledger import Ledger


def command(town: Town, *words: str) -> str:
    """Run `tapdial` over the town's databases; what it prints."""
    done = subprocess.run(
        [sys.executable, "-m", "gateway", *words],
        env=town.environment(), capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


async def books_agree(town: Town) -> None:
    """`ledger verify` finds nothing, the trial balance is zero, hledger reads the export and agrees."""
    await asyncio.to_thread(command, town, "ledger", "verify")
    journal = await asyncio.to_thread(command, town, "ledger", "export", "--format", "hledger")
    await asyncio.to_thread(
        subprocess.run, ["hledger", "-f", "-", "check"], input=journal, text=True, check=True, timeout=60
    )


async def wallets(town: Town) -> dict[str, int]:
    """Balances by role, summed: what liabilities and assets stand at, in rials."""
    ledger = await Ledger.open(town.settings.wallet_url, SystemClock())
    try:
        sums: dict[str, int] = {}
        for account, balances in await ledger.accounts():
            sums[account.role] = sums.get(account.role, 0) + balances.net_credit
        return sums
    finally:
        await ledger.close()


async def no_secret_is_kept(town: Town, secrets: list[str]) -> None:
    """The canary: none of these is in our logs, tables or metrics."""
    places = {"log": town.log.read_text("utf-8"), "metrics": await steps.metrics(town)}
    places |= await _tables(town)
    for secret in secrets:
        # Standing alone: four digits in the middle of a moment, an amount or a UUID are no PIN.
        pattern = re.compile(rf"(?<![\w.-]){re.escape(secret)}(?![\w.-])")
        found = [name for name, text in places.items() if pattern.search(text)]
        assert not found, f"a secret of {len(secret)} characters is in {found}"


async def _tables(town: Town) -> dict[str, str]:
    if town.settings.database_url:
        return await _postgresql(town.settings.database_url)
    return {name: _sqlite(town.settings.data_dir / name) for name in ("wallet.db", "gateway.db")}


def _sqlite(path: Path) -> str:
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        # The names come from the catalogue.
        return "\n".join(_row(row) for name in tables for row in connection.execute(f'SELECT * FROM "{name}"'))  # noqa: S608
    finally:
        connection.close()


async def _postgresql(url: str) -> dict[str, str]:
    connection = await asyncpg.connect(url)
    try:
        tables = await connection.fetch(
            "SELECT schemaname, tablename FROM pg_tables WHERE schemaname IN ('wallet', 'gateway')"
        )
        found = {}
        for schema, name in tables:
            rows = await connection.fetch(f'SELECT * FROM "{schema}"."{name}"')  # noqa: S608 - names from the catalogue
            found[f"{schema}.{name}"] = "\n".join(_row(tuple(row.values())) for row in rows)
        return found
    finally:
        await connection.close()


def _row(values: tuple[object, ...]) -> str:
    return " ".join(
        value.decode("latin-1") if isinstance(value, bytes) else str(value) for value in values if value is not None
    )
