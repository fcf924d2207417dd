"""One TOML table to one screen.

A name without a dot belongs to the dialogue of the file: `pin` in `send.toml` is `send.pin`, for screens and texts.
Every screen has `type`, and may have `text` (its own name by default), `headless`, `back`, `back_label`. By type:

    menu      options = [{ text, to }, …]
    list      row and empty (texts), choose = { variable = "field of the row" }, to
    pages     row and empty (texts), when it shows rows
    input     kind, into (variable), to, length_min, length_max, error (text)
    secret    call, on.<outcome>, length_min, length_max, error
    confirm   key, to, label (text)
    action    call, on.<outcome>
    language  to
    end       sms (text)
    info      to, label (text)
    router    by (variable), cases = { word = screen }, steps = [{ below, to }, …], otherwise
    subflow   flow (screen), on.<result>
    return    result

and `help` (text) and `sensitive = true`. An input of kind number has `least` and `most`; an option of a menu may have
`style = { digits | money | easy = … }`. An `on.<outcome>` is the name of a screen, or `{ to, note }` with a text to
show above it. `[dialogue]` may say `home` (where the home key leads from every screen of the file), `help` and `keys`
of its screens, and `include = ["common"]`: the screens of `menus/fragments/common.toml` become screens of this
dialogue, with their texts under `common`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypedDict

from ussd_menus.house_reader import one_of, read_keys, read_style, typeable
from ussd_menus.screens import (
    ActionScreen,
    AnswerKind,
    AnyScreen,
    Branch,
    ConfirmScreen,
    EndScreen,
    House,
    InfoScreen,
    InputScreen,
    Keys,
    LanguageScreen,
    ListScreen,
    MenuScreen,
    Option,
    PagesScreen,
    ReturnScreen,
    RouterScreen,
    SecretScreen,
    SubflowScreen,
)
from ussd_menus.tables import Source, Table


class _Common(TypedDict):
    name: str
    file: str
    line: int
    text: str
    back: str
    back_label: str
    home: str
    help: str
    sensitive: bool
    keys: Keys


@dataclass(frozen=True, slots=True)
class Head:
    """What a dialogue says of all its screens."""

    dialogue: str
    home: str
    help: str
    keys: Keys
    include: tuple[str, ...]


def read_head(source: Source, dialogue: str, house: House) -> Head:
    """The table `[dialogue]`."""
    table = Table(source, ("dialogue",), source.data.get("dialogue", {}))
    head = Head(
        dialogue=dialogue,
        home=full_name(table.text("home", ""), dialogue),
        help=full_name(table.text("help", house.help), dialogue),
        keys=read_keys(table, house.keys),
        include=table.names("include"),
    )
    table.close()
    return head


def full_name(name: str, dialogue: str) -> str:
    """The global name of a screen or text."""
    return name if not name or "." in name else f"{dialogue}.{name}"


class DialogueReader:
    """Reads the screens of one file: a dialogue, or a fragment whose screens become a dialogue's."""

    def __init__(self, source: Source, head: Head, fragment: str = "") -> None:
        self.source = source
        self.head = head
        self.shelf = fragment or head.dialogue
        self.home = head.home

    def screens(self) -> list[AnyScreen]:
        """Every screen of the file that is well formed."""
        found = [self.screen(name, data) for name, data in self.source.data.items() if name != "dialogue"]
        return [screen for screen in found if screen is not None]

    def full(self, name: str) -> str:
        """The global name of a screen."""
        return full_name(name, self.head.dialogue)

    def key(self, name: str) -> str:
        """The global key of a text."""
        return full_name(name, self.shelf)

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
            "text": "" if headless else self.key(table.text("text", table.path[-1])),
            "back": self.full(table.text("back", "")),
            "back_label": self.key(table.text("back_label", "nav.back")),
            "home": "" if table.screen == self.home else self.home,
            "help": self.key(table.text("help", self.head.help)) if self.head.help or table.has("help") else "",
            "sensitive": table.flag("sensitive"),
            "keys": self.head.keys,
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
        branch = Branch(self.full(inner.text("to")), self.key(inner.text("note", "")))
        inner.close()
        return branch


def _menu(reader: DialogueReader, table: Table, common: _Common) -> AnyScreen:
    options = []
    for at, data in enumerate(table.tables("options")):
        inner = Table(reader.source, (*table.path, "options", str(at)), data, table.screen)
        style = read_style(inner)
        options.append(Option(reader.key(inner.text("text")), reader.full(inner.text("to")), style))
        inner.close()
    return MenuScreen(**common, options=tuple(options))


def _list(reader: DialogueReader, table: Table, common: _Common) -> AnyScreen:
    choose = table.table("choose", required=True)
    if not all(isinstance(field, str) for field in choose.values()):
        table.refuse("names a field of the row for each variable", "choose")
    row, empty = reader.key(table.text("row")), reader.key(table.text("empty", ""))
    return ListScreen(**common, row=row, empty=empty, choose=choose, to=reader.target(table))


def _pages(reader: DialogueReader, table: Table, common: _Common) -> AnyScreen:
    row = reader.key(table.text("row", ""))
    return PagesScreen(**common, row=row, empty=reader.key(table.text("empty")) if row else "")


def _input(reader: DialogueReader, table: Table, common: _Common) -> AnyScreen:
    kind = one_of(AnswerKind, table, "kind", AnswerKind.TEXT)
    for key, kinds in _LIMITS.items():
        if table.has(key) and kind not in kinds:
            table.refuse(f"limits an answer of kind {' or '.join(kinds)} only", key)
    return InputScreen(
        **common,
        kind=kind,
        into=table.text("into"),
        to=reader.target(table),
        length_min=table.whole("length_min", 2 if kind is AnswerKind.TEXT else 1),
        length_max=table.whole("length_max", 40),
        error=reader.key(table.text("error", f"error.{kind}")),
        least=table.whole("least", 0),
        most=table.whole("most", 0),
    )


_LENGTHS = (AnswerKind.TEXT, AnswerKind.DIGITS)
_LIMITS = {
    "length_min": _LENGTHS,
    "length_max": _LENGTHS,
    "least": (AnswerKind.NUMBER,),
    "most": (AnswerKind.NUMBER,),
}
"""What bounds the answers of which kinds: a limit that is not kept would be trusted."""


def _secret(reader: DialogueReader, table: Table, common: _Common) -> AnyScreen:
    return SecretScreen(
        **common,
        call=table.text("call"),
        on=reader.branches(table),
        length_min=table.whole("length_min", 4),
        length_max=table.whole("length_max", 4),
        error=reader.key(table.text("error", "error.secret")),
    )


def _confirm(reader: DialogueReader, table: Table, common: _Common) -> AnyScreen:
    label = reader.key(table.text("label", "nav.confirm"))
    key = table.text("key")
    typeable(table, "key", key)
    return ConfirmScreen(**common, key=key, label=label, to=reader.target(table))


def _silent(common: _Common) -> _Common:
    """What is left of a screen that shows nothing."""
    return {**common, "text": "", "home": "", "help": ""}


def _action(reader: DialogueReader, table: Table, common: _Common) -> AnyScreen:
    return ActionScreen(**_silent(common), call=table.text("call"), on=reader.branches(table))


def _language(reader: DialogueReader, table: Table, common: _Common) -> AnyScreen:
    return LanguageScreen(**common, to=reader.target(table))


def _info(reader: DialogueReader, table: Table, common: _Common) -> AnyScreen:
    label = reader.key(table.text("label", "nav.go_on"))
    return InfoScreen(**common, to=reader.target(table), label=label)


def _router(reader: DialogueReader, table: Table, common: _Common) -> AnyScreen:
    cases = table.table("cases")
    if not all(isinstance(to, str) and to for to in cases.values()):
        table.refuse("names a screen for each word", "cases")
        cases = {}
    steps = []
    for at, data in enumerate(table.tables("steps") if table.has("steps") else []):
        inner = Table(reader.source, (*table.path, "steps", str(at)), data, table.screen)
        steps.append((inner.whole("below", 0), reader.target(inner)))
        inner.close()
    if sorted({below for below, _ in steps}) != [below for below, _ in steps]:
        table.refuse("stand in ascending order of `below`", "steps")
    return RouterScreen(
        **_silent(common),
        by=table.text("by"),
        cases={word: reader.full(to) for word, to in cases.items()},
        steps=tuple(steps),
        otherwise=reader.full(table.text("otherwise", "")),
    )


def _subflow(reader: DialogueReader, table: Table, common: _Common) -> AnyScreen:
    return SubflowScreen(**_silent(common), flow=reader.full(table.text("flow")), on=reader.branches(table))


def _return(_reader: DialogueReader, table: Table, common: _Common) -> AnyScreen:
    return ReturnScreen(**_silent(common), result=table.text("result"))


def _end(reader: DialogueReader, table: Table, common: _Common) -> AnyScreen:
    common = {**common, "home": "", "help": ""}
    return EndScreen(**common, sms=reader.key(table.text("sms", "")))


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
    "info": _info,
    "router": _router,
    "subflow": _subflow,
    "return": _return,
}
