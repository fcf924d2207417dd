"""What is suggested of what is open, and what never is."""

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.wallet.reconciliation.accounts_of_a_day import DAY, THREE, TWO, bank, ledger, rail, row
from wallet.reconciliation import Group, Reason, Row, Side, Suggestion, Terms, Verdict, match, suggest, suggestions
from wallet.reconciliation.judging import judged, needed
from wallet.reconciliation.likeness import Piece
from wallet.reconciliation.units import Unit, place_of

IBAN, HOME = "IR062960000000100324200001", "0100324200001"


def group(*rows: Row, terms: Terms = THREE) -> Group:
    """The open group that these rows are."""
    made = judged(Unit(tuple(sorted(rows, key=place_of))), terms)
    assert made.verdict is not Verdict.MATCHED
    return made


def ours(name: str, minor: int, **said: Any) -> Group:  # noqa: ANN401 - any field of a Row
    """What ledger and rail have, and the bank has not."""
    own = f"i{name}"
    return group(ledger(f"t{name}", minor, own, **said), rail(own, minor, **said))


def theirs(name: str, minor: int, **said: Any) -> Group:  # noqa: ANN401 - any field of a Row
    """What the bank has alone."""
    return group(bank(name, minor, **said))


def written(found: Sequence[Suggestion]) -> list[str]:
    return [f"{' '.join(row.id for row in one.rows)}: {', '.join(one.reasons)}" for one in found]


SENTENCES = {
    "the same amount on the same day": (
        [ours("1", -1_234), theirs("b", -1_234)],
        "t1 i1 b: same_amount, same_day",
    ),
    "the same amount days later": (
        [ours("1", -1_234), theirs("b", -1_234, day=2)],
        "t1 i1 b: same_amount, near_day",
    ),
    "the same amount weeks later is no more than chance": (
        [ours("1", -1_234), theirs("b", -1_234, day=30)],
        "",
    ),
    "weeks later to the same account, which the bank calls by its number at home": (
        [ours("1", -1_234, account=IBAN), theirs("b", -1_234, day=30, account=HOME)],
        "t1 i1 b: same_amount, same_account",
    ),
    "the same amount to another account": (
        [ours("1", -1_234, account=IBAN), theirs("b", -1_234, account="IR999999999999999999999999")],
        "",
    ),
    "two digits of the amount changed places": (
        [ours("1", -1_234), theirs("b", -1_324)],
        "t1 i1 b: digits_swapped, same_day",
    ),
    "two digits of the reference changed places": (
        [ours("1", -1_234, end_to_end_id="P00012345"), theirs("b", -1_234, end_to_end_id="P00012354")],
        "t1 i1 b: same_amount, digits_swapped, same_day",
    ),
    "a reference that stands in the text": (
        [ours("1", -1_234, reference="INV-7781"), theirs("b", -1_234, text="transfer INV7781 thanks")],
        "t1 i1 b: same_amount, like_reference, same_day",
    ),
    "a reference that lost a letter": (
        [ours("1", -1_234, end_to_end_id="PAYABC1234"), theirs("b", -1_234, end_to_end_id="PAYBC1234")],
        "t1 i1 b: same_amount, like_reference, same_day",
    ),
    "a reference that was cut": (
        [ours("1", -1_234, end_to_end_id="PAYMENT000012345"), theirs("b", -1_234, end_to_end_id="PAYMENT000012")],
        "t1 i1 b: same_amount, like_reference, same_day",
    ),
    "the number after it is another one": (
        [ours("1", -1_234, end_to_end_id="PAY0000011"), theirs("b", -1_234, end_to_end_id="PAY0000012")],
        "t1 i1 b: same_amount, same_day",
    ),
    "a near amount by itself is nothing": (
        [ours("1", -100_000), theirs("b", -99_500)],
        "",
    ),
    "a near amount to the same account": (
        [ours("1", -100_000, account=IBAN), theirs("b", -99_500, account=IBAN)],
        "t1 i1 b: same_account, near_amount, same_day",
    ),
    "a name that another keyboard wrote": (
        [ours("1", -1_234, party="کریم یوسفی"), theirs("b", -1_234, party="كريم يوسفي")],
        "t1 i1 b: same_amount, like_name, same_day",
    ),
    "a name in capitals without its accents": (
        [ours("1", -1_234, party="Amélie Benoît"), theirs("b", -1_234, party="BENOIT AMELIE")],
        "t1 i1 b: same_amount, like_name, same_day",
    ),
    "one order": (
        [ours("1", -1_234, batch="B1"), theirs("b", -1_234, batch="b-1")],
        "t1 i1 b: same_amount, same_batch, same_day",
    ),
    "a booking of a part of an order": (
        [*(ours(str(n), -m, batch="B1") for n, m in enumerate((1_000, 205, 777))), theirs("b", -1_205, batch="B1")],
        "t0 t1 i0 i1 b: sum_of_several, same_batch, same_day",
    ),
    "two lines that make one payment": (
        [ours("1", -1_205, account=IBAN), theirs("b", -1_000, account=IBAN), theirs("c", -205, account=HOME)],
        "t1 i1 b c: sum_of_several, same_account, same_day",
    ),
    "two lines of the same day and nothing more": (
        [ours("1", -1_205), theirs("b", -1_000), theirs("c", -205)],
        "t1 i1 b c: sum_of_several, same_day",
    ),
    "the rest of a payment that was made in two": (
        [group(*ours("1", -1_205).rows, bank("b", -1_000)), theirs("c", -205)],
        "t1 i1 b c: sum_of_several, same_day",
    ),
    "a return and what it may take back": (
        [theirs("b", -1_234, account=IBAN), theirs("c", 1_234, back=True, day=2, account=IBAN)],
        "b c: takes_back, same_account, near_day",
    ),
    "a return takes back nothing that came after it": (
        [theirs("b", -1_234, day=2), theirs("c", 1_234, back=True)],
        "",
    ),
    "a return that names what it takes back": (
        [theirs("a", -1_234), theirs("b", -1_234), theirs("c", 1_234, back=True, undoes="b")],
        "b c: takes_back, same_day",
    ),
    "money in is none that went out": (
        [ours("1", -1_234), theirs("b", 1_234)],
        "",
    ),
    "another currency": (
        [ours("1", -1_234), group(bank("b", -1_234)._replace(asset="EUR"))],
        "",
    ),
    "two that all books have": (
        [group(*ours("1", -5).rows, bank("b", -9)), group(*ours("2", -9).rows, bank("c", -5))],
        "",
    ),
}


@pytest.mark.parametrize("sentence", SENTENCES)
def test_open_groups_are_suggested_as_people_would(sentence: str) -> None:
    groups, expected = SENTENCES[sentence]
    assert written(suggest(groups, THREE)) == [expected][: bool(expected)]


def test_two_books_are_joined_without_a_bank() -> None:
    groups = [group(row(Side.LEDGER, "t", 70), terms=TWO), group(row(Side.RAIL, "i", 70), terms=TWO)]
    assert written(suggest(groups, TWO)) == ["t i: same_amount, same_day"]


def test_what_the_terms_tolerate_is_near_without_a_witness() -> None:
    groups = [ours("1", -100), theirs("b", -95)]
    assert suggest(groups, THREE) == []
    assert written(suggest(groups, replace(THREE, minor=5))) == ["t1 i1 b: near_amount, same_day"]


def test_several_that_are_as_good_are_all_suggested_and_each_for_less() -> None:
    alone = suggest([ours("1", -70), theirs("b", -70)], THREE)
    both = suggest([ours("1", -70), theirs("b", -70), theirs("c", -70)], THREE)
    assert written(both) == ["t1 i1 b: same_amount, same_day", "t1 i1 c: same_amount, same_day"]
    assert both[0].score == both[1].score < alone[0].score


def test_what_more_speaks_for_comes_first() -> None:
    found = suggest([ours("1", -70, account=IBAN), theirs("b", -70), theirs("c", -70, account=IBAN)], THREE)
    assert [one.rows[-1].id for one in found] == ["c", "b"]
    assert found[0].score > found[1].score


def test_groups_that_are_matched_are_left_aside() -> None:
    books = [ledger("t1", -70, "i1")], [rail("i1", -70, "P1")], [bank("b", -70, "P1"), bank("c", -70)]
    groups = list(match(THREE, *books))
    assert {one.verdict for one in groups} == {Verdict.MATCHED, Verdict.ONLY_THEIRS}
    assert suggest(groups, THREE) == []


def test_two_thousand_groups_of_one_amount_cost_no_more_than_so_many_looks_each(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looks = 0
    weighed = suggestions.weighed

    def counted(pair: tuple[Piece, Piece], terms: Terms) -> object:
        nonlocal looks
        looks += 1
        return weighed(pair, terms)

    monkeypatch.setattr(suggestions, "weighed", counted)
    half = range(1_000)
    found = suggest([*(ours(str(n), -70) for n in half), *(theirs(f"b{n}", -70) for n in half)], THREE)
    assert len(found) == 200
    assert 0 < looks <= 2_000 * 2 * suggestions.NEAREST


def test_sums_are_tried_no_more_often_than_so_many_times(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[int] = []

    def counted(amounts: Sequence[int], total: int) -> None:
        tried.append(len(amounts))

    monkeypatch.setattr(suggestions, "only_set", counted)
    monkeypatch.setattr(suggestions, "TRIES_MAX", 300)
    parts = [ours(str(n), -100 - n) for n in range(400)]
    suggest([*parts, *(theirs(f"b{n}", -1_050 - n) for n in range(400))], THREE)
    assert len(tried) == 300
    assert max(tried) <= suggestions.PARTS_MAX


AMOUNTS = (-1_234, -1_324, -1_230, -4, -1_000, -234, 1_234, 234)
BOOKS = [{Side.LEDGER}, {Side.RAIL}, {Side.BANK}, {Side.LEDGER, Side.RAIL}, {Side.RAIL, Side.BANK}, set(Side)]


@st.composite
def open_groups(draw: st.DrawFn) -> list[Group]:
    made = []
    for number in range(draw(st.integers(0, 12))):
        rows: list[Row] = []
        asset = draw(st.sampled_from(("IRR", "IRR", "EUR")))
        for side in sorted(draw(st.sampled_from(BOOKS))):
            on = DAY + timedelta(days=draw(st.integers(0, 5)))
            minor = draw(st.sampled_from(AMOUNTS))
            rows.append(
                Row(
                    side, f"{side}{number}", minor, asset, on, on,
                    end_to_end_id=draw(st.sampled_from(("", "PAY0012345", "PAY0012354", "PAY012345"))),
                    batch=draw(st.sampled_from(("", "B1"))),
                    party=draw(st.sampled_from(("", "Ana Silva", "SILVA ANA"))),
                    account=draw(st.sampled_from(("", IBAN, HOME, "999999999"))),
                    back=minor > 0, railed=True,
                )
            )  # fmt: skip
        one = judged(Unit(tuple(sorted(rows, key=place_of))), THREE)
        made.append(one)
    return made


@given(open_groups(), st.randoms(use_true_random=False))
@settings(max_examples=50, deadline=None)
def test_only_open_groups_each_whole_are_suggested_whatever_order_they_come_in(
    groups: list[Group], chance: random.Random
) -> None:
    found = suggest(groups, THREE)
    mixed = [one._replace(rows=tuple(chance.sample(one.rows, len(one.rows)))) for one in groups]
    chance.shuffle(mixed)
    assert suggest(mixed, THREE) == found
    assert suggest(groups, THREE, limit=2) == found[:2]
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)
    assert len({one.rows for one in found}) == len(found)
    group_of = {row: one for one in groups for row in one.rows if one.verdict is not Verdict.MATCHED}
    for one in found:
        joined = {id(group_of[row]): group_of[row] for row in one.rows}.values()
        complete = [each for each in joined if needed(tuple(each.rows), THREE) <= {row.side for row in each.rows}]
        assert len(joined) > 1
        assert sorted(one.rows, key=place_of) == sorted((row for each in joined for row in each.rows), key=place_of)
        assert len({row.asset for row in one.rows}) == 1
        assert len(complete) < 2
        assert 1 <= one.score <= 100
        assert list(one.reasons) == [reason for reason in suggestions.WEIGHTS if reason in one.reasons]
        assert one.reasons


def test_every_reason_has_a_weight() -> None:
    assert set(suggestions.WEIGHTS) == set(Reason)
