"""Campaigns: one text, or one a language, for many people, and every answer about it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class CampaignKind(StrEnum):
    """What a campaign says; the values are those of the classes of notice that carry it."""

    CAMPAIGN = "campaign"
    DEBT_NOTICE = "debt_notice"
    INVOICE = "invoice"


class CampaignState(StrEnum):
    """Where a campaign stands: loading -> draft -> proposed -> running <-> paused -> done | cancelled."""

    LOADING = "loading"
    DRAFT = "draft"
    """Loaded and checked; nobody has been told anything."""
    PROPOSED = "proposed"
    """Waits for a second person."""
    RUNNING = "running"
    PAUSED = "paused"
    DONE = "done"
    """Everything has left the outbox; receipts may still come."""
    CANCELLED = "cancelled"


class RowState(StrEnum):
    """Where one row stands; how its message fares is in the outbox once it is QUEUED."""

    WAITING = "waiting"
    QUEUED = "queued"
    OPTED_OUT = "opted_out"
    CANCELLED = "cancelled"


class RowFault(StrEnum):
    """Why a line of a file was not taken."""

    TOO_LONG = "too_long"
    """The line is longer than LINE_BYTES_MAX, or a cell longer than CELL_MAX."""
    ENCODING = "encoding"
    """Not UTF-8."""
    CONTROL = "control"
    """NUL or another character that no text has."""
    QUOTES = "quotes"
    """A quotation mark that is not closed on its line."""
    COLUMNS = "columns"
    """More or fewer cells than the heading has."""
    PHONE = "phone"
    """Not a mobile number."""
    DUPLICATE = "duplicate"
    """The number stands in this campaign already."""
    LANGUAGE = "language"
    """Not a language that the campaign has a text for."""
    FORMULA = "formula"
    """A formula, or an error that a spreadsheet has left."""
    EMPTY = "empty"
    """A cell that the text needs is empty."""
    AMOUNT = "amount"
    """Not a whole number of rials."""
    DAY = "day"
    """Not a day as 2026-12-31."""
    TEXT_LONG = "text_long"
    """The worded text takes more parts than allowed."""


class CampaignOutcome(StrEnum):
    """Answers to the verbs that steer a campaign."""

    OK = "ok"
    UNKNOWN = "unknown"
    WRONG_STATE = "wrong_state"
    EMPTY = "empty"
    """It has no row that could be sent."""


@dataclass(frozen=True, slots=True)
class BadRow:
    """A line that was not taken: its number from 1, why, and in which column ('' for the whole line)."""

    line: int
    fault: RowFault
    column: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """A line that was read and checked, before it is worded; `values` by column."""

    line: int
    msisdn: str
    language: str
    values: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Campaign:
    """One campaign.

    Attributes:
        id: `cam_…`.
        name: As staff call it.
        kind: See CampaignKind.
        state: See CampaignState.
        templates: The text by language; a person whose language is missing reads the first.
        source: `csv`, or `invoices:1405-08` for the unpaid ones of a month.
        hours: Over how many hours of sending it is spread.
        staff_id: Who made it, or ''.
        approval_id: What its release was proposed as, or ''.
        total: Rows that can be sent.
        bad: Lines that could not be used.
        parts: Short messages in all.
        ucs2: Rows that need UCS-2.
        reached: How far the source was read.
        counts: Rows by where they stand, as of `counted_at`; keys are those of REPORTED.
        counted_at: When they were counted, or None.
        created_at: When it was made.
        released_at: When the second person approved, or None.
        finished_at: When it was done or cancelled, or None.
    """

    id: str
    name: str
    kind: CampaignKind
    state: CampaignState
    templates: Mapping[str, str] = field(repr=False)
    source: str
    hours: int
    staff_id: str
    approval_id: str
    total: int
    bad: int
    parts: int
    ucs2: int
    reached: str
    counts: Mapping[str, int]
    counted_at: datetime | None
    created_at: datetime
    released_at: datetime | None
    finished_at: datetime | None

    @property
    def decided(self) -> int:
        """Rows that need nothing more from us: sent or ended in any way."""
        return sum(count for name, count in self.counts.items() if name not in OPEN)


OPEN = frozenset({"waiting", "ready", "leased"})
REPORTED = (
    "waiting", "ready", "leased", "sent", "delivered", "failed", "expired", "uncertain", "refused", "opted_out",
    "cancelled",
)  # fmt: skip
"""Where a row can stand in a report: the states of a notice, and those of a row that has none."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A row as the preview shows it."""

    number: int
    msisdn: str
    language: str
    text: str = field(repr=False)
    parts: int


@dataclass(frozen=True, slots=True)
class Preview:
    """What a release would do: the first rows of each language worded, how much, what it costs, how long it takes."""

    rows: tuple[Shown, ...]
    bad: tuple[BadRow, ...]
    cost_minor: int
    per_minute: int
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Reported:
    """A row of the delivery report."""

    number: int
    msisdn: str
    state: str
    parts: int
    changed_at: datetime | None
