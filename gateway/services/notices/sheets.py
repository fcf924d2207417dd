"""A statement as a table of a letter, in the words, numbers and days of a language."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

from gateway.services.notices.letters import Table
from gateway.services.notices.notice import NoticeClass
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


@dataclass(frozen=True, slots=True)
class FeeLine:
    """One bill of a provider: `paid_on` is None while it waits."""

    day: date
    number: str
    owed: Money
    share: Money
    paid_on: date | None


@dataclass(frozen=True, slots=True)
class FeeSheet:
    """A provider's bills of a month, oldest first."""

    lines: Sequence[FeeLine] = field(repr=False)


SHEETS = frozenset({NoticeClass.STATEMENT, NoticeClass.PROVIDER_STATEMENT})
"""Letters with a table of somebody's money."""
_FEE_HEADS = ("day", "visit", "owed", "share", "paid")


def table(language: "Language", sheet: Sheet | FeeSheet) -> Table:
    """The sheet in `language`; the first row of a wallet's is the opening balance."""
    if isinstance(sheet, FeeSheet):
        return _fees(language, sheet)
    rows = [(language.day(sheet.first), language.statement["opening"], "", "", language.amount(sheet.opening))]
    for line in sheet.lines:
        amount = language.amount(line.amount)
        sides = ("", amount) if line.is_debit else (amount, "")
        rows.append((language.day(line.day), language.movements[line.what], *sides, language.amount(line.balance)))
    return Table(tuple(language.statement[head] for head in HEADS), tuple(rows), _FIGURES)


def _fees(language: "Language", sheet: FeeSheet) -> Table:
    rows = [
        (
            language.day(line.day),
            line.number,
            language.amount(line.owed),
            language.amount(line.share),
            language.day(line.paid_on) if line.paid_on else "",
        )
        for line in sheet.lines
    ]
    return Table(tuple(language.fees[head] for head in _FEE_HEADS), tuple(rows), frozenset({2, 3}))
