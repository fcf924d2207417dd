"""`tapdial statements …` brings files of the bank, with the exit statuses that a script relies on."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gateway.cli import app
from gateway.errors import SettingsFault
from tests.gateway.wire.bank_files import MT940, camt, entry, statement

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

    with pytest.raises(SettingsFault, match="delimter"):
        run(config, "import", str(file), "--csv", str(profile))
