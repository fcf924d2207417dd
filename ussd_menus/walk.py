"""Random walks: the menus played by nobody in particular, with invented answers of every call.

A walk types what is legal on each page, now and then what is not, and gives every call one of the outcomes that its
action declares, with values as long and as short as they can be. After half of its hops it takes the shortest way to
an end. What must hold on every hop is checked: the page fits, says something and holds no brace; the state holds no
secret; an end comes. The same seed walks the same ways on every machine.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ussd_menus.alphabet import gsm_septets
from ussd_menus.engine import begin, step
from ussd_menus.flow import FAULTS, Edge
from ussd_menus.freeze import FrozenMenus
from ussd_menus.graph import Graph, Node, graph_of
from ussd_menus.measure import STYLES
from ussd_menus.model import Begin, Call, End, Event, Input, Page, Profile, Reply, Result, State
from ussd_menus.paging import fits
from ussd_menus.record import DAY
from ussd_menus.samples import Dice, borders_of, result_of
from ussd_menus.screens import (
    GO_ON,
    ActionScreen,
    AnswerKind,
    AnyScreen,
    ConfirmScreen,
    EndScreen,
    InfoScreen,
    InputScreen,
    LanguageScreen,
    ListScreen,
    MenuScreen,
    SecretScreen,
)

HOPS_MAX = 120
"""Hops after which a walk that has not ended is broken."""
SECRET = "83927165"  # noqa: S105 - looked for in every state
NATIONAL_NUMBER = "0499370899"
IBAN = "IR062960000000100324200001"
NONSENSE = ("", "x", "77", "²", "؟", "*#", "999999999999", "٣", "0")
BROKEN_MAX = 20
"""Broken promises that are kept for printing."""


@dataclass
class Walk:
    """Walks, and what they saw."""

    frozen: FrozenMenus
    profile: Profile
    languages: Sequence[str]
    walks: int = 0
    hops: int = 0
    seen: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(language, screen) to how often its page was shown."""
    taken: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(screen, branch) to how often it was taken."""
    _goal: Mapping[Node, int] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)
    """Promises that did not hold, at most BROKEN_MAX."""

    def __post_init__(self) -> None:
        self.graph: Graph = graph_of(self.frozen.menus)
        ends = {name for name in self.graph.reachable if isinstance(self.frozen.menus.screens[name], EndScreen)}
        self.branches = branches_of(self.graph)
        self.borders = borders_of(self.frozen.menus)
        self._ends = _distances(self.graph, ends)
        self._towards: dict[str, dict[Node, int]] = {}

    def once(self, seed: int, number: int) -> None:
        """One session, the `number`th of this seed."""
        dice = Dice(seed, number)
        dice.borders = self.borders
        codes = ("", *self.frozen.menus.house.codes)
        anyone = [shortcut.starts_at for shortcut in self.frozen.menus.shortcuts.values() if shortcut.anyone]
        begins = [*(Begin(DAY, code) for code in codes), *(Begin(DAY, at=at) for at in anyone)]
        language = self.languages[number % len(self.languages)]
        state = begin(self.frozen, language, dice.pick(STYLES))
        event: Event = dice.pick(begins)
        self.walks += 1
        self._goal = self._unseen(dice)
        for hop in range(HOPS_MAX):
            where = f"walk {number}, hop {hop}, {state.screen} [{state.language}]"
            try:
                state, reply = step(self.frozen, state, event, self.profile)
            except (AssertionError, KeyError, IndexError, ValueError) as problem:
                self._break(f"{where}: {type(problem).__name__} {problem}")
                return
            self.hops += 1
            self._check(where, state, reply)
            if isinstance(reply, End):
                return
            event = self._next(state, reply, dice, home=hop > HOPS_MAX // 2)
        self._break(f"walk {number}: no end within {HOPS_MAX} hops, last on {state.screen}")

    def _unseen(self, dice: Dice) -> dict[Node, int]:
        """How far everything is from a screen with a branch that was never taken; nothing when there is none."""
        left = sorted(self.branches - self.taken.keys())
        if not left:
            return {}
        name, _ = dice.pick(left)
        if name not in self._towards:
            self._towards[name] = _distances(self.graph, {name})
        return self._towards[name]

    def _break(self, problem: str) -> None:
        if len(self.broken) < BROKEN_MAX:
            self.broken.append(problem)

    def _check(self, where: str, state: State, reply: Reply) -> None:
        if isinstance(reply, Call):
            return
        self.seen[state.language, state.screen] += 1
        if not reply.text:
            self._break(f"{where}: an empty page")
        if not fits(reply.text, self.profile):
            self._break(f"{where}: {state.screen} shows {len(reply.text)} letters, which do not fit")
        named = isinstance(self.frozen.menus.screens[state.screen], LanguageScreen)
        gsm = self.frozen.menus.tongues[state.language].alphabet == "gsm"
        if gsm and not named and gsm_septets(reply.text) is None:
            self._break(f"{where}: {state.screen} shows letters that are not GSM-7")
        # Quoted, since a number may hold the same digits by chance.
        if f'"{SECRET[:4]}' in str(state).replace(state.version, ""):
            self._break(f"{where}: the state keeps a secret")

    def _next(self, state: State, reply: Page | Call, dice: Dice, *, home: bool) -> Event:
        screen = self.frozen.menus.screens[state.screen]
        if isinstance(reply, Call):
            return self._result(state, screen, dice, home=home)
        if state.help is not None or (not home and not dice.roll(8)):
            return Input(dice.pick((*NONSENSE, screen.keys.next, screen.keys.help)))
        if state.style.easy and not home and not dice.roll(15):
            return Input(screen.keys.call_back)
        edges = self.graph.edges[screen.name]
        edge = self._edge(state, edges, dice, home=home)
        if edge is None:
            return Input(dice.pick(NONSENSE))
        if edge.key[0] != "on":
            self.taken[screen.name, branch(edge)] += 1
        return Input(_typed(self.frozen, screen, state, edge, dice))

    def _result(self, state: State, screen: AnyScreen, dice: Dice, *, home: bool) -> Result:
        assert isinstance(screen, ActionScreen | SecretScreen), "only these screens call"
        action = self.frozen.menus.actions[screen.call]
        if not home and not dice.roll(25):
            outcome = dice.pick(FAULTS)
            self.taken[screen.name, f"on.{outcome}"] += 1
            return Result(outcome)
        edges = [edge for edge in self.graph.edges[screen.name] if edge.key[:1] == ("on",)]
        edges = [edge for edge in edges if edge.key[1] in action.outcomes]
        edge = self._edge(state, edges, dice, home=home)
        outcome = dice.pick(tuple(action.outcomes)) if edge is None else edge.key[1]
        self.taken[screen.name, f"on.{outcome}"] += 1
        found = result_of(self.frozen.menus, screen.call, outcome, dice)
        language = dice.pick(self.languages) if not dice.roll(6) else None
        style = dice.pick(STYLES) if not dice.roll(6) else None
        return Result(found.outcome, found.values, language, style)

    def _edge(self, state: State, edges: Sequence[Edge], dice: Dice, *, home: bool) -> Edge | None:
        """One of the ways on: the one nearest to an end or to what was never seen, the least taken, or any."""
        if not edges:
            return None
        if home:
            return min(edges, key=lambda edge: self._left(state, edge, self._ends))
        if self._goal.get((*state.stack, state.screen)) and dice.roll(4):
            return min(edges, key=lambda edge: self._left(state, edge, self._goal))
        if not dice.roll(3):
            return dice.pick(edges)
        return min(edges, key=lambda edge: (self.taken[edge.source, branch(edge)], dice.roll(1000)))

    def _left(self, state: State, edge: Edge, far: Mapping[Node, int]) -> int:
        """How far it is after the edge."""
        node: Node = (*state.stack, state.screen)
        steps = self.graph.steps.get(node, ())
        to = next((found.to for found in steps if found.edge is edge), (edge.to,))
        return far.get(to, far.get((edge.to,), HOPS_MAX))


def branch(edge: Edge) -> str:
    """The name of a way as coverage prints it: `on.ok`, `options.2`, `back`."""
    return ".".join(part for part in edge.key if part != "to") or "to"


def branches_of(graph: Graph) -> set[tuple[str, str]]:
    """Every way that somebody chooses: the person, or a call."""
    return {(name, branch(edge)) for name in graph.reachable for edge in graph.edges[name] if graph.chosen(name)}


def _distances(graph: Graph, goals: Collection[str]) -> dict[Node, int]:
    """Node to the number of screens from it to one of the goals."""
    layer = [node for node in graph.steps if node[-1] in goals]
    found: dict[Node, int] = dict.fromkeys(layer, 0)
    while layer:
        onward = [source for node in layer for source, _ in graph.before[node] if source not in found]
        for node in onward:
            found.setdefault(node, 1 + min(found[step.to] for step in graph.steps[node] if step.to in found))
        layer = list(dict.fromkeys(onward))
    return found


def _typed(frozen: FrozenMenus, screen: AnyScreen, state: State, edge: Edge, dice: Dice) -> str:
    """What a person types to take the edge."""
    if edge.back:
        return screen.keys.home if edge.key == ("home",) else screen.keys.back
    match screen:
        case MenuScreen():
            return str(int(edge.key[1]) + 1)
        case ListScreen():
            rows = state.variables.get("rows", ())
            return str(1 + dice.roll(max(1, len(rows) if isinstance(rows, tuple) else 1)))
        case LanguageScreen():
            return str(1 + dice.roll(len(frozen.languages)))
        case InfoScreen():
            return GO_ON
        case ConfirmScreen():
            return screen.key
        case SecretScreen():
            return (SECRET * 10)[: screen.length_min + dice.roll(screen.length_max - screen.length_min + 1)]
        case InputScreen():
            return _answer(frozen, screen, dice)
        case _:
            return ""


def _answer(frozen: FrozenMenus, screen: InputScreen, dice: Dice) -> str:
    length = screen.length_min + dice.roll(max(1, screen.length_max - screen.length_min + 1))
    match screen.kind:
        case AnswerKind.NATIONAL_NUMBER:
            return NATIONAL_NUMBER
        case AnswerKind.IBAN:
            return IBAN
        case AnswerKind.MSISDN:
            return "09120000001"
        case AnswerKind.AMOUNT:
            digits = frozen.menus.words[screen.into].max
            return dice.pick((*map(str, dice.borders), "1", "25000"[:digits], "7" * max(1, digits - 1)))
        case AnswerKind.DATE:
            return dice.pick(("2026-11-11", "1405/08/25", "۱۴۰۵/۰۸/۲۵"))
        case AnswerKind.NUMBER:
            near = [one for one in dice.borders if screen.least <= one <= screen.most]
            return str(dice.pick([screen.least + dice.roll(screen.most - screen.least + 1), *near]))
        case AnswerKind.DIGITS:
            return "1234567890" * (length // 10) + "1234567890"[: length % 10]
        case AnswerKind.TEXT:
            return "m" * length


def coverage(walk: Walk) -> Iterator[str]:
    """What the walks saw, line by line: counts, then what they never saw, then what was broken."""
    graph = walk.graph
    pages = {name for name in graph.reachable if graph.shows(name)}
    seen = {screen for _, screen in walk.seen}
    branches = walk.branches
    taken = branches & walk.taken.keys()
    yield f"walks {walk.walks}, hops {walk.hops}"
    yield f"screens {len(seen & pages)} of {len(pages)} ({len(seen & pages) / max(1, len(pages)):.0%})"
    yield f"branches {len(taken)} of {len(branches)} ({len(taken) / max(1, len(branches)):.0%})"
    for code in walk.languages:
        count = len({screen for language, screen in walk.seen if language == code} & pages)
        yield f"language {code}: {count} of {len(pages)} screens"
    yield from (f"never seen: {name}" for name in sorted(pages - seen))
    yield from (f"never taken: {name} {way}" for name, way in sorted(branches - taken))
    yield from (f"broken: {problem}" for problem in walk.broken)
