"""Proofs about ways: every target is there, every screen is reached and left, every outcome and result has a branch."""

from collections.abc import Iterator

from ussd_menus.flow import FAULTS, Edge, edges_of, results_of, routed
from ussd_menus.graph import NODES_MAX, Graph
from ussd_menus.model import Finding
from ussd_menus.rules import ACTIONS_FILE, Rule, at, at_house
from ussd_menus.screens import (
    STACK_MAX,
    ActionScreen,
    AnyScreen,
    EndScreen,
    ListScreen,
    Menus,
    ReturnScreen,
    RouterScreen,
    SecretScreen,
    SubflowScreen,
    WordType,
)

FRAGMENTS = "menus/fragments/"


def targets(menus: Menus) -> Iterator[Finding]:
    """Every screen that is named exists."""
    house = menus.house
    named = {"entry": house.entry, "unavailable": house.unavailable, "slow": house.slow, "too_many": house.too_many}
    if house.call_back:
        named["call_back"] = house.call_back
    for key, to in named.items():
        if to not in menus.screens:
            yield at_house(menus, Rule.MISSING_TARGET, f"`{key}` names {to}: make it", "house", key)
        elif key in {"unavailable", "slow", "too_many"} and not isinstance(menus.screens[to], EndScreen):
            yield at_house(menus, Rule.TYPE_MISMATCH, f"`{key}` must name an end screen", "house", key)
    for code, to in house.codes.items():
        if to not in menus.screens:
            yield at_house(menus, Rule.MISSING_TARGET, f"`{code}` leads to {to}: make it", "codes", code)
    for screen in menus.screens.values():
        for edge in _ways(menus, screen):
            if edge.to not in menus.screens:
                fix = f"there is no screen {edge.to}: make it or lead elsewhere"
                yield at(menus, screen, Rule.MISSING_TARGET, fix, *edge.key)


def _ways(menus: Menus, screen: AnyScreen) -> Iterator[Edge]:
    yield from edges_of(menus, screen)
    if isinstance(screen, SubflowScreen):
        yield from results_of(screen).values()


def exits(graph: Graph) -> Iterator[Finding]:
    """Every screen can be reached, and from every screen an end."""
    menus = graph.menus
    leaving, loops = graph.leaving(), graph.unseen_loops()
    shared = {
        (screen.file, screen.line)
        for name, screen in menus.screens.items()
        if name in graph.reachable and screen.file.startswith(FRAGMENTS)
    }
    for name, screen in menus.screens.items():
        if name not in graph.reachable:
            if (screen.file, screen.line) not in shared:
                yield at(menus, screen, Rule.UNREACHABLE, "nothing leads here: lead to it or delete it")
            continue
        if name in loops:
            fix = "this leads round to itself without a page: show a page between"
            yield at(menus, screen, Rule.LOOP_WITHOUT_EXIT, fix)
        if isinstance(screen, ListScreen) and screen.empty and not (screen.back or screen.home):
            fix = "a person cannot leave when the list is empty: give it `back` or a home"
            yield at(menus, screen, Rule.DEAD_END, fix)
            continue
        stuck = [node for node in graph.reachable[name] if node not in leaving]
        if not stuck or isinstance(screen, ReturnScreen | SubflowScreen):
            continue
        if any(graph.steps[node] for node in stuck):
            yield at(menus, screen, Rule.LOOP_WITHOUT_EXIT, "no way from here ever ends: lead to an end screen")
        elif not edges_of(menus, screen):
            yield at(menus, screen, Rule.DEAD_END, "a person cannot leave: give it `back`, a home or make it an end")


def branches(graph: Graph) -> Iterator[Finding]:
    """Every outcome has a branch, every call an action with the secrets that its screen asks for."""
    yield from _notes(graph)
    for screen in graph.menus.screens.values():
        if isinstance(screen, SecretScreen | ActionScreen):
            yield from _outcomes(graph.menus, screen)


def _notes(graph: Graph) -> Iterator[Finding]:
    """A note that stands before a call, at once or behind what only passes on, is never read."""
    menus = graph.menus
    for steps in graph.steps.values():
        for step in steps:
            if step.edge.note and any(isinstance(graph.screen(to), ActionScreen) for to in graph.landings([step.to])):
                source = menus.screens[step.edge.source]
                fix = f"{step.edge.note} stands before a call, which shows no note: note it later"
                yield at(menus, source, Rule.NOTE_LOST, fix, *step.edge.key[:-1], "note")


def _outcomes(menus: Menus, screen: SecretScreen | ActionScreen) -> Iterator[Finding]:
    action = menus.actions.get(screen.call)
    if action is None:
        yield at(menus, screen, Rule.UNKNOWN_ACTION, f"{screen.call} is not declared in {ACTIONS_FILE}", "call")
        return
    for outcome in sorted(action.outcomes.keys() - screen.on.keys() - set(FAULTS)):
        yield at(menus, screen, Rule.MISSING_BRANCH, f"{screen.call} can answer `{outcome}`: add on.{outcome}", "on")
    for outcome in sorted(screen.on.keys() - action.outcomes.keys() - set(FAULTS)):
        fix = f"{screen.call} never answers `{outcome}`: delete on.{outcome}"
        yield at(menus, screen, Rule.UNKNOWN_OUTCOME, fix, "on", outcome)
    wanted = 1 if isinstance(screen, SecretScreen) else 0
    if len(action.secrets) != wanted:
        fix = f"{screen.call} takes {len(action.secrets)} secrets, a screen of this type gives {wanted}"
        yield at(menus, screen, Rule.SECRET_COUNT, fix, "call")


def subflows(graph: Graph) -> Iterator[Finding]:
    """Every subflow comes back, to a branch, and none enters itself."""
    menus = graph.menus
    if len(graph.steps) >= NODES_MAX:
        fix = f"the subflows can be nested in more than {NODES_MAX} ways, which cannot be followed: make them simpler"
        yield at_house(menus, Rule.SUBFLOW_DEPTH, fix)
        return
    for name, screen in menus.screens.items():
        if name in graph.recursive:
            fix = "this subflow can enter itself before it returned: leave it by a return screen"
            yield at(menus, screen, Rule.RECURSION, fix, "flow")
        if name in graph.too_deep:
            fix = f"more than {STACK_MAX} subflows can be open here: return from one first"
            yield at(menus, screen, Rule.SUBFLOW_DEPTH, fix, "flow")
        if name in graph.without_caller:
            fix = "this return can be reached outside of a subflow: lead to it from a subflow only"
            yield at(menus, screen, Rule.RETURN_WITHOUT_CALLER, fix)
        if isinstance(screen, SubflowScreen) and name in graph.results:
            found = graph.results[name]
            for result in sorted(found - screen.on.keys()):
                fix = f"{screen.flow} can return `{result}`: add on.{result}"
                yield at(menus, screen, Rule.MISSING_RESULT, fix, "on")
            for result in sorted(screen.on.keys() - found):
                fix = f"{screen.flow} never returns `{result}`: delete on.{result}"
                yield at(menus, screen, Rule.UNKNOWN_RESULT, fix, "on", result)


def routers(menus: Menus) -> Iterator[Finding]:
    """Every router knows where each value leads."""
    for screen in menus.screens.values():
        if isinstance(screen, RouterScreen):
            yield from _router(menus, screen)


def _router(menus: Menus, screen: RouterScreen) -> Iterator[Finding]:
    words = routed(menus, screen.by)
    word = menus.words.get(screen.by)
    if not words and word is None:
        yield at(menus, screen, Rule.UNKNOWN_WORD, f"declare {screen.by} in [words]", "by")
        return
    counted = not words and word is not None and word.type in {WordType.NUMBER, WordType.AMOUNT}
    if not words and not counted:
        fix = f"a router goes by a word, a number or an amount, and {screen.by} is none"
        yield at(menus, screen, Rule.TYPE_MISMATCH, fix, "by")
        return
    if screen.cases and not words:
        yield at(menus, screen, Rule.TYPE_MISMATCH, f"{screen.by} is counted: use `steps`", "cases")
    if screen.steps and not counted:
        yield at(menus, screen, Rule.TYPE_MISMATCH, f"{screen.by} is a word: use `cases`", "steps")
    for case in sorted(screen.cases.keys() - set(words)) if words else ():
        yield at(menus, screen, Rule.ROUTER_CASES, f"{screen.by} is never `{case}`: delete the case", "cases", case)
    if counted and word is not None:
        yield from _stairs(menus, screen, 10**word.max)
    total = words and not set(words) - screen.cases.keys() and "other" not in words
    if not screen.otherwise and not total:
        yield at(menus, screen, Rule.ROUTER_CASES, "not every value has a case: say `otherwise`")


def _stairs(menus: Menus, screen: RouterScreen, beyond: int) -> Iterator[Finding]:
    before = 0
    for index, (below, _) in enumerate(screen.steps):
        if below <= before:
            fix = f"below {below} nothing is left after the step before: make the steps rise"
            yield at(menus, screen, Rule.ROUTER_CASES, fix, "steps", str(index))
        elif below > beyond:
            fix = f"{screen.by} is always below {beyond}: lower the step"
            yield at(menus, screen, Rule.ROUTER_CASES, fix, "steps", str(index))
        before = max(before, below)
