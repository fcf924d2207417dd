"""MT940 as several banks write it, compared with a reader of another hand."""

from dataclasses import replace
from datetime import date

import mt940
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import BadInput
from gateway.wire.mt940 import read_mt940
from tests.gateway.wire.bank_files import MT940
from wallet.money import irr
from wallet.reconciliation import BankStatement, LineKind, StatementLine


def one(text: str) -> BankStatement:
    (found,) = read_mt940(text.encode())
    return found


def line_of(field_61: str, field_86: str = "") -> StatementLine:
    """The line of a statement that has this entry alone."""
    text = f":20:S\n:25:A\n:28C:1\n:60F:C261126EUR0,\n:61:{field_61}\n:86:{field_86}\n:62F:C261127EUR0,\n"
    sums = {"C": 1, "D": -1, "RC": -1, "RD": 1}
    mark = next(mark for mark in ("RC", "RD", "C", "D") if mark in field_61[6:12])
    digits = field_61.partition("N")[0].rpartition(mark[-1])[2]
    moved = sums[mark] * round(float(digits.replace(",", ".")) * 100)
    closing = f"{'C' if moved >= 0 else 'D'}261127EUR{abs(moved) // 100},{abs(moved) % 100:02d}"
    return one(text.replace(":62F:C261127EUR0,", f":62F:{closing}")).lines[0]


def test_a_statement_in_the_envelope_of_swift_is_read_whole() -> None:
    found = one(MT940)

    assert replace(found, lines=()) == BankStatement(
        "mt940", "STM7", "IR062960000000100324200001", "IRR", 7, 10_000, 8_100, date(2026, 11, 26), date(2026, 11, 27),
        (), pages=(1, 1),
    )  # fmt: skip
    paid, back, interest = found.lines
    assert (paid.number, paid.kind, paid.amount, paid.end_to_end_id) == (1, LineKind.DEBIT, irr(2_500), "E1")
    assert (paid.bank_reference, paid.counterparty, paid.code) == ("R1", "Reza Mohammadi", "NTRF")
    assert (paid.counterparty_account, paid.remittance) == ("IR062960000000100324200002", "Benefit of Mehr")
    assert (back.kind, back.reversal, back.end_to_end_id, back.return_reason) == (LineKind.CREDIT, True, "E2", "AC04")
    assert (back.counterparty, back.remittance) == ("Maryam", "account closed")
    assert (interest.end_to_end_id, interest.remittance, interest.count) == ("", "free words over two lines", 1)


@pytest.mark.parametrize("text", [MT940, MT940.replace("\n", "\r\n"), MT940.replace("\n-}\n", "\n-\n")])
def test_a_reader_of_another_hand_sees_the_same_movements(text: str) -> None:
    theirs = mt940.parse(text)

    assert [line.signed for line in one(text).lines] == [int(t.data["amount"].amount) for t in theirs]
    assert [line.value_on for line in one(text).lines] == [t.data["date"] for t in theirs]
    assert [line.bank_reference for line in one(text).lines] == [t.data["bank_reference"] or "" for t in theirs]


@pytest.mark.parametrize("separator", ["", "-\n", "-}\n", "{5:{CHK:1234567890AB}}\n"])
def test_a_file_has_several_statements(separator: str) -> None:
    text = MT940.replace("-}\n", separator)

    assert [found.sequence for found in read_mt940((text + text.replace("28C:7/1", "28C:8")).encode())] == [7, 8]


def test_the_pages_of_one_number_are_one_statement() -> None:
    first = ":20:S\n:25:A\n:28C:9/1\n:60F:C261126IRR10,\n:61:261127C5,NTRFX\n:62M:C261127IRR15,\n-\n"
    second = ":20:S\n:25:A\n:28C:9/2\n:60M:C261127IRR15,\n:61:261127D1,NTRFY\n:62F:C261127IRR14,\n-\n"
    found = one(first + second)

    assert (found.opening, found.closing, [line.number for line in found.lines]) == (10, 14, [1, 2])


@pytest.mark.parametrize(
    ("mark", "kind", "reversal"),
    [
        ("C", LineKind.CREDIT, False), ("D", LineKind.DEBIT, False),
        ("RC", LineKind.DEBIT, True), ("RD", LineKind.CREDIT, True),
    ],
)  # fmt: skip
def test_a_reversal_has_the_side_that_it_moves(mark: str, kind: LineKind, *, reversal: bool) -> None:
    line = line_of(f"261127{mark}1,5NTRFREF")

    assert (line.kind, line.reversal, line.amount.minor) == (kind, reversal, 150)


@pytest.mark.parametrize(
    ("field_61", "booked_on"),
    [
        ("2612310102D1,NTRFX", date(2027, 1, 2)),
        ("2701011231D1,NTRFX", date(2026, 12, 31)),
        ("261127D1,NTRFX", date(2026, 11, 27)),
        ("2803010229D1,NTRFX", date(2028, 2, 29)),
    ],
)
def test_the_day_of_booking_is_in_the_nearest_year(field_61: str, booked_on: date) -> None:
    assert line_of(field_61).booked_on == booked_on


@pytest.mark.parametrize(
    ("field_86", "end_to_end_id", "message_id", "information", "count"),
    [
        ("", "REF1", "REF1", "", 1),
        ("116?00BATCH?20KREF+ord_1?21SVWZ+Mehr", "", "ord_1", "", 0),
        ("/TRTP/SEPA BATCH/PREF/ord_1/NRTX/3", "", "REF1", "ord_1", 0),
        ("EREF+E77 KREF+ord_1", "E77", "ord_1", "", 1),
        ("166?20EREF+NOTPROVIDED?21KREF+ord_1", "", "ord_1", "", 0),
        ("166?20ER?21EF+E1234567890?22123456", "E1234567890123456", "REF1", "", 1),
        ("/EREF/E5/EREF/E6/REMI/words", "E5", "REF1", "", 1),
    ],
)
def test_what_field_86_says_of_the_payment(
    field_86: str, end_to_end_id: str, message_id: str, information: str, count: int
) -> None:
    line = line_of("261127D1,NTRFREF1//B1", field_86)

    assert (line.end_to_end_id, line.message_id) == (end_to_end_id, message_id)
    assert (line.payment_information_id, line.count) == (information, count)


def test_expected_movements_are_counted_and_not_booked() -> None:
    found = one(MT940.replace(":62F", ":61:261128EC77,NTRFX\n:62F"))

    assert (len(found.lines), found.left_out) == (3, 1)


def test_letters_of_an_old_charset_are_read() -> None:
    octets = MT940.replace("free words", "Zinsen für März").encode("latin-1")

    assert read_mt940(octets)[0].lines[2].remittance.startswith("Zinsen für März")


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (":62F:C261127IRR8100,", ":62F:C261127IRR8101,", "differ by -1"),
        (":62F:C261127IRR8100,\n:64:C261127IRR8100,\n:86:have a nice day\n", "", "cut off"),
        (":61:2611271127D2500,", ":61:2611271127D2,5", "entry 1: IRR has 0 decimals"),
        (":61:2611271127D2500,", ":61:2611271127D2,5,0", "entry 1: no amount"),
        (":61:2611271127D2500,", ":61:2613271127D2500,", "entry 1: no day"),
        (":61:2611271127D2500,", ":61:2611271331D2500,", "entry 1: no day"),
        (":61:2611271127D2500,", ":61:2611271127X2500,", "entry 1: not of the form"),
        ("IRR10000", "XYZ10000", "balance 60F: a currency that is not kept"),
        (":60F:C261126IRR10000,\n", "", "entry 1: before the opening balance"),
        (":25:IR062960000000100324200001\n", "", "names no account"),
        (":28C:7/1", ":28C:seven", "no number"),
        (":20:STM7\n", "", "field 25 before any statement"),
        ("free words", "x" * 5000, "field 86 is too long"),
    ],
)
def test_what_is_not_right_is_refused_and_named(old: str, new: str, reason: str) -> None:
    assert old in MT940
    with pytest.raises(BadInput, match=reason):
        read_mt940(MT940.replace(old, new).encode())


@given(st.lists(st.tuples(st.sampled_from("CD"), st.integers(1, 10**12)), max_size=15), st.integers(0, 10**9))
def test_balances_and_lines_agree_whatever_moves(moves: list[tuple[str, int]], opening: int) -> None:
    closing = opening + sum(minor if mark == "C" else -minor for mark, minor in moves)
    entries = "".join(f":61:261127{mark}{minor},NTRFX\n" for mark, minor in moves)
    side = "C" if closing >= 0 else "D"
    text = f":20:S\n:25:A\n:28C:1\n:60F:C261126IRR{opening},\n{entries}:62F:{side}261127IRR{abs(closing)},\n"

    assert [line.signed for line in one(text).lines] == [m if mark == "C" else -m for mark, m in moves]
