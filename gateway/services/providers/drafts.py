"""Bills that are typed on a phone, line by line, and sent once the provider has agreed to their sum."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, delete, select

from gateway.services.providers.book import held, visit_of
from gateway.services.providers.fees import Fees, unbillable
from gateway.services.providers.model import (
    AskedLine,
    BillOutcome,
    BillResult,
    Drafted,
    LineOutcome,
    Provider,
    ProviderState,
    Visit,
    VisitState,
)
from gateway.services.providers.rules import LINES_MAX, form_refusal
from gateway.services.providers.tables import drafts, visits
from gateway.store import insert_ignore
from wallet.money import IRR, Money

SUM_DIGITS = 11
"""Digits of the largest sum that the menus show, as `asked` in ussd_menus/menus/actions.toml has it."""


class Drafts(Fees):
    """Keeps what was typed between the pages of a session; nothing of it is a bill until it is sent."""

    async def begin_bill(self, provider_id: str, number: str) -> BillOutcome:
        """Whether this visit can be billed by this provider; what was typed of it before is thrown away."""
        visit, refused = await self._mine(provider_id, number)
        if visit is None or refused is not None:
            return refused or BillOutcome.UNKNOWN_VISIT
        id_ = visit.id
        await self._store.write(lambda tx: tx.execute(delete(drafts).where(drafts.c.visit_id == id_)).rowcount)
        return BillOutcome.OK

    async def add_line(self, provider_id: str, number: str, line: AskedLine, call_key: str) -> Drafted:
        """Add a line; the same `call_key` again is the same line."""
        visit, refused = await self._mine(provider_id, number)
        provider = await self.by_id(provider_id)
        if visit is None or provider is None or refused is not None:
            return Drafted(LineOutcome.CLOSED, 0, Money(0, IRR))
        day = visit.opened_at.astimezone(ZoneInfo(self._settings.zone)).date()
        listed = line.code in await self.prices_on(provider.kind, day)
        id_, now = visit.id, self._clock.now()

        def work(tx: Connection) -> Drafted:
            row = held(tx, visits, id_)
            assert row is not None, "visits are never deleted"
            if unbillable(visit_of(row), now) is not None:
                return Drafted(LineOutcome.CLOSED, 0, Money(0, IRR))
            before = _typed(tx, id_)
            outcome = LineOutcome.OK if call_key in before else _refusal(line, list(before.values()), listed=listed)
            if outcome is LineOutcome.OK:
                values = {"code": line.code, "quantity": line.quantity, "asked_minor": line.asked.minor}
                insert_ignore(tx, drafts, {"visit_id": id_, "call_key": call_key, "added_at": now, **values})
            stand = list(_typed(tx, id_).values())
            return Drafted(outcome, len(stand), _sum(stand))

        return await self._store.write(work)

    async def send_bill(self, provider_id: str, number: str, lines: int, asked: Money) -> BillResult:
        """Bill what was typed, if it is what the provider saw; sent again it is the same bill."""
        visit = await self.visit_by_number(number)
        if visit is None or visit.provider_id != provider_id:
            return BillResult(BillOutcome.UNKNOWN_VISIT)
        if visit.state is VisitState.BILLED:
            fee = await self.fee_of_visit(visit.id)
            if fee is not None and fee.asked == asked:
                return BillResult(BillOutcome.OK, fee, tuple(await self.fee_lines(fee.id)))
            return BillResult(BillOutcome.BILLED)
        query = select(drafts).where(drafts.c.visit_id == visit.id).order_by(drafts.c.added_at, drafts.c.call_key)
        typed = [
            AskedLine(row.code, row.quantity, Money(row.asked_minor, IRR)) for row in await self._store.read(query)
        ]
        if len(typed) != lines or _sum(typed) != asked:
            return BillResult(BillOutcome.CHANGED)
        return await self.bill(provider_id, number, typed)

    async def tidy_drafts(self) -> int:
        """Throw away what was typed of visits that are no longer open; how many lines."""
        closed = select(visits.c.id).where(visits.c.state != VisitState.OPEN)
        old = drafts.c.visit_id.in_(closed)
        if not await self._store.read(select(drafts.c.visit_id).where(old).limit(1)):
            return 0
        return await self._store.write(lambda tx: tx.execute(delete(drafts).where(old)).rowcount)

    async def _mine(self, provider_id: str, number: str) -> tuple[Visit | None, BillOutcome | None]:
        """This provider's visit, and why it cannot be billed; another provider's visit is unknown here."""
        provider: Provider | None = await self.by_id(provider_id)
        visit = await self.visit_by_number(number)
        if provider is None or visit is None or visit.provider_id != provider_id:
            return None, BillOutcome.UNKNOWN_VISIT
        if provider.state is not ProviderState.ACTIVE:
            return visit, BillOutcome.SUSPENDED
        return visit, unbillable(visit, self._clock.now())


def _typed(tx: Connection, visit_id: str) -> dict[str, AskedLine]:
    rows = tx.execute(select(drafts).where(drafts.c.visit_id == visit_id))
    return {row.call_key: AskedLine(row.code, row.quantity, Money(row.asked_minor, IRR)) for row in rows}


def _sum(lines: Sequence[AskedLine]) -> Money:
    return Money(sum(line.asked.minor for line in lines), IRR)


def _refusal(line: AskedLine, known: Sequence[AskedLine], *, listed: bool) -> LineOutcome:
    if form_refusal([line]) is not None:
        return LineOutcome.BAD_LINE
    if not listed:
        return LineOutcome.NOT_LISTED
    if any(one.code == line.code for one in known):
        return LineOutcome.TWICE
    too_much = len(str(_sum([*known, line]).minor)) > SUM_DIGITS
    return LineOutcome.FULL if len(known) >= LINES_MAX or too_much else LineOutcome.OK
