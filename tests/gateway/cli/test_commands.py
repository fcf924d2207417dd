"""Every command does what it says and ends with a status that a script can use."""

import contextlib
import json
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gateway.cli import app, main
from gateway.cli.staff import RoleName
from gateway.errors import BadInput
from gateway.services.staff import Role

runner = CliRunner()


@pytest.fixture
def config(tmp_path: Path) -> str:
    path = tmp_path / "tapdial.toml"
    path.write_text(f"data_dir = {json.dumps(str(tmp_path / 'data'))}\n")
    return str(path)


def test_menus_verify_finds_the_shipped_menus_sound() -> None:
    result = runner.invoke(app, ["menus", "verify"])

    assert result.exit_code == 0, result.output
    assert "sound" in result.output


def test_menus_verify_names_file_and_line_of_a_defect(tmp_path: Path) -> None:
    (tmp_path / "menus").mkdir()
    (tmp_path / "texts").mkdir()
    (tmp_path / "menus" / "home.toml").write_text("[menu]\ntype = 'nonsense'\n")

    result = runner.invoke(app, ["menus", "verify", str(tmp_path)])

    assert result.exit_code == 1
    assert result.output.strip() != ""


def test_menus_draw_writes_a_picture(tmp_path: Path) -> None:
    result = runner.invoke(app, ["menus", "draw", "--output", str(tmp_path / "menus.svg")])

    assert result.exit_code == 0, result.output
    assert (tmp_path / "menus.svg").read_text("utf-8").startswith("<svg")


def test_databases_are_made_verified_exported_backed_up_and_restored(config: str, tmp_path: Path) -> None:
    copy, fresh = tmp_path / "copy", tmp_path / "fresh.toml"
    fresh.write_text(f"data_dir = {json.dumps(str(tmp_path / 'fresh'))}\n")
    steps = [
        ["db", "upgrade", "--config", config],
        ["ledger", "verify", "--config", config],
        ["ledger", "export", "--format", "csv", "--config", config],
        ["ledger", "export", "--format", "xlsx", "--output", str(tmp_path / "book.xlsx"), "--config", config],
        ["jobs", "list", "--config", config],
        ["db", "backup", str(copy), "--config", config],
        ["db", "restore", str(copy), "--config", str(fresh)],
        ["ledger", "verify", "--config", str(fresh)],
    ]

    for words in steps:
        result = runner.invoke(app, words)
        assert result.exit_code == 0, (words, result.output)

    assert (tmp_path / "book.xlsx").read_bytes().startswith(b"PK")


def test_settings_are_shown_without_secrets(config: str) -> None:
    result = runner.invoke(app, ["settings", "--config", config], env={"TAPDIAL_KEY_SECRET": "very-secret-words"})

    assert result.exit_code == 0
    assert "very-secret-words" not in result.output


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["settings"], "TAPDIAL_HTTP_PORT"),
        (["demo-code", "nobody"], "TAPDIAL_HTTP_PORT"),
    ],
)
def test_a_fault_is_one_line_and_status_4(
    words: list[str], says: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TAPDIAL_HTP_PORT", "1")
    monkeypatch.setattr("sys.argv", ["tapdial", *words])

    with pytest.raises(SystemExit) as ended:
        main()

    assert ended.value.code == 4
    printed = capsys.readouterr().err
    assert says in printed
    assert "Traceback" not in printed


def test_the_first_administrator_is_made_on_the_command_line_and_once(config: str) -> None:
    words = ["staff", "create", "root", "--name", "First", "--role", "administrator", "--config", config]

    made = runner.invoke(app, words, input="correct horse battery\ncorrect horse battery\n")
    again = runner.invoke(app, words, input="correct horse battery\ncorrect horse battery\n")

    assert made.exit_code == 0, made.output
    assert "TOTP seed" in made.output
    assert (again.exit_code, "name_taken" in again.output) == (1, True)


def test_the_command_knows_the_roles_of_the_staff() -> None:
    assert [one.value for one in RoleName] == [one.value for one in Role]


def test_a_command_does_not_wait_for_libraries_that_it_does_not_use() -> None:
    words = "import sys, gateway.cli; sys.exit('sqlalchemy' in sys.modules or 'aiohttp' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", words], check=False).returncode == 0


def test_a_copy_of_the_ledger_is_verified_by_its_url(config: str, tmp_path: Path) -> None:
    assert runner.invoke(app, ["db", "upgrade", "--config", config]).exit_code == 0
    copy = tmp_path / "copy.db"
    shutil.copy(tmp_path / "data" / "wallet.db", copy)
    words = ["ledger", "verify", "--url", f"sqlite:///{copy}", "--config", config]

    sound = runner.invoke(app, words)
    with contextlib.closing(sqlite3.connect(copy)) as connection:
        connection.execute("UPDATE head SET position = 7")
        connection.commit()
    wrong = runner.invoke(app, words)

    assert (sound.exit_code, wrong.exit_code) == (0, 1)
    assert "0 transfers, 0 refusals, 0 changes of accounts, 0 closings of periods" in " ".join(sound.output.split())
    assert "wrong: head 1: is not the end of the log" in wrong.output


def test_an_sms_by_hand_waits_in_the_outbox_once_for_a_key(config: str) -> None:
    words = ["sms", "send", "09120000001", "The branch is closed today.", "--key", "closed", "--config", config]

    first, again = runner.invoke(app, words), runner.invoke(app, words)
    state = runner.invoke(app, ["sms", "state", "sms:closed", "--config", config])

    assert first.exit_code == again.exit_code == state.exit_code == 0, first.output + again.output
    assert "known already" in again.output
    assert state.output.count("sms: ready, 0 parts") == 1


@pytest.mark.parametrize("to", ["", "1420", "not a number", "+982112345678"])
def test_an_sms_by_hand_to_no_mobile_is_refused(config: str, to: str) -> None:
    assert isinstance(runner.invoke(app, ["sms", "send", to, "hello", "--config", config]).exception, BadInput)


def test_a_message_that_nobody_knows_has_no_state(config: str) -> None:
    assert runner.invoke(app, ["sms", "state", "sms:nothing", "--config", config]).exit_code == 1


def test_the_cost_of_a_text_is_told_before_it_is_sent() -> None:
    assert "2 parts, UCS2" in runner.invoke(app, ["sms", "preview", "سلام " * 20]).output


def test_links_that_nobody_has_said_anything_of_are_no_success(config: str) -> None:
    assert runner.invoke(app, ["links", "--config", config]).exit_code == 1


def test_senders_of_letters_are_added_listed_and_removed(config: str) -> None:
    added = runner.invoke(app, ["mail", "senders", "add", "Clinic@example.org", "--name", "Clinic", "--config", config])
    assert added.exit_code == 0, added.output
    token = added.output.split("token: ")[1].strip()
    assert len(token) == 32

    listed = runner.invoke(app, ["mail", "senders", "list", "--config", config])
    assert "clinic@example.org" in listed.output
    assert token not in listed.output

    removing = ["mail", "senders", "remove", "clinic@example.org", "--config", config]
    assert [runner.invoke(app, removing).exit_code for _ in range(2)] == [0, 1]
    sent = runner.invoke(app, ["mail", "statement", "per_0", "--period", "1404-01", "--config", config])
    assert (sent.exit_code, sent.output.strip()) == (1, "no_email")
