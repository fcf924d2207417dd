"""Checks over a real book and a real bank's statements, what may be explained of them, and float against trust."""

from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.errors import SettingsFault
from gateway.services.closing import CheckName, CloseOutcome, Closing, Doubt, ExcuseOutcome
from gateway.services.closing.model import FactName
from gateway.settings import Settings
from tests.gateway.services.closing.evening import DAY, FAY, NEXT, SAM, Evening
from wallet.money import irr

WHY = "the rail has told us that it pays on Monday"
RAIL = ("rail_payable", "bank")


async def test_an_ordinary_day_is_clear_and_shows_its_figures(both: Evening) -> None:
    await both.ordinary()
    checklist = await both.closing.checklist(DAY)
    assert checklist.clear
    shown = {(check.name, fact.name): fact.cell for check in checklist.checks for fact in check.facts if fact.of}
    assert shown[CheckName.STATEMENTS, FactName.CLOSING] == irr(1_700)
    assert shown[CheckName.FLOAT_COVERED, FactName.FLOAT] == irr(700)
    assert shown[CheckName.FLOAT_COVERED, FactName.TRUST] == irr(1_700)
    assert shown[CheckName.FLOAT_COVERED, FactName.BANK] == irr(1_700)


async def test_float_above_trust_blocks_and_rings(evening: Evening, capsys: pytest.CaptureFixture[str]) -> None:
    await evening.ordinary()
    await evening.post(("fee_expense", "hospital"), ("provider_payable", "prv_1"), 1_001)
    (cover,) = await evening.closing.cover()
    assert (cover.float_minor, cover.trust_minor, cover.short_minor) == (1_701, 1_700, 1)
    await evening.closing.sweep()
    assert "float_not_covered" in capsys.readouterr().out
    assert evening.metrics.registry.get_sample_value("tapdial_cover_short_minor", {"asset": "IRR"}) == 1
    assert await evening.check(CheckName.FLOAT_COVERED, DAY), "it was booked after that day"
    assert not await evening.check(CheckName.FLOAT_COVERED, NEXT)
    evening.clock.advance(timedelta(days=1))
    await evening.post(("trust_bank", ""), ("funding", ""), 1)
    await evening.closing.sweep()
    assert evening.metrics.registry.get_sample_value("tapdial_cover_short_minor", {"asset": "IRR"}) == 0


async def test_cover_history_has_each_day_since_the_book_began_and_now(evening: Evening) -> None:
    await evening.ordinary()
    evening.clock.advance(timedelta(days=2))
    await evening.post(("trust_bank", ""), ("wallet", "per_bob"), 5)
    history = await evening.closing.cover_history(30)
    assert [(one.day, one.covers[0].float_minor) for one in history] == [
        (DAY, 700), (NEXT, 700), (NEXT + timedelta(days=1), 700), (NEXT + timedelta(days=2), 705)
    ]  # fmt: skip
    again = await Closing(evening.parts).cover_history(2)
    assert [one.day for one in again] == [NEXT + timedelta(days=1), NEXT + timedelta(days=2)]


async def test_nothing_is_kept_of_a_day_that_is_not_over(evening: Evening) -> None:
    await evening.post(("trust_bank", ""), ("wallet", "per_bob"), 5)
    first = await evening.closing.sums_of(DAY)
    await evening.post(("trust_bank", ""), ("wallet", "per_bob"), 5)
    second = await evening.closing.sums_of(DAY)
    assert [row.debits_posted for row in first if row.role == "trust_bank"] == [5]
    assert [row.debits_posted for row in second if row.role == "trust_bank"] == [10]


async def test_money_that_is_stuck_on_a_rail_is_told_from_what_passes(evening: Evening) -> None:
    await evening.post(("trust_bank", ""), ("wallet", "per_x"), 1_000)
    await evening.post(("wallet", "per_x"), RAIL, 40, cause="itm_stuck")
    evening.clock.advance(timedelta(days=4))
    for item in ("itm_a", "itm_b"):
        await evening.post(("wallet", "per_x"), RAIL, 100, cause=item)
        await evening.post(RAIL, ("trust_bank", ""), 100, cause=item)
    await evening.post(("wallet", "per_x"), RAIL, 7, cause="itm_today")
    day = DAY + timedelta(days=4)
    evening.clock.advance(timedelta(days=1))
    checklist = await evening.closing.checklist(day)
    check = next(check for check in checklist.checks if check.name is CheckName.TRANSIT)
    facts = {(fact.name, fact.of): fact.cell for fact in check.facts}
    code = "liability:rail_payable:bank:IRR"
    assert not check.passed
    assert (facts[FactName.STUCK, code], facts[FactName.BALANCE, code]) == (irr(40), irr(47))
    await evening.post(RAIL, ("trust_bank", ""), 40, cause="itm_stuck")
    assert not await evening.check(CheckName.TRANSIT, day)
    assert await evening.check(CheckName.TRANSIT, day + timedelta(days=1))


async def test_a_missing_statement_can_be_explained_and_the_explanation_lapses_with_its_facts(evening: Evening) -> None:
    await evening.post(("trust_bank", ""), ("funding", ""), 1_000)
    evening.clock.advance(timedelta(days=1))
    await evening.heads.publish()
    assert (await evening.closing.ask(DAY, FAY)).outcome is CloseOutcome.CHECKS
    assert await evening.closing.excuse(DAY, CheckName.STATEMENTS, "holiday", SAM) is ExcuseOutcome.REASON
    assert await evening.closing.excuse(DAY, CheckName.RECONCILED, WHY, SAM) is ExcuseOutcome.NOT_EXCUSABLE
    assert await evening.closing.excuse(DAY, CheckName.TRANSIT, WHY, SAM) is ExcuseOutcome.PASSED
    persian = "بانک در این روز تعطیل است و صورت\u200cحساب نمی\u200cدهد"
    hidden = "the bank is closed \u202eand pays on Monday"
    assert await evening.closing.excuse(DAY, CheckName.STATEMENTS, hidden, SAM) is ExcuseOutcome.REASON
    assert await evening.closing.excuse(DAY, CheckName.STATEMENTS, persian, SAM) is ExcuseOutcome.OK
    checklist = await evening.closing.checklist(DAY)
    assert checklist.clear
    assert checklist.checks[0].excuse is not None
    assert checklist.checks[0].excuse.staff_id == SAM
    await evening.states(5, 0, 0, day=DAY - timedelta(days=1))
    await evening.states(7, 1, 1_001, (1_000, "CRDT"))
    assert not (await evening.closing.checklist(DAY)).clear, "the bank has sent one, and it does not follow"
    assert await evening.closing.excuse(DAY, CheckName.STATEMENTS, "number six never came from the bank", SAM) is (
        ExcuseOutcome.OK
    )
    evening.clock.advance(timedelta(seconds=1))
    await evening.asked()
    assert (await evening.waiting()).document.made_by == {SAM, FAY}, "who explained does not sign"
    assert await evening.closing.excuse(DAY, CheckName.STATEMENTS, WHY, SAM) is ExcuseOutcome.CLOSING


async def test_what_nobody_knows_blocks_once_it_is_old(evening: Evening) -> None:
    await evening.ordinary()
    evening.others.doubts = [Doubt("itm_1", 5, evening.clock.now() - timedelta(hours=23))]
    assert await evening.check(CheckName.UNKNOWN)
    evening.clock.advance(timedelta(hours=2))
    assert not await evening.check(CheckName.UNKNOWN)
    assert await evening.closing.excuse(DAY, CheckName.UNKNOWN, WHY, SAM) is ExcuseOutcome.OK
    evening.clock.advance(timedelta(hours=2))
    assert (await evening.closing.checklist(DAY)).clear, "no moment of now is among what it shows"


async def test_a_reconciliation_before_the_statement_came_does_not_count(evening: Evening) -> None:
    await evening.ordinary()
    evening.others.started_at = evening.clock.now()
    assert await evening.check(CheckName.RECONCILED)
    evening.clock.advance(timedelta(hours=1))
    await evening.states(8, 1_700, 1_700)
    assert not await evening.check(CheckName.RECONCILED)


async def test_a_day_of_rest_needs_no_statement(evening: Evening) -> None:
    await evening.ordinary()
    assert not await evening.check(CheckName.STATEMENTS, NEXT)
    resting = replace(evening.parts, settings=Settings(bank_rest_days="thu,sat"))
    checklist = await Closing(resting).checklist(NEXT)
    assert checklist.checks[0].passed
    with pytest.raises(SettingsFault, match="there is no day"):
        Closing(replace(evening.parts, settings=Settings(bank_rest_days="day,fri")))


async def test_heads_that_were_not_published_since_the_days_end_block(evening: Evening) -> None:
    await evening.post(("trust_bank", ""), ("funding", ""), 1_000)
    assert not await evening.check(CheckName.HEADS)
    await evening.heads.publish()
    assert await evening.check(CheckName.HEADS)
