"""What processes say of terminals' lines is what staff see, of all processes, until it is too old."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.services.links import FORGOTTEN_S, SILENT_S, TerminalBoard, TerminalStatus
from gateway.store import Store
from wallet.clock import ManualClock


@pytest.fixture
async def board(database_url: str, clock: ManualClock) -> AsyncIterator[TerminalBoard]:
    await Store.upgrade(database_url)
    store = await Store.open(database_url)
    yield TerminalBoard(store, clock)
    await store.close()


def status(terminal_id: str, clock: ManualClock, *, up: bool = True) -> TerminalStatus:
    now = clock.now()
    return TerminalStatus(
        terminal_id, "plain", "house87", "10.0.0.7", up, now, now, "0100", 1, 7, 2, "" if up else "slow"
    )


async def test_lines_of_all_processes_are_listed_by_terminal(board: TerminalBoard, clock: ManualClock) -> None:
    await board.say("b:2", [status("TERM0002", clock), status("TERM0001", clock)])
    await board.say("a:1", [status("TERM0002", clock, up=False)])
    found = await board.lines()
    assert [(line.terminal_id, line.process, line.up, line.silent) for line in found] == [
        ("TERM0001", "b:2", True, False),
        ("TERM0002", "a:1", False, False),
        ("TERM0002", "b:2", True, False),
    ]
    assert (found[1].dropped, found[1].messages, found[1].last_at) == ("slow", 7, clock.now())
    assert [line.terminal_id for line in await board.lines(after="TERM0001", limit=1)] == ["TERM0002"]
    assert [line.process for line in await board.lines(terminals=["TERM0001"])] == ["b:2"]


async def test_a_process_replaces_what_it_said_and_leaves_the_rest(board: TerminalBoard, clock: ManualClock) -> None:
    await board.say("a:1", [status("TERM0001", clock), status("TERM0002", clock)])
    await board.say("a:1", [replace(status("TERM0001", clock), messages=8)])
    assert [line.messages for line in await board.lines()] == [8, 7]


async def test_a_process_is_silent_when_it_says_nothing_and_forgotten_in_the_end(
    board: TerminalBoard, clock: ManualClock
) -> None:
    await board.say("a:1", [status("TERM0001", clock)])
    await board.say("b:2", [status("TERM0001", clock), status("TERM0002", clock, up=False)])
    clock.advance(timedelta(seconds=SILENT_S + 1))
    await board.say("b:2", [])
    assert [(line.process, line.silent) for line in await board.lines()] == [
        ("a:1", True), ("b:2", False), ("b:2", False),
    ]  # fmt: skip
    clock.advance(timedelta(seconds=FORGOTTEN_S + 1))
    await board.say("b:2", [])
    # The lines of the process that is gone, its own row, and the line that has been down for long.
    assert await board.sweep() == 3
    assert [(line.process, line.terminal_id, line.silent) for line in await board.lines()] == [
        ("b:2", "TERM0001", False)
    ]
    assert await board.sweep() == 0
