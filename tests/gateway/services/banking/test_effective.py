"""Which statements count: one form a day, the newest of twins, each movement of overlapping exports once."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.services.banking.effective import Sheet, families, merged
from wallet.money import irr
from wallet.reconciliation import LineKind, StatementLine

DAY = date(2026, 11, 22)
MONTH = DAY + timedelta(days=30)
NEXT, LAST = DAY + timedelta(days=1), DAY + timedelta(days=2)


def sheet(name: str, root: str = "camt.053", sequence: int = 1, first: date = DAY, last: date = DAY) -> Sheet:
    return Sheet(f"stm_{name}", "IR22", "IRR", root, sequence, first, last, 3)


def line(number: int, minor: int, on: date = DAY, reference: str = "") -> StatementLine:
    return StatementLine(number, LineKind.DEBIT, irr(minor), on, on, bank_reference=reference)


def grouped(*sheets: Sheet) -> list[tuple[list[str], list[str]]]:
    """Names of each family, and of what is richer than it."""
    found = [([one.id for one in each.sheets], [one.id for one in each.richer]) for each in families(sheets)]
    return sorted(found)


@pytest.mark.parametrize(
    ("sheets", "found"),
    [
        ((sheet("a"), sheet("b", sequence=2)), [(["stm_a"], []), (["stm_b"], [])]),
        ((sheet("a"), sheet("b")), [(["stm_a", "stm_b"], [])]),
        ((sheet("a"), replace(sheet("b"), account="IR33")), [(["stm_a"], []), (["stm_b"], [])]),
        ((sheet("a"), replace(sheet("b"), asset="EUR")), [(["stm_a"], []), (["stm_b"], [])]),
        ((sheet("a"), sheet("b", first=MONTH, last=MONTH)), [(["stm_a"], []), (["stm_b"], [])]),
        ((sheet("a"), sheet("b", first=LAST, last=LAST)), [(["stm_a", "stm_b"], [])]),
        ((sheet("a", "csv", 0), sheet("b", "csv", 0, NEXT, NEXT)), [(["stm_a"], []), (["stm_b"], [])]),
        (
            (sheet("c", "csv", 0, NEXT, LAST), sheet("a", "csv", 0, DAY, NEXT), sheet("b", "csv", 0, LAST, LAST)),
            [(["stm_a", "stm_b", "stm_c"], [])],
        ),
        ((sheet("a", "mt940"), sheet("b")), [(["stm_a"], ["stm_b"]), (["stm_b"], [])]),
        (
            (sheet("a", "csv", 0), sheet("b", "mt940"), sheet("c", last=LAST, first=LAST)),
            [(["stm_a"], ["stm_b"]), (["stm_b"], []), (["stm_c"], [])],
        ),
    ],
)
def test_statements_fall_into_families(sheets: tuple[Sheet, ...], found: list[object]) -> None:
    assert grouped(*sheets) == found
    assert grouped(*reversed(sheets)) == found


def test_a_poorer_form_leaves_days_alone_that_a_richer_one_covers() -> None:
    export, daily = sheet("a", "csv", 0, DAY, LAST), sheet("b", first=NEXT, last=NEXT)

    (poorer,) = (each for each in families([export, daily]) if each.richer)

    assert [poorer.counts(day) for day in (DAY, NEXT, LAST)] == [True, False, True]


def test_a_line_that_was_booked_before_the_statement_begins_comes_with_its_first_day() -> None:
    of_two_days = sheet("a", first=DAY, last=NEXT)

    days = [of_two_days.day_of(line(1, 5, on)) for on in (DAY - timedelta(days=3), DAY, NEXT, LAST)]

    assert days == [DAY, DAY, NEXT, NEXT]


def test_of_twins_the_newest_says_what_there_is_under_the_names_that_its_lines_had_first() -> None:
    (twins,) = families([sheet("b"), sheet("a")])
    old = [line(1, 10, reference="R1"), line(2, 20, reference="R2"), line(3, 30, reference="R3")]
    new = [line(1, 10, reference="R1"), line(2, 30, reference="R3"), line(3, 44, reference="R4")]

    found = merged(twins, [old, new])

    assert [(each.id, one.number, one.amount.minor) for each, one in found] == [
        ("stm_a", 1, 10),
        ("stm_a", 3, 30),
        ("stm_b", 3, 44),
    ]


EXPORTS = st.lists(st.integers(0, 9), min_size=1, max_size=40)


@given(EXPORTS, st.data())
def test_overlapping_exports_say_each_movement_once(minors: list[int], data: st.DataObject) -> None:
    """An account of equal lines a day, exported in overlapping spans: together they are the account."""
    days = sorted((DAY + timedelta(days=minor % 5), 1 + minor % 2) for minor in minors)
    spans = data.draw(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=5))
    spans = [(min(span), max(span)) for span in spans] + [(0, 4)]
    sheets = [
        sheet(f"{place}", "csv", 0, DAY + timedelta(days=first), DAY + timedelta(days=last))
        for place, (first, last) in enumerate(spans)
    ]
    found: list[tuple[date, int]] = []
    for family in families(sheets):
        lines = [
            [line(n, minor, on) for n, (on, minor) in enumerate(days, 1) if each.covers(on)] for each in family.sheets
        ]
        found += [(one.booked_on, one.amount.minor) for _, one in merged(family, lines)]
    assert sorted(found) == days
