"""Everything that can be proved about menus before a person dials.

Rules, one name each: missing-target, unreachable, dead-end, loop-without-exit, unknown-action, missing-branch,
unknown-outcome, secret-count, note-lost, undefined-variable, unknown-word, type-mismatch, sensitive-shown,
shadowed-key, confirm-key (here); translation-missing, placeholders-differ, placeholder-form (verify_texts);
page-too-long (verify_pages). What the loader refuses has the rule `form`.
"""

from collections.abc import Iterator

from ussd_menus.answers import TYPES
from ussd_menus.flow import FAULTS, FIELD, ROWS, Graph, edges_of, graph_of
from ussd_menus.legal import accepts
from ussd_menus.model import Finding, Profile
from ussd_menus.render import SILENT
from ussd_menus.screens import (
    Action,
    ActionScreen,
    AnswerKind,
    AnyScreen,
    ConfirmScreen,
    EndScreen,
    InputScreen,
    LanguageScreen,
    ListScreen,
    Menus,
    MenuScreen,
    PagesScreen,
    SecretScreen,
)
from ussd_menus.verify_pages import pages
from ussd_menus.verify_texts import keys_of, names_in, texts

ACTIONS_FILE = "menus/actions.toml"
HOUSE_FILE = "menus/house.toml"


def verify(menus: Menus, profile: Profile = Profile()) -> list[Finding]:  # noqa: B008  - frozen
    """All findings, sorted by file and line; empty when the menus are sound for `profile`."""
    graph = graph_of(menus)
    found = {
        *targets(menus),
        *exits(graph),
        *branches(menus),
        *vocabulary(menus),
        *variables(graph),
        *keys(graph),
        *texts(menus),
        *pages(graph, profile),
    }
    return sorted(found)


def _at(screen: AnyScreen, rule: str, fix: str) -> Finding:
    return Finding(screen.file, screen.line, screen.name, "", rule, fix)


def targets(menus: Menus) -> Iterator[Finding]:
    """Every screen that is named exists."""
    house = menus.house
    for key in ("entry", "unavailable", "slow", "too_many"):
        if getattr(house, key) not in menus.screens:
            yield Finding(HOUSE_FILE, 1, "", "", "missing-target", f"`{key}` names {getattr(house, key)}: make it")
    for key in ("unavailable", "slow", "too_many"):
        if not isinstance(menus.screens.get(getattr(house, key), None), EndScreen | None):
            yield Finding(HOUSE_FILE, 1, "", "", "type-mismatch", f"`{key}` must name an end screen")
    for screen in menus.screens.values():
        for to in sorted({edge.to for edge in edges_of(menus, screen)} - menus.screens.keys()):
            yield _at(screen, "missing-target", f"there is no screen {to}: make it or lead elsewhere")


def exits(graph: Graph) -> Iterator[Finding]:
    """Every screen can be reached, and from every screen an end."""
    reachable, leaving, loops = graph.reachable(), graph.leaving(), graph.call_loops()
    for name, screen in graph.menus.screens.items():
        if name not in reachable:
            yield _at(screen, "unreachable", "nothing leads here: lead to it or delete it")
        if name in loops:
            yield _at(screen, "loop-without-exit", "calls lead round to this call without a page: show a page between")
        if name in leaving:
            continue
        if graph.edges[name]:
            yield _at(screen, "loop-without-exit", "no way from here ever ends: lead to an end screen")
        else:
            yield _at(screen, "dead-end", "a person cannot leave: give it `back`, a home or make it an end")


def branches(menus: Menus) -> Iterator[Finding]:
    """Every outcome has a branch, every call an action with the secrets that its screen asks for."""
    for screen in menus.screens.values():
        if not isinstance(screen, SecretScreen | ActionScreen):
            continue
        for outcome, branch in screen.on.items():
            if branch.note and isinstance(menus.screens.get(branch.to), ActionScreen):
                yield _at(screen, "note-lost", f"`{outcome}` leads to a call, which shows no note: note it later")
        action = menus.actions.get(screen.call)
        if action is None:
            yield _at(screen, "unknown-action", f"{screen.call} is not declared in {ACTIONS_FILE}")
            continue
        for outcome in sorted(action.outcomes.keys() - screen.on.keys()):
            yield _at(screen, "missing-branch", f"{screen.call} can answer `{outcome}`: add on.{outcome}")
        for outcome in sorted(screen.on.keys() - action.outcomes.keys() - set(FAULTS)):
            yield _at(screen, "unknown-outcome", f"{screen.call} never answers `{outcome}`: delete on.{outcome}")
        wanted = 1 if isinstance(screen, SecretScreen) else 0
        if len(action.secrets) != wanted:
            yield _at(screen, "secret-count", f"{screen.call} takes {len(action.secrets)} secrets, not {wanted}")


def vocabulary(menus: Menus) -> Iterator[Finding]:
    """Every name of an action is a word, and what a screen keeps is of the word's type."""
    for action in menus.actions.values():
        for name in sorted(_names_of(action) - menus.words.keys()):
            yield Finding(ACTIONS_FILE, action.line, action.name, "", "unknown-word", f"declare {name} in [words]")
        if (ROWS in {name for values in action.outcomes.values() for name in values}) != bool(action.row):
            fix = "`rows` stands among the values of an outcome exactly when `row` is declared"
            yield Finding(ACTIONS_FILE, action.line, action.name, "", "unknown-word", fix)
    for screen in menus.screens.values():
        if isinstance(screen, InputScreen):
            yield from _kept(menus, screen)
        elif isinstance(screen, ListScreen):
            for name, field in screen.choose.items():
                word, source = menus.words.get(name), menus.words.get(field)
                if word is None or source is None:
                    yield _at(screen, "unknown-word", f"declare {name} and {field} in [words]")
                elif (word.type, word.sensitive) != (source.type, source.sensitive) or word.max < source.max:
                    yield _at(screen, "type-mismatch", f"{field} does not fit into {name}")


def _names_of(action: Action) -> set[str]:
    values = {name for names in action.outcomes.values() for name in names}
    return (values | set(action.args) | set(action.row)) - {ROWS}


def _kept(menus: Menus, screen: InputScreen) -> Iterator[Finding]:
    word = menus.words.get(screen.into)
    if word is None:
        yield _at(screen, "unknown-word", f"declare {screen.into} in [words]")
        return
    longest = {AnswerKind.NATIONAL_NUMBER: 10, AnswerKind.MSISDN: 13}.get(screen.kind, screen.length_max)
    plain = screen.kind in {AnswerKind.AMOUNT, AnswerKind.DATE}
    if word.type is not TYPES[screen.kind] or (not plain and longest > word.max):
        yield _at(screen, "type-mismatch", f"an answer of kind {screen.kind} does not fit into {screen.into}")
    if word.sensitive:
        yield _at(screen, "sensitive-shown", f"{screen.into} is a secret: ask for it with a secret screen")


def variables(graph: Graph) -> Iterator[Finding]:
    """What a screen shows or sends has a value on every way to it; one-time codes only at an end."""
    menus = graph.menus
    for name, known in graph.known().items():
        screen = menus.screens[name]
        used = _used(menus, screen)
        fields = {name.removeprefix(FIELD) for name in known if name.startswith(FIELD)}
        if isinstance(screen, ListScreen | PagesScreen) and screen.row:
            used |= {ROWS} | (names_in(menus, screen.row) - fields)
        if isinstance(screen, ListScreen):
            used |= {ROWS} | (set(screen.choose.values()) - fields)
        for missing in sorted(used - known):
            if missing in menus.words and menus.words[missing].sensitive and not isinstance(screen, EndScreen):
                yield _at(screen, "sensitive-shown", f"{missing} may be shown only by the end that its call leads to")
            else:
                yield _at(screen, "undefined-variable", f"{missing} has no value on some way here")
        for edge in graph.edges[name]:
            after = edge.known(known, at_end=isinstance(menus.screens[edge.to], EndScreen))
            for missing in sorted(names_in(menus, edge.note) - after):
                yield _at(screen, "undefined-variable", f"the note {edge.note} needs {missing}")


def _used(menus: Menus, screen: AnyScreen) -> set[str]:
    names = set(names_in(menus, screen.text))
    if isinstance(screen, InputScreen | SecretScreen):
        names |= names_in(menus, screen.error)
    if isinstance(screen, SecretScreen | ActionScreen) and screen.call in menus.actions:
        names |= set(menus.actions[screen.call].args)
    return names


def keys(graph: Graph) -> Iterator[Finding]:
    """No key of navigation is a legal answer, and no key that confirms was one on the page before."""
    house = graph.menus.house.keys
    named = [key for key in (house.help, house.back, house.home, house.next, house.call_back) if key]
    if len(set(named)) < len(named):
        yield Finding(HOUSE_FILE, 1, "", "", "shadowed-key", "the keys of navigation must differ")
    for name, screen in graph.menus.screens.items():
        for key in sorted(_navigation(screen)):
            if accepts(graph.menus, screen, key):
                yield _at(screen, "shadowed-key", f"`{key}` navigates and is a legal answer too: change one")
        if isinstance(screen, ConfirmScreen):
            for before in sorted(graph.shown_before(name)):
                source = graph.menus.screens[before]
                if accepts(graph.menus, source, screen.key) or screen.key in _navigation(source):
                    fix = f"`{screen.key}` is legal on {before} too, so a double press agrees: take another key"
                    yield _at(screen, "confirm-key", fix)


def _navigation(screen: AnyScreen) -> set[str]:
    keys = screen.keys
    if isinstance(screen, EndScreen | SILENT):
        return set()
    paged = isinstance(screen, MenuScreen | ListScreen | PagesScreen | LanguageScreen)
    found = {keys.next, keys.back} if paged else set()
    found |= ({keys.back} if screen.back else set()) | ({keys.home} if screen.home else set())
    return (found | ({keys.help} if screen.help else set())) - {""}


__all__ = ["accepts", "keys_of", "verify"]
