"""A bank, and the benefits that it pays."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from gateway.services.benefits import Benefits
from tests.gateway.services.payments.bank import Bank, FakePerson, open_bank
from wallet.clock import ManualClock


@dataclass
class FakeProposals:
    """Remembers what was proposed, and can fail."""

    open: dict[str, Mapping[str, str]] = field(default_factory=dict)
    broken: bool = False

    async def propose(self, kind: str, subject: str, payload: Mapping[str, str], maker: str) -> str:
        if self.broken:
            raise ConnectionError
        self.open[subject] = {**payload, "kind": kind, "maker": maker}
        return subject


@dataclass
class Office:
    benefits: Benefits
    bank: Bank
    proposals: FakeProposals
    maryam: FakePerson


@asynccontextmanager
async def open_office(url: str, clock: ManualClock) -> AsyncIterator[Office]:
    async with open_bank(url, clock) as bank:
        proposals = FakeProposals()
        benefits = Benefits(
            bank.store, clock, bank.ledger, bank.chart, bank.people, proposals, bank.teller, bank.settings
        )
        yield Office(benefits, bank, proposals, bank.people.add(clock, "+989120000001"))


@pytest.fixture
async def office(tmp_path: Path, clock: ManualClock) -> AsyncIterator[Office]:
    """On SQLite only, for what the database does not change."""
    async with open_office(f"sqlite:///{tmp_path / 'quick.db'}", clock) as made:
        yield made


@pytest.fixture
async def each_office(database_url: str, clock: ManualClock) -> AsyncIterator[Office]:
    """On both kinds of database: the test runs once on each."""
    async with open_office(database_url, clock) as made:
        yield made
