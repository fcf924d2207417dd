"""What of a bill is approved, as a table and as laws."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.services.providers import AskedLine, BillOutcome, LineReason
from gateway.services.providers.rules import LINES_MAX, adjudicated, form_refusal, lowered, sums
from tests.gateway.services.providers.conftest import PRICES, line
from wallet.money import irr

LIST = {price.code: price for price in PRICES}


@pytest.mark.parametrize(
    ("asked", "cap", "approved", "covered", "reasons"),
    [
        ([line("10", 1, 1_000_000)], None, [1_000_000], [700_000], [None]),
        ([line("10", 1, 900_000)], None, [900_000], [630_000], [None]),
        ([line("10", 1, 1_200_000)], None, [1_000_000], [700_000], [LineReason.PRICE]),
        ([line("10", 2, 2_000_000)], None, [1_000_000], [700_000], [LineReason.QUANTITY]),
        ([line("25", 1, 2_000_001)], None, [2_000_001], [1_000_001], [None]),
        ([line("11", 1, 5)], None, [0], [0], [LineReason.NOT_LISTED]),
        ([line("99", 1, 9), line("99", 1, 9)], None, [9, 0], [0, 0], [None, LineReason.DUPLICATE]),
        ([line("10", 1, 1_000_000), line("99", 1, 100_000)], 1_050_000, [1_000_000, 50_000], [700_000, 0],
         [None, LineReason.CAP]),
        ([line("10", 1, 2_000_000), line("99", 1, 1)], 500, [500, 0], [350, 0], [LineReason.PRICE, LineReason.CAP]),
    ],
)  # fmt: skip
def test_a_bill_is_worth_what_the_list_says(
    asked: list[AskedLine], cap: int | None, approved: list[int], covered: list[int], reasons: list[LineReason | None]
) -> None:
    done = adjudicated(asked, LIST, None if cap is None else irr(cap))

    assert [one.approved.minor for one in done] == approved
    assert [one.covered.minor for one in done] == covered
    assert [one.reason for one in done] == reasons


asked_lines = st.lists(
    st.builds(line, st.sampled_from(["10", "25", "99", "7"]), st.integers(1, 12), st.integers(1, 10**8)),
    min_size=1,
    max_size=6,
)


@settings(max_examples=60)
@given(asked_lines, st.none() | st.integers(1, 10**8), st.data())
def test_no_line_is_worth_more_than_was_asked_and_an_officer_only_lowers(
    asked: list[AskedLine], cap: int | None, data: st.DataObject
) -> None:
    done = adjudicated(asked, LIST, None if cap is None else irr(cap))
    less = [lowered(one, irr(data.draw(st.integers(0, one.approved.minor)))) for one in done]

    for one in (*done, *less):
        assert 0 <= one.covered.minor <= one.approved.minor <= one.adjusted.minor <= one.asked.minor
        assert (one.reason is None) == (one.approved == one.asked)
    if cap is not None:
        assert sum(one.approved.minor for one in done) <= cap
    total, covered, share = sums(less)
    assert covered.minor + share.minor == sum(one.approved.minor for one in less) <= total.minor


@pytest.mark.parametrize(
    ("lines", "refusal"),
    [
        ([], BillOutcome.NO_LINES),
        ([line("10", 1, 1)] * (LINES_MAX + 1), BillOutcome.TOO_MANY_LINES),
        ([line("", 1, 1)], BillOutcome.BAD_LINE),
        ([line("1234567", 1, 1)], BillOutcome.BAD_LINE),
        ([line("۱۰", 1, 1)], BillOutcome.BAD_LINE),
        ([line("010", 1, 1)], BillOutcome.BAD_LINE),
        ([line("10", 0, 1)], BillOutcome.BAD_LINE),
        ([line("10", 1000, 1)], BillOutcome.BAD_LINE),
        ([line("10", 1, 0)], BillOutcome.BAD_LINE),
        ([line("10", 1, 2**62 + 1)], BillOutcome.BAD_LINE),
        ([line("10", 1, 1)], None),
    ],
)
def test_what_is_no_bill_is_refused(lines: list[AskedLine], refusal: BillOutcome | None) -> None:
    assert form_refusal(lines) is refusal
