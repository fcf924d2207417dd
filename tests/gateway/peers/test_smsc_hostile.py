"""The link against SMSCs that lie, flood, stall and vanish: it lives or leaves, and the loop goes on turning."""

import asyncio
import gc
import socket
import struct
import time
import tracemalloc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

import pytest

from gateway.observe import Metrics
from gateway.peers.smsc import BindKind, Inbound
from gateway.peers.smsc.profile import OutbindDoor
from gateway.services.messages import Incoming
from gateway.services.notices import PartResult, PartState
from gateway.wire import smpp
from gateway.wire.smpp import Pdu, Status, Tag, Tlv
from tests.gateway.peers.smsc_stubs import (
    Box,
    ScriptedSmsc,
    link_of,
    link_to,
    message,
    mute,
    obedient,
    profile_to,
    running,
    until,
)  # fmt: skip

SHARE_MAX = 0.5
"""Of the processor time that a flood takes, what may pass between two turns of the loop; read at once it takes all."""
FLOOD = 40_000


@asynccontextmanager
async def turning() -> AsyncIterator[None]:
    """Whatever happens inside, the loop turns: no turn takes most of the time that all of them take."""
    worst, began_all = 0.0, time.thread_time()

    async def watch() -> None:
        nonlocal worst
        while True:
            began = time.thread_time()
            await asyncio.sleep(0.005)
            worst = max(worst, time.thread_time() - began)

    # The collector rests meanwhile: what it takes grows with all that other tests of this process have left behind.
    gc.disable()
    try:
        async with asyncio.TaskGroup() as group:
            watching = group.create_task(watch())
            yield
            watching.cancel()
    finally:
        gc.enable()
    assert worst < SHARE_MAX * (time.thread_time() - began_all)


async def test_forty_thousand_answers_that_nobody_asked_for_hold_nobody_up() -> None:
    metrics, counted = Metrics(), {"door": "smpp", "reason": "unasked"}
    flood = b"".join(smpp.encode(smpp.SubmitSmResp(sequence=900 + each)) for each in range(FLOOD))

    def unasked() -> float | None:
        return metrics.registry.get_sample_value("tapdial_refused_input_total", counted)

    async with ScriptedSmsc() as smsc, running(link_to(smsc.port, metrics=metrics, response_s=15.0)) as link:
        await until(lambda: link.ready)
        async with turning():
            smsc.say(flood)
            assert (await link.send(message())).parts == (PartResult(1, PartState.SENT, "m2"),)
            await until(lambda: unasked() == FLOOD, timeout_s=15)
        assert smsc.binds == 1


async def test_a_pdu_that_claims_four_gib_is_refused_without_room_being_made_for_it() -> None:
    async with ScriptedSmsc() as smsc, running(link_to(smsc.port)) as link:
        await until(lambda: link.ready)
        tracemalloc.start()
        smsc.say(struct.pack(">IIII", 0xFFFF_FFF0, 5, 0, 9) + b"x" * 100_000)
        await until(lambda: smsc.binds == 2)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 5_000_000
        assert smsc.all(smpp.GenericNack) == [smpp.GenericNack(sequence=9, status=Status.INVALID_COMMAND_LENGTH)]


async def test_garbage_ends_the_line_and_the_link_comes_back() -> None:
    async with ScriptedSmsc() as smsc, running(link_to(smsc.port)) as link:
        await until(lambda: link.ready)
        smsc.say(b"HTTP/1.1 400 Bad Request\r\n\r\n" * 50)
        await until(lambda: smsc.binds == 2 and link.ready)


async def test_pdus_that_cannot_be_read_kill_nobody() -> None:
    async with ScriptedSmsc() as smsc, running(link_to(smsc.port)) as link:
        await until(lambda: link.ready)
        lying = struct.pack(">IIII", 20, 0x0000_0005, 0, 7) + b"\xff\xff\xff\xff"
        stray_tlv = smpp.encode(smpp.DeliverSm(sequence=8, short_message=b"x"))
        stray_tlv = struct.pack(">I", len(stray_tlv) + 3) + stray_tlv[4:] + b"\x14\x00\x00"
        ussd = smpp.encode(smpp.DeliverSm(sequence=9, service_type="USSD", tlvs=(Tlv(Tag.USSD_SERVICE_OP, b""),)))
        smsc.say(lying, stray_tlv, ussd, struct.pack(">IIII", 16, 0x0000_0777, 0, 10))
        await until(lambda: len(smsc.all(smpp.DeliverSmResp)) == 3 and len(smsc.all(smpp.GenericNack)) == 1)
        assert all(pdu.status for pdu in smsc.heard[1:])
        assert (await link.send(message())).parts == (PartResult(1, PartState.SENT, "m2"),)


async def test_a_nack_for_a_request_in_flight_completes_it_and_another_answers_nothing() -> None:
    def script(pdu: Pdu) -> list[Pdu]:
        if isinstance(pdu, smpp.SubmitSm):
            # A nack of number 0 and an answer to something else say nothing of this message.
            nacks = [smpp.GenericNack(sequence=number, status=Status.SYSTEM_ERROR) for number in (0, pdu.sequence)]
            return [nacks[0], smpp.DataSmResp(sequence=pdu.sequence, message_id="x"), nacks[1]]
        return obedient(pdu)

    async with ScriptedSmsc(script) as smsc, running(link_to(smsc.port)) as link:
        await until(lambda: link.ready)
        assert (await link.send(message())).parts == (PartResult(1, PartState.LATER, status=Status.SYSTEM_ERROR),)


class Deaf:
    """An SMSC that binds and then reads nothing any more, but talks."""

    def __init__(self) -> None:
        self.port = 0
        self.binds = 0
        self.writers: list[asyncio.StreamWriter] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the bind, then stop reading."""
        self.writers.append(writer)
        bind = await reader.read(1000)
        writer.write(smpp.encode(smpp.BindTransceiverResp(sequence=int.from_bytes(bind[12:16]))))
        cast("asyncio.Transport", writer.transport).pause_reading()
        self.binds += 1


@asynccontextmanager
async def deaf() -> AsyncIterator[Deaf]:
    """While it listens."""
    smsc = Deaf()
    listening = socket.create_server(("127.0.0.1", 0))
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
    server = await asyncio.start_server(smsc.serve, sock=listening, limit=1024)
    smsc.port = server.sockets[0].getsockname()[1]
    try:
        yield smsc
    finally:
        for writer in smsc.writers:
            writer.transport.abort()
        server.close()


async def test_an_smsc_that_asks_for_ever_and_never_reads_is_left_and_costs_no_memory() -> None:
    async with deaf() as smsc, running(link_to(smsc.port, response_s=0.3)) as link:
        await until(lambda: link.ready)
        # The system would keep megabytes for the peer before it lets us know.
        transport = link._sessions[0]._transport
        assert transport is not None
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 8192)
        flood = b"".join(smpp.encode(smpp.EnquireLink(sequence=each + 1)) for each in range(5000))
        writer = smsc.writers[0]
        unread = 0
        async with turning(), asyncio.timeout(10):
            while smsc.binds == 1 and not writer.is_closing():
                if writer.transport.get_write_buffer_size() < 1_000_000:
                    writer.write(flood)
                session = link._sessions[0] if link._sessions else None
                if session and session._transport:
                    unread = max(unread, sum(map(len, session._unread)) + session._transport.get_write_buffer_size())
                await asyncio.sleep(0.005)
        assert 0 < unread < 2_000_000


async def test_a_half_open_line_gives_back_what_was_in_flight() -> None:
    async with deaf() as smsc, running(link_to(smsc.port, response_s=0.2)) as link:
        await until(lambda: link.ready)
        assert (await link.send(message())).parts == (PartResult(1, PartState.UNCERTAIN),)


async def test_a_line_without_any_word_is_given_up() -> None:
    async with ScriptedSmsc() as smsc, running(link_to(smsc.port, enquire_s=0.0, inactivity_s=0.1)) as link:
        await until(lambda: link.ready)
        await until(lambda: smsc.binds == 2)
        assert smsc.all(smpp.EnquireLink) == []


async def test_stop_waits_for_no_smsc_that_never_answers_a_bind() -> None:
    async with ScriptedSmsc(lambda _pdu: []) as smsc, asyncio.timeout(2), running(link_to(smsc.port, bind_s=60.0)):
        await until(lambda: smsc.binds == 1)


class Slow:
    """Keeps messages, each in its time."""

    def __init__(self) -> None:
        self.kept = 0

    async def message(self, incoming: Incoming) -> None:
        """Keep it."""
        del incoming
        await asyncio.sleep(0.01)
        self.kept += 1


async def test_a_flood_of_messages_is_read_no_faster_than_it_is_kept_and_none_is_lost() -> None:
    people = Slow()
    async with ScriptedSmsc() as smsc, running(link_to(smsc.port, Inbound(Box(), people), response_s=5.0)) as link:
        await until(lambda: link.ready)
        async with turning():
            smsc.say(
                b"".join(smpp.encode(smpp.DeliverSm(sequence=each + 1, short_message=b"x")) for each in range(4000))
            )
            await until(lambda: people.kept == 4000, timeout_s=20)
        await until(lambda: len(smsc.all(smpp.DeliverSmResp)) == 4000)
        assert link.ready


async def test_a_bind_that_is_still_held_by_our_last_life_is_tried_again_and_alarmed_only_when_it_lasts() -> None:
    refusing = {"left": 3}

    def script(pdu: Pdu) -> list[Pdu]:
        if isinstance(pdu, smpp.BindTransceiver) and refusing["left"] > 0:
            refusing["left"] -= 1
            return [smpp.respond(pdu, Status.ALREADY_BOUND)]
        return obedient(pdu)

    metrics = Metrics()
    async with ScriptedSmsc(script) as smsc, running(link_to(smsc.port, metrics=metrics)) as link:
        await until(lambda: link.ready)
        assert (smsc.binds, link.alarm) == (4, "")
        refusing["left"] = 10
        smsc.cut()
        await until(lambda: link.alarm == "bind_0x05")
        assert metrics.registry.get_sample_value("tapdial_link_alarm", {"link": "smsc"}) == 1
        await until(lambda: link.ready)
        assert metrics.registry.get_sample_value("tapdial_link_alarm", {"link": "smsc"}) == 0


async def test_a_pair_is_one_link_that_is_down_with_either_half() -> None:
    async with ScriptedSmsc() as smsc, running(link_to(smsc.port, bind=BindKind.PAIR)) as link:
        await until(lambda: link.ready)
        receiver, transmitter = smsc.heard
        assert isinstance(receiver, smpp.BindReceiver)
        assert isinstance(transmitter, smpp.BindTransmitter)
        assert (await link.send(message())).parts == (PartResult(1, PartState.SENT, "m2"),)
        smsc.cut_first()
        await until(lambda: smsc.binds == 4 and link.ready)
        assert len(smsc.all(smpp.Unbind)) == 1
    assert len(smsc.all(smpp.Unbind)) == 3


async def test_parts_count_for_the_rate_and_urgent_ones_go_first() -> None:
    async with ScriptedSmsc(mute) as smsc, running(link_to(smsc.port, rate_max=20.0, response_s=5.0)) as link:
        await until(lambda: link.ready)
        smsc.script = obedient
        loop = asyncio.get_running_loop()
        began = loop.time()
        async with asyncio.TaskGroup() as group:
            group.create_task(link.send(message("a" * 153 * 6)))
            await asyncio.sleep(0.06)
            urgent = group.create_task(link.send(message("code", lane=0)))
            await urgent
            before = len(smsc.all(smpp.SubmitSm))
        assert before < 7
        assert loop.time() - began > 5 / 20


DOOR = OutbindDoor("127.0.0.1", 0, "smsc", "letmein")


@pytest.mark.parametrize(("password", "bound"), [("letmein", True), ("guess", False)])
async def test_an_smsc_that_calls_us_is_bound_to_when_it_says_who_it_is(password: str, *, bound: bool) -> None:
    link = link_of(profile_to(1, outbind=DOOR, bind=BindKind.RX))
    async with running(link):
        assert link.callers is not None
        await until(lambda: link.callers is not None and link.callers.port > 0)
        reader, writer = await asyncio.open_connection("127.0.0.1", link.callers.port)
        writer.write(smpp.encode(smpp.Outbind(sequence=1, system_id="smsc", password=password)))
        heard = await reader.read(1000)
        if bound:
            (bind,) = smpp.Decoder().feed(heard)
            assert isinstance(bind, smpp.BindReceiver)
            writer.write(smpp.encode(smpp.respond(bind)))
            await until(lambda: link.bound)
            assert link.status().bind == "outbind"
        else:
            assert heard == b""
        writer.close()


async def test_callers_who_say_nothing_are_hung_up_on_and_only_a_few_may_stand_there() -> None:
    link = link_of(profile_to(1, outbind=DOOR, bind_s=0.3))
    async with running(link):
        await until(lambda: link.callers is not None and link.callers.port > 0)
        assert link.callers is not None
        lines = [await asyncio.open_connection("127.0.0.1", link.callers.port) for _ in range(6)]
        async with asyncio.timeout(3):
            assert [await reader.read(10) for reader, _ in lines] == [b""] * 6
        for _, writer in lines:
            writer.close()
