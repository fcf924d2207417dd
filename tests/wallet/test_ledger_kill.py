"""SIGKILL under load: every acknowledged transfer is in the book, none twice, and no entry is half there.

On PostgreSQL every third round stops the server at once instead (`pg_ctl stop -m immediate`: no checkpoint, recovery
from the log at the next start) while the loader goes on: its writer comes back by itself.
"""

import asyncio
import os
import secrets
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest

from tests import postgres
from tests.wallet.books import opened
from wallet.clock import SystemClock
from wallet.ids import TransferId
from wallet.ledger import Ledger
from wallet.transfers import LogRow, Outcome

ROOT = Path(__file__).parents[2]
SAMPLE = 200
RIG_ROUNDS, SOAK_ROUNDS = 10, 500
BOOK_ROUNDS = 20
"""Rounds on one book; re-reading it after each takes longer and longer."""
Mishap = Callable[[], Awaitable[None]]


async def load_and_kill(url: str, acknowledged_min: int, mishap: Mishap | None = None) -> list[TransferId]:
    """Run the loader until it has acknowledged so many, kill it, and give the ids that it had acknowledged.

    With a mishap it is that which happens then, and the loader is killed after as many again.
    """
    loader = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.wallet.loader", url, cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    assert loader.stdout is not None
    acknowledged: list[TransferId] = []
    kill_at = acknowledged_min if mishap is None else 2 * acknowledged_min
    is_killed = False
    try:
        async with asyncio.timeout(60):
            async for line in loader.stdout:
                # The last line may have been cut by the kill.
                words = line.split()
                if len(words) == 2 and words[1] == b"POSTED" and line.endswith(b"\n"):
                    acknowledged.append(TransferId(UUID(words[0].decode())))
                if mishap is not None and len(acknowledged) >= acknowledged_min:
                    await mishap()
                    mishap = None
                if len(acknowledged) >= kill_at and not is_killed:
                    is_killed = True
                    loader.kill()
    finally:
        if not is_killed and loader.returncode is None:
            loader.kill()
        await loader.wait()
    assert is_killed, "the loader ended by itself"
    return acknowledged


async def must_hold(ledger: Ledger, acknowledged: list[TransferId], before: int) -> int:
    """Nothing lost, nothing doubled, nothing half; gives the position that the log has reached."""
    verified = await ledger.verify()
    assert verified.finding is None, str(verified.finding)
    log: list[LogRow] = []
    while page := await ledger.follow(after=log[-1].position if log else before, limit=5000):
        log += page
    places = {row.transfer.id: place for place, row in enumerate(log)}
    assert set(acknowledged) <= set(places)
    assert len(places) == len(log)
    assert [row.position for row in log] == list(range(before + 1, before + 1 + len(log)))
    assert not any(first.transfer.linked and first.booked_at != second.booked_at for first, second in pairwise(log))
    assert not log[-1].transfer.linked, "half an entry is there"
    for transfer_id in acknowledged[:: max(1, len(acknowledged) // SAMPLE)]:
        place = places[transfer_id]
        first = place - (place > 0 and log[place - 1].transfer.linked)
        entry = log[first : first + 1 + log[first].transfer.linked]
        results = await ledger.post(*(row.transfer for row in entry))
        assert {result.outcome for result in results} == {Outcome.DUPLICATE}
        assert [result.balances_after for result in results] == [row.after for row in entry]
    assert (await ledger.head()).position == before + len(log)
    return before + len(log)


async def rounds(url: str, count: int, acknowledged_max: int, stop_server: Mishap | None = None) -> None:
    await Ledger.upgrade(url)
    position = 0
    for number in range(count):
        mishap = stop_server if number % 3 == 2 else None
        acknowledged = await load_and_kill(url, 1 + secrets.randbelow(acknowledged_max), mishap)
        async with opened(url, SystemClock()) as ledger:
            position = await must_hold(ledger, acknowledged, position)


async def test_a_kill_under_load_loses_and_doubles_nothing(tmp_path: Path) -> None:
    await rounds(f"sqlite:///{tmp_path / 'wallet.db'}", 1, 1000)


def books() -> list[int]:
    """How many rounds each book gets."""
    count = SOAK_ROUNDS if os.environ.get("HYPOTHESIS_PROFILE") == "soak" else RIG_ROUNDS
    return [min(BOOK_ROUNDS, count - start) for start in range(0, count, BOOK_ROUNDS)]


@pytest.mark.rig
@pytest.mark.timeout(7200)
async def test_kills_under_load_lose_and_double_nothing_on_sqlite(tmp_path: Path) -> None:
    for number, count in enumerate(books()):
        await rounds(f"sqlite:///{tmp_path / f'wallet{number}.db'}", count, 3000)


@pytest.mark.rig
@pytest.mark.timeout(7200)
async def test_kills_of_either_side_lose_and_double_nothing_on_postgresql() -> None:
    async with own_server() as (folder, stop_and_start):
        for number, count in enumerate(books()):
            admin = await asyncpg.connect(host=folder, user="tapdial", database="postgres")
            await admin.execute(f"CREATE DATABASE book{number}")
            await admin.close()
            await rounds(f"postgresql://tapdial@/book{number}?host={folder}", count, 3000, stop_and_start)


@asynccontextmanager
async def own_server() -> AsyncIterator[tuple[str, Mishap]]:
    """A PostgreSQL of this test alone: its socket folder, and what stops it at once and starts it again."""
    with postgres.server() as folder:
        data = Path(folder) / "data"
        arguments = (data / "postmaster.opts").read_text().split(" ", 1)[1].strip()

        async def control(*words: str) -> None:
            binaries = postgres.binaries()
            assert binaries is not None, "a server ran"
            pg_ctl = await asyncio.create_subprocess_exec(
                binaries / "pg_ctl", "-w", "-D", data, *words, cwd=folder, user=data.stat().st_uid, extra_groups=[],
                group=data.stat().st_gid, stdout=asyncio.subprocess.DEVNULL,
            )  # fmt: skip
            assert await pg_ctl.wait() == 0, f"pg_ctl {words} failed"

        async def stop_and_start() -> None:
            await control("-m", "immediate", "stop")
            await control("-l", str(Path(folder) / "log2"), "-o", arguments, "start")

        try:
            yield folder, stop_and_start
        finally:
            await control("-m", "immediate", "stop")
