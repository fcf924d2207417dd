"""The checker's half: decide, then do."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, Row, select, update

from gateway.errors import Fault
from gateway.observe import log
from gateway.services.approvals.model import Approval, ApprovalOutcome, ApprovalState, ChangeKind, Checker
from gateway.services.approvals.proposals import Proposals, add_change, approval_of
from gateway.services.approvals.rules import refusal
from gateway.services.approvals.tables import approvals
from gateway.settings import Settings
from gateway.store import Store
from wallet.clock import Clock
from wallet.errors import WalletFault

Executor = Callable[[str, str], Awaitable[str]]
"""`(subject, approval_id) -> result`: does what was approved; called again after a crash, so twice must be harmless."""

SWEEP_PAGE = 100


class Approvals(Proposals):
    """Decides what was proposed; maker is never checker.

    Args:
        store: The gateway's store.
        clock: The time.
        settings: `sweep_after_s`.
        roles: The role that a checker of each kind must have; a kind that is missing here cannot be decided.
        executors: What is done on approval, by kind; every kind of `roles` has one.
        refusers: What is done on rejection, by kind, where anything is.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        settings: Settings,
        *,
        roles: Mapping[str, str],
        executors: Mapping[str, Executor],
        refusers: Mapping[str, Executor] | None = None,
    ) -> None:
        super().__init__(store, clock)
        assert roles.keys() <= executors.keys(), "a kind that can be approved must have an executor"
        self._settings = settings
        self._roles = roles
        self._executors = executors
        self._refusers = refusers or {}
        self._log = log(service="approvals")

    async def approve(self, approval_id: str, checker: Checker) -> ApprovalOutcome:
        """Approve and do it; a fault while doing it leaves it to the sweep."""
        return await self._decide(approval_id, checker, ApprovalState.APPROVED, "")

    async def reject(self, approval_id: str, checker: Checker, reason: str) -> ApprovalOutcome:
        """Reject, saying why."""
        return await self._decide(approval_id, checker, ApprovalState.REJECTED, reason)

    async def sweep(self) -> int:
        """Do what was decided and not done; how many were finished."""
        before = self._clock.now() - timedelta(seconds=self._settings.sweep_after_s)
        query = select(approvals).where(approvals.c.due.is_not(None), approvals.c.decided_at < before)
        rows = await self._store.read(query.order_by(approvals.c.due).limit(SWEEP_PAGE))
        return sum([await self._carry_out(approval_of(row)) for row in rows])

    async def _decide(self, approval_id: str, checker: Checker, state: ApprovalState, reason: str) -> ApprovalOutcome:
        now = self._clock.now()

        def work(tx: Connection) -> ApprovalOutcome | Approval:
            row = _held(tx, approval_id)
            if row is None:
                return ApprovalOutcome.UNKNOWN
            no = refusal(ApprovalState(row.state), row.maker, checker, self._roles.get(row.kind))
            if no is not None:
                return no
            due = approval_id if state is ApprovalState.APPROVED or row.kind in self._refusers else None
            values = {"state": state, "checker": checker.id, "decided_at": now, "reason": reason, "open_key": None}
            tx.execute(update(approvals).where(approvals.c.id == approval_id).values(due=due, **values))
            add_change(tx, approval_id, ChangeKind(state.value), checker.id, reason, now)
            return approval_of(row)

        decided = await self._store.write(work)
        if isinstance(decided, ApprovalOutcome):
            return decided
        if state is ApprovalState.APPROVED:
            await self._do(decided, self._executors[decided.kind])
            return ApprovalOutcome.APPROVED
        if decided.kind in self._refusers:
            await self._do(decided, self._refusers[decided.kind])
        return ApprovalOutcome.REJECTED

    async def _carry_out(self, approval: Approval) -> bool:
        acts = self._executors if approval.state is ApprovalState.APPROVED else self._refusers
        return await self._do(approval, acts[approval.kind])

    async def _do(self, approval: Approval, act: Executor) -> bool:
        """Run it and record what it said; False if a fault came between, which the sweep will meet again."""
        try:
            result = await act(approval.subject, approval.id)
        except (Fault, WalletFault) as fault:
            self._log.warning("approval_not_done", approval_id=approval.id, kind=approval.kind, fault=str(fault))
            await self._record(approval.id, ChangeKind.FAILED, str(fault))
            return False
        await self._record(approval.id, ChangeKind.EXECUTED, result)
        return True

    async def _record(self, approval_id: str, what: ChangeKind, note: str) -> None:
        now = self._clock.now()

        def work(tx: Connection) -> None:
            row = _held(tx, approval_id)
            if row is None or row.due is None:
                return
            add_change(tx, approval_id, what, "", note, now)
            if what is ChangeKind.FAILED:
                return
            approved = row.state == ApprovalState.APPROVED
            state = ApprovalState.EXECUTED if approved else ApprovalState.REJECTED
            mine = update(approvals).where(approvals.c.id == approval_id)
            tx.execute(mine.values(state=state, result=note, due=None))

        await self._store.write(work)


def _held(tx: Connection, approval_id: str) -> Row[Any] | None:
    query = select(approvals).where(approvals.c.id == approval_id).with_for_update(key_share=True)
    return tx.execute(query).one_or_none()
