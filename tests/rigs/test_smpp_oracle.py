"""Wireshark reads every PDU that we emit as it was meant, and complains of none."""

import random
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from gateway.wire import gsm, smpp
from gateway.wire.gsm import Language, Splitting, Style
from gateway.wire.smpp import Pdu, Tag, Tlv
from tests.rigs.smpp_oracle import differences, dissected
from tests.rigs.smpp_pdus import MOMENTS, UDHI, one_of_each, random_pdu

pytestmark = pytest.mark.skipif(
    shutil.which("tshark") is None, reason="tshark is not installed: apt-get install tshark"
)


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
    as_meant(one_of_each(seed=4), tmp_path)


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
