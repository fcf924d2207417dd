"""The simulator's codec: what smpplib lacks or gets wrong is read and written right."""

import struct
from collections.abc import Iterable, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from smpplib import command_codes

from simulators.smsc import wire
from simulators.smsc.lacking import Dest, Unsent
from simulators.smsc.wire import Pdu, Refused

DELIVER = {"source_addr": "989120000001", "destination_addr": "1420", "short_message": b"1"}


def make(command: str, sequence: int, values: Mapping[str, Any], tlvs: Iterable[tuple[int, bytes]] = ()) -> bytes:
    return wire.make(command, sequence, tlvs=tlvs, **values)


def read(octets: bytes) -> Pdu:
    pdu = wire.read(octets)
    assert isinstance(pdu, Pdu), pdu
    return pdu


@pytest.mark.parametrize("command", ["deliver_sm", "submit_sm", "data_sm", "submit_sm_resp", "enquire_link"])
def test_every_tlv_is_kept_unknown_and_repeated_ones_too(command: str) -> None:
    tlvs = ((0x0501, b"\x01"), (0x1383, b"\x05\x00"), (0x1400, b"vendor"), (0x1400, b""), (0x0204, b"\x07"))
    pdu = read(make(command, 9, {"message_id": "1"} if command == "submit_sm_resp" else {}, tlvs))
    assert (pdu.command, pdu.sequence, pdu.tlvs) == (command, 9, tlvs)
    assert pdu.tlv("ussd_service_op") == b"\x01"


@pytest.mark.parametrize(
    ("command", "values", "body"),
    [
        ("outbind", {"system_id": "smsc", "password": "pw"}, b"smsc\0pw\0"),
        (
            "cancel_sm",
            {"message_id": "ab", "source_addr_ton": 1, "source_addr": "1420", "destination_addr": "98"},
            b"\0ab\0\1\0" + b"1420\0\0\0" + b"98\0",
        ),
        (
            "replace_sm",
            {"message_id": "ab", "source_addr": "1420", "registered_delivery": 1, "short_message": b"new"},
            b"ab\0\0\0" + b"1420\0\0\0\1\0\3new",
        ),
        (
            "submit_multi",
            {"source_addr": "1420", "dests": (Dest("98"), Dest("all", None)), "data_coding": 8, "short_message": b"hi"},
            b"\0\0\0" + b"1420\0\2\1\1\1" + b"98\0\2all\0\0\0\0\0\0\0\0" + b"\x08\0\2hi",
        ),
        ("submit_multi_resp", {"message_id": "7", "unsent": (Unsent("98", 11),)}, b"7\0\1\1\1" + b"98\0\0\0\0\x0b"),
    ],
)
def test_what_smpplib_lacks_is_written_as_the_standard_says_and_read_back(
    command: str, values: dict[str, object], body: bytes
) -> None:
    octets = make(command, 3, values)
    assert octets[16:] == body
    pdu = read(octets)
    for name, value in values.items():
        assert pdu.values[name] == (value.encode() if isinstance(value, str) else value)


@pytest.mark.parametrize(
    ("command", "values"),
    [
        ("bind_transmitter", {"password": "123456789"}),
        ("submit_sm", {"source_addr": "a" * 21}),
        ("cancel_sm", {"message_id": "1" * 65}),
        ("deliver_sm", {"ussd_service_op": 1}),
        ("outbind", {"message_id": "1"}),
    ],
)
def test_a_field_that_does_not_fit_or_is_not_there_is_a_mistake(command: str, values: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"too long|has no"):
        make(command, 1, values)


WHOLE = make("deliver_sm", 7, DELIVER)


@pytest.mark.parametrize(
    ("label", "octets", "status"),
    [
        ("a body that ends too early", WHOLE[:-8], 0xC2),
        ("a text shorter than it says", WHOLE[:-2] + b"\x09\x31", 0xC2),
        ("a string without an end", wire.framed("deliver_sm", 7, 0, b"\0\1\1989120"), 0xC2),
        ("half a TLV", WHOLE + b"\x04\x27\0", 0xC0),
        ("a TLV longer than the PDU", WHOLE + b"\x04\x27\0\x09\1", 0xC0),
    ],
)
def test_what_smpplib_takes_without_a_word_is_refused(label: str, octets: bytes, status: int) -> None:
    assert wire.read(octets) == Refused(7, status, "deliver_sm_resp"), label


@given(st.sampled_from(sorted(command_codes.commands.values())), st.binary(max_size=120))
def test_any_body_is_a_pdu_or_a_refusal(code: int, body: bytes) -> None:
    assert isinstance(wire.read(struct.pack(">IIII", 16 + len(body), code, 0, 1) + body), Pdu | Refused)
