"""The balances that a book begins with: one amount, or a file of them that is taken whole or refused whole.

Each account is opened by one transfer against equity (off-balance accounts against their own contra), whose id follows
from the account. So the same file twice moves nothing, a file that was cut off by a crash is finished by the next run,
and an account that was opened with another amount is named before anything moves.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from wallet.accounts import Account, AccountKind, AccountState, Chart
from wallet.ids import TransferId, transfer_id
from wallet.ledger import Ledger
from wallet.money import ASSETS, MINOR_MAX, Money
from wallet.transfers import PostResult, Transfer, TransferCode

if TYPE_CHECKING:
    from _csv import Reader as CsvReader

COLUMNS = ("role", "owner", "asset", "debit_minor", "credit_minor")
CAUSE = "opn_00000000000000000000000000"
"""The cause of every opening balance of a file: a book begins once."""
LINKED_MAX = 5000
"""Lines that stand or fall together; a longer file is several entries."""
_EQUITY, _CONTRA = "opening_equity", "guarantee_contra"
_MINOR = re.compile(r"[0-9]{0,19}")
_OWNER = re.compile(r"[\w.:@+-]{0,100}")
_SIDE_MAX = 2**63 - 1


class OpeningFault(StrEnum):
    """Why a line of an opening file is refused."""

    CSV = "this is no CSV; what follows was not read"
    HEADINGS = "the first line is not role,owner,asset,debit_minor,credit_minor"
    FIELDS = "it has not five fields"
    ROLE = "there is no such role in the chart"
    EQUITY = "this account is the other side of the file"
    OWNER_WANTED = "this role has an owner"
    OWNER_UNWANTED = "this role has no owner"
    OWNER = "an owner is up to 100 letters, digits and . : @ + - _"
    ASSET = "there is no such asset"
    AMOUNT = "an amount is a whole number of minor units up to 2^62"
    SIDES = "either the debit or the credit is above 0"
    OVERDRAWN = "an account of this role may not begin on this side"
    TWICE = "an earlier line has this account"
    SUM = "the sum of the file does not fit"
    STATE = "this account is frozen or closed"
    DIFFERS = "this account was opened with another amount"
    REFUSED = "the ledger refused it"


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that is refused, counted from 1, and why; `detail` is what the ledger said."""

    line: int
    fault: OpeningFault
    detail: str = ""


@dataclass(frozen=True, slots=True)
class OpeningLine:
    """An account and what it begins with, `is_debit` or on the credit side."""

    line: int
    account: Account
    amount: Money
    is_debit: bool


@dataclass(slots=True)
class OpeningFile:
    """A file as it was read. With a bad line nothing of it may be posted."""

    lines: list[OpeningLine] = field(default_factory=list)
    bad: list[BadLine] = field(default_factory=list)

    def totals(self) -> dict[str, tuple[int, int]]:
        """Declared debits and credits by asset, in minor units; the difference goes to equity."""
        sums: dict[str, tuple[int, int]] = {}
        for line in self.lines:
            debits, credits_ = sums.get(line.amount.asset.code, (0, 0))
            minor = line.amount.minor
            sums[line.amount.asset.code] = (debits + minor, credits_) if line.is_debit else (debits, credits_ + minor)
        return sums


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did: lines posted now, lines that were in the book already, and what was refused."""

    posted: int
    already: int
    bad: Sequence[BadLine]


def opening(debit: Account, credit: Account, amount: Money, cause: str) -> Transfer:
    """The transfer that opens two accounts with a balance; the same cause and accounts always give the same one."""
    own_id = transfer_id(cause, f"opening {debit.code} {credit.code}")
    return Transfer(own_id, debit.id, credit.id, amount, TransferCode.OPENING, cause)


async def open_books(ledger: Ledger, chart: Chart, amount: Money, cause: str) -> PostResult:
    """Open trust bank against funding with `amount`; asking again with the same cause moves nothing."""
    bank, funding = chart.account("trust_bank", asset=amount.asset), chart.account("funding", asset=amount.asset)
    await ledger.open_accounts(bank, funding)
    (result,) = await ledger.post(opening(bank, funding, amount, cause))
    return result


def read_opening(text: Iterable[str], chart: Chart) -> OpeningFile:
    """Read a file of opening balances (CSV, RFC 4180); every bad line is reported, not just the first."""
    rows = csv.reader(text)
    found = OpeningFile()
    try:
        if tuple(next(rows, ())) != COLUMNS:
            found.bad.append(BadLine(1, OpeningFault.HEADINGS))
        else:
            _read(rows, chart, found)
    except csv.Error:
        found.bad.append(BadLine(rows.line_num, OpeningFault.CSV))
    return found


async def import_opening(ledger: Ledger, chart: Chart, file: OpeningFile) -> Imported:
    """Post a file's balances; nothing is posted if any line is bad.

    What the ledger alone refuses takes its entry and all after it down; entries before it stand.
    """
    if file.bad:
        return Imported(0, 0, file.bad)
    bad: list[BadLine] = []
    wanted: list[tuple[OpeningLine, Transfer]] = []
    for line in file.lines:
        found = await _wanted(ledger, chart, line)
        if isinstance(found, OpeningFault):
            bad.append(BadLine(line.line, found))
        elif found is not None:
            wanted.append((line, found))
    already = len(file.lines) - len(wanted) - len(bad)
    if bad:
        return Imported(0, already, bad)
    posted = 0
    for portion in _portions(wanted):
        await ledger.open_accounts(*_accounts(chart, portion))
        entry = [replace(transfer, linked=transfer is not portion[-1][1]) for _, transfer in portion]
        results = await ledger.post(*entry)
        bad += [
            BadLine(line.line, OpeningFault.REFUSED, result.outcome.name)
            for (line, _), result in zip(portion, results, strict=True)
            if not result.outcome.stands
        ]
        if bad:
            break
        posted += len(portion)
    return Imported(posted, already, bad)


async def _wanted(ledger: Ledger, chart: Chart, line: OpeningLine) -> Transfer | OpeningFault | None:
    """What is still to be posted for a line: nothing if it is in the book."""
    if await ledger.state(line.account.id) not in (None, AccountState.OPEN):
        return OpeningFault.STATE
    attempt = 0
    while True:
        transfer = _transfer(chart, line, transfer_id(CAUSE, f"opening {line.account.code}", attempt))
        earlier = await ledger.result(transfer.id)
        if earlier is None:
            return transfer
        if earlier.outcome.stands:
            asked = (earlier.transfer.debit, earlier.transfer.credit, earlier.transfer.amount)
            same = asked == (transfer.debit, transfer.credit, transfer.amount)
            return None if same else OpeningFault.DIFFERS
        # A refusal is kept for ever under its id; what was wrong then may be right by now.
        attempt += 1


def _transfer(chart: Chart, line: OpeningLine, own_id: TransferId) -> Transfer:
    other = _other(chart, line.account)
    debit, credit = (line.account, other) if line.is_debit else (other, line.account)
    return Transfer(own_id, debit.id, credit.id, line.amount, TransferCode.OPENING, CAUSE)


def _other(chart: Chart, account: Account) -> Account:
    return chart.account(_CONTRA if account.kind is AccountKind.OFF_BALANCE else _EQUITY, asset=account.asset)


def _accounts(chart: Chart, portion: Sequence[tuple[OpeningLine, Transfer]]) -> list[Account]:
    own = [line.account for line, _ in portion]
    return [*{other.id: other for other in (_other(chart, account) for account in own)}.values(), *own]


def _portions(wanted: Sequence[tuple[OpeningLine, Transfer]]) -> Iterator[Sequence[tuple[OpeningLine, Transfer]]]:
    for start in range(0, len(wanted), LINKED_MAX):
        yield wanted[start : start + LINKED_MAX]


def _read(rows: "CsvReader", chart: Chart, found: OpeningFile) -> None:
    seen: set[str] = set()
    sums: dict[tuple[str, bool], int] = {}
    for row in rows:
        line = _line(row, rows.line_num, chart)
        if isinstance(line, OpeningLine):
            side = line.amount.asset.code, line.is_debit
            sums[side] = sums.get(side, 0) + line.amount.minor
            if line.account.code in seen:
                line = OpeningFault.TWICE
            elif sums[side] > _SIDE_MAX:
                line = OpeningFault.SUM
        if isinstance(line, OpeningFault):
            found.bad.append(BadLine(rows.line_num, line))
        else:
            seen.add(line.account.code)
            found.lines.append(line)


def _line(row: Sequence[str], number: int, chart: Chart) -> OpeningLine | OpeningFault:
    if len(row) != len(COLUMNS):
        return OpeningFault.FIELDS
    role, owner, asset, debit, credit = row
    account = _account(role, owner, asset, chart)
    if isinstance(account, OpeningFault):
        return account
    if not (_MINOR.fullmatch(debit) and _MINOR.fullmatch(credit)):
        return OpeningFault.AMOUNT
    debit_minor, credit_minor = int(debit or 0), int(credit or 0)
    if max(debit_minor, credit_minor) > MINOR_MAX:
        return OpeningFault.AMOUNT
    if (debit_minor > 0) == (credit_minor > 0):
        return OpeningFault.SIDES
    limits = account.limits
    if (debit_minor and limits.debit_excess_max == 0) or (credit_minor and limits.credit_excess_max == 0):
        return OpeningFault.OVERDRAWN
    return OpeningLine(number, account, Money(debit_minor or credit_minor, account.asset), debit_minor > 0)


def _account(role: str, owner: str, asset: str, chart: Chart) -> Account | OpeningFault:
    line = chart.roles.get(role)
    if line is None:
        return OpeningFault.ROLE
    if role in (_EQUITY, _CONTRA):
        return OpeningFault.EQUITY
    if line.owned != bool(owner):
        return OpeningFault.OWNER_WANTED if line.owned else OpeningFault.OWNER_UNWANTED
    if not _OWNER.fullmatch(owner):
        return OpeningFault.OWNER
    return chart.account(role, owner, ASSETS[asset]) if asset in ASSETS else OpeningFault.ASSET
