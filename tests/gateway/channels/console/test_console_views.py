"""The access log on the console: who saw a person, whom a member of staff saw; reading it is in it."""

import csv
import io
import re
from datetime import timedelta

import pytest

from tests.gateway.channels.console.conftest import Desk, SignIn
from tests.gateway.channels.console.world import World


async def rows_of(desk: Desk, path: str) -> list[dict[str, str]]:
    """The rows of a CSV file."""
    text = (await (await desk.ask("GET", path, {})).read()).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


async def seen_often(world: World, person_id: str, times: int) -> None:
    for n in range(times):
        await world.access.viewed(world.ids["clerk"], person_id, "search", f"look-{n}")
        world.clock.advance(timedelta(milliseconds=5))


async def test_an_administrator_reads_who_saw_a_person_and_is_in_it(signed_in: SignIn, world: World) -> None:
    person = world.people.add("Maryam Ahmadi", "مریم احمدی", "+989120000001")
    await world.access.viewed(world.ids["clerk"], person.id, "person", "clm_01K8")
    world.clock.advance(timedelta(milliseconds=5))
    admin = await signed_in("admin")
    status, body = await admin.get(f"/people/{person.id}/views")
    assert (status, "Access log: Maryam Ahmadi" in body) == (200, True)
    for shown in ("Cyrus Clerk", "person&#39;s page", "clm_01K8", "Amir Admin", "access log"):
        assert shown in body
    # The reading itself was written before it was shown.
    last = (await world.access.of_person(person.id, limit=1))[0]
    assert (last.staff_id, last.what, last.reason) == (world.ids["admin"], "access_log", "page")


async def test_an_administrator_reads_whom_a_member_saw(signed_in: SignIn, world: World) -> None:
    person = world.people.add("Maryam Ahmadi", "", "+989120000001")
    await world.access.viewed(world.ids["clerk"], person.id, "search")
    admin = await signed_in("admin")
    here = f"/staff/{world.ids['clerk']}/views"
    assert f'href="/console{here}"' in (await admin.get("/staff"))[1]
    body = (await admin.get(here))[1]
    assert "Access log: Cyrus Clerk" in body
    assert f'href="/console/people/{person.id}/views"' in body
    assert "Maryam" not in body
    mine = (await admin.get(f"/staff/{world.ids['admin']}/views"))[1]
    assert f'href="/console{here}"' in mine


async def test_a_long_log_is_paged_and_its_file_has_every_row(signed_in: SignIn, world: World) -> None:
    person = world.people.add("Maryam Ahmadi", "", "+989120000001")
    await seen_often(world, person.id, 60)
    admin = await signed_in("admin")
    first = (await admin.get(f"/people/{person.id}/views"))[1]
    found = re.search(rf'href="/console(/people/{person.id}/views\?before=avw_\w+)" rel="next"', first)
    assert found
    world.clock.advance(timedelta(milliseconds=5))
    second = (await admin.get(found[1]))[1]
    assert (first.count("look-"), second.count("look-"), 'rel="next"' in second) == (49, 11, False)

    world.clock.advance(timedelta(milliseconds=5))
    rows = await rows_of(admin, f"/people/{person.id}/views.csv")
    assert (len(rows), rows[0]["By"], rows[0]["Reason"]) == (63, "Amir Admin", "csv")
    assert {row["Staff id"] for row in rows} == {world.ids["admin"], world.ids["clerk"]}
    assert len(await rows_of(admin, f"/staff/{world.ids['clerk']}/views.csv")) == 60


async def test_a_file_longer_than_one_reading_is_whole(
    signed_in: SignIn, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.channels.console.pages.views.EXPORT_ROWS", 7)
    person = world.people.add("Maryam Ahmadi", "", "+989120000001")
    await seen_often(world, person.id, 20)
    answer = await (await signed_in("admin")).ask("GET", f"/people/{person.id}/views.xlsx", {})
    assert (answer.status, answer.headers["X-Rows"]) == (200, "21")


async def test_the_person_s_page_leads_there_for_administrators_only(signed_in: SignIn, world: World) -> None:
    person = world.people.add("Maryam Ahmadi", "", "+989120000001")
    here = f"/people/{person.id}/views"
    clerk = await signed_in("clerk")
    assert here not in (await clerk.get(f"/people/{person.id}"))[1]
    assert (await clerk.get(here))[0] == 403
    assert (await clerk.get(f"/staff/{world.ids['clerk']}/views"))[0] == 403
    assert await world.access.of_person(person.id, limit=1) == []


async def test_an_administrator_with_a_desk_finds_the_way_on_the_person_s_page(signed_in: SignIn, world: World) -> None:
    person = world.people.add("Maryam Ahmadi", "", "+989120000001")
    both = await signed_in("both")
    assert f'href="/console/people/{person.id}/views"' in (await both.get(f"/people/{person.id}"))[1]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/people/per_01K8ZZZZZZZZZZZZZZZZZZZZZZ/views", 404),
        ("/staff/stf_01K8ZZZZZZZZZZZZZZZZZZZZZZ/views.csv", 404),
        ("/people/{person}/views?before=x", 400),
        ("/people/{person}/views.pdf", 404),
    ],
)
async def test_a_log_of_nobody_or_of_no_page_is_refused(
    signed_in: SignIn, world: World, path: str, status: int
) -> None:
    person = world.people.add("Maryam Ahmadi", "", "+989120000001")
    admin = await signed_in("admin")
    assert (await admin.get(path.format(person=person.id)))[0] == status
    assert await world.access.of_staff("stf_01K8ZZZZZZZZZZZZZZZZZZZZZZ", limit=1) == []
