"""A map of the menus: mermaid text for documents, a self-contained SVG or HTML page for people."""

from collections.abc import Iterator, Mapping
from html import escape

from ussd_menus.flow import Edge
from ussd_menus.graph import Graph, graph_of
from ussd_menus.measure import Measure
from ussd_menus.model import Profile
from ussd_menus.screens import ActionScreen, AnyScreen, EndScreen, Menus, RouterScreen, SecretScreen, SubflowScreen
from ussd_menus.texts import spellings

_BOX_WIDTH, _BOX_HEIGHT = 230, 52
_COLUMN, _ROW, _MARGIN = 310, 68, 24
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
text { font: 12px sans-serif; fill: #1c2430 } text.kind, text.size { font-size: 10px; fill: #3a4452 }
rect { stroke: #5b6675 } path { fill: none; stroke: #7a8699; opacity: .55 }
path.back { stroke-dasharray: 3 4; opacity: .3 }
"""
_PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Menus</title>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<style>html, body {{ margin: 0; height: 100% }} body {{ display: flex; flex-direction: column; font: 14px sans-serif }}
header {{ padding: 8px 24px; border-bottom: 1px solid #c8cfda }} main {{ overflow: auto; flex: 1 }}</style></head>
<body><header>{head}</header><main tabindex="0" aria-label="Map of the menus">
{svg}</main></body></html>
"""
Heat = Mapping[str, float]
"""Screen to the share of people who left there, 0 to 1."""


def _kind(screen: AnyScreen) -> str:
    kind = type(screen).__name__.removesuffix("Screen").lower()
    match screen:
        case ActionScreen() | SecretScreen():
            return f"{kind} {screen.call}"
        case RouterScreen():
            return f"{kind} by {screen.by}"
        case SubflowScreen():
            return f"{kind} {screen.flow}"
        case _:
            return kind


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


def draw(menus: Menus, *, profile: Profile = Profile(), heat: Heat | None = None) -> str:  # noqa: B008  - frozen
    """The menus as one SVG: a column for each step away from the entry, a tooltip with the texts of each screen.

    Each box says how long the largest page of its screen can be in each language, of how much `profile` has. `heat`
    colours the boxes instead of their kind, from white (nobody left there) to red.
    """
    graph = graph_of(menus)
    measure = Measure(graph, profile)
    places = dict(_places(graph))
    width = max((x for x, _ in places.values()), default=0) + _BOX_WIDTH + _MARGIN
    height = max((y for _, y in places.values()), default=0) + _BOX_HEIGHT + _MARGIN
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">',
        f"<title>Menus, version {menus.version}</title><style>{_STYLE}</style>",
        f'<rect width="{width}" height="{height}" fill="#ffffff" stroke="none"/>',
    ]
    lines += [_line(menus, edge, places) for edge in _edges(graph) if edge.source != edge.to]
    lines += [_box(measure, name, place, heat) for name, place in places.items()]
    return "\n".join([*lines, "</svg>"]) + "\n"


def html(menus: Menus, *, profile: Profile = Profile(), heat: Heat | None = None) -> str:  # noqa: B008  - frozen
    """The map as one page without scripts or anything from elsewhere, to scroll about in."""
    counts = f"{len(menus.screens)} screens, {', '.join(menus.tongues)}, version {menus.version}"
    limits = f"{profile.septets_max} septets or {profile.ucs2_max} UCS-2 units a page"
    return _PAGE.format(head=_safe(f"{counts}; {limits}"), svg=draw(menus, profile=profile, heat=heat))


def _edges(graph: Graph) -> list[Edge]:
    """One edge a pair of screens; a return leads to where its callers go on."""
    found = {(edge.source, edge.to): edge for edges in graph.edges.values() for edge in edges}
    for node, steps in graph.steps.items():
        for step in steps:
            edge = step.edge
            found.setdefault((node[-1], edge.to), Edge(node[-1], edge.to, edge.key, edge.note, way=edge.way))
    return list(found.values())


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


def _safe(text: str) -> str:
    """Text for XML: escaped, without letters that XML refuses."""
    return escape("".join(letter if letter.isprintable() or letter == "\n" else " " for letter in text))


def _box(measure: Measure, name: str, place: tuple[int, int], heat: Heat | None) -> str:
    x, y = place
    screen = measure.menus.screens[name]
    left = f", {_share(screen, heat):.0%} left" if heat and _share(screen, heat) else ""
    return (
        f"<g><title>{_safe(_told(measure, screen, heat))}</title>"
        f'<rect x="{x}" y="{y}" width="{_BOX_WIDTH}" height="{_BOX_HEIGHT}" rx="6" fill="{_fill(screen, heat)}"/>'
        f'<text x="{x + 8}" y="{y + 16}">{_safe(name)}</text>'
        f'<text class="kind" x="{x + 8}" y="{y + 30}">{_safe(_kind(screen) + left)}</text>'
        f'<text class="size" x="{x + 8}" y="{y + 44}">{_safe(_sizes(measure, screen))}</text></g>'
    )


def _sizes(measure: Measure, screen: AnyScreen) -> str:
    if screen.name not in measure.graph.reachable:
        return ""
    found = {code: measure.largest(screen, code) for code in measure.languages()}
    return "  ".join(f"{code} {size.size}/{size.size_max}" for code, size in found.items() if size is not None)


def _told(measure: Measure, screen: AnyScreen, heat: Heat | None) -> str:
    """The tooltip: where it stands, how many left there, and what it says in each language."""
    lines = [f"{screen.file}:{screen.line}"]
    if heat is not None:
        lines.append(f"{_share(screen, heat):.1%} left here")
    for code, tongue in measure.menus.tongues.items():
        text = tongue.texts.get(screen.text)
        if text is not None:
            lines.append(f"{code}: {' / '.join(spellings(text))}")
        largest = measure.largest(screen, code) if screen.name in measure.graph.reachable else None
        if largest is not None:
            lines.append(f"{code}, at its longest:\n{largest.text}")
    return "\n".join(lines)


def _share(screen: AnyScreen, heat: Heat) -> float:
    return min(1.0, max(0.0, heat.get(screen.name, 0.0)))


def _fill(screen: AnyScreen, heat: Heat | None) -> str:
    if heat is None:
        return _COLOURS[type(screen).__name__]
    # Never darker than what the words of the box can be read on.
    cold = round(255 - 127 * _share(screen, heat))
    return f"#ff{cold:02x}{cold:02x}"
