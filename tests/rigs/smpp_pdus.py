"""PDUs of every type with values of all kinds, by the seed."""

import random
from typing import Any

from gateway.wire import smpp
from gateway.wire.smpp import Dest, DistributionList, Pdu, Status, Tag, Tlv, Unsuccess
from gateway.wire.smpp.codec import PDUS
from gateway.wire.smpp.pdus import RESPONSE, Field, Kind

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


def one_of_each(seed: int) -> list[Pdu]:
    """A PDU of every type."""
    chance = random.Random(seed)  # noqa: S311 - a seed must replay
    made: dict[int, Pdu] = {}
    while len(made) < len(PDUS):
        pdu = random_pdu(chance)
        made.setdefault(pdu.command_id, pdu)
    return list(made.values())
