"""Statements as CSV by a profile: the two that are shipped, and what banks do to dates, marks and signs."""

import tracemalloc
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from gateway.errors import BadInput, SettingsFault
from gateway.services import banking
from gateway.wire.bankcsv import CsvProfile, read_csv, read_profile
from wallet.money import irr
from wallet.reconciliation import LineKind

SHIPPED = Path(banking.__file__).parent / "profiles"
SIGNED = """\
date,value date,amount,balance,reference,end-to-end id,name,account,description
2026-11-27,2026-11-28,-2500,7500,R1,E1,Reza,IR42,"Benefit, Mehr"
2026-11-27,,600,8100,R2,,"=HYPERLINK(""x"")",,
"""
JALALI = """\
بانک;صورتحساب
دوره;۱۴۰۵/۰۹
مانده اول دوره;۱۰٬۰۰۰
تاریخ;بدهکار;بستانکار;شماره سند;شناسه پرداخت;شرح
۱۴۰۵/۹/۶ ۱۴:۲۰;;۶۰۰;۲;;سود
۱۴۰۵/۰۹/۰۶;۲٬۵۰۰;;۱;E1;کمک هزینه
جمع;۲٬۵۰۰;۶۰۰;;;
مانده پایان دوره;۸٬۱۰۰
"""
PROFILE = read_profile(SHIPPED / "csv_signed.toml")


def test_a_signed_column_and_a_running_balance() -> None:
    found = read_csv(SIGNED.encode(), PROFILE)

    assert (found.root, found.opening, found.closing, found.sequence) == ("csv", 10_000, 8_100, 0)
    paid, came = found.lines
    assert (paid.kind, paid.amount, paid.end_to_end_id, paid.value_on) == (
        LineKind.DEBIT, irr(2_500), "E1", date(2026, 11, 28),
    )  # fmt: skip
    assert (paid.counterparty, paid.counterparty_account, paid.remittance) == ("Reza", "IR42", "Benefit, Mehr")
    assert (came.kind, came.booked_on, came.value_on) == (LineKind.CREDIT, date(2026, 11, 27), date(2026, 11, 27))


def test_what_would_be_a_formula_is_only_text() -> None:
    assert read_csv(SIGNED.encode(), PROFILE).lines[1].counterparty == '=HYPERLINK("x")'


def test_persian_headings_digits_days_and_labelled_balances() -> None:
    found = read_csv(JALALI.encode("utf-8-sig"), read_profile(SHIPPED / "csv_jalali.toml"))

    assert (found.opening, found.closing) == (10_000, 8_100)
    assert [(line.number, line.kind, line.amount.minor, line.bank_reference) for line in found.lines] == [
        (1, LineKind.DEBIT, 2_500, "1"), (2, LineKind.CREDIT, 600, "2"),
    ]  # fmt: skip
    assert {line.booked_on for line in found.lines} == {date(2026, 11, 27)}
    assert found.lines[0].remittance == "کمک هزینه"


def profile(**changed: object) -> CsvProfile:
    base = {"account": "A", "heading": False, "columns": {"booked_on": 1, "amount": 2}}
    return CsvProfile.model_validate({**base, **changed})


THREE = {"booked_on": 1, "amount": 2, "indicator": 3}
TWO = {"booked_on": 1, "debit": 2, "credit": 3}


@pytest.mark.parametrize(
    ("changed", "row", "signed"),
    [
        ({}, "2026-11-27,-5", -5),
        ({}, "2026-11-27,5-", -5),
        ({}, "2026-11-27,(5)", -5),
        ({}, "2026-11-27,+5", 5),
        ({"negative_is": "credit"}, "2026-11-27,-5", 5),
        ({"date": "DD.MM.YYYY", "delimiter": ";"}, "27.11.2026;5", 5),
        ({"date": "DD/MM/YY"}, "27/11/26,5", 5),
        ({"calendar": "jalali", "date": "YYYY/MM/DD"}, "1405/09/06,5", 5),
        ({"calendar": "jalali", "date": "YY/MM/DD"}, "05/09/06,5", 5),
        ({"thousands": ".", "decimal": ",", "delimiter": ";", "asset": "EUR"}, "2026-11-27;1.234,5", 123_450),
        ({"thousands": "'"}, "2026-11-27,1'000", 1000),
        ({"columns": THREE}, "2026-11-27,5,D", -5),
        ({"columns": THREE, "credit_words": ["بس"]}, "2026-11-27,5,بس", 5),
        ({"columns": TWO}, "2026-11-27,5,", -5),
        ({"columns": TWO}, "2026-11-27,0,5", 5),
        ({"charset": "utf-16"}, "2026-11-27,5", 5),
        ({"charset": "cp1256"}, "2026-11-27,5", 5),
        ({}, "\u200e2026-11-27\u200f,\u200e٥", 5),
    ],
)
def test_how_banks_write_a_movement(changed: dict[str, object], row: str, signed: int) -> None:
    how = profile(**changed)

    (line,) = read_csv(row.encode(how.charset, errors="ignore"), how).lines
    assert (line.booked_on, line.signed) == (date(2026, 11, 27), signed)


@pytest.mark.parametrize(
    ("changed", "text", "reason"),
    [
        ({}, "2026-11-27,5\n2026-11-31,5", "row 2: no day"),
        ({}, "27/11/2026,5", "row 1: no day"),
        ({"calendar": "jalali"}, "1405-12-30,5", "row 1: no day"),
        ({}, "2026-11-27,five", "row 1: no amount"),
        ({}, "2026-11-27,=1+1", "row 1: no amount"),
        ({}, "2026-11-27,1.5", "row 1: IRR has 0 decimals"),
        ({}, "2026-11-27", "row 1: 1 cells"),
        ({}, '2026-11-27,"5', "a quotation mark"),
        ({}, "2026-11-27,\x00", "characters that no text has"),
        ({"columns": THREE}, "2026-11-27,5,X", "row 1: neither debit nor credit"),
        ({"columns": THREE}, "2026-11-27,-5,D", "row 1: a sign beside an indicator"),
        ({"columns": TWO}, "2026-11-27,5,5", "row 1: either a debit or a credit"),
        ({"columns": TWO}, "2026-11-27,,", "row 1: either a debit or a credit"),
        ({"skip": 3}, "", "shorter than its heading"),
        (
            {"heading": True, "columns": {"booked_on": "day", "amount": 2}},
            "date,x\n",
            "no column, or two",
        ),
        ({"closing": {"label": "end"}}, "2026-11-27,5", "no line 'end'"),
        ({"opening": {"label": "a"}, "closing": {"label": "b"}}, "a,5\n2026-11-27,5\nb,11", "differ by -1"),
    ],
)
def test_what_is_not_right_is_refused_and_its_row_named(changed: dict[str, object], text: str, reason: str) -> None:
    with pytest.raises(BadInput, match=reason):
        read_csv(text.encode(), profile(**changed))


def test_a_file_in_another_charset_is_refused() -> None:
    with pytest.raises(BadInput, match="not in utf-8"):
        read_csv("2026-11-27,5,سود".encode("cp1256"), profile())


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("account = ", "Invalid value"),
        ('account = "A"\n[columns]\nbooked_on = 1\n', "columns: Value error, amount"),
        ('account = "A"\n[columns]\nbooked_on = 1\namount = 2\ndebit = 3\n', "columns: Value error, amount"),
        ('account = "A"\nheadin = false\n[columns]\nbooked_on = 1\namount = 2\n', "headin: Extra inputs"),
        ('account = "A"\nheading = false\n[columns]\nbooked_on = "d"\namount = 2\n', "without a heading"),
        ('account = "A"\ndate = "YYYY-MM"\n[columns]\nbooked_on = 1\namount = 2\n', "date: YYYY or YY"),
        ('account = "A"\ncharset = "ebcdic"\n[columns]\nbooked_on = 1\namount = 2\n', "charset: Input should be"),
        ('account = "A"\n[columns]\nbooked_on = 0\namount = 2\n', "numbers from 1"),
        ('account = "A"\nthousands = "."\n[columns]\nbooked_on = 1\namount = 2\n', "one mark"),
    ],
)
def test_a_profile_that_is_not_right_is_named_at_load(tmp_path: Path, text: str, reason: str) -> None:
    file = tmp_path / "csv.toml"
    file.write_text(text, "utf-8")

    with pytest.raises(SettingsFault, match=reason):
        read_profile(file)


def test_a_quiet_day_has_no_rows() -> None:
    found = read_csv(SIGNED.splitlines()[0].encode(), PROFILE)

    assert replace(found, lines=()) == found
    assert (found.opening, found.closing, found.from_on) == (None, None, None)


PREAMBLE = "Bank;;\nHolder;Tapdial;\n\nNumber: ۱۲;;\nBooking  Date;out;IN;balance\n27.11.2026;5;;10.005\n"
FOUND: dict[str, object] = {
    "delimiter": ";", "date": "DD.MM.YYYY", "thousands": ".", "decimal": ",", "heading": True, "find_heading": True,
    "columns": {"booked_on": "booking date", "debit": "Out", "credit": "in", "balance": "Balance"},
    "number": {"label": "number", "label_at": 1, "value_at": 1},
}  # fmt: skip


def test_a_heading_is_found_below_whatever_stands_before_it() -> None:
    found = read_csv(PREAMBLE.encode(), profile(**FOUND))
    assert (found.sequence, found.opening, found.closing, len(found.lines)) == (12, 10_010, 10_005, 1)

    again = PREAMBLE.partition("Booking")[2]
    pages = read_csv(f"{PREAMBLE}Booking{again}".replace("10.005\nB", "10.010\nB").encode(), profile(**FOUND))
    assert [line.signed for line in pages.lines] == [-5, -5]


@pytest.mark.parametrize(
    ("changed", "row", "signed"),
    [
        ({"thousands": "٬"}, "2026-11-27,۱٬۲۳۴٬۵۶۷", 1_234_567),
        ({"thousands": ",", "delimiter": ";"}, "2026-11-27;۱٬۲۳۴", 1234),
        ({"thousands": ",", "delimiter": ";"}, "2026-11-27;12,34,567", 1_234_567),
        ({"thousands": " "}, "2026-11-27,1 234", 1234),
        ({"thousands": " "}, "2026-11-27,1\u00a0234\u202f567", 1_234_567),
        ({"thousands": "'"}, "2026-11-27,1’234", 1234),
        ({"decimal": "٫", "asset": "EUR"}, "2026-11-27,۱۲٫۵", 1250),
        ({"decimal": "/", "asset": "EUR"}, "2026-11-27,۱۲/۵", 1250),
        ({"asset": "EUR"}, "2026-11-27,۱۲٫۵", 1250),
        ({"asset": "EUR"}, "2026-11-27,.5", 50),
        ({}, "2026-11-27,5 D", -5),
        ({}, "2026-11-27,5C", 5),
        ({"debit_words": ["Dr"], "credit_words": ["Cr"]}, "2026-11-27,5 DR", -5),
        ({"beside": ["ریال", "IRR"]}, "2026-11-27,۵ ريال", 5),
        ({"beside": ["ریال", "IRR"]}, "2026-11-27,IRR -5", -5),
        ({}, "2026-11-27,‐5", -5),
        ({}, "2026-11-27,- 5", -5),
        ({"columns": THREE, "debit_words": ["بدهكار"]}, "2026-11-27,5,بدهکار", -5),
        ({"columns": TWO, "column_negative": "same"}, "2026-11-27,-5,", -5),
        ({"columns": TWO, "column_negative": "reversal"}, "2026-11-27,(5),", 5),
        ({"date": "DD-MMM-YYYY"}, "27-NOV-2026,5", 5),
        ({"date": "DD MMM YY"}, "27 November 26,5", 5),
        ({"date": "YYYYMMDD"}, "20261127,5", 5),
        ({"date": "MM/DD/YYYY"}, "11/27/2026 14:20:05,5", 5),
        ({"calendar": "jalali", "date": "DD MMM YYYY"}, "۶ آذر ۱۴۰۵,5", 5),
        ({"ragged": True, "columns": {"booked_on": 1, "amount": 2, "remittance": 9}}, "2026-11-27,5", 5),
        ({"quote": ""}, '2026-11-27,5,5" pipe', 5),
        ({"quote": "'"}, "2026-11-27,'5'", 5),
        ({"charset": "cp1256"}, "\ufeff2026-11-27,۵", 5),
        ({"delimiter": "\t"}, "2026-11-27\t5\t", 5),
        ({}, 'sep=,\r\n2026-11-27,5,"two\r\nlines"\r\n', 5),
    ],
)
def test_more_of_how_banks_write_a_movement(changed: dict[str, object], row: str, signed: int) -> None:
    (line,) = read_csv(row.encode(), profile(**changed)).lines
    assert (line.booked_on, line.signed) == (date(2026, 11, 27), signed)
    assert line.reversal == (changed.get("column_negative") == "reversal")


def test_what_is_no_movement_is_counted_and_left_out() -> None:
    found = read_csv(b"2026-11-27,0\n2026-11-27,5\n,\n", profile())
    assert (found.left_out, [line.signed for line in found.lines]) == (1, [5])
    two = read_csv(b"2026-11-27,0,0\n2026-11-27,,5\n", profile(columns=TWO))
    assert (two.left_out, [line.signed for line in two.lines]) == (1, [5])


def test_a_mark_of_unicode_says_more_than_the_profile() -> None:
    for charset in ("utf-16", "utf-8-sig"):
        (line,) = read_csv("2026-11-27,5".encode(charset), profile(charset="cp1256")).lines
        assert line.signed == 5


def test_a_jalali_year_of_two_digits_is_of_the_nearest_century() -> None:
    how = profile(calendar="jalali", date="YY/MM/DD")
    assert [line.booked_on.year for line in read_csv(b"99/12/29,5\n05/01/01,5\n", how).lines] == [2021, 2026]


@pytest.mark.parametrize(
    ("changed", "text", "reason"),
    [
        ({"thousands": ","}, '2026-11-27,"1,50"', "row 1: no amount"),
        ({"thousands": ","}, '2026-11-27,"1,2345"', "row 1: no amount"),
        ({}, "2026-11-27,(5", "row 1: no amount"),
        ({}, "2026-11-27,-5-", "row 1: no amount"),
        ({}, "2026-11-27,", "row 1: no amount"),
        ({}, "2026-11-271,5", "row 1: no day"),
        ({"date": "DD MMM YYYY"}, "27 Nox 2026,5", "row 1: no day"),
        ({"columns": TWO}, "2026-11-27,-5,", "row 1: a minus in a column of its own side"),
        ({"until": "Total"}, "2026-11-27,5\nTotal: 5,\n2026-11-28,7\n", "row 3: a movement below row 2, which ends"),
        ({"heading": True, "columns": {"booked_on": "day", "amount": "sum"}},
         "day,sum\n2026-11-27,5,000\n", "row 2: 3 cells, more than the heading has"),
        ({"heading": True, "find_heading": True, "columns": {"booked_on": "day", "amount": "sum"}},
         "\n" * 200, "no heading with the profile's columns in the first 100 lines"),
        ({"number": {"label": "No"}}, "No,seven\n2026-11-27,5", "row 1: no number of a statement"),
        ({"charset": "utf-16"}, "2026-11-27,5", "not in utf-16"),
    ],
)  # fmt: skip
def test_more_of_what_is_refused(changed: dict[str, object], text: str, reason: str) -> None:
    with pytest.raises(BadInput, match=reason):
        read_csv(text.encode(), profile(**changed))


def test_totals_and_balances_below_the_end_are_no_movements() -> None:
    how = profile(until=["Total", "جمع"], closing={"label": "closes"})
    found = read_csv("2026-11-27,5\nجمع کل,5,\nTotal,5\ncloses,9\n".encode(), how)
    assert (found.closing, len(found.lines)) == (9, 1)


def test_a_million_rows_are_read_one_after_another_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.wire.bankcsv.LINES_MAX", 2000)
    tracemalloc.start()
    try:
        with pytest.raises(BadInput, match="row 2001: more than 2000 movements"):
            read_csv(b"2026-11-27,5\n" * 1_000_000, profile())
        assert tracemalloc.get_traced_memory()[1] < 40_000_000
    finally:
        tracemalloc.stop()
