"""An employer's or provider's word on a claim, given from the registered phone with a one-time code.

The code comes by SMS to that phone only, so that a forged sender alone confirms nothing; wrong codes count against
every question that is open for the phone, and after TRIES_MAX the claim goes to an officer without a word.
"""

import secrets
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, select, update

from gateway.services.benefits.assessing import Case
from gateway.services.benefits.claims import Claims
from gateway.services.benefits.kinds import KINDS, AttesterSort
from gateway.services.benefits.model import Attestation, Attested, AttestOutcome, Claim, ClaimState
from gateway.services.benefits.ports import Attester, Claimant
from gateway.services.benefits.records import AttestationDraft, change, held, note_evidence
from gateway.services.benefits.tables import attestations, claims
from gateway.services.shortnumber import ascii_digits
from gateway.services.telling import NoticeValue, Tell
from wallet.ids import new_id

CODE_DIGITS = 6
TRIES_MAX = 5
SEEN = timedelta(minutes=10)
"""How long after the code an attester may answer on the screen."""
_NOTICES = {AttesterSort.EMPLOYER: "attest_employer", AttesterSort.PROVIDER: "attest_provider"}


class Attesting(Claims):
    """Asks attesters, and takes their answers."""

    async def attest(self, msisdn: str, code: str, *, agrees: bool) -> Attested:
        """An attester answers with the code, by SMS; the same again is harmless."""
        row = await self._by_code(msisdn, code)
        return row if isinstance(row, Attested) else await self._answer(row.claim_id, msisdn, agrees=agrees)

    async def attest_open(self, msisdn: str, code: str) -> Attested:
        """Show the claim of a code on the attester's screen; for ten minutes `attest_seen` needs no code."""
        row, now = await self._by_code(msisdn, code), self._clock.now()
        if isinstance(row, Attested):
            return row
        mine = update(attestations).where(attestations.c.id == row.id).values(seen_at=now)
        await self._store.write(lambda tx: tx.execute(mine).rowcount)
        return await self._shown(row.claim_id)

    async def attest_seen(self, msisdn: str, number: str, *, agrees: bool) -> Attested:
        """Answer about the claim that this phone has just opened."""
        claim = await self.by_number(number)
        query = select(attestations).where(
            attestations.c.claim_id == (claim.id if claim else ""),
            attestations.c.msisdn == msisdn,
            attestations.c.seen_at > self._clock.now() - SEEN,
        )
        if claim is None or not await self._store.read(query):
            return Attested(AttestOutcome.EXPIRED)
        return await self._answer(claim.id, msisdn, agrees=agrees)

    async def _asking(self, claim: Claim, person: Claimant, attester: Attester) -> AttestationDraft:
        code = f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}d}"
        sort = KINDS[claim.kind].attester
        assert sort is not None
        expires_at = claim.submitted_at + timedelta(days=self._settings.attestation_valid_days)
        draft_id = new_id("att", self._clock)
        tell = await self._teller.prepared(
            _NOTICES[sort],
            cause=draft_id,
            msisdn=attester.msisdn,
            person_id="",
            language=attester.language,
            values={
                "name": person.name,
                "number": claim.number,
                "first_day": claim.first_day,
                "last_day": claim.last_day,
                "valid_until": expires_at,
            },
            secrets={"code": code},
        )
        mac = await self._code_mac(attester.msisdn, code)
        return AttestationDraft(draft_id, claim.id, attester.msisdn, mac, claim.submitted_at, expires_at, tell)

    async def _code_mac(self, msisdn: str, code: str) -> bytes:
        return await self._keys.mac("lookup", f"attestation\0{msisdn}\0{code}".encode())

    async def _by_code(self, msisdn: str, code: str) -> Row[Any] | Attested:
        """The question with this code; a wrong code counts."""
        mac, now = await self._code_mac(msisdn, ascii_digits(code)), self._clock.now()

        def work(tx: Connection) -> Row[Any] | Attested:
            query = select(attestations).where(attestations.c.msisdn == msisdn).order_by(attestations.c.id.desc())
            mine = tx.execute(query.where(attestations.c.mac == mac).limit(1)).one_or_none()
            if mine is None:
                still = query.where(attestations.c.state == Attestation.ASKED).with_for_update(key_share=True)
                for row in tx.execute(still).all():
                    _miss(tx, row, now)
                return Attested(AttestOutcome.WRONG)
            over = mine.state == Attestation.EXPIRED or (mine.state == Attestation.ASKED and mine.expires_at <= now)
            return Attested(AttestOutcome.EXPIRED) if over else mine

        return await self._store.write(work)

    async def _answer(self, claim_id: str, msisdn: str, *, agrees: bool) -> Attested:
        now, said = self._clock.now(), Attestation.GIVEN if agrees else Attestation.DENIED

        def work(tx: Connection) -> bool:
            row = held(tx, claim_id)
            mine = (attestations.c.claim_id == claim_id) & (attestations.c.msisdn == msisdn)
            asked = tx.execute(select(attestations).where(mine)).one_or_none()
            if row is None or asked is None:
                return False
            if asked.state != Attestation.ASKED or row.state != ClaimState.ATTESTING:
                return bool(asked.state == said)
            if asked.expires_at <= now:
                return False
            tx.execute(update(attestations).where(mine).values(state=said, answered_at=now))
            change(tx, claim_id, ClaimState.ATTESTING, "", now, note=said.value, attestation=said, due_at=now)
            return True

        if not await self._store.write(work):
            return Attested(AttestOutcome.EXPIRED)
        await self._look_again(claim_id)
        return await self._shown(claim_id)

    async def _attested(self, row: Row[Any]) -> bool:
        """Go on with a claim whose answer has come, or whose time is over; for the sweep."""
        now = self._clock.now()
        if row.attestation == Attestation.ASKED:
            await self._store.write(lambda tx: _expire(tx, row.id, now))
        return await self._look_again(row.id)

    async def _look_again(self, claim_id: str) -> bool:
        """Ask the tables with the attester's word; from then on officers decide. Harmless twice."""
        claim = await self.by_id(claim_id)
        if claim is None or claim.state is not ClaimState.ATTESTING or claim.attestation is Attestation.ASKED:
            return False
        day = claim.submitted_at.astimezone(self._zone).date()
        kind, now = KINDS[claim.kind], self._clock.now()
        case = Case(kind, claim.person_id, claim.first_day, claim.last_day, day, claim.attestation)
        seen = await self._assessor.assess(case)
        tell = None
        if claim.attestation is not Attestation.GIVEN:
            tell = await self._notice(claim, "claim_unconfirmed")

        def work(tx: Connection) -> bool:
            row = held(tx, claim_id)
            if row is None or row.state != ClaimState.ATTESTING:
                return False
            values = {"amount_minor": seen.amount.minor, "proposal": seen.verdict, "proposal_why": seen.why}
            change(tx, claim_id, ClaimState.SUBMITTED, "", now, note=claim.attestation.value, due_at=None, **values)
            note_evidence(tx, claim_id, seen.evidence, now)
            if tell is not None:
                tell(tx)
            return True

        return await self._store.write(work)

    async def _notice(self, claim: Claim, class_: str, **values: NoticeValue) -> Tell | None:
        """A notice about a claim to its person; once for each class."""
        person = await self._people.by_id(claim.person_id)
        if person is None:
            return None
        return await self._teller.prepared(
            class_,
            cause=claim.id,
            msisdn=person.msisdn,
            person_id=person.id,
            language=person.language,
            values={"number": claim.number, **values},
            secrets={},
        )

    async def _shown(self, claim_id: str) -> Attested:
        claim = await self.by_id(claim_id)
        assert claim is not None, "an attestation has a claim"
        person = await self._people.by_id(claim.person_id)
        return Attested(AttestOutcome.OK, claim, person.name if person else "")


def _miss(tx: Connection, row: Row[Any], now: datetime) -> None:
    mine = update(attestations).where(attestations.c.id == row.id)
    if row.tries + 1 < TRIES_MAX:
        tx.execute(mine.values(tries=row.tries + 1))
        return
    tx.execute(mine.values(tries=row.tries + 1, state=Attestation.EXPIRED))
    # The sweep takes it from here.
    waiting = (claims.c.id == row.claim_id) & (claims.c.state == ClaimState.ATTESTING)
    tx.execute(update(claims).where(waiting).values(attestation=Attestation.EXPIRED, due_at=now))


def _expire(tx: Connection, claim_id: str, now: datetime) -> None:
    row = held(tx, claim_id)
    if row is None or row.state != ClaimState.ATTESTING or row.attestation != Attestation.ASKED:
        return
    over = update(attestations).where(attestations.c.claim_id == claim_id)
    tx.execute(over.values(state=Attestation.EXPIRED, answered_at=now))
    change(tx, claim_id, ClaimState.ATTESTING, "", now, note="expired", attestation=Attestation.EXPIRED, due_at=now)
