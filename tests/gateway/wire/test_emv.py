"""EMV values: DE55 of the house profile, DOL filling, check digits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import BadInput
from gateway.wire import emv, tlv
from gateway.wire.emv import tags
from gateway.wire.tlv import Tlv

IAD = "01A1808000005127000100" + "00"
GOOD: dict[str, str] = {
    "82": "0040",
    "84": "F05441504449414C01",
    "95": "0000000000",
    "9A": "261122",
    "9C": "00",
    "5F2A": "0364",
    "5F34": "00",
    "9F02": "000000012345",
    "9F03": "000000000000",
    "9F10": IAD,
    "9F1A": "0364",
    "9F26": "1122334455667788",
    "9F27": "80",
    "9F36": "0102",
    "9F37": "A1B2C3D4",
}


def de55(values: dict[str, str]) -> bytes:
    return tlv.encode(Tlv(tag, bytes.fromhex(value)) for tag, value in values.items())


def test_de55_of_a_tap_is_read() -> None:
    tap = emv.parse_icc(de55({**GOOD, "DF01": "AA"}))
    assert (tap.atc, tap.amount_minor, tap.is_arqc) == (0x0102, 12345, True)
    assert (tap.iad.luk_id.hex(), tap.iad.cdcvm_done) == ("51270001", True)
    assert tap.iad.raw.hex().upper() == IAD
    assert tap.items[-1] == Tlv("DF01", b"\xaa")
    assert "1122334455667788" not in repr(tap)


def test_the_cryptogram_covers_the_values_in_the_order_of_the_profile() -> None:
    tap = emv.parse_icc(de55(GOOD))
    expected = "00000001234500000000000003640000000000036426112200A1B2C3D400400102" + IAD
    assert emv.ac_data(tap).hex().upper() == expected


@pytest.mark.parametrize("tag", list(GOOD))
def test_a_missing_object_is_named(tag: str) -> None:
    with pytest.raises(BadInput, match=f"lacks {tag}"):
        emv.parse_icc(de55({key: value for key, value in GOOD.items() if key != tag}))


@pytest.mark.parametrize(
    ("tag", "value"),
    [
        ("9F02", "00000001234A"),
        ("9F02", "0000012345"),
        ("9F26", "11223344556677"),
        ("9F36", ""),
        ("9F10", ""),
        ("9F10", "01A18080000051270001000000"),
        ("9F10", "02A080000000512700010000"),
        ("9F10", "01A080000000512700010000"),
        ("9F10", "01A180800000512700010001"),
        ("9A", "2611FF"),
    ],
)
def test_an_object_of_another_form_is_refused(tag: str, value: str) -> None:
    with pytest.raises(BadInput, match=tag):
        emv.parse_icc(de55({**GOOD, tag: value}))


def test_a_doubled_object_is_refused() -> None:
    with pytest.raises(BadInput, match="9F36 occurs more than once"):
        emv.parse_icc(de55(GOOD) + tlv.encode_one("9F36", b"\0\1"))


@given(at=st.integers(0, 500), byte=st.integers(0, 255), cut=st.integers(0, 500))
def test_a_changed_or_cut_de55_is_read_or_bad_input(at: int, byte: int, cut: int) -> None:
    data = bytearray(de55(GOOD))
    data[at % len(data)] = byte
    try:
        emv.parse_icc(bytes(data[: cut or None]))
    except BadInput:
        return


@pytest.mark.parametrize("cid", [0x00, 0x40, 0xC0])
def test_a_phone_that_declined_or_approved_itself_did_not_ask(cid: int) -> None:
    assert not emv.parse_icc(de55({**GOOD, "9F27": f"{cid:02X}"})).is_arqc


PDOL = "9F66049F02069F03069F1A0295055F2A029A039C019F3704"


def test_the_pdol_of_the_profile_asks_for_33_bytes() -> None:
    dol = emv.parse_dol(bytes.fromhex(PDOL))
    assert [item.tag for item in dol] == ["9F66", "9F02", "9F03", "9F1A", "95", "5F2A", "9A", "9C", "9F37"]
    assert len(emv.fill_dol(dol, {})) == 33


@pytest.mark.parametrize(
    ("item", "value", "filled"),
    [
        (emv.DolItem("9F02", 6), "012345", "000000012345"),
        (emv.DolItem("9F02", 2), "012345", "2345"),
        (emv.DolItem("9F66", 4), "36", "36000000"),
        (emv.DolItem("9F66", 1), "3600", "36"),
        (emv.DolItem("5A", 10), "5814200000000002", "5814200000000002FFFF"),
        (emv.DolItem("DF01", 2), "01", "0100"),
        (emv.DolItem("6F", 2), "0101", "0000"),
        (emv.DolItem("5A", 4), "5814200000000002", "58142000"),
        (emv.DolItem("9F02", 0), "012345", ""),
        (emv.DolItem("9F35", 2), "22", "0022"),
        (emv.DolItem("9F1C", 8), "41", "4100000000000000"),
        (emv.DolItem("9F1C", 2), "414243", "4142"),
        (emv.DolItem("DF8123", 6), "0100", "000000000100"),
        (emv.DolItem("9F7C", 20), "01", "01" + "00" * 19),
    ],
)
def test_a_dol_cuts_and_pads_by_form(item: emv.DolItem, value: str, filled: str) -> None:
    assert emv.fill_dol([item], {item.tag: bytes.fromhex(value)}).hex().upper() == filled


def test_the_cdol_of_a_recorded_card_sums_to_what_its_terminal_sent() -> None:
    # M/Chip's CDOL1; the recorded GENERATE AC has Lc 2B.
    cdol = emv.parse_dol(bytes.fromhex("9F02069F03069F1A0295055F2A029A039C019F37049F35019F45029F4C089F3403"))
    assert len(emv.fill_dol(cdol, {"9F34": bytes.fromhex("1F0302")})) == 0x2B
    assert emv.fill_dol(cdol, {"9F34": bytes.fromhex("1F0302")}).endswith(b"\x1f\x03\x02")


def test_the_table_has_each_tag_once_and_well_formed() -> None:
    rows = [row.split()[0] for row in tags._TABLE.strip().splitlines()]
    assert len(rows) == len(set(rows)) == len(emv.TAGS)
    for tag, known in emv.TAGS.items():
        assert tlv.decode(tlv.encode_one(tag, b"")) == (Tlv(tag, b""),)
        assert known.form is not emv.Form.NUMERIC or known.length <= 6
    assert {"9F5A", "9F5D", "9F63", "9F66", "9F6B", "9F6C", "9F6E", "9F7C", "DF8123", "DF8126"} <= emv.TAGS.keys()


@given(dol=st.binary(max_size=60), value=st.binary(max_size=20))
def test_any_dol_is_filled_to_its_length_or_bad_input(dol: bytes, value: bytes) -> None:
    try:
        items = emv.parse_dol(dol)
    except BadInput:
        return
    filled = emv.fill_dol(items, {item.tag: value for item in items[::2]})
    assert len(filled) == sum(item.length for item in items)


@pytest.mark.parametrize(("digits", "check"), [("7992739871", "3"), ("411111111111111", "1"), ("0", "0")])
def test_the_check_digit_is_luhns(digits: str, check: str) -> None:
    assert emv.luhn_digit(digits) == check
