"""Approvals: maker and checker. One proposes, another decides, then it is done, once, even over a crash."""

from gateway.services.approvals.approvals import Approvals, Executor
from gateway.services.approvals.model import (
    Approval,
    ApprovalOutcome,
    ApprovalState,
    Change,
    ChangeKind,
    Checker,
    StaffRef,
)
from gateway.services.approvals.proposals import Proposals

__all__ = [
    "Approval",
    "ApprovalOutcome",
    "ApprovalState",
    "Approvals",
    "Change",
    "ChangeKind",
    "Checker",
    "Executor",
    "Proposals",
    "StaffRef",
]
