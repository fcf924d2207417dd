"""The README's promises that can be checked without walking: pictures, links, addresses, commands, words of the tour.

The tour itself is walked in tests/browser/test_tour.py.
"""

import csv
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.core import TyperGroup
from typer.main import get_command

from gateway.cli import app
from gateway.settings import Settings

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
TOUR = README.partition("## The tour")[2].partition("\n## ")[0]
TEXTS = ("ussd_menus/texts/en.toml", "simulators/lab/texts/en.toml", "gateway/channels/console/texts/en.toml")


def texts(table: dict[str, Any]) -> Iterator[str]:
    for value in table.values():
        yield from texts(value) if isinstance(value, dict) else [str(value)]


def test_there_is_a_picture_of_the_lab_that_loads_quickly() -> None:
    (picture,) = re.findall(r"!\[[^]]+\]\(([^)]+)\)", README)
    data = (ROOT / picture).read_bytes()

    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    assert len(data) < 250_000
    assert 1200 <= int.from_bytes(data[16:20], "big") <= 1440


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    targets = [target.partition("#")[0] for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text("utf-8"))]
    missing = [target for target in targets if target and "://" not in target and not (page.parent / target).exists()]

    assert missing == []


def test_the_addresses_are_those_of_the_default_settings() -> None:
    settings = Settings.model_construct()

    assert set(re.findall(r"<(http://[^>]+)>", README)) == {
        f"http://127.0.0.1:{settings.lab_port}/",
        f"http://{settings.http_host}:{settings.http_port}/console",
    }
    assert f"`{settings.service_code}`" in README
    assert f"`{settings.data_dir}`" in README


def test_every_command_of_the_readme_exists_with_its_options() -> None:
    root = get_command(app)
    assert isinstance(root, TyperGroup)
    spans = re.findall(r"`((?:tapdial|make) [^`]+)`", README)
    spans += re.findall(r"^make .+$", README, re.MULTILINE)
    for span in spans:
        words = span.partition(" | ")[0].split()
        if words[0] == "make":
            assert re.search(rf"^{words[1]}:", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE), span
            continue
        assert words[1] in root.commands, span
        command = root.commands[words[1]]
        if isinstance(command, TyperGroup) and len(words) > 2:
            assert words[2] in command.commands, span
            command = command.commands[words[2]]
        known = {option for parameter in command.params for option in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= known, span


def test_the_words_of_the_tour_stand_on_the_screens() -> None:
    shown = {text for name in TEXTS for text in texts(tomllib.loads((ROOT / name).read_text("utf-8")))}
    named = [" ".join(word.split()) for word in re.findall(r"(?<!\*)\*([^*`]+)\*(?!\*)", TOUR.replace("*1420#", ""))]

    assert len(named) > 8
    assert [word for word in named if word not in shown] == []


def test_the_keys_of_the_tour_are_those_of_the_menu() -> None:
    home = tomllib.loads((ROOT / "ussd_menus/menus/home.toml").read_text("utf-8"))
    words = tomllib.loads((ROOT / "ussd_menus/texts/en.toml").read_text("utf-8"))["home"]

    for menu, (key, word) in zip(("menu", "more"), re.findall(r"(\d) \(\*([^*]+)\*\)", TOUR), strict=True):
        assert words[home[menu]["options"][int(key) - 1]["text"]] == word


def test_the_staff_of_the_tour_are_in_the_demo() -> None:
    staff = tomllib.loads((ROOT / "gateway/demo/demo.toml").read_text("utf-8"))["staff"]

    assert {"officer", "supervisor", "finance"} <= set(re.findall(r"`([a-z]+)`", TOUR))
    assert {"officer", "supervisor", "finance"} <= {account["username"] for account in staff}


def test_the_batch_of_the_tour_is_what_the_tour_declares() -> None:
    rows = list(csv.DictReader((ROOT / "docs/walkthroughs/november.csv").read_text("utf-8").splitlines()))
    budget = tomllib.loads((ROOT / "gateway/demo/demo.toml").read_text("utf-8"))["budget"][0]

    assert f"{len(rows)} payments, {sum(int(row['amount']) for row in rows)} rials" in TOUR
    assert f"`{budget['line']}`" in TOUR
