"""A screen and the values of a session become a sheet, and a sheet a page."""

from collections.abc import Mapping, Sequence
from typing import assert_never, cast

from ussd_menus.legal import accepts
from ussd_menus.model import Profile, Row, Value
from ussd_menus.paging import KeyLines, Sheet, ruler_of, wrap
from ussd_menus.screens import (
    GO_ON,
    SILENT,
    ActionScreen,
    AnyScreen,
    ConfirmScreen,
    EndScreen,
    InfoScreen,
    InputScreen,
    LanguageScreen,
    ListScreen,
    Menus,
    MenuScreen,
    PagesScreen,
    ReturnScreen,
    RouterScreen,
    SecretScreen,
    SubflowScreen,
    Tongue,
)
from ussd_menus.texts import Speech

CHOICES = MenuScreen | ListScreen | LanguageScreen
"""Screens whose items are chosen."""
Values = Mapping[str, Value | tuple[Row, ...]]


def sheet_of(menus: Menus, speech: Speech, screen: AnyScreen, values: Values, profile: Profile) -> Sheet:
    """What the screen shows with these values, in the language and style of `speech`."""
    headless = isinstance(screen, PagesScreen | ListScreen) or not screen.text
    return Sheet(
        head="" if headless else speech.fill(screen.text, values),
        items=items_of(menus, speech, screen, values, profile),
        keys=_keys(menus, speech, screen, values),
        digits=speech.write,
        items_max=menus.house.easy_options_max if speech.style.easy and isinstance(screen, CHOICES) else 0,
    )


def help_of(speech: Speech, screen: AnyScreen, profile: Profile) -> Sheet:
    """The help of a screen."""
    back = numbered(speech, screen.keys.help, speech.plain("nav.back"))
    more = numbered(speech, screen.keys.next, speech.plain("nav.more"))
    text = speech.plain(screen.help)
    ruler = ruler_of(text + back + more, profile)
    # A line is as long as the keys leave room for: nothing else stands on the page.
    foot = sum(ruler.size(line) + ruler.line_break for line in (back, more, " 99/99"))
    return Sheet("", wrap(text, max(1, ruler.size_max - foot)), KeyLines(more, back, back), speech.write)


def _wrapped(text: str, profile: Profile) -> list[str]:
    return wrap(text, ruler_of(text, profile).size_max // 2)


def items_of(menus: Menus, speech: Speech, screen: AnyScreen, values: Values, profile: Profile) -> Sequence[str]:
    """The lines that paging may part, numbered where they can be chosen."""
    match screen:
        case MenuScreen():
            return [numbered(speech, str(at), speech.plain(o.text)) for at, o in enumerate(screen.options, 1)]
        case ListScreen():
            # The head is the first of the lines, so that it may have a page of its own where both are long.
            lines = [speech.fill(screen.text, values)] if screen.text else []
            filled = (speech.fill(screen.row, {**values, **row}) for row in rows_of(values))
            chosen = [numbered(speech, str(at), line) for at, line in enumerate(filled, 1)]
            return lines + (chosen or ([speech.plain(screen.empty)] if screen.empty else []))
        case PagesScreen():
            text = speech.fill(screen.text, values)
            lines = _wrapped(text, profile)
            if not screen.row:
                return lines
            rows = rows_of(values)
            shown = [speech.fill(screen.row, {**values, **row}) for row in rows] or [speech.plain(screen.empty)]
            return [*lines, *shown]
        case ConfirmScreen():
            return [numbered(speech, screen.key, speech.plain(screen.label))]
        case InfoScreen():
            return [numbered(speech, GO_ON, speech.plain(screen.label))]
        case LanguageScreen():
            return [numbered(speech, str(at), tongue.name) for at, tongue in enumerate(offered(menus, profile), 1)]
        case InputScreen() | SecretScreen() | EndScreen():
            return ()
        case ActionScreen() | RouterScreen() | SubflowScreen() | ReturnScreen():
            return ()
        case _:
            assert_never(screen)


def rows_of(values: Values) -> tuple[Row, ...]:
    """The rows of the last call that had any."""
    return cast("tuple[Row, ...]", values["rows"])


def offered(menus: Menus, profile: Profile) -> list[Tongue]:
    """The languages that a page of the profile can be written in; all of them when there is none."""
    all_of = list(menus.tongues.values())
    latin = [tongue for tongue in all_of if tongue.alphabet == "gsm"]
    return all_of if profile.ucs2_allowed or not latin else latin


def numbered(speech: Speech, key: str, text: str) -> str:
    """A line that is chosen by a key."""
    return f"{speech.write(key)}. {text}"


def _keys(menus: Menus, speech: Speech, screen: AnyScreen, values: Values) -> KeyLines:
    if isinstance(screen, EndScreen | SILENT):
        return KeyLines()
    keys = screen.keys
    extra = []
    if calls_back(menus, speech, screen, values):
        extra.append(numbered(speech, keys.call_back, speech.plain("nav.call_back")))
    if screen.help and keys.help:
        extra.append(numbered(speech, keys.help, speech.plain("nav.help")))
    if screen.home not in {"", screen.back}:
        extra.append(numbered(speech, keys.home, speech.plain("nav.home")))
    back_page = numbered(speech, keys.back, speech.plain("nav.back"))
    return KeyLines(
        more=numbered(speech, keys.next, speech.plain("nav.more")),
        back=numbered(speech, keys.back, speech.plain(screen.back_label)) if screen.back else "",
        back_page=back_page,
        extra=tuple(extra),
    )


def calls_back(menus: Menus, speech: Speech, screen: AnyScreen, values: Values) -> bool:
    """Whether the key that asks to be called back works on the screen: in easy mode, where it is no legal answer."""
    if not speech.style.easy or not menus.house.call_back or not screen.keys.call_back:
        return False
    rows = len(rows_of(values)) if isinstance(screen, ListScreen) else None
    return not accepts(menus, screen, screen.keys.call_back, rows)
