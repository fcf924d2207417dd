"""The proof that every page fits: each screen, in each language and style, with the longest values, under each note."""

from collections.abc import Iterator

from ussd_menus.measure import Measure, Size
from ussd_menus.model import Finding, Style
from ussd_menus.rules import Rule, at, at_house, at_text
from ussd_menus.screens import SILENT, AnyScreen, Menus, MenuScreen, Tongue
from ussd_menus.texts import size, spellings
from ussd_menus.verify_texts import keys_of

OVER = "house.over"


def pages(measure: Measure) -> Iterator[Finding]:
    """Every page of every reachable screen."""
    menus, profile = measure.menus, measure.profile
    if not profile.ucs2_allowed and all(tongue.alphabet != "gsm" for tongue in menus.tongues.values()):
        fix = "this operator takes no UCS-2, and no language can be written without it: add one whose alphabet is gsm"
        yield at_house(menus, Rule.PAGE_TOO_LONG, fix, "house", "languages")
        return
    for code in measure.languages():
        if not profile.ucs2_allowed and menus.tongues[code].alphabet != "gsm":
            continue  # Whoever has this language is answered in another one on such a wire.
        yield from _over(measure, code)
        for name in measure.graph.reachable:
            screen = menus.screens[name]
            if not isinstance(screen, SILENT) and measure.sayable(screen, code):
                yield from _screen(measure, screen, code)


def _over(measure: Measure, code: str) -> Iterator[Finding]:
    """What is read by who answers after the end, plainly and in easy mode."""
    for style in (Style(), Style(easy=True)):
        found = measure.size(measure.speech(code, style).plain(OVER))
        if not found.fits:
            tongue = measure.menus.tongues[code]
            easy = style.easy and tongue.easy is not None and OVER in tongue.easy.texts
            fix = f"{found.size} of {found.size_max}, shorten it: {found.text}"
            yield at_text(measure.menus, tongue, OVER, "", Rule.PAGE_TOO_LONG, fix, easy=easy)
            return


def _screen(measure: Measure, screen: AnyScreen, code: str) -> Iterator[Finding]:
    """The first page of the screen that does not fit; one finding a screen and language is enough."""
    for style in measure.styles(screen, code):
        for note in measure.notes(screen):
            for cut in measure.long_pages(screen, code, style, note):
                found = measure.size(cut.text)
                if not found.fits:
                    yield _finding(measure, screen, code, style, note, found)
                    return
        for cut in measure.help_pages(screen, code, style):
            found = measure.size(cut.text)
            if not found.fits:
                yield _finding(measure, screen, code, style, screen.help, found)
                return


def _finding(measure: Measure, screen: AnyScreen, code: str, style: Style, note: str, found: Size) -> Finding:
    menus, tongue = measure.menus, measure.menus.tongues[code]
    above = f" under the note {note}" if note and note != screen.help else " of the help" if note else ""
    shown = found.text.replace("\n", " / ")
    how = "".join(f" {name}" for name, on in (("easy", style.easy), ("toman", style.toman)) if on)
    fix = f"{found.size} of {found.size_max}{how}{above}, shorten it: {shown}"
    key = _longest(menus, tongue, screen, note, easy=style.easy)
    if not key:
        return at(menus, screen, Rule.PAGE_TOO_LONG, fix)
    easy = style.easy and tongue.easy is not None and key in tongue.easy.texts
    return at_text(menus, tongue, key, screen.name, Rule.PAGE_TOO_LONG, fix, easy=easy)


def _longest(menus: Menus, tongue: Tongue, screen: AnyScreen, note: str, *, easy: bool) -> str:
    """The text of the screen that has the most to shorten."""
    texts = tongue.worded(easy=easy)
    keys = keys_of(screen) - ({screen.help} if screen.help != note else set()) | ({note} if note else set())
    if isinstance(screen, MenuScreen) and not screen.text:
        keys = {option.text for option in screen.options}
    del menus
    return max(
        sorted(key for key in keys if key in texts),
        key=lambda key: max(size(tongue, form) for form in spellings(texts[key])),
        default="",
    )
