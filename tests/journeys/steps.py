"""The steps of the thread, each as a person does it, each checked by what that person sees."""

import re
from datetime import timedelta
from zoneinfo import ZoneInfo

import aiohttp
from persiantools.jdatetime import JalaliDate

from simulators.terminal import TapOutcome
from tests.journeys.desk import Desk
from tests.journeys.town import LATIN, Town
from wallet.clock import SystemClock

NEW = 5
"""Leila, insured, whose number the registry knows."""
NEW_NATIONAL_NUMBER = "0123456703"
NEW_PIN = "8264"
RETIREE = 2


def latin(text: str) -> str:
    """The text with Latin digits."""
    return text.translate(LATIN)


def rials(text: str) -> list[int]:
    """Amounts of a text, digits grouped by commas."""
    return [int(found.replace(",", "")) for found in re.findall(r"\d{1,3}(?:,\d{3})+|\d+", latin(text))]


async def enrol(town: Town) -> str:
    """First contact in Persian: national number, code by SMS, dial again, PIN (a trivial one is refused); the code."""
    page = await town.dial(NEW, "1", NEW_NATIONAL_NUMBER)
    assert "پیامک" in page
    assert not town.phone(NEW).screen.open
    code = re.search(r"\d{4,8}", latin(await town.next_sms(NEW)))
    assert code is not None
    page = await town.dial(NEW, code.group(), "1234")
    assert "ساده" in page
    page = await town.dial(NEW, NEW_PIN, NEW_PIN)
    assert "ذخیره" in page or "1." in latin(page)
    return code.group()


async def see(town: Town, number: int, pin: str) -> int:
    """Balance behind the PIN, in rials."""
    return rials((await town.dial(number, "1", pin)).splitlines()[0])[-1]


async def claim(town: Town) -> str:
    """A sickness benefit by Jalali dates; the claim number."""
    last = SystemClock().now().astimezone(ZoneInfo("Asia/Tehran")).date() - timedelta(days=1)
    first = last - timedelta(days=4)
    days = [JalaliDate(day).strftime("%Y/%m/%d") for day in (first, last)]  # type: ignore[no-untyped-call]
    page = await town.dial(NEW, "2", "1", *days, "3")
    number = re.search(r"S-\d+", latin(page))
    assert number is not None, page
    assert number.group() in latin(await town.next_sms(NEW))
    return number.group()


async def decide(town: Town, number: str) -> None:
    """An officer approves, a second one releases; the first cannot do both."""
    async with Desk(town, "supervisor") as supervisor, Desk(town, "officer") as officer:
        page = await officer.page("/console/claims")
        assert number in page
        path = re.search(rf'href="(/console/claims/clm_\w+)"[^>]*>\s*{number}', page)
        assert path is not None, page
        await officer.submit(f"{path.group(1)}/approve")
        pending = re.search(r'href="(/console/approvals/apr_\w+)"', await supervisor.page("/console/approvals"))
        assert pending is not None
        await supervisor.submit(f"{pending.group(1)}/approve")


async def tap(town: Town, amount_minor: int) -> str:
    """The retiree's phone gets a token, taps, and the same message again gets the same answer; the token's code."""
    code = await provision(town)
    result = await pay_by_tap(town, amount_minor)
    assert result == TapOutcome.APPROVED
    terminal = next(iter(town.world.terminals.values()))
    assert (await terminal.repeat_last()).outcome == TapOutcome.REPEAT_SAME
    await terminal.drained()
    return code


async def provision(town: Town) -> str:
    """An activation code by USSD, typed into the NFC phone; the code."""
    page = await town.dial(RETIREE, "5", "2", town.pin(RETIREE))
    code = re.search(r"\d{8}", latin(page))
    assert code is not None, page
    phone = town.world.nfc_phones[f"+98912000000{RETIREE}"]
    provisioned = await phone.provision(code.group())
    assert provisioned.ok, provisioned
    return code.group()


async def pay_by_tap(town: Town, amount_minor: int) -> TapOutcome:
    """One tap at the pharmacy's terminal."""
    terminal = next(iter(town.world.terminals.values()))
    phone = town.world.nfc_phones[f"+98912000000{RETIREE}"]
    return (await terminal.pay(amount_minor, phone)).outcome


async def send(town: Town, number: int, to: str, amount_minor: int) -> str:
    """Money to another number, masked name first; the last page."""
    return await town.dial(number, "4", to, str(amount_minor), town.pin(number))


async def choose_bank(town: Town, number: int) -> str:
    """Be paid into a bank account from now on; its IBAN."""
    iban = "IR062960000000100324200001"
    page = await town.dial(number, "5", "3", "5", "1", iban.removeprefix("IR"), town.pin(number))
    assert "ending in 0001" in page
    return iban


async def send_code(town: Town, number: int, to: int, amount_minor: int) -> str:
    """Money to a number that is not enrolled; the claim code that it gets by SMS."""
    page = await town.dial(number, "4", f"0912000000{to}", "1", str(amount_minor), town.pin(number))
    assert not town.phone(number).screen.open, page
    code = re.search(r"\b\d{8}\b", latin(await town.next_sms(to)))
    assert code is not None
    return code.group()


async def trial_balance(town: Town) -> str:
    """The console's trial balance, which says itself whether it is zero."""
    async with Desk(town, "finance") as finance:
        return await finance.page("/console/ledger")


async def metrics(town: Town) -> str:
    """The gateway's metrics."""
    async with aiohttp.ClientSession() as client, client.get(f"{town.url}/metrics") as answer:
        return await answer.text()
