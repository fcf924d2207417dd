"""Administrators see which menus people meet and take them back; finance sees, others do not."""

from tests.gateway.channels.console.conftest import SignIn
from tests.gateway.channels.console.world import World
from tests.gateway.services.releases.press import EVERYONE, MAKER, SHIPPED, branch, files
from ussd_menus import load_files

VERSION = load_files(files("one")).version


async def released(world: World) -> str:
    made = await world.releases.propose(files("one"), EVERYONE, "shorter home page", MAKER)
    assert not isinstance(made, str)
    await world.releases.release(made.id, made.approval_id)
    return made.id


async def test_the_page_shows_what_is_in_force_and_who_made_it(signed_in: SignIn, world: World) -> None:
    desk = await signed_in("admin")
    status, page = await desk.get("/menus")
    assert (status, SHIPPED.version in page, "Nothing has been released" in page) == (200, True, True)
    assert "rollback" not in page
    made = await released(world)
    await world.releases.propose(files("two"), branch("tehran-01"), "", MAKER)

    page = (await desk.get("/menus"))[1]

    for told in (VERSION, "shorter home page", "everyone", "tehran-01", "in force", "waits", "rollback-now"):
        assert told in page
    assert made not in (await desk.get(f"/menus?before={made}"))[1]


async def test_the_map_of_a_version_is_a_drawing_that_runs_nothing(signed_in: SignIn, world: World) -> None:
    await released(world)
    desk = await signed_in("finance")

    for version in (VERSION, SHIPPED.version):
        answer = await desk.ask("GET", f"/menus/{version}.svg", {})
        assert (answer.status, answer.content_type) == (200, "image/svg+xml")
        assert "sandbox" in answer.headers["Content-Security-Policy"]
        assert (await answer.text()).startswith("<svg")
    assert (await desk.get("/menus/0000000000000000.svg"))[0] == 404


async def test_an_administrator_asks_to_go_back_or_goes_back_at_once(signed_in: SignIn, world: World) -> None:
    await released(world)
    desk = await signed_in("admin")
    assert await desk.post("/menus/rollback") == (303, "/console/menus?said=proposed")
    standing = await world.releases.standing()
    assert standing.base is not None
    assert standing.base.version == VERSION

    assert await desk.post("/menus/rollback-now") == (303, "/console/menus?said=rolled_back")
    assert (await world.releases.standing()).base is None
    assert await desk.post("/menus/rollback-now") == (303, "/console/menus?refused=rollback_nothing")

    page = (await desk.get("/approvals"))[1]
    assert "Take menus back" in page
    assert VERSION in page


async def test_finance_sees_and_takes_nothing_back(signed_in: SignIn, world: World) -> None:
    await released(world)
    desk = await signed_in("finance")

    assert "rollback" not in (await desk.get("/menus"))[1]
    assert (await desk.post("/menus/rollback-now"))[0] == 403
