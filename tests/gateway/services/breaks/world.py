"""A bank, a rail and a reconciliation around breaks: typed fakes over a real ledger, store and matcher."""

import hashlib
from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from gateway.errors import Conflict
from gateway.observe import Metrics
from gateway.services.approvals import ApprovalOutcome, Approvals, StaffRef
from gateway.services.breaks import (
    KINDS,
    Break,
    BreakOutcome,
    BreakRow,
    Breaks,
    Key,
    OpenGroup,
    Parts,
    PostingState,
    Taken,
)
from gateway.settings import Settings
from gateway.store import Store
from wallet.accounts import Account, Chart
from wallet.clock import ManualClock
from wallet.ids import TransferId, new_id, transfer_id
from wallet.ledger import Ledger
from wallet.money import irr
from wallet.reconciliation import BreakType, Decided, Row, Side, Terms, Verdict, match
from wallet.transfers import PostResult, Transfer, TransferCode, TransferKind

MAKER, CHECKER, OTHER = "stf_maker", "stf_checker", "stf_other"
BANK, WALLETS = "bank", "wallets"
OPENING = 1_000_000
TERMS = {
    BANK: Terms(frozenset(Side), days=3),
    WALLETS: Terms(frozenset({Side.LEDGER, Side.RAIL}), days=3),
}


class Killed(Exception):
    """The process dies here."""


@dataclass(frozen=True, slots=True)
class Found:
    """An open group, as reconciliation hands it over."""

    id: str
    rows: Sequence[Row]
    broken: BreakType | None
    difference_minor: int
    asset: str
    since: date


@dataclass
class Till:
    """The ledger as breaks post with it; it may die before or after."""

    inner: Ledger
    kill: str = ""

    async def open_accounts(self, *accounts: Account) -> None:
        await self.inner.open_accounts(*accounts)

    async def post(self, *transfers: Transfer) -> list[PostResult]:
        self._die("before")
        results = await self.inner.post(*transfers)
        self._die("after")
        return results

    def _die(self, when: str) -> None:
        if self.kill == when:
            self.kill = ""
            raise Killed


@dataclass
class Books:
    """Reconciliation: what each side has, and what staff have decided."""

    rail: dict[str, dict[str, Row]] = field(default_factory=lambda: {BANK: {}, WALLETS: {}})
    bank: dict[str, Row] = field(default_factory=dict)
    own: dict[str, dict[str, Row]] = field(default_factory=lambda: {BANK: {}, WALLETS: {}})
    """Rows of the ledger of flows that are not about the trust account."""
    decided: dict[str, list[Decided]] = field(default_factory=lambda: {BANK: [], WALLETS: []})
    said: list[tuple[str, str, str]] = field(default_factory=list)
    suggested: set[Key] = field(default_factory=set)
    busy: int = 0

    async def link(self, flow: str, keys: Collection[Key], staff_id: str, reason: str) -> bool:
        if self.busy:
            self.busy -= 1
            raise Conflict("a run is being written")
        self.decided[flow].append(Decided(frozenset(keys), together=True))
        self.said.append(("link", staff_id, reason))
        return True

    async def part(self, flow: str, key: Key, staff_id: str, reason: str) -> bool:
        left = [one for one in self.decided[flow] if key not in one.rows]
        found, self.decided[flow] = len(left) < len(self.decided[flow]), left
        self.said.append(("part", staff_id, reason))
        return found

    async def explained(self, _flow: str, keys: Collection[Key]) -> bool:
        return not self.suggested.isdisjoint(keys)


@dataclass
class Rails:
    """What rails have not finished with, by the names that rows have for it."""

    open: set[str] = field(default_factory=set)

    async def pending(self, _flow: str, rows: Sequence[BreakRow]) -> bool:
        return any({row.own, row.end_to_end_id, row.batch} & self.open for row in rows)


class Members:
    """Finance."""

    async def may_own(self, staff_id: str) -> bool:
        return staff_id in {MAKER, CHECKER, OTHER}


class World:
    """One house with breaks."""

    def __init__(self, store: Store, ledger: Ledger, clock: ManualClock) -> None:
        self.store, self.ledger, self.clock, self.chart = store, ledger, clock, Chart.load()
        self.names: dict[str, str] = {}
        """What a transfer and the bank's line of it are both called."""
        self.till, self.books, self.rails = Till(ledger), Books(), Rails()
        self.metrics = Metrics()
        self.settings = Settings()
        self.breaks, self.approvals = self.house()

    def house(self) -> tuple[Breaks, Approvals]:
        """Another process over the same stores."""
        made: list[Breaks] = []

        async def approved(subject: str, approval_id: str) -> str:
            return await made[0].approved(subject, approval_id)

        async def refused(subject: str, approval_id: str) -> str:
            return await made[0].refused(subject, approval_id)

        approvals = Approvals(
            self.store,
            self.clock,
            self.settings,
            roles=dict.fromkeys(KINDS.values(), "finance"),
            executors=dict.fromkeys(KINDS.values(), approved),
            refusers=dict.fromkeys(KINDS.values(), refused),
        )
        parts = Parts(
            self.store, self.clock, self.till, self.ledger, self.chart, approvals, self.rails, Members(),
            self.settings, self.metrics,
        )  # fmt: skip
        made.append(Breaks(parts))
        made[0].joins(self.books, self.books)
        return made[0], approvals

    async def fund(self) -> None:
        """The house puts in its money; the bank has it too."""
        trust, funding = self.chart.account("trust_bank"), self.chart.account("funding")
        await self.ledger.open_accounts(trust, funding, self.chart.account("suspense"))
        await self.post("trust_bank", "funding", OPENING, code=TransferCode.OPENING, name="opening")
        self.banks(OPENING, "opening", end_to_end_id="opening")

    async def post(
        self, debit: str, credit: str, minor: int, *, name: str, code: TransferCode = TransferCode.PAYOUT_SETTLED
    ) -> TransferId:
        """Move money as a service does; accounts as `role` or `role:owner`."""
        one, other = self.account(debit), self.account(credit)
        await self.ledger.open_accounts(one, other)
        cause = new_id("itm", self.clock)
        transfer = Transfer(transfer_id(cause, name), one.id, other.id, irr(minor), code, cause)
        (result,) = await self.ledger.post(transfer)
        assert result.outcome.stands, result.outcome
        self.names[str(transfer.id)] = name
        return transfer.id

    def account(self, name: str) -> Account:
        """By `role` or `role:owner`."""
        role, _, owner = name.partition(":")
        return self.chart.account(role, owner)

    def banks(self, minor: int, id_: str, *, end_to_end_id: str = "", back: bool = False, days: int = 0) -> Key:
        """The bank books it."""
        on = self.today(days)
        row = Row(Side.BANK, id_, minor, "IRR", on, on, end_to_end_id=end_to_end_id, back=back)
        self.books.bank[id_] = row
        return Side.BANK, id_

    def rails_has(self, flow: str, minor: int, name: str) -> Key:
        """The rail has an item of it."""
        on = self.today()
        row = Row(Side.RAIL, f"itm_{name}", minor, "IRR", on, on, own=name, end_to_end_id=name)
        self.books.rail[flow][row.id] = row
        return Side.RAIL, row.id

    async def wallet_paid(self, minor: int, name: str) -> TransferId:
        """The ledger has paid an item into a wallet, which is a row of the flow `wallets`."""
        paid = await self.post("payout_expense:care", "wallet:per_1", minor, name=name, code=TransferCode.PAYOUT)
        on = self.today()
        self.books.own[WALLETS][str(paid)] = Row(Side.LEDGER, str(paid), -minor, "IRR", on, on, own=name)
        return paid

    def today(self, days: int = 0) -> date:
        """The day, or one so many days from it."""
        now = self.clock.now()
        return date.fromordinal(now.date().toordinal() + days)

    async def ledger_rows(self, flow: str) -> list[Row]:
        """What a run reads of the ledger."""
        if flow != BANK:
            booked = [row async for page in self.breaks.booked(flow, Side.LEDGER, *self.always()) for row in page]
            return [*self.books.own[flow].values(), *booked]
        trust, found, after = self.chart.id("trust_bank"), list[Row](), 0
        while page := await self.ledger.follow(after=after):
            after = page[-1].position
            for one in page:
                moved = one.transfer
                sign = (moved.debit == trust) - (moved.credit == trust)
                if not sign:
                    continue
                name, ours = self.names.get(str(moved.id), ""), moved.cause.startswith("brk_")
                on = moved.effective_on or one.booked_at.date()
                back = moved.kind is TransferKind.REVERSE
                found.append(Row(
                    Side.LEDGER, str(moved.id), sign * moved.amount.minor, "IRR", on, on, own=name,
                    end_to_end_id=name, reference=moved.cause if ours else "", back=back,
                    undoes=str(moved.cites) if back else "",
                ))  # fmt: skip
        return found

    async def rail_rows(self, flow: str) -> list[Row]:
        """What a run reads of the rail."""
        booked = []
        if flow == BANK:
            booked = [row async for page in self.breaks.booked(flow, Side.RAIL, *self.always()) for row in page]
        return [*self.books.rail[flow].values(), *booked]

    def always(self) -> tuple[date, date]:
        """Every day."""
        return date(2000, 1, 1), date(2100, 1, 1)

    async def groups(self, flow: str = BANK) -> list[Found]:
        """The open groups."""
        bank = list(self.books.bank.values()) if flow == BANK else []
        ledger, rail = await self.ledger_rows(flow), await self.rail_rows(flow)
        found = match(TERMS[flow], ledger, rail, bank, self.books.decided[flow])
        return [
            found_group(group.rows, group.broken, group.difference_minor)
            for group in found
            if group.verdict is not Verdict.MATCHED
        ]

    async def run(self, flow: str = BANK, *, size: int = 3, breaks: Breaks | None = None) -> Taken:
        """A run of reconciliation over everything, and what it makes of breaks."""
        self.clock.advance(timedelta(seconds=1))
        run_id = new_id("rcn", self.clock)
        return await (breaks or self.breaks).take(run_id, flow, pages(await self.groups(flow), size))

    async def taken_late(self, groups: Sequence[Found], began: datetime) -> Taken:
        """What becomes of groups that a run has read which began then."""
        return await self.breaks.take(new_id("rcn", ManualClock(began)), BANK, pages(groups, 3))

    async def only(self, flow: str = BANK) -> Break:
        """The one that stands."""
        (found,) = await self.breaks.breaks(flow=flow, standing=True, limit=10)
        whole = await self.breaks.by_id(found.id)
        assert whole is not None
        return whole

    async def agreed(self, break_id: str, *, by: str = CHECKER) -> PostingState:
        """Another one of finance agrees to what was proposed for it; how far the posting is then."""
        posting = (await self.breaks.postings(break_id))[-1]
        self.clock.advance(timedelta(seconds=1))
        outcome = await self.approvals.approve(posting.approval_id, StaffRef(by, frozenset({"finance"})))
        assert outcome is ApprovalOutcome.APPROVED, outcome
        return (await self.breaks.postings(break_id))[-1].state

    async def written_off(self, break_id: str) -> PostingState:
        """Proposed and agreed to."""
        said = await self.breaks.propose_write_off(break_id, "too old", MAKER)
        assert said is BreakOutcome.OK, said
        return await self.agreed(break_id)

    async def net(self, name: str) -> int:
        """Debits less credits of an account, 0 if there is none."""
        balances = await self.ledger.balances(self.account(name).id)
        return 0 if balances is None else -balances.net_credit

    async def says(self, name: str) -> float:
        """What a metric without labels says."""
        value = self.metrics.registry.get_sample_value(name)
        assert value is not None
        return value


def found_group(rows: Sequence[Row], broken: BreakType | None, difference_minor: int) -> Found:
    """An open group; its id follows from its rows, as an unchanged one keeps its own."""
    name = "\n".join(sorted(f"{row.side.value}:{row.id}:{row.minor}" for row in rows))
    digest = hashlib.sha256(f"{name} {broken} {difference_minor}".encode()).hexdigest()
    return Found(f"rcg_{digest[:26]}", rows, broken, difference_minor, "IRR", min(row.on for row in rows))


async def pages(groups: Sequence[OpenGroup], size: int) -> AsyncIterator[Sequence[OpenGroup]]:
    """A few at a time."""
    for start in range(0, len(groups), size):
        yield groups[start : start + size]
