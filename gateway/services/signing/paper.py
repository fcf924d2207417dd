"""Documents and signatures as rows, and what every half of this service does with them inside a unit of work."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select, update

from gateway.services.history import History
from gateway.services.signing.model import (
    Document,
    DocumentState,
    Event,
    EventKind,
    Need,
    Signature,
    Waiting,
)
from gateway.services.signing.rules import NEEDED, Paper, missing
from gateway.services.signing.tables import documents, events, signatures
from wallet.money import ASSETS, Money

add_event = History(events, "document_id").add
"""Writes the next row of its history; the caller holds the document's row."""

VOIDED = "what it is about was changed"
ANEW = "asked for anew"


def document_of(row: Row[Any]) -> Document:
    """The document in a row."""
    return Document(
        kind=row.kind,
        subject=row.subject,
        digest=row.digest,
        texts=row.texts,
        title=row.title,
        made_by=frozenset(row.made_by),
        roles=frozenset(row.roles),
        amount=Money(row.amount, ASSETS[row.asset]) if row.asset else None,
        expires_at=row.expires_at,
    )


def signature_of(row: Row[Any]) -> Signature:
    """The signature in a row."""
    by_phone = bool(row.cms)
    return Signature(row.staff_id, row.principal, by_phone, row.serial, row.certificate, row.code, row.signed_at)


def paper_of(row: Row[Any], signed: Sequence[Row[Any]]) -> Paper:
    """The document in a row with its signatures, as the rules look at it."""
    return Paper(
        state=DocumentState(row.state),
        need=Need(row.need),
        roles=frozenset(row.roles),
        made_by=frozenset(row.made_by),
        expires_at=row.expires_at,
        signed=[(one.staff_id, one.principal) for one in signed],
    )


def waiting_of(row: Row[Any], signed: Sequence[Row[Any]]) -> Waiting:
    """The document in a row, as staff see it."""
    return Waiting(
        id=row.id,
        document=document_of(row),
        need=Need(row.need),
        state=DocumentState(row.state),
        signatures=tuple(signature_of(one) for one in signed),
        missing=missing(paper_of(row, signed)),
        asked_at=row.asked_at,
        reason=row.reason,
    )


def held(tx: Connection, document_id: str) -> Row[Any] | None:
    """The document's row, locked."""
    query = select(documents).where(documents.c.id == document_id).with_for_update(key_share=True)
    return tx.execute(query).one_or_none()


def signatures_in(tx: Connection, document_id: str) -> Sequence[Row[Any]]:
    """Its signatures, oldest first."""
    mine = select(signatures).where(signatures.c.document_id == document_id).order_by(signatures.c.signed_at)
    return tx.execute(mine).all()


def end(tx: Connection, document_id: str, state: DocumentState, reason: str, now: datetime) -> None:
    """Let it end in a state, with what follows still to be done; the caller holds its row."""
    values = {"state": state, "reason": reason, "ended_at": now, "due": document_id}
    if state is DocumentState.VOID:
        values |= {"current_key": None, "due": None}
    tx.execute(update(documents).where(documents.c.id == document_id).values(values))


def end_if_whole(tx: Connection, row: Row[Any], now: datetime) -> bool:
    """Let it be signed if every signature that it needs is there; whether it is."""
    whole = len(signatures_in(tx, row.id)) >= NEEDED[Need(row.need)]
    if whole:
        end(tx, row.id, DocumentState.SIGNED, "", now)
    return whole


def event_of(row: Row[Any]) -> Event:
    """The event in a row."""
    return Event(row.document_id, row.seq, EventKind(row.what), row.staff_id, row.note, row.at)
