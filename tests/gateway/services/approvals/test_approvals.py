"""Maker and checker: one proposes, another decides, then it is done, once, even over a crash."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from gateway.errors import PeerUnavailable
from gateway.services.approvals import ApprovalOutcome, Approvals, ApprovalState, ChangeKind, StaffRef
from gateway.settings import Settings
from gateway.store import Store
from wallet.clock import ManualClock

RELEASER = StaffRef("stf_releaser", frozenset({"benefits_releaser"}))
BOTH = StaffRef("stf_maker", frozenset({"benefits_officer", "benefits_releaser"}))
CLERK = StaffRef("stf_clerk", frozenset({"branch_clerk"}))


@dataclass
class Deeds:
    """Executors that remember what they did, and can fail."""

    done: list[tuple[str, str]] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    broken: bool = False

    async def execute(self, subject: str, approval_id: str) -> str:
        if self.broken:
            raise PeerUnavailable("not now")
        self.done.append((subject, approval_id))
        return f"did {subject}"

    async def refuse(self, subject: str, _approval_id: str) -> str:
        self.refused.append(subject)
        return "told"


@pytest.fixture
def deeds() -> Deeds:
    return Deeds()


@pytest.fixture
async def approvals(database_url: str, clock: ManualClock, deeds: Deeds) -> AsyncIterator[Approvals]:
    await Store.upgrade(database_url)
    store = await Store.open(database_url)
    roles: Mapping[str, str] = {"release": "benefits_releaser", "unlock": "branch_clerk"}
    acts = {"release": deeds.execute, "unlock": deeds.execute}
    yield Approvals(store, clock, Settings(), roles=roles, executors=acts, refusers={"release": deeds.refuse})
    await store.close()


async def test_what_another_approves_is_done_and_its_result_kept(approvals: Approvals, deeds: Deeds) -> None:
    proposed = await approvals.propose("release", "clm_1", {"amount": "100"}, BOTH.id)

    assert await approvals.approve(proposed.id, RELEASER) is ApprovalOutcome.APPROVED

    stored = await approvals.by_id(proposed.id)
    assert stored is not None
    assert (stored.state, stored.result, stored.checker) == (ApprovalState.EXECUTED, "did clm_1", RELEASER.id)
    assert stored.payload == {"amount": "100"}
    assert deeds.done == [("clm_1", proposed.id)]
    history = await approvals.history(proposed.id)
    assert [(row.seq, row.what, row.staff_id) for row in history] == [
        (1, ChangeKind.PROPOSED, BOTH.id),
        (2, ChangeKind.APPROVED, RELEASER.id),
        (3, ChangeKind.EXECUTED, ""),
    ]


async def test_what_is_refused_changes_nothing(approvals: Approvals, deeds: Deeds) -> None:
    proposed = await approvals.propose("release", "clm_1", {}, BOTH.id)

    assert await approvals.approve(proposed.id, BOTH) is ApprovalOutcome.MAKER_IS_CHECKER
    assert await approvals.approve(proposed.id, CLERK) is ApprovalOutcome.ROLE_MISSING
    assert await approvals.approve("apr_0", RELEASER) is ApprovalOutcome.UNKNOWN
    assert await approvals.list_pending(limit=10) == [proposed]
    assert deeds.done == []


async def test_a_decision_stands(approvals: Approvals, deeds: Deeds) -> None:
    proposed = await approvals.propose("release", "clm_1", {}, BOTH.id)

    assert await approvals.reject(proposed.id, RELEASER, "no paper") is ApprovalOutcome.REJECTED
    assert await approvals.approve(proposed.id, RELEASER) is ApprovalOutcome.NOT_PENDING

    stored = await approvals.by_id(proposed.id)
    assert stored is not None
    assert (stored.state, stored.reason) == (ApprovalState.REJECTED, "no paper")
    assert (deeds.done, deeds.refused) == ([], ["clm_1"])


async def test_one_thing_is_proposed_once_at_a_time(approvals: Approvals) -> None:
    first = await approvals.propose("unlock", "per_1", {}, "stf_1")
    again = await approvals.propose("unlock", "per_1", {}, "stf_2")
    other = await approvals.propose("unlock", "per_2", {}, "stf_1")
    await approvals.reject(first.id, CLERK, "")
    later = await approvals.propose("unlock", "per_1", {}, "stf_2")

    assert again == first
    assert len({first.id, other.id, later.id}) == 3
    assert {row.id for row in await approvals.list_pending(limit=10, kind="unlock")} == {other.id, later.id}


async def test_what_failed_is_done_by_the_sweep(approvals: Approvals, deeds: Deeds, clock: ManualClock) -> None:
    proposed = await approvals.propose("release", "clm_1", {}, BOTH.id)
    deeds.broken = True
    assert await approvals.approve(proposed.id, RELEASER) is ApprovalOutcome.APPROVED
    assert await approvals.sweep() == 0, "it is too young to be a crash's"
    clock.advance(timedelta(seconds=6))
    assert await approvals.sweep() == 0
    deeds.broken = False

    assert await approvals.sweep() == 1
    assert await approvals.sweep() == 0

    assert deeds.done == [("clm_1", proposed.id)]
    assert [row.what for row in await approvals.history(proposed.id)][2:] == [
        ChangeKind.FAILED,
        ChangeKind.EXECUTED,
    ]
