"""Our own echo: who says nothing while it waits is gone, and whatever a terminal says is life."""

from dataclasses import replace
from functools import partial

import pytest

from gateway.channels.nfc import Listener
from gateway.channels.nfc.framing import LengthKind
from gateway.wire.iso8583 import Message
from tests.gateway.channels.nfc.ports import TERMINAL, Door, Peer, door, until
from wallet.clock import ManualClock

PLAIN = Listener("plain", "127.0.0.1", 0, echo_s=1800)
SHETAB = Listener("shetab", "127.0.0.1", 0, dialect="shetab93", echo_s=1800)
BUY: dict[int, str | bytes] = {3: "000000", 4: "000000012345", 12: "113000", 13: "1122", 37: "632600000042"}


async def fall_silent(made: Door) -> None:
    """The time in which the only line should have said something is over."""
    (line,) = made.server._lines
    await until(lambda: line._silence is not None)
    assert line._silence is not None
    line._silence.reschedule(0)


async def echoed(made: Door, peer: Peer) -> Message:
    await fall_silent(made)
    echo = await peer.receive()
    assert echo is not None
    return echo


def answer(peer: Peer, echo: Message) -> None:
    modern = echo.mti == "1804"
    fields = {number: echo.fields[number] for number in (7, 11, 24, 41, 70) if number in echo.fields}
    peer.send(peer.body("1814" if modern else "0810", {**fields, 39: "800" if modern else "00"}))


def submitted(made: Door, count: int) -> bool:
    return made.server.status().submitted == count


@pytest.mark.parametrize("listener", [PLAIN, SHETAB])
async def test_our_echo_finds_out_who_is_there(clock: ManualClock, listener: Listener) -> None:
    async with door(listener, clock, idle_s=3600) as made:
        peer = await made.signed_on()
        for count in (2, 3):
            echo = await echoed(made, peer)
            said = ("1804", "831") if listener is SHETAB else ("0800", "301")
            assert (echo.mti, echo.text(24) or echo.text(70), echo.text(41)) == (*said, TERMINAL)
            answer(peer, echo)
            await until(partial(submitted, made, count))
        await echoed(made, peer)
        await fall_silent(made)
        assert await peer.receive() is None
        assert made.refused("half_open") == 1


async def test_who_leaves_an_echo_unanswered_and_says_something_else_lives(clock: ManualClock) -> None:
    async with door(PLAIN, clock, idle_s=3600) as made:
        peer = await made.signed_on()
        first = await echoed(made, peer)
        bought = await peer.ask("0100", BUY)
        assert bought is not None
        assert bought.text(39) == "00"
        second = await echoed(made, peer)
        assert second.text(11) != first.text(11)
        # It was only slow: an echo is answered late, and not in order.
        for echo in (second, first):
            answer(peer, echo)
        alive = await peer.ask("0800", {70: "301"})
        assert alive is not None
        assert alive.text(39) == "00"
        assert (made.refused("half_open"), made.refused("bad_type")) == (0, 0)
        # But each is answered once.
        answer(peer, first)
        assert await peer.receive() is None
        assert made.refused("bad_type") == 1


async def test_session_control_is_life(clock: ManualClock) -> None:
    async with door(replace(PLAIN, length=LengthKind.VMLH), clock, idle_s=3600) as made:
        peer = await made.signed_on()
        await echoed(made, peer)
        control = bytes([0, 0, 0, 0x20])
        peer.writer.write(control)
        assert await peer.reader.readexactly(4) == control
        await echoed(made, peer)
        await fall_silent(made)
        assert await peer.receive() is None
        assert made.refused("half_open") == 1
