"""What holds for every door of the bank: over HTTP to the simulator, and over folders that somebody carries."""

import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.errors import BadInput
from gateway.peers.bank import FolderBank
from gateway.peers.bank.bounds import FILE_BYTES_MAX
from gateway.services.banking.ports import Bank as BankPort
from tests.gateway.peers.bank_doors import Carrier, Door, Simulated, http_bank, simulated
from tests.simulators.bank.pain import Pain, Pay

ORDER = Pain((Pay("E1"), Pay("E2"))).octets()
HASH = hashlib.sha256(ORDER).hexdigest()


@pytest.fixture(params=["http", "folder"])
async def door(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Door]:
    if request.param == "folder":
        yield Door(lambda: FolderBank(tmp_path, timeout_s=5), Carrier(tmp_path))
        return
    async with simulated() as bank:
        yield Door(lambda: http_bank(bank), Simulated(bank, set()))


def satisfies(bank: BankPort) -> BankPort:
    """The same; mypy sees that it is a Bank."""
    return bank


async def test_an_order_reaches_the_bank_as_it_is_and_can_be_asked_for(door: Door) -> None:
    async with door.open() as opened:
        bank = satisfies(opened)
        assert not await bank.enquire("BAT1")

        await bank.send("BAT1", "BAT1.xml", ORDER)

        assert await bank.enquire("BAT1")
        assert not await bank.enquire("BAT2")
    assert await door.behind.received() == {"BAT1": HASH}


async def test_the_same_order_again_is_harmless_also_after_a_restart(door: Door) -> None:
    async with door.open() as bank:
        await bank.send("BAT1", "BAT1.xml", ORDER)
        await door.behind.received()
        await bank.send("BAT1", "BAT1.xml", ORDER)
    async with door.open() as bank:
        await bank.send("BAT1", "BAT1.xml", ORDER)
        assert await bank.enquire("BAT1")

    assert await door.behind.received() == {}


@pytest.mark.parametrize("octets", [ORDER + b" ", b"", bytes(FILE_BYTES_MAX + 1)], ids=["other", "empty", "too long"])
async def test_an_order_that_cannot_be_taken_is_refused_and_the_first_stays(door: Door, octets: bytes) -> None:
    async with door.open() as bank:
        await bank.send("BAT1", "BAT1.xml", ORDER)

        with pytest.raises(BadInput, match="BAT1"):
            await bank.send("BAT1", "BAT1.xml", octets)

    assert await door.behind.received() == {"BAT1": HASH}


async def test_files_come_in_order_from_after_the_last_that_was_taken(door: Door) -> None:
    taken: list[str] = []
    async with door.open() as bank:
        assert list(await bank.arrivals(after="", limit=10)) == []
        for number in range(5):
            await door.behind.write(number)
        first = await bank.arrivals(after="", limit=10)
        assert len(first) == 5
        assert await bank.arrivals(after="", limit=10) == first, "what is not taken comes again"

        while came := await bank.arrivals(after=taken[-1] if taken else "", limit=2):
            assert len(came) <= 2
            taken += [one.name for one in came]

    assert taken == [one.name for one in first]
    assert len({one.octets for one in first}) == 5


async def test_after_a_restart_only_new_files_come(door: Door) -> None:
    async with door.open() as bank:
        for number in range(2):
            await door.behind.write(number)
        last = (await bank.arrivals(after="", limit=10))[-1].name
        assert await bank.arrivals(after=last, limit=10) == []
    await door.behind.write(7)

    async with door.open() as bank:
        came = await bank.arrivals(after=last, limit=10)

    assert len(came) == 1
    assert came[0].name > last
