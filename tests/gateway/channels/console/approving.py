"""Approvals for the console's tests: maker and checker in memory, one of each."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from gateway.services.approvals import (
    Approval,
    ApprovalOutcome,
    ApprovalState,
    Band,
    Change,
    ChangeKind,
    Checker,
    Vote,
)
from wallet.clock import Clock
from wallet.ids import new_id

APPROVAL_ROLES = {
    "benefit_release": "benefits_releaser",
    "pin_unlock": "benefits_officer",
    "menu_rollback": "administrator",
    "break_write_off": "finance",
    "break_booking": "finance",
    "break_correction": "finance",
}


class StubApprovals:
    """Maker and checker in memory."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.rows: dict[str, Approval] = {}
        self.changes: list[Change] = []

    async def propose(self, kind: str, subject: str, payload: Mapping[str, str], maker: str) -> Approval:
        row = Approval(
            new_id("apr", self.clock), kind, subject, payload, maker, ApprovalState.PENDING, self.clock.now(),
            "", None, "", "",
        )  # fmt: skip
        self.rows[row.id] = row
        self._changed(row.id, ChangeKind.PROPOSED, maker, "")
        return row

    async def by_id(self, approval_id: str) -> Approval | None:
        return self.rows.get(approval_id)

    async def list_pending(self, *, limit: int, after: str = "", kind: str = "") -> list[Approval]:
        pending = [row for row in self.rows.values() if row.state is ApprovalState.PENDING and row.id > after]
        return sorted(pending, key=lambda row: row.id)[:limit]

    async def history(self, approval_id: str) -> list[Change]:
        return [change for change in self.changes if change.approval_id == approval_id]

    async def approve(self, approval_id: str, checker: Checker) -> ApprovalOutcome:
        return self._decide(approval_id, checker, ApprovalState.EXECUTED, "")

    async def reject(self, approval_id: str, checker: Checker, reason: str) -> ApprovalOutcome:
        return self._decide(approval_id, checker, ApprovalState.REJECTED, reason)

    async def support(self, approval_id: str, maker: Checker) -> ApprovalOutcome:
        return ApprovalOutcome.ENOUGH_MAKERS

    async def votes(self, approval_ids: Collection[str]) -> dict[str, list[Vote]]:
        return {approval_id: [] for approval_id in approval_ids}

    async def may(self, waiting: Sequence[Approval], checker: Checker) -> dict[str, ApprovalOutcome | None]:
        return {row.id: self._no(row, checker) for row in waiting}

    def band_of(self, approval: Approval) -> Band | None:
        role = APPROVAL_ROLES.get(approval.kind)
        return Band(roles=(role,)) if role else None

    def not_before(self, approval: Approval) -> datetime | None:
        return None

    def _decide(self, approval_id: str, checker: Checker, state: ApprovalState, reason: str) -> ApprovalOutcome:
        row = self.rows[approval_id]
        if (no := self._no(row, checker)) is not None:
            return no
        self.rows[approval_id] = replace(
            row, state=state, checker=checker.id, reason=reason, decided_at=self.clock.now()
        )
        rejected = state is ApprovalState.REJECTED
        self._changed(approval_id, ChangeKind.REJECTED if rejected else ChangeKind.APPROVED, checker.id, reason)
        return ApprovalOutcome.REJECTED if rejected else ApprovalOutcome.APPROVED

    @staticmethod
    def _no(row: Approval, checker: Checker) -> ApprovalOutcome | None:
        if APPROVAL_ROLES.get(row.kind) not in checker.roles:
            return ApprovalOutcome.ROLE_MISSING
        if row.state is not ApprovalState.PENDING:
            return ApprovalOutcome.NOT_PENDING
        return ApprovalOutcome.MAKER_IS_CHECKER if row.maker == checker.id else None

    def _changed(self, approval_id: str, what: ChangeKind, staff_id: str, note: str) -> None:
        seq = len(self.changes) + 1
        self.changes.append(Change(approval_id, seq, what, staff_id, note, self.clock.now()))
