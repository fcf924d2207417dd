"""Bills typed on a phone: a line counts once, what was agreed to is what is sent, and nothing typed is left behind."""

from datetime import timedelta

import pytest

from gateway.services.providers import AskedLine, BillOutcome, LineOutcome, ProviderKind
from gateway.services.providers.drafts import SUM_DIGITS
from gateway.services.providers.tables import drafts
from tests.gateway.services.providers.conftest import IBAN, OFFICER, Clinic, line
from wallet.clock import ManualClock
from wallet.money import irr


async def test_a_bill_is_typed_line_by_line_and_sent_once(each_clinic: Clinic) -> None:
    providers, doctor = each_clinic.providers, each_clinic.doctor.id
    number = await each_clinic.visited()

    assert await providers.begin_bill(doctor, number) is BillOutcome.OK
    added = [
        await providers.add_line(doctor, number, line(code, 1, 100_000), key)
        for code, key in [("10", "s:1"), ("10", "s:1"), ("99", "s:2")]
    ]
    assert [(one.outcome, one.lines, one.asked.minor) for one in added] == [
        (LineOutcome.OK, 1, 100_000),
        (LineOutcome.OK, 1, 100_000),
        (LineOutcome.OK, 2, 200_000),
    ]

    assert (await providers.send_bill(doctor, number, 1, irr(100_000))).outcome is BillOutcome.CHANGED
    sent = await providers.send_bill(doctor, number, 2, irr(200_000))
    again = await providers.send_bill(doctor, number, 2, irr(200_000))
    assert sent.fee is not None
    assert again.fee is not None
    assert (sent.outcome, again.outcome, again.fee.id) == (BillOutcome.OK, BillOutcome.OK, sent.fee.id)
    assert [one.code for one in again.lines] == ["10", "99"]
    assert (await providers.send_bill(doctor, number, 3, irr(7))).outcome is BillOutcome.BILLED
    await providers.sweep()
    assert await each_clinic.bank.store.read(drafts.select()) == []


@pytest.mark.parametrize(
    ("typed", "outcome"),
    [
        (line("10", 1, 5), LineOutcome.TWICE),
        (line("77", 1, 5), LineOutcome.NOT_LISTED),
        (line("99", 0, 5), LineOutcome.BAD_LINE),
        (line("99", 1, 10**SUM_DIGITS - 1), LineOutcome.FULL),
        (line("99", 1, 5), LineOutcome.OK),
    ],
)
async def test_a_line_that_does_not_fit_is_not_added(clinic: Clinic, typed: AskedLine, outcome: LineOutcome) -> None:
    number, doctor = await clinic.visited(), clinic.doctor.id
    await clinic.providers.add_line(doctor, number, line("10", 1, 100), "s:1")

    done = await clinic.providers.add_line(doctor, number, typed, "s:2")

    assert done.outcome is outcome
    assert done.lines == (2 if outcome is LineOutcome.OK else 1)


async def test_a_visit_of_another_or_of_yesterday_takes_no_lines(clinic: Clinic, clock: ManualClock) -> None:
    providers, number, doctor = clinic.providers, await clinic.visited(), clinic.doctor.id
    other = await providers.register("Lab", ProviderKind.LABORATORY, "09120000077", IBAN, staff_id=OFFICER)

    assert await providers.begin_bill(other.id, number) is BillOutcome.UNKNOWN_VISIT
    assert (await providers.add_line(other.id, number, line("10", 1, 5), "s:1")).outcome is LineOutcome.CLOSED
    assert (await providers.send_bill(other.id, number, 0, irr(0))).outcome is BillOutcome.UNKNOWN_VISIT
    await providers.add_line(doctor, number, line("10", 1, 5), "s:2")
    assert await providers.begin_bill(doctor, number) is BillOutcome.OK, "beginning anew throws away what was typed"
    assert (await providers.add_line(doctor, number, line("10", 1, 5), "s:3")).lines == 1
    await providers.set_suspended(doctor, OFFICER, "inspection", suspended=True)
    assert await providers.begin_bill(doctor, number) is BillOutcome.SUSPENDED
    await providers.set_suspended(doctor, OFFICER, "done", suspended=False)
    clock.advance(timedelta(hours=providers.open_hours, seconds=1))
    assert await providers.begin_bill(doctor, number) is BillOutcome.EXPIRED
    assert (await providers.add_line(doctor, number, line("99", 1, 5), "s:4")).outcome is LineOutcome.CLOSED
