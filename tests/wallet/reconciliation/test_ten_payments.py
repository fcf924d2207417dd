"""Ten payments and what three books say of them (umeshadhikari/neopayment-hub#121): five match, one was rejected with
AC01, one has another amount, one is booked twice, one only the bank knows, one it does not know; then one comes back.

The amounts and names are those of the files of `tests/gateway/packs`.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from itertools import permutations

import pytest

from wallet.reconciliation import match
from wallet.reconciliation.rows import BreakType, Decided, Group, Row, Rule, Side, Terms, Verdict

DAY, LATER = date(2026, 11, 22), date(2026, 11, 24)
TERMS = Terms(frozenset(Side))
PAID = {1: 1_200_000, 2: 2_350_000, 3: 800_000, 4: 4_500_000, 5: 610_000, 7: 3_000_000, 8: 1_750_000, 9: 2_100_000}
"""What the ledger and the rail say that was paid; the sixth was rejected and moved nothing."""
NAMES = {1: "0107", 2: "0204", 3: "0398", 4: "0495", 5: "0592", 7: "0786", 8: "0883", 9: "0980"}


def name(place: int) -> str:
    return f"P000001N00000{NAMES[place]}"


def ours(place: int, *, back: bool = False) -> list[Row]:
    minor, on = (PAID[place], LATER) if back else (-PAID[place], DAY)
    end, own = "/back" if back else "", f"itm_{place}"
    shared = {"own": own, "end_to_end_id": name(place), "batch": "B000001O00001"}
    undoes = own if back else ""
    return [
        Row(Side.LEDGER, f"t{place}{end}", minor, "IRR", on, on, **shared, back=back, railed=True),  # type: ignore[arg-type]
        Row(Side.RAIL, f"{own}{end}", minor, "IRR", on, on, **shared, back=back, undoes=undoes),  # type: ignore[arg-type]
    ]


def line(id_: str, minor: int, called: str, on: date = DAY, *, back: bool = False) -> Row:
    return Row(Side.BANK, id_, minor, "IRR", on, on, end_to_end_id=called, reference=f"BK{id_}", back=back)


OURS = [row for place in PAID for row in ours(place)]
FIRST = [
    *(line(f"s1:{place}", -PAID[place], name(place)) for place in (1, 2, 3, 4, 5, 8)),
    line("s1:7", -2_999_000, name(7)),
    line("s1:8b", -PAID[8], name(8)),
    line("s1:10", -555_000, "NOTOURS-0001"),
]
SECOND = [line("s2:1", PAID[4], name(4), LATER, back=True)]

Said = tuple[str, Verdict, BreakType | None, int]


def made(rows: Iterable[Row], decided: Sequence[Decided] = ()) -> list[Group]:
    given = list(rows)
    ledger, rail, bank = ([row for row in given if row.side is side] for side in Side)
    return list(match(TERMS, ledger, rail, bank, decided))


def said(groups: Iterable[Group]) -> set[Said]:
    """Of two equal bookings, either may be the one too many."""
    return {
        (" ".join(row.id for row in one.rows).replace("8b", "8"), one.verdict, one.broken, one.difference_minor)
        for one in groups
    }


def matched(place: int) -> Said:
    return f"t{place} itm_{place} s1:{place}", Verdict.MATCHED, None, 0


AFTER_FIRST = {
    *(matched(place) for place in (1, 2, 3, 4, 5, 8)),
    ("t7 itm_7 s1:7", Verdict.DIFFERS, BreakType.AMOUNT, 1_000),
    ("s1:8", Verdict.ONLY_THEIRS, BreakType.DUPLICATE, -1_750_000),
    ("s1:10", Verdict.ONLY_THEIRS, BreakType.MISSING_LEDGER, -555_000),
    ("t9 itm_9", Verdict.ONLY_OURS, BreakType.MISSING_BANK, 0),
}
ALONE = ("s2:1", Verdict.ONLY_THEIRS, BreakType.RETURNED, 4_500_000)
BOOKED = ("t4/back itm_4/back s2:1", Verdict.MATCHED, None, 0)


def test_after_the_first_statement_each_is_what_it_is() -> None:
    groups = made([*OURS, *FIRST])

    assert said(groups) == AFTER_FIRST
    assert len(groups) == len(AFTER_FIRST)
    assert {one.rule for one in groups if one.verdict is Verdict.MATCHED} == {Rule.END_TO_END}


@pytest.mark.parametrize(("more", "then"), [(SECOND, ALONE), ([*SECOND, *ours(4, back=True)], BOOKED)])
def test_a_return_is_open_until_we_have_booked_it_and_the_payment_stays_matched(more: list[Row], then: Said) -> None:
    assert said(made([*OURS, *FIRST, *more])) == AFTER_FIRST | {then}


def test_a_return_that_only_we_have_waits_for_the_bank() -> None:
    ids = "t4/back itm_4/back"
    expected = (ids, Verdict.ONLY_OURS, BreakType.MISSING_BANK, 0)

    assert said(made([*OURS, *FIRST, *ours(4, back=True)])) == AFTER_FIRST | {expected}


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_the_order_of_the_files_does_not_matter(order: tuple[int, ...]) -> None:
    parts = (OURS, FIRST, SECOND, ours(4, back=True))

    assert said(made(row for at in order for row in parts[at])) == AFTER_FIRST | {BOOKED}


def test_a_day_without_a_statement_leaves_everything_of_ours_waiting() -> None:
    groups = made(OURS)

    assert len(groups) == len(PAID)
    assert {(one.verdict, one.broken) for one in groups} == {(Verdict.ONLY_OURS, BreakType.MISSING_BANK)}


def test_staff_put_the_amount_break_together_or_keep_two_apart() -> None:
    bank_and_ledger = frozenset({(Side.LEDGER, "t1"), (Side.BANK, "s1:1")})

    apart = said(made([*OURS, *FIRST], [Decided(bank_and_ledger, together=False)]))

    assert matched(1) not in apart
    assert {one[1] for one in apart if "s1:1" in one[0].split() or "t1" in one[0].split()} <= {
        Verdict.ONLY_OURS,
        Verdict.ONLY_THEIRS,
    }
