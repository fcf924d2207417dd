"""One-time codes: six digits that prove a phone, drafted outside a unit of work and stored with their notice inside."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, insert, select, update

from gateway.services.people.model import CodeOutcome, CodeResult, PersonState, ResendOutcome
from gateway.services.people.register import Register, locked_person, same, set_state, take
from gateway.services.people.rules import CODE_DIGITS, CODE_TRIES_MAX
from gateway.services.people.tables import codes
from gateway.services.shortnumber import ascii_digits
from wallet.ids import new_id

ENROL = "enrol"


@dataclass(frozen=True, slots=True)
class CodeDraft:
    """A code that was drawn and worded, ready to be stored."""

    id: str
    msisdn: str
    mac: bytes = field(repr=False)
    made_at: datetime
    expires_at: datetime
    tell: Callable[[Connection], bool]
    per_hour_max: int

    def store(self, tx: Connection, person_id: str) -> bool:
        """Store it in place of an older one and put its notice; False, and nothing done, if it is one too many."""
        if not take(tx, "code", self.msisdn, self.made_at, self.per_hour_max):
            return False
        tx.execute(delete(codes).where(codes.c.person_id == person_id, codes.c.purpose == ENROL))
        tx.execute(
            insert(codes).values(
                person_id=person_id,
                purpose=ENROL,
                id=self.id,
                mac=self.mac,
                tries=0,
                expires_at=self.expires_at,
            )
        )
        self.tell(tx)
        return True


class Codes(Register):
    """Sends and checks one-time codes."""

    async def resend_code(self, msisdn: str) -> ResendOutcome:
        """Send a new one-time code; older ones are void."""
        known = await self.by_msisdn(msisdn)
        if known is None or known.state is not PersonState.CODE_PENDING:
            return ResendOutcome.NOT_PENDING
        draft = await self._draft_code(known.id, msisdn, known.language)
        sent = await self._store.write(lambda tx: draft.store(tx, known.id))
        return ResendOutcome.CODE_SENT if sent else ResendOutcome.TOO_MANY

    async def confirm_code(self, msisdn: str, code: str) -> CodeResult:
        """Prove the phone; afterwards a PIN is to be chosen."""
        known = await self.by_msisdn(msisdn)
        if known is None:
            return CodeResult(CodeOutcome.EXPIRED)
        person_id = known.id
        mac = await self._code_mac(msisdn, ascii_digits(code))
        now = self._clock.now()
        return await self._store.write(lambda tx: _confirm(tx, person_id, mac, now))

    async def _draft_code(self, person_id: str, msisdn: str, language: str) -> CodeDraft:
        code = f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}d}"
        code_id = new_id("otc", self._clock)
        now = self._clock.now()
        tell = await self._teller.prepared(
            "one_time_code",
            cause=code_id,
            msisdn=msisdn,
            person_id=person_id,
            language=language,
            values={},
            secrets={"code": code},
        )
        return CodeDraft(
            code_id,
            msisdn,
            await self._code_mac(msisdn, code),
            now,
            now + timedelta(seconds=self._settings.code_valid_s),
            tell,
            self._settings.codes_per_hour_max,
        )

    async def _code_mac(self, msisdn: str, code: str) -> bytes:
        return await self._keys.mac("lookup", f"one-time code\0{ENROL}\0{msisdn}\0{code}".encode())


def _confirm(tx: Connection, person_id: str, mac: bytes, now: datetime) -> CodeResult:
    # The person's row is held first: whoever works on a person takes that lock, so two confirms never interleave.
    person = locked_person(tx, person_id)
    mine = (codes.c.person_id == person_id) & (codes.c.purpose == ENROL)
    row = tx.execute(select(codes).where(mine)).one_or_none()
    if person is None or row is None or row.expires_at <= now:
        return CodeResult(CodeOutcome.EXPIRED)
    if row.tries >= CODE_TRIES_MAX:
        return CodeResult(CodeOutcome.TOO_MANY)
    if not same(row.mac, mac):
        tx.execute(update(codes).where(mine).values(tries=row.tries + 1))
        left = CODE_TRIES_MAX - row.tries - 1
        return CodeResult(CodeOutcome.WRONG if left else CodeOutcome.TOO_MANY, left)
    tx.execute(delete(codes).where(mine))
    if person.state == PersonState.CODE_PENDING:
        set_state(tx, person_id, PersonState.CHOOSE_PIN)
    return CodeResult(CodeOutcome.OK, CODE_TRIES_MAX - row.tries)
