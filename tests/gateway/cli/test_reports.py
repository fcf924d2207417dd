"""Reports on the command line: on the screen, as CSV, XLSX and JSON, of a book that was opened from a file."""

import csv
import io
import json
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from gateway.cli import app
from wallet.clock import SystemClock

OPENING = "role,owner,asset,debit_minor,credit_minor\ntrust_bank,,IRR,1000,\nwallet,per_alice,IRR,,300\n"
TODAY = SystemClock().now().date()


@pytest.fixture
def config(tmp_path: Path) -> str:
    path = tmp_path / "tapdial.toml"
    path.write_text(f'zone = "UTC"\nenvironment = "demo"\ndata_dir = {json.dumps(str(tmp_path / "data"))}\n')
    (tmp_path / "opening.csv").write_text(OPENING)
    CliRunner().invoke(app, ["db", "upgrade", "--config", str(path)])
    opened = CliRunner().invoke(app, ["ledger", "import-opening", str(tmp_path / "opening.csv"), "--config", str(path)])
    assert opened.exit_code == 0, opened.output
    return str(path)


def reports(config: str, *words: str) -> Result:
    days = ["--from", str(TODAY - timedelta(days=1)), "--to", str(TODAY + timedelta(days=1))]
    return CliRunner().invoke(app, ["reports", *words, *days, "--config", config], env={"COLUMNS": "200"})


def test_a_trial_balance_is_written_in_every_form(config: str, tmp_path: Path) -> None:
    shown = reports(config, "trial_balance")
    as_csv = reports(config, "trial_balance", "--format", "csv")
    as_json = reports(config, "trial_balance", "--format", "json")
    as_xlsx = reports(config, "trial_balance", "--format", "xlsx", "--output", str(tmp_path / "t.xlsx"))

    assert [one.exit_code for one in (shown, as_csv, as_json, as_xlsx)] == [0] * 4, shown.output
    rows = list(csv.DictReader(io.StringIO(as_csv.stdout)))
    assert {row["account"]: row["balance"] for row in rows} == {
        "asset:trust_bank:IRR": "1000", "equity:opening_equity:IRR": "700", "liability:wallet:IRR": "300", "IRR": "0",
    }  # fmt: skip
    objects = [json.loads(line) for line in as_json.stdout.splitlines()]
    assert [one["debits"] for one in objects if "total" in one] == [1000]
    assert "asset:trust_bank:IRR" in shown.stdout
    with zipfile.ZipFile(tmp_path / "t.xlsx") as book:
        assert book.read("xl/worksheets/sheet1.xml").decode().count("<row ") == 1 + len(rows)


def test_an_account_goes_from_balance_to_balance_and_one_that_is_none_has_a_status(config: str) -> None:
    found = reports(config, "general_ledger", "--of", "liability:wallet:per_alice:IRR", "--format", "json")
    missing = reports(config, "general_ledger", "--of", "liability:wallet:per_bob:IRR")

    objects = [json.loads(line) for line in found.stdout.splitlines()]
    assert [one["balance"] for one in objects] == [0, 300, 300, 300]
    assert missing.exit_code != 0


def test_a_workbook_needs_a_file(config: str) -> None:
    assert reports(config, "benefits", "--format", "xlsx").exit_code == 2
