"""`tapdial recon …`: runs and reports for people and for cron, with the exit statuses that a script relies on."""

import csv
import io
import json
from pathlib import Path

import openpyxl
import pytest
from typer.testing import CliRunner

from gateway.cli import app
from tests.gateway.packs import ten

runner = CliRunner()


@pytest.fixture
def config(tmp_path: Path) -> str:
    path = tmp_path / "tapdial.toml"
    path.write_text(f"data_dir = {json.dumps(str(tmp_path / 'data'))}\n")
    return str(path)


def run(config: str, *words: str, of: str = "recon") -> tuple[int, str]:
    result = runner.invoke(app, [of, *words, "--config", config], env={"COLUMNS": "240"})
    return result.exit_code, result.stdout


def test_a_statement_is_read_matched_and_reported(config: str, tmp_path: Path) -> None:
    # Nothing was ever read: that is no agreement.
    assert run(config, "report")[0] == 3
    status, said = run(config, "run", "--json")
    facts = [json.loads(line) for line in said.splitlines()]
    assert (status, [one["flow"] for one in facts]) == (0, ["bank", "wallets", "taps", "fees"])
    assert {(one["state"], one["agrees"]) for one in facts} == {("done", True)}
    assert run(config, "report")[0] == 0

    assert run(config, "import", str(ten.FIRST), of="statements")[0] == 0
    status, said = run(config, "run", "--flow", "bank", "--through", "2026-11-22")
    assert (status, "rcn_" in said) == (1, True), said
    status, said = run(config, "report", "--open")
    assert (status, said.count("rcg_"), "only_theirs" in said) == (1, 9, True), said
    assert run(config, "report", "--flow", "taps")[0] == 0

    status, said = run(config, "report", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(said)))
    assert (status, len(rows), {row["side"] for row in rows}) == (1, 9, {"bank"})
    assert "NOTOURS-0001" in {row["end_to_end_id"] for row in rows}
    status, said = run(config, "report", "--format", "json", "--flow", "bank")
    assert [json.loads(line)["minor"] for line in said.splitlines()].count(-1_750_000) == 2
    book = tmp_path / "report.xlsx"
    assert run(config, "report", "--format", "xlsx", "--output", str(book))[0] == 1
    sheet = openpyxl.load_workbook(book).active
    assert [cell.value for cell in sheet[1]][:4] == ["flow", "side", "id", "group"]
    assert sheet.max_row == 10


def test_wrong_use_and_what_could_not_be_done_have_a_status_each(config: str, tmp_path: Path) -> None:
    assert run(config, "run", "--flow", "nothing")[0] == 2
    assert run(config, "run", "--through", "yesterday")[0] == 2
    assert run(config, "report", "--format", "xlsx")[0] == 2
    wrong = tmp_path / "wrong.toml"
    wrong.write_text('data_dri = "x"\n')
    assert run(str(wrong), "run")[0] == 2
    away = tmp_path / "away.toml"
    away.write_text('data_dir = "/dev/null/nowhere"\n')
    assert run(str(away), "report")[0] in {1, 3}
