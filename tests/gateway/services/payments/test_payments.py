"""Cash-in, sending, invoices: limits, refusals, replays, and money that moves exactly once over every crash."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from gateway.errors import BadInput, Conflict
from gateway.services.payments import InvoiceState, Payee, PayeeKind, PaymentState, PayOutcome, PayResult
from gateway.services.shortnumber import is_short_number
from tests.gateway.services.payments.bank import CrashAt, PowerCut
from tests.gateway.services.payments.conftest import START, UNKNOWN_NUMBER, Till
from wallet.accounts import AccountChange, AccountState
from wallet.clock import ManualClock
from wallet.money import irr

Call = Callable[[Till, str], Awaitable[PayResult]]


async def pay(till: Till, key: str) -> PayResult:
    invoice = await till.payments.make_invoice(till.maryam.id, "1405-08", irr(1000), "stf_1")
    return await till.payments.pay_invoice(till.maryam.id, invoice.id, key)


async def send(till: Till, key: str) -> PayResult:
    return await till.payments.send(till.maryam.id, till.reza.msisdn, irr(1000), key)


async def send_code(till: Till, key: str) -> PayResult:
    return await till.payments.send_code(till.maryam.id, UNKNOWN_NUMBER, irr(1000), key)


async def cash_in(till: Till, key: str) -> PayResult:
    return await till.cash_in(till.maryam, 1000, key)


VERBS: list[tuple[Call, int]] = [(pay, -1000), (send, -1000), (send_code, -1000), (cash_in, 1000)]


async def test_every_verb_moves_its_money_once_and_answers_alike_to_the_same_call(each_till: Till) -> None:
    balance = START
    for number, (verb, change) in enumerate(VERBS):
        first = await verb(each_till, f"ses_1:{number}")
        again = await verb(each_till, f"ses_1:{number}")

        balance += change
        assert first == again
        assert (first.outcome, first.balance) == (PayOutcome.OK, irr(balance))
        assert len(first.reference) == 12
        assert is_short_number(first.reference)
        found = await each_till.payments.by_reference(first.reference)
        assert found is not None
        assert (found.id, found.state) == (first.payment_id, PaymentState.DONE)
        assert len(await each_till.bank.ledger.real.caused_by(found.cause)) == 1
    assert await each_till.wallets() == (balance, 1000)
    assert len(await each_till.payments.payments_of(each_till.maryam.id, limit=10)) == len(VERBS) + 1


@pytest.mark.parametrize("crash", [CrashAt.BEFORE_POST, CrashAt.AFTER_POST])
@pytest.mark.parametrize("swept", [True, False])
async def test_a_crash_is_finished_once_by_the_sweep_or_by_the_same_call(
    till: Till, clock: ManualClock, crash: CrashAt, *, swept: bool
) -> None:
    balance = START
    for number, (verb, change) in enumerate(VERBS):
        till.bank.ledger.crash_at = crash
        with pytest.raises(PowerCut):
            await verb(till, f"ses_1:{number}")
        assert await till.payments.sweep() == 0, "what is in hand is not a crash's"
        if swept:
            clock.advance(timedelta(seconds=6))
            assert await till.payments.sweep() == 1
            assert await till.payments.sweep() == 0

        result = await verb(till, f"ses_1:{number}")

        balance += change
        assert (result.outcome, result.balance) == (PayOutcome.OK, irr(balance))
    assert await till.wallets() == (balance, 1000)
    assert len(till.bank.teller.of("claim_code")) == 1


async def test_without_funds_nothing_moves_and_the_same_call_hears_the_same(each_till: Till) -> None:
    poor = each_till.reza
    for key in ("ses_1:1", "ses_1:1"):
        result = await each_till.payments.send(poor.id, each_till.maryam.msisdn, irr(1), key)
        assert (result.outcome, result.reference, result.balance) == (PayOutcome.NO_FUNDS, "", None)
    await each_till.cash_in(poor, 10, "form_1")

    assert (await each_till.payments.send(poor.id, each_till.maryam.msisdn, irr(1), "ses_1:1")).outcome is (
        PayOutcome.NO_FUNDS
    )
    assert (await each_till.payments.send(poor.id, each_till.maryam.msisdn, irr(1), "ses_1:2")).outcome is PayOutcome.OK
    assert await each_till.wallets() == (START + 1, 9)


@pytest.mark.parametrize(
    ("msisdn", "minor", "outcome"),
    [
        ("09120000001", 5, PayOutcome.SELF),
        (UNKNOWN_NUMBER, 5, PayOutcome.NOT_ENROLLED),
        ("12", 5, PayOutcome.NOT_ENROLLED),
        ("09120000002", 50_000_001, PayOutcome.OVER_LIMIT),
        ("09120000002", START + 1, PayOutcome.NO_FUNDS),
        ("۰۹۱۲۰۰۰۰۰۰۲", START, PayOutcome.OK),
    ],
)
async def test_whom_one_may_send_how_much(till: Till, msisdn: str, minor: int, outcome: PayOutcome) -> None:
    result = await till.payments.send(till.maryam.id, msisdn, irr(minor), "ses_1:1")

    assert result.outcome is outcome
    assert result.limit == (irr(50_000_000) if outcome is PayOutcome.OVER_LIMIT else None)
    assert await till.all_money() == START


@pytest.mark.parametrize(
    ("msisdn", "outcome"),
    [
        ("09120000001", PayOutcome.SELF),
        ("09120000002", PayOutcome.ENROLLED),
        ("12", PayOutcome.UNKNOWN),
        (UNKNOWN_NUMBER, PayOutcome.OK),
    ],
)
async def test_a_claim_code_goes_only_to_a_number_that_is_not_enrolled(
    till: Till, msisdn: str, outcome: PayOutcome
) -> None:
    assert (await till.payments.send_code(till.maryam.id, msisdn, irr(5), "ses_1:1")).outcome is outcome


async def test_amounts_that_are_no_amounts_are_bad_input(till: Till) -> None:
    for minor in (0, -5):
        with pytest.raises(BadInput):
            await till.payments.send(till.maryam.id, till.reza.msisdn, irr(minor), "ses_1:1")
        with pytest.raises(BadInput):
            await till.payments.make_invoice(till.maryam.id, "1405-08", irr(minor), "stf_1")


async def test_a_call_key_is_for_one_call(till: Till) -> None:
    await send(till, "ses_1:1")

    with pytest.raises(Conflict):
        await till.payments.send(till.maryam.id, till.reza.msisdn, irr(2000), "ses_1:1")
    with pytest.raises(Conflict):
        await cash_in(till, "ses_1:1")


async def test_cash_in_has_a_limit_and_needs_somebody_enrolled(till: Till) -> None:
    assert (await till.cash_in(till.maryam, 500_000_001, "form_1")).outcome is PayOutcome.OVER_LIMIT
    pending = replace(till.reza, enrolled=False)
    till.bank.people.people[pending.id] = pending
    assert (await till.cash_in(pending, 5, "form_2")).outcome is PayOutcome.NOT_ENROLLED
    assert await till.bank.net("branch_cash", "tehran-1") == -START


@pytest.mark.parametrize(
    ("typed", "payee"),
    [
        ("0912 000 0002", Payee(PayeeKind.REGISTERED, "+989120000002", "R***a K***i")),
        ("09120000005", Payee(PayeeKind.UNREGISTERED, UNKNOWN_NUMBER)),
        ("09120000001", Payee(PayeeKind.SELF, "+989120000001")),
        ("*", Payee(PayeeKind.INVALID, "")),
    ],
)
async def test_whom_a_number_belongs_to(till: Till, typed: str, payee: Payee) -> None:
    assert await till.payments.payee(till.maryam.id, typed) == payee


async def test_a_frozen_wallet_is_blocked(till: Till) -> None:
    await till.bank.ledger.real.change(
        AccountChange(till.bank.chart.id("wallet", till.maryam.id), "stf_1", AccountState.FROZEN)
    )

    for number, (verb, _) in enumerate(VERBS):
        assert (await verb(till, f"ses_1:{number}")).outcome is PayOutcome.BLOCKED
    assert await till.all_money() == START


async def test_an_invoice_is_paid_once_by_however_many_calls_at_once(each_till: Till) -> None:
    invoice = await each_till.payments.make_invoice(each_till.maryam.id, "1405-08", irr(1000), "stf_1")

    async with asyncio.TaskGroup() as group:
        calls = [
            group.create_task(each_till.payments.pay_invoice(each_till.maryam.id, invoice.id, f"ses_{number}:1"))
            for number in range(8)
        ]

    outcomes = sorted(call.result().outcome for call in calls)
    assert outcomes == [PayOutcome.ALREADY_PAID] * 7 + [PayOutcome.OK]
    assert await each_till.bank.net("contribution_income") == 1000
    paid = await each_till.payments.invoice(invoice.id)
    assert paid is not None
    assert paid.state is InvoiceState.PAID
    assert await each_till.payments.invoices_of(each_till.maryam.id) == []


async def test_an_invoice_that_a_crash_left_held_is_finished_by_the_next_call(till: Till) -> None:
    invoice = await till.payments.make_invoice(till.maryam.id, "1405-08", irr(1000), "stf_1")
    till.bank.ledger.crash_at = CrashAt.AFTER_POST
    with pytest.raises(PowerCut):
        await till.payments.pay_invoice(till.maryam.id, invoice.id, "ses_1:1")

    assert (await till.payments.pay_invoice(till.maryam.id, invoice.id, "ses_2:1")).outcome is PayOutcome.ALREADY_PAID
    assert await till.bank.wallet(till.maryam.id) == START - 1000


async def test_an_invoice_that_could_not_be_paid_can_be_paid_later(till: Till) -> None:
    invoice = await till.payments.make_invoice(till.reza.id, "1405-08", irr(1000), "stf_1")
    assert (await till.payments.pay_invoice(till.reza.id, invoice.id, "ses_1:1")).outcome is PayOutcome.NO_FUNDS
    await till.cash_in(till.reza, 1000, "form_1")

    assert (await till.payments.pay_invoice(till.reza.id, invoice.id, "ses_1:2")).outcome is PayOutcome.OK
    assert (await till.payments.pay_invoice(till.reza.id, invoice.id, "ses_1:1")).outcome is PayOutcome.NO_FUNDS
    assert (await till.payments.pay_invoice(till.maryam.id, invoice.id, "ses_2:1")).outcome is PayOutcome.UNKNOWN
    assert (await till.payments.pay_invoice(till.maryam.id, "inv_0", "ses_2:2")).outcome is PayOutcome.UNKNOWN


@dataclass
class FakeJob:
    """A job that is told to stop at its first checkpoint, then runs through."""

    id: str = "job_1"
    cursor: str = ""
    stops: int = 1
    seen: list[tuple[int, int]] = field(default_factory=list)

    async def progress(self, done: int, total: int, cursor: str = "") -> None:
        self.seen.append((done, total))
        self.cursor = cursor
        self.stops -= 1
        if self.stops >= 0:
            raise InterruptedError


async def test_the_months_invoices_are_made_once_for_everybody_over_a_pause(
    each_till: Till, clock: ManualClock
) -> None:
    for number in range(250):
        each_till.bank.people.add(clock, f"+98912{number:07d}")
    job, params = FakeJob(), {"period": "1405-08"}
    with pytest.raises(InterruptedError):
        await each_till.payments.make_invoices_job(job, params)

    assert await each_till.payments.make_invoices_job(job, params) == "252 invoices for 1405-08"
    assert await each_till.payments.make_invoices_job(FakeJob("job_2", stops=0), params) == "0 invoices for 1405-08"

    assert job.seen == [(200, 252), (252, 252)]
    owed = await each_till.payments.invoices_of(each_till.maryam.id)
    assert [(invoice.period, invoice.amount.minor, invoice.made_by) for invoice in owed] == [
        ("1405-08", 7_500_000, "job_1")
    ]
    with pytest.raises(BadInput):
        await each_till.payments.make_invoices_job(job, {"period": "soon"})
