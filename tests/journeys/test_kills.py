"""SIGKILL at named points of the thread: no money is lost, doubled or created, and the person can go on."""

import contextlib
from collections.abc import AsyncIterator

import pytest

from simulators.till import line
from tests.journeys import checks, kill_points, kill_stores, kills
from tests.journeys.kills import Point, Scene
from tests.journeys.town import Town

pytestmark = [pytest.mark.journey, pytest.mark.timeout(600)]


@pytest.fixture
async def scene(town: Town, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Scene]:
    """A town whose terminal does not wait long before it calls a gateway that was away."""
    monkeypatch.setattr(line, "RETRY_MAX_S", 0.4)
    async with kill_stores.opened(town.settings) as stores, contextlib.AsyncExitStack() as stack:
        scene = Scene(town, stores, stack)
        scene.listen()
        yield scene


async def test_killed_in_a_payment_a_tap_and_a_release_people_go_on(scene: Scene) -> None:
    for point in kill_points.SHORT:
        await kills.run(scene, point)
    await checks.books_agree(scene.town)


@pytest.mark.rig
@pytest.mark.parametrize("points", kill_points.JOURNEYS.values(), ids=kill_points.JOURNEYS)
async def test_killed_at_any_point_people_go_on(scene: Scene, points: tuple[Point, ...]) -> None:
    for point in points:
        await kills.run(scene, point)
        await checks.books_agree(scene.town)
