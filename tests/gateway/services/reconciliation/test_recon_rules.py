"""What follows from what staff have said, and which suggestion is as good as an explanation. Pure."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.services.reconciliation import Decision, What, rules
from gateway.services.reconciliation.rules import explains, in_force
from tests.gateway.services.reconciliation.world import BANK, DAY, STAFF, row
from wallet.reconciliation import Decided, Reason, Row, Side

L1, L2, B1, B2 = (Side.LEDGER, "l1"), (Side.LEDGER, "l2"), (Side.BANK, "b1"), (Side.BANK, "b2")


def said(what: What, *keys: tuple[Side, str]) -> Decision:
    at = DAY
    return Decision("rcd_1", BANK, what, keys, STAFF, "", None, at, "")  # type: ignore[arg-type]  # when is not looked at


@pytest.mark.parametrize(
    ("decisions", "holds"),
    [
        ([said(What.LINKED, L1, B1)], [Decided(frozenset({L1, B1}), together=True)]),
        ([said(What.LINKED, L1, B1), said(What.PARTED, L1)], []),
        ([said(What.LINKED, L1, B1), said(What.PARTED, L2)], [Decided(frozenset({L1, B1}), together=True)]),
        ([said(What.LINKED, L1, B1), said(What.UNLINKED, L1, B1)], [Decided(frozenset({L1, B1}), together=False)]),
        ([said(What.UNLINKED, L1, B1), said(What.LINKED, L1, B1)], [Decided(frozenset({L1, B1}), together=True)]),
        ([said(What.UNLINKED, L1, L2)], [Decided(frozenset({L1, L2}), together=False)]),
        ([said(What.UNLINKED, L1, B1), said(What.PARTED, L1)], [Decided(frozenset({L1, B1}), together=False)]),
        ([said(What.UNLINKED, B1, B2)], [Decided(frozenset({B1, B2}), together=False)]),
    ],
)
def test_the_last_word_holds(decisions: list[Decision], holds: list[Decided]) -> None:
    assert in_force(decisions) == holds


KEYS = st.sets(st.sampled_from([L1, L2, B1, B2]), min_size=2, max_size=3)


WORDS = st.lists(st.tuples(st.sampled_from(What), KEYS), min_size=1, max_size=8)


@given(WORDS)
def test_what_holds_is_what_one_finds_who_reads_every_word_again(
    words: list[tuple[What, set[tuple[Side, str]]]],
) -> None:
    holds: list[Decided] = []
    for what, rows in words:
        keys = frozenset(rows)
        if what is What.LINKED:
            holds = [one for one in holds if one.together or len(one.rows & keys) < 2]
        else:
            holds = [one for one in holds if not one.together or not one.rows & keys]
        if what is not What.PARTED:
            holds.append(Decided(keys, what is What.LINKED))

    found = in_force([said(one, *sorted(rows)) for one, rows in words])

    assert [one for one in found if one.together] == [one for one in holds if one.together]
    apart = {pair for one in holds if not one.together for pair in pairs_of(one.rows)}
    assert {pair for one in found if not one.together for pair in pairs_of(one.rows)} == apart


def pairs_of(rows: frozenset[tuple[Side, str]]) -> set[frozenset[tuple[Side, str]]]:
    """Those that may not be in one group; our own may stay together where the bank's are among them."""
    pairs = {frozenset(pair) for pair in combinations(sorted(rows), 2)}
    both = len({side is Side.BANK for side, _ in rows}) == 2
    return {pair for pair in pairs if not both or len({side is Side.BANK for side, _ in pair}) == 2}


@pytest.mark.parametrize(
    ("theirs", "ours", "bars"), [(1, 30, 30), (30, 1, 30), (4, 5, 20), (5, 5, 0), (0, 4, 1), (0, 30, 0)]
)
def test_undoing_what_is_large_takes_no_more_bars_than_it_must(
    monkeypatch: pytest.MonkeyPatch, theirs: int, ours: int, bars: int
) -> None:
    monkeypatch.setattr(rules, "APART_MAX", 20)
    keys = [(Side.BANK, f"b{n}") for n in range(theirs)] + [(Side.LEDGER, f"l{n}") for n in range(ours)]

    assert len(in_force([said(What.UNLINKED, *keys)])) == bars


@given(WORDS)
def test_what_was_said_last_of_rows_is_what_holds_of_them(words: list[tuple[What, set[tuple[Side, str]]]]) -> None:
    what, keys = words[-1]

    found = in_force([said(one, *sorted(rows)) for one, rows in words])

    linked = [one.rows for one in found if one.together]
    parted = [one.rows for one in found if not one.together]
    if what is What.LINKED:
        assert keys in linked
        assert not any(len(rows & keys) > 1 for rows in parted)
    else:
        assert not any(rows & keys for rows in linked)
    if what is What.UNLINKED:
        assert all(any(key in rows for rows in parted) for key in keys)


def test_the_bank_is_parted_from_ours_and_ours_stay_together() -> None:
    rail = (Side.RAIL, "r1")

    found = {one.rows for one in in_force([said(What.UNLINKED, L1, rail, B1)])}

    assert found == {frozenset({L1, B1}), frozenset({rail, B1})}


EXACT = (row(Side.LEDGER, "l1", -60), row(Side.LEDGER, "l2", -41), row(Side.BANK, "b1", -101))


NEAR = (row(Side.LEDGER, "l1", -60), row(Side.BANK, "b1", -61))


BOTH_WAYS = (row(Side.LEDGER, "l1", -5), row(Side.LEDGER, "l2", 5))


R = Reason


@pytest.mark.parametrize(
    ("rows", "reasons", "holds"),
    [
        (EXACT, [R.SUM_OF_SEVERAL, R.SAME_DAY], False),
        (EXACT, [R.SUM_OF_SEVERAL, R.SAME_ACCOUNT], True),
        (EXACT, [R.SUM_OF_SEVERAL, R.SAME_BATCH, R.NEAR_DAY], True),
        (EXACT, [R.SAME_AMOUNT, R.SAME_DAY], False),
        (EXACT, [R.SAME_AMOUNT, R.NEAR_DAY], False),
        (EXACT, [R.SAME_AMOUNT, R.LIKE_NAME], True),
        (EXACT, [R.SAME_AMOUNT, R.LIKE_REFERENCE], True),
        (EXACT, [R.SAME_AMOUNT, R.DIGITS_SWAPPED], True),
        # Named, and amounts are not said to be one.
        (EXACT, [R.LIKE_REFERENCE, R.SAME_ACCOUNT], False),
        (NEAR, [R.NEAR_AMOUNT, R.LIKE_REFERENCE, R.SAME_ACCOUNT, R.LIKE_NAME], False),
        (NEAR, [R.SAME_AMOUNT, R.LIKE_REFERENCE], False),
        # What takes something back in the ledger, with what it takes back; and the same of the bank alone.
        (BOTH_WAYS, [R.TAKES_BACK, R.SAME_ACCOUNT], True),
        (BOTH_WAYS, [R.TAKES_BACK, R.SAME_DAY], False),
        ((row(Side.BANK, "b1", -5), row(Side.BANK, "b2", 5)), [R.TAKES_BACK, R.SAME_ACCOUNT], False),
        ((row(Side.RAIL, "r1", -5), row(Side.BANK, "b2", -5)), [R.SAME_AMOUNT, R.SAME_ACCOUNT], False),
    ],
)
def test_a_suggestion_explains_if_it_is_exact_and_more_than_amount_and_day_binds_it(
    rows: tuple[Row, ...], reasons: list[Reason], *, holds: bool
) -> None:
    assert explains(reasons, rows, Side.BANK) is holds
