"""Whose phone signs: two people enrol it, one number is one signer; and signing in by it tells strangers nothing."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from gateway.services.approvals import ApprovalOutcome, StaffRef
from gateway.services.signing import (
    SIGNER_ENROLMENT_KIND,
    EnrolOutcome,
    FinishOutcome,
    SignerState,
    SignOutcome,
    StartOutcome,
)
from gateway.services.signing.tables import requests
from tests.gateway.services.signing.office import FIRST, PEOPLE, SECOND, Office, Person, paper

ADI, FAY = (StaffRef(name, PEOPLE[name]) for name in ("stf_adi", "stf_fay"))


async def test_a_phone_is_enrolled_by_two_people_and_its_certificate_pinned(office: Office) -> None:
    sue = StaffRef("stf_sue", frozenset({"administrator"}))
    started = await office.signers.enrol("stf_sam", "0912 000 0002", "stf_adi")
    assert await office.approvals.list_pending(limit=10) == [], "first the phone shows its certificate"
    await office.answer()
    (waiting,) = await office.approvals.list_pending(limit=10, kind=SIGNER_ENROLMENT_KIND)
    sam = StaffRef("stf_sam", frozenset({"administrator"}))

    assert waiting.payload == {"name": "Somebody", "phone": SECOND, "certificate": "CN=1001", "serial": "1001"}
    assert await office.approvals.approve(waiting.id, ADI) is ApprovalOutcome.MAKER_IS_CHECKER
    assert await office.approvals.approve(waiting.id, sam) is ApprovalOutcome.BARRED
    assert await office.signers.by_staff("stf_sam") is None
    assert await office.approvals.approve(waiting.id, FAY) is ApprovalOutcome.APPROVED
    signer = await office.signers.by_number(SECOND)
    assert signer is not None
    assert (signer.staff_id, signer.serial, signer.state) == ("stf_sam", "1001", SignerState.ACTIVE)
    assert (signer.enrolled_by, signer.approved_by) == ("stf_adi", "stf_fay")
    assert await office.signers.enrolled(started.enrolment_id, waiting.id) == "nothing to do", "twice is harmless"
    assert [one.staff_id for one in await office.signers.signers()] == ["stf_sam", sue.id]


@pytest.mark.parametrize(
    ("staff_id", "number", "said"),
    [
        ("stf_sam", "021 555", EnrolOutcome.NUMBER_FORM),
        ("stf_0", SECOND, EnrolOutcome.UNKNOWN_STAFF),
        ("stf_gone", SECOND, EnrolOutcome.UNKNOWN_STAFF),
        ("stf_sam", FIRST, EnrolOutcome.NUMBER_TAKEN),
        ("stf_ivo", "+989120000009", EnrolOutcome.OPEN),
        ("stf_sam", "+989120000009", EnrolOutcome.OPEN),
    ],
)
async def test_what_is_not_enrolled(sqlite_office: Office, staff_id: str, number: str, said: EnrolOutcome) -> None:
    sqlite_office.staff.people["stf_gone"] = Person("stf_gone", frozenset(), disabled=True)
    await sqlite_office.signers.enrol("stf_ivo", "+989120000009", "stf_adi")

    assert (await sqlite_office.signers.enrol(staff_id, number, "stf_adi")).outcome is said


async def test_a_phone_that_says_no_or_has_another_s_sim_is_not_enrolled(sqlite_office: Office) -> None:
    sqlite_office.service.says = SignOutcome.REFUSED
    await sqlite_office.signers.enrol("stf_sam", SECOND, "stf_adi")
    await sqlite_office.answer()
    sqlite_office.service.says = SignOutcome.SIGNED
    sqlite_office.service.serials[SECOND] = sqlite_office.service.serials[FIRST]
    await sqlite_office.signers.enrol("stf_sam", SECOND, "stf_adi")
    await sqlite_office.answer()

    assert await sqlite_office.approvals.list_pending(limit=10) == []
    assert await sqlite_office.signers.by_staff("stf_sam") is None


async def test_what_is_rejected_may_be_enrolled_later(sqlite_office: Office) -> None:
    await sqlite_office.signers.enrol("stf_sam", SECOND, "stf_adi")
    await sqlite_office.answer()
    (waiting,) = await sqlite_office.approvals.list_pending(limit=10)
    assert await sqlite_office.approvals.reject(waiting.id, FAY, "not seen") is ApprovalOutcome.REJECTED

    await sqlite_office.enrol("sam", SECOND)

    assert await sqlite_office.signers.by_staff("stf_sam") is not None


async def test_whoever_is_suspended_signs_nothing(sqlite_office: Office) -> None:
    assert await sqlite_office.signers.suspend("stf_sue", "stf_adi", "phone lost")
    assert not await sqlite_office.signers.suspend("stf_sam", "stf_adi", "phone lost")
    await sqlite_office.signing.ask(paper())

    started = await sqlite_office.signing.sign(await sqlite_office.only(), sqlite_office.who("sue"), "form")

    assert started.outcome is StartOutcome.SUSPENDED


async def test_a_phone_signs_its_owner_in_once(sqlite_office: Office) -> None:
    started = await sqlite_office.sign_ins.start_sign_in("sue", "10.0.0.1")
    assert (await sqlite_office.sign_ins.finish_sign_in(started.handle, "10.0.0.1")).outcome is FinishOutcome.WAITING
    await sqlite_office.answer()
    assert started.code in sqlite_office.service.asked[-1].text

    finished = await sqlite_office.sign_ins.finish_sign_in(started.handle, "10.0.0.1")

    assert (finished.outcome, finished.token) == (FinishOutcome.OK, "token of stf_sue at 10.0.0.1")
    assert (await sqlite_office.sign_ins.finish_sign_in(started.handle, "10.0.0.1")).outcome is FinishOutcome.FAILED
    assert started.handle not in repr(started)
    assert finished.token not in repr(finished)


@pytest.mark.parametrize("says", [SignOutcome.REFUSED, SignOutcome.UNREACHABLE, SignOutcome.OTHER_SIGNER])
async def test_strangers_learn_nothing_from_a_sign_in(sqlite_office: Office, says: SignOutcome) -> None:
    office = sqlite_office
    office.service.says = says
    starts = [await office.sign_ins.start_sign_in(name, "10.0.0.1") for name in ("sue", "sam", "nobody", "")]
    await office.answer()

    assert len({(len(start.handle), len(start.code), start.wait_s) for start in starts}) == 1
    assert [request.msisdn for request in office.service.asked] == [FIRST], "only an enrolled phone is asked"
    for wait, said in ((0, FinishOutcome.WAITING), (79, FinishOutcome.WAITING), (61, FinishOutcome.FAILED)):
        office.clock.advance(timedelta(seconds=wait))
        assert {(await office.sign_ins.finish_sign_in(start.handle, "10.0.0.1")).outcome for start in starts} == {said}
    assert office.staff.tries == len(starts)
    assert (await office.sign_ins.finish_sign_in("made up", "10.0.0.1")).outcome is FinishOutcome.FAILED


async def test_nobody_is_pressed_by_one_question_after_another(sqlite_office: Office) -> None:
    first = await sqlite_office.sign_ins.start_sign_in("sue", "10.0.0.1")
    second = await sqlite_office.sign_ins.start_sign_in("sue", "10.0.0.2")
    assert await sqlite_office.answer() == 1
    assert (await sqlite_office.sign_ins.finish_sign_in(second.handle, "10.0.0.1")).outcome is FinishOutcome.WAITING
    assert (await sqlite_office.sign_ins.finish_sign_in(first.handle, "10.0.0.1")).outcome is FinishOutcome.OK
    sqlite_office.staff.locked_s = 30

    locked = await sqlite_office.sign_ins.start_sign_in("sue", "10.0.0.2")

    assert (locked.handle, locked.wait_s) == ("", 30)
    assert await sqlite_office.answer() == 0


@pytest.mark.parametrize("answered", [False, True])
async def test_who_is_suspended_meanwhile_is_not_signed_in(sqlite_office: Office, *, answered: bool) -> None:
    started = await sqlite_office.sign_ins.start_sign_in("sue", "10.0.0.1")
    if answered:
        await sqlite_office.answer()
    await sqlite_office.signers.suspend("stf_sue", "stf_adi", "phone lost")
    await sqlite_office.answer()

    finished = await sqlite_office.sign_ins.finish_sign_in(started.handle, "10.0.0.1")

    assert (finished.outcome is FinishOutcome.OK, finished.token) == (False, "")
    assert sqlite_office.staff.opened == []


async def test_the_pinned_serial_under_another_name_is_another_signer(sqlite_office: Office) -> None:
    sqlite_office.service.subject = "CN=somebody else of another authority"
    started = await sqlite_office.sign_ins.start_sign_in("sue", "10.0.0.1")

    await sqlite_office.answer()

    finished = await sqlite_office.sign_ins.finish_sign_in(started.handle, "10.0.0.1")
    signer = await sqlite_office.signers.by_staff("stf_sue")
    assert signer is not None
    assert (finished.outcome, signer.state) == (FinishOutcome.WAITING, SignerState.SUSPENDED)


async def test_names_made_up_by_strangers_fill_no_table(sqlite_office: Office) -> None:
    for name in ("ghost", "nobody", "sue"):
        await sqlite_office.sign_ins.start_sign_in(name, "10.0.0.1")
    assert await sqlite_office.sign_ins.sweep() == 0, "they are answered as any other meanwhile"

    sqlite_office.clock.advance(timedelta(seconds=141))

    assert await sqlite_office.sign_ins.sweep() == 2
    (kept,) = await sqlite_office.store.read(select(requests))
    assert kept.staff_id == "stf_sue"
