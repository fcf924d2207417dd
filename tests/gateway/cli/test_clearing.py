"""`tapdial clearing …`: cycles, what staff must look at, and statements, with exit statuses for scripts."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from gateway.cli import app

runner = CliRunner()


@pytest.fixture
def config(tmp_path: Path) -> str:
    path = tmp_path / "tapdial.toml"
    path.write_text(f'data_dir = "{tmp_path / "data"}"\n')
    return str(path)


def run(config: str, *words: str) -> tuple[int, str]:
    result = runner.invoke(app, ["clearing", *words, "--config", config], env={"COLUMNS": "200"})
    return result.exit_code, result.output


def test_cycles_are_run_reported_and_stated_from_the_command_line(config: str, tmp_path: Path) -> None:
    status, said = run(config, "run", "--now")
    assert (status, "2 cycles were run" in said) == (0, True), said
    status, said = run(config, "report")
    assert status == 0, said
    assert said.count("done") == 2
    assert run(config, "report", "--on", "2020-01-01")[1].count("cyc_") == 0
    days = ("--from", "2026-11-01", "--to", "2026-11-30")
    assert run(config, "statement", "mer_0", *days)[0] != 0
    assert run(config, "statement", "mer_0", *days, "--out", str(tmp_path / "a.txt"))[0] == 2
