"""Statements as CSV, read by a profile in TOML: every bank has its own columns, dates, marks and digits.

Cells are text and nothing else: one that would be a formula in a spreadsheet is never more than its letters. Rows are
read one after another, so that a file of a million takes the memory of its lines alone.
"""

import csv
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from gateway.errors import BadInput
from gateway.wire.bankcsv_cells import CELL_MAX, Cells, alike, cleaned, latin
from gateway.wire.bankcsv_profile import CsvProfile, Label, problems_of, read_profile
from gateway.wire.iso20022.values import money
from gateway.wire.pages import LINES_MAX, agrees
from wallet.money import Money
from wallet.reconciliation import BankStatement, LineKind, StatementLine

__all__ = ["CsvProfile", "problems_of", "read_csv", "read_profile"]

OCTETS_MAX = 192 * 1024 * 1024
_ROW_MAX = 1 << 20
_HEADING_WITHIN = 100
_NUMBER_MAX = 15
_SEPARATOR = re.compile(rb"(?:\xef\xbb\xbf)?sep=.\r?\n")
"""What a spreadsheet writes for itself before everything else."""
_MARKS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
_IDS = ("bank_reference", "end_to_end_id", "message_id", "return_reason", "counterparty_account", "code")
_TEXTS = ("counterparty", "remittance")


def read_csv(octets: bytes, profile: CsvProfile) -> BankStatement:
    """The statement in a file.

    Raises:
        BadInput: Not of the profile's form; it names the row.
    """
    if len(octets) > OCTETS_MAX:
        raise BadInput(f"longer than {OCTETS_MAX} octets")
    return _Reader(profile).statement(_rows(octets, profile))


def _rows(octets: bytes, profile: CsvProfile) -> Iterator[list[str]]:
    file = io.BytesIO(octets)
    if found := _SEPARATOR.match(octets):
        file.seek(found.end())
    # A mark says it more surely than the profile does.
    charset = next((name for mark, name in _MARKS.items() if octets.startswith(mark)), profile.charset)
    text = io.TextIOWrapper(file, charset, newline="")
    how: dict[str, Any] = {"quotechar": profile.quote} if profile.quote else {"quoting": csv.QUOTE_NONE}
    lines = _Lines(text)
    reader = csv.reader(lines, delimiter=profile.delimiter, strict=True, **how)
    try:
        for row in reader:
            lines.size = 0
            yield list(map(cleaned, row))
    except UnicodeError:
        raise BadInput(f"not in {charset.removesuffix('-sig')}, behind line {reader.line_num}") from None
    except csv.Error:
        raise BadInput(f"line {reader.line_num}: a quotation mark that nobody closed, or a cell too long") from None


class _Lines:
    """The lines of a file, none of them and no row of several longer than a megabyte: rows are whole in memory."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._text = text
        self._number = 0
        self.size = 0
        """Letters since the last row."""

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self._text.readline(_ROW_MAX + 1)
        self._number += 1
        self.size += len(line)
        if self.size > _ROW_MAX:
            raise BadInput(f"line {self._number}: a row of more than {_ROW_MAX} letters")
        if not line:
            raise StopIteration
        return line


class _Reader:
    """Reads the rows of one file."""

    def __init__(self, profile: CsvProfile) -> None:
        self._profile = profile
        self._cells = Cells(profile)
        self._asset = money("0", profile.asset, "profile").asset
        self._at: Mapping[str, int] = {}
        self._widest = 0
        self._heading: list[str] = []
        self._ends = tuple(map(alike, profile.ends))
        self._labels: dict[str, tuple[Label, str]] = {
            name: (label, alike(label.label))
            for name in ("opening", "closing", "number")
            if (label := getattr(profile, name)) is not None
        }
        self._labelled: dict[str, int] = {}
        """What labelled lines say."""
        self._lines: list[StatementLine] = []
        self._left_out = 0
        self._balances: tuple[int | None, int | None] = (None, None)
        """After the first row and after the last one."""

    def statement(self, rows: Iterator[list[str]]) -> BankStatement:
        """What they say."""
        numbered = enumerate(rows, 1)
        self._begin(numbered)
        self._read(numbered)
        for name, (label, _) in self._labels.items():
            if name not in self._labelled:
                raise BadInput(f"no line {label.label!a:.60}")
        lines = self._lines
        first, last = self._balances
        if self._profile.newest_first:
            first, last = last, first
            lines.reverse()
            for place, line in enumerate(lines):
                lines[place] = replace(line, number=place + 1)
        opening, closing = self._labelled.get("opening"), self._labelled.get("closing")
        if lines and opening is None and first is not None:
            opening = first - lines[0].signed
        if lines and closing is None:
            closing = last
        if opening is not None and closing is not None:
            agrees(opening, lines, closing, "the file")
        days = [line.booked_on for line in lines]
        return BankStatement(
            root="csv",
            statement_id=f"{min(days)}/{max(days)}" if days else "",
            account=self._profile.account,
            asset=self._profile.asset,
            sequence=self._labelled.get("number", 0),
            opening=opening,
            closing=closing,
            from_on=min(days, default=None),
            to_on=max(days, default=None),
            lines=tuple(lines),
            left_out=self._left_out,
        )

    def _read(self, numbered: Iterator[tuple[int, list[str]]]) -> None:
        """Read the rows, and what stands below them."""
        ended = ""
        for number, row in numbered:
            filled = next((cell for cell in row if cell), "")
            where = f"row {number}"
            if not filled or (self._labels and self._says(row, where)) or row == self._heading:
                continue
            if ended:
                self._after(row, where, ended)
            elif self._ends and alike(filled).startswith(self._ends):
                ended = where
            else:
                self._take(row, where)

    def _begin(self, numbered: Iterator[tuple[int, list[str]]]) -> None:
        """Read what comes before the rows, the heading too."""
        profile = self._profile
        if not profile.heading:
            self._at = self._columns(None)
        for _ in range(0 if profile.find_heading else profile.skip):
            number, row = next(numbered, (0, []))
            if not number:
                raise BadInput("shorter than its heading")
            self._says(row, f"row {number}")
        if not profile.heading:
            return
        for number, row in numbered:
            if not profile.find_heading or self._has_all(row):
                self._heading, self._at = row, self._columns(row)
                break
            self._says(row, f"row {number}")
            if number >= _HEADING_WITHIN:
                break
        if not self._heading:
            raise BadInput(
                f"no heading with the profile's columns in the first {_HEADING_WITHIN} lines"
                if profile.find_heading
                else "shorter than its heading"
            )

    def _has_all(self, row: list[str]) -> bool:
        named = {alike(place) for place in self._profile.columns.model_dump().values() if isinstance(place, str)}
        return named <= set(map(alike, row))

    def _columns(self, heading: list[str] | None) -> dict[str, int]:
        found: dict[str, int] = {}
        known = list(map(alike, heading or ()))
        for name, place in self._profile.columns.model_dump().items():
            if isinstance(place, int):
                found[name] = place - 1
            elif place is not None:
                at = [number for number, cell in enumerate(known) if cell == alike(place)]
                if len(at) != 1:
                    raise BadInput(f"the heading has no column, or two, for {name}: {place!a:.60}")
                found[name] = at[0]
        self._widest = max(found.values())
        return found

    def _take(self, row: list[str], where: str) -> None:
        line, balance = self._row(row, where, len(self._lines) + 1)
        if line is None:
            self._left_out += 1
            return
        if len(self._lines) >= LINES_MAX:
            raise BadInput(f"{where}: more than {LINES_MAX} movements: ask the bank for shorter periods")
        self._balances = (self._balances[0] if self._lines else balance, balance)
        self._lines.append(line)

    def _after(self, row: list[str], where: str, ended: str) -> None:
        """Refuse a movement below the line that ends them: it would be lost."""
        try:
            line, _ = self._row(row, where, 1)
        except BadInput:
            return
        if line is not None:
            raise BadInput(f"{where}: a movement below {ended}, which ends them")

    def _row(self, row: list[str], where: str, number: int) -> tuple[StatementLine | None, int | None]:
        """The line, None where nothing moved; and the balance after it, if it says one."""
        if len(row) <= self._widest:
            if not self._profile.ragged:
                raise BadInput(f"{where}: {len(row)} cells, fewer than the profile names")
            row = row + [""] * (self._widest + 1 - len(row))
        if self._heading and any(row[len(self._heading) :]):
            raise BadInput(f"{where}: {len(row)} cells, more than the heading has: is there a delimiter in a text?")
        cells = {name: row[at][:CELL_MAX] for name, at in self._at.items()}
        kind, minor, reversal = self._moved(cells, where)
        booked_on = self._cells.day(cells["booked_on"], where)
        if not minor:
            return None, None
        value_on = self._cells.day(cells["value_on"], where) if cells.get("value_on") else booked_on
        texts: dict[str, Any] = {name: cells.get(name, "") for name in _TEXTS}
        texts |= {name: latin(cells.get(name, "")) for name in _IDS}
        balance = self._cells.signed(cells["balance"], where) if cells.get("balance") else None
        amount = Money(minor, self._asset)
        return StatementLine(number, kind, amount, booked_on, value_on, reversal=reversal, **texts), balance

    def _moved(self, cells: Mapping[str, str], where: str) -> tuple[LineKind, int, bool]:
        """Side, how much, and whether it takes a movement back."""
        if "debit" in cells:
            return self._of_two(cells["debit"], cells["credit"], where)
        minor = self._cells.signed(cells["amount"], where)
        if "indicator" in cells:
            if minor < 0:
                raise BadInput(f"{where}: a sign beside an indicator")
            debit = self._cells.is_debit(cells["indicator"], where) if minor or cells["indicator"] else False
        else:
            debit = (minor < 0) == (self._profile.negative_is == "debit")
        return LineKind.DEBIT if debit else LineKind.CREDIT, abs(minor), False

    def _of_two(self, debit_cell: str, credit_cell: str, where: str) -> tuple[LineKind, int, bool]:
        debit, credit = (self._cells.signed(cell, where) if cell else 0 for cell in (debit_cell, credit_cell))
        if (debit and credit) or not (debit_cell or credit_cell):
            raise BadInput(f"{where}: either a debit or a credit")
        minor, kind = (debit, LineKind.DEBIT) if debit else (credit, LineKind.CREDIT)
        if minor >= 0:
            return kind, minor, False
        match self._profile.column_negative:
            case "same":
                return kind, -minor, False
            case "reversal":
                return (LineKind.CREDIT if kind is LineKind.DEBIT else LineKind.DEBIT), -minor, True
            case _:
                raise BadInput(f"{where}: a minus in a column of its own side: see column_negative of the profile")

    def _says(self, row: list[str], where: str) -> bool:
        """Whether a row is a labelled line; what it says first is kept."""
        for name, (label, wanted) in self._labels.items():
            value = _said(row, label, wanted)
            if value is not None:
                if name not in self._labelled:
                    self._labelled[name] = self._value(name, value, where)
                return True
        return False

    def _value(self, name: str, value: str, where: str) -> int:
        if name != "number":
            return self._cells.signed(value, where)
        digits = latin(value)
        if not digits.isdecimal() or len(digits) > _NUMBER_MAX:
            raise BadInput(f"{where}: no number of a statement: {value!a:.20}")
        return int(digits)


def _said(row: list[str], label: Label, wanted: str) -> str | None:
    if len(row) < max(label.label_at, label.value_at):
        return None
    cell = alike(row[label.label_at - 1])
    if label.label_at == label.value_at:
        return cell.removeprefix(wanted).strip(" :=") if cell.startswith(wanted) else None
    return row[label.value_at - 1] if cell == wanted else None
