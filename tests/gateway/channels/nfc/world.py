"""The gateway's side of a tap in one process: both stores, the services, the terminals' door, money in a wallet."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection

from gateway.channels.nfc import TerminalServer
from gateway.channels.nfc.line import Desk
from gateway.keys import SoftwareKeyStore
from gateway.observe import Metrics
from gateway.services.controls import Controls
from gateway.services.merchants import Merchants
from gateway.services.taps import Decider, Parts, TapPolicy, Taps
from gateway.services.tokens import ProvisionRequest, Tokens
from gateway.settings import Settings
from gateway.store import Store
from gateway.wire import iso8583
from gateway.wire.iso8583 import Message
from tests.gateway.channels.nfc.phone import Phone, Till
from wallet.accounts import Account, Chart
from wallet.clock import Clock
from wallet.errors import LedgerUnavailable
from wallet.ids import new_id, transfer_id
from wallet.ledger import Ledger
from wallet.money import irr
from wallet.transfers import PostResult, Transfer, TransferCode

ON_SQLITE = pytest.mark.parametrize("both_url", ["sqlite"], indirect=True)
"""Of a test that asks nothing of SQL which others do not ask on both databases."""
T = TypeVar("T")
Item = TypeVar("Item")
PERSON = "per_1"
MSISDN = "+989120000002"
FUNDS = 1_000_000


@dataclass(frozen=True)
class Somebody:
    id: str = PERSON
    state: str = "active"
    msisdn: str = MSISDN
    language: str = "en"


class OnePerson:
    async def by_msisdn(self, msisdn: str) -> Somebody | None:
        return Somebody() if msisdn == MSISDN else None

    async def by_id(self, person_id: str) -> Somebody | None:
        return Somebody() if person_id == PERSON else None

    async def national_number_ends(self, _person_id: str, _digits: str) -> bool:
        return False


class Killed(Exception):
    """The process dies here."""


class FaultyLedger:
    """The ledger, with a fault before or after it posts: `down` refuses, `lost` posts and loses the answer, `kill`
    posts and dies, `stop` dies before it posts."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.fault = ""
        self.posts = 0
        self.meanwhile: Callable[[], Awaitable[object]] | None = None
        """What happens, once and without a fault, while a lost answer is waited for."""

    async def open_accounts(self, *accounts: Account) -> None:
        await self.ledger.open_accounts(*accounts)

    async def post(self, *transfers: Transfer) -> list[PostResult]:
        self.posts += 1
        if self.fault == "stop":
            raise Killed
        if self.fault == "down":
            raise LedgerUnavailable("down")
        results = await self.ledger.post(*transfers)
        if not self.fault and self.meanwhile is not None:
            happens, self.meanwhile = self.meanwhile, None
            await happens()
        if self.fault == "lost":
            if self.meanwhile is not None:
                self.fault = ""
                await self.meanwhile()
            raise LedgerUnavailable("lost")
        if self.fault == "kill":
            raise Killed
        return results


class CutStore(Store):
    """The store, whose process dies after one of its next commits: the answer to who wrote is lost."""

    def __init__(self, store: Store) -> None:
        super().__init__(store._writer, store._reading, store._finder)
        self.commits_left = -1

    async def write(self, work: Callable[[Connection], T]) -> T:
        return self._cut(await super().write(work))

    async def write_together(self, work: Callable[[Connection, Sequence[Item]], Sequence[T]], item: Item) -> T:
        return self._cut(await super().write_together(work, item))

    def _cut(self, value: T) -> T:
        self.commits_left -= 1
        if self.commits_left == 0:
            raise Killed
        return value


class World:
    """Everything a test asks of; `rebuilt` stands for a process that was killed and started again."""

    def __init__(self, store: Store, ledger: Ledger, clock: Clock) -> None:
        self.store, self.clock = CutStore(store), clock
        self.ledger = FaultyLedger(ledger)
        self.chart = Chart.load()
        self.keys = SoftwareKeyStore.for_tests()
        self.metrics = Metrics()
        self.settings = Settings()
        self.merchant_id = ""
        self.funds = 0
        self.phone = Phone()
        self.till = Till("TERM0001", "", b"")
        self.build()
        self.open_door()

    def build(self) -> None:
        """The services anew over the same stores, as after a kill."""
        self.tokens = Tokens(self.store, OnePerson(), self.keys, self.clock, self.settings)
        self.merchants = Merchants(self.store, self.ledger, self.chart, self.keys, self.clock)
        parts = Parts(
            self.store, self.ledger, self.chart, self.keys, self.tokens, self.merchants, self.clock, self.settings,
            self.metrics, Decider(TapPolicy.load(), Controls(self.store, self.clock), ZoneInfo(self.settings.zone)),
        )  # fmt: skip
        self.taps = Taps(parts)

    def open_door(self) -> None:
        desk = Desk(self.taps, self.merchants, self.keys, self.metrics, idle_s=5.0, answer_s=8.0, in_flight_max=4)
        self.server = TerminalServer(desk, connections_max=3)

    async def start(self) -> None:
        await self.server.start("127.0.0.1", 0)
        self.till.port = self.server.port

    async def restart(self) -> None:
        """The same stores, everything else anew; the terminal signs on again."""
        await self.till.hang_up()
        await self.server.stop(5)
        self.ledger.fault = ""
        self.build()
        self.open_door()
        await self.start()
        assert await self.till.sign_on()

    async def seed(self) -> None:
        await self.ledger.open_accounts(self.chart.account("wallet", PERSON), self.chart.account("branch_cash", "b"))
        await self.fund(FUNDS)
        merchant = await self.merchants.register_merchant("Pharmacy", "per_2", "Tehran")
        self.merchant_id = merchant.id
        key = await self.merchants.register_terminal(merchant.id, "TERM0001")
        self.till = Till(key.terminal_id, key.merchant_number, key.key)
        await self.provision(self.phone)

    async def fund(self, minor: int) -> None:
        cause = new_id("csh", self.clock)
        cash, wallet = self.chart.id("branch_cash", "b"), self.chart.id("wallet", PERSON)
        paid = Transfer(transfer_id(cause, "cash"), cash, wallet, irr(minor), TransferCode.CASH_IN, cause)
        (result,) = await self.ledger.ledger.post(paid)
        assert result.outcome.stands
        self.funds += minor

    async def provision(self, phone: Phone) -> str:
        code = (await self.tokens.activation_code(PERSON)).code
        device, seal = phone.device.public_key().public_bytes_raw(), phone.seal.public_key().public_bytes_raw()
        result = await self.tokens.provision(ProvisionRequest(MSISDN, code, device, seal))
        assert result.token is not None
        phone.take(result.token)
        return result.token.id

    async def ask(self, mti: str, fields: dict[int, str | bytes]) -> Message:
        return iso8583.decode(await self.till.ask(mti, fields))

    async def wallet(self) -> tuple[int, int]:
        """What the person owns, and what of it may be spent."""
        balances = await self.ledger.ledger.balances(self.chart.id("wallet", PERSON))
        assert balances is not None
        return balances.net_credit, balances.available_credit

    async def payable(self) -> int:
        balances = await self.ledger.ledger.balances(self.chart.id("merchant_clearing", self.merchant_id))
        assert balances is not None
        return balances.net_credit

    async def assert_money_is_whole(self) -> None:
        rows = await self.ledger.ledger.trial_balance()
        assert sum(row.debits_posted - row.credits_posted for row in rows) == 0
        assert (await self.wallet())[0] + await self.payable() == self.funds

    def refused(self, reason: str) -> float:
        value = self.metrics.registry.get_sample_value(
            "tapdial_refused_input_total", {"door": "iso8583", "reason": reason}
        )
        return value or 0.0


@asynccontextmanager
async def running(url: str, clock: Clock) -> AsyncIterator[World]:
    """A world over fresh databases that have both schemas, its terminal signed on."""
    wallet_url = url.replace("test.db", "wallet.db")
    store, ledger = await Store.open(url), await Ledger.open(wallet_url, clock)
    world = World(store, ledger, clock)
    try:
        await world.seed()
        await world.start()
        assert await world.till.sign_on()
        yield world
        await world.assert_money_is_whole()
    finally:
        await world.till.hang_up()
        await world.server.stop(5)
        await store.close()
        await ledger.close()
