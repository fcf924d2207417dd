"""Reconciliation joined: which books each flow has, and what their rows are called."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from zoneinfo import ZoneInfo

from gateway.app.breaking import BookedForBreaks
from gateway.app.ledger_rows import AccountRows, Days, RoleRows, RowOf, Worded
from gateway.app.rail_rows import BankItems, CycleItems, FeeRows, PaidFees, StatementRows, WalletItems
from gateway.errors import Conflict
from gateway.observe import Metrics
from gateway.services.banking import BookedLines
from gateway.services.breaks import Breaks
from gateway.services.clearing import SettledItems
from gateway.services.payouts import ReachedItems
from gateway.services.providers import OwedFees
from gateway.services.reconciliation import (
    Evidence,
    Flow,
    FlowName,
    Key,
    LinkOutcome,
    LinkResult,
    Parts,
    Reconciliation,
    Source,
)
from gateway.settings import Settings
from gateway.store import Store
from wallet.accounts import ASSETS, Chart
from wallet.clock import Clock
from wallet.ids import transfer_id
from wallet.ledger import Ledger
from wallet.reconciliation import Side, Terms, suggest
from wallet.transfers import Transfer, TransferCode

BREAK, ITEM, FEE = "brk_", "itm_", "fee_"
"""How causes begin."""


def reconciliation_of(
    settings: Settings,
    store: Store,
    clock: Clock,
    metrics: Metrics,
    ledger: Ledger,
    chart: Chart,
    breaks: Breaks | None = None,
) -> Reconciliation:
    """The service over the books that there are; `breaks` look after what it finds, None where nobody does."""
    zone = ZoneInfo(settings.zone)
    days, lines = Days(ledger, zone), BookedLines(store)
    statements = StatementRows(lines)
    flows = _flows(settings, store, days, chart, statements)
    if breaks is not None:
        flows = {name: _with_breaks(flow, breaks) for name, flow in flows.items()}
    watches = {FlowName.BANK: _Statements(lines)}
    made = Reconciliation(Parts(store, clock, zone, metrics, _End(ledger), flows, watches, suggester=suggest))
    statements.known_by(lambda ids: made.known(FlowName.BANK, Side.BANK, ids), made.open_from)
    if breaks is not None:
        links = LinksOf(made)
        made.tells(breaks)
        breaks.joins(links, links)
    return made


def _with_breaks(flow: Flow, breaks: Breaks) -> Flow:
    """A flow with what was posted for its breaks; the bank's ledger has it already, among what moves the trust."""
    side = Side.RAIL if flow.name is FlowName.BANK else Side.LEDGER
    booked = BookedForBreaks(breaks, flow.name.value, side)
    return replace(flow, sources={**flow.sources, side: [*flow.sources[side], booked]})


def _flows(
    settings: Settings, store: Store, days: Days, chart: Chart, statements: StatementRows
) -> dict[FlowName, Flow]:
    items, fees = ReachedItems(store), OwedFees(store)
    trust = AccountRows(days, (chart.account("trust_bank", "", asset) for asset in ASSETS.values()), _over_trust)
    every, two = frozenset(Side), frozenset({Side.LEDGER, Side.RAIL})
    bank = Terms(every, settings.recon_bank_days, settings.recon_bank_minor)
    own = Terms(two, settings.recon_own_days)
    wallets = RoleRows(days, "wallet", _PAID, -1)
    payable = RoleRows(days, "merchant_payable", _SETTLED, 1)
    owed = RoleRows(days, "provider_payable", _OWED, 1)
    books: dict[FlowName, tuple[Terms, Mapping[Side, Sequence[Source]]]] = {
        FlowName.BANK: (bank, {Side.LEDGER: [trust], Side.RAIL: [BankItems(days, items)], Side.BANK: [statements]}),
        FlowName.WALLETS: (own, {Side.LEDGER: [wallets], Side.RAIL: [WalletItems(days, items)]}),
        FlowName.TAPS: (own, {Side.LEDGER: [payable], Side.RAIL: [CycleItems(days, SettledItems(store))]}),
        FlowName.FEES: (own, {Side.LEDGER: [owed], Side.RAIL: [FeeRows(days, fees), PaidFees(days, items)]}),
    }
    return {name: Flow(name, terms, sources) for name, (terms, sources) in books.items()}


def _over_trust(transfer: Transfer) -> Worded | None:
    """Movements of the trust account; what a book begins with is none of the bank's."""
    cause = transfer.cause
    if transfer.code is TransferCode.OPENING:
        return None
    if transfer.code is TransferCode.PAYOUT_SETTLED:
        return Worded(own=cause, railed=True)
    if transfer.code is TransferCode.PAYOUT_RETURNED:
        return Worded(own=cause, railed=True, back=True, undoes=str(transfer_id(cause, "settled")))
    return Worded(reference=cause)


def _of_item(transfer: Transfer) -> Worded | None:
    return Worded(own=transfer.cause) if transfer.cause.startswith(ITEM) else None


def _of_cause(transfer: Transfer) -> Worded | None:
    """What a service calls so itself; a break's own postings come with the breaks."""
    return None if transfer.cause.startswith(BREAK) else Worded(own=transfer.cause)


def _part(name: str, begins: str = "") -> "_Part":
    return _Part(name, begins)


class _Part:
    """What a service knows as a part of something: its fee, its share."""

    def __init__(self, name: str, begins: str) -> None:
        self._name = name
        self._begins = begins

    def __call__(self, transfer: Transfer) -> Worded | None:
        mine = transfer.cause.startswith(self._begins) and not transfer.cause.startswith(BREAK)
        return Worded(own=f"{transfer.cause}:{self._name}") if mine else None


_CODES = (TransferCode.BENEFIT, TransferCode.PAYOUT, TransferCode.PROVIDER_FEE, TransferCode.MERCHANT_PAYOUT)
_PAID: Mapping[TransferCode, RowOf] = dict.fromkeys(_CODES, _of_item)
_SETTLED: Mapping[TransferCode, RowOf] = {
    TransferCode.TAP_SETTLED: _of_cause,
    TransferCode.MERCHANT_FEE: _part("fee"),
    TransferCode.MERCHANT_FEE_RETURNED: _part("fee back"),
}
_OWED: Mapping[TransferCode, RowOf] = {
    TransferCode.PROVIDER_FEE: _of_cause,
    TransferCode.CO_PAYMENT: _part("share", FEE),
    TransferCode.PAYOUT: _of_item,
    TransferCode.PAYOUT_RETURNED: _of_item,
    TransferCode.CORRECTION: _part("given back", ITEM),
}


class _End:
    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    async def position(self) -> int:
        return (await self._ledger.head()).position


class _Statements:
    def __init__(self, lines: BookedLines) -> None:
        self._lines = lines

    async def evidence(self) -> Evidence:
        return Evidence(*await self._lines.newest())


class LinksOf:
    """Reconciliation as breaks know it: what belongs together, and what is suggested."""

    def __init__(self, reconciliation: Reconciliation) -> None:
        self._reconciliation = reconciliation

    async def link(self, flow: str, keys: Collection[Key], staff_id: str, reason: str) -> bool:
        """They belong together; False if that is not taken.

        Raises:
            Conflict: A run is being written; ask again.
        """
        return _kept(await self._reconciliation.link(FlowName(flow), keys, staff_id, reason))

    async def part(self, flow: str, key: Key, staff_id: str, reason: str) -> bool:
        """What was said of this row holds no longer; False if nothing was said.

        Raises:
            Conflict: A run is being written; ask again.
        """
        return _kept(await self._reconciliation.part(FlowName(flow), key, staff_id, reason))

    async def explained(self, flow: str, keys: Collection[Key]) -> bool:
        """Whether rows of the ledger are suggested to one of these whose amounts make exactly the other side's."""
        return await self._reconciliation.explained(FlowName(flow), keys)


def _kept(result: LinkResult) -> bool:
    if result.outcome is LinkOutcome.BUSY:
        raise Conflict("a run is being written")
    return result.kept
