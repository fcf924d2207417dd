"""Twins: each PDU that the gateway's codec makes is read by the simulator's, which makes the same octets of it."""

from typing import Any

import pytest

from gateway.wire import gsm, smpp
from gateway.wire.gsm import Splitting as GatewaySplitting
from gateway.wire.smpp import Pdu, Tlv
from simulators.smsc import text, wire
from simulators.smsc.lacking import Dest, Unsent
from simulators.smsc.text import Splitting

USSD = (Tlv(0x0501, b"\x02"), Tlv(0x1383, b"\x05\x00"), Tlv(0x1400, b"vendor"))
FROM_TO: dict[str, Any] = {"source_ton": 5, "source": "TAPDIAL", "dest_ton": 1, "dest_npi": 1, "dest": "989120000001"}
ID = "019ab3c4d5e6"
LIST = (smpp.Dest(1, 1, "989120000001"), smpp.DistributionList("retired"))
PDUS: tuple[Pdu, ...] = (
    smpp.BindTransmitter(sequence=1, system_id="tapdial", password="hidden", system_type="USSD", address_range="98*"),
    smpp.BindReceiver(sequence=2, system_id="tapdial"),
    smpp.BindTransceiver(sequence=3, system_id="tapdial", addr_ton=1, addr_npi=1),
    smpp.BindTransmitterResp(sequence=1, system_id="smsc", tlvs=(Tlv(0x0210, b"\x34"),)),
    smpp.BindReceiverResp(sequence=2, system_id="smsc"),
    smpp.BindTransceiverResp(sequence=3, system_id="smsc"),
    smpp.Outbind(sequence=4, system_id="smsc", password="hidden"),
    smpp.Unbind(sequence=5),
    smpp.UnbindResp(sequence=5),
    smpp.EnquireLink(sequence=6),
    smpp.EnquireLinkResp(sequence=6),
    smpp.GenericNack(sequence=7, status=3),
    smpp.AlertNotification(sequence=8, source="989120000001", esme="1420", tlvs=(Tlv(0x0422, b"\x01"),)),
    smpp.SubmitSm(
        sequence=9, **FROM_TO, service_type="CMT", esm_class=0x40, protocol_id=1, priority=2,
        schedule="261127130000000+", validity="000001000000000R", registered_delivery=0x11, replace_if_present=1,
        data_coding=8, default_message_id=3, short_message=b"\x05\x00\x03\x07\x02\x01" + "مانده".encode("utf-16-be"),
    ),
    smpp.SubmitSm(sequence=10, **FROM_TO, tlvs=(Tlv(0x0424, b"x" * 1_000),)),
    smpp.SubmitSm(sequence=11, **FROM_TO, service_type="USSD", short_message=b"1. Balance", tlvs=USSD),
    smpp.SubmitSmResp(sequence=9, message_id=ID),
    smpp.SubmitMulti(sequence=12, source="1420", dests=LIST, validity="000001000000000R", short_message=b"all"),
    smpp.SubmitMultiResp(sequence=12, message_id=ID, unsuccess=(smpp.Unsuccess(1, 1, "98", 11),)),
    smpp.DataSm(sequence=13, **FROM_TO, registered_delivery=1, tlvs=(Tlv(0x0424, b"data"), *USSD)),
    smpp.DataSmResp(sequence=13, message_id=ID),
    smpp.DeliverSm(sequence=14, **FROM_TO, esm_class=4, short_message=b"id:1 stat:DELIVRD", tlvs=USSD),
    smpp.DeliverSmResp(sequence=14),
    smpp.QuerySm(sequence=15, message_id=ID, source="1420"),
    smpp.QuerySmResp(sequence=15, message_id=ID, final_date="261127130000000+", message_state=2, error_code=1),
    smpp.CancelSm(sequence=16, message_id=ID, source="1420", dest="989120000001"),
    smpp.CancelSmResp(sequence=16),
    smpp.ReplaceSm(sequence=17, message_id=ID, source="1420", registered_delivery=1, short_message=b"new"),
    smpp.ReplaceSmResp(sequence=17),
)  # fmt: skip


def remade(octets: bytes) -> bytes:
    """What the simulator makes of what it has read."""
    pdu = wire.read(octets)
    assert isinstance(pdu, wire.Pdu), pdu
    values: dict[str, Any] = {
        name: value.decode("latin-1") if isinstance(value, bytes) and name != "short_message" else value
        for name, value in pdu.values.items()
    }
    return wire.make(pdu.command, pdu.sequence, pdu.status, tlvs=pdu.tlvs, **values)


@pytest.mark.parametrize("pdu", PDUS, ids=lambda pdu: f"{type(pdu).__name__} {pdu.sequence}")
def test_both_codecs_make_the_same_octets_of_a_pdu_and_read_the_same_from_them(pdu: Pdu) -> None:
    octets = smpp.encode(pdu)

    assert remade(octets) == octets
    assert smpp.decode(remade(octets)) == pdu


def test_destinations_mean_the_same_to_both() -> None:
    multi = wire.read(smpp.encode(smpp.SubmitMulti(sequence=1, dests=LIST)))
    answer = wire.read(smpp.encode(smpp.SubmitMultiResp(sequence=1, unsuccess=(smpp.Unsuccess(2, 3, "98", 11),))))

    assert isinstance(multi, wire.Pdu)
    assert multi.values["dests"] == (Dest("989120000001"), Dest("retired", None))
    assert isinstance(answer, wire.Pdu)
    assert answer.values["unsent"] == (Unsent("98", 11, ton=2, npi=3),)


TEXTS = ("BAL", "€" * 161, "The pension has not come. " * 20, "مانده " * 60, "🙏" * 90, "x" * 160)


@pytest.mark.parametrize("body", TEXTS, ids=lambda body: f"{body[:3]} {len(body)}")
@pytest.mark.parametrize("way", [GatewaySplitting.UDH8, GatewaySplitting.UDH16])
def test_a_long_text_of_either_is_whole_at_the_other(body: str, way: GatewaySplitting) -> None:
    style = gsm.Style(splitting=way)
    ours = [(part.header + part.data, part.alphabet.coding is gsm.Coding.UCS2) for part in gsm.split(body, style=style)]
    theirs = text.split(body, Splitting(way.value))
    joiner, read = text.Joiner(), []
    for octets, ucs2 in ours:
        piece = text.piece_of(
            wire.Pdu("submit_sm", 1, 0, {"short_message": octets, "esm_class": 0x40 if len(ours) > 1 else 0})
        )
        read.append(joiner.joined("1420", "98", piece, text.text_of(piece.octets, 8 if ucs2 else 0)))

    assert read[-1] == body
    assert len(ours) == len(theirs)
    assert "".join(_heard(part) for part in theirs) == body


def _heard(part: text.Part) -> str:
    """The text of a part as the gateway reads it."""
    _, locking, single, rest = gsm.user_data(part.octets, udhi=bool(part.esm_class))
    coding = gsm.Coding.UCS2 if part.data_coding else gsm.Coding.GSM
    return gsm.Alphabet(coding, locking, single).text(rest)
