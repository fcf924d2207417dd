"""The house that authorisations are measured on: merchants, terminals, people with phones and money, and their taps.

Phones and terminals are those of the tests; what they send is made before the clock runs, so that only the house is
measured: from the body of a 0100 with its MAC to the body of the 0110 with its own.
"""

import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from gateway.keys import KeyStore, SoftwareKeyStore
from gateway.observe import Metrics
from gateway.services.controls import Controls
from gateway.services.merchants import Merchants
from gateway.services.taps import Decider, Parts, TapPolicy, Taps
from gateway.services.tokens import ProvisionRequest, Tokens
from gateway.settings import Settings
from gateway.store import Store
from gateway.wire import iso8583
from tests.gateway.channels.nfc.phone import Phone, Till
from wallet.accounts import Chart
from wallet.ids import new_id, transfer_id
from wallet.ledger import Ledger
from wallet.money import irr
from wallet.transfers import Transfer, TransferCode

PEOPLE = 500
MERCHANTS, TERMINALS = 16, 4
"""Terminals of each merchant."""
_FUNDS = 10**12
_BEGIN = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


class BenchClock:
    """Begins on the day that the phones sign, and goes on as time does."""

    def __init__(self) -> None:
        self._begun = time.perf_counter()

    def now(self) -> datetime:
        """That day's moment."""
        return _BEGIN + timedelta(seconds=time.perf_counter() - self._begun)


@dataclass(frozen=True)
class Somebody:
    """A person who may have a phone."""

    id: str
    msisdn: str
    language: str = "en"
    state: str = "active"


class Crowd:
    """People by number."""

    async def by_msisdn(self, msisdn: str) -> Somebody | None:
        """Everybody is there."""
        return Somebody(f"per_{msisdn[-6:]}", msisdn)

    async def by_id(self, person_id: str) -> Somebody | None:
        """As above."""
        return Somebody(person_id, f"+98912000{person_id[-4:]}")

    async def national_number_ends(self, person_id: str, digits: str) -> bool:
        """Nobody asks here."""
        raise NotImplementedError


@dataclass
class House:
    """What is measured, and who stands around it."""

    taps: Taps
    keys: KeyStore
    tills: list[Till]
    phones: list[Phone]

    def bodies(self, count: int) -> list[tuple[str, bytes]]:
        """Terminals' ids and their next 0100s."""
        made = []
        for place in range(count):
            till, phone = self.tills[place % len(self.tills)], self.phones[place % len(self.phones)]
            made.append((till.terminal_id, till.body("0100", till.purchase(phone, 10_000 + place))))
        return made

    async def answer(self, terminal_id: str, body: bytes) -> bytes:
        """As the line of a terminal does it."""
        span, mac = iso8583.split_mac(body)
        assert await self.keys.link_mac("acquirer", terminal_id, span) == mac
        return await self.taps.answer(iso8583.decode(body), terminal_id)


@asynccontextmanager
async def opened(urls: Mapping[str, str], people: int = PEOPLE) -> AsyncIterator[House]:
    """A house over fresh databases: `urls` has those of the `store` and the `ledger`."""
    clock, settings, keys, chart = BenchClock(), Settings(), SoftwareKeyStore.for_tests(), Chart.load()
    await Store.upgrade(urls["store"])
    await Ledger.upgrade(urls["ledger"])
    store, ledger = await Store.open(urls["store"]), await Ledger.open(urls["ledger"], clock)
    tokens = Tokens(store, Crowd(), keys, clock, settings)
    merchants = Merchants(store, ledger, chart, keys, clock)
    decider = Decider(TapPolicy.load(), Controls(store, clock), ZoneInfo(settings.zone))
    taps = Taps(Parts(store, ledger, chart, keys, tokens, merchants, clock, settings, Metrics(), decider))
    house = House(taps, keys, [], [])
    try:
        for number in range(MERCHANTS):
            merchant = await merchants.register_merchant("Shop", "per_0", "Tehran")
            for place in range(TERMINALS):
                key = await merchants.register_terminal(merchant.id, f"BENCH{number * TERMINALS + place:03d}")
                house.tills.append(Till(key.terminal_id, key.merchant_number, key.key))
        await _fill(house, ledger, chart, clock, tokens, people)
        yield house
    finally:
        await store.close()
        await ledger.close()


async def _fill(house: House, ledger: Ledger, chart: Chart, clock: BenchClock, tokens: Tokens, people: int) -> None:
    """People with money and a phone each."""
    cash = chart.account("branch_cash", "bench")
    await ledger.open_accounts(cash)
    for number in range(people):
        msisdn, person = f"+98912{number:07d}", Somebody(f"per_{number:06d}", "+989120000000")
        wallet = chart.account("wallet", person.id)
        await ledger.open_accounts(wallet)
        cause = new_id("csh", clock)
        paid = Transfer(transfer_id(cause, "cash"), cash.id, wallet.id, irr(_FUNDS), TransferCode.CASH_IN, cause)
        (result,) = await ledger.post(paid)
        assert result.outcome.stands
        phone = Phone()
        code = (await tokens.activation_code(person.id)).code
        device, seal = phone.device.public_key().public_bytes_raw(), phone.seal.public_key().public_bytes_raw()
        made = await tokens.provision(ProvisionRequest(msisdn, code, device, seal))
        assert made.token is not None
        phone.take(made.token)
        house.phones.append(phone)
