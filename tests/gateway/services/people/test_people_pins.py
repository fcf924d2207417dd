"""PINs: chosen, checked, locked, unlocked; no crash and no crowd gives a free guess."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.errors import Conflict
from gateway.keys.software import SoftwareKeyStore
from gateway.services.people import (
    BranchPurpose,
    PersonState,
    PersonStatus,
    PinCheck,
    PinForm,
    PinOutcome,
    PinRepeat,
    UnlockOutcome,
)
from tests.gateway.services.people.fakes import MARYAM
from tests.gateway.services.people.house import PIN, House, open_house
from wallet.clock import ManualClock

WRONG = "8316"


class CountingKeys(SoftwareKeyStore):
    """Counts how often a PIN was compared, and can fail as a machine does that stops."""

    peppered = 0
    broken = False

    async def mac(self, ref: str, data: bytes) -> bytes:
        if ref == "pepper":
            self.peppered += 1
            if self.broken:
                raise ConnectionError("the power went")
        return await super().mac(ref, data)


@pytest.mark.parametrize(
    ("typed", "form"),
    [("4927", PinForm.OK), ("۴۹۲۷", PinForm.OK), ("1234", PinForm.TRIVIAL), ("0001", PinForm.TRIVIAL),
     ("5679", PinForm.TRIVIAL), ("49", PinForm.BAD_FORM), ("49275", PinForm.BAD_FORM), ("", PinForm.BAD_FORM)],
)  # fmt: skip
async def test_an_offered_pin_is_judged(quick_house: House, typed: str, form: PinForm) -> None:
    person_id = await quick_house.enrolled()
    await quick_house.people.unlock(person_id, "apr_1")

    assert await quick_house.people.offer_pin(person_id, typed) is form


async def test_a_pin_that_is_repeated_wrongly_begins_again(house: House) -> None:
    person_id = await house.enrolled()
    await house.people.unlock(person_id, "apr_1")

    await house.people.offer_pin(person_id, PIN)
    assert await house.people.repeat_pin(person_id, WRONG) is PinRepeat.DIFFERS
    assert await house.people.repeat_pin(person_id, PIN) is PinRepeat.DIFFERS
    await house.people.offer_pin(person_id, PIN)
    assert await house.people.repeat_pin(person_id, PIN) is PinRepeat.OK


async def test_only_who_is_to_choose_a_pin_may(quick_house: House) -> None:
    person_id = await quick_house.enrolled()

    with pytest.raises(Conflict):
        await quick_house.people.offer_pin(person_id, WRONG)
    with pytest.raises(Conflict):
        await quick_house.people.repeat_pin(person_id, WRONG)


async def test_an_offer_is_forgotten_after_ten_minutes(quick_house: House, clock: ManualClock) -> None:
    person_id = await quick_house.enrolled()
    await quick_house.people.unlock(person_id, "apr_1")
    await quick_house.people.offer_pin(person_id, PIN)

    clock.advance(timedelta(minutes=10))

    assert await quick_house.people.repeat_pin(person_id, PIN) is PinRepeat.DIFFERS


async def test_the_third_wrong_pin_locks_and_tells(house: House) -> None:
    person_id = await house.enrolled()
    check = house.people.check_pin

    assert [await check(person_id, WRONG) for _ in range(3)] == [
        PinCheck(PinOutcome.WRONG, 2),
        PinCheck(PinOutcome.WRONG, 1),
        PinCheck(PinOutcome.LOCKED, 0),
    ]
    assert await check(person_id, PIN) == PinCheck(PinOutcome.LOCKED, 0)
    assert await house.people.status(MARYAM[0]) is PersonStatus.LOCKED
    assert [told.person_id for told in house.teller.of("pin_locked")] == [person_id]


async def test_a_right_pin_forgives_the_wrong_ones(quick_house: House) -> None:
    person_id = await quick_house.enrolled()
    for _ in range(3):
        assert await quick_house.people.check_pin(person_id, WRONG) == PinCheck(PinOutcome.WRONG, 2)
        assert await quick_house.people.check_pin(person_id, WRONG) == PinCheck(PinOutcome.WRONG, 1)
        assert await quick_house.people.check_pin(person_id, PIN) == PinCheck(PinOutcome.OK, 3)


async def test_a_strangers_guesses_spend_no_try_and_a_locked_pin_still_proves_its_person(house: House) -> None:
    person_id = await house.enrolled()
    people, number = house.people, MARYAM[0]
    for _ in range(4):
        assert await people.by_pin(number, WRONG) is None
    assert await people.check_pin(person_id, WRONG) == PinCheck(PinOutcome.WRONG, 2)
    for _ in range(2):
        await people.check_pin(person_id, WRONG)
    assert await people.status(number) is PersonStatus.LOCKED

    found = await people.by_pin(number, PIN)

    assert found is not None
    assert (found.id, found.state) == (person_id, PersonState.LOCKED)
    await people.unlock(person_id, "apr_1")
    assert await people.by_pin(number, PIN) is None, "a new one is to be chosen"


async def test_of_a_number_that_nobody_has_a_pin_is_hashed_all_the_same(database_url: str, clock: ManualClock) -> None:
    keys = CountingKeys(SoftwareKeyStore.for_tests()._keys)
    async with open_house(database_url, clock, keys) as house:
        await house.enrolled()
        keys.peppered = 0
        assert await house.people.by_pin("+989120000099", PIN) is None
        assert keys.peppered == 1


async def test_twenty_wrong_pins_at_once_are_compared_three_times(database_url: str, clock: ManualClock) -> None:
    keys = CountingKeys(SoftwareKeyStore.for_tests()._keys)
    async with open_house(database_url, clock, keys) as house:
        person_id = await house.enrolled()
        keys.peppered = 0

        async with asyncio.TaskGroup() as group:
            tries = [group.create_task(house.people.check_pin(person_id, WRONG)) for _ in range(20)]

        assert keys.peppered == 3
        outcomes = [task.result().outcome for task in tries]
        assert (outcomes.count(PinOutcome.WRONG), outcomes.count(PinOutcome.LOCKED)) == (2, 18)
        assert len(house.teller.of("pin_locked")) == 1


async def test_a_crash_before_the_comparison_costs_a_try(tmp_path: Path, clock: ManualClock) -> None:
    keys = CountingKeys(SoftwareKeyStore.for_tests()._keys)
    async with open_house(f"sqlite:///{tmp_path / 'crash.db'}", clock, keys) as house:
        person_id = await house.enrolled()
        keys.broken = True
        for _ in range(3):
            with pytest.raises(ConnectionError):
                await house.people.check_pin(person_id, WRONG)
        keys.broken = False

        assert await house.people.check_pin(person_id, PIN) == PinCheck(PinOutcome.LOCKED, 0)
        assert await house.people.sweep() == 0, "a try that may still be compared is left alone"
        clock.advance(timedelta(seconds=6))
        assert await house.people.sweep() == 1
        assert await house.people.status(MARYAM[0]) is PersonStatus.LOCKED
        assert len(house.teller.of("pin_locked")) == 1
        assert await house.people.sweep() == 0


async def test_a_branch_code_lets_a_locked_person_choose_again(house: House) -> None:
    person_id = await house.enrolled()
    for _ in range(3):
        await house.people.check_pin(person_id, WRONG)
    code = await house.people.issue_branch_code(BranchPurpose.UNLOCK, *MARYAM, "stf_1")

    assert await house.people.unlock_with_code(MARYAM[0], "00000000") is UnlockOutcome.WRONG_CODE
    assert await house.people.unlock_with_code(MARYAM[0], code) is UnlockOutcome.OK

    assert await house.people.status(MARYAM[0]) is PersonStatus.CHOOSE_PIN
    assert await house.people.unlock_with_code(MARYAM[0], code) is UnlockOutcome.WRONG_CODE
    assert (await house.people.check_pin(person_id, PIN)).outcome is PinOutcome.LOCKED, "the old PIN is gone"
    await house.people.offer_pin(person_id, "7305")
    assert await house.people.repeat_pin(person_id, "7305") is PinRepeat.OK
    assert (await house.people.check_pin(person_id, "7305")).outcome is PinOutcome.OK


async def test_whoever_holds_the_phone_is_told_that_a_code_for_a_new_pin_was_given_out(quick_house: House) -> None:
    await quick_house.enrolled()

    await quick_house.people.issue_branch_code(BranchPurpose.UNLOCK, *MARYAM, "stf_1")

    assert len(quick_house.teller.of("pin_code_issued")) == 1


async def test_an_approved_unlock_is_done_once(quick_house: House) -> None:
    person_id = await quick_house.enrolled()

    assert await quick_house.people.unlock(person_id, "apr_1") == "unlocked"
    await quick_house.people.offer_pin(person_id, PIN)
    await quick_house.people.repeat_pin(person_id, PIN)
    assert await quick_house.people.unlock(person_id, "apr_1") == "nothing to unlock"

    person = await quick_house.people.by_id(person_id)
    assert person is not None
    assert person.state is PersonState.ACTIVE
    assert [told.cause for told in quick_house.teller.of("unlocked")] == ["apr_1"]
