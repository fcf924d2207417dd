"""Stores, keys and services, joined; closed in the opposite order, also when something in between fails."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple
from zoneinfo import ZoneInfo

import ussd_menus
from gateway.app.adapters import (
    Addresses,
    Confirming,
    Contributions,
    CountedLedger,
    LateSms,
    NoticeTeller,
    Readers,
    Stops,
)
from gateway.app.seen import SeenSessions
from gateway.channels.sms import Door, Keywords
from gateway.channels.sms.door import Services
from gateway.channels.ussd import Services as UssdServices
from gateway.channels.ussd import build_actions
from gateway.keys import KeyStore
from gateway.keys.software import SoftwareKeyStore
from gateway.observe import Metrics
from gateway.peers.bank import WatchedBank, open_bank
from gateway.peers.registry import HttpRegistry
from gateway.peers.ussd import HttpPoster
from gateway.services.access import Access
from gateway.services.approvals import Approvals, Proposals
from gateway.services.banking import Bank, Banking, read_bank_profile
from gateway.services.banking import Parts as BankingParts
from gateway.services.benefits import DECISION_USES, RELEASE_KIND, AttesterBook, Benefits, ClaimSource
from gateway.services.benefits import Parts as BenefitParts
from gateway.services.campaigns import CAMPAIGN_KIND, Campaigns, Window
from gateway.services.campaigns import Parts as CampaignParts
from gateway.services.decisions import TABLE_KIND, Decisions
from gateway.services.dialogues import Actions, SessionCounts
from gateway.services.forwarding import Forwarding
from gateway.services.funnels import Funnels, read_tariffs
from gateway.services.heads import HEADS_FILE, HeadFile, Heads
from gateway.services.jobs import Jobs
from gateway.services.links import LinkBoard
from gateway.services.merchants import Merchants
from gateway.services.messages import Messages, OptOuts, QuestionHandler, Questions, Tickets
from gateway.services.notices import (
    Bounces,
    Bulk,
    Channel,
    Fallback,
    Mailbox,
    NoticeClass,
    Notices,
    Outbox,
    Preferences,
    QuietHours,
    Words,
)
from gateway.services.payments import INVOICES_JOB, Payments, period_of
from gateway.services.people import UNLOCK_KIND, People
from gateway.services.people.ports import Teller
from gateway.services.providers import LIST_KIND, REGISTRATION_KIND, Providers
from gateway.services.providers import Parts as ProviderParts
from gateway.services.releases import RELEASE_KIND as MENU_RELEASE_KIND
from gateway.services.releases import ROLLBACK_KIND, Proof, Releases
from gateway.services.staff import Role, Staff
from gateway.services.statements import STATEMENTS_JOB, Statements
from gateway.services.taps import Parts, Taps
from gateway.services.tokens import Tokens
from gateway.settings import Settings
from gateway.store import Store
from gateway.store.backup import KEY_FILE
from gateway.workers.money_notices import MoneyNotices
from wallet.accounts import Chart
from wallet.clock import Clock
from wallet.ledger import Ledger

APPROVAL_ROLES: Mapping[str, str] = {
    RELEASE_KIND: Role.BENEFITS_RELEASER,
    TABLE_KIND: Role.BENEFITS_RELEASER,
    UNLOCK_KIND: Role.BRANCH_CLERK,
    CAMPAIGN_KIND: Role.FINANCE,
    MENU_RELEASE_KIND: Role.ADMINISTRATOR,
    ROLLBACK_KIND: Role.ADMINISTRATOR,
    REGISTRATION_KIND: Role.PROVIDERS_OFFICER,
    LIST_KIND: Role.PROVIDERS_OFFICER,
}
"""The role that the checker of each kind must have."""

QUESTION_HANDLERS: Mapping[str, QuestionHandler] = {}
"""What follows an answer, by the question's kind; a survey's answers are counted and nothing follows."""


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
    benefits: Benefits
    providers: Providers
    decisions: Decisions
    attesters: AttesterBook
    claim_source: ClaimSource
    """What payout batches take of benefits."""
    payments: Payments
    jobs: Jobs
    merchants: Merchants
    bank: WatchedBank | None
    tokens: Tokens
    taps: Taps
    money_notices: MoneyNotices
    heads: Heads
    link_board: LinkBoard
    campaigns: Campaigns
    preferences: Preferences
    mailbox: Mailbox
    fallback: Fallback
    messages: Messages
    opt_outs: OptOuts
    questions: Questions
    tickets: Tickets
    poster: HttpPoster
    actions: Actions
    proof: Proof
    releases: Releases
    session_counts: SessionCounts
    funnels: Funnels
    banking: Banking

    @property
    def zone(self) -> ZoneInfo:
        """The zone of business dates."""
        return ZoneInfo(self.settings.zone)

    def period_now(self) -> str:
        """The contribution period of today."""
        return period_of(self.clock.now().astimezone(self.zone).date())


async def upgrade(settings: Settings) -> None:
    """Make or migrate both schemas."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    await Ledger.upgrade(settings.wallet_url)
    await Store.upgrade(settings.gateway_url)


@contextlib.asynccontextmanager
async def built(
    settings: Settings, clock: Clock, *, teller: Teller | None = None, bank: Bank | None = None
) -> AsyncIterator[House]:
    """The services over opened stores, whose schemas are made if need be.

    Args:
        settings: The effective settings.
        clock: The time.
        teller: Words notices instead of the outbox; the demo's seed hears its codes by it.
        bank: The bank's file door instead of the one that the settings name, if any.

    Raises:
        KeyFault: The key file cannot be opened, or is not the one that the database was filled with.
    """
    await upgrade(settings)
    metrics, chart = Metrics(), Chart.load()
    async with contextlib.AsyncExitStack() as stack:
        keys = await _keys(settings)
        store = await Store.open(settings.gateway_url)
        stack.push_async_callback(store.close)
        ledger = await Ledger.open(settings.wallet_url, clock, zone=ZoneInfo(settings.zone))
        stack.push_async_callback(ledger.close)
        registry = await stack.enter_async_context(HttpRegistry(settings.registry_url, settings.registry_timeout_s))
        bank_door = open_bank(settings)
        watched = WatchedBank(await stack.enter_async_context(bank_door), clock, metrics) if bank_door else None
        preferences, mailbox = Preferences(store, clock), Mailbox(store, clock, kept_days=settings.mailbox_kept_days)
        notices = _notices(settings, store, keys, clock, preferences, mailbox)
        outbox = Outbox(store, keys, clock, metrics, quiet=QuietHours.of(settings.quiet_hours, settings.zone))
        teller = teller or NoticeTeller(notices)
        access = Access(store, clock)
        people = People(store, clock, keys, registry, teller, access, settings, metrics)
        stack.callback(people.close)
        staff = Staff(store, keys, clock, sign_in_s=settings.sign_in_s)
        stack.callback(staff.close)
        await staff.check_keys()
        counted = CountedLedger(ledger, metrics)
        providers = Providers(
            ProviderParts(store, clock, counted, chart, people, Proposals(store, clock), teller, settings)
        )
        payments = Payments(store, clock, counted, chart, people, keys, teller, settings)
        decisions, attesters = await _tables(store, clock), AttesterBook(store, clock)
        benefits = Benefits(
            BenefitParts(
                *(store, clock, counted, chart, people, Proposals(store, clock), teller, settings),
                *(decisions, Contributions(payments), Confirming(attesters, providers), keys),
            )
        )
        merchants = Merchants(store, ledger, chart, keys, clock)
        statements = Statements(ledger, chart, people, notices, clock, ZoneInfo(settings.zone))
        tokens = Tokens(store, people, keys, clock, settings)
        opt_outs, questions = OptOuts(store, clock), Questions(store, clock, QUESTION_HANDLERS)
        campaigns = _campaigns(settings, store, clock, Readers(people, payments), opt_outs)
        tickets = Tickets(store, keys, clock, teller, questions)
        served = UssdServices(people, payments, benefits, tokens, ledger, tickets, mailbox)
        actions = build_actions(served, chart, ZoneInfo(settings.zone))
        counts, tariffs = SessionCounts(store), read_tariffs(settings.ussd_tariffs_file)
        proof = Proof(page_profile(settings), actions)
        releases = Releases(store, clock, Proposals(store, clock), proof)
        door = Door(Services(people, payments, benefits, questions, Stops(opt_outs, campaigns), tickets), Keywords())
        yield House(
            settings=settings,
            clock=clock,
            metrics=metrics,
            chart=chart,
            keys=keys,
            store=store,
            ledger=ledger,
            notices=notices,
            late=LateSms(notices),
            outbox=outbox,
            bounces=_bounces(settings, store, keys, outbox, people, metrics),
            forwarding=_forwarding(settings, store, keys, clock, teller),
            access=access,
            people=people,
            staff=staff,
            approvals=_approvals(
                store, clock, settings, Deciders(benefits, people, campaigns, releases, providers, decisions)
            ),
            benefits=benefits,
            providers=providers,
            decisions=decisions,
            attesters=attesters,
            claim_source=ClaimSource(store, clock, people),
            payments=payments,
            jobs=Jobs(store, clock, {INVOICES_JOB: payments.make_invoices_job, STATEMENTS_JOB: statements.send_job}),
            statements=statements,
            merchants=merchants,
            bank=watched,
            tokens=tokens,
            taps=Taps(Parts(store, counted, chart, keys, tokens, merchants, clock, settings, metrics)),
            money_notices=MoneyNotices(ledger, notices, Addresses(people)),
            heads=Heads(store, ledger, keys, clock, HeadFile(settings.data_dir / HEADS_FILE)),
            link_board=LinkBoard(store, clock),
            campaigns=campaigns,
            preferences=preferences,
            mailbox=mailbox,
            fallback=Fallback(
                store,
                clock,
                _words(settings),
                preferences,
                mailbox,
                Addresses(people),
                carried=(Channel.SMS, Channel.EMAIL),
            ),
            messages=Messages(store, keys, clock, door, teller, metrics),
            opt_outs=opt_outs,
            questions=questions,
            tickets=tickets,
            poster=await stack.enter_async_context(HttpPoster()),
            actions=actions,
            proof=proof,
            releases=releases,
            session_counts=counts,
            funnels=Funnels(store, clock, SeenSessions(counts), ZoneInfo(settings.zone), tariffs),
            banking=_banking(settings, store, clock, metrics, bank or watched),
        )


def page_profile(settings: Settings) -> ussd_menus.Profile:
    """What one page may hold."""
    return ussd_menus.Profile(settings.ussd_septets_max, settings.ussd_ucs2_max)


def _words(settings: Settings) -> Words:
    return Words(zone=settings.zone, service_code=settings.service_code)


def _notices(
    settings: Settings, store: Store, keys: KeyStore, clock: Clock, preferences: Preferences, mailbox: Mailbox
) -> Notices:
    valid_s = {NoticeClass.ONE_TIME_CODE: settings.code_valid_s, NoticeClass.CLAIM_CODE: settings.claim_code_valid_s}
    words = _words(settings)
    return Notices(store, keys, clock, words, valid_s=valid_s, preferences=preferences, mailbox=mailbox)


def _banking(settings: Settings, store: Store, clock: Clock, metrics: Metrics, bank: Bank | None) -> Banking:
    # Outside the demo its account must never be the one that an order is paid from.
    said = settings.bank_profile_file or settings.environment == "demo"
    profile, csv = read_bank_profile(settings.bank_profile_file) if said else (None, None)
    zone, folder = ZoneInfo(settings.zone), settings.data_dir / "bank"
    return Banking(BankingParts(store, clock, metrics, zone, folder, profile, csv, bank))


def _campaigns(settings: Settings, store: Store, clock: Clock, readers: Readers, stops: OptOuts) -> Campaigns:
    window = Window(settings.campaign_from_hour, settings.campaign_to_hour, ZoneInfo(settings.zone))
    post, proposals = Bulk(clock, _words(settings)), Proposals(store, clock)
    return Campaigns(CampaignParts(store, clock, post, readers, readers, stops, proposals, settings, window))


def _bounces(
    settings: Settings, store: Store, keys: KeyStore, outbox: Outbox, people: People, metrics: Metrics
) -> Bounces:
    domain, sender = settings.mail_ingress_domain, settings.mail_from
    return Bounces(store, keys, outbox, people, metrics, domain=domain, sender=sender)


def _forwarding(settings: Settings, store: Store, keys: KeyStore, clock: Clock, teller: Teller) -> Forwarding:
    zone, parts_max = ZoneInfo(settings.zone), settings.mail_sms_parts_max
    return Forwarding(store, keys, clock, teller, zone=zone, parts_max=parts_max)


class Deciders(NamedTuple):
    """Whose proposals a second person decides."""

    benefits: Benefits
    people: People
    campaigns: Campaigns
    releases: Releases
    providers: Providers
    decisions: Decisions


async def _keys(settings: Settings) -> KeyStore:
    secret = settings.key_secret.get_secret_value()
    return await asyncio.to_thread(SoftwareKeyStore.open, settings.data_dir / KEY_FILE, secret)


async def _tables(store: Store, clock: Clock) -> Decisions:
    decisions = Decisions(store, clock, Proposals(store, clock), DECISION_USES)
    await decisions.ship()
    return decisions


def _approvals(store: Store, clock: Clock, settings: Settings, of: Deciders) -> Approvals:
    benefits, people, campaigns, releases, providers, decisions = of
    executors = {
        RELEASE_KIND: benefits.release,
        TABLE_KIND: decisions.publish,
        UNLOCK_KIND: people.unlock,
        CAMPAIGN_KIND: campaigns.release,
        MENU_RELEASE_KIND: releases.release,
        ROLLBACK_KIND: releases.rolled_back,
        REGISTRATION_KIND: providers.registered,
        LIST_KIND: providers.published,
    }
    refusers = {
        RELEASE_KIND: benefits.release_refused,
        TABLE_KIND: decisions.refused,
        CAMPAIGN_KIND: campaigns.refused,
        MENU_RELEASE_KIND: releases.refused,
        ROLLBACK_KIND: releases.rollback_refused,
        REGISTRATION_KIND: providers.registration_refused,
        LIST_KIND: providers.list_refused,
    }
    return Approvals(store, clock, settings, roles=APPROVAL_ROLES, executors=executors, refusers=refusers)
