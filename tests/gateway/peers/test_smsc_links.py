"""Many links as one carrier, over real sockets: who gets a message, and who gets it when that one does not take it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from gateway.observe import Metrics
from gateway.peers.smsc import BindKind, Links, Route
from gateway.peers.smsc.links import OFFER_MAX_S
from gateway.peers.smsc.outlet import WAIT_MAX_S
from gateway.services.notices import Outgoing, PartState, Report
from gateway.wire import smpp
from gateway.wire.gsm import Splitting
from gateway.wire.smpp import Status
from tests.gateway.peers.smsc_stubs import (
    ScriptedSmsc,
    answering,
    link_of,
    message,
    mute,
    obedient,
    profile_to,
    until,
)


class Two:
    """Two SMSCs, and links to them called north and south."""

    def __init__(self, links: Links, north: ScriptedSmsc, south: ScriptedSmsc) -> None:
        self.links, self.north, self.south = links, north, south

    def counts(self) -> tuple[int, int]:
        """submit_sm that each has heard."""
        return len(self.north.all(smpp.SubmitSm)), len(self.south.all(smpp.SubmitSm))


def one(number: int = 1, **changes: Any) -> Outgoing:  # noqa: ANN401 - any of its fields
    """A claimed message of its own id."""
    return replace(message(), id=f"ntc_{number}", **changes)


@asynccontextmanager
async def two(*routes: Route, **changes: Any) -> AsyncIterator[Two]:  # noqa: ANN401 - any field of a profile
    """Both SMSCs and the links to them, running."""
    metrics = Metrics()
    async with AsyncExitStack() as stack:
        north, south = [await stack.enter_async_context(ScriptedSmsc()) for _ in range(2)]
        profiles = [
            profile_to(north.port, name="north", **changes),
            profile_to(south.port, name="south", **changes),
        ]
        links = Links(profiles, routes, lambda profile: link_of(profile, metrics=metrics), metrics)
        async with asyncio.TaskGroup() as group:
            group.create_task(links.run())
            try:
                await until(lambda: all(links.up().values()))
                yield Two(links, north, south)
            finally:
                links.stop()


NORTH_FIRST = Route(({"north": 1}, {"south": 1}))


def states(report: Report) -> list[PartState]:
    return [part.state for part in report.parts]


async def test_a_group_shares_messages_by_weight() -> None:
    async with two(Route(({"north": 3, "south": 1},))) as pair:
        for number in range(80):
            assert states(await pair.links.send(one(number))) == [PartState.SENT]
        north, south = pair.counts()
        assert north + south == 80
        assert 45 <= north <= 75


async def test_the_next_group_carries_when_the_first_is_unbound_and_the_first_again_afterwards() -> None:
    async with two(NORTH_FIRST, retry_min_s=0.3, retry_max_s=0.3) as pair:
        assert (await pair.links.send(one(1))).link == "north"
        pair.north.cut()
        await until(lambda: not pair.links.up()["north"])
        assert (await pair.links.send(one(2))).link == "south"
        await until(lambda: pair.links.up()["north"])
        assert (await pair.links.send(one(3))).link == "north"


async def test_a_throttled_link_makes_its_neighbour_carry_in_the_same_send() -> None:
    async with two(NORTH_FIRST) as pair:
        pair.north.script = answering(Status.THROTTLED)
        report = await pair.links.send(one())
        assert (report.link, states(report)) == ("south", [PartState.SENT])
        assert pair.counts() == (1, 1)
        # While it is paused nobody asks it again.
        assert (await pair.links.send(one(2))).link == "south"
        assert pair.counts() == (1, 2)


async def test_a_dead_link_is_never_picked_however_heavy_it_is() -> None:
    async with two(Route(({"north": 1000, "south": 1},)), retry_min_s=5.0, retry_max_s=5.0) as pair:
        pair.north.cut()
        await until(lambda: not pair.links.up()["north"])
        for number in range(20):
            assert (await pair.links.send(one(number))).link == "south"


async def test_a_link_full_of_faults_is_skipped_until_nothing_better_is_there() -> None:
    async with two(NORTH_FIRST, retry_min_s=5.0, retry_max_s=5.0) as pair:
        pair.north.script = answering(Status.SYSTEM_ERROR)
        for number in range(25):
            assert (await pair.links.send(one(number))).link == "south"
        tried = pair.counts()[0]
        assert tried < 25
        assert (await pair.links.send(one(30))).link == "south"
        assert pair.counts()[0] == tried
        pair.north.script = obedient
        pair.south.cut()
        await until(lambda: not pair.links.up()["south"])
        assert (await pair.links.send(one(31))).link == "north"


async def test_what_one_link_will_never_take_is_offered_to_the_other() -> None:
    async with two(NORTH_FIRST) as pair:
        pair.north.script = answering(0x0A)
        report = await pair.links.send(one())
        assert (report.link, states(report)) == ("south", [PartState.SENT])


async def test_what_every_link_refuses_is_refused_and_what_is_wrong_in_itself_asks_only_one() -> None:
    async with two(NORTH_FIRST) as pair:
        pair.north.script = pair.south.script = answering(0x0A)
        assert states(await pair.links.send(one(1))) == [PartState.REFUSED]
        assert pair.counts() == (1, 1)
        pair.north.script = answering(0x0B)
        assert states(await pair.links.send(one(2))) == [PartState.REFUSED]
        assert pair.counts() == (2, 1)


async def test_a_refusal_by_one_link_waits_for_the_other_that_is_down() -> None:
    async with two(NORTH_FIRST, retry_min_s=5.0, retry_max_s=5.0) as pair:
        pair.north.script = answering(0x0A)
        pair.south.cut()
        await until(lambda: not pair.links.up()["south"])
        report = await pair.links.send(one())
        assert (states(report), report.wait_s) == ([PartState.LATER], None)


async def test_a_lost_answer_is_never_given_to_another_link() -> None:
    async with two(NORTH_FIRST, response_s=0.1) as pair:
        pair.north.script = mute
        report = await pair.links.send(one())
        assert (report.link, states(report)) == ("north", [PartState.UNCERTAIN])
        assert pair.counts() == (1, 0)


async def test_parts_stay_on_the_link_that_has_taken_the_first() -> None:
    async with two(NORTH_FIRST, retry_min_s=5.0, retry_max_s=5.0) as pair:
        long = one(text="a" * 400)
        taken = replace(long, parts_done=frozenset({1}), link="south")
        assert (await pair.links.send(taken)).link == "south"
        assert pair.counts() == (0, 2)
        pair.south.cut()
        await until(lambda: not pair.links.up()["south"])
        report = await pair.links.send(taken)
        assert (report.link, report.total, states(report)) == ("south", 3, [PartState.LATER] * 2)
        gone = await pair.links.send(replace(taken, link="east"))
        assert (gone.link, gone.total, states(gone)) == ("east", 3, [PartState.LATER] * 2)
        assert pair.counts()[0] == 0


async def test_a_message_half_taken_by_a_link_that_is_gone_never_counts_as_taken_whole() -> None:
    async with two() as pair:
        # Cut by sar it had three parts; by a header of its own it would have two.
        taken = one(text="a" * 306, parts_done=frozenset({1, 2}), link="east")
        assert states(await pair.links.send(taken)) == [PartState.LATER]


async def test_a_message_that_no_link_takes_now_is_counted_as_its_link_would_cut_it() -> None:
    links = Links([profile_to(1, name="north", splitting=Splitting.SAR)], (), link_of, Metrics())
    assert (await links.send(one(text="a" * 306))).total == 3


async def test_a_send_is_over_before_its_lease(monkeypatch: pytest.MonkeyPatch) -> None:
    async with two(NORTH_FIRST, response_s=7.0) as pair:
        assert pair.links.send_max_s == OFFER_MAX_S + WAIT_MAX_S + 7.0
        pair.north.script = answering(Status.SYSTEM_ERROR)
        monkeypatch.setattr("gateway.peers.smsc.links.OFFER_MAX_S", 0.0)
        assert states(await pair.links.send(one())) == [PartState.LATER]
        assert pair.counts() == (1, 0)


async def test_nothing_is_lost_while_all_links_are_down() -> None:
    links = Links([profile_to(1, name="north")], (), link_of, Metrics())
    report = await links.send(one())
    assert (report.link, states(report), links.room) == ("north", [PartState.LATER], 0)


async def test_a_sender_that_a_link_may_not_use_goes_over_the_one_that_may() -> None:
    metrics = Metrics()
    async with ScriptedSmsc() as north, ScriptedSmsc() as south:
        profiles = [
            profile_to(north.port, name="north"),
            profile_to(south.port, name="south", senders=("2020",)),
        ]
        links = Links(profiles, (), lambda profile: link_of(profile, metrics=metrics), metrics)
        async with asyncio.TaskGroup() as group:
            group.create_task(links.run())
            await until(lambda: all(links.up().values()))
            for number in range(5):
                assert (await links.send(one(number, sender="2020"))).link == "south"
            links.stop()
        assert {pdu.source for pdu in south.heard if isinstance(pdu, smpp.SubmitSm)} == {"2020"}


async def test_a_sender_that_no_link_may_use_is_refused_instead_of_tried_for_ever() -> None:
    async with two() as pair:
        report = await pair.links.send(one(sender="9999"))
        assert [(part.state, part.status) for part in report.parts] == [(PartState.REFUSED, 0x0A)]
        assert pair.counts() == (0, 0)


async def test_room_is_what_the_links_would_send_soon() -> None:
    async with two(NORTH_FIRST, rate_max=10.0, window=4) as pair:
        assert pair.links.room == 10
        pair.north.script = answering(Status.THROTTLED)
        await pair.links.send(one())
        assert pair.links.room <= 6
    async with two(rate_max=1000.0, window=4) as pair:
        assert pair.links.room == 16


async def test_staff_see_how_each_link_stands() -> None:
    async with two(NORTH_FIRST) as pair:
        await pair.links.send(one())
        north, south = pair.links.statuses()
        assert (north.name, north.bind, north.up, north.alarm, north.window) == ("north", "transceiver", True, "", 10)
        assert (north.submitted, south.submitted, north.uncertain, north.in_flight) == (1, 0, 0, 0)
        assert north.health > 90
        assert 0 < north.latency_ms < 1000
        assert (north.rate, north.rate_max) == (10_000.0, 10_000.0)


async def test_a_receiver_is_never_asked_to_send() -> None:
    async with ScriptedSmsc() as north, ScriptedSmsc() as south:
        profiles = [profile_to(north.port, name="north", bind=BindKind.RX), profile_to(south.port, name="south")]
        links = Links(profiles, (), link_of, Metrics())
        async with asyncio.TaskGroup() as group:
            group.create_task(links.run())
            await until(lambda: all(links.up().values()))
            assert links.room == 20
            for number in range(5):
                assert (await links.send(one(number))).link == "south"
            links.stop()
        assert north.all(smpp.BindReceiver)


async def test_stop_never_hangs_even_on_an_smsc_that_answers_nothing() -> None:
    async with two(response_s=30.0) as pair:
        pair.north.script = lambda _pdu: []
        async with asyncio.TaskGroup() as group:
            sending = group.create_task(pair.links.send(one()))
            await until(lambda: sum(pair.counts()) == 1)
            pair.links.stop()
            async with asyncio.timeout(5):
                await sending
