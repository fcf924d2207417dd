"""The table of what happened to one thing, as every page of a thing shows it."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Protocol, TypeVar

from gateway.channels.console.cells import Chip, Column, Table


class Happened(Protocol):
    """A row of a history; `staff_id` is '' where nobody of the staff did it."""

    @property
    def at(self) -> datetime:
        """When."""
        ...

    @property
    def what(self) -> str:
        """A member's value."""
        ...

    @property
    def staff_id(self) -> str:
        """Who."""
        ...

    @property
    def note(self) -> str:
        """What was said with it."""
        ...


H = TypeVar("H", bound=Happened)


def history(
    rows: Sequence[H],
    names: Mapping[str, str],
    words: str,
    *,
    column: str = "what",
    note: Callable[[H], str] = lambda row: row.note,
) -> Table[H]:
    """When, what, by whom and with which note.

    `names` are those of the staff by id; what happened has the text `<words>.<what>`, and its column `column.<column>`.
    """
    return Table(
        name="history",
        columns=[
            Column("when", lambda row: row.at),
            Column(column, lambda row: Chip(f"{words}.{row.what}")),
            Column("by", lambda row: names.get(row.staff_id, "")),
            Column("note", note),
        ],
        rows=rows,
        empty="empty.history",
    )
