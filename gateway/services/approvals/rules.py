"""Who may propose together and who may decide: pure."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime

from gateway.services.approvals.model import ApprovalOutcome, ApprovalState, StandIn
from gateway.services.approvals.policy import Band


@dataclass(frozen=True, slots=True)
class Matter:
    """What is decided, as the rules look at it.

    Attributes:
        band: What its kind and amount ask for; None if nobody may decide that kind.
        makers: Who proposed it.
        ones: Whom makers stand in for, or did since it was proposed: they count as makers.
        barred: Whom it is about.
        voters: Who has agreed, in anybody's name.
        principals: In whose names.
    """

    state: ApprovalState
    band: Band | None
    makers: AbstractSet[str]
    ones: AbstractSet[str]
    barred: AbstractSet[str]
    not_before: datetime | None
    voters: AbstractSet[str]
    principals: AbstractSet[str]


@dataclass(frozen=True, slots=True)
class Voter:
    """Who wants to decide.

    Attributes:
        stands_in: Whom they stand in for now.
        stood_in: Staff ids of whom they stand in for, or did since it was proposed.
    """

    id: str
    roles: AbstractSet[str]
    stands_in: Sequence[StandIn] = ()
    stood_in: AbstractSet[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Ballot:
    """They may: in whose name, and whether that makes enough."""

    principal: str
    enough: bool


def ballot(matter: Matter, voter: Voter, now: datetime, *, rejecting: bool) -> ApprovalOutcome | Ballot:
    """The first refusal of ApprovalOutcome's order, or in whose name the voter decides.

    Who may decide in their own right does so in their own name; who stands in for several, for the first of them that
    has not agreed. One rejection is enough, and neither missing makers nor a cool-down is in its way.
    """
    names = _names(matter.band, voter)
    if matter.band is None or not names:
        return ApprovalOutcome.ROLE_MISSING
    if (no := _person(matter, voter)) is not None:
        return no
    if rejecting:
        return Ballot(names[0], enough=True)
    if len(matter.makers) < matter.band.makers:
        return ApprovalOutcome.MAKERS_MISSING
    if matter.not_before is not None and now < matter.not_before:
        return ApprovalOutcome.COOLING
    if voter.id in matter.voters:
        return ApprovalOutcome.ALREADY_VOTED
    free = [name for name in names if name not in matter.principals | matter.voters]
    if voter.id in matter.principals or not free:
        return ApprovalOutcome.PRINCIPAL_VOTED
    return Ballot(free[0], enough=len(matter.principals) + 1 >= matter.band.checkers)


def _person(matter: Matter, voter: Voter) -> ApprovalOutcome | None:
    """Why it is over, or why this person may not decide it."""
    if matter.state is not ApprovalState.PENDING:
        return ApprovalOutcome.NOT_PENDING
    if voter.id in matter.makers:
        return ApprovalOutcome.MAKER_IS_CHECKER
    counts_as = {voter.id} | voter.stood_in
    if counts_as & (matter.makers | matter.ones):
        return ApprovalOutcome.ONE_WITH_MAKER
    return ApprovalOutcome.BARRED if counts_as & matter.barred else None


def joining(matter: Matter, voter: Voter) -> ApprovalOutcome:
    """Whether somebody may join the makers: SUPPORTED, or why not."""
    if matter.band is None or not _may_make(matter.band, voter):
        return ApprovalOutcome.ROLE_MISSING
    if matter.state is not ApprovalState.PENDING:
        return ApprovalOutcome.NOT_PENDING
    counts_as = {voter.id} | voter.stood_in
    if counts_as & matter.barred:
        return ApprovalOutcome.BARRED
    if counts_as & (matter.makers | matter.ones):
        return ApprovalOutcome.ALREADY_MAKER
    if len(matter.makers) >= matter.band.makers:
        return ApprovalOutcome.ENOUGH_MAKERS
    return ApprovalOutcome.SUPPORTED


def _may_make(band: Band, voter: Voter) -> bool:
    # Nobody joins in another's name: makers are people who know what they propose.
    return band.makers == 1 or not voter.roles.isdisjoint(band.maker_roles)


def _names(band: Band | None, voter: Voter) -> list[str]:
    if band is None:
        return []
    own = [voter.id] if not voter.roles.isdisjoint(band.roles) else []
    return own + [one.principal for one in voter.stands_in if not one.roles.isdisjoint(band.roles)]
