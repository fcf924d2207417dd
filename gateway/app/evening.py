"""The finance officer's evening, joined: reconciliation, breaks and the close of the day."""

from dataclasses import dataclass
from typing import NamedTuple
from zoneinfo import ZoneInfo

from gateway.app.adapters import CountedLedger
from gateway.app.breaking import OpenWork, Owners
from gateway.app.closing import AsOfNow, Flows, StandingRun, UnfinishedTaps, UnknownPayments
from gateway.app.closing import Breaks as BreaksOf
from gateway.app.reconciling import reconciliation_of
from gateway.app.signing import Deciding
from gateway.observe import Metrics
from gateway.services.approvals import SEALED as APPROVALS
from gateway.services.banking import BankDays
from gateway.services.breaks import Breaks
from gateway.services.breaks import Parts as BreakParts
from gateway.services.clearing import Clearing
from gateway.services.closing import Closing
from gateway.services.closing import Parts as ClosingParts
from gateway.services.heads import SEALED as HEADS
from gateway.services.heads import Heads
from gateway.services.payouts import Payouts
from gateway.services.providers import Providers
from gateway.services.reconciliation import FlowName, Reconciliation
from gateway.services.signing import SEALED as SIGNING
from gateway.services.staff import Staff
from gateway.services.taps import Taps
from gateway.settings import Settings
from gateway.store import Store
from gateway.store.octets import DatedRows
from wallet.accounts import Chart
from wallet.clock import Clock
from wallet.ledger import Ledger


@dataclass(frozen=True, slots=True)
class Ground:
    """What every room stands on; `posts` is the ledger as services post to it, counted."""

    settings: Settings
    store: Store
    clock: Clock
    metrics: Metrics
    ledger: Ledger
    posts: CountedLedger
    chart: Chart


@dataclass(frozen=True, slots=True)
class Work:
    """Who may not be done with a payment, a fee or a tap."""

    payouts: Payouts
    providers: Providers
    taps: Taps
    clearing: Clearing


class Evening(NamedTuple):
    """The rooms."""

    breaks: Breaks
    reconciliation: Reconciliation
    closing: Closing


def evening_of(ground: Ground, work: Work, deciding: Deciding, staff: Staff, heads: Heads, *, account: str) -> Evening:
    """The three rooms over the books that there are; `account` is the institution's at its bank, or ''."""
    settings, store, clock, metrics = ground.settings, ground.store, ground.clock, ground.metrics
    ledger, chart = ground.ledger, ground.chart
    unfinished = OpenWork(work.payouts, work.providers, work.clearing)
    breaks = Breaks(BreakParts(
        store, clock, ground.posts, ledger, chart, deciding.proposals, unfinished, Owners(staff), settings, metrics,
    ))  # fmt: skip
    reconciliation = reconciliation_of(settings, store, clock, metrics, ledger, chart, breaks)
    closing = Closing(ClosingParts(
        store, clock, ledger, chart, heads, deciding.documents, BankDays(store, account), settings, metrics,
        flows=Flows([flow.value for flow in FlowName], {FlowName.BANK.value}, StandingRun(reconciliation)),
        breaks=BreaksOf(breaks),
        doubts=(UnknownPayments(work.payouts), UnfinishedTaps(work.taps)),
        sources={
            "reconciliation": AsOfNow(reconciliation.seal),
            "breaks": AsOfNow(breaks.seal),
            "papers": DatedRows(store, ZoneInfo(settings.zone), (*APPROVALS, *SIGNING, *HEADS)),
        },
    ))  # fmt: skip
    reconciliation.closed_by(closing)
    return Evening(breaks, reconciliation, closing)
