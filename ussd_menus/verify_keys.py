"""Proofs about what is typed: no key means two things, and no double press agrees to anything."""

from collections.abc import Iterator
from dataclasses import astuple, fields

from ussd_menus.flow import UNSEEN
from ussd_menus.graph import Graph
from ussd_menus.legal import accepts
from ussd_menus.model import Finding
from ussd_menus.rules import HOUSE_FILE, Rule, at, line_of
from ussd_menus.screens import (
    AnyScreen,
    ConfirmScreen,
    EndScreen,
    Keys,
    LanguageScreen,
    ListScreen,
    Menus,
    MenuScreen,
    PagesScreen,
    SecretScreen,
)

PAGED = (MenuScreen, ListScreen, PagesScreen, LanguageScreen)
"""Screens that may take several pages."""


def keys(graph: Graph) -> Iterator[Finding]:
    """No key of navigation is a legal answer, and no key that confirms was one on the page before."""
    yield from _alike(graph.menus)
    called = graph.first_pages([graph.menus.house.call_back])
    for name, screen in graph.menus.screens.items():
        for key in sorted(navigation(screen)):
            if legal(graph, screen, key):
                fix = f"`{key}` navigates and is a legal answer too: change one"
                yield at(graph.menus, screen, Rule.SHADOWED_KEY, fix, *_place(screen))
        if isinstance(screen, ConfirmScreen):
            for before in sorted(graph.shown_before(name)):
                source = graph.menus.screens[before]
                if screen.key in pressed(graph, source) or legal(graph, source, screen.key):
                    fix = f"`{screen.key}` is legal on {before} too, so a double press agrees: take another key"
                    yield at(graph.menus, screen, Rule.CONFIRM_KEY, fix, "key")
            if name in called:
                yield from _called(graph, screen)


def _called(graph: Graph, screen: ConfirmScreen) -> Iterator[Finding]:
    """The call-back key leads here from any page: pressed twice, it must not agree."""
    if screen.key in {graph.menus.screens[name].keys.call_back for name in graph.reachable}:
        fix = f"`{screen.key}` leads here in easy mode, so a double press agrees: take another key"
        yield at(graph.menus, screen, Rule.CONFIRM_KEY, fix, "key")


def _alike(menus: Menus) -> Iterator[Finding]:
    """The keys of navigation differ, in the house and in each dialogue."""
    places = {menus.house.keys: (HOUSE_FILE, "house")}
    for screen in menus.screens.values():
        places.setdefault(screen.keys, (f"menus/{screen.name.partition('.')[0]}.toml", "dialogue"))
    for found, (file, table) in places.items():
        typed: dict[str, str] = {}
        for name, key in zip((field.name for field in fields(Keys)), astuple(found), strict=True):
            if key and key in typed:
                fix = f"`{name}` and `{typed[key]}` are both `{key}`: they must differ"
                yield Finding(file, line_of(menus, file, table, "keys", name), "", "", Rule.SHADOWED_KEY, fix)
            typed.setdefault(key, name)


def navigation(screen: AnyScreen) -> set[str]:
    """The keys of navigation that work on a screen, or on one of its pages; they come before its own answers."""
    if isinstance(screen, (EndScreen, *UNSEEN)):
        return set()
    found = {screen.keys.next, screen.keys.back} if isinstance(screen, PAGED) else set()
    found |= {screen.keys.back} if screen.back else set()
    found |= {screen.keys.home} if screen.home else set()
    found |= {screen.keys.help} if screen.help else set()
    return found - {""}


def pressed(graph: Graph, screen: AnyScreen) -> set[str]:
    """Every key that does something on a screen besides its own answers, the call-back key of easy mode included."""
    called = screen.keys.call_back if graph.menus.house.call_back and not isinstance(screen, EndScreen) else ""
    return (navigation(screen) | {called}) - {""}


def legal(graph: Graph, screen: AnyScreen, key: str) -> bool:
    """Whether the key is a legal answer of the screen, with as many rows as can come there."""
    rows = graph.rows_max(screen.name) if isinstance(screen, ListScreen) else None
    return accepts(graph.menus, screen, key, rows)


def _place(screen: AnyScreen) -> tuple[str, ...]:
    """The key of the screen that decides what it takes."""
    match screen:
        case ConfirmScreen():
            return ("key",)
        case MenuScreen():
            return ("options",)
        case SecretScreen():
            return ("length_max",)
        case _:
            return ()
