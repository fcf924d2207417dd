"""What an item of a cycle asks of the ledger, and what a cycle comes to for a merchant. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row

from gateway.services.clearing.model import Kind
from wallet.accounts import Chart
from wallet.ids import transfer_id
from wallet.money import irr
from wallet.transfers import Transfer, TransferCode

SETTLE, FEE, FEE_BACK = "settle", "fee", "fee back"
"""Legs of the transfers of one taking."""


def transfers_of(item: Row[Any], chart: Chart) -> list[Transfer]:
    """One entry: the gross of a purchase and its fee apart, or the fee share that a refund gives back.

    A refund has left the payable already when the host took it; nothing of it is moved again. The ids follow from the
    taking: the same item always asks for the same transfers, whichever cycle it is in.
    """
    clearing = chart.id("merchant_clearing", item.merchant_id)
    payable, income = chart.id("merchant_payable", item.merchant_id), chart.id("fee_income")
    cause, fee = item.taking_id, item.fee_minor
    if item.kind == Kind.REFUND.value:
        if not fee:
            return []
        id_ = transfer_id(cause, FEE_BACK, item.attempt)
        return [Transfer(id_, income, payable, irr(fee), TransferCode.MERCHANT_FEE_RETURNED, cause)]
    if not item.amount_minor:
        return []
    settled = transfer_id(cause, SETTLE, item.attempt)
    legs = [
        Transfer(settled, clearing, payable, irr(item.amount_minor), TransferCode.TAP_SETTLED, cause, linked=bool(fee))
    ]
    if fee:
        paid = transfer_id(cause, FEE, item.attempt)
        legs.append(Transfer(paid, payable, income, irr(fee), TransferCode.MERCHANT_FEE, cause))
    return legs


@dataclass(frozen=True, slots=True)
class Owed:
    """A due that no batch has: its id and what it is."""

    id: str
    minor: int


@dataclass(frozen=True, slots=True)
class Netted:
    """What a cycle leads to: a new due (0 for none), what is carried, and dues that are eaten, with what is left."""

    due_minor: int
    carried_minor: int
    eaten: tuple[tuple[str, int], ...] = ()


def netted(net_minor: int, carried_minor: int, free: Sequence[Owed]) -> Netted:
    """Pay what is carried first; what refunds exceed sales by eats the dues that no batch has, newest first.

    `net + sum(free) - carried` is the same before and after.
    """
    total = net_minor - carried_minor
    if total >= 0:
        return Netted(total, 0)
    lacking, eaten = -total, []
    for due in sorted(free, key=lambda one: one.id, reverse=True):
        if not lacking:
            break
        taken = min(due.minor, lacking)
        lacking -= taken
        eaten.append((due.id, due.minor - taken))
    return Netted(0, lacking, tuple(eaten))
