"""What waits for a second pair of eyes, and every answer about it."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol


class ApprovalState(StrEnum):
    """Where an approval stands."""

    PENDING = "pending"
    APPROVED = "approved"
    """Decided; what was approved is being done, or will be by the sweep."""
    EXECUTED = "executed"
    REJECTED = "rejected"


class ApprovalOutcome(StrEnum):
    """Answers to `approve` and `reject`. The first four also in the order in which they are looked at."""

    UNKNOWN = "unknown"
    ROLE_MISSING = "role_missing"
    NOT_PENDING = "not_pending"
    MAKER_IS_CHECKER = "maker_is_checker"
    APPROVED = "approved"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class StaffRef:
    """A member of staff and their roles, as this service needs them."""

    id: str
    roles: frozenset[str]


class Checker(Protocol):
    """Whoever decides; StaffRef is one, a staff account may be another."""

    @property
    def id(self) -> str:
        """`stf_…`."""
        ...

    @property
    def roles(self) -> AbstractSet[str]:
        """Names of roles."""
        ...


@dataclass(frozen=True, slots=True)
class Approval:
    """Something proposed by one member of staff, to be decided by another.

    Attributes:
        id: `apr_…`.
        kind: `benefit_release`, `pin_unlock`, …: decides the role that is needed and what is done.
        subject: Business id of what it is about.
        payload: What the checker is shown besides.
        maker: Staff id of who proposed.
        state: See ApprovalState.
        proposed_at: When.
        checker: Staff id of who decided, or ''.
        decided_at: When, or None.
        reason: Why it was rejected, or ''.
        result: What the executor said, or ''.
    """

    id: str
    kind: str
    subject: str
    payload: Mapping[str, str]
    maker: str
    state: ApprovalState
    proposed_at: datetime
    checker: str
    decided_at: datetime | None
    reason: str
    result: str


class ChangeKind(StrEnum):
    """What happened to an approval."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    REJECTED = "rejected"
    EXECUTED = "executed"
    FAILED = "failed"
    """The executor met a fault; the sweep tries again."""


@dataclass(frozen=True, slots=True)
class Change:
    """A row of an approval's history; `seq` from 1."""

    approval_id: str
    seq: int
    what: ChangeKind
    staff_id: str
    note: str
    at: datetime
