"""Starts the demo: databases, demo people, the gateway process and the simulators process, and stops them together."""

import asyncio
import contextlib
import os
import shutil
import signal
import socket
import sys
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import aiohttp
from rich.console import Console
from rich.panel import Panel
from rich.table import Table

from gateway.demo import bank, seed, signatures, signers, wires
from gateway.errors import SettingsFault
from gateway.observe import set_up_logging
from gateway.services.staff import Role
from gateway.settings import PREFIX, Settings

READY_S = 60
STOP_S = 15


async def demo(settings: Settings, config: Path | None, *, reset: bool) -> int:
    """Run the demo until Ctrl-C; the exit status.

    Raises:
        SettingsFault: Not a demo environment.
    """
    console = Console()
    if settings.environment != "demo":
        raise SettingsFault("the demo runs with environment = demo only")
    if reset:
        shutil.rmtree(settings.data_dir, ignore_errors=True)
        console.print(f"wiped {settings.data_dir}")
    settings = bank.joined(settings)
    taken = busy_ports(settings)
    if taken:
        for port, moved_by in taken:
            console.print(f"[red]port {port} is taken[/red]; move it with {PREFIX}{moved_by}", highlight=False)
        return 3
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    set_up_logging("warning")
    console.print(f"databases and demo people in {settings.data_dir} …")
    facts = await seed.seed(settings)
    settings = signatures.served(wires.served(settings), facts.mssp_password)
    world = settings.data_dir / "simulators.toml"
    seed.write_world(settings, facts, world)
    stop = asyncio.Event()
    # A terminal that is closed says SIGHUP: the children would outlive it, they are in sessions of their own.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with contextlib.AsyncExitStack() as stack:
        console.print("simulators: carrier, SMSC, registry, mailbox, bank, phones, terminal, lab …")
        words = [sys.executable, "-m", "simulators", "--config", str(world)]
        simulators = await stack.enter_async_context(process(words, settings.data_dir / "simulators.log"))
        await ready(f"http://127.0.0.1:{settings.lab_port}/", simulators, stop)
        await signers.enrol(settings, facts)
        console.print("gateway: USSD, terminals, console, API …")
        words = [sys.executable, "-m", "gateway", "serve", *(["--config", str(config)] if config else [])]
        more = {
            f"{PREFIX}USSD_WIRES_FILE": settings.ussd_wires_file,
            f"{PREFIX}BANK_URL": settings.bank_url,
            f"{PREFIX}BANK_TOKEN": settings.bank_token.get_secret_value(),
            **signatures.environment(settings),
        }
        gateway = await stack.enter_async_context(process(words, settings.data_dir / "gateway.log", more))
        await ready(f"http://{settings.http_host}:{settings.http_port}/readyz", gateway, stop)
        if not stop.is_set():
            show(console, settings, facts)
            return await until_stopped(console, stop, {"simulators": simulators, "gateway": gateway})
    return 0


def busy_ports(settings: Settings) -> list[tuple[int, str]]:
    """Ports that somebody else has, each with the setting that moves it, as `HTTP_PORT=<other port>`."""
    wanted = {
        "HTTP_PORT=<other port>": settings.http_port,
        "ISO8583_PORT=<other port>": settings.iso8583_port,
        "LAB_PORT=<other port>": settings.lab_port,
        "SMSC_PORT=<other port>": settings.smsc_port,
        "MAIL_PORT=<other port>": settings.mail_port,
        "MAIL_INGRESS_PORT=<other port, or 0 for none>": settings.mail_ingress_port,
        "BANK_URL=http://127.0.0.1:<other port>": bank.port(settings),
        "REGISTRY_URL=http://127.0.0.1:<other port>": seed.registry_port(settings),
        "MSSP_URL=http://127.0.0.1:<other port>": signatures.port(settings),
    }
    return [(port, moved_by) for moved_by, port in wanted.items() if port and _is_taken(port)]


def _is_taken(port: int) -> bool:
    with socket.socket() as probe:
        # As asyncio's servers do: a port whose last connections linger in TIME_WAIT is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


@contextlib.asynccontextmanager
async def process(
    words: list[str], log: Path, more: Mapping[str, str] | None = None
) -> AsyncIterator[asyncio.subprocess.Process]:
    """A child in a session of its own, so that Ctrl-C reaches only us; asked to stop, then killed.

    Args:
        words: What to run.
        log: Where it writes.
        more: What it finds in its environment besides ours.
    """
    environment = {**os.environ, **(more or {})}
    with log.open("ab") as out:
        child = await asyncio.create_subprocess_exec(
            *words, stdout=out, stderr=out, start_new_session=True, env=environment
        )
    try:
        yield child
    finally:
        with contextlib.suppress(ProcessLookupError):
            child.terminate()
        try:
            async with asyncio.timeout(STOP_S):
                await child.wait()
        except TimeoutError:
            child.kill()
            await child.wait()


async def ready(url: str, child: asyncio.subprocess.Process, stop: asyncio.Event) -> None:
    """Wait until `url` answers 200.

    Raises:
        SettingsFault: The child ended, or does not answer in time.
    """
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=2)) as client:
        for _ in range(READY_S * 10):
            if stop.is_set():
                return
            if child.returncode is not None:
                raise SettingsFault(
                    f"a process of the demo ended with status {child.returncode}; see its log in data_dir"
                )
            with contextlib.suppress(aiohttp.ClientError, TimeoutError):
                async with client.get(url) as answer:
                    if answer.status == 200:
                        return
            await asyncio.sleep(0.1)
    raise SettingsFault(f"{url} does not answer")


async def until_stopped(
    console: Console, stop: asyncio.Event, children: Mapping[str, asyncio.subprocess.Process]
) -> int:
    """Wait for Ctrl-C, or for a child that ends by itself."""
    while not stop.is_set():
        for name, child in children.items():
            if child.returncode is not None:
                console.print(f"[red]{name} ended with status {child.returncode}[/red]; its log is in the data folder")
                return 4
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0.5):
                await stop.wait()
    console.print("stopping …")
    return 0


def show(console: Console, settings: Settings, facts: seed.Facts) -> None:
    """The last lines of `make demo`: where to look, who may sign in, what to dial."""
    people = Table("number", "national number", "who", "enrolled", "PIN")
    for person in facts.people:
        people.add_row(
            person.msisdn, person.national_number, person.who, "yes" if person.pin else "not yet", person.pin or ""
        )
    staff = Table("user name", "password", "one-time code now", "may")
    signing = Table("phone that signs", "its PIN", "whose", "enrolled")
    for account in facts.staff:
        staff.add_row(account.username, account.password, account.code_now(), ", ".join(account.roles))
        if account.msisdn:
            enrolled = "yes" if Role.SIGNATORY in account.roles else "not yet"
            signing.add_row(account.msisdn, account.sign_pin, account.username, enrolled)
    console.print(people, staff, signing)
    tapdial = "tapdial" if shutil.which("tapdial") else ".venv/bin/tapdial"
    console.print(
        Panel(
            f"lab       http://127.0.0.1:{settings.lab_port}/\n"
            f"console   http://{settings.http_host}:{settings.http_port}/console\n"
            f"dial      {settings.service_code} in the lab, or in another terminal\n"
            f"          {tapdial} dial '{settings.service_code}' --msisdn +989120000005\n"
            f"code      a new one-time code: {tapdial} demo-code officer\n"
            f"{_till(settings, facts.till)}"
            f"{_letters(settings, facts.sender)}"
            "stop      Ctrl-C",
            title="ready",
        )
    )


def _till(settings: Settings, till: str) -> str:
    """How a patient opens a visit to the demo's doctor, in a folder that has one."""
    return (
        f"visit     {settings.service_code[:-1]}*9*{till}# from a patient's phone; the doctor is +989120000004\n"
        if till
        else ""
    )


def _letters(settings: Settings, sender: seed.DemoSender | None) -> str:
    if sender is None or not settings.mail_ingress_port:
        return ""
    door = f"{settings.mail_ingress_host}:{settings.mail_ingress_port}"
    return (
        f"e-mail    from {sender.address} to <number>@{settings.mail_ingress_domain} at {door}: a text message\n"
        f"          if the letter has the line X-Tapdial-Token: {sender.token}\n"
    )


__all__ = ["busy_ports", "demo"]
