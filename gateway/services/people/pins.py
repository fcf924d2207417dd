"""PINs: chosen twice, checked with a counter that is durable before anything is compared, locked and unlocked."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, Update, bindparam, select, update

from gateway.errors import Conflict
from gateway.services.people.branch import BranchCodes, BranchRefusal, use_branch_code
from gateway.services.people.hasher import SALT_BYTES, PinHasher
from gateway.services.people.model import (
    BranchPurpose,
    Person,
    PersonState,
    PinCheck,
    PinForm,
    PinOutcome,
    PinRepeat,
    UnlockOutcome,
)
from gateway.services.people.register import person_of, same, set_state
from gateway.services.people.rules import is_pin, is_trivial
from gateway.services.people.tables import persons, pins
from gateway.services.shortnumber import ascii_digits
from gateway.store import find, write
from wallet.ids import new_id

UNLOCK_KIND = "pin_unlock"
"""Kind of the approval by which two members of staff let a person choose a new PIN; its subject is the person's id."""

OFFER_VALID = timedelta(minutes=10)
SWEEP_PAGE = 100


@dataclass(frozen=True, slots=True)
class _Try:
    """A try that was counted: how many are left after it, and what to compare with; no hash means LOCKED."""

    tries_left: int
    salt: bytes = b""
    hash: bytes = b""


class Pins(BranchCodes):
    """The person's secret."""

    _hasher: PinHasher

    async def offer_pin(self, person_id: str, pin: str) -> PinForm:
        """First typing of a new PIN, for a person who is to choose one.

        Raises:
            Conflict: The person is not to choose a PIN.
        """
        digits = ascii_digits(pin)
        if not is_pin(digits):
            return PinForm.BAD_FORM
        row = await self._choosing(person_id)
        if is_trivial(digits, row.msisdn, await self._national_number(row)):
            return PinForm.TRIVIAL
        salt = secrets.token_bytes(SALT_BYTES)
        with self._hasher.slot():
            hashed = await self._hasher.hash(person_id, digits, salt)
        offer = _pin_of(person_id).values(offered_salt=salt, offered_hash=hashed, offered_at=self._clock.now())
        await self._store.write(lambda tx: tx.execute(offer).rowcount)
        return PinForm.OK

    async def repeat_pin(self, person_id: str, pin: str) -> PinRepeat:
        """Second typing; OK makes it the PIN and the person active.

        Raises:
            Conflict: The person is not to choose a PIN.
        """
        row = await self._choosing(person_id)
        now = self._clock.now()
        if row.offered_hash is None or row.offered_at + OFFER_VALID <= now:
            return PinRepeat.DIFFERS
        with self._hasher.slot():
            hashed = await self._hasher.hash(person_id, ascii_digits(pin), row.offered_salt)
        return await self._store.write(lambda tx: _settle_offer(tx, person_id, hashed, now))

    async def check_pin(self, person_id: str, pin: str) -> PinCheck:
        """Compare a PIN; each try is counted durably before it is compared.

        Raises:
            Overloaded: Too many PINs wait to be hashed; this try was not counted.
        """
        tries_max = self._settings.pin_tries_max
        with self._hasher.slot():
            now = self._clock.now()
            counted = await self._store.write(lambda tx: _count_try(tx, person_id, now, tries_max))
            if not counted.hash:
                checked = PinCheck(PinOutcome.LOCKED, 0)
            elif same(await self._hasher.hash(person_id, ascii_digits(pin), counted.salt), counted.hash):
                checked = await self._store.write(lambda tx: _forgive(tx, person_id, tries_max))
            elif counted.tries_left:
                checked = PinCheck(PinOutcome.WRONG, counted.tries_left)
            else:
                await self._lock(person_id)
                checked = PinCheck(PinOutcome.LOCKED, 0)
        self._metrics.pins.labels(checked.outcome.value).inc()
        return checked

    async def by_pin(self, msisdn: str, pin: str) -> Person | None:
        """Who has this number and this PIN, which may be locked. For a stranger's word: whoever asks counts the tries.

        No try of the person's own is spent, so that nobody locks another's PIN, nor keeps the loss of a phone from
        being told by locking it. A number that nobody has takes as long.

        Raises:
            Overloaded: Too many PINs wait to be hashed.
        """
        person = await self.by_msisdn(msisdn)
        known = person if person is not None and person.state in _WITH_PIN else None
        rows = await self._store.read(_PIN.where(pins.c.person_id == known.id)) if known is not None else []
        salt, expected = (rows[0].salt, rows[0].hash) if rows else (bytes(SALT_BYTES), b"")
        with self._hasher.slot():
            hashed = await self._hasher.hash(known.id if known is not None else "", ascii_digits(pin), salt)
        right = known is not None and same(hashed, expected)
        self._metrics.pins.labels((PinOutcome.OK if right else PinOutcome.WRONG).value).inc()
        return known if right else None

    async def unlock_with_code(self, msisdn: str, branch_code: str) -> UnlockOutcome:
        """Let a locked or forgetful person choose a new PIN, on the word of a branch."""
        known = await self.by_msisdn(msisdn)
        mac = await self._branch_mac(BranchPurpose.UNLOCK, msisdn, ascii_digits(branch_code))
        now = self._clock.now()

        def work(tx: Connection) -> UnlockOutcome:
            used = use_branch_code(tx, BranchPurpose.UNLOCK, msisdn, mac, now)
            if isinstance(used, BranchRefusal):
                return UnlockOutcome(used.value)
            if known is None or not _unlock(tx, known.id, used.id):
                return UnlockOutcome.WRONG_CODE
            if used.branch:
                tx.execute(update(persons).where(persons.c.id == known.id).values(branch=used.branch))
            return UnlockOutcome.OK

        return await self._store.write(work)

    async def unlock(self, person_id: str, approval_id: str) -> str:
        """The same on the word of two members of staff: executor of UNLOCK_KIND; harmless twice."""
        person = await self.by_id(person_id)
        if person is None:
            return "unknown person"
        tell = await self._notice(person, "unlocked", approval_id)

        def work(tx: Connection) -> str:
            if not _unlock(tx, person_id, approval_id):
                return "nothing to unlock"
            tell(tx)
            return "unlocked"

        return await self._store.write(work)

    async def sweep(self) -> int:
        """Lock who used up the tries while a crash hid it; how many."""
        before = self._clock.now() - timedelta(seconds=self._settings.sweep_after_s)
        query = (
            select(pins.c.person_id)
            .join(persons, persons.c.id == pins.c.person_id)
            .where(
                persons.c.state == PersonState.ACTIVE,
                pins.c.failures >= self._settings.pin_tries_max,
                pins.c.tried_at < before,
            )
        )
        return sum([await self._lock(row.person_id) for row in await self._store.read(query.limit(SWEEP_PAGE))])

    async def _lock(self, person_id: str) -> bool:
        person = await self.by_id(person_id)
        assert person is not None, "a PIN was tried of nobody"
        tell = await self._notice(person, "pin_locked", new_id("lck", self._clock))
        now = self._clock.now()

        def work(tx: Connection) -> bool:
            row = _held(tx, person_id)
            # A right PIN that was compared at the same time may have set the counter back.
            if row is None or row.state != PersonState.ACTIVE or row.failures < self._settings.pin_tries_max:
                return False
            set_state(tx, person_id, PersonState.LOCKED)
            tx.execute(_pin_of(person_id).values(locked_at=now))
            tell(tx)
            return True

        return await self._store.write(work)

    async def _notice(self, person: Person, class_: str, cause: str) -> Callable[[Connection], bool]:
        return await self._teller.prepared(
            class_,
            cause=cause,
            msisdn=person.msisdn,
            person_id=person.id,
            language=person.language,
            values={},
            secrets={},
        )

    async def _choosing(self, person_id: str) -> Row[Any]:
        query = select(persons, *_OFFERED).join(pins, pins.c.person_id == persons.c.id)
        rows = await self._store.read(query.where(persons.c.id == person_id))
        if not rows or person_of(rows[0]).state is not PersonState.CHOOSE_PIN:
            raise Conflict("this person is not to choose a PIN")
        return rows[0]


_HELD = (
    select(persons.c.state, pins)
    .join(pins, pins.c.person_id == persons.c.id)
    .where(persons.c.id == bindparam("a_person_id"))
    .with_for_update(key_share=True)
)
_MINE = update(pins).where(pins.c.person_id == bindparam("a_person_id"))
_COUNT = _MINE.values(failures=bindparam("count"), tried_at=bindparam("now"))
_FORGIVE = _MINE.values(failures=0)
_WITH_PIN = frozenset({PersonState.ACTIVE, PersonState.LOCKED})
_PIN = select(pins.c.salt, pins.c.hash)
_OFFERED = (pins.c.offered_salt, pins.c.offered_hash, pins.c.offered_at)


def _pin_of(person_id: str) -> Update:
    return update(pins).where(pins.c.person_id == person_id)


def _held(tx: Connection, person_id: str) -> Row[Any] | None:
    """The person's state and PIN, both rows held until the unit of work is over."""
    return next(iter(find(tx, _HELD, {"a_person_id": person_id})), None)


def _count_try(tx: Connection, person_id: str, now: datetime, tries_max: int) -> _Try:
    row = _held(tx, person_id)
    if row is None or row.state != PersonState.ACTIVE or row.failures >= tries_max:
        return _Try(0)
    write(tx, _COUNT, {"a_person_id": person_id, "now": now, "count": row.failures + 1})
    return _Try(tries_max - row.failures - 1, row.salt, row.hash)


def _forgive(tx: Connection, person_id: str, tries_max: int) -> PinCheck:
    row = _held(tx, person_id)
    if row is None or row.state != PersonState.ACTIVE:
        return PinCheck(PinOutcome.LOCKED, 0)
    write(tx, _FORGIVE, {"a_person_id": person_id})
    return PinCheck(PinOutcome.OK, tries_max)


def _settle_offer(tx: Connection, person_id: str, hashed: bytes, now: datetime) -> PinRepeat:
    row = _held(tx, person_id)
    if row is None or row.state != PersonState.CHOOSE_PIN:
        raise Conflict("this person is not to choose a PIN")
    cleared = _pin_of(person_id).values(offered_salt=None, offered_hash=None, offered_at=None)
    tx.execute(cleared)
    if row.offered_hash is None or not same(row.offered_hash, hashed):
        return PinRepeat.DIFFERS
    tx.execute(_pin_of(person_id).values(salt=row.offered_salt, hash=hashed, failures=0, changed_at=now))
    set_state(tx, person_id, PersonState.ACTIVE)
    return PinRepeat.OK


def _unlock(tx: Connection, person_id: str, unlocked_by: str) -> bool:
    row = _held(tx, person_id)
    if row is None or row.state == PersonState.CODE_PENDING or row.unlocked_by == unlocked_by:
        return False
    gone = {"salt": None, "hash": None, "offered_salt": None, "offered_hash": None, "offered_at": None}
    tx.execute(_pin_of(person_id).values(failures=0, locked_at=None, unlocked_by=unlocked_by, **gone))
    set_state(tx, person_id, PersonState.CHOOSE_PIN)
    return True
