"""A rig: a running gateway shows notices on the screen of who has chosen that, and else by SMS."""

import asyncio
import re

import pytest

from gateway.settings import Settings
from simulators.trace import Trace
from simulators.ussd_centre import Away, CentreFaults, HuaweiCentre
from tests.journeys import steps
from tests.journeys.desk import Desk
from tests.journeys.town import Town

pytestmark = [pytest.mark.journey, pytest.mark.rig, pytest.mark.timeout(120)]

LINK = """
[[link]]
name = "centre"
kind = "ussdc"
host = "127.0.0.1"
port = {port}
account = "tapdial"
password = "demo"
pushes_max = 5
"""
ALI = "+989120000001"


async def with_a_centre(town: Town) -> HuaweiCentre:
    """Start the gateway anew with a link to a USSD centre."""
    centre = HuaweiCentre("tapdial", "demo", "*1420#", Trace(), CentreFaults())
    await centre.start()
    path = town.settings.data_dir / "ussd-links.toml"
    path.write_text(LINK.format(port=centre.port), "utf-8")
    await town.stop()
    town.settings = Settings(**{**town.settings.model_dump(), "ussd_links_file": str(path)})
    await town.start()
    async with asyncio.timeout(20):
        await centre.signed_on.wait()
    return centre


async def test_money_is_told_on_the_screen_of_who_chose_it_and_by_sms_when_the_person_turns_it_away(
    town: Town,
) -> None:
    centre = await with_a_centre(town)
    try:
        async with Desk(town, "clerk") as clerk:
            page = await clerk.submit("/console/people", text="09120000001")
            found = re.search(r"/console/people/per_\w+", page)
            assert found is not None, page
            await clerk.submit(f"{found.group()}/channel", channel="ussd_push")
        await steps.send(town, 8, "09120000001", 50_000)
        async with asyncio.timeout(20):
            while not centre.pushed[ALI]:  # noqa: ASYNC110 - the simulator's own fact
                await asyncio.sleep(0.05)
        (shown,) = centre.pushed[ALI]
        assert (50_000 in steps.rials(shown.text), shown.asks) == (True, False)

        centre.away[ALI] = [Away.RED_KEY]
        await steps.send(town, 8, "09120000001", 60_000)
        assert 60_000 in steps.rials(await town.next_sms(1))
        assert len(centre.pushed[ALI]) == 1
    finally:
        await centre.close()
