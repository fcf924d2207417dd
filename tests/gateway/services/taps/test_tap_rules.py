"""Pure rules of taps."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.services.answered import nearest_day
from gateway.services.taps import rules
from gateway.services.taps.rules import Completable, Progress, Step, TapState, Verdict
from wallet.transfers import Outcome

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
CODES = "00 03 05 10 12 13 14 30 51 54 55 57 58 59 61 62 65 70 91 94 96"
ALLOWED = set(CODES.split(" "))
PROGRESS = st.builds(
    Progress,
    state=st.sampled_from(TapState),
    capture_minor=st.sampled_from([0, 100]),
    reversal=st.booleans(),
    expires_at=st.sampled_from([NOW - timedelta(hours=1), NOW + timedelta(hours=1)]),
    at_once=st.booleans(),
    offline=st.booleans(),
    shrink=st.booleans(),
    due_back_minor=st.sampled_from([0, 40]),
)


def test_every_verdict_has_a_code_of_the_profile_and_only_approval_is_00() -> None:
    assert {verdict.de39 for verdict in Verdict} == ALLOWED
    assert [verdict for verdict in Verdict if verdict.de39 == "00"] == [Verdict.APPROVED]


@given(outcome=st.sampled_from(Outcome))
def test_only_what_stands_in_the_ledger_is_approved(outcome: Outcome) -> None:
    assert (rules.verdict_of(outcome) is Verdict.APPROVED) == outcome.stands


@given(tap=PROGRESS, outcomes=st.lists(st.sampled_from(Outcome), min_size=8, max_size=8))
def test_whatever_the_ledger_answers_a_tap_comes_to_rest(tap: Progress, outcomes: list[Outcome]) -> None:
    for outcome in outcomes:
        step = rules.next_step(tap, NOW)
        if step is None:
            break
        left = {"shrink": False} if step is Step.SHRINK else {"due_back_minor": 0} if step is Step.REFUND else {}
        tap = replace(tap, state=rules.after(step, tap, outcome), **left)
    assert rules.next_step(tap, NOW) is None


@given(tap=PROGRESS, outcome=st.sampled_from(Outcome))
def test_what_a_terminal_decided_itself_is_never_declined(tap: Progress, outcome: Outcome) -> None:
    step = rules.next_step(replace(tap, offline=True), NOW)
    if step is not None and tap.state is not TapState.DECLINED:
        assert rules.after(step, replace(tap, offline=True), outcome) is not TapState.DECLINED


@pytest.mark.parametrize(
    ("state", "capture", "marks", "step"),
    [
        (TapState.PENDING, 0, "", Step.HOLD),
        (TapState.PENDING, 0, "reversal", Step.HOLD),
        (TapState.HELD, 0, "", None),
        (TapState.HELD, 0, "reversal", Step.VOID),
        (TapState.HELD, 0, "expired", Step.VOID),
        (TapState.HELD, 100, "", Step.CAPTURE),
        (TapState.HELD, 100, "reversal", Step.CAPTURE),
        (TapState.CAPTURED, 100, "", None),
        (TapState.CAPTURED, 100, "reversal due", Step.REFUND),
        (TapState.CAPTURED, 100, "due", Step.REFUND),
        (TapState.PENDING, 100, "at_once", Step.CHARGE),
        (TapState.HELD, 0, "shrink", Step.SHRINK),
        (TapState.HELD, 100, "shrink", Step.SHRINK),
        (TapState.HELD, 0, "shrink reversal", Step.SHRINK),
        (TapState.EXPIRED, 0, "expired", None),
        (TapState.EXPIRED, 100, "expired", Step.CHARGE),
        (TapState.DECLINED, 0, "reversal", None),
        (TapState.VOIDED, 0, "reversal", None),
        (TapState.REFUNDED, 100, "reversal", None),
        (TapState.UNPAID, 100, "expired", None),
    ],
)
def test_the_next_step_follows_from_what_is_stored(
    state: TapState, capture: int, marks: str, step: Step | None
) -> None:
    expires_at = NOW if "expired" in marks else NOW + timedelta(seconds=1)
    tap = Progress(
        state, capture, "reversal" in marks, expires_at, at_once="at_once" in marks, shrink="shrink" in marks
    )
    assert rules.next_step(replace(tap, due_back_minor=40 if "due" in marks else 0), NOW) is step


@pytest.mark.parametrize(
    ("tap", "amount", "approval", "verdict"),
    [
        (Completable(TapState.HELD, False, "ABC234", 0, 100), 100, "ABC234", None),
        (Completable(TapState.HELD, False, "ABC234", 0, 100), 1, "ABC234", None),
        (Completable(TapState.EXPIRED, False, "ABC234", 0, 100), 1, "ABC234", None),
        (Completable(TapState.HELD, False, "ABC234", 0, 100), 101, "ABC234", Verdict.BAD_AMOUNT),
        (Completable(TapState.HELD, False, "ABC234", 0, 100), 0, "ABC234", Verdict.BAD_AMOUNT),
        (Completable(TapState.HELD, False, "ABC234", 0, 100), 1, "ABC235", Verdict.NO_ORIGINAL),
        (Completable(TapState.HELD, False, "ABC234", 50, 100), 50, "ABC234", Verdict.DUPLICATE),
        (Completable(TapState.HELD, True, "ABC234", 0, 100), 1, "ABC234", Verdict.REVERSED),
        (Completable(TapState.HELD, False, "ABC234", 0, 60), 61, "ABC234", Verdict.BAD_AMOUNT),
        (Completable(TapState.UNPAID, False, "ABC234", 0, 100, True), 100, "ABC234", None),
        (Completable(TapState.REFUNDED, False, "ABC234", 100, 100), 1, "ABC234", Verdict.REVERSED),
        (Completable(TapState.DECLINED, False, "ABC234", 0, 100), 1, "ABC234", Verdict.NO_ORIGINAL),
    ],
)
def test_a_completion_fits_its_tap_or_is_refused(
    tap: Completable, amount: int, approval: str, verdict: Verdict | None
) -> None:
    assert rules.check_completion(tap, amount, approval) is verdict


@pytest.mark.parametrize(
    ("month_day", "today", "day"),
    [
        ("1122", date(2026, 11, 22), date(2026, 11, 22)),
        ("1231", date(2027, 1, 1), date(2026, 12, 31)),
        ("0101", date(2026, 12, 31), date(2027, 1, 1)),
        ("0229", date(2027, 3, 1), date(2028, 2, 29)),
        ("0229", date(2030, 3, 1), None),
        ("0230", date(2026, 3, 1), None),
    ],
)
def test_a_day_without_a_year_is_the_nearest(month_day: str, today: date, day: date | None) -> None:
    assert nearest_day(month_day, today) == day
