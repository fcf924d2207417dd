"""`tapdial statements …` brings files of the bank, with the exit statuses that a script relies on."""

import contextlib
import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gateway.cli import app
from tests.gateway.wire.bank_files import MT940, camt, details, entry, statement, transaction, zipped
from tests.gateway.wire.test_files_of_any_bank import SWIFT

runner = CliRunner()
CSV = "day;out;in\n27.11.2026;5;\n"
PROFILE = (
    'account = "A"\ndelimiter = ";"\ndate = "DD.MM.YYYY"\n[columns]\nbooked_on = "day"\ndebit = "out"\ncredit = "in"\n'
)


@pytest.fixture
def config(tmp_path: Path) -> str:
    path = tmp_path / "tapdial.toml"
    path.write_text(f"data_dir = {json.dumps(str(tmp_path / 'data'))}\n")
    return str(path)


def run(config: str, *words: str) -> tuple[int, str]:
    result = runner.invoke(app, ["statements", *words, "--config", config])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.output


def test_files_are_brought_once_listed_and_refused_by_name(config: str, tmp_path: Path) -> None:
    names = ("day.xml", "swift.sta", "bank.csv", "junk.bin")
    octets = (camt(statement(entry(5))), MT940.encode(), CSV.encode(), b"\x00\x01")
    files = [tmp_path / name for name in names]
    for file, content in zip(files, octets, strict=True):
        file.write_bytes(content)
    (tmp_path / "profile.toml").write_text(PROFILE)

    status, said = run(config, "import", *map(str, files[:3]), "--csv", str(tmp_path / "profile.toml"))
    assert (status, said.count(": taken stm_")) == (0, 3)
    status, said = run(config, "import", *map(str, files))
    assert (status, said.count(": already stm_"), said.count("junk.bin: refused")) == (1, 3, 1)
    listed = run(config, "list")[1]
    assert all(root in listed for root in ("camt", "mt940", "csv"))


def test_a_profile_that_is_wrong_names_its_key(config: str, tmp_path: Path) -> None:
    file, profile = tmp_path / "bank.csv", tmp_path / "profile.toml"
    file.write_text(CSV)
    profile.write_text(PROFILE.replace("delimiter", "delimter"))

    status, said = run(config, "import", str(file), "--csv", str(profile))
    assert (status, "delimter" in said) == (2, True)


def test_a_pack_says_what_became_of_each_member_and_what_is_missing(config: str, tmp_path: Path) -> None:
    pack = tmp_path / "day\x1b[2J.zip"
    pack.write_bytes(
        zipped(
            {
                "in/": b"",
                "README.txt": b"Dear customer",
                "7.xml": camt(statement(opening=100, closing=100)),
                "10.xml": camt(statement(sequence=10, name="STM10", opening=90, closing=90)),
                "junk.bin": b"\0\1",
            }
        )
    )

    status, said = run(config, "import", str(pack))
    assert (status, "\x1b[2J" in said, ": partly stm_" in said) == (1, False, True)
    assert [line.split(" stm_")[0] for line in said.splitlines() if line.startswith("  ")] == [
        "  in/: beside",
        "  README.txt: beside",
        "  7.xml: taken",
        "  10.xml: taken",
        "  junk.bin: refused no text: it has characters that no text has",
    ]
    ends = "and number 10, which opens with 90 IRR"
    gap = f"numbers 8 to 9 are missing between number 7, which closes with 100 IRR, {ends}"
    assert gap in said
    assert gap in run(config, "list")[1]

    for number, balance in ((8, 100), (9, 100)):
        (tmp_path / "late.xml").write_bytes(
            camt(statement(sequence=number, name=f"STM{number}", opening=balance, closing=balance))
        )
        status, said = run(config, "import", str(tmp_path / "late.xml"))
        assert status == 1, "what follows does not fit yet"
    assert f"between number 9, which closes with 100 IRR, {ends}" in said
    assert "missing" not in said


@pytest.mark.parametrize(("octets", "status"), [(b"<a/>", 1), (b"", 1)])
def test_what_is_none_is_never_a_statement_of_no_rows(config: str, tmp_path: Path, octets: bytes, status: int) -> None:
    (tmp_path / "x").write_bytes(octets)
    assert run(config, "import", str(tmp_path / "x"))[0] == status
    assert "stm_" not in run(config, "list")[1]


def test_wrong_use_and_what_cannot_be_done_have_their_statuses(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"x")
    (tmp_path / "wrong.toml").write_text("no_such_setting = 1\n")
    (tmp_path / "broken.toml").write_text('data_dir = "/proc/none"\n')
    assert run(str(tmp_path / "wrong.toml"), "import", str(tmp_path / "x"))[0] == 2
    assert run(str(tmp_path / "wrong.toml"), "import", str(tmp_path / "none"))[0] == 2
    assert run(str(tmp_path / "broken.toml"), "import", str(tmp_path / "x"))[0] == 3


def test_files_of_one_call_may_come_in_any_order(config: str, tmp_path: Path) -> None:
    balances = {7: 100, 8: 100, 9: 100}
    for number, balance in balances.items():
        octets = camt(statement(sequence=number, name=f"STM{number}", opening=balance, closing=balance))
        (tmp_path / f"{number}.xml").write_bytes(octets)
    names = [str(tmp_path / f"{number}.xml") for number in (9, 7, 8)]

    status, said = run(config, "import", *names[:2])
    assert (status, said.count("number 8 is missing")) == (1, 1)
    status, said = run(config, "import", *names)
    assert (status, "missing" in said) == (0, False)


def test_pages_are_waited_for_and_the_last_one_ends_it(config: str, tmp_path: Path) -> None:
    for place, octets in enumerate(SWIFT):
        (tmp_path / f"{place}.sta").write_bytes(octets)
    names = [str(tmp_path / f"{place}.sta") for place in (2, 0, 1)]

    status, said = run(config, "import", *names[:2])
    assert (status, said.count(": waiting page ")) == (1, 2)
    assert "page 3 of statement 7, which is taken once the first page and all between are in" in said
    status, said = run(config, "import", *names)
    assert (status, said.count(": taken stm_")) == (0, 1)


def test_a_number_that_came_with_other_content_is_said(config: str, tmp_path: Path) -> None:
    for minor in (5, 6):
        (tmp_path / f"{minor}.xml").write_bytes(camt(statement(entry(minor), opening=10, closing=10 - minor)))
    assert run(config, "import", str(tmp_path / "5.xml"))[0] == 0
    assert "statement 7 came before with other content" in run(config, "import", str(tmp_path / "6.xml"))[1]


def test_a_file_of_a_name_that_is_no_unicode_is_taken(config: str, tmp_path: Path) -> None:
    file = tmp_path / os.fsdecode(b"\xe9\x1b[2J.xml")
    file.write_bytes(camt(statement(entry(5))))
    status, said = run(config, "import", str(file))
    assert (status, ": taken stm_" in said, "\x1b[2J" in said) == (0, True, False)


def test_a_call_that_is_killed_anywhere_is_finished_by_the_next(config: str, tmp_path: Path) -> None:
    """Two processes at once, one of them killed in the middle: nothing is twice, nothing is lost."""
    lines = 4_000
    pack = tmp_path / "day.zip"
    members = {
        f"{number}.xml": camt(
            statement(*(entry(1, details=details(transaction(f"E{number}-{n}"))) for n in range(lines)),
                      sequence=number, name=f"S{number}", opening=lines * (9 - number), closing=lines * (8 - number))
        )
        for number in (7, 8)
    }  # fmt: skip
    pack.write_bytes(zipped(members))
    command = [sys.executable, "-m", "gateway", "statements", "import", str(pack), "--config", config]
    assert run(config, "list")[0] == 0, "the tables are made"

    killed = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    beside = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    database = tmp_path / "data" / "gateway.db"
    while killed.poll() is None and not put_in(database):
        continue
    killed.kill()
    killed.wait(60)
    assert beside.wait(120) == 0
    status, said = run(config, "import", str(pack))
    assert (status, said.count("stm_")) == (0, 4)
    assert put_in(database) == 2 * lines


def put_in(database: Path) -> int:
    """How many lines are in."""
    with contextlib.closing(sqlite3.connect(database, timeout=30)) as tx:
        return int(tx.execute("SELECT count(*) FROM banking_lines").fetchone()[0])
