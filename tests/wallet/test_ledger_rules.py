"""The rules decide every case alone: an example of each outcome, and any sequence as the auditor predicts it."""

from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.wallet.auditor import Auditor, every_outcome
from tests.wallet.memory import MemoryLedger, plain
from tests.wallet.strategies import PAUSES_S, START, STRANGER, calls, funding, ids, transfers, world
from wallet.accounts import Account, AccountState
from wallet.ids import TransferId
from wallet.ledger.rules import entries_of
from wallet.money import EUR, MINOR_MAX, Money, irr
from wallet.transfers import Balancing, Outcome, Transfer, TransferCode, TransferKind

ALICE, BOB, CASH, SAFE, TILL, ALICE_EUR = world("")
IDS = ids("")
SOON, LATE = START + timedelta(minutes=1), START + timedelta(hours=1)

CASH_IN = Transfer(IDS[0], CASH.id, ALICE.id, irr(100), TransferCode.CASH_IN, "csh_1")
SEND = Transfer(IDS[1], ALICE.id, BOB.id, irr(10), TransferCode.SEND, "pay_1")
HOLD = replace(SEND, id=IDS[2], kind=TransferKind.HOLD, expires_at=SOON)
CAPTURE = replace(SEND, id=IDS[3], kind=TransferKind.CAPTURE, hold_id=HOLD.id)
VOID = replace(CAPTURE, id=IDS[4], kind=TransferKind.VOID)
BACK = replace(
    CASH_IN, id=IDS[6], kind=TransferKind.REVERSE, debit=ALICE.id, credit=CASH.id, amount=irr(60), cites=CASH_IN.id
)
HUGE = replace(CASH_IN, id=IDS[5], debit=CASH.id, credit=SAFE.id, amount=irr(MINOR_MAX))

# Outcome of the last transfer of the last call, and the calls: all posted at START but the last one, at `when`.
CASES: list[tuple[Outcome, list[list[Transfer]]]] = [
    (Outcome.POSTED, [[CASH_IN]]),
    (Outcome.POSTED, [[CASH_IN], [HOLD], [CAPTURE]]),
    (Outcome.POSTED, [[CASH_IN], [HOLD], [replace(CAPTURE, amount=irr(1))]]),
    (Outcome.POSTED, [[CASH_IN], [HOLD], [VOID]]),
    (Outcome.POSTED, [[CASH_IN, replace(HOLD, linked=True), CAPTURE]]),
    (Outcome.POSTED, [[CASH_IN], [BACK], [replace(BACK, id=IDS[8], amount=irr(40))]]),
    (Outcome.POSTED, [[CASH_IN], [replace(SEND, amount=irr(500), balancing=Balancing.DEBIT)]]),
    (Outcome.DUPLICATE, [[CASH_IN], [CASH_IN]]),
    (Outcome.DUPLICATE, [[CASH_IN, CASH_IN]]),
    (Outcome.DUPLICATE, [[CASH_IN], [replace(SEND, linked=True), HOLD], [HOLD]]),
    (Outcome.LINKED_FAILED, [[replace(SEND, linked=True), CASH_IN]]),
    (Outcome.LINKED_FAILED, [[replace(CASH_IN, linked=True, amount=irr(0)), SEND]]),
    (Outcome.CHAIN_OPEN, [[CASH_IN, replace(SEND, linked=True)]]),
    (Outcome.ID_REUSED, [[CASH_IN], [replace(CASH_IN, amount=irr(101))]]),
    (Outcome.ID_REUSED, [[SEND], [replace(SEND, cause="pay_2")]]),
    (Outcome.ID_REUSED, [[CASH_IN], [replace(SEND, linked=True), CASH_IN]]),
    (Outcome.AMOUNT_INVALID, [[replace(CASH_IN, amount=irr(0))]]),
    (Outcome.AMOUNT_INVALID, [[replace(CASH_IN, amount=irr(-1))]]),
    (Outcome.AMOUNT_INVALID, [[replace(CASH_IN, amount=irr(MINOR_MAX + 1), debit=STRANGER)]]),
    (Outcome.SAME_ACCOUNT, [[replace(CASH_IN, credit=CASH.id)]]),
    (Outcome.EXPIRY_INVALID, [[replace(CASH_IN, kind=TransferKind.HOLD)]]),
    (Outcome.EXPIRY_INVALID, [[replace(CASH_IN, kind=TransferKind.HOLD, expires_at=START)]]),
    (Outcome.EXPIRY_INVALID, [[replace(CASH_IN, expires_at=SOON)]]),
    (Outcome.DEBIT_UNKNOWN, [[replace(CASH_IN, debit=STRANGER)]]),
    (Outcome.CREDIT_UNKNOWN, [[replace(CASH_IN, credit=STRANGER)]]),
    (Outcome.ASSET_DIFFERS, [[replace(CASH_IN, amount=Money(1, EUR))]]),
    (Outcome.ASSET_DIFFERS, [[replace(CASH_IN, credit=ALICE_EUR.id)]]),
    (Outcome.HOLD_UNKNOWN, [[CASH_IN], [CAPTURE]]),
    (Outcome.HOLD_UNKNOWN, [[HOLD], [CAPTURE]]),
    (Outcome.HOLD_UNKNOWN, [[CASH_IN], [replace(CAPTURE, hold_id=None)]]),
    (Outcome.HOLD_NOT_A_HOLD, [[CASH_IN], [replace(CAPTURE, hold_id=CASH_IN.id)]]),
    (Outcome.HOLD_NOT_A_HOLD, [[CASH_IN], [HOLD], [replace(HOLD, id=IDS[6], hold_id=HOLD.id)]]),
    (Outcome.HOLD_NOT_A_HOLD, [[CASH_IN], [HOLD], [replace(CAPTURE, kind=TransferKind.EXPIRE)]]),
    (Outcome.HOLD_DIFFERS, [[CASH_IN], [HOLD], [replace(CAPTURE, credit=SAFE.id)]]),
    (Outcome.HOLD_DIFFERS, [[CASH_IN], [HOLD], [replace(VOID, amount=irr(9))]]),
    (Outcome.HOLD_CAPTURED, [[CASH_IN], [HOLD], [CAPTURE], [VOID]]),
    (Outcome.HOLD_VOIDED, [[CASH_IN], [HOLD], [VOID], [CAPTURE]]),
    (Outcome.HOLD_EXCEEDED, [[CASH_IN], [HOLD], [replace(CAPTURE, amount=irr(11))]]),
    (Outcome.PERIOD_CLOSED, [[replace(CASH_IN, effective_on=date(2026, 10, 31))]]),
    (Outcome.INSUFFICIENT_FUNDS, [[SEND]]),
    (Outcome.INSUFFICIENT_FUNDS, [[CASH_IN], [HOLD], [replace(SEND, amount=irr(91))]]),
    (Outcome.LIMIT_EXCEEDED, [[replace(CASH_IN, credit=TILL.id)]]),
    (Outcome.SUM_TOO_LARGE, [[HUGE], [replace(HUGE, id=IDS[7])]]),
    (Outcome.BALANCING_INVALID, [[CASH_IN], [HOLD], [replace(CAPTURE, balancing=Balancing.DEBIT)]]),
    (Outcome.CITATION_INVALID, [[CASH_IN], [replace(BACK, cites=None)]]),
    (Outcome.CITATION_INVALID, [[CASH_IN], [replace(HOLD, cites=CASH_IN.id)]]),
    (Outcome.CITED_UNKNOWN, [[CASH_IN], [replace(BACK, cites=IDS[90])]]),
    (Outcome.CITED_UNKNOWN, [[SEND], [replace(CASH_IN, cites=SEND.id)]]),
    (Outcome.CITED_DIFFERS, [[CASH_IN], [SEND], [replace(BACK, cites=SEND.id)]]),
    (Outcome.CITED_DIFFERS, [[CASH_IN], [BACK], [replace(BACK, id=IDS[8], cites=BACK.id)]]),
    (Outcome.REVERSAL_EXCEEDED, [[CASH_IN], [BACK], [replace(BACK, id=IDS[8], amount=irr(41))]]),
    (Outcome.INSUFFICIENT_FUNDS, [[CASH_IN], [replace(SEND, amount=irr(50))], [BACK]]),
    (Outcome.INSUFFICIENT_FUNDS, [[replace(SEND, balancing=Balancing.DEBIT)]]),
    (Outcome.LIMIT_EXCEEDED, [[replace(CASH_IN, credit=TILL.id, balancing=Balancing.CREDIT)]]),
]


@pytest.mark.parametrize(("outcome", "calls"), CASES, ids=lambda value: getattr(value, "name", ""))
def test_each_case_has_its_outcome(outcome: Outcome, calls: list[list[Transfer]]) -> None:
    ledger = MemoryLedger(world(""), closed_through=date(2026, 10, 31))
    answers = [ledger.post(call, START) for call in calls]

    assert answers[-1][-1].outcome is outcome
    # A refused id stays refused, a posted one moves nothing more.
    moved = len(ledger.log)
    again = ledger.post(calls[-1], START)[-1]
    assert (again.outcome if outcome.stands is False else again.outcome.stands) == (outcome.stands or outcome)
    assert len(ledger.log) == moved


def test_a_lapsed_hold_cannot_be_captured() -> None:
    ledger = MemoryLedger(world(""))
    ledger.post([CASH_IN, HOLD], START)

    (late,) = ledger.post([CAPTURE], SOON)

    assert late.outcome is Outcome.HOLD_EXPIRED
    assert ledger.log[-1].transfer.kind is TransferKind.EXPIRE


STATES = [
    (Outcome.DEBIT_CLOSED, ALICE, AccountState.CLOSED),
    (Outcome.CREDIT_CLOSED, BOB, AccountState.CLOSED),
    (Outcome.DEBIT_FROZEN, ALICE, AccountState.FROZEN),
    (Outcome.CREDIT_FROZEN, BOB, AccountState.FROZEN),
]


@pytest.mark.parametrize(("outcome", "account", "state"), STATES, ids=lambda value: getattr(value, "name", ""))
def test_a_closed_or_frozen_account_takes_nothing_new_but_ends_its_holds(
    outcome: Outcome, account: Account, state: AccountState
) -> None:
    ledger = MemoryLedger(world(""))
    ledger.post([CASH_IN, HOLD], START)
    ledger.sides[account.id].state = state

    refused, captured = ledger.post([SEND, CAPTURE], START)

    assert (refused.outcome, captured.outcome) == (outcome, Outcome.POSTED)


def test_the_examples_cover_every_outcome() -> None:
    covered = {outcome.name for outcome, _ in CASES} | {outcome.name for outcome, _, _ in STATES} | {"HOLD_EXPIRED"}

    assert covered == every_outcome()


FIELDS = [
    ("debit", replace(SEND, debit=CASH.id)),
    ("credit", replace(SEND, credit=SAFE.id)),
    ("amount", replace(SEND, amount=irr(11))),
    ("code", replace(SEND, code=TransferCode.TAP)),
    ("cause", replace(SEND, cause="pay_2", linked=True)),
    ("kind", replace(SEND, kind=TransferKind.VOID)),
    ("hold_id", replace(SEND, hold_id=HOLD.id)),
    ("expires_at", replace(SEND, expires_at=LATE)),
    ("effective_on", replace(SEND, effective_on=date(2026, 11, 1))),
    ("linked", replace(SEND, linked=True)),
]


@pytest.mark.parametrize(("field", "other"), FIELDS, ids=[name for name, _ in FIELDS])
@pytest.mark.parametrize("first", [[CASH_IN, SEND], [SEND]], ids=["posted", "refused"])
def test_the_same_id_with_other_content_names_the_field(field: str, other: Transfer, first: list[Transfer]) -> None:
    ledger = MemoryLedger(world(""))
    ledger.post(first, START)

    (result,) = ledger.post([other], START)

    assert (result.outcome, result.differing_field) == (Outcome.ID_REUSED, field)


def test_ten_thousand_linked_transfers_fall_together() -> None:
    ledger = MemoryLedger(world(""))
    chain = [replace(CASH_IN, id=TransferId(ids(str(n), 1)[0]), linked=True) for n in range(9_999)]

    results = ledger.post([*chain, SEND, CASH_IN], START)
    spent = ledger.post([*(replace(t, id=ids(f"x{t.id}", 1)[0]) for t in chain), replace(HUGE, debit=ALICE.id)], START)

    assert {result.outcome for result in results} == {Outcome.POSTED}
    assert [result.outcome for result in spent[-2:]] == [Outcome.LINKED_FAILED, Outcome.INSUFFICIENT_FUNDS]
    assert len(ledger.log) == 10_001


@given(st.lists(st.tuples(calls(world(""), IDS), PAUSES_S), min_size=8, max_size=30))
def test_every_answer_is_the_auditors(asked: list[tuple[list[Transfer], int]]) -> None:
    ledger, auditor, now = MemoryLedger(world("")), Auditor(world("")), START
    asked = [(funding(world(""), ""), 0), *asked]
    for call, pause_s in asked:
        now += timedelta(seconds=pause_s)

        assert [plain(result) for result in ledger.post(call, now)] == auditor.ask(call, now)

    assert len(ledger.log) == auditor.world.moved
    for account, side in ledger.sides.items():
        assert [*_figures(side.balances())] == auditor.world.sums[account]


@given(st.lists(transfers(world(""), IDS), min_size=10, max_size=40), st.lists(st.integers(0, 25)))
def test_any_split_into_groups_books_the_same_rows(asked: list[Transfer], cuts: list[int]) -> None:
    serial, grouped = MemoryLedger(world("")), MemoryLedger(world(""))
    entries = list(entries_of([*funding(world(""), ""), *asked]))
    edges = sorted({0, len(entries), *(cut for cut in cuts if cut < len(entries))})

    one_by_one = [result for entry in entries for result in serial.commit([entry], START).results]
    in_groups = [
        result for start, end in pairwise(edges) for result in grouped.commit(entries[start:end], START).results
    ]

    assert one_by_one == in_groups
    assert serial.log == grouped.log


@given(st.lists(transfers(world(""), IDS), min_size=10, max_size=40))
def test_asking_everything_again_changes_nothing(asked: list[Transfer]) -> None:
    ledger = MemoryLedger(world(""))
    ledger.post(funding(world(""), ""), START)
    first = ledger.post(asked, START)
    rows = list(ledger.log)

    second = ledger.post(asked, START)

    assert ledger.log == rows
    for before, after in zip(first, second, strict=True):
        assert after.outcome is (Outcome.DUPLICATE if before.outcome.stands else before.outcome)
        assert before.balances_after == after.balances_after


def _figures(balances: object) -> list[int]:
    names = ("debits_posted", "credits_posted", "debits_held", "credits_held", "version")
    return [getattr(balances, name) for name in names]
