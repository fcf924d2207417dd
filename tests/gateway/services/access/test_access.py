"""Each view of a person leaves a row, and rows are found by person and by staff."""

from datetime import timedelta

from gateway.services.access import Access
from gateway.store import Store
from wallet.clock import ManualClock


async def test_views_are_listed_newest_first_in_pages(database_url: str, clock: ManualClock) -> None:
    await Store.upgrade(database_url)
    store = await Store.open(database_url)
    access = Access(store, clock)
    for person, staff, what in [
        ("per_1", "stf_1", "person"),
        ("per_1", "stf_2", "movements"),
        ("per_2", "stf_1", "tap"),
    ]:
        await access.viewed(staff, person, what, "asked")
        clock.advance(timedelta(seconds=1))

    newest = await access.of_person("per_1", limit=1)
    rest = await access.of_person("per_1", limit=5, before=newest[0].id)

    assert [(row.staff_id, row.what) for row in [*newest, *rest]] == [("stf_2", "movements"), ("stf_1", "person")]
    assert [row.person_id for row in await access.of_staff("stf_1", limit=5)] == ["per_2", "per_1"]
    assert newest[0].at == clock.now() - timedelta(seconds=2)
    await store.close()
