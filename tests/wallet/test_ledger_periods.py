"""What is closed stays as it is: dates into it are refused, and its seal is right whatever is posted afterwards."""

import asyncio
import hashlib
from collections import defaultdict
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import ClassVar
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from tests.wallet.books import ALICE, BANK, BOB, FUNDING, fund, opened, send
from wallet.clock import ManualClock
from wallet.ledger import Ledger
from wallet.ledger.periods import Closing
from wallet.money import irr
from wallet.periods import Period, PeriodClose, PeriodOutcome, PeriodState, ends_at, recompute, starts_at
from wallet.transfers import LogRow, Outcome, TransferKind

SUNDAY = date(2026, 11, 22)
DAY = timedelta(days=1)
SOFT, CLOSED = PeriodState.SOFT, PeriodState.CLOSED
EVERYONE = {account.id: account for account in (BANK, FUNDING, ALICE, BOB)}


async def close(ledger: Ledger, through: date, *states: PeriodState) -> list[PeriodOutcome]:
    return [await ledger.close_period(PeriodClose(through, state, "stf_1")) for state in states or (SOFT, CLOSED)]


def sealed(log: list[LogRow], through: date) -> bytes:
    """The seal, from its description and a plain reading of the log."""
    sums: dict[UUID, list[int]] = defaultdict(lambda: [0, 0])
    for row in log:
        transfer = row.transfer
        effective_on = transfer.effective_on or row.booked_at.date()
        if transfer.kind in ("post", "capture", "reverse") and effective_on <= through:
            sums[transfer.debit][0] += transfer.amount.minor
            sums[transfer.credit][1] += transfer.amount.minor
    texts = [through.isoformat()]
    for account, (debits, credits_) in sorted(sums.items()):
        texts += [EVERYONE[account].code, "IRR", str(debits), str(credits_)]  # type: ignore[index]
    data = b"tapdial trial balance\0\x01" + "".join(f"{len(text)}:{text}" for text in texts).encode()
    return hashlib.sha256(data).digest()


async def assert_seals_stand(ledger: Ledger) -> list[Period]:
    periods = await ledger.periods()
    log, head = list(await ledger.follow(after=0)), await ledger.head()
    for period in periods:
        if period.state is CLOSED:
            assert period.seal == sealed(log, period.through)
            assert period.seal == await recompute(ledger, period.through, period.position, head.position)
    return periods


async def test_a_closed_day_takes_no_entry_any_more_and_its_seal_stands(ledger: Ledger, clock: ManualClock) -> None:
    await ledger.post(fund(clock, 100), send(clock, 30), replace(send(clock, 5), effective_on=SUNDAY + DAY))
    clock.advance(DAY)
    late = replace(send(clock, 7), effective_on=SUNDAY)
    assert [result.outcome for result in await ledger.post(late)] == [Outcome.POSTED]

    assert await close(ledger, SUNDAY) == [PeriodOutcome.DONE, PeriodOutcome.DONE]

    into, cites = replace(send(clock, 1), effective_on=SUNDAY), late.id
    refused = await ledger.post(into, replace(into, id=fund(clock, 1).id, cites=cites), send(clock, 1))
    assert [result.outcome for result in refused] == [Outcome.PERIOD_CLOSED, Outcome.PERIOD_CLOSED, Outcome.POSTED]
    soft, closed = await assert_seals_stand(ledger)
    assert (soft.state, soft.seal, closed.state, closed.position) == (SOFT, None, CLOSED, 3)
    assert (closed.through, closed.cause, closed.closed_at) == (SUNDAY, "stf_1", clock.now())


async def test_a_soft_closed_day_takes_only_what_cites(ledger: Ledger, clock: ManualClock) -> None:
    sent = send(clock, 30)
    await ledger.post(fund(clock, 100), sent)
    clock.advance(DAY)
    await close(ledger, SUNDAY, SOFT)

    plain = replace(send(clock, 1), effective_on=SUNDAY)
    correcting = replace(send(clock, 2), effective_on=SUNDAY, cites=sent.id)
    reversing = replace(
        send(clock, 3), debit=BOB.id, credit=ALICE.id, kind=TransferKind.REVERSE, cites=sent.id, effective_on=SUNDAY
    )
    answers = await ledger.post(plain, correcting, reversing)

    assert [answer.outcome for answer in answers] == [Outcome.PERIOD_CLOSED, Outcome.POSTED, Outcome.POSTED]
    assert await close(ledger, SUNDAY, CLOSED) == [PeriodOutcome.DONE]
    await assert_seals_stand(ledger)


async def test_a_period_is_closed_in_order_once_and_not_before_it_is_over(ledger: Ledger, clock: ManualClock) -> None:
    await ledger.post(fund(clock, 100))

    assert await close(ledger, SUNDAY) == [PeriodOutcome.NOT_OVER, PeriodOutcome.NOT_OVER]
    clock.advance(2 * DAY)
    assert await close(ledger, SUNDAY, CLOSED) == [PeriodOutcome.NOT_SOFT]
    assert await close(ledger, SUNDAY + DAY, SOFT, SOFT) == [PeriodOutcome.DONE, PeriodOutcome.ALREADY]
    assert await close(ledger, SUNDAY, SOFT, CLOSED) == [PeriodOutcome.ALREADY, PeriodOutcome.DONE]
    assert await close(ledger, SUNDAY + DAY, CLOSED) == [PeriodOutcome.DONE]
    assert await close(ledger, SUNDAY) == [PeriodOutcome.ALREADY, PeriodOutcome.ALREADY]
    assert [(period.through, period.state) for period in await assert_seals_stand(ledger)] == [
        (SUNDAY + DAY, SOFT), (SUNDAY, CLOSED), (SUNDAY + DAY, CLOSED)
    ]  # fmt: skip


async def test_a_day_ends_in_the_ledger_s_zone(database_url: str) -> None:
    clock = ManualClock(datetime(2026, 11, 22, 20, 29, 59, tzinfo=UTC))
    async with opened(database_url, clock, zone=ZoneInfo("Asia/Tehran")) as ledger:
        assert await close(ledger, SUNDAY, SOFT) == [PeriodOutcome.NOT_OVER]
        clock.advance(timedelta(seconds=1))
        assert await close(ledger, SUNDAY) == [PeriodOutcome.DONE, PeriodOutcome.DONE]


@pytest.mark.parametrize("name", ["Asia/Tehran", "America/Los_Angeles", "Pacific/Kiritimati"])
def test_every_day_of_the_calendar_begins_and_ends(name: str) -> None:
    zone = ZoneInfo(name)

    for day in (date.min, SUNDAY, date.max):
        assert ends_at(day, zone) - starts_at(day, zone) == DAY
    assert ends_at(SUNDAY, zone) == starts_at(SUNDAY + DAY, zone) == starts_at(SUNDAY, zone) + DAY


async def test_an_entry_that_comes_while_the_seal_is_computed_makes_it_stale(
    ledger: Ledger, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = send(clock, 30)
    await ledger.post(fund(clock, 100), sent)
    clock.advance(DAY)
    await close(ledger, SUNDAY, SOFT)
    late = replace(send(clock, 2), effective_on=SUNDAY, cites=sent.id)
    write = ledger._writer.close_period

    async def post_first(closing: Closing) -> PeriodOutcome:
        await ledger.post(late)
        return await write(closing)

    monkeypatch.setattr(ledger._writer, "close_period", post_first)

    assert await close(ledger, SUNDAY, CLOSED, CLOSED) == [PeriodOutcome.STALE, PeriodOutcome.DONE]
    await assert_seals_stand(ledger)


async def test_a_period_is_closed_only_on_the_seal_that_was_agreed_to(ledger: Ledger, clock: ManualClock) -> None:
    sent = send(clock, 30)
    await ledger.post(fund(clock, 100), sent)
    clock.advance(DAY)
    await close(ledger, SUNDAY, SOFT)
    head = await ledger.head()
    agreed = PeriodClose(SUNDAY, CLOSED, "dcl_1", await recompute(ledger, SUNDAY, head.position, head.position))
    await ledger.post(replace(send(clock, 2), effective_on=SUNDAY, cites=sent.id))
    assert await ledger.close_period(agreed) is PeriodOutcome.DIFFERS
    assert [period.state for period in await ledger.periods()] == [SOFT]
    now = await recompute(ledger, SUNDAY, head.position, (await ledger.head()).position)
    assert await ledger.close_period(replace(agreed, seal=now)) is PeriodOutcome.DONE
    assert await ledger.close_period(agreed) is PeriodOutcome.ALREADY
    await assert_seals_stand(ledger)


async def test_what_cites_a_row_of_a_day_and_was_booked_after_a_position_is_late(
    ledger: Ledger, clock: ManualClock
) -> None:
    first, second = send(clock, 30), send(clock, 20)
    await ledger.post(fund(clock, 100), first, second)
    late = [replace(send(clock, 1), cites=cited.id) for cited in (second, first, second)]
    for one in late:
        await ledger.post(one)

    async def ids(first: int, last: int, after: int, limit: int = 9) -> list[UUID]:
        return [row.transfer.id for row in await ledger.late(first, last, after=after, limit=limit)]

    assert await ids(0, 3, 3) == [one.id for one in late]
    assert await ids(0, 3, 4) == [one.id for one in late[1:]]
    assert await ids(2, 3, 3) == [late[0].id, late[2].id]
    assert await ids(0, 3, 3, 1) == [late[0].id]
    assert await ids(3, 9, 3) == []


async def test_two_processes_that_close_at_once_close_it_once(
    ledger: Ledger, database_url: str, clock: ManualClock
) -> None:
    await ledger.post(fund(clock, 100))
    clock.advance(DAY)
    other = await Ledger.open(database_url, clock)
    try:
        for state in (SOFT, CLOSED):
            async with asyncio.TaskGroup() as tasks:
                both = [tasks.create_task(close(which, SUNDAY, state)) for which in (ledger, other)]
            assert {outcome for task in both for outcome in task.result()} == {
                PeriodOutcome.DONE, PeriodOutcome.ALREADY
            }  # fmt: skip
    finally:
        await other.close()
    assert len(await assert_seals_stand(ledger)) == 2


class PeriodMachine(RuleBasedStateMachine):
    """Days pass, entries come with all kinds of dates, periods are closed; every example goes on in the same book."""

    runner: ClassVar[asyncio.Runner]
    ledger: ClassVar[Ledger]
    clock: ClassVar[ManualClock]
    closed: ClassVar[dict[PeriodState, date]]

    @rule(
        back=st.sampled_from([None, -1, 0, 1, 1, 2, 3]),
        kind=st.sampled_from(["post", "cite", "reverse"]),
        amount=st.integers(1, 9),
    )
    def an_entry_comes(self, back: int | None, kind: str, amount: int) -> None:
        effective_on = None if back is None else self.clock.now().date() - back * DAY
        moved = replace(fund(self.clock, amount), effective_on=effective_on)
        sent = next(iter(self.runner.run(self.ledger.follow(after=0, limit=1)))).transfer
        if kind != "post":
            moved = replace(moved, cites=sent.id)
        if kind == "reverse":
            moved = replace(moved, kind=TransferKind.REVERSE, debit=sent.credit, credit=sent.debit)

        (result,) = self.runner.run(self.ledger.post(moved))

        into_closed = effective_on is not None and effective_on <= self.closed.get(CLOSED, date.min)
        into_soft = effective_on is not None and effective_on <= self.closed.get(SOFT, date.min)
        refused = into_closed or (into_soft and kind == "post")
        assert result.outcome is (Outcome.PERIOD_CLOSED if refused else Outcome.POSTED)

    @rule(hours=st.sampled_from([5, 24, 50]))
    def time_passes(self, hours: int) -> None:
        self.clock.advance(timedelta(hours=hours))

    @rule(back=st.integers(0, 3), state=st.sampled_from(PeriodState))
    def a_period_is_closed(self, back: int, state: PeriodState) -> None:
        through = self.clock.now().date() - back * DAY
        (outcome,) = self.runner.run(close(self.ledger, through, state))
        soft = max(self.closed.get(SOFT, date.min), self.closed.get(CLOSED, date.min))
        if through <= (soft if state is SOFT else self.closed.get(CLOSED, date.min)):
            assert outcome is PeriodOutcome.ALREADY
        elif back == 0:
            assert outcome is PeriodOutcome.NOT_OVER
        elif state is CLOSED and soft < through:
            assert outcome is PeriodOutcome.NOT_SOFT
        else:
            assert outcome is PeriodOutcome.DONE
            self.closed[state] = through

    @invariant()
    def every_seal_stands(self) -> None:
        self.runner.run(assert_seals_stand(self.ledger))


def test_no_entry_is_ever_dated_into_a_closed_period_and_every_seal_stands(database_url: str) -> None:
    with asyncio.Runner() as runner:
        clock = ManualClock(datetime(2026, 11, 22, 8, 0, tzinfo=UTC))
        book = opened(database_url, clock)
        ledger = runner.run(book.__aenter__())
        try:
            runner.run(ledger.post(replace(fund(clock, 10**6), amount=irr(10**6))))
            world_of = {"runner": runner, "ledger": ledger, "clock": clock, "closed": {}}
            machine = type("Machine", (PeriodMachine,), world_of)
            run_state_machine_as_test(machine, settings=settings(max_examples=6, stateful_step_count=15))
            verified = runner.run(ledger.verify())
            assert verified.finding is None, str(verified.finding)
        finally:
            runner.run(book.__aexit__(None, None, None))
