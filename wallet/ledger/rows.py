"""Rows of the ledger's tables to values and back; one place knows the order of the columns."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from wallet.accounts import Account, AccountKind, AccountState, Limits, NormalSide
from wallet.clock import to_us
from wallet.ids import AccountId, TransferId
from wallet.ledger.book import Booked, Changed, Refused, Side
from wallet.ledger.chain import Block
from wallet.money import ASSETS, Asset, AssetKind, Money
from wallet.periods import Period, PeriodState
from wallet.transfers import (
    Balances,
    BalancesAfter,
    Balancing,
    LogRow,
    Outcome,
    PostResult,
    Transfer,
    TransferCode,
    TransferKind,
)

Raw = tuple[object, ...]
"""Values as the drivers take them, in the order of the table's columns."""

_KINDS = {kind.value: kind for kind in TransferKind}
_CODES = {int(code): code for code in TransferCode}
_STATES = {state.value: state for state in AccountState}
_BALANCINGS = {None: Balancing.NO, "debit": Balancing.DEBIT, "credit": Balancing.CREDIT}


def booked_raw(row: Booked, leaf: bytes) -> Raw:
    """Columns of `transfer`."""
    transfer, debit, credit = row.transfer, row.after.debit, row.after.credit
    return (
        row.position, transfer.id, row.entry_id, row.leg, transfer.kind.value, transfer.debit, transfer.credit,
        transfer.amount.asset.code, transfer.amount.minor, int(transfer.code), transfer.cause, transfer.hold_id,
        _us(transfer.expires_at), _iso(transfer.effective_on), int(transfer.linked), to_us(row.booked_at),
        debit.debits_posted, debit.credits_posted, debit.debits_held, debit.credits_held, debit.version,
        credit.debits_posted, credit.credits_posted, credit.debits_held, credit.credits_held, credit.version,
        leaf, transfer.cites, _balancing(transfer), transfer.asked_minor,
    )  # fmt: skip


def refused_raw(row: Refused, block: int, place: int, leaf: bytes) -> Raw:
    """Columns of `refusal`."""
    transfer = row.transfer
    return (
        transfer.id, block, place, int(row.outcome), row.entry_id, row.leg, transfer.kind.value, transfer.debit,
        transfer.credit, transfer.amount.asset.code, str(transfer.amount.minor), int(transfer.code), transfer.cause,
        transfer.hold_id, _us(transfer.expires_at), _iso(transfer.effective_on), int(transfer.linked),
        to_us(row.refused_at), leaf, transfer.cites, _balancing(transfer),
    )  # fmt: skip


def changed_raw(row: Changed, block: int, place: int, leaf: bytes) -> Raw:
    """Columns of `account_change`."""
    return (
        block, place, row.account.id, row.state.value, row.limits.debit_excess_max, row.limits.credit_excess_max,
        row.cause, to_us(row.changed_at), leaf,
    )  # fmt: skip


def open_hold_raw(row: Booked) -> Raw:
    """Columns of `open_hold`."""
    hold = row.transfer
    return hold.id, row.position, hold.debit, hold.credit, _us(hold.expires_at)


def side_raw(side: Side) -> tuple[AccountId, int, int, int, int, int]:
    """An account's id and its figures."""
    return side.id, side.debits_posted, side.credits_posted, side.debits_held, side.credits_held, side.version


def account_raw(account: Account, opened_at: datetime) -> Raw:
    """Columns of `account`, newly opened."""
    return (
        account.id, account.asset.code, account.code, account.role, account.owner, account.kind.value,
        account.normal.value, to_us(opened_at), AccountState.OPEN.value, account.limits.debit_excess_max,
        account.limits.credit_excess_max, 0, 0, 0, 0, 0,
    )  # fmt: skip


def period_raw(row: Period, block: int, place: int, leaf: bytes) -> Raw:
    """Columns of `period`."""
    return (
        row.through.isoformat(), row.state.value, block, place, row.position, row.seal, row.cause,
        to_us(row.closed_at), leaf,
    )  # fmt: skip


def block_raw(block: Block) -> Raw:
    """Columns of `block`."""
    return (
        block.number, block.first_position, block.transfers, block.refusals, to_us(block.booked_at), block.previous,
        block.root, block.hash, block.changes, block.lag_us,
    )  # fmt: skip


def booked_of(row: Sequence[Any]) -> Booked:
    """A row of `transfer`."""
    (
        position, id_, entry_id, leg, kind, debit, credit, asset, amount, code, cause, hold_id, expires_at,
        effective_on, linked, booked_at, *figures, _leaf, cites, balancing, asked,
    ) = row  # fmt: skip
    transfer = Transfer(
        TransferId(id_), AccountId(debit), AccountId(credit), Money(amount, asset_of(asset)), _CODES[code], cause,
        _KINDS[kind], hold_id, expires_at, effective_on, linked, cites, _BALANCINGS[balancing], asked,
    )  # fmt: skip
    after = BalancesAfter(Balances(*figures[:5]), Balances(*figures[5:10]))
    return Booked(position, transfer, booked_at, after, TransferId(entry_id), leg)


def refused_of(row: Sequence[Any]) -> Refused:
    """A row of `refusal`."""
    (
        id_, _block, _place, outcome, entry_id, leg, kind, debit, credit, asset, amount, code, cause, hold_id,
        expires_at, effective_on, linked, refused_at, _leaf, cites, balancing,
    ) = row  # fmt: skip
    transfer = Transfer(
        TransferId(id_), AccountId(debit), AccountId(credit), Money(int(amount), asset_of(asset)), _CODES[code],
        cause, _KINDS[kind], hold_id, expires_at, effective_on, linked, cites, _BALANCINGS[balancing],
    )  # fmt: skip
    return Refused(transfer, Outcome(outcome), refused_at, TransferId(entry_id), leg)


def account_of(row: Sequence[Any]) -> tuple[Account, AccountState, Balances]:
    """A row of `account`."""
    id_, asset, _code, role, owner, kind, normal, _opened_at, state, debit_excess, credit_excess, *figures = row
    limits = Limits(debit_excess, credit_excess)
    account = Account(AccountId(id_), role, owner, asset_of(asset), AccountKind(kind), NormalSide(normal), limits)
    return account, AccountState(state), Balances(*figures)


def side_of(row: Sequence[Any]) -> Side:
    """The live figures of an account, as the lookup of sides selects them."""
    id_, asset, state, *figures = row
    return Side(id_, asset, _STATES[state], *figures)


def side_of_account(row: Sequence[Any]) -> Side:
    """The live figures in a whole row of `account`."""
    id_, asset, *_, state, debit_excess, credit_excess, dp, cp, dh, ch, version = row
    return Side(id_, asset, _STATES[state], debit_excess, credit_excess, dp, cp, dh, ch, version)


def period_of(row: Sequence[Any]) -> Period:
    """A row of `period`."""
    through, state, _block, _place, position, seal, cause, closed_at, _leaf = row
    return Period(through, PeriodState(state), position, seal, cause, closed_at)


def new_side(account: Account) -> Side:
    """The live figures of an account that is just being opened."""
    limits = account.limits
    return Side(account.id, account.asset.code, AccountState.OPEN, limits.debit_excess_max, limits.credit_excess_max)


def block_of(row: Sequence[Any]) -> Block:
    """A row of `block`."""
    return Block(*row)


def log_row_of(row: Booked) -> LogRow:
    """What callers see of a transfer row."""
    return LogRow(row.position, row.transfer, row.booked_at, row.after)


def first_result_of(row: Booked | Refused) -> PostResult:
    """What the ledger answered the first time."""
    if isinstance(row, Refused):
        return PostResult(row.outcome, row.transfer)
    return PostResult(Outcome.POSTED, row.transfer, row.after)


def asset_of(code: str) -> Asset:
    """The asset of a code; a refused one may be none of ours."""
    return ASSETS.get(code) or Asset(code, 0, AssetKind.CURRENCY)


def _balancing(transfer: Transfer) -> str | None:
    return None if transfer.balancing is Balancing.NO else transfer.balancing.value


def _us(moment: datetime | None) -> int | None:
    return None if moment is None else to_us(moment)


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
