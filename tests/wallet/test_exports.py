"""What leaves the book is what is in it: hledger and a reader of beancount prove it, CSV and XLSX have every row."""

import csv
import shutil
import subprocess
import zipfile
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.wallet.beancount import read
from tests.wallet.books import ALICE, CHART, end, fund, hold, send
from wallet.clock import ManualClock
from wallet.exports import beancount_lines, csv_lines, hledger_lines, write_xlsx
from wallet.exports.beancount import name_of
from wallet.ids import new_id, transfer_id
from wallet.ledger import Ledger
from wallet.money import EUR, Money, irr
from wallet.opening import opening
from wallet.transfers import Balancing, Transfer, TransferKind

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
    sent = replace(send(clock, 100), effective_on=date(2026, 11, 1))
    everything = replace(send(clock, 10**9), balancing=Balancing.DEBIT)
    await ledger.post(sent, send(clock, 10**9), taken_back(clock, sent, 30), taken_back(clock, sent, 20), everything)
    guarantee, promise = CHART.account("guarantee", "per_alice"), CHART.account("guarantee_contra")
    await ledger.open_accounts(guarantee, promise)
    await ledger.post(opening(promise, guarantee, irr(5000), new_id("opn", clock)))


def taken_back(clock: ManualClock, of: Transfer, minor: int) -> Transfer:
    """A part of a transfer, moved back."""
    own_id = transfer_id(new_id("fix", clock), "reverse")
    amount = Money(minor, of.amount.asset)
    return Transfer(own_id, of.credit, of.debit, amount, of.code, of.cause, TransferKind.REVERSE, cites=of.id)


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


async def test_a_strict_reader_of_beancount_finds_the_same_balances(ledger: Ledger, clock: ManualClock) -> None:
    await a_varied_book(ledger, clock)

    book = read("".join([piece async for piece in beancount_lines(ledger, TEHRAN)]))

    expected = {name_of(account): -balances.net_credit for account, balances in await ledger.accounts()}
    assert book.balances == expected == book.asserted
    assert book.transactions == sum(row.transfer.kind.moves for row in await ledger.follow(after=0))


@pytest.mark.parametrize(
    "owners", [("per_1", "per-1"), ("a.b", "a b"), ("_x", "-x"), ("é", "ü"), ("per_1", "Per_1"), ("a:b", "a-b")]
)
def test_no_two_accounts_share_a_name_in_beancount(owners: tuple[str, str]) -> None:
    names = [name_of(CHART.account("wallet", owner)) for owner in owners]

    assert names[0] != names[1]
    assert not names[0].startswith(f"{names[1]}:")
    assert not names[1].startswith(f"{names[0]}:")
    for name in names:
        read(f"1970-01-01 commodity IRR\n1970-01-01 open {name} IRR\n")


async def test_the_csv_has_every_row_of_the_log(ledger: Ledger, clock: ManualClock) -> None:
    await a_varied_book(ledger, clock)

    lines = [line async for line in csv_lines(ledger)]
    rows = list(csv.DictReader(lines))

    log = await ledger.follow(after=0)
    assert [int(row["position"]) for row in rows] == [row.position for row in log]
    assert [int(row["amount_minor"]) for row in rows] == [row.transfer.amount.minor for row in log]
    assert {row["credit"] for row in rows} >= {ALICE.code}
    assert [row["kind"] for row in rows] == [row.transfer.kind.value for row in log]
    assert [row["cites"] for row in rows] == [str(row.transfer.cites or "") for row in log]
    (balanced,) = (row for row in rows if row["balancing"] == "debit")
    assert (int(balanced["asked_minor"]), int(balanced["amount_minor"]) < 10**9) == (10**9, True)


async def test_the_workbook_has_the_trial_balance_and_every_row(
    ledger: Ledger, clock: ManualClock, tmp_path: Path
) -> None:
    await a_varied_book(ledger, clock)
    path = tmp_path / "book.xlsx"

    await write_xlsx(ledger, path, rows_max=5)

    with zipfile.ZipFile(path) as book:
        sheets = [book.read(name).decode() for name in sorted(book.namelist()) if "worksheets/sheet" in name]
    assert [sheet.count("<row ") for sheet in sheets] == [1 + 5, 1 + 3, 1 + 5, 1 + 5, 1 + 3]
    assert "<f>" not in "".join(sheets)
