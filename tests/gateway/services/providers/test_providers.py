"""Visits and fees, from the till code to the batch that pays."""

from datetime import timedelta

import pytest

from gateway.errors import BadInput, Conflict
from gateway.services.payouts.ports import Verdict
from gateway.services.providers import (
    BillOutcome,
    CoPayment,
    FeeOutcome,
    FeeState,
    Price,
    ProviderKind,
    ProviderState,
    VisitOutcome,
    VisitState,
)
from gateway.services.providers.tables import visits
from tests.gateway.services.payments.bank import CrashAt, PowerCut
from tests.gateway.services.providers.conftest import IBAN, OFFICER, SECOND, Clinic, line
from wallet.clock import ManualClock
from wallet.money import irr


async def test_a_visit_is_opened_billed_and_owed_with_the_patients_share_from_the_wallet(each_clinic: Clinic) -> None:
    clinic, number = each_clinic, await each_clinic.visited()
    fee_id = await clinic.bill(number, line("10", 1, 1_000_000), line("25", 1, 2_000_001))

    assert await clinic.providers.settle(fee_id) is FeeState.OWED
    assert await clinic.providers.settle(fee_id) is FeeState.OWED

    fee = await clinic.providers.fee(fee_id)
    assert fee is not None
    assert (fee.co_payment, fee.covered.minor, fee.share.minor) == (CoPayment.WALLET, 1_700_001, 1_300_000)
    assert await clinic.bank.wallet(clinic.maryam.id) == 5_000_000 - 1_300_000
    assert await clinic.owed() == 3_000_001 == (await clinic.providers.owed(clinic.doctor.id)).minor
    assert await clinic.bank.net("fee_expense", "doctor") == -1_700_001


@pytest.mark.parametrize("crash", [CrashAt.BEFORE_POST, CrashAt.AFTER_POST])
async def test_a_crash_while_a_fee_is_moved_is_healed_by_the_sweep(each_clinic: Clinic, crash: CrashAt) -> None:
    clinic = each_clinic
    fee_id = await clinic.bill(await clinic.visited(), line("10", 1, 1_000_000))
    clinic.bank.ledger.crash_at = crash

    with pytest.raises(PowerCut):
        await clinic.providers.settle(fee_id)
    assert await clinic.providers.sweep() == 1
    assert await clinic.providers.sweep() == 0

    assert await clinic.owed() == 1_000_000
    assert await clinic.bank.wallet(clinic.maryam.id) == 5_000_000 - 300_000


async def test_a_share_that_the_wallet_does_not_have_is_paid_at_the_desk(clinic: Clinic) -> None:
    for turn in range(5):
        await clinic.providers.settle(await clinic.bill(await clinic.visited(f"s:{turn}"), line("25", 2, 4_000_002)))

    shares = [fee.co_payment for fee in await clinic.providers.fees_of(clinic.doctor.id)]
    assert sorted(shares) == [CoPayment.CASH] * 3 + [CoPayment.WALLET] * 2
    assert await clinic.bank.wallet(clinic.maryam.id) == 5_000_000 - 2 * 2_000_001
    assert await clinic.owed() == 5 * 2_000_001 + 2 * 2_000_001


async def test_the_same_call_is_the_same_visit_and_another_ones_call_is_a_conflict(clinic: Clinic) -> None:
    first, again = await clinic.visited("ses_1:4"), await clinic.visited("ses_1:4")
    other = clinic.bank.people.add(clinic.bank.clock, "+989120000009", "Parvin Naderi")

    assert first == again
    with pytest.raises(Conflict):
        await clinic.providers.open_visit(other.id, clinic.doctor.till, "ses_1:4")


async def test_nobody_opens_a_visit_where_there_is_none_to_be_had(clinic: Clinic) -> None:
    doctor = clinic.bank.people.add(clinic.bank.clock, clinic.doctor.msisdn, "Nader Hosseini")
    slip = str((int(clinic.doctor.till) + 1) % 10**6).zfill(6)

    async def asked(person_id: str, till: str) -> VisitOutcome:
        return (await clinic.providers.open_visit(person_id, till, f"{person_id}{till}")).outcome

    assert await asked(clinic.maryam.id, slip) is VisitOutcome.UNKNOWN_TILL
    assert await asked(clinic.maryam.id, "abc") is VisitOutcome.UNKNOWN_TILL
    assert await asked(doctor.id, clinic.doctor.till) is VisitOutcome.SELF
    for turn in range(clinic.bank.settings.visits_open_max):
        await clinic.visited(f"ses_2:{turn}")
    assert await asked(clinic.maryam.id, clinic.doctor.till) is VisitOutcome.TOO_MANY
    await clinic.providers.set_suspended(clinic.doctor.id, OFFICER, "inspection", suspended=True)
    assert await asked(clinic.maryam.id, clinic.doctor.till) is VisitOutcome.SUSPENDED


async def test_a_glass_is_broken_with_a_reason_under_a_cap_and_another_officer_decides(clinic: Clinic) -> None:
    providers, cap = clinic.providers, irr(1_500_000)

    async def broken(reason: str, most: int) -> VisitOutcome:
        who = clinic.doctor.id, clinic.maryam.id
        return (await providers.break_glass(*who, reason, irr(most), staff_id=OFFICER, form_key="frm_1")).outcome

    assert await broken("  ", cap.minor) is VisitOutcome.REASON_MISSING
    assert await broken("unconscious", 10**12) is VisitOutcome.OVER_CAP
    assert await broken("unconscious", cap.minor) is VisitOutcome.OK
    (visit,) = await providers.visits_of(clinic.maryam.id)
    fee_id = await clinic.bill(visit.number, line("10", 1, 1_000_000), line("25", 1, 2_000_001))

    assert await providers.settle(fee_id) is FeeState.SUBMITTED
    assert await providers.approve_fee(fee_id, OFFICER) is FeeOutcome.OWN_VISIT
    assert await providers.approve_fee(fee_id, SECOND) is FeeOutcome.OK
    assert await providers.settle(fee_id) is FeeState.OWED
    fee = await providers.fee(fee_id)
    assert fee is not None
    assert fee.covered.minor + fee.share.minor == cap.minor
    assert fee.co_payment is CoPayment.CASH, "nobody asked this patient's PIN"
    assert await clinic.bank.wallet(clinic.maryam.id) == 5_000_000
    assert len(clinic.bank.teller.of("visit_without_you")) == 1


async def test_an_officer_lowers_lines_with_a_reason_and_never_raises_them(clinic: Clinic) -> None:
    providers = clinic.providers
    fee_id = await clinic.bill(await clinic.visited(), line("10", 1, 9_000_000), line("99", 3, 300_000))

    assert await providers.approve_fee("fee_none", SECOND) is FeeOutcome.UNKNOWN
    assert await providers.approve_fee(fee_id, SECOND, less={1: irr(1_000_001)}, reason="x") is FeeOutcome.OVER_ASKED
    assert await providers.approve_fee(fee_id, SECOND, less={7: irr(1)}, reason="x") is FeeOutcome.OVER_ASKED
    assert await providers.approve_fee(fee_id, SECOND, less={2: irr(1)}) is FeeOutcome.REASON_MISSING
    nothing = {1: irr(0), 2: irr(0)}
    assert await providers.approve_fee(fee_id, SECOND, less=nothing, reason="x") is FeeOutcome.NOTHING_LEFT
    assert await providers.approve_fee(fee_id, SECOND, less={2: irr(100_000)}, reason="one is enough") is FeeOutcome.OK
    assert await providers.approve_fee(fee_id, SECOND) is FeeOutcome.NOT_PENDING
    assert await providers.reject_fee(fee_id, SECOND, "late") is FeeOutcome.NOT_PENDING

    assert [(one.approved.minor, one.covered.minor) for one in await providers.fee_lines(fee_id)] == [
        (1_000_000, 700_000),
        (100_000, 0),
    ]
    assert [change.what for change in await providers.history(fee_id)] == ["submitted", "approved"]


async def test_a_visit_is_billed_once_in_time_and_by_its_own_provider(clinic: Clinic, clock: ManualClock) -> None:
    providers, lines = clinic.providers, [line("10", 1, 1_000_000)]
    number, late = await clinic.visited("a:1"), await clinic.visited("a:2")
    other = await providers.register("Lab", ProviderKind.LABORATORY, "09120000077", IBAN, staff_id=OFFICER)

    assert (await providers.bill(other.id, number, lines)).outcome is BillOutcome.NOT_YOURS
    assert (await providers.bill(clinic.doctor.id, "00000000", lines)).outcome is BillOutcome.UNKNOWN_VISIT
    assert (await providers.bill(clinic.doctor.id, number, [])).outcome is BillOutcome.NO_LINES
    assert (await providers.bill(clinic.doctor.id, number, lines)).outcome is BillOutcome.OK
    assert (await providers.bill(clinic.doctor.id, number, lines)).outcome is BillOutcome.BILLED
    clock.advance(timedelta(hours=clinic.bank.settings.visit_open_hours, seconds=1))
    assert (await providers.bill(clinic.doctor.id, late, lines)).outcome is BillOutcome.EXPIRED
    await providers.sweep()
    visit = await providers.visit_by_number(late)
    assert visit is not None
    assert visit.state is VisitState.EXPIRED


async def test_a_batch_takes_a_fee_once_and_its_end_is_kept(each_clinic: Clinic, clock: ManualClock) -> None:
    providers = each_clinic.providers
    fee_id = await each_clinic.bill(await each_clinic.visited(), line("10", 1, 1_000_000))
    assert await providers.due(after="", limit=9) == []
    await providers.settle(fee_id)

    (due,) = await providers.due(after="", limit=9)
    assert (due.source_id, due.amount.minor, due.iban) == (fee_id, 1_000_000, IBAN)
    assert await providers.taken([fee_id, "fee_none"], "bat_1") == [fee_id]
    assert await providers.taken([fee_id], "bat_1") == [fee_id]
    assert await providers.taken([fee_id], "bat_2") == []
    assert await providers.due(after="", limit=9) == []
    await providers.left([fee_id], "bat_2")
    assert await providers.due(after="", limit=9) == [], "only its own batch gives it up"
    await providers.left([fee_id], "bat_1")
    assert len(await providers.due(after="", limit=9)) == 1

    await providers.taken([fee_id], "bat_3")
    for verdict in (Verdict.PAID, Verdict.PAID, Verdict.RETURNED, Verdict.PAID):
        await providers.ended(fee_id, verdict, "itm_1", clock.now())
    assert await providers.due(after="", limit=9) == []
    states = [change.what for change in await providers.history(fee_id)]
    assert states == ["approved", "owed", "paid", "returned", "paid"]


async def test_what_is_registered_or_priced_waits_for_a_second_person(clinic: Clinic) -> None:
    providers = clinic.providers
    lab = await providers.register("Lab", ProviderKind.LABORATORY, "09120000077", IBAN, staff_id=OFFICER)
    assert lab.state is ProviderState.PROPOSED
    assert clinic.proposals.open[lab.id]["maker"] == OFFICER
    assert IBAN not in str(clinic.proposals.open[lab.id])
    opened = await providers.open_visit(clinic.maryam.id, lab.till, "a:1")
    assert opened.outcome is VisitOutcome.UNKNOWN_TILL
    assert await providers.registration_refused(lab.id, "apr_9") == "refused"
    assert await providers.registered(lab.id, "apr_10") == "refused", "a refusal stands"

    day = clinic.bank.clock.now().date()
    dearer = Price("10", "Consultation", irr(3_000_000), 70, 1)
    made = await providers.propose_prices(ProviderKind.DOCTOR, day, [dearer], OFFICER)
    assert (await providers.prices_on(ProviderKind.DOCTOR, day))["10"].price.minor == 1_000_000
    await providers.published(made.id, "apr_11")
    assert (await providers.prices_on(ProviderKind.DOCTOR, day))["10"].price.minor == 3_000_000
    assert made.number == 2


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [Price("10", "", irr(1), 0, 1)],
        [Price("10", "X", irr(0), 0, 1)],
        [Price("10", "X", irr(1), 101, 1)],
        [Price("10", "X", irr(1), 0, 0)],
        [Price("x", "X", irr(1), 0, 1)],
        [Price("10", "X", irr(1), 0, 1)] * 2,
    ],
)
async def test_a_price_list_out_of_its_bounds_is_refused(clinic: Clinic, rows: list[Price]) -> None:
    with pytest.raises(BadInput):
        await clinic.providers.propose_prices(ProviderKind.DOCTOR, clinic.bank.clock.now().date(), rows, OFFICER)


def test_a_visits_row_has_no_place_for_what_it_was_for() -> None:
    assert set(visits.c.keys()) == {
        "id", "number", "call_key", "provider_id", "person_id", "state", "opened_at", "expires_at", "opened_by",
        "reason", "cap_minor",
    }  # fmt: skip
