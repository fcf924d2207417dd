"""Books as they are: ledger, payouts, clearing and fees over real services, statements as banks write them."""

import shutil
from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import update

from gateway.app.reconciling import LinksOf, reconciliation_of
from gateway.observe import Metrics
from gateway.services.banking import Banking, ImportOutcome, PaymentNews
from gateway.services.banking import Parts as BankingParts
from gateway.services.payouts import Debit, Due
from gateway.services.payouts.tables import CHANGES, ITEMS
from gateway.services.reconciliation import FlowName, GroupRow, Reconciliation, RunState
from gateway.settings import Settings
from gateway.store import Store
from tests.gateway.packs import ten
from tests.gateway.services.clearing.host import World as Shops
from tests.gateway.services.payouts.files import HEAD, to_wallet
from tests.gateway.services.payouts.house import LINE, MAKER, House, iban, open_house
from tests.gateway.services.providers.conftest import Clinic, line, open_clinic
from wallet.accounts import Chart
from wallet.clock import ManualClock
from wallet.ids import new_id, transfer_id
from wallet.ledger import Ledger
from wallet.money import irr
from wallet.reconciliation import BreakType, Rule, Side, Verdict
from wallet.transfers import Transfer, TransferCode

TODAY = date(2026, 11, 22)


@pytest.fixture
async def each_paying(database_url: str, clock: ManualClock) -> AsyncIterator[House]:
    async with open_house(database_url, clock) as made:
        yield made


@pytest.fixture
async def paying(sqlite_template: Path, clock: ManualClock, tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(f"sqlite:///{shutil.copy(sqlite_template, tmp_path / 'test.db')}", clock) as made:
        yield made


def reconciled(house: House) -> Reconciliation:
    return reconciliation_of(house.settings, house.store, house.clock, house.metrics, house.ledger, house.chart)


def banking(house: House, folder: Path) -> Banking:
    zone = ZoneInfo("Asia/Tehran")
    made = Banking(BankingParts(house.store, house.clock, house.metrics, zone, folder, None, None, None))
    made.tells(house.payouts)
    return made


async def run(recon: Reconciliation, flow: FlowName, through: date = TODAY) -> list[GroupRow]:
    """The standing result after a run, which left something for nobody."""
    done = await recon.reconcile(flow, through)
    assert done.state is RunState.DONE
    groups = await recon.groups(flow, limit=1000)
    assert sum(done.groups.values()) == len(groups)
    return groups


def sides(group: GroupRow) -> str:
    return " ".join(sorted({one.side.value for one in group.rows}))


async def test_ten_payments_end_where_staff_look_for_them(each_paying: House, tmp_path: Path) -> None:
    house, bank = each_paying, banking(each_paying, tmp_path)
    await house.money()
    await house.released(ten.PAYMENTS.read_bytes())
    recon = reconciled(house)
    assert await run(recon, FlowName.BANK) == []
    await house.payouts.take(ten.news(ten.STATUS.read_bytes()))
    for file in (ten.FIRST, ten.FIRST):
        await bank.import_statement(file.read_bytes(), file.name, "stf_1")

    groups = await run(recon, FlowName.BANK)

    matched = [group for group in groups if group.verdict is Verdict.MATCHED]
    assert [(sides(group), group.rule) for group in matched] == [("bank ledger rail", Rule.END_TO_END)] * 6
    others = sorted((one for one in groups if one not in matched), key=lambda one: -abs(one.rows[0].minor))
    assert [(sides(one), one.verdict, one.broken, one.rows[-1].reference) for one in others] == [
        ("bank rail", Verdict.DIFFERS, BreakType.MISSING_LEDGER, "BK007"),
        ("bank", Verdict.ONLY_THEIRS, BreakType.DUPLICATE, "BK008B"),
        ("bank", Verdict.ONLY_THEIRS, BreakType.MISSING_LEDGER, "BK010"),
    ]
    assert others[0].difference_minor == 1000

    house.clock.advance(timedelta(hours=48))
    await house.work()
    done = await bank.import_statement(ten.SECOND.read_bytes(), "second.xml", "stf_1")
    assert done.outcome is ImportOutcome.TAKEN
    later = await run(recon, FlowName.BANK, TODAY + timedelta(days=2))

    back = [one for one in later if one.verdict is Verdict.MATCHED and one.rows[0].minor > 0]
    assert [(sides(one), [row.back for row in one.rows]) for one in back] == [("bank ledger rail", [True] * 3)]
    silent = [one for one in later if sides(one) == "rail"]
    assert [(one.verdict, [row.minor for row in one.rows]) for one in silent] == [(Verdict.ONLY_OURS, [-2_100_000])]
    assert {one.id for one in others} < {one.id for one in later}
    assert len(later) == len(groups) + 2


async def test_payments_into_wallets_agree_and_one_that_was_never_posted_is_found(paying: House) -> None:
    house = paying
    await house.money()
    for place in (1, 2, 3):
        house.people.add(house.clock, place)
    await house.released(HEAD + b"".join(to_wallet(f"W{place}", place, 500 + place) for place in (1, 2, 3)))
    recon = reconciled(house)

    groups = await run(recon, FlowName.WALLETS)

    assert [(sides(one), one.verdict, one.rule) for one in groups] == [("ledger rail", Verdict.MATCHED, Rule.OWN)] * 3
    assert sorted(one.rows[0].minor for one in groups) == [-503, -502, -501]
    assert await run(recon, FlowName.BANK) == []


async def test_a_payment_that_somebody_has_set_to_paid_has_no_entry_in_the_ledger(paying: House) -> None:
    house = paying
    await house.money()
    house.people.add(house.clock, 1)
    batch = await house.draft(HEAD + to_wallet("W1", 1, 500))
    await house.signed(batch.id)
    recon = reconciled(house)
    paid = update(CHANGES).where(CHANGES.c.first > 0, CHANGES.c.state == "approved").values(state="settled")
    await house.store.write(lambda tx: tx.execute(paid).rowcount)
    await house.store.write(lambda tx: tx.execute(update(ITEMS).values(state="settled")).rowcount)

    (group,) = await run(recon, FlowName.WALLETS)

    assert (sides(group), group.broken) == ("rail", BreakType.MISSING_LEDGER)
    # It is looked for again by its name, once its day is closed.
    recon.closed_by(Closed(TODAY))
    house.clock.advance(timedelta(days=1))
    (same,) = await run(recon, FlowName.WALLETS, TODAY + timedelta(days=1))
    assert same.id == group.id


async def test_what_cycles_settle_agrees_with_the_ledger(both_url: str, clock: ManualClock) -> None:
    wallet_url = both_url if both_url.startswith("postgresql") else both_url.replace("test.db", "wallet.db")
    store, ledger = await Store.open(both_url), await Ledger.open(wallet_url, clock)
    shops = Shops(store, ledger, clock)
    await shops.fund()
    shop = await shops.shop()
    bought = await shops.host.buy(shop, 6_010_000, "000001")
    await shops.host.buy(shop, 100_000, "000003")
    await shops.day_ends()
    await shops.host.refund(bought, 10_000, "000002")
    await shops.day_ends()
    recon = reconciliation_of(Settings(), store, clock, Metrics(), ledger, Chart.load())

    groups = await run(recon, FlowName.TAPS, TODAY + timedelta(days=2))

    assert {(sides(one), one.verdict, one.rule) for one in groups} == {("ledger rail", Verdict.MATCHED, Rule.OWN)}
    assert sum(one.rows[0].minor for one in groups) == await shops.balance("merchant_payable", shop) + 10_000
    names = sorted(one.rows[0].own.partition(":")[2] for one in groups)
    assert names == ["", "", "fee", "fee", "fee back"]
    await ledger.close()
    await store.close()


async def test_fees_that_providers_are_owed_agree_with_the_ledger(
    sqlite_template: Path, clock: ManualClock, tmp_path: Path
) -> None:
    url = f"sqlite:///{shutil.copy(sqlite_template, tmp_path / 'test.db')}"
    async with open_clinic(url, clock) as clinic:
        fee = await clinic.bill(await clinic.visited(), line("10", 1, 900_000), line("99", 1, 100_000))
        await clinic.providers.settle(fee)
        recon = clinical(clinic)

        groups = await run(recon, FlowName.FEES)

        assert {(sides(one), one.verdict, one.rule) for one in groups} == {("ledger rail", Verdict.MATCHED, Rule.OWN)}
        assert sorted(one.rows[0].own for one in groups) == [fee, f"{fee}:share"]
        assert sum(one.rows[0].minor for one in groups) == await clinic.owed()
        recon.closed_by(Closed(TODAY))
        clock.advance(timedelta(days=1))
        await recon.reconcile(FlowName.FEES, TODAY + timedelta(days=1))
        assert {one.id for one in await recon.groups(FlowName.FEES, limit=9)} == {one.id for one in groups}


async def test_fees_that_are_paid_out_agree_with_the_ledger(each_paying: House) -> None:
    house, provider = each_paying, "prv_1"
    await house.money()
    owed, funding = house.chart.account("provider_payable", provider), house.chart.account("funding")
    await house.ledger.open_accounts(owed, funding)
    name = new_id("fee", house.clock)
    given = Transfer(transfer_id(name, "fee"), funding.id, owed.id, irr(900), TransferCode.OPENING, name)
    assert (await house.ledger.post(given))[0].outcome.stands
    for n, minor in enumerate((200, 300, 400)):
        due = Due(f"fee_{n}", "", "Dr Hosseini", iban(n), irr(minor), Debit("provider_payable", provider), _FEE, "HLTI")
        house.claims.dues[due.source_id] = due
    batch = await house.payouts.create("Fees", line=LINE, staff_id=MAKER, source="benefits")
    await house.payouts.load(batch.id)
    await house.signed(batch.id)
    await house.work()
    sent = await house.items(batch.id)
    await house.said((sent[0], PaymentNews.SETTLED), (sent[1], PaymentNews.REJECTED), (sent[2], PaymentNews.RETURNED))

    groups = await run(reconciled(house), FlowName.FEES)

    assert {(sides(one), one.verdict, one.rule) for one in groups} == {("ledger rail", Verdict.MATCHED, Rule.OWN)}
    assert sorted(one.rows[0].minor for one in groups) == [-400, -300, -200, 300]
    assert sum(one.rows[0].minor for one in groups) == await house.net("provider_payable", provider) - 900


async def test_breaks_see_links_as_said_or_not_said(paying: House) -> None:
    house = paying
    await house.money()
    fee = new_id("brk", house.clock)
    trust, charges = house.chart.account("trust_bank"), house.chart.account("bank_charges")
    await house.ledger.open_accounts(trust, charges)
    booked = Transfer(transfer_id(fee, "book"), charges.id, trust.id, irr(700), TransferCode.BANK_BOOKED, fee)
    assert (await house.ledger.post(booked))[0].outcome.stands
    recon = reconciled(house)
    links = LinksOf(recon)

    (group,) = await run(recon, FlowName.BANK)

    assert [(row.minor, row.reference, row.railed) for row in group.rows] == [(-700, fee, False)]
    key = (Side.LEDGER, str(booked.id))
    assert not await links.link("bank", [key, (Side.BANK, "stm_none:1")], "stf_1", "why")
    assert not await links.part("bank", key, "stf_1", "why")
    assert not await links.explained("bank", [key])


_FEE = TransferCode.PROVIDER_FEE


class Closed:
    """A calendar that is closed through a day."""

    def __init__(self, through: date) -> None:
        self._through = through

    async def closed_through(self) -> date:
        return self._through


def clinical(clinic: Clinic) -> Reconciliation:
    bank = clinic.bank
    return reconciliation_of(bank.settings, bank.store, bank.clock, Metrics(), bank.ledger.real, bank.chart)
