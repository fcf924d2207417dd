"""Packs are unpacked within bounds: what is broken says so and hides no other, and no octets make an exception."""

import gzip
import struct
import zipfile
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import BadInput
from gateway.wire import packs
from gateway.wire.packs import Member
from tests.gateway.wire.bank_files import zipped

MAX = 4 * 1024 * 1024
END = b"PK\x05\x06"


def opened(octets: bytes, name: str = "day.zip") -> list[Member]:
    return list(packs.members(octets, name=name, member_max=MAX))


def faults(octets: bytes) -> list[str]:
    return [member.fault for member in opened(octets)]


ONE = zipped({"a.xml": b"<a/>" * 9, "b.sta": b":20:x" * 9})


def test_members_come_in_order_with_what_is_in_them() -> None:
    assert opened(ONE) == [Member("a.xml", b"<a/>" * 9), Member("b.sta", b":20:x" * 9)]
    assert opened(gzip.compress(b"<a/>"), "a.xml.gz") == [Member("a.xml", b"<a/>")]
    assert opened(gzip.compress(b"<a>") + gzip.compress(b"</a>"), "a.xml.gz") == [Member("a.xml", b"<a></a>")]
    assert opened(zipped({})) == []
    assert opened(ONE + b"\0" * 99) == opened(ONE)
    assert opened(zipped({"a.xml": b"<a/>"}, zipfile.ZIP_STORED)) == [Member("a.xml", b"<a/>")]


def test_members_of_one_name_are_two() -> None:
    twice = zipped({"a.xml": b"<a/>", "b.xml": b"<b/>"}).replace(b"b.xml", b"a.xml")
    assert opened(twice) == [Member("a.xml", b"<a/>"), Member("a.xml", b"<b/>")]


@pytest.mark.parametrize(
    "name", ["in/", "__MACOSX/._a.xml", "in/._a.xml", ".DS_Store", "in/Thumbs.db", "in/desktop.ini"]
)
def test_what_lies_beside_files_is_none_of_the_bank(name: str) -> None:
    assert [one.beside for one in opened(zipped({name: b"x", "a.xml": b"<a/>"}))] == [True, False]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../etc/passwd", "../../etc/passwd"),
        ("C:\\boot.ini", "C:\\boot.ini"),
        ("a\N{RIGHT-TO-LEFT OVERRIDE}lmx.sta", "almx.sta"),
        ("a\x1b[2J.xml", "a[2J.xml"),
        ("x" * 300, "…" + "x" * 99),
        ("صورت‌حساب.xml", "صورتحساب.xml"),
        ("a.xml\0.exe", "a.xml"),
        ("/etc/passwd", "/etc/passwd"),
    ],
)
def test_names_are_shown_and_no_paths(name: str, shown: str) -> None:
    assert [one.name for one in opened(zipped({name: b"<a/>"}))] == [shown]


def test_a_broken_member_says_so_and_hides_no_other() -> None:
    damaged = bytearray(zipped({"a.xml": b"<a/>", "b.xml": b"<b/>"}, zipfile.ZIP_STORED))
    damaged[damaged.index(b"<a/>")] ^= 1
    assert faults(bytes(damaged)) == ["damaged", ""]
    locked = bytearray(zipped({"a.xml": b"<a/>", "b.xml": b"<b/>"}))
    locked[locked.index(b"PK\x01\x02") + 8] |= 1
    assert faults(bytes(locked)) == ["encrypted: take its password off", ""]
    assert faults(zipped({"a.xml": b"<a/>"}, zipfile.ZIP_LZMA)) == ["packed in a way that is not taken: use deflate"]
    assert faults(zipped({"a.xml": b"x" * (MAX + 1)})) == [f"longer than {MAX} octets"]
    assert faults(zipped({"a.xml": b"x" * (MAX - 1)})) == ["more than 300 times its packed size"]
    assert "packed once more" in faults(zipped({"a.zip": ONE, "b.xml": b"<b/>"}))[0]
    assert "packed once more" in faults(zipped({"a.xml.gz": gzip.compress(b"<a/>")}))[0]


@pytest.mark.parametrize(
    ("octets", "fault"),
    [
        (gzip.compress(b"x" * MAX, mtime=0), "more than 300 times its packed size"),
        (gzip.compress(bytes(range(256)) * 9000 + bytes(40_000_000), mtime=0), f"longer than {MAX} octets"),
        (gzip.compress(b"<a/>", mtime=0)[:-5], "damaged, cut off, or with something else behind it"),
        (b"\x1f\x8b" + b"x" * 50, "damaged, cut off, or with something else behind it"),
        (gzip.compress(gzip.compress(b"<a/>", mtime=0), mtime=0), "packed once more: unpack it"),
        (gzip.compress(b"<a/>", mtime=0) + b"junk", "damaged, cut off, or with something else behind it"),
    ],
)
def test_gzip_is_bounded_alike(octets: bytes, fault: str) -> None:
    assert faults(octets) == [fault]


def end_of(count: int, size: int, place: int) -> bytes:
    return struct.pack("<4s4H2LH", END, 0, 0, count, count, size, place, 0)


@pytest.mark.parametrize(
    ("octets", "reason"),
    [
        (ONE[:-5], "its end is missing"),
        (b"PK\x03\x04" + b"x" * 50, "its end is missing"),
        (END, "its end is missing"),
        (ONE[: ONE.rindex(END)] + end_of(2, 9, 9), "cannot be read"),
        (zipped({str(number): b"" for number in range(1001)}), "more than 1000 members"),
        (b"PK\x03\x04" + b"PK\x01\x02" * 500_000 + end_of(9, 2_000_000, 4), "list of members is too long"),
        (b"PK\x03\x04" + b"PK\x06\x07".ljust(20, b"\0") + end_of(65_535, 2**32 - 1, 2**32 - 1), "a ZIP64"),
        (zipped({"[Content_Types].xml": b"<x/>", "xl/workbook.xml": b"<x/>"}), "a spreadsheet: save it as CSV"),
        (zipped({"mimetype": b"application/vnd.oasis.opendocument.spreadsheet"}), "a spreadsheet: save it as CSV"),
    ],
)
def test_a_pack_that_cannot_be_is_refused_as_a_whole(octets: bytes, reason: str) -> None:
    with pytest.raises(BadInput, match=reason):
        opened(octets)


def lying_over(times: int) -> bytes:
    """A ZIP that lists its one member many times, under other names, at the same place."""
    one = zipped({"0000.xml": bytes(range(256)) * 900})
    listed, end = one.index(b"PK\x01\x02"), one.rindex(END)
    entries = b"".join(
        one[listed:end].replace(b"0000", b"%04d" % number) for number in range(times)
    )  # fmt: skip
    return one[:listed] + entries + end_of(times, len(entries), listed)


def test_members_that_lie_over_one_another_are_refused() -> None:
    with pytest.raises(BadInput, match="lie over one another"):
        opened(lying_over(900))


def test_what_members_say_of_their_size_is_bounded_in_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packs, "WHOLE_MAX", 70)
    with pytest.raises(BadInput, match="more than 70 octets unpacked"):
        opened(ONE)


def test_a_member_that_is_larger_than_it_says_is_damaged() -> None:
    lying = bytearray(zipped({"a.xml": zlib.compress(b"x") * 500}))
    for place in (lying.index(b"PK\x03\x04") + 22, lying.index(b"PK\x01\x02") + 24):
        lying[place : place + 4] = struct.pack("<L", 9)
    assert faults(bytes(lying)) == ["damaged"]


@given(place=st.integers(0, 400), octets=st.binary(min_size=1, max_size=8))
def test_octets_changed_anywhere_are_read_or_refused(place: int, octets: bytes) -> None:
    place %= len(ONE)
    try:
        found = opened(ONE[:place] + octets + ONE[place + len(octets) :])
    except BadInput:
        return
    assert all(len(member.octets) <= MAX for member in found)


@given(octets=st.binary(max_size=200), begin=st.sampled_from([b"PK\x03\x04", END, b"\x1f\x8b", b"\x1f\x8b\x08\0"]))
def test_random_octets_are_read_or_refused(octets: bytes, begin: bytes) -> None:
    try:
        opened(begin + octets)
    except BadInput:
        return
