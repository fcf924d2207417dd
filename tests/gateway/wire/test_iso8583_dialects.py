"""Dialects: messages that others published, every element of every table, changed bytes, and bad files."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import iso8583 as pyiso8583
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from iso8583.specs import default, default_ascii

from gateway.errors import SettingsFault
from gateway.wire.iso8583 import (
    DIALECTS,
    HOUSE,
    BadMessage,
    Dialect,
    Message,
    decode,
    encode,
    encode_span,
    read_dialect,
    split_mac,
)
from gateway.wire.iso8583.fields import parse_field

MAC = bytes.fromhex("A1B2C3D4E5F60718")
ALL = sorted(DIALECTS)
DRUGS = "NJ NEWARK          123 PINE STREET      USWRIGHT AID DRUGS"
PUBLISHED: Mapping[str, tuple[str, bytes, Message]] = {
    "pyiso8583's first example": (
        "iso87_ascii",
        b"02004010100000000000161234567890123456123456111",
        Message("0200", {2: "1234567890123456", 12: "123456", 20: "111"}),
    ),
    "a sale of a public tutorial": (
        "iso87_ascii",
        b"02003220000000808000000010000000001500120604120000000112340001840",
        Message("0200", {3: "000010", 4: "000000001500", 7: "1206041200", 11: "000001", 41: "12340001", 49: "840"}),
    ),
    "a balance inquiry from an ATM, 1993": (
        "iso93_ascii",
        b"11006230450120E0900014000000000000003120000108204503007530950108144500601121120121014C100"
        b"11101111111182656258101223070=99120041947NY030400               58" + DRUGS.encode() + b"840CD2C09CDCA80244C",
        Message("1100", {
            2: "0" * 14, 3: "312000", 7: "0108204503", 11: "007530", 12: "950108144500", 18: "6011",
            22: "21120121014C", 24: "100", 32: "10111111118", 35: "56258101223070=99120041947", 41: "NY030400",
            42: " " * 15, 43: DRUGS, 49: "840", 52: bytes.fromhex("CD2C09CDCA80244C"),
        }),
    ),
    "its answer": (
        "iso93_ascii",
        (b"1110E2300001020004000000000004000000140000000000000031200001082045060075309501081445001110111111118000"
        b"0402001840C0000007000002002840C0000006000001400000012456184"),
        Message("1110", {
            2: "0" * 14, 3: "312000", 7: "0108204506", 11: "007530", 12: "950108144500", 32: "10111111118", 39: "000",
            54: "2001840C0000007000002002840C000000600000", 102: "00000012456184",
        }),
    ),
    "a sign-on, packed": (
        "iso87_binary",
        bytes.fromhex("0800 82200000 00000000 0400000000000000 1204230517 000001 0301"),
        Message("0800", {7: "1204230517", 11: "000001", 70: "301"}),
    ),
    "a sale, packed, with odd numbers of digits": (
        "iso87_binary",
        bytes.fromhex(
            "0200 7020048020C08200 17 047617390010101190 000000 000000015099 000007 0071 00"
            "33 04761739001010119D2212201100000001 5445524D30303031 534F4D454D45524348414E54303031 383430 0003 9F0206"
        ),
        Message("0200", {
            2: "47617390010101190", 3: "000000", 4: "000000015099", 11: "000007", 22: "071", 25: "00",
            35: "4761739001010119D2212201100000001", 41: "TERM0001", 42: "SOMEMERCHANT001", 49: "840",
            55: bytes.fromhex("9F0206"),
        }),
    ),
    "a sale of a mainframe": (
        "iso87_ebcdic",
        bytes.fromhex("F0F2F0F0 7000000000800000 F1F6") + b"\xf4" * 16 + b"\xf0" * 6
        + bytes.fromhex("F0F0F0F0F0F0F0F1F2F3F4F5 E3C5D9D4F0F0F0F1"),
        Message("0200", {2: "4" * 16, 3: "000000", 4: "000000012345", 41: "TERM0001"}),
    ),
    "totals with a net amount and DE65": (
        "iso87_mixed",
        b"0500" + bytes.fromhex("8000000000000000 8000000080000001") + bytes(7) + b"\x01" + b"D0000000000012345" + MAC,
        Message("0500", {65: bytes(7) + b"\x01", 97: "D0000000000012345", 128: MAC}),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_published_message_is_read_and_written_byte_by_byte(name: str) -> None:
    dialect_name, body, message = PUBLISHED[name]
    dialect = DIALECTS[dialect_name]
    assert decode(body, dialect) == message
    assert encode(message, dialect) == body


LETTERS = {"n": "0123456789", "a": "AZ az", "an": "AZ09 b", "ans": "A9 ~!"}
MOMENTS = {7: "1130235959", 12: "235959", 13: "0229", 14: "3012", 15: "1231", 16: "0101", 17: "0630", 73: "261122"}


def one(dialect: Dialect, number: int) -> st.SearchStrategy[str | bytes]:
    """A value of this element, as its notation says."""
    field = dialect.field_of(number)
    assert field is not None
    if field.kind == "b":
        return st.binary(min_size=1 if field.prefix else field.size, max_size=min(field.size, 90))
    if field.kind == "x+n":
        return st.text("0123456789", min_size=field.size, max_size=field.size).map(lambda digits: "D" + digits)
    if field.kind == "z":
        return st.text("0123456789", min_size=1, max_size=16).map(lambda digits: "5814200000000002D" + digits)
    if not field.content.fullmatch("9" * field.size):
        return st.just("261130235959" if field.size == 12 else MOMENTS[number])
    least = 1 if field.prefix else field.size
    return st.text(LETTERS[field.kind], min_size=least, max_size=min(field.size, max(least, 40)))


@st.composite
def messages(draw: st.DrawFn, dialect: Dialect) -> Message:
    plain = [number for number in range(2, 129) if dialect.field_of(number) and number not in dialect.mac_fields]
    numbers = draw(st.lists(st.sampled_from(plain), unique=True, max_size=12))
    fields: dict[int, str | bytes] = {number: draw(one(dialect, number)) for number in numbers}
    mti = draw(st.sampled_from(sorted(dialect.versions))) + draw(st.sampled_from(["100", "210", "421", "804", "530"]))
    if dialect.mac_required or draw(st.booleans()):
        last = dialect.mac_place == "last"
        fields[64 if last or max(numbers, default=0) < 64 else 128] = draw(st.binary(min_size=8, max_size=8))
    return Message(mti, fields)


@pytest.mark.parametrize("name", ALL)
@settings(max_examples=25)
@given(data=st.data())
def test_what_a_dialect_writes_it_reads_and_its_mac_covers_all_before_it(name: str, data: st.DataObject) -> None:
    dialect = DIALECTS[name]
    message = data.draw(messages(dialect))
    body = encode(message, dialect)
    assert decode(body, dialect) == message
    mac = next((message.fields[number] for number in dialect.mac_fields if number in message.fields), b"")
    span, found = split_mac(body, dialect)
    assert found == mac
    if mac:
        assert span == encode_span(message, dialect)
    else:
        assert span == body


@pytest.mark.parametrize("name", ALL)
def test_each_element_of_each_table_goes_there_and_back(name: str) -> None:
    dialect = DIALECTS[name]
    for number, field in dialect.fields.items():
        size = min(field.size, 499) if field.kind == "b" and dialect.binary == "hex" and field.prefix else field.size
        longest: str | bytes = b"\xa5" * size
        if field.kind == "x+n":
            longest = "C" + "9" * size
        elif field.kind == "z":
            longest = "1" * 19 + "D" + "9" * (size - 20)
        elif field.kind != "b":
            longest = ("0101010101" * 100)[:size]
            if not field.content.fullmatch(longest):
                longest = {12: "260101010101"}[number]
        fields: dict[int, str | bytes] = {number: longest}
        if dialect.mac_required and number not in dialect.mac_fields:
            fields[64 if number < 64 or dialect.mac_place == "last" else 128] = MAC
        mti = f"{dialect.versions[0]}100"
        assert decode(encode(Message(mti, fields), dialect), dialect).fields == fields, number


@pytest.mark.parametrize("name", ALL)
@settings(max_examples=25)
@given(data=st.data())
def test_a_changed_or_cut_message_is_read_as_what_it_is_or_is_bad(name: str, data: st.DataObject) -> None:
    dialect = DIALECTS[name]
    body = bytearray(encode(data.draw(messages(dialect)), dialect))
    body[data.draw(st.integers(0, len(body) - 1))] ^= data.draw(st.integers(1, 255))
    changed = bytes(body[: len(body) - data.draw(st.integers(0, 12))])
    try:
        found = decode(changed, dialect)
    except BadMessage:
        return
    again = encode(found, dialect)
    # An empty second bitmap is the one thing that is read and never written.
    if len(again) == len(changed):
        assert again.upper() == changed.upper()
    assert decode(again, dialect) == found


@pytest.mark.parametrize("name", ALL)
@settings(max_examples=50)
@given(body=st.binary(max_size=200))
def test_any_bytes_are_a_message_or_bad(name: str, body: bytes) -> None:
    for read in (decode, split_mac):
        try:
            read(body, DIALECTS[name])
        except BadMessage:
            continue


@pytest.mark.parametrize("name", ["iso87_ascii", "iso87_mixed"])
@settings(max_examples=25)
@given(data=st.data())
def test_what_pyiso8583_writes_by_its_own_tables_is_read_alike(name: str, data: st.DataObject) -> None:
    dialect, spec = DIALECTS[name], {"iso87_ascii": default_ascii, "iso87_mixed": default}[name]
    message = data.draw(messages(dialect))
    known = {n: value for n, value in message.fields.items() if n != 65 and dialect.fields[n].kind != "b"}
    texts = {"t": message.mti} | {str(number): str(value) for number, value in known.items()}
    body, _ = pyiso8583.encode(texts, spec)
    assert decode(bytes(body), dialect) == Message(message.mti, known)


BASE = 'extends = "iso87_mixed"\n'


def written(folder: Path, text: str) -> Dialect:
    (folder / "mine.toml").write_text(text, "utf-8")
    return read_dialect(folder / "mine.toml")


def test_elements_that_a_dialect_does_not_name_are_refused_or_kept_as_it_says(tmp_path: Path) -> None:
    without = written(tmp_path, BASE + '[fields]\n63 = ""\n')
    kept = written(tmp_path, 'opaque = "b...999"\n' + BASE + '[fields]\n63 = ""\n')
    body = b"0800" + bytes.fromhex("0020000000000002") + b"000001" + b"004\x00\xffA\x80"
    with pytest.raises(BadMessage, match="DE63 is refused"):
        decode(body, without)
    message = decode(body, kept)
    assert message.fields == {11: "000001", 63: b"\x00\xffA\x80"}
    assert encode(message, kept) == body
    with pytest.raises(BadMessage, match="DE63 is refused"):
        encode(message, without)


@pytest.mark.parametrize(("pad", "packed"), [("left", "0345"), ("right", "3450")])
def test_an_odd_number_of_digits_gets_its_zero_where_the_dialect_says(tmp_path: Path, pad: str, packed: str) -> None:
    text = f'extends = "iso87_binary"\n[wire]\npad = "{pad}"\n'
    dialect = written(tmp_path, text)
    body = bytes.fromhex("0800 0000000100000000 03" + packed)
    assert decode(body, dialect).fields == {32: "345"}
    assert encode(Message("0800", {32: "345"}), dialect) == body
    other = bytes.fromhex("0800 0000000100000000 03" + packed.replace("0", "7"))
    with pytest.raises(BadMessage, match="DE32"):
        decode(other, dialect)


@pytest.mark.parametrize("lengths", ["text", "bcd", "binary"])
def test_lengths_are_written_as_the_dialect_says(tmp_path: Path, lengths: str) -> None:
    dialect = written(tmp_path, BASE + f'[wire]\nlengths = "{lengths}"\n')
    head = b"0800" + bytes.fromhex("0000000000010000")
    length = {"text": b"012", "bcd": b"\x00\x12", "binary": b"\x00\x0c"}[lengths]
    assert encode(Message("0800", {48: "twelve bytes"}), dialect) == head + length + b"twelve bytes"
    assert decode(head + length + b"twelve bytes", dialect).fields == {48: "twelve bytes"}


@pytest.mark.parametrize(
    ("name", "body", "named"),
    [
        ("iso87_ascii", b"11004010100000000000161234567890123456123456111", "message type"),
        ("iso93_ascii", b"02004010100000000000161234567890123456123456111", "message type"),
        ("iso87_ascii", b"0200401010000000000 161234567890123456123456111", "bitmap"),
        ("iso87_ascii", b"0200C010100000000000", "second bitmap"),
        ("iso87_ascii", b"02004000000000000000+21234567890123456", "DE2"),
        ("iso87_ascii", b"02004000000000000000 51234512345", "DE2"),
        ("iso87_ascii", b"02000000000000000001A1B2C3D4E5F6071", "DE64"),
        ("iso87_ascii", b"02000000000000000001A1B2C3D4E5F6071 ", "DE64"),
        ("iso87_binary", bytes.fromhex("0200 4000000000000000 03 01A3"), "DE2"),
        ("iso87_binary", bytes.fromhex("0200 4000000000000000 0A 0123"), "DE2"),
        ("iso87_binary", bytes.fromhex("02A0 4000000000000000 03 0123"), "message type"),
        ("iso87_mixed", b"0500" + bytes.fromhex("8000000000000000 0000000080000000") + b"X0000000000012345", "DE97"),
        ("shetab93", b"11002000000000000000000000" + b"0" * 16, "MAC"),
        ("shetab93", b"11002000000000000001000000" + b"A1B2C3D4E5F6071", "DE64"),
        ("shetab93", b"1100A0000000000000000000000000000000000000", "second bitmap"),
    ],
)
def test_what_a_dialect_does_not_write_is_refused_and_its_element_named(name: str, body: bytes, named: str) -> None:
    with pytest.raises(BadMessage, match=named):
        decode(body, DIALECTS[name])


def test_a_mac_that_is_missing_or_not_last_is_no_mac() -> None:
    dialect = DIALECTS["iso87_mixed"]
    body = b"0800" + bytes.fromhex("8000000000000001 0400000000000000") + MAC + b"301"
    assert decode(body, dialect).fields == {64: MAC, 70: "301"}
    assert split_mac(body, dialect) == (body, b"")
    assert encode(decode(body, dialect), dialect) == body
    assert encode_span(Message("0800", {70: "301"}), dialect)[4:20].hex() == "80000000000000000400000000000001"
    with pytest.raises(BadMessage, match="DE64"):
        encode(Message("1100", {64: b"short"}), DIALECTS["shetab93"])


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("nonsense", "cannot read"),
        ('extends = "nothing"', "cannot read"),
        ('extends = "mine"', "cannot read"),
        (BASE + "[wires]\n", "wires is not known"),
        (BASE + "[wire]\ntexts = 1\n", "texts is not known"),
        (BASE + '[wire]\nbitmap = "octal"\n', "bitmap is one of"),
        (BASE + '[wire]\ntext = "utf-16"\n', "text is one of"),
        (BASE + '[fields]\n2 = "q19"\n', "describes no"),
        (BASE + '[fields]\n2 = "n.19"\n', "cannot be written"),
        (BASE + '[fields]\n7 = "n10 MMDD"\n', "no form of a date"),
        (BASE + '[fields]\n64 = "b4"\n', "a MAC is b8"),
        (BASE + '[fields]\n129 = "n4"\n', "from 2 to 128"),
        (BASE + '[fields]\nlast = "n4"\n', "ValueError"),
        (BASE + '[wire]\nmac_place = "last"\n', "always last"),
        ('[wire]\ntext = "ascii"\n', "mti"),
    ],
)
def test_a_file_that_describes_no_dialect_says_why(tmp_path: Path, text: str, named: str) -> None:
    with pytest.raises(SettingsFault, match=named):
        written(tmp_path, text)


def test_the_notation_of_the_standard_is_read() -> None:
    parsed: dict[str, Any] = {text: parse_field(text) for text in ("n6", "ans...999", "x+n16", "z..37")}
    assert [(one.kind, one.prefix, one.size) for one in parsed.values()] == [
        ("n", 0, 6), ("ans", 3, 999), ("x+n", 0, 16), ("z", 2, 37),
    ]  # fmt: skip
    assert HOUSE is DIALECTS["house87"]
