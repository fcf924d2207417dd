"""The menus as a graph: what can be reached, what ends, and what is known on every way to a screen.

A node is a screen together with the subflow screens that wait for a return, outermost first. So a subflow that two
screens enter is followed twice, and what only one of them knows is not taken for known, nor missed, at the other.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from ussd_menus.flow import FIELD, PASSING, ROWS, UNSEEN, Edge, Names, Way, edges_of, never, results_of
from ussd_menus.screens import STACK_MAX, AnyScreen, EndScreen, Menus, ReturnScreen, SubflowScreen
from ussd_menus.texts import AMBIENT

Node = tuple[str, ...]
"""The subflow screens that wait, then the screen."""

NODES_MAX = 50_000
"""Ways through subflows that are followed; menus that people can keep in mind have a few hundred."""


@dataclass(frozen=True, slots=True)
class Step:
    """An edge that is taken at a node."""

    edge: Edge
    to: Node


@dataclass
class Graph:
    """The menus as edges between screens that exist, followed from where people come in."""

    menus: Menus
    edges: Mapping[str, tuple[Edge, ...]]
    """By source."""
    steps: dict[Node, tuple[Step, ...]] = field(default_factory=dict)
    """Every reachable node with its ways out."""
    too_deep: set[str] = field(default_factory=set)
    """Subflow screens that can open one subflow too many."""
    without_caller: set[str] = field(default_factory=set)
    """Return screens that can be reached outside of a subflow."""
    results: dict[str, set[str]] = field(default_factory=dict)
    """Subflow screen to the results that it can get."""

    def screen(self, node: Node) -> AnyScreen:
        """The screen of a node."""
        return self.menus.screens[node[-1]]

    def shows(self, name: str) -> bool:
        """Whether the screen shows a page."""
        return not isinstance(self.menus.screens[name], UNSEEN)

    def chosen(self, name: str) -> bool:
        """Whether somebody chooses where the screen leads: the person, or a call."""
        return not isinstance(self.menus.screens[name], PASSING)

    def entries(self) -> list[str]:
        """Where a dialled session begins."""
        house = self.menus.house
        anyone = [shortcut.starts_at for shortcut in self.menus.shortcuts.values() if shortcut.anyone]
        names = dict.fromkeys((house.entry, *house.codes.values(), *anyone))
        return [name for name in names if name in self.menus.screens]

    def roots(self) -> list[str]:
        """Where a dialogue begins, and where faults and the call-back key lead."""
        house = self.menus.house
        names = dict.fromkeys((*self.entries(), house.unavailable, house.slow, house.too_many, house.call_back))
        return [name for name in names if name in self.menus.screens]

    def follow(self) -> None:
        """Find every reachable node."""
        waiting: list[Node] = [(name,) for name in self.roots()]
        while waiting and len(self.steps) < NODES_MAX:
            node = waiting.pop()
            if node not in self.steps:
                self.steps[node] = tuple(self._steps(node))
                waiting += [step.to for step in self.steps[node]]

    def _steps(self, node: Node) -> Iterator[Step]:
        *callers, name = node
        for edge in self.edges[name]:
            if edge.way is Way.HOME:
                yield Step(edge, (edge.to,))
            elif edge.way is not Way.ENTER:
                yield Step(edge, (*callers, edge.to))
            elif name in callers:
                yield Step(edge, (*callers[: callers.index(name)], name, edge.to))
            elif len(callers) >= STACK_MAX:
                self.too_deep.add(name)
            else:
                self.results.setdefault(name, set())
                yield Step(edge, (*node, edge.to))
        screen = self.menus.screens[name]
        if isinstance(screen, ReturnScreen):
            yield from self._return(screen, callers)

    def _return(self, screen: ReturnScreen, callers: list[str]) -> Iterator[Step]:
        if not callers:
            self.without_caller.add(screen.name)
            return
        caller = self.menus.screens[callers[-1]]
        assert isinstance(caller, SubflowScreen), "only a subflow waits for a return"
        self.results.setdefault(caller.name, set()).add(screen.result)
        edge = results_of(caller).get(screen.result)
        if edge is not None and edge.to in self.menus.screens:
            yield Step(edge, (*callers[:-1], edge.to))

    @cached_property
    def reachable(self) -> dict[str, list[Node]]:
        """Every screen that a person can get to, with its nodes."""
        found: dict[str, list[Node]] = {}
        for node in self.steps:
            found.setdefault(node[-1], []).append(node)
        return found

    @cached_property
    def before(self) -> dict[Node, list[tuple[Node, Edge]]]:
        """Every node with the nodes that lead to it."""
        found: dict[Node, list[tuple[Node, Edge]]] = {node: [] for node in self.steps}
        for node, steps in self.steps.items():
            for step in steps:
                if step.to in found:
                    found[step.to].append((node, step.edge))
        return found

    @cached_property
    def notes(self) -> dict[str, set[str]]:
        """Screen to the texts that may stand above it; what only passes on hands a note on."""
        found: dict[Node, set[str]] = {node: set() for node in self.steps}
        waiting = list(self.steps)
        while waiting:
            node = waiting.pop()
            handed = found[node] if isinstance(self.screen(node), PASSING) else set()
            for step in self.steps[node]:
                above = {step.edge.note} if step.edge.note else handed
                if step.to in found and not above <= found[step.to]:
                    found[step.to] |= above
                    waiting.append(step.to)
        names: dict[str, set[str]] = {}
        for node, notes in found.items():
            names.setdefault(node[-1], set()).update(notes)
        return names

    @cached_property
    def recursive(self) -> set[str]:
        """Subflow screens that their own flow enters again: by going on, not by a key of navigation."""
        found = set()
        for name, screen in self.menus.screens.items():
            if isinstance(screen, SubflowScreen) and name in self.reachable:
                seen: set[str] = set()
                waiting = [screen.flow]
                while waiting:
                    at = waiting.pop()
                    if at not in seen and at in self.menus.screens:
                        seen.add(at)
                        waiting += self._forward(at)
                if name in seen:
                    found.add(name)
        return found

    def _forward(self, name: str) -> list[str]:
        screen = self.menus.screens[name]
        results = results_of(screen).values() if isinstance(screen, SubflowScreen) else ()
        return [edge.to for edge in (*self.edges[name], *results) if not edge.back]

    def leaving(self) -> set[Node]:
        """Nodes from which an end can be reached."""
        backwards = {node: {source for source, _ in sources} for node, sources in self.before.items()}
        return spread([node for node in self.steps if isinstance(self.screen(node), EndScreen)], backwards)

    def unseen_loops(self) -> set[str]:
        """Names of screens that show nothing and can lead round to themselves without a page."""
        unseen = {node for node in self.steps if isinstance(self.screen(node), UNSEEN)}
        onward = {node: {step.to for step in self.steps[node]} & unseen for node in unseen}
        backward: dict[Node, set[Node]] = {node: set() for node in unseen}
        for node, targets in onward.items():
            for target in targets:
                backward[target].add(node)
        return {node[-1] for node in pruned(onward, backward) & pruned(backward, onward)}

    @cached_property
    def known(self) -> dict[Node, Names]:
        """The names that have a value on every way to each reachable node."""
        words = self.menus.words
        everything = AMBIENT | set(words) | {ROWS} | {FIELD + name for name in words}
        known: dict[Node, Names] = dict.fromkeys(self.steps, frozenset(everything))
        known |= {(name,): AMBIENT for name in self.roots()}
        waiting = deque(self.steps)
        queued = set(waiting)
        while waiting:
            node = waiting.popleft()
            queued.discard(node)
            for step in self.steps[node]:
                if step.to not in known:
                    continue
                narrowed = known[step.to] & step.edge.known(self._kept(known, node), self.screen(step.to))
                if narrowed != known[step.to]:
                    known[step.to] = narrowed
                    if step.to not in queued:
                        queued.add(step.to)
                        waiting.append(step.to)
        return known

    def _kept(self, known: Mapping[Node, Names], node: Node) -> Names:
        """What is known at a node, without the sensitive values that it ends."""
        words = self.menus.words
        if isinstance(self.screen(node), PASSING):
            return known[node]
        return frozenset(name for name in known[node] if name not in words or not words[name].sensitive)

    @cached_property
    def rows(self) -> dict[str, frozenset[str]]:
        """Screen to the actions whose rows it may show."""
        found: dict[Node, frozenset[str]] = dict.fromkeys(self.steps, frozenset())
        waiting = list(self.steps)
        while waiting:
            node = waiting.pop()
            for step in self.steps[node]:
                brought = frozenset({step.edge.rows}) if step.edge.rows else found[node]
                if step.to in found and not brought <= found[step.to]:
                    found[step.to] |= brought
                    waiting.append(step.to)
        names: dict[str, frozenset[str]] = {}
        for node, actions in found.items():
            names[node[-1]] = names.get(node[-1], frozenset()) | actions
        return names

    def rows_max(self, name: str) -> int:
        """How many rows a screen may have to show."""
        found = self.rows.get(name) or frozenset(self.menus.actions)
        return max((self.menus.actions[action].rows_max for action in found), default=0)

    def landings(self, waiting: Iterable[Node]) -> Iterator[Node]:
        """The nodes that come next behind what only passes on."""
        seen: set[Node] = set()
        left = list(waiting)
        while left:
            node = left.pop()
            if node in seen:
                continue
            seen.add(node)
            if isinstance(self.screen(node), PASSING):
                left += [step.to for step in self.steps.get(node, ())]
            else:
                yield node

    def first_pages(self, entries: Iterable[str] | None = None) -> set[str]:
        """Screens that may be shown first behind these, those where a session begins when none are given."""
        names = self.entries() if entries is None else entries
        starts = [(name,) for name in names if name in self.menus.screens]
        return self._pages(starts, lambda node: [step.to for step in self.steps.get(node, ())])

    def shown_before(self, name: str) -> set[str]:
        """Screens that a person may have seen last before this one: what shows nothing between them does not count."""
        starts = [source for node in self.reachable.get(name, []) for source, _ in self.before[node]]
        return self._pages(starts, lambda node: [source for source, _ in self.before[node]])

    def _pages(self, starts: Iterable[Node], onward: Callable[[Node], list[Node]]) -> set[str]:
        """The nearest screens that show something, `starts` included, through what shows nothing."""
        found: set[str] = set()
        waiting, passed = list(starts), set[Node]()
        while waiting:
            node = waiting.pop()
            if not isinstance(self.screen(node), UNSEEN):
                found.add(node[-1])
            elif node not in passed:
                passed.add(node)
                waiting += onward(node)
        return found


def graph_of(menus: Menus) -> Graph:
    """The graph without edges to screens that do not exist."""
    edges = {
        name: tuple(edge for edge in edges_of(menus, screen) if edge.to in menus.screens and not never(menus, edge))
        for name, screen in menus.screens.items()
    }
    graph = Graph(menus, edges)
    graph.follow()
    return graph


def spread(starts: Iterable[Node], onward: Mapping[Node, set[Node]]) -> set[Node]:
    """Everything that can be reached from the starts, themselves included."""
    found: set[Node] = set()
    waiting = list(starts)
    while waiting:
        node = waiting.pop()
        if node not in found:
            found.add(node)
            waiting += onward.get(node, set())
    return found


def pruned(onward: Mapping[Node, set[Node]], backward: Mapping[Node, set[Node]]) -> set[Node]:
    """Nodes from which one can go on for ever."""
    left = {node: len(targets) for node, targets in onward.items()}
    waiting = [node for node, count in left.items() if not count]
    while waiting:
        for source in backward[waiting.pop()]:
            left[source] -= 1
            if not left[source]:
                waiting.append(source)
    return {node for node, count in left.items() if count}
