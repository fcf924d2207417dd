"""A file of rows (gateway.wire.csvrows): each line becomes a Draft or says why not."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import BinaryIO

from gateway.errors import BadInput
from gateway.services.amounts import amount_of
from gateway.services.campaigns import templates
from gateway.services.campaigns.model import BadRow, Draft, RowFault
from gateway.services.msisdn import normal_msisdn
from gateway.wire.csvrows import CELL_MAX, COLUMNS_MAX, CsvRows, LineFault, is_formula

PHONE, LANGUAGE = "phone", "language"


class Intake:
    """An open file. `columns` are known at once; iterate for the rows from after line `after`."""

    def __init__(self, file: BinaryIO, *, needed: Collection[str], languages: Collection[str]) -> None:
        """Reads the heading. `needed` are columns that no row may leave empty.

        Raises:
            BadInput: No heading, not UTF-8, no column `phone`, a column twice or with a name that is none.
        """
        self._file = CsvRows(file)
        self._languages = frozenset(languages)
        self.columns = self._file.columns
        _check_heading(self.columns)
        self._needed = frozenset(needed) & set(self.columns)

    def rows(self, *, after: int = 1) -> Iterator[Draft | BadRow]:
        """Every line after line `after`, the heading being line 1; empty lines are skipped."""
        for number, cells in self._file.rows(after=after):
            yield BadRow(number, RowFault(cells.value)) if isinstance(cells, LineFault) else self._row(number, cells)

    def _row(self, number: int, cells: Sequence[str]) -> Draft | BadRow:
        values: dict[str, str] = {}
        for column, cell in zip(self.columns, cells, strict=True):
            value = self._value(column, " ".join(cell.split()))
            if isinstance(value, RowFault):
                return BadRow(number, value, column)
            values[column] = value
        return Draft(number, values.pop(PHONE), values.pop(LANGUAGE, ""), values)

    def _value(self, column: str, cell: str) -> str | RowFault:
        if len(cell) > CELL_MAX:
            return RowFault.TOO_LONG
        if column == PHONE:
            return RowFault.PHONE if cell.startswith(("=", "@")) else normal_msisdn(cell) or RowFault.PHONE
        if is_formula(cell):
            return RowFault.FORMULA
        if column == LANGUAGE:
            return cell.lower() if not cell or cell.lower() in self._languages else RowFault.LANGUAGE
        return _typed(column, cell) if cell else (RowFault.EMPTY if column in self._needed else "")


def _typed(column: str, cell: str) -> str | RowFault:
    if column == templates.AMOUNT:
        return amount_of(cell) or RowFault.AMOUNT
    if column == templates.DUE:
        return templates.day_of(cell) or RowFault.DAY
    return cell


def _check_heading(columns: list[str]) -> None:
    if PHONE not in columns:
        raise BadInput("the heading needs a column named phone")
    if len(columns) > COLUMNS_MAX or len(set(columns)) != len(columns):
        raise BadInput(f"a heading has at most {COLUMNS_MAX} columns, each once")
    if wrong := [name for name in columns if not templates.NAME.fullmatch(name) or name in templates.HOUSE]:
        raise BadInput(f"not the name of a column: {wrong[0]!a:.40}")


def needed_of(texts: Mapping[str, str]) -> frozenset[str]:
    """Columns that these texts need."""
    return frozenset().union(*(templates.placeholders(text) for text in texts.values())) - templates.HOUSE
