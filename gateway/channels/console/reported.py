"""A report's rows as the console's cells, each figure with the way to where it comes from."""

from collections.abc import Sequence
from datetime import date
from typing import assert_never
from urllib.parse import urlencode

from gateway.channels.console.cells import Cell, Code, Column, Link, Share
from gateway.channels.console.words import Words
from gateway.services.reports import (
    AccountSpan,
    CauseOf,
    ColumnKind,
    Drill,
    Report,
    ReportColumn,
    ReportRow,
    RoleSpan,
)
from wallet.money import Money

_NUMBERS = frozenset({ColumnKind.COUNT, ColumnKind.MONEY, ColumnKind.SHARE})


def table_columns(report: Report, words: Words) -> Sequence[Column[ReportRow]]:
    """Its columns for a table or a file."""
    return [_column(place, column, words) for place, column in enumerate(report.columns)]


def href(drill: Drill) -> str:
    """Where a figure leads, below `/console`."""
    match drill:
        case AccountSpan():
            span = {"day": drill.day} if drill.day else {"after": drill.after, "through": drill.through}
            return f"/ledger/accounts/{drill.account}?{urlencode(span)}"
        case RoleSpan():
            point = {"day": drill.day} if drill.day else {"position": drill.through}
            return f"/ledger/accounts?{urlencode({'under': f'{drill.kind}:{drill.role}', **point})}"
        case CauseOf():
            return f"/cause/{drill.cause}"
        case unreachable:
            assert_never(unreachable)


def _column(place: int, column: ReportColumn, words: Words) -> Column[ReportRow]:
    def value(row: ReportRow) -> Cell:
        figure, drill = row.cells[place], row.drills[place]
        if figure is None or figure == "":
            return None
        cell = _cell(figure, column.kind, words)
        if drill is None:
            return cell
        if isinstance(cell, Code):
            return Link(cell.text, href(drill), code=True)
        return cell if isinstance(cell, Share) else Link(cell, href(drill))

    return Column(column.name, value, end=column.kind in _NUMBERS)


def _cell(figure: str | int | Money | date, kind: ColumnKind, words: Words) -> str | int | Money | date | Code | Share:
    match kind:
        case ColumnKind.CODE | ColumnKind.MONTH:
            return Code(str(figure))
        case ColumnKind.WORD:
            return _word(str(figure), words)
        case ColumnKind.SHARE:
            assert isinstance(figure, int), "a share is a number"
            return Share(figure)
        case ColumnKind.TEXT | ColumnKind.COUNT | ColumnKind.MONEY | ColumnKind.DAY | ColumnKind.MOMENT:
            return figure
        case unreachable:
            assert_never(unreachable)


def _word(key: str, words: Words) -> str:
    """A text of ours; what has none yet is shown as it is."""
    named = f"transfer_{key}" if key.startswith("code.") else key
    return words.t(named) if words.knows(named) else key.rpartition(".")[2]
