"""Rows of benefits: read as values, and written inside the units of work of the verbs."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from gateway.services.benefits.kinds import KINDS
from gateway.services.benefits.model import Attestation, Claim, ClaimState, Datum, Verdict, Why
from gateway.services.benefits.tables import attestations, changes, claims, days, events, evidence
from gateway.services.history import History
from gateway.store import insert_ignore
from wallet.money import ASSETS, Money

add_change = History(changes, "claim_id", "state").add
"""Writes the next row of its history; the caller holds the claim's row."""


def claim_of(row: Row[Any]) -> Claim:
    """The claim in a row."""
    return Claim(
        id=row.id,
        number=row.number,
        person_id=row.person_id,
        first_day=row.first_day,
        last_day=row.last_day,
        days=row.days,
        amount=Money(row.amount_minor, ASSETS[row.asset]),
        state=ClaimState(row.state),
        submitted_at=row.submitted_at,
        decided_by=row.decided_by,
        decided_at=row.decided_at,
        reason=row.reason,
        approval_id=row.approval_id,
        paid_at=row.paid_at,
        call_key=row.call_key,
        kind=row.kind,
        attester_name=row.attester_name,
        attestation=Attestation(row.attestation),
        proposal=Verdict(row.proposal) if row.proposal else None,
        proposal_why=row.proposal_why,
        why=Why(row.why) if row.why else None,
        first_officer=row.first_officer,
        batch_id=row.batch_id,
    )


def held(tx: Connection, claim_id: str) -> Row[Any] | None:
    """A claim's row, locked: whoever works on a claim takes that lock."""
    return tx.execute(select(claims).where(claims.c.id == claim_id).with_for_update(key_share=True)).one_or_none()


def change(
    tx: Connection,
    claim_id: str,
    state: ClaimState,
    staff_id: str,
    now: datetime,
    *,
    note: str = "",
    **values: object,
) -> None:
    """Bring a held claim into a state, with a row of its history."""
    tx.execute(update(claims).where(claims.c.id == claim_id).values(state=state, **values))
    add_change(tx, claim_id, state, staff_id, note, now)


def insert_claim(tx: Connection, claim: Claim, attester_code: str, due_at: datetime | None) -> bool:
    """Store a new claim; False if its number is taken."""
    row = {
        "id": claim.id,
        "number": claim.number,
        "call_key": claim.call_key,
        "person_id": claim.person_id,
        "first_day": claim.first_day,
        "last_day": claim.last_day,
        "days": claim.days,
        "amount_minor": claim.amount.minor,
        "asset": claim.amount.asset.code,
        "state": claim.state,
        "submitted_at": claim.submitted_at,
        "decided_by": "",
        "decided_at": None,
        "reason": "",
        "approval_id": "",
        "paid_at": None,
        "attempt": 0,
        "due_at": due_at,
        "kind": claim.kind,
        "attester_code": attester_code,
        "attester_name": claim.attester_name,
        "attestation": claim.attestation,
        "proposal": claim.proposal or "",
        "proposal_why": claim.proposal_why,
        "why": "",
        "first_officer": "",
        "batch_id": "",
        "item_id": "",
    }
    if not insert_ignore(tx, claims, row):
        return False
    add_change(tx, claim.id, claim.state, "", "", claim.submitted_at)
    return True


def covered(tx: Connection, claim: Claim) -> bool:
    """Whether another claim that stands covers a day of it, or its event."""
    if KINDS[claim.kind].asks_days:
        one = days.c.day.between(claim.first_day, claim.last_day) & (days.c.person_id == claim.person_id)
        return tx.execute(select(days.c.day).where(one).limit(1)).first() is not None
    same = (events.c.person_id == claim.person_id) & (events.c.kind == claim.kind) & (events.c.day == claim.first_day)
    return tx.execute(select(events.c.day).where(same)).first() is not None


def cover(tx: Connection, claim: Claim) -> None:
    """Take its days or its event; the tables' keys refuse a second claim of them, whoever writes just then."""
    if KINDS[claim.kind].asks_days:
        each = [claim.first_day + timedelta(days=step) for step in range(claim.days)]
        tx.execute(insert(days), [{"person_id": claim.person_id, "day": day, "claim_id": claim.id} for day in each])
        return
    event = {"person_id": claim.person_id, "kind": claim.kind, "day": claim.first_day, "claim_id": claim.id}
    tx.execute(insert(events).values(**event))


def uncover(tx: Connection, claim_id: str) -> None:
    """Free its days or its event for another claim."""
    tx.execute(delete(days).where(days.c.claim_id == claim_id))
    tx.execute(delete(events).where(events.c.claim_id == claim_id))


def note_evidence(tx: Connection, claim_id: str, seen: Iterable[Datum], at: datetime) -> None:
    """Keep what was looked at, as one more round."""
    last = tx.execute(select(func.max(evidence.c.round)).where(evidence.c.claim_id == claim_id)).scalar() or 0
    each = [{"datum": one.datum, "value": one.value, "source": one.source} for one in seen]
    tx.execute(insert(evidence), [{**one, "claim_id": claim_id, "round": last + 1, "at": at} for one in each])


@dataclass(frozen=True, slots=True)
class AttestationDraft:
    """A question to an attester, worded and ready to be stored."""

    id: str
    claim_id: str
    msisdn: str
    mac: bytes = field(repr=False)
    asked_at: datetime
    expires_at: datetime
    tell: Callable[[Connection], bool]

    def store(self, tx: Connection) -> None:
        """Store it and put its notice."""
        tx.execute(
            insert(attestations).values(
                id=self.id,
                claim_id=self.claim_id,
                msisdn=self.msisdn,
                mac=self.mac,
                tries=0,
                state=Attestation.ASKED,
                asked_at=self.asked_at,
                expires_at=self.expires_at,
                seen_at=None,
                answered_at=None,
            )
        )
        self.tell(tx)
