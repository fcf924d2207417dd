"""The maker's half: what could be posted for a break, and asking others to agree to it."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, Select, func, insert, select, update

from gateway.errors import Conflict
from gateway.services.breaks import rules
from gateway.services.breaks.book import Entry
from gateway.services.breaks.model import (
    KEYS_MAX,
    REASON_MAX,
    Action,
    BreakOutcome,
    BreakRow,
    BreakState,
    Correct,
    Counter,
    Event,
    May,
    Named,
    Posting,
    PostingState,
)
from gateway.services.breaks.plans import sides
from gateway.services.breaks.sealing import Sealing
from gateway.services.breaks.tables import BOOKED, BREAKS, POSTINGS
from gateway.services.remarks import words
from wallet.accounts import AccountKind
from wallet.corrections import left_of
from wallet.ids import TransferId, moment_of, new_id
from wallet.money import ASSETS, MINOR_MAX, Money
from wallet.reconciliation.rows import BreakType, Side
from wallet.transfers import REVERSIBLE, LogRow

KINDS = {action: f"break_{action.value}" for action in Action}
"""Kind of the approval of each; its subject is the posting."""
_OWNER = re.compile(r"[\w.:@+-]{1,100}")


@dataclass(frozen=True, slots=True)
class Draft:
    """What somebody would have posted; fields as of Posting."""

    action: Action
    debit: Named | None
    credit: Named | None
    minor: int
    back_minor: int = 0
    corrects: TransferId | None = None
    undoes: str = ""
    effective_on: date | None = None


@dataclass(frozen=True, slots=True)
class _Case:
    """A break with what the rules look at: its rows, and what was posted since a run has read them."""

    row: Row[Any]
    rows: list[BreakRow]
    facts: rules.Facts


class Proposing(Sealing):
    """Each verb asks another member of finance; OK: it waits, and the break with it."""

    async def may(self, break_id: str) -> May:
        """What could be proposed for it now, and why not. What rows of ours explain is never offered to be booked."""
        case = await self._case(break_id)
        no = BreakOutcome.UNKNOWN if case is None else rules.standing(BreakState(case.row.state))
        undo = await self._undo_of(break_id, case)
        undone = BreakOutcome.OK if isinstance(undo, Posting) else undo
        if case is None or no is not BreakOutcome.OK:
            return May(no, no, (), (), undone)
        mine: tuple[TransferId, ...] = ()
        if rules.correction(case.facts) is BreakOutcome.OK:
            ledger = [row for row in case.rows if row.side is Side.LEDGER][:KEYS_MAX]
            mine = tuple(one for one in (_transfer_id(row.id) for row in ledger) if one is not None)
        return May(_write_off(case), rules.booking(case.facts), rules.counters(case.facts), mine, undone)

    async def propose_write_off(self, break_id: str, reason: str, staff_id: str) -> BreakOutcome:
        """Give up what the ledger lacks: see rules.write_off."""
        case = await self._open_case(break_id)
        if isinstance(case, BreakOutcome):
            return case
        if (no := _write_off(case)) is not BreakOutcome.OK:
            return no
        largest = rules.largest(case.rows)
        wrong = await self._wrong(largest.id) if largest is not None else None
        paid_from = None
        if wrong is not None:
            account = await self._parts.reads.account(wrong.transfer.debit)
            paid_from = Named(account.role, account.owner) if account is not None else None
        if (largest is not None and wrong is None) or paid_from == Named(rules.WRITTEN_OFF):
            return BreakOutcome.TRANSFER
        debit, credit = sides(case.row.flow, case.facts.lacking, paid_from)
        corrects = wrong.transfer.id if wrong is not None else None
        draft = Draft(Action.WRITE_OFF, debit, credit, abs(case.facts.lacking), corrects=corrects)
        return await self._propose(case.row, draft, reason, staff_id)

    async def propose_booking(self, break_id: str, counter: Counter, reason: str, staff_id: str) -> BreakOutcome:
        """Book what the bank has, on its day, against `counter`."""
        case = await self._open_case(break_id)
        if isinstance(case, BreakOutcome):
            return case
        if (no := rules.booking(case.facts)) is not BreakOutcome.OK:
            return no
        if counter not in rules.counters(case.facts):
            return BreakOutcome.COUNTER
        trust, other = Named(rules.TRUST), Named(counter.value)
        debit, credit = (trust, other) if case.facts.lacking > 0 else (other, trust)
        on = min(max(row.on for row in case.rows if row.side is Side.BANK), self._today())
        draft = Draft(Action.BOOKING, debit, credit, abs(case.facts.lacking), effective_on=on)
        return await self._propose(case.row, draft, reason, staff_id)

    async def propose_correction(
        self, break_id: str, transfer_id: TransferId, right: Correct | None, reason: str, staff_id: str
    ) -> BreakOutcome:
        """Take back what is left of a transfer of this break, and book what is right instead, if that is said."""
        case = await self._open_case(break_id)
        if isinstance(case, BreakOutcome):
            return case
        if (no := rules.correction(case.facts)) is not BreakOutcome.OK:
            return no
        named = any(row.side is Side.LEDGER and row.id == str(transfer_id) for row in case.rows)
        wrong = await self._wrong(str(transfer_id)) if named else None
        if wrong is None or wrong.transfer.kind not in REVERSIBLE:
            return BreakOutcome.TRANSFER
        left = left_of(wrong, await self._parts.reads.citing(wrong.transfer.id))
        if not left and right is None:
            return BreakOutcome.TRANSFER
        if right is not None and right.minor > case.facts.most:
            return BreakOutcome.AMOUNT
        if right is not None and (unfit := await self._unfit(right, case.row.asset)) is not None:
            return unfit
        debit, credit, minor = (right.debit, right.credit, right.minor) if right is not None else (None, None, 0)
        draft = Draft(Action.CORRECTION, debit, credit, minor, left, wrong.transfer.id)
        return await self._propose(case.row, draft, reason, staff_id)

    async def propose_undo(self, break_id: str, reason: str, staff_id: str) -> BreakOutcome:
        """Take back what was posted for it last; then it stands open again. Other people may agree than did before."""
        case = await self._case(break_id)
        undo = await self._undo_of(break_id, case)
        if case is None or isinstance(undo, BreakOutcome):
            return undo if isinstance(undo, BreakOutcome) else BreakOutcome.UNKNOWN
        draft = Draft(Action.CORRECTION, undo.credit, undo.debit, 0, undo.minor, undoes=undo.id)
        return await self._propose(case.row, draft, reason, staff_id)

    async def _case(self, break_id: str) -> _Case | None:
        found = await self._store.read(select(BREAKS).where(BREAKS.c.id == break_id))
        if not found:
            return None
        row, rows = found[0], await self._all_rows(break_id)
        pending = await self._parts.rails.pending(row.flow, rows)
        keys = [(one.side, one.id) for one in rows[:KEYS_MAX]]
        suggested = self._suggested is not None and await self._suggested.explained(row.flow, keys)
        now = rows + unread(await self._store.read(unread_of(row)), rows)
        return _Case(
            row, rows, rules.facts_of(row.flow, BreakType(row.type), now, pending=pending, suggested=suggested)
        )

    async def _open_case(self, break_id: str) -> _Case | BreakOutcome:
        case = await self._case(break_id)
        if case is None:
            return BreakOutcome.UNKNOWN
        no = rules.standing(BreakState(case.row.state))
        return case if no is BreakOutcome.OK else no

    async def _undo_of(self, break_id: str, case: _Case | None) -> Posting | BreakOutcome:
        if case is None:
            return BreakOutcome.UNKNOWN
        if case.row.state == BreakState.PROPOSED.value:
            return BreakOutcome.WAITING
        posted = [one for one in await self.postings(break_id) if one.state is PostingState.POSTED]
        undone = {one.undoes for one in posted}
        left = [one for one in posted if not one.undoes and one.id not in undone]
        return left[-1] if left else BreakOutcome.TRANSFER

    async def _wrong(self, row_id: str) -> LogRow | None:
        transfer_id = _transfer_id(row_id)
        return await self._parts.reads.transfer(transfer_id) if transfer_id is not None else None

    async def _unfit(self, right: Correct, asset: str) -> BreakOutcome | None:
        """Why nothing is booked so, if that is so."""
        if not 0 < right.minor <= MINOR_MAX:
            return BreakOutcome.AMOUNT
        for named in (right.debit, right.credit):
            role = self._parts.chart.roles.get(named.role)
            if role is None or role.owned != bool(named.owner) or role.kind is AccountKind.OFF_BALANCE:
                return BreakOutcome.ACCOUNT
            if named.owner and not _OWNER.fullmatch(named.owner):
                return BreakOutcome.ACCOUNT
            # An account of somebody is never made by a slip of the pen.
            account = self._parts.chart.id(named.role, named.owner, ASSETS[asset])
            if named.owner and await self._parts.reads.account(account) is None:
                return BreakOutcome.ACCOUNT
        return BreakOutcome.ACCOUNT if right.debit == right.credit else None

    async def _propose(self, was: Row[Any], draft: Draft, reason: str, staff_id: str) -> BreakOutcome:
        """Keep it, then ask for it: who decides finds it, and the sweep asks if a crash comes in between.

        Raises:
            Conflict: A run has found the break to be another meanwhile.
        """
        said = words(reason)
        if not said:
            return BreakOutcome.TEXT_MISSING
        if len(said) > REASON_MAX:
            return BreakOutcome.TEXT_LONG
        posting_id = new_id("bkp", self._clock)

        def work(tx: Connection, entry: Entry) -> BreakOutcome:
            if entry.state is BreakState.PROPOSED:
                return BreakOutcome.WAITING
            if entry.now["shape"] != was.shape or entry.state.value != was.state:
                raise Conflict("the break has changed")
            last = select(func.max(POSTINGS.c.number)).where(POSTINGS.c.break_id == entry.id)
            number = (tx.execute(last).scalar() or 0) + 1
            tx.execute(insert(POSTINGS).values(
                id=posting_id, break_id=entry.id, number=number, action=draft.action.value,
                state=PostingState.ASKED.value, **_named("debit", draft.debit), **_named("credit", draft.credit),
                minor=draft.minor, back_minor=draft.back_minor, asset=was.asset,
                corrects=str(draft.corrects) if draft.corrects is not None else "", undoes=draft.undoes, reason=said,
                staff_id=staff_id, approval_id="", effective_on=draft.effective_on, shape=was.shape, was=was.state,
                outcome="", at=entry.at, finished_at=None, due_at=entry.at,
            ))  # fmt: skip
            entry.tell(
                Event.PROPOSED, f"{draft.action.value}: {said}", state=BreakState.PROPOSED.value, posting_id=posting_id
            )
            return BreakOutcome.OK

        outcome = await self._change(was.id, work, staff_id)
        if outcome is BreakOutcome.OK:
            await self._ask(posting_id)
        return outcome

    async def _ask(self, posting_id: str) -> None:
        """Ask others, once; what was asked already is named."""
        query = select(POSTINGS, BREAKS.c.flow, BREAKS.c.type).join(BREAKS, BREAKS.c.id == POSTINGS.c.break_id)
        row = (await self._store.read(query.where(POSTINGS.c.id == posting_id)))[0]
        payload = {
            "break": row.break_id, "flow": row.flow, "type": row.type, "reason": row.reason,
            "from": _account(row.debit_role, row.debit_owner), "to": _account(row.credit_role, row.credit_owner),
            "transfer": row.corrects, "undoes": row.undoes,
        }  # fmt: skip
        amount = Money(max(row.minor, row.back_minor), ASSETS[row.asset])
        told = {name: value for name, value in payload.items() if value}
        approval = await self._parts.proposals.propose(
            KINDS[Action(row.action)], posting_id, told, row.staff_id, amount=amount
        )
        mine = (POSTINGS.c.id == posting_id) & (POSTINGS.c.approval_id == "")
        asked = mine & (POSTINGS.c.state == PostingState.ASKED.value)

        def work(tx: Connection) -> None:
            tx.execute(update(POSTINGS).where(asked).values(due_at=None))
            tx.execute(update(POSTINGS).where(mine).values(approval_id=approval.id))

        await self._store.write(work)


def unread_of(row: Row[Any]) -> Select[Any]:
    """What was posted for a break after the run began whose rows it has: that run has not read it."""
    began = moment_of(row.run_id)
    mine = select(BOOKED).join(POSTINGS, POSTINGS.c.id == BOOKED.c.posting_id).where(BOOKED.c.break_id == row.id)
    return mine if began is None else mine.where(POSTINGS.c.finished_at >= began)


def unread(booked: Iterable[Row[Any]], rows: Sequence[BreakRow]) -> list[BreakRow]:
    """The same as rows of the books that count it; what the run has read all the same stands among its rows."""
    known = {(row.side, row.id) for row in rows}
    found = [
        BreakRow(side, one.transfer_id, minor, one.on)
        for one in booked
        for side, minor in ((Side.LEDGER, one.minor), (Side.RAIL, one.rail_minor))
        if minor
    ]
    return [row for row in found if (row.side, row.id) not in known]


def _write_off(case: _Case) -> BreakOutcome:
    """What the rules say; and where it makes an account good, it gives no more than was taken from it."""
    no, largest = rules.write_off(case.facts), rules.largest(case.rows)
    if no is not BreakOutcome.OK or case.facts.flow == rules.BANK or largest is None:
        return no
    return no if abs(case.facts.lacking) <= abs(largest.minor) else BreakOutcome.CORRECT_IT


def _named(side: str, account: Named | None) -> dict[str, str]:
    return {f"{side}_role": account.role if account else "", f"{side}_owner": account.owner if account else ""}


def _account(role: str, owner: str) -> str:
    return f"{role}:{owner}" if owner else role


def _transfer_id(row_id: str) -> TransferId | None:
    """The transfer that a row of the ledger is; None if it names none."""
    try:
        return TransferId(UUID(row_id))
    except ValueError:
        return None
