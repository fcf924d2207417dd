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
        [path.name for path in made] == [path.name for path in restored] == ["wallet.db", "gateway.db", "keys.sealed"]
    )
    connection = sqlite3.connect(tmp_path / "fresh" / "wallet.db")
    assert connection.execute("SELECT n FROM t").fetchall() == [(7,)]
    connection.close()


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
