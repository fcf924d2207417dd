"""A document is signed by those who may, over whatever a phone, a crash or an attacker does, and then proved."""

from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.services.approvals import DelegationOutcome
from gateway.services.signing import (
    DocumentState,
    EventKind,
    Need,
    ProofOutcome,
    SignOutcome,
    StartOutcome,
)
from gateway.services.signing.phones import LEASE
from tests.gateway.services.signing.office import (
    FIRST,
    LONG,
    PASSWORD,
    SECOND,
    TOTP,
    Office,
    paper,
    speaks,
)

BATCH = paper()
LARGE = paper(minor=5000)
DAY = paper("day_1", kind="day")


async def kinds(office: Office, document_id: str) -> list[EventKind]:
    return [event.what for event in await office.signing.history(document_id)]


async def test_a_document_is_signed_by_phone_and_proved(office: Office) -> None:
    assert await office.signing.ask(BATCH) is Need.MOBILE
    assert await office.signing.ask(BATCH) is Need.MOBILE
    assert (await office.signing.proof("batch", "bat_1", BATCH.digest)).outcome is ProofOutcome.WAITING
    document_id = await office.only()

    started = await office.signs("sue", document_id)

    assert started.outcome is StartOutcome.OK
    request = office.service.asked[-1]
    assert request.text == f"{BATCH.texts['en']} #{started.digits} ({started.code})"
    assert (request.msisdn, request.serial, len(request.digest or b"")) == (FIRST, "1000", 32)
    progress = await office.signing.progress(started.request_id)
    assert progress is not None
    assert (progress.outcome, progress.code, progress.staff_id) == (SignOutcome.SIGNED, started.code, "stf_sue")
    assert office.done == ["signed bat_1"]
    proof = await office.signing.proof("batch", "bat_1", BATCH.digest)
    assert proof.outcome is ProofOutcome.SIGNED
    assert [(one.staff_id, one.serial, one.by_phone) for one in proof.signatures] == [("stf_sue", "1000", True)]
    assert await office.signing.inbox(office.who("sue")) == []
    assert await kinds(office, document_id) == [
        EventKind.ASKED,
        EventKind.PHONE_ASKED,
        EventKind.SIGNED,
        EventKind.DONE,
    ]
    assert office.service.receipts[-1][0] == FIRST


async def test_the_text_is_in_the_language_of_who_signs(sqlite_office: Office) -> None:
    await sqlite_office.signing.ask(BATCH)
    await sqlite_office.signing.sign(await sqlite_office.only(), speaks(sqlite_office.who("sue"), "fa"), "form")
    await sqlite_office.answer()

    assert sqlite_office.service.asked[-1].text.startswith(BATCH.texts["fa"])
    assert sqlite_office.service.asked[-1].language == "fa"


async def test_a_second_click_asks_nobody_twice(sqlite_office: Office) -> None:
    await sqlite_office.signing.ask(BATCH)
    await sqlite_office.signing.ask(paper("bat_2"))
    first, second = [waiting.id for waiting in await sqlite_office.signing.inbox(sqlite_office.who("sue"))]
    sue = sqlite_office.who("sue")

    started = await sqlite_office.signing.sign(first, sue, "form")

    assert await sqlite_office.signing.sign(first, sue, "form") == started
    assert await sqlite_office.signing.sign(first, sue, "another form") == started
    assert (await sqlite_office.signing.sign(second, sue, "third")).outcome is StartOutcome.BUSY
    assert await sqlite_office.answer() == 1
    assert await sqlite_office.signing.sign(first, sue, "form") == started, "the form of a request that is over"
    assert (await sqlite_office.signing.sign(first, sue, "fourth")).outcome is StartOutcome.ALREADY_SIGNED
    assert await sqlite_office.answer() == 0


async def test_much_money_needs_two_people_and_a_delegate_is_none_of_them(office: Office) -> None:
    now = office.clock.now()
    sue = office.who("sue")
    lets = office.delegations.delegate("stf_sue", "stf_ivo", (), now, now + LONG, "holiday", sue)
    assert await lets is DelegationOutcome.OK
    await office.knows("ivo", SECOND, "1001")
    await office.knows("sam", "+989120000003", "1002")
    assert await office.signing.ask(LARGE) is Need.TWO_MOBILE
    document_id = await office.only("ivo")

    await office.signs("ivo", document_id)

    assert (await office.signs("sue", document_id)).outcome is StartOutcome.ALREADY_SIGNED
    assert (await office.signs("ivo", document_id, "again")).outcome is StartOutcome.ALREADY_SIGNED
    assert (await office.signing.proof("batch", "bat_1", LARGE.digest)).outcome is ProofOutcome.WAITING
    await office.signs("sam", document_id)
    proof = await office.signing.proof("batch", "bat_1", LARGE.digest)
    assert proof.outcome is ProofOutcome.SIGNED
    assert {(one.principal, one.staff_id) for one in proof.signatures} == {
        ("stf_sue", "stf_ivo"),
        ("stf_sam", "stf_sam"),
    }


async def test_who_made_it_does_not_sign_it_nor_lets_sign(sqlite_office: Office) -> None:
    now = sqlite_office.clock.now()
    await sqlite_office.knows("sam", SECOND, "1001")
    mia = sqlite_office.who("mia")
    assert await sqlite_office.delegations.delegate("stf_mia", "stf_sam", (), now, now + LONG, "trip", mia) == "ok"
    await sqlite_office.signing.ask(BATCH)
    document_id = await sqlite_office.only()

    assert await sqlite_office.signing.why_not(document_id, mia) is StartOutcome.MADE_IT
    assert (await sqlite_office.signs("sam", document_id)).outcome is StartOutcome.STANDS_IN_FOR_MAKER
    assert (
        await sqlite_office.signing.refuse(document_id, sqlite_office.who("sam"), "no")
        is StartOutcome.STANDS_IN_FOR_MAKER
    )
    assert await sqlite_office.signing.why_not(document_id, sqlite_office.who("ivo")) is StartOutcome.ROLE_MISSING
    assert await sqlite_office.signing.why_not(document_id, sqlite_office.who("sue")) is StartOutcome.OK
    assert await sqlite_office.signing.why_not("doc_0", mia) is StartOutcome.UNKNOWN
    assert await sqlite_office.signing.inbox(sqlite_office.who("sam")) == []
    history = await sqlite_office.signing.history(document_id)
    assert [(one.staff_id, one.note) for one in history if one.what is EventKind.TURNED_AWAY] == [
        ("stf_sam", "stands_in_for_maker")
    ]


async def test_whom_a_maker_stands_in_for_does_not_sign_it_nor_whoever_stands_at_the_end_of_a_chain(
    sqlite_office: Office,
) -> None:
    now = sqlite_office.clock.now()
    sue, sam = sqlite_office.who("sue"), sqlite_office.who("sam")
    lets = sqlite_office.delegations.delegate
    assert await lets("stf_sue", "stf_mia", (), now, now + LONG, "trip", sue) == "ok"
    assert await lets("stf_sam", "stf_ivo", (), now, now + LONG, "trip", sam) == "ok"
    assert await lets("stf_mia", "stf_sam", (), now, now + LONG, "trip", sqlite_office.who("mia")) == "ok"
    await sqlite_office.signing.ask(BATCH)
    (document,) = await sqlite_office.signing.list_documents(limit=1)

    for name in ("sue", "sam", "ivo"):
        why = await sqlite_office.signing.why_not(document.id, sqlite_office.who(name))
        assert why is StartOutcome.STANDS_IN_FOR_MAKER, name


@pytest.mark.parametrize(
    "said",
    [SignOutcome.REFUSED, SignOutcome.EXPIRED, SignOutcome.UNREACHABLE, SignOutcome.PIN_BLOCKED, SignOutcome.REVOKED],
)
async def test_a_phone_that_does_not_sign_leaves_the_document_waiting(sqlite_office: Office, said: SignOutcome) -> None:
    await sqlite_office.signing.ask(BATCH)
    document_id = await sqlite_office.only()
    sqlite_office.service.says = said

    started = await sqlite_office.signs("sue", document_id)

    progress = await sqlite_office.signing.progress(started.request_id)
    assert progress is not None
    assert progress.outcome is said
    assert (await kinds(sqlite_office, document_id))[-1] is EventKind.FAILED
    sqlite_office.service.says = SignOutcome.SIGNED
    assert (await sqlite_office.signs("sue", document_id, "again")).outcome is StartOutcome.OK
    assert sqlite_office.done == ["signed bat_1"]


async def test_a_crash_asks_for_the_same_transaction_and_counts_it_once(office: Office) -> None:
    await office.signing.ask(BATCH)
    document_id = await office.only()
    started = await office.signing.sign(document_id, office.who("sue"), "form")
    (lost,) = await office.phones.claim(10)
    assert await office.phones.claim(10) == [], "somebody has it"

    office.clock.advance(LEASE + timedelta(seconds=1))
    assert await office.answer() == 1
    await office.phones.ask(lost)

    first, second = [request for request in office.service.asked if request.transaction_id == started.request_id]
    assert first == second
    assert (await kinds(office, document_id)).count(EventKind.SIGNED) == 1
    assert office.done == ["signed bat_1"]


async def test_a_silent_service_leaves_nothing_known_and_is_given_up(sqlite_office: Office) -> None:
    await sqlite_office.signing.ask(BATCH)
    await sqlite_office.signing.ask(paper("bat_2"))
    document_id = (await sqlite_office.signing.inbox(sqlite_office.who("sue")))[0].id
    sqlite_office.service.says = None

    started = await sqlite_office.signs("sue", document_id)
    progress = await sqlite_office.signing.progress(started.request_id)
    assert progress is not None
    assert progress.outcome is SignOutcome.UNAVAILABLE

    later = await sqlite_office.signing.sign(document_id, sqlite_office.who("sue"), "again")
    sqlite_office.clock.advance(timedelta(minutes=16))
    assert await sqlite_office.phones.sweep() == 1
    progress = await sqlite_office.signing.progress(later.request_id)
    assert progress is not None
    assert progress.outcome is SignOutcome.UNAVAILABLE
    assert await sqlite_office.phones.claim(10) == []


async def test_a_day_is_closed_by_password_and_code(sqlite_office: Office) -> None:
    assert await sqlite_office.signing.ask(DAY) is Need.PIN
    document_id = await sqlite_office.only()
    sue = sqlite_office.who("sue")

    assert (await sqlite_office.signs("sue", document_id)).outcome is StartOutcome.OTHER_MEANS
    assert await sqlite_office.signing.sign_with_pin(document_id, sue, PASSWORD, "000000") is StartOutcome.WRONG
    assert (
        await sqlite_office.signing.sign_with_pin(document_id, sqlite_office.who("mia"), PASSWORD, TOTP)
        is StartOutcome.MADE_IT
    )
    assert await sqlite_office.signing.sign_with_pin(document_id, sue, PASSWORD, TOTP) is StartOutcome.OK
    assert await sqlite_office.signing.sign_with_pin(document_id, sue, PASSWORD, TOTP) is StartOutcome.ALREADY_SIGNED

    proof = await sqlite_office.signing.proof("day", "day_1", DAY.digest)
    assert (proof.outcome, [one.by_phone for one in proof.signatures]) == (ProofOutcome.SIGNED, [False])
    await sqlite_office.signing.ask(BATCH)
    assert (
        await sqlite_office.signing.sign_with_pin(await sqlite_office.only(), sue, PASSWORD, TOTP)
        is StartOutcome.OTHER_MEANS
    )


async def test_what_needs_nothing_is_proved_at_once(sqlite_office: Office) -> None:
    note = paper("not_1", kind="note")

    assert await sqlite_office.signing.ask(note) is Need.NONE
    assert (await sqlite_office.signing.proof("note", "not_1", note.digest)).outcome is ProofOutcome.SIGNED
    assert (await sqlite_office.signing.proof("note", "not_2", note.digest)).outcome is ProofOutcome.UNKNOWN


async def test_one_refusal_ends_it_until_it_is_asked_for_anew(sqlite_office: Office) -> None:
    await sqlite_office.signing.ask(BATCH)
    document_id = await sqlite_office.only()

    assert await sqlite_office.signing.refuse(document_id, sqlite_office.who("sue"), "wrong month") is StartOutcome.OK
    await sqlite_office.signing.ask(BATCH)

    assert (await sqlite_office.signing.proof("batch", "bat_1", BATCH.digest)).outcome is ProofOutcome.REFUSED
    assert (await sqlite_office.signs("sue", document_id)).outcome is StartOutcome.NOT_WAITING
    assert sqlite_office.done == ["unsigned bat_1"]
    assert not await sqlite_office.signing.withdraw("batch", "bat_1", "given up"), "why it was refused stays to be seen"
    await sqlite_office.signing.ask(BATCH, anew=True)
    assert (await sqlite_office.signs("sue", await sqlite_office.only())).outcome is StartOutcome.OK
    assert (await sqlite_office.signing.proof("batch", "bat_1", BATCH.digest)).outcome is ProofOutcome.SIGNED


async def test_nobody_signs_what_is_over(sqlite_office: Office) -> None:
    await sqlite_office.signing.ask(BATCH)
    document_id = await sqlite_office.only()
    await sqlite_office.signing.sign(document_id, sqlite_office.who("sue"), "form")
    sqlite_office.clock.advance(LONG)

    assert (await sqlite_office.signing.proof("batch", "bat_1", BATCH.digest)).outcome is ProofOutcome.EXPIRED
    await sqlite_office.answer()
    assert await sqlite_office.signing.sweep() == 1
    assert (await sqlite_office.signs("sue", document_id, "late")).outcome is StartOutcome.EXPIRED
    sqlite_office.clock.advance(timedelta(seconds=6))
    await sqlite_office.signing.sweep()
    assert sqlite_office.done == ["unsigned bat_1"]
    assert (await sqlite_office.signing.proof("batch", "bat_1", BATCH.digest)).outcome is ProofOutcome.EXPIRED
    again = replace(BATCH, expires_at=sqlite_office.clock.now() + LONG)
    await sqlite_office.signing.ask(again)
    assert (await sqlite_office.signing.proof("batch", "bat_1", BATCH.digest)).outcome is ProofOutcome.EXPIRED
    await sqlite_office.signing.ask(again, anew=True)
    assert (await sqlite_office.signing.proof("batch", "bat_1", BATCH.digest)).outcome is ProofOutcome.WAITING


async def test_what_follows_is_done_by_the_sweep_after_a_fault(sqlite_office: Office) -> None:
    sqlite_office.broken = True
    await sqlite_office.signing.ask(BATCH)
    document_id = await sqlite_office.only()
    await sqlite_office.signs("sue", document_id)
    assert (sqlite_office.done, (await kinds(sqlite_office, document_id))[-1]) == ([], EventKind.NOT_DONE)
    sqlite_office.broken = False

    assert await sqlite_office.signing.sweep() == 0, "it is too young to be a crash's"
    sqlite_office.clock.advance(timedelta(seconds=6))
    sqlite_office.broken = True
    assert [await sqlite_office.signing.sweep() for _ in range(3)] == [0, 0, 0]
    assert (await kinds(sqlite_office, document_id)).count(EventKind.NOT_DONE) == 1, "said once for each fault"
    sqlite_office.broken = False
    assert await sqlite_office.signing.sweep() == 1
    assert await sqlite_office.signing.sweep() == 0
    assert sqlite_office.done == ["signed bat_1"]


async def test_what_was_given_up_waits_for_nobody(sqlite_office: Office) -> None:
    await sqlite_office.signing.ask(BATCH)
    document_id = await sqlite_office.only()

    assert await sqlite_office.signing.withdraw("batch", "bat_1", "cancelled")
    assert not await sqlite_office.signing.withdraw("batch", "bat_1", "cancelled")

    assert (await sqlite_office.signs("sue", document_id)).outcome is StartOutcome.NOT_WAITING
    assert (await sqlite_office.signing.proof("batch", "bat_1", BATCH.digest)).outcome is ProofOutcome.UNKNOWN
    assert [row.state for row in await sqlite_office.signing.list_documents(limit=10)] == [DocumentState.VOID]
