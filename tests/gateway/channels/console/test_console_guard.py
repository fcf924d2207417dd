"""Nobody comes in without a sign-in, without the role, without the CSRF token, or from another origin."""

import re

import pytest

from gateway.channels.console import console_routes
from gateway.channels.console.routes import PUBLIC, Route
from tests.gateway.channels.console.conftest import Client, Desk, SignIn
from tests.gateway.channels.console.world import World

SAMPLES = {
    "id": "clm_01K8ZZZZZZZZZZZZZZZZZZZZZZ",
    "cause": "ses_01K8",
    "flow": "bank",
    "number": "1",
    "ending": "csv",
    "version": "0123456789abcdef",
    "day": "2026-11-22",
    "terminal": "TERM0001",
    "subject": "tok_01K8ZZZZZZZZZZZZZZZZZZZZZZ",
    "name": "trial_balance",
    "transfer": "00000000-0000-0000-0000-000000000001",
    "account": "00000000-0000-0000-0000-000000000001",
}
GUARDED = [route for route in console_routes() if route.roles != PUBLIC]


def address(route: Route) -> str:
    """The route's path with something in each of its places."""
    return re.sub(r"\{(\w+):(?:[^{}]|\{[^{}]*\})*\}", lambda found: SAMPLES[found.group(1)], route.path)


async def test_every_route_refuses_the_anonymous(client: Client) -> None:
    for route in GUARDED:
        desk = Desk(client)
        answer = await desk.ask(
            route.method, address(route), {"Origin": desk.origin}, {} if route.method == "POST" else None
        )
        assert (answer.status, answer.headers["Location"]) == (303, "/console/sign-in"), route


def test_every_route_but_the_sign_in_s_own_needs_a_role() -> None:
    public = {(route.method, route.path) for route in console_routes() if route.roles == PUBLIC}
    assert public == {
        ("GET", "/sign-in"),
        ("POST", "/sign-in"),
        ("POST", "/sign-in/phone"),
        ("POST", "/sign-in/phone/finish"),
        ("POST", "/language"),
    }


@pytest.mark.parametrize(
    ("headers", "csrf"),
    [
        ({}, None),
        ({"Origin": "https://evil.example"}, None),
        ({"Origin": "null"}, None),
        ({"Origin": "http://127.0.0.1"}, None),
        (None, ""),
        (None, "0" * 64),
        (None, "é" * 64),
    ],
)
async def test_a_post_needs_our_origin_and_our_token(
    signed_in: SignIn, world: World, headers: dict[str, str] | None, csrf: str | None
) -> None:
    desk = await signed_in("finance")
    given = {"Origin": desk.origin} if headers is None else headers
    fields: dict[str, str | list[str]] = {"csrf": desk.csrf if csrf is None else csrf, "period": "1405-09"}
    answer = await desk.ask("POST", "/jobs/invoices", given, fields)
    assert answer.status == 403
    assert not world.jobs.jobs


async def test_a_token_of_another_sign_in_is_refused(signed_in: SignIn) -> None:
    mine, other = await signed_in("finance"), await signed_in("officer")
    mine.csrf = other.csrf
    assert (await mine.post("/jobs/invoices", period="1405-09"))[0] == 403


async def test_a_doubled_token_is_refused(signed_in: SignIn) -> None:
    desk = await signed_in("finance")
    assert (await desk.post("/jobs/invoices", csrf=[desk.csrf, desk.csrf], period="1405-09"))[0] == 403


@pytest.mark.parametrize("path", ["/", "/sign-in", "/no-such-page", "/static/console.css", "/ledger/journal.csv"])
async def test_every_answer_has_the_security_headers(signed_in: SignIn, path: str) -> None:
    desk = await signed_in("finance")
    answer = await desk.ask("GET", path, {})
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'self';")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    kept = path.startswith("/static/")
    assert answer.headers["Cache-Control"].startswith("public" if kept else "no-store")


async def test_the_address_without_its_last_slash_leads_to_the_front(client: Client) -> None:
    answer = await Desk(client).ask("GET", "", {})
    assert (answer.status, answer.headers["Location"]) == (308, "/console/")


async def test_a_part_that_htmx_asks_for_leads_the_whole_page_to_the_sign_in(client: Client) -> None:
    answer = await Desk(client).ask("GET", "/jobs", {"HX-Request": "true"})
    assert (answer.status, answer.headers["HX-Redirect"]) == (401, "/console/sign-in")
