"""What waits for a second pair of eyes, and every answer about it."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from gateway.services.approvals.policy import Band
from wallet.money import Money


class ApprovalState(StrEnum):
    """Where an approval stands."""

    PENDING = "pending"
    APPROVED = "approved"
    """Decided; what was approved is being done, or will be by the sweep."""
    EXECUTED = "executed"
    REJECTED = "rejected"


class ApprovalOutcome(StrEnum):
    """Answers to `approve`, `reject` and `support`. The refusals also in the order in which they are looked at."""

    UNKNOWN = "unknown"
    ROLE_MISSING = "role_missing"
    """Neither one's own roles nor those of anybody whom one stands in for."""
    NOT_PENDING = "not_pending"
    MAKER_IS_CHECKER = "maker_is_checker"
    ONE_WITH_MAKER = "one_with_maker"
    """One stands in for a maker, or a maker for oneself, or did since it was proposed: the two count as one person."""
    BARRED = "barred"
    """It is about oneself, or about whom one stands in for."""
    MAKERS_MISSING = "makers_missing"
    """More makers must join before anybody may agree; rejecting is possible."""
    COOLING = "cooling"
    """Too early: nobody may agree before `not_before`; rejecting is possible."""
    ALREADY_VOTED = "already_voted"
    PRINCIPAL_VOTED = "principal_voted"
    """Whom one stands in for has agreed, or whoever stands in for oneself has: that is one vote."""
    ALREADY_MAKER = "already_maker"
    """To `support`: one has proposed it, or joined, or counts as somebody who has."""
    ENOUGH_MAKERS = "enough_makers"
    """To `support`: nobody is missing."""
    SUPPORTED = "supported"
    VOTED = "voted"
    """One's vote is kept; more are missing."""
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
        amount: Of money that it moves, or None.
        not_before: Nobody may agree before, or None.
        band: What its kind and amount asked for when it was proposed; None: what they ask for now.
        barred: Staff ids of whom it is about, who do not decide it.
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
    amount: Money | None = None
    not_before: datetime | None = None
    band: Band | None = None
    barred: frozenset[str] = frozenset()


class VoteKind(StrEnum):
    """What somebody has said."""

    MAKE = "make"
    """Proposed it, or joined those who did."""
    CHECK = "check"
    """Agreed."""


@dataclass(frozen=True, slots=True)
class Vote:
    """Who has said what.

    Attributes:
        principal: In whose name.
        voter: Who did it: the same, or whoever stood in.
    """

    what: VoteKind
    principal: str
    voter: str
    at: datetime


class ChangeKind(StrEnum):
    """What happened to an approval."""

    PROPOSED = "proposed"
    SUPPORTED = "supported"
    VOTED = "voted"
    APPROVED = "approved"
    REJECTED = "rejected"
    EXECUTED = "executed"
    TURNED_AWAY = "turned_away"
    """Somebody wanted to decide who counts as a maker, or whom it is about; the note is the outcome."""
    FAILED = "failed"
    """The executor met a fault; the sweep tries again, and says so once for each fault."""


@dataclass(frozen=True, slots=True)
class Change:
    """A row of an approval's history; `seq` from 1."""

    approval_id: str
    seq: int
    what: ChangeKind
    staff_id: str
    note: str
    at: datetime


@dataclass(frozen=True, slots=True)
class StandIn:
    """Whom a member stands in for, with that person's own roles now."""

    principal: str
    roles: frozenset[str]


@dataclass(frozen=True, slots=True)
class Delegation:
    """Somebody stands in for somebody.

    Attributes:
        id: `dlg_…`.
        principal: Staff id of who is stood in for.
        delegate: Staff id of who stands in.
        kinds: Of approvals and documents; empty: of all.
        begins: From when on.
        ends: Until when; earlier if it was taken back.
        reason: As it was given.
        made_by: Staff id.
    """

    id: str
    principal: str
    delegate: str
    kinds: frozenset[str]
    begins: datetime
    ends: datetime
    reason: str
    made_by: str


class DelegationOutcome(StrEnum):
    """Answers to `delegate` and `take_back`."""

    OK = "ok"
    UNKNOWN = "unknown"
    """There is no such delegation, or it is over."""
    NOT_YOURS = "not_yours"
    """Only the person themself or an administrator, who is not the one to stand in."""
    SELF = "self"
    UNKNOWN_STAFF = "unknown_staff"
    PERIOD = "period"
    """It ends before it begins, is over already, or lasts longer than 92 days."""
    REASON = "reason"
    """No reason, or one of more than 200 characters."""
