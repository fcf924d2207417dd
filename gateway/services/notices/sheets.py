"""A statement as a table of a letter, in the words, numbers and days of a language."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

from gateway.services.notices.letters import Table
from wallet.money import Money

if TYPE_CHECKING:
    from gateway.services.notices.words import Language

HEADS = ("day", "what", "credit", "debit", "balance")
_FIGURES = frozenset({2, 3, 4})


@dataclass(frozen=True, slots=True)
class SheetLine:
    """One movement: `what` is the lower-case name of its TransferCode, `balance` what was there right after it."""

    day: date
    what: str
    amount: Money
    is_debit: bool
    balance: Money


@dataclass(frozen=True, slots=True)
class Sheet:
    """A wallet's movements from `first` on, oldest first, after `opening`."""

    first: date
    opening: Money
    lines: Sequence[SheetLine] = field(repr=False)


def table(language: "Language", sheet: Sheet) -> Table:
    """The sheet in `language`; its first row is the opening balance."""
    rows = [(language.day(sheet.first), language.statement["opening"], "", "", language.amount(sheet.opening))]
    for line in sheet.lines:
        amount = language.amount(line.amount)
        sides = ("", amount) if line.is_debit else (amount, "")
        rows.append((language.day(line.day), language.movements[line.what], *sides, language.amount(line.balance)))
    return Table(tuple(language.statement[head] for head in HEADS), tuple(rows), _FIGURES)
