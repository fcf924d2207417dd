"""BER-TLV: round trips, offsets in errors, linear time."""

import time

import ber_tlv.tlv as oracle
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import BadInput
from gateway.wire import tlv
from gateway.wire.tlv import Tlv

TAGS = st.one_of(
    st.sampled_from(["82", "95", "9F26", "9F10", "DF8123", "BF0C", "6F", "A5", "DFFF8101"]),
    st.integers(1, 0xFE).filter(lambda byte: byte & 0x1F != 0x1F).map(lambda byte: f"{byte:02X}"),
)
ITEMS = st.lists(st.builds(Tlv, TAGS, st.binary(max_size=300)), max_size=20)


@given(items=ITEMS)
def test_what_is_encoded_decodes_to_the_same_objects_in_order_with_duplicates(items: list[Tlv]) -> None:
    assert list(tlv.decode(tlv.encode(items))) == items


@given(data=st.binary(max_size=200))
def test_any_bytes_decode_or_are_bad_input(data: bytes) -> None:
    try:
        items = tlv.decode(data)
    except BadInput:
        return
    assert tlv.decode(tlv.encode(items)) == items


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("", []),
        ("000082020000", [("82", "0000")]),
        ("8200008200", [("82", ""), ("82", "")]),
        ("9F26081122334455667788", [("9F26", "1122334455667788")]),
        ("DF812301FF", [("DF8123", "FF")]),
        ("5081025441", [("50", "5441")]),
        ("508200025441", [("50", "5441")]),
        ("50830000025441", [("50", "5441")]),
        ("508100", [("50", "")]),
        (
            "9F02060000000040000000009C0101000095050000000000",
            [("9F02", "000000004000"), ("9C", "01"), ("95", "00" * 5)],
        ),
        ("1F8101011F1F0100", [("1F8101", "1F"), ("1F01", "")]),
        ("FF0100", [("FF01", "")]),
    ],
)
def test_legal_encodings_decode(data: str, expected: list[tuple[str, str]]) -> None:
    assert [(item.tag, item.value.hex().upper()) for item in tlv.decode(bytes.fromhex(data))] == expected


def pairs(data: bytes) -> list[tuple[int, bytes]]:
    return [(int(item.tag, 16), item.value) for item in tlv.decode(data)]


@given(items=ITEMS)
def test_ber_tlv_reads_what_we_write_and_writes_the_same(items: list[Tlv]) -> None:
    written = tlv.encode(items)
    theirs = oracle.Tlv.parse(written, recursive=False)
    assert theirs == pairs(written)
    assert oracle.Tlv.build(theirs) == written


@given(
    data=st.binary(max_size=60) | st.text("0123456789ABCDEF", max_size=20).map(lambda text: b"\x9f\x26" + text.encode())
)
def test_what_we_read_ber_tlv_reads_too(data: bytes) -> None:
    try:
        ours = pairs(data)
    except BadInput:
        return
    assert oracle.Tlv.parse(data, recursive=False) == ours


PPSE = "6F25840E325041592E5359532E4444463031A513BF0C10610E4F07A00000000310108701015000"


def test_a_cards_directory_is_read_level_by_level() -> None:
    (ppse,) = tlv.decode(bytes.fromhex(PPSE))
    name, proprietary = ppse.children()
    assert (name.tag, name.value) == ("84", b"2PAY.SYS.DDF01")
    (discretionary,) = proprietary.children()
    (entry,) = discretionary.children()
    assert [(item.tag, item.value.hex().upper()) for item in entry.children()] == [
        ("4F", "A0000000031010"),
        ("87", "01"),
        ("50", ""),
    ]


@pytest.mark.parametrize(
    ("data", "named"),
    [
        ("9F", "tag at 0"),
        ("8202000082", "82 has no length at 5"),
        ("820200", "value of 82 at 0"),
        ("8280", "length of 82 at 1 is indefinite"),
        ("82840000000100", "length of 82 at 1 is too long"),
        ("828200", "length of 82 at 1 ends"),
        ("DFFFFFFF0100", "more than 4 bytes"),
    ],
)
def test_an_error_names_offset_and_tag(data: str, named: str) -> None:
    with pytest.raises(BadInput, match=named):
        tlv.decode(bytes.fromhex(data))


@pytest.mark.parametrize("tag", ["", "00", "9F", "8200", "ZZ", "9FFF"])
def test_what_is_not_one_tag_is_not_encoded(tag: str) -> None:
    with pytest.raises(BadInput):
        tlv.encode_one(tag, b"")


def test_children_are_read_one_level_at_a_time() -> None:
    (fci,) = tlv.decode(bytes.fromhex("6F0C8402A0005006" + "544150444941"))
    assert fci.is_constructed
    assert [child.tag for child in fci.children()] == ["84", "50"]


def test_a_doubled_object_is_refused_where_one_is_wanted() -> None:
    items = tlv.decode(bytes.fromhex("820100820101"))
    with pytest.raises(BadInput, match="occurs 2 times"):
        tlv.only(items, "82")
    assert tlv.only(items, "95") is None


def test_the_repr_shows_no_value() -> None:
    assert repr(Tlv("57", b"\x58\x14")) == "Tlv(57, 2 bytes)"


def test_a_megabyte_of_smallest_objects_takes_linear_time() -> None:
    began = time.perf_counter()
    assert len(tlv.decode(b"\x82\x00" * 100_000)) == 100_000
    assert time.perf_counter() - began < 5
