"""Reports as values: columns with kinds, rows that come page by page, totals, and where each figure leads."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from wallet.ids import AccountId
from wallet.money import Money


class ReportName(StrEnum):
    """Every report."""

    TRIAL_BALANCE = "trial_balance"
    GENERAL_LEDGER = "general_ledger"
    FLOAT_COVER = "float_cover"
    MERCHANTS = "merchants"
    PROVIDERS = "providers"
    BENEFITS = "benefits"


class ColumnKind(StrEnum):
    """How a column is shown, and what its cells are."""

    TEXT = "text"
    CODE = "code"
    """An identifier or an account's code, a str."""
    WORD = "word"
    """A str that people read by a text of its own: `code.send`, `benefit_kind.sickness`."""
    COUNT = "count"
    MONEY = "money"
    DAY = "day"
    MOMENT = "moment"
    MONTH = "month"
    """A month of the Jalali calendar, `1405-08`."""
    SHARE = "share"
    """Hundredths of a percent, an int."""


Cell = str | int | Money | date | datetime | None


@dataclass(frozen=True, slots=True)
class AccountSpan:
    """Movements of one account at log positions above `after` and up to `through`.

    With `day` its balance by effective date at the end of that day.
    """

    account: AccountId
    after: int
    through: int
    day: date | None = None


@dataclass(frozen=True, slots=True)
class RoleSpan:
    """Accounts of one kind and role as of a position, or by effective date at the end of `day`; kind as in codes."""

    kind: str
    role: str
    through: int
    day: date | None = None


@dataclass(frozen=True, slots=True)
class CauseOf:
    """What caused a figure."""

    cause: str


Drill = AccountSpan | RoleSpan | CauseOf
"""Where a figure leads."""


@dataclass(frozen=True, slots=True)
class ReportColumn:
    """A column; `name` is the end of its heading's key, `column.<name>`."""

    name: str
    kind: ColumnKind


@dataclass(frozen=True, slots=True)
class ReportRow:
    """A cell a column, and beside each where it leads, or None."""

    cells: Sequence[Cell]
    drills: Sequence[Drill | None]


@dataclass(frozen=True, slots=True)
class Report:
    """A report as of fixed positions of the log: read again it is the same.

    Attributes:
        name: Which.
        columns: From the line's start to its end.
        pages: Its rows, some at a time; read once.
        totals: One row for each asset; they are the ledger's own figures, not sums over `pages`.
        through: The last position of the log that counts.
        first: Its first day, or None.
        last: Its last day, or None.
    """

    name: ReportName
    columns: Sequence[ReportColumn]
    pages: AsyncIterator[Sequence[ReportRow]]
    totals: Sequence[ReportRow]
    through: int
    first: date | None = None
    last: date | None = None
    facts: Sequence[tuple[str, Cell]] = field(default=())
    """What it is of: labels (`column.<label>`) and values."""
