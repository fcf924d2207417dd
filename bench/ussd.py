"""USSD hops of a payment by menu, dial to receipt, over HTTP on loopback, against bare handlers in the same run.

`make bench-ussd` enrols people in fresh folders and starts every process itself: the gateway on SQLite and on
PostgreSQL, the yardsticks, and the phones (bench/ussd_load.py). First a closed loop finds what a process carries, then
open loops at 50, 80 and 100 % of that say how long a hop takes, counted from when it was to go out.
Machines are shared, so the CPU of a hop stands beside every rate, the yardstick's too.
"""

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path

import ussd_menus
from bench import ledger_server, ussd_step
from bench.ledger_figures import Bar, Figures
from bench.ussd_bare import PATH
from bench.ussd_house import (
    PEOPLE,
    Listener,
    answers,
    cpu_s,
    enrol,
    free_port,
    gateway,
    house,
    idle_bytes,
    ledger_cost,
    msisdn,
    pin_cost,
    process,
    settings,
)
from bench.ussd_load import Plan, Seen
from ussd_menus import Amount, Result

LOADS = (50, 80, 100)
STEP_US = 150.0
HOP_MS = 50.0
SLOW_S = 1.0
BUSY = ("END This takes a little longer", "END Too many people are calling", "TimeoutError")
"""How a phone is told that the machine is too busy."""
FLOOR, GOAL = 1_000 / 16_200, 2_500 / 16_200
"""Hops a second to a bare handler's on the machine that the aims were set on."""


@dataclass(frozen=True)
class Scale:
    """How long each part takes."""

    seconds: float
    open_s: float
    warm_s: float
    idle: int
    steps: int
    alone: int


FULL = Scale(8.0, 12.0, 2.0, 100_000, 300, 400)
QUICK = Scale(3.0, 4.0, 1.0, 4_000, 40, 100)


@dataclass(frozen=True)
class Ran:
    """One load on one process: what the phones saw, and the server's seconds of CPU a hop."""

    seen: Seen
    cpu_hop_s: float

    @property
    def all(self) -> list[float]:
        """Every hop's seconds."""
        return [one for hop in self.seen.hops for one in hop]

    @property
    def rate(self) -> float:
        """Hops a second."""
        return len(self.all) / self.seen.elapsed_s

    def at(self, percent: float) -> float:
        """The hop's milliseconds that this percentage of hops does not exceed."""
        ordered = sorted(self.all)
        return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))] * 1000


@dataclass(frozen=True)
class Script:
    """What a person types, and what each hop is called."""

    answers: list[str]
    names: list[str]


class Phones:
    """Runs loads in a process of their own."""

    def __init__(self, script: Script, scale: Scale) -> None:
        self._script = script
        self._scale = scale

    async def closed(self, port: int, pid: int, *, share: float = 1.0, handsets: int = 32) -> Ran:
        """As much as it takes, from handsets that wait for their answers."""
        return await self._run(pid, self._plan(port, self._scale.seconds * share, closed=handsets))

    async def open(self, port: int, pid: int, hops_per_s: float) -> Ran:
        """Sessions that begin at random, as many as make so many hops a second."""
        rate = hops_per_s / len(self._script.names)
        return await self._run(pid, self._plan(port, self._scale.open_s, rate=rate))

    def _plan(self, port: int, seconds: float, *, rate: float = 0.0, closed: int = 0) -> Plan:
        phones = [msisdn(number) for number in range(PEOPLE)]
        typed = self._script.answers
        return Plan(port, PATH, phones, typed, "Reference", seconds, self._scale.warm_s, rate=rate, closed=closed)

    async def _run(self, pid: int, plan: Plan) -> Ran:
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bench.ussd_load", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
        )
        spent, begun = cpu_s(pid), time.perf_counter()
        out, _ = await child.communicate(json.dumps(asdict(plan)).encode())
        took, spent = time.perf_counter() - begun, cpu_s(pid) - spent
        seen = Seen(**json.loads(out))
        # On a machine that is too busy a payment may outlast its hop budget, and a hop its time: those are figures, not
        # ends of the run. Any other page that a phone did not expect is.
        strange = [page for page in seen.unlike if not any(words in page for words in BUSY)]
        assert not strange, f"hops had another answer: {strange}"
        # The warm-up costs what the rest costs, so hops of the whole time share the whole CPU.
        hops = sum(map(len, seen.hops)) * (seen.elapsed_s + plan.warm_s) / seen.elapsed_s
        assert took >= seen.elapsed_s
        return Ran(seen, spent / hops)


@asynccontextmanager
async def bare(folder: Path, hops: int, url: str = "") -> AsyncIterator[tuple[int, int]]:
    """A yardstick: port and process id."""
    port = free_port()
    words = ["-m", "bench.ussd_bare", str(port), str(hops), *([url] if url else [])]
    async with process(words, {}, f"http://127.0.0.1:{port}", folder / f"bare{port}.log") as pid:
        yield port, pid


def step_figures(made: Figures, script: Script, scale: Scale) -> None:
    """The pure step."""
    frozen = ussd_menus.freeze(ussd_menus.load(None))
    results = {
        "person.status": Result("active", {"name": "Person 1"}),
        "payments.payee": Result("registered", {"name": "P***n 2"}),
        "payments.send": Result("ok", {"reference": "123456789012", "balance": Amount(100, "IRR", 0)}),
    }
    typed = [answer.replace("{payee}", "09120001001") for answer in script.answers]
    taken = ussd_step.seconds(frozen, typed, results, scale.steps)
    for word, clock in (("", [one.wall_s for one in taken]), ("_cpu", [one.cpu_s for one in taken])):
        ordered = sorted(clock)
        for percent in (50, 99):
            took_us = ordered[len(ordered) * percent // 100] * 1e6
            made.add(f"step{word}_p{percent}", took_us, STEP_US, "us", Bar(1.0, at_most=True))


async def hop_figures(made: Figures, folder: Path, name: str, database_url: str, rows_url: str, scale: Scale) -> None:
    """Everything about one database; `rows_url` is another of its kind, for the yardstick that commits rows."""
    chosen = settings(folder, database_url)
    listener = Listener()
    async with house(chosen, listener) as built:
        await enrol(built, listener)
        pin, ledger = await pin_cost(built, scale.alone), await ledger_cost(built, scale.alone)
        await built.money_notices.skip_to_head()
    port = int(str(chosen["http_port"]))
    async with gateway(chosen, folder / "gateway.log") as pid:
        script = Script(*await answers(port, PATH, 0))
        phones = Phones(script, scale)
        if name == "sqlite":
            step_figures(made, script, scale)
        rows = rows_url or f"sqlite:///{folder}/rows.db"
        async with bare(folder, len(script.names)) as plain, bare(folder, len(script.names), rows) as durable:
            cpu_hop_s = await _rates(made, name, phones, (port, pid), plain, durable)
            await _alone(made, name, phones, script, (port, pid), plain)
        for word, cost in (("pin", pin), ("ledger", ledger)):
            payment_ms = cpu_hop_s * len(script.names) * 1000
            made.add(f"{name}_{word}_share_of_cpu", cost.cpu_s * 1000, payment_ms, "ms")


async def _rates(
    made: Figures, name: str, phones: Phones, ours: tuple[int, int], plain: tuple[int, int], durable: tuple[int, int]
) -> float:
    """Rates and times; gives back the CPU of a hop under full load, in seconds."""
    # The yardstick runs before and after ours, so that a machine that slows down meanwhile shows.
    halves = [await phones.closed(*plain, share=0.5)]
    full = await phones.closed(*ours)
    rows = await phones.closed(*durable, share=0.5)
    halves.append(await phones.closed(*plain, share=0.5))
    bare_rate = statistics.mean(half.rate for half in halves)
    bare_cpu = statistics.mean(half.cpu_hop_s for half in halves)
    made.add(f"{name}_hops", full.rate, bare_rate, "1/s", Bar(FLOOR, GOAL))
    made.add(f"{name}_hops_to_rows", full.rate, rows.rate, "1/s")
    made.add(f"{name}_hop_cpu", full.cpu_hop_s * 1000, bare_cpu * 1000, "ms")
    made.add(f"{name}_hop_cpu_to_rows", full.cpu_hop_s * 1000, rows.cpu_hop_s * 1000, "ms")
    made.add(f"{name}_failed_at_full", full.seen.failed, len(full.all), "hops", Bar(0.0001, at_most=True))
    for load in LOADS:
        rate = full.rate * load / 100
        mine, other = await phones.open(*ours, rate), await phones.open(*plain, rate)
        for percent in (50, 99, 99.9):
            said = f"{name}_hop_p{percent:g}_at_{load}"
            made.add(said, mine.at(percent), other.at(percent), "ms")
            if (load, percent) == (80, 99):
                made.add(f"{said}_to_aim", mine.at(percent), HOP_MS, "ms", Bar(1.0, at_most=True))
        quick = sum(one < SLOW_S for one in mine.all) / (len(mine.all) + mine.seen.failed) * 100
        made.add(f"{name}_under_1s_at_{load}", quick, 99.99, "%", Bar(1.0))
    return full.cpu_hop_s


async def _alone(
    made: Figures, name: str, phones: Phones, script: Script, ours: tuple[int, int], plain: tuple[int, int]
) -> None:
    """One handset alone: what each hop takes."""
    one, other = await phones.closed(*ours, share=0.5, handsets=1), await phones.closed(*plain, share=0.25, handsets=1)
    for hop, word in enumerate(script.names):
        mine, bare_s = statistics.median(one.seen.hops[hop]), statistics.median(other.all)
        made.add(f"{name}_alone_{word}_p50", mine * 1000, bare_s * 1000, "ms")


async def idle_figures(made: Figures, folder: Path, name: str, database_url: str, scale: Scale) -> None:
    """Sessions that wait for an answer; the yardstick is the page that the person reads, as bytes."""
    stored, resident = await idle_bytes(settings(folder, database_url), scale.idle)
    made.add(f"{name}_idle_stored", stored, 182.0, "bytes")
    made.add(f"{name}_idle_memory", max(resident, 0.0), 182.0, "bytes")


@contextmanager
def databases(*, both: bool) -> Iterator[list[tuple[str, str, str, str]]]:
    """Name, and the URLs for hops, for the yardstick's rows and for idle sessions."""
    with ledger_server.running() if both else nullcontext() as server:
        found = [("sqlite", "", "", "")]
        if server is not None:
            asyncio.run(server.create("hops", "rows", "idle"))
            found.append(("postgresql", server.url("hops"), server.url("rows"), server.url("idle")))
        yield found


def main() -> int:
    """Print a line a figure and write the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="short loads, few idle sessions")
    parser.add_argument("--sqlite", action="store_true", help="without PostgreSQL")
    options = parser.parse_args()
    scale = QUICK if options.quick else FULL
    made = Figures("make bench-ussd")
    with databases(both=not options.sqlite) as found:
        for name, hops_url, rows_url, idle_url in found:
            with tempfile.TemporaryDirectory(prefix="tapdial-bench") as folder:
                (Path(folder) / "idle").mkdir()
                asyncio.run(hop_figures(made, Path(folder), name, hops_url, rows_url, scale))
                asyncio.run(idle_figures(made, Path(folder) / "idle", name, idle_url, scale))
    made.write("ussd")
    return 0


if __name__ == "__main__":
    sys.exit(main())
