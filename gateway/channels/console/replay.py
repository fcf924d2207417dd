"""What a screen says, shown again without a value: placeholders are an ellipsis, rows stand for themselves. Pure."""

import re

from ussd_menus import Menus
from ussd_menus.screens import (
    AnyScreen,
    ConfirmScreen,
    InfoScreen,
    LanguageScreen,
    ListScreen,
    MenuScreen,
    Plural,
    Text,
    Tongue,
)

ELLIPSIS = "…"
_PLACEHOLDER = re.compile(r"\{[^{}]*\}")


def page_of(menus: Menus, screen: str, language: str) -> list[str]:
    """The lines of a screen in a language; none where these menus have no such screen or language."""
    found, tongue = menus.screens.get(screen), menus.tongues.get(language)
    if found is None or tongue is None:
        return []
    lines = [_said(tongue, found.text), *_answers(menus, found, tongue)]
    if found.back:
        lines.append(f"{found.keys.back} {_said(tongue, found.back_label)}")
    return [part for line in lines for part in line.split("\n") if part]


def _answers(menus: Menus, screen: AnyScreen, tongue: Tongue) -> list[str]:
    match screen:
        case MenuScreen():
            return [f"{key} {_said(tongue, option.text)}" for key, option in enumerate(screen.options, 1)]
        case ListScreen():
            return [f"1 {_said(tongue, screen.row)}", ELLIPSIS]
        case ConfirmScreen():
            return [f"{screen.key} {_said(tongue, screen.label)}"]
        case InfoScreen():
            return [f"1 {_said(tongue, screen.label)}"]
        case LanguageScreen():
            return [f"{key} {other.name}" for key, other in enumerate(menus.tongues.values(), 1)]
        case _:
            return []


def _said(tongue: Tongue, key: str) -> str:
    text: Text = tongue.texts.get(key, "")
    plain = text.forms.get("other", "") if isinstance(text, Plural) else text
    return _PLACEHOLDER.sub(ELLIPSIS, plain)
