"""Where each screen leads, and what is known on every way to it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import assert_never

from ussd_menus.screens import (
    ActionScreen,
    AnyScreen,
    Branch,
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
)
from ussd_menus.texts import AMBIENT

ROWS = "rows"
FIELD = "rows."
"""Prefix of the fields of the rows among the known names."""
EVERYWHERE = AMBIENT
"""Names that always have a value."""
FAULTS = ("unavailable", "slow")
"""Outcomes that every action may have without declaring them."""

Names = frozenset[str]


@dataclass(frozen=True, slots=True)
class Edge:
    """One way from a screen to the next."""

    source: str
    to: str
    note: str = ""
    defines: Names = frozenset()
    passing: Names = frozenset()
    """One-time codes: known to an end screen that this edge leads to, then forgotten."""

    def known(self, before: Names, *, at_end: bool) -> Names:
        """What is known after this edge."""
        kept = before - {name for name in before if name.startswith(FIELD)} if ROWS in self.defines else before
        return kept | self.defines | (self.passing if at_end else frozenset())


def edges_of(menus: Menus, screen: AnyScreen) -> list[Edge]:
    """Every way out of a screen, keys of navigation included; faults and too many errors lead to the house's ends."""
    return [*(Edge(screen.name, to) for to in (screen.back, screen.home) if to), *_onward(menus, screen)]


def _onward(menus: Menus, screen: AnyScreen) -> list[Edge]:
    """The ways that the screen's own answers and outcomes take."""
    match screen:
        case MenuScreen():
            return [Edge(screen.name, option.to) for option in screen.options]
        case ListScreen():
            return [Edge(screen.name, screen.to, defines=frozenset(screen.choose))]
        case InputScreen():
            return [Edge(screen.name, screen.to, defines=frozenset({screen.into}))]
        case ConfirmScreen() | LanguageScreen() | InfoScreen():
            return [Edge(screen.name, screen.to)]
        case SecretScreen() | ActionScreen():
            return [_outcome(menus, screen, outcome, branch) for outcome, branch in screen.on.items()]
        case RouterScreen() | SubflowScreen() | ReturnScreen():
            return _passing(menus, screen)
        case PagesScreen() | EndScreen():
            return []
        case _:
            assert_never(screen)


def _passing(menus: Menus, screen: RouterScreen | SubflowScreen | ReturnScreen) -> list[Edge]:
    match screen:
        case RouterScreen():
            targets = [*screen.cases.values(), *(to for _, to in screen.steps), screen.otherwise]
            return [Edge(screen.name, to) for to in dict.fromkeys(targets) if to]
        case SubflowScreen():
            return [Edge(screen.name, screen.flow)]
        case ReturnScreen():
            callers = [caller for caller in menus.screens.values() if isinstance(caller, SubflowScreen)]
            branches = [caller.on[screen.result] for caller in callers if screen.result in caller.on]
            return [Edge(screen.name, branch.to, branch.note) for branch in branches]


def _outcome(menus: Menus, screen: SecretScreen | ActionScreen, outcome: str, branch: Branch) -> Edge:
    action = menus.actions.get(screen.call)
    values = action.outcomes.get(outcome, ()) if action else ()
    passing = frozenset(name for name in values if name in menus.words and menus.words[name].sensitive)
    fields = {FIELD + field for field in action.row} if action and ROWS in values else set()
    return Edge(screen.name, branch.to, branch.note, frozenset(values) - passing | fields, passing)


@dataclass(frozen=True, slots=True)
class Graph:
    """The menus as edges between screens that exist."""

    menus: Menus
    edges: Mapping[str, tuple[Edge, ...]]
    """By source."""

    def incoming(self, name: str) -> list[Edge]:
        """Every edge to a screen."""
        return [edge for edges in self.edges.values() for edge in edges if edge.to == name]

    def roots(self) -> list[str]:
        """Where a dialogue begins, and where faults lead."""
        house = self.menus.house
        names = (house.entry, house.unavailable, house.slow, house.too_many, house.call_back, *house.codes.values())
        return [name for name in dict.fromkeys(names) if name in self.menus.screens]

    def reachable(self) -> set[str]:
        """Names of the screens that a person can get to."""
        return _spread(self.roots(), {name: {edge.to for edge in edges} for name, edges in self.edges.items()})

    def leaving(self) -> set[str]:
        """Names of the screens from which an end can be reached."""
        backwards: dict[str, set[str]] = {name: set() for name in self.menus.screens}
        for edges in self.edges.values():
            for edge in edges:
                backwards[edge.to].add(edge.source)
        ends = [name for name, screen in self.menus.screens.items() if isinstance(screen, EndScreen)]
        return _spread(ends, backwards)

    def call_loops(self) -> set[str]:
        """Names of action screens that can call round and round without showing a page."""
        actions = {name for name, screen in self.menus.screens.items() if isinstance(screen, ActionScreen)}
        onward = {name: {edge.to for edge in self.edges[name]} & actions for name in actions}
        return {name for name in actions if name in _spread(onward[name], onward)}

    def known(self) -> dict[str, Names]:
        """The names that have a value on every way to each reachable screen."""
        reachable = self.reachable()
        everything = EVERYWHERE | set(self.menus.words)
        everything = everything | {ROWS} | {FIELD + name for name in self.menus.words}
        known: dict[str, Names] = dict.fromkeys(reachable, everything)
        known |= dict.fromkeys(self.roots(), EVERYWHERE)
        waiting = list(reachable)
        while waiting:
            name = waiting.pop()
            for edge in self.edges[name]:
                at_end = isinstance(self.menus.screens[edge.to], EndScreen)
                narrowed = known[edge.to] & edge.known(known[name], at_end=at_end)
                if narrowed != known[edge.to]:
                    known[edge.to] = narrowed
                    waiting.append(edge.to)
        return known

    def shown_before(self, name: str) -> set[str]:
        """Screens that a person may have seen last before this one: calls between them show nothing."""
        found: set[str] = set()
        waiting = [edge.source for edge in self.incoming(name)]
        passed = set()
        while waiting:
            source = waiting.pop()
            if isinstance(self.menus.screens[source], ActionScreen):
                if source not in passed:
                    passed.add(source)
                    waiting += [edge.source for edge in self.incoming(source)]
            else:
                found.add(source)
        return found


def graph_of(menus: Menus) -> Graph:
    """The graph without edges to screens that do not exist."""
    edges = {
        name: tuple(edge for edge in edges_of(menus, screen) if edge.to in menus.screens)
        for name, screen in menus.screens.items()
    }
    return Graph(menus, edges)


def _spread(starts: Iterable[str], onward: Mapping[str, set[str]]) -> set[str]:
    found: set[str] = set()
    waiting = list(starts)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += onward.get(name, set())
    return found
