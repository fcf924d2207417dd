"""What processes say of their links is what staff see, until it is too old to be true."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from gateway.services.links import FORGOTTEN_S, SILENT_S, LinkBoard, LinkStatus
from gateway.store import Store
from gateway.workers.links import LinksWorker
from wallet.clock import ManualClock


@pytest.fixture
async def links(database_url: str, clock: ManualClock) -> AsyncIterator[LinkBoard]:
    await Store.upgrade(database_url)
    store = await Store.open(database_url)
    yield LinkBoard(store, clock)
    await store.close()


def status(name: str, clock: ManualClock, *, up: bool = True) -> LinkStatus:
    return LinkStatus(name, "transceiver", up, clock.now(), window=10, in_flight=3, rate=12.5, rate_max=100.0)


async def test_the_links_of_all_processes_are_listed_by_name(links: LinkBoard, clock: ManualClock) -> None:
    await LinksWorker(links, "b:2", lambda: [status("north", clock)]).tick()
    await links.say("a:1", [status("south", clock), status("north", clock, up=False)])

    assert [(report.status.name, report.process, report.status.up) for report in await links.reports()] == [
        ("north", "a:1", False),
        ("north", "b:2", True),
        ("south", "a:1", True),
    ]
    assert (await links.reports())[0].status == status("north", clock, up=False)


async def test_what_a_process_says_takes_the_place_of_what_it_said(links: LinkBoard, clock: ManualClock) -> None:
    await links.say("a:1", [status("north", clock), status("south", clock)])
    await links.say("a:1", [status("north", clock, up=False)])

    assert [(report.status.name, report.status.up) for report in await links.reports()] == [("north", False)]


async def test_a_process_that_is_silent_is_shown_so_and_forgotten_in_the_end(
    links: LinkBoard, clock: ManualClock
) -> None:
    await links.say("a:1", [status("north", clock)])
    clock.advance(timedelta(seconds=SILENT_S + 1))
    await links.say("b:2", [status("north", clock)])

    assert [(report.process, report.silent) for report in await links.reports()] == [("a:1", True), ("b:2", False)]
    clock.advance(timedelta(seconds=FORGOTTEN_S - SILENT_S))
    assert await links.sweep() == 1
    assert [report.process for report in await links.reports()] == ["b:2"]
