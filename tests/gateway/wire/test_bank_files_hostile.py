"""Whatever octets come as a bank's file, the answer is a statement or BadInput, in linear time."""

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import BadInput
from gateway.services import banking
from gateway.wire.bankcsv import read_profile
from gateway.wire.iso20022 import StatusReport
from gateway.wire.statements import read, read_any
from tests.gateway.wire.bank_files import (
    MT940,
    camt,
    details,
    entry,
    information,
    pain002,
    payment,
    statement,
    transaction,
    zipped,
)

CAMT = camt(statement(entry(100, details=details(transaction("E1"))), opening=500, closing=400))
PAIN = pain002("PART", information(payment("E1", "RJCT", "AC01")))
CSV = read_profile(Path(banking.__file__).parent / "profiles" / "csv_signed.toml")
FILES = (CAMT, PAIN, MT940.encode())
LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE Document [<!ENTITY a "ha">'
    + "".join(f'<!ENTITY a{n} "{"&a;" * 10}">' for n in range(10))
    + "]><Document>&a9;</Document>"
).encode()
OUTSIDE = b'<!DOCTYPE Document [<!ENTITY x SYSTEM "file:///etc/passwd">]><Document>&x;</Document>'
NTRY = b"<Ntry>"


@pytest.mark.parametrize(
    ("octets", "reason"),
    [
        (LAUGHS, "a document type is not taken"),
        (OUTSIDE, "a document type is not taken"),
        (CAMT.replace(b"E1", b"&x;"), "no XML: undefined entity"),
        (CAMT + b"<Document/>", "no XML: junk after document element"),
        (CAMT.decode().encode("utf-16")[:-1], "no UTF-16"),
        (LAUGHS.decode().encode("utf-16"), "a document type is not taken"),
        ("name;amount".encode("utf-16"), "neither XML nor MT940"),
        (CAMT.decode().replace("UTF-8", "UTF-16").encode("utf-16-le")[:-1], "no UTF-16"),
        (CAMT.decode().encode("utf-32"), "UTF-32"),
        (CAMT.replace(b"UTF-8", b"utf-7"), "an encoding that is not taken"),
        (CAMT.replace(b"UTF-8", b"cp720"), "an encoding that is not taken"),
        (b"<Document>" * 5000, "no message that is taken"),
        (b"<Hdr>" * 9 + b"<Document/>", "an envelope that is too deep"),
        (b"<Hdr>" * 5000, "an envelope that is too deep"),
        (CAMT.replace(b"STM7", b"\xe9"), "no XML: not well-formed"),
        (CAMT.replace(NTRY, NTRY + b"<a>" * 500_000), "no XML|too long, or too deep"),
        (CAMT.replace(NTRY, NTRY + b"<a>" * 500_000 + b"</a>" * 500_000), "too long, or too deep"),
        (CAMT.replace(NTRY, NTRY + b"<a>" + b"x" * 2_000_000 + b"</a>"), "too long, or too deep"),
        (CAMT.replace(NTRY, b"<!--" + b"x" * 2_000_000 + b"-->" + NTRY), "too long, or too deep"),
        (CAMT.replace(NTRY, b'<Ntry a="' + b"x" * 2_000_000 + b'">'), "too long, or too deep"),
        (b"<Document></Document>", "the Document is empty"),
        (b"<html><body>Bad gateway</body></html>", "the root is no Document"),
        (b"", "an empty file"),
        (b" \n ", "an empty file"),
        (b"PK\x03\x04" + b"x" * 50, "save it as CSV"),
        (b"%PDF-1.7", "a PDF"),
        (b"7z\xbc\xaf\x27\x1c", "a 7z archive: unpack it, or pack it as ZIP"),
        (b"Rar!\x1a\x07\x01\x00", "a RAR archive: unpack it"),
        (b"\xfd7zXZ\x00", "compressed by xz"),
        (b"BZh91AY", "compressed by bzip2"),
        (b"s.xml".ljust(257, b"\0") + b"ustar\0" + b"00" + CAMT, "a tar archive: unpack it"),
        (b"#!/bin/sh\n" + zipped({"a.xml": CAMT}), "a ZIP with something before it"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old spreadsheet: save it as CSV"),
        (b"-----BEGIN PGP MESSAGE-----\n", "encrypted or signed by PGP"),
        (b"<!DOCTYPE html><html></html>", "a web page"),
        (b'{"statements": []}', "neither XML nor MT940"),
        (b"name;amount\n", "no CSV profile is set"),
    ],
)
def test_hostile_octets_are_refused_with_their_reason(octets: bytes, reason: str) -> None:
    with pytest.raises(BadInput, match=reason):
        read(octets)


def test_each_file_is_known_by_its_content() -> None:
    assert [one.root for one in read(b"\xef\xbb\xbf" + CAMT)] == ["camt.053"]
    assert [one.root for one in read(b"\xef\xbb\xbf" + MT940.encode())] == ["mt940"]
    heading = b"date,value date,amount,balance,reference,end-to-end id,name,account,description\n"
    assert [one.root for one in read(heading, CSV)] == ["csv"]
    assert isinstance(read_any(PAIN), StatusReport)


def test_a_report_on_orders_is_no_statement() -> None:
    with pytest.raises(BadInput, match="no statement"):
        read(PAIN)


@pytest.mark.parametrize("whole", FILES)
def test_a_file_cut_off_anywhere_is_refused_or_says_the_same(whole: bytes) -> None:
    said = read_any(whole)
    for length in range(len(whole)):
        try:
            assert read_any(whole[:length], CSV) == said
        except BadInput:
            continue


@given(
    octets=st.binary(max_size=300), begin=st.sampled_from([b"", b"<", b"<Document>", b":20:x\n:25:y\n", b"\xff\xfe"])
)
def test_random_octets_are_refused(octets: bytes, begin: bytes) -> None:
    with pytest.raises(BadInput):
        read_any(begin + octets, CSV)


@given(whole=st.sampled_from(FILES), place=st.integers(0, 1500), octets=st.binary(max_size=6))
def test_octets_changed_anywhere_are_read_or_refused(whole: bytes, place: int, octets: bytes) -> None:
    place %= len(whole)
    try:
        read_any(whole[:place] + octets + whole[place + len(octets) :], CSV)
    except BadInput:
        return


@pytest.mark.parametrize(
    ("head", "piece", "tail"),
    [
        (CAMT.partition(NTRY)[0], b"<Ntry/>", b""),
        (CAMT.partition(NTRY)[0], b'<x a="1" b="2"/>', b""),
        (CAMT.partition(NTRY)[0], b"<!-- -->", b""),
        (b":20:S\n:25:A\n", b":61:", b""),
        (b":20:S\n:25:A\n:28C:1\n:60F:C261126IRR1,\n", b":61:261127C1,NTRFX\n:86:/EREF/E/REMI/x\n", b""),
        (b":20:S\n:25:A\n:28C:1\n:60F:C261126IRR1,\n:61:261127C1,NTRFX\n:86:", b"/EREF/" * 100 + b"\n", b""),
    ],
)
def test_twice_the_octets_take_about_twice_the_time(head: bytes, piece: bytes, tail: bytes) -> None:
    def seconds(count: int) -> float:
        octets = head + piece * count + tail
        begun = time.process_time()
        with pytest.raises(BadInput):
            read(octets)
        return time.process_time() - begun

    small, large = (min(seconds(count) for _ in range(3)) for count in (3_000, 24_000))
    # Eight times as much may take twenty times as long on a busy machine, never sixty-four.
    assert large < max(20 * small, 0.5)
