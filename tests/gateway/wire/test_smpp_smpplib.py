"""smpplib as the second opinion on bytes, where it is right; its defects are listed beside what it cannot judge."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from smpplib import smpp as smpplib_smpp

from gateway.wire import smpp
from gateway.wire.smpp import Pdu, Tag, Tlv


class Numbers:
    """The client that smpplib asks for a sequence number even when it only parses."""

    sequence = 0

    def next_sequence(self) -> int:
        """Always the same one."""
        return 0


def theirs(name: str, sequence: int, **values: object) -> Any:  # noqa: ANN401 - smpplib has no types
    """A PDU of smpplib's; its `sequence` argument is ignored, so it is set afterwards."""
    pdu = smpplib_smpp.make_pdu(name, client=Numbers(), **values)
    pdu.sequence = sequence
    return pdu


texts = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=8)
addresses = st.text("0123456789", min_size=1, max_size=15)
octets = st.integers(0, 255)
numbers = st.integers(1, 0x7FFF_FFFF)


@given(texts, texts, numbers)
def test_a_bind_has_the_same_bytes(system_id: str, password: str, sequence: int) -> None:
    ours = smpp.BindTransceiver(sequence=sequence, system_id=system_id, password=password, address_range="1420")
    oracle = theirs(
        "bind_transceiver", sequence, system_id=system_id, password=password, system_type="", address_range="1420"
    )
    assert smpp.encode(ours) == oracle.generate()


@given(addresses, st.binary(min_size=1, max_size=254), octets, octets, numbers)
def test_a_submit_sm_has_the_same_bytes(dest: str, text: bytes, coding: int, esm_class: int, sequence: int) -> None:
    ours = smpp.SubmitSm(
        sequence=sequence, source_ton=5, source="1420", dest_ton=1, dest_npi=1, dest=dest, esm_class=esm_class,
        validity="000000001500000R", registered_delivery=1, data_coding=coding, short_message=text,
        tlvs=(Tlv(Tag.USER_MESSAGE_REFERENCE, b"\x01\x02"), Tlv(Tag.ITS_SESSION_INFO, b"\x05\x00"),
              Tlv(Tag.USSD_SERVICE_OP, b"\x02")),
    )  # fmt: skip
    oracle = theirs(
        "submit_sm", sequence, source_addr_ton=5, source_addr="1420", dest_addr_ton=1, dest_addr_npi=1,
        destination_addr=dest, esm_class=esm_class, validity_period="000000001500000R", registered_delivery=1,
        data_coding=coding, short_message=text, user_message_reference=0x0102, its_session_info=0x0500,
        ussd_service_op=2, service_type="", schedule_delivery_time="",
    )  # fmt: skip
    assert smpp.encode(ours) == oracle.generate()


@given(st.text("0123456789abcdef", min_size=1, max_size=64), st.binary(max_size=254), numbers)
def test_smpplib_reads_our_receipts_as_we_meant_them(message_id: str, text: bytes, sequence: int) -> None:
    ours = smpp.DeliverSm(
        sequence=sequence, source="989120000001", dest="1420", esm_class=4, short_message=text,
        # smpplib drops the last character of an id that has no NUL.
        tlvs=(Tlv(Tag.RECEIPTED_MESSAGE_ID, message_id.encode() + b"\0"), Tlv(Tag.MESSAGE_STATE, b"\x02")),
    )  # fmt: skip
    read = smpplib_smpp.parse_pdu(smpp.encode(ours), client=Numbers())
    assert read.sequence == sequence
    assert (read.source_addr, read.destination_addr, read.esm_class) == (b"989120000001", b"1420", 4)
    assert (read.short_message, read.receipted_message_id, read.message_state) == (text, message_id.encode(), 2)


@pytest.mark.parametrize(
    ("pdu", "name", "values"),
    [
        (smpp.Unbind(sequence=3), "unbind", {}),
        (smpp.UnbindResp(sequence=3), "unbind_resp", {}),
        (smpp.EnquireLink(sequence=3), "enquire_link", {}),
        (smpp.EnquireLinkResp(sequence=3), "enquire_link_resp", {}),
        (smpp.GenericNack(sequence=3), "generic_nack", {}),
        (smpp.SubmitSmResp(sequence=3, message_id="a1"), "submit_sm_resp", {"message_id": "a1"}),
        (smpp.DeliverSmResp(sequence=3), "deliver_sm_resp", {"message_id": ""}),
        (smpp.BindReceiverResp(sequence=3, system_id="smsc"), "bind_receiver_resp", {"system_id": "smsc"}),
        (
            smpp.QuerySm(sequence=3, message_id="a1", source_ton=1, source_npi=1, source="1420"),
            "query_sm",
            {"message_id": "a1", "source_addr_ton": 1, "source_addr_npi": 1, "source_addr": "1420"},
        ),
        (
            smpp.QuerySmResp(sequence=3, message_id="a1", final_date="", message_state=2, error_code=0),
            "query_sm_resp",
            {"message_id": "a1", "final_date": "", "message_state": 2, "error_code": 0},
        ),
        (
            smpp.AlertNotification(sequence=3, source_ton=1, source="98912", esme_ton=1, esme="1420"),
            "alert_notification",
            {"source_addr_ton": 1, "source_addr": "98912", "esme_addr_ton": 1, "esme_addr": "1420"},
        ),
        (
            smpp.DataSm(sequence=3, source="1420", dest="98912", tlvs=(Tlv(Tag.MESSAGE_PAYLOAD, b"x" * 300),)),
            "data_sm",
            {
                "service_type": "",
                "source_addr": "1420",
                "destination_addr": "98912",
                "message_payload": b"x" * 300,
            },
        ),
    ],
)
def test_the_other_pdus_have_the_same_bytes(pdu: Pdu, name: str, values: dict[str, object]) -> None:
    assert smpp.encode(pdu) == theirs(name, 3, **values).generate()
