"""Where each screen leads; `graph.py` follows the ways, subflows and their returns included."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

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

ROWS = "rows"
FIELD = "rows."
"""Prefix of the fields of the rows among the known names."""
FAULTS = ("unavailable", "slow")
"""Outcomes that every action may have without declaring them."""
UNSEEN = (ActionScreen, RouterScreen, SubflowScreen, ReturnScreen)
"""Screens that show nothing."""
PASSING = (RouterScreen, SubflowScreen, ReturnScreen)
"""Those of them that only pass on, notes and sensitive values included."""

Names = frozenset[str]
Key = tuple[str, ...]
"""Where something stands in the table of its screen: ("on", "ok", "to")."""


class Way(StrEnum):
    """What taking an edge does to the subflows that are open."""

    GO = "go"
    HOME = "home"
    """Closes them all."""
    ENTER = "enter"
    """Opens one."""
    RETURN = "return"
    """Closes the last one."""


@dataclass(frozen=True, slots=True)
class Edge:
    """One way from a screen to the next."""

    source: str
    to: str
    key: Key = ()
    """Where the target is named."""
    note: str = ""
    defines: Names = frozenset()
    passing: Names = frozenset()
    """Sensitive values: known to the end or the call that this edge leads to, then forgotten."""
    rows: str = ""
    """The action whose rows it brings."""
    way: Way = Way.GO
    back: bool = False
    """Whether it is a key of navigation."""

    def known(self, before: Names, to: AnyScreen) -> Names:
        """What is known after this edge, at the screen `to`."""
        kept = before - {name for name in before if name.startswith(FIELD)} if ROWS in self.defines else before
        return kept | self.defines | (self.passing if isinstance(to, (EndScreen, *UNSEEN)) else frozenset())


def edges_of(menus: Menus, screen: AnyScreen) -> list[Edge]:
    """Every way out of a screen, keys of navigation included, whether the target exists or not.

    Faults and too many errors lead to the house's ends, the call-back key to the house's screen: those are roots. A
    subflow leads into its flow only; where its results lead, see `results_of`.
    """
    ways = [
        Edge(screen.name, to, (key,), way=way, back=True)
        for key, to, way in (("back", screen.back, Way.GO), ("home", screen.home, Way.HOME))
        if to
    ]
    return [*ways, *_onward(menus, screen)]


def _onward(menus: Menus, screen: AnyScreen) -> Iterator[Edge]:
    name = screen.name
    match screen:
        case MenuScreen():
            yield from (Edge(name, o.to, ("options", str(at), "to")) for at, o in enumerate(screen.options))
        case ListScreen():
            yield Edge(name, screen.to, ("to",), defines=frozenset(screen.choose))
        case InputScreen():
            yield _typed(menus, screen)
        case ConfirmScreen() | LanguageScreen() | InfoScreen():
            yield Edge(name, screen.to, ("to",))
        case SecretScreen() | ActionScreen():
            yield from (_outcome(menus, screen, outcome, branch) for outcome, branch in screen.on.items())
        case RouterScreen():
            yield from _routes(screen)
        case SubflowScreen():
            yield Edge(name, screen.flow, ("flow",), way=Way.ENTER)
        case PagesScreen() | EndScreen() | ReturnScreen():
            pass


def _routes(screen: RouterScreen) -> Iterator[Edge]:
    for word, to in screen.cases.items():
        yield Edge(screen.name, to, ("cases", word))
    for at, (_, to) in enumerate(screen.steps):
        yield Edge(screen.name, to, ("steps", str(at), "to"))
    if screen.otherwise:
        yield Edge(screen.name, screen.otherwise, ("otherwise",))


def never(menus: Menus, edge: Edge) -> bool:
    """Whether it is the `otherwise` of a router whose cases or steps leave nothing over."""
    screen = menus.screens[edge.source]
    if edge.key != ("otherwise",) or not isinstance(screen, RouterScreen):
        return False
    word = menus.words.get(screen.by)
    if screen.steps and word is not None:
        digits: int = 10**word.max
        return screen.steps[-1][0] >= digits
    words = routed(menus, screen.by)
    return bool(words) and set(words) <= screen.cases.keys()


def routed(menus: Menus, name: str) -> tuple[str, ...]:
    """The words that a router by this name can meet; none when it is counted or unknown."""
    special = {"language": tuple(menus.tongues), "easy": ("yes", "no")}
    word = menus.words.get(name)
    return special.get(name) or (word.words if word is not None else ())


def _typed(menus: Menus, screen: InputScreen) -> Edge:
    word = menus.words.get(screen.into)
    into = frozenset({screen.into})
    if word is not None and word.sensitive:
        return Edge(screen.name, screen.to, ("to",), passing=into)
    return Edge(screen.name, screen.to, ("to",), defines=into)


def results_of(screen: SubflowScreen) -> dict[str, Edge]:
    """Result to the way that the subflow screen goes on by."""
    return {
        result: Edge(screen.name, branch.to, ("on", result, "to"), branch.note, way=Way.RETURN)
        for result, branch in screen.on.items()
    }


def _outcome(menus: Menus, screen: SecretScreen | ActionScreen, outcome: str, branch: Branch) -> Edge:
    action = menus.actions.get(screen.call)
    values = action.outcomes.get(outcome, ()) if action else ()
    passing = frozenset(name for name in values if name in menus.words and menus.words[name].sensitive)
    fields = {FIELD + field for field in action.row} if action and ROWS in values else set()
    return Edge(
        screen.name,
        branch.to,
        ("on", outcome, "to"),
        branch.note,
        frozenset(values) - passing | fields,
        passing,
        rows=screen.call if ROWS in values else "",
    )
