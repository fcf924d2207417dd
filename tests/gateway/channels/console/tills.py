"""Merchants, terminals, tokens, taps and clearing for the console's tests: the services themselves, asked as a terminal
asks. A phone and a terminal are those of the terminals' door."""

from typing import Protocol
from zoneinfo import ZoneInfo

from gateway.keys import SoftwareKeyStore
from gateway.observe import Metrics
from gateway.services.clearing import Clearing, read_calendar, read_schedule
from gateway.services.clearing import Parts as ClearingParts
from gateway.services.controls import Controls
from gateway.services.links import TerminalBoard
from gateway.services.merchants import Merchant, Merchants
from gateway.services.people import Person
from gateway.services.taps import Decider, Parts, Tap, TapPolicy, Taps
from gateway.services.tokens import ProvisionRequest, Token, Tokens
from gateway.settings import Settings
from gateway.store import Store
from gateway.wire import iso8583
from gateway.wire.iso8583 import Message
from tests.gateway.channels.nfc.phone import Phone, Till
from wallet.accounts import Chart
from wallet.clock import Clock
from wallet.ids import new_id, transfer_id
from wallet.ledger import Ledger
from wallet.money import irr
from wallet.transfers import Transfer, TransferCode

Fields = dict[int, str | bytes]
TERMINAL = "TERM0001"


class People(Protocol):
    people: dict[str, Person]


class Holders:
    """The console's people, as tokens see them."""

    def __init__(self, people: People) -> None:
        self._people = people

    async def by_msisdn(self, msisdn: str) -> Person | None:
        return next((one for one in self._people.people.values() if one.msisdn == msisdn), None)

    async def by_id(self, person_id: str) -> Person | None:
        return self._people.people.get(person_id)

    async def national_number_ends(self, _person_id: str, _digits: str) -> bool:
        return False


class Tills:
    """What takes taps."""

    def __init__(self, store: Store, ledger: Ledger, clock: Clock, people: People) -> None:
        self.ledger, self.clock, self.people, self.chart = ledger, clock, people, Chart.load()
        keys, settings, metrics = SoftwareKeyStore.for_tests(), Settings(), Metrics()
        zone = ZoneInfo(settings.zone)
        self.merchants = Merchants(store, ledger, self.chart, keys, clock)
        self.tokens = Tokens(store, Holders(people), keys, clock, settings)
        self.controls = Controls(store, clock)
        self.lines = TerminalBoard(store, clock)
        decider = Decider(TapPolicy.load(), self.controls, zone)
        self.taps = Taps(
            Parts(store, ledger, self.chart, keys, self.tokens, self.merchants, clock, settings, metrics, decider)
        )
        self.clearing = Clearing(
            ClearingParts(
                store, clock, ledger, ledger, self.chart, keys, self.taps, self.merchants, read_schedule(),
                read_calendar(zone), settings,
            )
        )  # fmt: skip
        self.phone = Phone()
        self.till = Till(TERMINAL, "", b"")

    async def open(self, person: Person, minor: int = 10_000_000) -> tuple[Merchant, Token]:
        """A pharmacy of theirs with a terminal, money in their wallet, and a phone that pays out of it."""
        merchant = await self.merchants.register_merchant("Noor Pharmacy", person.id, "Tehran", category="5912")
        made = await self.merchants.register_terminal(merchant.id, TERMINAL)
        self.till = Till(TERMINAL, made.merchant_number, made.key)
        await self.fund(person, minor)
        return merchant, await self.provision(person)

    async def fund(self, person: Person, minor: int) -> None:
        cash, wallet = self.chart.account("branch_cash", "b"), self.chart.account("wallet", person.id)
        await self.ledger.open_accounts(cash, wallet)
        cause = new_id("csh", self.clock)
        moved = Transfer(transfer_id(cause, "cash"), cash.id, wallet.id, irr(minor), TransferCode.CASH_IN, cause)
        assert (await self.ledger.post(moved))[0].outcome.stands

    async def provision(self, person: Person) -> Token:
        code = (await self.tokens.activation_code(person.id)).code
        device, seal = (
            self.phone.device.public_key().public_bytes_raw(),
            self.phone.seal.public_key().public_bytes_raw(),
        )
        result = await self.tokens.provision(ProvisionRequest(person.msisdn, code, device, seal))
        assert result.token is not None
        self.phone.take(result.token)
        found = await self.tokens.token(result.token.id)
        assert found is not None
        return found

    async def ask(self, mti: str, fields: Fields) -> Message:
        """What the terminal is answered."""
        if mti in {"0320", "0500"}:
            return iso8583.decode(await self.clearing.answer(Message(mti, fields), TERMINAL))
        return iso8583.decode(await self.taps.answer(iso8583.decode(self.till.body(mti, fields)), TERMINAL))

    async def buy(self, minor: int, mti: str = "0200") -> Tap:
        """A tap; whatever became of it."""
        fields = self.till.purchase(self.phone, minor)
        await self.ask(mti, fields)
        found = [one for one in await self.taps.live(10) if one.stan == fields[11]]
        tap = await self.taps.tap(found[0].id)
        assert tap is not None
        return tap

    async def close(self, debits: int, minor: int) -> str:
        """The terminal's totals, this many purchases of this sum and no refund; DE39 of the answer."""
        zeros: Fields = {74: "0" * 10, 86: "0" * 16, 76: f"{debits:010d}", 88: f"{minor:016d}"}
        return (await self.ask("0500", self._of_batch() | zeros)).text(39)

    async def upload(self, stan: str, rrn: str, minor: int, approval: str = "APP999") -> str:
        """One item of the batch as the terminal has it; DE39 of the answer."""
        item: Fields = {
            3: "000000", 4: f"{minor:012d}", 37: rrn, 38: approval,
            90: f"0200{stan}{'0' * 10}{'581420':0>11}{'0' * 11}",
        }  # fmt: skip
        return (await self.ask("0320", self._of_batch() | item)).text(39)

    def _of_batch(self) -> Fields:
        self.till.stan += 1
        return {
            7: "1122090000", 11: f"{self.till.stan:06d}", 12: "120000", 13: "1122", 32: "581420", 41: TERMINAL,
            60: self.till.batch,
        }  # fmt: skip

    async def unlike(self) -> str:
        """A batch in which the terminal has what the house never approved; the exception's id."""
        tap = await self.buy(250_000)
        assert await self.close(2, 350_000) == "95"
        await self.upload(tap.stan, tap.rrn, 250_000, tap.approval)
        await self.upload("900001", "632611900001", 100_000)
        assert await self.close(2, 350_000) == "00"
        return (await self.clearing.views.exceptions())[0].id
