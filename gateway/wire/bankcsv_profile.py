"""How a bank writes CSV, said in a file of TOML. Every wrong key is named when it is read."""

import re
import tomllib
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from gateway.errors import SettingsFault

COLUMNS_MAX = 100
TOKEN = re.compile("YYYY|YY|MMM|MM|DD")
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
    """A line before, among or after the rows that says something: one cell is the label, another the value, from 1.

    Where both are one cell it begins with the label, and the rest is the value.
    """

    label: str = Field(min_length=1)
    label_at: int = Field(1, ge=1, le=COLUMNS_MAX)
    value_at: int = Field(2, ge=1, le=COLUMNS_MAX)


class CsvProfile(_Part):
    """How one bank writes its statements.

    `skip` lines come before the heading (or the first row where `heading` is false); with `find_heading` it is looked
    for among the first lines. Rows end at one whose first filled cell begins with `until` (one word or several); a
    movement below it is refused. `negative_is` says what a minus means in `amount`; `D` and `C` beside an amount, as
    `debit_words` and `credit_words` say, are signs too. A minus in `debit` or `credit` is refused unless
    `column_negative` says that it means the same (`same`) or takes a movement back (`reversal`). `beside` are words
    that stand at amounts and say nothing, as a currency. With `ragged` rows may leave out empty cells at their end;
    without, a row that was cut off is seen. Balances come from the column `balance`, or from labelled lines, or from
    nowhere; `number` is a labelled line with the statement's number, for continuity.
    """

    account: str = Field(min_length=1, max_length=34)
    asset: str = "IRR"
    charset: Literal[
        "utf-8", "utf-16", "cp1256", "windows-1256", "cp1252", "windows-1252", "latin-1", "iso-8859-1", "iso-8859-6",
        "cp720",
    ] = "utf-8"  # fmt: skip
    delimiter: str = Field(",", min_length=1, max_length=1)
    quote: str = Field('"', max_length=1)
    skip: int = Field(0, ge=0, le=100)
    heading: bool = True
    find_heading: bool = False
    ragged: bool = False
    until: str | list[str] = ""
    calendar: Literal["gregorian", "jalali"] = "gregorian"
    date: str = "YYYY-MM-DD"
    decimal: Literal[".", ",", "٫", "/"] = "."
    thousands: str = Field("", max_length=6)
    beside: list[str] = Field([], max_length=10)
    negative_is: Literal["debit", "credit"] = "debit"
    column_negative: Literal["", "same", "reversal"] = ""
    debit_words: list[str] = Field(["D"])
    credit_words: list[str] = Field(["C"])
    newest_first: bool = False
    columns: Columns
    opening: Label | None = None
    closing: Label | None = None
    number: Label | None = None

    @model_validator(mode="after")
    def _can_be_read(self) -> "CsvProfile":
        tokens = sorted(TOKEN.findall(self.date))
        if [token[:2] for token in tokens] != ["DD", "MM", "YY"]:
            raise ValueError("date: YYYY or YY, MM or MMM, and DD, each once")
        if self.decimal in self.thousands:
            raise ValueError("decimal and thousands are one mark")
        if self.find_heading and not (self.heading and any(isinstance(place, str) for place in self._places())):
            raise ValueError("find_heading: there must be a heading, and columns that are named by it")
        if not self.heading and any(isinstance(place, str) for place in self._places()):
            raise ValueError("columns: without a heading they have numbers")
        if any(isinstance(place, int) and not 1 <= place <= COLUMNS_MAX for place in self._places()):
            raise ValueError(f"columns: numbers from 1 to {COLUMNS_MAX}")
        return self

    def _places(self) -> list[Place]:
        return [place for place in self.columns.model_dump().values() if place is not None]

    @property
    def ends(self) -> list[str]:
        """The words that end the rows."""
        return [word for word in ([self.until] if isinstance(self.until, str) else self.until) if word]


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
