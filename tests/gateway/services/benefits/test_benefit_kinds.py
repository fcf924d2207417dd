"""Benefits of every kind: asked by data, attested by a phone that is not the claimant's, proposed by tables."""

import asyncio
from datetime import date, timedelta

import pytest

from gateway.errors import BadInput, Conflict
from gateway.services.benefits import (
    KINDS,
    Attestation,
    AttesterSort,
    AttestOutcome,
    Claim,
    ClaimOutcome,
    ClaimState,
    DecisionOutcome,
    ObjectOutcome,
    Verdict,
    Why,
)
from gateway.services.benefits.attesting import TRIES_MAX
from tests.gateway.services.benefits.conftest import (
    EMPLOYER,
    EMPLOYER_PHONE,
    HOSPITAL,
    HOSPITAL_PHONE,
    Office,
    open_office,
)
from wallet.clock import ManualClock
from wallet.money import irr

DAY = date(2026, 11, 20)
DAILY = 4_500_000
ATTESTERS = {AttesterSort.EMPLOYER: (EMPLOYER, EMPLOYER_PHONE), AttesterSort.PROVIDER: (HOSPITAL, HOSPITAL_PHONE)}


async def claimed(office: Office, kind: str = "marriage", *, key: str = "ses_1:1", days: int = 1) -> Claim:
    asked = KINDS[kind].attester
    code = ATTESTERS[asked][0] if asked else ""
    last = DAY + timedelta(days=days - 1)
    made = await office.benefits.claim(office.maryam.id, DAY, last, key, kind=kind, attester_code=code)
    assert made.outcome is ClaimOutcome.OK
    assert made.claim is not None
    return made.claim


async def refused(office: Office, claim_id: str, officer: str = "stf_1") -> None:
    outcome = await office.benefits.reject(claim_id, officer, "no paper of the marriage", Why.PAPERS)
    assert outcome is DecisionOutcome.OK


@pytest.mark.parametrize(
    ("kind", "days", "prefix", "class_", "worth"),
    [
        ("maternity", 90, "M-", "attest_employer", 90 * DAILY),
        ("funeral", 1, "F-", "attest_provider", 90_000_000),
        ("marriage", 1, "W-", "attest_employer", 90_000_000),
        ("accident", 1, "A-", "attest_employer", 45_000_000),
    ],
)
async def test_a_claim_waits_for_the_word_of_whom_it_names_and_is_then_proposed(
    office: Office, kind: str, days: int, prefix: str, class_: str, worth: int
) -> None:
    claim = await claimed(office, kind, days=days)
    assert (claim.number[:2], claim.state, claim.proposal) == (prefix, ClaimState.ATTESTING, Verdict.LOOK)
    assert await office.benefits.pending(limit=5) == []
    (asked,) = office.bank.teller.of(class_)
    assert set(asked.values) == {"name", "number", "first_day", "last_day", "valid_until"}
    assert (asked.values["name"], asked.values["number"]) == ("Maryam Ahmadi", claim.number)

    said = await office.benefits.attest(asked.msisdn, office.code(class_), agrees=True)

    assert (said.outcome, said.claimant) == (AttestOutcome.OK, "Maryam Ahmadi")
    claim = await office.claim(claim.id)
    assert (claim.state, claim.attestation) == (ClaimState.SUBMITTED, Attestation.GIVEN)
    assert (claim.proposal, claim.proposal_why, claim.amount) == (Verdict.ELIGIBLE, "fits", irr(worth))
    assert await office.benefits.pending(limit=5) == [claim]


async def test_each_datum_that_was_used_is_kept_with_its_source(each_office: Office) -> None:
    claim = await claimed(each_office)
    await each_office.benefits.attest(EMPLOYER_PHONE, each_office.code(), agrees=True)

    rounds = await each_office.benefits.evidence(claim.id)

    seen = {one.datum.datum: (one.datum.value, one.datum.source) for one in rounds if one.round == 2}
    rows = {name: seen.pop(name) for name in ("eligible_row", "amount_row")}
    assert seen == {
        "person": (each_office.maryam.id, "person_register"),
        "days": ("1", "claim"),
        "late_days": ("2", "claim"),
        "first_day": ("2026-11-20", "claim"),
        "months_paid": ("12", "contributions"),
        "attested": ("true", "attestation"),
        "daily_rate": (str(irr(DAILY)), "house"),
    }
    assert all("row " in value and value.startswith("dtv_") for value, _ in rows.values())
    assert {one.round for one in rounds} == {1, 2}
    assert await each_office.benefits.cases("marriage_eligible", limit=9) == [
        {"attested": True, "days": 1, "late_days": 2, "months_paid": 12, "first_day": DAY}
    ]


@pytest.mark.parametrize(("agrees", "attestation"), [(True, Attestation.GIVEN), (False, Attestation.DENIED)])
async def test_the_same_answer_again_is_harmless_and_another_comes_too_late(
    office: Office, *, agrees: bool, attestation: Attestation
) -> None:
    claim, code = await claimed(office), office.code()

    for _ in range(2):
        said = await office.benefits.attest(EMPLOYER_PHONE, code, agrees=agrees)
        assert said.outcome is AttestOutcome.OK
    assert (await office.benefits.attest(EMPLOYER_PHONE, code, agrees=not agrees)).outcome is AttestOutcome.EXPIRED

    found = await office.claim(claim.id)
    assert (found.attestation, found.proposal is Verdict.ELIGIBLE) == (attestation, agrees)
    assert len(office.bank.teller.of("claim_unconfirmed")) == (0 if agrees else 1)


async def test_another_phone_confirms_nothing_with_the_right_code(office: Office) -> None:
    claim = await claimed(office)

    said = await office.benefits.attest(office.maryam.msisdn, office.code(), agrees=True)

    assert said.outcome is AttestOutcome.WRONG
    assert await office.state(claim.id) is ClaimState.ATTESTING


async def test_after_too_many_wrong_codes_an_officer_looks(office: Office) -> None:
    claim, code = await claimed(office), office.code()
    wrong = "000000" if code != "000000" else "111111"

    for _ in range(TRIES_MAX):
        assert (await office.benefits.attest(EMPLOYER_PHONE, wrong, agrees=True)).outcome is AttestOutcome.WRONG

    assert (await office.benefits.attest(EMPLOYER_PHONE, code, agrees=True)).outcome is AttestOutcome.EXPIRED
    office.bank.clock.advance(timedelta(seconds=1))  # type: ignore[attr-defined]
    assert await office.benefits.sweep() == 1
    found = await office.claim(claim.id)
    assert (found.state, found.attestation, found.proposal) == (
        ClaimState.SUBMITTED,
        Attestation.EXPIRED,
        Verdict.LOOK,
    )


async def test_when_nobody_answers_in_time_an_officer_looks(each_office: Office, clock: ManualClock) -> None:
    claim, code = await claimed(each_office), each_office.code()
    assert await each_office.benefits.sweep() == 0
    clock.advance(timedelta(days=7, seconds=1))

    said = await each_office.benefits.attest(EMPLOYER_PHONE, code, agrees=True)
    assert said.outcome is AttestOutcome.EXPIRED
    assert await each_office.benefits.sweep() == 1
    assert await each_office.benefits.sweep() == 0

    found = await each_office.claim(claim.id)
    assert (found.state, found.proposal_why) == (ClaimState.SUBMITTED, "not_attested")
    assert [told.cause for told in each_office.bank.teller.of("claim_unconfirmed")] == [claim.id]


async def test_on_the_screen_the_code_opens_the_claim_for_ten_minutes(office: Office, clock: ManualClock) -> None:
    claim = await claimed(office)
    blind = await office.benefits.attest_seen(EMPLOYER_PHONE, claim.number, agrees=True)
    opened = await office.benefits.attest_open(EMPLOYER_PHONE, office.code())
    clock.advance(timedelta(minutes=11))
    late = await office.benefits.attest_seen(EMPLOYER_PHONE, claim.number, agrees=True)
    await office.benefits.attest_open(EMPLOYER_PHONE, office.code())
    other = await office.benefits.attest_seen(HOSPITAL_PHONE, claim.number, agrees=True)

    said = await office.benefits.attest_seen(EMPLOYER_PHONE, claim.number, agrees=True)

    expired = AttestOutcome.EXPIRED
    assert (blind.outcome, late.outcome, other.outcome) == (expired, expired, expired)
    assert (opened.outcome, opened.claim and opened.claim.id, said.outcome) == (AttestOutcome.OK, claim.id, "ok")
    assert await office.state(claim.id) is ClaimState.SUBMITTED


@pytest.mark.parametrize(
    ("kind", "code", "outcome"),
    [
        ("marriage", "9999", ClaimOutcome.UNKNOWN_ATTESTER),
        ("marriage", HOSPITAL, ClaimOutcome.UNKNOWN_ATTESTER),
        ("funeral", EMPLOYER, ClaimOutcome.UNKNOWN_ATTESTER),
        ("marriage", "", ClaimOutcome.UNKNOWN_ATTESTER),
        ("marriage", "۴۷۱۱", ClaimOutcome.OK),
        ("marriage", "5000", ClaimOutcome.SELF),
    ],
)
async def test_who_confirms_is_of_the_right_sort_and_never_the_claimant(
    office: Office, kind: str, code: str, outcome: ClaimOutcome
) -> None:
    await office.attesters.add("5000", AttesterSort.EMPLOYER, "Maryam & Sons", office.maryam.msisdn, "stf_1")

    made = await office.benefits.claim(office.maryam.id, DAY, DAY, "ses_1:1", kind=kind, attester_code=code)

    assert made.outcome is outcome


async def test_the_register_takes_an_employer_once(office: Office) -> None:
    assert not await office.attesters.add(EMPLOYER, AttesterSort.EMPLOYER, "Other", "+989120000078", "stf_1")
    assert [one.code for one in await office.attesters.list_attesters()] == [EMPLOYER, HOSPITAL]
    for code, name, phone in (("12", "A", EMPLOYER_PHONE), ("1234", "", EMPLOYER_PHONE), ("1234", "A", "021")):
        with pytest.raises(BadInput):
            await office.attesters.add(code, AttesterSort.EMPLOYER, name, phone, "stf_1")


async def test_an_event_is_claimed_once_and_days_of_two_kinds_do_not_overlap(office: Office) -> None:
    await claimed(office)
    maryam = office.maryam.id

    again = await office.benefits.claim(maryam, DAY, DAY, "ses_2:1", kind="marriage", attester_code=EMPLOYER)
    assert again.outcome is ClaimOutcome.OVERLAP
    sick = await office.benefits.claim(maryam, DAY, DAY, "ses_3:1")
    assert sick.outcome is ClaimOutcome.OK
    leave = await office.benefits.claim(maryam, DAY, DAY, "ses_4:1", kind="maternity", attester_code=EMPLOYER)
    assert leave.outcome is ClaimOutcome.OVERLAP
    with pytest.raises(Conflict):
        await office.benefits.claim(maryam, DAY, DAY, "ses_1:1")


@pytest.mark.parametrize(
    ("months", "verdict", "why"), [(12, Verdict.ELIGIBLE, "fits"), (2, Verdict.LOOK, "few_contributions")]
)
async def test_a_sick_person_needs_nobodys_word(office: Office, months: int, verdict: Verdict, why: str) -> None:
    office.contributions.months = months

    claim = await claimed(office, "sickness", days=2)

    assert (claim.state, claim.proposal, claim.proposal_why) == (ClaimState.SUBMITTED, verdict, why)
    assert claim.amount == irr(2 * DAILY)


async def test_without_a_table_nothing_is_approved(office: Office) -> None:
    made = await office.benefits.claim(office.maryam.id, DAY, DAY, "ses_1:1", kind="accident", attester_code=EMPLOYER)
    assert made.claim is not None
    claim = made.claim
    office.benefits._assessor._rules = _NoRules()  # type: ignore[assignment]
    await office.benefits.attest(EMPLOYER_PHONE, office.code(), agrees=True)

    found = await office.claim(claim.id)
    assert (found.proposal, found.proposal_why, found.amount) == (Verdict.LOOK, "no_table", irr(0))
    assert await office.benefits.approve(claim.id, "stf_1") is DecisionOutcome.NO_AMOUNT


class _NoRules:
    async def evaluate(self, name: str, _inputs: object, _on: date) -> None:
        from gateway.errors import NotFound

        raise NotFound(name)


async def test_a_refusal_says_why_and_another_officer_decides_after_an_objection(each_office: Office) -> None:
    office = each_office
    claim = await claimed(office)
    await office.benefits.attest(EMPLOYER_PHONE, office.code(), agrees=True)
    await refused(office, claim.id)
    (told,) = office.bank.teller.of("claim_refused_papers")
    assert told.values == {"number": claim.number, "until": date(2026, 12, 22)}
    assert office.benefits.objection_until(await office.claim(claim.id)) == date(2026, 12, 22)

    assert await office.benefits.object_to(office.maryam.id, claim.number[2:]) is ObjectOutcome.OK
    assert await office.benefits.object_to(office.maryam.id, claim.number[2:]) is ObjectOutcome.NOT_REFUSED
    assert await office.state(claim.id) is ClaimState.OBJECTED
    assert [one.id for one in await office.benefits.pending(limit=5)] == [claim.id]
    assert await office.benefits.approve(claim.id, "stf_1") is DecisionOutcome.SAME_OFFICER
    assert await office.benefits.reject(claim.id, "stf_1", "no") is DecisionOutcome.SAME_OFFICER
    assert await office.benefits.approve(claim.id, "stf_2") is DecisionOutcome.OK
    assert await office.benefits.release_refused(claim.id, "apr_1") == "waits again"
    assert await office.state(claim.id) is ClaimState.OBJECTED

    await refused(office, claim.id, "stf_2")
    assert await office.benefits.object_to(office.maryam.id, claim.number[2:]) is ObjectOutcome.TWICE
    assert len(office.bank.teller.of("claim_refused_again")) == 1
    assert len(office.bank.teller.of("objection_received")) == 1


async def test_an_objection_comes_in_time_from_the_person_and_finds_the_days_free(
    office: Office, clock: ManualClock
) -> None:
    claim = await claimed(office, "sickness")
    await refused(office, claim.id)
    stranger = office.bank.people.add(clock, "+989120000003")
    assert await office.benefits.object_to(stranger.id, claim.number[2:]) is ObjectOutcome.UNKNOWN
    assert await office.benefits.own_claim(stranger.id, claim.number[2:]) is None
    await claimed(office, "sickness", key="ses_2:1")
    assert await office.benefits.object_to(office.maryam.id, claim.number[2:]) is ObjectOutcome.OVERLAP
    clock.advance(timedelta(days=30))
    assert await office.benefits.object_to(office.maryam.id, claim.number[2:]) is ObjectOutcome.TOO_LATE


async def test_two_processes_take_one_answer(each_office: Office, database_url: str, clock: ManualClock) -> None:
    claim, code = await claimed(each_office), each_office.code()
    async with open_office(database_url, clock, fresh=False) as other:
        other.bank.people.people[each_office.maryam.id] = each_office.maryam
        offices = [each_office, other] * 3
        async with asyncio.TaskGroup() as group:
            calls = [group.create_task(one.benefits.attest(EMPLOYER_PHONE, code, agrees=True)) for one in offices]

    assert {call.result().outcome for call in calls} == {AttestOutcome.OK}
    history = [change.state for change in await each_office.benefits.history(claim.id)]
    assert history == [ClaimState.ATTESTING, ClaimState.ATTESTING, ClaimState.SUBMITTED]
