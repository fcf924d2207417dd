"""A map of the menus: mermaid text for documents, a self-contained SVG for people."""

from collections.abc import Iterator
from html import escape

from ussd_menus.flow import Edge
from ussd_menus.graph import Graph, graph_of
from ussd_menus.screens import ActionScreen, AnyScreen, EndScreen, Menus, SecretScreen, Text
from ussd_menus.texts import spellings

_BOX_WIDTH, _BOX_HEIGHT = 170, 38
_COLUMN, _ROW, _MARGIN = 250, 54, 24
_COLOURS = {
    "MenuScreen": "#dbe9ff",
    "ListScreen": "#dbe9ff",
    "LanguageScreen": "#dbe9ff",
    "PagesScreen": "#eef4e8",
    "InputScreen": "#fff6d6",
    "SecretScreen": "#ffe1d6",
    "ConfirmScreen": "#ffe9b8",
    "ActionScreen": "#ececec",
    "EndScreen": "#e6dcf5",
    "InfoScreen": "#eef4e8",
    "RouterScreen": "#ececec",
    "SubflowScreen": "#ececec",
    "ReturnScreen": "#ececec",
}
_STYLE = """
text { font: 12px sans-serif; fill: #1c2430 } text.kind { font-size: 10px; fill: #5b6675 }
rect { stroke: #5b6675 } path { fill: none; stroke: #7a8699; opacity: .55 }
path.back { stroke-dasharray: 3 4; opacity: .3 }
"""


def _kind(screen: AnyScreen) -> str:
    kind = type(screen).__name__.removesuffix("Screen").lower()
    return f"{kind} {screen.call}" if isinstance(screen, ActionScreen | SecretScreen) else kind


def mermaid(menus: Menus) -> str:
    """The menus as a mermaid flowchart, one subgraph a dialogue; ways back and home are left out."""
    lines = ["flowchart LR"]
    for dialogue in dict.fromkeys(name.split(".")[0] for name in menus.screens):
        lines.append(f"  subgraph {dialogue}_dialogue [{dialogue}]")
        for name, screen in menus.screens.items():
            if name.split(".")[0] == dialogue:
                left, right = ("([", "])") if isinstance(screen, EndScreen) else ("[", "]")
                lines.append(f'    {_id(name)}{left}"{name}<br/>{_kind(screen)}"{right}')
        lines.append("  end")
    onward = [edge for edge in _edges(graph_of(menus)) if not _is_back(menus, edge)]
    lines += [f"  {_id(edge.source)} --> {_id(edge.to)}" for edge in onward]
    return "\n".join(lines) + "\n"


def draw(menus: Menus) -> str:
    """The menus as one SVG: a column for each step away from the entry, a tooltip with the text of each screen."""
    graph = graph_of(menus)
    places = dict(_places(graph))
    width = max((x for x, _ in places.values()), default=0) + _BOX_WIDTH + _MARGIN
    height = max((y for _, y in places.values()), default=0) + _BOX_HEIGHT + _MARGIN
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">',
        f"<title>Menus, version {menus.version}</title><style>{_STYLE}</style>",
        f'<rect width="{width}" height="{height}" fill="#ffffff" stroke="none"/>',
    ]
    lines += [_line(menus, edge, places) for edge in _edges(graph) if edge.source != edge.to]
    lines += [_box(menus, name, place) for name, place in places.items()]
    return "\n".join([*lines, "</svg>"]) + "\n"


def _edges(graph: Graph) -> list[Edge]:
    """One edge a pair of screens."""
    return list({(edge.source, edge.to): edge for edges in graph.edges.values() for edge in edges}.values())


def _is_back(menus: Menus, edge: Edge) -> bool:
    source = menus.screens[edge.source]
    return edge.to in {source.back, source.home} and not isinstance(menus.screens[edge.to], EndScreen)


def _id(name: str) -> str:
    return name.replace(".", "__")


def _places(graph: Graph) -> Iterator[tuple[str, tuple[int, int]]]:
    """Breadth first from the roots, then whatever nothing leads to."""
    seen: set[str] = set()
    layer = list(dict.fromkeys(graph.roots())) or list(graph.menus.screens)
    column = 0
    while layer:
        seen |= set(layer)
        for row, name in enumerate(layer):
            yield name, (_MARGIN + column * _COLUMN, _MARGIN + row * _ROW)
        onward = [edge.to for name in layer for edge in graph.edges[name]]
        layer = [name for name in dict.fromkeys(onward) if name not in seen]
        layer = layer or [name for name in graph.menus.screens if name not in seen]
        column += 1


def _line(menus: Menus, edge: Edge, places: dict[str, tuple[int, int]]) -> str:
    (x1, y1), (x2, y2) = places[edge.source], places[edge.to]
    x1, y1, y2 = x1 + _BOX_WIDTH, y1 + _BOX_HEIGHT // 2, y2 + _BOX_HEIGHT // 2
    style = ' class="back"' if _is_back(menus, edge) or x2 <= x1 - _BOX_WIDTH else ""
    middle = (x1 + x2) // 2 if x2 > x1 else x1 + 50
    return f'<path{style} d="M{x1} {y1} C{middle} {y1} {min(middle, x2 - 30)} {y2} {x2} {y2}"/>'


def _said(text: Text) -> str:
    return " / ".join(spellings(text))


def _box(menus: Menus, name: str, place: tuple[int, int]) -> str:
    x, y = place
    screen = menus.screens[name]
    said = " | ".join(_said(tongue.texts.get(screen.text, "")) for tongue in menus.tongues.values())
    return (
        f"<g><title>{escape(f'{screen.file}:{screen.line} {said}')}</title>"
        f'<rect x="{x}" y="{y}" width="{_BOX_WIDTH}" height="{_BOX_HEIGHT}" rx="6" '
        f'fill="{_COLOURS[type(screen).__name__]}"/>'
        f'<text x="{x + 8}" y="{y + 16}">{escape(name)}</text>'
        f'<text class="kind" x="{x + 8}" y="{y + 30}">{escape(_kind(screen))}</text></g>'
    )
