"""Lines of a file: each becomes a Draft or says why not. Pure."""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import BinaryIO, NamedTuple

from gateway.errors import BadInput
from gateway.services.amounts import amount_of
from gateway.services.iban import normal_iban
from gateway.services.msisdn import normal_msisdn
from gateway.services.payouts.answers import RowFault
from gateway.services.payouts.model import BadRow
from gateway.services.shortnumber import ascii_digits
from gateway.wire.csvrows import CELL_MAX, COLUMNS_MAX, CsvRows, LineFault, is_formula
from gateway.wire.xlsxrows import Formula, SheetCell, XlsxRows

REFERENCE, MSISDN, NATIONAL, PERSON, IBAN, NAME, AMOUNT, PURPOSE, NOTE = COLUMNS = (
    "reference", "msisdn", "national", "person", "iban", "name", "amount", "purpose", "note",
)  # fmt: skip
ALIASES = {
    "ref": REFERENCE, "phone": MSISDN, "mobile": MSISDN, "national_number": NATIONAL, "national number": NATIONAL,
    "national_code": NATIONAL, "person_id": PERSON, "sheba": IBAN, "account": IBAN,
    "شناسه": REFERENCE, "موبایل": MSISDN, "کد ملی": NATIONAL, "شبا": IBAN, "نام": NAME, "مبلغ": AMOUNT,
    "بابت": NOTE,
}  # fmt: skip
"""Other headings that files come with."""
_EMPTY = dict.fromkeys(COLUMNS, "")
PURPOSE_USUAL = "SSBE"
NAME_MAX, NOTE_MAX = 70, 140
"""Characters that every bank takes: pain.001 allows 140 of a name, and of what is unstructured 140."""
_REFERENCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_./:#-]{0,63}", re.ASCII)
_PURPOSE = re.compile(r"[A-Z]{4}", re.ASCII)
_PERSON = re.compile(r"per_[0-9A-HJKMNP-TV-Z]{26}", re.ASCII)
_NATIONAL = re.compile(r"[0-9]{10}", re.ASCII)
_NO_NAME = re.compile(r"[<>{}\[\]|\\^~*=#@$%;0-9]")


class Draft(NamedTuple):
    """A line that was read and checked, before anybody was looked for; one of the first three says who, or none."""

    line: int
    msisdn: str
    national: str
    person: str
    reference: str
    iban: str
    name: str
    minor: int
    purpose: str
    note: str

    def __repr__(self) -> str:
        """Without what is personal in it."""
        return f"Draft(line={self.line}, reference={self.reference!r}, minor={self.minor})"


class Rows:
    """An open file of payments. Iterate for the lines from after line `after`."""

    def __init__(self, file: BinaryIO, *, is_sheet: bool) -> None:
        """Reads the heading.

        Raises:
            BadInput: Not a file that is let in, or its heading lacks a column, has one twice or one that is none.
        """
        self._file = XlsxRows(file) if is_sheet else CsvRows(file)
        self.columns = [ALIASES.get(name, name) for name in self._file.columns]
        if len(self.columns) > COLUMNS_MAX or len(set(self.columns)) != len(self.columns):
            raise BadInput(f"a heading has at most {COLUMNS_MAX} columns, each once")
        if unknown := sorted(set(self.columns) - set(COLUMNS)):
            raise BadInput(f"not a column of payments: {unknown[0]!a:.40}; known are {', '.join(COLUMNS)}")
        if missing := [name for name in (REFERENCE, AMOUNT) if name not in self.columns]:
            raise BadInput(f"the heading needs a column named {missing[0]}")
        if not {MSISDN, NATIONAL, PERSON, IBAN} & set(self.columns):
            raise BadInput("the heading needs a column that says who is paid: msisdn, national, person or iban")

    def rows(self, *, after: int = 1) -> Iterator[Draft | BadRow]:
        """Every line after line `after`, the heading being line 1; empty lines are skipped.

        Raises:
            BadInput: The file breaks off.
        """
        for line, cells in self._file.rows(after=after):
            if isinstance(cells, LineFault):
                yield BadRow(line, "", RowFault(cells.value))
            else:
                yield self._row(line, cells)

    def _row(self, line: int, cells: Sequence[SheetCell]) -> Draft | BadRow:
        values = _EMPTY.copy()
        for column, cell in zip(self.columns, cells, strict=True):
            if cell == "":
                continue
            value = _value(column, cell)
            if value.__class__ is RowFault:
                return BadRow(line, column, RowFault(value))
            values[column] = value
        for column in (REFERENCE, AMOUNT):
            if not values[column]:
                return BadRow(line, column, RowFault(column))
        # The first that is there says who: nobody may be meant by one and paid by another.
        who = [column for column in (MSISDN, NATIONAL, PERSON) if values[column]]
        if len(who) > 1 or not (who or values[IBAN]):
            return BadRow(line, who[1] if who else "", RowFault.PAYEE)
        if values[IBAN] and not who and not values[NAME]:
            return BadRow(line, NAME, RowFault.NAME)
        return Draft(
            line, values[MSISDN], values[NATIONAL], values[PERSON], values[REFERENCE], values[IBAN], values[NAME],
            int(values[AMOUNT]), values[PURPOSE] or PURPOSE_USUAL, values[NOTE],
        )  # fmt: skip


def _value(column: str, cell: SheetCell) -> str | RowFault:
    """A cell as it is kept; '' for an empty one."""
    if not isinstance(cell, str):
        return RowFault.FORMULA if isinstance(cell, Formula) else RowFault.TYPE
    if not cell or not (cell := " ".join(cell.split())):
        return ""
    if len(cell) > CELL_MAX:
        return RowFault.TOO_LONG
    if column == MSISDN:
        return RowFault.FORMULA if cell[0] in "=@" else normal_msisdn(cell) or RowFault.PHONE
    if is_formula(cell):
        return RowFault.FORMULA
    return _READ[column](cell)


def _reference(cell: str) -> str | RowFault:
    # Nothing is left out of a reference: two that differ by a space are not to be one.
    return digits if " " not in cell and _REFERENCE.fullmatch(digits := ascii_digits(cell)) else RowFault.REFERENCE


def _national(cell: str) -> str | RowFault:
    # Sheets eat the zeros that a national number begins with.
    digits = ascii_digits(cell)
    digits = digits.zfill(10) if 8 <= len(digits) <= 10 else digits
    return digits if _NATIONAL.fullmatch(digits) else RowFault.NATIONAL


def _name(cell: str) -> str | RowFault:
    return cell if len(cell) <= NAME_MAX and not _NO_NAME.search(cell) else RowFault.NAME


_READ: dict[str, Callable[[str], str | RowFault]] = {
    REFERENCE: _reference,
    NATIONAL: _national,
    PERSON: lambda cell: cell if _PERSON.fullmatch(cell) else RowFault.NOBODY,
    IBAN: lambda cell: normal_iban(cell) or RowFault.IBAN,
    NAME: _name,
    AMOUNT: lambda cell: amount_of(cell) or RowFault.AMOUNT,
    PURPOSE: lambda cell: cell if _PURPOSE.fullmatch(cell) else RowFault.PURPOSE,
    NOTE: lambda cell: cell if len(cell) <= NOTE_MAX else RowFault.TOO_LONG,
}
