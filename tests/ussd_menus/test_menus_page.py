"""docs/MENUS.md is the whole language: every rule, screen and key of the code is on it, and its examples hold."""

import re
import tomllib
from dataclasses import fields
from pathlib import Path

import pytest

from tests.ussd_menus.planted import CLINIC
from ussd_menus import Profile, inspect_files
from ussd_menus.profiles import read_profiles
from ussd_menus.reader import _SCREENS
from ussd_menus.rules import Rule
from ussd_menus.screens import AnswerKind, House, Keys, WordType

PAGE = (Path(__file__).parents[2] / "docs" / "MENUS.md").read_text("utf-8")
EXAMPLES = re.findall(r"```toml(?: file=(\S+))?\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize(
    "word",
    [
        *Rule,
        *_SCREENS,
        *AnswerKind,
        *WordType,
        *(field.name for field in fields(House) if field.name != "codes"),
        *(field.name for field in fields(Keys)),
        *(field.name for field in fields(Profile) if field.name != "name"),
    ],
)
def test_the_page_knows_every_word_of_the_language(word: str) -> None:
    assert re.search(rf"\b{re.escape(word)}\b", PAGE)


def test_every_rule_has_a_row_with_an_example() -> None:
    rows = re.findall(r"^\| `([a-z-]+)` \| ([^|]{10,}) \| ([^|]{5,}) \|$", PAGE, re.MULTILINE)
    assert {name for name, _, _ in rows if "-" in name or name in set(Rule)} >= set(Rule)


def test_the_small_folder_of_the_page_is_sound() -> None:
    files = {name: text.encode("utf-8") for name, text in EXAMPLES if name}
    assert len(files) == 4
    assert inspect_files(files) == []


def test_the_other_examples_hold() -> None:
    shortcut, profile = (text for name, text in EXAMPLES if not name)
    assert inspect_files({**CLINIC, "menus/shortcuts.toml": shortcut.encode("utf-8")}) == []
    (found,) = read_profiles(tomllib.loads(profile))
    assert (found.name, found.septets_max, found.newline) == ("north", 160, "\r\n")
