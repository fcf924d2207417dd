"""A terminal that dies, or whose merchant walks away, in the middle of an ask: what it does about it afterwards."""

import asyncio
from pathlib import Path

import pytest

from simulators.faults import Faults, TillFaults, TillMishap
from simulators.terminal import Crashed, Terminal
from simulators.till.items import ItemState, Totals
from tests.simulators.acquirer import Acquirer, until
from tests.simulators.till.bench import drained, online, running, terminal_of
from tests.simulators.tokens import phone_with_token


@pytest.mark.parametrize(("mishap", "arrived"), [(TillMishap.CRASH_BEFORE, False), (TillMishap.CRASH_AFTER, True)])
async def test_a_terminal_that_dies_with_a_request_in_its_hand_takes_it_back_when_it_lives_again(
    acquirer: Acquirer, tmp_path: Path, mishap: TillMishap, *, arrived: bool
) -> None:
    faults = Faults(till=TillFaults(**{mishap.value: True}, only="0100"))
    async with running(terminal_of(acquirer, faults, tmp_path)) as terminal:
        await online(terminal)
        with pytest.raises(Crashed):
            await terminal.pay(25_000, phone_with_token())
        await until(lambda: bool(acquirer.of("0100")) == arrived)
    async with running(terminal_of(acquirer, folder=tmp_path)) as again:
        await drained(again)
        assert again.totals == Totals()
    assert [message.mti for message in acquirer.got if message.mti != "0800"][-1] == "0420"


async def test_a_terminal_that_dies_with_a_void_in_its_hand_asks_for_it_again(
    acquirer: Acquirer, tmp_path: Path
) -> None:
    faults = Faults()
    async with running(terminal_of(acquirer, faults, tmp_path)) as terminal:
        await terminal.pay(25_000, phone_with_token())
        await drained(terminal)
        faults.till = TillFaults(crash_after=True, only="0200")
        with pytest.raises(Crashed):
            await terminal.void()
        await until(lambda: bool(acquirer.of("0200")))
    async with running(terminal_of(acquirer, folder=tmp_path)) as again:
        await drained(again)
        assert (again.totals, again.items()[0].state) == (Totals(), ItemState.UNDONE)
    first, second = acquirer.of("0200")
    assert first == second
    assert terminal_of(acquirer, folder=tmp_path).owed_count == 0


async def test_a_merchant_who_walks_away_has_the_sale_taken_back(acquirer: Acquirer) -> None:
    acquirer.silent.add("0100")
    async with running(terminal_of(acquirer, timeout_s=5)) as terminal:
        assert isinstance(terminal, Terminal)
        async with asyncio.TaskGroup() as tasks:
            paying = tasks.create_task(terminal.pay(25_000, phone_with_token()))
            await until(lambda: bool(acquirer.of("0100")))
            paying.cancel()
        await drained(terminal)
    assert acquirer.mtis() == ["0100", "0420"]


async def test_a_merchant_who_walks_away_from_a_void_has_it_asked_again(acquirer: Acquirer) -> None:
    async with running(terminal_of(acquirer, timeout_s=2)) as terminal:
        await terminal.pay(25_000, phone_with_token())
        await drained(terminal)
        acquirer.silent.add("0200")
        async with asyncio.TaskGroup() as tasks:
            voiding = tasks.create_task(terminal.void())
            await until(lambda: bool(acquirer.of("0200")))
            voiding.cancel()
        acquirer.silent.clear()
        await drained(terminal)
        assert terminal.totals == Totals()
    first, *again = acquirer.of("0200")
    assert again
    assert all(message == first for message in again)
