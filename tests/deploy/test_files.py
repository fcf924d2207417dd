"""The files that database nodes run by: the archive of the log, base backups, Patroni's times, the lock."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from wallet.ledger import writer

ROOT = Path(__file__).parents[2]
HA = ROOT / "deploy/ha"
SEGMENT = "000000010000000000000007"


def archive(folder: Path, path: Path, segment: str = SEGMENT) -> int:
    env = {"PATH": os.environ["PATH"], "WAL_ARCHIVE": str(folder)}
    command = ["sh", str(HA / "archive-wal"), str(path), segment]
    return subprocess.run(command, env=env, capture_output=True, check=False).returncode


@pytest.fixture
def wal(tmp_path: Path) -> Path:
    (tmp_path / "wal").mkdir()
    return tmp_path / "wal"


def test_a_file_of_the_log_is_archived_whole_and_a_second_node_may_bring_it_too(wal: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"log" * 1000)

    assert [archive(wal, tmp_path / "file"), archive(wal, tmp_path / "file")] == [0, 0]
    assert [path.name for path in wal.iterdir()] == [SEGMENT]
    assert (wal / SEGMENT).read_bytes() == b"log" * 1000


def test_another_content_is_kept_beside_the_first(wal: Path, tmp_path: Path) -> None:
    for content in (b"first", b"second", b"second"):
        (tmp_path / "file").write_bytes(content)
        assert archive(wal, tmp_path / "file") == 0

    assert sorted(path.read_bytes() for path in wal.iterdir()) == [b"first", b"second"]
    assert (wal / SEGMENT).read_bytes() == b"first"


def test_what_cannot_be_archived_is_not_said_to_be(wal: Path, tmp_path: Path) -> None:
    assert archive(wal, tmp_path / "absent") != 0
    assert archive(tmp_path / "no folder", ROOT / "LICENSE") != 0
    assert list(wal.iterdir()) == []


def programs(folder: Path, verify: int = 0) -> Path:
    """Stand-ins for PostgreSQL's programs: a copy of two files, a check that says what it is told to."""
    folder.mkdir()
    copy = 'mkdir "$4"; echo "START WAL LOCATION: 0/7000028 (file 0000000300000000000000$NEXT)" > "$4/backup_label"'
    for name, script in (("pg_basebackup", copy), ("pg_verifybackup", f"exit {verify}")):
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(0o755)
    return folder


def back_up(tmp_path: Path, bin_folder: Path, number: str, keep: int = 1) -> "subprocess.CompletedProcess[str]":
    (tmp_path / "backups").mkdir(exist_ok=True)
    env = {
        "PATH": f"{bin_folder}:{os.environ['PATH']}", "NEXT": number, "WAL_ARCHIVE": str(tmp_path / "wal"),
        "BACKUP_SOURCE": "host=absent", "BACKUP_FOLDER": str(tmp_path / "backups"), "BACKUP_KEEP": str(keep),
    }  # fmt: skip
    return subprocess.run(["sh", HA / "base-backup"], env=env, capture_output=True, text=True, check=False)


def test_a_backup_forgets_older_ones_and_the_log_that_only_they_needed(wal: Path, tmp_path: Path) -> None:
    (tmp_path / "backups" / "20200101T000000Z").mkdir(parents=True)
    (tmp_path / "backups" / "20200102T000000Z.part").mkdir()
    needed = ["0000000300000000000000A0", "000000030000000000000100", "00000003.history"]
    needless = ["00000003000000000000009F", "00000002000000000000009F.partial", "00000001000000000000000A.12345"]
    for name in [*needed, *needless]:
        (wal / name).touch()

    done = back_up(tmp_path, programs(tmp_path / "bin"), "A0")

    assert done.returncode == 0, done.stderr
    assert [str(path) for path in (tmp_path / "backups").iterdir()] == [done.stdout.strip()]
    assert sorted(path.name for path in wal.iterdir()) == sorted(needed)


def test_a_copy_that_is_not_whole_replaces_nothing(wal: Path, tmp_path: Path) -> None:
    (tmp_path / "backups" / "20200101T000000Z").mkdir(parents=True)
    (wal / SEGMENT).touch()

    done = back_up(tmp_path, programs(tmp_path / "bin", verify=1), "A0")

    assert done.returncode != 0
    assert [path.name for path in (tmp_path / "backups").glob("*Z")] == ["20200101T000000Z"]
    assert (wal / SEGMENT).exists()


def number(name: str) -> int:
    found = re.search(rf"^ *{name}: (\d+)", (HA / "patroni.yml").read_text("utf-8"), re.MULTILINE)
    assert found is not None
    return int(found[1])


def test_patroni_renews_its_key_twice_before_it_runs_out() -> None:
    assert number("loop_wait") + 2 * number("retry_timeout") <= number("ttl")


def test_a_group_is_tried_for_longer_than_a_failover_takes() -> None:
    assert number("ttl") + 5 < writer._PATIENCE_S


def test_patroni_is_locked_with_hashes_and_no_address() -> None:
    lock = (HA / "requirements.lock").read_text("utf-8")

    assert re.search(r"^patroni==", lock, re.MULTILINE)
    assert "://" not in lock
    assert all("--hash=sha256:" in line for line in lock.splitlines() if line.startswith("    "))
