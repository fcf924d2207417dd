"""Every line of a file becomes a payment or says why not; hostile files are refused before they are unpacked."""

import datetime
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import BadInput
from gateway.services.payouts.answers import RowFault
from gateway.services.payouts.fields import Draft, Rows
from gateway.services.payouts.model import BadRow
from tests.gateway.services.payouts.files import packed, sheet
from tests.gateway.services.payouts.house import iban

ONE = iban(1)
HEADING = "reference,msisdn,national,person,iban,name,amount,purpose,note"


def read(text: bytes) -> list[Draft | BadRow]:
    return list(Rows(io.BytesIO(text), is_sheet=text.startswith(b"PK")).rows())


def line(**cells: str) -> str:
    return ",".join(cells.get(name, "") for name in HEADING.split(","))


GOOD = {"reference": "r1", "msisdn": "09121234567", "amount": "1000"}


@pytest.mark.parametrize(
    "text",
    [
        f"{HEADING}\n{line(**GOOD)}\n".encode(),
        b"\xef\xbb\xbf" + f"{HEADING}\r\n{line(**GOOD)}\r\n".encode(),
        f"{HEADING.replace(',', ';')}\n{line(**GOOD).replace(',', ';')}".encode(),
        f"{HEADING.replace(',', chr(9))}\n{line(**GOOD).replace(',', chr(9))}\n".encode(),
        "Amount,MSISDN,Reference\n۱٬۰۰۰,۰۹۱۲۱۲۳۴۵۶۷,r۱\n".encode(),
        "مبلغ,موبایل,شناسه\n1'000,+98 912 123 4567,r1\n".encode(),
        sheet([["reference", "msisdn", "amount"], ["r1", "09121234567", 1000]]),
        sheet([["amount", "phone", "ref"], [1000.0, 989121234567, "r1"]]),
    ],
)
def test_the_same_payment_is_read_however_the_file_is_written(text: bytes) -> None:
    (draft,) = read(text)
    assert isinstance(draft, Draft)
    assert (draft.line, draft.reference, draft.msisdn, draft.minor) == (2, "r1", "+989121234567", 1000)
    assert draft.purpose == "SSBE"


@pytest.mark.parametrize(
    ("cells", "column", "fault"),
    [
        ({"reference": ""}, "reference", RowFault.REFERENCE),
        ({"reference": "a b"}, "reference", RowFault.REFERENCE),
        ({"reference": "=1+1"}, "reference", RowFault.FORMULA),
        ({"reference": "-r1"}, "reference", RowFault.FORMULA),
        ({"reference": "#REF!"}, "reference", RowFault.FORMULA),
        ({"msisdn": "0212345678"}, "msisdn", RowFault.PHONE),
        ({"msisdn": '=HYPERLINK("x")'.replace('"', "")}, "msisdn", RowFault.FORMULA),
        ({"msisdn": ""}, "", RowFault.PAYEE),
        ({"national": "0012345679"}, "national", RowFault.PAYEE),
        ({"msisdn": "", "national": "12"}, "national", RowFault.NATIONAL),
        ({"msisdn": "", "person": "per_1"}, "person", RowFault.NOBODY),
        ({"iban": ONE[:-1] + ("0" if ONE[-1] != "0" else "1")}, "iban", RowFault.IBAN),
        ({"msisdn": "", "iban": ONE}, "name", RowFault.NAME),
        ({"msisdn": "", "iban": ONE, "name": "@cmd"}, "name", RowFault.FORMULA),
        ({"msisdn": "", "iban": ONE, "name": "A" * 71}, "name", RowFault.NAME),
        ({"name": "<b>"}, "name", RowFault.NAME),
        ({"amount": "0"}, "amount", RowFault.AMOUNT),
        ({"amount": "1.5"}, "amount", RowFault.AMOUNT),
        ({"amount": "-5"}, "amount", RowFault.FORMULA),
        ({"amount": str(2**62 + 1)}, "amount", RowFault.AMOUNT),
        ({"purpose": "pens"}, "purpose", RowFault.PURPOSE),
        ({"note": "x" * 141}, "note", RowFault.TOO_LONG),
        ({"note": "=2"}, "note", RowFault.FORMULA),
        ({"note": "a\x00b"}, "", RowFault.CONTROL),
        ({"note": '"open'}, "", RowFault.QUOTES),
        ({"note": "a,b"}, "", RowFault.COLUMNS),
        ({"note": "x" * 9000}, "", RowFault.TOO_LONG),
    ],
)
def test_a_bad_row_says_its_line_its_column_and_why(cells: dict[str, str], column: str, fault: RowFault) -> None:
    text = f"{HEADING}\n{line(**{**GOOD, **cells})}\n{line(**GOOD)}\n".encode()
    bad, good = read(text)
    assert bad == BadRow(2, column, fault)
    assert isinstance(good, Draft)


def test_a_sheet_has_formulas_dates_and_empty_rows_as_what_they_are() -> None:
    rows: list[list[object]] = [
        ["reference", "msisdn", "amount"],
        ["r1", "09121234567", "=1000*2"],
        [None, None, None],
        ["r2", "09121234567", datetime.date(2026, 1, 1)],
        ["r3", "09121234567", 12.5],
        ["r4", "09121234567", 7, "more"],
        ["r5", "09121234567", 7],
    ]
    faults = [one if isinstance(one, BadRow) else one.reference for one in read(sheet(rows))]
    assert faults == [
        BadRow(2, "amount", RowFault.FORMULA),
        BadRow(4, "amount", RowFault.TYPE),
        BadRow(5, "amount", RowFault.AMOUNT),
        BadRow(6, "", RowFault.COLUMNS),
        "r5",
    ]


PLAIN = sheet([["reference", "msisdn", "amount"], ["r1", "09121234567", 1000]])
SHEET = "xl/worksheets/sheet1.xml"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a bomb", packed(PLAIN, {SHEET: b"<worksheet>" + b" " * 40_000_000})),
        ("macros", packed(PLAIN, {"xl/vbaProject.bin": b"x"})),
        ("links", packed(PLAIN, {"xl/externalLinks/externalLink1.xml": b"<externalLink/>"})),
        ("a document type", packed(PLAIN, {SHEET: b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><worksheet/>'})),
        ("a late one", packed(PLAIN, {SHEET: b"<!--" + b"-" * 9000 + b"--><!DOCTYPE a><worksheet/>"})),
        ("UTF-16", packed(PLAIN, {SHEET: "<worksheet/>".encode("utf-16")})),
        ("many parts", packed(PLAIN, {f"xl/media/{place}.png": b"" for place in range(300)})),
        ("a way out", packed(PLAIN, {"../evil.xml": b"<a/>"})),
        ("half of it", PLAIN[: len(PLAIN) // 2]),
        ("no zip", b"PK\x03\x04 and nothing"),
        ("no heading", sheet([[None]])),
        ("an old one", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
        ("UTF-16 text", "reference,msisdn,amount\n".encode("utf-16")),
        ("a strange column", b"reference,msisdn,amount,password\n"),
        ("a column twice", b"reference,msisdn,amount,phone\n"),
        ("no amount", b"reference,msisdn\n"),
        ("no payee", b"reference,amount\n"),
        ("nothing", b""),
    ],
)
def test_a_hostile_file_is_refused_as_a_whole(name: str, text: bytes) -> None:
    with pytest.raises(BadInput):
        read(text)


@given(st.binary(max_size=300))
def test_whatever_the_octets_reading_ends_in_rows_or_a_refusal(octets: bytes) -> None:
    try:
        found = read(HEADING.encode() + b"\n" + octets)
    except BadInput:
        return
    assert all(isinstance(one, Draft | BadRow) for one in found)
