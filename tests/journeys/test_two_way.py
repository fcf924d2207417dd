"""People write and dial over the messaging links of a running gateway: parts over two links, a kill, USSD in TLVs."""

import asyncio
import re

import aiohttp

from gateway.settings import Settings
from tests.journeys.town import Town

LINK = """
[[link]]
name = "{name}"
host = "127.0.0.1"
port = {port}
system_id = "tapdial"
password = "demo"
sender = "1420"
ussd = {{ session = "its_counted" }}
"""
COMPLAINT = "شکایت: " + "پول بیماری من دو ماه است که نرسیده و کسی پاسخ نمی‌دهد. " * 3


async def on_two_links(town: Town) -> None:
    """Start the gateway anew with two links to the centre."""
    await town.stop()
    port = town.settings.smsc_port
    path = town.settings.data_dir / "links.toml"
    path.write_text("".join(LINK.format(name=name, port=port) for name in ("east", "west")), "utf-8")
    path.chmod(0o600)
    town.settings = Settings(**{**town.settings.model_dump(), "links_file": str(path)})
    await town.start()
    async with asyncio.timeout(20), aiohttp.ClientSession() as client:
        while True:
            async with client.get(f"{town.url}/metrics") as answer:
                shown = await answer.text()
            if all(f'tapdial_link_up{{link="{name}"}} 1.0' in shown for name in ("east", "west")):
                return
            await asyncio.sleep(0.05)


async def test_people_dial_and_write_over_two_links_and_are_answered_once_through_a_kill(town: Town) -> None:
    over_http = [await town.dial(1), await town.dial(1, "1")]
    await asked_about_the_cut(town, over_http[0])
    await dialled_over_smpp(town, over_http)
    await on_two_links(town)
    await dialled_over_smpp(town, over_http)
    await complained_through_a_kill(town)

    # As a word of its own: ports, moments and ids may have the same four digits in them.
    assert not re.search(rf"\b{town.pin(1)}\b", town.log.read_text("utf-8"))


async def asked_about_the_cut(town: Town, first: str) -> None:
    """The dialogue over HTTP ended at its PIN, so that who dials over the other wire is asked, and starts again."""
    phone = town.phone(1)
    phone.network = town.world.smsc.ussd
    phone.hang_up()
    await phone.press(town.settings.service_code)
    assert phone.screen.text == "نشست قبلی شما قطع شد.\n۱. ادامه\n۲. شروع دوباره"
    await phone.press("2")
    assert phone.screen.text == first


async def dialled_over_smpp(town: Town, over_http: list[str]) -> None:
    """The pages are those of the HTTP carrier, and the PIN is asked for as there."""
    town.phone(1).network = town.world.smsc.ussd
    assert [await town.dial(1), await town.dial(1, "1")] == over_http
    assert await town.dial(1, "1", town.pin(1)) != over_http[1]


async def complained_through_a_kill(town: Town) -> None:
    """A long text in three parts, the last one first, each twice and over another link; the process dies at once."""
    phone = town.phone(1)
    parts = town.world.smsc.deliver(
        phone.person.msisdn, COMPLAINT, "1420", out_of_order=True, spread=True, doubled=True
    )
    assert len(parts) == 3
    async with asyncio.timeout(20):
        while not all(part.acknowledged for part in parts):  # noqa: ASYNC110 - the simulator's own fact
            await asyncio.sleep(0.002)
    await town.kill()
    await town.start()
    # On PostgreSQL the lease of the dead process, on the message or on its answer, has to run out first.
    assert "شکایت شما با شماره C-" in await town.next_sms(1, timeout_s=90)

    phone.write("BAL", "1420")
    assert "*1420#" in await town.next_sms(1)
    assert sum("C-" in message.text for message in phone.inbox) == 1
