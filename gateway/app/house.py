"""What the gateway is made of, joined: everything but doors, links and loops."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

import ussd_menus
from gateway.app.adapters import (
    LateSms,
)
from gateway.app.signing import Deciding, SigningRooms
from gateway.keys import KeyStore
from gateway.observe import Metrics
from gateway.peers.bank import WatchedBank
from gateway.peers.mssp import Mssp
from gateway.peers.ussd import HttpPoster
from gateway.services.access import Access
from gateway.services.apikeys import ApiKeys
from gateway.services.approvals import Approvals
from gateway.services.banking import Banking
from gateway.services.benefits import AttesterBook, Benefits
from gateway.services.breaks import Breaks
from gateway.services.campaigns import Campaigns
from gateway.services.clearing import Clearing, Returns
from gateway.services.closing import Closing
from gateway.services.controls import Controls
from gateway.services.decisions import Decisions
from gateway.services.dialogues import Actions, SessionCounts
from gateway.services.finding import Finding, TailIndex
from gateway.services.forwarding import Forwarding
from gateway.services.funnels import Funnels
from gateway.services.heads import Heads
from gateway.services.jobs import Jobs
from gateway.services.links import LinkBoard, TerminalBoard
from gateway.services.merchants import Merchants
from gateway.services.messages import Messages, OptOuts, Questions, Tickets
from gateway.services.notices import (
    Bounces,
    Fallback,
    Mailbox,
    Notices,
    Outbox,
    Preferences,
)
from gateway.services.payees import Payees
from gateway.services.payments import Payments, period_of
from gateway.services.payouts import Payouts
from gateway.services.people import People
from gateway.services.providers import Providers
from gateway.services.reconciliation import Reconciliation
from gateway.services.releases import Proof, Releases
from gateway.services.reports import Reports
from gateway.services.staff import Staff
from gateway.services.statements import Statements
from gateway.services.taps import Taps
from gateway.services.taps.declined import DeclinedNotices
from gateway.services.tokens import Tokens
from gateway.settings import Settings
from gateway.store import Store
from gateway.workers.money_notices import MoneyNotices
from wallet.accounts import Chart
from wallet.clock import Clock
from wallet.ledger import Ledger


@dataclass(frozen=True, slots=True)
class House:
    """Everything but doors, links and loops."""

    settings: Settings
    clock: Clock
    metrics: Metrics
    chart: Chart
    keys: KeyStore
    store: Store
    ledger: Ledger
    notices: Notices
    late: LateSms
    outbox: Outbox
    bounces: Bounces
    forwarding: Forwarding
    statements: Statements
    access: Access
    people: People
    staff: Staff
    approvals: Approvals
    deciding: Deciding
    signing: SigningRooms
    benefits: Benefits
    providers: Providers
    decisions: Decisions
    attesters: AttesterBook
    payments: Payments
    payouts: Payouts
    payout_sources: tuple[str, ...]
    """Names of what batches may be made of, besides files."""
    jobs: Jobs
    merchants: Merchants
    bank: WatchedBank | None
    tokens: Tokens
    controls: Controls
    taps: Taps
    clearing: Clearing
    reconciliation: Reconciliation
    closing: Closing
    merchant_returns: Returns
    money_notices: MoneyNotices
    tap_refusals: DeclinedNotices
    heads: Heads
    link_board: LinkBoard
    terminal_lines: TerminalBoard
    campaigns: Campaigns
    preferences: Preferences
    mailbox: Mailbox
    fallback: Fallback
    messages: Messages
    opt_outs: OptOuts
    questions: Questions
    tickets: Tickets
    payees: Payees
    api_keys: ApiKeys
    poster: HttpPoster
    signer: Mssp | None
    """None where there is no mobile signature service."""
    actions: Actions
    proof: Proof
    releases: Releases
    session_counts: SessionCounts
    funnels: Funnels
    banking: Banking
    breaks: Breaks
    finding: Finding
    tails: TailIndex
    reports: Reports

    @property
    def zone(self) -> ZoneInfo:
        """The zone of business dates."""
        return ZoneInfo(self.settings.zone)

    def period_now(self) -> str:
        """The contribution period of today."""
        return period_of(self.clock.now().astimezone(self.zone).date())


def page_profile(settings: Settings) -> ussd_menus.Profile:
    """What one page may hold."""
    return ussd_menus.Profile(settings.ussd_septets_max, settings.ussd_ucs2_max)
