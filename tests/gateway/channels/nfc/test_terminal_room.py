"""Whatever ends a message gives its place back, strangers do not stay, repeats get the same bytes in any dialect."""

import asyncio
from dataclasses import replace

import pytest

from gateway.channels.nfc import Listener
from gateway.channels.nfc.desk import Code
from gateway.channels.nfc.framing import LengthKind
from gateway.errors import KeyFault
from gateway.keys import SoftwareKeyStore
from gateway.keys.file import fresh_missing
from gateway.services.clearing import answers
from gateway.services.taps import Verdict
from gateway.wire import iso8583 as wire
from gateway.wire.iso8583 import action_of, encode_span
from tests.gateway.channels.nfc.ports import TERMINAL, Peer, door
from wallet.clock import ManualClock

PLAIN = Listener("plain", "127.0.0.1", 0)
BUY: dict[int, str | bytes] = {3: "000000", 4: "000000012345", 12: "113000", 13: "1122", 37: "632600000042"}
BUY93: dict[int, str | bytes] = {3: "000000", 4: "000000012345", 12: "261122113000", 24: "100", 37: "632600000042"}
DIALECTS = ["house87", "iso87_ascii", "iso87_binary", "iso87_ebcdic", "iso87_mixed", "shetab93"]


class Failing(SoftwareKeyStore):
    """Keys that fail once after some more MACs, in a way that nobody expects or as a store of keys does."""

    left = 1_000_000
    fault: Exception = RuntimeError("a bug")

    async def link_mac(self, ref: str, terminal: str, data: bytes) -> bytes:
        self.left -= 1
        if self.left == 0:
            raise self.fault
        return await super().link_mac(ref, terminal, data)


def bought(peer: Peer, stan: int) -> bytes:
    return peer.body("0100", {**BUY, 7: "1122080000", 11: f"{stan:06d}", 41: TERMINAL})


@pytest.mark.parametrize("fault", [RuntimeError("a bug"), KeyFault("no such key")])
async def test_a_message_that_is_cut_off_before_it_begins_gives_its_place_back(
    clock: ManualClock, fault: Exception
) -> None:
    keys = Failing(fresh_missing({}))
    told: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: told.append(context))
    async with door(PLAIN, clock, keys, room=1) as made:
        peer = await made.signed_on()
        keys.left, keys.fault = 2, fault
        made.taps.gate = asyncio.Event()
        framing = made.listener.framing
        peer.writer.write(framing.frame(bought(peer, 10)) + framing.frame(bought(peer, 11)))
        await peer.writer.drain()
        if isinstance(fault, KeyFault):
            # What is in work is finished, and asked again on the next line.
            made.taps.gate.set()
        assert await peer.receive() is None
        made.taps.gate = None
        answer = await (await made.signed_on()).ask("0100", BUY)
        assert answer is not None
        assert answer.text(39) == "00"
        assert bool(told) is isinstance(fault, RuntimeError)


async def test_session_control_keeps_no_stranger(clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.channels.nfc.line.BODY_S", 0.0)
    async with door(replace(PLAIN, length=LengthKind.VMLH), clock) as made:
        made.server._desk = replace(made.desk, sign_on_s=0.2)
        peer = await made.call()
        control = bytes([0, 0, 0, 0x20])
        ended = False
        while not ended:
            peer.writer.write(control)
            try:
                async with asyncio.timeout(5):
                    ended = await peer.reader.read(4) == b""
            except ConnectionError:
                ended = True
        assert made.refused("slow") == 1


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_a_repeat_gets_the_same_bytes_in_every_dialect(clock: ManualClock, dialect: str) -> None:
    modern = dialect == "shetab93"
    async with door(replace(PLAIN, dialect=dialect), clock) as made:
        peer = await made.signed_on()
        answers = []
        for mti, moment in (("1100", "1122080000"), ("1101", "1122080500")) if modern else (
            ("0100", "1122080000"), ("0101", "1122080500"),
        ):  # fmt: skip
            # The service keeps its first answer, as taps do.
            made.taps.kept = True
            fields = (BUY93 if modern else BUY) | {7: moment, 11: "000077", 41: TERMINAL}
            peer.send(peer.body(mti, fields))
            answer = await peer.receive()
            assert answer is not None
            answers.append(encode_span(answer, made.listener.speaks))
        assert answers[0] == answers[1]
        assert [message.mti for message in made.taps.came] == ["0100", "0100"]


def test_every_code_of_the_house_has_a_word_of_its_own_in_1993() -> None:
    codes = {verdict.de39 for verdict in Verdict} | {code.value for code in Code}
    codes |= {answers.AGREED, answers.DIFFERS, answers.BAD_FORMAT, answers.DUPLICATE, answers.UNKNOWN_TERMINAL}
    words = {code: action_of(code, "1110", wire.DIALECTS["shetab93"]) for code in codes}
    assert len(set(words.values())) == len(codes), words
    assert [code for code, word in words.items() if word == action_of("??", "1110", wire.DIALECTS["shetab93"])] == [
        "96"
    ]
