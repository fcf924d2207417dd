"""A backup is whole, a restore writes over nothing."""

import sqlite3
from pathlib import Path

import pytest

from gateway.errors import Conflict, NotFound
from gateway.store.backup import backup, restore


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    for name in ("wallet.db", "gateway.db"):
        connection = sqlite3.connect(folder / name)
        connection.execute("CREATE TABLE t (n INTEGER)")
        connection.execute("INSERT INTO t VALUES (7)")
        connection.commit()
        connection.close()
    (folder / "keys.sealed").write_bytes(b"sealed")
    return folder


def test_what_was_backed_up_comes_back(data: Path, tmp_path: Path) -> None:
    made = list(backup("", data, tmp_path / "copy"))
    restored = list(restore("", tmp_path / "fresh", tmp_path / "copy"))

    assert (
        [path.name for path in made] == [path.name for path in restored] == ["gateway.db", "wallet.db", "keys.sealed"]
    )
    connection = sqlite3.connect(tmp_path / "fresh" / "wallet.db")
    assert connection.execute("SELECT n FROM t").fetchall() == [(7,)]
    connection.close()


def rows(path: Path) -> list[int]:
    connection = sqlite3.connect(path)
    try:
        return [n for (n,) in connection.execute("SELECT n FROM t ORDER BY n")]
    finally:
        connection.close()


def test_a_backup_of_a_running_gateway_knows_no_money_that_its_ledger_does_not_have(data: Path, tmp_path: Path) -> None:
    made = backup("", data, tmp_path / "copy")
    next(made)
    # Between the two copies money moves, and its outcome is stored.
    for name in ("wallet.db", "gateway.db"):
        with sqlite3.connect(data / name) as connection:
            connection.execute("INSERT INTO t VALUES (8)")
        connection.close()
    list(made)

    assert rows(tmp_path / "copy" / "gateway.db") == [7]
    assert rows(tmp_path / "copy" / "wallet.db") == [7, 8]


def test_no_password_is_among_the_arguments_of_the_databases_tools(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = tmp_path / "seen"
    for name in ("pg_dump", "pg_restore"):
        tool = tmp_path / "bin" / name
        tool.parent.mkdir(exist_ok=True)
        tool.write_text(f'#!/bin/sh\necho "$0" "$@" "password:$PGPASSWORD" >> {seen}\n')
        tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    url = "postgresql://tapdial:s%40fe@db.example:5433/tapdial?sslmode=require"
    list(backup(url, tmp_path, tmp_path / "copy"))
    list(restore(url, tmp_path / "fresh", tmp_path / "copy"))

    dumped, restored = seen.read_text().splitlines()
    for line in (dumped, restored):
        assert "--dbname=postgresql://tapdial@db.example:5433/tapdial?sslmode=require" in line
        assert line.endswith("password:s@fe")
        assert "s%40fe" not in line


def test_a_backup_writes_over_nothing(data: Path, tmp_path: Path) -> None:
    list(backup("", data, tmp_path / "copy"))

    with pytest.raises(Conflict):
        list(backup("", data, tmp_path / "copy"))


def test_a_restore_writes_over_nothing(data: Path, tmp_path: Path) -> None:
    list(backup("", data, tmp_path / "copy"))

    with pytest.raises(Conflict):
        list(restore("", data, tmp_path / "copy"))


def test_a_folder_that_is_no_backup_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        list(restore("", tmp_path / "fresh", tmp_path))
