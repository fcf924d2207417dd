"""What stands for taps, merchants and terminals around clearing: typed fakes over a real ledger and a real store."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from gateway.keys import SoftwareKeyStore
from gateway.services.clearing import Clearing, Parts, read_calendar, read_schedule
from gateway.settings import Settings
from gateway.store import Store
from gateway.wire import iso8583
from gateway.wire.iso8583 import ACQUIRER, Message
from wallet.accounts import Account, Chart
from wallet.clock import ManualClock
from wallet.ids import new_id, transfer_id
from wallet.ledger import Ledger
from wallet.money import irr
from wallet.transfers import PostResult, Transfer, TransferCode

ZONE = ZoneInfo("Asia/Tehran")
PERSON = "per_01JAAAAAAAAAAAAAAAAAAAAAAA"
TERMINAL = "TERM0001"


class Killed(Exception):
    """The process dies here."""


class Healed(StrEnum):
    """As taps answer."""

    HEALED = "healed"
    UNKNOWN = "unknown"
    UNPAID = "unpaid"


@dataclass(frozen=True, slots=True)
class Took:
    """A Taking."""

    id: str
    kind: str
    terminal_id: str
    merchant_id: str
    stan: str
    rrn: str
    approval: str
    batch_number: str
    amount_minor: int
    settles_minor: int
    reversed: bool
    original_id: str
    taken_at: datetime
    cycle_id: str = ""


@dataclass(frozen=True, slots=True)
class Chemist:
    """A Shop."""

    id: str
    name: str = "Pharmacy"
    owner_person_id: str = "per_2"
    iban: str = ""
    iban_since: datetime | None = None
    iban_cool_until: datetime | None = None
    category: str = "0000"
    fee_class: str = ""


@dataclass(frozen=True, slots=True)
class Where:
    """A Terminal."""

    merchant_id: str


@dataclass
class Shops:
    """Merchants, and terminals each of the first merchant."""

    all: dict[str, Chemist] = field(default_factory=dict)

    async def terminal(self, terminal_id: str) -> Where | None:
        return Where(next(iter(self.all))) if terminal_id.startswith("TERM") else None

    async def by_ids(self, ids: Collection[str]) -> Mapping[str, Chemist]:
        return {one: self.all[one] for one in ids}

    async def merchants(self, limit: int = 100, after: str = "") -> Sequence[Chemist]:
        return [self.all[one] for one in sorted(self.all) if one > after][:limit]


class FaultyLedger:
    """The ledger; `kill_after` posts it posts once more and dies."""

    def __init__(self, ledger: Ledger) -> None:
        self.inner = ledger
        self.kill_after: int | None = None

    async def open_accounts(self, *accounts: Account) -> None:
        await self.inner.open_accounts(*accounts)

    async def post(self, *transfers: Transfer) -> list[PostResult]:
        results = await self.inner.post(*transfers)
        if self.kill_after is not None:
            self.kill_after -= 1
            if self.kill_after < 0:
                self.kill_after = None
                raise Killed
        return results


class Host:
    """Takings, with their money in the real ledger. `kill` names a verb that dies after it has done its work."""

    def __init__(self, ledger: FaultyLedger, clock: ManualClock) -> None:
        self.ledger, self.clock, self.chart = ledger, clock, Chart.load()
        self.took: dict[str, Took] = {}
        self.held: dict[tuple[str, str], Took] = {}
        """Approved and never completed, by trace number and reference."""
        self.kill = ""

    async def takings(self, terminal_id: str, batch_number: str) -> Sequence[Took]:
        return [one for one in self.took.values() if (one.terminal_id, one.batch_number) == (terminal_id, batch_number)]

    async def unsettled(self, cut: datetime, merchant_id: str = "", *, after: str, limit: int) -> Sequence[Took]:
        free = (one for one in self.took.values() if not one.cycle_id and one.taken_at < cut and not one.reversed)
        return sorted((one for one in free if one.id > after), key=lambda one: one.id)[:limit]

    async def mark(self, ids: Sequence[str], cycle_id: str) -> Sequence[str]:
        for one in ids:
            if not self.took[one].cycle_id:
                self.took[one] = replace(self.took[one], cycle_id=cycle_id)
        self._die("mark")
        return [one for one in ids if self.took[one].cycle_id == cycle_id]

    async def settling(self, cycle_id: str, *, after: str, limit: int) -> Sequence[Took]:
        self._die("settling")
        mine = (one for one in self.took.values() if one.cycle_id == cycle_id and one.id > after)
        return sorted(mine, key=lambda one: one.id)[:limit]

    async def heal(self, terminal_id: str, stan: str, rrn: str, amount_minor: int, approval: str) -> Healed:
        for one in self.took.values():
            if (one.stan, one.rrn, one.amount_minor, one.kind) == (stan, rrn, amount_minor, "purchase"):
                return Healed.HEALED
        held = self.held.pop((stan, rrn), None)
        if held is None or held.approval != approval:
            return Healed.UNKNOWN
        await self._capture(replace(held, amount_minor=amount_minor, settles_minor=amount_minor))
        self._die("heal")
        return Healed.HEALED

    async def buy(self, merchant_id: str, minor: int, stan: str, *, batch: str = "000001", lost: bool = False) -> Took:
        """A purchase; `lost`: it was approved, and its completion never came."""
        now = self.clock.now()
        one = Took(
            new_id("tap", self.clock), "purchase", TERMINAL, merchant_id, stan, f"RRN{stan:0>9}", "APP001", batch,
            minor, minor, False, "", now,
        )  # fmt: skip
        if lost:
            self.held[one.stan, one.rrn] = one
        else:
            await self._capture(one)
        return one

    async def refund(self, of: Took, minor: int, stan: str, *, batch: str = "000001") -> Took:
        """A refund: out of clearing while the purchase is in no cycle, else out of payable."""
        bought = self.took[of.id]
        settled = bool(bought.cycle_id)
        role = "merchant_payable" if settled else "merchant_clearing"
        one = Took(
            new_id("rfd", self.clock), "refund", TERMINAL, of.merchant_id, stan, f"RRN{stan:0>9}", "", batch,
            minor, minor if settled else 0, False, of.id, self.clock.now(),
        )  # fmt: skip
        account, wallet = self.chart.id(role, of.merchant_id), self.chart.id("wallet", PERSON)
        back = Transfer(transfer_id(one.id, "refund"), account, wallet, irr(minor), TransferCode.TAP_REFUND, one.id)
        (result,) = await self.ledger.inner.post(back)
        assert result.outcome.stands, result.outcome
        if not settled:
            self.took[of.id] = replace(bought, settles_minor=bought.settles_minor - minor)
        self.took[one.id] = one
        return one

    async def _capture(self, one: Took) -> None:
        wallet, clearing = self.chart.id("wallet", PERSON), self.chart.id("merchant_clearing", one.merchant_id)
        paid = Transfer(
            transfer_id(one.id, "capture"), wallet, clearing, irr(one.amount_minor), TransferCode.TAP, one.id
        )
        (result,) = await self.ledger.inner.post(paid)
        assert result.outcome.stands, result.outcome
        self.took[one.id] = replace(one, taken_at=self.clock.now())

    def _die(self, verb: str) -> None:
        if self.kill == verb:
            self.kill = ""
            raise Killed


class World:
    """Clearing over a real store and a real ledger; `reborn` stands for a process that was killed and started again."""

    def __init__(self, store: Store, ledger: Ledger, clock: ManualClock) -> None:
        self.store, self.clock, self.chart = store, clock, Chart.load()
        self.ledger = FaultyLedger(ledger)
        self.host = Host(self.ledger, clock)
        self.shops = Shops()
        self.keys = SoftwareKeyStore.for_tests()
        self.clearing = self.reborn()
        self._stan = 500_000

    def reborn(self) -> Clearing:
        parts = Parts(
            self.store, self.clock, self.ledger, self.ledger.inner, self.chart, self.keys, self.host,
            self.shops, read_schedule(), read_calendar(ZONE), Settings(),
        )  # fmt: skip
        self.clearing = Clearing(parts)
        return self.clearing

    async def shop(self, name: str = "Pharmacy") -> str:
        """A merchant with its accounts."""
        merchant_id = new_id("mer", self.clock)
        self.shops.all[merchant_id] = Chemist(merchant_id, name)
        roles = ("merchant_clearing", "merchant_payable")
        await self.ledger.open_accounts(*(self.chart.account(role, merchant_id) for role in roles))
        return merchant_id

    async def fund(self, minor: int = 10**12) -> None:
        """Money in the person's wallet."""
        wallet, cash = self.chart.account("wallet", PERSON), self.chart.account("branch_cash", "b")
        await self.ledger.open_accounts(wallet, cash)
        cause = new_id("csh", self.clock)
        (result,) = await self.ledger.inner.post(
            Transfer(transfer_id(cause, "cash"), cash.id, wallet.id, irr(minor), TransferCode.CASH_IN, cause)
        )
        assert result.outcome.stands

    async def balance(self, role: str, owner: str = "") -> int:
        """What an account is owed."""
        sums = await self.ledger.inner.balances(self.chart.id(role, owner))
        return sums.net_credit if sums is not None else 0

    async def day_ends(self) -> None:
        """The clock goes to the next midnight of the house, and the worker has its turns."""
        here = self.clock.now().astimezone(ZONE)
        midnight = (here + timedelta(days=1)).replace(hour=0, minute=0, second=1, microsecond=0)
        self.clock.advance(midnight - here)
        while await self.clearing.tick():
            pass

    def stan(self) -> str:
        """A trace number that was never used."""
        self._stan += 1
        return f"{self._stan:06d}"

    def totals(self, debits: int, minor: int, *, refunds: int = 0, back: int = 0, **more: str) -> Message:
        """A 0500."""
        return self._message(
            "0500", {74: f"{refunds:010d}", 76: f"{debits:010d}", 86: f"{back:016d}", 88: f"{minor:016d}"}, more
        )

    def item(self, one: Took, **more: str) -> Message:
        """A 0320."""
        code = "000000" if one.kind == "purchase" else "200000"
        original = f"0100{one.stan}{'0' * 10}{ACQUIRER:0>11}{'0' * 11}"
        fields = {3: code, 4: f"{one.amount_minor:012d}", 37: one.rrn, 38: one.approval or "      ", 90: original}
        return self._message("0320", fields, more)

    def _message(self, mti: str, fields: Mapping[int, str], more: Mapping[str, str]) -> Message:
        here = self.clock.now().astimezone(ZONE)
        told = {
            7: here.strftime("%m%d%H%M%S"), 11: self.stan(), 12: here.strftime("%H%M%S"), 13: here.strftime("%m%d"),
            32: ACQUIRER, 41: TERMINAL, 60: "000001",
        }  # fmt: skip
        return Message(mti, {**told, **fields, **{int(name[2:]): value for name, value in more.items()}})

    async def ask(self, message: Message) -> str:
        """DE39 of the answer, whose MAC is right and whose type is the request's."""
        body = await self.clearing.answer(message, TERMINAL)
        answer = iso8583.decode(body)
        span, mac = iso8583.split_mac(body)
        assert await self.keys.link_mac("acquirer", TERMINAL, span) == mac
        assert answer.mti == {"0320": "0330", "0500": "0510"}[message.mti]
        assert answer.text(11) == message.text(11)
        return answer.text(39)
