"""Rows of clearing as values, and the exceptions that units of work open and close."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select, update

from gateway.services.clearing.model import (
    DESK,
    BatchState,
    ClearingException,
    Cycle,
    CycleItem,
    CycleState,
    DueState,
    ExceptionState,
    ExceptionType,
    Kind,
    MerchantDue,
    Share,
    TerminalBatch,
    Totals,
    Upload,
)
from gateway.services.clearing.tables import BATCHES, EXCEPTIONS
from gateway.store import insert_ignore
from wallet.clock import Clock
from wallet.ids import new_id
from wallet.money import irr


def open_exception(
    tx: Connection,
    clock: Clock,
    type_: ExceptionType,
    subject: str,
    detail: Mapping[str, str],
    *,
    batch_id: str = "",
    merchant_id: str = "",
    terminal_id: str = "",
) -> bool:
    """Open an exception of a subject; nothing if there is one of this type already, resolved or not."""
    row = {
        "id": new_id("exc", clock), "type": type_.value, "subject": subject, "batch_id": batch_id,
        "merchant_id": merchant_id, "terminal_id": terminal_id, "detail": dict(detail), "owner": DESK,
        "state": ExceptionState.OPEN.value, "opened_at": clock.now(), "reason": "", "resolved_by": "",
        "resolved_at": None,
    }  # fmt: skip
    return insert_ignore(tx, EXCEPTIONS, row)


def reopen_exception(tx: Connection, type_: ExceptionType, subject: str, detail: Mapping[str, str]) -> None:
    """The same again, after it was resolved once: it is open anew."""
    mine = (EXCEPTIONS.c.type == type_.value) & (EXCEPTIONS.c.subject == subject)
    again = {"state": ExceptionState.OPEN.value, "reason": "", "resolved_by": "", "resolved_at": None}
    tx.execute(update(EXCEPTIONS).where(mine).values(detail=dict(detail), **again))


def resolve_exception(tx: Connection, type_: ExceptionType, subject: str, by: str, reason: str, now: datetime) -> None:
    """Close it, if it is open."""
    mine = (EXCEPTIONS.c.type == type_.value) & (EXCEPTIONS.c.subject == subject)
    is_open = EXCEPTIONS.c.state == ExceptionState.OPEN.value
    done = {"state": ExceptionState.RESOLVED.value, "reason": reason, "resolved_by": by, "resolved_at": now}
    tx.execute(update(EXCEPTIONS).where(mine, is_open).values(**done))


def held_batch(tx: Connection, batch_id: str) -> Row[Any]:
    """A batch's row, held until the end of the unit."""
    return tx.execute(select(BATCHES).where(BATCHES.c.id == batch_id).with_for_update(key_share=True)).one()


def totals_json(totals: Totals) -> dict[str, int]:
    """As it is stored."""
    return {
        "debits": totals.debits, "debits_minor": totals.debits_minor, "credits": totals.credits,
        "credits_minor": totals.credits_minor,
    }  # fmt: skip


def batch_of(row: Row[Any]) -> TerminalBatch:
    """A batch's row as a value."""
    return TerminalBatch(
        row.id, row.terminal_id, row.merchant_id, row.number, row.round, BatchState(row.state),
        Totals(**row.terminal_totals) if row.terminal_totals else None,
        Totals(**row.host_totals) if row.host_totals else None, row.tries, row.opened_at, row.closed_at,
    )  # fmt: skip


def upload_of(row: Row[Any], *, closed: bool = False) -> Upload:
    """An item that a terminal has sent, as a value; in a batch that is `closed` it matches unless it says otherwise."""
    fate = row.fate or ("same" if closed else "")
    return Upload(Kind(row.kind), row.stan, row.rrn, row.approval, irr(row.amount_minor), fate)


def exception_of(row: Row[Any]) -> ClearingException:
    """An exception's row as a value."""
    return ClearingException(
        row.id, ExceptionType(row.type), row.subject, row.batch_id, row.merchant_id, row.terminal_id, row.detail,
        row.owner, ExceptionState(row.state), row.opened_at, row.reason, row.resolved_by, row.resolved_at,
    )  # fmt: skip


def cycle_of(row: Row[Any]) -> Cycle:
    """A cycle's row as a value."""
    return Cycle(
        row.id, row.business_on, row.number, row.cut_at, CycleState(row.state), row.item_count, irr(row.gross_minor),
        irr(row.fee_minor), irr(row.refund_minor), irr(row.fee_back_minor), row.opened_at, row.finished_at,
    )  # fmt: skip


def share_of(row: Row[Any]) -> Share:
    """What a cycle came to for a merchant, as a value."""
    return Share(
        row.cycle_id, row.merchant_id, row.item_count, irr(row.gross_minor), irr(row.fee_minor), irr(row.refund_minor),
        irr(row.fee_back_minor), row.net_minor, irr(row.due_minor), irr(row.carried_minor),
    )  # fmt: skip


def item_of(row: Row[Any]) -> CycleItem:
    """A cycle's item as a value."""
    return CycleItem(
        row.taking_id, row.cycle_id, row.merchant_id, row.terminal_id, Kind(row.kind), row.business_on,
        irr(row.amount_minor), irr(row.fee_minor), row.state,
    )  # fmt: skip


def due_of(row: Row[Any]) -> MerchantDue:
    """A merchant's due as a value."""
    return MerchantDue(
        row.id, row.merchant_id, row.cycle_id, irr(row.amount_minor), DueState(row.state), row.batch_id, row.reason,
        row.paid_at,
    )  # fmt: skip
