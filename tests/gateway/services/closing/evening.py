"""An evening of finance: a book, a bank's statements, phones that sign, and what other services say, in memory."""

import hashlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import insert

from gateway.keys import SoftwareKeyStore
from gateway.observe import Metrics
from gateway.peers.mssp import Mssp
from gateway.services.approvals import Delegations, Policy
from gateway.services.banking import BankDays, Banking, ImportOutcome, read_bank_profile
from gateway.services.banking import Parts as BankingParts
from gateway.services.closing import (
    DOCUMENT_KIND,
    BreakCount,
    CheckName,
    CloseOutcome,
    CloseState,
    Closing,
    DayClose,
    Doubt,
    FlowRun,
    Parts,
    UnsignedBreak,
)
from gateway.services.heads import HeadFile, Heads
from gateway.services.signing import Documents, Phones, Purpose, Signing, SigningParts, StartOutcome, Waiting
from gateway.services.signing.tables import signers
from gateway.services.staff import Role
from gateway.settings import Settings
from gateway.store import Store
from tests.gateway.services.signing.office import Person, Service, Staff
from tests.gateway.wire.bank_files import IBAN, camt, entry, statement
from wallet.accounts import Chart
from wallet.clock import ManualClock
from wallet.ids import new_id, transfer_id
from wallet.ledger import Ledger
from wallet.money import irr
from wallet.transfers import Transfer, TransferCode

DAY = date(2026, 11, 27)
NEXT = DAY + timedelta(days=1)
MORNING = datetime(2026, 11, 27, 8, 0, tzinfo=UTC)
NIGHT = datetime(2026, 11, 27, 21, 0, tzinfo=UTC)
"""Half an hour after the day in Tehran is over."""
CHART, ZONE = Chart.load(), ZoneInfo("Asia/Tehran")
SUE, SAM, FAY = "stf_sue", "stf_sam", "stf_fay"
ROLES = {SUE: {"signatory"}, SAM: {"finance"}, FAY: {"finance"}, "stf_ivo": {"branch_clerk"}}
NUMBERS = {SUE: "+989120000001", SAM: "+989120000002", FAY: "+989120000003"}


@dataclass
class Others:
    """What reconciliation, breaks and whoever may not know say; each keeps to its contract."""

    clock: ManualClock
    through: date | None = DAY
    started_at: datetime | None = None
    no_one_signed: list[UnsignedBreak] = field(default_factory=list)
    counted: list[BreakCount] = field(default_factory=list)
    doubts: list[Doubt] = field(default_factory=list)
    rows: dict[str, bytes] = field(default_factory=dict)
    contradicts: bool = False

    async def runs(self) -> list[FlowRun]:
        began = self.started_at or self.clock.now()
        return (
            [FlowRun("bank", self.through, began, began, banked=True)]
            if self.through
            else [FlowRun("bank", None, None, None)]
        )

    async def unsigned(self, through: date, *, limit: int) -> list[UnsignedBreak]:
        return self.no_one_signed[:limit]

    async def counts(self) -> list[BreakCount]:
        return self.counted

    async def unknown(self, before: datetime, *, limit: int) -> list[Doubt]:
        return [one for one in self.doubts if one.since < before][:limit]

    async def seal(self, through: date, at: datetime) -> AsyncIterator[tuple[str, bytes]]:
        for name, content in self.rows.items():
            yield name, hashlib.sha256(content).digest()
        if self.contradicts:
            yield "breaks_breaks:brk_1", bytes(32)


@dataclass
class Evening:
    """Everything, and verbs short enough for a test to read as a story."""

    store: Store
    ledger: Ledger
    clock: ManualClock
    banking: Banking
    others: Others
    heads: Heads
    closing: Closing
    parts: Parts
    signing: Signing
    phones: Phones
    staff: Staff
    gateway_url: str
    wallet_url: str
    metrics: Metrics

    def another(self) -> Closing:
        """The same service as another process has it."""
        return Closing(self.parts)

    async def post(
        self, debit: tuple[str, str], credit: tuple[str, str], minor: int, *, cause: str = "",
        cites: Transfer | None = None, code: TransferCode = TransferCode.CASH_IN, on: date | None = None,
    ) -> Transfer:  # fmt: skip
        """Book an amount from one role and owner to another."""
        one, other = CHART.account(*debit), CHART.account(*credit)
        await self.ledger.open_accounts(one, other)
        cause = cause or new_id("csh", self.clock)
        own = transfer_id(new_id("leg", self.clock), "leg")
        said = Transfer(
            own, one.id, other.id, irr(minor), code, cause, effective_on=on, cites=cites.id if cites else None
        )
        (result,) = await self.ledger.post(said)
        assert result.outcome.stands, result
        return said

    async def states(
        self, number: int, opening: int, closing: int, *lines: tuple[int, str], day: date = DAY, name: str = "",
        root: str = "camt.053",
    ) -> str:  # fmt: skip
        """The bank's statement of a day is brought; its id."""
        entries = [entry(minor, side) for minor, side in lines]
        text = statement(
            *entries, opening=opening, closing=closing, sequence=number, name=name or f"STM{number}", root=root
        )
        octets = camt(text, root=root).replace(b"2026-11-27", day.isoformat().encode())
        done = await self.banking.import_statement(octets, f"{day}.xml", FAY)
        assert done.outcome is ImportOutcome.TAKEN, done
        return done.statement_ids[0]

    async def ordinary(self, day: date = DAY, until: datetime = NIGHT) -> None:
        """A day on which everything is as it should be, seen from the night after it."""
        await self.post(("trust_bank", ""), ("funding", ""), 1_000)
        await self.post(("trust_bank", ""), ("wallet", "per_alice"), 700)
        await self.states(7, 0, 1_700, (1_000, "CRDT"), (700, "CRDT"), day=day)
        self.clock.advance(until - self.clock.now())
        await self.heads.publish()

    async def asked(self, day: date = DAY, staff_id: str = FAY) -> DayClose:
        """A day is asked for and sealed, and its signature too."""
        result = await self.closing.ask(day, staff_id)
        assert result.outcome is CloseOutcome.ASKED, result
        self.clock.advance(timedelta(seconds=6))
        assert await self.closing.sweep() == 1
        assert await self.closing.sweep() == 1
        close = await self.closing.by_id(result.close_id)
        assert close is not None
        assert close.state is CloseState.ASKED, close
        return close

    async def waiting(self) -> Waiting:
        """The document of the day that is being closed."""
        (newest, *_) = await self.signing.list_documents(limit=1)
        assert newest.document.kind == DOCUMENT_KIND
        return newest

    async def signs(self, staff_id: str = SUE) -> StartOutcome:
        """Somebody signs what waits by phone."""
        waiting = await self.waiting()
        person = self.staff.people[staff_id]
        started = await self.signing.sign(waiting.id, person, f"{staff_id}-{waiting.id}")
        if started.outcome is StartOutcome.OK:
            for row in await self.phones.claim(10):
                await self.phones.ask(row)
        return started.outcome

    async def closed(self, day: date = DAY) -> DayClose:
        """A day is asked for, signed and closed."""
        close = await self.asked(day)
        assert await self.signs() is StartOutcome.OK
        await self.closing.sweep()
        found = await self.closing.by_id(close.id)
        assert found is not None
        assert found.state is CloseState.SIGNED, found
        return found

    async def check(self, name: CheckName, day: date = DAY) -> bool:
        """Whether a check of a day holds."""
        return next(check.passed for check in (await self.closing.checklist(day)).checks if check.name is name)


@asynccontextmanager
async def opened(
    gateway_url: str, wallet_url: str, clock: ManualClock, folder: Path, real: Mssp | None = None
) -> AsyncIterator[Evening]:
    """An evening over two databases whose schemas are made, with phones in memory or those of a real service."""
    store, ledger = await Store.open(gateway_url), await Ledger.open(wallet_url, clock, zone=ZONE)
    staff = Staff({staff_id: Person(staff_id, frozenset(roles)) for staff_id, roles in ROLES.items()})
    phones_, settings, metrics = Service(clock), Settings(), Metrics()
    service = real or phones_
    policy, delegations = Policy.load("", {}, tuple(Role)), Delegations(store, clock, staff)
    documents = Documents(store, clock, policy, service)
    profile, csv = read_bank_profile("")
    banking = Banking(BankingParts(store, clock, metrics, ZONE, folder, profile, csv, None))
    heads = Heads(store, ledger, SoftwareKeyStore.for_tests(), clock, HeadFile(folder / "heads.jsonl"))
    others = Others(clock)
    parts = Parts(
        store, clock, ledger, CHART, heads, documents, BankDays(store, IBAN), settings, metrics, others, others,
        (others,), {"reconciliation": others},
    )  # fmt: skip
    closing = Closing(parts)
    signing_parts = SigningParts(store, clock, metrics, policy, delegations, staff, service, service, 5)
    signing = Signing(signing_parts, signed={DOCUMENT_KIND: closing.signed}, unsigned={DOCUMENT_KIND: closing.signed})
    phones = Phones(signing_parts, {Purpose.DOCUMENT: signing.ends})
    for staff_id, number in NUMBERS.items():
        if real is None:
            await enrolled(store, clock, staff_id, number, number[-4:])
            phones_.serials[number] = number[-4:]
    evening = Evening(
        store, ledger, clock, banking, others, heads, closing, parts, signing, phones, staff, gateway_url, wallet_url,
        metrics,
    )  # fmt: skip
    try:
        yield evening
    finally:
        await ledger.close()
        await store.close()


async def enrolled(
    store: Store, clock: ManualClock, staff_id: str, number: str, serial: str, subject: str = ""
) -> None:
    """Somebody's phone was enrolled before."""
    row = {"staff_id": staff_id, "msisdn": number, "serial": serial, "certificate": subject or f"CN={serial}"}
    row |= {"state": "active", "reason": "", "enrolled_by": "stf_adi", "approved_by": "stf_ada"}
    statement_ = insert(signers).values(enrolled_at=clock.now(), **row)
    await store.write(lambda tx: tx.execute(statement_).rowcount)


def facts_of(checks: Sequence[object], name: CheckName) -> list[tuple[str, object, str]]:
    """What a check shows, as plain tuples."""
    return [
        (fact.name.value, fact.cell, fact.of)
        for check in checks
        if getattr(check, "name", None) is name
        for fact in check.facts  # type: ignore[attr-defined]  # it is a Check
    ]
