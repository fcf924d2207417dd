"""`tapdial decisions …` and `tapdial attesters …`, with the exit statuses that a script relies on."""

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gateway.cli import app
from gateway.errors import NotFound

runner = CliRunner()
TABLE = """table,sickness_amount
hit,U
from,2026-01-01
column,input,output,output
name,days,percent,once
type,days,int[0..1000],amount
row,<=30,100,0
row,>30,80,0
example,1,100,0
"""


@pytest.fixture
def config(tmp_path: Path) -> str:
    path = tmp_path / "tapdial.toml"
    path.write_text(f"data_dir = {json.dumps(str(tmp_path / 'data'))}\n")
    return str(path)


def run(*words: str) -> tuple[int, str]:
    result = runner.invoke(app, list(words))
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.output


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "amount.csv"
    path.write_text(TABLE)
    return path


def test_a_file_is_proved_tried_and_compared_without_a_database(file: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.csv"
    other.write_text(TABLE.replace(",80,", ",90,"))

    assert run("decisions", "check", str(file)) == (0, "sound: sickness_amount, 2 rows, 1 examples\n")
    status, said = run("decisions", "try", str(file), "days=31")
    assert (status, said) == (0, "row 2: days is 31, which >30 allows\npercent = 80, once = 0\n")
    assert run("decisions", "try", str(file), "days=x")[0] == 2
    status, said = run("decisions", "diff", str(file), str(other))
    assert (status, "days = 31" in said, "1 cases change" in said) == (0, True, True)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (TABLE.replace("<=30", "<30"), "file: gap: no row fits days = 30\n"),
        (TABLE.replace("<=30", "lots"), "line 7, column 2: bad value: lots\n"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(file: Path, wrong: str, said: str) -> None:
    file.write_text(wrong)

    assert run("decisions", "check", str(file)) == (1, said)


def test_shipped_tables_are_shown_and_nobody_publishes_without_a_role(config: str, file: Path) -> None:
    status, listed = run("decisions", "list", "--config", config)
    assert (status, listed.count("dtv_")) == (0, 10)
    version = re.findall(r"dtv_\w+", listed)[0]
    assert run("decisions", "show", version, "--config", config)[1].startswith("table,accident_amount")
    with pytest.raises(NotFound):
        run("decisions", "in-force", "none", "--config", config)
    asked = ("decisions", "publish", str(file), "--staff", "nobody", "--note", "why", "--config", config)
    with pytest.raises(NotFound, match="benefits_officer"):
        run(*asked)
    with pytest.raises(NotFound, match="administrator"):
        run("attesters", "add", "4711", "Saipa", "09120000077", "--staff", "nobody", "--config", config)
