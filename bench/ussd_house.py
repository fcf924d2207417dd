"""A house to measure: people with a PIN and money, the gateway as a process, and what costs what in it."""

import asyncio
import contextlib
import gc
import os
import re
import secrets
import socket
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import aiohttp
from sqlalchemy import Connection, text

from gateway.app import House, built
from gateway.app import doors as house_doors
from gateway.services.dialogues import Event, EventKind
from gateway.services.people import BranchPurpose, PinOutcome
from gateway.settings import PREFIX, Settings
from wallet.clock import SystemClock
from wallet.ids import new_id, transfer_id
from wallet.money import irr
from wallet.opening import open_books
from wallet.transfers import Transfer, TransferCode

PIN = "4927"
PEOPLE = 500
"""More than there are sessions at once: two payments of one person at one time would count each other's tries."""
IDLE_AT_ONCE = 32
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Cost:
    """What one of something costs alone, many at once: seconds of CPU of this process, and seconds until it is done."""

    cpu_s: float
    wall_s: float


class Listener:
    """Hears the one-time codes of the people that are enrolled for the measurement."""

    def __init__(self) -> None:
        self.codes: dict[str, str] = {}

    async def prepared(
        self, _class: str, *, msisdn: str, secrets: Mapping[str, str], **_notice: object
    ) -> Callable[[Connection], bool]:
        """Keep the code of a number."""
        self.codes[msisdn] = secrets.get("code", "")
        return lambda _tx: True


def msisdn(number: int) -> str:
    return f"+98912000{1000 + number}"


def settings(folder: Path, database_url: str) -> dict[str, object]:
    """Of a house in `folder` with ports of its own."""
    return {
        "data_dir": folder / "data",
        "database_url": database_url,
        "http_port": free_port(),
        "iso8583_port": free_port(),
        "smsc_port": free_port(),
        "mail_ingress_port": 0,
        "log_level": "warning",
    }


@contextlib.asynccontextmanager
async def house(chosen: Mapping[str, object], listener: Listener | None = None) -> AsyncIterator[House]:
    """The house, without doors and loops."""
    async with built(Settings(**chosen), SystemClock(), teller=listener or Listener()) as made:  # type: ignore[arg-type]
        yield made


async def enrol(made: House, listener: Listener) -> None:
    """People with a PIN and money, as a branch would make them."""
    await open_books(made.ledger, made.chart, irr(100_000_000_000), new_id("opn", made.clock))

    async def one(number: int) -> None:
        phone = msisdn(number)
        code = await made.people.issue_branch_code(
            BranchPurpose.ACTIVATE, phone, _national_number(number), "stf_bench", name=f"Person {number}"
        )
        await made.people.activate(phone, code, "en")
        await made.people.confirm_code(phone, listener.codes[phone])
        person = await made.people.by_msisdn(phone)
        assert person is not None
        await made.people.offer_pin(person.id, PIN)
        await made.people.repeat_pin(person.id, PIN)
        await made.payments.cash_in(person.id, irr(10_000_000), "bench", "stf_bench", f"bench:{number}")

    await _cost(one, PEOPLE)
    await made.money_notices.skip_to_head()


async def pin_cost(made: House, times: int) -> Cost:
    """A right PIN, its durable counter included, as many at once as under load."""
    people = [await made.people.by_msisdn(msisdn(number)) for number in range(PEOPLE)]

    async def check(number: int) -> None:
        person = people[number % PEOPLE]
        assert person is not None
        assert (await made.people.check_pin(person.id, PIN)).outcome is PinOutcome.OK

    return await _cost(check, times)


async def ledger_cost(made: House, times: int) -> Cost:
    """One transfer between two wallets."""
    wallets = [await made.people.by_msisdn(msisdn(number)) for number in range(PEOPLE)]

    async def post(number: int) -> None:
        payer, payee = wallets[number % PEOPLE], wallets[(number + 1) % PEOPLE]
        assert payer is not None
        assert payee is not None
        cause = new_id("pay", made.clock)
        debit, credit = made.chart.id("wallet", payer.id), made.chart.id("wallet", payee.id)
        await made.ledger.post(
            Transfer(transfer_id(cause, "send"), debit, credit, irr(1), TransferCode.SEND, cause=cause)
        )

    return await _cost(post, times)


async def _cost(one: Callable[[int], Awaitable[None]], times: int, at_once: int = 32) -> Cost:
    numbers = iter(range(times))

    async def some() -> None:
        for number in numbers:
            await one(number)

    cpu, wall = time.process_time(), time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for _ in range(at_once):
            group.create_task(some())
    return Cost((time.process_time() - cpu) / times, (time.perf_counter() - wall) / times * at_once)


async def idle_bytes(chosen: Mapping[str, object], sessions: int) -> tuple[float, float]:
    """What one session that waits for an answer takes: bytes of the database, and of this process."""
    async with house(chosen) as made, asyncio.TaskGroup() as tasks:
        dialogues = house_doors.build(made, tasks, dict).dialogues
        numbers = iter(range(sessions + 200))

        async def dial(count: int) -> None:
            for number in numbers:
                event = Event(
                    "africastalking", EventKind.BEGIN, secrets.token_hex(12), msisdn(number % PEOPLE), "*1420#"
                )
                reply = await dialogues.answer(event)
                assert reply.more, reply
                count -= 1
                if not count:
                    return

        await dial(200)
        before, memory = await _stored(made), _resident()
        async with asyncio.TaskGroup() as group:
            for _ in range(IDLE_AT_ONCE):
                group.create_task(dial(sessions))
        gc.collect()
        return (await _stored(made) - before) / sessions, (_resident() - memory) / sessions


async def _stored(made: House) -> int:
    """Bytes that the table of sessions takes with its indexes."""
    if made.settings.database_url:
        size = text("SELECT pg_total_relation_size('gateway.dialogue_sessions') AS size")
        return int(await made.store.write(lambda tx: tx.execute(size).scalar_one()))
    pages = text("SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()")
    return int(await made.store.write(lambda tx: tx.execute(pages).scalar_one()))


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")


async def answers(port: int, path: str, phone: int) -> tuple[list[str], list[str]]:
    """What a person types to pay, found as a person finds it: by the words on the pages; and the pages' names.

    One number is mistyped on the way, so that a payment is six hops: dial, menu, a wrong number, the right one, the
    amount, and the PIN, which the receipt answers.
    """
    typed: list[str] = []
    names = ["dial"]
    form = {"sessionId": secrets.token_hex(12), "phoneNumber": msisdn(phone), "serviceCode": "*1420#"}
    payee = "0" + msisdn(phone + 1).removeprefix("+98")
    async with aiohttp.ClientSession() as client:
        for _ in range(12):
            text_ = "*".join(typed).replace("{payee}", payee)
            async with client.post(f"http://127.0.0.1:{port}{path}", data={**form, "text": text_}) as answer:
                page = await answer.text()
            if page.startswith("END"):
                assert "Reference" in page, page
                return typed, names
            name, key = _next(page, names)
            typed.append(key)
            names.append(name)
    raise AssertionError("the payment has no end")


def _next(page: str, names: list[str]) -> tuple[str, str]:
    """What to type on a page, and the hop's name."""
    if option := re.search(r"^(\d+)\W+Send money", page, re.MULTILINE):
        return "menu", option[1]
    if "obile number" in page:
        return ("payee", "{payee}") if "mistyped" in names else ("mistyped", "0912")
    if "PIN" in page:
        return "pin", PIN
    if "mount" in page or "ow much" in page:
        return "amount", "1"
    option = re.search(r"^(\d+)\W+(?:Yes|OK|Confirm|Agree)", page, re.MULTILINE | re.IGNORECASE)
    assert option is not None, f"what does one type here? {page}"
    return "confirm", option[1]


def cpu_s(pid: int) -> float:
    """Seconds of CPU that a process has taken, all its threads together."""
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS_PER_S


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.asynccontextmanager
async def process(words: list[str], environ: Mapping[str, str], url: str, log: Path) -> AsyncIterator[int]:
    """A child that listens at `url`, ended with the context; its process id."""
    with log.open("wb") as out:
        child = await asyncio.create_subprocess_exec(
            sys.executable, *words, env={**os.environ, **environ}, stdout=out, stderr=out
        )
    try:
        async with asyncio.timeout(60), aiohttp.ClientSession() as client:
            while True:
                if child.returncode is not None:
                    raise RuntimeError(f"{words} ended: {await asyncio.to_thread(log.read_text)}")
                with contextlib.suppress(aiohttp.ClientError):
                    async with client.get(url):
                        break
                await asyncio.sleep(0.1)
        yield child.pid
    finally:
        with contextlib.suppress(ProcessLookupError):
            child.terminate()
        await child.wait()


def gateway(chosen: Mapping[str, object], log: Path) -> contextlib.AbstractAsyncContextManager[int]:
    """The gateway as a process."""
    environ = {f"{PREFIX}{name.upper()}": str(value) for name, value in chosen.items()}
    return process(["-m", "gateway", "serve"], environ, f"http://127.0.0.1:{chosen['http_port']}/healthz", log)


def _national_number(number: int) -> str:
    """Nine digits and their check digit."""
    head = f"{100_000_000 + number:09d}"
    rest = sum(int(digit) * weight for digit, weight in zip(head, range(10, 1, -1), strict=True)) % 11
    return f"{head}{rest if rest < 2 else 11 - rest}"
