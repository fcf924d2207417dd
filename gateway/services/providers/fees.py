"""Fees: a bill for a visit, adjudicated by the price list, decided, and moved by intent, post and outcome."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, insert, select, update

from gateway.services.providers.book import add_change, fee_of, held, line_of, line_rows, visit_of
from gateway.services.providers.model import (
    AskedLine,
    BillOutcome,
    BillResult,
    CoPayment,
    Fee,
    FeeLine,
    FeeOutcome,
    FeeState,
    ProviderState,
    Visit,
    VisitState,
)
from gateway.services.providers.rules import adjudicated, form_refusal, lowered, sums
from gateway.services.providers.tables import fees, lines, visits
from gateway.services.providers.visits import Visits
from wallet.ids import new_id
from wallet.money import Money

ASKED_MAX = 1000
RULE = "rule"
"""Who has decided a fee that the list alone decides."""


class Fees(Visits):
    """Bills and decisions."""

    async def bill(self, provider_id: str, visit_number: str, asked: Sequence[AskedLine]) -> BillResult:
        """Bill a visit: each line is priced by the list of the day on which the visit was opened.

        What the list approves is owed at once where the patient opened the visit, no line was lowered, and the sum is
        not above `fee_auto_max_minor`; everything else waits for an officer.
        """
        refused = form_refusal(asked)
        visit = await self.visit_by_number(visit_number)
        if refused is not None or visit is None:
            return BillResult(BillOutcome.UNKNOWN_VISIT if visit is None else refused or BillOutcome.BAD_LINE)
        provider = await self.by_id(visit.provider_id)
        if provider is None or provider.id != provider_id:
            return BillResult(BillOutcome.NOT_YOURS)
        if provider.state is not ProviderState.ACTIVE:
            return BillResult(BillOutcome.SUSPENDED)
        day = visit.opened_at.astimezone(ZoneInfo(self._settings.zone)).date()
        priced = adjudicated(asked, await self.prices_on(provider.kind, day), visit.cap)
        fee = self._draft(visit, priced)
        now = self._clock.now()

        def work(tx: Connection) -> BillResult:
            row = held(tx, visits, visit.id)
            assert row is not None, "visits are never deleted"
            no = unbillable(visit_of(row), now)
            if no is not None:
                return BillResult(no)
            tx.execute(update(visits).where(visits.c.id == visit.id).values(state=VisitState.BILLED))
            tx.execute(insert(fees).values(**_row(fee, now)))
            tx.execute(insert(lines), line_rows(fee.id, priced))
            add_change(tx, visit.id, VisitState.BILLED.value, "", "", now)
            add_change(tx, fee.id, fee.state.value, "", fee.decided_by, now)
            return BillResult(BillOutcome.OK, fee, priced)

        return await self._store.write(work)

    async def approve_fee(
        self, fee_id: str, officer: str, *, less: Mapping[int, Money] = {}, reason: str = ""
    ) -> FeeOutcome:
        """Approve, lowering lines by their number where `less` says so; a reason belongs to that."""
        visit_by = await self._opened_by(fee_id)
        now = self._clock.now()

        def work(tx: Connection) -> FeeOutcome:
            no = _undecidable(tx, fee_id, officer, visit_by)
            if no is not None:
                return no
            known = lines_in(tx, fee_id)
            if not less.keys() <= {line.number for line in known}:
                return FeeOutcome.OVER_ASKED
            if any(not 0 <= most.minor <= known[number - 1].approved.minor for number, most in less.items()):
                return FeeOutcome.OVER_ASKED
            if less and not reason.strip():
                return FeeOutcome.REASON_MISSING
            left = [lowered(line, less.get(line.number, line.approved)) for line in known]
            _, covered, share = sums(left)
            if not covered.minor + share.minor:
                return FeeOutcome.NOTHING_LEFT
            for values in line_rows(fee_id, left):
                mine = update(lines).where(lines.c.fee_id == fee_id, lines.c.number == values["number"])
                tx.execute(mine.values(**values))
            change_fee(
                tx, fee_id, FeeState.APPROVED, officer, now, note=reason.strip(), reason=reason.strip(),
                decided_by=officer, decided_at=now, due_at=now, covered_minor=covered.minor, share_minor=share.minor,
                co_payment=CoPayment.WAITING if share.minor else CoPayment.NONE,
            )  # fmt: skip
            return FeeOutcome.OK

        return await self._store.write(work)

    async def reject_fee(self, fee_id: str, officer: str, reason: str) -> FeeOutcome:
        """Reject all of it, saying why."""
        visit_by = await self._opened_by(fee_id)
        now = self._clock.now()

        def work(tx: Connection) -> FeeOutcome:
            no = _undecidable(tx, fee_id, officer, visit_by)
            if no is not None:
                return no
            if not reason.strip():
                return FeeOutcome.REASON_MISSING
            decided = {"decided_by": officer, "decided_at": now, "reason": reason.strip()}
            change_fee(tx, fee_id, FeeState.REJECTED, officer, now, note=reason.strip(), **decided)
            return FeeOutcome.OK

        return await self._store.write(work)

    async def fee(self, fee_id: str) -> Fee | None:
        """The fee with this id."""
        rows = await self._store.read(select(fees).where(fees.c.id == fee_id))
        return fee_of(rows[0]) if rows else None

    async def are_undecided(self, fee_ids: Collection[str]) -> bool:
        """Whether one of these fees waits for an officer, or its money is being moved."""
        wanted = sorted(set(fee_ids))
        states = (FeeState.SUBMITTED.value, FeeState.APPROVED.value)
        for start in range(0, len(wanted), ASKED_MAX):
            mine = fees.c.id.in_(wanted[start : start + ASKED_MAX]) & fees.c.state.in_(states)
            if await self._store.read(select(fees.c.id).where(mine).limit(1)):
                return True
        return False

    async def fee_of_visit(self, visit_id: str) -> Fee | None:
        """The fee of a visit."""
        rows = await self._store.read(select(fees).where(fees.c.visit_id == visit_id))
        return fee_of(rows[0]) if rows else None

    async def visited(self, person_id: str, *, limit: int = 9) -> list[tuple[Visit, Fee | None]]:
        """A patient's visits, newest first, each with what was billed for it."""
        found = await self.visits_of(person_id, limit=limit)
        rows = await self._store.read(select(fees).where(fees.c.visit_id.in_([visit.id for visit in found])))
        by_visit = {row.visit_id: fee_of(row) for row in rows}
        return [(visit, by_visit.get(visit.id)) for visit in found]

    async def numbers_of(self, billed: Sequence[Fee]) -> dict[str, str]:
        """The numbers of these fees' visits, by visit id."""
        query = select(visits.c.id, visits.c.number).where(visits.c.id.in_([fee.visit_id for fee in billed]))
        return {row.id: row.number for row in await self._store.read(query)}

    async def fee_lines(self, fee_id: str) -> list[FeeLine]:
        """A fee's lines in the bill's order."""
        query = select(lines).where(lines.c.fee_id == fee_id).order_by(lines.c.number)
        return [line_of(row) for row in await self._store.read(query)]

    async def fees_of(self, provider_id: str, *, limit: int = 50, before: str = "") -> list[Fee]:
        """A provider's fees, newest first, from before the id `before`."""
        query = select(fees).where(fees.c.provider_id == provider_id).order_by(fees.c.id.desc()).limit(limit)
        older = query.where(fees.c.id < before) if before else query
        return [fee_of(row) for row in await self._store.read(older)]

    async def pending_fees(self, *, limit: int, after: str = "") -> list[Fee]:
        """Fees that wait for an officer, oldest first, from after id `after`."""
        query = select(fees).where(fees.c.state == FeeState.SUBMITTED, fees.c.id > after).order_by(fees.c.id)
        return [fee_of(row) for row in await self._store.read(query.limit(limit))]

    async def _opened_by(self, fee_id: str) -> str:
        query = select(visits.c.opened_by).join(fees, fees.c.visit_id == visits.c.id).where(fees.c.id == fee_id)
        rows = await self._store.read(query)
        return str(rows[0].opened_by) if rows else ""

    def _draft(self, visit: Visit, priced: Sequence[FeeLine]) -> Fee:
        asked, covered, share = sums(priced)
        now = self._clock.now()
        by_rule = (
            not visit.opened_by
            and 0 < covered.minor + share.minor <= self._settings.fee_auto_max_minor
            and all(line.reason is None for line in priced)
        )
        return Fee(
            new_id("fee", self._clock), visit.id, visit.provider_id, visit.person_id,
            FeeState.APPROVED if by_rule else FeeState.SUBMITTED, asked, covered, share,
            CoPayment.WAITING if share.minor else CoPayment.NONE, now, RULE if by_rule else "",
            now if by_rule else None, "", "", None,
        )  # fmt: skip


def unbillable(visit: Visit, now: datetime) -> BillOutcome | None:
    """Why this visit cannot be billed now, or None."""
    if visit.state is VisitState.BILLED:
        return BillOutcome.BILLED
    if visit.state is VisitState.EXPIRED or visit.expires_at < now:
        return BillOutcome.EXPIRED
    return None


def _undecidable(tx: Connection, fee_id: str, officer: str, opened_by: str) -> FeeOutcome | None:
    row = held(tx, fees, fee_id)
    if row is None:
        return FeeOutcome.UNKNOWN
    if row.state != FeeState.SUBMITTED:
        return FeeOutcome.NOT_PENDING
    return FeeOutcome.OWN_VISIT if opened_by == officer else None


def lines_in(tx: Connection, fee_id: str) -> list[FeeLine]:
    """A fee's lines inside a unit of work, in the bill's order."""
    query = select(lines).where(lines.c.fee_id == fee_id).order_by(lines.c.number)
    return [line_of(row) for row in tx.execute(query)]


def change_fee(
    tx: Connection, fee_id: str, state: FeeState, staff_id: str, now: datetime, *, note: str = "", **values: object
) -> None:
    """Move a fee on, with the row of its history; the caller holds the fee's row."""
    tx.execute(update(fees).where(fees.c.id == fee_id).values(state=state, **values))
    add_change(tx, fee_id, state.value, staff_id, note, now)


def _row(fee: Fee, now: datetime) -> dict[str, object]:
    return {
        "id": fee.id,
        "visit_id": fee.visit_id,
        "provider_id": fee.provider_id,
        "person_id": fee.person_id,
        "state": fee.state.value,
        "asset": fee.asked.asset.code,
        "asked_minor": fee.asked.minor,
        "covered_minor": fee.covered.minor,
        "share_minor": fee.share.minor,
        "co_payment": fee.co_payment.value,
        "submitted_at": fee.submitted_at,
        "decided_by": fee.decided_by,
        "decided_at": fee.decided_at,
        "reason": "",
        "batch_id": "",
        "paid_at": None,
        "attempt": 0,
        "due_at": now if fee.state is FeeState.APPROVED else None,
    }
