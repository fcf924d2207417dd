"""What two people agree to is posted once, makes the books agree, moves exactly the difference, and can be undone."""

import pytest

from gateway.services.approvals import ApprovalOutcome, StaffRef
from gateway.services.breaks import (
    Action,
    BreakOutcome,
    BreakReason,
    BreakState,
    Correct,
    Counter,
    Named,
    PostingState,
    Resolution,
    Taken,
)
from tests.gateway.services.breaks.world import (
    BANK,
    CHECKER,
    MAKER,
    OPENING,
    OTHER,
    WALLETS,
    World,
)
from wallet.ids import TransferId, transfer_id
from wallet.periods import PeriodClose, PeriodOutcome, PeriodState
from wallet.reconciliation import Decided, Side
from wallet.transfers import TransferCode

FINANCE = frozenset({"finance"})


async def test_a_write_off_of_a_lost_amount_moves_trust_by_exactly_it_and_the_next_run_agrees(both: World) -> None:
    world = both
    paid = await world.post("suspense", "trust_bank", 100, name="e2e")
    world.banks(-105, "line", end_to_end_id="e2e")
    await world.run()
    found = await world.only()
    assert found.minor == -5
    before = await world.net("trust_bank")
    assert await world.breaks.propose_write_off(found.id, "not worth a letter", MAKER) is BreakOutcome.OK
    assert (await world.only()).state is BreakState.PROPOSED
    assert await world.net("trust_bank") == before
    assert await world.agreed(found.id) is PostingState.POSTED
    assert await world.net("trust_bank") - before == -5
    assert await world.net("written_off") == 5
    done = await world.breaks.by_id(found.id)
    assert done is not None
    (posting,) = await world.breaks.postings(found.id)
    assert (done.state, done.resolution, done.resolved_by) == (BreakState.RESOLVED, Resolution.POSTED, posting.id)
    row = await world.ledger.transfer(posting.transfers[0])
    assert row is not None
    assert (row.transfer.code, row.transfer.cause, row.transfer.cites) == (TransferCode.WRITE_OFF, found.id, paid)
    assert world.books.said == [("link", CHECKER, posting.approval_id)]
    assert await world.run() == Taken()
    assert await world.groups() == []


async def test_where_three_books_are_compared_the_rails_agrees_with_what_was_written_off_too(world: World) -> None:
    await world.post("suspense", "trust_bank", 100, name="e2e")
    world.rails_has(BANK, -100, "e2e")
    world.banks(-105, "line", end_to_end_id="e2e")
    await world.run()
    found = await world.only()
    assert await world.written_off(found.id) is PostingState.POSTED
    assert await world.groups() == []
    await world.breaks.propose_undo(found.id, "it came after all", MAKER)
    assert await world.agreed(found.id) is PostingState.POSTED
    assert await world.run() == Taken()
    assert ((await world.only()).id, await world.net("trust_bank")) == (found.id, OPENING - 100)


async def test_money_that_the_bank_never_had_is_given_up(world: World) -> None:
    await world.post("trust_bank", "suspense", 40, name="never came")
    await world.run()
    assert await world.written_off((await world.only()).id) is PostingState.POSTED
    assert await world.net("trust_bank") == OPENING
    assert await world.run() == Taken()


async def test_what_was_paid_into_a_wallet_too_much_is_made_good_where_it_was_paid_from(world: World) -> None:
    await world.wallet_paid(100, "itm_1")
    world.rails_has(WALLETS, -80, "itm_1")
    await world.run(WALLETS)
    found = await world.only(WALLETS)
    assert await world.written_off(found.id) is PostingState.POSTED
    nets = [await world.net(name) for name in ("wallet:per_1", "payout_expense:care", "written_off", "trust_bank")]
    assert nets == [-100, 80, 20, OPENING]
    assert await world.run(WALLETS) == Taken()
    assert await world.groups(WALLETS) == []
    assert await world.breaks.propose_undo(found.id, "they gave it back", MAKER) is BreakOutcome.OK
    assert await world.agreed(found.id) is PostingState.POSTED
    assert [await world.net("payout_expense:care"), await world.net("written_off")] == [100, 0]
    assert await world.run(WALLETS) == Taken()
    assert (await world.only(WALLETS)).id == found.id


@pytest.mark.parametrize(
    ("minor", "counter", "net"),
    [(-30, Counter.BANK_CHARGES, 30), (25, Counter.BANK_INTEREST, -25), (60, Counter.SUSPENSE, -60)],
)
async def test_what_the_bank_alone_has_is_booked_on_its_day(
    world: World, minor: int, counter: Counter, net: int
) -> None:
    world.banks(minor, "line", days=-2)
    await world.run()
    found = await world.only()
    assert await world.breaks.propose_booking(found.id, counter, "the statement says so", MAKER) is BreakOutcome.OK
    assert await world.agreed(found.id) is PostingState.POSTED
    assert (await world.net("trust_bank"), await world.net(counter.value)) == (OPENING + minor, net)
    (posting,) = await world.breaks.postings(found.id)
    row = await world.ledger.transfer(posting.transfers[0])
    assert row is not None
    assert (row.transfer.code, row.transfer.effective_on) == (TransferCode.BANK_BOOKED, world.today(-2))
    assert await world.run() == Taken()


async def test_what_is_of_a_closed_day_is_booked_today(world: World) -> None:
    world.banks(-30, "line", days=-2)
    await world.run()
    found = await world.only()
    for state in PeriodState:
        assert await world.ledger.close_period(PeriodClose(world.today(-1), state, "dcl_1")) is PeriodOutcome.DONE
    await world.breaks.propose_booking(found.id, Counter.BANK_CHARGES, "late", MAKER)
    assert await world.agreed(found.id) is PostingState.POSTED
    (posting,) = await world.breaks.postings(found.id)
    row = await world.ledger.transfer(posting.transfers[0])
    assert row is not None
    assert row.transfer.effective_on in {None, world.today()}
    assert await world.net("bank_charges") == 30


async def test_a_correction_takes_back_what_was_wrong_and_books_what_is_right(world: World) -> None:
    wrong = await world.post("suspense", "trust_bank", 120, name="e2e")
    world.banks(-102, "line", end_to_end_id="e2e")
    await world.run()
    found = await world.only()
    right = Correct(Named("suspense"), Named("trust_bank"), 102)
    assert await world.breaks.propose_correction(found.id, wrong, right, "two digits", MAKER) is BreakOutcome.OK
    assert await world.agreed(found.id) is PostingState.POSTED
    assert (await world.net("trust_bank"), await world.net("suspense")) == (OPENING - 102, 102)
    assert {row.transfer.cites for row in await world.ledger.citing(wrong)} == {wrong}
    assert await world.groups() == []
    await world.breaks.propose_undo(found.id, "the bank corrects it", MAKER)
    assert await world.agreed(found.id) is PostingState.POSTED
    assert (await world.net("trust_bank"), await world.net("suspense")) == (OPENING - 120, 120)
    await world.run()
    assert (await world.only()).id == found.id


async def test_a_correction_that_leaves_a_difference_leaves_the_break_open(world: World) -> None:
    wrong = await world.post("suspense", "trust_bank", 120, name="e2e")
    world.banks(-102, "line", end_to_end_id="e2e")
    await world.run()
    found = await world.only()
    right = Correct(Named("suspense"), Named("trust_bank"), 110)
    await world.breaks.propose_correction(found.id, wrong, right, "a guess", MAKER)
    assert await world.agreed(found.id) is PostingState.POSTED
    assert (await world.only()).state is BreakState.OPEN
    assert await world.run() == Taken(followed=1)
    assert (await world.only()).minor == 8


async def test_a_payment_that_the_bank_never_made_is_taken_back(world: World) -> None:
    wrong = await world.post("suspense", "trust_bank", 50, name="e2e")
    await world.run()
    found = await world.only()
    assert (await world.breaks.may(found.id)).corrections == (wrong,)
    assert await world.breaks.propose_correction(found.id, wrong, None, "never sent", MAKER) is BreakOutcome.OK
    assert await world.agreed(found.id) is PostingState.POSTED
    assert await world.net("trust_bank") == OPENING
    assert await world.run() == Taken()


async def test_an_undo_is_new_rows_and_its_own_two_people_and_opens_the_break_again(both: World) -> None:
    world = both
    world.banks(-30, "line")
    await world.run()
    found = await world.only()
    await world.breaks.propose_booking(found.id, Counter.BANK_CHARGES, "a charge", MAKER)
    await world.agreed(found.id)
    assert await world.breaks.propose_undo(found.id, "it was not", OTHER) is BreakOutcome.OK
    posting = (await world.breaks.postings(found.id))[-1]
    assert posting.action is Action.CORRECTION
    said = await world.approvals.approve(posting.approval_id, StaffRef(OTHER, FINANCE))
    assert said is ApprovalOutcome.MAKER_IS_CHECKER
    assert await world.agreed(found.id, by=MAKER) is PostingState.POSTED
    assert (await world.net("trust_bank"), await world.net("bank_charges")) == (OPENING, 0)
    first, second = await world.breaks.postings(found.id)
    (undo,) = second.transfers
    row = await world.ledger.transfer(undo)
    assert row is not None
    assert (second.undoes, row.transfer.cites) == (first.id, first.transfers[0])
    assert await world.run() == Taken()
    again = await world.only()
    assert (again.id, again.state) == (found.id, BreakState.OPEN)
    assert await world.breaks.propose_undo(found.id, "once more", MAKER) is BreakOutcome.TRANSFER
    await world.breaks.propose_booking(found.id, Counter.SUSPENSE, "whose is it", MAKER)
    assert await world.agreed(found.id) is PostingState.POSTED
    assert await world.run() == Taken()
    assert await world.net("suspense") == 30


async def test_a_refused_proposal_leaves_the_break_as_it_was(world: World) -> None:
    world.banks(-30, "line")
    await world.run()
    found = await world.only()
    await world.breaks.explain(found.id, BreakReason.FEE, "a charge", MAKER)
    await world.breaks.propose_booking(found.id, Counter.BANK_CHARGES, "book it", MAKER)
    (posting,) = await world.breaks.postings(found.id)
    assert await world.breaks.explain(found.id, BreakReason.OTHER, "else", MAKER) is BreakOutcome.WAITING
    assert await world.breaks.propose_write_off(found.id, "too", MAKER) is BreakOutcome.WAITING
    await world.approvals.reject(posting.approval_id, StaffRef(CHECKER, FINANCE), "ask first")
    now = await world.only()
    assert (now.state, now.reason, now.note) == (BreakState.EXPLAINED, BreakReason.FEE, "a charge")
    assert [one.state for one in await world.breaks.postings(found.id)] == [PostingState.REFUSED]
    assert await world.breaks.propose_booking(found.id, Counter.BANK_CHARGES, "asked", MAKER) is BreakOutcome.OK
    assert await world.agreed(found.id) is PostingState.POSTED


async def test_what_a_rail_may_still_settle_is_neither_proposed_nor_posted(world: World) -> None:
    world.banks(-30, "line", end_to_end_id="e2e")
    world.rails.open.add("e2e")
    await world.run()
    found = await world.only()
    may = await world.breaks.may(found.id)
    assert (may.write_off, may.booking, may.counters) == (BreakOutcome.PENDING, BreakOutcome.PENDING, ())
    assert await world.breaks.propose_write_off(found.id, "x", MAKER) is BreakOutcome.PENDING
    assert await world.breaks.propose_booking(found.id, Counter.SUSPENSE, "x", MAKER) is BreakOutcome.PENDING
    world.rails.open.clear()
    assert await world.breaks.propose_booking(found.id, Counter.SUSPENSE, "x", MAKER) is BreakOutcome.OK
    world.rails.open.add("e2e")
    assert await world.agreed(found.id) is PostingState.STALE
    assert (await world.net("trust_bank"), (await world.only()).state) == (OPENING, BreakState.OPEN)


async def test_what_rows_of_ours_explain_exactly_is_never_offered_to_be_booked(world: World) -> None:
    key = world.banks(-30, "line")
    await world.run()
    found = await world.only()
    world.books.suggested.add(key)
    may = await world.breaks.may(found.id)
    assert (may.booking, may.counters, may.write_off) == (BreakOutcome.SUGGESTED, (), BreakOutcome.SUGGESTED)
    assert await world.breaks.propose_booking(found.id, Counter.SUSPENSE, "x", MAKER) is BreakOutcome.SUGGESTED


async def test_a_proposal_that_makes_no_sense_says_why(world: World) -> None:
    wrong = await world.post("suspense", "trust_bank", 120, name="e2e")
    world.banks(-102, "line", end_to_end_id="e2e")
    await world.run()
    found = await world.only()
    breaks = world.breaks

    async def corrected(right: Correct | None, which: TransferId = wrong) -> BreakOutcome:
        return await breaks.propose_correction(found.id, which, right, "x", MAKER)

    suspense, trust = Named("suspense"), Named("trust_bank")
    assert await corrected(None, transfer_id("brk_00000000000000000000000000", "x")) is BreakOutcome.TRANSFER
    assert await corrected(Correct(suspense, suspense, 5)) is BreakOutcome.ACCOUNT
    assert await corrected(Correct(Named("nobody"), trust, 5)) is BreakOutcome.ACCOUNT
    assert await corrected(Correct(Named("wallet"), trust, 5)) is BreakOutcome.ACCOUNT
    assert await corrected(Correct(Named("wallet", "per_nobody"), trust, 5)) is BreakOutcome.ACCOUNT
    assert await corrected(Correct(Named("wallet", "per 1\n"), trust, 5)) is BreakOutcome.ACCOUNT
    assert await corrected(Correct(Named("trust_bank", "x"), suspense, 5)) is BreakOutcome.ACCOUNT
    assert await corrected(Correct(Named("budget", "line"), trust, 5)) is BreakOutcome.ACCOUNT
    assert await corrected(Correct(suspense, trust, 0)) is BreakOutcome.AMOUNT
    assert await corrected(Correct(suspense, trust, 2**63)) is BreakOutcome.AMOUNT
    assert await breaks.propose_booking(found.id, Counter.SUSPENSE, "x", MAKER) is BreakOutcome.NOT_OF_BANK
    assert await breaks.propose_write_off(found.id, " \n", MAKER) is BreakOutcome.TEXT_MISSING
    assert await breaks.propose_write_off(found.id, "x" * 301, MAKER) is BreakOutcome.TEXT_LONG
    assert await breaks.propose_undo(found.id, "x", MAKER) is BreakOutcome.TRANSFER
    assert await breaks.postings(found.id) == []
    for said in (
        await breaks.propose_write_off("brk_none", "x", MAKER),
        await breaks.propose_undo("brk_none", "x", MAKER),
        (await breaks.may("brk_none")).write_off,
    ):
        assert said is BreakOutcome.UNKNOWN


async def test_what_the_ledger_refuses_leaves_the_break_open_and_may_be_tried_otherwise(world: World) -> None:
    paid = await world.wallet_paid(100, "itm_1")
    await world.post("wallet:per_1", "funding", 100, name="spent")
    await world.run(WALLETS)
    found = await world.only(WALLETS)
    await world.breaks.propose_correction(found.id, paid, None, "nobody asked for it", MAKER)
    assert await world.agreed(found.id) is PostingState.FAILED
    (posting,) = await world.breaks.postings(found.id)
    assert (posting.outcome, (await world.only(WALLETS)).state) == ("INSUFFICIENT_FUNDS", BreakState.OPEN)
    assert await world.written_off(found.id) is PostingState.POSTED
    assert await world.net("written_off") == 100
    assert await world.run(WALLETS) == Taken()


async def test_what_was_posted_is_a_book_of_its_own_for_flows_of_ours(world: World) -> None:
    await world.wallet_paid(100, "itm_1")
    await world.run(WALLETS)
    found = await world.only(WALLETS)
    await world.written_off(found.id)
    (posting,) = await world.breaks.postings(found.id)
    pages = [page async for page in world.breaks.booked(WALLETS, Side.LEDGER, *world.always())]
    ((row,),) = pages
    assert (row.id, row.minor, row.reference, row.on) == (str(posting.transfers[0]), 100, found.id, world.today())
    assert await world.breaks.booked_again(WALLETS, Side.LEDGER, [row.id, "else"]) == [row]
    assert await world.breaks.booked_again(BANK, Side.LEDGER, [row.id]) == []
    assert [page async for page in world.breaks.booked(WALLETS, Side.RAIL, *world.always())] == []


async def test_what_was_posted_since_the_last_run_counts_for_the_next_proposal(world: World) -> None:
    wrong = await world.post("suspense", "trust_bank", 120, name="e2e")
    world.banks(-102, "line", end_to_end_id="e2e")
    await world.run()
    found = await world.only()
    await world.breaks.propose_correction(found.id, wrong, None, "never agreed to", MAKER)
    assert await world.agreed(found.id) is PostingState.POSTED
    assert (await world.only()).state is BreakState.OPEN
    assert await world.written_off(found.id) is PostingState.POSTED
    (_, posting) = await world.breaks.postings(found.id)
    assert (posting.minor, await world.net("trust_bank")) == (102, OPENING - 102)
    await world.run()
    assert await world.breaks.breaks(standing=True, limit=9) == []


async def test_what_was_given_up_is_not_given_up_again_by_reopening(world: World) -> None:
    await world.wallet_paid(100, "itm_1")
    world.rails_has(WALLETS, -80, "itm_1")
    await world.run(WALLETS)
    found = await world.only(WALLETS)
    assert await world.written_off(found.id) is PostingState.POSTED
    assert await world.breaks.reopen(found.id, "once more", MAKER) is BreakOutcome.OK
    assert await world.breaks.propose_write_off(found.id, "again", MAKER) is BreakOutcome.NOTHING_DIFFERS
    assert (await world.breaks.may(found.id)).write_off is BreakOutcome.NOTHING_DIFFERS
    await world.breaks.propose_undo(found.id, "once more", MAKER)
    assert await world.agreed(found.id) is PostingState.POSTED
    assert (await world.breaks.may(found.id)).write_off is BreakOutcome.OK


async def test_nobody_is_given_more_than_was_taken_from_them(world: World) -> None:
    paid = [await world.wallet_paid(50, name) for name in ("itm_1", "itm_2", "itm_3")]
    rail = world.rails_has(WALLETS, -20, "itm_1")
    keys = frozenset({rail, *((Side.LEDGER, str(one)) for one in paid)})
    world.books.decided[WALLETS].append(Decided(keys, together=True))
    await world.run(WALLETS)
    found = await world.only(WALLETS)
    assert found.minor == 130
    assert (await world.breaks.may(found.id)).write_off is BreakOutcome.CORRECT_IT
    assert await world.breaks.propose_write_off(found.id, "all to one", MAKER) is BreakOutcome.CORRECT_IT


async def test_what_is_right_is_no_more_than_any_book_says(world: World) -> None:
    wrong = await world.post("suspense", "trust_bank", 120, name="e2e")
    world.banks(-125, "line", end_to_end_id="e2e")
    await world.run()
    found = await world.only()
    for minor, said in ((126, BreakOutcome.AMOUNT), (125, BreakOutcome.OK)):
        right = Correct(Named("suspense"), Named("trust_bank"), minor)
        assert await world.breaks.propose_correction(found.id, wrong, right, "so", MAKER) is said
