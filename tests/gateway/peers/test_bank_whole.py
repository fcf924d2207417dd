"""Banking, a door and the simulated bank together: what is ordered is paid once, and what the bank says comes home."""

import contextlib
import hashlib
import shutil
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from gateway.errors import PeerUnavailable
from gateway.observe import Metrics
from gateway.peers.bank import FolderBank, HttpBank
from gateway.services.banking import Banking, BankOrder, BankPayment, News, Parts, Scheme, read_bank_profile
from gateway.store import Store
from simulators.bank import Account, Bank, Books, Format, Terms, iban
from simulators.faults import BankFaults
from simulators.trace import Trace
from tests.simulators.bank.pain import magic
from wallet.clock import ManualClock
from wallet.money import irr

BALANCE = 1_000_000
TOKEN = "bank-token-of-the-tests"
TODAY = date(2026, 11, 22)


@dataclass
class Taker:
    """Whoever has ordered."""

    heard: list[tuple[str, str, str]] = field(default_factory=list)

    async def take(self, news: Sequence[News]) -> None:
        self.heard += [(one.end_to_end_id, one.what.value, one.reason) for one in news]

    def of(self, end_to_end_id: str) -> list[tuple[str, str]]:
        """What was said of it, each once, in order."""
        return list(dict.fromkeys((what, reason) for key, what, reason in self.heard if key == end_to_end_id))


@dataclass
class Town:
    """Both sides; `carry` is what somebody does with folders, if there are any."""

    banking: Banking
    another: Callable[[], Banking]
    taker: Taker
    bank: Bank
    faults: BankFaults
    clock: ManualClock
    carry: Callable[[], Awaitable[None]]

    async def order(self, payments: list[BankPayment], order_id: str = "ord_1", scheme: Scheme = Scheme.GROUP) -> None:
        total = irr(sum(one.amount.minor for one in payments))
        wanted = BankOrder(order_id, "bat_1", scheme, TODAY, len(payments), total)

        async def pages() -> AsyncIterator[Sequence[BankPayment]]:
            yield payments

        await self.banking.order(wanted, pages())

    async def round(self) -> None:
        """Ship, have it carried, fetch until nothing comes."""
        await self.banking.ship()
        await self.carry()
        while await self.banking.fetch():
            pass

    async def paid(self) -> Counter[str]:
        """How often the bank has paid each."""
        rows = await self.bank.ask(lambda books: books.states())
        return Counter(key for key, _, state in rows if state in ("paid", "returned"))


def pay(number: int, ending: str = "") -> BankPayment:
    to = magic(ending) if ending else iban.of_account(10_000 + number)
    return BankPayment(f"TD{number:06d}", irr(1_000 + number), f"Payee {number}", to, "benefit", "SSBE")


@contextlib.asynccontextmanager
async def town(kind: str, folder: Path, template: Path, clock: ManualClock) -> AsyncIterator[Town]:
    faults, (profile, csv) = BankFaults(), read_bank_profile("")
    account = Account(profile.iban, profile.debtor, BALANCE)
    terms = Terms(formats=frozenset(Format) - {Format.CSV})
    bank = Bank(lambda: Books(None, (account,), faults, terms, clock.now), TOKEN, Trace(), faults)
    await bank.start("127.0.0.1", 0)
    store = await Store.open(f"sqlite:///{shutil.copy(template, folder / 'town.db')}")
    opened = (
        HttpBank(f"http://127.0.0.1:{bank.port}", TOKEN, timeout_s=3)
        if kind == "http"
        else FolderBank(folder / "mount", timeout_s=3)
    )
    async with opened as door:
        taker = Taker()
        parts = Parts(store, clock, Metrics(), ZoneInfo("Asia/Tehran"), folder / "ours", profile, csv, door)

        def another() -> Banking:
            banking = Banking(replace(parts))
            banking.tells(taker)
            return banking

        async def carry() -> None:
            if kind == "folder":
                await carried(folder / "mount", bank)

        yield Town(another(), another, taker, bank, faults, clock, carry)
    await store.close()
    await bank.stop()


async def carried(mount: Path, bank: Bank) -> None:
    """Somebody takes files from our folder to the bank and back; what is there already is not brought again."""
    for path in sorted((mount / "out").glob("*.xml")):
        octets = path.read_bytes()
        order_id, digest = path.stem, hashlib.sha256(octets).hexdigest()
        await bank.ask(partial(_took, order_id=order_id, digest=digest, octets=octets))
        path.unlink()
    (mount / "in").mkdir(parents=True, exist_ok=True)
    for one in await bank.ask(lambda books: books.listed("", 500)):
        if not any((mount / there / one.name).exists() for there in ("in", "taken")):
            octets = await bank.ask(partial(_held, name=one.name))
            (mount / "in" / f".{one.name}").write_bytes(octets)
            (mount / "in" / f".{one.name}").rename(mount / "in" / one.name)


def _took(books: Books, order_id: str, digest: str, octets: bytes) -> None:
    books.take(order_id, digest, octets)


def _held(books: Books, name: str) -> bytes:
    return books.octets(name) or b""


@pytest.fixture(params=["http", "folder"])
async def both(
    request: pytest.FixtureRequest, tmp_path: Path, sqlite_template: Path, clock: ManualClock
) -> AsyncIterator[Town]:
    async with town(request.param, tmp_path, sqlite_template, clock) as made:
        yield made


@pytest.fixture
async def http(tmp_path: Path, sqlite_template: Path, clock: ManualClock) -> AsyncIterator[Town]:
    async with town("http", tmp_path, sqlite_template, clock) as made:
        yield made


async def test_a_group_is_accepted_settled_rejected_and_returned(both: Town) -> None:
    await both.order([pay(1), pay(2, "9004"), pay(3, "9104"), pay(4, "9300"), pay(5, "9301")])

    await both.round()
    assert both.taker.of("TD000001") == [("accepted", "")]
    await both.bank.cycle()
    await both.round()
    await both.bank.cycle()
    await both.bank.end_of_day()
    await both.round()

    assert both.taker.of("TD000001") == [("accepted", ""), ("settled", "")]
    assert both.taker.of("TD000002") == [("accepted", ""), ("rejected", "AC04")]
    assert both.taker.of("TD000003") == [("accepted", ""), ("settled", ""), ("returned", "AC04")]
    assert both.taker.of("TD000004") == [("settled", "")], "no answer, but it stands on the statement"
    assert both.taker.of("TD000005") == [], "nobody knows; an enquiry of staff decides"


async def test_a_single_payment_is_settled_at_once(both: Town) -> None:
    await both.order([pay(1)], scheme=Scheme.SINGLE)

    await both.round()

    assert both.taker.of("TD000001") == [("settled", "")]


@pytest.mark.parametrize("fault", ["lost_answer_rate", "lost_order_rate"])
async def test_an_order_whose_line_was_cut_is_asked_for_and_paid_once(http: Town, fault: str) -> None:
    await http.order([pay(1), pay(2)])
    setattr(http.faults, fault, 1.0)
    await http.banking.ship()
    setattr(http.faults, fault, 0.0)
    http.clock.advance(timedelta(minutes=10))

    await http.another().ship()
    await http.bank.cycle()
    await http.round()

    assert await http.paid() == {"TD000001": 1, "TD000002": 1}
    assert http.taker.of("TD000002")[-1] == ("settled", "")


async def test_an_order_that_the_door_refuses_is_rejected_payment_by_payment(http: Town) -> None:
    http.faults.refuse_rate = 1.0
    await http.order([pay(1), pay(2)])

    await http.round()

    assert http.taker.of("TD000001") == http.taker.of("TD000002") == [("rejected", "FF01")]


async def test_two_processes_and_a_bank_that_says_all_twice_change_nothing(both: Town) -> None:
    both.faults.double_status_rate = both.faults.double_statement_rate = 1.0
    await both.order([pay(number) for number in range(20)])
    await both.banking.ship()
    await both.another().ship()
    await both.round()
    await both.bank.cycle()
    await both.carry()
    await both.banking.fetch()
    await both.another().fetch()
    await both.round()

    assert set((await both.paid()).values()) == {1}
    assert all(both.taker.of(f"TD{number:06d}") == [("accepted", ""), ("settled", "")] for number in range(20))


async def test_a_garbled_statement_waits_until_it_is_right(http: Town) -> None:
    await http.order([pay(1)])
    await http.round()
    await http.bank.cycle()
    http.faults.garble_rate = 1.0
    with pytest.raises(PeerUnavailable):
        await http.banking.fetch()
    assert http.taker.of("TD000001") == [("accepted", "")]
    http.faults.garble_rate = 0.0

    await http.round()

    assert http.taker.of("TD000001") == [("accepted", ""), ("settled", "")]
