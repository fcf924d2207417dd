"""hledger and beancount over a book of ours; shared by the suite and the rig."""

import csv
import io
import shutil
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.wallet.random_books import run
from wallet.accounts import Account
from wallet.exports import beancount_lines, hledger_lines
from wallet.exports.beancount import name_of as bean_name
from wallet.exports.hledger import name_of as hledger_name
from wallet.exports.log import all_accounts
from wallet.ledger import Ledger
from wallet.money import Money
from wallet.transfers import Balances

TEHRAN = ZoneInfo("Asia/Tehran")
HAS_HLEDGER = pytest.mark.skipif(shutil.which("hledger") is None, reason="no hledger: .ci/packages")
HAS_BEANCOUNT = pytest.mark.skipif(shutil.which("bean-check") is None, reason="no beancount: .ci/packages")


async def _all(ledger: Ledger) -> AsyncIterator[tuple[Account, Balances]]:
    async for one in all_accounts(ledger, (await ledger.head()).position):
        yield one


async def _written(pieces: AsyncIterator[str], path: Path) -> Path:
    with path.open("w", encoding="utf-8") as out:
        async for piece in pieces:
            out.write(piece)
    return path


async def agrees_with_hledger(ledger: Ledger, folder: Path, *, timeout_s: float) -> int:
    """`hledger check --strict` accepts the journal and its balances are ours; how many accounts have one."""
    journal = await _written(hledger_lines(ledger, TEHRAN), folder / "book.journal")
    run("hledger", "-f", journal, "check", "--strict", "ordereddates", timeout_s=timeout_s)
    said = run("hledger", "-f", journal, "balance", "--flat", "-N", "-E", "-O", "csv", timeout_s=timeout_s)
    _, *rows = csv.reader(io.StringIO(said))
    found = {name: amount for name, amount in rows if amount != "0"}
    ours = {hledger_name(account): Money(-figures.net_credit, account.asset) async for account, figures in _all(ledger)}
    assert found == {name: str(money) for name, money in ours.items() if money.minor}
    return len(found)


async def agrees_with_beancount(ledger: Ledger, folder: Path, *, timeout_s: float) -> int:
    """`bean-check` accepts the journal and its balances are ours; how many accounts have one."""
    journal = await _written(beancount_lines(ledger, TEHRAN), folder / "book.beancount")
    assert run("bean-check", "-C", journal, timeout_s=timeout_s) == ""
    query = "SELECT account, sum(number) AS total GROUP BY account"
    said = run("bean-query", "-f", "csv", journal, query, timeout_s=timeout_s)
    _, *rows = csv.reader(io.StringIO(said))
    found = {name.strip(): Decimal(total.strip()) for name, total in rows}
    ours = {bean_name(account): -figures.net_credit async for account, figures in _all(ledger)}
    exponents = {bean_name(account): account.asset.exponent async for account, _ in _all(ledger)}
    assert {name: total for name, total in found.items() if total} == {
        name: Decimal(minor).scaleb(-exponents[name]) for name, minor in ours.items() if minor
    }
    return sum(1 for total in found.values() if total)
