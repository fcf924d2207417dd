"""SIGKILL under load: every acknowledged transfer is in the book, none twice, and no entry is half there."""

import asyncio
import sys
from pathlib import Path
from uuid import UUID

import pytest

from tests.wallet.books import opened
from wallet.clock import SystemClock
from wallet.ids import TransferId
from wallet.ledger import Ledger
from wallet.transfers import Outcome

ROOT = Path(__file__).parents[2]
SAMPLE = 200


async def load_and_kill(url: str, acknowledged_min: int) -> list[TransferId]:
    """Run the loader until it has acknowledged so many, kill it, and give the ids that it had acknowledged."""
    loader = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.wallet.loader", url, cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    assert loader.stdout is not None
    acknowledged: list[TransferId] = []
    try:
        async with asyncio.timeout(60):
            async for line in loader.stdout:
                # The last line may have been cut by the kill.
                words = line.split()
                if len(words) == 2 and words[1] == b"POSTED" and line.endswith(b"\n"):
                    acknowledged.append(TransferId(UUID(words[0].decode())))
                if len(acknowledged) >= acknowledged_min and loader.returncode is None:
                    acknowledged_min = sys.maxsize
                    loader.kill()
    finally:
        if loader.returncode is None and acknowledged_min < sys.maxsize:
            loader.kill()
        await loader.wait()
    return acknowledged


async def must_hold(ledger: Ledger, acknowledged: list[TransferId], before: int) -> int:
    """Nothing lost, nothing doubled, nothing half; gives the position that the log has reached."""
    verified = await ledger.verify()
    assert verified.finding is None, str(verified.finding)
    booked, after = set(), before
    while page := await ledger.follow(after=after):
        booked |= {row.transfer.id for row in page}
        after = page[-1].position
    assert set(acknowledged) <= booked
    assert len(booked) == after - before
    assert len(booked) % 2 == 0
    for transfer_id in acknowledged[:SAMPLE]:
        row = await ledger.transfer(transfer_id)
        assert row is not None
        if not row.transfer.linked:
            (again,) = await ledger.post(row.transfer)
            assert again.outcome is Outcome.DUPLICATE
    return after


async def rounds(url: str, kills: int, acknowledged_min: int) -> None:
    await Ledger.upgrade(url)
    position = 0
    for kill in range(kills):
        acknowledged = await load_and_kill(url, acknowledged_min + kill * 37)
        async with opened(url, SystemClock()) as ledger:
            position = await must_hold(ledger, acknowledged, position)


async def test_a_kill_under_load_loses_and_doubles_nothing(tmp_path: Path) -> None:
    await rounds(f"sqlite:///{tmp_path / 'wallet.db'}", 1, 1000)


@pytest.mark.rig
async def test_five_kills_under_load_lose_and_double_nothing(database_url: str) -> None:
    await rounds(database_url, 5, 3000)
