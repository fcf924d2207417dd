"""ISO 8583 in other dialects than the house's, for the fuzz rig: the same messages in their words and bytes."""

from collections.abc import Iterator, Mapping, Sequence

from gateway.wire import iso8583
from gateway.wire.iso8583 import Dialect, Message
from tests.rigs.fuzz import Read, Wire

NAMES = ("shetab93", "iso87_binary", "iso87_ebcdic")


def iso8583_wires(messages: Sequence[tuple[str, Mapping[int, str], bytes]], secret: str) -> Iterator[Wire]:
    """A wire for each dialect; `messages` are type, elements and chip data in the house's words."""
    for name in NAMES:
        dialect = iso8583.DIALECTS[name]
        seeds = tuple(_encoded(dialect, *message) for message in messages)
        yield Wire(f"iso8583 {name}", seeds, _reader(dialect, secret), (iso8583.BadMessage,))


def _reader(dialect: Dialect, secret: str) -> Read:
    def read(data: bytes) -> str | None:
        iso8583.split_mac(data, dialect)
        message = iso8583.decode(data, dialect)
        assert iso8583.decode(iso8583.encode(message, dialect), dialect) == message
        assert secret not in repr(message)
        iso8583.encode_span(iso8583.to_house(message, dialect))
        return None

    return read


def _encoded(dialect: Dialect, mti: str, fields: Mapping[int, str], icc: bytes) -> bytes:
    house = Message(mti, {**fields, **({55: icc} if icc else {})})
    asked = Message("", {12: "261122113000", 24: "100", 56: "110000004226112211300006581420"})
    message = iso8583.from_house(house, dialect, asked if dialect.house and 12 in fields else None)
    seal = 128 if max(message.fields) > 64 else 64
    return iso8583.encode(Message(message.mti, {**message.fields, seal: bytes(8)}), dialect)
