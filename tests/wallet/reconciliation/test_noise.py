"""The noisy world of the bench is sound: one true group a row, the same rows from the same seed, truth that holds."""

from collections import Counter
from itertools import combinations, islice
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.recon_noise import Story, TrueGroup, world
from bench.recon_rates import LEVELS, REAL
from bench.recon_sets import file_of, found_by_join, plain_join, read, sides, truth, write
from bench.recon_tell import DAMAGES, Name, Part, only_set, swapped, told_parts
from wallet.reconciliation.rows import Row, Side
from wallet.reconciliation.scoring import score

PAYMENTS = 3_000
WORLDS = {level: list(world(5, PAYMENTS, level)) for level in LEVELS}


def dice(seed: int) -> Random:
    return Random(seed)  # noqa: S311 - no secret is drawn here


def rows_of(groups: list[TrueGroup]) -> list[Row]:
    return [row for group in groups for row in group.rows]


@pytest.mark.parametrize("level", LEVELS)
def test_every_row_is_in_one_true_group_and_moves_something(level: str) -> None:
    rows = rows_of(WORLDS[level])

    assert len({(row.side, row.id) for row in rows}) == len(rows)
    assert all(row.minor and row.asset == "IRR" and row.id.isascii() for row in rows)
    assert sum(row.side is Side.LEDGER and not row.back for row in rows) >= PAYMENTS * 0.95


@pytest.mark.parametrize("level", LEVELS)
def test_a_seed_gives_the_same_rows_and_another_one_gives_others(level: str) -> None:
    again = list(islice(world(5, PAYMENTS, level), 200))

    assert again == WORLDS[level][:200]
    assert again != list(islice(world(6, PAYMENTS, level), 200))


@pytest.mark.parametrize("level", LEVELS)
def test_the_sides_of_a_group_that_is_right_say_the_same_amount(level: str) -> None:
    for group in WORLDS[level]:
        sums = Counter[Side]()
        for row in group.rows:
            sums[row.side] += row.minor
        if group.story is Story.UNDONE:
            assert sums == {Side.BANK: 0}
        elif not group.open:
            assert len(set(sums.values())) == 1
            assert set(sums) == set(Side) - ({Side.RAIL} if not group.rows[0].railed else set())
        assert len({row.side for row in group.rows}) > 1 or group.open or group.story is Story.UNDONE


@pytest.mark.parametrize("level", LEVELS)
def test_what_is_right_lies_within_three_days_between_books_and_what_is_too_late_does_not(level: str) -> None:
    for group in WORLDS[level]:
        bank = [row.on for row in group.rows if row.side is Side.BANK]
        apart = [abs((day - row.on).days) for row in group.rows if row.side is not Side.BANK for day in bank]
        if apart:
            assert (max(apart) > 3) is (group.story is Story.TOO_LATE)


def test_without_noise_the_plain_join_solves_all() -> None:
    groups = WORLDS["none"]
    one = score(truth(groups), found_by_join(plain_join(*sides(groups).values())))

    assert {group.story for group in groups} == {Story.PLAIN}
    assert (one.right, one.wrong_links, one.left_open) == (PAYMENTS, 0, 0)


def test_with_noise_every_story_happens_and_the_plain_join_falls_behind() -> None:
    groups = WORLDS["heavy"]
    one = score(truth(groups), found_by_join(plain_join(*sides(groups).values())))

    assert {group.story for group in groups} == set(Story)
    assert one.right_share < 0.9
    assert one.decomposed == 0


def test_most_amounts_are_shared_by_many_payments() -> None:
    amounts = Counter(row.minor for row in rows_of(WORLDS["real"]) if row.side is Side.LEDGER)

    assert sum(many for many in amounts.values() if many >= 20) > PAYMENTS / 2


def test_a_level_has_so_many_times_the_noise_within_bounds() -> None:
    assert REAL.scaled(0.25).damaged == REAL.damaged / 4
    assert REAL.scaled(1) == REAL
    assert REAL.scaled(1000).whole == 0.2
    assert set(vars(REAL.scaled(0)).values()) == {0}


def test_lines_that_are_alike_differ_in_id_day_and_the_banks_reference_alone() -> None:
    labelled: dict[str, list[Row]] = {}
    for group in WORLDS["heavy"]:
        for id_, label in group.alike:
            labelled.setdefault(label, []).append(next(row for row in group.rows if row.id == id_))

    assert labelled
    for first, *others in labelled.values():
        assert len(others) == 1
        for one in others:
            assert one._replace(id=first.id, reference=first.reference, on=first.on, value_on=first.on) == first


# What can be told.


@pytest.mark.parametrize(
    ("amounts", "within", "count", "only"),
    [
        ([5, 7, 11], [5, 7], 2, True),
        ([5, 7, 12], [5, 7], 0, False),
        ([5, 7, 12], [5, 7], 2, True),
        ([5, 7, 12], [12], 0, False),
        ([5, 7, 12], [12], 1, True),
        ([5, 5, 7], [5, 7], 2, False),
        ([5, 5, 7], [5, 5], 2, True),
        ([5, 5, 7], [5, 5, 7], 3, True),
        ([5, 5, 10], [5, 5], 0, False),
        ([3] * 200, [3] * 200, 0, True),
        ([3] * 200, [3] * 199, 0, False),
        ([*range(1, 60)], [*range(1, 30)], 29, False),
    ],
)
def test_a_sum_tells_its_set_when_there_is_no_other(
    amounts: list[int], within: list[int], count: int, *, only: bool
) -> None:
    assert only_set(amounts, within, count) is only


@given(st.lists(st.integers(1, 40), min_size=1, max_size=9), st.data())
def test_only_sets_are_those_that_a_count_of_all_sets_finds(amounts: list[int], data: st.DataObject) -> None:
    chosen = data.draw(st.sets(st.integers(0, len(amounts) - 1), min_size=1))
    within, said = [amounts[at] for at in chosen], data.draw(st.booleans())

    ways = sum(
        sum(amounts[at] for at in others) == sum(within)
        for size in ([len(chosen)] if said else range(len(amounts) + 1))
        for others in combinations(range(len(amounts)), size)
    )

    assert only_set(amounts, within, len(within) if said else 0) is (ways == 1)


def part(*places: int, name: Name = Name.CLEAR, count: int = 0) -> Part:
    return Part(frozenset(places), name, count)


@pytest.mark.parametrize(
    ("parts", "amounts", "told"),
    [
        ([part(1, 2, 3)], [3, 3, 3], {0}),
        ([part(1, 2)], [3, 3, 3], set()),
        ([part(1, 2), part(3, 4)], [10, 20, 35, 47], {0, 1}),
        ([part(1, 2), part(3, 4)], [3, 3, 3, 3], set()),
        # What one leaves over tells the other, though its own sum could be two sets.
        ([part(1, 2, count=2), part(3)], [5, 7, 12], {0, 1}),
        ([part(1, 2, 3, name=Name.SLIP)], [3, 3, 3], {0}),
        ([part(1, 2, name=Name.SLIP)], [10, 20, 35], set()),
        ([part(1, 2, name=Name.LOST)], [30_000_000, 30_000_000], set()),
        ([part(1, 2, name=Name.LOST)], [30_000_000, 31_234_567], {0}),
        ([part(1, 2, name=Name.LOST)], [30_000_000, 31_234_567, 3], set()),
    ],
)
def test_bookings_are_told_one_after_the_other(parts: list[Part], amounts: list[int], told: set[int]) -> None:
    assert told_parts(parts, dict(enumerate(amounts, 1))) == told


@pytest.mark.parametrize("at", range(len(DAMAGES)))
def test_a_damage_leaves_of_the_name_what_it_says(at: int) -> None:
    name, damage = DAMAGES[at]
    full = "P000012N000003412"
    plain = next(row for row in rows_of(WORLDS["none"]) if row.side is Side.BANK)
    for seed in range(30):
        clean = Row(Side.BANK, "b", 1, "IRR", plain.on, plain.on, end_to_end_id=full, text="BENEFIT")
        line = damage(dice(seed), clean)
        given_, whole = line.end_to_end_id, f"{line.end_to_end_id} {line.text}".upper().replace(" ", "")
        match name:
            case Name.CLEAR:
                assert full[:16] in whole
            case Name.SLIP:
                assert len(given_) == len(full)
                assert 0 < sum(map(str.__ne__, given_, full)) <= 2
            case Name.LOST:
                assert full[:15] not in whole


@pytest.mark.parametrize(("text", "may"), [("1000", {"1000"}), ("12", {"21"}), ("121", {"211", "112"}), ("55", {"55"})])
def test_digits_change_places_with_their_neighbours(text: str, may: set[str]) -> None:
    assert {swapped(dice(seed), text) for seed in range(20)} == may


def test_files_give_back_the_rows_that_were_written(tmp_path: Path) -> None:
    counts = write(tmp_path, 5, "real", 400)

    assert min(counts.values()) >= 400
    for side in Side:
        rows = list(read(tmp_path, side))
        made = [row for row in rows_of(WORLDS["real"]) if row.side is side]
        assert rows == made[: len(rows)]
        assert file_of(tmp_path, side).read_text("ascii").count("\n") == len(rows) == counts[side]
