"""Reading TOML tables strictly: each key is asked for by name and type, what is left over is a finding."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from ussd_menus.model import Finding
from ussd_menus.places import DEPTH_MAX, Places, line_in, places

FORM = "form"
"""The rule of every finding of the loader."""


_KEY = r"""(?:[\w-]+|"[^"\n]*"|'[^'\n]*')[ \t]*"""
_NESTED = re.compile(rf"(?<![\w.-])(?:{_KEY}\.[ \t]*){{{DEPTH_MAX}}}")
"""A dotted key of too many names, for which tomllib would take time in their square."""
FILE_BYTES_MAX = 1 << 20
"""The largest file that is read; the menus of a whole institution take a tenth of it."""


@dataclass
class Source:
    """One file: its content, its text for line numbers, and the findings of all files."""

    file: str
    text: str
    findings: list[Finding]
    data: dict[str, Any] = field(default_factory=dict)

    def line_of(self, *path: str) -> int:
        """The line of a table header or of a key in it, or of the nearest that stands there."""
        return line_in(self.places, path)

    @cached_property
    def places(self) -> Places:
        """Line of every header, key and array element."""
        return places(self.text)

    def refuse(self, line: int, screen: str, fix: str) -> None:
        """Remember a finding."""
        self.findings.append(Finding(self.file, line, screen, "", FORM, fix))


def text_of(content: bytes, errors: str = "replace") -> str:
    """The text of a file, its lines ended by line feeds."""
    return content.decode("utf-8", errors).replace("\r\n", "\n")


def read(files: Mapping[str, bytes], file: str, findings: list[Finding]) -> Source:
    """A file taken apart, empty with a finding when it is missing or no TOML."""
    source = Source(file, "", findings)
    try:
        if len(files[file]) > FILE_BYTES_MAX:
            source.refuse(1, "", f"cannot be read: more than {FILE_BYTES_MAX} bytes")
            return source
        text = text_of(files[file], errors="strict")
        if _NESTED.search(text):
            source.refuse(1, "", f"cannot be read: a key of more than {DEPTH_MAX} names")
            return source
        source.data = tomllib.loads(text)
        source.text = text
    except KeyError:
        source.refuse(1, "", "cannot be read: there is no such file")
    except RecursionError:
        source.refuse(1, "", "cannot be read: nested too deeply")
    except (UnicodeDecodeError, ValueError, tomllib.TOMLDecodeError) as problem:
        place = re.search(r"at line (\d+)", str(problem))
        source.refuse(int(place[1]) if place else 1, "", f"cannot be read: {problem}")
    return source


class Table:
    """A table of a file whose keys are taken one by one; `close` reports those that nobody asked for."""

    def __init__(self, source: Source, path: tuple[str, ...], data: object, screen: str = "") -> None:
        self.source = source
        self.path = path
        self.screen = screen
        self.line = source.line_of(*path)
        self._rest = dict(data) if isinstance(data, dict) else {}
        if not isinstance(data, dict):
            self.refuse("must be a table")

    def refuse(self, fix: str, key: str = "") -> None:
        """Remember a finding at this table, or at one of its keys."""
        line = self.source.line_of(*self.path, key) if key else self.line
        self.source.refuse(line, self.screen, f"`{key}` {fix}" if key else fix)

    def keys(self) -> list[str]:
        """What nobody asked for yet."""
        return list(self._rest)

    def peek(self, key: str) -> object:
        """The value as it is, left where it stands."""
        return self._rest.get(key)

    def has(self, key: str) -> bool:
        """Whether the key is there and not yet taken."""
        return key in self._rest

    def text(self, key: str, default: str | None = None) -> str:
        """A string, not empty; `default` None makes it required."""
        value = self._rest.pop(key, default)
        if not isinstance(value, str) or (not value and default != ""):
            self.refuse("must be a text", key)
            return ""
        return value

    def whole(self, key: str, default: int) -> int:
        """An integer, not negative."""
        value = self._rest.pop(key, default)
        if type(value) is not int or value < 0:
            self.refuse("must be a whole number, zero or more", key)
            return default
        return value

    def flag(self, key: str) -> bool:
        """True or false; false when missing."""
        value = self._rest.pop(key, False)
        if not isinstance(value, bool):
            self.refuse("must be true or false", key)
        return value is True

    def names(self, key: str) -> tuple[str, ...]:
        """A list of strings; empty when missing."""
        value = self._rest.pop(key, [])
        if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
            self.refuse("must be a list of texts", key)
            return ()
        return tuple(value)

    def table(self, key: str, *, required: bool = False) -> dict[str, Any]:
        """A table as it is; empty when missing and not required."""
        value = self._rest.pop(key, None if required else {})
        if not isinstance(value, dict):
            self.refuse("must be a table", key)
            return {}
        return value

    def tables(self, key: str) -> list[dict[str, Any]]:
        """A list of tables, at least one."""
        value = self._rest.pop(key, [])
        if not isinstance(value, list) or not value or not all(isinstance(item, dict) for item in value):
            self.refuse("must be a list of tables", key)
            return []
        return value

    def close(self) -> None:
        """Report what is left."""
        for key in self._rest:
            self.refuse("is not known here", key)
