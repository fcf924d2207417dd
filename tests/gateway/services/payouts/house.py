"""A house that pays batches over a real store and a real ledger, with everybody around it in lists."""

import io
from collections.abc import AsyncIterable, AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection

from gateway.errors import PeerUnavailable
from gateway.observe import Metrics
from gateway.services.banking.model import BankOrder, BankPayment, News, PaymentNews
from gateway.services.payees.model import AccountKind, PayeeAccount
from gateway.services.payouts import Batch, Due, Item, Known, Parts, PayoutOutcome, Payouts, Source, Verdict
from gateway.services.signing.model import Document, ProofOutcome
from gateway.services.telling import NoticeValue
from gateway.settings import Settings
from gateway.store import Store
from wallet.accounts import Chart
from wallet.clock import Clock, ManualClock
from wallet.ids import new_id, transfer_id
from wallet.ledger import Ledger
from wallet.money import IRR, Money, irr
from wallet.transfers import Transfer, TransferCode

MAKER, CHECKER = "stf_maker", "stf_checker"
LINE = "sickness"


def iban(place: int) -> str:
    """A valid Iranian IBAN."""
    digits = f"{place:022d}"
    check = 98 - int(f"{digits}182700") % 97
    return f"IR{check:02d}{digits}"


def msisdn(place: int) -> str:
    return f"+98912{place:07d}"


@dataclass
class People:
    """Who is behind a number, and where each wants to be paid."""

    by_number: dict[str, Known] = field(default_factory=dict)
    by_national: dict[str, Known] = field(default_factory=dict)
    chosen: dict[str, PayeeAccount] = field(default_factory=dict)

    def add(self, clock: Clock, place: int, *, name: str = "", national: str = "") -> Known:
        known = Known(new_id("per", clock), name or f"Person {'abcdefghij'[place % 10]}", msisdn(place), "en")
        self.by_number[known.msisdn] = known
        if national:
            self.by_national[national] = known
        return known

    def wants(
        self,
        known: Known,
        account: str,
        cool_until: datetime | None = None,
        *,
        since: datetime | None = None,
        frozen: bool = False,
    ) -> None:
        kind = AccountKind.IBAN if account else AccountKind.WALLET
        self.chosen[known.person_id] = PayeeAccount(
            known.person_id, kind, account, "Registered Name", since, cool_until, frozen
        )

    async def by_msisdns(self, msisdns: Collection[str]) -> Mapping[str, Known]:
        return {one: self.by_number[one] for one in msisdns if one in self.by_number}

    async def by_nationals(self, numbers: Collection[str]) -> Mapping[str, Known]:
        return {one: self.by_national[one] for one in numbers if one in self.by_national}

    async def by_ids(self, ids: Collection[str]) -> Mapping[str, Known]:
        wanted = set(ids)
        return {known.person_id: known for known in self.by_number.values() if known.person_id in wanted}

    async def accounts(self, person_ids: Collection[str]) -> Mapping[str, PayeeAccount]:
        return {one: self.chosen[one] for one in person_ids if one in self.chosen}


@dataclass
class Proposed:
    id: str


@dataclass
class Approvals:
    """What was proposed, and who agreed."""

    proposed: dict[str, dict[str, object]] = field(default_factory=dict)

    async def propose(
        self,
        kind: str,
        subject: str,
        payload: Mapping[str, str],
        maker: str,
        *,
        amount: Money | None,
        not_before: datetime | None,
    ) -> Proposed:
        id_ = f"apr_{subject}"
        self.proposed[id_] = {"kind": kind, "maker": maker, "amount": amount, "not_before": not_before, **payload}
        return Proposed(id_)

    async def deciders(self, approval_id: str) -> frozenset[str]:
        return frozenset({str(self.proposed[approval_id]["maker"]), CHECKER})


@dataclass
class Signatures:
    """Documents by their subject, and what was signed; a signature is of a digest, so another digest differs."""

    documents: dict[str, Document] = field(default_factory=dict)
    signed: dict[str, bytes] = field(default_factory=dict)
    said: dict[str, ProofOutcome] = field(default_factory=dict)

    async def ask(self, document: Document, *, anew: bool = False) -> None:
        self.documents[document.subject] = document
        if anew and self.said.get(document.subject) is ProofOutcome.EXPIRED:
            del self.said[document.subject]

    async def withdraw(self, kind: str, subject: str, reason: str) -> None:
        self.documents.pop(subject, None)

    async def proof(self, kind: str, subject: str, digest: bytes) -> ProofOutcome:
        assert kind == "payout_batch"
        if subject not in self.documents:
            return ProofOutcome.UNKNOWN
        if subject in self.said:
            return self.said[subject]
        if subject not in self.signed:
            return ProofOutcome.WAITING
        return ProofOutcome.SIGNED if self.signed[subject] == digest else ProofOutcome.DIFFERS

    def sign(self, subject: str) -> None:
        self.signed[subject] = self.documents[subject].digest


@dataclass
class Bank:
    """Orders as they came; the same order twice is one, another one under the same id is a bug."""

    orders: dict[str, tuple[BankOrder, list[BankPayment]]] = field(default_factory=dict)
    enquiries: list[str] = field(default_factory=list)
    down: bool = False

    async def order(self, order: BankOrder, payments: AsyncIterable[Sequence[BankPayment]]) -> None:
        if self.down:
            raise PeerUnavailable("the bank does not answer")
        listed = [payment async for page in payments for payment in page]
        assert (order.count, order.total.minor) == (len(listed), sum(one.amount.minor for one in listed))
        known = self.orders.setdefault(order.id, (order, listed))
        assert known == (order, listed), "an order is never another one"

    async def withdraw(self, order: BankOrder) -> bool:
        return order.id not in self.orders

    async def enquire(self, order_id: str, end_to_end_ids: Sequence[str]) -> None:
        self.enquiries += end_to_end_ids

    @property
    def payments(self) -> list[BankPayment]:
        return [payment for _, payments in self.orders.values() for payment in payments]


@dataclass
class Told:
    """Notices by what caused them."""

    told: list[tuple[str, str, Mapping[str, NoticeValue]]] = field(default_factory=list)

    async def prepared(
        self,
        class_: str,
        *,
        cause: str,
        msisdn: str,
        person_id: str,
        language: str,
        values: Mapping[str, NoticeValue],
        secrets: Mapping[str, str],
    ) -> Callable[[Connection], bool]:
        def tell(_tx: Connection) -> bool:
            self.told.append((class_, cause, values))
            return True

        return tell


@dataclass
class Claims:
    """A source: what is decided, which batch has it, and what came of it."""

    dues: dict[str, Due] = field(default_factory=dict)
    with_batch: dict[str, str] = field(default_factory=dict)
    verdicts: dict[str, Verdict] = field(default_factory=dict)

    async def due(self, *, after: str, limit: int) -> Sequence[Due]:
        free = (one for id_, one in sorted(self.dues.items()) if id_ > after and id_ not in self.with_batch)
        return [one for one, _ in zip(free, range(limit), strict=False)]

    async def taken(self, source_ids: Sequence[str], batch_id: str) -> Sequence[str]:
        return [one for one in source_ids if self.with_batch.setdefault(one, batch_id) == batch_id]

    async def left(self, source_ids: Sequence[str], batch_id: str) -> None:
        for one in source_ids:
            if self.with_batch.get(one) == batch_id:
                del self.with_batch[one]

    async def ended(self, source_id: str, verdict: Verdict, item_id: str, at: datetime) -> None:
        self.verdicts[source_id] = verdict
        if verdict is Verdict.NOT_PAID:
            self.with_batch.pop(source_id, None)


@dataclass
class House:
    """Payouts on one pair of databases, and verbs short enough for a test to read as a story."""

    store: Store
    ledger: Ledger
    clock: ManualClock
    settings: Settings
    chart: Chart = field(default_factory=Chart.load)
    people: People = field(default_factory=People)
    approvals: Approvals = field(default_factory=Approvals)
    signatures: Signatures = field(default_factory=Signatures)
    bank: Bank = field(default_factory=Bank)
    teller: Told = field(default_factory=Told)
    claims: Claims = field(default_factory=Claims)
    metrics: Metrics = field(default_factory=Metrics)
    payouts: Payouts = field(init=False)

    def __post_init__(self) -> None:
        self.payouts = self.another()

    def another(self) -> Payouts:
        """The same service as another process has it."""
        sources: dict[str, Source] = {"benefits": self.claims}
        return Payouts(
            Parts(
                self.store,
                self.clock,
                self.ledger,
                self.chart,
                self.people,
                self.people,
                self.approvals,
                self.signatures,
                self.bank,
                self.teller,
                sources,
                self.settings,
                self.metrics,
            )
        )

    async def money(self, *, trust: int = 10**12, budget: int = 10**12) -> None:
        """Money at the bank, against what the institution put in; and a budget."""
        bank, funding = self.chart.account("trust_bank"), self.chart.account("funding")
        await self.ledger.open_accounts(bank, funding)
        id_ = new_id("tst", self.clock)
        transfer = Transfer(transfer_id(id_, "open"), bank.id, funding.id, irr(trust), TransferCode.OPENING, id_)
        (result,) = await self.ledger.post(transfer)
        assert result.outcome.stands
        if budget:
            assert await self.payouts.appropriate(LINE, irr(budget), MAKER, "the year") is PayoutOutcome.OK

    async def draft(self, file: bytes, *, name: str = "November", reason: str = "") -> Batch:
        """A file as a draft, or refused."""
        batch = await self.payouts.create(name, line=LINE, staff_id=MAKER)
        assert (await self.payouts.upload(batch.id, io.BytesIO(file), reason=reason)).outcome is PayoutOutcome.OK
        return await self.payouts.load(batch.id)

    async def agreed(self, batch_id: str) -> None:
        """Locked and agreed to."""
        assert (await self.payouts.lock(batch_id, MAKER)).outcome is PayoutOutcome.OK
        assert await self.payouts.approved(batch_id, f"apr_{batch_id}") == "approved"

    async def signed(self, batch_id: str) -> None:
        """Agreed to and signed, and not yet released."""
        await self.agreed(batch_id)
        await self.payouts.tick()
        self.signatures.sign(batch_id)
        await self.payouts.signed(batch_id, "doc_1")

    async def released(self, file: bytes) -> Batch:
        """A file whose every payment was handed over."""
        batch = await self.draft(file)
        await self.signed(batch.id)
        await self.work()
        return await self.batch(batch.id)

    async def work(self, rounds_max: int = 200) -> None:
        for _ in range(rounds_max):
            if not await self.payouts.tick():
                return
        raise AssertionError("the worker never rests")

    async def batch(self, batch_id: str) -> Batch:
        found = await self.payouts.by_id(batch_id)
        assert found is not None
        return found

    async def items(self, batch_id: str) -> list[Item]:
        return await self.payouts.items(batch_id, limit=1000)

    async def states(self, batch_id: str) -> list[str]:
        return [one.state.value for one in await self.items(batch_id)]

    async def said(self, *what: tuple[Item, PaymentNews], reason: str = "", minor: int | None = None) -> None:
        """The bank says these things, in this order."""
        await self.say(self.payouts, *what, reason=reason, minor=minor)

    async def say(
        self, payouts: Payouts, *what: tuple[Item, PaymentNews], reason: str = "", minor: int | None = None
    ) -> None:
        """It says them to this process."""
        now = self.clock.now()
        amounts = [irr(item.amount.minor if minor is None else minor) for item, _ in what]
        await payouts.take(
            [
                News(item.end_to_end_id, kind, amount, reason, f"camt.053 S1 line {place}", now)
                for place, ((item, kind), amount) in enumerate(zip(what, amounts, strict=True), start=1)
            ]
        )

    async def net(self, role: str, owner: str = "") -> int:
        """Credits over debits of an account."""
        found = await self.ledger.balances(self.chart.id(role, owner, IRR))
        return 0 if found is None else found.net_credit

    async def holds(self) -> tuple[int, int]:
        """What is held of the budget and of the trust account."""
        budget = await self.ledger.balances(self.chart.id("budget", LINE))
        trust = await self.ledger.balances(self.chart.id("trust_bank"))
        return (budget.debits_held if budget else 0, trust.credits_held if trust else 0)


@asynccontextmanager
async def open_house(url: str, clock: ManualClock, *, made: bool = False, **settings: object) -> AsyncIterator[House]:
    """On a database of either kind, whose schemas are `made` already or are made."""
    wallet_url = url if url.startswith("postgresql") else url.replace(".db", "-wallet.db")
    if not made:
        await Store.upgrade(url)
        await Ledger.upgrade(wallet_url)
    store, ledger = await Store.open(url), await Ledger.open(wallet_url, clock)
    try:
        yield House(store, ledger, clock, Settings(**settings))  # type: ignore[arg-type]
    finally:
        await ledger.close()
        await store.close()
