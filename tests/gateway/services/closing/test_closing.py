"""A day from its checklist to its signature: asked, sealed, signed, closed; given up where that is right."""

import asyncio
from datetime import timedelta
from typing import NoReturn

import pytest

from gateway.services.closing import CheckName, CloseOutcome, CloseState, PeriodKind, VoidReason
from gateway.services.signing import StartOutcome
from tests.gateway.services.closing.evening import DAY, FAY, NEXT, SAM, SUE, Evening
from wallet.periods import PeriodClose, PeriodOutcome, PeriodState

LANGUAGES = {"en", "fa", "fr", "ar"}
DIES_IN = {"soft": "checklist", "sealed": "write", "closed": "_done"}


async def test_a_day_is_sealed_signed_by_phone_and_closed_with_what_was_signed(both: Evening) -> None:
    await both.ordinary()
    close = await both.closed()

    assert (close.day, close.asked_by, close.signed_by) == (DAY, FAY, (SUE,))
    assert [check.name for check in close.checks] == list(CheckName)
    assert all(check.passed for check in close.checks)
    soft, final = await both.ledger.periods()
    assert (soft.state, soft.through, soft.cause) == (PeriodState.SOFT, DAY, close.id)
    assert (final.state, final.through, final.cause, final.seal) == (
        PeriodState.CLOSED, DAY, close.id, close.trial_seal
    )  # fmt: skip
    block = await both.ledger.block(close.block)
    assert block is not None
    assert block.hash == close.head_hash
    counts = {root.section: root.count for root in close.roots}
    assert counts == {
        "closing": 1,
        "statements": 1,
        "findings": 1,
        "pages": 0,
        "files": 1,
        "lines": 2,
        "reconciliation": 0,
    }
    verified = await both.closing.verify(DAY)
    assert verified.sound, verified.finding
    assert (verified.rows, verified.transfers) == (6, 2)
    assert await both.closing.closed_through() == DAY
    assert await both.closing.next_day() == NEXT


async def test_what_the_phone_shows_is_whole_in_every_language(evening: Evening) -> None:
    await evening.ordinary()
    await evening.asked()
    document = (await evening.waiting()).document
    assert set(document.texts) == LANGUAGES
    assert document.texts["en"] == "SSO: close 2026-11-27, float 700 of 1,700 IRR, open breaks 0"
    assert document.made_by == {FAY}


async def test_who_asked_does_not_sign(evening: Evening) -> None:
    await evening.ordinary()
    await evening.asked(staff_id=SAM)
    assert await evening.signs(SAM) is StartOutcome.MADE_IT
    assert await evening.signs(FAY) is StartOutcome.OK


async def test_a_day_that_is_not_over_is_not_closed(evening: Evening) -> None:
    await evening.post(("trust_bank", ""), ("funding", ""), 1)
    assert (await evening.closing.ask(DAY, FAY)).outcome is CloseOutcome.NOT_OVER


async def test_days_are_closed_one_after_the_other(evening: Evening) -> None:
    await evening.ordinary()
    await evening.closed()
    evening.clock.advance(timedelta(days=3))
    evening.others.through = NEXT + timedelta(days=2)
    result = await evening.closing.ask(NEXT + timedelta(days=1), FAY)
    assert (result.outcome, result.next_day) == (CloseOutcome.NOT_NEXT, NEXT)
    assert (await evening.closing.ask(DAY, FAY)).outcome is CloseOutcome.ALREADY


async def test_while_one_day_is_being_closed_no_other_is_asked_for(evening: Evening) -> None:
    await evening.ordinary()
    await evening.asked()
    evening.clock.advance(timedelta(days=1))
    result = await evening.closing.ask(NEXT, FAY)
    assert (result.outcome, result.next_day) == (CloseOutcome.NOT_NEXT, DAY)
    assert await evening.closing.closed_through() == DAY, "nothing comes into it that no seal has"


async def test_a_failed_check_keeps_the_day_open_and_says_why(evening: Evening) -> None:
    await evening.ordinary()
    evening.others.through = None
    result = await evening.closing.ask(DAY, FAY)
    assert result.outcome is CloseOutcome.CHECKS
    assert result.checklist is not None
    assert [check.name for check in result.checklist.checks if check.blocks] == [CheckName.RECONCILED]
    assert await evening.closing.by_day(DAY) is None
    assert await evening.ledger.periods() == []


async def test_what_came_up_between_asking_and_sealing_gives_the_closing_up(evening: Evening) -> None:
    await evening.ordinary()
    asked = await evening.closing.ask(DAY, FAY)
    evening.others.through = None
    evening.clock.advance(timedelta(seconds=6))
    await evening.closing.sweep()
    close = await evening.closing.by_id(asked.close_id)
    assert close is not None
    assert (close.state, close.reason) == (CloseState.VOID, VoidReason.CHECKS)
    evening.others.through = DAY
    assert (await evening.closed()).state is CloseState.SIGNED


async def test_a_refusal_makes_the_closing_void_and_the_day_can_be_asked_for_again(evening: Evening) -> None:
    await evening.ordinary()
    close = await evening.asked()
    waiting = await evening.waiting()
    await evening.signing.refuse(waiting.id, evening.staff.people[SUE], "the float looks wrong")
    await evening.closing.sweep()
    found = await evening.closing.by_id(close.id)
    assert found is not None
    assert (found.state, found.reason) == (CloseState.VOID, VoidReason.REFUSED)
    assert await evening.closing.by_day(DAY) is None
    again = await evening.closed()
    assert again.id != close.id
    assert [one.id for one in await evening.closing.days(limit=10)] == [again.id, close.id]
    assert (await evening.closing.verify(DAY)).sound


async def test_a_day_that_nobody_signs_in_time_is_given_up(evening: Evening) -> None:
    await evening.ordinary()
    close = await evening.asked()
    evening.clock.advance(timedelta(hours=25))
    await evening.closing.sweep()
    found = await evening.closing.by_id(close.id)
    assert found is not None
    assert (found.state, found.reason) == (CloseState.VOID, VoidReason.EXPIRED)


async def test_a_late_entry_that_cites_makes_a_sealed_day_void(evening: Evening) -> None:
    await evening.ordinary()
    wrong = await evening.post(("trust_bank", ""), ("funding", ""), 5)
    close = await evening.asked()
    await evening.post(("funding", ""), ("trust_bank", ""), 5, cites=wrong, on=DAY)
    assert await evening.signs() is StartOutcome.OK
    await evening.closing.sweep()
    found = await evening.closing.by_id(close.id)
    assert found is not None
    assert (found.state, found.reason) == (CloseState.VOID, VoidReason.CHANGED)
    assert [one.state for one in await evening.ledger.periods()] == [PeriodState.SOFT]


@pytest.mark.parametrize(
    ("group", "now"), [("rcg_1", b"parted"), ("rcg_2", b"matched")], ids=["changed", "written by a run under way"]
)
async def test_a_row_that_is_not_as_it_was_sealed_when_the_signature_comes_makes_it_void(
    evening: Evening, group: str, now: bytes
) -> None:
    evening.others.rows["reconciliation_groups:rcg_1"] = b"matched"
    await evening.ordinary()
    close = await evening.asked()
    evening.others.rows[f"reconciliation_groups:{group}"] = now
    assert await evening.signs() is StartOutcome.OK
    await evening.closing.sweep()
    found = await evening.closing.by_id(close.id)
    assert found is not None
    assert (found.state, found.reason) == (CloseState.VOID, VoidReason.CHANGED)


async def test_a_period_closed_by_hand_meanwhile_makes_it_void_and_is_not_closed_again(evening: Evening) -> None:
    await evening.ordinary()
    close = await evening.asked()
    asked = PeriodClose(DAY, PeriodState.CLOSED, "the auditor")
    assert await evening.ledger.close_period(asked) is PeriodOutcome.DONE
    assert await evening.signs() is StartOutcome.OK
    await evening.closing.sweep()
    found = await evening.closing.by_id(close.id)
    assert found is not None
    assert found.reason is VoidReason.BY_HAND
    assert (await evening.closing.ask(DAY, FAY)).outcome is CloseOutcome.BY_HAND
    assert not (await evening.closing.verify(DAY)).sound


@pytest.mark.parametrize("done", ["soft", "sealed", "asked", "signed", "closed"])
async def test_a_crash_anywhere_is_finished_by_another_process(
    evening: Evening, monkeypatch: pytest.MonkeyPatch, done: str
) -> None:
    """The first process dies in one of its steps, or after it; a second one goes on."""
    await evening.ordinary()
    asked = await evening.closing.ask(DAY, FAY)
    evening.clock.advance(timedelta(seconds=6))

    class DiesError(Exception):
        pass

    async def dies(*_given: object, **_named: object) -> NoReturn:
        raise DiesError

    first = evening.another()
    monkeypatch.setattr(first._sections if done == "sealed" else first, DIES_IN.get(done, "ask"), dies)
    if done in {"asked", "signed", "closed"}:
        await first.sweep()
        await first.sweep()
    if done in {"signed", "closed"}:
        assert await evening.signs() is StartOutcome.OK
    if done in DIES_IN:
        with pytest.raises(DiesError):
            await first.sweep()

    second = evening.another()
    for _ in range(2):
        await second.sweep()
    if done not in {"signed", "closed"}:
        assert await evening.signs() is StartOutcome.OK
        await second.sweep()
    close = await second.by_id(asked.close_id)
    assert close is not None
    assert close.state is CloseState.SIGNED
    assert (await second.verify(DAY)).sound
    assert [one.cause for one in await evening.ledger.periods()] == [close.id, close.id]


async def test_what_another_process_has_in_hand_is_left_to_it_until_its_time_is_over(both: Evening) -> None:
    await both.ordinary()
    asked = await both.closing.ask(DAY, FAY)
    both.clock.advance(timedelta(seconds=6))
    assert await both.closing._taken(asked.close_id) is not None
    second = both.another()
    assert await second.sweep() == 0
    both.clock.advance(timedelta(minutes=31))
    assert await second.sweep() == 1


async def test_two_who_ask_at_once_get_one_closing(both: Evening) -> None:
    await both.ordinary()
    one, other = both.closing.ask(DAY, FAY), both.another().ask(DAY, SAM)
    results = await asyncio.gather(one, other)
    assert {result.outcome for result in results} == {CloseOutcome.ASKED, CloseOutcome.ALREADY}
    assert results[0].close_id == results[1].close_id


async def test_months_say_how_far_they_are_closed_and_where_the_first_gap_is(evening: Evening) -> None:
    assert await evening.closing.months() == []
    await evening.ordinary()
    (month,) = await evening.closing.months()
    assert (month.first, month.closed, month.signed, month.gap, month.state) == (
        DAY.replace(day=1), 0, 0, DAY, PeriodKind.OPEN
    )  # fmt: skip
    await evening.closed()
    evening.clock.advance(timedelta(days=10))
    december, november = await evening.closing.months()
    assert (november.closed, november.signed, november.gap) == (27, 1, NEXT)
    assert (december.closed, december.gap) == (0, december.first)


async def test_late_entries_and_late_statements_of_a_closed_day_are_listed(evening: Evening) -> None:
    wrong = await evening.post(("trust_bank", ""), ("funding", ""), 5)
    await evening.ordinary()
    await evening.closed()
    await evening.post(("funding", ""), ("trust_bank", ""), 5, cites=wrong)
    statement_id = await evening.states(7, 0, 1_700, name="NOTE", root="camt.054")
    late = await evening.closing.late(DAY)
    assert [row.transfer.cites for row in late.entries] == [wrong.id]
    assert list(late.statements) == [statement_id]
    assert (await evening.closing.verify(DAY)).sound


async def test_a_statement_that_came_late_is_sealed_by_the_next_day(evening: Evening) -> None:
    await evening.ordinary()
    await evening.closed()
    late = await evening.states(7, 0, 1_700, name="NOTE", root="camt.054")
    await evening.states(8, 1_700, 1_700, day=NEXT)
    evening.clock.advance(timedelta(days=1))
    evening.others.through = NEXT
    await evening.heads.publish()
    close = await evening.closed(NEXT)
    assert next(root.count for root in close.roots if root.section == "statements") == 2
    assert list((await evening.closing.late(DAY)).statements) == [late]
    assert (await evening.closing.verify(NEXT)).sound


async def test_days_that_were_left_unclosed_are_closed_one_by_one_also_those_without_movement(evening: Evening) -> None:
    await evening.ordinary()
    days = [DAY + timedelta(days=number) for number in range(4)]
    for number, day in enumerate(days[1:], 8):
        await evening.states(number, 1_700, 1_700, day=day)
    evening.clock.advance(timedelta(days=4))
    evening.others.through = days[-1]
    for day in days:
        assert await evening.closing.next_day() == day
        await evening.closed(day)
    for day in days:
        found = await evening.closing.verify(day)
        assert found.sound, found.finding
    assert await evening.closing.closed_through() == days[-1]
