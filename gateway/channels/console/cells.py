"""Tables as values: columns, rows and where the next page is; one table is a page, a CSV and an XLSX alike."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Generic, TypeVar

from gateway.channels.console.words import Words
from wallet.money import Money

R = TypeVar("R")
_LONG_ID = re.compile(r"\b([a-z]{3})_[0-9A-HJKMNP-TV-Z]{20}([0-9A-HJKMNP-TV-Z]{6})\b")


@dataclass(frozen=True, slots=True)
class Link:
    """A text or a figure that leads to a page; `href` is below `/console`. `code` shows it as an identifier."""

    text: str | int | Money | date
    href: str
    code: bool = False


@dataclass(frozen=True, slots=True)
class Chip:
    """A state: the key of its text and a tone, `good`, `bad`, `wait` or `plain`."""

    key: str
    tone: str = "plain"


@dataclass(frozen=True, slots=True)
class Code:
    """An identifier, shown left to right in a fixed width; one that is long without parts `wraps` anywhere."""

    text: str
    wraps: bool = False


@dataclass(frozen=True, slots=True)
class Share:
    """Hundredths of a percent."""

    parts: int


Cell = str | int | Money | datetime | date | Link | Chip | Code | Share | None


@dataclass(frozen=True, slots=True)
class Column(Generic[R]):
    """A column: the key of its heading and what a row shows in it. `end` aligns numbers at the line's end."""

    title: str
    value: Callable[[R], Cell]
    end: bool = False


@dataclass(frozen=True, slots=True)
class Table(Generic[R]):
    """A page of rows.

    Attributes:
        name: Names the exported file and the table's caption `table.<name>`.
        columns: From the line's start to its end.
        rows: This page's.
        empty: Key of the text that says what to do when there is none.
        more: Address of the next page, or None.
        exports: Address of the export without its ending, or None.
        asked: Query of that address, or ''.
        totals: Cells of the last rows, or none.
    """

    name: str
    columns: Sequence[Column[R]]
    rows: Sequence[R]
    empty: str
    more: str | None = None
    exports: str | None = None
    asked: str = ""
    totals: Sequence[Sequence[Cell]] = field(default=())

    def cells(self) -> list[list[Cell]]:
        """What the page shows, row by row."""
        return [[column.value(row) for column in self.columns] for row in self.rows]


def brief(text: str) -> str:
    """The text with long business ids cut to their kind and last six digits; the whole one is in the title."""
    return _LONG_ID.sub(r"\1_…\2", text)


def shown(cell: Cell, words: Words) -> str:
    """A cell as text for people."""
    match cell:
        case None:
            return ""
        case Money():
            return words.money(cell)
        case date():
            return words.moment(cell) if isinstance(cell, datetime) else words.day(cell)
        case Chip():
            return words.t(cell.key)
        case Link():
            return shown(cell.text, words)
        case Code():
            return cell.text
        case Share():
            return words.share(cell.parts / 10_000)
        case int():
            return words.number(cell)
        case str():
            return cell


def plain(cell: Cell, words: Words) -> str | int:
    """A cell as data for a file: Latin digits, ISO 8601 in UTC, shares in percent, amounts in the asset's unit."""
    match cell:
        case None:
            return ""
        case Money():
            return str(cell).partition(" ")[0] if cell.asset.exponent else cell.minor
        case datetime():
            return cell.isoformat()
        case date():
            return cell.isoformat()
        case Chip():
            return words.t(cell.key)
        case Link():
            return plain(cell.text, words)
        case Code():
            return cell.text
        case Share():
            whole, part = divmod(abs(cell.parts), 100)
            return f"{'-' if cell.parts < 0 else ''}{whole}.{part:02}"
        case int() | str():
            return cell
