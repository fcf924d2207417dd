"""Staff see sessions, hop by hop and in numbers; never a phone number, a value, or what was typed."""

from datetime import timedelta

import pytest

from gateway.channels.console.replay import page_of
from gateway.services.dialogues import EndReason
from gateway.services.funnels import Funnels
from tests.gateway.channels.console.conftest import SignIn
from tests.gateway.channels.console.world import World
from tests.gateway.services.funnels.rows import session
from tests.gateway.services.releases.press import MAKER, SHIPPED, files, percent
from ussd_menus import load_files
from ussd_menus.screens import ActionScreen, RouterScreen

TRIAL = load_files(files("one")).version
WAY = [("home.menu", 4), ("send.to", 9), ("aside.offer", 3)]


async def counted(world: World) -> int:
    """How many sessions the next tick of the funnels counts."""
    assert isinstance(world.deps.funnels, Funnels)
    return await world.deps.funnels.tick()


async def filled(world: World) -> str:
    """A trial; a session of each version that ended and was counted, and a live one, whose id this is."""
    made = await world.releases.propose(files("one"), percent(50), "", MAKER)
    assert not isinstance(made, str)
    await world.releases.release(made.id, made.approval_id)
    store, now = world.store, world.clock.now()
    world.clock.advance(timedelta(hours=2))
    for version, reason in ((SHIPPED.version, EndReason.TIMEOUT), (TRIAL, EndReason.DONE)):
        await session(store, now + timedelta(hours=1), WAY, reason=reason, version=version)
    assert await counted(world) == 2
    return await session(store, world.clock.now(), WAY, reason=None, version=SHIPPED.version)


async def test_live_sessions_are_listed_without_their_numbers(signed_in: SignIn, world: World) -> None:
    desk = await signed_in("admin")
    assert "Nobody is dialling now" in (await desk.get("/sessions"))[1]
    live = await filled(world)

    page = (await (await signed_in("finance")).get("/sessions"))[1]

    assert f"/console/sessions/{live}" in page
    assert ("***4321" in page, "aside.offer" in page, "0004321" in page) == (True, True, False)


async def test_a_session_is_shown_hop_by_hop_as_its_version_words_it(signed_in: SignIn, world: World) -> None:
    live = await filled(world)
    desk = await signed_in("finance")

    page = (await desk.get(f"/sessions/{live}"))[1]

    for line in page_of(SHIPPED, "home.menu", "en") + page_of(SHIPPED, "send.to", "en"):
        assert line in page
    assert "A page before the menus" in page
    assert "0004321" not in page
    assert (await desk.get("/sessions/ses_01K8ZZZZZZZZZZZZZZZZZZZZZZ"))[0] == 404


async def test_a_day_shows_funnel_delays_costs_and_the_trial_against_the_rest(signed_in: SignIn, world: World) -> None:
    await filled(world)
    desk = await signed_in("finance")

    page = (await desk.get("/sessions/day?day=2026-11-22"))[1]

    for told in ("send.to", "aside.offer", "The trial against what everyone has", "+100.0", "60", TRIAL):
        assert told in page, told
    assert "Nothing was counted" in (await desk.get("/sessions/day?day=2026-11-20&operator=MCI&language=fa"))[1]
    for wrong in ("day=2026-13-01", "day=x", "language=<b>", "version=..", "operator=%00", "what=1"):
        assert (await desk.get(f"/sessions/day?{wrong}"))[0] == 400, wrong


async def test_the_map_is_red_where_people_left(signed_in: SignIn, world: World) -> None:
    store = world.store
    await session(store, world.clock.now(), WAY[:2], reason=EndReason.TIMEOUT, version=SHIPPED.version)
    world.clock.advance(timedelta(hours=1))
    await counted(world)
    desk = await signed_in("admin")

    answer = await desk.ask("GET", f"/sessions/{SHIPPED.version}/2026-11-22.svg", {})
    drawing = await answer.text()

    assert (answer.status, answer.content_type) == (200, "image/svg+xml")
    assert drawing.count('fill="#ff8080"') == 1
    assert (await desk.get(f"/sessions/{SHIPPED.version}/2026-99-22.svg"))[0] == 400


@pytest.mark.parametrize("language", list(SHIPPED.tongues))
def test_every_screen_is_worded_again_without_a_placeholder(language: str) -> None:
    for name, screen in SHIPPED.screens.items():
        lines = page_of(SHIPPED, name, language)
        assert not any("{" in line for line in lines), name
        assert lines or isinstance(screen, ActionScreen | RouterScreen) or not screen.text, name
    assert page_of(SHIPPED, "no.screen", language) == page_of(SHIPPED, "home.menu", "xx") == []
