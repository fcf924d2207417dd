"""Rows and their values, and the history that every change leaves."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, Table, select

from gateway.services.history import History
from gateway.services.providers.model import (
    Change,
    CoPayment,
    Fee,
    FeeLine,
    FeeState,
    LineReason,
    Price,
    Provider,
    ProviderKind,
    ProviderState,
    Visit,
    VisitState,
)
from gateway.services.providers.ports import Parts
from gateway.services.providers.tables import changes
from wallet.money import ASSETS, IRR, Money

add_change = History(changes, "subject_id").add
"""Writes the next row of its history; the caller holds the subject's row."""


class Book:
    """What every half of this service is made of."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._store = parts.store
        self._clock = parts.clock
        self._settings = parts.settings

    async def history(self, subject_id: str) -> list[Change]:
        """Everything that happened to a provider, a price list, a visit or a fee, oldest first."""
        query = select(changes).where(changes.c.subject_id == subject_id).order_by(changes.c.seq)
        return [
            Change(row.subject_id, row.seq, row.what, row.staff_id, row.note, row.at)
            for row in await self._store.read(query)
        ]


def held(tx: Connection, table: Table, id_: str) -> Row[Any] | None:
    """The row with this id, locked until the unit of work is over."""
    return tx.execute(select(table).where(table.c.id == id_).with_for_update(key_share=True)).one_or_none()


def provider_of(row: Row[Any]) -> Provider:
    """The provider in a row."""
    return Provider(
        row.id, row.till, row.name, ProviderKind(row.kind), row.msisdn, row.language, row.email, row.iban,
        ProviderState(row.state), row.registered_by, row.registered_at,
    )  # fmt: skip


def price_of(row: Row[Any]) -> Price:
    """The price in a row."""
    return Price(row.code, row.title, Money(row.price_minor, ASSETS[row.asset]), row.cover_percent, row.quantity_max)


def visit_of(row: Row[Any]) -> Visit:
    """The visit in a row."""
    cap = None if row.cap_minor is None else Money(row.cap_minor, IRR)
    return Visit(
        row.id, row.number, row.provider_id, row.person_id, VisitState(row.state), row.opened_at, row.expires_at,
        row.opened_by, row.reason, cap,
    )  # fmt: skip


def fee_of(row: Row[Any]) -> Fee:
    """The fee in a row."""
    asset = ASSETS[row.asset]
    return Fee(
        row.id, row.visit_id, row.provider_id, row.person_id, FeeState(row.state), Money(row.asked_minor, asset),
        Money(row.covered_minor, asset), Money(row.share_minor, asset), CoPayment(row.co_payment), row.submitted_at,
        row.decided_by, row.decided_at, row.reason, row.batch_id, row.paid_at,
    )  # fmt: skip


def line_of(row: Row[Any]) -> FeeLine:
    """The line in a row."""
    return FeeLine(
        row.number, row.code, row.title, row.quantity, Money(row.asked_minor, IRR), Money(row.adjusted_minor, IRR),
        Money(row.approved_minor, IRR), Money(row.covered_minor, IRR), LineReason(row.reason) if row.reason else None,
    )  # fmt: skip


def line_rows(fee_id: str, lines: Sequence[FeeLine]) -> list[dict[str, object]]:
    """The rows of a bill's lines."""
    return [
        {
            "fee_id": fee_id,
            "number": line.number,
            "code": line.code,
            "title": line.title,
            "quantity": line.quantity,
            "asked_minor": line.asked.minor,
            "adjusted_minor": line.adjusted.minor,
            "approved_minor": line.approved.minor,
            "covered_minor": line.covered.minor,
            "reason": line.reason.value if line.reason else "",
        }
        for line in lines
    ]
