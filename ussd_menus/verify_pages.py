"""The proof that every page fits: each screen, in each language, with the longest values, under each note."""

from collections.abc import Iterator

from ussd_menus.flow import Graph
from ussd_menus.model import Finding, Profile, Row, Value
from ussd_menus.paging import cut_at, fits, ruler_of
from ussd_menus.render import SILENT, sheet_of
from ussd_menus.screens import AnyScreen, EndScreen, InputScreen, Menus, SecretScreen, Tongue
from ussd_menus.texts import FORMS, PLACEHOLDER, Speech, spellings, worst
from ussd_menus.verify_texts import ERROR_CHOICE, engine_keys, keys_of


def pages(graph: Graph, profile: Profile) -> Iterator[Finding]:
    """Every page of every reachable screen."""
    reachable = graph.reachable()
    for tongue in graph.menus.tongues.values():
        if not _sound(graph.menus, tongue, engine_keys(graph.menus)):
            continue
        speech = Speech(tongue, graph.menus.words)
        for name in reachable:
            screen = graph.menus.screens[name]
            notes = _notes(graph, screen)
            if not isinstance(screen, SILENT) and _sound(graph.menus, tongue, keys_of(screen) | notes):
                yield from _screen(graph.menus, speech, screen, notes, profile)


def _sound(menus: Menus, tongue: Tongue, keys: set[str]) -> bool:
    """Whether the texts can be filled; what is wrong with them is another rule's finding."""
    texts = [tongue.texts.get(key) for key in keys if key]
    named = [
        found for text in texts if text is not None for form in spellings(text) for found in PLACEHOLDER.findall(form)
    ]
    return None not in texts and all(
        name in menus.words and form in FORMS and menus.words[name].type in FORMS[form] for name, form in named
    )


def _notes(graph: Graph, screen: AnyScreen) -> set[str]:
    """Everything that may stand above the screen, nothing included."""
    own = screen.error if isinstance(screen, InputScreen | SecretScreen) else ERROR_CHOICE
    return {"", *(edge.note for edge in graph.incoming(screen.name)), "" if isinstance(screen, EndScreen) else own}


def longest_pages(menus: Menus, speech: Speech, screen: AnyScreen, note: str, profile: Profile) -> Iterator[str]:
    """The pages of a screen with the longest values, with all rows that there can be, then with none."""
    values: dict[str, Value | tuple[Row, ...]] = {
        name: worst(speech, word) for name, word in menus.words.items() if word.type != "word" or word.words
    }
    above = speech.fill(note, values) if note else ""
    rows_max = max((action.rows_max for action in menus.actions.values()), default=0)
    for rows in (rows_max, 0):
        values["rows"] = tuple({} for _ in range(rows))
        sheet = sheet_of(menus, speech, screen, values, profile)
        start, last = 0, False
        while not last:
            cut = cut_at(sheet, start, above, profile)
            yield cut.text
            start, last = cut.stop, cut.page_last


def _screen(menus: Menus, speech: Speech, screen: AnyScreen, notes: set[str], profile: Profile) -> Iterator[Finding]:
    code = speech.tongue.code
    for note in sorted(notes):
        for page in longest_pages(menus, speech, screen, note, profile):
            if fits(page, profile):
                continue
            ruler = ruler_of(page, profile)
            above = f" under the note {note}" if note else ""
            shown = page.replace("\n", " / ")
            fix = f"{ruler.size(page)} of {ruler.size_max}{above}, shorten it: {shown}"
            yield Finding(screen.file, screen.line, screen.name, code, "page-too-long", fix)
            return
