"""What leaves the book is what is in it: hledger proves every balance again, CSV and XLSX have every row."""

import csv
import shutil
import subprocess
import zipfile
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.wallet.books import ALICE, CHART, end, fund, hold, send
from wallet.clock import ManualClock
from wallet.exports import csv_lines, hledger_lines, write_xlsx
from wallet.ledger import Ledger
from wallet.money import EUR, Money
from wallet.transfers import TransferKind

TEHRAN = ZoneInfo("Asia/Tehran")


def hledger(journal: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run hledger on a journal."""
    return subprocess.run(["hledger", "-f", journal, *words], capture_output=True, text=True, check=False)


async def a_varied_book(ledger: Ledger, clock: ManualClock) -> None:
    """Two assets, holds of every fate, an effective date, several days."""
    euro_bank, euro_wallet = CHART.account("trust_bank", asset=EUR), CHART.account("wallet", "per_alice", EUR)
    await ledger.open_accounts(euro_bank, euro_wallet)
    euros = replace(fund(clock, 1), debit=euro_bank.id, credit=euro_wallet.id, amount=Money(1250, EUR))
    captured, voided, lapsing = (hold(clock, 10, clock.now() + timedelta(hours=1)) for _ in range(3))
    await ledger.post(fund(clock, 1000), euros, captured, voided, lapsing)
    await ledger.post(end(clock, captured, TransferKind.CAPTURE, 7), end(clock, voided, TransferKind.VOID))
    clock.advance(timedelta(days=2))
    await ledger.post(replace(send(clock, 100), effective_on=date(2026, 11, 1)), send(clock, 10**9))


@pytest.mark.skipif(shutil.which("hledger") is None, reason="hledger is not installed: apt-get install hledger")
async def test_hledger_checks_the_journal_and_finds_the_same_balances(
    ledger: Ledger, clock: ManualClock, tmp_path: Path
) -> None:
    await a_varied_book(ledger, clock)
    journal = tmp_path / "book.journal"
    journal.write_text("".join([piece async for piece in hledger_lines(ledger, TEHRAN)]), "utf-8")

    checked = hledger(journal, "check", "--strict", "ordereddates")
    printed = hledger(journal, "balance", "--flat", "-N", "-E", "-O", "csv")

    assert (checked.returncode, checked.stderr) == (0, "")
    _, *found = csv.reader(printed.stdout.splitlines())
    expected = {
        account.code: str(Money(-balances.net_credit, account.asset)) for account, balances in await ledger.accounts()
    }
    moved = {code: amount for code, amount in expected.items() if not amount.startswith("0 ")}
    assert {code: amount for code, amount in found if amount != "0"} == moved


async def test_the_csv_has_every_row_of_the_log(ledger: Ledger, clock: ManualClock) -> None:
    await a_varied_book(ledger, clock)

    lines = [line async for line in csv_lines(ledger)]
    rows = list(csv.DictReader(lines))

    log = await ledger.follow(after=0)
    assert [int(row["position"]) for row in rows] == [row.position for row in log]
    assert [int(row["amount_minor"]) for row in rows] == [row.transfer.amount.minor for row in log]
    assert {row["credit"] for row in rows} >= {ALICE.code}
    assert [row["kind"] for row in rows] == [row.transfer.kind.value for row in log]


async def test_the_workbook_has_the_trial_balance_and_every_row(
    ledger: Ledger, clock: ManualClock, tmp_path: Path
) -> None:
    await a_varied_book(ledger, clock)
    path = tmp_path / "book.xlsx"

    await write_xlsx(ledger, path, rows_max=5)

    with zipfile.ZipFile(path) as book:
        sheets = [book.read(name).decode() for name in sorted(book.namelist()) if "worksheets/sheet" in name]
    assert [sheet.count("<row ") for sheet in sheets] == [1 + 6, 1 + 5, 1 + 4]
    assert "<f>" not in "".join(sheets)
