"""Whose phone signs: enrolment by two people, the pinned certificate, suspension."""

import hashlib
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, or_, select, update

from gateway.observe import log
from gateway.services.msisdn import normal_msisdn
from gateway.services.signing.model import (
    EnrolOutcome,
    EnrolStart,
    Purpose,
    Signer,
    SignerState,
    SignOutcome,
    SignResult,
)
from gateway.services.signing.parts import SigningParts
from gateway.services.signing.phones import Ends, on_phone, put_request, suspend
from gateway.services.signing.ports import Proposals
from gateway.services.signing.rules import new_code, to_sign
from gateway.services.signing.tables import enrolments, signers
from gateway.services.signing.texts import phone_text
from gateway.store import insert_ignore
from wallet.ids import new_id

SIGNER_ENROLMENT_KIND = "signer_enrolment"
"""The kind under which an enrolment waits for a second person; its subject is `sen_…`."""
SWEEP_PAGE = 100


class Enrolment(StrEnum):
    """Where an enrolment stands."""

    ASKED = "asked"
    SIGNED = "signed"
    """The phone has shown its certificate; a second person must agree."""
    ENROLLED = "enrolled"
    ENDED = "ended"


class Signers:
    """Members of staff whose phones sign.

    Args:
        parts: See there.
        proposals: Where a second person is asked to agree.
    """

    def __init__(self, parts: SigningParts, proposals: Proposals) -> None:
        self._parts = parts
        self._store = parts.store
        self._clock = parts.clock
        self._proposals = proposals
        self._log = log(service="signing")

    @property
    def ends(self) -> Ends:
        """What the answers of phones do to enrolments."""
        return Ends(_shown, _not_shown, self.propose)

    async def enrol(self, staff_id: str, msisdn: str, by: str) -> EnrolStart:
        """Ask this phone for a first signature, which shows its certificate; then a second person must agree.

        Args:
            staff_id: Whose phone it is; they do not agree to their own.
            msisdn: As it was typed.
            by: Staff id of who asks for it.
        """
        number = normal_msisdn(msisdn)
        if number is None:
            return EnrolStart(EnrolOutcome.NUMBER_FORM)
        member = await self._parts.staff.by_id(staff_id)
        if member is None or member.disabled:
            return EnrolStart(EnrolOutcome.UNKNOWN_STAFF)
        if not self._parts.phones:
            return EnrolStart(EnrolOutcome.UNAVAILABLE)
        now, code = self._clock.now(), new_code()
        enrolment_id, request_id = new_id("sen", self._clock), new_id("sgr", self._clock)
        text = phone_text("enrol", member.language, code=code)
        owner = hashlib.sha256(f"{staff_id}\0{number}".encode()).digest()
        enrolment = {
            "id": enrolment_id,
            "staff_id": staff_id,
            "msisdn": number,
            "serial": "",
            "certificate": "",
            "enrolled_by": by,
            "state": Enrolment.ASKED,
            "asked_at": now,
            "open_key": staff_id,
            "due": None,
        }
        request = {
            "id": request_id,
            "purpose": Purpose.ENROLMENT,
            "about": enrolment_id,
            "staff_id": staff_id,
            "msisdn": number,
            "serial": "",
            "language": member.language,
            "text": text,
            "digest": to_sign(SIGNER_ENROLMENT_KIND, enrolment_id, owner, text),
            "code": code,
            "digits": "",
        }

        def work(tx: Connection) -> EnrolStart:
            theirs = select(signers.c.staff_id).where(signers.c.msisdn == number, signers.c.staff_id != staff_id)
            if tx.execute(theirs).first() is not None:
                return EnrolStart(EnrolOutcome.NUMBER_TAKEN)
            open_ones = or_(enrolments.c.open_key == staff_id, enrolments.c.msisdn == number)
            going_on = select(enrolments.c.id).where(enrolments.c.open_key.is_not(None), open_ones)
            if tx.execute(going_on).first() is not None or on_phone(tx, number) is not None:
                return EnrolStart(EnrolOutcome.OPEN)
            if not insert_ignore(tx, enrolments, enrolment):
                return EnrolStart(EnrolOutcome.OPEN)
            put_request(tx, request, now)
            return EnrolStart(EnrolOutcome.ASKED, enrolment_id, request_id, code)

        started = await self._store.write(work)
        self._log.info("signer_enrolment", staff=staff_id, by=by, outcome=started.outcome.value)
        return started

    async def propose(self, enrolment_id: str) -> bool:
        """Ask a second person, once the phone has shown its certificate; whether there was anything to ask."""
        rows = await self._store.read(select(enrolments).where(enrolments.c.id == enrolment_id))
        if not rows or rows[0].due is None:
            return False
        row = rows[0]
        member = await self._parts.staff.by_id(row.staff_id)
        payload = {
            "name": member.name if member else row.staff_id,
            "phone": row.msisdn,
            "certificate": row.certificate,
            "serial": row.serial,
        }
        await self._proposals.propose(
            SIGNER_ENROLMENT_KIND, enrolment_id, payload, row.enrolled_by, barred=[row.staff_id]
        )
        mine = update(enrolments).where(enrolments.c.id == enrolment_id)
        await self._store.write(lambda tx: tx.execute(mine.values(due=None)).rowcount)
        return True

    async def enrolled(self, subject: str, approval_id: str) -> str:
        """Pin the certificate: the executor of `signer_enrolment`."""
        approval = await self._proposals.by_id(approval_id)
        checker = approval.checker if approval else ""
        now = self._clock.now()

        def work(tx: Connection) -> str:
            row = _held(tx, subject)
            if row is None or row.state != Enrolment.SIGNED:
                return "nothing to do"
            other = select(signers.c.staff_id).where(signers.c.msisdn == row.msisdn, signers.c.staff_id != row.staff_id)
            if not checker or checker in {row.staff_id, row.enrolled_by} or tx.execute(other).first() is not None:
                _end(tx, subject, Enrolment.ENDED)
                return "not enrolled: the number is another signer's, or two people have not agreed"
            tx.execute(delete(signers).where(signers.c.staff_id == row.staff_id))
            tx.execute(
                insert(signers).values(
                    staff_id=row.staff_id,
                    msisdn=row.msisdn,
                    serial=row.serial,
                    certificate=row.certificate,
                    state=SignerState.ACTIVE,
                    reason="",
                    enrolled_by=row.enrolled_by,
                    approved_by=checker,
                    enrolled_at=now,
                )
            )
            _end(tx, subject, Enrolment.ENROLLED)
            return "enrolled"

        return await self._store.write(work)

    async def not_enrolled(self, subject: str, _approval_id: str) -> str:
        """The refuser of `signer_enrolment`."""

        def work(tx: Connection) -> str:
            row = _held(tx, subject)
            if row is not None and row.state == Enrolment.SIGNED:
                _end(tx, subject, Enrolment.ENDED)
            return "not enrolled"

        return await self._store.write(work)

    async def suspend(self, staff_id: str, by: str, reason: str) -> bool:
        """Let this member's phone sign nothing more until it is enrolled again; whether there was such a signer."""
        found = await self._store.write(lambda tx: suspend(tx, staff_id, reason))
        self._log.warning("signer_suspended", staff=staff_id, by=by)
        return found

    async def signers(self, *, after: str = "", limit: int = 100) -> list[Signer]:
        """Signers by staff id, from after `after`."""
        query = select(signers).where(signers.c.staff_id > after).order_by(signers.c.staff_id).limit(limit)
        return [_signer(row) for row in await self._store.read(query)]

    async def by_staff(self, staff_id: str) -> Signer | None:
        """The signer of this member of staff."""
        rows = await self._store.read(select(signers).where(signers.c.staff_id == staff_id))
        return _signer(rows[0]) if rows else None

    async def by_number(self, msisdn: str) -> Signer | None:
        """The signer with this number."""
        rows = await self._store.read(select(signers).where(signers.c.msisdn == msisdn))
        return _signer(rows[0]) if rows else None

    async def sweep(self) -> int:
        """Ask a second person where a crash came between; how many."""
        before = self._clock.now() - timedelta(seconds=self._parts.sweep_after_s)
        left = select(enrolments.c.id).where(enrolments.c.due.is_not(None), enrolments.c.asked_at < before)
        return sum([await self.propose(row.id) for row in await self._store.read(left.limit(SWEEP_PAGE))])


def _shown(tx: Connection, row: Row[Any], result: SignResult, _now: datetime) -> SignOutcome:
    enrolment = _held(tx, row.about)
    theirs = select(signers.c.staff_id).where(signers.c.serial == result.serial, signers.c.staff_id != row.staff_id)
    if enrolment is None or enrolment.state != Enrolment.ASKED:
        return SignOutcome.EXPIRED
    if not result.serial or tx.execute(theirs).first() is not None:
        return SignOutcome.INVALID
    values = {"serial": result.serial, "certificate": result.subject, "state": Enrolment.SIGNED, "due": row.about}
    tx.execute(update(enrolments).where(enrolments.c.id == row.about).values(values))
    return SignOutcome.SIGNED


def _not_shown(tx: Connection, row: Row[Any], _outcome: SignOutcome, _why: str, _now: datetime) -> None:
    _end(tx, row.about, Enrolment.ENDED)


def _end(tx: Connection, enrolment_id: str, state: Enrolment) -> None:
    mine = update(enrolments).where(enrolments.c.id == enrolment_id)
    tx.execute(mine.values(state=state, open_key=None, due=None))


def _held(tx: Connection, enrolment_id: str) -> Row[Any] | None:
    query = select(enrolments).where(enrolments.c.id == enrolment_id).with_for_update(key_share=True)
    return tx.execute(query).one_or_none()


def _signer(row: Row[Any]) -> Signer:
    return Signer(
        staff_id=row.staff_id,
        msisdn=row.msisdn,
        serial=row.serial,
        certificate=row.certificate,
        state=SignerState(row.state),
        enrolled_by=row.enrolled_by,
        approved_by=row.approved_by,
        enrolled_at=row.enrolled_at,
        reason=row.reason,
    )
