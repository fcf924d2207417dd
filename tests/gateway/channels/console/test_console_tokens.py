"""Tokens and limits as staff see and set them: found, locked by the class of who acts, bounded with a reason."""

import pytest

from gateway.services.controls import Control, Party
from gateway.services.people import Person
from gateway.services.taps import Verdict
from gateway.services.tokens import ActorClass, Token, TokenState
from tests.gateway.channels.console.conftest import SignIn
from tests.gateway.channels.console.world import World

NOBODY = "tok_01K8ZZZZZZZZZZZZZZZZZZZZZZ"


async def owned(world: World) -> tuple[Person, Token]:
    person = world.people.add("Maryam Ahmadi", "مریم احمدی", "+989120000001")
    return person, (await world.tills.open(person))[1]


async def test_a_token_is_found_by_what_people_can_read_out(world: World, signed_in: SignIn) -> None:
    desk = await signed_in("clerk")
    assert "A person dials" in (await desk.get("/tokens"))[1]
    _, token = await owned(world)
    assert token.id in (await desk.get("/tokens"))[1]
    for text in (token.last4, token.number, token.par, token.id[:14]):
        assert f"/console/tokens/{token.id}" in (await desk.post("/tokens", token=text))[1], text
    assert "No token is like that" in (await desk.post("/tokens", token="TDPLNONE"))[1]
    assert (await desk.post("/tokens", token="1"))[0] == 400


async def test_a_person_s_page_leads_to_the_token_and_looking_is_logged(world: World, signed_in: SignIn) -> None:
    person, token = await owned(world)
    clerk = await signed_in("clerk")
    assert f"/console/tokens/{token.id}" in (await clerk.get(f"/people/{person.id}"))[1]
    assert f"/console/tokens/{token.id}" not in (await (await signed_in("officer")).get(f"/people/{person.id}"))[1]

    status, body = await clerk.get(f"/tokens/{token.id}")

    assert (status, "Maryam Ahmadi" in body, "one-time code" in body, "with the token" in body) == (200,) + (True,) * 3
    assert world.tills.phone.pan not in body
    assert world.tills.phone.luk.hex() not in body.lower()
    assert (world.ids["clerk"], person.id, token.id) in world.people.viewed


async def state_of(world: World, token: Token) -> tuple[TokenState, frozenset[ActorClass], frozenset[ActorClass]]:
    now = await world.tills.tokens.token(token.id)
    assert now is not None
    return now.state, now.locks, now.card_locks


async def test_a_lock_is_lifted_by_its_own_class_alone(world: World, signed_in: SignIn) -> None:
    _, token = await owned(world)
    clerk, finance = await signed_in("clerk"), await signed_in("finance")
    here = f"/tokens/{token.id}"
    assert (await clerk.post(f"{here}/suspend", reason="  "))[1].endswith("refused=reason")
    assert (await clerk.post(f"{here}/suspend", reason="Odd taps", by="fraud"))[1].endswith("refused=token_class")
    assert (await clerk.post(f"{here}/suspend", reason="Odd taps", by="holder"))[1].endswith("refused=token_class")
    assert (await state_of(world, token))[0] is TokenState.ACTIVE

    assert (await finance.post(f"{here}/suspend", reason="Odd taps", by="fraud"))[1].endswith("said=token_suspend")
    assert (await clerk.post(f"{here}/resume", reason="Asked to"))[1].endswith("refused=token_not_yours")
    body = (await clerk.get(here))[1]
    assert (">the fraud desk<" in body, "Odd taps" in body, "Farah Finance" in body) == (True, True, True)
    assert "Unlock this token" not in body
    assert (await world.tills.buy(1_000)).verdict is Verdict.TOKEN_SUSPENDED
    assert (await finance.post(f"{here}/resume", reason="Spoken with", by="fraud"))[1].endswith("said=token_resume")
    assert (await finance.post(f"{here}/resume", reason="Twice", by="fraud"))[1].endswith("refused=token_not_possible")

    assert (await clerk.post(f"{here}/lock", reason="Phone was stolen"))[1].endswith("said=token_lock")
    assert await state_of(world, token) == (TokenState.ACTIVE, frozenset(), frozenset({ActorClass.STAFF}))
    assert "Phone was stolen" in (await clerk.get(here))[1]
    assert (await clerk.post(f"{here}/unlock", reason="It was found"))[1].endswith("said=token_unlock")
    assert (await clerk.post(f"{here}/deactivate", reason="Sold the phone"))[1].endswith("said=token_deactivate")
    assert (await state_of(world, token))[0] is TokenState.DEACTIVATED
    assert "Lock this token" not in (await clerk.get(here))[1]


async def test_staff_bound_an_account_with_a_reason_and_the_next_tap_obeys(world: World, signed_in: SignIn) -> None:
    person, token = await owned(world)
    await world.tills.controls.set(
        token.par, Party.HOLDER, Control(day_minor=5_000_000), actor=person.id, reason="by phone"
    )
    clerk = await signed_in("clerk")
    here = f"/controls/{token.par}"
    body = (await clerk.get(here))[1]
    assert "5,000,000\N{NO-BREAK SPACE}IRR" in body
    assert f"/console{here}" in (await clerk.get(f"/tokens/{token.id}"))[1]
    form: dict[str, str | list[str]] = {
        "on": "yes", "channels": ["tap", "offline"], "merchants": "", "merchants_not": "",
        "categories": "5912, 5400-5499", "categories_not": "", "cities": "Tehran، Karaj",
        "hours": "00:00-23:59", "programme": "", "tap_minor": "۲۰۰٬۰۰۰",
        "day_minor": "", "day_count": "3", "week_minor": "", "week_count": "", "month_minor": "", "month_count": "",
        "reason": "Asked for by the family",
    }  # fmt: skip

    assert (await clerk.post(here, **form))[1].endswith("said=controls_set")

    assert await world.tills.controls.control(token.par, Party.STAFF) == Control(
        channels=("tap", "offline"), categories=("5912", "5400-5499"), cities=("Tehran", "Karaj"),
        hours=("00:00-23:59",), tap_minor=200_000, day_count=3,
    )  # fmt: skip
    body = (await clerk.get(here))[1]
    assert ("Asked for by the family" in body, "Cyrus Clerk" in body, 'value="200000"' in body) == (True, True, True)
    assert (await world.tills.buy(250_000)).verdict is Verdict.AMOUNT_LIMIT
    assert (await world.tills.buy(150_000)).verdict is Verdict.APPROVED
    for wrong in ({"categories": "59"}, {"hours": "8-20"}, {"tap_minor": "-5"}, {"channels": "air"}, {"reason": ""}):
        status, body = await clerk.post(here, **form | wrong)
        assert (status, "Please check" in body) == (400, True), wrong


@pytest.mark.parametrize("subject", [NOBODY, "TDPL" + "A" * 25])
async def test_a_stranger_s_token_or_account_is_no_page(signed_in: SignIn, subject: str) -> None:
    desk = await signed_in("finance")
    assert (await desk.get(f"/controls/{subject}"))[0] == 404
    assert (await desk.post(f"/controls/{subject}", reason="Because"))[0] == 404
    if subject == NOBODY:
        assert (await desk.get(f"/tokens/{subject}"))[0] == 404
        for action in ("suspend", "resume", "deactivate", "lock", "unlock"):
            assert (await desk.post(f"/tokens/{subject}/{action}", reason="Because"))[0] == 404
