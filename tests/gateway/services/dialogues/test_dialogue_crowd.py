"""Many phones at once: nobody sees another's page, nothing is lost or doubled."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from pathlib import Path

from gateway.services.dialogues import HopEnd, Reply
from tests.gateway.services.dialogues.switchboard import PIN, Bank, Phone, Switchboard, switchboard
from wallet.clock import ManualClock

PHONES = 200


async def test_two_hundred_phones_pay_once_each(database_url: str, clock: ManualClock) -> None:
    bank = Bank(delay_s=0.001)
    async with switchboard(database_url, clock, bank=bank) as board, asyncio.TaskGroup() as group:
        for number in range(PHONES):
            group.create_task(_pay(board, number, deliveries=2 if number % 5 == 0 else 1))

    assert sorted(minor for _, minor in bank.paid.values()) == [1000 + number for number in range(PHONES)]
    assert len({payer for payer, _ in bank.paid.values()}) == PHONES
    assert all(payer == f"+98912000{minor}" for payer, minor in bank.paid.values())


async def _pay(board: Switchboard, number: int, *, deliveries: int) -> None:
    phone = board.phone(f"+98912000{1000 + number}")
    page = await phone.at_pin(str(1000 + number))
    assert f"{1000 + number:,}" in page.text
    phone.text += f"*{PIN}"
    async with asyncio.TaskGroup() as group:
        replies = [group.create_task(phone.again()) for _ in range(deliveries)]
    assert len({reply.result().text for reply in replies}) == 1
    assert f"{1000 + number:,}" in replies[0].result().text
    assert len(board.dialogues._locks) <= PHONES


ORDERS = [order for order in itertools.product([True, False], repeat=6) if sum(order) == 3]


async def test_two_overlapping_sessions_never_see_each_other(tmp_path: Path, clock: ManualClock) -> None:
    """Every interleaving of two dialogues of three hops."""
    async with switchboard(f"sqlite:///{tmp_path / 'one.db'}", clock) as board:
        for order in ORDERS:
            await _overlap(board, order)


async def _overlap(board: Switchboard, order: tuple[bool, ...]) -> None:
    phones = {True: board.phone("+989120001111"), False: board.phone("+989120002222")}
    hops = {who: iter([phone.dial, _typing(phone, "1"), _typing(phone, PIN)]) for who, phone in phones.items()}
    for who in order:
        reply = await next(hops[who])()
        mine, other = ("1,111", "2,222") if who else ("2,222", "1,111")
        assert other not in reply.text
        assert reply.end is HopEnd.CONTINUES
        if phones[who].text.endswith(PIN):
            assert mine in reply.text


def _typing(phone: Phone, typed: str) -> Callable[[], Awaitable[Reply]]:
    return lambda: phone.type(typed)
