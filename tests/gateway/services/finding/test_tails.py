"""The index of last digits finds exactly the rows that end so, whatever the segment holds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.services.finding.tails import MERGED, SEGMENT, Named, merged, offsets, packed, tail_of, wide_offsets

DIGITS = {Named.CAUSE: "0123456789ABCDEFGHJKMNPQRSTVWXYZ", Named.TRANSFER: "0123456789abcdef"}


@pytest.mark.parametrize("named", list(Named))
@given(data=st.data())
def test_a_segment_finds_what_ends_so_and_nothing_else(named: Named, data: st.DataObject) -> None:
    digits = DIGITS[named]
    # Few endings, so that many share one.
    text = st.builds(lambda a, b: f"pay_{a}{b}", st.text(digits, max_size=3), st.text(digits[:3] + "_", min_size=4))
    rows = data.draw(st.dictionaries(st.integers(0, SEGMENT - 1), text, max_size=60))
    lists = packed(named, sorted(rows.items()))

    for wanted in {row[-4:] for row in rows.values()}:
        tail = tail_of(named, wanted)
        if tail is None:
            assert "_" in wanted
            continue
        found = [rows[offset] for offset in offsets(lists[tail.bucket], tail)]
        assert sorted(found) == sorted({row for row in rows.values() if row.endswith(wanted)})


@pytest.mark.parametrize("named", list(Named))
@given(data=st.data())
def test_merged_segments_find_what_each_of_them_finds(named: Named, data: st.DataObject) -> None:
    text = st.text(DIGITS[named][:3] + DIGITS[named][-2:], min_size=4, max_size=4)
    places = st.tuples(st.integers(0, MERGED - 1), st.integers(0, SEGMENT - 1))
    rows = data.draw(st.dictionaries(places, text, max_size=60))
    segments = {place: sorted((at, row) for (of, at), row in rows.items() if of == place) for place, _ in rows}
    lists = {place: packed(named, segment) for place, segment in segments.items()}

    for wanted in set(rows.values()):
        tail = tail_of(named, wanted)
        assert tail is not None
        each = [(place, lists[place][tail.bucket]) for place in sorted(lists) if tail.bucket in lists[place]]
        found = wide_offsets(merged(named, tail.bucket, each)[tail.wide_bucket], tail)
        assert found == [place * SEGMENT + at for place, body in each for at in offsets(body, tail)]


def test_a_cause_of_many_rows_is_named_once() -> None:
    lists = packed(Named.CAUSE, [(0, "bat_0001"), (1, "bat_0001"), (2, "bat_0001")])

    assert [offsets(body, tail) for body in lists.values() if (tail := tail_of(Named.CAUSE, "0001"))] == [[0]]


@pytest.mark.parametrize("text", ["", "123", "12U4", "ab12", "۱۲۳۴"])
def test_what_does_not_end_in_digits_has_no_tail(text: str) -> None:
    assert tail_of(Named.CAUSE, text) is None
