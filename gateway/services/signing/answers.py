"""What the answers of phones do to documents, inside the unit of work that ends the request."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select

from gateway.services.signing.model import DocumentState, EventKind, SignerState, SignOutcome, SignResult
from gateway.services.signing.paper import add_event, end_if_whole, held, signatures_in
from gateway.services.signing.phones import ATTACKS, cms_hash
from gateway.services.signing.tables import signatures, signers


def counted(tx: Connection, row: Row[Any], result: SignResult, now: datetime) -> SignOutcome:
    """Keep a verified signature, if the document still waits and the signer still may."""
    document = held(tx, row.about)
    if document is None or document.state != DocumentState.WAITING or now >= document.expires_at:
        return SignOutcome.EXPIRED
    if (no := not_theirs(tx, row, result)) is not None:
        return no
    people = {one for kept in signatures_in(tx, row.about) for one in (kept.staff_id, kept.principal)}
    if {row.staff_id, row.principal} & people:
        return SignOutcome.INVALID
    tx.execute(
        insert(signatures).values(
            document_id=row.about,
            principal=row.principal,
            staff_id=row.staff_id,
            request_id=row.id,
            msisdn=row.msisdn,
            serial=result.serial,
            certificate=result.subject,
            language=row.language,
            text=row.text,
            digest=row.digest,
            code=row.code,
            cms=result.cms,
            cms_hash=cms_hash(result.cms),
            signed_at=result.signed_at or now,
        )
    )
    add_event(tx, row.about, EventKind.SIGNED, row.staff_id, row.code, now)
    end_if_whole(tx, document, now)
    return SignOutcome.SIGNED


def not_theirs(tx: Connection, row: Row[Any], result: SignResult) -> SignOutcome | None:
    """Why a signature that verifies is not that of whoever was asked, as they are enrolled now; None: it is.

    Another authority may have given the pinned serial number to somebody else: the name must be the enrolled one, too.
    """
    signer = tx.execute(select(signers).where(signers.c.staff_id == row.staff_id)).one_or_none()
    if signer is None or signer.state != SignerState.ACTIVE:
        return SignOutcome.INVALID
    if (signer.msisdn, signer.serial) != (row.msisdn, row.serial):
        return SignOutcome.INVALID
    return None if signer.certificate == result.subject else SignOutcome.OTHER_SIGNER


def failed(tx: Connection, row: Row[Any], outcome: SignOutcome, why: str, now: datetime) -> None:
    """Note in its history that a request ended otherwise; what must not count is called an attack."""
    if held(tx, row.about) is not None:
        note = f"{outcome.value}: {why}" if why else outcome.value
        add_event(tx, row.about, EventKind.ATTACK if outcome in ATTACKS else EventKind.FAILED, row.staff_id, note, now)
