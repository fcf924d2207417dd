"""USSD hops: a payment by menu, dial to receipt, over HTTP on loopback against a bare aiohttp handler in the same run.

`make bench-ussd` enrols people in a fresh folder and starts both processes itself.
Closed loop: each phone sends its next hop when it has read the last answer, so latencies are those at full load.
"""

import argparse
import asyncio
import contextlib
import json
import os
import secrets
import socket
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

import aiohttp
from sqlalchemy import Connection

from bench.ussd_bare import PATH
from gateway.app import House, built
from gateway.services.people import BranchPurpose, PinOutcome
from gateway.settings import PREFIX, Settings
from wallet.clock import SystemClock
from wallet.ids import new_id
from wallet.money import irr
from wallet.opening import open_books

COMMAND = "make bench-ussd"
PIN = "4927"
PEOPLE = 48
PHONES = 32
WARM_S = 1.0
OUT = Path("var/bench/ussd.json")


@dataclass(frozen=True)
class Figure:
    """One line of the result."""

    name: str
    ours: float
    yardstick: float
    ratio: float
    unit: str
    command: str = COMMAND


@dataclass
class Load:
    """What was measured: seconds by hop of the session, and how long all took."""

    seconds: dict[int, list[float]] = field(default_factory=lambda: defaultdict(list))
    elapsed_s: float = 0.0
    failed: int = 0

    @property
    def all(self) -> list[float]:
        """Every hop."""
        return [one for hop in self.seconds.values() for one in hop]

    @property
    def hops_per_s(self) -> float:
        """Hops answered in a second."""
        return len(self.all) / self.elapsed_s


class _Listener:
    """Hears the one-time codes of the people that are enrolled for the measurement."""

    code = ""

    async def prepared(
        self, _class: str, *, secrets: Mapping[str, str], **_notice: object
    ) -> Callable[[Connection], bool]:
        self.code = secrets.get("code", self.code)
        return lambda _tx: True


def msisdn(number: int) -> str:
    return f"+98912000{1000 + number}"


def national_number(number: int) -> str:
    """Nine digits and their check digit."""
    head = f"{100_000_000 + number:09d}"
    rest = sum(int(digit) * weight for digit, weight in zip(head, range(10, 1, -1), strict=True)) % 11
    return f"{head}{rest if rest < 2 else 11 - rest}"


async def enrol(house: House, listener: _Listener) -> None:
    """People with a PIN and money, as a branch would make them."""
    await open_books(house.ledger, house.chart, irr(100_000_000_000), new_id("opn", house.clock))
    for number in range(PEOPLE):
        code = await house.people.issue_branch_code(
            BranchPurpose.ACTIVATE, msisdn(number), national_number(number), "stf_bench", name=f"Person {number}"
        )
        await house.people.activate(msisdn(number), code, "en")
        await house.people.confirm_code(msisdn(number), listener.code)
        person = await house.people.by_msisdn(msisdn(number))
        assert person is not None
        await house.people.offer_pin(person.id, PIN)
        await house.people.repeat_pin(person.id, PIN)
        await house.payments.cash_in(person.id, irr(100_000_000), "bench", "stf_bench", f"bench:{number}")


async def pin_seconds(house: House, times: int = 100) -> float:
    """p50 of one PIN check alone, its durable counter included."""
    person = await house.people.by_msisdn(msisdn(0))
    assert person is not None
    taken = []
    for _ in range(times):
        started = time.perf_counter()
        assert (await house.people.check_pin(person.id, PIN)).outcome is PinOutcome.OK
        taken.append(time.perf_counter() - started)
    return statistics.median(taken)


async def session(client: aiohttp.ClientSession, url: str, number: int, load: Load) -> None:
    """One dialogue: dial, send money, to whom, how much, PIN."""
    payee = msisdn((number + 1) % PEOPLE).replace("+98", "0")
    form = {"sessionId": secrets.token_hex(12), "phoneNumber": msisdn(number), "serviceCode": "*1420#", "text": ""}
    for hop, typed in enumerate(("", "4", payee, "1", PIN)):
        form["text"] = f"{form['text']}*{typed}" if form["text"] else typed
        started = time.perf_counter()
        async with client.post(url, data=form) as answer:
            text = await answer.text()
        load.seconds[hop].append(time.perf_counter() - started)
        load.failed += text[:3] != ("END" if hop == 4 else "CON") or (hop == 4 and "Reference" not in text)


async def run(url: str, seconds: float, phones: int) -> Load:
    """`phones` handsets, each one session after the other, for `seconds` after a warm-up."""
    timeout = aiohttp.ClientTimeout(total=20)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=phones), timeout=timeout) as client:
        for span, load in ((WARM_S, Load()), (seconds, measured := Load())):
            until = (started := time.perf_counter()) + span
            async with asyncio.TaskGroup() as group:
                for phone in range(phones):
                    group.create_task(_handset(client, url, phone, until, load))
            load.elapsed_s = time.perf_counter() - started
    return measured


async def _handset(client: aiohttp.ClientSession, url: str, phone: int, until: float, load: Load) -> None:
    while time.perf_counter() < until:
        await session(client, url, phone % PEOPLE, load)


def figures(ours: Load, bare: Load, one: Load, pin_s: float) -> list[Figure]:
    """Ours against the bare handler; the PIN's share against the hop that checks it."""
    made = [Figure("hops", ours.hops_per_s, bare.hops_per_s, ours.hops_per_s / bare.hops_per_s, "1/s")]
    for percent in (50, 99):
        mine, other = _percentile(ours.all, percent) * 1000, _percentile(bare.all, percent) * 1000
        made.append(Figure(f"hop_p{percent}", mine, other, mine / other, "ms"))
    for hop, name in enumerate(("dial", "menu", "payee", "amount", "pay")):
        mine, other = statistics.median(one.seconds[hop]) * 1000, _percentile(bare.all, 50) * 1000
        made.append(Figure(f"one_phone_{name}_p50", mine, other, mine / other, "ms"))
    pay_s = statistics.median(one.seconds[4])
    made.append(Figure("pin_share_of_pay_hop", pin_s * 1000, pay_s * 1000, pin_s / pay_s, "ms"))
    total_s = sum(statistics.median(one.seconds[hop]) for hop in range(5))
    made.append(Figure("pin_share_of_session", pin_s * 1000, total_s * 1000, pin_s / total_s, "ms"))
    return made


def _percentile(values: list[float], percent: int) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]


@contextlib.asynccontextmanager
async def process(words: list[str], environ: Mapping[str, str], url: str, log: Path) -> AsyncIterator[None]:
    """A child that listens at `url`, ended with the context."""
    with log.open("wb") as out:
        child = await asyncio.create_subprocess_exec(
            sys.executable, *words, env={**os.environ, **environ}, stdout=out, stderr=out
        )
    try:
        async with asyncio.timeout(30), aiohttp.ClientSession() as client:
            while True:
                if child.returncode is not None:
                    raise RuntimeError(f"{words} ended: {await asyncio.to_thread(log.read_text)}")
                with contextlib.suppress(aiohttp.ClientError):
                    async with client.get(url):
                        break
                await asyncio.sleep(0.1)
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            child.terminate()
        await child.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def measure(folder: Path, database_url: str, seconds: float, phones: int) -> list[Figure]:
    """Enrol people, start both processes, and run the same load against each."""
    http_port, bare_port = free_port(), free_port()
    chosen: dict[str, object] = {
        "data_dir": folder / "data",
        "database_url": database_url,
        "http_port": http_port,
        "iso8583_port": free_port(),
        "smsc_port": free_port(),
        "mail_ingress_port": 0,
        "log_level": "warning",
    }
    listener = _Listener()
    async with built(Settings(**chosen), SystemClock(), teller=listener) as house:  # type: ignore[arg-type]
        await enrol(house, listener)
        await house.money_notices.skip_to_head()
        pin_s = await pin_seconds(house)
    environ = {f"{PREFIX}{name.upper()}": str(value) for name, value in chosen.items()}
    gateway, yardstick = f"http://127.0.0.1:{http_port}", f"http://127.0.0.1:{bare_port}"
    serve = ["-m", "gateway", "serve"]
    alone = ["-m", "bench.ussd_bare", str(bare_port)]
    async with (
        process(serve, environ, f"{gateway}/healthz", folder / "gateway.log"),
        process(alone, {}, yardstick, folder / "bare.log"),
    ):
        # The yardstick runs before and after ours, so that a machine that slows down meanwhile shows.
        before = await run(yardstick + PATH, seconds / 2, phones)
        one = await run(gateway + PATH, seconds / 4, 1)
        ours = await run(gateway + PATH, seconds, phones)
        after = await run(yardstick + PATH, seconds / 2, phones)
    assert ours.failed == 0, f"{ours.failed} hops had another answer"
    both = Load(elapsed_s=before.elapsed_s + after.elapsed_s)
    for half in (before, after):
        for hop, values in half.seconds.items():
            both.seconds[hop] += values
    return figures(ours, both, one, pin_s)


def main() -> int:
    """Print a line a figure and write the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--phones", type=int, default=PHONES)
    parser.add_argument("--database-url", default="", help="postgresql://…; empty for SQLite")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tapdial-bench") as folder:
        made = asyncio.run(measure(Path(folder), options.database_url, options.seconds, options.phones))
    for one in made:
        print(f"{one.name:24} {one.ours:10.2f} {one.yardstick:10.2f} {one.ratio:.2f}x {one.unit}")
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps([asdict(one) for one in made], indent=1) + "\n", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
