"""Enrolment: the registry, or else a branch, says that number and person belong together; a code proves the phone."""

from dataclasses import replace
from enum import Enum, auto

from sqlalchemy import Connection, insert, select, update

from gateway.errors import Conflict, PeerUnavailable
from gateway.services.people.branch import BranchCodes, BranchRefusal, use_branch_code
from gateway.services.people.codes import CodeDraft, Codes
from gateway.services.people.model import ActivateOutcome, BranchPurpose, EnrolOutcome, Person, PersonState
from gateway.services.people.register import National, take
from gateway.services.people.rules import ENROL_TRIES_PER_HOUR_MAX, is_national_number
from gateway.services.people.tables import persons, pins
from gateway.services.shortnumber import ascii_digits
from gateway.store import insert_ignore
from wallet.ids import new_id


class _Stored(Enum):
    """What became of a person who was to be stored."""

    PENDING = auto()
    ALREADY = auto()
    """Enrolled before with the same two numbers, past the code."""
    TAKEN = auto()
    """One of the two numbers is enrolled with another one."""


class Enrolment(Codes, BranchCodes):
    """How people begin."""

    async def enrol(self, msisdn: str, national_number: str, language: str) -> EnrolOutcome:
        """Begin or go on with enrolment: the registry is asked, then a one-time code goes to the number."""
        number = ascii_digits(national_number)
        if not is_national_number(number):
            return EnrolOutcome.INVALID
        now = self._clock.now()
        # Counted before the registry is asked, so that nobody fishes there for whose number is whose.
        if not await self._store.write(lambda tx: take(tx, "enrol", msisdn, now, ENROL_TRIES_PER_HOUR_MAX)):
            return EnrolOutcome.TOO_MANY
        try:
            answer = await self._registry.match(msisdn, number)
        except PeerUnavailable:
            return EnrolOutcome.UNAVAILABLE
        if not answer.match:
            return EnrolOutcome.MISMATCH
        national = await self._national(number, msisdn)
        person = replace(await self._pending(msisdn, language), name=answer.name, name_fa=answer.name_fa)
        draft = await self._draft_code(person.id, msisdn, language)
        return await self._store.write(lambda tx: _enrol(tx, person, national, draft))

    async def activate(self, msisdn: str, branch_code: str, language: str = "fa") -> ActivateOutcome:
        """Enrol on the word of a branch that has seen the person's papers; a one-time code goes to the number."""
        mac = await self._branch_mac(BranchPurpose.ACTIVATE, msisdn, ascii_digits(branch_code))
        person = await self._pending(msisdn, language)
        draft = await self._draft_code(person.id, msisdn, language)
        return await self._store.write(lambda tx: _activate(tx, person, mac, draft))

    async def _pending(self, msisdn: str, language: str) -> Person:
        known = await self.by_msisdn(msisdn)
        person_id = known.id if known else new_id("per", self._clock)
        return Person(person_id, msisdn, "", "", language, PersonState.CODE_PENDING, "", self._clock.now())


def _enrol(tx: Connection, person: Person, national: National, draft: CodeDraft) -> EnrolOutcome:
    stored = _store_pending(tx, person, national)
    if stored is _Stored.TAKEN:
        return EnrolOutcome.MISMATCH
    if stored is _Stored.ALREADY or draft.store(tx, person.id):
        return EnrolOutcome.CODE_SENT
    return EnrolOutcome.TOO_MANY


def _activate(tx: Connection, person: Person, mac: bytes, draft: CodeDraft) -> ActivateOutcome:
    used = use_branch_code(tx, BranchPurpose.ACTIVATE, person.msisdn, mac, draft.made_at)
    if isinstance(used, BranchRefusal):
        return ActivateOutcome(used.value)
    named = replace(person, name=used.name, name_fa=used.name_fa, branch=used.branch)
    if _store_pending(tx, named, National(used.national_mac, used.national_sealed)) is not _Stored.PENDING:
        return ActivateOutcome.WRONG_CODE
    return ActivateOutcome.CODE_SENT if draft.store(tx, person.id) else ActivateOutcome.TOO_MANY


def _store_pending(tx: Connection, person: Person, national: National) -> _Stored:
    held = select(persons).where(persons.c.msisdn == person.msisdn).with_for_update(key_share=True)
    row = tx.execute(held).one_or_none()
    owner = tx.execute(select(persons.c.id).where(persons.c.national_mac == national.mac)).scalar()
    if owner is not None and (row is None or row.id != owner):
        return _Stored.TAKEN
    if row is None:
        return _insert(tx, person, national)
    if row.id != person.id:
        raise Conflict("the number was enrolled in the same moment")
    if row.state != PersonState.CODE_PENDING:
        return _Stored.ALREADY if owner == row.id else _Stored.TAKEN
    values = {
        "national_mac": national.mac,
        "national_sealed": national.sealed,
        "name": person.name,
        "name_fa": person.name_fa,
        "language": person.language,
        "branch": person.branch,
    }
    tx.execute(update(persons).where(persons.c.id == row.id).values(**values))
    return _Stored.PENDING


def _insert(tx: Connection, person: Person, national: National) -> _Stored:
    row = {
        "id": person.id,
        "msisdn": person.msisdn,
        "national_mac": national.mac,
        "national_sealed": national.sealed,
        "name": person.name,
        "name_fa": person.name_fa,
        "language": person.language,
        "state": person.state,
        "email": person.email,
        "created_at": person.created_at,
        "branch": person.branch,
    }
    if not insert_ignore(tx, persons, row):
        return _Stored.TAKEN
    tx.execute(insert(pins).values(person_id=person.id, failures=0, unlocked_by=""))
    return _Stored.PENDING
