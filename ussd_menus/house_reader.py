"""The tables of the house, the vocabulary, the shortcuts and the languages."""

import re
from enum import StrEnum
from typing import Any, TypeVar
from unicodedata import category

from ussd_menus.screens import (
    Action,
    House,
    Keys,
    Overlay,
    Plural,
    Shortcut,
    Text,
    Tongue,
    Word,
    WordType,
)
from ussd_menus.tables import Source, Table

Kind = TypeVar("Kind", bound=StrEnum)
TYPEABLE = re.compile(r"[0-9*#]{0,7}[0-9*]")
"""Keys that every phone has; a `#` at the end of an answer is what sends it, and never read."""
_CODE = re.compile(r"[0-9]+(\*[0-9]+)*")


def one_of(kinds: type[Kind], table: Table, key: str, default: Kind) -> Kind:
    """A member of a closed list by its name; `default` and a finding for another."""
    value = table.text(key)
    try:
        return kinds(value)
    except ValueError:
        if value:
            table.refuse(f"is none of {', '.join(kinds)}", key)
        return default


def read_word(source: Source, name: str, data: object) -> Word:
    """One word of the vocabulary."""
    table = Table(source, ("words", name), data, name)
    kind = one_of(WordType, table, "type", WordType.TEXT)
    counted = kind in {WordType.TEXT, WordType.NUMBER, WordType.AMOUNT}
    listed = kind is WordType.WORD
    word = Word(
        name=name,
        type=kind,
        max=table.whole("max", 0) if counted else 0,
        cut=table.flag("cut") if kind is WordType.TEXT else False,
        sensitive=table.flag("sensitive"),
        verbatim=table.flag("verbatim") if kind is WordType.TEXT else False,
        words=table.names("words") if listed else (),
        texts=table.text("texts") if listed else "",
        code=table.text("code") if kind is WordType.AMOUNT else "",
        exponent=table.whole("exponent", 0) if kind is WordType.AMOUNT else 0,
    )
    if counted and word.max == 0:
        table.refuse("says how long it can be, at least 1", "max")
    if listed and not word.words:
        table.refuse("names at least one", "words")
    table.close()
    return word


def _are_names(values: object) -> bool:
    return isinstance(values, list) and all(isinstance(name, str) for name in values)


def read_action(source: Source, name: str, data: object) -> Action:
    """One action."""
    table = Table(source, ("actions", name), data, name)
    outcomes: dict[str, Any] = table.table("on", required=True)
    bad = [outcome for outcome, values in outcomes.items() if not _are_names(values)]
    if bad or not outcomes:
        table.refuse("gives each outcome a list of values", "on")
    action = Action(
        name=name,
        line=table.line,
        args=table.names("args"),
        secrets=table.names("secrets"),
        outcomes={outcome: tuple(values) for outcome, values in outcomes.items() if outcome not in bad},
        row=table.names("row"),
        rows_max=table.whole("rows_max", 0),
    )
    if bool(action.row) != bool(action.rows_max):
        table.refuse("stands with `rows_max`, at least 1", "row")
    table.close()
    return action


def read_house(source: Source) -> tuple[House, tuple[str, ...]]:
    """The house, and its languages in order."""
    table = Table(source, ("house",), source.data.pop("house", None))
    house = House(
        entry=table.text("entry"),
        unavailable=table.text("unavailable"),
        slow=table.text("slow"),
        too_many=table.text("too_many"),
        keys=read_keys(table, Keys()),
        invalid_max=table.whole("invalid_max", 3),
        help=table.text("help", ""),
        call_back=table.text("call_back", ""),
        easy_options_max=max(1, table.whole("easy_options_max", 4)),
        depth_max=max(1, table.whole("depth_max", 8)),
        codes=_codes(source),
    )
    languages = table.names("languages")
    table.close()
    return house, languages


def _codes(source: Source) -> dict[str, str]:
    table = Table(source, ("codes",), source.data.pop("codes", {}))
    for code in list(table.keys()):
        if not _CODE.fullmatch(code.strip("*#")):
            table.refuse("is no service code: digits, with stars between", code)
    return {code.strip("*#"): table.text(code) for code in list(table.keys())}


def read_keys(table: Table, house: Keys) -> Keys:
    """The keys of navigation, those that are not named as the house has them."""
    inner = Table(table.source, (*table.path, "keys"), table.table("keys"))
    keys = Keys(**{name: inner.text(name, getattr(house, name)) for name in _KEYS})
    inner.close()
    for name in _KEYS:
        if getattr(keys, name) != getattr(house, name):
            typeable(inner, name, getattr(keys, name))
    return keys


def typeable(table: Table, name: str, key: str) -> None:
    """A finding for a key that nobody can type, or that would never be read as it stands."""
    if key and not TYPEABLE.fullmatch(key):
        table.refuse("is at most 8 of the keys 0 to 9, * and #, the last one no #", name)


_KEYS = ("help", "back", "home", "next", "call_back")
STYLES = {"digits": ("own", "latin"), "money": ("rial", "toman"), "easy": ("yes", "no")}
"""What a style can be, and the words of it that texts and calls know."""


def read_style(table: Table) -> dict[str, str]:
    """What an option sets in the style of the session."""
    style = table.table("style")
    for name, value in style.items():
        if name not in STYLES or value not in STYLES[name]:
            legal = "; ".join(f"{known}: {', '.join(values)}" for known, values in STYLES.items())
            table.refuse(f"knows {legal}", "style")
            return {}
    return style


def read_shortcuts(source: Source) -> dict[str, Shortcut]:
    """The strings that people dial by heart."""
    table = Table(source, (), source.data)
    starts_at = table.text("starts_at")
    return {name: _shortcut(source, name, table.peek(name), starts_at) for name in list(table.keys())}


def _shortcut(source: Source, name: str, data: object, starts_at: str) -> Shortcut:
    table = Table(source, (name,), data, name)
    shortcut = Shortcut(
        name=name,
        file=source.file,
        line=table.line,
        dial=tuple(table.text("dial").split("*")),
        inputs=table.names("inputs"),
        starts_at=table.text("starts_at", starts_at),
        ends_at=table.text("ends_at"),
        anyone=table.flag("anyone"),
    )
    if not re.fullmatch(r"[a-z_]+-[1-9][0-9]*", name):
        table.refuse("is a name and a version: `balance-1`")
    if not all(re.fullmatch(r"[0-9]+|\{[a-z][a-z0-9_]*\}", part) for part in shortcut.dial):
        table.refuse("holds digits or `{name}` between stars", "dial")
    named = [part for part in shortcut.dial if part.startswith("{")]
    if len(set(named)) < len(named) or not {i for i in shortcut.inputs if i.startswith("{")} <= set(named):
        table.refuse("uses the names that `dial` has, each once there", "inputs")
    table.close()
    return shortcut


def read_texts(source: Source) -> tuple[dict[str, Text], dict[str, int]]:
    """The texts of a file with their lines."""
    texts: dict[str, Text] = {}
    lines: dict[str, int] = {}
    for section, content in source.data.items():
        inner = Table(source, (section,), content, section)
        for key in list(content) if isinstance(content, dict) else []:
            lines[f"{section}.{key}"] = source.line_of(section, key)
            plural = isinstance(inner.peek(key), dict)
            texts[f"{section}.{key}"] = _plural(inner, key) if plural else _written(inner, key)
    return texts, lines


def _written(table: Table, key: str) -> str:
    """A text that says something, in letters that every wire can carry."""
    text = table.text(key)
    if text and (not text.strip() or any(letter != "\n" and category(letter) == "Cc" for letter in text)):
        table.refuse("says nothing, or holds a control letter other than a line feed", key)
    return text


def _plural(table: Table, key: str) -> Plural:
    inner = Table(table.source, (*table.path, key), table.table(key), table.screen)
    by = inner.text("by")
    forms = {form: _written(inner, form) for form in CATEGORIES if inner.has(form)}
    forms.setdefault("other", "") or inner.text("other")
    inner.close()
    return Plural(by, forms)


CATEGORIES = ("zero", "one", "two", "few", "many", "other")
"""The plural categories of CLDR."""


def read_tongue(source: Source, code: str, easy: Source | None) -> Tongue:
    """A language and its texts."""
    table = Table(source, ("language",), source.data.pop("language", None))
    tongue = {key: table.text(key) for key in ("name", "alphabet", "digits", "calendar", "group")}
    for key, legal in _TONGUE.items():
        if tongue[key] not in legal:
            table.refuse(f"is none of {', '.join(legal)}", key)
            tongue[key] = legal[0]
    table.close()
    texts, lines = read_texts(source)
    overlay = Overlay(easy.file, *read_texts(easy)) if easy else None
    return Tongue(code=code, file=source.file, texts=texts, lines=lines, easy=overlay, **tongue)


_TONGUE = {
    "alphabet": ("gsm", "ucs2"),
    "digits": ("latin", "persian", "arabic"),
    "calendar": ("gregorian", "jalali"),
}
