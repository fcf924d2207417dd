"""Proofs about time: every end can be reached before the network hangs up, and without too many pages.

A page costs the time to read its letters, to begin an answer, to type it and send it, and the time that our answer may
take. The numbers are those of slow people on old phones:

- reading: 10 letters a second, half of what adults read silently (238 words a minute: Brysbaert, Journal of Memory and
  Language 109, 2019, at five letters a word);
- a decision: 1.35 s, and 1.2 s a key, what the slowest typists need (Card, Moran and Newell, Communications of the ACM
  23(7), 1980, operators M and K); sending is one more key.
"""

import heapq
from collections.abc import Callable, Iterator, Mapping
from typing import TypeVar

from ussd_menus.flow import UNSEEN, Edge
from ussd_menus.graph import Graph, Node, Step
from ussd_menus.measure import Measure
from ussd_menus.model import Finding, Style
from ussd_menus.rules import Rule, at
from ussd_menus.screens import (
    SILENT,
    AnswerKind,
    AnyScreen,
    EndScreen,
    InputScreen,
    MenuScreen,
    SecretScreen,
)

Cost = TypeVar("Cost", int, float)
READ_LETTERS_S = 10
DECIDE_S = 1.35
KEY_S = 1.2
TYPED = {
    AnswerKind.NATIONAL_NUMBER: 10,
    AnswerKind.MSISDN: 11,
    AnswerKind.IBAN: 24,
    AnswerKind.DATE: 4,
    AnswerKind.AMOUNT: 7,
    AnswerKind.NUMBER: 2,
}
"""Keys of a usual answer of each kind; of others their shortest."""


def depth(graph: Graph) -> Iterator[Finding]:
    """No screen is further from where people come in than the house allows, by the shortest way."""
    most = graph.menus.house.depth_max
    pages = {name: _shown(graph, name) for name in graph.entries()}
    for name, distance in _nearest(graph, pages).items():
        screen = graph.menus.screens[name]
        if distance > most and not isinstance(screen, UNSEEN):
            fix = f"{distance} pages from the first one, at most {most} are kept in mind: make the way shorter"
            yield at(graph.menus, screen, Rule.TOO_DEEP, fix)


def _shown(graph: Graph, name: str) -> int:
    return 0 if isinstance(graph.menus.screens[name], UNSEEN) else 1


def _nearest(graph: Graph, starts: dict[str, int]) -> dict[str, int]:
    """Pages to each screen by the shortest way, itself included."""
    return _least(graph, starts, lambda _node, step: _shown(graph, step.to[-1]))


def _least(graph: Graph, starts: Mapping[str, Cost], spent: Callable[[Node, Step], Cost]) -> dict[str, Cost]:
    """What each screen costs by its cheapest way (Dijkstra), `spent` for each step of it."""
    heap: list[tuple[Cost, Node]] = [(cost, (name,)) for name, cost in starts.items()]
    heapq.heapify(heap)
    done: set[Node] = set()
    names: dict[str, Cost] = {}
    while heap:
        cost, node = heapq.heappop(heap)
        if node in done:
            continue
        done.add(node)
        names.setdefault(node[-1], cost)
        for step in graph.steps.get(node, ()):
            if step.to not in done:
                heapq.heappush(heap, (cost + spent(node, step), step.to))
    return names


def time(measure: Measure) -> Iterator[Finding]:
    """The quickest way to each end fits into the session, in every language, for people who read slowly."""
    graph, profile = measure.graph, measure.profile
    for code in measure.languages():
        for name, seconds in _quickest(measure, code).items():
            screen = graph.menus.screens[name]
            if isinstance(screen, EndScreen) and seconds > profile.session_s:
                fix = f"{seconds:.0f} s to get here, a session has {profile.session_s}: fewer or shorter pages"
                found = at(graph.menus, screen, Rule.SESSION_TOO_LONG, fix)
                yield Finding(found.file, found.line, found.screen, code, found.rule, found.fix)


def _quickest(measure: Measure, code: str) -> dict[str, float]:
    """Seconds to each screen by the quickest way, until its page is shown."""
    graph, hop_s = measure.graph, measure.profile.hop_s

    def spent(node: Node, step: Step) -> float:
        screen = graph.screen(node)
        return 0.0 if isinstance(screen, SILENT) else _spent(measure, screen, code, step.edge) + hop_s

    return _least(graph, dict.fromkeys(graph.entries(), float(hop_s)), spent)


def _spent(measure: Measure, screen: AnyScreen, code: str, edge: Edge) -> float:
    """Seconds that a person needs on a screen to take an edge: pages are read up to the one that has the option."""
    if not measure.sayable(screen, code):
        return DECIDE_S
    pages = measure.pages(screen, code, Style())
    seconds = 0.0
    for page in pages:
        seconds += len(page.text) / READ_LETTERS_S + DECIDE_S
        chosen = int(edge.key[1]) if isinstance(screen, MenuScreen) and edge.key[0] == "options" else -1
        if page.start <= chosen < page.stop or chosen < 0 or page.page_last:
            break
        seconds += 3 * KEY_S + measure.profile.hop_s
    return seconds + (_keys(screen, edge) + 1) * KEY_S


def _keys(screen: AnyScreen, edge: Edge) -> int:
    """Keys that are pressed to take an edge, sending not counted."""
    if edge.back:
        return len(screen.keys.back)
    match screen:
        case InputScreen():
            return TYPED.get(screen.kind, screen.length_min)
        case SecretScreen():
            return screen.length_min
        case _:
            return 1
