"""SIGKILL at any moment of a long batch: each item is paid once, totals equal the manifest, the hold stands for all."""

import asyncio
import os
import random
import signal
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import func, select

from gateway.services.banking.model import PaymentNews
from gateway.services.payouts import BatchState, ItemState
from gateway.services.payouts.tables import ITEMS
from gateway.store import Store
from tests.rigs.payout_child import KeptBank, opened
from wallet.ledger import Ledger

pytestmark = [pytest.mark.rig, pytest.mark.timeout(3600)]
LONG = os.environ.get("HYPOTHESIS_PROFILE") == "soak"
ROWS, KILLS = 10_000, 200 if LONG else 5
CHILD_S_MAX = 300


async def _child(folder: Path, kill_after_s: float | None) -> bool:
    """Run the process, and kill it; whether it came to its end before."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.rigs.payout_child", str(folder), str(ROWS), stderr=asyncio.subprocess.PIPE
    )
    try:
        _, errors = await asyncio.wait_for(process.communicate(), kill_after_s or CHILD_S_MAX)
    except TimeoutError:
        assert kill_after_s is not None, "a process that nobody kills comes to its end"
        process.send_signal(signal.SIGKILL)
        await process.wait()
        return False
    assert process.returncode == 0, errors.decode()[-2000:]
    return True


async def _checked(folder: Path) -> None:
    house = await opened(folder)
    try:
        (batch,) = await house.payouts.list_batches(limit=2)
        assert batch.state is BatchState.RUNNING
        total = sum(1000 + place for place in range(ROWS))
        assert (batch.manifest_count, batch.manifest_total.minor) == (ROWS, total)
        assert await house.holds() == (total, total)
        sums = select(ITEMS.c.state, func.count(), func.sum(ITEMS.c.amount_minor)).group_by(ITEMS.c.state)
        found = {row[0]: (row[1], row[2]) for row in await house.store.read(sums)}
        assert found.keys() == {"settled", "sent"}
        assert (found["settled"][0] + found["sent"][0], found["settled"][1] + found["sent"][1]) == (ROWS, total)
        wallets = 0
        for known in house.people.by_number.values():
            wallets += await house.net("wallet", known.person_id)
        assert wallets == found["settled"][1]
        assert await house.net("rail_payable", "bank") == found["sent"][1]
        bank = house.bank
        assert isinstance(bank, KeptBank)
        bank.read()
        assert (len(bank.paid), len({one[0] for one in bank.paid})) == (found["sent"][0], found["sent"][0])
        assert sum(one[1] for one in bank.paid) == found["sent"][1]
        assert (await house.payouts.digest(batch.id, "IRR")).digest() == house.signatures.signed[batch.id]
        while sent := await house.payouts.items(batch.id, limit=1000, states=frozenset({ItemState.SENT})):
            await house.said(*((one, PaymentNews.SETTLED) for one in sent))
        await house.work()
        assert (await house.batch(batch.id)).state is BatchState.DONE
        assert await house.holds() == (0, 0)
        assert (await house.ledger.verify()).finding is None
    finally:
        await house.ledger.close()
        await house.store.close()


async def _made(folder: Path) -> None:
    await asyncio.to_thread(folder.mkdir)
    await Store.upgrade(f"sqlite:///{folder / 'gateway.db'}")
    await Ledger.upgrade(f"sqlite:///{folder / 'wallet.db'}")


async def test_a_long_batch_survives_kills(tmp_path: Path) -> None:
    seed = int(os.environ.get("PAYOUT_SEED", time.time_ns() % 10**6))
    chance = random.Random(seed)  # noqa: S311 - a seed must replay
    await _made(tmp_path / "calm")
    begun = time.monotonic()
    assert await _child(tmp_path / "calm", None)
    whole_s = time.monotonic() - begun
    kills, turn = 0, 0
    while kills < KILLS:
        folder = tmp_path / f"turn{turn}"
        await _made(folder)
        turn += 1
        # Each life is killed somewhere in what is left of it; after a few, one may live to the end.
        for _ in range(chance.randint(1, 4)):
            if await _child(folder, chance.uniform(0.5, whole_s)):
                break
            kills += 1
        assert await _child(folder, None), f"PAYOUT_SEED={seed}"
        await _checked(folder)
