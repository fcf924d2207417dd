"""The console over the services themselves: from a claim to the wallet, cash that is taken once, a person unlocked."""

import re
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from aiohttp import DummyCookieJar, web
from pytest_aiohttp.plugin import AiohttpClient

from gateway.channels.console import console_app
from gateway.keys import SoftwareKeyStore
from gateway.services.access import Access
from gateway.services.approvals import Approvals, Proposals
from gateway.services.benefits import DECISION_USES, RELEASE_KIND, AttesterBook, Benefits, ClaimState, Parts
from gateway.services.decisions import Decisions
from gateway.services.jobs import Jobs
from gateway.services.merchants import Merchants
from gateway.services.payments import INVOICES_JOB, Payments
from gateway.services.people import People, Person, PersonState
from gateway.services.releases import ROLLBACK_KIND
from gateway.store import Store
from tests.gateway.channels.console.approving import APPROVAL_ROLES
from tests.gateway.channels.console.conftest import Desk
from tests.gateway.channels.console.world import PASSWORD, World, opened
from tests.gateway.services.benefits.conftest import FakeContributions
from tests.gateway.services.people.fakes import MARYAM, FakeRegistry, FakeTeller
from wallet.clock import ManualClock

ACCOUNTS = ["officer", "officer2", "releaser", "clerk", "finance", "admin"]


async def enrolled(people: People, teller: FakeTeller) -> Person:
    """Maryam, active, with the PIN 7391."""
    await people.enrol(*MARYAM, "fa")
    await people.confirm_code(MARYAM[0], teller.last_code())
    person = await people.by_msisdn(MARYAM[0])
    assert person is not None
    await people.offer_pin(person.id, "7391")
    await people.repeat_pin(person.id, "7391")
    return person


async def real(world: World, store: Store, teller: FakeTeller) -> tuple[World, People, Benefits]:
    """The world with its stubs replaced by the services."""
    deps, clock, keys = world.deps, world.clock, SoftwareKeyStore.for_tests()
    access = Access(store, clock)
    people = People(store, clock, keys, FakeRegistry(), teller, access, deps.settings, deps.metrics)
    proposals = Proposals(store, clock)
    decisions = Decisions(store, clock, proposals, DECISION_USES)
    await decisions.ship()
    parts = Parts(
        store, clock, world.ledger, deps.chart, people, proposals, teller, deps.settings, decisions,
        FakeContributions(), AttesterBook(store, clock), keys, deps.payees,
    )  # fmt: skip
    benefits = Benefits(parts)
    executors = {
        RELEASE_KIND: benefits.release,
        "pin_unlock": people.unlock,
        ROLLBACK_KIND: world.releases.rolled_back,
    }
    approvals = Approvals(
        store, clock, deps.settings, roles={kind: APPROVAL_ROLES[kind] for kind in executors}, executors=executors,
        refusers={RELEASE_KIND: benefits.release_refused},
    )  # fmt: skip
    payments = Payments(store, clock, world.ledger, deps.chart, people, keys, teller, deps.settings)
    merchants = Merchants(store, world.ledger, deps.chart, keys, clock)
    jobs = Jobs(store, clock, {INVOICES_JOB: payments.make_invoices_job})
    made = replace(
        deps, people=people, access=access, approvals=approvals, benefits=benefits, payments=payments, jobs=jobs,
        merchants=merchants,
    )  # fmt: skip
    return replace(world, deps=made), people, benefits


@pytest.fixture
def teller() -> FakeTeller:
    return FakeTeller()


async def signed_in(world: World, client: AiohttpClient, *usernames: str) -> list[Desk]:
    root = web.Application()
    root.add_subapp("/console", console_app(world.deps))
    served = await client(root, cookie_jar=DummyCookieJar())
    desks = [Desk(served) for _ in usernames]
    for desk, username in zip(desks, usernames, strict=True):
        await desk.post("/sign-in", username=username, password=PASSWORD, totp=world.code(username))
        await desk.get("/")
    return desks


async def test_a_day_at_the_institution(
    tmp_path: Path, clock: ManualClock, teller: FakeTeller, aiohttp_client: AiohttpClient
) -> None:
    async with opened(tmp_path, clock, ACCOUNTS) as stubbed:
        store = await Store.open(f"sqlite:///{tmp_path / 'gateway.db'}")
        world, people, benefits = await real(stubbed, store, teller)
        person = await enrolled(people, teller)
        desks = await signed_in(world, aiohttp_client, "officer", "releaser", "clerk", "finance", "admin", "officer2")
        officer, releaser, clerk, finance, admin, second = desks

        claim = await decided_by_two(world, benefits, person, officer, releaser)
        cash = await taken_once(world, person, clerk)
        await led_back(finance, claim, cash)
        await unlocked_by_two(people, person, clerk, second)
        await enrolled_merchant(admin)
        assert (await finance.post("/jobs/invoices", period="1405-09"))[1].endswith("said=job_started")
        assert len(await Access(store, clock).of_person(person.id, limit=50)) >= 8

        people.close()
        await store.close()


async def decided_by_two(world: World, benefits: Benefits, person: Person, officer: Desk, releaser: Desk) -> str:
    first = date(2026, 11, 15)
    result = await benefits.claim(person.id, first, first + timedelta(days=5), "ses_1:1")
    assert result.claim is not None
    claim = result.claim
    assert claim.number in (await officer.get("/claims"))[1]
    assert (await officer.post(f"/claims/{claim.id}/approve"))[1].endswith("said=claim_approved")
    found = re.search(r"/console/approvals/(apr_\w+)", (await releaser.get("/approvals"))[1])
    assert found
    page = (await releaser.get(f"/approvals/{found[1]}"))[1]
    assert world.deps.settings.benefit_daily_minor * 6 == claim.amount.minor
    assert "Approve" in page
    assert (await releaser.post(f"/approvals/{found[1]}/approve"))[1].endswith("said=approval_approved")
    paid = await benefits.by_id(claim.id)
    assert paid is not None
    assert paid.state is ClaimState.PAID
    return claim.id


async def taken_once(world: World, person: Person, clerk: Desk) -> str:
    where = (await clerk.post("/cash-in", msisdn="0912 000 0001"))[1].removeprefix("/console")
    assert where == f"/cash-in/{person.id}"
    found = re.search(r'name="form_key" value="(csh_\w+)"', (await clerk.get(where))[1])
    assert found
    before = await world.ledger.balances(world.deps.chart.id("wallet", person.id))
    for _ in range(2):
        assert (await clerk.post(where, amount="250000", form_key=found[1]))[0] == 200
    # The same key with another amount is neither paid nor taken for the first payment.
    assert (await clerk.post(where, amount="999999", form_key=found[1]))[0] == 409
    after = await world.ledger.balances(world.deps.chart.id("wallet", person.id))
    assert before is not None
    assert after is not None
    assert after.net_credit - before.net_credit == 250_000
    row = (await world.ledger.movements(world.deps.chart.id("wallet", person.id), limit=1))[0]
    return row.transfer.cause


async def led_back(finance: Desk, *causes: str) -> None:
    assert "the difference is zero" in (await finance.get("/ledger"))[1]
    journal = (await finance.get("/ledger/journal"))[1]
    for cause in causes:
        assert f"/console/cause/{cause}" in journal
        status, page = await finance.get(f"/cause/{cause}")
        assert (status, "/console/people/per_" in page) == (200, True)


async def unlocked_by_two(people: People, person: Person, clerk: Desk, second: Desk) -> None:
    for _ in range(3):
        await people.check_pin(person.id, "0000")
    page = (await clerk.get(f"/people/{person.id}"))[1]
    assert "locked" in page
    where = (await clerk.post(f"/people/{person.id}/unlock", reason="Papers seen"))[1]
    path = where.partition("?")[0].removeprefix("/console")
    assert (await clerk.post(f"{path}/approve"))[1].endswith("refused=approval_role_missing")
    assert (await second.post(f"{path}/approve"))[1].endswith("said=approval_approved")
    now = await people.by_id(person.id)
    assert now is not None
    assert now.state is PersonState.CHOOSE_PIN
    form = {"purpose": "unlock", "msisdn": "09120000001", "national_number": MARYAM[1], "name": "", "name_fa": ""}
    status, page = await clerk.post("/people/branch-code", **form)
    assert (status, re.search(r">\d{4} \d{4}<", page) is not None) == (200, True)


async def enrolled_merchant(admin: Desk) -> None:
    where = (await admin.post("/merchants", name="Noor Pharmacy", city="Tehran", msisdn="+989120000001"))[1]
    path = where.partition("?")[0].removeprefix("/console")
    status, page = await admin.post(f"{path}/terminals", terminal="TERM0001")
    assert (status, re.search(r">[0-9a-f]{32}<", page) is not None) == (200, True)
