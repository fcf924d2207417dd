"""Proofs about dialling: no digits mean two things, and every shortcut leads where it says, without a secret.

A shortcut is followed through the menus with every outcome that the calls on its way can have; it is sound when one of
the ways ends where `ends_at` says. What it dials into is never a secret nor an agreement.
"""

from collections.abc import Iterable, Iterator
from datetime import date
from itertools import combinations

from ussd_menus.answers import read
from ussd_menus.flow import UNSEEN, Edge
from ussd_menus.graph import Graph, Node, Step
from ussd_menus.model import Finding
from ussd_menus.rules import HOUSE_FILE, Rule, at_house, line_of
from ussd_menus.screens import (
    AnswerKind,
    AnyScreen,
    ConfirmScreen,
    EndScreen,
    InputScreen,
    ListScreen,
    Menus,
    MenuScreen,
    SecretScreen,
    Shortcut,
)
from ussd_menus.verify_keys import legal

_TODAY = date(2026, 1, 1)
Parts = tuple[str, ...]


def dialling(graph: Graph) -> Iterator[Finding]:
    """Codes and shortcuts apart from each other, and each shortcut followed."""
    menus = graph.menus
    yield from _codes(menus)
    for shortcut, other in combinations(menus.shortcuts.values(), 2):
        if len(shortcut.dial) == len(other.dial) and _meet(shortcut.dial, other.dial):
            fix = f"{other.name} and {shortcut.name} can be dialled with the same digits: let them differ"
            yield _at(menus, other, Rule.AMBIGUOUS_DIAL, fix, "dial")
    for shortcut in menus.shortcuts.values():
        yield from _shortcut(graph, shortcut)


def _codes(menus: Menus) -> Iterator[Finding]:
    codes = menus.house.codes
    written: dict[str, str] = {}
    for path in menus.places.get(HOUSE_FILE, {}):
        if len(path) == 2 and path[0] == "codes":
            code = path[1].strip("*#")
            if code in written:
                fix = f"`{path[1]}` and `{written[code]}` are the same service code: keep one"
                yield at_house(menus, Rule.AMBIGUOUS_DIAL, fix, *path)
            written[code] = path[1]
    for code in codes:
        place = ("codes", written.get(code, code))
        parts = tuple(code.split("*"))
        for at in range(1, len(parts)):
            before, rest = "*".join(parts[:at]), parts[at:]
            if before in codes:
                fix = f"*{code}# is this code and `{rest[0]}` dialled behind *{before}#: let one not begin the other"
                yield at_house(menus, Rule.AMBIGUOUS_DIAL, fix, *place)
            for shortcut in menus.shortcuts.values():
                if _meet(shortcut.dial, rest):
                    fix = f"*{code}# is this code and the shortcut {shortcut.name} behind *{before}#: let them differ"
                    yield at_house(menus, Rule.AMBIGUOUS_DIAL, fix, *place)


def _meet(one: Parts, other: Parts) -> bool:
    """Whether the same digits can match both, as far as both go."""
    return all(a == b or "{" in {a[:1], b[:1]} for a, b in zip(one, other, strict=False))


def _shortcut(graph: Graph, shortcut: Shortcut) -> Iterator[Finding]:
    menus = graph.menus
    missing = [key for key in ("starts_at", "ends_at") if getattr(shortcut, key) not in menus.screens]
    for key in missing:
        fix = f"there is no screen {getattr(shortcut, key)}: make it or lead elsewhere"
        yield _at(menus, shortcut, Rule.MISSING_TARGET, fix, key)
    if missing:
        return
    if not shortcut.anyone and shortcut.starts_at not in graph.first_pages():
        fix = f"{shortcut.starts_at} is no page that a session can begin with: nothing would be typed"
        yield _at(menus, shortcut, Rule.BROKEN_SHORTCUT, fix, "starts_at")
        return
    for part in shortcut.dial:
        if part.startswith("{") and part not in shortcut.inputs:
            fix = f"{part} is dialled and never typed: use it in `inputs` or leave it out"
            yield _at(menus, shortcut, Rule.BROKEN_SHORTCUT, fix, "dial")
    yield from _followed(graph, shortcut)


def _followed(graph: Graph, shortcut: Shortcut) -> Iterator[Finding]:
    menus = graph.menus
    here: set[Node] = {node for node in graph.reachable.get(shortcut.starts_at, []) if len(node) == 1}
    if shortcut.anyone:
        here = _pages(graph, here)
    for index, given in enumerate(shortcut.inputs):
        asks = [node for node in here if isinstance(graph.screen(node), SecretScreen | ConfirmScreen)]
        if asks and len(asks) == len(here):
            fix = f"`{given}` would be typed on {asks[0][-1]}: a shortcut stops at a secret or an agreement"
            yield _at(menus, shortcut, Rule.SECRET_DIALLED, fix, "inputs", str(index))
            return
        there = {to for node in here for step in _taken(graph, node, given) for to in _pages(graph, [step.to])}
        if not there:
            names = ", ".join(sorted({node[-1] for node in here}))
            fix = f"`{given}` is no answer on {names}: mend `inputs`"
            yield _at(menus, shortcut, Rule.BROKEN_SHORTCUT, fix, "inputs", str(index))
            return
        here = there
    if shortcut.ends_at not in {node[-1] for node in here}:
        names = ", ".join(sorted({node[-1] for node in here}))
        fix = f"the inputs lead to {names}, not to {shortcut.ends_at}: people know this code by heart"
        yield _at(menus, shortcut, Rule.BROKEN_SHORTCUT, fix, "ends_at")


def _taken(graph: Graph, node: Node, given: str) -> Iterator[Step]:
    """The ways that the screen takes for an input of a shortcut."""
    screen = graph.screen(node)
    if isinstance(screen, SecretScreen | ConfirmScreen | EndScreen):
        return
    for step in graph.steps.get(node, ()):
        if _takes(graph, screen, step.edge, given):
            yield step


def _takes(graph: Graph, screen: AnyScreen, edge: Edge, given: str) -> bool:
    if edge.back:
        return given == (screen.keys.home if edge.key == ("home",) else screen.keys.back)
    named = given.startswith("{")
    match screen:
        case MenuScreen():
            return given == str(int(edge.key[1]) + 1)
        case InputScreen():
            word = graph.menus.words.get(screen.into)
            if named:
                return screen.kind is not AnswerKind.TEXT
            return word is not None and read(given, screen, word, jalali=False, today=_TODAY) is not None
        case ListScreen():
            return named or legal(graph, screen, given)
        case _:
            return legal(graph, screen, given)


def _pages(graph: Graph, waiting: Iterable[Node]) -> set[Node]:
    """The pages that can come next: calls, routers and subflows between show nothing."""
    found: set[Node] = set()
    left, seen = list(waiting), set()
    while left:
        node = left.pop()
        if node in seen:
            continue
        seen.add(node)
        if isinstance(graph.screen(node), UNSEEN):
            left += [step.to for step in graph.steps.get(node, ())]
        else:
            found.add(node)
    return found


def _at(menus: Menus, shortcut: Shortcut, rule: Rule, fix: str, *key: str) -> Finding:
    own = (shortcut.name, *key) in menus.places.get(shortcut.file, {}) or key != ("starts_at",)
    line = line_of(menus, shortcut.file, *((shortcut.name, *key) if own else key))
    return Finding(shortcut.file, line, shortcut.name, "", rule, fix)
