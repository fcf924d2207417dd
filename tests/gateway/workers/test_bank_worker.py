"""The bank's files: they are brought home, and the loop rests while the bank is away."""

from dataclasses import dataclass

import pytest

from gateway.errors import PeerUnavailable, StoreUnavailable
from gateway.workers.bank import BankFiles


@dataclass
class Inbox:
    """Takes two files, or fails."""

    problem: Exception | None = None

    async def fetch(self) -> int:
        if self.problem is not None:
            raise self.problem
        return 2


async def test_files_are_counted() -> None:
    assert await BankFiles(Inbox()).tick() == 2


@pytest.mark.parametrize("away", [PeerUnavailable("silent"), TimeoutError()])
async def test_a_bank_that_is_away_lets_the_loop_rest(away: Exception) -> None:
    assert await BankFiles(Inbox(away)).tick() == 0


async def test_a_failure_of_our_own_is_one() -> None:
    with pytest.raises(StoreUnavailable):
        await BankFiles(Inbox(StoreUnavailable("no disk"))).tick()
