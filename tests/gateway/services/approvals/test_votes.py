"""Who may propose together and agree together: nobody is two people, whoever stands in for whom."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from gateway.services.approvals import (
    ApprovalOutcome,
    Approvals,
    ApprovalState,
    Band,
    ChangeKind,
    DelegationOutcome,
    Delegations,
    Policy,
    StaffRef,
    StandIn,
    VoteKind,
)
from gateway.services.approvals.rules import Ballot, Matter, Voter, ballot, joining
from gateway.settings import Settings
from gateway.store import Store
from wallet.clock import ManualClock
from wallet.money import irr

Outcome = ApprovalOutcome
NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
CHECKERS = frozenset({"checker"})
NOBODY: frozenset[str] = frozenset()
TWO = Band(makers=1, maker_roles=("officer",), checkers=2, roles=("checker",))
OPEN = Matter(ApprovalState.PENDING, TWO, {"maker"}, NOBODY, {"about"}, None, NOBODY, NOBODY)
ANN = Voter("ann", CHECKERS)
BOB_FOR_ANN = Voter("bob", NOBODY, [StandIn("ann", CHECKERS)], {"ann"})


@pytest.mark.parametrize(
    ("matter", "voter", "said"),
    [
        (OPEN, ANN, Ballot("ann", enough=False)),
        (OPEN, BOB_FOR_ANN, Ballot("ann", enough=False)),
        (replace(OPEN, principals={"eve"}, voters={"eve"}), ANN, Ballot("ann", enough=True)),
        (OPEN, replace(BOB_FOR_ANN, roles=CHECKERS), Ballot("bob", enough=False)),
        (OPEN, Voter("bob", NOBODY), Outcome.ROLE_MISSING),
        (OPEN, Voter("bob", NOBODY, [StandIn("ann", NOBODY)], {"ann"}), Outcome.ROLE_MISSING),
        (replace(OPEN, band=None), ANN, Outcome.ROLE_MISSING),
        (replace(OPEN, state=ApprovalState.EXECUTED), ANN, Outcome.NOT_PENDING),
        (OPEN, Voter("maker", CHECKERS), Outcome.MAKER_IS_CHECKER),
        (OPEN, Voter("bob", CHECKERS, [], {"maker"}), Outcome.ONE_WITH_MAKER),
        (replace(OPEN, ones={"ann"}), ANN, Outcome.ONE_WITH_MAKER),
        (replace(OPEN, ones={"ann"}), BOB_FOR_ANN, Outcome.ONE_WITH_MAKER),
        (replace(OPEN, makers={"bob", "maker"}), BOB_FOR_ANN, Outcome.MAKER_IS_CHECKER),
        (OPEN, Voter("about", CHECKERS), Outcome.BARRED),
        (OPEN, Voter("bob", CHECKERS, [], {"about"}), Outcome.BARRED),
        (replace(OPEN, band=replace(TWO, makers=2)), ANN, Outcome.MAKERS_MISSING),
        (replace(OPEN, not_before=NOW + timedelta(seconds=1)), ANN, Outcome.COOLING),
        (replace(OPEN, not_before=NOW), ANN, Ballot("ann", enough=False)),
        (replace(OPEN, principals={"ann"}, voters={"ann"}), ANN, Outcome.ALREADY_VOTED),
        (replace(OPEN, principals={"ann"}, voters={"bob"}), ANN, Outcome.PRINCIPAL_VOTED),
        (replace(OPEN, principals={"ann"}, voters={"ann"}), BOB_FOR_ANN, Outcome.PRINCIPAL_VOTED),
        (replace(OPEN, principals={"eve"}, voters={"bob"}), BOB_FOR_ANN, Outcome.ALREADY_VOTED),
        (replace(OPEN, principals={"eve"}, voters={"ann"}), BOB_FOR_ANN, Outcome.PRINCIPAL_VOTED),
    ],
)
def test_who_may_agree(matter: Matter, voter: Voter, said: ApprovalOutcome | Ballot) -> None:
    assert ballot(matter, voter, NOW, rejecting=False) == said


@pytest.mark.parametrize(
    ("matter", "voter", "said"),
    [
        (replace(OPEN, band=replace(TWO, makers=2)), ANN, Ballot("ann", enough=True)),
        (replace(OPEN, not_before=NOW + timedelta(days=1)), ANN, Ballot("ann", enough=True)),
        (replace(OPEN, principals={"ann"}, voters={"ann"}), ANN, Ballot("ann", enough=True)),
        (OPEN, Voter("maker", CHECKERS), Outcome.MAKER_IS_CHECKER),
        (OPEN, Voter("bob", CHECKERS, [], {"maker"}), Outcome.ONE_WITH_MAKER),
        (replace(OPEN, state=ApprovalState.REJECTED), ANN, Outcome.NOT_PENDING),
    ],
)
def test_who_may_reject(matter: Matter, voter: Voter, said: ApprovalOutcome | Ballot) -> None:
    assert ballot(matter, voter, NOW, rejecting=True) == said


PAIR = replace(OPEN, band=replace(TWO, makers=2))
OFFICER = Voter("olga", frozenset({"officer"}))


@pytest.mark.parametrize(
    ("matter", "voter", "said"),
    [
        (PAIR, OFFICER, Outcome.SUPPORTED),
        (PAIR, ANN, Outcome.ROLE_MISSING),
        (replace(PAIR, state=ApprovalState.APPROVED), OFFICER, Outcome.NOT_PENDING),
        (PAIR, replace(OFFICER, id="maker"), Outcome.ALREADY_MAKER),
        (PAIR, replace(OFFICER, stood_in={"maker"}), Outcome.ALREADY_MAKER),
        (replace(PAIR, ones={"olga"}), OFFICER, Outcome.ALREADY_MAKER),
        (PAIR, replace(OFFICER, id="about"), Outcome.BARRED),
        (replace(PAIR, makers={"maker", "other"}), OFFICER, Outcome.ENOUGH_MAKERS),
        (OPEN, OFFICER, Outcome.ENOUGH_MAKERS),
    ],
)
def test_who_may_join_the_makers(matter: Matter, voter: Voter, said: ApprovalOutcome) -> None:
    assert joining(matter, voter) is said


PEOPLE = st.sampled_from(["ann", "bob", "cem", "dia", "eve"])


class Ballots(RuleBasedStateMachine):
    """Anybody lets anybody stand in at any time, takes it back, joins and votes: what stands at the end is counted."""

    @initialize(maker=PEOPLE, makers=st.integers(1, 2), checkers=st.integers(1, 3))
    def begin(self, maker: str, makers: int, checkers: int) -> None:
        band = Band(makers=makers, maker_roles=("checker",), checkers=checkers, roles=("checker",))
        self.matter = replace(OPEN, band=band, makers={maker}, barred=NOBODY)
        self.now: set[tuple[str, str]] = set()
        self.ever: set[tuple[str, str]] = set()
        self.votes: list[tuple[str, str]] = []

    @rule(principal=PEOPLE, delegate=PEOPLE)
    def delegate(self, principal: str, delegate: str) -> None:
        if principal != delegate:
            self.now.add((principal, delegate))
            self.ever.add((principal, delegate))

    @rule(principal=PEOPLE, delegate=PEOPLE)
    def take_back(self, principal: str, delegate: str) -> None:
        self.now.discard((principal, delegate))

    def _voter(self, who: str, roles: frozenset[str]) -> Voter:
        stands_in = [StandIn(one, CHECKERS) for one, other in sorted(self.now) if other == who]
        return Voter(who, roles, stands_in, {one for one, other in self.ever if other == who})

    def _seen(self) -> Matter:
        return replace(self.matter, ones={one for one, other in self.ever if other in self.matter.makers})

    @rule(who=PEOPLE, own=st.booleans())
    def vote(self, who: str, own: bool) -> None:  # noqa: FBT001 - drawn
        said = ballot(self._seen(), self._voter(who, CHECKERS if own else NOBODY), NOW, rejecting=False)
        if isinstance(said, Ballot):
            pairs = {who, *(one for one, other in self.ever if other == who)}
            of_makers = {*self.matter.makers, *(one for one, other in self.ever if other in self.matter.makers)}
            assert not pairs & of_makers, "who counts as a maker has voted"
            self.votes.append((said.principal, who))
            voters, principals = {two for _, two in self.votes}, {one for one, _ in self.votes}
            self.matter = replace(self.matter, voters=voters, principals=principals)
            if said.enough:
                self.matter = replace(self.matter, state=ApprovalState.APPROVED)

    @rule(who=PEOPLE)
    def join(self, who: str) -> None:
        if joining(self._seen(), self._voter(who, CHECKERS)) is Outcome.SUPPORTED:
            self.matter = replace(self.matter, makers={*self.matter.makers, who})

    @invariant()
    def each_counts_once(self) -> None:
        if not hasattr(self, "votes"):
            return
        band = self.matter.band
        assert band is not None
        assert len({one for one, _ in self.votes}) == len({two for _, two in self.votes}) == len(self.votes)
        assert len({one for pair in self.votes for one in set(pair)}) == sum(len(set(pair)) for pair in self.votes)
        assert not self.matter.makers & {two for _, two in self.votes}
        assert not self.matter.makers & {one for one, _ in self.votes}
        assert len(self.matter.makers) <= band.makers
        assert not self.votes or len(self.matter.makers) == band.makers
        assert (self.matter.state is ApprovalState.APPROVED) == (len(self.votes) == band.checkers)


TestBallots = Ballots.TestCase
TestBallots.settings = hypothesis_settings(max_examples=50, stateful_step_count=20, deadline=None)


@dataclass
class Town:
    """Approvals with two bands, and people with roles."""

    approvals: Approvals
    delegations: Delegations
    clock: ManualClock
    done: list[str]
    roles: dict[str, frozenset[str]]

    def who(self, name: str) -> StaffRef:
        return StaffRef(name, self.roles[name])

    async def lets(self, principal: str, delegate: str, *kinds: str) -> None:
        begins, ends = self.clock.now(), self.clock.now() + timedelta(days=7)
        by = self.who(principal)
        said = await self.delegations.delegate(principal, delegate, kinds, begins, ends, "holiday", by)
        assert said is DelegationOutcome.OK


@dataclass
class People:
    roles: Mapping[str, frozenset[str]] = field(default_factory=dict)

    async def roles_of(self, staff_id: str) -> frozenset[str] | None:
        return self.roles.get(staff_id)


@pytest.fixture
async def town(database_url: str, clock: ManualClock) -> AsyncIterator[Town]:
    await Store.upgrade(database_url)
    store = await Store.open(database_url)
    done: list[str] = []

    async def execute(subject: str, _approval_id: str) -> str:
        done.append(subject)
        return "done"

    officer, checker = frozenset({"officer"}), frozenset({"checker"})
    roles = {"mia": officer, "max": officer, "ann": checker, "ben": checker, "ivo": NOBODY, "sue": checker | officer}
    roles["adi"] = frozenset({"administrator"})
    delegations = Delegations(store, clock, People(roles))
    small = Band(up_to=1000, roles=("checker",))
    large = Band(makers=2, maker_roles=("officer",), checkers=2, roles=("checker",))
    approvals = Approvals(
        store,
        clock,
        Settings(),
        roles={},
        executors={"batch": execute},
        policy=Policy({"batch": (small, large)}),
        delegations=delegations,
    )
    yield Town(approvals, delegations, clock, done, roles)
    await store.close()


async def test_two_propose_and_two_agree_to_much_money(town: Town) -> None:
    made = await town.approvals.propose("batch", "bat_1", {}, "mia", amount=irr(5000))
    again = await town.approvals.propose("batch", "bat_1", {}, "mia", amount=irr(1))
    ann, ben = town.who("ann"), town.who("ben")

    assert again == made, "what waits is not proposed twice"
    assert await town.approvals.approve(made.id, ann) is Outcome.MAKERS_MISSING
    assert await town.approvals.support(made.id, town.who("mia")) is Outcome.ALREADY_MAKER
    assert await town.approvals.support(made.id, town.who("max")) is Outcome.SUPPORTED
    assert await town.approvals.support(made.id, town.who("sue")) is Outcome.ENOUGH_MAKERS
    assert await town.approvals.approve(made.id, ann) is Outcome.VOTED
    assert await town.approvals.approve(made.id, ann) is Outcome.ALREADY_VOTED
    assert town.done == []
    assert await town.approvals.approve(made.id, ben) is Outcome.APPROVED

    assert town.done == ["bat_1"]
    votes = (await town.approvals.votes([made.id]))[made.id]
    assert {(vote.what, vote.voter) for vote in votes} == {
        (VoteKind.MAKE, "mia"),
        (VoteKind.MAKE, "max"),
        (VoteKind.CHECK, "ann"),
        (VoteKind.CHECK, "ben"),
    }
    assert [change.what for change in await town.approvals.history(made.id)] == [
        ChangeKind.PROPOSED,
        ChangeKind.SUPPORTED,
        ChangeKind.VOTED,
        ChangeKind.APPROVED,
        ChangeKind.EXECUTED,
    ]


async def test_a_maker_cannot_approve_through_a_delegate(town: Town) -> None:
    await town.lets("sue", "ivo")
    made = await town.approvals.propose("batch", "bat_1", {}, "sue", amount=irr(10))

    assert await town.approvals.approve(made.id, town.who("sue")) is Outcome.MAKER_IS_CHECKER
    assert await town.approvals.approve(made.id, town.who("ivo")) is Outcome.ONE_WITH_MAKER
    (standing,) = await town.delegations.standing()
    town.clock.advance(timedelta(minutes=1))
    assert await town.delegations.take_back(standing.id, town.who("sue")) is DelegationOutcome.OK
    town.roles["ivo"] = town.roles["ann"]
    assert await town.approvals.approve(made.id, town.who("ivo")) is Outcome.ONE_WITH_MAKER, (
        "they were one when it began"
    )
    assert await town.approvals.approve(made.id, town.who("ann")) is Outcome.APPROVED


async def test_a_maker_cannot_approve_through_a_chain_of_delegates(town: Town) -> None:
    town.roles["zoe"] = NOBODY
    await town.lets("sue", "ann")
    await town.lets("ann", "zoe", "batch")
    await town.lets("zoe", "ann", "batch")
    made = await town.approvals.propose("batch", "bat_1", {}, "sue", amount=irr(10))

    assert await town.approvals.approve(made.id, town.who("zoe")) is Outcome.ONE_WITH_MAKER
    assert await town.approvals.reject(made.id, town.who("zoe"), "no") is Outcome.ONE_WITH_MAKER
    assert [one.principal for one in await town.delegations.principals("zoe", "batch")] == ["ann"], "no voice by chain"
    history = [(one.what, one.staff_id, one.note) for one in await town.approvals.history(made.id)]
    tried = (ChangeKind.TURNED_AWAY, "zoe", "one_with_maker")
    assert history == [(ChangeKind.PROPOSED, "sue", ""), tried], "staff see it, once"
    assert await town.delegations.stood_in(["zoe"], "batch", town.clock.now()) == {"sue", "ann", "zoe"}
    assert await town.delegations.stood_in(["zoe"], "other", town.clock.now()) == NOBODY


async def test_a_principal_and_the_delegate_are_one_vote(town: Town) -> None:
    await town.lets("ann", "ivo", "batch")
    await town.lets("ben", "ivo", "another_kind")
    made = await town.approvals.propose("batch", "bat_1", {}, "mia", amount=irr(5000))
    await town.approvals.support(made.id, town.who("max"))

    assert await town.approvals.approve(made.id, town.who("ivo")) is Outcome.VOTED
    assert await town.approvals.approve(made.id, town.who("ivo")) is Outcome.ALREADY_VOTED
    assert await town.approvals.approve(made.id, town.who("ann")) is Outcome.PRINCIPAL_VOTED
    may = await town.approvals.may([made], town.who("ann"))
    assert may == {made.id: Outcome.PRINCIPAL_VOTED}
    assert await town.approvals.approve(made.id, town.who("ben")) is Outcome.APPROVED
    cast = (await town.approvals.votes([made.id]))[made.id]
    assert ("ann", "ivo") in {(vote.principal, vote.voter) for vote in cast}


async def test_nobody_agrees_before_the_cool_down_is_over_and_anybody_may_reject(town: Town) -> None:
    after = town.clock.now() + timedelta(hours=24)
    made = await town.approvals.propose("batch", "bat_1", {}, "mia", amount=irr(10), not_before=after)

    assert await town.approvals.approve(made.id, town.who("ann")) is Outcome.COOLING
    assert town.approvals.not_before(made) == after
    assert await town.approvals.reject(made.id, town.who("ann"), "a stranger's SIM") is Outcome.REJECTED
    second = await town.approvals.propose("batch", "bat_1", {}, "mia", amount=irr(10), not_before=after)
    assert second.id != made.id
    town.clock.advance(timedelta(hours=24))
    assert await town.approvals.approve(second.id, town.who("ann")) is Outcome.APPROVED


async def test_a_list_is_decided_record_by_record(town: Town) -> None:
    mine = await town.approvals.propose("batch", "bat_1", {}, "ann", amount=irr(10))
    good = await town.approvals.propose("batch", "bat_2", {}, "mia", amount=irr(10))

    said = await town.approvals.approve_all([mine.id, "apr_0", good.id], town.who("ann"))

    assert said == [(mine.id, Outcome.MAKER_IS_CHECKER), ("apr_0", Outcome.UNKNOWN), (good.id, Outcome.APPROVED)]
    assert town.done == ["bat_2"]


async def test_whom_it_is_about_does_not_decide_it(town: Town) -> None:
    made = await town.approvals.propose("batch", "bat_1", {}, "mia", amount=irr(10), barred=["ann"])

    assert await town.approvals.reject(made.id, town.who("ann"), "no") is Outcome.BARRED
    assert await town.approvals.approve(made.id, town.who("ben")) is Outcome.APPROVED


async def test_who_may_let_whom_stand_in(town: Town) -> None:
    now, week = town.clock.now(), timedelta(days=7)

    async def asks(principal: str, delegate: str, by: str, lasts: timedelta = week, reason: str = "ill") -> str:
        return await town.delegations.delegate(principal, delegate, (), now, now + lasts, reason, town.who(by))

    assert await asks("ann", "ivo", "ben") is DelegationOutcome.NOT_YOURS
    assert await asks("ann", "ann", "ann") is DelegationOutcome.SELF
    assert await asks("ann", "ghost", "ann") is DelegationOutcome.UNKNOWN_STAFF
    assert await asks("ann", "ivo", "ann", timedelta(days=93)) is DelegationOutcome.PERIOD
    assert await asks("ann", "ivo", "ann", timedelta(0)) is DelegationOutcome.PERIOD
    assert await asks("ann", "ivo", "ann", week, " ") is DelegationOutcome.REASON
    assert await asks("ann", "adi", "adi") is DelegationOutcome.NOT_YOURS, "nobody gives themself a voice"
    assert await asks("ann", "ivo", "adi") is DelegationOutcome.OK
    (row,) = await town.delegations.standing()
    assert await town.delegations.take_back(row.id, town.who("ivo")) is DelegationOutcome.NOT_YOURS
    assert await town.delegations.take_back("dlg_0", town.who("ann")) is DelegationOutcome.UNKNOWN
    town.clock.advance(week)
    assert await town.delegations.standing() == []
    assert await town.delegations.principals("ivo", "batch") == []
