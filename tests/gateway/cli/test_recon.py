"""`tapdial recon …`: runs and reports for people and for cron, with the exit statuses that a script relies on."""

import csv
import io
import json
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import openpyxl
import pytest
from typer.testing import CliRunner

from gateway.cli import app
from gateway.cli.recon_sheets import HEADINGS, Cells, write_csv, write_json, write_xlsx
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

    status, said = run(config, "report", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(said)))
    assert (status, len(rows), {row["side"] for row in rows}) == (1, 9, {"bank"})
    assert "NOTOURS-0001" in {row["end_to_end_id"] for row in rows}
    assert [row["minor"] for row in rows].count("-1750000") == 2
    book = tmp_path / "report.xlsx"
    assert run(config, "report", "--format", "xlsx", "--output", str(book))[0] == 1
    sheet = openpyxl.load_workbook(book).active
    assert [cell.value for cell in sheet[1]][:4] == ["flow", "side", "id", "group"]
    assert sheet.max_row == 10


HOSTILE = (
    "=1+1",
    "+1",
    "-1",
    "@a",
    "\t=1",
    "\r=1",
    "\n=1",
    "＝1",
    "＋1",
    "－1",
    "＠a",
    "\u202e=1",
    "[/red]",
    "é" * 40_000,
)


async def hostile() -> AsyncIterator[Sequence[Cells]]:
    width = len(HEADINGS) - 2
    yield [(2**63, -7, *[text] * width) for text in HOSTILE]


async def test_no_text_of_a_bank_is_a_formula_of_a_spreadsheet(tmp_path: Path) -> None:
    out = io.StringIO()
    await write_csv(hostile(), out)
    first, *rows = list(csv.reader(io.StringIO(out.getvalue())))
    assert tuple(first) == HEADINGS
    assert [row[:2] for row in rows] == [[str(2**63), "-7"]] * len(HOSTILE)
    texts = {cell for row in rows for cell in row[2:]}
    assert not any(text.startswith(tuple("=+-@\t\r\n＝＋－＠")) for text in texts)
    assert {text.removeprefix("'") for text in texts} == set(HOSTILE)

    out = io.StringIO()
    await write_json(hostile(), out)
    assert [json.loads(line)["id"] for line in out.getvalue().splitlines()] == list(HOSTILE)

    await write_xlsx(hostile(), tmp_path / "x.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "x.xlsx").active
    cells = [row[2] for row in sheet.iter_rows(min_row=2)]
    assert {cell.data_type for cell in cells} == {"s"}
    assert [len(str(cell.value)) for cell in cells][-1] == 32_767
    assert [cell.value for cell in cells][:4] == list(HOSTILE[:4])


def test_a_fault_is_said_as_it_is_whatever_it_has_in_it(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.toml"
    wrong.write_text('"[/b]data_dri" = 1\n')

    result = runner.invoke(app, ["recon", "run", "--config", str(wrong)], env={"COLUMNS": "400"})

    assert result.exit_code == 2
    assert "SettingsFault" in result.stderr
    assert "[/b]data_dri" in result.stderr


def test_a_day_that_has_not_come_yet_is_no_day_to_run_through(config: str) -> None:
    assert run(config, "run", "--flow", "taps", "--through", "2199-01-01")[0] == 2


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
