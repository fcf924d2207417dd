"""Cutting a screen into pages that fit: whole lines only, the keys of navigation inside the same budget.

A place in a screen is the index of the first item shown, not a page number: so an error above the page may push an
item to the next page without any item being skipped.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ussd_menus.alphabet import graphemes, gsm_septets, ucs2_units
from ussd_menus.model import Profile


@dataclass(frozen=True, slots=True)
class Ruler:
    """Measures in septets while every part of the screen is GSM-7, in UCS-2 units otherwise."""

    size: Callable[[str], int]
    size_max: int


def _septets(text: str) -> int:
    septets = gsm_septets(text)
    assert septets is not None, "the ruler was chosen for GSM-7"
    return septets


def ruler_of(text: str, profile: Profile) -> Ruler:
    """The ruler for a screen with these letters."""
    if gsm_septets(text) is None:
        return Ruler(ucs2_units, profile.ucs2_max)
    return Ruler(_septets, profile.septets_max)


def fits(text: str, profile: Profile) -> bool:
    """Whether the text is at most one page."""
    ruler = ruler_of(text, profile)
    return ruler.size(text) <= ruler.size_max


def clip(text: str, profile: Profile) -> str:
    """The text cut between graphemes to one page: the last resort for values that break their declaration."""
    if fits(text, profile):
        return text
    pieces = graphemes(text)[: profile.septets_max]
    while not fits("".join(pieces), profile):
        pieces.pop()
    return "".join(pieces)


@dataclass(frozen=True, slots=True)
class Keys:
    """The lines of navigation that a screen can have; empty when it has not."""

    more: str = ""
    back: str = ""
    """On the first page."""
    back_page: str = ""
    """On a later page: to the page before."""
    home: str = ""
    """Shown where there is room; the key works everywhere."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a screen shows, not yet cut: `head` once on its first page, `items` in order."""

    head: str
    items: Sequence[str]
    keys: Keys
    digits: Callable[[str], str] = str
    """Writes the page count."""


@dataclass(frozen=True, slots=True)
class Cut:
    """One page of a sheet."""

    text: str
    start: int
    """Index of its first item."""
    stop: int
    """Index after its last item."""
    page_last: bool


@dataclass(frozen=True, slots=True)
class _Count:
    """The page count as shown, and the widest that it gets on this sheet, which is what is measured."""

    shown: str = ""
    widest: str = ""


def cut_at(sheet: Sheet, start: int, note: str, profile: Profile) -> Cut:
    """The page whose first item is `start`, with `note` above it.

    Holds at least one item even where that does not fit, so that cutting always ends; see `fits`.
    """
    ruler = _ruler(sheet, note, profile)
    starts, widest = _starts(sheet, ruler)
    page = sum(place <= start for place in starts)
    several = len(starts) > 1 or start > 0
    count = _Count(f" {sheet.digits(f'{page}/{len(starts)}')}", widest) if several else _Count()
    return _cut(sheet, start, note, ruler, count)


def start_before(sheet: Sheet, start: int, profile: Profile) -> int:
    """Where the page before the one at `start` begins."""
    starts, _ = _starts(sheet, _ruler(sheet, "", profile))
    return max((place for place in starts if place < start), default=0)


def _ruler(sheet: Sheet, note: str, profile: Profile) -> Ruler:
    return ruler_of("".join((note, sheet.head, *sheet.items, sheet.keys.back, sheet.keys.more)), profile)


def _starts(sheet: Sheet, ruler: Ruler) -> tuple[list[int], str]:
    """Where each page begins when nothing stands above it, and the widest page count."""
    if _cut(sheet, 0, "", ruler, _Count()).page_last:
        return [0], ""
    for digits in ("9", "99", "999"):
        widest = f" {digits}/{digits}"
        starts = [0]
        while not (cut := _cut(sheet, starts[-1], "", ruler, _Count(widest, widest))).page_last:
            starts.append(cut.stop)
        if len(starts) <= int(digits):
            break
    return starts, widest


def _cut(sheet: Sheet, start: int, note: str, ruler: Ruler, count: _Count) -> Cut:
    head = [part for part in (note, sheet.head if start == 0 else "") if part]
    back = sheet.keys.back_page if start else sheet.keys.back
    items = sheet.items[start:]
    room = ruler.size_max + 1 - _height(head, ruler)
    last = _height([*items, *_foot(("", back), count.widest)], ruler) <= room
    taken = len(items)
    if not last:
        room -= _height(_foot((sheet.keys.more, back), count.widest), ruler)
        taken = max(1, _taken(items[:-1], room, ruler))
        last = taken == len(items)
    foot = _foot(("" if last else sheet.keys.more, back), count.shown)
    lines = [*head, *items[:taken], *foot]
    if sheet.keys.home and _height([*lines, sheet.keys.home], ruler) <= ruler.size_max + 1:
        lines.append(sheet.keys.home)
    return Cut("\n".join(lines), start, start + taken, page_last=last)


def _taken(items: Sequence[str], room: int, ruler: Ruler) -> int:
    """How many of the items fit."""
    for taken, item in enumerate(items):
        room -= ruler.size(item) + 1
        if room < 0:
            return taken
    return len(items)


def _foot(keys: tuple[str, str], count: str) -> list[str]:
    """The lines of the keys that there are; the page count ends the first of them."""
    lines = [key for key in keys if key]
    return [lines[0] + count, *lines[1:]] if lines else []


def _height(lines: Sequence[str], ruler: Ruler) -> int:
    """Size of the lines with a line break after each."""
    return sum(map(ruler.size, lines)) + len(lines)


def wrap(text: str, width: int) -> list[str]:
    """The lines of a text, those longer than `width` letters broken at a space, else between graphemes."""
    lines: list[str] = []
    for line in text.split("\n"):
        rest = line
        while len(rest) > width:
            at = rest.rfind(" ", 1, width + 1)
            if at < 0:
                at = max(len(graphemes(rest[: width + 1])[0]), len("".join(graphemes(rest[: width + 1])[:-1])))
            lines.append(rest[:at])
            rest = rest[at:].lstrip(" ")
        lines.append(rest)
    return lines
