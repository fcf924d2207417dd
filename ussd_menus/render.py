"""A screen and the values of a session become a sheet, and a sheet a page."""

from collections.abc import Mapping, Sequence
from typing import assert_never, cast

from ussd_menus.model import Profile, Row, Value
from ussd_menus.paging import Keys, Sheet, ruler_of, wrap
from ussd_menus.screens import (
    ActionScreen,
    AnyScreen,
    ConfirmScreen,
    EndScreen,
    House,
    InputScreen,
    LanguageScreen,
    ListScreen,
    Menus,
    MenuScreen,
    PagesScreen,
    SecretScreen,
)
from ussd_menus.texts import Speech, letters

Values = Mapping[str, Value | tuple[Row, ...]]


def sheet_of(menus: Menus, speech: Speech, screen: AnyScreen, values: Values, profile: Profile) -> Sheet:
    """What the screen shows with these values, in the language of `speech`."""
    head = "" if isinstance(screen, ActionScreen | PagesScreen) else _head(speech, screen, values)
    items = items_of(menus, speech, screen, values, profile)
    return Sheet(head, items, _keys(menus.house, speech, screen), lambda text: letters(speech.tongue, text))


def _head(speech: Speech, screen: AnyScreen, values: Values) -> str:
    return speech.fill(screen.text, values) if screen.text else ""


def items_of(menus: Menus, speech: Speech, screen: AnyScreen, values: Values, profile: Profile) -> Sequence[str]:
    """The lines that paging may part, numbered where they can be chosen."""
    match screen:
        case MenuScreen():
            return [_numbered(speech, str(at), speech.plain(o.text)) for at, o in enumerate(screen.options, 1)]
        case ListScreen():
            rows = rows_of(values)
            return [
                _numbered(speech, str(at), speech.fill(screen.row, {**values, **row})) for at, row in enumerate(rows, 1)
            ]
        case PagesScreen():
            text = speech.fill(screen.text, values)
            lines = wrap(text, ruler_of(text, profile).size_max // 2)
            if not screen.row:
                return lines
            rows = rows_of(values)
            shown = [speech.fill(screen.row, {**values, **row}) for row in rows] or [speech.plain(screen.empty)]
            return [*lines, *shown]
        case ConfirmScreen():
            return [_numbered(speech, screen.key, speech.plain(screen.label))]
        case LanguageScreen():
            return [_numbered(speech, str(at), t.name) for at, t in enumerate(menus.tongues.values(), 1)]
        case InputScreen() | SecretScreen() | ActionScreen() | EndScreen():
            return ()
        case _:
            assert_never(screen)


def rows_of(values: Values) -> tuple[Row, ...]:
    """The rows of the last call that had any."""
    return cast("tuple[Row, ...]", values["rows"])


def _numbered(speech: Speech, key: str, text: str) -> str:
    return f"{letters(speech.tongue, key)}. {text}"


def _keys(house: House, speech: Speech, screen: AnyScreen) -> Keys:
    if isinstance(screen, EndScreen | ActionScreen):
        return Keys()
    return Keys(
        more=_numbered(speech, house.key_next, speech.plain("nav.more")),
        back=_numbered(speech, house.key_back, speech.plain(screen.back_label)) if screen.back else "",
        back_page=_numbered(speech, house.key_back, speech.plain("nav.back")),
        home=_numbered(speech, house.key_home, speech.plain("nav.home"))
        if screen.home not in {"", screen.back}
        else "",
    )
