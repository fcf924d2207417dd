"""Claims: submitting one, finding them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Connection, select
from sqlalchemy.exc import IntegrityError

from gateway.errors import Conflict, NotFound
from gateway.keys import KeyStore
from gateway.services.benefits.assessing import Assessor, Case
from gateway.services.benefits.kinds import KINDS, PREFIXES, Kind
from gateway.services.benefits.model import (
    OPEN,
    Attestation,
    AttesterOutcome,
    Claim,
    ClaimChange,
    ClaimOutcome,
    ClaimResult,
    ClaimState,
    Datum,
    Evidence,
    Verdict,
)
from gateway.services.benefits.ports import (
    Attester,
    Attesters,
    Claimant,
    Claimants,
    Contributions,
    Payees,
    ReleaseProposals,
    Rules,
)
from gateway.services.benefits.records import (
    AttestationDraft,
    claim_of,
    cover,
    covered,
    insert_claim,
    note_evidence,
)
from gateway.services.benefits.rules import DayLimits, days_of, refusal
from gateway.services.benefits.tables import changes, claims, evidence
from gateway.services.decisions import Inputs, Value
from gateway.services.posting import Ledger
from gateway.services.shortnumber import ascii_digits, new_digits
from gateway.services.telling import Teller
from gateway.settings import Settings
from gateway.store import Store
from wallet.accounts import Chart
from wallet.clock import Clock
from wallet.ids import new_id
from wallet.money import irr

NUMBER_DIGITS = 8
NUMBERS_TRIED_MAX = 10


@dataclass(frozen=True, slots=True)
class Parts:
    """What benefits are made of."""

    store: Store
    clock: Clock
    ledger: Ledger
    chart: Chart
    people: Claimants
    proposals: ReleaseProposals
    teller: Teller
    settings: Settings
    rules: Rules
    contributions: Contributions
    attesters: Attesters
    keys: KeyStore
    payees: Payees


class Claims:
    """What people ask for."""

    def __init__(self, parts: Parts) -> None:
        self._store = parts.store
        self._clock = parts.clock
        self._ledger = parts.ledger
        self._chart = parts.chart
        self._people = parts.people
        self._proposals = parts.proposals
        self._teller = parts.teller
        self._settings = parts.settings
        self._attesters = parts.attesters
        self._keys = parts.keys
        self._payees = parts.payees
        self._zone = ZoneInfo(parts.settings.zone)
        self._assessor = Assessor(parts.rules, parts.contributions, irr(parts.settings.benefit_daily_minor))

    async def claim(
        self,
        person_id: str,
        first_day: date,
        last_day: date,
        call_key: str,
        *,
        kind: str = "sickness",
        attester_code: str = "",
    ) -> ClaimResult:
        """Submit a claim; the same `call_key` again is the same claim.

        Raises:
            Conflict: That `call_key` belongs to another claim.
            NotFound: No such person.
        """
        known = await self._one(claims.c.call_key == call_key)
        if known is not None:
            return _again(known, person_id, kind, first_day, last_day)
        asked, now = KINDS[kind], self._clock.now()
        limits, today = self._limits(asked), now.astimezone(self._zone).date()
        no = refusal(first_day, last_day, today, limits)
        if no is not None:
            return ClaimResult(no, days_max=limits.days_max if no is ClaimOutcome.TOO_LONG else None)
        person = await self._people.by_id(person_id)
        if person is None:
            raise NotFound("no such person")
        attester = None
        if asked.attester is not None:
            found, attester = await self.attester(person, kind, attester_code)
            if found is not AttesterOutcome.OK:
                return ClaimResult(_NO_ATTESTER[found])
        for _ in range(NUMBERS_TRIED_MAX):
            claim, seen = await self._draft(asked, person_id, (first_day, last_day), call_key, attester)
            stored = await self._submit(claim, seen, person, attester, ascii_digits(attester_code))
            if stored is not None:
                return stored
        raise Conflict("no claim number was free")

    async def attester(self, person: Claimant, kind: str, code: str) -> tuple[AttesterOutcome, Attester | None]:
        """The employer or provider that a person names; never the person's own phone."""
        sort = KINDS[kind].attester
        found = await self._attesters.by_code(sort, ascii_digits(code)) if sort else None
        if found is None:
            return AttesterOutcome.UNKNOWN, None
        return (AttesterOutcome.SELF, None) if found.msisdn == person.msisdn else (AttesterOutcome.OK, found)

    async def claims_of(self, person_id: str, *, limit: int = 20) -> list[Claim]:
        """A person's claims, newest first."""
        query = select(claims).where(claims.c.person_id == person_id).order_by(claims.c.id.desc()).limit(limit)
        return [claim_of(row) for row in await self._store.read(query)]

    async def own_claim(self, person_id: str, digits: str) -> Claim | None:
        """A person's own claim by the digits of its number, as typed on a phone; nobody else's is ever found."""
        typed = ascii_digits(digits)
        numbers = [prefix + typed for prefix in sorted(PREFIXES)]
        query = select(claims).where(claims.c.number.in_(numbers), claims.c.person_id == person_id)
        rows = await self._store.read(query.order_by(claims.c.id.desc()).limit(1))
        return claim_of(rows[0]) if rows else None

    async def by_id(self, claim_id: str) -> Claim | None:
        """The claim with this id."""
        return await self._one(claims.c.id == claim_id)

    async def by_number(self, number: str) -> Claim | None:
        """The claim with this number, a letter, a dash and eight digits."""
        return await self._one(claims.c.number == number.strip().upper())

    async def history(self, claim_id: str) -> list[ClaimChange]:
        """Everything that happened to it, oldest first."""
        query = select(changes).where(changes.c.claim_id == claim_id).order_by(changes.c.seq)
        return [
            ClaimChange(row.claim_id, row.seq, ClaimState(row.state), row.staff_id, row.note, row.at)
            for row in await self._store.read(query)
        ]

    async def evidence(self, claim_id: str) -> list[Evidence]:
        """All that was looked at, and where it comes from."""
        query = select(evidence).where(evidence.c.claim_id == claim_id)
        rows = await self._store.read(query.order_by(evidence.c.round, evidence.c.datum))
        return [Evidence(row.round, Datum(row.datum, row.value, row.source), row.at) for row in rows]

    async def pending(self, *, limit: int, after: str = "") -> list[Claim]:
        """Claims that wait for a decision, oldest first, from after id `after`."""
        query = select(claims).where(claims.c.state.in_(sorted(OPEN)), claims.c.id > after)
        return [claim_of(row) for row in await self._store.read(query.order_by(claims.c.id).limit(limit))]

    async def cases(self, table: str, *, limit: int) -> list[Inputs]:
        """What a table was asked lately, newest first, for dry runs: facts of claims, never whose they are."""
        kind = next((kind for kind in KINDS.values() if table in {kind.eligible_table, kind.amount_table}), None)
        if kind is None:
            return []
        newest = select(claims.c.id).where(claims.c.kind == kind.name).order_by(claims.c.id.desc()).limit(limit)
        ids = [row.id for row in await self._store.read(newest)]
        query = select(evidence.c.claim_id, evidence.c.datum, evidence.c.value).where(evidence.c.claim_id.in_(ids))
        found: dict[str, dict[str, Value]] = {claim_id: {"attested": False} for claim_id in ids}
        for row in await self._store.read(query.order_by(evidence.c.round)):
            if row.datum in _READ:
                found[row.claim_id][row.datum] = _READ[row.datum](row.value)
        return [facts for facts in found.values() if len(facts) == len(_READ)]

    async def _draft(
        self, kind: Kind, person_id: str, days: tuple[date, date], call_key: str, attester: Attester | None
    ) -> tuple[Claim, tuple[Datum, ...]]:
        now = self._clock.now()
        attestation = Attestation.ASKED if attester else Attestation.NONE
        case = Case(kind, person_id, *days, now.astimezone(self._zone).date(), attestation)
        seen = await self._assessor.assess(case)
        claim = Claim(
            id=new_id("clm", self._clock),
            number=kind.prefix + new_digits(NUMBER_DIGITS),
            person_id=person_id,
            first_day=days[0],
            last_day=days[1],
            days=days_of(*days),
            amount=seen.amount,
            state=ClaimState.ATTESTING if attester else ClaimState.SUBMITTED,
            submitted_at=now,
            decided_by="",
            decided_at=None,
            reason="",
            approval_id="",
            paid_at=None,
            call_key=call_key,
            kind=kind.name,
            attester_name=attester.name if attester else "",
            attestation=attestation,
            proposal=Verdict.LOOK if attester else seen.verdict,
            proposal_why="" if attester else seen.why,
        )
        return claim, seen.evidence

    async def _submit(
        self, claim: Claim, seen: tuple[Datum, ...], person: Claimant, attester: Attester | None, attester_code: str
    ) -> ClaimResult | None:
        """Store it with its notices; None if its number is taken."""
        tell = await self._teller.prepared(
            "claim_received",
            cause=claim.id,
            msisdn=person.msisdn,
            person_id=person.id,
            language=person.language,
            values={"number": claim.number},
            secrets={},
        )
        asking = await self._asking(claim, person, attester) if attester else None

        def work(tx: Connection) -> ClaimResult | None:
            known = tx.execute(select(claims).where(claims.c.call_key == claim.call_key)).one_or_none()
            if known is not None:
                return _again(claim_of(known), claim.person_id, claim.kind, claim.first_day, claim.last_day)
            if covered(tx, claim):
                return ClaimResult(ClaimOutcome.OVERLAP)
            if not insert_claim(tx, claim, attester_code if asking else "", asking.expires_at if asking else None):
                return None
            cover(tx, claim)
            note_evidence(tx, claim.id, seen, claim.submitted_at)
            tell(tx)
            if asking is not None:
                asking.store(tx)
            return ClaimResult(ClaimOutcome.OK, claim)

        try:
            return await self._store.write(work)
        except IntegrityError:
            # Another process has covered one of the days in the same moment.
            return ClaimResult(ClaimOutcome.OVERLAP)

    async def _asking(self, claim: Claim, person: Claimant, attester: Attester) -> AttestationDraft:
        raise NotImplementedError

    def _limits(self, kind: Kind) -> DayLimits:
        settings = self._settings
        return DayLimits(
            settings.benefit_days_max if kind.days_max is None else kind.days_max,
            settings.benefit_late_days_max if kind.late_max is None else kind.late_max,
            settings.benefit_ahead_days_max if kind.ahead_max is None else kind.ahead_max,
        )

    async def _one(self, which: ColumnElement[bool]) -> Claim | None:
        rows = await self._store.read(select(claims).where(which))
        return claim_of(rows[0]) if rows else None


_NO_ATTESTER = {
    AttesterOutcome.UNKNOWN: ClaimOutcome.UNKNOWN_ATTESTER,
    AttesterOutcome.SELF: ClaimOutcome.SELF,
}
_READ: Mapping[str, Callable[[str], Value]] = {
    "days": int,
    "late_days": int,
    "months_paid": int,
    "attested": lambda text: text == "true",
    "first_day": date.fromisoformat,
}


def _again(known: Claim, person_id: str, kind: str, first_day: date, last_day: date) -> ClaimResult:
    if (known.person_id, known.kind, known.first_day, known.last_day) != (person_id, kind, first_day, last_day):
        raise Conflict("this call key belongs to another claim")
    return ClaimResult(ClaimOutcome.OK, known)
