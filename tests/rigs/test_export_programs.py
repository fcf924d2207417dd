"""A hundred thousand transfers at random: hledger and beancount accept the journals and come to our balances."""

from pathlib import Path

import pytest

from tests.wallet.programs import agrees_with_beancount, agrees_with_hledger
from tests.wallet.random_books import fill
from wallet.clock import ManualClock
from wallet.ledger import Ledger

COUNT = 100_000

pytestmark = [pytest.mark.rig, pytest.mark.timeout(1800)]


async def test_a_long_book_is_the_same_for_other_programs(tmp_path: Path, clock: ManualClock) -> None:
    url = f"sqlite:///{tmp_path / 'wallet.db'}"
    await Ledger.upgrade(url)
    ledger = await Ledger.open(url, clock)
    try:
        assert await fill(ledger, clock, COUNT, seed=1) == COUNT
        with_hledger = await agrees_with_hledger(ledger, tmp_path, timeout_s=900)
        with_beancount = await agrees_with_beancount(ledger, tmp_path, timeout_s=900)
    finally:
        await ledger.close()

    assert with_hledger == with_beancount > 20
