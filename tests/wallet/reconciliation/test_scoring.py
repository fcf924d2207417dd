"""The score of a reconciliation: each figure on worlds that fit on a few lines."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wallet.reconciliation.rows import Side
from wallet.reconciliation.scoring import ALIKE_MAX, FoundRow, Score, ScoreFault, TrueRow, score

SIDES = {"l": Side.LEDGER, "r": Side.RAIL, "b": Side.BANK}


def rows(text: str) -> list[tuple[str, str]]:
    """`l1 b1 = l2 b2!`: groups, with `!` for an open one; each row with its group's text."""
    return [(row, group) for group in text.split(" = ") for row in group.rstrip("!?").split()]


def true(text: str, alike: str = "") -> list[TrueRow]:
    """`!`: something is wrong with the group; `?`: nothing tells that it belongs together."""
    return [
        TrueRow(SIDES[row[0]], row, group, "!" in group, "?" not in group, "twins" if row in alike.split() else "")
        for row, group in rows(text)
    ]


def found(text: str) -> list[FoundRow]:
    return [FoundRow(SIDES[row[0]], row, group, "!" not in group) for row, group in rows(text)]


def scored(truth: str, made: str, alike: str = "") -> Score:
    return score(true(truth, alike), found(made))


THREE = "l1 r1 b1 = l2 r2 b2"
CROSSED = "l1 r1 b2 = l2 r2 b1"
BATCH = "l1 l2 l3 b1"


@pytest.mark.parametrize(
    ("truth", "made", "wrong", "wrong_groups", "right"),
    [
        (THREE, THREE, 0, 0, 2),
        (THREE, CROSSED, 4, 2, 0),
        (THREE, "l1 r1! = b1! = l2 r2 b2", 0, 0, 1),
        (THREE, "l1 r1 = b1! = l2 r2 b2", 0, 0, 1),
        (THREE, "l1 r1 b1 b2 = l2 r2!", 3, 1, 0),
        (THREE, "l1 r1 b1 l2 r2 b2", 9, 1, 0),
        (THREE, "l1 r1 b1! = l2 r2 b2", 0, 0, 1),
        (THREE, "l1 r1 b2! = l2 r2 b1!", 0, 0, 0),
        ("l1 b1! = b2!", "l1 b1! = b2!", 0, 0, 2),
        ("l1 b1!", "l1 b1", 0, 0, 0),
        ("l1 b1!", "l1! = b1!", 0, 0, 0),
        (BATCH, BATCH, 0, 0, 1),
        (BATCH, "l1 l2 b1 = l3!", 0, 0, 0),
        ("l1 b1?", "l1! = b1!", 0, 0, 1),
        ("l1 b1?", "l1 b1", 0, 0, 1),
        ("l1 b1? = l2 b2?", "l1 b2 = l2 b1", 2, 2, 0),
    ],
)
def test_wrong_links_are_pairs_in_matched_groups_and_a_line_is_right_with_exactly_its_rows(
    truth: str, made: str, wrong: int, wrong_groups: int, right: int
) -> None:
    one = scored(truth, made)

    assert (one.wrong_links, one.wrong_groups, one.right) == (wrong, wrong_groups, right)


@pytest.mark.parametrize(
    ("truth", "made", "wrong", "right"),
    [
        ("l1 r1 b1 = b2!", "l1 r1 b2 = b1!", 0, 2),
        ("l1 r1 b1 = b2!", "l1 r1 b1 = b2!", 0, 2),
        ("l1 r1 b1 = b2!", "l1 r1 b1 b2", 3, 0),
        ("l1 r1 b1 = b2!", "l1 r1! = b1! = b2!", 0, 1),
        ("l1 b1 = b2 b3", "l1 b2 = b1 b3", 0, 3),
        ("l1 b1 = l2 b2", "l1 b2 = l2 b1", 0, 2),
    ],
)
def test_lines_that_are_alike_stand_for_one_another(truth: str, made: str, wrong: int, right: int) -> None:
    one = scored(truth, made, alike="b1 b2")

    assert (one.wrong_links, one.right) == (wrong, right)


def test_the_same_exchange_of_lines_that_are_not_alike_is_wrong() -> None:
    assert scored("l1 b1 = l2 b2", "l1 b2 = l2 b1").wrong_links == 2


@pytest.mark.parametrize(
    ("truth", "made", "figures"),
    [
        (BATCH, BATCH, (1, 1, 1, 1)),
        (BATCH, "l1 l2 b1 = l3!", (1, 0, 1, 0)),
        (BATCH, "l1 l2 l3 b1!", (1, 0, 1, 0)),
        ("l1 l2 b1 = l3 l4 b2?", "l1 l2 b1 = l3 l4! = b2!", (1, 1, 2, 1)),
        ("l1 l2 b1?", "l1 l2 b1", (0, 0, 1, 1)),
        ("l1 l2 b1!", "l1 l2 b1!", (0, 0, 0, 0)),
        ("l1 r1 b1", "l1 r1 b1", (0, 0, 0, 0)),
    ],
)
def test_bookings_of_many_are_taken_apart_when_they_are_exactly_right(
    truth: str, made: str, figures: tuple[int, int, int, int]
) -> None:
    one = scored(truth, made)

    assert (one.batches, one.decomposed, one.all_batches, one.all_decomposed) == figures


def test_exceptions_are_rows_that_must_be_open_and_what_was_left_open_is_measured_by_them() -> None:
    one = scored("l1 b1! = l2 b2 = l3 b3? = b4", "l1 b1 = l2! = b2! = l3! = b3! = b4")

    assert (one.exceptions, one.left_open, one.both) == (4, 4, 2)
    assert (one.recall, one.precision) == (0.5, 0.5)


def test_shares_count_what_nothing_tells_as_right_and_say_beside_it_what_they_are_without() -> None:
    one = scored("l1 b1 = l2 b2?", "l1 b1 = l2! = b2!")

    assert (one.right_share, one.linked_share, one.untold, one.untold_open) == (1.0, 0.5, 1, 1)


@pytest.mark.parametrize(
    ("truth", "made", "said"),
    [
        ("l1 b1", "l1!", "nothing was made of bank b1"),
        ("l1", "l1 b1", "not in the truth: bank b1"),
        ("l1 b1", "l1 b1 b1", "twice in what was found"),
        ("l1 l1", "l1", "twice in the truth: ledger l1"),
    ],
)
def test_both_speak_of_the_same_rows_each_of_them_once(truth: str, made: str, said: str) -> None:
    with pytest.raises(ScoreFault, match=said):
        scored(truth, made)


def test_a_group_is_either_matched_or_open() -> None:
    mixed = [FoundRow(Side.LEDGER, "l1", "1", matched=True), FoundRow(Side.BANK, "b1", "1", matched=False)]

    with pytest.raises(ScoreFault, match="matched and open"):
        score(true("l1 b1"), mixed)


def test_too_many_rows_that_are_alike_are_refused() -> None:
    names = " = ".join(f"b{number}" for number in range(ALIKE_MAX + 1))

    with pytest.raises(ScoreFault, match="alike"):
        scored(names, names, alike=names)


PARTITION = st.lists(st.integers(0, 4), min_size=1, max_size=14)
"""Which group each row is in."""


@given(PARTITION, st.data())
def test_wrong_links_are_those_that_a_count_of_pairs_finds(groups: list[int], data: st.DataObject) -> None:
    others = data.draw(st.lists(st.integers(0, 4), min_size=len(groups), max_size=len(groups)))
    matched = data.draw(st.lists(st.booleans(), min_size=5, max_size=5))
    sides = list(Side)
    ids = [(sides[at % 3], f"row{at}") for at in range(len(groups))]
    truth = [TrueRow(*id_, str(group)) for id_, group in zip(ids, groups, strict=True)]
    made = [FoundRow(*id_, str(other), matched[other]) for id_, other in zip(ids, others, strict=True)]

    counted = sum(
        others[one] == others[two] and matched[others[one]] and groups[one] != groups[two]
        for one, two in combinations(range(len(groups)), 2)
    )

    assert score(truth, made).wrong_links == counted


@given(PARTITION)
def test_the_truth_itself_is_wholly_right(groups: list[int]) -> None:
    truth = [TrueRow(list(Side)[at % 3], f"row{at}", str(group)) for at, group in enumerate(groups)]

    one = score(truth, [FoundRow(row.side, row.id, row.group, matched=True) for row in truth])

    assert (one.wrong_links, one.right_share, one.decomposed_share, one.recall, one.precision) == (0, 1, 1, 1, 1)
