"""The feature phone: keys pressed at a bad moment."""

import asyncio

from simulators import people
from simulators.phone import Idle, Phone


class SlowNetwork:
    """Answers when it is let."""

    def __init__(self) -> None:
        self.let = asyncio.Event()
        self.dialled: list[str] = []
        self.cancelled = 0

    async def dial(self, msisdn: str, code: str) -> Idle:
        self.dialled.append(f"{msisdn} {code}")
        await self.let.wait()
        return Idle("menu", open=True)

    async def answer(self, msisdn: str, text: str) -> Idle:
        return await self.dial(msisdn, text)

    def cancel(self, msisdn: str) -> None:
        assert msisdn
        self.cancelled += 1


async def test_a_second_press_while_one_runs_is_lost() -> None:
    network = SlowNetwork()
    phone = Phone(people.load()[0], network)

    async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
        tasks.create_task(phone.press("*1420#"))
        await asyncio.sleep(0)
        await phone.press("*1420#")
        network.let.set()

    assert network.dialled == ["+989120000001 *1420#"]
    assert phone.screen.text == "menu"


async def test_an_answer_that_arrives_after_the_red_key_does_not_appear() -> None:
    network = SlowNetwork()
    phone = Phone(people.load()[0], network)

    async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
        tasks.create_task(phone.press("*1420#"))
        await asyncio.sleep(0)
        phone.hang_up()
        network.let.set()

    assert phone.screen == Idle()
    assert network.cancelled == 1


def test_the_inbox_keeps_the_last_fifty_and_counts_all() -> None:
    phone = Phone(people.load()[0], SlowNetwork())

    for number in range(60):
        phone.receive(f"text {number}", "1420")

    assert len(phone.inbox) == 50
    assert phone.message_count == 60
