"""What the console needs of the house, said as Protocols that the services satisfy; app.py fills ConsoleDeps."""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from aiohttp import web

from gateway.channels.console.benefits_desks import AttestersDesk, BenefitsDesk, DecisionsDesk
from gateway.channels.console.cells import Cell
from gateway.channels.console.evening_desks import ClosingDesk
from gateway.channels.console.finding_desk import FindingDesk
from gateway.channels.console.ledger_desks import Book
from gateway.channels.console.merchants_desks import ClearingDesk, LinesDesk, MerchantsDesk
from gateway.channels.console.payouts_desk import PayoutsDesk
from gateway.channels.console.providers_desks import ProvidersDesk
from gateway.channels.console.reconciliation_desks import BreaksDesk, ReconciliationDesk
from gateway.channels.console.reports_desk import ReportsDesk
from gateway.channels.console.signing_desks import DelegationsDesk, PhoneSignInDesk, SignersDesk, SigningDesk
from gateway.channels.console.taps_desks import ControlsDesk, TapsDesk, TokensDesk
from gateway.observe import Metrics
from gateway.services.access import View
from gateway.services.approvals import (
    Approval,
    ApprovalOutcome,
    Band,
    Change,
    Checker,
    Vote,
)
from gateway.services.banking import FileRow, FileState, Gap, Imported, OrderRow, StatementRow
from gateway.services.campaigns import Campaign, CampaignKind, CampaignOutcome, Preview, Reported
from gateway.services.dialogues import Traced
from gateway.services.funnels import Completion, Funnel
from gateway.services.jobs import Job, JobOutcome
from gateway.services.links import LinkReport
from gateway.services.messages import Ticket, TicketOutcome, TicketState
from gateway.services.notices import Channel, Queue, Title
from gateway.services.payees import PayeeAccount, PayeeChange, PayeeResult, SharedAccount
from gateway.services.payments import ClaimCode, Invoice, Payment, PayResult
from gateway.services.people import BranchPurpose, Person, PersonView
from gateway.services.releases import Release, RollbackOutcome, Standing
from gateway.services.staff import NewStaff, Role, SignInResult, StaffMember, StaffRefusal
from gateway.settings import Settings
from ussd_menus import Menus, Style
from wallet.accounts import Chart
from wallet.clock import Clock
from wallet.money import Money
from wallet.reconciliation import StatementLine

# The verbs are documented where they are made; here is only which of them the console uses.


class StaffDesk(Protocol):
    """Satisfied by gateway.services.staff.Staff."""

    async def create(
        self,
        username: str,
        name: str,
        roles: Collection[Role],
        password: str,
        *,
        language: str = "en",
        branch: str = "",
    ) -> NewStaff | StaffRefusal: ...
    async def sign_in(self, username: str, password: str, totp: str, remote: str) -> SignInResult: ...
    async def whoami(self, token: str) -> StaffMember | None: ...
    async def sign_out(self, token: str) -> None: ...
    async def revoke_all(self, staff_id: str) -> int: ...
    async def set_disabled(self, staff_id: str, *, disabled: bool) -> bool: ...
    async def set_language(self, staff_id: str, language: str) -> None: ...
    async def by_id(self, staff_id: str) -> StaffMember | None: ...
    async def members(self, *, after: str = "", limit: int = 100) -> list[StaffMember]: ...


class PeopleDesk(Protocol):
    """Satisfied by gateway.services.people.People."""

    async def by_id(self, person_id: str) -> Person | None: ...
    async def view(self, person_id: str, staff_id: str, reason: str) -> PersonView | None: ...
    async def search(self, text: str, staff_id: str) -> list[Person]: ...
    async def set_email(self, person_id: str, email: str, staff_id: str) -> None: ...
    async def set_reading(self, person_id: str, language: str, style: Style, staff_id: str) -> None: ...
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
    ) -> str: ...


class ApprovalsDesk(Protocol):
    """Satisfied by gateway.services.approvals.Approvals."""

    async def propose(self, kind: str, subject: str, payload: Mapping[str, str], maker: str) -> Approval: ...
    async def by_id(self, approval_id: str) -> Approval | None: ...
    async def list_pending(self, *, limit: int, after: str = "", kind: str = "") -> list[Approval]: ...
    async def history(self, approval_id: str) -> list[Change]: ...
    async def approve(self, approval_id: str, checker: Checker) -> ApprovalOutcome: ...
    async def reject(self, approval_id: str, checker: Checker, reason: str) -> ApprovalOutcome: ...
    async def support(self, approval_id: str, maker: Checker) -> ApprovalOutcome: ...
    async def votes(self, approval_ids: Collection[str]) -> dict[str, list[Vote]]: ...
    async def may(self, waiting: Sequence[Approval], checker: Checker) -> dict[str, ApprovalOutcome | None]: ...
    def band_of(self, approval: Approval) -> Band | None: ...
    def not_before(self, approval: Approval) -> datetime | None: ...


class PaymentsDesk(Protocol):
    """Satisfied by gateway.services.payments.Payments."""

    async def cash_in(self, person_id: str, amount: Money, branch: str, staff_id: str, form_key: str) -> PayResult: ...
    async def by_id(self, payment_id: str) -> Payment | None: ...
    async def invoice(self, invoice_id: str) -> Invoice | None: ...
    async def claim_code(self, code_id: str) -> ClaimCode | None: ...


class QueueDesk(Protocol):
    """Satisfied by gateway.services.notices.Outbox."""

    async def queue(self) -> Queue: ...


class LinksDesk(Protocol):
    """Satisfied by gateway.services.links.LinkBoard."""

    async def reports(self) -> list[LinkReport]: ...


class JobsDesk(Protocol):
    """Satisfied by gateway.services.jobs.Jobs."""

    async def start(self, kind: str, params: Mapping[str, str], staff_id: str = "") -> Job: ...
    async def by_id(self, job_id: str) -> Job | None: ...
    async def list_jobs(self, *, limit: int, before: str = "") -> list[Job]: ...
    async def pause(self, job_id: str) -> JobOutcome: ...
    async def resume(self, job_id: str) -> JobOutcome: ...
    async def cancel(self, job_id: str) -> JobOutcome: ...


class TicketsDesk(Protocol):
    """Satisfied by gateway.services.messages.Tickets."""

    async def by_id(self, ticket_id: str) -> Ticket | None: ...
    async def tickets(self, state: TicketState, *, limit: int, after: str = "") -> list[Ticket]: ...
    async def close(self, ticket_id: str, staff_id: str, answer: str) -> TicketOutcome: ...


class CampaignsDesk(Protocol):
    """Satisfied by gateway.services.campaigns.Campaigns."""

    async def create(
        self, name: str, kind: CampaignKind, texts: Mapping[str, str], *, source: str, hours: int, staff_id: str = ""
    ) -> Campaign: ...
    async def progress(self, campaign_id: str) -> Campaign | None: ...
    async def list_campaigns(self, *, limit: int, before: str = "") -> list[Campaign]: ...
    async def preview(self, campaign_id: str) -> Preview: ...
    def report(self, campaign_id: str) -> AsyncIterator[Sequence[Reported]]: ...
    async def test_send(self, campaign_id: str, msisdns: list[str]) -> int: ...
    async def propose(self, campaign_id: str, maker: str) -> CampaignOutcome: ...
    async def pause(self, campaign_id: str) -> CampaignOutcome: ...
    async def resume(self, campaign_id: str) -> CampaignOutcome: ...
    async def cancel(self, campaign_id: str) -> CampaignOutcome: ...


class ReleasesDesk(Protocol):
    """Satisfied by gateway.services.releases.Releases."""

    @property
    def shipped(self) -> str: ...
    async def standing(self) -> Standing: ...
    async def list_releases(self, *, limit: int, before: str = "") -> list[Release]: ...
    async def menus_of(self, version: str) -> Menus | None: ...
    async def roll_back(self, maker: str, *, now: bool = False) -> RollbackOutcome: ...


class SessionsDesk(Protocol):
    """Satisfied by gateway.services.dialogues.SessionCounts."""

    async def live_by_version(self) -> Mapping[str, int]: ...
    async def live(self, limit: int) -> list[Traced]: ...
    async def traced(self, session_id: str) -> Traced | None: ...


class FunnelsDesk(Protocol):
    """Satisfied by gateway.services.funnels.Funnels."""

    async def day(self, day: date, *, operator: str = "", language: str = "", version: str = "") -> Funnel: ...
    async def heat(self, day: date, version: str) -> Mapping[str, float]: ...
    async def completions(self, since: date, versions: Collection[str]) -> Mapping[str, Completion]: ...


class PreferencesDesk(Protocol):
    """Satisfied by gateway.services.notices.Preferences."""

    async def order_of(self, person_id: str) -> tuple[Channel, ...]: ...
    async def prefer(self, person_id: str, order: Iterable[Channel]) -> None: ...


class MailboxDesk(Protocol):
    """Satisfied by gateway.services.notices.Mailbox."""

    async def titles(self, person_id: str) -> list[Title]: ...


class BankDesk(Protocol):
    """Satisfied by gateway.services.banking.Banking."""

    async def orders(self, *, limit: int, before: str = "") -> list[OrderRow]: ...
    async def files(self, *, limit: int, before: str = "", state: FileState | None = None) -> list[FileRow]: ...
    async def statements(self, *, limit: int, before: str = "") -> list[StatementRow]: ...
    async def statement(self, statement_id: str) -> StatementRow | None: ...
    async def lines(self, statement_id: str, *, limit: int, after: int = 0) -> list[StatementLine]: ...
    async def gaps(self, statement_ids: Collection[str], *, followers: bool = False) -> list[Gap]: ...
    async def import_statement(self, octets: bytes, name: str, staff_id: str) -> Imported: ...


class PayeesDesk(Protocol):
    """Satisfied by gateway.services.payees.Payees."""

    async def resolve(self, person_id: str) -> PayeeAccount | None: ...
    async def history(self, person_id: str, *, limit: int = 50) -> list[PayeeChange]: ...
    async def sharing(self, person_id: str) -> Sequence[str]: ...
    async def shared(self, *, people_min: int = 2, limit: int = 100) -> list[SharedAccount]: ...
    async def phone_changed(self, person_id: str, staff_id: str, call_key: str) -> PayeeResult: ...
    async def thaw(self, person_id: str, staff_id: str, call_key: str) -> PayeeResult: ...


class AccessLog(Protocol):
    """Satisfied by gateway.services.access.Access."""

    async def viewed(self, staff_id: str, person_id: str, what: str, reason: str = "") -> None: ...
    async def of_person(self, person_id: str, *, limit: int, before: str = "") -> list[View]: ...
    async def of_staff(self, staff_id: str, *, limit: int, before: str = "") -> list[View]: ...


@dataclass(frozen=True, slots=True)
class CauseView:
    """What caused transfers.

    `kind` is the end of its name's key, `cause.<kind>`; facts have the ends of their labels' keys, `column.<label>`.
    """

    kind: str
    facts: Sequence[tuple[str, Cell]]


CauseResolver = Callable[[str], Awaitable[CauseView | None]]
"""From a business id to what it is; None when there is no such thing."""


@dataclass(frozen=True, slots=True)
class ConsoleDeps:
    """Everything the console is made of.

    Attributes:
        settings: `zone`, `cash_in_max_minor` are used.
        clock: The house's clock.
        metrics: `refused` is counted under door `console`.
        chart: To name a person's wallet.
        staff: Sign-ins and accounts.
        people: People by search and view, each logged by it.
        access: The access log, and views that the people service does not see: a wallet in the ledger, the log itself.
        approvals: Maker and checker.
        approval_roles: The mapping given to Approvals; the console shows buttons by it, the service decides.
        benefits: Claims.
        decisions: Decision tables.
        attesters: Employers who confirm claims.
        payments: Cash-in.
        jobs: Long work.
        campaigns: One text for many people.
        releases: Which menus people meet.
        session_counts: How many sessions stand where, and the live ones.
        funnels: What sessions did, day by day.
        preferences: By which channel people are told.
        mailbox: Titles of a person's messages.
        merchants: Merchants and terminals.
        terminal_lines: Which terminals are on the line, as every process last said.
        taps: Authorisations and refunds.
        tokens: What people's phones pay with.
        controls: What accounts and tokens may pay.
        clearing: Terminals' batches, cycles, exceptions, statements.
        tickets: Complaints by SMS.
        banking: Orders to the bank, its files and its statements.
        payees: Where people are paid.
        payouts: Batches of payments.
        reconciliation: What agrees between ledger, rails and bank, and what does not.
        breaks: What does not, until it is dealt with.
        providers: Doctors and health centres, prices, visits and fees.
        payout_sources: Names of what batches may be made of, besides files.
        ledger: Read only.
        links: Names of links and whether each is up; empty when nothing is known.
        link_board: What every process last said of its links.
        queue: What waits in the outbox.
        signing: Documents and their signatures.
        signers: Whose phone signs.
        phone_sign_ins: Signing in by phone; None where there is no signature service.
        delegations: Who stands in for whom.
        closing: The close of days.
        finding: Anything by a few characters of it.
        reports: What is printed and handed on.
        document_kinds: Kinds of documents that are signed, for who names a stand-in.
        causes: Resolvers by prefix (`tap`, `ses`, …) besides its own: clm, inv, pay, cco, csh.
    """

    settings: Settings
    clock: Clock
    metrics: Metrics
    chart: Chart
    staff: StaffDesk
    people: PeopleDesk
    access: AccessLog
    approvals: ApprovalsDesk
    approval_roles: Mapping[str, str]
    benefits: BenefitsDesk
    decisions: DecisionsDesk
    attesters: AttestersDesk
    payments: PaymentsDesk
    jobs: JobsDesk
    campaigns: CampaignsDesk
    releases: ReleasesDesk
    session_counts: SessionsDesk
    funnels: FunnelsDesk
    preferences: PreferencesDesk
    mailbox: MailboxDesk
    merchants: MerchantsDesk
    terminal_lines: LinesDesk
    taps: TapsDesk
    tokens: TokensDesk
    controls: ControlsDesk
    clearing: ClearingDesk
    tickets: TicketsDesk
    banking: BankDesk
    payees: PayeesDesk
    payouts: PayoutsDesk
    providers: ProvidersDesk
    reconciliation: ReconciliationDesk
    breaks: BreaksDesk
    payout_sources: Sequence[str]
    ledger: Book
    links: Callable[[], Mapping[str, bool]]
    link_board: LinksDesk
    queue: QueueDesk
    causes: Mapping[str, CauseResolver]
    signing: SigningDesk
    signers: SignersDesk
    phone_sign_ins: PhoneSignInDesk | None
    delegations: DelegationsDesk
    document_kinds: Collection[str]
    closing: ClosingDesk
    finding: FindingDesk
    reports: ReportsDesk


DEPS = web.AppKey("console_deps", ConsoleDeps)
__all__ = ["DEPS", "CauseResolver", "CauseView", "ConsoleDeps"]
