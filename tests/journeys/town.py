"""A whole town over real sockets: the gateway as a process of its own, the world of the simulators in this one."""

import asyncio
import contextlib
import os
import secrets
import signal
import socket
import sys
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
from pydantic import SecretStr

from gateway.demo import seed, signatures
from gateway.demo import signers as enrolling
from gateway.demo.seed import Facts
from gateway.languages import LANGUAGES
from gateway.services.dialogues.resume import aside_text
from gateway.settings import DEMO_SECRET, PREFIX, Settings
from simulators import config as simulator_config
from simulators.phone import Phone
from simulators.world import World

READY_S = 40.0
LATIN = str.maketrans("۰۱۲۳۴۵۶۷۸۹٠١٢٣٤٥٦٧٨٩٬", "01234567890123456789,")
MOVED = (
    "data_dir", "database_url", "http_port", "iso8583_port", "lab_port", "smsc_port", "mail_port", "registry_url",
    "mail_ingress_port", "ussd_wires_file", "ussd_links_file", "sweep_after_s", "stop_s", "log_level", "links_file",
    "bank_url", "bank_profile_file", "policy_file",
)  # fmt: skip
"""Settings of a town that are not the defaults."""


FIRST_PORT, LAST_PORT, BLOCK = 10_000, 20_000, 10
_CLAIMS: list[socket.socket] = []
"""A name in the kernel for each block of ports that this process has taken; it goes with the process."""


def free_ports(count: int) -> list[int]:
    """At most ten ports, below those that callers are given, that no other town takes until this process ends.

    That nobody listens there is not enough: a gateway that was killed wants its ports again when it starts anew.
    """
    assert count <= BLOCK
    while True:
        ports = range(first := FIRST_PORT + secrets.randbelow((LAST_PORT - FIRST_PORT) // BLOCK) * BLOCK, first + count)
        claim = socket.socket(socket.AF_UNIX)
        try:
            claim.bind(f"\0tapdial-ports-{first}")
            for port in ports:
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", port))
        except OSError:
            claim.close()
            continue
        _CLAIMS.append(claim)
        return list(ports)


def town_settings(folder: Path, database_url: str) -> Settings:
    """Settings on free ports; SQLite files in `folder` unless the URL is a PostgreSQL."""
    http, iso8583, lab, smsc, mail, registry, ingress, bank, mssp = free_ports(9)
    return Settings(
        data_dir=folder / "data",
        database_url="" if database_url.startswith("sqlite") else database_url,
        http_port=http,
        iso8583_port=iso8583,
        lab_port=lab,
        smsc_port=smsc,
        mail_port=mail,
        mail_ingress_port=ingress,
        registry_url=f"http://127.0.0.1:{registry}",
        bank_url=f"http://127.0.0.1:{bank}",
        bank_token=SecretStr(DEMO_SECRET),
        mssp_url=f"http://127.0.0.1:{mssp}",
        sweep_after_s=1,
        stop_s=5.0,
        log_level="debug",
    )


@dataclass
class Town:
    """Everything a journey needs."""

    settings: Settings
    facts: Facts
    world: World
    log: Path
    process: asyncio.subprocess.Process | None = None
    sms_seen: dict[str, int] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Where the gateway's HTTP doors are."""
        return f"http://127.0.0.1:{self.settings.http_port}"

    def phone(self, number: int) -> Phone:
        """The feature phone of the demo's person 1 to 10."""
        return self.world.phones[f"+98912{number:07d}"]

    def pin(self, number: int) -> str:
        """The seeded PIN of person 1, 2, 3, 4, 8 or 10."""
        pin = self.facts.people[number - 1].pin
        assert pin is not None
        return pin

    def environment(self) -> dict[str, str]:
        """What a process of this town must find, and no setting of whoever runs the tests."""
        outside = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
        outside[f"{PREFIX}BANK_TOKEN"] = self.settings.bank_token.get_secret_value()
        moved = {f"{PREFIX}{name.upper()}": str(getattr(self.settings, name)) for name in MOVED}
        return {**outside, **moved, **signatures.environment(self.settings)}

    async def start(self) -> None:
        """Start the gateway and wait until it takes work."""
        with self.log.open("ab") as out:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "gateway", "serve", env=self.environment(), stdout=out, stderr=out
            )
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=2)) as client:
            async with asyncio.timeout(READY_S):
                while not await self._ready(client):
                    assert self.process.returncode is None, self.log.read_text()[-4000:]
                    await asyncio.sleep(0.05)

    async def _ready(self, client: aiohttp.ClientSession) -> bool:
        with contextlib.suppress(aiohttp.ClientError, TimeoutError):
            async with client.get(f"{self.url}/readyz") as answer:
                return answer.status == 200
        return False

    def strike(self) -> None:
        """SIGKILL, not waited for.

        Not by Process.kill, which polls first: it may reap the child before asyncio's own watcher does, who then takes
        255 for its exit status.
        """
        assert self.process is not None
        if self.process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.process.pid, signal.SIGKILL)

    async def kill(self) -> None:
        """SIGKILL: no handler runs, nothing is flushed."""
        assert self.process is not None
        self.strike()
        await self.process.wait()

    async def stop(self) -> int:
        """SIGTERM; the exit status."""
        assert self.process is not None
        if self.process.returncode is None:
            self.process.terminate()
        async with asyncio.timeout(20):
            return await self.process.wait()

    async def dial(self, number: int, *answers: str) -> str:
        """Hang up, dial the service code, give the answers; the last page."""
        phone = self.phone(number)
        phone.hang_up()
        await phone.press(self.settings.service_code)
        await self._past_asides(phone)
        for answer in answers:
            assert phone.screen.open, f"the dialogue ended before {answer!r}: {phone.screen}"
            await phone.press(answer)
        assert phone.screen.failed is None, phone.screen
        return phone.screen.text

    @staticmethod
    async def _past_asides(phone: Phone) -> None:
        """Read on past what an earlier session left: its result, and the question whether to go on with it."""
        for _ in range(2):
            said = phone.screen.text.translate(LATIN)
            if said.endswith(tuple(aside_text("onward", language) for language in LANGUAGES)):
                await phone.press("1")
            if said in {aside_text("offer", language) for language in LANGUAGES}:
                await phone.press("2")

    async def next_sms(self, number: int, timeout_s: float = 20.0) -> str:
        """The next SMS that came to this phone and was not asked about before."""
        msisdn = f"+98912{number:07d}"
        inbox = self.phone(number).inbox
        async with asyncio.timeout(timeout_s):
            while True:
                for message in inbox:
                    if not message.sent and message.number > self.sms_seen.get(msisdn, 0):
                        self.sms_seen[msisdn] = message.number
                        return message.text
                await asyncio.sleep(0.02)


@contextlib.asynccontextmanager
async def opened(
    folder: Path, database_url: str, *, wires: Iterable[str] = (), start: bool = True, signers: bool = False,
    more: Mapping[str, object] | None = None,
) -> AsyncIterator[Town]:  # fmt: skip
    """A seeded town with its gateway running; both are stopped at the end, whatever happened.

    Args:
        folder: Where everything of it lies.
        database_url: A PostgreSQL, or anything of SQLite.
        wires: Profiles of USSD that it serves, each under its own name; without any, the default alone.
        start: Whether the gateway runs from the start.
        signers: Whether the phones of signatories are enrolled, as in the demo.
        more: Settings that differ; names of MOVED.
    """
    settings = town_settings(folder, database_url).model_copy(update=more)
    if tables := [f'[[wire]]\nname = "{wire}"\nprofile = "{wire}"\n' for wire in wires]:
        (folder / "wires.toml").write_text("\n".join(tables), "utf-8")
        settings = settings.model_copy(update={"ussd_wires_file": str(folder / "wires.toml")})
    settings.data_dir.mkdir(parents=True)
    facts = await seed.seed(settings)
    settings = signatures.served(settings, facts.mssp_password)
    seed.write_world(settings, facts, folder / "simulators.toml")
    world = World(simulator_config.load(folder / "simulators.toml"))
    async with world.running():
        town = Town(settings, facts, world, folder / "gateway.log")
        if signers:
            await enrolling.enrol(settings, facts)
        try:
            if start:
                await town.start()
            for number, person in enumerate(facts.people, 1):
                if start and person.pin is not None:
                    await town.next_sms(number)  # the cash paid in at the seeding is told
            yield town
        finally:
            if town.process is not None and town.process.returncode is None:
                await town.kill()
