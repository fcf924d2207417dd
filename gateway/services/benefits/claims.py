"""Claims: submitting one, finding them."""

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Connection, Row, func, insert, select
from sqlalchemy.exc import IntegrityError

from gateway.errors import Conflict, NotFound
from gateway.services.benefits.model import Claim, ClaimChange, ClaimOutcome, ClaimResult, ClaimState
from gateway.services.benefits.ports import Claimants, Ledger, ReleaseProposals, Teller
from gateway.services.benefits.rules import DayLimits, benefit, days_of, refusal
from gateway.services.benefits.tables import changes, claims, days
from gateway.services.shortnumber import new_digits
from gateway.settings import Settings
from gateway.store import Store, insert_ignore
from wallet.accounts import Chart
from wallet.clock import Clock
from wallet.ids import new_id
from wallet.money import ASSETS, Money, irr

NUMBER_PREFIX = "S-"
NUMBER_DIGITS = 8
NUMBERS_TRIED_MAX = 10


class Claims:
    """What people ask for."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        ledger: Ledger,
        chart: Chart,
        people: Claimants,
        proposals: ReleaseProposals,
        teller: Teller,
        settings: Settings,
    ) -> None:
        self._store = store
        self._clock = clock
        self._ledger = ledger
        self._chart = chart
        self._people = people
        self._proposals = proposals
        self._teller = teller
        self._settings = settings
        self._zone = ZoneInfo(settings.zone)

    async def claim(self, person_id: str, first_day: date, last_day: date, call_key: str) -> ClaimResult:
        """Submit a claim; the same `call_key` again is the same claim.

        Raises:
            Conflict: That `call_key` belongs to another claim.
            NotFound: No such person.
        """
        known = await self._one(claims.c.call_key == call_key)
        if known is not None:
            return _again(known, person_id, first_day, last_day)
        limits = DayLimits(
            self._settings.benefit_days_max,
            self._settings.benefit_late_days_max,
            self._settings.benefit_ahead_days_max,
        )
        now = self._clock.now()
        no = refusal(first_day, last_day, now.astimezone(self._zone).date(), limits)
        if no is not None:
            return ClaimResult(no, days_max=limits.days_max if no is ClaimOutcome.TOO_LONG else None)
        for _ in range(NUMBERS_TRIED_MAX):
            stored = await self._submit(self._draft(person_id, first_day, last_day, now, call_key))
            if stored is not None:
                return stored
        raise Conflict("no claim number was free")

    async def claims_of(self, person_id: str, *, limit: int = 20) -> list[Claim]:
        """A person's claims, newest first."""
        query = select(claims).where(claims.c.person_id == person_id).order_by(claims.c.id.desc()).limit(limit)
        return [claim_of(row) for row in await self._store.read(query)]

    async def by_id(self, claim_id: str) -> Claim | None:
        """The claim with this id."""
        return await self._one(claims.c.id == claim_id)

    async def by_number(self, number: str) -> Claim | None:
        """The claim with this number, `S-` and eight digits."""
        return await self._one(claims.c.number == number.strip().upper())

    async def history(self, claim_id: str) -> list[ClaimChange]:
        """Everything that happened to it, oldest first."""
        query = select(changes).where(changes.c.claim_id == claim_id).order_by(changes.c.seq)
        return [
            ClaimChange(row.claim_id, row.seq, ClaimState(row.state), row.staff_id, row.note, row.at)
            for row in await self._store.read(query)
        ]

    async def pending(self, *, limit: int, after: str = "") -> list[Claim]:
        """Claims that wait for a decision, oldest first, from after id `after`."""
        query = select(claims).where(claims.c.state == ClaimState.SUBMITTED, claims.c.id > after)
        return [claim_of(row) for row in await self._store.read(query.order_by(claims.c.id).limit(limit))]

    def _draft(self, person_id: str, first_day: date, last_day: date, now: datetime, call_key: str) -> Claim:
        count = days_of(first_day, last_day)
        return Claim(
            id=new_id("clm", self._clock),
            number=NUMBER_PREFIX + new_digits(NUMBER_DIGITS),
            person_id=person_id,
            first_day=first_day,
            last_day=last_day,
            days=count,
            amount=benefit(count, irr(self._settings.benefit_daily_minor)),
            state=ClaimState.SUBMITTED,
            submitted_at=now,
            decided_by="",
            decided_at=None,
            reason="",
            approval_id="",
            paid_at=None,
            call_key=call_key,
        )

    async def _submit(self, claim: Claim) -> ClaimResult | None:
        """Store it with its notice; None if its number is taken."""
        person = await self._people.by_id(claim.person_id)
        if person is None:
            raise NotFound("no such person")
        tell = await self._teller.prepared(
            "claim_received",
            cause=claim.id,
            msisdn=person.msisdn,
            person_id=person.id,
            language=person.language,
            values={"number": claim.number},
            secrets={},
        )

        def work(tx: Connection) -> ClaimResult | None:
            known = tx.execute(select(claims).where(claims.c.call_key == claim.call_key)).one_or_none()
            if known is not None:
                return _again(claim_of(known), claim.person_id, claim.first_day, claim.last_day)
            covered = days.c.day.between(claim.first_day, claim.last_day) & (days.c.person_id == claim.person_id)
            if tx.execute(select(days.c.day).where(covered).limit(1)).first() is not None:
                return ClaimResult(ClaimOutcome.OVERLAP)
            if not _insert(tx, claim):
                return None
            tell(tx)
            return ClaimResult(ClaimOutcome.OK, claim)

        try:
            return await self._store.write(work)
        except IntegrityError:
            # Another process has covered one of the days in the same moment.
            return ClaimResult(ClaimOutcome.OVERLAP)

    async def _one(self, which: ColumnElement[bool]) -> Claim | None:
        rows = await self._store.read(select(claims).where(which))
        return claim_of(rows[0]) if rows else None


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
    )


def add_change(tx: Connection, claim_id: str, state: ClaimState, staff_id: str, note: str, at: datetime) -> None:
    """Write the next row of its history; the caller holds the claim's row."""
    last = tx.execute(select(func.max(changes.c.seq)).where(changes.c.claim_id == claim_id)).scalar()
    row = {"claim_id": claim_id, "seq": (last or 0) + 1, "state": state, "staff_id": staff_id, "note": note, "at": at}
    tx.execute(insert(changes).values(**row))


def _again(known: Claim, person_id: str, first_day: date, last_day: date) -> ClaimResult:
    if (known.person_id, known.first_day, known.last_day) != (person_id, first_day, last_day):
        raise Conflict("this call key belongs to another claim")
    return ClaimResult(ClaimOutcome.OK, known)


def _insert(tx: Connection, claim: Claim) -> bool:
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
        "due_at": None,
    }
    if not insert_ignore(tx, claims, row):
        return False
    each = [claim.first_day + timedelta(days=step) for step in range(claim.days)]
    tx.execute(insert(days), [{"person_id": claim.person_id, "day": day, "claim_id": claim.id} for day in each])
    add_change(tx, claim.id, ClaimState.SUBMITTED, "", "", claim.submitted_at)
    return True
