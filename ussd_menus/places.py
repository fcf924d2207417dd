"""On which line of a TOML file each key stands; tomllib keeps no lines, and a finding must name the line to mend.

Reads text that tomllib has accepted, so nothing is refused here; whatever is odd is passed over. Linear in the text.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

Path = tuple[str, ...]
"""Names of the tables and the key, the index of an array's element in decimal: ("menu", "options", "0", "to")."""

Places = Mapping[Path, int]

DEPTH_MAX = 32
"""Names of a path that are told apart; what lies deeper has the line of what is around it."""

_TOKEN = re.compile(
    r"(?P<space>[ \t\r]+|#[^\n]*)"
    r"|(?P<newline>\n)"
    r'|(?P<string>"""(?:\\.|[^\\])*?"{3,5}|\'\'\'.*?\'{3,5}|"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\')'
    r"|(?P<mark>[\[\]{}=,.])"
    r"|(?P<bare>[^\s\[\]{}=,.#\"']+|.)",
    re.DOTALL,
)


@lru_cache(maxsize=128)
def places(text: str) -> Places:
    """The line of each header, key and array element, from 1; the first one counts where several say the same."""
    scan = _Scan()
    for kind, lexeme, line in _tokens(text):
        scan.take(kind, lexeme, line)
    return scan.found


def line_in(known: Places, path: Path) -> int:
    """The line of the path, or of the nearest table around it; 1 when there is none."""
    for depth in range(len(path), 0, -1):
        if path[:depth] in known:
            return known[path[:depth]]
    return 1


def _tokens(text: str) -> Iterator[tuple[str, str, int]]:
    line = 1
    for match in _TOKEN.finditer(text):
        kind, lexeme = str(match.lastgroup), match[0]
        if kind != "space":
            yield kind, lexeme, line
        line += lexeme.count("\n")


@dataclass
class _Open:
    """An array or an inline table that is being read."""

    path: Path
    index: int
    """Of the element that is due; -1 for an inline table."""


@dataclass
class _Scan:
    """Takes tokens one by one; knows whether a key or a value is due."""

    found: dict[Path, int] = field(default_factory=dict)
    header: Path = ()
    counts: dict[Path, int] = field(default_factory=dict)
    """Elements of each array of tables so far."""
    opened: list[_Open] = field(default_factory=list)
    key: list[str] = field(default_factory=list)
    path: Path = ()
    """Of the value that is due."""
    brackets: int = 0
    """Of the header that is being read."""
    value_due: bool = False

    def take(self, kind: str, lexeme: str, line: int) -> None:
        """The next token."""
        if self.value_due:
            self.value(kind, lexeme, line)
        elif kind == "newline":
            self.key = [] if not self.opened else self.key
        elif kind == "mark" and lexeme != ".":
            self.mark(lexeme, line)
        elif kind != "mark":
            self.key.append(lexeme[1:-1] if kind == "string" else lexeme)

    def mark(self, lexeme: str, line: int) -> None:
        """A bracket, brace, comma or equals sign where a key is due."""
        if lexeme == "=":
            base = self.opened[-1].path if self.opened else self.header
            self.path = self.note(base, self.key, line)
            self.key, self.value_due = [], True
        elif lexeme == "[" and not self.opened:
            self.brackets += 1
        elif lexeme == "]" and self.brackets:
            self.close_header(line)
        elif lexeme == "}":
            self.close()

    def close_header(self, line: int) -> None:
        """The table that the keys from here on belong to."""
        if self.key:
            self.header = self.note((), self.key, line)
            if self.brackets == 2:
                at = self.counts[self.header] = self.counts.get(self.header, -1) + 1
                self.header = self.note(self.header, [str(at)], line)
        self.key, self.brackets = [], 0

    def note(self, base: Path, names: list[str], line: int) -> Path:
        """Remember the line of a path and of what is around it."""
        for name in names[: DEPTH_MAX - len(base)]:
            last = (*base, str(self.counts[base])) if base in self.counts and not name.isdecimal() else base
            base = (*last, name)
            self.found.setdefault(base, line)
        return base

    def value(self, kind: str, lexeme: str, line: int) -> None:
        """A value, or what parts the elements of an array."""
        around = self.opened[-1] if self.opened else None
        if kind == "newline":
            self.value_due = around is not None and around.index >= 0
        elif lexeme == "]" and kind == "mark":
            self.close()
        elif lexeme in {"[", "{"} and kind == "mark":
            self.opened.append(_Open(self.due(line), 0 if lexeme == "[" else -1))
            self.value_due = lexeme == "["
        elif lexeme == "," and kind == "mark" and around is not None:
            around.index += around.index >= 0
            self.value_due = around.index >= 0
        elif lexeme == "}" and kind == "mark":
            self.close()
        else:
            self.due(line)

    def due(self, line: int) -> Path:
        """The path of the value that stands here."""
        around = self.opened[-1] if self.opened else None
        if around is None or around.index < 0:
            return self.path
        path = (*around.path, str(around.index)) if len(around.path) < DEPTH_MAX else around.path
        self.found.setdefault(path, line)
        return path

    def close(self) -> None:
        """An array or an inline table ends."""
        if self.opened:
            self.opened.pop()
        self.value_due = bool(self.opened)
