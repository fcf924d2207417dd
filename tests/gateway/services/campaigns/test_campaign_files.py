"""Files of rows: hostile ones cost their own line and nothing else, and every bad line says why."""

import io
import resource
from typing import BinaryIO, cast

import pytest

from gateway.errors import BadInput
from gateway.services.campaigns import templates
from gateway.services.campaigns.intake import Intake
from gateway.services.campaigns.model import BadRow, Draft, RowFault

GOOD = b"09120000009,500\n"


def read(file: bytes, *, needed: tuple[str, ...] = ("amount",)) -> list[Draft | BadRow]:
    return list(Intake(io.BytesIO(file), needed=needed, languages=("en", "fa")).rows())


@pytest.mark.parametrize(
    ("line", "fault", "column"),
    [
        (b"0912000\x00001,5\n", RowFault.CONTROL, ""),
        (b"09120000001,\xe2\x80\xae5\n", RowFault.CONTROL, ""),
        (b"09120000001,\xff\xfe\n", RowFault.ENCODING, ""),
        (b"09120000001," + b"5" * 10_000_000 + b"\n", RowFault.TOO_LONG, ""),
        (b"09120000001," + b"5" * 201 + b"\n", RowFault.TOO_LONG, "amount"),
        (b'09120000001,"5\n', RowFault.QUOTES, ""),
        (b'09120000001,"5"6\n', RowFault.QUOTES, ""),
        (b"09120000001\n", RowFault.COLUMNS, ""),
        (b"09120000001,5,6\n", RowFault.COLUMNS, ""),
        (b"9.12E+09,5\n", RowFault.PHONE, "phone"),
        (b"02188776655,5\n", RowFault.PHONE, "phone"),
        (b"=09120000001,5\n", RowFault.PHONE, "phone"),
        (b",5\n", RowFault.PHONE, "phone"),
        (b"09120000001,=1+1\n", RowFault.FORMULA, "amount"),
        (b"09120000001,#REF!\n", RowFault.FORMULA, "amount"),
        (b"09120000001,-5\n", RowFault.FORMULA, "amount"),
        (b"09120000001,\n", RowFault.EMPTY, "amount"),
        (b"09120000001,1.5\n", RowFault.AMOUNT, "amount"),
        (b"09120000001,0\n", RowFault.AMOUNT, "amount"),
        (b"09120000001,99999999999999999999\n", RowFault.AMOUNT, "amount"),
    ],
    ids=lambda value: value[:24] if isinstance(value, bytes) else str(value),
)
def test_a_hostile_line_costs_itself_alone(line: bytes, fault: RowFault, column: str) -> None:
    bad, good = read(b"phone,amount\n" + line + GOOD)

    assert bad == BadRow(2, fault, column)
    assert good == Draft(3, "+989120000009", "", {"amount": "500"})


@pytest.mark.parametrize(
    "file",
    [
        b"\xef\xbb\xbfphone;amount\r\n09120000001;1,500\r\n",
        b'Phone,Amount\n0912 000 0001,"1,500"\n',
        b"amount\tphone\n1500\t+989120000001",
        "phone,amount\n۰۹۱۲۰۰۰۰۰۰۱,۱٬۵۰۰\n".encode(),
        b"phone,amount\n\n9120000001,1500\n  \n",
    ],
)
def test_files_of_every_spreadsheet_are_read(file: bytes) -> None:
    (row,) = read(file)

    assert isinstance(row, Draft)
    assert (row.msisdn, row.values) == ("+989120000001", {"amount": "1500"})


@pytest.mark.parametrize(
    "heading",
    [b"", b"number,amount\n", b"phone,phone\n", b"phone,pay_code\n", b"phone,a b\n", b"\xff\xfep\x00h\x00", b"x" * 9000,
     b"phone," + b",".join(b"c%d" % n for n in range(40)) + b"\n", b'phone,"x\n'],
)  # fmt: skip
def test_a_file_without_a_proper_heading_is_refused(heading: bytes) -> None:
    with pytest.raises(BadInput):
        Intake(io.BytesIO(heading), needed=(), languages=("en",))


def test_a_language_and_a_day_are_checked() -> None:
    file = b"phone,language,due\n09120000001,FA,2026-12-01\n09120000002,de,\n09120000003,,2026-13-01\n"
    first, *others = read(file, needed=())

    assert first == Draft(2, "+989120000001", "fa", {"due": "2026-12-01"})
    assert others == [BadRow(3, RowFault.LANGUAGE, "language"), BadRow(4, RowFault.DAY, "due")]


class Endless(io.RawIOBase):
    """A heading, then one line of `left` bytes."""

    left = 200_000_000
    heading = b"phone\n"

    def readline(self, size: int | None = -1, /) -> bytes:
        assert size is not None
        assert size > 0, "an unbounded read"
        if self.heading:
            heading, self.heading = self.heading, b""
            return heading
        taken = min(size, self.left)
        self.left -= taken
        return b"x" * taken


def test_a_line_without_an_end_takes_no_memory() -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    rows = list(Intake(cast("BinaryIO", Endless()), needed=(), languages=("en",)).rows())

    assert rows == [BadRow(2, RowFault.TOO_LONG)]
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000


@pytest.mark.parametrize(
    "text",
    ["", " ", "x" * 701, "{", "{}", "{0}", "{a.b}", "{a[0]}", "{a!r}", "{a:>9999999}", "{A}", "}", "a\x00", "\u202eb"],
)
def test_a_text_that_is_no_template_is_refused(text: str) -> None:
    with pytest.raises(BadInput):
        templates.placeholders(text)


def test_a_text_that_names_what_no_column_has_is_refused() -> None:
    templates.check({"en": "{name} {pay_code} {service_code}"}, ["phone", "name"])
    with pytest.raises(BadInput, match="nmae"):
        templates.check({"en": "{nmae}"}, ["phone", "name"])
    with pytest.raises(BadInput):
        templates.check({}, ["phone"])
