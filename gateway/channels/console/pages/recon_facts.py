"""How rows of three books are shown beside each other: entries with the way to their cause, sums, cues, chips."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from gateway.channels.console.cells import Cell, Chip, Code, Link
from gateway.channels.console.cues import Agreement, compared, difference
from gateway.channels.console.movements import CAUSE
from gateway.services.breaks import BreakRow
from gateway.services.reconciliation import FlowName
from wallet.money import ASSETS, Money
from wallet.reconciliation import Row, Side, Verdict

FLOWS = [flow.value for flow in FlowName]
FLOW = f"{{flow:{'|'.join(FLOWS)}}}"
"""A flow in a path."""
ENTRIES_SHOWN = 8
"""Rows of one book that are shown of a group in a list; its own page has them all."""
VERDICT_TONES = {
    Verdict.MATCHED: "good",
    Verdict.ONLY_OURS: "wait",
    Verdict.ONLY_THEIRS: "wait",
    Verdict.DIFFERS: "bad",
}
MARKS = {Agreement.YES: "✓", Agreement.NEAR: "≈", Agreement.NO: "≠", Agreement.UNKNOWN: "–"}
_LINE = re.compile(r"(stm_[0-9A-HJKMNP-TV-Z]{26}):([0-9]{1,9})(/\w+)?")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_BREAK = re.compile(r"brk_[0-9A-HJKMNP-TV-Z]{26}")


@dataclass(frozen=True, slots=True)
class Entry:
    """One row as a page shows it; `reference` leads to its cause where there is a page of it."""

    amount: Money
    on: date
    reference: Cell
    party: str
    text: str
    back: bool
    payments: int


@dataclass(frozen=True, slots=True)
class Book:
    """The rows of one side; `rest` of them are not among `entries`."""

    side: Side
    entries: Sequence[Entry]
    count: int
    total: Money
    rest: int


@dataclass(frozen=True, slots=True)
class Mark:
    """A cue as a page shows it: a sign, whose meaning stands beside it in words."""

    cue: str
    agreement: str
    sign: str


def books(
    rows: Sequence[Row | BreakRow], sides: Sequence[Side], asset: str, *, most: int = ENTRIES_SHOWN
) -> list[Book]:
    """The rows by side, in the order of the columns; at most `most` of each."""
    made = []
    for side in sides:
        own = [row for row in rows if row.side is side]
        total = Money(sum(row.minor for row in own), ASSETS[asset])
        shown = [entry(row, asset) for row in own[:most]]
        made.append(Book(side, shown, len(own), total, len(own) - len(shown)))
    return made


def entry(row: Row | BreakRow, asset: str) -> Entry:
    """One row."""
    full = row if isinstance(row, Row) else None
    return Entry(
        amount=Money(row.minor, ASSETS[asset]),
        on=row.on,
        reference=reference(row),
        party=full.party if full else "",
        text=full.text if full else "",
        back=row.back,
        payments=full.count if full else 1,
    )


def reference(row: Row | BreakRow) -> Cell:
    """What people know it by, which leads to what caused it."""
    told = row.reference if isinstance(row, Row) else ""
    name = row.end_to_end_id or told or row.own or row.batch or _short(row.id)
    place = address(row)
    return Link(name, place, code=True) if place else Code(name)


def _short(row_id: str) -> str:
    """A transfer's id by its last digits; its whole is on the group's page."""
    return f"…{row_id[-12:]}" if _UUID.fullmatch(row_id) else row_id


def address(row: Row | BreakRow) -> str:
    """The page of what caused a row: the line of its statement, the break it was booked for, or the cause; or ''."""
    if row.side is Side.BANK:
        line = _LINE.fullmatch(row.id)
        return f"/bank/statements/{line[1]}?after={max(int(line[2]) - 1, 0)}" if line else ""
    if isinstance(row, Row) and _BREAK.fullmatch(row.reference):
        return f"/breaks/{row.reference}"
    cause = row.own or row.id.partition("/")[0]
    if re.fullmatch(CAUSE, cause):
        return f"/cause/{cause}"
    return f"/ledger/transfers/{row.id}" if _UUID.fullmatch(row.id) else ""


def marks(rows: Sequence[Row], days: int) -> list[Mark]:
    """What agrees and what does not; nothing for rows of one book, which have nobody to agree with."""
    if len({row.side for row in rows}) < 2:
        return []
    return [Mark(one.cue.value, one.agreement.value, MARKS[one.agreement]) for one in compared(rows, days=days)]


def verdict_chip(verdict: Verdict) -> Chip:
    """What has become of a group."""
    return Chip(f"verdict_of.{verdict.value}", VERDICT_TONES[verdict])


def apart(rows: Sequence[Row], asset: str) -> Money:
    """By how much the sides of these rows differ."""
    return Money(difference(rows), ASSETS[asset])


def row_cells(row: Row) -> list[tuple[str, Cell]]:
    """Everything a book says of a row, for the page of its group."""
    place = address(row)
    return [
        ("amount", Money(row.minor, ASSETS[row.asset])),
        ("booked", row.on),
        ("value_day", row.value_on),
        ("reference", reference(row)),
        ("recon_row", Link(row.id, place, code=True) if place else Code(row.id)),
        ("cause", Code(row.own) if row.own else None),
        ("end_to_end", Code(row.end_to_end_id) if row.end_to_end_id else None),
        ("recon_batch", Code(row.batch) if row.batch else None),
        ("payee", row.party),
        ("account", Code(row.account) if row.account else None),
        ("payments", row.count if row.count > 1 else None),
        ("note", row.text),
    ]
