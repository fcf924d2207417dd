"""What is done once others have agreed: intent, post, outcome, link. A sweep finishes what a crash has left."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Connection, Row, select, update

from gateway.errors import Fault
from gateway.observe import log
from gateway.services.breaks import plans
from gateway.services.breaks.book import Entry, held, row_of, transfer_of
from gateway.services.breaks.model import (
    Action,
    BreakState,
    Event,
    Key,
    Named,
    PostingState,
    Resolution,
)
from gateway.services.breaks.proposing import Proposing, unread, unread_of
from gateway.services.breaks.rules import Facts, facts_of
from gateway.services.breaks.tables import BOOKED, BREAKS, OVERDUE, POSTINGS, ROWS, STANDING
from gateway.store import insert_ignore
from wallet.errors import WalletFault
from wallet.ids import TransferId
from wallet.reconciliation.rows import BreakType, Side
from wallet.transfers import LogRow, Outcome, PostResult, Transfer, TransferKind

SWEEP_PAGE = 100
LINK_KEYS_MAX = 400
"""Rows that are named to reconciliation at once; of a larger group one row stands for all."""
PENDING, CHANGED = "pending", "changed"
"""Why something that was agreed to was not posted."""


@dataclass(frozen=True, slots=True)
class _About:
    """What a posting is about: the row that is wrong, what cites it, and what an undo takes back."""

    wrong: LogRow | None
    citing: list[LogRow]
    posted: list[LogRow]


class _Count(NamedTuple):
    """How a flow counts a transfer, and which one it takes back; see tables.BOOKED."""

    minor: int
    rail_minor: int
    undoes: str


class Breaks(Proposing):
    """What does not agree: taken from each run, looked after by staff, put right by two of them.

    A run drives `take`; staff the verbs of the desk and the proposals; approvals `approved` and `refused`; a worker
    `sweep`.
    """

    async def approved(self, posting_id: str, approval_id: str) -> str:
        """Post it. Executor of the three kinds; harmless twice."""
        state = await self._intend(posting_id, approval_id)
        if state is PostingState.INTENDED:
            await self._post(posting_id)
        row = await self._posting(posting_id)
        if row.state == PostingState.POSTED.value and row.due_at is not None:
            await self._finished(posting_id, PostingState.POSTED)
        return f"{row.state}: {row.outcome}" if row.outcome else str(row.state)

    async def refused(self, posting_id: str, approval_id: str) -> str:
        """Leave it as it was. Refuser of the three kinds; harmless twice."""

        def work(tx: Connection, entry: Entry, row: Row[Any]) -> None:
            if row.state == PostingState.ASKED.value:
                _end(tx, row, PostingState.REFUSED, entry, approval_id=approval_id)
                _back(entry, row, Event.REFUSED, approval_id)

        await self._holding(posting_id, work)
        return PostingState.REFUSED.value

    async def sweep(self) -> int:
        """Ask, post and link what was left undone, and mark what is overdue; how many things were finished."""
        before = self._clock.now() - timedelta(seconds=self._parts.settings.sweep_after_s)
        query = select(POSTINGS.c.id, POSTINGS.c.state).where(POSTINGS.c.due_at < before)
        rows = await self._store.read(query.order_by(POSTINGS.c.due_at).limit(SWEEP_PAGE))
        done = sum([await self._finished(row.id, PostingState(row.state)) for row in rows])
        done += await self._mark_overdue()
        await self._measure()
        return done

    async def _finished(self, posting_id: str, state: PostingState) -> bool:
        """Take it one step on; a fault leaves it for later, behind the others."""
        try:
            if state is PostingState.ASKED:
                await self._ask(posting_id)
            elif state is PostingState.INTENDED:
                await self._post(posting_id)
            else:
                return await self._linked(posting_id)
        except (Fault, WalletFault) as fault:
            log(service="breaks").warning("break_posting_waits", posting_id=posting_id, fault=str(fault))
            mine = update(POSTINGS).where(POSTINGS.c.id == posting_id, POSTINGS.c.due_at.is_not(None))
            later = mine.values(due_at=self._clock.now())
            await self._store.write(lambda tx: tx.execute(later).rowcount)
            return False
        return True

    async def _intend(self, posting_id: str, approval_id: str) -> PostingState:
        """From ASKED to INTENDED, or to STALE where the break is not what was agreed to."""
        row = await self._posting(posting_id)
        if row.state != PostingState.ASKED.value:
            return PostingState(row.state)
        flow = (await self._store.read(select(BREAKS.c.flow).where(BREAKS.c.id == row.break_id)))[0].flow
        rows = await self._all_rows(row.break_id)
        pending = not row.undoes and await self._parts.rails.pending(flow, rows)

        def work(tx: Connection, entry: Entry, row: Row[Any]) -> None:
            if row.state != PostingState.ASKED.value:
                return
            mine = entry.state is BreakState.PROPOSED and entry.now["posting_id"] == posting_id
            if not mine or not (row.undoes or row.shape == entry.now["shape"]):
                self._stale(tx, entry, row, CHANGED, approval_id)
            elif pending:
                self._stale(tx, entry, row, PENDING, approval_id)
            else:
                _put(tx, row, state=PostingState.INTENDED.value, approval_id=approval_id, due_at=entry.at)

        await self._holding(posting_id, work)
        return PostingState((await self._posting(posting_id)).state)

    async def _post(self, posting_id: str) -> None:
        """Post what is intended, and keep what came of it."""
        row = await self._posting(posting_id)
        found = (await self._store.read(select(BREAKS).where(BREAKS.c.id == row.break_id)))[0]
        about, plan = await self._about(row), _plan(row, found.flow)
        entry = self._entry(row, plan, about)
        results = await self._posted(plan, entry) if entry is not None else []
        if plan.effective_on is not None and any(one.outcome is Outcome.PERIOD_CLOSED for one in results):
            # What comes late goes into the day that is open; its cause leads to the day that it is of.
            plan = _plan(row, found.flow, late=True)
            entry = self._entry(row, plan, about)
            results = await self._posted(plan, entry or ())

        def work(tx: Connection, entry: Entry, row: Row[Any]) -> None:
            if row.state != PostingState.INTENDED.value:
                return
            refused = [one.outcome for one in results if not one.outcome.stands]
            if not results:
                self._stale(tx, entry, row, CHANGED, row.approval_id)
            elif refused:
                why = next((one for one in refused if one is not Outcome.LINKED_FAILED), refused[0])
                _end(tx, row, PostingState.FAILED, entry, outcome=why.name)
                _back(entry, row, Event.NOT_POSTED, why.name)
            else:
                self._stands(tx, entry, row, [one.transfer for one in results], about)

        await self._holding(posting_id, work)

    def _entry(self, row: Row[Any], plan: plans.Plan, about: _About) -> tuple[Transfer, ...] | None:
        if row.undoes:
            return plans.undoing(plan, about.posted)
        return plans.transfers(plan, self._parts.chart, about.wrong, about.citing)

    async def _posted(self, plan: plans.Plan, entry: tuple[Transfer, ...]) -> list[PostResult]:
        await self._parts.ledger.open_accounts(*plans.accounts_of(plan, self._parts.chart))
        return await self._parts.ledger.post(*entry)

    def _stands(self, tx: Connection, entry: Entry, row: Row[Any], moved: list[Transfer], about: _About) -> None:
        """It is in the book: the break is resolved if its sides agree by it, and open if they do not, or no longer."""
        flow = str(entry.now["flow"])
        rows = [row_of(one) for one in tx.execute(select(ROWS).where(ROWS.c.break_id == entry.id))]
        since = unread(tx.execute(unread_of(entry.row)), rows)
        facts = facts_of(flow, BreakType(entry.now["type"]), rows + since)
        wrong_minor = next((one.minor for one in rows if one.id == row.corrects and one.side is Side.LEDGER), 0)
        if row.undoes:
            counts = [_Count(-one.minor, -one.rail_minor, one.transfer_id) for one in _undone(tx, row.undoes)]
        else:
            counts = self._counts(flow, moved, about, wrong_minor, facts)
        on = row.effective_on if all(one.effective_on for one in moved) else None
        for number, (one, count) in enumerate(zip(moved, counts, strict=True), 1):
            insert_ignore(tx, BOOKED, {
                "transfer_id": str(one.id), "posting_id": row.id, "number": number, "break_id": entry.id, "flow": flow,
                "minor": count.minor, "rail_minor": count.rail_minor, "asset": one.amount.asset.code,
                "on": on or self._today(), "undoes": count.undoes,
            })  # fmt: skip
        _end(tx, row, PostingState.POSTED, entry, due_at=entry.at)
        if row.undoes:
            entry.reopen(f"{row.undoes} was undone by {row.id}")
        elif facts.lacking == sum(count.minor for count in counts):
            entry.resolve(Resolution.POSTED, row.id, row.approval_id, what=Event.POSTED)
        else:
            entry.tell(Event.POSTED, row.approval_id, state=BreakState.OPEN.value, reason="", note="")

    def _counts(
        self, flow: str, moved: Sequence[Transfer], about: _About, wrong_minor: int, facts: Facts
    ) -> list[_Count]:
        told = (about.wrong, wrong_minor, facts.lacking)
        minors = [plans.effect(flow, self._parts.chart, one, *told) for one in moved]
        rail_minor = facts.rail_lacking if sum(minors) == facts.lacking else 0
        rails = [rail_minor, *[0] * (len(moved) - 1)]
        cited = [str(one.cites) if one.kind is TransferKind.REVERSE else "" for one in moved]
        return [_Count(*count) for count in zip(minors, rails, cited, strict=True)]

    async def _linked(self, posting_id: str) -> bool:
        """Tell reconciliation which rows belong together now; False while there is none to be told."""
        linker = self._linker
        if linker is None:
            return False
        row = await self._posting(posting_id)
        flow = (await self._store.read(select(BREAKS.c.flow).where(BREAKS.c.id == row.break_id)))[0].flow
        approval = await self._parts.proposals.by_id(row.approval_id) if row.approval_id else None
        staff_id = (approval.checker if approval is not None else "") or row.staff_id
        booked = select(BOOKED).where(BOOKED.c.posting_id == posting_id).order_by(BOOKED.c.number)
        moved = await self._store.read(booked)
        named = [(Side.LEDGER, one) for one in moved if one.minor]
        named += [(Side.RAIL, one) for one in moved if one.rail_minor]
        keys: list[Key] = [(side, one.transfer_id) for side, one in named]
        if row.undoes:
            undone: list[Key] = [(side, one.undoes) for side, one in named]
            for key in undone:
                await linker.part(flow, key, staff_id, row.approval_id)
            keys += undone
        else:
            mine = [(one.side, one.id) for one in await self._all_rows(row.break_id)]
            keys += mine if len(mine) <= LINK_KEYS_MAX else mine[:1]
        kept = not named or await linker.link(flow, keys, staff_id, row.approval_id)

        def work(tx: Connection, entry: Entry, row: Row[Any]) -> None:
            if row.due_at is not None:
                _put(tx, row, due_at=None)
                entry.tell(Event.LINKED if kept else Event.NOT_LINKED, row.id)

        await self._holding(posting_id, work)
        return True

    async def _about(self, row: Row[Any]) -> _About:
        reads = self._parts.reads
        corrects = transfer_of(row.corrects)
        wrong = await reads.transfer(corrects) if corrects is not None else None
        citing = await reads.citing(corrects) if corrects is not None else []
        posted: list[LogRow] = []
        if row.undoes:
            query = select(BOOKED.c.transfer_id).where(BOOKED.c.posting_id == row.undoes).order_by(BOOKED.c.number)
            for one in await self._store.read(query):
                found = await reads.transfer(TransferId(UUID(one.transfer_id)))
                assert found is not None, "what was booked stays in the book"
                posted.append(found)
        return _About(wrong, citing, posted)

    async def _posting(self, posting_id: str) -> Row[Any]:
        rows = await self._store.read(select(POSTINGS).where(POSTINGS.c.id == posting_id))
        assert rows, "postings are never deleted"
        return rows[0]

    async def _holding(self, posting_id: str, work: Any) -> None:  # noqa: ANN401 - a unit of work with both rows
        """Do `work` while the break and the posting are held, in this order."""
        break_id = (await self._posting(posting_id)).break_id

        def unit(tx: Connection) -> None:
            mine = held(tx, break_id)
            row = tx.execute(select(POSTINGS).where(POSTINGS.c.id == posting_id).with_for_update(key_share=True)).one()
            assert mine is not None, "a posting has its break"
            work(tx, Entry(tx, mine, self._clock.now()), row)

        await self._store.write(unit)

    def _stale(self, tx: Connection, entry: Entry, row: Row[Any], why: str, approval_id: str) -> None:
        _end(tx, row, PostingState.STALE, entry, outcome=why, approval_id=approval_id)
        _back(entry, row, Event.NOT_POSTED, why)

    async def _mark_overdue(self) -> int:
        """Tell, once for each, what should have been dealt with by yesterday."""
        late = STANDING & ~OVERDUE & (BREAKS.c.due_on < self._today())
        rows = await self._store.read(select(BREAKS.c.id).where(late).order_by(BREAKS.c.id).limit(SWEEP_PAGE))
        return sum([await self._store.write(partial(self._overdue, break_id=row.id)) for row in rows])

    def _overdue(self, tx: Connection, *, break_id: str) -> bool:
        row = held(tx, break_id)
        assert row is not None, "breaks are never deleted"
        if not row.standing or row.overdue or row.due_on >= self._today():
            return False
        Entry(tx, row, self._clock.now()).tell(Event.OVERDUE, row.due_on.isoformat(), overdue=True)
        about = {"break_id": row.id, "flow": row.flow, "type": row.type, "owner": row.owner}
        log(service="breaks").warning("break_overdue", **about, due_on=row.due_on.isoformat())
        return True


def _plan(row: Row[Any], flow: str, *, late: bool = False) -> plans.Plan:
    return plans.Plan(
        row.break_id, flow, row.number, Action(row.action),
        Named(row.debit_role, row.debit_owner) if row.debit_role else None,
        Named(row.credit_role, row.credit_owner) if row.credit_role else None,
        row.minor, row.asset, row.back_minor, None if late else row.effective_on,
    )  # fmt: skip


def _undone(tx: Connection, posting_id: str) -> Sequence[Row[Any]]:
    """What a posting has booked, the last first: the order in which it is undone."""
    query = select(BOOKED).where(BOOKED.c.posting_id == posting_id, BOOKED.c.posting_id != "")
    return tx.execute(query.order_by(BOOKED.c.number.desc())).all()


def _put(tx: Connection, row: Row[Any], **values: object) -> None:
    tx.execute(update(POSTINGS).where(POSTINGS.c.id == row.id).values(**values))


def _end(tx: Connection, row: Row[Any], state: PostingState, entry: Entry, **values: object) -> None:
    _put(tx, row, **{"due_at": None, **values}, state=state.value, finished_at=entry.at)


def _back(entry: Entry, row: Row[Any], what: Event, note: str) -> None:
    """The break is what it was before this was proposed; if another thing is by now, only the history tells of it."""
    mine = entry.state is BreakState.PROPOSED and entry.now["posting_id"] == row.id
    entry.tell(what, note, **({"state": row.was} if mine else {}))
