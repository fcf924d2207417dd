"""Ports of other dialects and framings: words translated, services reached, faults answered, lines bounded and cut."""

import asyncio
import contextlib
import ssl
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest
import structlog

from gateway.channels.nfc import Listener, TerminalPorts, TerminalServer
from gateway.channels.nfc.framing import LengthKind
from gateway.channels.nfc.line import Line
from gateway.errors import Fault, KeyFault, KeysUnavailable, SettingsFault, StoreUnavailable
from gateway.keys import SoftwareKeyStore
from gateway.keys.file import fresh_missing
from gateway.services.links import TerminalStatus
from gateway.wire.iso8583 import DIALECTS, Message, decode, split_mac
from gateway.workers.terminals import TerminalsWorker
from tests.gateway.channels.nfc.ports import TERMINAL, door, until
from tests.peers.certificates import Authority
from wallet.clock import ManualClock
from wallet.errors import LedgerUnavailable

PLAIN = Listener("plain", "127.0.0.1", 0)
SHETAB = Listener("shetab", "127.0.0.1", 0, dialect="shetab93", length=LengthKind.ASCII4, header_bytes=5, tpdu=True)
BUY: dict[int, str | bytes] = {3: "000000", 4: "000000012345", 12: "261122113000", 24: "100", 37: "632600000042"}
BUY87: dict[int, str | bytes] = {3: "000000", 4: "000000012345", 12: "113000", 13: "1122", 37: "632600000042"}
FRAMINGS = [
    PLAIN,
    replace(PLAIN, length=LengthKind.BCD2, inclusive=True),
    replace(PLAIN, length=LengthKind.VMLH),
    replace(PLAIN, length=LengthKind.BINARY4, header_bytes=12),
    SHETAB,
    Listener("packed", "127.0.0.1", 0, dialect="iso87_binary", length=LengthKind.BCD2),
]


async def test_a_terminal_of_1993_is_understood_and_answered_in_its_own_words(clock: ManualClock) -> None:
    async with door(SHETAB, clock) as made:
        peer = await made.call()
        signed_on = await peer.sign_on()
        assert signed_on is not None
        assert (signed_on.mti, signed_on.text(39), signed_on.text(24)) == ("1814", "800", "801")
        made.taps.code = "51"
        answer = await peer.ask("1100", BUY)
        assert answer is not None
        assert (answer.mti, answer.text(39), answer.text(12), answer.text(24)) == ("1110", "116", "261122113000", "100")
        (asked,) = made.taps.came
        assert (asked.mti, asked.text(12), asked.text(13), 64 in asked.fields) == ("0100", "113000", "1122", True)
        batch = await peer.ask("1500", {12: "261122113000", 24: "500", 60: "000007", 97: "D" + "0" * 16})
        assert batch is not None
        assert (batch.mti, batch.text(39), batch.text(60)) == ("1510", "500", "000007")
        assert [message.mti for message in made.batches.came] == ["0500"]


@pytest.mark.parametrize("listener", FRAMINGS)
async def test_each_framing_signs_on_and_buys(listener: Listener, clock: ManualClock) -> None:
    async with door(listener, clock) as made:
        peer = await made.signed_on()
        modern = listener is SHETAB
        answer = await peer.ask("1100" if modern else "0100", BUY if modern else BUY87)
        assert answer is not None
        assert answer.text(39) == ("000" if modern else "00")


async def test_words_that_the_house_does_not_have_are_a_bad_format(clock: ManualClock) -> None:
    async with door(SHETAB, clock) as made:
        peer = await made.signed_on()
        for wrong in ({**BUY, 24: "999"}, {**BUY, 22: "X" * 12}, {**BUY, 56: "1100000041"}):
            answer = await peer.ask("1100", wrong)
            assert answer is not None
            assert (answer.mti, answer.text(39), answer.text(4)) == ("1110", "904", "000000012345")
        unknown = await peer.ask("1624", {})
        assert unknown is not None
        assert (unknown.mti, unknown.text(39)) == ("1634", "904")
        assert made.taps.came == []
        assert made.refused("bad_content") == 4


@pytest.mark.parametrize(
    ("mti", "service"),
    [(mti, "taps") for mti in ("0100", "0101", "0120", "0200", "0220", "0400", "0420", "0421")]
    + [("0320", "batches"), ("0500", "batches"), ("0300", ""), ("0600", "")],
)
async def test_a_message_reaches_its_service_by_its_type(clock: ManualClock, mti: str, service: str) -> None:
    async with door(PLAIN, clock) as made:
        peer = await made.signed_on()
        answer = await peer.ask(mti, BUY87)
        assert answer is not None
        assert answer.text(39) == ("00" if service else "30")
        # A repeat is what it repeats; of reversals the service knows both.
        as_first = "0100" if mti == "0101" else mti
        assert [message.mti for message in made.taps.came] == ([as_first] if service == "taps" else [])
        assert [message.mti for message in made.batches.came] == ([as_first] if service == "batches" else [])


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (StoreUnavailable("down"), "91"),
        (LedgerUnavailable("down"), "91"),
        (KeyFault("gone"), "96"),
        (ValueError("a bug"), "96"),
        (None, "68"),
    ],
)
async def test_what_fails_is_said_by_its_code(clock: ManualClock, fault: Exception | None, code: str) -> None:
    async with door(PLAIN, clock, answer_s=0.1) as made:
        peer = await made.signed_on()
        made.taps.fault = fault
        made.taps.gate = None if fault else asyncio.Event()
        answer = await peer.ask("0100", BUY87)
        assert answer is not None
        assert answer.text(39) == code
        assert answer.text(4) == "000000012345"


async def test_a_key_exchange_is_refused_and_a_sign_off_is_answered_before_the_line_ends(clock: ManualClock) -> None:
    async with door(PLAIN, clock) as made:
        peer = await made.signed_on()
        for says, code in (("101", "40"), ("301", "00"), ("002", "00")):
            answer = await peer.ask("0800", {70: says})
            assert answer is not None
            assert (answer.text(39), answer.text(70)) == (code, says)
        assert await peer.receive() is None
        assert made.refused("bad_type") == 0


async def test_a_terminal_that_staff_stopped_is_told_so_and_one_that_is_on_line_is_cut(clock: ManualClock) -> None:
    async with door(PLAIN, clock) as made:
        peer = await made.signed_on()
        made.registry.blocked.add(TERMINAL)
        ports = TerminalPorts(made.desk, [])
        ports.servers = (made.server,)
        await TerminalsWorker(Board(), made.registry, "a:1", ports).tick()
        assert await peer.receive() is None
        assert made.refused("blocked") == 1
        stopped = await (await made.call()).sign_on()
        assert stopped is not None
        assert stopped.text(39) == "58"
        assert await made.peers[-1].receive() is None
        made.registry.blocked.clear()
        await made.signed_on()


class Board:
    """What a process said."""

    def __init__(self) -> None:
        self.said: list[list[TerminalStatus]] = []

    async def say(self, process: str, statuses: object) -> None:
        assert process == "a:1"
        self.said.append(list(cast("list[TerminalStatus]", statuses)))


async def test_what_is_new_of_a_line_is_said_once(clock: ManualClock) -> None:
    board = Board()
    async with door(PLAIN, clock) as made:
        ports = TerminalPorts(made.desk, [])
        ports.servers = (made.server,)
        worker = TerminalsWorker(board, made.registry, "a:1", ports)
        await worker.tick()
        peer = await made.signed_on()
        await worker.tick()
        await worker.tick()
        await peer.ask("0100", BUY87)
        await worker.tick()
        peer.send(b"0100" + bytes(60))
        assert await peer.receive() is None
        await until(lambda: not made.server.status().waiting)
        await worker.tick()
        await worker.tick()
    assert [[(one.up, one.messages, one.last_mti, one.dropped) for one in said] for said in board.said] == [
        [], [(True, 1, "0800", "")], [], [(True, 2, "0100", "")], [(False, 2, "0100", "bad_mac")], [],
    ]  # fmt: skip
    (status,) = board.said[1]
    assert (status.terminal_id, status.listener, status.peer) == (TERMINAL, "plain", "127.0.0.1")


@pytest.mark.parametrize(
    ("mti", "fields", "why"),
    [
        ("0110", {39: "00"}, "we ask no terminal for this"),
        ("0430", {39: "00"}, "we ask no terminal for this"),
        ("0810", {39: "00", 70: "301"}, "nothing was asked"),
    ],
)
async def test_an_answer_to_nothing_drops_the_line_and_the_log_says_why(
    clock: ManualClock, mti: str, fields: dict[int, str | bytes], why: str
) -> None:
    async with door(PLAIN, clock) as made:
        peer = await made.signed_on()
        with structlog.testing.capture_logs() as logs:
            assert await peer.ask(mti, fields) is None
        assert [line["why"] for line in logs if line["event"] == "answer_unmatched"] == [why]
        assert made.refused("bad_type") == 1


async def test_beyond_its_bounds_the_door_stops_reading_and_answers_all_in_the_end(clock: ManualClock) -> None:
    async with door(PLAIN, clock, room=4) as made:
        made.taps.gate = asyncio.Event()
        peers = [await made.signed_on() for _ in range(3)]
        for peer in peers:
            for stan in range(10, 15):
                peer.send(peer.body("0100", {**BUY87, 7: "1122080000", 11: f"{stan:06d}", 41: TERMINAL}))
            await peer.writer.drain()
        await until(lambda: len(made.taps.came) == 4)
        for _ in range(200):
            await asyncio.sleep(0)
        assert len(made.taps.came) == 4
        made.taps.gate.set()
        answers = [await peer.receive() for peer in peers for _ in range(5)]
        assert all(answer is not None and answer.text(39) == "00" for answer in answers)
        assert len(made.taps.came) == 15


class Deaf:
    """A writer to a peer that never reads."""

    def __init__(self) -> None:
        self.transport = self
        self.aborted = False

    def get_extra_info(self, _name: str) -> None: ...
    def write(self, _data: bytes) -> None: ...
    def close(self) -> None: ...

    def abort(self) -> None:
        self.aborted = True

    async def drain(self) -> None:
        await asyncio.Event().wait()


async def test_who_sends_and_does_not_read_is_cut(clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.channels.nfc.line._WRITE_S", 0.01)
    async with door(PLAIN, clock) as made:
        real = await made.call()
        reader, writer = asyncio.StreamReader(), Deaf()
        fields: dict[int, str | bytes] = {7: "1122080000", 11: "000001", 41: TERMINAL, 70: "001"}
        reader.feed_data(PLAIN.framing.frame(real.body("0800", fields)))
        reader.feed_eof()
        line = Line(made.desk, PLAIN, reader, cast("asyncio.StreamWriter", writer))
        await line.serve()
        assert writer.aborted
        assert made.refused("slow") == 1


async def test_strangers_in_every_place_cost_no_terminal_its_answer(clock: ManualClock) -> None:
    async with door(replace(PLAIN, connections_max=40), clock, idle_s=3600) as made:
        # However slow the machine is, lines are cut because their places are needed and for nothing else.
        made.server._desk = replace(made.desk, sign_on_s=3600.0)
        peer = await made.signed_on()
        strangers = [await made.call() for _ in range(40)]
        await until(lambda: made.refused("too_many_connections") == 1)
        assert made.server.status().waiting == 40
        answer = await peer.ask("0100", BUY87)
        assert answer is not None
        assert answer.text(39) == "00"
        await made.signed_on()
        assert made.refused("too_many_connections") == 2
        # Who called first made room.
        assert [await stranger.receive() for stranger in strangers[:2]] == [None, None]
        for stranger in strangers:
            await stranger.hang_up()
        await until(lambda: made.server.status().waiting == 2)
        assert made.refused("slow") == 0


@pytest.mark.parametrize("listener", [PLAIN, SHETAB])
async def test_no_changed_byte_of_a_message_is_ever_more_than_dropped_or_refused(
    listener: Listener, clock: ManualClock
) -> None:
    async with door(listener, clock) as made:
        peer, dialect = await made.call(), listener.speaks
        common: dict[int, str | bytes] = {
            7: "1122080000",
            11: "000001",
            41: TERMINAL,
            55: bytes.fromhex("9F2608A1A2A3A4A5A6A7A8"),
        }
        modern = listener is SHETAB
        body = peer.body("1100" if modern else "0100", {**(BUY if modern else BUY87), **common})
        span, mac = split_mac(body, dialect)
        for at in range(len(body)):
            changed = body[:at] + bytes([body[at] ^ 1]) + body[at + 1 :]
            try:
                new_span, new_mac = split_mac(changed, dialect)
            except Fault:
                continue
            # Its MAC is wrong: the line is dropped. Where it is made anew, the answer is one, and typed.
            assert (new_span, new_mac) != (span, mac)
            assert at >= len(span) or await made.keys.link_mac("acquirer", TERMINAL, new_span) != new_mac
            try:
                message = decode(changed, dialect)
            except Fault as problem:
                message = Message(getattr(problem, "mti", ""), getattr(problem, "fields", {}))
                if message.mti[2:3] not in {"0", "2"}:
                    continue
            if message.mti[2] in "02":
                answer = decode(await made.desk.answer(message, TERMINAL, dialect), dialect)
                assert answer.text(39) in {"00", "30", "000", "904", "400"}


# --- listeners ---


async def test_only_networks_that_the_listener_knows_may_call(clock: ManualClock) -> None:
    async with door(replace(PLAIN, allow=("10.0.0.0/8", "2001:db8::/32")), clock) as made:
        assert await (await made.call()).receive() is None
        assert made.refused("not_allowed") == 1
    async with door(replace(PLAIN, allow=("127.0.0.0/8",)), clock) as made:
        await made.signed_on()
    known = replace(PLAIN, allow=("10.0.0.0/8", "2001:db8::/32"))
    assert known.allows("::ffff:10.1.2.3")
    assert known.allows("2001:db8::7%eth0")
    assert not known.allows("::ffff:11.1.2.3")


async def test_a_listener_with_tls_takes_those_whose_certificate_its_authority_signed(
    clock: ManualClock, tmp_path: Path
) -> None:
    authority = Authority(tmp_path)
    certificate, key = authority.sign("localhost")
    own = replace(PLAIN, folder=tmp_path, cert_file=certificate.name, key_file=key.name)
    async with door(replace(own, client_ca_file=authority.file.name), clock) as made:
        client = ssl.create_default_context(cafile=authority.file)
        stranger = None
        with contextlib.suppress(ConnectionError, ssl.SSLError):
            stranger = await (await made.call(client)).sign_on()
        assert stranger is None
        client.load_cert_chain(*authority.sign("a terminal"))
        answer = await (await made.call(client)).sign_on()
        assert answer is not None
        assert answer.text(39) == "00"


async def test_a_port_that_is_busy_is_named(clock: ManualClock) -> None:
    async with door(PLAIN, clock) as made:
        ports = TerminalPorts(made.desk, [PLAIN, replace(PLAIN, name="second", port=made.server.port)])
        with pytest.raises(SettingsFault, match="second"):
            await ports.start(lambda listener, _problem: SettingsFault(listener.name))
        assert [status.name for status in ports.statuses()] == ["terminals:plain", "terminals:second"]
        assert isinstance(ports.servers[0], TerminalServer)
        await ports.stop(1)


def test_the_shipped_dialects_are_what_a_listener_may_name() -> None:
    assert {"house87", "shetab93", "iso87_binary"} <= DIALECTS.keys()
    with pytest.raises(SettingsFault, match="no dialect"):
        _ = replace(PLAIN, dialect="latin").speaks


class LastWords(SoftwareKeyStore):
    """Keys that go away after some more MACs."""

    left = 1_000_000

    async def link_mac(self, ref: str, terminal: str, data: bytes) -> bytes:
        self.left -= 1
        if self.left < 0:
            raise KeysUnavailable("away")
        return await super().link_mac(ref, terminal, data)


@pytest.mark.parametrize("left", [0, 1])
async def test_a_line_is_let_go_when_the_keys_are_away_before_or_after_a_message(clock: ManualClock, left: int) -> None:
    keys = LastWords(fresh_missing({}))
    async with door(PLAIN, clock, keys) as made:
        peer = await made.signed_on()
        keys.left = left
        assert await peer.ask("0100", BUY87) is None
        assert made.refused("no_keys") == 1
        keys.left = 1_000_000
        answer = await (await made.signed_on()).ask("0100", BUY87)
        assert answer is not None
        assert answer.text(39) == "00"
