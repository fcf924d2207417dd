"""`tapdial payouts …` and `tapdial api-keys …`, with the exit statuses that a script relies on."""

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gateway.cli import app
from gateway.errors import NotFound
from tests.gateway.services.payouts.house import iban

runner = CliRunner()
STAFF = ("--staff", "payer")


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


def officer(config: str) -> None:
    made = ("staff", "create", "payer", "--name", "Payer", "--role", "payouts_officer")
    assert run(config, *made, typed="a long enough pass phrase\n" * 2)[0] == 0


def test_a_batch_is_brought_listed_locked_and_cancelled(config: str, tmp_path: Path) -> None:
    officer(config)
    file = tmp_path / "pay.csv"
    file.write_text(f"reference,iban,name,amount\nr1,{iban(1)},Ali Rezaei,1000\nr2,IR00,Sara,5\n")
    load = ("payouts", "load", str(file), "--name", "[red]November", "--line", "sickness", *STAFF)

    status, said = run(config, *load, "--declared", "2:1005")

    assert (status, "1 bad lines" in said, "iban" in said) == (2, True, True)
    (batch,) = set(re.findall("bat_[0-9A-Z]{26}", said))
    assert batch in run(config, "payouts", "list", "--state", "draft")[1]
    for words, status in (
        (("propose", "B1", *STAFF), 1),
        (("propose", batch, "--without-bad", *STAFF), 0),
        (("cancel", "B1", *STAFF, "--reason", "not this month"), 0),
        (("watch", "B1"), 1),
        (("follow-up", "B1", *STAFF, "--state", "cancelled"), 0),
    ):
        assert run(config, "payouts", *words)[0] == status, words


def test_what_there_is_not_is_said(config: str, tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        run(config, "payouts", "show", "B9")
    assert run(config, "payouts", "list", "--state", "lost")[0] == 2


def test_a_key_is_shown_once_listed_without_its_secret_and_revoked(config: str) -> None:
    status, said = run(config, "api-keys", "create", "Ministry", "--scope", "payouts_write", "--days", "30")
    secret = re.findall(r"tdk_[\w-]+", said)[0]
    key = re.findall(r"key_[0-9A-Z]{26}", said)[0]
    assert status == 0
    listed = run(config, "api-keys", "list")[1]
    assert (key in listed, secret in listed, "payouts_write" in listed) == (True, False, True)
    assert run(config, "api-keys", "revoke", key)[0] == 0
