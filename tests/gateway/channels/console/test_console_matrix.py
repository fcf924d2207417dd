"""Who may what: every route by every role against a table kept apart, and every object by the id of something else."""

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from gateway.channels.console import console_routes
from gateway.channels.console.routes import PUBLIC, Route
from gateway.services.closing import CloseState
from gateway.services.staff import Role
from tests.gateway.channels.console.books import row
from tests.gateway.channels.console.conftest import SignIn
from tests.gateway.channels.console.evenings import YESTERDAY
from tests.gateway.channels.console.test_console_guard import GUARDED, SAMPLES, address
from tests.gateway.channels.console.world import STAFF, World
from wallet.reconciliation import Side

COLUMNS = {
    "BO": Role.BENEFITS_OFFICER,
    "BR": Role.BENEFITS_RELEASER,
    "BC": Role.BRANCH_CLERK,
    "PO": Role.PAYOUTS_OFFICER,
    "PC": Role.PAYOUTS_CHECKER,
    "PV": Role.PROVIDERS_OFFICER,
    "MO": Role.MERCHANTS_OFFICER,
    "SI": Role.SIGNATORY,
    "FI": Role.FINANCE,
    "AD": Role.ADMINISTRATOR,
}
TABLE = Path(__file__).parents[3] / "golden/console_matrix.txt"
ONE_ROLE = {roles[0]: username for username, (_, roles, _) in STAFF.items() if len(roles) == 1}
KINDS = {
    "/approvals/": "apr", "/breaks/": "brk", "/reconciliation/groups/": "rcg", "/reconciliation/runs/": "rcn",
    "/bank/statements/": "stm", "/campaigns/": "cam", "/cash-in/": "per", "/claims/": "clm",
    "/close/": "dcl", "/decisions/": "dtv", "/delegations/": "dlg", "/fees/": "fee", "/jobs/": "job",
    "/merchants/batches/": "tbt", "/merchants/cycles/": "cyc", "/merchants/exceptions/": "exc", "/merchants/": "mer",
    "/payouts/items/": "pay", "/payouts/": "bat", "/people/": "per", "/prices/": "prl", "/providers/": "prv",
    "/returns/": "pay", "/sessions/": "ses", "/signers/": "stf", "/signing/requests/": "sgr", "/signing/": "doc",
    "/staff/": "stf", "/taps/": "tap", "/tickets/": "msg", "/tokens/": "tok",
}  # fmt: skip
"""The kind of id in the path of a route, by how the path begins; the longest one that fits."""
SECRET = "Zarrin Taj"
"""In the name of everything that is put into the world here."""


def name(route: Route) -> str:
    """`GET /claims/{id}`: without what its places must look like."""
    return f"{route.method} " + re.sub(r"\{(\w+):(?:[^{}]|\{[^{}]*\})*\}", r"{\1}", route.path)


def agreed() -> dict[str, frozenset[Role]]:
    """The table as it stands in the file."""
    head, *lines = [line for line in TABLE.read_text("utf-8").splitlines() if line and not line.startswith("#")]
    roles = [COLUMNS[column] for column in head.split()]
    found = {}
    for line in lines:
        method, path, *marks = line.split()
        assert len(marks) == len(roles), line
        assert set(marks) <= {"x", "."}, line
        found[f"{method} {path}"] = frozenset(role for role, mark in zip(roles, marks, strict=True) if mark == "x")
    return found


def test_every_route_has_the_roles_that_were_agreed() -> None:
    assert {name(route): route.roles for route in GUARDED} == agreed()


@pytest.mark.parametrize("role", Role)
async def test_every_route_lets_in_whom_the_table_names_and_nobody_else(signed_in: SignIn, role: Role) -> None:
    """No page has an id twice: labels and scripts would find the first of them alone."""
    table, desk, twice = agreed(), await signed_in(ONE_ROLE[role]), list[tuple[str, str]]()
    last = [route for route in GUARDED if route.path == "/sign-out"]
    for route in [route for route in GUARDED if route.path != "/sign-out"] + last:
        status, body = await (desk.get if route.method == "GET" else desk.post)(address(route))
        assert (status == 403) is (role not in table[name(route)]), (name(route), status)
        assert status < 500, (name(route), status)
        named = re.findall(r'\sid="([^"]+)"', body)
        twice += [(name(route), one) for one in set(named) if named.count(one) > 1]
    assert twice == []


@pytest.mark.parametrize("role", Role)
async def test_every_action_is_refused_without_the_token_and_from_elsewhere(signed_in: SignIn, role: Role) -> None:
    """The role is right each time, so that nothing but the token and the origin can be what refuses."""
    desk = await signed_in(ONE_ROLE[role])
    for route in GUARDED:
        if route.method == "POST" and role in route.roles:
            for origin, token in ((desk.origin, ""), (desk.origin, "0" * 64), ("https://evil.example", desk.csrf)):
                answer = await desk.ask("POST", address(route), {"Origin": origin}, {"csrf": token})
                refused = {403, 400} if route.takes_file else {403}
                assert answer.status in refused, (name(route), origin, answer.status)


@pytest.fixture
async def things(world: World) -> dict[str, str]:
    """One thing of each of some kinds, by the prefix of its id, all of them with a name that no page may let slip."""
    person = world.people.add(SECRET, SECRET, "+989120000001")
    approval = await world.approvals.propose("pin_unlock", person.id, {"reason": SECRET}, world.ids["clerk"])
    document = world.signing.add(SECRET, "signatory", made_by=world.ids["payer"])
    group = world.reconciliation.add(row(Side.BANK, "stm_01KB:1", 1_000, party=SECRET))
    treasurer = await world.staff.by_id(world.ids["treasurer"])
    assert treasurer is not None
    return {
        "per": person.id,
        "clm": world.benefits.add(person.id).id,
        "apr": approval.id,
        "job": (await world.jobs.start("make_invoices", {"period": SECRET}, world.ids["finance"])).id,
        "mer": (await world.merchants.register_merchant(SECRET, person.id, "Tehran")).id,
        "doc": document.id,
        "sgr": (await world.signing.sign(document.id, treasurer, "sgf_1")).request_id,
        "rcg": group.id,
        "rcn": world.reconciliation.ran().id,
        "brk": world.breaks.add(group).id,
        "dcl": world.closing.add(YESTERDAY, CloseState.SIGNED).id,
        "stf": world.ids["homeless"],
    }


def kind(route: Route) -> str:
    """The prefix of the id in its path."""
    return KINDS[max((begin for begin in KINDS if route.path.startswith(begin)), key=len)]


async def test_the_id_of_something_else_is_no_page_and_lets_nothing_slip(
    signed_in: SignIn, things: Mapping[str, str]
) -> None:
    """Every page and every action that takes an id, with that of each other thing there is, and with one of nothing."""
    desks = {role: await signed_in(username) for role, username in ONE_ROLE.items()}
    wrong: list[tuple[str, str, int, str]] = []
    for route in GUARDED:
        if "{id:" not in route.path:
            continue
        desk, own = desks[min(route.roles)], kind(route)
        foreign = [id_ for prefix, id_ in things.items() if prefix != own] + [f"{own}_01K8ZZZZZZZZZZZZZZZZZZZZZZ"]
        for id_ in foreign if route.method == "GET" else foreign[-2:]:
            path = re.sub(r"\{id:(?:[^{}]|\{[^{}]*\})*\}", id_, route.path).replace(".{ending:csv|xlsx}", ".csv")
            status, body = await (desk.get if route.method == "GET" else desk.post)(path)
            answered = {404} if route.method == "GET" else {303, 400, 404}
            if status not in answered or SECRET in body or "said=" in body:
                wrong.append((name(route), id_, status, body[:80]))
    assert wrong == []


async def test_what_is_not_theirs_is_not_shown_to_a_member_who_has_the_page(
    signed_in: SignIn, things: Mapping[str, str]
) -> None:
    """Pages that everybody has, with things that are of somebody else."""
    clerk = await signed_in("releaser")
    rows = [
        ("GET", f"/signing/{things['doc']}", 403),
        ("POST", f"/signing/{things['doc']}/sign", 403),
        ("POST", f"/signing/{things['doc']}/refuse", 403),
        ("GET", f"/signing/requests/{things['sgr']}", 404),
        ("GET", f"/signing/requests/{things['sgr']}/progress", 404),
    ]
    for method, path, wanted in rows:
        fields = {"form_key": "sgf_01K8ZZZZZZZZZZZZZZZZZZZZZZ"} if path.endswith("/sign") else {"reason": "because"}
        status, body = await (clerk.get(path) if method == "GET" else clerk.post(path, **fields))
        assert (status, SECRET in body) == (wanted, False), (method, path, status)


def test_every_place_of_a_path_has_a_sample() -> None:
    places = {found for route in console_routes() for found in re.findall(r"\{(\w+):", route.path)}
    assert places <= set(SAMPLES)


def test_nothing_is_public_that_has_an_id() -> None:
    assert [name(route) for route in console_routes() if route.roles == PUBLIC and "{" in route.path] == []
