"""What staff see, and the rows that it leaves."""

import pytest

from gateway.errors import BadInput, NotFound
from gateway.services.people import BranchPurpose
from tests.gateway.services.people.fakes import MARYAM, REZA
from tests.gateway.services.people.house import House
from ussd_menus import Style


async def test_a_view_leaves_a_row_and_shows_the_national_number(house: House) -> None:
    person_id = await house.enrolled()

    view = await house.people.view(person_id, "stf_1", "asked about a claim")

    assert view is not None
    assert (view.national_number, view.failures, view.person.name) == (MARYAM[1], 0, "Maryam Ahmadi")
    seen = await house.access.of_person(person_id, limit=10)
    assert [(row.staff_id, row.what, row.reason) for row in seen] == [("stf_1", "person", "asked about a claim")]


@pytest.mark.parametrize(
    ("digits", "whether"), [(MARYAM[1][-4:], True), (MARYAM[1][-3:] + "0", False), ("", False), (MARYAM[1], True)]
)
async def test_the_last_digits_of_a_national_number_are_compared_and_not_told(
    quick_house: House,
    digits: str,
    whether: bool,  # noqa: FBT001 - a column of the table
) -> None:
    person_id = await quick_house.enrolled()
    assert await quick_house.people.national_number_ends(person_id, digits) is whether
    assert not await quick_house.people.national_number_ends("per_0", digits)


async def test_nobody_is_seen_where_nobody_is(quick_house: House) -> None:
    assert await quick_house.people.view("per_0", "stf_1", "") is None
    assert await quick_house.access.of_staff("stf_1", limit=10) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("ahmad", ["Maryam Ahmadi"]),
        ("احمد", ["Maryam Ahmadi"]),
        ("a", []),
        ("0912 000 0002", ["Reza Karimi"]),
        (MARYAM[1], ["Maryam Ahmadi"]),
        ("۰۰۱۲۳۴۵۶۷۹", ["Maryam Ahmadi"]),
        ("%", []),
        ("ar", ["Maryam Ahmadi", "Reza Karimi"]),
        ("nobody", []),
    ],
)
async def test_a_search_finds_people_and_leaves_a_row_for_each(quick_house: House, text: str, found: list[str]) -> None:
    await quick_house.enrolled(MARYAM)
    await quick_house.enrolled(REZA)

    people = await quick_house.people.search(text, "stf_1")

    assert [person.name for person in people] == found
    assert len(await quick_house.access.of_staff("stf_1", limit=10)) == len(found)


async def test_an_unlock_code_leaves_a_row(quick_house: House) -> None:
    person_id = await quick_house.enrolled()

    await quick_house.people.issue_branch_code(BranchPurpose.UNLOCK, *MARYAM, "stf_1")

    assert [row.what for row in await quick_house.access.of_person(person_id, limit=10)] == ["branch_code"]


async def test_an_email_address_is_noted_with_a_row_of_who_did_it(house: House) -> None:
    person_id = await house.enrolled()
    await house.people.set_language(person_id, "en")
    await house.people.set_email(person_id, "m@example.com", "stf_1")

    person = await house.people.by_id(person_id)

    assert person is not None
    assert (person.language, person.email) == ("en", "m@example.com")
    seen = await house.access.of_person(person_id, limit=10)
    assert [(row.staff_id, row.what, row.reason) for row in seen] == [("stf_1", "email", "set")]


async def test_an_address_from_which_letters_came_back_gets_none_until_one_is_noted_again(house: House) -> None:
    person_id = await house.enrolled()
    await house.people.set_email(person_id, "m@example.com", "stf_1")

    assert not await house.people.email_bounced(person_id, "old@example.com", "5.1.1")
    assert await house.people.email_bounced(person_id, "m@example.com", "5.1.1")

    person = await house.people.by_id(person_id)
    assert person is not None
    assert (person.email, person.email_bounced, person.letters_to) == ("m@example.com", "5.1.1", "")
    await house.people.set_email(person_id, "m@example.com", "stf_1")
    again = await house.people.by_id(person_id)
    assert again is not None
    assert again.letters_to == "m@example.com"


async def test_what_is_no_address_and_nobodys_address_are_refused(quick_house: House) -> None:
    person_id = await quick_house.enrolled()

    with pytest.raises(BadInput):
        await quick_house.people.set_email(person_id, "m at home", "stf_1")
    with pytest.raises(NotFound):
        await quick_house.people.set_email("per_0", "m@example.com", "stf_1")


async def test_pages_are_shown_as_a_person_wants_them(house: House) -> None:
    person_id = await house.enrolled()
    person = await house.people.by_id(person_id)
    assert person is not None
    assert person.style == Style("own", toman=False, easy=False)

    await house.people.set_style(person_id, Style("latin", toman=True))

    (changed,) = await house.people.by_ids([person_id])
    assert (changed.style, changed.language) == (Style("latin", toman=True), person.language)
    assert await house.access.of_person(person_id, limit=10) == []


async def test_language_and_style_are_noted_at_the_desk_with_a_row_of_who_did_it(house: House) -> None:
    person_id = await house.enrolled()

    await house.people.set_reading(person_id, "ar", Style(easy=True), "stf_1")

    person = await house.people.by_msisdn(MARYAM[0])
    assert person is not None
    assert (person.language, person.style, person.name_in("ar")) == ("ar", Style(easy=True), "مریم احمدی")
    seen = await house.access.of_person(person_id, limit=10)
    assert [(row.staff_id, row.what, row.reason) for row in seen] == [("stf_1", "reading", "ar")]


async def test_a_language_that_nobody_speaks_and_a_person_that_nobody_knows_are_refused(quick_house: House) -> None:
    person_id = await quick_house.enrolled()

    with pytest.raises(BadInput):
        await quick_house.people.set_reading(person_id, "de", Style(), "stf_1")
    with pytest.raises(NotFound):
        await quick_house.people.set_reading("per_0", "fa", Style(), "stf_1")
    assert await quick_house.access.of_person(person_id, limit=10) == []
