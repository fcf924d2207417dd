"""What the menus call about phones that pay: a loss is told by PIN alone, and nobody learns who is enrolled."""

from dataclasses import dataclass, field, replace

import pytest

from gateway.channels.ussd.phones import Phones
from gateway.services.dialogues import Caller
from gateway.services.people import Person, PersonState, PinCheck, PinOutcome
from gateway.services.tokens import Dialled, ReplenishOutcome, StateOutcome
from tests.gateway.channels.ussd.services import MARYAM, FakePeople, FakeTokens
from tests.gateway.channels.ussd.test_actions import CALLER, declared
from ussd_menus import Call, Result

OTHER = "+989120000002"
THEY = replace(MARYAM, id="per_02", msisdn=OTHER)
RIGHT, WRONG = PinCheck(PinOutcome.OK, 3), PinCheck(PinOutcome.WRONG, 2)
LOCKED = PinCheck(PinOutcome.LOCKED, 0)


@dataclass
class Vault(FakeTokens):
    outcome: StateOutcome = StateOutcome.OK
    dialled: Dialled = field(default_factory=lambda: Dialled(ReplenishOutcome.OK, "TD1." + "A" * 119))
    tries_left: int = 2
    done: list[tuple[str, ...]] = field(default_factory=list)

    async def lost(self, holder: Person) -> StateOutcome:
        self.done.append(("lost", holder.id))
        return self.outcome

    async def found(self, holder: Person) -> StateOutcome:
        self.done.append(("found", holder.id))
        return self.outcome

    async def may_try(self, caller: str, number: str) -> bool:
        self.done.append(("try", caller, number))
        self.tries_left -= 1
        return self.tries_left >= 0

    async def key_by_dial(self, person_id: str, number: str, atc: int, digits: str) -> Dialled:
        self.done.append((person_id, number, str(atc), digits))
        return self.dialled


@dataclass
class Desk:
    people: FakePeople = field(default_factory=FakePeople)
    tokens: Vault = field(default_factory=Vault)
    caller: Caller = CALLER

    async def call(self, name: str, **args: str) -> Result:
        result = await Phones(self.people, self.tokens).actions()[name](
            self.caller, Call(name, args, {"pin": "2468"}, 3)
        )
        declared(name, result)
        return result


async def test_a_stranger_and_somebody_who_is_locked_are_asked_for_the_number() -> None:
    desk = Desk()
    assert (await desk.call("tokens.whose")).outcome == "known"
    for person in (None, replace(MARYAM, state=PersonState.LOCKED)):
        desk.people.person = person
        assert (await desk.call("tokens.whose")).outcome == "stranger"


@pytest.mark.parametrize(
    ("name", "check", "outcome", "done"),
    [
        ("tokens.lost", RIGHT, "ok", [("lost", MARYAM.id)]),
        ("tokens.lost", WRONG, "wrong_pin", []),
        ("tokens.lost", LOCKED, "locked", []),
        ("tokens.found", RIGHT, "ok", [("found", MARYAM.id)]),
        ("tokens.found", WRONG, "wrong_pin", []),
        ("tokens.found", LOCKED, "locked", []),
    ],
)
async def test_ones_own_phone_needs_the_pin_alone(
    name: str, check: PinCheck, outcome: str, done: list[tuple[str, ...]]
) -> None:
    desk = Desk()
    desk.people.pin = check
    assert (await desk.call(name)).outcome == outcome
    assert desk.tokens.done == done


async def test_of_another_number_nothing_is_said_but_that_it_went_wrong() -> None:
    answers = []
    for person, check in ((THEY, WRONG), (THEY, LOCKED), (None, RIGHT)):
        desk = Desk()
        desk.people.person, desk.people.pin = person, check
        answers.append(await desk.call("tokens.lost_of", msisdn=OTHER))
    answers.append(await Desk().call("tokens.lost_of", msisdn="12"))
    assert answers == [Result("wrong")] * 4


async def test_of_another_number_a_phone_has_two_tries_before_any_pin_is_looked_at() -> None:
    desk = Desk()
    desk.people.person = THEY
    outcomes = [(await desk.call("tokens.lost_of", msisdn=OTHER)).outcome for _ in range(3)]
    assert outcomes == ["ok", "ok", "too_many"]
    assert desk.tokens.done.count(("lost", THEY.id)) == 2
    assert desk.tokens.done[-1] == ("try", CALLER.msisdn, OTHER)


@pytest.mark.parametrize(
    ("stands", "outcome"),
    [
        (StateOutcome.OK, "ok"),
        (StateOutcome.NOT_POSSIBLE, "none"),
        (StateOutcome.UNKNOWN, "none"),
        (StateOutcome.NOT_YOURS, "not_yours"),
    ],
)
async def test_what_becomes_of_unlocking_is_said(stands: StateOutcome, outcome: str) -> None:
    desk = Desk(tokens=Vault(outcome=stands))
    assert (await desk.call("tokens.found")).outcome == outcome


@pytest.mark.parametrize("outcome", ReplenishOutcome)
async def test_a_dialled_key_is_shown_as_it_is_or_refused_in_words(outcome: ReplenishOutcome) -> None:
    text = "TD1." + "A" * 119 if outcome is ReplenishOutcome.OK else ""
    desk = Desk(tokens=Vault(dialled=Dialled(outcome, text)))
    result = await desk.call("tokens.key", token_number="48291377", atc="00042", proof="90817263")
    expected = {ReplenishOutcome.OK: "ok", ReplenishOutcome.TOO_MANY: "too_many"}.get(outcome, "refused")
    assert (result.outcome, result.values.get("key_text", "")) == (expected, text)
    assert desk.tokens.done == [(MARYAM.id, "48291377", "42", "90817263")]


async def test_a_stranger_and_a_counter_that_is_none_get_no_key() -> None:
    desk = Desk()
    assert (await desk.call("tokens.key", token_number="48291377", atc="65536", proof="0" * 8)).outcome == "refused"
    desk.people.person = None
    assert (await desk.call("tokens.key", token_number="48291377", atc="00001", proof="0" * 8)).outcome == "refused"
    assert desk.tokens.done == []
