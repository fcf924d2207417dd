"""Stores, keys and services, joined; closed in the opposite order, also when something in between fails."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from zoneinfo import ZoneInfo

from gateway.app.adapters import (
    PAYEE_QUESTION,
    Addresses,
    Confirming,
    Contributions,
    CountedLedger,
    LateSms,
    NoticeTeller,
    Readers,
    RefusalAsked,
    Stops,
)
from gateway.app.agreeing import APPROVAL_ROLES, Deciders, approvals_of
from gateway.app.evening import Ground, Work, evening_of
from gateway.app.finding import build_finding
from gateway.app.house import House, page_profile
from gateway.app.paying import Agreements, Signatures
from gateway.app.paying import Payees as Directory
from gateway.app.seen import SeenSessions
from gateway.app.signing import Deciding, SignatureService, SigningByUssd
from gateway.channels.sms import Door, Keywords
from gateway.channels.sms.door import Services
from gateway.channels.ussd import Services as UssdServices
from gateway.channels.ussd import build_actions
from gateway.keys import KeyStore
from gateway.keys.opening import opened_keys
from gateway.observe import Metrics
from gateway.peers.bank import WatchedBank, open_bank
from gateway.peers.mssp import Mssp, mssp_profile
from gateway.peers.registry import HttpRegistry
from gateway.peers.ussd import HttpPoster
from gateway.services.access import Access
from gateway.services.apikeys import ApiKeys
from gateway.services.approvals import Proposals
from gateway.services.banking import Bank, Banking, BankProfile, read_bank_profile
from gateway.services.banking import Parts as BankingParts
from gateway.services.benefits import DECISION_USES, AttesterBook, Benefits, ClaimSource
from gateway.services.benefits import Parts as BenefitParts
from gateway.services.campaigns import Campaigns, Window
from gateway.services.campaigns import Parts as CampaignParts
from gateway.services.clearing import Clearing, MerchantSource, Returns, read_calendar, read_schedule
from gateway.services.clearing import Parts as ClearingParts
from gateway.services.closing import DOCUMENT_KIND as CLOSE_KIND
from gateway.services.controls import Controls
from gateway.services.controls.holders import HolderControls
from gateway.services.decisions import Decisions
from gateway.services.dialogues import SessionCounts
from gateway.services.forwarding import Forwarding
from gateway.services.funnels import Funnels, read_tariffs
from gateway.services.heads import HEADS_FILE, HeadFile, Heads
from gateway.services.jobs import Jobs
from gateway.services.links import LinkBoard, TerminalBoard
from gateway.services.merchants import Merchants
from gateway.services.messages import Messages, OptOuts, Question, QuestionHandler, Questions, Tickets
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
from gateway.services.payees import PayeeParts, Payees
from gateway.services.payments import INVOICES_JOB, Payments
from gateway.services.payouts import APPROVAL_KIND as PAYOUT_KIND
from gateway.services.payouts import Parts as PayoutParts
from gateway.services.payouts import Payouts, Source
from gateway.services.people import People
from gateway.services.providers import STATEMENTS_JOB as FEES_JOB
from gateway.services.providers import Parts as ProviderParts
from gateway.services.providers import Providers, ProviderStatements
from gateway.services.releases import Proof, Releases
from gateway.services.reports import Parts as ReportParts
from gateway.services.reports import Reports
from gateway.services.staff import Staff
from gateway.services.statements import STATEMENTS_JOB, Statements
from gateway.services.taps import Decider, Parts, TapPolicy, Taps
from gateway.services.taps.declined import DeclinedNotices
from gateway.services.telling import Teller
from gateway.services.tokens import Tokens
from gateway.settings import Settings
from gateway.store import Store
from gateway.store.backup import KEY_FILE
from gateway.wire.bankcsv import CsvProfile
from gateway.workers.money_notices import MoneyNotices
from wallet.accounts import Chart
from wallet.clock import Clock
from wallet.ledger import Ledger

QUESTION_HANDLERS: Mapping[str, QuestionHandler] = {}
"""What follows an answer, by the question's kind; a survey's answers are counted and nothing follows."""


async def upgrade(settings: Settings) -> None:
    """Make or migrate both schemas."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    await Ledger.upgrade(settings.wallet_url)
    await Store.upgrade(settings.gateway_url)


@contextlib.asynccontextmanager
async def built(  # noqa: PLR0915 - one list of constructor calls, each of which names what it needs
    settings: Settings, clock: Clock, *, teller: Teller | None = None, bank: Bank | None = None
) -> AsyncIterator[House]:
    """The services over opened stores, whose schemas are made if need be.

    Args:
        settings: The effective settings.
        clock: The time.
        teller: Words notices instead of the outbox; the demo's seed hears its codes by it.
        bank: The bank's file door instead of the one that the settings name, if any.

    Raises:
        KeyFault: The keys cannot be opened, or are not those that the database was filled with.
        KeysUnavailable: They are in a hardware module that is not there.
    """
    await upgrade(settings)
    metrics, chart = Metrics(), Chart.load()
    async with contextlib.AsyncExitStack() as stack:
        keys = await stack.enter_async_context(opened_keys(settings, settings.data_dir / KEY_FILE, metrics))
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
        signer = await _signer(stack, settings, clock, metrics)
        service = SignatureService(signer, signer) if signer else None
        deciding = Deciding(settings, store, clock, metrics, staff, roles=APPROVAL_ROLES, service=service)
        caring = ProviderParts(store, clock, counted, chart, people, deciding.proposals, teller, settings)
        providers = Providers(caring)
        payments = Payments(store, clock, counted, chart, people, keys, teller, settings)
        decisions, attesters = Decisions(store, clock, deciding.proposals, DECISION_USES), AttesterBook(store, clock)
        await decisions.ship()
        merchants = Merchants(store, ledger, chart, keys, clock, cool=timedelta(hours=settings.merchant_cool_hours))
        statements = Statements(ledger, chart, people, notices, clock, ZoneInfo(settings.zone))
        controls = Controls(store, clock)
        policy = await asyncio.to_thread(TapPolicy.load, settings.tap_policy_file)
        decider = Decider(policy, controls, ZoneInfo(settings.zone))
        tokens = Tokens(store, people, keys, clock, settings, teller, metrics, controls)
        opt_outs, handlers = OptOuts(store, clock), dict(QUESTION_HANDLERS)
        questions = Questions(store, clock, handlers)
        campaigns = _campaigns(settings, store, clock, Readers(people, payments), opt_outs, deciding.proposals)
        tickets = Tickets(store, keys, clock, teller, questions)
        payees, handlers[PAYEE_QUESTION] = _payees(
            settings, PayeeParts(store, clock, keys, people, teller, RefusalAsked(questions), tickets, metrics)
        )
        benefits = Benefits(
            BenefitParts(
                store,
                clock,
                counted,
                chart,
                people,
                deciding.proposals,
                teller,
                settings,
                decisions,
                Contributions(payments),
                Confirming(attesters, providers),
                keys,
                payees,
            )
        )
        banking = _banking(settings, store, clock, metrics, bank or watched)
        sources: Mapping[str, Source] = {
            "benefits": ClaimSource(store, clock, people),
            "fees": providers,
            "merchants": MerchantSource(store, clock, merchants),
        }
        payouts = Payouts(PayoutParts(
            store, clock, counted, chart, Directory(people), payees, Agreements(deciding.proposals),
            Signatures(deciding.documents), banking, teller, sources, settings, metrics,
        ))  # fmt: skip
        banking.tells(payouts)
        taps = Taps(Parts(store, counted, chart, keys, tokens, merchants, clock, settings, metrics, decider))
        clearing = Clearing(
            ClearingParts(
                store,
                clock,
                counted,
                ledger,
                chart,
                keys,
                taps,
                merchants,
                read_schedule(settings.merchant_fees_file),
                read_calendar(ZoneInfo(settings.zone), settings.clearing_cycles_file),
                settings,
            )
        )
        heads = Heads(store, ledger, keys, clock, HeadFile(settings.data_dir / HEADS_FILE))
        ground = Ground(settings, store, clock, metrics, ledger, counted, chart)
        work = Work(payouts, providers, taps, clearing)
        evening = evening_of(ground, work, deciding, staff, heads, account=_account(settings))
        closing = evening.closing
        followers = {PAYOUT_KIND: payouts.signed, CLOSE_KIND: closing.signed}
        signing = deciding.rooms(signed=followers, unsigned=followers)
        served = UssdServices(
            people,
            payments,
            benefits,
            tokens,
            ledger,
            tickets,
            mailbox,
            payees,
            SigningByUssd(signing, staff),
            providers,
            HolderControls(controls, tokens),
        )  # fmt: skip
        actions = build_actions(served, chart, ZoneInfo(settings.zone))
        finding, tails = build_finding(store, ledger, people)
        counts, tariffs = SessionCounts(store), read_tariffs(settings.ussd_tariffs_file)
        proof = Proof(page_profile(settings), actions)
        releases = Releases(store, clock, deciding.proposals, proof)
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
            approvals=approvals_of(
                deciding, Deciders(benefits, people, campaigns, releases, providers, decisions, payouts, evening.breaks)
            ),
            deciding=deciding,
            signing=signing,
            benefits=benefits,
            providers=providers,
            decisions=decisions,
            attesters=attesters,
            payments=payments,
            payouts=payouts,
            payout_sources=tuple(sources),
            jobs=Jobs(
                store,
                clock,
                {
                    INVOICES_JOB: payments.make_invoices_job,
                    STATEMENTS_JOB: statements.send_job,
                    FEES_JOB: ProviderStatements(providers, store, notices, clock, ZoneInfo(settings.zone)).send_job,
                },
            ),
            statements=statements,
            merchants=merchants,
            bank=watched,
            tokens=tokens,
            controls=controls,
            taps=taps,
            clearing=clearing,
            reconciliation=evening.reconciliation,
            merchant_returns=Returns(store, clock, merchants, payouts),
            money_notices=MoneyNotices(ledger, notices, Addresses(people)),
            tap_refusals=DeclinedNotices(store, clock, teller, Addresses(people), metrics),
            closing=closing,
            heads=heads,
            link_board=LinkBoard(store, clock),
            terminal_lines=TerminalBoard(store, clock),
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
            signer=signer,
            payees=payees,
            api_keys=ApiKeys(store, clock, keys),
            poster=await stack.enter_async_context(HttpPoster()),
            actions=actions,
            proof=proof,
            releases=releases,
            session_counts=counts,
            funnels=Funnels(store, clock, SeenSessions(counts), ZoneInfo(settings.zone), tariffs),
            banking=banking,
            breaks=evening.breaks,
            finding=finding,
            tails=tails,
            reports=Reports(ReportParts(ledger, ledger.lookups, chart, ZoneInfo(settings.zone), merchants, providers)),
        )


async def _signer(stack: contextlib.AsyncExitStack, settings: Settings, clock: Clock, metrics: Metrics) -> Mssp | None:
    profile = await asyncio.to_thread(mssp_profile, settings)
    return await stack.enter_async_context(Mssp(profile, clock, metrics)) if profile else None


def _payees(settings: Settings, parts: PayeeParts) -> tuple[Payees, QuestionHandler]:
    """The account mapper, and what it does when somebody answers NO to a change."""
    payees = Payees(parts, cool=timedelta(hours=settings.payee_cool_hours))

    async def answered_no(asked: Question) -> None:
        await payees.answered_no(asked.person_id, asked.cause)

    return payees, answered_no


def _words(settings: Settings) -> Words:
    return Words(zone=settings.zone, service_code=settings.service_code)


def _notices(
    settings: Settings, store: Store, keys: KeyStore, clock: Clock, preferences: Preferences, mailbox: Mailbox
) -> Notices:
    valid_s = {NoticeClass.ONE_TIME_CODE: settings.code_valid_s, NoticeClass.CLAIM_CODE: settings.claim_code_valid_s}
    words = _words(settings)
    return Notices(store, keys, clock, words, valid_s=valid_s, preferences=preferences, mailbox=mailbox)


def _profile(settings: Settings) -> tuple[BankProfile | None, CsvProfile | None]:
    # Outside the demo its account must never be the one that an order is paid from.
    said = settings.bank_profile_file or settings.environment == "demo"
    return read_bank_profile(settings.bank_profile_file) if said else (None, None)


def _account(settings: Settings) -> str:
    """The institution's account at its bank, or ''."""
    profile, _ = _profile(settings)
    return profile.iban if profile is not None else ""


def _banking(settings: Settings, store: Store, clock: Clock, metrics: Metrics, bank: Bank | None) -> Banking:
    profile, csv = _profile(settings)
    zone, folder = ZoneInfo(settings.zone), settings.data_dir / "bank"
    return Banking(BankingParts(store, clock, metrics, zone, folder, profile, csv, bank))


def _campaigns(
    settings: Settings, store: Store, clock: Clock, readers: Readers, stops: OptOuts, proposals: Proposals
) -> Campaigns:
    window = Window(settings.campaign_from_hour, settings.campaign_to_hour, ZoneInfo(settings.zone))
    post = Bulk(clock, _words(settings))
    return Campaigns(CampaignParts(store, clock, post, readers, readers, stops, proposals, settings, window))


def _bounces(
    settings: Settings, store: Store, keys: KeyStore, outbox: Outbox, people: People, metrics: Metrics
) -> Bounces:
    domain, sender = settings.mail_ingress_domain, settings.mail_from
    return Bounces(store, keys, outbox, people, metrics, domain=domain, sender=sender)


def _forwarding(settings: Settings, store: Store, keys: KeyStore, clock: Clock, teller: Teller) -> Forwarding:
    zone, parts_max = ZoneInfo(settings.zone), settings.mail_sms_parts_max
    return Forwarding(store, keys, clock, teller, zone=zone, parts_max=parts_max)
