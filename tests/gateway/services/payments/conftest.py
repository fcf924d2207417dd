"""A bank with payments, and two people who have money."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from gateway.keys.software import SoftwareKeyStore
from gateway.services.payments import Payments, PayOutcome, PayResult
from tests.gateway.services.payments.bank import Bank, FakePerson, open_bank
from wallet.clock import Clock, ManualClock
from wallet.money import irr

START = 1_000_000
UNKNOWN_NUMBER = "+989120000005"


@dataclass
class Till:
    payments: Payments
    bank: Bank
    maryam: FakePerson
    reza: FakePerson

    async def cash_in(self, person: FakePerson, minor: int, key: str) -> PayResult:
        return await self.payments.cash_in(person.id, irr(minor), "tehran-1", "stf_1", key)

    async def all_money(self) -> int:
        """Everything that people own or that waits for them; moves only by cash-in, contributions and benefits."""
        wallets = [await self.bank.wallet(person_id) for person_id in self.bank.people.people]
        return sum(wallets) + await self.bank.net("claim_codes")

    async def wallets(self) -> tuple[int, int]:
        return await self.bank.wallet(self.maryam.id), await self.bank.wallet(self.reza.id)


@asynccontextmanager
async def open_till(url: str, clock: Clock) -> AsyncIterator[Till]:
    async with open_bank(url, clock) as bank:
        payments = Payments(
            bank.store,
            clock,
            bank.ledger,
            bank.chart,
            bank.people,
            SoftwareKeyStore.for_tests(),
            bank.teller,
            bank.settings,
        )
        maryam = bank.people.add(clock, "+989120000001", "Maryam Ahmadi")
        reza = bank.people.add(clock, "+989120000002", "Reza Karimi")
        till = Till(payments, bank, maryam, reza)
        assert (await till.cash_in(maryam, START, "form_0")).outcome is PayOutcome.OK
        yield till


@pytest.fixture
async def till(tmp_path: Path, clock: ManualClock) -> AsyncIterator[Till]:
    """On SQLite only, for what the database does not change."""
    async with open_till(f"sqlite:///{tmp_path / 'quick.db'}", clock) as made:
        yield made


@pytest.fixture
async def each_till(database_url: str, clock: ManualClock) -> AsyncIterator[Till]:
    """On both kinds of database: the test runs once on each."""
    async with open_till(database_url, clock) as made:
        yield made
