"""Which keys are legal answers of a screen: what navigation must keep clear of."""

from datetime import date

from ussd_menus.answers import read
from ussd_menus.screens import (
    GO_ON,
    AnyScreen,
    ConfirmScreen,
    InfoScreen,
    InputScreen,
    LanguageScreen,
    ListScreen,
    Menus,
    MenuScreen,
    SecretScreen,
)

_TODAY = date(2026, 1, 1)


def accepts(menus: Menus, screen: AnyScreen, key: str, rows: int | None = None) -> bool:
    """Whether the key is a legal answer of the screen, navigation apart.

    `rows` is how many rows a list has; without it the most that any action gives.
    """
    number = int(key) if key.isdecimal() and not key.startswith("0") else 0
    match screen:
        case MenuScreen():
            return 0 < number <= len(screen.options)
        case ListScreen():
            return 0 < number <= (rows_most(menus, screen) if rows is None else rows)
        case LanguageScreen():
            return 0 < number <= len(menus.tongues)
        case ConfirmScreen():
            return key == screen.key
        case InfoScreen():
            return key == GO_ON
        case SecretScreen():
            return key.isdecimal() and screen.length_min <= len(key) <= screen.length_max
        case InputScreen():
            word = menus.words.get(screen.into)
            return word is not None and any(
                read(key, screen, word, jalali=jalali, today=_TODAY) is not None for jalali in (True, False)
            )
        case _:
            return False


def rows_most(menus: Menus, screen: ListScreen) -> int:
    """The most rows that the list can show: those of any action whose rows have the fields that it keeps."""
    kept = set(screen.choose.values())
    return max((action.rows_max for action in menus.actions.values() if kept <= set(action.row)), default=0)
