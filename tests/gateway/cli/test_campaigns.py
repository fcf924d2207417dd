"""`tapdial campaigns …` from a file to its report, with the exit statuses that a script relies on."""

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gateway.cli import app
from gateway.errors import BadInput, NotFound

runner = CliRunner()
TEMPLATE = ("--template", "en=[/b] You owe {amount}.", "--name", "[red]debts")


@pytest.fixture
def config(tmp_path: Path) -> str:
    path = tmp_path / "tapdial.toml"
    path.write_text(f"data_dir = {json.dumps(str(tmp_path / 'data'))}\n")
    return str(path)


def run(config: str, *words: str) -> tuple[int, str]:
    result = runner.invoke(app, ["campaigns", *words, "--config", config])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.output


def test_a_campaign_goes_from_a_file_to_its_report(config: str, tmp_path: Path) -> None:
    file = tmp_path / "debts.csv"
    file.write_text("phone,amount\n09120000001,5000\nnobody,6\n")
    status, said = run(config, "new", str(file), *TEMPLATE)
    assert (status, "1 rows, 1 bad lines, 1 parts" in said) == (0, True)
    campaign = re.findall("cam_[0-9A-Z]{26}", said)[0]

    assert "[/b] You owe 5,000 rials." in run(config, "preview", campaign)[1]
    assert campaign in run(config, "list")[1]
    assert run(config, "test", campaign, "--to", "09120000009")[0] == 0
    for verb, status in (("pause", 1), ("resume", 1), ("cancel", 0), ("cancel", 1), ("watch", 0)):
        assert run(config, verb, campaign)[0] == status, verb
    report = tmp_path / "report.csv"
    assert run(config, "report", campaign, "--csv", str(report))[0] == 0
    assert report.read_text().splitlines()[1].startswith("2,+989120000001,cancelled,1,")


def test_a_file_without_a_row_that_can_be_used_ends_with_status_1(config: str, tmp_path: Path) -> None:
    file = tmp_path / "debts.csv"
    file.write_text("phone,amount\nnobody,6\n")

    assert run(config, "new", str(file), *TEMPLATE)[0] == 1


def test_what_is_refused_is_a_fault_with_a_word(config: str, tmp_path: Path) -> None:
    file = tmp_path / "debts.csv"
    file.write_text("phone\n09120000001\n")
    with pytest.raises(BadInput, match="amount"):
        run(config, "new", str(file), *TEMPLATE)
    with pytest.raises(NotFound):
        run(config, "preview", "cam_0")
    with pytest.raises(NotFound):
        run(config, "release", "cam_0", "--staff", "nobody")
    with pytest.raises(BadInput):
        run(config, "test", "cam_0", "--to", "12")
