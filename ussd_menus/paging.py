"""Cutting a screen into pages that fit: whole lines only, the keys of navigation inside the same budget.

A place in a screen is the index of the first item shown, not a page number: so an error above the page may push an
item to the next page without any item being skipped.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ussd_menus.alphabet import graphemes, gsm_septets, into_gsm, ucs2_units
from ussd_menus.model import Profile


@dataclass(frozen=True, slots=True)
class Ruler:
    """Measures in septets while every part of the screen is GSM-7, in UCS-2 units otherwise."""

    size: Callable[[str], int]
    size_max: int
    line_break: int = 1
    """Size of what ends a line."""

    def lines(self, text: str) -> int:
        """Size of a text that may have several lines."""
        size = self.size(text)
        return size if self.line_break == 1 else size + text.count("\n") * (self.line_break - 1)


def _septets(text: str) -> int:
    septets = gsm_septets(text)
    assert septets is not None, "the ruler was chosen for GSM-7"
    return septets


def ruler_of(text: str, profile: Profile) -> Ruler:
    """The ruler for a screen with these letters."""
    if gsm_septets(text) is None:
        return Ruler(ucs2_units, profile.ucs2_max, len(profile.newline))
    return Ruler(_septets, profile.septets_max, len(profile.newline))


def fits(text: str, profile: Profile) -> bool:
    """Whether the text is at most one page; its lines end in a line feed or in the profile's line break."""
    text = text.replace(profile.newline, "\n")
    if not profile.ucs2_allowed and gsm_septets(text) is None:
        return False
    ruler = ruler_of(text, profile)
    return ruler.lines(text) <= ruler.size_max


def clip(text: str, profile: Profile) -> str:
    """The text cut between graphemes to one page: the last resort for values that break their declaration."""
    if not profile.ucs2_allowed:
        text = into_gsm(text)
    if fits(text, profile):
        return text
    pieces = graphemes(text)[: profile.septets_max]
    while not fits("".join(pieces), profile):
        pieces.pop()
    return "".join(pieces)


@dataclass(frozen=True, slots=True)
class KeyLines:
    """The lines of navigation that a screen can have; empty when it has not."""

    more: str = ""
    back: str = ""
    """On the first page."""
    back_page: str = ""
    """On a later page: to the page before."""
    extra: tuple[str, ...] = ()
    """Shown where there is room, the first first; their keys work everywhere."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a screen shows, not yet cut: `head` once on its first page, `items` in order."""

    head: str
    items: Sequence[str]
    keys: KeyLines
    digits: Callable[[str], str] = str
    """Writes the page count."""
    items_max: int = 0
    """At most so many items on a page; 0 for as many as fit."""


@dataclass(frozen=True, slots=True)
class Cut:
    """One page of a sheet."""

    text: str
    start: int
    """Index of its first item."""
    stop: int
    """Index after its last item."""
    page_last: bool


def cut_at(sheet: Sheet, start: int, note: str, profile: Profile) -> Cut:
    """The page whose first item is `start`, with `note` above it.

    Holds at least one item even where that does not fit, so that cutting always ends; see `fits`.
    """
    cutter = _Cutter(sheet, ruler_of("".join((note, *_lines_of(sheet))), profile))
    starts, widest = cutter.starts()
    count = ""
    if len(starts) > 1:
        count = f" {sheet.digits(f'{sum(place <= start for place in starts)}/{len(starts)}')}"
    stop = cutter.stop(start, note, widest)
    last = stop == len(sheet.items)
    keys = sheet.keys
    foot = _foot("" if last else keys.more, keys.back_page if start else keys.back, count)
    lines = [*_head(sheet, start, note), *sheet.items[start:stop], *foot]
    left = cutter.room - cutter.height(lines)
    for line in keys.extra:
        height = cutter.height((line,))
        if height <= left:
            lines.append(line)
            left -= height
    return Cut("\n".join(lines), start, stop, page_last=last)


def start_before(sheet: Sheet, start: int, profile: Profile) -> int:
    """Where the page before the one at `start` begins."""
    starts, _ = _Cutter(sheet, ruler_of("".join(_lines_of(sheet)), profile)).starts()
    return max((place for place in starts if place < start), default=0)


def _lines_of(sheet: Sheet) -> Sequence[str]:
    return (sheet.head, *sheet.items, sheet.keys.back, sheet.keys.more, *sheet.keys.extra)


def _head(sheet: Sheet, start: int, note: str) -> list[str]:
    return [part for part in (note, "" if start else sheet.head) if part]


def _foot(more: str, back: str, count: str) -> list[str]:
    """The lines of the keys that there are; the page count ends the first of them."""
    lines = [key for key in (more, back) if key]
    return [lines[0] + count, *lines[1:]] if lines else []


class _Cutter:
    """Sizes of a sheet, measured once; every line counts its line break, so a page has room for one more."""

    def __init__(self, sheet: Sheet, ruler: Ruler) -> None:
        self.sheet = sheet
        self.ruler = ruler
        self.room = ruler.size_max + ruler.line_break
        self.items = [ruler.lines(item) + ruler.line_break for item in sheet.items]

    def height(self, lines: Sequence[str]) -> int:
        """Size of the lines with their line breaks."""
        return sum(map(self.ruler.lines, lines)) + len(lines) * self.ruler.line_break

    def starts(self) -> tuple[list[int], str]:
        """Where each page begins when nothing stands above it, and the widest page count."""
        total = len(self.items)
        starts, widest = [0], ""
        if self.stop(0, "", "") == total:
            return starts, widest
        for digits in ("9", "99", "999"):
            widest = f" {digits}/{digits}"
            starts = [0]
            while (stop := self.stop(starts[-1], "", widest)) < total:
                starts.append(stop)
            if len(starts) <= int(digits):
                break
        return starts, widest

    def stop(self, start: int, note: str, count: str) -> int:
        """Index after the last item of the page that begins at `start`."""
        total = len(self.items)
        most = self.sheet.items_max
        limit = min(total, start + most) if most else total
        keys = self.sheet.keys
        back = keys.back_page if start else keys.back
        room = self.room - self.height(_head(self.sheet, start, note))
        if limit == total and sum(self.items[start:]) + self.height(_foot("", back, count)) <= room:
            return total
        room -= self.height(_foot(keys.more, back, count))
        at = start
        while at < min(limit, total - 1) and self.items[at] <= room:
            room -= self.items[at]
            at += 1
        return min(total, max(at, start + 1))


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
