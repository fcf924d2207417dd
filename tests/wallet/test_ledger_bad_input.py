"""Bad input gets its member of the enum, never an exception, and whoever shares its group does not notice."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import uuid5

import pytest

from tests.wallet.books import ALICE, BANK, BOB, CHART, close_periods, end, fund, hold, opened, send
from tests.wallet.examples import EXAMPLES
from tests.wallet.strategies import CLOSED_THROUGH, SOFT_THROUGH, START, Step, world
from tests.wallet.test_ledger_rules import FIELDS
from wallet.accounts import AccountChange, AccountState, ChangeOutcome, Limits
from wallet.clock import ManualClock
from wallet.ids import AccountId, TransferId
from wallet.ledger import Ledger
from wallet.ledger.rules import expiry_id
from wallet.money import EUR, MINOR_MAX, Asset, AssetKind, Money, irr
from wallet.transfers import Balancing, Outcome, PostResult, Transfer, TransferKind

STRANGER = AccountId(TransferId(uuid5(BANK.id, "stranger")))
FROZEN, CLOSED = CHART.account("wallet", "per_frozen"), CHART.account("wallet", "per_closed")
EMPTY, ALICE_EUR = CHART.account("wallet", "per_empty"), CHART.account("wallet", "per_alice", EUR)


async def _prepare(ledger: Ledger, clock: ManualClock) -> dict[str, Transfer]:
    """Money, a hold and a reversal to be misused."""
    await ledger.open_accounts(FROZEN, CLOSED, EMPTY, ALICE_EUR)
    for account, state in ((FROZEN, AccountState.FROZEN), (CLOSED, AccountState.CLOSED)):
        assert await ledger.change(AccountChange(account.id, "stf_1", state)) is ChangeOutcome.CHANGED
    paid, reserved = fund(clock, 100_000), hold(clock, 10, clock.now() + timedelta(hours=1))
    back = replace(fund(clock, 5), debit=ALICE.id, credit=BANK.id, kind=TransferKind.REVERSE, cites=paid.id)
    results = await ledger.post(paid, reserved, back, refused := send(clock, 10**9))
    assert [result.outcome.stands for result in results] == [True, True, True, False]
    return {"paid": paid, "hold": reserved, "back": back, "refused": refused}


def _bad(clock: ManualClock, old: dict[str, Transfer]) -> list[tuple[Outcome, list[Transfer]]]:
    """The answer to the last transfer of each call."""
    paid, reserved, back = old["paid"], old["hold"], old["back"]

    def sent(**other: object) -> Transfer:
        return replace(send(clock, 1), **other)  # type: ignore[arg-type]

    capture = end(clock, reserved, TransferKind.CAPTURE)
    points = Asset("XYZ", 0, AssetKind.POINTS)
    soon = clock.now() + timedelta(minutes=1)
    return [
        *((Outcome.AMOUNT_INVALID, [sent(amount=irr(minor))]) for minor in (0, -1, MINOR_MAX + 1, 2**100, -(2**100))),
        (Outcome.AMOUNT_INVALID, [sent(amount=irr(-5), balancing=Balancing.DEBIT)]),
        (Outcome.SAME_ACCOUNT, [sent(credit=ALICE.id)]),
        (Outcome.EXPIRY_INVALID, [sent(kind=TransferKind.HOLD)]),
        (Outcome.EXPIRY_INVALID, [sent(kind=TransferKind.HOLD, expires_at=clock.now())]),
        (Outcome.BALANCING_INVALID, [replace(capture, id=sent().id, balancing=Balancing.DEBIT)]),
        (Outcome.CITATION_INVALID, [sent(kind=TransferKind.REVERSE)]),
        (Outcome.DEBIT_UNKNOWN, [sent(debit=STRANGER)]),
        (Outcome.CREDIT_UNKNOWN, [sent(credit=STRANGER)]),
        (Outcome.ASSET_DIFFERS, [sent(amount=Money(1, EUR))]),
        (Outcome.ASSET_DIFFERS, [sent(amount=Money(1, points))]),
        (Outcome.ASSET_DIFFERS, [sent(credit=ALICE_EUR.id)]),
        (Outcome.DEBIT_CLOSED, [sent(debit=CLOSED.id)]),
        (Outcome.CREDIT_CLOSED, [sent(credit=CLOSED.id)]),
        (Outcome.DEBIT_FROZEN, [sent(debit=FROZEN.id)]),
        (Outcome.CREDIT_FROZEN, [sent(credit=FROZEN.id)]),
        (Outcome.HOLD_UNKNOWN, [replace(capture, id=sent().id, hold_id=sent().id)]),
        (Outcome.HOLD_UNKNOWN, [replace(capture, id=sent().id, hold_id=old["refused"].id)]),
        (Outcome.HOLD_NOT_A_HOLD, [replace(capture, id=sent().id, hold_id=paid.id)]),
        (Outcome.HOLD_NOT_A_HOLD, [sent(kind=TransferKind.HOLD, expires_at=soon, hold_id=reserved.id)]),
        (Outcome.HOLD_NOT_A_HOLD, [replace(capture, id=sent().id, kind=TransferKind.EXPIRE)]),
        (Outcome.HOLD_DIFFERS, [replace(capture, id=sent().id, credit=BANK.id)]),
        (Outcome.HOLD_EXCEEDED, [replace(capture, id=sent().id, amount=irr(11))]),
        (Outcome.CITED_UNKNOWN, [sent(cites=sent().id)]),
        (Outcome.CITED_DIFFERS, [sent(kind=TransferKind.REVERSE, cites=back.id)]),
        (Outcome.CITED_DIFFERS, [sent(kind=TransferKind.REVERSE, cites=back.id, debit=BANK.id, credit=ALICE.id)]),
        (Outcome.CITED_DIFFERS, [sent(kind=TransferKind.REVERSE, cites=reserved.id, debit=BOB.id, credit=ALICE.id)]),
        (Outcome.REVERSAL_EXCEEDED, [replace(back, id=sent().id, amount=irr(99_996))]),
        (Outcome.INSUFFICIENT_FUNDS, [sent(amount=irr(10**9))]),
        (Outcome.INSUFFICIENT_FUNDS, [sent(debit=EMPTY.id, credit=ALICE.id, balancing=Balancing.DEBIT)]),
        (Outcome.CHAIN_OPEN, [sent(linked=True), sent(linked=True)]),
        (Outcome.LINKED_FAILED, [sent(linked=True, amount=irr(0)), sent()]),
        (Outcome.LINKED_FAILED, [paid, replace(paid, linked=True), sent()][1:]),
        (Outcome.ID_REUSED, [replace(paid, amount=irr(1))]),
        (Outcome.ID_REUSED, [replace(paid, id=old["refused"].id)]),
        (Outcome.DUPLICATE, [paid]),
    ]


async def test_bad_input_gets_its_answer_and_nobody_else_in_its_group_notices(
    ledger: Ledger, clock: ManualClock
) -> None:
    bad = _bad(clock, await _prepare(ledger, clock))
    good = [send(clock, 1) for _ in bad]
    blocks = (await ledger.head()).block

    async with asyncio.TaskGroup() as tasks:
        answers = []
        for (_, call), other in zip(bad, good, strict=True):
            answers.append(tasks.create_task(ledger.post(*call)))
            answers.append(tasks.create_task(ledger.post(other)))

    results = [answer.result()[-1].outcome for answer in answers]
    assert results[::2] == [outcome for outcome, _ in bad]
    assert set(results[1::2]) == {Outcome.POSTED}
    assert (await ledger.head()).block <= blocks + 2, "they did not share a group"


@pytest.mark.parametrize("funds", [100, 1], ids=["posted", "refused"])
async def test_an_id_used_again_names_the_first_field_that_differs(
    ledger: Ledger, clock: ManualClock, funds: int
) -> None:
    first = send(clock, 10)
    await ledger.post(fund(clock, funds), first)
    others = [replace(first, **{name: getattr(other, name)}) for name, other in FIELDS]

    results = [(await ledger.post(other))[0] for other in others]

    assert [result.differing_field for result in results] == [name for name, _ in FIELDS]
    assert {result.outcome for result in results} == {Outcome.ID_REUSED}


async def test_the_same_id_twice_is_posted_once_wherever_it_meets_itself(
    database_url: str, ledger: Ledger, clock: ManualClock
) -> None:
    await ledger.post(fund(clock, 1000))
    one, two, three, four = (send(clock, 1) for _ in range(4))
    other_process = await Ledger.open(database_url, clock)

    try:
        in_one_call = await ledger.post(one, one, replace(one, cause="pay_other"))
        async with asyncio.TaskGroup() as tasks:
            in_one_group = [tasks.create_task(ledger.post(two)) for _ in range(3)]
        async with asyncio.TaskGroup() as tasks:
            processes = [tasks.create_task(each.post(three)) for each in (ledger, other_process) for _ in range(5)]
            others = [
                tasks.create_task(each.post(replace(four, amount=irr(minor))))
                for minor, each in enumerate([ledger, other_process], 2)
            ]
    finally:
        await other_process.close()

    posted, duplicate, reused = Outcome.POSTED, Outcome.DUPLICATE, Outcome.ID_REUSED
    assert [result.outcome for result in in_one_call] == [posted, duplicate, reused]
    assert _outcomes(in_one_group) == [posted, duplicate, duplicate]
    assert sorted(_outcomes(processes)) == [posted, *([duplicate] * 9)]
    assert sorted(_outcomes(others)) == [posted, reused]


def _outcomes(tasks: Sequence[asyncio.Task[list[PostResult]]]) -> list[Outcome]:
    return [task.result()[0].outcome for task in tasks]


async def test_ten_thousand_linked_transfers_stand_or_fall_together(ledger: Ledger, clock: ManualClock) -> None:
    await ledger.post(fund(clock, 20_000))
    chain = [send(clock, 1, linked=True) for _ in range(9_999)]
    failing = [replace(each, id=TransferId(uuid5(each.id, "again"))) for each in chain]

    stood = await ledger.post(*chain, send(clock, 1))
    fell = await ledger.post(*failing, send(clock, 10**9))

    assert {result.outcome for result in stood} == {Outcome.POSTED}
    assert {result.outcome for result in fell[:-1]} == {Outcome.LINKED_FAILED}
    assert fell[-1].outcome is Outcome.INSUFFICIENT_FUNDS
    assert (await ledger.head()).position == 10_001


async def test_ten_thousand_and_one_transfers_of_one_call_stand_alone(ledger: Ledger, clock: ManualClock) -> None:
    await ledger.post(fund(clock, 10_000))

    results = await ledger.post(*(send(clock, 1) for _ in range(10_001)))

    assert {result.outcome for result in results[:-1]} == {Outcome.POSTED}
    assert results[-1].outcome is Outcome.INSUFFICIENT_FUNDS


LIMITS = [Limits(2**63), Limits(-(2**63) - 1), Limits(None, 2**70), Limits(0.5)]  # type: ignore[arg-type]


@pytest.mark.parametrize("limits", LIMITS, ids=str)
async def test_limits_that_no_column_holds_are_a_bug_of_their_caller_alone(
    ledger: Ledger, clock: ManualClock, limits: Limits
) -> None:
    odd = replace(CHART.account("wallet", "per_odd"), limits=limits)

    async with asyncio.TaskGroup() as tasks:
        bugs = [
            tasks.create_task(_bug(ledger.change(AccountChange(ALICE.id, "stf_1", None, limits)))),
            tasks.create_task(_bug(ledger.open_accounts(odd))),
        ]
        good = tasks.create_task(ledger.post(fund(clock, 1)))

    assert [type(bug.result()) for bug in bugs] == [AssertionError, AssertionError]
    assert good.result()[0].outcome is Outcome.POSTED


CAUSES = ["", "two\nlines", "nul\0", "\ud800", "x" * 201]


@pytest.mark.parametrize("cause", CAUSES, ids=ascii)
async def test_a_change_needs_a_cause_that_can_be_stored(ledger: Ledger, clock: ManualClock, cause: str) -> None:
    async with asyncio.TaskGroup() as tasks:
        bug = tasks.create_task(_bug(ledger.change(AccountChange(ALICE.id, cause, AccountState.FROZEN))))
        good = tasks.create_task(ledger.post(fund(clock, 1)))

    assert isinstance(bug.result(), AssertionError)
    assert good.result()[0].outcome is Outcome.POSTED


async def test_an_account_cannot_open_beyond_its_own_limits(ledger: Ledger) -> None:
    for limits in (Limits(-1), Limits(None, -1)):
        with pytest.raises(AssertionError, match="opens empty"):
            await ledger.open_accounts(replace(CHART.account("wallet", "per_odd"), limits=limits))


async def _bug(work: object) -> BaseException | None:
    try:
        await work  # type: ignore[misc]
    except AssertionError as bug:
        return bug
    return None


def _mine(transfer: Transfer, tag: str) -> Transfer:
    """The same in an example's own world."""
    own = {old.id: new.id for old, new in zip(world(""), world(tag), strict=True)}
    other = {name: getattr(transfer, name) for name in ("id", "hold_id", "cites")}
    ids = {name: None if value is None else TransferId(uuid5(value, tag)) for name, value in other.items()}
    debit, credit = own.get(transfer.debit, transfer.debit), own.get(transfer.credit, transfer.credit)
    return replace(transfer, debit=debit, credit=credit, **ids)  # type: ignore[arg-type]


async def _follow(ledger: Ledger, clock: ManualClock, steps: Sequence[Step], tag: str) -> str:
    """The last answer to an example that is told in a world of its own."""
    accounts = world(tag)
    own = {old.id: new.id for old, new in zip(world(""), accounts, strict=True)}
    await ledger.open_accounts(*accounts)
    clock.advance(START - clock.now())
    answer = ""
    for step in steps:
        if isinstance(step, datetime):
            clock.advance(step - clock.now())
        elif isinstance(step, AccountChange):
            change = replace(step, account=own.get(step.account, step.account))
            answer = (await ledger.change(change)).name
        else:
            results = await ledger.post(*(_mine(transfer, tag) for transfer in step))
            answer = results[-1].outcome.name
    return answer


async def test_every_example_has_its_answer_on_a_real_ledger(database_url: str) -> None:
    clock = ManualClock(START)
    wrong: list[str] = []
    async with opened(database_url, clock) as ledger:
        await close_periods(ledger, CLOSED_THROUGH, SOFT_THROUGH)
        for number, example in enumerate(EXAMPLES):
            answer = await _follow(ledger, clock, example.steps, str(number))
            if answer != example.outcome.name:
                wrong.append(f"example {number} of {example.outcome.name} got {answer}")
        verified = await ledger.verify()

    assert not wrong
    assert verified.finding is None, str(verified.finding)


async def test_an_id_that_an_expiry_would_have_had_may_be_taken(ledger: Ledger, clock: ManualClock) -> None:
    soon = clock.now() + timedelta(minutes=1)
    one, two = hold(clock, 10, soon), hold(clock, 10, soon)
    await ledger.post(fund(clock, 100), one, two)

    taken = await ledger.post(
        replace(send(clock, 1), id=expiry_id(one.id)), replace(send(clock, 0), id=expiry_id(two.id))
    )
    clock.advance(timedelta(minutes=2))
    late = await ledger.post(end(clock, one, TransferKind.CAPTURE), send(clock, 99))

    assert [result.outcome for result in taken] == [Outcome.POSTED, Outcome.AMOUNT_INVALID]
    assert [result.outcome for result in late] == [Outcome.HOLD_EXPIRED, Outcome.POSTED]
