"""Attacks on signatures: replayed, late, by another SIM, over changed rows; each is refused, and seen by staff."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import delete, update

from gateway.services.signing import (
    DocumentState,
    EventKind,
    ProofOutcome,
    SignerState,
    SignOutcome,
    StartOutcome,
)
from gateway.services.signing.tables import documents, signatures
from tests.gateway.services.signing.office import (
    FIRST,
    Office,
    paper,
    sealed,
)

BATCH = paper()


async def kinds(office: Office, document_id: str) -> list[EventKind]:
    return [event.what for event in await office.signing.history(document_id)]


async def test_a_changed_row_makes_void_what_was_signed(sqlite_office: Office) -> None:
    await sqlite_office.signing.ask(BATCH)
    document_id = await sqlite_office.only()
    await sqlite_office.signs("sue", document_id)
    changed = paper(content="rows, one edited")

    assert (await sqlite_office.signing.proof("batch", "bat_1", changed.digest)).outcome is ProofOutcome.DIFFERS
    await sqlite_office.signing.ask(changed)

    assert (await sqlite_office.signing.proof("batch", "bat_1", BATCH.digest)).outcome is ProofOutcome.DIFFERS
    assert (await sqlite_office.signing.proof("batch", "bat_1", changed.digest)).outcome is ProofOutcome.WAITING
    old = await sqlite_office.signing.document(document_id)
    assert old is not None
    assert (old.state, old.reason) == (DocumentState.VOID, "what it is about was changed")
    assert (await kinds(sqlite_office, document_id))[-1] is EventKind.VOIDED
    assert await sqlite_office.only() != document_id


async def test_an_answer_that_comes_after_the_change_counts_for_nothing(sqlite_office: Office) -> None:
    await sqlite_office.signing.ask(BATCH)
    document_id = await sqlite_office.only()
    started = await sqlite_office.signing.sign(document_id, sqlite_office.who("sue"), "form")
    await sqlite_office.signing.ask(paper(content="rows, one edited"))

    await sqlite_office.answer()

    progress = await sqlite_office.signing.progress(started.request_id)
    assert progress is not None
    assert progress.outcome is SignOutcome.EXPIRED
    assert sqlite_office.done == []


async def test_the_signature_of_another_request_is_refused_and_seen(sqlite_office: Office) -> None:
    await sqlite_office.signing.ask(BATCH)
    await sqlite_office.signs("sue", await sqlite_office.only())
    other = paper("bat_2")
    await sqlite_office.signing.ask(other)
    document_id = await sqlite_office.only()
    sqlite_office.service.cms = sealed(sqlite_office.service.asked[-1], "1000")

    await sqlite_office.signs("sue", document_id)

    history = await sqlite_office.signing.history(document_id)
    assert (history[-1].what, history[-1].note) == (EventKind.ATTACK, "invalid: its content")
    assert (await sqlite_office.signing.proof("batch", "bat_2", other.digest)).outcome is ProofOutcome.WAITING


@pytest.mark.parametrize("late", [timedelta(minutes=6), timedelta(minutes=-6)])
async def test_a_signature_of_another_time_is_refused(sqlite_office: Office, late: timedelta) -> None:
    await sqlite_office.signing.ask(BATCH)
    document_id = await sqlite_office.only()
    sqlite_office.service.at = sqlite_office.clock.now() + late

    await sqlite_office.signs("sue", document_id)

    assert (await kinds(sqlite_office, document_id))[-1] is EventKind.ATTACK


async def test_a_changed_sim_suspends_the_signer_until_two_people_enrol_it_again(sqlite_office: Office) -> None:
    await sqlite_office.signing.ask(BATCH)
    document_id = await sqlite_office.only()
    sqlite_office.service.serials[FIRST] = "2000"

    started = await sqlite_office.signs("sue", document_id)

    progress = await sqlite_office.signing.progress(started.request_id)
    assert progress is not None
    assert progress.outcome is SignOutcome.OTHER_SIGNER
    history = await sqlite_office.signing.history(document_id)
    assert (history[-1].what, history[-1].staff_id) == (EventKind.ATTACK, "stf_sue")
    signer = await sqlite_office.signers.by_staff("stf_sue")
    assert signer is not None
    assert (signer.state, signer.reason) == (SignerState.SUSPENDED, "another SIM has signed")
    assert sqlite_office.service.receipts[-1][1].startswith("Another SIM")
    assert (await sqlite_office.signs("sue", document_id, "again")).outcome is StartOutcome.SUSPENDED
    sample = sqlite_office.metrics.registry.get_sample_value
    assert sample("tapdial_signatures_total", {"purpose": "document", "outcome": "other_signer"}) == 1

    await sqlite_office.enrol("sue", FIRST)

    assert (await sqlite_office.signs("sue", document_id, "third")).outcome is StartOutcome.OK
    assert (await sqlite_office.signing.proof("batch", "bat_1", BATCH.digest)).outcome is ProofOutcome.SIGNED


@pytest.mark.parametrize("what", ["text", "digest", "cms", "gone", "document"])
async def test_a_row_that_was_changed_by_hand_proves_nothing(sqlite_office: Office, what: str) -> None:
    await sqlite_office.signing.ask(BATCH)
    document_id = await sqlite_office.only()
    await sqlite_office.signs("sue", document_id)
    statement = {
        "text": update(signatures).values(text="pay nobody"),
        "digest": update(signatures).values(digest=bytes(32)),
        "cms": update(signatures).values(
            cms=sealed(replace(sqlite_office.service.asked[-1], digest=bytes(32)), "1000")
        ),
        "gone": delete(signatures),
        "document": update(documents).values(subject="bat_9", current_key="batch:bat_9"),
    }[what]
    await sqlite_office.store.write(lambda tx: tx.execute(statement).rowcount)
    subject = "bat_9" if what == "document" else "bat_1"

    assert (await sqlite_office.signing.proof("batch", subject, BATCH.digest)).outcome is ProofOutcome.INVALID


async def test_without_a_service_everybody_is_told_so(sqlite_office: Office) -> None:
    parts = replace(sqlite_office.signing._parts, signer=None, check=None)
    signing = type(sqlite_office.signing)(parts, signed={})
    await signing.ask(BATCH)
    (waiting,) = await signing.inbox(sqlite_office.who("sue"))

    assert (await signing.sign(waiting.id, sqlite_office.who("sue"), "form")).outcome is StartOutcome.UNAVAILABLE
    await sqlite_office.signs("sue", waiting.id)
    proof = await signing.proof("batch", "bat_1", BATCH.digest)
    assert proof.outcome is ProofOutcome.INVALID, "what nobody can verify proves nothing"


async def test_a_signature_counts_once_even_where_the_check_is_broken(sqlite_office: Office) -> None:
    await sqlite_office.signing.ask(BATCH)
    await sqlite_office.signs("sue", await sqlite_office.only())
    await sqlite_office.signing.ask(paper("bat_2"))
    document_id = await sqlite_office.only()
    sqlite_office.service.cms = sealed(sqlite_office.service.asked[0], "1000")
    sqlite_office.service.lenient = True

    await sqlite_office.signs("sue", document_id)

    history = await sqlite_office.signing.history(document_id)
    assert (history[-1].what, history[-1].note) == (EventKind.ATTACK, "invalid: replayed")


async def test_who_is_suspended_while_the_phone_is_asked_has_not_signed(sqlite_office: Office) -> None:
    await sqlite_office.signing.ask(BATCH)
    document_id = await sqlite_office.only()
    await sqlite_office.signing.sign(document_id, sqlite_office.who("sue"), "form")
    await sqlite_office.signers.suspend("stf_sue", "stf_adi", "phone lost")

    await sqlite_office.answer()

    assert (await kinds(sqlite_office, document_id))[-1] is EventKind.ATTACK
    assert sqlite_office.done == []


async def test_who_is_disabled_while_the_phone_is_asked_has_not_signed(sqlite_office: Office) -> None:
    await sqlite_office.signing.ask(BATCH)
    document_id = await sqlite_office.only()
    await sqlite_office.signing.sign(document_id, sqlite_office.who("sue"), "form")
    sqlite_office.staff.people["stf_sue"] = replace(sqlite_office.who("sue"), disabled=True)

    await sqlite_office.answer()

    history = await sqlite_office.signing.history(document_id)
    assert (history[-1].what, history[-1].note) == (EventKind.ATTACK, "invalid: disabled")
    assert sqlite_office.done == []
