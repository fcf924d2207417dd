"""What may not come in by the terminals' and the SMSC's line, as tables, and the octets that it is made of."""

from collections.abc import Callable, Mapping

from simulators import emv_card
from simulators.smsc import wire as smsc_wire
from simulators.till import iso8583
from simulators.till.dialects import Framing
from simulators.till.iso8583 import Message
from tests.journeys.town import Town

# --- the terminals' line ---


def key_of(town: Town) -> bytes:
    return bytes.fromhex(town.facts.terminal.key_hex)


def sign_on(town: Town, **changed: str) -> Message:
    fields = {7: "1122080000", 11: "900001", 41: town.facts.terminal.id, 70: "001"}
    return Message("0800", {**fields, **{int(name[2:]): value for name, value in changed.items()}})


def purchase(town: Town, icc: bytes, **changed: str) -> Message:
    """A 0100 whose MAC is good; `icc` is its DE55."""
    terminal = town.facts.terminal
    fields = {
        2: "5814200000000007", 3: "000000", 4: "000000001000", 7: "1122080000", 11: "900002", 12: "113000", 13: "1122",
        14: "3012", 22: "071", 25: "00", 32: "581420", 37: "632608900002", 41: terminal.id,
        42: f"{terminal.merchant_id:<15}", 49: "364",
    }  # fmt: skip
    return Message("0100", {**fields, **{int(name[2:]): value for name, value in changed.items()}}, icc)


def framed(town: Town, message: Message) -> bytes:
    return Framing.BINARY2.frame(iso8583.encode(message, key_of(town)))


def with_bad_mac(town: Town, message: Message) -> bytes:
    data = iso8583.encode(message, key_of(town))
    return Framing.BINARY2.frame(data[:-1] + bytes([data[-1] ^ 1]))


def with_body(town: Town, covered: bytes) -> bytes:
    """Any octets under a good MAC."""
    return Framing.BINARY2.frame(covered + emv_card.mac8(key_of(town), covered))


def altered(town: Town, old: bytes, new: bytes) -> bytes:
    """A good message with some octets replaced before its MAC is made."""
    data = iso8583.encode(sign_on(town, de70="301"), key_of(town))[:-8]
    assert old in data
    return with_body(town, data.replace(old, new, 1))


Octets = Callable[[Town], bytes]
DROPPED: Mapping[str, tuple[Octets, str]] = {
    "a length beyond the cap": (lambda _: b"\xff\xff", "bad_length"),
    "no length": (lambda _: b"\x00\x00", "bad_length"),
    "HTTP": (lambda _: b"GET / HTTP/1.1\r\n\r\n", "bad_length"),
    "a purchase before the sign-on": (lambda town: framed(town, purchase(town, b"\x82\x00")), "bad_sign_on"),
    "a sign-on with a bad MAC": (lambda town: with_bad_mac(town, sign_on(town)), "bad_mac"),
    "a sign-on of zeros": (lambda _: Framing.BINARY2.frame(bytes(40)), "bad_sign_on"),
    "an unknown terminal": (lambda town: framed(town, sign_on(town, de41="XX999999")), "bad_mac"),
}
SIGNED_ON: Mapping[str, tuple[Octets, str]] = {
    "a bad MAC": (lambda town: with_bad_mac(town, sign_on(town, de70="301")), "bad_mac"),
    "a length beyond the cap": (lambda _: b"\x08\x01" + bytes(100), "bad_length"),
    "an answer that nobody asked for": (lambda town: altered(town, b"0800", b"0810"), "bad_type"),
    "a type of no standard": (lambda town: altered(town, b"0800", b"9X00"), "bad_content"),
}
DE39_30: Mapping[str, tuple[Octets, str]] = {
    "a field of another type": (lambda town: altered(town, b"1122080000", b"11220X0000"), "0800"),
    "a month that is none": (lambda town: altered(town, b"1122080000", b"1322080000"), "0800"),
    "a bitmap of letters": (lambda town: with_body(town, b"0100" + b"Z" * 40), "0100"),
    "chip data that ends in a tag": (lambda town: framed(town, purchase(town, bytes.fromhex("9F"))), "0100"),
    "chip data whose length lies": (lambda town: framed(town, purchase(town, bytes.fromhex("82FF00"))), "0100"),
    "chip data of indefinite length": (lambda town: framed(town, purchase(town, bytes.fromhex("8280"))), "0100"),
    "chip data with a tag of five bytes": (
        lambda town: framed(town, purchase(town, bytes.fromhex("9F8181818101"))), "0100",
    ),
    "chip data without a cryptogram": (lambda town: framed(town, purchase(town, bytes.fromhex("82020040"))), "0100"),
    "another's terminal": (lambda town: framed(town, purchase(town, b"\x82\x00", de41="XX999999")), "0100"),
    "another currency": (lambda town: framed(town, purchase(town, b"\x82\x00", de49="840")), "0100"),
}  # fmt: skip


def messages(town: Town, octets: bytes) -> list[Message]:
    """What the gateway said, each MAC checked by the other implementation."""
    found = []
    while octets:
        size = int.from_bytes(octets[:2])
        found.append(iso8583.decode(octets[2 : 2 + size], key_of(town)))
        octets = octets[2 + size :]
    return found


# --- the SMSC's line ---

NACK, DELIVER_RESP = 0x80000000, 0x80000005


def pdu(command: int, body: bytes = b"", *, sequence: int = 77, length: int | None = None) -> bytes:
    """Octets of a PDU (SMPP 3.4, 3.2); `length` may lie."""
    size = 16 + len(body) if length is None else length
    return b"".join(part.to_bytes(4) for part in (size, command, 0, sequence)) + body


def receipt(text: bytes) -> bytes:
    return smsc_wire.make(
        "deliver_sm", 77, service_type="", source_addr="989120000008", destination_addr="1420", esm_class=4,
        short_message=text, schedule_delivery_time="", validity_period="",
    )  # fmt: skip


SMPP: Mapping[str, tuple[bytes, tuple[int, int], str]] = {
    "an unknown command": (pdu(0x00000777), (NACK, 0x03), "pdu"),
    "a deliver_sm without a body": (pdu(5), (DELIVER_RESP, 0xC2), "pdu"),
    "a deliver_sm that ends in a string": (pdu(5, b"\0\1\1989120000008"), (DELIVER_RESP, 0xC2), "pdu"),
    "a deliver_sm whose text is shorter than it says": (
        pdu(5, b"\0\1\0019891\0\1\0011420\0\4\0\0\0\0\0\0\0\0\xf0abc"), (DELIVER_RESP, 0x01), "pdu",
    ),
    "a deliver_sm with half a TLV": (
        pdu(5, b"\0\1\0019891\0\1\0011420\0\4\0\0\0\0\0\0\0\0\0\4\x27\0"), (DELIVER_RESP, 0xC0), "pdu",
    ),
    "a submit_sm without a body": (pdu(4), (0x80000004, 0xC2), "pdu"),
    "a query_sm, which only an ESME sends": (pdu(3, b"1\0\1\0011420\0"), (0x80000003, 0x04), "unexpected"),
    "a length below the header": (pdu(0x15, length=8), (NACK, 0x02), "frame"),
    "a length beyond the cap": (pdu(5, length=0x7FFFFFFF), (NACK, 0x02), "frame"),
    "HTTP": (b"GET / HTTP/1.1\r\n\r\n", (NACK, 0x02), "frame"),
}  # fmt: skip


def heads(frames: list[bytes]) -> list[tuple[int, int]]:
    """command_id and command_status of each."""
    return [(int.from_bytes(frame[4:8]), int.from_bytes(frame[8:12])) for frame in frames]
