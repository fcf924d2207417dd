"""Where people are paid, as staff see it: masked, with its history, frozen until somebody has asked the person."""

import re

import pytest

from tests.gateway.channels.console.conftest import SignIn
from tests.gateway.channels.console.world import World

IBAN = "IR062960000000100324200001"


async def linked(world: World, msisdn: str = "+989120000009") -> str:
    person = world.people.add("Nader", "نادر", msisdn)
    await world.deps.payees.link(person.id, IBAN, by="phone", call_key=msisdn)  # type: ignore[attr-defined]
    return person.id


async def test_a_persons_page_shows_the_account_masked_and_its_history(world: World, signed_in: SignIn) -> None:
    person = await linked(world)
    desk = await signed_in("payer")

    status, body = await desk.get(f"/people/{person}")

    assert (status, "…0001" in body, "to a bank account" in body, IBAN[4:] in body) == (200, True, True, False)
    assert "phone-changed" not in body
    assert "…0001" not in (await (await signed_in("officer")).get(f"/people/{person}"))[1]


async def test_what_was_disowned_is_frozen_until_a_clerk_has_looked(world: World, signed_in: SignIn) -> None:
    person = await linked(world)
    await world.deps.payees.disown(person, by="sms")  # type: ignore[attr-defined]
    desk = await signed_in("clerk")
    _, body = await desk.get(f"/people/{person}")
    (seen,) = set(re.findall(r'name="seen" value="(pch_\w+)"', body))
    assert "Frozen" in body

    assert await desk.post(f"/people/{person}/thaw", seen=seen) == (303, f"/console/people/{person}?said=payee_thawed")
    assert await desk.post(f"/people/{person}/thaw", seen="") == (
        303,
        f"/console/people/{person}?refused=payee_not_frozen",
    )
    account = await world.deps.payees.resolve(person)
    assert account is not None
    assert (account.frozen, account.iban) == (False, "")


async def test_a_new_sim_that_a_clerk_notes_twice_cools_once(world: World, signed_in: SignIn) -> None:
    person = await linked(world)
    desk = await signed_in("checker")
    for _ in range(2):
        assert await desk.post(f"/people/{person}/phone-changed", seen="pch_1") == (
            303,
            f"/console/people/{person}?said=payee_cools",
        )
    assert len(await world.deps.payees.history(person)) == 2


async def test_accounts_of_many_people_are_listed_and_each_name_is_a_view(world: World, signed_in: SignIn) -> None:
    people = [await linked(world, f"+98912000000{number}") for number in range(3)]
    desk = await signed_in("payer")

    status, body = await desk.get("/payees/shared")

    assert (status, "…0001" in body) == (200, True)
    assert all(f"/console/people/{person}" in body for person in people)
    assert {view[1] for view in world.people.viewed} == set(people)
    assert "2 more are paid" in (await desk.get(f"/people/{people[0]}"))[1]


@pytest.mark.parametrize("username", ["payer", "officer", "finance"])
async def test_who_has_no_desk_calms_nobody(world: World, signed_in: SignIn, username: str) -> None:
    person = await linked(world)
    desk = await signed_in(username)
    assert (await desk.post(f"/people/{person}/thaw", seen=""))[0] == 403
    assert (await desk.post(f"/people/{person}/phone-changed", seen=""))[0] == 403
