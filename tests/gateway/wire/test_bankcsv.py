"""Statements as CSV by a profile: the two that are shipped, and what banks do to dates, marks and signs."""

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
        ({}, "2026-11-27,0", "row 1: an amount of nothing"),
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
