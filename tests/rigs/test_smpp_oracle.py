"""Wireshark reads every PDU that we emit as it was meant, and complains of none."""

import random
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from gateway.wire import gsm, smpp
from gateway.wire.gsm import Language, Splitting, Style
from gateway.wire.smpp import Dest, DistributionList, Pdu, Status, Tag, Tlv, Unsuccess
from gateway.wire.smpp.codec import PDUS
from gateway.wire.smpp.pdus import RESPONSE, Field, Kind
from tests.rigs.smpp_oracle import differences, dissected

pytestmark = pytest.mark.skipif(
    shutil.which("tshark") is None, reason="tshark is not installed: apt-get install tshark"
)

UDHI = 0x40
MOMENTS = ("261127123000004+", "000001020304000R", "261127123000014-", "")
TLVS: dict[int, tuple[bytes, ...]] = {
    Tag.RECEIPTED_MESSAGE_ID: (b"0123456789\0", b"f" * 64 + b"\0"),
    Tag.USER_MESSAGE_REFERENCE: (b"\x01\x02",),
    # Of no protocol that the dissector would look for in the text.
    Tag.SOURCE_PORT: (b"\x3e\x81",),
    Tag.DESTINATION_PORT: (b"\x3e\x82",),
    Tag.SAR_REFERENCE: (b"\x12\x34",),
    Tag.LANGUAGE: (b"\x01",),
    Tag.SAR_TOTAL: (b"\x03",),
    Tag.SAR_NUMBER: (b"\x02",),
    Tag.CALLBACK_NUMBER: (b"\x01\x01\x011420",),
    Tag.NETWORK_ERROR_CODE: (b"\x03\x00\x21",),
    Tag.DELIVERY_FAILURE: (b"\x01",),
    Tag.MORE_MESSAGES: (b"\x00", b"\x01"),
    Tag.MESSAGE_STATE: (b"\x02", b"\x08"),
    Tag.USSD_SERVICE_OP: (b"\x01", b"\x12"),
    Tag.ALERT_ON_DELIVERY: (b"",),
    Tag.ITS_SESSION_INFO: (b"\x05\x00", b"\xff\x01"),
    Tag.ADDITIONAL_STATUS: (b"queue full\0",),
    0x1400: (b"vendor", b"\0"),
    0x3FFF: (b"\xff" * 300,),
}
WITH_TLVS = (
    *(smpp.BindReceiverResp, smpp.BindTransmitterResp, smpp.BindTransceiverResp, smpp.SubmitSm, smpp.DeliverSm),
    *(smpp.SubmitMulti, smpp.DataSm, smpp.DataSmResp, smpp.AlertNotification),
)
"""The PDUs that may have TLVs by the standard; in others the dissector reads none."""


def parts(text: str, style: Style) -> list[Pdu]:
    """The submit_sm of a text as a link would send it."""
    made: list[Pdu] = []
    for part in gsm.split(text, reference=0x1234, style=style):
        data = part.header + part.data
        tlvs: tuple[Tlv, ...] = ()
        if style.splitting is Splitting.PAYLOAD:
            data, tlvs = b"", (Tlv(Tag.MESSAGE_PAYLOAD, data),)
        elif style.splitting is Splitting.SAR:
            tlvs = (
                Tlv(Tag.SAR_REFERENCE, part.reference.to_bytes(2)),
                Tlv(Tag.SAR_TOTAL, bytes([part.total])),
                Tlv(Tag.SAR_NUMBER, bytes([part.number])),
            )
        made.append(
            smpp.SubmitSm(
                sequence=part.number,
                source_ton=5,
                source="TAPDIAL",
                dest_ton=1,
                dest_npi=1,
                dest="989120000001",
                esm_class=UDHI if part.header else 0,
                validity=MOMENTS[1],
                registered_delivery=1,
                data_coding=part.coding.value,
                short_message=data,
                tlvs=tlvs,
            )
        )
    return made


def random_pdu(chance: random.Random) -> Pdu:
    """Any PDU, with any values whose meaning does not change how others are read."""
    kind = chance.choice(list(PDUS.values()))
    values = {field.name: _value(field, chance) for field in kind.layout}
    if "esm_class" in values:
        # The indicator of a header would make the dissector look for one.
        values["esm_class"] &= ~UDHI
    tags = chance.sample(sorted(TLVS), chance.randrange(4)) if kind in WITH_TLVS else []
    tlvs = tuple(Tlv(tag, chance.choice(TLVS[tag])) for tag in tags)
    status = chance.choice((Status.OK, *Status)) if kind.command_id & RESPONSE and chance.random() < 0.3 else 0
    return kind(sequence=chance.randrange(1, 0x8000_0000), status=status, tlvs=tlvs, **values)


def _text(chance: random.Random, size: int) -> str:
    length = chance.choice((0, 1, size - 1, chance.randrange(size)))
    return "".join(chance.choices("0123456789abcdefXYZ*#+.", k=length))


def _value(field: Field, chance: random.Random) -> Any:  # noqa: ANN401 - a field has the type of its kind
    name, kind, size = field
    if name in ("schedule", "validity", "final_date"):
        return chance.choice(MOMENTS)
    match kind:
        case Kind.BYTE:
            # Coding groups 11xx and the indicator bits change what the dissector calls the text behind them.
            return chance.choice((0, 1, 8)) if name == "data_coding" else chance.randrange(256)
        case Kind.TEXT:
            return _text(chance, size)
        case Kind.OCTETS:
            return bytes(
                chance.randrange(0x20, 0x7F) for _ in range(chance.choice((1, size, chance.randrange(1, size))))
            )
        case Kind.DESTS:
            return tuple(
                Dest(chance.randrange(7), chance.randrange(19), _text(chance, 21) or "1")
                if chance.random() < 0.7
                else DistributionList(_text(chance, 21) or "list")
                for _ in range(chance.choice((1, 3, size)))
            )
        case Kind.UNSUCCESS:
            return tuple(
                Unsuccess(
                    chance.randrange(7), chance.randrange(19), _text(chance, 21) or "1", chance.choice(list(Status))
                )
                for _ in range(chance.choice((1, 3, size)))
            )


def as_meant(pdus: Sequence[Pdu], folder: Path) -> None:
    """Raise for the first PDU that is read otherwise than it was meant."""
    seen = dissected([smpp.encode(pdu) for pdu in pdus], folder)
    assert len(seen) == len(pdus)
    for pdu, found in zip(pdus, seen, strict=True):
        wrong = differences(pdu, found)
        assert not wrong, f"{pdu!r}: {'; '.join(wrong)}"


STYLES = (
    ("Hello", Style()),
    ("a€" * 100, Style()),
    ("سلام دنیا " * 20, Style(Splitting.UDH16)),
    ("a€" * 100, Style(Splitting.SAR)),
    ("a" * 1_000, Style(Splitting.PAYLOAD)),
    ("س" * 20_000, Style(Splitting.PAYLOAD)),
    ("ağış", Style(languages=(Language.TURKISH,))),
    ("کد ۱۲۳ " * 40, Style(languages=(Language.URDU,))),
    ("ê" * 141, Style(codings=(gsm.Coding.LATIN1,))),
)


def test_wireshark_reads_one_pdu_of_each_type_as_it_was_meant(tmp_path: Path) -> None:
    chance = random.Random(4)  # noqa: S311 - a seed
    made: dict[int, Pdu] = {}
    while len(made) < len(PDUS):
        pdu = random_pdu(chance)
        made.setdefault(pdu.command_id, pdu)
    as_meant(list(made.values()), tmp_path)


def test_wireshark_reads_texts_in_every_style_as_they_were_split(tmp_path: Path) -> None:
    as_meant([pdu for text, style in STYLES for pdu in parts(text, style)], tmp_path)


def test_the_oracle_notices_a_field_that_is_not_what_was_meant(tmp_path: Path) -> None:
    sent = smpp.SubmitSm(source="1420", dest="98912", short_message=b"hello", tlvs=(Tlv(Tag.MORE_MESSAGES, b"\1"),))
    (seen,) = dissected([smpp.encode(sent)], tmp_path)
    for meant in (
        smpp.SubmitSm(source="1421", dest="98912", short_message=b"hello", tlvs=sent.tlvs),
        smpp.SubmitSm(source="1420", dest="98912", short_message=b"hellO", tlvs=sent.tlvs),
        smpp.SubmitSm(source="1420", dest="98912", short_message=b"hello"),
        smpp.DeliverSm(source="1420", dest="98912", short_message=b"hello", tlvs=sent.tlvs),
    ):
        assert differences(meant, seen)
    (cut,) = dissected([smpp.encode(sent)[:-1] + b"\0\0\0"], tmp_path)[:1]
    assert differences(sent, cut)


@pytest.mark.rig
def test_wireshark_reads_thousands_of_pdus_of_all_types_as_they_were_meant(tmp_path: Path) -> None:
    chance = random.Random(2775)  # noqa: S311 - a seed
    as_meant([random_pdu(chance) for _ in range(2_000)], tmp_path)
