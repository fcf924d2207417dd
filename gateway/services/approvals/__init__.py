"""Approvals: maker and checker. Some propose, others decide, then it is done, once, even over a crash."""

from gateway.services.approvals.approvals import Approvals, Executor
from gateway.services.approvals.delegations import Delegations
from gateway.services.approvals.model import (
    Approval,
    ApprovalOutcome,
    ApprovalState,
    Change,
    ChangeKind,
    Checker,
    Delegation,
    DelegationOutcome,
    StaffRef,
    StandIn,
    Vote,
    VoteKind,
)
from gateway.services.approvals.policy import Band, Policy
from gateway.services.approvals.proposals import Proposals
from gateway.services.approvals.sealing import SEALED

__all__ = [
    "SEALED",
    "Approval",
    "ApprovalOutcome",
    "ApprovalState",
    "Approvals",
    "Band",
    "Change",
    "ChangeKind",
    "Checker",
    "Delegation",
    "DelegationOutcome",
    "Delegations",
    "Executor",
    "Policy",
    "Proposals",
    "StaffRef",
    "StandIn",
    "Vote",
    "VoteKind",
]
