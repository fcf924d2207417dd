"""Sessions become counts once each, by whichever process; the arithmetic on the counts is the textbook's."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.app.seen import SeenSessions, ending_of
from gateway.errors import SettingsFault
from gateway.services.dialogues import EndReason, SessionCounts, Status
from gateway.services.funnels import Completion, Ending, Funnels, Tariff, newcombe, read_tariffs, wilson
from gateway.services.funnels import funnels as counting
from gateway.services.funnels.tally import BOUNDS_MS, bound_of, percentile
from gateway.services.funnels.tariffs import tariff_for
from gateway.store import Store
from tests.gateway.services.funnels.rows import VERSION, session
from wallet.clock import ManualClock

TARIFFS = {"default": Tariff(hop=20), "MCI": Tariff(session=500, unit_20_s=150)}
NIGHT = datetime(2026, 11, 21, 21, 0, tzinfo=UTC)
"""Past midnight in Tehran: the 22nd."""


def funnels_of(store: Store, clock: ManualClock) -> Funnels:
    return Funnels(store, clock, SeenSessions(SessionCounts(store)), ZoneInfo("Asia/Tehran"), TARIFFS)


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    made = await Store.open(database_url)
    yield made
    await made.close()


async def test_a_day_of_sessions_becomes_its_funnel(store: Store, clock: ManualClock) -> None:
    way = [("home.menu", 4), ("send.to", 9), ("send.pin", 30), ("send.done", 45)]
    await session(store, NIGHT, way, seconds=41)
    await session(store, NIGHT, way[:3], reason=EndReason.TIMEOUT, operator="", language="fa", seconds=180)
    await session(store, NIGHT, way[:3], reason=EndReason.ABORT, seconds=5)
    await session(store, NIGHT, way[:2], reason=EndReason.RESUMED)
    await session(store, NIGHT, [("home.menu", 4)] * 2, reason=EndReason.FAILED, wire="infobip")
    await session(store, NIGHT - timedelta(hours=1), way)
    await session(store, clock.now() - timedelta(minutes=5), way, reason=None)
    funnels = funnels_of(store, clock)

    assert [await funnels.tick(), await funnels.tick()] == [6, 0]
    day = await funnels.day(date(2026, 11, 22))

    assert [(one.screen, one.entered, one.left, one.cut) for one in day.screens] == [
        ("home.menu", 5, 1, 0),
        ("send.to", 4, 0, 0),
        ("send.pin", 3, 2, 1),
        ("send.done", 1, 0, 0),
    ]
    assert {ending.value: count for ending, count in day.endings.items()} == {
        "completed": 1, "left": 1, "cut": 1, "failed": 1, "resumed": 1,
    }  # fmt: skip
    assert [(one.wire, one.hops, one.p50_ms, one.p99_ms) for one in day.delays] == [
        ("africastalking", 12, 10, 50),
        ("infobip", 2, 5, 5),
    ]
    # MCI: three sessions of 41, 5 and 30 s are 3 + 1 + 2 units; the others cost the default's 20 a hop.
    assert [(one.wire, one.operator, one.sessions, one.units, one.cost_minor) for one in day.uses] == [
        ("africastalking", "", 1, 9, 60),
        ("africastalking", "MCI", 3, 6, 2400),
        ("infobip", "MCI", 1, 2, 800),
    ]
    assert day.uses[1].each_minor == 800
    assert (await funnels.heat(date(2026, 11, 22), VERSION))["send.pin"] == pytest.approx(2 / 3)
    assert [one.entered for one in (await funnels.day(date(2026, 11, 22), language="fa")).screens] == [1, 1, 1]
    assert (await funnels.day(date(2026, 11, 22), operator="nobody")).screens == []
    assert (day.operators, day.versions) == (["MCI"], [VERSION])


async def test_two_processes_count_each_session_once(
    store: Store, database_url: str, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counting, "SLICE", 3)
    for n in range(10):
        await session(store, NIGHT + timedelta(seconds=n), [("home.menu", n)])
    other = await Store.open(database_url)
    try:
        for _ in range(8):
            async with asyncio.TaskGroup() as group:
                group.create_task(funnels_of(store, clock).tick())
                group.create_task(funnels_of(other, clock).tick())
    finally:
        await other.close()

    [home] = (await funnels_of(store, clock).day(date(2026, 11, 22))).screens
    assert (home.entered, home.left) == (10, 0)


async def test_versions_are_compared_by_the_sessions_that_came_to_an_end(store: Store, clock: ManualClock) -> None:
    for version, reasons in {
        "a" * 16: [EndReason.DONE, EndReason.DONE, EndReason.EXPIRED, EndReason.RESUMED],
        "b" * 16: [EndReason.DONE],
    }.items():
        for reason in reasons:
            await session(store, NIGHT, [("home.menu", 1)], reason=reason, version=version)
    funnels = funnels_of(store, clock)
    await funnels.tick()

    found = await funnels.completions(date(2026, 11, 22), ("a" * 16, "c" * 16))
    assert found == {"a" * 16: Completion(3, 2), "c" * 16: Completion(0, 0)}
    assert await funnels.completions(date(2026, 11, 23), ("a" * 16,)) == {"a" * 16: Completion(0, 0)}


# Newcombe 1998, Table II, method 10: hits and tries of both, the interval's ends.
NEWCOMBE = [
    (56, 70, 48, 80, 0.0524, 0.3339),
    (9, 10, 3, 10, 0.1705, 0.8090),
    (6, 7, 2, 7, 0.0582, 0.8062),
    (5, 56, 0, 29, -0.0381, 0.1926),
    (0, 10, 0, 20, -0.1611, 0.2775),
    (0, 10, 0, 10, -0.2775, 0.2775),
    (10, 10, 0, 20, 0.6791, 1.0000),
    (10, 10, 0, 10, 0.6075, 1.0000),
]


@pytest.mark.parametrize(("hits", "tries", "other_hits", "other_tries", "low", "high"), NEWCOMBE)
def test_the_interval_of_a_difference_is_that_of_the_paper(
    hits: int, tries: int, other_hits: int, other_tries: int, low: float, high: float
) -> None:
    difference, below, above = newcombe(hits, tries, other_hits, other_tries)

    assert difference == pytest.approx(hits / tries - other_hits / other_tries)
    assert (round(below, 4), round(above, 4)) == (low, high)


shares = st.integers(0, 10_000).flatmap(lambda tries: st.tuples(st.integers(0, tries), st.just(tries)))


@settings(max_examples=100)
@given(one=shares, other=shares)
def test_an_interval_holds_its_difference_turns_with_its_sides_and_stays_in_range(
    one: tuple[int, int], other: tuple[int, int]
) -> None:
    difference, below, above = newcombe(*one, *other)
    turned = newcombe(*other, *one)
    low, high = wilson(*one)

    assert -1 <= below <= difference <= above <= 1
    assert turned == pytest.approx((-difference, -above, -below))
    assert 0 <= low <= high <= 1
    if one[1]:
        assert low <= one[0] / one[1] <= high


@given(took=st.lists(st.integers(0, 100_000), min_size=1, max_size=200), percent=st.sampled_from([50, 95, 99]))
def test_a_percentile_is_the_bound_of_the_hop_at_its_nearest_rank(took: list[int], percent: int) -> None:
    by_bound: dict[int, int] = {}
    for one in took:
        by_bound[bound_of(one)] = by_bound.get(bound_of(one), 0) + 1
    rank = -(-len(took) * percent // 100)

    assert percentile(by_bound, percent) == bound_of(sorted(took)[rank - 1])


@pytest.mark.parametrize(("took_ms", "bound"), [(0, 1), (1, 1), (4, 5), (50, 50), (51, 70), (10**9, BOUNDS_MS[-1])])
def test_a_hop_is_counted_under_the_first_bound_that_it_kept_to(took_ms: int, bound: int) -> None:
    assert bound_of(took_ms) == bound


@pytest.mark.parametrize(
    ("status", "reason", "ending"),
    [
        (Status.LIVE, "", Ending.CUT),
        (Status.EXPIRED, "", Ending.CUT),
        (Status.ENDED, "", Ending.COMPLETED),
        (Status.ENDED, "unseen", Ending.COMPLETED),
        (Status.LATE, "told", Ending.COMPLETED),
        (Status.ENDED, "abort", Ending.LEFT),
        (Status.ENDED, "timeout", Ending.CUT),
        (Status.FAILED, "failed", Ending.FAILED),
        (Status.ENDED, "resumed", Ending.RESUMED),
    ],
)
def test_every_end_of_a_session_counts_as_one_of_five(status: Status, reason: str, ending: Ending) -> None:
    assert ending_of(status, reason) is ending
    assert all(ending_of(Status.ENDED, one.value) in Ending for one in EndReason)


def test_a_tariff_is_the_operator_s_else_the_wire_s_else_the_default(tmp_path: Path) -> None:
    path = tmp_path / "tariffs.toml"
    path.write_text("[default]\nhop = 1\n[MCI]\nsession = 2\n[infobip]\nunit_20_s = 3\n")
    tariffs = read_tariffs(str(path))

    assert tariff_for(tariffs, "MCI", "infobip").session == 2
    assert tariff_for(tariffs, "Rightel", "infobip").unit_20_s == 3
    assert tariff_for(tariffs, "", "hubtel").hop == 1
    assert tariff_for(read_tariffs(""), "", "hubtel") == Tariff()


@pytest.mark.parametrize(
    "text", ["[", "hop = 1", "[MCI]\nhopp = 1", "[MCI]\nhop = -1", "[MCI]\nhop = 1.5", "[MCI]\nhop = true"]
)
def test_a_file_of_tariffs_with_anything_else_stops_the_start(tmp_path: Path, text: str) -> None:
    path = tmp_path / "tariffs.toml"
    path.write_text(text)

    with pytest.raises(SettingsFault):
        read_tariffs(str(path))
