"""Planted defects are found where they are, sound menus are left alone."""

from collections import Counter
from pathlib import Path

import pytest

from tests.ussd_menus.planted import CLINIC, SOUND, Defect, changed, defects, planted
from ussd_menus import Finding, Menus, MenusFault, Profile, freeze, inspect_files, load, load_files, verify
from ussd_menus.loader import files_of
from ussd_menus.rules import Rule

FA = "texts/fa.toml"
LOST = '[lost]\ntype = "end"\ntext = "home.bye"\n'
DEFECTS = defects()


@pytest.mark.parametrize("defect", DEFECTS, ids=[f"{at}-{one.rule}-{one.screen}" for at, one in enumerate(DEFECTS)])
def test_a_planted_defect_is_found_on_its_line(defect: Defect) -> None:
    files = changed(CLINIC, *defect.changes)
    findings = verify(load_files(files), Profile())
    found = [
        one
        for one in findings
        if (one.rule, one.language) == (defect.rule, defect.language) and defect.screen in {"", one.screen}
    ]
    assert found, "\n".join(map(str, findings))
    shown = {files[one.file].decode("utf-8").split("\n")[one.line - 1].strip() for one in found}
    assert any(text.startswith(defect.line) for text in shown), shown


def test_every_rule_has_three_planted_defects() -> None:
    counts = Counter(one.rule for one in DEFECTS)
    assert {rule for rule in Rule if counts[rule] < 3} == {Rule.FORM}


@pytest.mark.parametrize("name", [path.name for path in sorted(SOUND.iterdir())])
def test_sound_menus_have_no_finding(name: str) -> None:
    assert inspect_files(files_of(SOUND / name)) == []


@pytest.mark.parametrize("profile", [Profile(160, 80), Profile(182, 80)])
def test_the_shipped_menus_fit_the_smaller_networks_too(menus: Menus, profile: Profile) -> None:
    assert verify(menus, profile) == []


def test_a_smaller_profile_finds_what_no_longer_fits(menus: Menus) -> None:
    rules = {found.rule for found in verify(menus, Profile(182, 70))}
    assert rules == {"page-too-long"}


def test_a_shorter_session_finds_what_takes_too_long(menus: Menus) -> None:
    rules = {found.rule for found in verify(menus, Profile(session_s=40))}
    assert rules == {"session-too-long"}


def test_a_longer_line_break_takes_its_place(menus: Menus) -> None:
    assert "page-too-long" in {found.rule for found in verify(menus, Profile(newline="<br/>"))}


def test_a_wire_without_ucs2_needs_a_language_that_does_without() -> None:
    files = files_of(SOUND / "clinic")
    assert inspect_files(files, Profile(ucs2_allowed=False)) == []
    house = files["menus/house.toml"].replace(b'["en", "fa", "ar"]', b'["fa", "ar"]')
    bare = {name: content for name, content in files.items() if not name.endswith("/en.toml")}
    found = inspect_files({**bare, "menus/house.toml": house}, Profile(ucs2_allowed=False))
    assert ("page-too-long", "menus/house.toml") in {(one.rule, one.file) for one in found}


def test_a_finding_is_one_line_with_file_line_screen_language_and_rule() -> None:
    files = changed(CLINIC, (FA, 'locked = "رمز قفل شد."\n', ""))
    (found,) = verify(load_files(files))
    assert str(found) == "texts/fa.toml:83 visits.locked [fa] translation-missing: write visits.locked"


def test_unsound_menus_are_never_frozen(tmp_path: Path) -> None:
    menus = load(planted(tmp_path, ("menus/send.toml", "", LOST)))
    with pytest.raises(MenusFault, match="unreachable"):
        freeze(menus)


def test_the_version_follows_the_content(tmp_path: Path, menus: Menus) -> None:
    same = load(planted(tmp_path / "same"))
    other = load(planted(tmp_path / "other", ("menus/send.toml", "", "\n# Another remark.\n")))
    assert (same.version == menus.version, other.version == menus.version) == (True, False)


def test_findings_sort_by_file_and_line() -> None:
    assert Finding("a", 2, "", "", "x", "") < Finding("b", 1, "", "", "x", "")
