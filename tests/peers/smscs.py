"""SMSCs of other houses as processes: each prints its port and then a line of JSON for each thing that it hears."""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Protocol

FOLDER = Path(__file__).parent
ROOT = FOLDER.parents[1]
START_S = 20.0
"""The slowest of them needs a second on a quiet machine."""


class Smsc:
    """One of them, while it runs."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.heard: list[dict[str, Any]] = []

    def all(self, kind: str) -> list[dict[str, Any]]:
        """What was heard that has `kind`."""
        return [one for one in self.heard if kind in one]

    def refused(self) -> list[dict[str, Any]]:
        """Our answers that were not OK."""
        return [one for one in self.all("answer") if one.get("status", 0) not in (0, "ESME_ROK")]


def _program(name: str) -> str:
    found = shutil.which(name)
    assert found is not None, f"no {name}: run .ci/packages"
    return found


async def _listen(out: asyncio.StreamReader, smsc: Smsc) -> None:
    while line := await out.readline():
        # smpp.pdu3 prints something of its own besides.
        if line.startswith(b"{"):
            smsc.heard.append(json.loads(line))


@asynccontextmanager
async def _running(*command: str) -> AsyncIterator[Smsc]:
    child = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE, cwd=ROOT)
    assert child.stdout is not None
    try:
        async with asyncio.timeout(START_S):
            smsc = Smsc(int(await child.stdout.readline()))
        async with asyncio.TaskGroup() as group:
            listening = group.create_task(_listen(child.stdout, smsc))
            try:
                yield smsc
            finally:
                listening.cancel()
    finally:
        with suppress(ProcessLookupError):
            child.kill()
        await child.wait()


def _words(words: dict[str, int | Path]) -> list[str]:
    return [f"{name}={value}" for name, value in words.items()]


def node_smpp(**words: int | Path) -> AbstractAsyncContextManager[Smsc]:
    """node-smpp 0.5.1; the words are in node_smsc.js."""
    return _running(_program("node"), str(FOLDER / "node_smsc.js"), "say=1", *_words(words))


def net_smpp(**words: int | Path) -> AbstractAsyncContextManager[Smsc]:
    """Net::SMPP 1.19; the words are in net_smpp_smsc.pl."""
    return _running(_program("perl"), str(FOLDER / "net_smpp_smsc.pl"), *_words(words))


def smpp_twisted(**words: int | Path) -> AbstractAsyncContextManager[Smsc]:
    """smpp.twisted3 0.8; the words are in twisted_smsc.py."""
    python = ROOT / ".venv-peers" / "bin" / "python"
    assert python.exists(), "no .venv-peers: run make peers"
    return _running(str(python), "-u", str(FOLDER / "twisted_smsc.py"), *_words(words))


class Peer(Protocol):
    """Starts an SMSC with its words."""

    __name__: str

    def __call__(self, **words: int | Path) -> AbstractAsyncContextManager[Smsc]:
        """The SMSC while it runs."""
        ...
