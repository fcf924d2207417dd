"""Rules of the house for menus and texts: reachable, in every language, fitting, used, and nothing shadowed."""

import re
import tomllib
from datetime import date
from xml.etree import ElementTree

import pytest

from tests.ussd_menus.player import Player
from ussd_menus import FrozenMenus, Menus, Profile, draw, gsm_septets, html, mermaid
from ussd_menus.graph import graph_of
from ussd_menus.loader import FOLDER
from ussd_menus.measure import Measure
from ussd_menus.paging import fits
from ussd_menus.screens import ActionScreen, MenuScreen, SecretScreen
from ussd_menus.texts import Speech, spellings
from ussd_menus.verify_texts import used_keys


def test_every_screen_is_reachable(menus: Menus) -> None:
    assert set(graph_of(menus).reachable) == set(menus.screens)


def test_every_text_is_in_every_language_and_used(menus: Menus) -> None:
    used = set(used_keys(menus))
    assert {code: set(tongue.texts) ^ used for code, tongue in menus.tongues.items()} == {
        "fa": set(),
        "en": set(),
        "fr": set(),
        "ar": set(),
    }


@pytest.mark.parametrize("language", ["fa", "en", "fr", "ar"])
def test_every_page_fits_with_the_longest_values(menus: Menus, language: str) -> None:
    measure = Measure(graph_of(menus), Profile())
    for name, screen in menus.screens.items():
        largest = measure.largest(screen, language)
        assert largest is None or (largest.fits and fits(largest.text, Profile())), name


@pytest.mark.parametrize("language", ["en", "fr"])
def test_no_letter_turns_a_latin_page_into_a_short_one(menus: Menus, language: str) -> None:
    speech = Speech(menus.tongues[language], menus.words)
    assert all(
        gsm_septets(speech.write(form)) is not None for text in speech.tongue.texts.values() for form in spellings(text)
    )


def test_every_action_is_called_and_every_call_is_declared(menus: Menus) -> None:
    called = {screen.call for screen in menus.screens.values() if isinstance(screen, SecretScreen | ActionScreen)}
    assert called == set(menus.actions)


def test_no_menu_has_more_options_than_people_keep_in_mind(menus: Menus) -> None:
    assert all(len(screen.options) <= 7 for screen in menus.screens.values() if isinstance(screen, MenuScreen))


def test_the_files_say_what_they_are(menus: Menus) -> None:
    for path in sorted((FOLDER / "menus").glob("*.toml")):
        text = path.read_text("utf-8")
        assert text.startswith("# "), path.name
        assert tomllib.loads(text)
    assert len(menus.screens) > 40


@pytest.mark.parametrize(
    ("language", "reads"),
    [
        ("fa", "بیماری از ۱۴۰۵/۰۸/۲۰ تا ۱۴۰۵/۰۸/۲۵؟"),
        ("en", "Sick from 11/11/2026 to 16/11/2026."),
        ("fr", "Malade du 11/11/2026 au 16/11/2026."),
    ],
)
def test_days_are_read_in_the_calendar_of_the_language(frozen: FrozenMenus, language: str, reads: str) -> None:
    player = Player(frozen, language, date(2026, 11, 22))
    player.dial()
    player.answer("active", language, name="A")
    for typed in ("2", "1", "2026-11-11", "1405/08/25"):
        player.type(typed)
    assert player.page().startswith(reads)


def test_the_map_shows_every_screen(menus: Menus) -> None:
    svg, chart = draw(menus), mermaid(menus)
    boxes = [text.text for text in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]  # noqa: S314  - ours
    assert set(menus.screens) <= set(boxes)
    assert all(name in chart for name in menus.screens)
    assert chart.startswith("flowchart LR\n")
    assert "http" not in svg.replace("http://www.w3.org/2000/svg", "")


def test_the_map_says_how_large_pages_are_and_where_people_leave(menus: Menus) -> None:
    heat = {"home.menu": 0.5}
    page = html(menus, heat=heat)
    sizes = re.findall(r"fa (\d+)/80", page)
    assert sizes
    assert all(0 < int(size) <= 80 for size in sizes)
    assert page.count("#ffc0c0") == 1
    assert "50.0% left here" in page
    assert not re.search(r"<script|src=|href=|url\(", page)
