"""Terminals' lines: sign-on, MACs, lengths, bounds, a graceful stop, and no secret in logs or tables."""

import asyncio
import logging
from collections.abc import AsyncIterator

import pytest
import structlog
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from gateway.channels.nfc import TerminalServer
from gateway.channels.nfc.line import Desk
from gateway.observe import redact
from gateway.store import metadata
from gateway.wire import iso8583
from tests.gateway.channels.nfc.phone import Till, cmac
from tests.gateway.channels.nfc.world import FUNDS, World, running
from wallet.clock import ManualClock


@pytest.fixture
async def world(sqlite_both_url: str, clock: ManualClock) -> AsyncIterator[World]:
    async with running(sqlite_both_url, clock) as made:
        yield made


def network(till: Till, code: str, terminal_id: str = "") -> bytes:
    till.stan += 1
    fields = {7: "1122080000", 11: f"{till.stan:06d}", 41: terminal_id or till.terminal_id, 70: code}
    return till.body("0800", fields)


async def test_a_sign_on_and_an_echo_are_answered(world: World) -> None:
    for code in ("001", "301"):
        answer = iso8583.decode(await world.till.ask_bytes(network(world.till, code)))
        assert answer.mti == "0810"
        assert sorted(answer.fields) == [7, 11, 39, 41, 64, 70]
        assert (answer.text(39), answer.text(70)) == ("00", code)
    answer = iso8583.decode(await world.till.ask_bytes(network(world.till, "999")))
    assert answer.text(39) == "30"
    assert world.server.signed_on == {"TERM0001"}


async def test_a_bad_mac_drops_the_line_and_is_counted(world: World) -> None:
    body = world.till.body("0100", world.till.purchase(world.phone, 100))
    assert await world.till.ask_bytes(body[:-1] + bytes([body[-1] ^ 1])) == b""
    assert world.refused("bad_mac") == 1
    assert await world.wallet() == (FUNDS, FUNDS)


@pytest.mark.parametrize("head", [b"\x00\x00", b"\x00\x1b", b"\x08\x01", b"\xff\xff"])
async def test_a_length_that_no_message_has_drops_the_line(world: World, head: bytes) -> None:
    assert world.till.writer is not None
    world.till.writer.write(head + b"0" * 40)
    assert await world.till.receive() == b""
    assert world.refused("bad_length") == 1


async def test_the_first_message_must_be_a_sign_on_under_the_terminals_key(world: World) -> None:
    stranger = Till("TERM0009", "1", bytes(16), world.till.port)
    purchase = world.till.body("0100", world.till.purchase(world.phone, 100))
    for body, reason, count in (
        (purchase, "bad_sign_on", 1),
        (network(world.till, "301"), "bad_sign_on", 2),
        (b"0800" + b"x" * 40, "bad_sign_on", 3),
        (network(stranger, "001"), "bad_mac", 1),
    ):
        await stranger.connect()
        assert await stranger.ask_bytes(body) == b""
        assert world.refused(reason) == count
        await stranger.hang_up()


async def test_a_terminal_that_is_not_registered_is_told_so_and_hung_up(world: World) -> None:
    key = await world.keys.terminal_key("acquirer", "TERM0009")
    stranger = Till("TERM0009", "1", key, world.till.port)
    assert iso8583.decode(await stranger.sign_on()).text(39) == "03"
    assert await stranger.ask_bytes(network(stranger, "301")) == b""
    await stranger.hang_up()


async def test_bad_content_with_a_good_mac_is_answered_30_and_counted(world: World) -> None:
    fields = world.till.purchase(world.phone, 100) | {4: "00000000010A"}
    answer = iso8583.decode(await world.till.ask("0100", fields))
    assert (answer.mti, answer.text(39), answer.text(3)) == ("0110", "30", "000000")
    assert world.refused("bad_content") == 1
    answer = iso8583.decode(await world.till.ask("0500", world.till.common(1, "")))
    assert (answer.mti, answer.text(39)) == ("0510", "30")


async def test_an_answer_sent_as_a_request_drops_the_line(world: World) -> None:
    assert await world.till.ask("0110", world.till.common(1, "")) == b""
    assert world.refused("bad_type") == 1


async def test_more_lines_than_the_door_has_are_hung_up(world: World) -> None:
    others = [Till("TERM0001", "1", world.till.key, world.till.port) for _ in range(3)]
    assert [bool(await other.sign_on()) for other in others] == [True, True, False]
    assert world.refused("too_many_connections") == 1
    for other in others:
        await other.hang_up()


async def test_a_stranger_who_says_nothing_keeps_no_place_and_a_silent_terminal_keeps_its_own(world: World) -> None:
    desk = Desk(world.taps, world.merchants, world.keys, world.metrics, idle_s=5.0, sign_on_s=0.2)
    server = TerminalServer(desk, connections_max=2)
    await server.start("127.0.0.1", 0)
    till = Till(world.till.terminal_id, world.till.merchant_number, world.till.key, server.port)
    assert await till.sign_on()
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    async with asyncio.timeout(2):
        assert await reader.read() == b""
    writer.close()
    assert iso8583.decode(await till.ask_bytes(network(till, "301"))).text(39) == "00"
    await till.hang_up()
    await server.stop(5)


async def test_a_stop_answers_what_is_in_work_and_takes_nothing_more(world: World) -> None:
    bodies = [world.till.body("0100", world.till.purchase(world.phone, 100)) for _ in range(4)]
    for body in bodies:
        world.till.send(body)
    first = await world.till.receive()
    async with asyncio.TaskGroup() as group:
        group.create_task(world.server.stop(5))
        rest = [await world.till.receive() for _ in bodies[1:]]
    assert first
    assert await world.till.receive() == b""
    held = FUNDS - 100 * (1 + sum(bool(answer) for answer in rest))
    assert await world.wallet() == (FUNDS, held)
    with pytest.raises(ConnectionRefusedError):
        await Till("TERM0001", "1", world.till.key, world.till.port).connect()


async def test_nothing_of_a_tap_leaves_its_pan_in_a_log_or_a_table(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    lines: list[str] = []

    def keep(_logger: object, _method: str, event: dict[str, object]) -> str:
        lines.append(repr(event))
        raise structlog.DropEvent

    structlog.configure(processors=[redact, keep])  # type: ignore[list-item]
    try:
        with caplog.at_level(logging.DEBUG):
            await world.till.ask("0100", world.till.purchase(world.phone, 100))
            await world.till.ask("0100", world.till.purchase(world.phone, 100) | {14: "1A01"})
            await world.till.ask("0100", world.till.purchase(world.phone, 100) | {55: b"\x82"})
    finally:
        structlog.reset_defaults()
    assert lines
    rows = [repr(row) for table in metadata.sorted_tables for row in await world.store.read(select(table))]
    hidden = (world.phone.pan, world.phone.luk.hex(), repr(world.phone.luk), world.till.key.hex())
    for secret in hidden:
        assert not [text for text in lines + rows + [caplog.text] if secret in text]


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
async def test_any_changed_message_is_answered_or_dropped_and_approves_nothing(
    world: World, data: st.DataObject
) -> None:
    till = Till("TERM0001", world.till.merchant_number, world.till.key, world.till.port, world.till.stan)
    fields = till.purchase(world.phone, 100)
    body = bytearray(till.body("0100", fields))
    at = data.draw(st.integers(0, len(body) - 1))
    body[at] ^= data.draw(st.integers(1, 255))
    covered = bytes(body[:-8])
    resigned = till.body("0100", {}) if data.draw(st.booleans()) else None
    changed = covered + (cmac(till.key, covered)[:8] if resigned is not None else bytes(body[-8:]))
    await till.sign_on()
    answer = await till.ask_bytes(changed)
    await till.hang_up()
    if answer and resigned is None:
        raise AssertionError("a body with another MAC was answered")
    if answer and iso8583.decode(answer).text(39) == "00":
        # Only bytes that decide nothing may change: trace number, times, references.
        changed_fields = iso8583.decode(changed).fields
        assert {number for number in fields if changed_fields.get(number) != fields[number]} <= {7, 11, 12, 13, 37}
