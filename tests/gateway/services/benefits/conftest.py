"""A bank, and the benefits that it pays."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

import pytest

from gateway.keys import SoftwareKeyStore
from gateway.services.approvals import Proposals
from gateway.services.benefits import (
    DECISION_USES,
    AttesterBook,
    AttesterSort,
    Benefits,
    Claim,
    ClaimSource,
    ClaimState,
    Parts,
)
from gateway.services.decisions import Decisions
from tests.gateway.services.payments.bank import Bank, FakePerson, open_bank
from wallet.clock import ManualClock
from wallet.money import Money


@dataclass
class FakeProposals:
    """Remembers what was proposed, and can fail."""

    open: dict[str, Mapping[str, str]] = field(default_factory=dict)
    broken: bool = False

    async def propose(
        self, kind: str, subject: str, payload: Mapping[str, str], maker: str, *, amount: Money | None = None
    ) -> str:
        if self.broken:
            raise ConnectionError
        assert amount is None or str(amount) == payload["amount"]
        self.open[subject] = {**payload, "kind": kind, "maker": maker}
        return subject


EMPLOYER, EMPLOYER_PHONE = "4711", "+989120000077"
HOSPITAL, HOSPITAL_PHONE = "8800", "+989120000088"
KEYS = SoftwareKeyStore.for_tests()


@dataclass
class FakeContributions:
    """Everybody has paid as many months."""

    months: int = 12

    async def months_paid(self, _person_id: str, _until: date) -> int:
        return self.months


@dataclass(frozen=True)
class FakePayee:
    cool_until: datetime | None = None


@dataclass
class FakePayees:
    """Whose account, number or PIN has just changed."""

    cooling: dict[str, datetime] = field(default_factory=dict)

    async def resolve(self, person_id: str) -> FakePayee:
        return FakePayee(self.cooling.get(person_id))


@dataclass
class Office:
    benefits: Benefits
    bank: Bank
    proposals: FakeProposals
    maryam: FakePerson
    contributions: FakeContributions
    source: ClaimSource
    attesters: AttesterBook
    decisions: Decisions
    payees: FakePayees

    async def claim(self, claim_id: str) -> Claim:
        found = await self.benefits.by_id(claim_id)
        assert found is not None
        return found

    async def state(self, claim_id: str) -> ClaimState:
        return (await self.claim(claim_id)).state

    def code(self, class_: str = "attest_employer") -> str:
        """The code that the attester got last."""
        return self.bank.teller.last_code(class_)


@asynccontextmanager
async def open_office(url: str, clock: ManualClock, *, fresh: bool = True) -> AsyncIterator[Office]:
    """An office; one that is not `fresh` is another process over the same database."""
    async with open_bank(url, clock) as bank:
        proposals, contributions, payees = FakeProposals(), FakeContributions(), FakePayees()
        decisions = Decisions(bank.store, clock, Proposals(bank.store, clock), DECISION_USES)
        attesters = AttesterBook(bank.store, clock)
        parts = Parts(
            bank.store,
            clock,
            bank.ledger,
            bank.chart,
            bank.people,
            proposals,
            bank.teller,
            bank.settings,
            decisions,
            contributions,
            attesters,
            KEYS,
            payees,
        )
        if fresh:
            await decisions.ship()
            await attesters.add(EMPLOYER, AttesterSort.EMPLOYER, "Saipa", EMPLOYER_PHONE, "stf_1", language="en")
            await attesters.add(HOSPITAL, AttesterSort.PROVIDER, "Hospital", HOSPITAL_PHONE, "stf_1", language="en")
        maryam = bank.people.add(clock, "+989120000001")
        source = ClaimSource(bank.store, clock, bank.people)
        yield Office(Benefits(parts), bank, proposals, maryam, contributions, source, attesters, decisions, payees)


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
