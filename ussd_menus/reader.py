"""One TOML table to one screen, and the tables of actions, words, house and language to theirs.

A name without a dot belongs to the dialogue of the file: `pin` in `send.toml` is `send.pin`, for screens and texts.
Every screen has `type`, and may have `text` (its own name by default), `headless`, `back`, `back_label`. By type:

    menu      options = [{ text, to }, …]
    list      row (text), choose = { variable = "field of the row" }, to
    pages     row and empty (texts), when it shows rows
    input     kind, into (variable), to, length_min, length_max, error (text)
    secret    call, on.<outcome>, length_min, length_max, error
    confirm   key, to, label (text)
    action    call, on.<outcome>
    language  to
    end       nothing more

An `on.<outcome>` is the name of a screen, or `{ to, note }` with a text to show above it. `[dialogue] home` is where
the home key leads from every screen of the file.
"""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, TypedDict, TypeVar

from ussd_menus.screens import (
    Action,
    ActionScreen,
    AnswerKind,
    AnyScreen,
    Branch,
    ConfirmScreen,
    EndScreen,
    House,
    InputScreen,
    LanguageScreen,
    ListScreen,
    MenuScreen,
    Option,
    PagesScreen,
    SecretScreen,
    Tongue,
    Word,
    WordType,
)
from ussd_menus.tables import Source, Table

Kind = TypeVar("Kind", bound=StrEnum)


class _Common(TypedDict):
    name: str
    file: str
    line: int
    text: str
    back: str
    back_label: str
    home: str


class DialogueReader:
    """Reads the screens of one file."""

    def __init__(self, source: Source, dialogue: str) -> None:
        self.source = source
        self.dialogue = dialogue
        head = Table(source, ("dialogue",), source.data.get("dialogue", {}))
        self.home = self.full(head.text("home", ""))
        head.close()

    def screens(self) -> list[AnyScreen]:
        """Every screen of the file that is well formed."""
        found = [self.screen(name, data) for name, data in self.source.data.items() if name != "dialogue"]
        return [screen for screen in found if screen is not None]

    def full(self, name: str) -> str:
        """The global name."""
        return name if not name or "." in name else f"{self.dialogue}.{name}"

    def screen(self, name: str, data: object) -> AnyScreen | None:
        """One screen; None with a finding when its type is not known."""
        table = Table(self.source, (name,), data, self.full(name))
        kind = table.text("type")
        read = _SCREENS.get(kind)
        if read is None:
            if kind:
                table.refuse(f"is none of {', '.join(_SCREENS)}", "type")
            return None
        screen = read(self, table, self.common(table))
        table.close()
        return screen

    def common(self, table: Table) -> _Common:
        """What every screen may have."""
        headless = table.flag("headless")
        return {
            "name": table.screen,
            "file": self.source.file,
            "line": table.line,
            "text": "" if headless else self.full(table.text("text", table.screen)),
            "back": self.full(table.text("back", "")),
            "back_label": self.full(table.text("back_label", "nav.back")),
            "home": "" if table.screen == self.home else self.home,
        }

    def target(self, table: Table) -> str:
        """Where the screen leads."""
        return self.full(table.text("to"))

    def branches(self, table: Table) -> dict[str, Branch]:
        """`on`: outcome to a screen, or to `{ to, note }`."""
        return {
            outcome: self.branch(table, outcome, data) for outcome, data in table.table("on", required=True).items()
        }

    def branch(self, table: Table, outcome: str, data: object) -> Branch:
        """One branch."""
        if isinstance(data, str) and data:
            return Branch(self.full(data))
        inner = Table(self.source, (*table.path, "on", outcome), data, table.screen)
        branch = Branch(self.full(inner.text("to")), self.full(inner.text("note", "")))
        inner.close()
        return branch


def _menu(reader: DialogueReader, table: Table, common: _Common) -> AnyScreen:
    options = []
    for data in table.tables("options"):
        inner = Table(reader.source, (*table.path, "options"), data, table.screen)
        options.append(Option(reader.full(inner.text("text")), reader.full(inner.text("to"))))
        inner.close()
    return MenuScreen(**common, options=tuple(options))


def _list(reader: DialogueReader, table: Table, common: _Common) -> AnyScreen:
    choose = table.table("choose", required=True)
    if not all(isinstance(field, str) for field in choose.values()):
        table.refuse("names a field of the row for each variable", "choose")
    return ListScreen(**common, row=reader.full(table.text("row")), choose=choose, to=reader.target(table))


def _pages(reader: DialogueReader, table: Table, common: _Common) -> AnyScreen:
    row = reader.full(table.text("row", ""))
    return PagesScreen(**common, row=row, empty=reader.full(table.text("empty")) if row else "")


def _input(reader: DialogueReader, table: Table, common: _Common) -> AnyScreen:
    kind = _one_of(AnswerKind, table, "kind", AnswerKind.TEXT)
    return InputScreen(
        **common,
        kind=kind,
        into=table.text("into"),
        to=reader.target(table),
        length_min=table.whole("length_min", 2 if kind is AnswerKind.TEXT else 1),
        length_max=table.whole("length_max", 40),
        error=reader.full(table.text("error", f"error.{kind}")),
    )


def _secret(reader: DialogueReader, table: Table, common: _Common) -> AnyScreen:
    return SecretScreen(
        **common,
        call=table.text("call"),
        on=reader.branches(table),
        length_min=table.whole("length_min", 4),
        length_max=table.whole("length_max", 4),
        error=reader.full(table.text("error", "error.secret")),
    )


def _confirm(reader: DialogueReader, table: Table, common: _Common) -> AnyScreen:
    label = reader.full(table.text("label", "nav.confirm"))
    return ConfirmScreen(**common, key=table.text("key"), label=label, to=reader.target(table))


def _action(reader: DialogueReader, table: Table, common: _Common) -> AnyScreen:
    common = {**common, "text": "", "home": ""}
    return ActionScreen(**common, call=table.text("call"), on=reader.branches(table))


def _language(reader: DialogueReader, table: Table, common: _Common) -> AnyScreen:
    return LanguageScreen(**common, to=reader.target(table))


def _end(_reader: DialogueReader, _table: Table, common: _Common) -> AnyScreen:
    common = {**common, "home": ""}
    return EndScreen(**common)


_SCREENS: Mapping[str, Callable[[DialogueReader, Table, _Common], AnyScreen]] = {
    "menu": _menu,
    "list": _list,
    "pages": _pages,
    "input": _input,
    "secret": _secret,
    "confirm": _confirm,
    "action": _action,
    "language": _language,
    "end": _end,
}


def _one_of(kinds: type[Kind], table: Table, key: str, default: Kind) -> Kind:
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
    kind = _one_of(WordType, table, "type", WordType.TEXT)
    counted = kind in {WordType.TEXT, WordType.NUMBER, WordType.AMOUNT}
    listed = kind is WordType.WORD
    word = Word(
        name=name,
        type=kind,
        max=table.whole("max", 0) if counted else 0,
        cut=table.flag("cut") if kind is WordType.TEXT else False,
        sensitive=table.flag("sensitive"),
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


def read_action(source: Source, name: str, data: object) -> Action:
    """One action."""
    table = Table(source, ("actions", name), data, name)
    outcomes: dict[str, Any] = table.table("on", required=True)
    bad = [outcome for outcome, values in outcomes.items() if not isinstance(values, list)]
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
        key_back=table.text("key_back"),
        key_home=table.text("key_home"),
        key_next=table.text("key_next"),
        invalid_max=table.whole("invalid_max", 3),
    )
    languages = table.names("languages")
    table.close()
    return house, languages


def read_tongue(source: Source, code: str) -> Tongue:
    """A language and its texts."""
    table = Table(source, ("language",), source.data.get("language"))
    tongue = {key: table.text(key) for key in ("name", "alphabet", "digits", "calendar", "group")}
    for key, legal in _TONGUE.items():
        if tongue[key] not in legal:
            table.refuse(f"is none of {', '.join(legal)}", key)
    table.close()
    texts: dict[str, str] = {}
    lines: dict[str, int] = {}
    for section, content in source.data.items():
        if section == "language":
            continue
        inner = Table(source, (section,), content, section)
        for key in list(content) if isinstance(content, dict) else []:
            texts[f"{section}.{key}"] = inner.text(key)
            lines[f"{section}.{key}"] = source.line_of(section, key)
    return Tongue(code=code, file=source.file, texts=texts, lines=lines, **tongue)


_TONGUE = {"alphabet": ("gsm", "ucs2"), "digits": ("latin", "persian"), "calendar": ("gregorian", "jalali")}
