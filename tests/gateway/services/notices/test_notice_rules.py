"""Where a notice goes after a try, and what its receipts add up to."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.services.notices import NoticeClass, NoticeState, PartResult, PartState, ReceiptState, Report
from gateway.services.notices.rules import (
    OPEN,
    POLICIES,
    Lane,
    Policy,
    QuietHours,
    Settled,
    Standing,
    received,
    settle,
    unanswered,
)
from gateway.settings import Settings

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
SENT, REFUSED, LATER, UNCERTAIN = PartState.SENT, PartState.REFUSED, PartState.LATER, PartState.UNCERTAIN
BENEFIT, CODE = NoticeClass.BENEFIT_PAID, NoticeClass.ONE_TIME_CODE


def standing(class_: NoticeClass = BENEFIT, *, attempts: int = 1, resends: int = 0, left_s: int = 60) -> Standing:
    return Standing(class_, attempts, resends, NOW + timedelta(seconds=left_s))


def report(*states: PartState, wait_s: float | None = None) -> Report:
    parts = tuple(PartResult(number, state, status=0x45) for number, state in enumerate(states, start=1))
    return Report("smsc", len(parts), parts, wait_s)


@pytest.mark.parametrize(
    ("states", "state"),
    [
        ([SENT], NoticeState.SENT),
        ([], NoticeState.SENT),
        ([SENT, REFUSED, UNCERTAIN], NoticeState.REFUSED),
        ([SENT, UNCERTAIN, LATER], NoticeState.READY),
        ([SENT, LATER], NoticeState.READY),
    ],
)
def test_the_gravest_part_decides(states: list[PartState], state: NoticeState) -> None:
    assert settle(standing(), report(*states), NOW).state is state


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (standing(BENEFIT, resends=0), Settled(NoticeState.READY, NOW, 1, 1)),
        (standing(BENEFIT, resends=1), Settled(NoticeState.UNCERTAIN, NOW, 1, 1)),
        (standing(NoticeClass.TAP_PAID, resends=0), Settled(NoticeState.UNCERTAIN, NOW, 1, 0)),
        (standing(CODE, resends=1), Settled(NoticeState.READY, NOW, 1, 2)),
        (standing(CODE, resends=2), Settled(NoticeState.UNCERTAIN, NOW, 1, 2)),
        (standing(CODE, resends=0, left_s=0), Settled(NoticeState.UNCERTAIN, NOW, 1, 0)),
    ],
)
def test_a_class_says_how_often_it_goes_again_and_a_code_never_after_its_time(before: Standing, after: Settled) -> None:
    assert unanswered(before, NOW) == after


@pytest.mark.parametrize(("attempts", "wait_s"), [(1, 1), (2, 2), (5, 16), (7, 60), (500, 60)])
def test_a_throttled_message_waits_longer_each_time(attempts: int, wait_s: int) -> None:
    settled = settle(standing(attempts=attempts), report(LATER), NOW)
    assert settled == Settled(NoticeState.READY, NOW + timedelta(seconds=wait_s), attempts, 0, 0x45)


@pytest.mark.parametrize(("wait_s", "waits_s"), [(0.25, 0.25), (90.0, 90.0), (-1.0, 0.0)])
def test_a_message_waits_as_long_as_its_link_says_and_that_is_no_try(wait_s: float, waits_s: float) -> None:
    settled = settle(standing(attempts=3), report(LATER, wait_s=wait_s), NOW)
    assert settled == Settled(NoticeState.READY, NOW + timedelta(seconds=waits_s), 2, 0, 0x45)


@pytest.mark.parametrize(
    ("hours", "quiet", "loud"),
    [
        ("21:00-08:00", ["21:00", "23:59", "00:00", "07:59"], ["08:00", "12:00", "20:59"]),
        ("13:00-15:30", ["13:00", "15:29"], ["12:59", "15:30", "00:00"]),
        ("08:00-08:00", [], ["08:00", "07:59", "20:00"]),
    ],
)
def test_quiet_hours_are_those_of_the_house_and_may_span_midnight(
    hours: str, quiet: list[str], loud: list[str]
) -> None:
    covered = QuietHours.of(hours, "Asia/Tehran")
    assert covered is not None
    for time, is_quiet in [(time, True) for time in quiet] + [(time, False) for time in loud]:
        moment = datetime.fromisoformat(f"2026-11-22T{time}:00+03:30").astimezone(UTC)
        assert covered.cover(moment) is is_quiet, time


def test_no_quiet_hours_are_none_and_nonsense_is_refused() -> None:
    assert QuietHours.of(Settings().quiet_hours, "Asia/Tehran") is None
    for hours in ("24:00-08:00", "21-8", "21:00-08:00 ", "21:00"):
        with pytest.raises(ValueError, match="quiet_hours"):
            Settings(quiet_hours=hours)


def test_only_notices_and_campaigns_wait_while_people_sleep() -> None:
    assert {lane for lane in Lane if Policy(lane, 60, 0).is_quiet} == {Lane.NOTICES, Lane.CAMPAIGNS}


@given(
    st.sampled_from(NoticeClass), st.integers(1, 50), st.integers(0, 5), st.integers(-100, 100),
    st.lists(st.sampled_from(PartState), max_size=4),
)  # fmt: skip
def test_a_lost_answer_never_makes_more_tries_than_the_policy(
    class_: NoticeClass, attempts: int, resends: int, left_s: int, states: list[PartState]
) -> None:
    before = standing(class_, attempts=attempts, resends=resends, left_s=left_s)
    settled = settle(before, report(*states), NOW)
    assert settled.resends <= max(resends, POLICIES[class_].resends_max)
    if UNCERTAIN in states and settled.state in OPEN:
        assert settled.resends == resends + 1
        assert left_s > 0


@pytest.mark.parametrize(
    ("total", "states", "whole"),
    [
        (1, [ReceiptState.DELIVERED], NoticeState.DELIVERED),
        (2, [ReceiptState.DELIVERED], None),
        (2, [ReceiptState.DELIVERED, SENT], None),
        (2, [ReceiptState.DELIVERED, ReceiptState.EXPIRED], NoticeState.EXPIRED),
        (2, [ReceiptState.FAILED, ReceiptState.EXPIRED], NoticeState.FAILED),
        (2, [ReceiptState.FAILED, SENT], None),
    ],
)
def test_receipts_add_up(total: int, states: list[ReceiptState | PartState], whole: NoticeState | None) -> None:
    assert received(total, states) is whole


def test_every_class_has_a_policy_and_codes_go_first() -> None:
    assert set(POLICIES) == set(NoticeClass)
    assert {class_ for class_, policy in POLICIES.items() if policy.lane == 0} == {
        CODE,
        NoticeClass.CLAIM_CODE,
        NoticeClass.LATE_ANSWER,
    }
