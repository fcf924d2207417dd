"""A journey: a phone is enrolled by two people, signs in, signs a document, and after a change of SIM signs nothing."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from datetime import timedelta

import aiohttp
import pytest
from sqlalchemy import select

from gateway.channels.console.guard import COOKIE
from gateway.services.approvals import Policy
from gateway.services.signing import Document, Documents, Need
from gateway.services.staff import Role, staff_accounts
from gateway.store import Store
from simulators.mssp import Said, SignPhone
from tests.journeys.desk import Desk
from tests.journeys.town import Town
from wallet.clock import SystemClock
from wallet.money import irr

pytestmark = [pytest.mark.journey, pytest.mark.rig, pytest.mark.timeout(120)]
TREASURER = "+989120000103"
DIGEST = bytes.fromhex("9f3a21c0") + bytes(28)


async def until(ask: Callable[[], Awaitable[str]], words: str) -> str:
    """Ask for a page until it holds these words."""
    async with asyncio.timeout(20):
        while words not in (page := await ask()):  # noqa: ASYNC110 - a browser polls too
            await asyncio.sleep(0.1)
    return page


async def asked(phone: SignPhone, page: str) -> None:
    """The phone shows the code that the page shows."""
    async with asyncio.timeout(20):
        while (prompt := phone.pending()) is None:  # noqa: ASYNC110 - the simulator's own fact
            await asyncio.sleep(0.05)
    assert prompt.code in page
    assert prompt.code


def request_of(page: str) -> str:
    found = re.search(r'hx-get="(/console/signing/requests/\w+/progress)"', page)
    assert found is not None, page
    return found[1]


async def staff_id_of(store: Store, username: str) -> str:
    rows = await store.read(select(staff_accounts.c.id).where(staff_accounts.c.username == username))
    return str(rows[0].id)


async def enrol(town: Town, store: Store, phone: SignPhone) -> None:
    """An administrator asks the phone, its owner signs, finance agrees."""
    async with Desk(town, "admin") as admin, Desk(town, "finance") as finance:
        page = await admin.submit(
            "/console/signers", staff_id=await staff_id_of(store, "treasurer"), msisdn="09120000103"
        )
        await asked(phone, page)
        assert await phone.type_pin(phone.pin) is Said.SIGNED
        await until(lambda: admin.page(request_of(page)), "A second person must now agree")
        waiting = await until(lambda: finance.page("/console/approvals"), "Phone that signs")
        found = re.search(r"/console/approvals/apr_\w+", waiting)
        assert found is not None
        await finance.submit(f"{found[0]}/approve")
        assert phone.serial in await admin.page("/console/signers")


async def signed_in_by_phone(town: Town, phone: SignPhone) -> str:
    """The cookie of a sign-in without a password."""
    origin = {"Origin": town.url}
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=20)) as browser:
        url = f"{town.url}/console/sign-in/phone"
        async with browser.post(url, data={"username": "treasurer"}, headers=origin) as answer:
            kept = answer.headers["Set-Cookie"].split(";")[0]
            await asked(phone, await answer.text())
        await phone.type_pin(phone.pin)
        async with asyncio.timeout(20):
            while True:
                headers = origin | {"Cookie": kept, "HX-Request": "true"}
                async with browser.post(f"{url}/finish", headers=headers, data={}) as answer:
                    cookies = [value for value in answer.headers.getall("Set-Cookie", []) if value.startswith(COOKIE)]
                if answer.status == 200:
                    return next(value.split(";")[0] for value in cookies if "=;" not in value)
                await asyncio.sleep(0.2)


async def put_up(store: Store, subject: str) -> None:
    clock = SystemClock()
    documents = Documents(store, clock, Policy.load("", {}, tuple(Role)), None)
    document = Document(
        "decision_table", subject, DIGEST, {"en": f"SSO: sign {subject}"}, f"Table {subject}", frozenset(),
        frozenset({"signatory"}), irr(1_000), clock.now() + timedelta(hours=1),
    )  # fmt: skip
    need = await documents.ask(document)
    assert need is Need.MOBILE


async def ask_for(desk: Desk, subject: str) -> str:
    """Press the button of this document; the page with the code."""
    inbox = await desk.page("/console/signing")
    found = re.search(rf'/console/signing/(doc_\w+)">Table {subject}', inbox)
    key = re.search(r'name="form_key" value="(\w+)"', inbox)
    assert found is not None, inbox
    assert key is not None
    return await desk.submit(f"/console/signing/{found[1]}/sign", form_key=key[1])


async def test_a_phone_signs_for_its_owner_until_its_sim_is_swapped(town: Town) -> None:
    phone = town.world.sign_phones[TREASURER]
    store = await Store.open(town.settings.gateway_url)
    try:
        await enrol(town, store, phone)
        cookie = await signed_in_by_phone(town, phone)
        await put_up(store, "tab_1")
        async with Desk(town, "treasurer", cookie=cookie) as desk:
            page = await ask_for(desk, "tab_1")
            await asked(phone, page)
            assert "9F3A21C0" in page
            await phone.type_pin(phone.pin)
            await until(lambda: desk.page(request_of(page)), "signed")
            found = re.search(r"/console/signing/doc_\w+", page)
            assert found is not None
            proof = await until(lambda: desk.page(found[0]), "every signature verifies")
            assert phone.serial in proof

            await phone.swap_sim()
            await put_up(store, "tab_2")
            page = await ask_for(desk, "tab_2")
            await asked(phone, page)
            await phone.type_pin(phone.pin)
            await until(lambda: desk.page(request_of(page)), "another SIM has signed")
            assert "Your phone is suspended" in await ask_for(desk, "tab_2")
    finally:
        await store.close()
