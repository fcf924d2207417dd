"""9F10 by profile, what the card says of itself, and what terminal and card say of a tap."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import BadInput
from gateway.wire import emv
from gateway.wire.emv import (
    CardQualifiers,
    CvmMethod,
    CvmOutcome,
    CvmResults,
    Cvn,
    CvrFlags,
    Iad,
    TerminalQualifiers,
    Tvr,
)

PUBLISHED = (
    # 9F10, profile, number, DKI, CVR, what the cryptogram covers, issuer's own data
    ("06010A03A40000", Cvn.CVN10, 0x0A, 1, "03A40000", "03A40000", ""),
    (
        *("06010A03A020000F04000000000000000000006232E4F9", Cvn.CVN10, 0x0A, 1, "03A02000", "03A02000"),
        "04000000000000000000006232E4F9",
    ),
    ("06011203A0B800", Cvn.CVN18, 0x12, 1, "03A0B800", "06011203A0B800", ""),
    (
        *("1F22010020000000000000000007717300000000000000000000000000000000", Cvn.CVN22, 0x22, 1, "0020000000"),
        "1F22010020000000000000000007717300000000000000000000000000000000",
        "000000000007717300000000000000000000000000000000",
    ),
    (
        *("0FA506A231C0020000000000000000000F110601010000000000000000000000", Cvn.CPA, 0xA5, 6, "A231C00200"),
        "0FA506A231C0020000000000000000000F110601010000000000000000000000",
        "110601010000000000000000000000",
    ),
    ("0110250000044000DAC10000000000000000", Cvn.MCHIP, 0x10, 1, "250000044000", "250000044000", ""),
    ("0210A00000000000000000000000000000FF", Cvn.MCHIP, 0x10, 2, "A00000000000", "A00000000000", ""),
    ("0114020000044000DAC10000000000000000", Cvn.MCHIP, 0x14, 1, "020000044000", "020000044000", ""),
    ("0111250000044000DAC11122334455667788", Cvn.MCHIP, 0x11, 1, "250000044000", "2500000440001122334455667788", ""),
    (
        *("0115A00003220000B6A41122334455667788112233445566778800FF", Cvn.MCHIP, 0x15, 1, "A00003220000"),
        *("A0000322000011223344556677881122334455667788", "00FF"),
    ),
    ("01A180800000512700010000", Cvn.HOUSE, 0xA1, 1, "80800000", "01A180800000512700010000", ""),
)


@pytest.mark.parametrize(("raw", "cvn", "number", "dki", "cvr", "covered", "idd"), PUBLISHED)
def test_a_published_9f10_is_read(raw: str, cvn: Cvn, number: int, dki: int, cvr: str, covered: str, idd: str) -> None:
    iad = Iad.parse(bytes.fromhex(raw))
    assert (iad.cvn, iad.number, iad.dki) == (cvn, number, dki)
    assert (iad.cvr.hex().upper(), iad.covered.hex().upper(), iad.idd.hex().upper()) == (cvr, covered, idd)
    assert iad.raw.hex().upper() == raw


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "06",
        "06010B03A40000",
        "06011103A40000",
        "06010A04A40000",
        "07010A03A40000",
        "06010A03A4000001",
        "06010A03A400000201",
        "06010A03A4000001FFFF",
        "1F43010020000000000000000007717300000000000000000000000000000000",
        "1F220100200000000000000000077173000000000000000000000000000000",
        "0FA606A231C0020000000000000000000F110601010000000000000000000000",
        "0FA506A231C0020000000000000000000E110601010000000000000000000000",
        "0112250000044000DAC10000000000000000",
        "0116250000044000DAC10000000000000000",
        "0190250000044000DAC10000000000000000",
        "0110250000044000DAC1000000000000000000",
        "01A180800000512700010001",
        "1501850440B100000000B00000000000000000000000",
    ],
)
def test_a_9f10_of_no_profile_is_refused(raw: str) -> None:
    with pytest.raises(BadInput, match="fits 0 profiles"):
        Iad.parse(bytes.fromhex(raw))


@pytest.mark.parametrize("raw", ["06A10A03A400000401020000", "06100A03A40000" + "0A" + "00" * 10])
def test_a_9f10_that_two_profiles_fit_is_refused_and_not_guessed(raw: str) -> None:
    with pytest.raises(BadInput, match="fits 2 profiles"):
        Iad.parse(bytes.fromhex(raw))


@given(raw=st.binary(max_size=40), head=st.sampled_from(["", "06010A03", "1F22", "0FA5", "0110", "01A1"]))
def test_any_9f10_is_read_whole_or_bad_input(raw: bytes, head: str) -> None:
    value = bytes.fromhex(head) + raw
    try:
        iad = Iad.parse(value)
    except BadInput:
        return
    assert iad.raw == value
    assert iad.covered in value or iad.number & 1
    assert isinstance(iad.flags, CvrFlags)
    assert iad.flags.cdcvm_done == iad.cdcvm_done


LAST = ("lower_offline_limit_exceeded", "relay_limit_exceeded")
PIN = "offline_pin_done offline_pin_failed pin_tries_exceeded"
ALL_CORE = f"{PIN} last_online_incomplete offline_limit_exceeded issuer_authentication_failed script_failed"


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ("01A180800000512700010000", "cdcvm_done"),
        ("01A158000000512700010000", "last_online_incomplete issuer_authentication_failed unable_to_go_online"),
        ("01A120000000512700010000", "offline_limit_exceeded"),
        ("06010A03A40000", "offline_pin_done"),
        ("06010A03A6E008", f"{PIN} last_online_incomplete offline_limit_exceeded script_failed"),
        ("06011203A90000", "issuer_authentication_failed unable_to_go_online"),
        ("1F22018224000000" + "00" * 24, "cdcvm_done"),
        ("0FA501A10F9009" + "00" * 9 + "0F" + "00" * 15, f"{ALL_CORE} unable_to_go_online"),
        ("0FA501A2000000" + "00" * 9 + "0F" + "00" * 15, ""),
        ("0110A40000980500DAC10000000000000000", f"{ALL_CORE} ".replace("offline_limit_exceeded ", "")),
        ("0110A00000021000DAC10000000000000000", "offline_limit_exceeded"),
    ],
)
def test_what_a_card_says_of_itself_is_named(raw: str, said: str) -> None:
    flags = Iad.parse(bytes.fromhex(raw)).flags
    assert {name for name in CvrFlags.__slots__ if getattr(flags, name)} == set(said.split())


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        ("06010A03A40000", emv.CID_ARQC),
        ("06011203900000", emv.CID_TC),
        ("1F22010080000000" + "00" * 24, emv.CID_AAC),
        ("0FA506A231C002" + "00" * 9 + "0F" + "00" * 15, emv.CID_ARQC),
        ("0110250000044000DAC10000000000000000", emv.CID_ARQC),
        ("0110150000044000DAC10000000000000000", emv.CID_TC),
        ("0110600000044000DAC10000000000000000", emv.CID_TC),
        ("0FA5066231C002" + "00" * 9 + "0F" + "00" * 15, emv.CID_TC),
        ("01A180000000512700010000", emv.CID_AAC),
        ("01A180400000512700010000", emv.CID_TC),
        ("01A180BF0000512700010000", emv.CID_ARQC),
        ("01A1FFFF0000512700010000", 0xC0),
    ],
)
def test_the_cards_results_say_which_cryptogram_it_gave(raw: str, kind: int) -> None:
    assert Iad.parse(bytes.fromhex(raw)).kind == kind


@pytest.mark.parametrize(
    ("value", "names"),
    [
        ("8000048000", ("oda_not_performed", "online_pin_entered", "floor_limit_exceeded")),
        ("0000001080", ("selected_at_random", "default_tdol_used")),
        ("0440A04008", ("cda_failed", "application_expired", "cvm_failed", "pin_tries_exceeded", *LAST)),
        ("0000000000", ()),
    ],
)
def test_the_terminals_results_are_named_bit_by_bit(value: str, names: tuple[str, ...]) -> None:
    assert Tvr.of(bytes.fromhex(value)).names == names


def test_every_bit_of_the_terminals_results_stands_for_itself() -> None:
    assert len({bit.value for bit in Tvr}) == len(Tvr) == 29
    assert all(bit.value.bit_count() == 1 for bit in (*Tvr, *TerminalQualifiers, *CardQualifiers))
    # Of a value with all bits the named ones are told, and none is lost.
    assert int(Tvr.of(b"\xff" * 5)) == 2**40 - 1
    assert len(Tvr.of(b"\xff" * 5).names) == 29


def test_qualifiers_of_a_known_terminal_and_of_a_phone_are_read() -> None:
    ttq = TerminalQualifiers.of(bytes.fromhex("36004000"))
    assert ttq.names == ("emv_mode", "contact_chip", "online_pin", "signature", "cdcvm")
    assert CardQualifiers.of(bytes.fromhex("0080")) == CardQualifiers.CDCVM_DONE
    assert CardQualifiers.of(bytes.fromhex("8000")) == CardQualifiers.ONLINE_PIN_REQUIRED


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ("1F0302", CvmResults(CvmMethod.NONE_REQUIRED, 3, CvmOutcome.SUCCESSFUL)),
        ("420300", CvmResults(CvmMethod.ONLINE_PIN, 3, CvmOutcome.UNKNOWN)),
        ("3F0000", CvmResults(CvmMethod.NONE_PERFORMED, 0, CvmOutcome.UNKNOWN)),
        ("410302", CvmResults(CvmMethod.PLAIN_PIN_BY_CARD, 3, CvmOutcome.SUCCESSFUL)),
        ("2A0001", CvmResults(CvmMethod.OTHER, 0, CvmOutcome.FAILED)),
    ],
)
def test_how_the_holder_was_verified_is_read(value: str, read: CvmResults) -> None:
    assert CvmResults.of(bytes.fromhex(value)) == read


@pytest.mark.parametrize(
    ("reader", "value"),
    [
        (Tvr.of, "00000000"),
        (TerminalQualifiers.of, "3600400000"),
        (CardQualifiers.of, "00"),
        (CvmResults.of, "1F03"),
        (CvmResults.of, "1F0303"),
    ],
)
def test_a_value_of_another_length_or_meaning_is_refused(reader: Callable[[bytes], object], value: str) -> None:
    with pytest.raises(BadInput):
        reader(bytes.fromhex(value))


FIELD = (
    # As terminals sent them, padded and in their own order: DE55, profile, kind that the card signed, 9F02.
    (
        (
            "820212908407A0000000041010950500000000019A032208019C01005F24032005315F2A0209789F02060000000000019F0306000000000000"
            "9F090200029F1012F110A04003223000000000000000000000FF9F1A0202339F1E0832383032313836309F26086229F3A0784832AF9F270180"
            "9F3303E008089F34031F03029F3501229F360201019F3704DDD0D03C9F530152"
        ),
        *(Cvn.MCHIP, emv.CID_ARQC, 1),
    ),
    (
        (
            "9F2608C9D04E12B7F3DAC89F2701409F10120110600003220000000000000000000000FF9F37043EEE78729F360200FD95050480008800"
            "9A032605259C01009F02060000000121005F2A020566820239009F1A0205669F03060000000000005F3401018407A0000000041010"
        ),
        *(Cvn.MCHIP, emv.CID_TC, 12100),
    ),
    (
        (
            "9F26087BCB3647E84652A29F2701809F10120110A040002A0400000000000000000000FF9F370451271F779F360201E395050080248000"
            "9A032009179C01009F02060000000010005F2A020566820239009F1A0205669F34034203009F3303E0F9C89F3501225F340100"
            "9F03060000000000000000"
        ),
        *(Cvn.MCHIP, emv.CID_ARQC, 1000),
    ),
)


@pytest.mark.parametrize(("de55", "cvn", "kind", "minor"), FIELD)
def test_de55_from_the_field_is_read(de55: str, cvn: Cvn, kind: int, minor: int) -> None:
    icc = emv.parse_icc(bytes.fromhex(de55), emv.VERIFIED_TAGS)
    assert (icc.iad.cvn, icc.iad.kind, icc.kind, icc.amount_minor) == (cvn, kind, kind, minor)
