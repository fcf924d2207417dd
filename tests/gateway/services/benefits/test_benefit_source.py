"""Two doors out, and no claim through both: a single release, and a payout batch."""

import asyncio
from collections import Counter
from collections.abc import Coroutine
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from gateway.services.benefits import ClaimState
from gateway.services.payouts.model import Debit
from gateway.services.payouts.ports import Verdict
from tests.gateway.services.benefits.conftest import Office, open_office
from wallet.clock import ManualClock
from wallet.money import irr
from wallet.transfers import TransferCode

T = TypeVar("T")
DAY = date(2026, 11, 20)
WORTH = 4_500_000


async def approved(office: Office, back: int = 0) -> str:
    day = DAY - timedelta(days=back)
    made = await office.benefits.claim(office.maryam.id, day, day, f"ses_{back}:1")
    assert made.claim is not None
    await office.benefits.approve(made.claim.id, "stf_1")
    return made.claim.id


async def test_what_is_due_is_offered_in_pages_with_its_account(each_office: Office) -> None:
    ids = [await approved(each_office, back) for back in range(3)]

    first = await each_office.source.due(after="", limit=2)
    rest = await each_office.source.due(after=first[-1].source_id, limit=2)

    assert [due.source_id for due in [*first, *rest]] == sorted(ids)
    due = first[0]
    assert (due.person_id, due.name, due.iban) == (each_office.maryam.id, "Maryam Ahmadi", "")
    assert (due.amount, due.debit, due.code) == (irr(WORTH), Debit("benefit_expense", "sickness"), TransferCode.BENEFIT)


async def test_a_claim_is_in_one_batch_and_out_of_the_reach_of_a_release(each_office: Office) -> None:
    source, claim_id = each_office.source, await approved(each_office)

    assert await source.taken([claim_id, "clm_none"], "bat_1") == [claim_id]
    assert await source.taken([claim_id], "bat_1") == [claim_id], "harmless twice"
    assert await source.taken([claim_id], "bat_2") == []
    assert await source.due(after="", limit=9) == []
    assert await each_office.benefits.release(claim_id, "apr_1") == "batched"
    assert await each_office.benefits.release_refused(claim_id, "apr_1") == "nothing to take back"

    await source.left([claim_id], "bat_2")
    assert await each_office.state(claim_id) is ClaimState.BATCHED
    await source.left([claim_id], "bat_1")
    assert await each_office.benefits.release(claim_id, "apr_1") == "paid"
    assert await source.taken([claim_id], "bat_3") == []


async def test_how_an_item_ended_is_told_twice_and_counted_once(office: Office, clock: ManualClock) -> None:
    source, claim_id = office.source, await approved(office)
    await source.taken([claim_id], "bat_1")
    for _ in range(2):
        await source.ended(claim_id, Verdict.NOT_PAID, "itm_1", clock.now())
    assert await office.state(claim_id) is ClaimState.APPROVED
    await source.taken([claim_id], "bat_2")
    await source.ended(claim_id, Verdict.NOT_PAID, "itm_1", clock.now())
    assert await office.state(claim_id) is ClaimState.BATCHED, "an old answer frees no new batch"

    for verdict in (Verdict.PAID, Verdict.PAID, Verdict.RETURNED, Verdict.RETURNED):
        await source.ended(claim_id, verdict, "itm_2", clock.now())

    found = await office.claim(claim_id)
    assert (found.state, found.paid_at) == (ClaimState.PAID, clock.now())
    notes = [change.note for change in await office.benefits.history(claim_id)]
    assert notes == ["", "", "bat_1", "itm_1 not_paid", "bat_2", "itm_2", "itm_2 returned"]
    assert await source.due(after="", limit=9) == []


async def test_a_claim_that_left_its_batch_is_proposed_to_a_second_person_again(
    office: Office, clock: ManualClock
) -> None:
    claim_id = await approved(office)
    await office.source.taken([claim_id], "bat_1")
    office.proposals.open.clear()
    clock.advance(timedelta(minutes=1))
    assert await office.benefits.sweep() == 0
    await office.source.left([claim_id], "bat_1")
    clock.advance(timedelta(minutes=1))

    assert await office.benefits.sweep() == 1

    assert office.proposals.open[claim_id]["maker"] == "stf_1"


async def test_of_a_release_and_a_batch_in_two_processes_one_has_it(
    each_office: Office, database_url: str, clock: ManualClock
) -> None:
    ids = [await approved(each_office, back) for back in range(6)]
    async with open_office(database_url, clock, fresh=False) as other:
        other.bank.people.people[each_office.maryam.id] = each_office.maryam

        async def released(claim_id: str) -> bool:
            return await other.benefits.release(claim_id, f"apr_{claim_id}") == "paid"

        async def batched(claim_id: str) -> bool:
            return await each_office.source.taken([claim_id], "bat_1") == [claim_id]

        tasks = [one for claim_id in ids for one in (released(claim_id), batched(claim_id))]
        won = await asyncio.gather(*tasks)

    assert [won[at] + won[at + 1] for at in range(0, len(won), 2)] == [1] * len(ids)
    assert await each_office.bank.wallet(each_office.maryam.id) == WORTH * sum(won[::2])


class Doors(RuleBasedStateMachine):
    """A claim, two batches and single releases in any order: money leaves by one door, once."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.folder = TemporaryDirectory()
        self.clock = ManualClock(datetime(2026, 11, 22, 8, tzinfo=UTC))
        self.context = open_office(f"sqlite:///{Path(self.folder.name) / 'doors.db'}", self.clock)
        self.office = self.run(self.context.__aenter__())
        self.claim_id = self.run(approved(self.office))
        self.batch = ""
        self.paid: Counter[str] = Counter()
        self.asked = 0

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(work)

    def teardown(self) -> None:
        self.run(self.context.__aexit__(None, None, None))
        self.loop.close()
        self.folder.cleanup()

    @rule(batch=st.sampled_from(["bat_1", "bat_2"]))
    def take(self, batch: str) -> None:
        if self.run(self.office.source.taken([self.claim_id], batch)):
            assert not self.paid
            assert self.batch in {"", batch}
            self.batch = batch

    @rule(batch=st.sampled_from(["bat_1", "bat_2"]))
    def leave(self, batch: str) -> None:
        self.run(self.office.source.left([self.claim_id], batch))
        if batch == self.batch and not self.paid:
            self.batch = ""

    @precondition(lambda self: self.batch and not self.paid)
    @rule(paid=st.booleans())
    def end(self, *, paid: bool) -> None:
        self.asked += 1
        verdict = Verdict.PAID if paid else Verdict.NOT_PAID
        self.run(self.office.source.ended(self.claim_id, verdict, f"itm_{self.asked}", self.clock.now()))
        if paid:
            self.paid["batch"] += 1
        else:
            self.batch = ""

    @rule()
    def release(self) -> None:
        self.asked += 1
        if self.run(self.office.benefits.release(self.claim_id, f"apr_{self.asked}")) == "paid" and not self.paid:
            assert not self.batch
            self.paid["release"] += 1

    @invariant()
    def one_door(self) -> None:
        assert sum(self.paid.values()) <= 1
        posted = self.run(self.office.bank.wallet(self.office.maryam.id))
        assert posted == WORTH * self.paid["release"]
        state = self.run(self.office.state(self.claim_id))
        wanted = ClaimState.PAID if self.paid else ClaimState.BATCHED if self.batch else ClaimState.APPROVED
        assert state is wanted


TestDoors = Doors.TestCase
TestDoors.settings = settings(max_examples=8, stateful_step_count=12, deadline=None)
