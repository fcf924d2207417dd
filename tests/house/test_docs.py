"""The documents cannot lie: what they name exists, and what exists is named."""

import re
import tomllib
from pathlib import Path

import pytest
from typer.core import TyperGroup
from typer.main import get_command

from gateway.cli import app, settings_page

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
CODE = "\n".join(
    path.read_text("utf-8")
    for folder in ("wallet", "ussd_menus", "gateway", "simulators")
    for path in (ROOT / folder).rglob("*.py")
).lower()


def test_every_setting_stands_in_the_page_of_settings() -> None:
    assert (ROOT / "docs/SETTINGS.md").read_text("utf-8") == settings_page()


def glossary() -> list[str]:
    rows = (ROOT / "docs/GLOSSARY.md").read_text("utf-8").splitlines()
    return [row.split("|")[1].strip() for row in rows if row.startswith("| ") and not row.startswith("| word")]


@pytest.mark.parametrize("word", glossary())
def test_a_word_of_the_glossary_is_used_in_the_code(word: str) -> None:
    assert word.lower() in CODE or word.lower().replace(" ", "_") in CODE


def documents() -> str:
    return README + "".join(path.read_text("utf-8") for path in (ROOT / "docs").glob("*.md"))


def test_every_make_target_that_the_documents_name_exists() -> None:
    targets = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))

    assert set(re.findall(r"`make ([a-z-]+)", documents())) <= targets


def test_every_command_that_the_documents_name_exists() -> None:
    root = get_command(app)
    assert isinstance(root, TyperGroup)
    known = set(root.commands)

    assert set(re.findall(r"`tapdial ([a-z-]+)", documents())) <= known


def test_the_readme_lists_the_demo_people_as_the_data_has_them() -> None:
    people = tomllib.loads((ROOT / "simulators/people.toml").read_text("utf-8"))["person"]

    for person in people:
        row = next(line for line in README.splitlines() if line.startswith(f"| {person['msisdn']}"))
        assert person["national_number"] in row
        assert person["name"] in row
