"""`tapdial menus`: what it writes, and with which status it ends."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from gateway.cli import app

SOUND = Path(__file__).parents[2] / "ussd_menus" / "sound"
runner = CliRunner()


def test_menus_are_proved_for_the_smallest_profile_of_a_file(tmp_path: Path) -> None:
    profiles = tmp_path / "profiles.toml"
    profiles.write_text("[profiles.large]\n[profiles.small]\nseptets_max = 100\nsession_s = 90\n")
    result = runner.invoke(app, ["menus", "verify", str(SOUND / "tiny"), "--profiles", str(profiles)])
    assert result.exit_code == 0, result.output
    assert "(100 septets, 80 UCS-2 units, 90 s)" in " ".join(result.output.split())


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("", "holds [profiles.<name>]"),
        ("[profiles.a]\nseptets_max = 500\n", "from 20 to 182"),
        ("[profiles.a]\nspeed = 1\n", "is none of"),
        ("[profiles.a]\nnewline = 5\n", "is none of"),
        ("[profiles.a]\nucs2_allowed = 1\n", "must be true or false"),
        ("profiles = 5\n", "holds [profiles.<name>]"),
        ("[[[", "profiles.toml"),
    ],
)
def test_a_file_that_holds_no_profiles_is_refused(tmp_path: Path, content: str, why: str) -> None:
    profiles = tmp_path / "profiles.toml"
    profiles.write_text(content)
    result = runner.invoke(app, ["menus", "verify", "--profiles", str(profiles)], env={"COLUMNS": "300"})
    assert result.exit_code == 2
    assert why in result.output


def test_no_folder_is_one_line_and_status_one(tmp_path: Path) -> None:
    result = runner.invoke(app, ["menus", "verify", str(tmp_path / "nowhere")])
    assert (result.exit_code, len(result.output.splitlines())) == (1, 1)
    assert "no such folder" in result.output


def test_a_finding_is_one_line_whatever_a_screen_is_called(tmp_path: Path) -> None:
    (tmp_path / "menus").mkdir()
    (tmp_path / "menus" / "home.toml").write_text('["a\\n\\u001b[31mb"]\ntype = "end"\ncolour = "red"\n')
    result = runner.invoke(app, ["menus", "verify", str(tmp_path)])
    assert result.exit_code == 1
    assert "\x1b" not in result.output
    assert all(line.startswith("menus/") for line in result.output.splitlines())


@pytest.mark.parametrize(
    ("name", "begins"), [("m.svg", "<svg"), ("m.html", "<!DOCTYPE html>"), ("m.mmd", "flowchart LR")]
)
def test_a_map_is_drawn_in_three_shapes(tmp_path: Path, name: str, begins: str) -> None:
    result = runner.invoke(app, ["menus", "draw", str(SOUND / "clinic"), "--output", str(tmp_path / name)])
    assert result.exit_code == 0, result.output
    assert (tmp_path / name).read_text("utf-8").startswith(begins)


def test_a_map_in_another_shape_is_refused(tmp_path: Path) -> None:
    assert runner.invoke(app, ["menus", "draw", "--output", str(tmp_path / "m.png")]).exit_code == 2


def test_a_place_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    command = ["menus", "draw", str(SOUND / "tiny"), "--output", str(tmp_path / "nowhere" / "m.svg")]
    result = runner.invoke(app, command, env={"COLUMNS": "300"})
    assert result.exit_code == 2
    assert "No such file or directory" in result.output


def test_walks_print_what_they_saw() -> None:
    result = runner.invoke(app, ["menus", "walk", str(SOUND / "tiny"), "--walks", "50", "--seed", "3"])
    assert result.exit_code == 0, result.output
    assert "branches 3 of 3 (100%)" in result.output
    assert runner.invoke(app, ["menus", "walk", str(SOUND / "tiny"), "--language", "xx"]).exit_code == 2


def test_a_transcript_is_written_without_the_secret(tmp_path: Path) -> None:
    typed = ["< known | name=Ana | kind=adult | state=open", "3", "0499370899", "7391"]
    inputs = [part for text in typed for part in ("--inputs", text)]
    command = ["menus", "record", "refund", "--folder", str(SOUND / "clinic"), "--output", str(tmp_path), *inputs]
    result = runner.invoke(app, command)
    assert result.exit_code == 0, result.output
    transcript = (tmp_path / "refund.en.txt").read_text("utf-8")
    assert "> ****" in transcript
    assert "7391" not in transcript
    assert runner.invoke(app, [*command, "--inputs", "< nonsense"]).exit_code == 2
    assert runner.invoke(app, ["menus", "record", "../x", "--output", str(tmp_path)]).exit_code == 2
