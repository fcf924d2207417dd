"""A terminal that loses answers and uploads in any order: its batch always closes, and nothing counts twice."""

import asyncio
import shutil
import tempfile
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from gateway.services.clearing import BatchState, ExceptionType
from gateway.store import Store
from gateway.wire.iso8583 import Message
from tests.gateway.services.clearing.host import TERMINAL, Killed, Took, World
from wallet.clock import ManualClock
from wallet.ledger import Ledger


class BatchMachine(RuleBasedStateMachine):
    """One terminal, one batch, and a model of who has which item."""

    templates: tuple[Path, Path]
    now: ManualClock

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.folder = tempfile.TemporaryDirectory()
        self.terminal: dict[str, Took] = {}
        """What the terminal believes to have, by trace number."""
        self.lost: set[str] = set()
        self.asked: list[tuple[Message, bytes]] = []
        self.next = 0
        self.captured = 0

    @initialize()
    def opens(self) -> None:
        for source, name in zip(self.templates, ("gateway.db", "wallet.db"), strict=True):
            shutil.copy(source, Path(self.folder.name) / name)
        self.loop.run_until_complete(self._open())

    async def _open(self) -> None:
        folder = self.folder.name
        self.clock = ManualClock(self.now.now())
        self.store = await Store.open(f"sqlite:///{folder}/gateway.db")
        self.ledger = await Ledger.open(f"sqlite:///{folder}/wallet.db", self.clock)
        self.world = World(self.store, self.ledger, self.clock)
        await self.world.fund()
        self.shop = await self.world.shop()

    @rule(minor=st.integers(1, 5), lost=st.booleans())
    def buys(self, minor: int, lost: bool) -> None:  # noqa: FBT001 - hypothesis calls it by name
        self.next += 1
        one = self.loop.run_until_complete(self.world.host.buy(self.shop, minor, f"{self.next:06d}", lost=lost))
        self.terminal[one.stan] = one
        if lost:
            self.lost.add(one.stan)
        else:
            self.captured += minor

    @rule(minor=st.integers(1, 5))
    def believes_what_nobody_approved(self, minor: int) -> None:
        self.next += 1
        one = Took(
            f"tap_{self.next}", "purchase", TERMINAL, self.shop, f"{self.next:06d}", f"FORGED{self.next:06d}",
            "FORGED", "000001", minor, minor, False, "", self.clock.now(),
        )  # fmt: skip
        self.terminal[one.stan] = one

    @precondition(lambda self: self.terminal)
    @rule(place=st.integers(0, 99), kind=st.sampled_from(["forgets", "differs"]))
    def errs(self, place: int, kind: str) -> None:
        stan = sorted(self.terminal)[place % len(self.terminal)]
        if kind == "forgets":
            self.lost.discard(stan)
            del self.terminal[stan]
        elif stan not in self.lost:
            self.terminal[stan] = replace(self.terminal[stan], amount_minor=self.terminal[stan].amount_minor + 1)

    @precondition(lambda self: self.terminal)
    @rule(place=st.integers(0, 99))
    def sends_an_item(self, place: int) -> None:
        stan = sorted(self.terminal)[place % len(self.terminal)]
        self.send(self.world.item(self.terminal[stan]))

    @rule(kill=st.booleans())
    def sends_totals(self, kill: bool) -> None:  # noqa: FBT001 - hypothesis calls it by name
        asked = self.totals()
        if kill:
            self.world.host.kill = "heal"
            with suppress(Killed):
                self.loop.run_until_complete(self.world.clearing.answer(asked, TERMINAL))
            self.world.host.kill = ""
            self.world.reborn()
        self.send(asked)

    @precondition(lambda self: self.asked)
    @rule(place=st.integers(0, 99))
    def says_it_again(self, place: int) -> None:
        message, body = self.asked[place % len(self.asked)]
        assert self.loop.run_until_complete(self.world.clearing.answer(message, TERMINAL)) == body

    @rule()
    def closes_the_batch_as_a_terminal_does(self) -> None:
        for _ in range(6):
            if self.send(self.totals()) == "00":
                break
            for one in self.terminal.values():
                assert self.send(self.world.item(one)) == "00"
        else:
            raise AssertionError("the batch never closes")
        last = self.loop.run_until_complete(self.world.clearing.views.batches())[0]
        assert last.state in {BatchState.AGREED, BatchState.HEALED}

    @invariant()
    def money_is_captured_once(self) -> None:
        if not hasattr(self, "world"):
            return
        balance = self.loop.run_until_complete(self.world.balance("merchant_clearing", self.shop))
        healed = sum(one.amount_minor for one in self.world.host.took.values()) - self.captured
        assert balance == self.captured + healed
        found = self.loop.run_until_complete(self.world.clearing.views.exceptions(state=None))
        assert len({(one.type, one.subject) for one in found}) == len(found)
        kept = {one.detail["taking"] for one in found if one.type is ExceptionType.MISSING_AT_TERMINAL}
        assert kept <= set(self.world.host.took)

    def totals(self) -> Message:
        return self.world.totals(len(self.terminal), sum(one.amount_minor for one in self.terminal.values()))

    def send(self, message: Message) -> str:
        body = self.loop.run_until_complete(self.world.clearing.answer(message, TERMINAL))
        self.asked.append((message, body))
        return self.loop.run_until_complete(self.world.ask(message))

    def teardown(self) -> None:
        if hasattr(self, "world"):
            self.loop.run_until_complete(self.store.close())
            self.loop.run_until_complete(self.ledger.close())
        self.loop.close()
        self.folder.cleanup()


@pytest.fixture
def templates(sqlite_template: Path, sqlite_wallet: Path) -> tuple[Path, Path]:
    return sqlite_template, sqlite_wallet


def test_a_batch_closes_in_whatever_order_its_messages_come(templates: tuple[Path, Path], clock: ManualClock) -> None:
    class Machine(BatchMachine):
        pass

    Machine.templates, Machine.now = templates, clock
    quick = settings(max_examples=6, stateful_step_count=14, deadline=None, suppress_health_check=list(HealthCheck))
    run_state_machine_as_test(Machine, settings=quick)
