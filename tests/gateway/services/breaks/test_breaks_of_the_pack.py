"""The pack of ten payments over real payouts, banking, reconciliation and breaks: what it leaves, put right."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from gateway.app.reconciling import reconciliation_of
from gateway.services.approvals import ApprovalOutcome, Approvals, StaffRef
from gateway.services.banking import Banking
from gateway.services.banking import Parts as BankingParts
from gateway.services.breaks import KINDS, Break, BreakOutcome, BreakRow, Breaks, BreakState, Counter, Parts
from gateway.services.payouts import Payouts
from gateway.services.reconciliation import FlowName, Reconciliation, RunState
from tests.gateway.packs import ten
from tests.gateway.services.breaks.world import CHECKER, MAKER, Members
from tests.gateway.services.payouts.house import House, open_house
from wallet.clock import ManualClock
from wallet.money import IRR
from wallet.reconciliation import BreakType, Verdict

TODAY = date(2026, 11, 22)
FINANCE = frozenset({"finance"})


@dataclass
class PayoutsAlone:
    """Rails of a house that pays and does nothing else."""

    payouts: Payouts

    async def pending(self, _flow: str, rows: Sequence[BreakRow]) -> bool:
        own, named = {row.own for row in rows} - {""}, {row.end_to_end_id for row in rows} - {""}
        return await self.payouts.are_open(own, named, {row.batch for row in rows} - {""})


class Evening:
    """The rooms of a finance officer."""

    def __init__(self, house: House, folder: Path) -> None:
        self.house = house
        made: list[Breaks] = []

        async def approved(subject: str, approval_id: str) -> str:
            return await made[0].approved(subject, approval_id)

        self.approvals = Approvals(
            house.store,
            house.clock,
            house.settings,
            roles=dict.fromkeys(KINDS.values(), "finance"),
            executors=dict.fromkeys(KINDS.values(), approved),
        )
        self.breaks = Breaks(
            Parts(
                house.store, house.clock, house.ledger, house.ledger, house.chart, self.approvals,
                PayoutsAlone(house.payouts), Members(), house.settings, house.metrics,
            )
        )  # fmt: skip
        made.append(self.breaks)
        self.recon: Reconciliation = reconciliation_of(
            house.settings, house.store, house.clock, house.metrics, house.ledger, house.chart, self.breaks
        )
        zone = ZoneInfo("Asia/Tehran")
        self.bank = Banking(BankingParts(house.store, house.clock, house.metrics, zone, folder, None, None, None))
        self.bank.tells(house.payouts)

    async def run(self, days: int = 0) -> None:
        self.house.clock.advance(timedelta(seconds=1))
        done = await self.recon.reconcile(FlowName.BANK, TODAY + timedelta(days=days))
        assert done.state is RunState.DONE

    async def standing(self) -> dict[str, Break]:
        """What stands, by the reference of its last row in the group."""
        found = {}
        for one in await self.breaks.breaks(standing=True, limit=99):
            group = await self.recon.group(one.group_id)
            assert group is not None
            found[group.rows[-1].reference] = one
        return found

    async def agreed(self, break_id: str) -> None:
        (*_, posting) = await self.breaks.postings(break_id)
        said = await self.approvals.approve(posting.approval_id, StaffRef(CHECKER, FINANCE))
        assert said is ApprovalOutcome.APPROVED

    async def trust(self) -> int:
        balances = await self.house.ledger.balances(self.house.chart.id("trust_bank"))
        assert balances is not None
        return -balances.net_credit

    async def open_groups(self) -> int:
        return len(await self.recon.groups(FlowName.BANK, open=True, limit=99))


@pytest.fixture
async def evening(database_url: str, clock: ManualClock, tmp_path: Path) -> AsyncIterator[Evening]:
    """After the first statement, and a run."""
    async with open_house(database_url, clock) as house:
        await house.money()
        await house.released(ten.PAYMENTS.read_bytes())
        await house.payouts.take(ten.news(ten.STATUS.read_bytes()))
        made = Evening(house, tmp_path)
        await made.bank.import_statement(ten.FIRST.read_bytes(), ten.FIRST.name, MAKER)
        await made.run()
        yield made


async def test_what_the_pack_leaves_open_is_put_right_by_two_people_and_stays_so(evening: Evening) -> None:
    breaks, found = evening.breaks, await evening.standing()
    assert {name: one.type for name, one in found.items()} == {
        "BK007": BreakType.MISSING_LEDGER,
        "BK008B": BreakType.DUPLICATE,
        "BK010": BreakType.MISSING_LEDGER,
    }
    # The payment of another amount is still the payout's to settle.
    other = await breaks.may(found["BK007"].id)
    assert (other.write_off, other.booking) == (BreakOutcome.PENDING, BreakOutcome.PENDING)
    twice, strange = found["BK008B"], found["BK010"]
    assert (await breaks.may(twice.id)).counters == (Counter.SUSPENSE,)
    before = await evening.trust()
    for one in (twice, strange):
        assert await breaks.propose_booking(one.id, Counter.SUSPENSE, "whose is it", MAKER) is BreakOutcome.OK
        await evening.agreed(one.id)
    assert await evening.trust() - before == twice.minor + strange.minor
    # What was posted belongs to the bank's lines at once, and after the next runs.
    assert await evening.open_groups() == 1
    await evening.run()
    await evening.run()
    assert set(await evening.standing()) == {"BK007"}
    assert await evening.open_groups() == 1

    assert await breaks.propose_undo(strange.id, "it was a contribution", MAKER) is BreakOutcome.OK
    await evening.agreed(strange.id)
    assert await evening.trust() - before == twice.minor
    await evening.run()
    now = await evening.standing()
    assert (set(now), now["BK010"].id, now["BK010"].state) == ({"BK007", "BK010"}, strange.id, BreakState.OPEN)
    assert await evening.open_groups() == 2
    said = await breaks.propose_booking(strange.id, Counter.SUSPENSE, "again", MAKER)
    assert said is BreakOutcome.OK
    await evening.agreed(strange.id)
    await evening.run()
    assert set(await evening.standing()) == {"BK007"}
    sums = await evening.house.ledger.trial_balance()
    assert sum(row.debits_posted - row.credits_posted for row in sums if row.asset == IRR.code) == 0


async def test_a_payment_of_which_nobody_hears_is_not_written_off_while_it_is_unknown(evening: Evening) -> None:
    house = evening.house
    house.clock.advance(timedelta(hours=48))
    await house.work()
    await evening.bank.import_statement(ten.SECOND.read_bytes(), "second.xml", MAKER)
    await evening.run(2)
    groups = await evening.recon.groups(FlowName.BANK, verdict=Verdict.ONLY_OURS, limit=9)
    silent = await evening.breaks.of_group(groups[0].id)
    assert silent is not None
    assert silent.minor == -2_100_000
    may = await evening.breaks.may(silent.id)
    assert (may.write_off, may.booking, may.corrections) == (
        BreakOutcome.PENDING, BreakOutcome.NOT_OF_BANK, (),
    )  # fmt: skip
