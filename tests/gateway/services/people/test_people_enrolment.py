"""From the first dial to a PIN, by the registry or by a branch."""

from datetime import timedelta
from pathlib import Path

import freezegun
import pytest
from sqlalchemy import select

from gateway.errors import BadInput, Conflict, NotFound
from gateway.services.people import (
    ActivateOutcome,
    BranchPurpose,
    CodeOutcome,
    CodeResult,
    EnrolOutcome,
    PersonState,
    PersonStatus,
    PinForm,
    PinRepeat,
    ResendOutcome,
)
from gateway.services.people.rules import BRANCH_CODE_TRIES_MAX
from gateway.services.people.tables import branch_codes, codes, persons
from tests.gateway.services.people.fakes import MARYAM, OTHER, REZA
from tests.gateway.services.people.house import PIN, House, open_house
from wallet.clock import ManualClock, SystemClock


def other_than(code: str) -> str:
    return f"{(int(code) + 1) % 10 ** len(code):0{len(code)}d}"


async def test_a_person_enrols_step_by_step_and_may_stop_after_each(house: House) -> None:
    msisdn, number = MARYAM
    people = house.people

    assert await people.status(msisdn) is PersonStatus.UNKNOWN
    assert await people.enrol(msisdn, number, "fr") is EnrolOutcome.CODE_SENT
    assert await people.status(msisdn) is PersonStatus.CODE_PENDING
    assert (await people.confirm_code(msisdn, house.teller.last_code())).outcome is CodeOutcome.OK
    assert await people.status(msisdn) is PersonStatus.CHOOSE_PIN
    person = await people.by_msisdn(msisdn)
    assert person is not None
    assert await people.offer_pin(person.id, PIN) is PinForm.OK
    assert await people.repeat_pin(person.id, PIN) is PinRepeat.OK
    assert await people.status(msisdn) is PersonStatus.ACTIVE
    assert await people.active_ids(after="", limit=10) == [person.id]
    assert await people.count_active() == 1
    assert (person.name, person.masked_name_in("fa"), person.language) == ("Maryam Ahmadi", "م***م ا***ی", "fr")


async def test_enrolling_again_goes_on_with_the_same_person_and_voids_the_older_code(house: House) -> None:
    msisdn, number = MARYAM
    await house.people.enrol(msisdn, number, "fa")
    before, first = await house.people.by_msisdn(msisdn), house.teller.last_code()

    assert await house.people.enrol(msisdn, number, "en") is EnrolOutcome.CODE_SENT

    after = await house.people.by_msisdn(msisdn)
    assert before is not None
    assert after is not None
    assert (after.id, after.language) == (before.id, "en")
    if first != house.teller.last_code():
        assert await house.people.confirm_code(msisdn, first) == CodeResult(CodeOutcome.WRONG, 2)
    assert (await house.people.confirm_code(msisdn, house.teller.last_code())).outcome is CodeOutcome.OK


async def test_who_is_enrolled_gets_no_second_code(quick_house: House) -> None:
    await quick_house.enrolled()
    sent = len(quick_house.teller.of("one_time_code"))

    assert await quick_house.people.enrol(*MARYAM, "fa") is EnrolOutcome.CODE_SENT

    assert len(quick_house.teller.of("one_time_code")) == sent
    assert await quick_house.people.status(MARYAM[0]) is PersonStatus.ACTIVE


async def test_one_national_number_has_one_telephone_number(house: House) -> None:
    await house.enrolled()
    house.registry.known["+989120000008"] = (MARYAM[1], "Maryam Ahmadi", "")

    assert await house.people.enrol("+989120000008", MARYAM[1], "fa") is EnrolOutcome.MISMATCH
    assert await house.people.by_msisdn("+989120000008") is None


async def test_one_telephone_number_has_one_person(house: House) -> None:
    person_id = await house.enrolled()
    house.registry.known[MARYAM[0]] = (OTHER[1], "Somebody Else", "")

    assert await house.people.enrol(MARYAM[0], OTHER[1], "fa") is EnrolOutcome.MISMATCH
    found = await house.people.by_msisdn(MARYAM[0])
    assert found is not None
    assert (found.id, found.name) == (person_id, "Maryam Ahmadi")


@pytest.mark.parametrize(
    ("number", "outcome"),
    [("0012345678", EnrolOutcome.INVALID), ("12", EnrolOutcome.INVALID), (REZA[1], EnrolOutcome.MISMATCH)],
)
async def test_a_wrong_national_number_stores_nobody(quick_house: House, number: str, outcome: EnrolOutcome) -> None:
    assert await quick_house.people.enrol(MARYAM[0], number, "fa") is outcome
    assert await quick_house.people.status(MARYAM[0]) is PersonStatus.UNKNOWN


async def test_a_silent_registry_stores_nobody(quick_house: House) -> None:
    quick_house.registry.down = True

    assert await quick_house.people.enrol(*MARYAM, "fa") is EnrolOutcome.UNAVAILABLE
    assert await quick_house.people.by_msisdn(MARYAM[0]) is None


async def test_the_registry_is_not_asked_without_end(quick_house: House, clock: ManualClock) -> None:
    outcomes = [await quick_house.people.enrol(MARYAM[0], REZA[1], "fa") for _ in range(7)]

    assert outcomes == [EnrolOutcome.MISMATCH] * 5 + [EnrolOutcome.TOO_MANY] * 2
    assert quick_house.registry.asked == 5
    clock.advance(timedelta(hours=1))
    assert await quick_house.people.enrol(*MARYAM, "fa") is EnrolOutcome.CODE_SENT


async def test_codes_are_sent_five_times_an_hour(quick_house: House, clock: ManualClock) -> None:
    await quick_house.people.enrol(*MARYAM, "fa")

    outcomes = [await quick_house.people.resend_code(MARYAM[0]) for _ in range(5)]

    assert outcomes == [ResendOutcome.CODE_SENT] * 4 + [ResendOutcome.TOO_MANY]
    clock.advance(timedelta(hours=1))
    assert await quick_house.people.resend_code(MARYAM[0]) is ResendOutcome.CODE_SENT
    assert await quick_house.people.resend_code(REZA[0]) is ResendOutcome.NOT_PENDING


async def test_the_third_wrong_code_voids_it(house: House) -> None:
    await house.people.enrol(*MARYAM, "fa")
    code = house.teller.last_code()
    wrong = other_than(code)

    tried = [await house.people.confirm_code(MARYAM[0], wrong) for _ in range(3)]

    assert tried == [
        CodeResult(CodeOutcome.WRONG, 2),
        CodeResult(CodeOutcome.WRONG, 1),
        CodeResult(CodeOutcome.TOO_MANY),
    ]
    assert await house.people.confirm_code(MARYAM[0], code) == CodeResult(CodeOutcome.TOO_MANY)
    assert await house.people.resend_code(MARYAM[0]) is ResendOutcome.CODE_SENT
    assert (await house.people.confirm_code(MARYAM[0], house.teller.last_code())).outcome is CodeOutcome.OK


async def test_a_code_works_once(quick_house: House) -> None:
    await quick_house.people.enrol(*MARYAM, "fa")
    code = quick_house.teller.last_code()

    assert (await quick_house.people.confirm_code(MARYAM[0], code)).outcome is CodeOutcome.OK
    assert (await quick_house.people.confirm_code(MARYAM[0], code)).outcome is CodeOutcome.EXPIRED


async def test_a_code_is_too_old_after_fifteen_minutes_of_the_machines_clock(tmp_path: Path) -> None:
    with freezegun.freeze_time("2026-11-22T08:00:00Z", real_asyncio=True) as frozen:
        async with open_house(f"sqlite:///{tmp_path / 'frozen.db'}", SystemClock()) as house:
            await house.people.enrol(*MARYAM, "fa")
            code = house.teller.last_code()

            frozen.tick(timedelta(seconds=901))

            assert (await house.people.confirm_code(MARYAM[0], code)).outcome is CodeOutcome.EXPIRED


async def test_neither_codes_nor_national_numbers_lie_in_clear(quick_house: House) -> None:
    await quick_house.people.enrol(*MARYAM, "fa")
    branch_code = await quick_house.people.issue_branch_code(BranchPurpose.ACTIVATE, *OTHER, "stf_1")

    rows = [row for table in (persons, codes, branch_codes) for row in await quick_house.store.read(select(table))]

    assert len(rows) == 3
    shown = repr(rows)
    for secret in (quick_house.teller.last_code(), branch_code, MARYAM[1], OTHER[1]):
        assert secret not in shown


async def test_who_the_registry_does_not_match_enrols_by_a_branch(house: House) -> None:
    msisdn, number = OTHER
    assert await house.people.enrol(msisdn, number, "fa") is EnrolOutcome.MISMATCH
    assert await house.people.status(msisdn) is PersonStatus.UNKNOWN

    code = await house.people.issue_branch_code(BranchPurpose.ACTIVATE, "09120000009", number, "stf_1", name="Parvin N")
    assert await house.people.status(msisdn) is PersonStatus.BRANCH_CODE
    assert await house.people.activate(msisdn, other_than(code), "fa") is ActivateOutcome.WRONG_CODE
    assert await house.people.activate(msisdn, code, "fr") is ActivateOutcome.CODE_SENT
    assert (await house.people.confirm_code(msisdn, house.teller.last_code())).outcome is CodeOutcome.OK

    person = await house.people.by_msisdn(msisdn)
    assert person is not None
    assert (person.name, person.language, person.state) == ("Parvin N", "fr", PersonState.CHOOSE_PIN)
    assert await house.people.activate(msisdn, code) is ActivateOutcome.WRONG_CODE


async def test_a_branch_code_dies_of_wrong_tries(quick_house: House) -> None:
    code = await quick_house.people.issue_branch_code(BranchPurpose.ACTIVATE, *OTHER, "stf_1")

    tries = [await quick_house.people.activate(OTHER[0], other_than(code)) for _ in range(BRANCH_CODE_TRIES_MAX)]

    assert set(tries) == {ActivateOutcome.WRONG_CODE}
    assert await quick_house.people.activate(OTHER[0], code) is ActivateOutcome.TOO_MANY
    assert await quick_house.people.status(OTHER[0]) is PersonStatus.UNKNOWN


async def test_branch_codes_cannot_be_guessed_without_end(quick_house: House) -> None:
    outcomes = [await quick_house.people.activate(OTHER[0], "12345678") for _ in range(12)]

    assert outcomes == [ActivateOutcome.WRONG_CODE] * 10 + [ActivateOutcome.TOO_MANY] * 2


async def test_a_branch_code_ends_with_its_day_and_with_the_next_one(quick_house: House, clock: ManualClock) -> None:
    first = await quick_house.people.issue_branch_code(BranchPurpose.ACTIVATE, *OTHER, "stf_1")
    second = await quick_house.people.issue_branch_code(BranchPurpose.ACTIVATE, *OTHER, "stf_1")

    if first != second:
        assert await quick_house.people.activate(OTHER[0], first) is ActivateOutcome.WRONG_CODE
    clock.advance(timedelta(days=1))
    assert await quick_house.people.activate(OTHER[0], second) is ActivateOutcome.WRONG_CODE


async def test_a_branch_refuses_what_it_cannot_prove(quick_house: House) -> None:
    await quick_house.enrolled()
    issue = quick_house.people.issue_branch_code

    with pytest.raises(BadInput):
        await issue(BranchPurpose.ACTIVATE, OTHER[0], "0012345678", "stf_1")
    with pytest.raises(Conflict):
        await issue(BranchPurpose.ACTIVATE, OTHER[0], MARYAM[1], "stf_1")
    with pytest.raises(NotFound):
        await issue(BranchPurpose.UNLOCK, MARYAM[0], OTHER[1], "stf_1")
