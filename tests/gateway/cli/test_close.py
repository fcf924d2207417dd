"""`tapdial close …` with the exit statuses that cron relies on."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gateway.cli import app

runner = CliRunner()
TODAY = datetime.now(UTC).date()


@pytest.fixture
def config(tmp_path: Path) -> str:
    path = tmp_path / "tapdial.toml"
    path.write_text(f"data_dir = {json.dumps(str(tmp_path / 'data'))}\n")
    return str(path)


def run(config: str, *words: str, typed: str = "") -> tuple[int, str]:
    result = runner.invoke(app, [*words, "--config", config], input=typed or None, env={"COLUMNS": "200"})
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.output


def test_a_day_that_is_not_ready_says_why_with_status_1_and_what_cannot_run_is_3(config: str) -> None:
    made = ("staff", "create", "finn", "--name", "Finn", "--role", "finance")
    assert run(config, *made, typed="a long enough pass phrase\n" * 2)[0] == 0
    day = str(TODAY - timedelta(days=2))

    status, said = run(config, "close", "check", day)
    assert (status, "reconciled" in said, "missing" in said) == (1, True, True)
    status, said = run(config, "close", "day", day, "--staff", "finn")
    assert (status, said.splitlines()[-1]) == (1, "checks")
    status, said = run(config, "close", "day", str(TODAY + timedelta(days=2)), "--staff", "finn")
    assert (status, said.splitlines()[-1]) == (1, "not_over")
    assert run(config, "close", "day", day, "--staff", "nobody")[0] == 3
    status, said = run(config, "close", "verify", day)
    assert (status, said.splitlines()[-1]) == (1, f"{day} was never signed for")
    assert run(config, "close", "list")[0] == 0
    assert run(config, "close", "check", "yesterday")[0] == 2
