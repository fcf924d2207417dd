"""A clinic with prices, a patient with a wallet, and the bank behind them."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import pytest

from gateway.services.providers import AskedLine, Parts, Price, Provider, ProviderKind, Providers
from tests.gateway.services.payments.bank import Bank, FakePerson, open_bank
from wallet.clock import ManualClock
from wallet.ids import transfer_id
from wallet.money import irr
from wallet.transfers import Transfer, TransferCode

OFFICER, SECOND = "stf_officer", "stf_second"
IBAN = "IR580540105180021273113007"
PRICES = (
    Price("10", "Consultation", irr(1_000_000), 70, 1),
    Price("25", "X-ray", irr(2_000_001), 50, 2),
    Price("99", "Bandage", irr(100_000), 0, 10),
)


@dataclass
class FakeProposals:
    """Remembers what was proposed."""

    open: dict[str, Mapping[str, str]] = field(default_factory=dict)

    async def propose(self, kind: str, subject: str, payload: Mapping[str, str], maker: str) -> str:
        self.open[subject] = {**payload, "kind": kind, "maker": maker}
        return subject


@dataclass
class Clinic:
    providers: Providers
    bank: Bank
    proposals: FakeProposals
    doctor: Provider
    maryam: FakePerson

    async def bill(self, visit_number: str, *lines: AskedLine) -> str:
        """The id of the fee of a bill that was taken."""
        result = await self.providers.bill(self.doctor.id, visit_number, lines)
        assert result.fee is not None, result.outcome
        return result.fee.id

    async def visited(self, call_key: str = "ses_1:1") -> str:
        """The number of a visit that the patient's phone opened."""
        result = await self.providers.open_visit(self.maryam.id, self.doctor.till, call_key)
        assert result.visit is not None, result.outcome
        return result.visit.number

    async def owed(self) -> int:
        """What stands in the doctor's account."""
        return await self.bank.net("provider_payable", self.doctor.id)


def line(code: str, quantity: int, asked: int) -> AskedLine:
    return AskedLine(code, quantity, irr(asked))


@asynccontextmanager
async def open_clinic(url: str, clock: ManualClock, wallet: int = 5_000_000) -> AsyncIterator[Clinic]:
    async with open_bank(url, clock) as bank:
        proposals = FakeProposals()
        providers = Providers(
            Parts(bank.store, clock, bank.ledger, bank.chart, bank.people, proposals, bank.teller, bank.settings)
        )
        doctor = await providers.register(
            "Dr Hosseini", ProviderKind.DOCTOR, "09120000004", IBAN, staff_id=OFFICER, email="doc@example.org"
        )
        await providers.registered(doctor.id, "apr_1")
        made = await providers.propose_prices(ProviderKind.DOCTOR, date(2020, 1, 1), PRICES, OFFICER)
        await providers.published(made.id, "apr_2")
        maryam = bank.people.add(clock, "+989120000001")
        account, funding = bank.chart.account("wallet", maryam.id), bank.chart.account("funding")
        await bank.ledger.open_accounts(account, funding)
        given = Transfer(
            transfer_id(maryam.id, "given"), funding.id, account.id, irr(wallet), TransferCode.OPENING, maryam.id
        )
        await bank.ledger.post(given)
        found = await providers.by_id(doctor.id)
        assert found is not None
        yield Clinic(providers, bank, proposals, found, maryam)


@pytest.fixture
async def clinic(tmp_path: Path, clock: ManualClock) -> AsyncIterator[Clinic]:
    """On SQLite only, for what the database does not change."""
    async with open_clinic(f"sqlite:///{tmp_path / 'clinic.db'}", clock) as made:
        yield made


@pytest.fixture
async def each_clinic(database_url: str, clock: ManualClock) -> AsyncIterator[Clinic]:
    """On both kinds of database."""
    async with open_clinic(database_url, clock) as made:
        yield made
