"""Every file of texts has the keys of its neighbours, and Arabic is written in Arabic."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.languages import LANGUAGES

ROOT = Path(__file__).parents[2]
FOLDERS = sorted(
    path.parent.relative_to(ROOT).as_posix()
    for top in ("gateway", "simulators", "ussd_menus")
    for path in (ROOT / top).rglob("texts/en.toml")
)
LATIN = re.compile(r"[A-Za-z]+")
CODE = re.compile(r"\{[^}]*\}|`[^`]*`|[0-9-]*[A-Z][A-Z0-9-]+|\ba-z\b|\b0-9\b")
"""What stays in Latin letters: places, commands, names as USSD and UCS-2, ranges of letters."""
NAMES_OF_PLACES = {"amount", "period", "pay_code"}
PERSIAN = set("پچژگکیۀە۰۱۲۳۴۵۶۷۸۹")
ARABIC = set("يكةىؤإ٠١٢٣٤٥٦٧٨٩")


def leaves(tree: dict[str, object], above: str = "") -> Iterator[tuple[str, str]]:
    for key, value in tree.items():
        name = f"{above}.{key}" if above else key
        if isinstance(value, dict):
            yield from leaves(value, name)
        elif isinstance(value, list):
            yield from ((f"{name}.{place}", str(one)) for place, one in enumerate(value))
        else:
            yield name, str(value)


def texts(folder: str, language: str) -> dict[str, str]:
    path = ROOT / folder / f"{language}.toml"
    return dict(leaves(tomllib.loads(path.read_text("utf-8"))))


def spoken(folder: str, language: str) -> dict[str, str]:
    """Texts alone: neither how the language writes numbers and days, nor the section that describes the language."""
    own = {"rtl", "digits", "jalali"}
    return {
        key: text for key, text in texts(folder, language).items() if key not in own and not key.startswith("language.")
    }


def test_there_are_the_folders_of_texts_that_we_know() -> None:
    assert set(FOLDERS) >= {"gateway/channels/console/texts", "gateway/services/notices/texts", "simulators/lab/texts"}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("folder", [folder for folder in FOLDERS if not folder.startswith("ussd_menus")])
def test_each_language_has_the_same_keys(folder: str, language: str) -> None:
    mine, english = (
        {key for key in spoken(folder, one) if not key.startswith("forms.months")} for one in (language, "en")
    )
    assert mine == english


@pytest.mark.parametrize("folder", [folder for folder in FOLDERS if (ROOT / folder / "ar.toml").exists()])
def test_arabic_has_arabic_letters_and_digits_and_persian_its_own(folder: str) -> None:
    strange = {
        key: text
        for key, text in spoken(folder, "ar").items()
        if not key.endswith(".by")
        if set(LATIN.findall(CODE.sub("", text))) - {part for name in NAMES_OF_PLACES for part in name.split("_")}
        or PERSIAN & set(text)
    }
    assert strange == {}
    assert {key: text for key, text in spoken(folder, "fa").items() if ARABIC & set(text) - set("ؤ")} == {}
