"""The checker's half: decide, then do."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, select, update

from gateway.errors import Fault
from gateway.observe import log
from gateway.services.approvals.delegations import Delegations, Held
from gateway.services.approvals.model import (
    Approval,
    ApprovalOutcome,
    ApprovalState,
    ChangeKind,
    Checker,
    Vote,
    VoteKind,
)
from gateway.services.approvals.policy import Band, Policy
from gateway.services.approvals.proposals import Proposals, add_change, add_vote, approval_of, vote_of
from gateway.services.approvals.rules import Ballot, Matter, Voter, ballot, joining
from gateway.services.approvals.tables import approvals, votes
from gateway.settings import Settings
from gateway.store import Store
from wallet.clock import Clock
from wallet.errors import WalletFault

Executor = Callable[[str, str], Awaitable[str]]
"""`(subject, approval_id) -> result`: does what was approved; called again after a crash, so twice must be harmless."""

SWEEP_PAGE = 100
TURNED_AWAY = frozenset(
    {
        ApprovalOutcome.MAKER_IS_CHECKER,
        ApprovalOutcome.ONE_WITH_MAKER,
        ApprovalOutcome.BARRED,
        ApprovalOutcome.PRINCIPAL_VOTED,
    }
)
"""Refusals that the pages offer no button for: whoever meets one has tried to be two people."""


class Approvals(Proposals):
    """Decides what was proposed; maker is never checker, and nobody is two of either.

    Args:
        store: The gateway's store.
        clock: The time.
        settings: `sweep_after_s`.
        roles: The role that a checker of each kind must have; a kind that is neither here nor in the policy cannot be
            decided.
        executors: What is done on approval, by kind; every kind of `roles` has one.
        refusers: What is done on rejection, by kind, where anything is.
        policy: Who must agree, by kind and amount; without one, one checker of `roles`.
        delegations: Who stands in for whom; without them nobody does.
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
        policy: Policy | None = None,
        delegations: Delegations | None = None,
    ) -> None:
        self._rules = policy or Policy.of_roles(roles)
        super().__init__(store, clock, self._rules)
        assert roles.keys() <= executors.keys(), "a kind that can be approved must have an executor"
        self._settings = settings
        self._executors = executors
        self._refusers = refusers or {}
        self._delegations = delegations
        self._log = log(service="approvals")

    def band_of(self, approval: Approval) -> Band | None:
        """What its kind and amount ask for; None if nobody may decide it."""
        if approval.kind not in self._executors:
            return None
        return approval.band or self._rules.band(approval.kind, approval.amount)

    def not_before(self, approval: Approval) -> datetime | None:
        """Nobody may agree before; None: at once."""
        return _not_before(approval, self.band_of(approval))

    async def approve(self, approval_id: str, checker: Checker) -> ApprovalOutcome:
        """Agree. With the last vote that is needed it is done; a fault while doing it leaves it to the sweep."""
        return await self._decide(approval_id, checker, ApprovalState.APPROVED, "")

    async def approve_all(self, approval_ids: Sequence[str], checker: Checker) -> list[tuple[str, ApprovalOutcome]]:
        """Agree to each, one after another: each has its own outcome, and one that is refused stops none."""
        return [(approval_id, await self.approve(approval_id, checker)) for approval_id in approval_ids]

    async def reject(self, approval_id: str, checker: Checker, reason: str) -> ApprovalOutcome:
        """Reject, saying why; one is enough."""
        return await self._decide(approval_id, checker, ApprovalState.REJECTED, reason)

    async def support(self, approval_id: str, maker: Checker) -> ApprovalOutcome:
        """Join those who propose it, where its band asks for more than one."""
        now = self._clock.now()
        approval = await self.by_id(approval_id)
        if approval is None:
            return ApprovalOutcome.UNKNOWN
        held = await self._held_by(maker.id, [approval])
        voter = _voter(approval, maker, held)

        def work(tx: Connection) -> ApprovalOutcome:
            row = _held(tx, approval_id)
            assert row is not None, "approvals are never deleted"
            outcome = joining(self._matter_in(tx, row, held), voter)
            if outcome is ApprovalOutcome.SUPPORTED:
                add_vote(tx, approval_id, VoteKind.MAKE, maker.id, maker.id, now)
                add_change(tx, approval_id, ChangeKind.SUPPORTED, maker.id, "", now)
            return outcome

        return await self._store.write(work)

    async def may(self, waiting: Sequence[Approval], checker: Checker) -> dict[str, ApprovalOutcome | None]:
        """By id of each: why this member may not agree to it now, None if they may."""
        cast = await self.votes([approval.id for approval in waiting])
        held = await self._held_by(checker.id, waiting)
        now = self._clock.now()
        said = {
            one.id: ballot(self._matter(one, cast[one.id], held), _voter(one, checker, held), now, rejecting=False)
            for one in waiting
        }
        return {approval_id: None if isinstance(one, Ballot) else one for approval_id, one in said.items()}

    async def sweep(self) -> int:
        """Do what was decided and not done; how many were finished."""
        before = self._clock.now() - timedelta(seconds=self._settings.sweep_after_s)
        query = select(approvals).where(approvals.c.due.is_not(None), approvals.c.decided_at < before)
        rows = await self._store.read(query.order_by(approvals.c.due).limit(SWEEP_PAGE))
        return sum([await self._carry_out(approval_of(row)) for row in rows])

    async def _decide(self, approval_id: str, checker: Checker, state: ApprovalState, reason: str) -> ApprovalOutcome:
        now = self._clock.now()
        approval = await self.by_id(approval_id)
        if approval is None:
            return ApprovalOutcome.UNKNOWN
        held = await self._held_by(checker.id, [approval])
        voter = _voter(approval, checker, held)
        rejecting = state is ApprovalState.REJECTED

        def work(tx: Connection) -> ApprovalOutcome | Approval:
            row = _held(tx, approval_id)
            assert row is not None, "approvals are never deleted"
            said = ballot(self._matter_in(tx, row, held), voter, now, rejecting=rejecting)
            if isinstance(said, ApprovalOutcome):
                self._turned_away(tx, approval_id, checker, said, now)
                return said
            if not rejecting:
                add_vote(tx, approval_id, VoteKind.CHECK, said.principal, checker.id, now)
            if not said.enough:
                add_change(tx, approval_id, ChangeKind.VOTED, checker.id, "", now)
                return ApprovalOutcome.VOTED
            due = approval_id if not rejecting or row.kind in self._refusers else None
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

    def _turned_away(
        self, tx: Connection, approval_id: str, checker: Checker, said: ApprovalOutcome, now: datetime
    ) -> None:
        """Let whoever tries to be two people stand in the history, once for each way."""
        if said in TURNED_AWAY:
            self._log.warning("approval_turned_away", approval_id=approval_id, staff_id=checker.id, outcome=said.value)
            add_change(tx, approval_id, ChangeKind.TURNED_AWAY, checker.id, said.value, now, once=True)

    async def _held_by(self, staff_id: str, waiting: Sequence[Approval]) -> Held:
        if self._delegations is None or not waiting:
            return Held((), {}, self._clock.now())
        return await self._delegations.held(staff_id, min(approval.proposed_at for approval in waiting))

    def _matter_in(self, tx: Connection, row: Row[Any], held: Held) -> Matter:
        cast = [vote_of(vote) for vote in tx.execute(select(votes).where(votes.c.approval_id == row.id))]
        return self._matter(approval_of(row), cast, held)

    def _matter(self, approval: Approval, cast: Sequence[Vote], held: Held) -> Matter:
        band = self.band_of(approval)
        # Approvals of before the votes have their maker in their own row only.
        makers = frozenset({approval.maker, *(vote.voter for vote in cast if vote.what is VoteKind.MAKE)})
        checks = [vote for vote in cast if vote.what is VoteKind.CHECK]
        return Matter(
            state=approval.state,
            band=band,
            makers=makers,
            ones=held.stood_in(makers, approval.kind, approval.proposed_at),
            barred=approval.barred,
            not_before=_not_before(approval, band),
            voters={vote.voter for vote in checks},
            principals={vote.principal for vote in checks},
        )

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
            failed = what is ChangeKind.FAILED
            add_change(tx, approval_id, what, "", note, now, once=failed)
            if failed:
                return
            approved = row.state == ApprovalState.APPROVED
            state = ApprovalState.EXECUTED if approved else ApprovalState.REJECTED
            mine = update(approvals).where(approvals.c.id == approval_id)
            tx.execute(mine.values(state=state, result=note, due=None))

        await self._store.write(work)


def _voter(approval: Approval, staff: Checker, held: Held) -> Voter:
    stood_in = held.stood_in([staff.id], approval.kind, approval.proposed_at)
    return Voter(staff.id, staff.roles, held.principals(staff.id, approval.kind), stood_in)


def _not_before(approval: Approval, band: Band | None) -> datetime | None:
    cooled = approval.proposed_at + band.cool_down if band is not None and band.cool_down_h else None
    return max((at for at in (approval.not_before, cooled) if at is not None), default=None)


def _held(tx: Connection, approval_id: str) -> Row[Any] | None:
    query = select(approvals).where(approvals.c.id == approval_id).with_for_update(key_share=True)
    return tx.execute(query).one_or_none()
