"""Queries about the book as it was: every row holds its accounts' balances, so the last row up to a position tells.

Each account costs two probes of the indexes (debit_id, position) and (credit_id, position), and a moment becomes a
position by one probe of block(booked_at): O(log n), however long the log is. Statements are made once, since making one
takes longer than it runs.
"""

from datetime import date
from enum import Enum
from functools import cache
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, Row, Select, bindparam, case, func, select, tuple_, union_all

from wallet.accounts import Account
from wallet.ids import AccountId
from wallet.ledger import rows
from wallet.ledger.schema import account, block, transfer
from wallet.transfers import Balances, TransferKind
from wallet.types import Id128, Int64

_FIGURES = ("debits_posted", "credits_posted", "debits_held", "credits_held", "version")
_MOVING = tuple(kind.value for kind in TransferKind if kind.moves)
_PART = 2**32
"""Sums are taken of the high and the low half of each amount: SQLite cannot sum beyond 63 bits."""

Sums = dict[AccountId, int]
"""Minor units by account."""


@cache
def position_at() -> Select[tuple[int]]:
    """The last position that was booked at the moment `at` or before; no row if nothing was."""
    last = block.c.first_position + block.c.transfers - 1
    newest = (block.c.booked_at.desc(), block.c.number.desc())
    return select(last).where(block.c.booked_at <= bindparam("at")).order_by(*newest).limit(1)


class Which(Enum):
    """Which accounts `standing` gives, and in what order."""

    ONE = "one"
    """That with the id `own`."""
    BY_CODE = "by code"
    """`page` accounts with codes after `after`."""
    BY_ID = "by id"
    """The first `page` accounts."""
    BY_LATER_ID = "by later id"
    """`page` accounts with ids after `after`."""


@cache
def standing(dialect: str, which: Which) -> Select[Any]:
    """Accounts with the figures after their last row up to the parameter `position`; see `standing_of`."""
    by = account.c.code if which is Which.BY_CODE else account.c.id
    wanted = select(account).order_by(by)
    one = which is Which.ONE
    wanted = wanted.where(account.c.id == bindparam("own")) if one else wanted.limit(_parameter("page"))
    if which in (Which.BY_CODE, Which.BY_LATER_ID):
        wanted = wanted.where(by > bindparam("after"))
    page = wanted.subquery()
    last = [_last(dialect, side, page.c.id).label(f"last_{side}") for side in ("debit", "credit")]
    # Materialized, or PostgreSQL would probe anew for each figure that depends on it.
    found = select(page, *last).cte("found").prefix_with("MATERIALIZED")
    debit, credit = transfer.alias("debit_row"), transfer.alias("credit_row")
    later = func.coalesce(found.c.last_debit, 0) > func.coalesce(found.c.last_credit, 0)
    figures = [
        func.coalesce(case((later, debit.c[f"debit_{name}"]), else_=credit.c[f"credit_{name}"]), 0).label(f"at_{name}")
        for name in _FIGURES
    ]
    query = select(*(found.c[column.name] for column in account.c), *figures)
    joined = query.outerjoin(debit, debit.c.position == found.c.last_debit)
    return joined.outerjoin(credit, credit.c.position == found.c.last_credit).order_by(found.c[by.name])


def standing_of(row: Row[Any]) -> tuple[Account, Balances]:
    """A row of `standing`: an account that no row had touched yet has balances of zero."""
    width = len(account.c)
    found, _, _ = rows.account_of(row[:width])
    return found, Balances(*row[width:])


@cache
def movements(dialect: str, side: str, *, newest: bool) -> Select[Any]:
    """Rows of the account `own` on one side with positions in (`after`, `through`], at most `page` of them.

    All four are parameters; the newest or the oldest come first.
    """
    account_id, position = transfer.c[f"{side}_id"], transfer.c.position
    own, after, through = bindparam("own", type_=Id128()), _parameter("after"), _parameter("through")
    if dialect == "postgresql":
        key = tuple_(account_id, position)
        bounds = [key > tuple_(own, after), key <= tuple_(own, through)]
    else:
        bounds = [account_id == own, position > after, position <= through]
    order = [column.desc() if newest else column for column in (account_id, position)]
    return select(transfer).where(*bounds).order_by(*order).limit(_parameter("page"))


def _last(dialect: str, side: str, own: ColumnElement[Any]) -> Any:  # noqa: ANN401 - a scalar subquery
    """The last position up to `position` with an account on one side, NULL if there is none."""
    account_id, column = transfer.c[f"{side}_id"], transfer.c.position
    position = _parameter("position")
    if dialect != "postgresql":
        return select(func.max(column)).where(account_id == own, column <= position).scalar_subquery()
    # Compared as one value with the index's two columns. Were the account compared apart, PostgreSQL might walk down
    # the positions instead and hope to meet the account soon.
    before = tuple_(account_id, column) <= tuple_(own, position)
    query = select(case((account_id == own, column))).where(before)
    return query.order_by(account_id.desc(), column.desc()).limit(1).scalar_subquery()


def _parameter(name: str) -> BindParameter[int]:
    return bindparam(name, type_=Int64)


def shifted(side: str, position: int, through: date, seen: int) -> Select[Any]:
    """What rows with an effective date of their own add to each account's sum of one side through a business day.

    `position` is the last one booked before the end of that day, `seen` up to where later rows count: those dated
    into the day or before add, and those booked by then but dated after it are taken away. See `shift_of`.
    """
    own, dated = transfer.c[f"{side}_id"].label("own"), transfer.c.effective_on
    # The sum keeps a planner from reading a range of positions, which grows with the log: rows with an effective date
    # of their own are few and have an index.
    column = transfer.c.position + 0
    high, low = halves(transfer.c.amount)
    moved = transfer.c.kind.in_(_MOVING)
    late = select(own, high.label("high"), low.label("low")).where(moved, dated <= through, column > position)
    early = select(own, -high, -low).where(moved, dated > through, column <= position)
    rows_ = union_all(late.where(column <= seen), early).subquery()
    return select(rows_.c.own, func.sum(rows_.c.high), func.sum(rows_.c.low)).group_by(rows_.c.own)


def shift_of(row: Row[Any]) -> tuple[AccountId, int]:
    """A row of `shifted`."""
    own, high, low = row
    return AccountId(own), whole(high, low)


def late(through: date, after: int) -> Select[tuple[int]]:
    """The first row after a position that moves something and is dated through a day; no row if none is."""
    column = transfer.c.position
    moved = transfer.c.kind.in_(_MOVING)
    return select(column).where(column > after, transfer.c.effective_on <= through, moved).order_by(column).limit(1)


def role_sums() -> Select[Any]:
    """Today's posted sums by kind, role and asset, in that order; see `role_sum_of`."""
    keys = (account.c.kind, account.c.role, account.c.asset)
    debits, credits_ = halves(account.c.debits_posted), halves(account.c.credits_posted)
    sums = [func.sum(part) for part in (*debits, *credits_)]
    return select(*keys, func.count(), *sums).group_by(*keys).order_by(*keys)


def role_sum_of(row: Row[Any]) -> tuple[str, str, str, int, int, int]:
    """A row of `role_sums`: kind, role, asset, accounts, debits, credits."""
    kind, role, asset, count, debits_high, debits_low, credits_high, credits_low = row
    return kind, role, asset, count, whole(debits_high, debits_low), whole(credits_high, credits_low)


def halves(column: ColumnElement[int]) -> tuple[ColumnElement[int], ColumnElement[int]]:
    """The high and the low half of minor units, to be summed apart; see `whole`."""
    return column // _PART, column % _PART


def whole(high: int, low: int) -> int:
    """The sum of two summed halves."""
    # PostgreSQL gives the sum of a bigint as a numeric.
    return int(high) * _PART + int(low)
