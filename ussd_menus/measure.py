"""How long every page can become: each screen in each language and style, with the longest values.

The longest value of a word is the longest that its declaration allows, the longest plural form is that of the number
with the most digits that has it. Measurements are kept, since the proofs of pages, of time and the map share them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from ussd_menus.graph import Graph
from ussd_menus.model import Profile, Row, Style, Value
from ussd_menus.paging import Cut, Sheet, cut_at, ruler_of
from ussd_menus.plurals import categories, category
from ussd_menus.render import CHOICES, help_of, sheet_of
from ussd_menus.screens import (
    SILENT,
    AnyScreen,
    ConfirmScreen,
    EndScreen,
    InputScreen,
    ListScreen,
    Menus,
    PagesScreen,
    SecretScreen,
    Text,
    WordType,
)
from ussd_menus.texts import FORMS, RIAL, Forms, Speech, Template, parse, size, worst
from ussd_menus.verify_texts import ERROR_CHOICE, engine_keys, keys_of, layers

STYLES = tuple(
    Style(digits=digits, toman=toman, easy=easy)
    for easy in (False, True)
    for toman in (False, True)
    for digits in ("own", "latin")
)
"""Every way in which a person can want to be shown things."""


class LongSpeech(Speech):
    """Says everything at its longest."""

    def __init__(self, menus: Menus, code: str, style: Style) -> None:
        super().__init__(menus.tongues[code], menus.words, style)
        self.values: dict[str, Value | tuple[Row, ...]] = {
            name: worst(self, word) for name, word in menus.words.items()
        }
        self.filled: dict[str, str] = {}

    def fill(self, key: str, values: Mapping[str, object]) -> str:
        """The text with the longest values, whatever values are given."""
        del values
        if key not in self.filled:
            template = self.templates[key]
            if isinstance(template, Forms):
                chosen = [self._form(template, form) for form in template.forms]
                self.filled[key] = max(chosen, key=lambda text: size(self.tongue, text))
            else:
                self.filled[key] = self._said(template, self.values)
        return self.filled[key]

    def _form(self, forms: Forms, name: str) -> str:
        number = longest_number(self.tongue.code, name, self.words[forms.by].max)
        return self._said(forms.forms[name], {**self.values, forms.by: number})

    def _said(self, template: Template, values: Mapping[str, Value | tuple[Row, ...]]) -> str:
        parts = template.parts
        filled = [parts[0]]
        for name, form, literal in zip(parts[1::3], parts[2::3], parts[3::3], strict=True):
            value = self.ambient[name] if name in self.ambient else values[name]
            filled += (self.show(self.words[name], value, form), literal)
        return "".join(filled)


@lru_cache(maxsize=256)
def longest_number(language: str, form: str, digits_max: int) -> int:
    """A number with as many digits as one of the plural form can have."""
    for digits in range(min(digits_max, 18), 0, -1):
        base = 10 ** (digits - 1) if digits > 1 else 0
        for number in range(base, min(base + 120, 10**digits)):
            if category(language, number) == form or form not in categories(language):
                return number
    return 0


@dataclass(frozen=True, slots=True)
class Size:
    """How long a page is, in septets or UCS-2 units, and how long it may be."""

    size: int
    size_max: int
    text: str

    @property
    def fits(self) -> bool:
        """Whether it is at most one page."""
        return self.size <= self.size_max


class Measure:
    """Measures the reachable screens of a graph for one profile."""

    def __init__(self, graph: Graph, profile: Profile) -> None:
        self.graph = graph
        self.menus = graph.menus
        self.profile = profile
        self._speeches: dict[tuple[str, Style], LongSpeech] = {}
        self._sheets: dict[tuple[str, str, Style], tuple[Sheet, ...]] = {}
        self._sound: dict[str, frozenset[str]] = {}
        self._engine = engine_keys(self.menus)
        self._ends = {shortcut.ends_at for shortcut in self.menus.shortcuts.values()}
        rials = {name for name, word in self.menus.words.items() if word.code == RIAL}
        self._rials = self._naming({*rials, "money"})
        self._eased, self._digits = self._naming({"easy"}), self._naming({"digits"})
        asking = {
            name for name, screen in self.menus.screens.items() if isinstance(screen, SecretScreen | ConfirmScreen)
        }
        self._dialled = (self._ends - asking) | graph.first_pages()

    def _naming(self, names: set[str]) -> set[str]:
        """Keys of the texts that show one of the names in some language."""
        tongues = self.menus.tongues.values()
        layered = [item for tongue in tongues for layer in layers(tongue) for item in layer.items()]
        return {key for key, text in layered if not names.isdisjoint(parse(text).names)}

    def languages(self) -> list[str]:
        """Languages whose own texts, those of the engine, can be said."""
        return [code for code in self.menus.tongues if self.sound(code) >= self._engine]

    def sound(self, code: str) -> frozenset[str]:
        """Keys of the texts of a language that can be filled; what is wrong with others is another rule's finding."""
        if code not in self._sound:
            tongue = self.menus.tongues[code]
            bad = {key for layer in layers(tongue) for key, text in layer.items() if not self._fillable(text)}
            self._sound[code] = frozenset(tongue.texts.keys() - bad)
        return self._sound[code]

    def _fillable(self, text: Text) -> bool:
        words = self.menus.words
        parsed = parse(text)
        if isinstance(parsed, Forms) and (parsed.by not in words or words[parsed.by].type is not WordType.NUMBER):
            return False
        templates = parsed.forms.values() if isinstance(parsed, Forms) else (parsed,)
        named = [pair for found in templates for pair in zip(found.parts[1::3], found.parts[2::3], strict=True)]
        return all(name in words and form in FORMS and words[name].type in FORMS[form] for name, form in named)

    def speech(self, code: str, style: Style) -> LongSpeech:
        """The texts of a language in a style, at their longest."""
        found = self._speeches.get((code, style))
        if found is None:
            found = self._speeches[code, style] = LongSpeech(self.menus, code, style)
        return found

    def styles(self, screen: AnyScreen, code: str) -> Iterator[Style]:
        """The styles that can make the screen longer in a language."""
        keys = keys_of(screen) | set(self.notes(screen)) | self._engine
        easy = self.menus.tongues[code].easy
        plainer = isinstance(screen, CHOICES) or not keys.isdisjoint(
            self._eased | (easy.texts.keys() if easy else set())
        )
        dearer = not keys.isdisjoint(self._rials)
        # Digits are of one length in all writings; Latin ones alone can only bring a page into GSM-7.
        shorter = self.profile.septets_max < self.profile.ucs2_max or not keys.isdisjoint(self._digits)
        for style in STYLES:
            if style.easy <= plainer and style.toman <= dearer and (style.digits == "own" or shorter):
                yield style

    def notes(self, screen: AnyScreen) -> list[str]:
        """Everything that may stand above a screen, nothing included."""
        own = screen.error if isinstance(screen, InputScreen | SecretScreen) else ERROR_CHOICE
        found = {"", *self.graph.notes.get(screen.name, ()), "" if isinstance(screen, EndScreen) else own}
        if self.menus.shortcuts:
            found |= {"dial.unknown"} if screen.name in self._dialled else set()
            found |= (
                {"dial.pin"}
                if isinstance(screen, SecretScreen | ConfirmScreen) and screen.name in self._ends
                else set()
            )
        return sorted(found)

    def sheets(self, screen: AnyScreen, code: str, style: Style) -> tuple[Sheet, ...]:
        """What the screen shows at its longest: with all the rows that there can be, and with none."""
        key = (screen.name, code, style)
        if key not in self._sheets:
            listed = isinstance(screen, ListScreen) or (isinstance(screen, PagesScreen) and bool(screen.row))
            counts = dict.fromkeys((self.graph.rows_max(screen.name), 0)) if listed else (0,)
            speech = self.speech(code, style)
            self._sheets[key] = tuple(
                sheet_of(self.menus, speech, screen, {"rows": tuple({} for _ in range(count))}, self.profile)
                for count in counts
            )
        return self._sheets[key]

    def pages(self, screen: AnyScreen, code: str, style: Style, note: str = "") -> Iterator[Cut]:
        """The pages of a screen under a note."""
        above = self.speech(code, style).fill(note, {}) if note else ""
        for sheet in self.sheets(screen, code, style):
            yield from self._all(sheet, above)

    def long_pages(self, screen: AnyScreen, code: str, style: Style, note: str) -> Iterator[Cut]:
        """Those of them that are not seen at a glance to fit, since all of the screen fits on one page."""
        above = self.speech(code, style).fill(note, {}) if note else ""
        for sheet in self.sheets(screen, code, style):
            lines = [line for line in (above, sheet.head, *sheet.items, sheet.keys.back) if line]
            if len(sheet.items) > (sheet.items_max or len(sheet.items)) or not self.size("\n".join(lines)).fits:
                yield from self._all(sheet, above)

    def help_pages(self, screen: AnyScreen, code: str, style: Style) -> tuple[Cut, ...]:
        """The pages of the help of a screen; none when it has no help."""
        if not screen.help:
            return ()
        return tuple(self._all(help_of(self.speech(code, style), screen, self.profile), ""))

    def _all(self, sheet: Sheet, above: str) -> Iterator[Cut]:
        start, last = 0, False
        while not last:
            cut = cut_at(sheet, start, above, self.profile)
            yield cut
            start, last = cut.stop, cut.page_last

    def size(self, text: str) -> Size:
        """How long a page is for the profile."""
        ruler = ruler_of(text, self.profile)
        return Size(ruler.lines(text), ruler.size_max, text)

    def largest(self, screen: AnyScreen, code: str) -> Size | None:
        """The largest page of a screen in a language, over every style and note; None when it shows nothing."""
        if isinstance(screen, SILENT) or not self.sayable(screen, code):
            return None
        found = [
            self.size(cut.text)
            for style in self.styles(screen, code)
            for note in self.notes(screen)
            for cut in self.pages(screen, code, style, note)
        ]
        return max(found, key=lambda size: size.size / size.size_max)

    def sayable(self, screen: AnyScreen, code: str) -> bool:
        """Whether every text of the screen can be filled in the language."""
        return self.sound(code) >= keys_of(screen) | set(self.notes(screen)) - {""} | self._engine
