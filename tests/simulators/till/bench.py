"""A terminal at the tiny acquirer, over a journal in a folder."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from simulators.faults import Faults
from simulators.nfc import Kernel, Limits, Setting
from simulators.nfc_phone import NfcPhone
from simulators.terminal import Terminal, TerminalConfig
from simulators.till.kernel import Limits as ReaderLimits
from simulators.till.kernel import Rules
from simulators.trace import Trace
from tests.simulators.acquirer import KEY, Acquirer
from tests.simulators.tokens import TOKEN

WAIT_S = 5
FLOOR = 100_000


def config_of(*, floor_minor: int = FLOOR, **more: object) -> TerminalConfig:
    rules = Rules(ReaderLimits(floor_minor=floor_minor))
    return TerminalConfig("TERM0001", "PHARMACY000001", "Moradi Pharmacy", KEY, rules=rules, **more)  # type: ignore[arg-type]


def terminal_of(
    acquirer: Acquirer,
    faults: Faults | None = None,
    folder: Path | None = None,
    timeout_s: float = 0.3,
    config: TerminalConfig | None = None,
) -> Terminal:
    return Terminal(
        config or config_of(),
        host="127.0.0.1",
        port=acquirer.port,
        faults=faults or Faults(),
        trace=Trace(),
        folder=folder,
        answer_timeout_s=timeout_s,
    )


def offline_phone(kernel: Kernel = Kernel.GPO, *, template: bool = False, uses_max: int = 9) -> NfcPhone:
    """A phone that approves by itself."""
    setting = Setting(kernel=kernel, template=template, offline=Limits(uses_max=uses_max, minor_max=10**9))
    phone = NfcPhone("+989120000002", "http://127.0.0.1:9", Trace(), setting=setting)
    phone.token = TOKEN
    return phone


@asynccontextmanager
async def running(terminal: Terminal) -> AsyncIterator[Terminal]:
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(terminal.run())
        try:
            yield terminal
        finally:
            task.cancel()


async def online(terminal: Terminal) -> None:
    async with asyncio.timeout(WAIT_S):
        await terminal._line.up.wait()


async def drained(terminal: Terminal) -> None:
    async with asyncio.timeout(WAIT_S):
        await terminal.drained()
