"""Codes that a branch hands to a person at its desk, once it has seen the papers: to enrol, or to choose a new PIN."""

import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, insert, or_, select, update

from gateway.errors import BadInput, Conflict, NotFound
from gateway.services.msisdn import normal_msisdn
from gateway.services.people.model import BranchPurpose
from gateway.services.people.register import National, Register, open_branch_code, same, take
from gateway.services.people.rules import (
    BRANCH_CODE_DIGITS,
    BRANCH_CODE_TRIES_MAX,
    BRANCH_TRIES_PER_HOUR_MAX,
    is_national_number,
)
from gateway.services.people.tables import branch_codes, persons
from gateway.services.shortnumber import ascii_digits
from wallet.ids import new_id


class BranchRefusal(StrEnum):
    """Why a branch code was not taken; the values are those of ActivateOutcome and UnlockOutcome."""

    WRONG_CODE = "wrong_code"
    TOO_MANY = "too_many"


class BranchCodes(Register):
    """Issues branch codes."""

    async def issue_branch_code(
        self,
        purpose: BranchPurpose,
        msisdn: str,
        national_number: str,
        staff_id: str,
        *,
        name: str = "",
        name_fa: str = "",
        branch: str = "",
    ) -> str:
        """Eight digits for a person who stands at the desk; shown once, stored as a keyed hash.

        Who uses it belongs to `branch` from then on, the clerk's own.
        `name` and `name_fa` are what the person is called if the registry cannot say it, for ACTIVATE.

        Raises:
            BadInput: The national number or the number has no valid form.
            NotFound: UNLOCK, and nobody with this number and national number is enrolled.
            Conflict: ACTIVATE, and the number or the national number is enrolled already.
        """
        number = ascii_digits(national_number)
        normal = normal_msisdn(msisdn)
        if normal is None or not is_national_number(number):
            raise BadInput("not a mobile number and a national number")
        code = f"{secrets.randbelow(10**BRANCH_CODE_DIGITS):0{BRANCH_CODE_DIGITS}d}"
        national = await self._national(number, normal)
        now = self._clock.now()
        row = {
            "id": new_id("brc", self._clock),
            "purpose": purpose,
            "msisdn": normal,
            "mac": await self._branch_mac(purpose, normal, code),
            "national_mac": national.mac,
            "national_sealed": national.sealed,
            "name": name,
            "name_fa": name_fa,
            "staff_id": staff_id,
            "branch": branch,
            "tries": 0,
            "created_at": now,
            "expires_at": now + timedelta(seconds=self._settings.branch_code_valid_s),
            "closed_at": None,
        }

        tell = await self._warning(purpose, normal, str(row["id"]))

        def work(tx: Connection) -> None:
            person = _person_at_desk(tx, purpose, normal, national)
            if person is not None:
                self._access.put(tx, staff_id=staff_id, person_id=person, what="branch_code", reason=purpose.value)
                if tell is not None:
                    tell(tx)
            tx.execute(update(branch_codes).where(*open_branch_code(purpose, normal, now)).values(closed_at=now))
            tx.execute(insert(branch_codes).values(**row))

        await self._store.write(work)
        return code

    async def _warning(self, purpose: BranchPurpose, msisdn: str, cause: str) -> Callable[[Connection], bool] | None:
        """Whoever holds the phone is told that a new PIN is being prepared: a clerk alone must not go unnoticed."""
        person = await self.by_msisdn(msisdn) if purpose is BranchPurpose.UNLOCK else None
        if person is None:
            return None
        return await self._teller.prepared(
            "pin_code_issued",
            cause=cause,
            msisdn=msisdn,
            person_id=person.id,
            language=person.language,
            values={},
            secrets={},
        )

    async def _branch_mac(self, purpose: BranchPurpose, msisdn: str, code: str) -> bytes:
        return await self._keys.mac("lookup", f"branch code\0{purpose}\0{msisdn}\0{code}".encode())


def use_branch_code(
    tx: Connection, purpose: BranchPurpose, msisdn: str, mac: bytes, now: datetime
) -> Row[Any] | BranchRefusal:
    """Use up the number's open code if `mac` is its keyed hash; a wrong one is counted on it and on the number."""
    if not take(tx, "branch", msisdn, now, BRANCH_TRIES_PER_HOUR_MAX):
        return BranchRefusal.TOO_MANY
    wanted = select(branch_codes).where(*open_branch_code(purpose, msisdn, now)).order_by(branch_codes.c.id)
    row = tx.execute(wanted.with_for_update(key_share=True)).first()
    if row is None:
        return BranchRefusal.WRONG_CODE
    if row.tries >= BRANCH_CODE_TRIES_MAX:
        return BranchRefusal.TOO_MANY
    mine = update(branch_codes).where(branch_codes.c.id == row.id)
    if not same(row.mac, mac):
        tx.execute(mine.values(tries=row.tries + 1))
        return BranchRefusal.WRONG_CODE
    tx.execute(mine.values(closed_at=now))
    return row


def _person_at_desk(tx: Connection, purpose: BranchPurpose, msisdn: str, national: National) -> str | None:
    either = or_(persons.c.msisdn == msisdn, persons.c.national_mac == national.mac)
    found = tx.execute(select(persons.c.id, persons.c.msisdn, persons.c.national_mac).where(either)).all()
    match purpose:
        case BranchPurpose.ACTIVATE:
            if found:
                raise Conflict("the number or the national number is enrolled already")
            return None
        case BranchPurpose.UNLOCK:
            for row in found:
                if row.msisdn == msisdn and row.national_mac == national.mac:
                    return str(row.id)
            raise NotFound("nobody with this number and national number is enrolled")
