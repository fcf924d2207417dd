"""Breaks for the console's tests, in memory; proposals go to the stub of approvals."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from gateway.services.breaks import (
    Action,
    AgeLine,
    Break,
    BreakOutcome,
    BreakReason,
    BreakRow,
    BreakState,
    Correct,
    Counter,
    Event,
    Evidence,
    EvidenceKind,
    Happening,
    May,
    Named,
    Posting,
    PostingState,
    TotalLine,
)
from gateway.services.reconciliation import GroupRow
from tests.gateway.channels.console.approving import StubApprovals
from tests.gateway.channels.console.evenings import StubAges
from wallet.clock import Clock
from wallet.ids import TransferId, new_id
from wallet.reconciliation import BreakType, Bucket, bucket

TODAY = date(2026, 11, 22)


class StubBreaks:
    """Breaks in a dict."""

    def __init__(self, clock: Clock, approvals: StubApprovals) -> None:
        self.clock, self.approvals = clock, approvals
        self.found: dict[str, Break] = {}
        self.files: dict[str, list[tuple[Evidence, bytes]]] = {}
        self.happened: dict[str, list[Happening]] = {}
        self.posted: dict[str, list[Posting]] = {}
        self.ages = StubAges()
        self.able = May(BreakOutcome.OK, BreakOutcome.OK, (Counter.BANK_CHARGES, Counter.SUSPENSE), (), BreakOutcome.OK)
        self.corrected: list[tuple[TransferId, Correct | None]] = []

    def add(self, group: GroupRow, *, days: int = 0, owner: str = "") -> Break:
        """The break of an open group, opened so many days ago."""
        assert group.broken is not None
        opened = TODAY - timedelta(days=days)
        made = Break(
            new_id("brk", self.clock), group.flow.value, group.id, group.broken, group.difference_minor, group.asset,
            opened, opened + timedelta(days=3), owner, BreakState.OPEN, None, "", len(group.rows), group.run_id, "",
            None, None, "", group.keys,
        )  # fmt: skip
        self.found[made.id] = made
        self._happened(made.id, Event.OPENED, "", "")
        return made

    def resolve(self, break_id: str) -> None:
        self.found[break_id] = replace(self.found[break_id], state=BreakState.RESOLVED, resolved_at=self.clock.now())

    async def breaks(
        self,
        *,
        flow: str = "",
        state: BreakState | None = None,
        standing: bool = False,
        bucket: Bucket | None = None,
        owner: str | None = None,
        type: BreakType | None = None,  # noqa: A002 - the word of the field
        limit: int,
        after: str = "",
    ) -> list[Break]:
        rows = [
            one
            for one in sorted(self.found.values(), key=lambda one: one.id)
            if one.id > after and (not flow or one.flow == flow) and state in {None, one.state}
            if (not standing or one.state is not BreakState.RESOLVED) and bucket in {None, _age(one)}
            if owner in {None, one.owner} and type in {None, one.type}
        ]
        return rows[:limit]

    async def by_id(self, break_id: str) -> Break | None:
        return self.found.get(break_id)

    async def of_group(self, group_id: str) -> Break | None:
        return next((one for one in self.found.values() if one.group_id == group_id), None)

    async def rows(self, break_id: str, *, limit: int, after: tuple[str, str] = ("", "")) -> list[BreakRow]:
        return [BreakRow(side, name, self.found[break_id].minor, TODAY) for side, name in self.found[break_id].keys]

    async def history(self, break_id: str) -> list[Happening]:
        return self.happened[break_id]

    async def postings(self, break_id: str) -> list[Posting]:
        return self.posted.get(break_id, [])

    async def evidences(self, break_id: str) -> list[Evidence]:
        return [file for file, _ in self.files.get(break_id, [])]

    async def evidence(self, break_id: str, number: int) -> tuple[Evidence, bytes] | None:
        return next((pair for pair in self.files.get(break_id, []) if pair[0].number == number), None)

    async def totals(self, flow: str = "") -> list[TotalLine]:
        return self.ages.sums

    async def ageing(self, flow: str = "") -> list[AgeLine]:
        if self.ages.lines:
            return self.ages.lines
        standing = await self.breaks(flow=flow, standing=True, limit=1000)
        return [_line(step, [one for one in standing if _age(one) is step]) for step in Bucket]

    async def may(self, break_id: str) -> May:
        return self.able

    async def assign(self, break_id: str, owner: str, staff_id: str) -> BreakOutcome:
        return self._set(break_id, Event.ASSIGNED, staff_id, owner=owner)

    async def due(self, break_id: str, on: date, staff_id: str) -> BreakOutcome:
        if on < TODAY:
            return BreakOutcome.DATE
        return self._set(break_id, Event.DUE, staff_id, on.isoformat(), due_on=on)

    async def comment(self, break_id: str, text: str, staff_id: str) -> BreakOutcome:
        self._happened(break_id, Event.COMMENTED, staff_id, text)
        return BreakOutcome.OK

    async def attach(self, break_id: str, name: str, octets: bytes, staff_id: str) -> BreakOutcome:
        if not octets.startswith(b"%PDF-"):
            return BreakOutcome.FILE_KIND
        files = self.files.setdefault(break_id, [])
        made = Evidence(
            break_id, len(files) + 1, name, EvidenceKind.PDF, hashlib.sha256(octets).digest(), len(octets), staff_id,
            self.clock.now(),
        )  # fmt: skip
        files.append((made, octets))
        self._happened(break_id, Event.ATTACHED, staff_id, name)
        return BreakOutcome.OK

    async def explain(self, break_id: str, reason: BreakReason, text: str, staff_id: str) -> BreakOutcome:
        return self._set(
            break_id, Event.EXPLAINED, staff_id, text, reason=reason, note=text, state=BreakState.EXPLAINED
        )

    async def reopen(self, break_id: str, why: str, staff_id: str) -> BreakOutcome:
        if self.found[break_id].state is not BreakState.RESOLVED:
            return BreakOutcome.NOT_RESOLVED
        return self._set(break_id, Event.REOPENED, staff_id, why, state=BreakState.OPEN)

    async def propose_write_off(self, break_id: str, reason: str, staff_id: str) -> BreakOutcome:
        return await self._propose(break_id, Action.WRITE_OFF, Named("write_offs"), reason, staff_id)

    async def propose_booking(self, break_id: str, counter: Counter, reason: str, staff_id: str) -> BreakOutcome:
        return await self._propose(break_id, Action.BOOKING, Named(counter.value), reason, staff_id)

    async def propose_correction(
        self, break_id: str, transfer_id: TransferId, right: Correct | None, reason: str, staff_id: str
    ) -> BreakOutcome:
        self.corrected.append((transfer_id, right))
        return await self._propose(break_id, Action.CORRECTION, Named("funding"), reason, staff_id)

    async def propose_undo(self, break_id: str, reason: str, staff_id: str) -> BreakOutcome:
        return await self._propose(break_id, Action.CORRECTION, Named("funding"), reason, staff_id)

    async def _propose(self, break_id: str, action: Action, debit: Named, reason: str, staff_id: str) -> BreakOutcome:
        one = self.found[break_id]
        if one.state is BreakState.PROPOSED:
            return BreakOutcome.WAITING
        payload = {
            "break": break_id, "flow": one.flow, "type": one.type.value, "from": debit.role, "to": "trust_bank",
            "amount": f"{abs(one.minor)} {one.asset}", "reason": reason,
        }  # fmt: skip
        posting_id = new_id("bkp", self.clock)
        approval = await self.approvals.propose(f"break_{action.value}", posting_id, payload, staff_id)
        posting = Posting(
            posting_id, break_id, 1, action, PostingState.ASKED, debit, Named("trust_bank"),
            abs(one.minor), one.asset, None, "", reason, staff_id, approval.id, (), "", self.clock.now(), None,
        )  # fmt: skip
        self.posted.setdefault(break_id, []).append(posting)
        return self._set(break_id, Event.PROPOSED, staff_id, reason, state=BreakState.PROPOSED, posting_id=posting.id)

    def _set(self, break_id: str, what: Event, staff_id: str, said: str = "", **values: Any) -> BreakOutcome:  # noqa: ANN401 - fields of a break
        if self.found[break_id].state is BreakState.RESOLVED and what is not Event.REOPENED:
            return BreakOutcome.RESOLVED
        self.found[break_id] = replace(self.found[break_id], **values)
        self._happened(break_id, what, staff_id, said)
        return BreakOutcome.OK

    def _happened(self, break_id: str, what: Event, staff_id: str, note: str) -> None:
        rows = self.happened.setdefault(break_id, [])
        rows.append(Happening(break_id, len(rows) + 1, what, staff_id, note, "", self.clock.now()))


def _age(one: Break) -> Bucket:
    return bucket(one.opened_on, TODAY)


def _line(step: Bucket, rows: Sequence[Break]) -> AgeLine:
    return AgeLine(step, "IRR", len(rows), sum(abs(one.minor) for one in rows))
