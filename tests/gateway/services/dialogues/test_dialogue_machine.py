"""A person, a network and two processes in any order of events, checked after every step against what really moved.

The network delivers again, late, out of order or not at all; the person drops the session and dials again; a request
is cut off in the middle of its work. Whatever happens: an agreement moves money at most once, the same delivery gets
the same words, and neither a PIN nor another's page is anywhere. That it finds what it is for is shown by defects that
are planted in the dialogues: each must be found.
"""

import asyncio
import itertools
from collections import Counter
from collections.abc import Iterator
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.errors import Flaky
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import select

from gateway.services.dialogues import Caller, EventKind, HopEnd, Reply, service
from gateway.services.dialogues.rules import Candidate, candidate
from gateway.store import Store, metadata
from tests.gateway.services.dialogues.switchboard import (
    OFFER,
    PIN,
    Bank,
    FailingStore,
    Phone,
    Switchboard,
    hurried,
    switchboard,
)
from ussd_menus import State
from wallet.clock import ManualClock

WHO = st.integers(0, 1)
PROCESS = st.integers(0, 1)
CANARY = "73019"
"""Of five digits, a legal PIN that no other number of this test has in it."""
TYPED = st.sampled_from(["1", "2", "4", "0", "00", "000", "09120000009", "500", PIN, PIN, CANARY])
WAYS = st.sampled_from(["once", "once", "twice", "cut", "both"])
SHORTCUTS = st.sampled_from(["", "1", "3*09120000009*500", "3*09120000009*500", f"1*{CANARY}", f"{CANARY}*1"])
SAID = {HopEnd.CONTINUES, HopEnd.ENDS, HopEnd.REPLAYED}
AGREES = "Send 500 rials to"
WANTED = {
    AGREES: PIN,
    OFFER: "1",
    "1. Go on": "1",
    "1. Balance": "4",
    "Mobile number": "09120000009",
    "Amount": "500",
    "PIN": PIN,
}
"""Words of a page to what answers it."""
_runs = itertools.count(10)
_keys = itertools.count()


@dataclass(frozen=True)
class World:
    """Two processes over one store, which every run of the machine shares."""

    runner: asyncio.Runner
    boards: list[Switchboard]
    bank: Bank
    clock: ManualClock


class Deliveries(RuleBasedStateMachine):
    """Two numbers of its own, each with one handset."""

    world: ClassVar[World]

    def __init__(self) -> None:
        super().__init__()
        run = next(_runs)
        # The last four digits are what a balance shows.
        self.numbers = (f"+98912{run:03d}1111"[:13], f"+98912{run:03d}2222"[:13])
        self.phones: dict[int, Phone] = {}
        self.page: dict[int, Reply] = {}
        self.said: dict[tuple[int, str, str], str] = {}
        """Who, session key and text of a delivery to the words that answered it, oldest first."""
        self.agreements: Counter[str] = Counter()
        """By number, how often a PIN was typed where it agrees to a payment."""

    @rule(who=WHO, shortcut=SHORTCUTS)
    def dial(self, who: int, shortcut: str) -> None:
        phone = self.phones[who] = self.world.boards[0].phone(self.numbers[who])
        self._heard(who, self.world.runner.run(phone.dial(shortcut)))

    @precondition(lambda self: self.phones)
    @rule(who=WHO, typed=TYPED, process=PROCESS, way=WAYS)
    def type(self, who: int, typed: str, process: int, way: str) -> None:
        if who not in self.phones or not self.page[who].more:
            return
        self._give(who, typed, process, way)

    @precondition(lambda self: self.phones)
    @rule(who=WHO, process=PROCESS, way=WAYS)
    def go_on(self, who: int, process: int, way: str) -> None:
        """What somebody types who wants to pay, so that a run comes to the money at all."""
        if who in self.phones and self.page[who].more:
            text = self.page[who].text
            typed = next((typed for words, typed in WANTED.items() if words in text), "000")
            self._give(who, typed, process, way)

    @precondition(lambda self: any(AGREES in page.text and page.more for page in self.page.values()))
    @rule(process=PROCESS)
    def die_and_go_on(self, process: int) -> None:
        """The process dies after the money moved and before the page; who goes on agrees to the same."""
        who = next(who for who, page in self.page.items() if AGREES in page.text and page.more)
        board, phone = self.world.boards[process], self.phones[who]
        assert isinstance(board.store, FailingStore)
        self.agreements[phone.msisdn] += 1
        board.store.fails = True
        self.world.runner.run(phone.other(board.dialogues).type(PIN))
        board.store.fails = False
        again = self.phones[who] = board.phone(self.numbers[who])
        self._heard(who, self.world.runner.run(again.dial()))
        if self.page[who].text == OFFER:
            self._heard(who, self.world.runner.run(again.type("1")))
            if AGREES in self.page[who].text:
                self._heard(who, self.world.runner.run(again.type(PIN)))

    def _give(self, who: int, typed: str, process: int, way: str) -> None:
        phone = self.phones[who]
        if AGREES in self.page[who].text and typed == PIN:
            self.agreements[phone.msisdn] += 1
        phone.text = f"{phone.text}*{typed}" if phone.text else typed
        self._heard(who, self.world.runner.run(self._delivered(phone, process, way)))

    @precondition(lambda self: self.said)
    @rule(data=st.data(), process=PROCESS)
    def deliver_again(self, data: st.DataObject, process: int) -> None:
        """Any delivery of any session once more: it moves nothing, and the session's last gets the same words."""
        who, key, text = data.draw(st.sampled_from(sorted(self.said)))
        event = replace(Phone(self.world.boards[process].dialogues, self.numbers[who], key).event(text))
        before = len(self.world.bank.calls)
        reply = self.world.runner.run(self.world.boards[process].dialogues.answer(event))
        assert len(self.world.bank.calls) == before
        last = [one for one in self.said if one[:2] == (who, key)][-1]
        if reply.end is HopEnd.REPLAYED:
            assert reply.text == self.said[last]

    @precondition(lambda self: self.phones)
    @rule(who=WHO, kind=st.sampled_from([EventKind.ABORT, EventKind.TIMEOUT, EventKind.REPORT]))
    def close(self, who: int, kind: EventKind) -> None:
        if who in self.phones:
            self.world.runner.run(self.phones[who].close(kind, "Failed"))

    @rule(seconds=st.sampled_from([1, 3, 60, 200, 1_000]))
    def wait(self, seconds: int) -> None:
        self.world.clock.advance(timedelta(seconds=seconds))
        self.world.runner.run(self.world.boards[0].dialogues.sweep())

    @invariant()
    def money_moves_at_most_once_for_an_agreement(self) -> None:
        paid = Counter(payer for payer, _ in self.world.bank.paid.values())
        for number in self.numbers:
            assert paid[number] <= self.agreements[number]

    def teardown(self) -> None:
        """No PIN in any column of any table, whatever was dialled and typed; nor a right one in a session's row."""
        held = self.world.runner.run(everything(self.world.boards[0].store))
        assert CANARY not in held, "a PIN lies in a table"
        for row in self.world.runner.run(self.world.boards[0].rows()):
            assert PIN not in f"{row['state']}{row['trail']}{row['reply']!r}{row['result']!r}{row['session_key']}"

    async def _delivered(self, phone: Phone, process: int, way: str) -> Reply:
        dialogues = [board.dialogues for board in self.world.boards]
        event = phone.event(phone.text)
        if way == "both":
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(one.answer(event)) for one in dialogues]
            first, second = (task.result() for task in tasks)
            assert first.text == second.text
            return first
        if way == "cut":
            # Nobody saw an answer: the provider delivers once more, to the other process.
            self.world.bank.delay_s = 0.01
            with suppress(TimeoutError):
                async with asyncio.timeout(0.004):
                    await dialogues[process].answer(event)
            self.world.bank.delay_s = 0.0
            return await dialogues[1 - process].answer(event)
        first = await dialogues[process].answer(event)
        if way == "twice":
            again = await dialogues[1 - process].answer(event)
            assert (again.text, again.more) == (first.text, first.more)
        return first

    def _heard(self, who: int, reply: Reply) -> None:
        assert ("2,222" if who == 0 else "1,111") not in reply.text, "a page of somebody else"
        assert reply.end in SAID | {HopEnd.LOST, HopEnd.EXPIRED}
        assert reply.text != OFFER or reply.more
        phone = self.phones[who]
        self.page[who] = reply
        if reply.end in SAID:
            self.said.pop((who, phone.session_key, phone.text), None)
            self.said[who, phone.session_key, phone.text] = reply.text


async def everything(store: Store) -> str:
    """Every value of every table of the house, as text."""
    rows = [await store.read(select(*table.c)) for table in metadata.tables.values()]
    return "\n".join(str(tuple(row)) for found in rows for row in found)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    bank, clock = Bank(), ManualClock(datetime(2026, 11, 22, 8, 0, tzinfo=UTC))
    with asyncio.Runner() as runner:
        stack, boards = AsyncExitStack(), []
        for _ in range(2):
            made = switchboard(f"sqlite:///{tmp_path / 'machine.db'}", clock, bank=bank, menus=hurried())
            boards.append(runner.run(stack.enter_async_context(made)))
        yield World(runner, boards, bank, clock)
        runner.run(stack.aclose())


def _run(world: World, examples: int, phases: tuple[Phase, ...] = tuple(Phase)) -> None:
    Deliveries.world = world
    run_state_machine_as_test(
        Deliveries,
        settings=settings(
            max_examples=examples,
            stateful_step_count=25,
            deadline=None,
            phases=phases,
            derandomize=phases != tuple(Phase),
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_whatever_the_network_does_an_agreement_moves_money_once(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    _run(world, 8)
    assert world.bank.paid
    output = capsys.readouterr()
    assert CANARY not in output.out + output.err


def _played_again(length: int, text: str) -> Candidate | None:
    found = candidate(length, text)
    return replace(found, delta=text.rsplit("*", 1)[-1]) if found and found.delta is None else found


def _with_text(state: State) -> dict[str, object]:
    return {**TO_JSON(state), "typed": CANARY}


TO_JSON = State.to_json
DEFECTS: dict[str, tuple[object, str, object]] = {
    "a repeated delivery is played again": (service, "candidate", _played_again),
    "a call key of its own each time": (Caller, "call_key", lambda caller, call: f"{caller.cause}:{next(_keys)}"),
    "what was typed stays in the state": (State, "to_json", _with_text),
    "a resumed session pays under its own name": (Caller, "cause", property(lambda caller: caller.session_id)),
}


@pytest.mark.parametrize("defect", DEFECTS)
def test_a_planted_defect_is_found(world: World, monkeypatch: pytest.MonkeyPatch, defect: str) -> None:
    where, name, planted = DEFECTS[defect]
    monkeypatch.setattr(where, name, planted)
    # Where requests are cut off in their work, a run that failed may go well when it is played again to be shown.
    with pytest.raises((AssertionError, Flaky)):
        _run(world, 60, (Phase.generate,))
