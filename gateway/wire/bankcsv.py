"""Statements as CSV, read by a profile in TOML: every bank has its own columns, dates, marks and digits.

Cells are text and nothing else: one that would be a formula in a spreadsheet is never more than its letters.
"""

import csv
import io
import re
import tomllib
import unicodedata
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, Literal

from persiantools.jdatetime import JalaliDate
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from gateway.errors import BadInput, SettingsFault
from gateway.wire.iso20022.camt import agrees
from gateway.wire.iso20022.values import money
from wallet.money import Money
from wallet.reconciliation import BankStatement, LineKind, StatementLine

OCTETS_MAX = 64 * 1024 * 1024
CELL_MAX = 500
_UNSEEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
_TOKENS = {"YYYY": r"(?P<y>[0-9]{4})", "YY": r"(?P<y>[0-9]{2})", "MM": r"(?P<m>[0-9]{1,2})", "DD": r"(?P<d>[0-9]{1,2})"}
_TOKEN = re.compile("YYYY|YY|MM|DD")
Place = str | int
"""A column: its heading, or its number from 1."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Columns(_Part):
    """Where each datum stands: `amount` alone, `amount` with `indicator`, or `debit` and `credit`."""

    booked_on: Place
    value_on: Place | None = None
    amount: Place | None = None
    indicator: Place | None = None
    debit: Place | None = None
    credit: Place | None = None
    balance: Place | None = None
    bank_reference: Place | None = None
    end_to_end_id: Place | None = None
    message_id: Place | None = None
    return_reason: Place | None = None
    counterparty: Place | None = None
    counterparty_account: Place | None = None
    remittance: Place | None = None
    code: Place | None = None

    @model_validator(mode="after")
    def _says_how_much(self) -> "Columns":
        one, two = self.amount is not None, self.debit is not None and self.credit is not None
        if one == two or (self.debit is None) != (self.credit is None) or (self.indicator is not None and not one):
            raise ValueError("amount (with or without indicator), or both debit and credit")
        return self


class Label(_Part):
    """A line before or after the rows that says something: one cell is the label, another the value, both from 1."""

    label: str = Field(min_length=1)
    label_at: int = Field(1, ge=1, le=100)
    value_at: int = Field(2, ge=1, le=100)


class CsvProfile(_Part):
    """How one bank writes its statements.

    `skip` lines come before the heading (or the first row where `heading` is false); rows end at one whose first filled
    cell is `until`. `negative_is` says what a minus means in `amount`; with an indicator there is no sign.
    Balances come from the column `balance`, or from labelled lines, or from nowhere.
    """

    account: str = Field(min_length=1, max_length=34)
    asset: str = "IRR"
    charset: Literal["utf-8", "utf-16", "cp1256", "cp1252", "latin-1"] = "utf-8"
    delimiter: str = Field(",", min_length=1, max_length=1)
    skip: int = Field(0, ge=0, le=100)
    heading: bool = True
    until: str = ""
    calendar: Literal["gregorian", "jalali"] = "gregorian"
    date: str = "YYYY-MM-DD"
    decimal: Literal[".", ",", "٫"] = "."
    thousands: str = Field("", max_length=3)
    negative_is: Literal["debit", "credit"] = "debit"
    debit_words: list[str] = Field(["D"])
    credit_words: list[str] = Field(["C"])
    newest_first: bool = False
    columns: Columns
    opening: Label | None = None
    closing: Label | None = None

    @model_validator(mode="after")
    def _can_be_read(self) -> "CsvProfile":
        if sorted(_TOKEN.findall(self.date)) not in (["DD", "MM", "YYYY"], ["DD", "MM", "YY"]):
            raise ValueError("date: YYYY or YY, MM and DD, each once")
        if self.decimal in self.thousands:
            raise ValueError("decimal and thousands are one mark")
        if not self.heading and any(isinstance(place, str) for place in self._places()):
            raise ValueError("columns: without a heading they have numbers")
        if any(isinstance(place, int) and not 1 <= place <= 100 for place in self._places()):
            raise ValueError("columns: numbers from 1 to 100")
        return self

    def _places(self) -> list[Place]:
        return [place for place in self.columns.model_dump().values() if place is not None]


def read_profile(file: Path) -> CsvProfile:
    """The profile in a file of TOML.

    Raises:
        SettingsFault: It cannot be read, or something in it is wrong; every wrong key is named.
    """
    try:
        return CsvProfile.model_validate(tomllib.loads(file.read_text("utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as problem:
        raise SettingsFault(f"{file}: {problem}") from problem
    except ValidationError as problem:
        raise SettingsFault(f"{file}: {problems_of(problem)}") from problem


def problems_of(problem: ValidationError) -> str:
    """Each wrong key of a file and why, without what it held."""
    told = (f"{'.'.join(map(str, one['loc'])) or 'profile'}: {one['msg']}" for one in problem.errors())
    return "; ".join(told)


def read_csv(octets: bytes, profile: CsvProfile) -> BankStatement:
    """The statement in a file.

    Raises:
        BadInput: Not of the profile's form; it names the row.
    """
    if len(octets) > OCTETS_MAX:
        raise BadInput(f"longer than {OCTETS_MAX} octets")
    return _Reader(profile).statement(_rows(octets, profile))


def _rows(octets: bytes, profile: CsvProfile) -> list[list[str]]:
    try:
        text = octets.decode("utf-8-sig" if profile.charset == "utf-8" else profile.charset)
    except UnicodeDecodeError:
        raise BadInput(f"not in {profile.charset}") from None
    if "\0" in text:
        raise BadInput("no text: it has characters that no text has")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=profile.delimiter, strict=True)
    try:
        return [[_UNSEEN.sub("", cell).strip() for cell in row] for row in reader]
    except csv.Error:
        raise BadInput(f"line {reader.line_num}: a quotation mark that nobody closed, or a cell too long") from None


class _Reader:
    """Reads the rows of one file."""

    def __init__(self, profile: CsvProfile) -> None:
        self._profile = profile
        pattern = _TOKEN.sub(lambda found: _TOKENS[found[0]], re.escape(profile.date))
        self._date = re.compile(pattern)
        self._at: Mapping[str, int] = {}

    def statement(self, rows: list[list[str]]) -> BankStatement:
        profile = self._profile
        first = profile.skip + profile.heading
        if len(rows) < first:
            raise BadInput("shorter than its heading")
        self._at = self._columns(rows[profile.skip] if profile.heading else None)
        read: list[tuple[StatementLine, int | None]] = []
        for number, row in enumerate(rows[first:], first + 1):
            filled = next((cell for cell in row if cell), "")
            if profile.until and filled == profile.until:
                break
            if filled and not self._labelled(row):
                read.append(self._row(row, f"row {number}"))
        if profile.newest_first:
            read.reverse()
        lines = [replace(line, number=number) for number, (line, _) in enumerate(read, 1)]
        opening, closing = self._balances(rows, lines, [balance for _, balance in read])
        if opening is not None and closing is not None:
            agrees(opening, lines, closing, "the file")
        days = [line.booked_on for line in lines]
        return BankStatement(
            root="csv",
            statement_id=f"{min(days)}/{max(days)}" if days else "",
            account=profile.account,
            asset=profile.asset,
            sequence=0,
            opening=opening,
            closing=closing,
            from_on=min(days, default=None),
            to_on=max(days, default=None),
            lines=tuple(lines),
        )

    def _columns(self, heading: list[str] | None) -> dict[str, int]:
        found: dict[str, int] = {}
        for name, place in self._profile.columns.model_dump().items():
            if isinstance(place, int):
                found[name] = place - 1
            elif place is not None:
                at = [number for number, cell in enumerate(heading or ()) if cell == place]
                if len(at) != 1:
                    raise BadInput(f"the heading has no column, or two, for {name}: {place!a:.60}")
                found[name] = at[0]
        return found

    def _row(self, row: list[str], where: str) -> tuple[StatementLine, int | None]:
        if len(row) <= max(self._at.values()):
            raise BadInput(f"{where}: {len(row)} cells, fewer than the profile names")
        cells = {name: row[at][:CELL_MAX] for name, at in self._at.items()}
        kind, amount = self._moved(cells, where)
        booked_on = self._day(cells["booked_on"], where)
        value_on = self._day(cells["value_on"], where) if cells.get("value_on") else booked_on
        texts: dict[str, Any] = {name: cells.get(name, "") for name in _TEXTS}
        texts |= {name: _latin(cells.get(name, "")) for name in _IDS}
        balance = self._signed(cells["balance"], where) if cells.get("balance") else None
        return StatementLine(1, kind, amount, booked_on, value_on, **texts), balance

    def _moved(self, cells: Mapping[str, str], where: str) -> tuple[LineKind, Money]:
        profile = self._profile
        if "debit" in cells:
            debit, credit = (self._signed(cells[name], where) if cells[name] else 0 for name in ("debit", "credit"))
            if (debit > 0) == (credit > 0) or debit < 0 or credit < 0:
                raise BadInput(f"{where}: either a debit or a credit")
            return (LineKind.DEBIT, self._money(debit)) if debit else (LineKind.CREDIT, self._money(credit))
        minor = self._signed(cells["amount"], where)
        if "indicator" in cells:
            kind = self._side(cells["indicator"], where)
            if minor < 0:
                raise BadInput(f"{where}: a sign beside an indicator")
        else:
            kind = LineKind.DEBIT if (minor < 0) == (profile.negative_is == "debit") else LineKind.CREDIT
        if not minor:
            raise BadInput(f"{where}: an amount of nothing")
        return kind, self._money(abs(minor))

    def _side(self, word: str, where: str) -> LineKind:
        if word in self._profile.debit_words:
            return LineKind.DEBIT
        if word in self._profile.credit_words:
            return LineKind.CREDIT
        raise BadInput(f"{where}: neither debit nor credit: {word!a:.20}")

    def _signed(self, cell: str, where: str) -> int:
        text = _latin(cell)
        negative = text.startswith(("-", "\N{MINUS SIGN}", "(")) or text.endswith("-")
        text = text.strip("-+()\N{MINUS SIGN} ")
        for mark in self._profile.thousands:
            text = text.replace(mark, "")
        if self._profile.decimal != ".":
            if "." in text:
                raise BadInput(f"{where}: no amount: {cell!a:.40}")
            text = text.replace(self._profile.decimal, ".")
        minor = money(text, self._profile.asset, where).minor
        return -minor if negative else minor

    def _money(self, minor: int) -> Money:
        return Money(minor, money("0", self._profile.asset, "profile").asset)

    def _day(self, cell: str, where: str) -> date:
        # The time of day that some banks write behind it says nothing here.
        found = self._date.match(_latin(cell))
        try:
            if found is None:
                raise BadInput(f"{where}: no day: {cell!a:.40}")
            year, month, day = int(found["y"]), int(found["m"]), int(found["d"])
            if self._profile.calendar == "jalali":
                year += 1400 if year < 100 else 0
                converted: date = JalaliDate(year, month, day).to_gregorian()  # type: ignore[no-untyped-call]
                return converted
            return date(year + (2000 if year < 100 else 0), month, day)
        except ValueError:
            raise BadInput(f"{where}: no day: {cell!a:.40}") from None

    def _labelled(self, row: list[str]) -> bool:
        return any(_said(row, label) is not None for label in (self._profile.opening, self._profile.closing))

    def _balances(
        self, rows: list[list[str]], lines: list[StatementLine], balances: list[int | None]
    ) -> tuple[int | None, int | None]:
        """What it opens and closes with: labelled lines before what the rows say."""
        opening, closing = (self._label(rows, label) for label in (self._profile.opening, self._profile.closing))
        if lines and opening is None and balances[0] is not None:
            opening = balances[0] - lines[0].signed
        if lines and closing is None:
            closing = balances[-1]
        return opening, closing

    def _label(self, rows: list[list[str]], label: Label | None) -> int | None:
        if label is None:
            return None
        for number, row in enumerate(rows, 1):
            if (value := _said(row, label)) is not None:
                return self._signed(value, f"row {number}")
        raise BadInput(f"no line {label.label!a:.60}")


_IDS = ("bank_reference", "end_to_end_id", "message_id", "return_reason", "counterparty_account", "code")
_TEXTS = ("counterparty", "remittance")


def _said(row: list[str], label: Label | None) -> str | None:
    if label is None or len(row) < max(label.label_at, label.value_at) or row[label.label_at - 1] != label.label:
        return None
    return row[label.value_at - 1]


def _latin(cell: str) -> str:
    """Digits of any script as 0-9, spaces between them left out."""
    kept = "".join(str(unicodedata.decimal(c, c)) for c in cell)
    return kept.translate({0x00A0: None, 0x202F: None, 0x066C: ","})
