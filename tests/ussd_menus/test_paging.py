"""Pages: whole items, in order, always within the budget."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ussd_menus import Profile, gsm_septets, ucs2_units
from ussd_menus.paging import Cut, KeyLines, Sheet, clip, cut_at, fits, start_before, wrap

KEYS = KeyLines(more="99. More", back="0. Exit", back_page="0. Back", extra=("00. Home",))


@pytest.mark.parametrize(
    ("text", "fit"),
    [
        ("x" * 182, True),
        ("x" * 183, False),
        ("[" * 91, True),
        ("[" * 92, False),
        ("م" * 80, True),
        ("م" * 81, False),
        ("م" * 102, False),
        ("x" * 99 + "؟", False),
        ("x" * 175 + "€[]{}" * 2, False),
        ("😀" * 40, True),
        ("😀" * 41, False),
    ],
)
def test_a_page_is_182_septets_or_80_units(text: str, *, fit: bool) -> None:
    assert fits(text, Profile()) == fit


def pages(sheet: Sheet, note: str = "") -> Iterator[Cut]:
    start, last = 0, False
    while not last:
        cut = cut_at(sheet, start, note, Profile())
        yield cut
        start, last = cut.stop, cut.page_last


LINES = st.lists(st.text("abc[€دی", min_size=1, max_size=25), min_size=1, max_size=30)


@given(LINES, st.text("abد", max_size=10), st.text("abد", max_size=8))
def test_every_item_is_on_one_page_whole_and_in_order(items: list[str], head: str, note: str) -> None:
    sheet = Sheet(head, [f"{at}. {item}" for at, item in enumerate(items, 1)], KEYS)
    shown = list(pages(sheet, note))
    assert all(fits(cut.text, Profile()) for cut in shown)
    assert [cut.start for cut in shown[1:]] == [cut.stop for cut in shown[:-1]]
    for cut in shown:
        lines = cut.text.split("\n")
        assert all(item in lines for item in sheet.items[cut.start : cut.stop])
    assert shown[-1].stop == len(items)


@given(LINES)
def test_the_way_back_passes_every_page_and_ends_at_the_first(items: list[str]) -> None:
    sheet = Sheet("", items, KEYS)
    starts = [cut.start for cut in pages(sheet)]
    back = [starts[-1]]
    while back[-1]:
        back.append(start_before(sheet, back[-1], Profile()))
    assert back == starts[::-1]


def test_a_page_says_which_of_how_many_it_is() -> None:
    shown = [cut.text.split("\n") for cut in pages(Sheet("Head", ["x" * 60] * 5, KEYS))]
    assert [line for lines in shown for line in lines if "/" in line] == ["99. More 1/3", "99. More 2/3", "0. Back 3/3"]


def test_an_error_above_a_full_page_moves_an_item_to_the_next_page_and_skips_none() -> None:
    sheet = Sheet("", ["x" * 50] * 6, KEYS)
    plain, noted = cut_at(sheet, 0, "", Profile()), cut_at(sheet, 0, "n" * 40, Profile())
    assert (plain.stop, noted.stop) == (3, 2)
    assert cut_at(sheet, noted.stop, "", Profile()).start == 2


def test_home_is_named_where_there_is_room() -> None:
    assert cut_at(Sheet("x" * 20, [], KEYS), 0, "", Profile()).text.endswith("00. Home")
    assert cut_at(Sheet("x" * 170, [], KEYS), 0, "", Profile()).text.endswith("0. Exit")


@given(st.text(max_size=300))
def test_what_is_clipped_fits_and_is_the_beginning(text: str) -> None:
    clipped = clip(text, Profile())
    assert fits(clipped, Profile())
    assert text.startswith(clipped)


@given(st.text("ab \n\u0301د", max_size=200), st.integers(2, 40))
def test_wrapping_loses_no_letter_and_parts_no_grapheme(text: str, width: int) -> None:
    lines = wrap(text, width)
    assert "".join(lines).replace(" ", "") == text.replace("\n", "").replace(" ", "")


def test_sizes_count_what_the_profile_counts() -> None:
    assert fits("x" * 160, Profile(160, 70))
    assert not fits("x" * 161, Profile(160, 70))
    assert (gsm_septets("x"), ucs2_units("x")) == (1, 1)
