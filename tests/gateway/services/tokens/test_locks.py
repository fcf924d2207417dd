"""Two locks, three classes of actors: a token pays when nothing is locked, and a lock is lifted by its own class."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule
from sqlalchemy import Connection, Engine, create_engine, insert, select

from gateway.errors import BadInput
from gateway.services.tokens import ActorClass, StateOutcome, Tokens, TokenState, lifecycle
from gateway.services.tokens.lifecycle import Act
from gateway.services.tokens.states import locks_of, pays
from gateway.services.tokens.tables import accounts, history, tries
from gateway.services.tokens.tables import tokens as TABLE  # noqa: N812 - the service has that name in these tests
from gateway.store import Store
from tests.gateway.services.tokens.conftest import Heard
from tests.gateway.services.tokens.phone import Phone, Somebody
from wallet.clock import ManualClock

NOW = datetime(2026, 11, 27, 9, 0, tzinfo=UTC)
CLASSES = st.sampled_from(ActorClass)
PEOPLE = ("per_1", "per_2")


@dataclass
class Model:
    """A token as a person would keep it on paper."""

    person: str
    ended: bool = False
    locks: set[ActorClass] = field(default_factory=set)
    lines: int = 0


class Locks(RuleBasedStateMachine):
    """The functions of lifecycle on a database, against sets."""

    ids = Bundle("ids")

    def __init__(self) -> None:
        super().__init__()
        self.engine: Engine = create_engine("sqlite://")
        for table in (TABLE, accounts, history):
            table.create(self.engine)
        self.tx: Connection = self.engine.connect()
        self.models: dict[str, Model] = {}
        self.cards: dict[str, set[ActorClass]] = {person: set() for person in PEOPLE}

    def teardown(self) -> None:
        self.tx.close()
        self.engine.dispose()

    def act(self, by: ActorClass) -> Act:
        return Act("somebody", by, "because", NOW)

    @initialize(target=ids)
    def first(self) -> str:
        return self._made(PEOPLE[0])

    @rule(target=ids, person=st.sampled_from(PEOPLE))
    def another(self, person: str) -> str:
        return self._made(person)

    def _made(self, person: str) -> str:
        token_id = f"tok_{len(self.models)}"
        account = lifecycle.account(self.tx, person, f"par of {person}", NOW)
        plain = {"psn": "00", "expiry": "2911", "assurance": "", "bad_cryptograms": 0, "atc_high": 0, "atc_seen": 0}
        keys = {"pan_mac": token_id.encode(), "pan_sealed": b"", "device_key": b"", "seal_key": b""}
        row = {"id": token_id, "person_id": person, "par": account.par, "made_at": NOW, **plain, **keys}
        self.tx.execute(insert(TABLE).values({**row, "state": TokenState.ACTIVE, "card_locks": account.locks}))
        self.models[token_id] = Model(person)
        return token_id

    @rule(token_id=ids, by=CLASSES)
    def suspend(self, token_id: str, by: ActorClass) -> None:
        model = self.models[token_id]
        possible = not model.ended and by not in model.locks
        outcome = lifecycle.suspend(self.tx, token_id, by, self.act(by))
        assert outcome is (StateOutcome.OK if possible else StateOutcome.NOT_POSSIBLE)
        if possible:
            model.locks.add(by)
            model.lines += 1

    @rule(token_id=ids, by=CLASSES)
    def resume(self, token_id: str, by: ActorClass) -> None:
        model = self.models[token_id]
        outcome = lifecycle.resume(self.tx, token_id, by, self.act(by))
        if model.ended or not model.locks:
            assert outcome is StateOutcome.NOT_POSSIBLE
        elif by not in model.locks:
            assert outcome is StateOutcome.NOT_YOURS
        else:
            assert outcome is StateOutcome.OK
            model.locks.remove(by)
            model.lines += 1

    @rule(token_id=ids, by=CLASSES)
    def deactivate(self, token_id: str, by: ActorClass) -> None:
        model = self.models[token_id]
        outcome = lifecycle.deactivate(self.tx, token_id, self.act(by))
        assert outcome is (StateOutcome.NOT_POSSIBLE if model.ended else StateOutcome.OK)
        model.lines += not model.ended
        model.ended = True

    @rule(person=st.sampled_from(PEOPLE), by=CLASSES, lock=st.booleans())
    def card(self, person: str, by: ActorClass, lock: bool) -> None:  # noqa: FBT001 - hypothesis names its arguments
        change = lifecycle.lock_card if lock else lifecycle.unlock_card
        outcome = change(self.tx, lifecycle.account(self.tx, person, "", NOW), by, self.act(by))
        card = self.cards[person]
        moved = (by in card) != lock
        refused = StateOutcome.NOT_YOURS if card and not lock else StateOutcome.NOT_POSSIBLE
        assert outcome is (StateOutcome.OK if moved else refused)
        if moved:
            (card.add if lock else card.remove)(by)
            for model in self.models.values():
                model.lines += model.person == person

    @invariant()
    def a_token_pays_when_it_lives_and_nothing_is_locked(self) -> None:
        for row in self.tx.execute(select(TABLE)):
            model = self.models[row.id]
            card = self.cards[model.person]
            assert (locks_of(row.locks), locks_of(row.card_locks)) == (frozenset(model.locks), frozenset(card))
            free = not model.ended and not model.locks and not card
            assert pays(TokenState(row.state), row.locks, row.card_locks) is free
            if not model.ended:
                assert (row.state == TokenState.SUSPENDED) is bool(model.locks)

    @invariant()
    def every_move_has_its_line(self) -> None:
        lines = [row.token_id for row in self.tx.execute(select(history.c.token_id))]
        assert {token_id: lines.count(token_id) for token_id in self.models} == {
            token_id: model.lines for token_id, model in self.models.items()
        }


TestLocks = Locks.TestCase
TestLocks.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)


@pytest.fixture
async def phone(tokens: Tokens, clock: ManualClock) -> Phone:
    made = Phone(clock)
    await made.provision(tokens)
    return made


async def test_a_loss_locks_every_phone_of_the_account_and_only_its_holder_lifts_that(
    tokens: Tokens, phone: Phone, clock: ManualClock, heard: Heard
) -> None:
    me = Somebody("per_1")
    await tokens.suspend_own(phone.given.id)
    assert await tokens.lost(me) is StateOutcome.OK
    assert await tokens.lost(me) is StateOutcome.NOT_POSSIBLE
    later = Phone(clock)
    await later.provision(tokens)
    assert [token.pays for token in await tokens.of_person("per_1")] == [False, False]
    for by in (ActorClass.STAFF, ActorClass.FRAUD):
        assert await tokens.unlock_card("per_1", "stf_1", "asked", by=by) is StateOutcome.NOT_YOURS
    assert await tokens.found(me) is StateOutcome.OK
    assert await tokens.found(me) is StateOutcome.NOT_POSSIBLE
    assert [token.pays for token in await tokens.of_person("per_1")] == [True, True]
    assert [class_ for class_, _, _ in heard.told] == ["phones_locked", "phones_unlocked"]


async def test_what_the_holder_lifts_does_not_pay_while_the_fraud_desk_holds_it(tokens: Tokens, phone: Phone) -> None:
    me = Somebody("per_1")
    await tokens.lost(me)
    assert await tokens.lock_card("per_1", "stf_9", "strange taps", by=ActorClass.FRAUD) is StateOutcome.OK
    assert await tokens.found(me) is StateOutcome.NOT_YOURS
    token = await tokens.token(phone.given.id)
    assert token is not None
    assert (token.pays, token.card_locks) == (False, frozenset({ActorClass.FRAUD}))
    account = await tokens.account("per_1")
    assert (account.locks, account.actor) == (frozenset({ActorClass.FRAUD}), "per_1")


async def test_a_token_moves_to_another_account_by_staff_who_say_why_and_both_are_told(
    tokens: Tokens, phone: Phone, heard: Heard
) -> None:
    await tokens.lock_card("per_2", "stf_1", "asked")
    before = (await tokens.account("per_1")).par
    assert await tokens.relink(phone.given.id, "per_2", actor="stf_1", reason="same person") is StateOutcome.OK
    assert await tokens.relink(phone.given.id, "per_2", actor="stf_1", reason="again") is StateOutcome.NOT_POSSIBLE
    assert await tokens.relink(phone.given.id, "per_9", actor="stf_1", reason="who?") is StateOutcome.UNKNOWN
    token = await tokens.token(phone.given.id)
    assert token is not None
    assert (token.person_id, token.pays, token.par) == ("per_2", False, (await tokens.account("per_2")).par)
    assert token.par != before
    assert (await tokens.history(token.id))[-1].event == "relinked"
    assert sorted(person for _, person, _ in heard.told) == ["per_1", "per_2"]
    with pytest.raises(BadInput):
        await tokens.relink(phone.given.id, "per_1", actor="stf_1", reason=" ")


@dataclass
class Followers:
    heard: list[tuple[str, str]] = field(default_factory=list)

    def renumbered(self, _tx: Connection, before: str, after: str) -> None:
        self.heard.append((before, after))


async def test_an_account_gets_another_reference_and_its_tokens_go_over_at_once(
    tokens: Tokens, phone: Phone, clock: ManualClock
) -> None:
    before, followers = phone.given.par, Followers()
    tokens._followers = followers
    assert await tokens.renumber("per_1", actor="stf_1", reason="the reference leaked") is StateOutcome.OK
    after = (await tokens.account("per_1")).par
    assert (len(after), after != before) == (29, True)
    assert followers.heard == [(before, after)]
    second = Phone(clock)
    assert (await second.provision(tokens)).par == after
    assert {token.id for token in await tokens.by_par(after)} == {phone.given.id, second.given.id}
    assert await tokens.by_par(before) == []


async def test_a_pin_is_guessed_at_twice_a_day_from_other_phones_and_a_day_is_forgotten_when_it_is_over(
    tokens: Tokens, store: Store, clock: ManualClock
) -> None:
    me, victim = "+989120000003", "+989120000002"
    assert [await tokens.may_try(me, victim) for _ in range(3)] == [True, True, False]
    assert not await tokens.may_try("+989120000004", victim), "others neither"
    assert not await tokens.may_try(me, "+989120000009"), "nor the same at another"
    clock.advance(timedelta(days=1))
    assert await tokens.may_try(me, victim)
    await tokens.sweep()
    assert len(await store.read(select(tries))) == 6, "yesterday's may still be counted"
    clock.advance(timedelta(days=2))
    await tokens.sweep()
    assert await store.read(select(tries)) == []


async def test_tokens_are_found_by_what_staff_may_see(tokens: Tokens, phone: Phone, store: Store) -> None:
    given = phone.given
    for text in (given.pan[-4:], given.number, given.par, given.id, given.id[:12]):
        assert [token.id for token in await tokens.search(f" {text} ")] == [given.id], text
    for text in ("", "12", given.pan, "%", "tok_", "۱۲۳۴"):
        assert await tokens.search(text) == [], text
    (found,) = await tokens.recent(5)
    assert given.pan not in repr(found)
    assert given.pan not in repr(await tokens.history(given.id))
    assert given.pan not in repr(await store.read(select(TABLE)))
