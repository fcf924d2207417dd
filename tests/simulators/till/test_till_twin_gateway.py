"""Twins: every message of the terminal in both dialects, read by the gateway's own implementation, and back."""

from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest

from gateway.wire import iso8583 as theirs
from gateway.wire.emv import house
from simulators.till import shetab93
from simulators.till.dialects import DIALECTS
from simulators.till.iso8583 import IsoError, Message
from simulators.till.items import Item, ItemKind, Totals
from simulators.till.kernel import Asked
from simulators.till.messages import Composer, remembered
from simulators.till.reader import Chip
from tests.simulators.acquirer import KEY

NOW = datetime(2026, 12, 31, 21, 30, tzinfo=UTC)
"""In Tehran it is the first of January already."""
VALUES = {"57": bytes.fromhex("5814200000000001D2911201"), "9F26": bytes(8), "9F36": b"\0\7", "95": bytes(5)}
CHIP = Chip(VALUES, Asked.ARQC)


class Stans:
    def __init__(self) -> None:
        self.last = 0

    def next(self) -> str:
        self.last += 1
        return f"{self.last:06d}"


def composer() -> Composer:
    return Composer("TERM0001", "PHARMACY000001", Stans().next, lambda: NOW)


def network(code: str) -> Message:
    return Message("0800", {7: "1231213000", 11: "000009", 41: "TERM0001", 70: code})


def item(write: Composer, mti: str = "0100", amount: int = 20_000) -> Item:
    original = remembered(write.purchase(mti, 25_000, CHIP, batch=7))
    return Item(original, ItemKind.PURCHASE, amount, "A00001")


MESSAGES: dict[str, tuple[Callable[[Composer], Message], str]] = {
    "sign-on": (lambda _: network("001"), "801"),
    "sign-off": (lambda _: network("002"), "802"),
    "echo": (lambda _: network("301"), "831"),
    "purchase": (lambda one: one.purchase("0100", 25_000, CHIP, batch=7), "100"),
    "purchase, a part will do": (lambda one: one.purchase("0100", 25_000, CHIP, batch=7, part_ok=True), "180"),
    "in one message": (lambda one: one.purchase("0200", 25_000, CHIP, batch=7), "200"),
    "in one message, a part": (lambda one: one.purchase("0200", 25_000, CHIP, batch=7, part_ok=True), "280"),
    "advice": (lambda one: one.purchase("0120", 25_000, CHIP, batch=7), "100"),
    "bought offline": (lambda one: one.purchase("0220", 25_000, CHIP, batch=7), "200"),
    "completion": (lambda one: one.completion(item(one, amount=25_000), "A00001"), "201"),
    "completion of a part": (lambda one: one.completion(item(one), "A00001"), "202"),
    "reversal": (lambda one: one.reversal(item(one).original), "400"),
    "reversal of an advice": (lambda one: one.reversal(item(one, "0120").original), "400"),
    "partial reversal": (lambda one: one.partial_reversal(item(one), 9_000), "401"),
    "refund": (lambda one: one.refund(item(one), 1_000, batch=8), "200"),
    "void": (lambda one: one.void(item(one)), "200"),
    "upload": (lambda one: one.upload(item(one), 7), "300"),
    "totals": (lambda one: one.totals(Totals(2, 45_000, 1, 1_000), 7), "500"),
}


def mac_of(span: bytes, dialect: theirs.Dialect) -> bytes:
    mac = house.cmac(KEY, span)[:8]
    return mac if dialect.binary == "raw" else mac.hex().upper().encode()


@pytest.mark.parametrize("dialect", ["house87", "shetab93"])
@pytest.mark.parametrize("name", MESSAGES)
def test_the_gateway_reads_every_message_in_both_dialects_as_the_house_means_it(name: str, dialect: str) -> None:
    made, function = MESSAGES[name]
    message = made(composer())
    spoken = theirs.DIALECTS[dialect]

    raw = shetab93.encode(message, KEY, NOW.date()) if dialect == "shetab93" else DIALECTS[dialect].encode(message, KEY)
    span, mac = theirs.split_mac(raw, spoken)
    read = theirs.decode(raw, spoken)
    told = theirs.to_house(read, spoken)

    assert mac == house.cmac(KEY, span)[:8]
    assert theirs.encode(read, spoken) == raw, "written again it has the same bytes"
    fields = {number: told.text(number) for number in told.fields if number not in (55, 64)}
    expected = dict(message.fields)
    if dialect == "shetab93":
        assert read.text(24) == function
        # What 1987 says besides, the house adds.
        if message.mti in {"0100", "0120", "0200", "0220"}:
            expected[25] = "00"
        # Of its original 1993 says the local time, where 1987 has that of transmission.
        if 90 in expected:
            expected[90] = f"{expected[90][:10]}{message[13]}{message[12]}{expected[90][20:]}"
        if 95 in expected:
            expected[4] = f"{message.was_minor:012d}"
    assert (told.mti, fields) == (message.mti, expected)
    assert told.binary(55) == message.icc


ANSWERS: list[tuple[Message, str]] = [
    (Message("0100", {4: "000000025000"}), "00"),
    (Message("0100", {4: "000000025000"}), "10"),
    (Message("0100", {}), "70"),
    (Message("0100", {}), "68"),
    (Message("0120", {}), "00"),
    (Message("0200", {}), "51"),
    (Message("0200", {}), "96"),
    (Message("0220", {}), "91"),
    (Message("0320", {}), "00"),
    (Message("0420", {}), "00"),
    (Message("0421", {}), "00"),
    (Message("0500", {}), "00"),
    (Message("0500", {}), "95"),
    (Message("0800", {70: "301"}), "00"),
]


@pytest.mark.parametrize("dialect", ["house87", "shetab93"])
@pytest.mark.parametrize(("asked", "code"), ANSWERS)
def test_the_terminal_reads_every_answer_of_the_gateway_in_both_dialects(
    asked: Message, code: str, dialect: str
) -> None:
    spoken, ours = theirs.DIALECTS[dialect], DIALECTS[dialect]
    fields = {**asked.fields, 11: "000007", 12: "113000", 13: "1122", 41: "TERM0001"}
    request = theirs.decode(ours.encode(Message(asked.mti, fields), KEY), spoken)
    answered = {number: fields[number] for number in (4, 11, 12, 13, 41) if number in fields} | {39: code}
    if code == "10":
        answered |= {4: "000000020000", 54: "0057364D000000025000"}
    answer = theirs.Message(theirs.answer_mti(asked.mti), {**answered, 55: bytes.fromhex("91021234")})

    span = theirs.encode_span(theirs.from_house(answer, spoken, request), spoken)
    read = ours.decode(span + mac_of(span, spoken), KEY)

    assert (read.mti, read[39], read[11], read[41]) == (asked.answer_mti, code, "000007", "TERM0001")
    assert (read[12], read[13]) == ("113000", "1122")
    assert (read[4], read[54], read.icc.hex()) == (answered.get(4, ""), answered.get(54, ""), "91021234")


@pytest.mark.parametrize("dialect", ["house87", "shetab93"])
@pytest.mark.parametrize("name", ["purchase", "totals"])
def test_one_turned_bit_anywhere_is_seen_in_both_dialects(name: str, dialect: str) -> None:
    raw = DIALECTS[dialect].encode(MESSAGES[name][0](composer()), KEY)
    for position in range(0, len(raw), 5):
        turned = bytearray(raw)
        turned[position] ^= 1
        with pytest.raises(IsoError):
            DIALECTS[dialect].decode(bytes(turned), KEY)


def test_the_example_of_the_dialect_is_written_as_its_text_has_it() -> None:
    fields = {
        2: "5814200000000002", 3: "000000", 4: "000000012345", 7: "1122080000", 11: "000042", 12: "113000",
        13: "1122", 14: "2911", 22: "071", 24: "200", 25: "00", 32: "581420", 37: "632600000042", 41: "TERM0001",
        42: "581420000000019", 49: "364", 60: "000001",
    }  # fmt: skip
    raw = shetab93.encode(Message("0100", fields, bytes.fromhex("82020040")), KEY, date(2026, 11, 22))
    expected = (
        "11007234050108C0821116581420000000000200000000000001234511220800000000422611221130002911M1010LM001401800658"
        "1420632600000042TERM000158142000000001936400882020040006000001"
    )
    assert raw[:-16].decode() == expected


@pytest.mark.parametrize("code", ["700", "1"])
def test_an_action_that_is_in_no_table_is_refused(code: str) -> None:
    with pytest.raises(IsoError):
        shetab93.from_wire(Message("1110", {39: code}))
