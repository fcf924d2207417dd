"""The rules decide every case alone: an example of each answer, and any sequence as the auditor predicts it."""

from collections import Counter
from dataclasses import replace
from datetime import date, datetime
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings

from tests.wallet.auditor import every_outcome
from tests.wallet.examples import (
    CAPTURE,
    CASH,
    CASH_IN,
    EXAMPLES,
    HOLD,
    HUGE,
    IDS,
    LATE,
    SAFE,
    SEND,
    SOON,
    TRANSFERS,
    Case,
)
from tests.wallet.memory import MemoryLedger, both, plain, same_books
from tests.wallet.strategies import START, Step, ids, stories, world
from wallet.accounts import ChangeOutcome
from wallet.ids import TransferId
from wallet.ledger.book import Book, Booked, Refused
from wallet.ledger.rules import decide, expiry_id
from wallet.money import irr
from wallet.transfers import Balances, BalancesAfter, Balancing, Outcome, Transfer, TransferCode, TransferKind

ANSWERS = every_outcome() | {outcome.name for outcome in ChangeOutcome}


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.outcome.name)
def test_each_example_has_its_answer_and_the_auditor_gives_the_same(example: Case) -> None:
    ledger, auditor = both()

    answers = ledger.follow(example.steps)

    assert (answers[-1] if isinstance(answers[-1], str) else answers[-1][-1][0]) == example.outcome.name
    assert answers == auditor.follow(example.steps)
    assert same_books(ledger, auditor)


def test_the_examples_cover_every_answer() -> None:
    covered = {example.outcome.name for example in EXAMPLES}

    assert covered == ANSWERS


@pytest.mark.parametrize("example", TRANSFERS, ids=lambda example: example.outcome.name)
def test_the_last_call_of_an_example_again_changes_nothing(example: Case) -> None:
    ledger, _ = both()
    ledger.follow(example.steps)
    rows, refused = list(ledger.log), list(ledger.refused)
    moments = [step for step in example.steps if isinstance(step, datetime)]

    (again,) = ledger.follow([*moments[-1:], example.steps[-1]])

    stays = "DUPLICATE" if example.outcome.stands else example.outcome.name  # type: ignore[union-attr]
    assert again[-1][0] == stays
    assert (ledger.log, ledger.refused) == (rows, refused)


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
    ("cites", replace(SEND, cites=CASH_IN.id)),
    ("balancing", replace(SEND, balancing=Balancing.DEBIT)),
]


@pytest.mark.parametrize(("field", "other"), FIELDS, ids=[name for name, _ in FIELDS])
@pytest.mark.parametrize("first", [[CASH_IN, SEND], [SEND]], ids=["posted", "refused"])
def test_the_same_id_with_other_content_names_the_field(field: str, other: Transfer, first: list[Transfer]) -> None:
    ledger = MemoryLedger(world(""))
    ledger.post(first, START)

    (result,) = ledger.post([other], START)

    assert (result.outcome, result.differing_field) == (Outcome.ID_REUSED, field)


def test_a_balancing_transfer_says_what_it_moved_and_what_was_asked() -> None:
    ledger = MemoryLedger(world(""))
    asked = replace(SEND, amount=irr(500), balancing=Balancing.DEBIT)

    (posted,) = ledger.post([CASH_IN, asked], START)[1:]
    (again,) = ledger.post([asked], START)

    assert (posted.transfer.amount, posted.transfer.asked_minor) == (irr(100), 500)
    assert (again.outcome, again.transfer) == (Outcome.DUPLICATE, posted.transfer)


def test_a_hold_that_lapsed_beyond_what_one_group_ends_is_not_captured_either() -> None:
    nothing = Balances(0, 0, 0, 0, 0)
    ledger = MemoryLedger(world(""))
    hold = Booked(1, HOLD, START, BalancesAfter(nothing, nothing), HOLD.id, 0)

    decision = decide(Book(1, ledger.sides, {HOLD.id: hold}), [[CAPTURE]], SOON)

    assert decision.refused == [Refused(CAPTURE, Outcome.HOLD_EXPIRED, SOON, CAPTURE.id, 0)]


def test_holds_lapse_by_the_decision_moment_and_rows_have_the_later_one_of_the_log() -> None:
    ledger = MemoryLedger(world(""))
    ledger.post([CASH_IN], LATE)

    held = ledger.commit([[HOLD]], START)
    lapsed = ledger.commit([[SEND]], SOON)

    assert [row.transfer.kind for row in lapsed.booked] == [TransferKind.EXPIRE, TransferKind.POST]
    assert (held.expired, lapsed.expired) == (0, 1)
    assert {row.booked_at for row in ledger.log} == {LATE}


def test_an_expiry_has_the_hold_s_time_bits_and_a_hash_over_it_as_its_id() -> None:
    hold = TransferId(UUID("0192f3a1-7c01-fabc-8def-0123456789a5"))

    assert str(expiry_id(hold)) == "0192f3a1-7c01-69f9-7805-76f0fa86691d"


def test_ten_thousand_linked_transfers_fall_together() -> None:
    ledger = MemoryLedger(world(""))
    chain = [replace(CASH_IN, id=TransferId(ids(str(n), 1)[0]), linked=True) for n in range(9_999)]

    results = ledger.post([*chain, SEND, CASH_IN], START)
    spent = ledger.post(
        [*(replace(t, id=ids(f"x{t.id}", 1)[0]) for t in chain), replace(HUGE, debit=SEND.debit)], START
    )

    assert {result.outcome for result in results} == {Outcome.POSTED}
    assert [result.outcome for result in spent[-2:]] == [Outcome.LINKED_FAILED, Outcome.INSUFFICIENT_FUNDS]
    assert len(ledger.log) == 10_001


def test_an_expiry_whose_id_is_taken_gets_another_one() -> None:
    ledger = MemoryLedger(world(""))
    other = replace(HOLD, id=IDS[8])
    ledger.post([CASH_IN, HOLD, other, replace(SEND, id=expiry_id(HOLD.id))], START)

    first, second = ledger.commit([], SOON).booked

    assert (first.transfer.hold_id, second.transfer.hold_id) == (HOLD.id, other.id)
    assert first.transfer.id not in (expiry_id(HOLD.id), CASH_IN.id)
    assert second.transfer.id == expiry_id(other.id)


@given(stories())
def test_every_answer_is_the_auditors(steps: list[Step]) -> None:
    ledger, auditor = both()

    assert ledger.follow(steps) == auditor.follow(steps)
    assert same_books(ledger, auditor)


def test_the_stories_meet_every_answer() -> None:
    met: Counter[str] = Counter()

    @settings(max_examples=200, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(stories())
    def meet(steps: list[Step]) -> None:
        answers = both()[1].follow(steps)
        met.update({name for step in answers for name in ([step] if isinstance(step, str) else [a[0] for a in step])})

    meet()

    never = {name: met[name] for name in ANSWERS if not met[name]}
    assert not never, f"never met in 200 stories: {never}"


@given(stories())
def test_asking_everything_again_changes_nothing(steps: list[Step]) -> None:
    ledger, _ = both()
    first = ledger.follow(steps)
    calls = [step for step in steps if isinstance(step, list)]
    at_last = max([START, *(step for step in steps if isinstance(step, datetime))])
    ledger.commit([], at_last)
    rows = list(ledger.log), list(ledger.refused)

    second = [[plain(result) for result in ledger.post(call, at_last)] for call in calls]

    assert (ledger.log, ledger.refused) == rows
    answers = [answer for answer in first if not isinstance(answer, str)]
    for before, after in zip(answers, second, strict=True):
        again = [("DUPLICATE" if name == "POSTED" else name, figures, field) for name, figures, field in before]
        assert after == again
