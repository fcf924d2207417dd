"""What may be posted for a break, case by case; and that what is posted makes its sides agree."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import SettingsFault
from gateway.services.breaks import BreakOutcome, BreakRow, Counter, Named
from gateway.services.breaks.plans import sides
from gateway.services.breaks.rules import (
    DUE_DAYS_ELSE,
    Facts,
    booking,
    correction,
    counters,
    due_days,
    due_fits,
    facts_of,
    largest,
    shape,
    write_off,
)
from gateway.services.remarks import words
from wallet.reconciliation import BreakType, Side

T, A = BreakType, BreakOutcome
DAY = date(2026, 11, 22)

WRITE_OFFS: list[tuple[str, BreakType, int | None, int | None, int | None, BreakOutcome]] = [
    # flow, type, ledger, rail, bank
    ("bank", T.MISSING_LEDGER, None, None, -5, A.OK),
    ("bank", T.MISSING_LEDGER, None, None, 5, A.OWED),
    ("bank", T.MISSING_LEDGER, None, -5, -5, A.POSTED_BY_SERVICE),
    ("bank", T.MISSING_LEDGER, None, -5, None, A.NOTHING_DIFFERS),
    ("bank", T.MISSING_BANK, 5, None, None, A.OK),
    ("bank", T.MISSING_BANK, -5, -5, None, A.CORRECT_IT),
    ("bank", T.MISSING_BANK, -5, None, None, A.CORRECT_IT),
    ("bank", T.MISSING_RAIL, -5, None, None, A.CORRECT_IT),
    ("bank", T.MISSING_RAIL, 5, None, None, A.OK),
    ("bank", T.MISSING_RAIL, -5, None, -5, A.NOTHING_DIFFERS),
    ("bank", T.MISSING_RAIL, -5, None, -6, A.POSTED_BY_SERVICE),
    ("bank", T.AMOUNT, -100, -100, -105, A.OK),
    ("bank", T.AMOUNT, -105, -100, -100, A.OK),
    ("bank", T.AMOUNT, 100, None, 95, A.OK),
    ("bank", T.AMOUNT, -100, -105, -100, A.NOTHING_DIFFERS),
    ("bank", T.AMOUNT, None, -100, -105, A.POSTED_BY_SERVICE),
    ("bank", T.DUPLICATE, -5, None, None, A.CORRECT_IT),
    ("bank", T.DUPLICATE, -10, None, -5, A.CORRECT_IT),
    ("bank", T.DUPLICATE, None, None, -5, A.OK),
    ("bank", T.DUPLICATE, None, None, 5, A.OWED),
    ("bank", T.TIMING, -5, -5, -5, A.NOTHING_DIFFERS),
    ("bank", T.RETURNED, None, None, 5, A.OWED),
    ("bank", T.RETURNED, 5, 5, None, A.CORRECT_IT),
    ("bank", T.RETURNED, 4, None, 5, A.OWED),
    ("bank", T.RETURNED, 5, None, 4, A.OK),
    ("wallets", T.MISSING_LEDGER, None, -5, None, A.POSTED_BY_SERVICE),
    ("wallets", T.MISSING_RAIL, -5, None, None, A.OK),
    ("fees", T.MISSING_RAIL, 5, None, None, A.OK),
    ("wallets", T.AMOUNT, -100, -80, None, A.OK),
    ("fees", T.AMOUNT, 100, 80, None, A.OK),
    ("wallets", T.AMOUNT, -80, -100, None, A.OWED),
    ("taps", T.AMOUNT, 80, 100, None, A.OWED),
    ("taps", T.AMOUNT, 80, -10, None, A.OWED),
    ("wallets", T.DUPLICATE, -5, None, None, A.OK),
    ("wallets", T.DUPLICATE, None, -5, None, A.POSTED_BY_SERVICE),
    ("wallets", T.RETURNED, 5, None, None, A.CORRECT_IT),
    ("taps", T.TIMING, 5, 5, None, A.NOTHING_DIFFERS),
]
ALL = tuple(Counter)
OUT = tuple(one for one in Counter if one is not Counter.CONTRIBUTION_INCOME)
BOOKINGS: list[tuple[str, BreakType, int | None, int | None, int | None, BreakOutcome, tuple[Counter, ...]]] = [
    ("bank", T.MISSING_LEDGER, None, None, 5, A.OK, ALL),
    ("bank", T.MISSING_LEDGER, None, None, -5, A.OK, OUT),
    ("bank", T.MISSING_LEDGER, None, -5, -5, A.OK, (Counter.SUSPENSE,)),
    ("bank", T.DUPLICATE, None, None, -5, A.OK, (Counter.SUSPENSE,)),
    ("bank", T.RETURNED, None, None, 5, A.OK, (Counter.SUSPENSE,)),
    ("bank", T.AMOUNT, None, -5, -6, A.NOT_OF_BANK, ()),
    ("bank", T.AMOUNT, -5, -5, -6, A.NOT_OF_BANK, ()),
    ("bank", T.MISSING_BANK, 5, None, None, A.NOT_OF_BANK, ()),
    ("bank", T.MISSING_LEDGER, None, None, 0, A.NOTHING_DIFFERS, ()),
    ("wallets", T.MISSING_LEDGER, None, -5, None, A.NOT_OF_BANK, ()),
]


@pytest.mark.parametrize(("flow", "type_", "ledger", "rail", "bank", "answer"), WRITE_OFFS)
def test_a_write_off_gives_up_the_houses_own_money_alone(
    flow: str, type_: BreakType, ledger: int | None, rail: int | None, bank: int | None, answer: BreakOutcome
) -> None:
    assert write_off(Facts(flow, type_, ledger, rail, bank)) is answer


@pytest.mark.parametrize(("flow", "type_", "ledger", "rail", "bank", "answer", "against"), BOOKINGS)
def test_only_what_the_bank_alone_has_is_booked_and_against_what_it_can_be(
    flow: str,
    type_: BreakType,
    ledger: int | None,
    rail: int | None,
    bank: int | None,
    answer: BreakOutcome,
    against: tuple[Counter, ...],
) -> None:
    facts = Facts(flow, type_, ledger, rail, bank)
    assert (booking(facts), counters(facts)) == (answer, against)


some = st.one_of(st.none(), st.integers(-50, 50))


@given(flow=st.sampled_from(["bank", "wallets"]), type_=st.sampled_from(T), ledger=some, rail=some, bank=some)
def test_nothing_is_booked_that_a_rail_may_still_settle_or_that_rows_of_ours_explain(
    flow: str, type_: BreakType, ledger: int | None, rail: int | None, bank: int | None
) -> None:
    pending = Facts(flow, type_, ledger, rail, bank, pending=True)
    assert A.OK not in {write_off(pending), booking(pending), correction(pending)}
    assert counters(pending) == ()
    suggested = Facts(flow, type_, ledger, rail, bank, suggested=True)
    assert A.OK not in {write_off(suggested), booking(suggested)}
    assert counters(suggested) == ()


@given(type_=st.sampled_from(T), ledger=some, rail=some, bank=some)
def test_what_is_given_up_of_ours_never_takes_from_anybody(
    type_: BreakType, ledger: int | None, rail: int | None, bank: int | None
) -> None:
    facts = Facts("wallets", type_, ledger, rail, bank)
    if write_off(facts) is A.OK:
        debit, credit = sides("wallets", facts.lacking, Named("payout_expense", "care"))
        assert (debit, credit) == (Named("written_off"), Named("payout_expense", "care"))
        assert abs(facts.lacking) <= abs(facts.ledger or 0)


@given(lacking=st.integers(-50, 50).filter(bool))
def test_the_trust_account_moves_towards_the_bank(lacking: int) -> None:
    debit, credit = sides("bank", lacking, None)
    assert (debit == Named("trust_bank")) == (lacking > 0)
    assert {debit.role, credit.role} == {"trust_bank", "written_off"}


def test_the_sums_of_a_break_say_which_books_have_it() -> None:
    rows = [BreakRow(Side.BANK, "a", -3, DAY), BreakRow(Side.BANK, "b", -2, DAY), BreakRow(Side.LEDGER, "c", 1, DAY)]
    facts = facts_of("bank", T.AMOUNT, rows)
    assert (facts.ledger, facts.rail, facts.bank, facts.lacking) == (1, None, -5, -6)
    assert largest(rows) == rows[2]
    assert largest(rows[:2]) is None


def test_the_shape_of_a_group_is_its_type_amount_and_rows_in_any_order() -> None:
    keys = [(Side.BANK, "a"), (Side.LEDGER, "b")]
    assert shape(T.AMOUNT, 5, keys) == shape(T.AMOUNT, 5, reversed(keys))
    others = [shape(T.TIMING, 5, keys), shape(T.AMOUNT, 6, keys), shape(T.AMOUNT, 5, keys[:1])]
    assert shape(T.AMOUNT, 5, keys) not in others


@pytest.mark.parametrize("text", ["amount", "amount x", "amonut 3", "amount -1", "amount 400", "amount 3; timing 2"])
def test_days_that_nobody_understands_are_a_fault_of_the_settings(text: str) -> None:
    with pytest.raises(SettingsFault, match="break_due_days"):
        due_days(text)


def test_days_that_are_not_named_are_the_usual_ones() -> None:
    assert due_days("amount 9, returned 0") == dict.fromkeys(T, DUE_DAYS_ELSE) | {T.AMOUNT: 9, T.RETURNED: 0}
    assert due_days("") == dict.fromkeys(T, DUE_DAYS_ELSE)


@pytest.mark.parametrize(("days", "fits"), [(-1, False), (0, True), (366, True), (367, False)])
def test_a_day_for_a_break_lies_within_a_year(days: int, *, fits: bool) -> None:
    assert due_fits(DAY + timedelta(days=days), DAY) is fits


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("  two\n words ", "two words"),
        ("a\u202eb\u2066c\ufeff", "abc"),
        ("\x00\x1b[31m red", "[31m red"),
        ("می\u200cخواهم", "می\u200cخواهم"),
    ],
)
def test_what_staff_write_is_one_line_that_reads_as_it_looks(text: str, shown: str) -> None:
    assert words(text) == shown
