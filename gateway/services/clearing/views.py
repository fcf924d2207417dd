"""What staff see of clearing, and what they do about exceptions. All lists are paged by id, newest first."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, Select, Table, and_, or_, select, update

from gateway.services.clearing import book
from gateway.services.clearing.model import (
    CLOSED,
    BatchState,
    ClearingException,
    Cycle,
    CycleItem,
    ExceptionState,
    ExceptionType,
    MerchantDue,
    ResolveOutcome,
    Share,
    TerminalBatch,
    Upload,
)
from gateway.services.clearing.ports import Parts, Taking
from gateway.services.clearing.returns import free_due
from gateway.services.clearing.tables import (
    BATCHES,
    CARRIED,
    CYCLES,
    DUES,
    EXCEPTIONS,
    ITEMS,
    MEMBERS,
    SHARES,
    UPLOADS,
)
from wallet.money import Money, irr

LIMIT = 100
ASKED_MAX = 1000
LAST = "~"
"""No bound: the newest come first."""
REASON_MAX = 200


@dataclass(frozen=True, slots=True)
class BatchView:
    """A batch with what the host has in it now, what the terminal has sent, and its exceptions."""

    batch: TerminalBatch
    takings: Sequence[Taking]
    uploads: Sequence[Upload]
    exceptions: Sequence[ClearingException]


class Views:
    """Reads for the console and the command line; exceptions are taken and resolved here."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._store, self._clock = parts.store, parts.clock

    async def batches(
        self,
        *,
        state: BatchState | None = None,
        terminal_id: str = "",
        merchant_id: str = "",
        before: str = LAST,
        limit: int = LIMIT,
    ) -> list[TerminalBatch]:
        """Terminal batches, newest first, of ids below `before`."""
        chosen = {"state": state.value if state else "", "terminal_id": terminal_id, "merchant_id": merchant_id}
        query = _chosen(select(BATCHES), BATCHES, chosen, before)
        rows = await self._store.read(query.order_by(BATCHES.c.id.desc()).limit(limit))
        return [book.batch_of(row) for row in rows]

    async def batch(self, batch_id: str, *, limit: int = LIMIT) -> BatchView | None:
        """One batch with at most `limit` of its items on each side."""
        rows = await self._store.read(select(BATCHES).where(BATCHES.c.id == batch_id))
        if not rows:
            return None
        batch = book.batch_of(rows[0])
        takings = await self._parts.takings.takings(batch.terminal_id, batch.number)
        rounds = (BATCHES.c.terminal_id == batch.terminal_id) & (BATCHES.c.number == batch.number)
        others = select(MEMBERS.c.taking_id).join(BATCHES, BATCHES.c.id == MEMBERS.c.batch_id).where(rounds)
        elsewhere = {row[0] for row in await self._store.read(others.where(BATCHES.c.id != batch_id))}
        sent = select(UPLOADS).where(UPLOADS.c.batch_id == batch_id).order_by(UPLOADS.c.stan, UPLOADS.c.rrn)
        closed = batch.state in CLOSED
        uploads = [book.upload_of(row, closed=closed) for row in await self._store.read(sent.limit(limit))]
        mine = [one for one in takings if one.id not in elsewhere][:limit]
        return BatchView(batch, mine, uploads, await self.exceptions(batch_id=batch_id, state=None))

    async def exceptions(
        self,
        *,
        owner: str = "",
        state: ExceptionState | None = ExceptionState.OPEN,
        batch_id: str = "",
        merchant_id: str = "",
        before: str = LAST,
        limit: int = LIMIT,
    ) -> list[ClearingException]:
        """Exceptions, newest first; of one owner (staff id, or DESK), state, batch or merchant."""
        chosen = {
            "owner": owner, "state": state.value if state else "", "batch_id": batch_id, "merchant_id": merchant_id,
        }  # fmt: skip
        query = _chosen(select(EXCEPTIONS), EXCEPTIONS, chosen, before)
        rows = await self._store.read(query.order_by(EXCEPTIONS.c.id.desc()).limit(limit))
        return [book.exception_of(row) for row in rows]

    async def exception(self, exception_id: str) -> ClearingException | None:
        """One exception."""
        rows = await self._store.read(select(EXCEPTIONS).where(EXCEPTIONS.c.id == exception_id))
        return book.exception_of(rows[0]) if rows else None

    async def take(self, exception_id: str, staff_id: str) -> ResolveOutcome:
        """This member of staff looks after it from now on."""

        def work(tx: Connection) -> ResolveOutcome:
            outcome = _standing(tx, exception_id)
            if outcome is ResolveOutcome.OK:
                mine = update(EXCEPTIONS).where(EXCEPTIONS.c.id == exception_id)
                tx.execute(mine.values(owner=staff_id))
            return outcome

        return await self._store.write(work)

    async def resolve(self, exception_id: str, staff_id: str, reason: str) -> ResolveOutcome:
        """Say why it needs nothing more; who says so owns it.

        A taking that was not settled is asked for again by the next cycle, and money that came back may be paid again.
        """
        reason, now = " ".join(reason.split())[:REASON_MAX], self._clock.now()
        if not reason:
            return ResolveOutcome.REASON_MISSING

        def work(tx: Connection) -> ResolveOutcome:
            outcome = _standing(tx, exception_id)
            if outcome is not ResolveOutcome.OK:
                return outcome
            row = tx.execute(select(EXCEPTIONS).where(EXCEPTIONS.c.id == exception_id)).one()
            mine = update(EXCEPTIONS).where(EXCEPTIONS.c.id == exception_id)
            tx.execute(mine.values(owner=staff_id))
            type_ = ExceptionType(row.type)
            book.resolve_exception(tx, type_, row.subject, staff_id, reason, now)
            if type_ is ExceptionType.NOT_POSTED:
                refused = (ITEMS.c.taking_id == row.subject) & (ITEMS.c.state == "refused")
                tx.execute(update(ITEMS).where(refused).values(state="again"))
            elif type_ is ExceptionType.PAYOUT_RETURNED:
                free_due(tx, row.subject)
            return ResolveOutcome.OK

        return await self._store.write(work)

    async def cycles(self, *, on: date | None = None, before: str = LAST, limit: int = LIMIT) -> list[Cycle]:
        """Cycles, latest cut first, from behind the cycle `before`; of one business date."""
        query = select(CYCLES)
        if before != LAST:
            last = select(CYCLES.c.cut_at).where(CYCLES.c.id == before).scalar_subquery()
            same = and_(CYCLES.c.cut_at == last, CYCLES.c.id < before)
            query = query.where(or_(CYCLES.c.cut_at < last, same))
        query = query if on is None else query.where(CYCLES.c.business_on == on)
        rows = await self._store.read(query.order_by(CYCLES.c.cut_at.desc(), CYCLES.c.id.desc()).limit(limit))
        return [book.cycle_of(row) for row in rows]

    async def cycle(self, cycle_id: str) -> Cycle | None:
        """One cycle."""
        rows = await self._store.read(select(CYCLES).where(CYCLES.c.id == cycle_id))
        return book.cycle_of(rows[0]) if rows else None

    async def shares(self, cycle_id: str, *, after: str = "", limit: int = LIMIT) -> list[Share]:
        """What a cycle came to for each merchant, by merchant id."""
        mine = select(SHARES).where(SHARES.c.cycle_id == cycle_id, SHARES.c.merchant_id > after)
        rows = await self._store.read(mine.order_by(SHARES.c.merchant_id).limit(limit))
        return [book.share_of(row) for row in rows]

    async def items(
        self, cycle_id: str, *, merchant_id: str = "", after: str = "", limit: int = LIMIT
    ) -> list[CycleItem]:
        """The takings of a cycle, by id; of one merchant."""
        chosen = {"cycle_id": cycle_id, "merchant_id": merchant_id}
        query = _chosen(select(ITEMS), ITEMS, chosen).where(ITEMS.c.taking_id > after)
        rows = await self._store.read(query.order_by(ITEMS.c.taking_id).limit(limit))
        return [book.item_of(row) for row in rows]

    async def are_waiting(self, taking_ids: Collection[str]) -> bool:
        """Whether a cycle has one of these takings and has not settled it yet."""
        wanted = sorted(set(taking_ids))
        for start in range(0, len(wanted), ASKED_MAX):
            mine = ITEMS.c.taking_id.in_(wanted[start : start + ASKED_MAX]) & ITEMS.c.state.in_(("waiting", "again"))
            if await self._store.read(select(ITEMS.c.taking_id).where(mine).limit(1)):
                return True
        return False

    async def dues(self, merchant_id: str, *, limit: int = LIMIT) -> list[MerchantDue]:
        """What cycles owe a merchant or have paid, newest first."""
        query = select(DUES).where(DUES.c.merchant_id == merchant_id).order_by(DUES.c.id.desc()).limit(limit)
        return [book.due_of(row) for row in await self._store.read(query)]

    async def due(self, due_id: str) -> MerchantDue | None:
        """One due."""
        rows = await self._store.read(select(DUES).where(DUES.c.id == due_id))
        return book.due_of(rows[0]) if rows else None

    async def carried(self, merchant_id: str) -> Money:
        """By how much refunds exceed what the merchant was owed."""
        rows = await self._store.read(select(CARRIED.c.minor).where(CARRIED.c.merchant_id == merchant_id))
        return irr(rows[0].minor if rows else 0)


def _chosen(query: Select[Any], table: Table, chosen: Mapping[str, str], before: str = LAST) -> Select[Any]:
    for name, value in chosen.items():
        if value:
            query = query.where(table.c[name] == value)
    # Where a database sorts LAST is its own affair.
    return query if before == LAST else query.where(table.c.id < before)


def _standing(tx: Connection, exception_id: str) -> ResolveOutcome:
    query = select(EXCEPTIONS.c.state).where(EXCEPTIONS.c.id == exception_id).with_for_update(key_share=True)
    state = tx.execute(query).scalar_one_or_none()
    if state is None:
        return ResolveOutcome.UNKNOWN
    return ResolveOutcome.OK if state == ExceptionState.OPEN.value else ResolveOutcome.RESOLVED
