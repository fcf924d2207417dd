"""Two hundred phones at once on one SQLite gateway: no update is lost and nobody sees an error page."""

import asyncio
import time
from pathlib import Path

import pytest

from gateway.app import built
from gateway.demo import seed
from simulators.carriers import Carrier, carrier_to
from simulators.faults import Faults
from simulators.trace import Trace
from tests.journeys import checks
from tests.journeys.town import Town, opened
from wallet.clock import SystemClock

pytestmark = [pytest.mark.journey, pytest.mark.timeout(240)]
PHONES = 200
PAID_IN = 100_000
SENT = 1_000


def national_number(index: int) -> str:
    """A valid Iranian national number; its check digit is the weighted sum modulo 11."""
    digits = f"{200_000_000 + index * 37:09d}"
    rest = sum(int(digit) * (10 - place) for place, digit in enumerate(digits)) % 11
    return f"{digits}{rest if rest < 2 else 11 - rest}"


async def admit_crowd(town: Town) -> list[tuple[str, str]]:
    """Numbers and PINs of two hundred people more; the gateway must not run meanwhile."""
    listener = seed.Listener()
    async with built(town.settings, SystemClock(), teller=listener) as house:
        rows = [
            {
                "msisdn": f"+98913{index:07d}", "national_number": national_number(index), "name": f"Person {index}",
                "name_fa": f"Person {index}", "language": "en", "wallet_minor": PAID_IN,
            }
            for index in range(PHONES)
        ]  # fmt: skip
        async with asyncio.TaskGroup() as group:
            pins = [group.create_task(seed.admit(house, listener, row)) for row in rows]
        return [(str(row["msisdn"]), pin.result()) for row, pin in zip(rows, pins, strict=True)]


async def pay_next(carrier: Carrier, crowd: list[tuple[str, str]], index: int) -> list[str]:
    """Send to the next phone, then look at the balance; every page on the way."""
    msisdn, pin = crowd[index]
    payee = crowd[(index + 1) % len(crowd)][0]
    pages = []
    for answers in (("4", payee, str(SENT), pin), ("1", pin)):
        screen = await carrier.dial(msisdn, "*1420#")
        for answer in answers:
            assert screen.open, screen
            screen = await carrier.answer(msisdn, answer)
        assert screen.failed is None, screen
        pages.append(screen.text)
        carrier.cancel(msisdn)
    return pages


async def test_two_hundred_phones_at_once_lose_no_update(tmp_path: Path) -> None:
    async with opened(tmp_path, "sqlite://") as town:
        await town.stop()
        crowd = await admit_crowd(town)
        await town.start()
        before = await checks.wallets(town)
        carrier = carrier_to(town.url, "", "*1420#", Trace(), Faults())
        began = time.monotonic()
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(pay_next(carrier, crowd, index)) for index in range(PHONES)]
        await carrier.close()
        elapsed_s = time.monotonic() - began

        for task in tasks:
            sent, seen = task.result()
            assert "Sent: 1,000 rials" in sent, sent
            assert "Balance:" in seen, seen
        assert elapsed_s < 60
        assert (await checks.wallets(town))["wallet"] == before["wallet"]
        await checks.books_agree(town)
