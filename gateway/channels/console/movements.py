"""Movements and transfers as tables; every row leads to what caused it."""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from gateway.channels.console.cells import Cell, Chip, Code, Column, Link, Table
from wallet.accounts import Account
from wallet.ids import AccountId
from wallet.money import Asset, Money
from wallet.transfers import LogRow, Movement, Transfer, TransferKind

CAUSE = "[a-z]{2,8}_[A-Za-z0-9_.:-]{1,60}"
"""The form of a cause in a path."""


def is_moment(value: object) -> bool:
    """Whether a cell is a moment or a day, which never breaks over lines."""
    return isinstance(value, date)


def code_chip(transfer: Transfer) -> Chip:
    """Why money moved."""
    return Chip(f"transfer_code.{transfer.code.name.lower()}")


def kind_chip(transfer: Transfer) -> Chip:
    """What the transfer did to the balances; what moves nothing yet stands out."""
    return Chip(f"transfer_kind.{transfer.kind.value}", "wait" if transfer.kind is TransferKind.HOLD else "plain")


def cause_link(transfer: Transfer) -> Cell:
    """The way back to what caused a transfer."""
    return cause_of(transfer.cause)


def cause_of(cause: str) -> Cell:
    """The way to a cause; nothing for none."""
    if not cause:
        return None
    return Link(cause, f"/cause/{cause}", code=True) if re.fullmatch(CAUSE, cause) else Code(cause)


def place(position: int, transfer: Transfer, *, drill: bool) -> Cell:
    """A position of the log; for whoever may see the ledger it leads to the transfer."""
    return Link(position, f"/ledger/transfers/{transfer.id}") if drill else position


def movement_table(
    name: str,
    rows: Sequence[Movement],
    asset: Asset,
    *,
    debit_grows: bool = False,
    more: str | None = None,
    exports: str | None = None,
    asked: str = "",
    drill: bool = False,
) -> Table[Any]:
    """One account's movements as they are given. `debit_grows` shows balances from the side of an asset account."""
    sign = -1 if debit_grows else 1
    return Table(
        name=name,
        columns=[
            Column("booked", lambda row: row.booked_at),
            Column("code", lambda row: code_chip(row.transfer)),
            Column("transfer_kind", lambda row: kind_chip(row.transfer)),
            Column("debit", lambda row: row.transfer.amount if row.is_debit else None, end=True),
            Column("credit", lambda row: None if row.is_debit else row.transfer.amount, end=True),
            Column("balance", lambda row: Money(sign * row.balances.net_credit, asset), end=True),
            Column("cause", lambda row: cause_link(row.transfer)),
            Column("position", lambda row: place(row.position, row.transfer, drill=drill), end=True),
        ],
        rows=rows,
        empty="empty.movements",
        more=more,
        exports=exports,
        asked=asked,
    )


def journal_table(
    name: str,
    rows: Sequence[LogRow],
    accounts: Mapping[AccountId, Account],
    *,
    more: str | None = None,
    exports: str | None = None,
    asked: str = "",
    drill: bool = False,
    empty: str = "empty.journal",
) -> Table[LogRow]:
    """Transfers with both accounts, as the log has them; `drill` leads to each for whoever may see the ledger."""
    return Table(
        name=name,
        columns=[
            Column("position", lambda row: place(row.position, row.transfer, drill=drill), end=True),
            Column("booked", lambda row: row.booked_at),
            Column("code", lambda row: code_chip(row.transfer)),
            Column("transfer_kind", lambda row: kind_chip(row.transfer)),
            Column("amount", lambda row: row.transfer.amount, end=True),
            Column("debit_account", lambda row: account_link(row.transfer.debit, accounts)),
            Column("credit_account", lambda row: account_link(row.transfer.credit, accounts)),
            Column("cause", lambda row: cause_link(row.transfer)),
        ],
        rows=rows,
        empty=empty,
        more=more,
        exports=exports,
        asked=asked,
    )


def account_link(account: AccountId, accounts: Mapping[AccountId, Account]) -> Cell:
    """An account by role and owner, which leads to its page; the amount beside it says the asset."""
    known = accounts.get(account)
    if known is None:
        return Code(str(account))
    name = ":".join(part for part in (known.role, known.owner) if part)
    return Link(name, f"/ledger/accounts/{account}", code=True)
