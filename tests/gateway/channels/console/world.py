"""A small institution for the console's tests: real staff, access log, store and ledger; typed stubs of the rest."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from zoneinfo import ZoneInfo

import pyotp

from gateway.app.seen import SeenSessions
from gateway.app.signing import RolesOf
from gateway.channels.console import CauseView, ConsoleDeps
from gateway.errors import BadInput, NotFound
from gateway.keys import SoftwareKeyStore
from gateway.observe import Metrics
from gateway.services.access import Access
from gateway.services.approvals import (
    Delegations,
)
from gateway.services.benefits import DECISION_USES, AttesterBook
from gateway.services.decisions import Decisions
from gateway.services.dialogues import SessionCounts
from gateway.services.funnels import Funnels, Tariff
from gateway.services.jobs import Job, JobOutcome, JobState
from gateway.services.links import LinkBoard
from gateway.services.merchants import Merchants
from gateway.services.messages import Questions, Tickets
from gateway.services.notices import Mailbox, Outbox, Preferences
from gateway.services.payments import ClaimCode, Invoice, Payment, PaymentKind, PaymentState, PayOutcome, PayResult
from gateway.services.people import BranchPurpose, Person, PersonState, PersonView
from gateway.services.people.rules import is_email
from gateway.services.providers import Parts as ProviderParts
from gateway.services.providers import Providers
from gateway.services.releases import Releases
from gateway.services.staff import NewStaff, Passwords, Role, Staff
from gateway.settings import Settings
from gateway.store import Store
from tests.gateway.channels.console.approving import APPROVAL_ROLES, StubApprovals
from tests.gateway.channels.console.banks import banking_of
from tests.gateway.channels.console.books import StubReconciliation
from tests.gateway.channels.console.campaigns import campaigns_of
from tests.gateway.channels.console.claims import StubBenefits
from tests.gateway.channels.console.differences import StubBreaks
from tests.gateway.channels.console.evenings import StubClosing, StubFinding, StubReports
from tests.gateway.channels.console.payees import payees_of
from tests.gateway.channels.console.presses import releases_of
from tests.gateway.channels.console.signatures import StubSigners, StubSigning, StubSignIns
from tests.gateway.channels.console.teller import StubTeller
from tests.gateway.channels.console.tills import Tills
from tests.gateway.services.payouts.house import House as Paying
from ussd_menus import Style
from wallet.accounts import Chart
from wallet.clock import Clock, ManualClock
from wallet.ids import new_id, transfer_id
from wallet.ledger import Ledger
from wallet.money import Money, irr
from wallet.transfers import Transfer, TransferCode

PASSWORD = "correct horse battery"
STAFF: Mapping[str, tuple[str, Sequence[Role], str]] = {
    "officer": ("Omid Officer", [Role.BENEFITS_OFFICER], ""),
    "officer2": ("Olga Officer", [Role.BENEFITS_OFFICER, Role.BENEFITS_RELEASER], ""),
    "releaser": ("Reyhan Releaser", [Role.BENEFITS_RELEASER], ""),
    "clerk": ("Cyrus Clerk", [Role.BRANCH_CLERK], "tehran-1"),
    "homeless": ("Hoda Clerk", [Role.BRANCH_CLERK], ""),
    "finance": ("Farah Finance", [Role.FINANCE], ""),
    "finance2": ("Farid Finance", [Role.FINANCE], ""),
    "admin": ("Amir Admin", [Role.ADMINISTRATOR], ""),
    "payer": ("Parviz Payer", [Role.PAYOUTS_OFFICER], ""),
    "checker": ("Chista Checker", [Role.PAYOUTS_CHECKER], ""),
    "treasurer": ("Tara Treasurer", [Role.SIGNATORY], ""),
    "shopper": ("Shirin Shopper", [Role.MERCHANTS_OFFICER], ""),
    "carer": ("Kamran Carer", [Role.PROVIDERS_OFFICER], ""),
    "carer2": ("Katayun Carer", [Role.PROVIDERS_OFFICER], ""),
    "both": ("Bahar Both", [Role.ADMINISTRATOR, Role.BRANCH_CLERK], "tehran-1"),
}


class StubPeople:
    """People in a dict; every view is kept as a row of the access log."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.people: dict[str, Person] = {}
        self.viewed: list[tuple[str, str, str]] = []

    def add(self, name: str, name_fa: str, msisdn: str, state: PersonState = PersonState.ACTIVE) -> Person:
        person = Person(new_id("per", self.clock), msisdn, name, name_fa, "fa", state, "", self.clock.now())
        self.people[person.id] = person
        return person

    async def by_id(self, person_id: str) -> Person | None:
        return self.people.get(person_id)

    async def view(self, person_id: str, staff_id: str, reason: str) -> PersonView | None:
        person = self.people.get(person_id)
        if person is None:
            return None
        self.viewed.append((staff_id, person_id, reason))
        locked_at = self.clock.now() if person.state is PersonState.LOCKED else None
        return PersonView(person, "0012345679", 3 if locked_at else 0, locked_at, self.clock.now())

    async def search(self, text: str, staff_id: str) -> list[Person]:
        wanted = text.lower().removeprefix("0")
        found = [p for p in self.people.values() if wanted in p.name.lower() or wanted in p.msisdn]
        self.viewed += [(staff_id, person.id, "search") for person in found]
        return found

    async def set_email(self, person_id: str, email: str, staff_id: str) -> None:
        if email and not is_email(email):
            raise BadInput("form")
        self.people[person_id] = replace(self.people[person_id], email=email)
        self.viewed.append((staff_id, person_id, "email"))

    async def set_reading(self, person_id: str, language: str, style: Style, staff_id: str) -> None:
        self.people[person_id] = replace(self.people[person_id], language=language, style=style)
        self.viewed.append((staff_id, person_id, "reading"))

    async def issue_branch_code(
        self,
        purpose: BranchPurpose,
        msisdn: str,
        national_number: str,
        staff_id: str,
        *,
        name: str = "",
        name_fa: str = "",
        branch: str = "",
    ) -> str:
        if purpose is BranchPurpose.UNLOCK and not await self.search(msisdn, staff_id):
            raise NotFound("nobody")
        return "48151623"


class StubPayments:
    """Cash-in into the real ledger, once for each key."""

    def __init__(self, clock: Clock, ledger: Ledger, chart: Chart, people: StubPeople) -> None:
        self.clock, self.ledger, self.chart, self.people = clock, ledger, chart, people
        self.payments: dict[str, Payment] = {}

    async def cash_in(self, person_id: str, amount: Money, branch: str, staff_id: str, form_key: str) -> PayResult:
        if self.people.people[person_id].state is PersonState.CODE_PENDING:
            return PayResult(PayOutcome.NOT_ENROLLED)
        if amount.minor > 500_000_000:
            return PayResult(PayOutcome.OVER_LIMIT, limit=irr(500_000_000))
        known = self.payments.get(form_key)
        if known is None:
            known = self.payments[form_key] = self._payment(person_id, amount, branch, staff_id, form_key)
            cash, wallet = self.chart.account("branch_cash", branch), self.chart.account("wallet", person_id)
            await self.ledger.open_accounts(cash, wallet)
            moved = Transfer(transfer_id(known.id, "cash"), cash.id, wallet.id, amount, TransferCode.CASH_IN, known.id)
            assert (await self.ledger.post(moved))[0].outcome.stands
        balances = await self.ledger.balances(self.chart.id("wallet", person_id))
        assert balances is not None
        return PayResult(PayOutcome.OK, known.reference, irr(balances.available_credit), payment_id=known.id)

    def _payment(self, person_id: str, amount: Money, branch: str, staff_id: str, form_key: str) -> Payment:
        payment_id = new_id("csh", self.clock)
        return Payment(
            payment_id, PaymentKind.CASH_IN, person_id, form_key, amount, payment_id, "cash", 0, "", "", branch,
            staff_id, "123456789012", PaymentState.DONE, PayOutcome.OK, amount.minor, self.clock.now(), None,
        )  # fmt: skip

    async def by_id(self, payment_id: str) -> Payment | None:
        return next((payment for payment in self.payments.values() if payment.id == payment_id), None)

    async def invoice(self, invoice_id: str) -> Invoice | None:
        return None

    async def claim_code(self, code_id: str) -> ClaimCode | None:
        return None


class StubJobs:
    """Jobs that never run by themselves."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.jobs: dict[str, Job] = {}

    async def start(self, kind: str, params: Mapping[str, str], staff_id: str = "") -> Job:
        now = self.clock.now()
        job = Job(
            new_id("job", self.clock), kind, params, JobState.RUNNING, "", 120, 400, "", "", "", staff_id, now, now,
            now, None,
        )  # fmt: skip
        self.jobs[job.id] = job
        return job

    async def by_id(self, job_id: str) -> Job | None:
        return self.jobs.get(job_id)

    async def list_jobs(self, *, limit: int, before: str = "") -> list[Job]:
        return sorted(self.jobs.values(), key=lambda job: job.id, reverse=True)[:limit]

    async def pause(self, job_id: str) -> JobOutcome:
        return self._ask(job_id, {JobState.RUNNING}, JobState.PAUSED)

    async def resume(self, job_id: str) -> JobOutcome:
        return self._ask(job_id, {JobState.PAUSED}, JobState.RUNNING)

    async def cancel(self, job_id: str) -> JobOutcome:
        return self._ask(job_id, {JobState.PAUSED, JobState.RUNNING}, JobState.CANCELLED)

    def _ask(self, job_id: str, allowed: set[JobState], state: JobState) -> JobOutcome:
        if self.jobs[job_id].state not in allowed:
            return JobOutcome.WRONG_STATE
        self.jobs[job_id] = replace(self.jobs[job_id], state=state)
        return JobOutcome.OK


@dataclass
class World:
    """What a test looks at besides the pages."""

    deps: ConsoleDeps
    clock: ManualClock
    staff: Staff
    ledger: Ledger
    people: StubPeople
    approvals: StubApprovals
    benefits: StubBenefits
    payments: StubPayments
    jobs: StubJobs
    access: Access
    merchants: Merchants
    links: LinkBoard
    tickets: Tickets
    releases: Releases
    store: Store
    signing: StubSigning
    signers: StubSigners
    phone_sign_ins: StubSignIns
    seeds: dict[str, str]
    ids: dict[str, str]
    paying: Paying
    tills: Tills
    reconciliation: StubReconciliation
    breaks: StubBreaks
    closing: StubClosing
    finding: StubFinding
    reports: StubReports

    def code(self, username: str) -> str:
        """A code that works now."""
        return pyotp.TOTP(self.seeds[username]).at(self.clock.now())


@asynccontextmanager
async def opened(folder: Path, clock: ManualClock, accounts: Sequence[str]) -> AsyncIterator[World]:
    """A world with these accounts of the staff."""
    gateway_url, wallet_url = f"sqlite:///{folder / 'gateway.db'}", f"sqlite:///{folder / 'wallet.db'}"
    await Store.upgrade(gateway_url)
    await Ledger.upgrade(wallet_url)
    store = await Store.open(gateway_url)
    ledger = await Ledger.open(wallet_url, clock)
    keys = SoftwareKeyStore.for_tests()
    staff = Staff(store, keys, clock, sign_in_s=3600, passwords=Passwords(memory_kib=64))
    world = _world(clock, staff, ledger, store, folder)
    for username in accounts:
        name, roles, branch = STAFF[username]
        made = await staff.create(username, name, roles, PASSWORD, branch=branch)
        assert isinstance(made, NewStaff)
        world.seeds[username], world.ids[username] = made.totp_seed, made.staff.id
    try:
        yield world
    finally:
        staff.close()
        await ledger.close()
        await store.close()


def _world(clock: ManualClock, staff: Staff, ledger: Ledger, store: Store, folder: Path) -> World:
    chart = Chart.load()
    people, approvals, access = StubPeople(clock), StubApprovals(clock), Access(store, clock)
    tills = Tills(store, ledger, clock, people)
    merchants = tills.merchants
    tickets = Tickets(store, SoftwareKeyStore.for_tests(), clock, StubTeller(), Questions(store, clock, {}))
    benefits, jobs = StubBenefits(clock, approvals), StubJobs(clock)
    payments = StubPayments(clock, ledger, chart, people)
    links, counts = LinkBoard(store, clock), SessionCounts(store)
    releases, paying = releases_of(store, clock, approvals), Paying(store, ledger, clock, Settings())

    signing, phone_sign_ins = StubSigning(clock), StubSignIns()
    signers = StubSigners(clock, signing)
    reconciliation, breaks = StubReconciliation(clock), StubBreaks(clock, approvals)
    closing, finding, reports = StubClosing(clock), StubFinding(), StubReports(chart)

    async def session(cause: str) -> CauseView | None:
        return CauseView("session", [("msisdn", "***0001")])

    deps = ConsoleDeps(
        settings=Settings(), clock=clock, metrics=Metrics(), chart=chart, staff=staff, people=people, access=access,
        approvals=approvals, approval_roles=APPROVAL_ROLES, benefits=benefits, payments=payments, jobs=jobs,
        decisions=Decisions(store, clock, approvals, DECISION_USES), attesters=AttesterBook(store, clock),
        merchants=merchants, terminal_lines=tills.lines, taps=tills.taps, tokens=tills.tokens,
        controls=tills.controls, clearing=tills.clearing, tickets=tickets, ledger=ledger,
        links=lambda: {"smsc": True, "registry": False}, causes={"ses": session},
        link_board=links, banking=banking_of(store, clock, folder / "bank"),
        queue=Outbox(store, SoftwareKeyStore.for_tests(), clock, Metrics()),
        campaigns=campaigns_of(store, clock), releases=releases, session_counts=counts,
        funnels=Funnels(store, clock, SeenSessions(counts), ZoneInfo("Asia/Tehran"), {"default": Tariff(hop=20)}),
        preferences=Preferences(store, clock),
        mailbox=Mailbox(store, clock, kept_days=90),
        signing=signing, signers=signers, phone_sign_ins=phone_sign_ins,
        delegations=Delegations(store, clock, RolesOf(staff)), document_kinds=("payout_batch", "day_close"),
        payees=payees_of(store, clock, people, tickets), payouts=paying.payouts, payout_sources=("benefits",),
        reconciliation=reconciliation, breaks=breaks,
        providers=Providers(ProviderParts(store, clock, ledger, chart, people, approvals, StubTeller(), Settings())),
        closing=closing, finding=finding, reports=reports,
    )  # fmt: skip
    return World(
        deps, clock, staff, ledger, people, approvals, benefits, payments, jobs, access, merchants, links, tickets,
        releases, store, signing, signers, phone_sign_ins, {}, {}, paying, tills,
        reconciliation, breaks,
        closing, finding, reports,
    )  # fmt: skip
