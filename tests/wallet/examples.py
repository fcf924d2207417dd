"""An example of each thing that the ledger can answer, as a table: what was asked, in order, and the last answer."""

from dataclasses import dataclass, replace
from datetime import date, timedelta

from tests.wallet.strategies import CLOSED_THROUGH, SOFT_THROUGH, START, STRANGER, Step, ids, world
from wallet.accounts import NO_LIMITS, AccountChange, AccountState, ChangeOutcome, Limits
from wallet.ledger.refusals import SIDE_MAX
from wallet.money import EUR, MINOR_MAX, Money, irr
from wallet.transfers import Balancing, Outcome, Transfer, TransferCode, TransferKind

ACCOUNTS = world("")
ALICE, BOB, CASH, SAFE, TILL, ALICE_EUR, CAPPED = ACCOUNTS
IDS = ids("")
SOON, LATE = START + timedelta(minutes=1), START + timedelta(hours=1)
TICK = timedelta(microseconds=1)
DEBIT, CREDIT = Balancing.DEBIT, Balancing.CREDIT

CASH_IN = Transfer(IDS[0], CASH.id, ALICE.id, irr(100), TransferCode.CASH_IN, "csh_1")
SEND = Transfer(IDS[1], ALICE.id, BOB.id, irr(10), TransferCode.SEND, "pay_1")
HOLD = replace(SEND, id=IDS[2], kind=TransferKind.HOLD, expires_at=SOON)
CAPTURE = replace(SEND, id=IDS[3], kind=TransferKind.CAPTURE, hold_id=HOLD.id)
VOID = replace(CAPTURE, id=IDS[4], kind=TransferKind.VOID)
EXPIRE = replace(CAPTURE, kind=TransferKind.EXPIRE)
BACK = replace(
    CASH_IN, id=IDS[6], kind=TransferKind.REVERSE, debit=ALICE.id, credit=CASH.id, amount=irr(60), cites=CASH_IN.id
)
HUGE = replace(CASH_IN, id=IDS[5], debit=CASH.id, credit=SAFE.id, amount=irr(MINOR_MAX))
LINE = replace(SEND, debit=CAPPED.id, amount=irr(20))
CAP = replace(CASH_IN, id=IDS[7], credit=CAPPED.id, amount=irr(60))
TAKE_ALL = replace(SEND, amount=irr(500), balancing=DEBIT)
FILL_UP = replace(CAP, amount=irr(500), balancing=CREDIT)
DEPOSIT = replace(CASH_IN, debit=TILL.id, amount=irr(9))


@dataclass(frozen=True)
class Case:
    """What the last step answers: to the last transfer of its call, or to the change."""

    outcome: Outcome | ChangeOutcome
    steps: tuple[Step, ...]


def case(outcome: Outcome | ChangeOutcome, *steps: Step) -> Case:
    return Case(outcome, steps)


def linked(transfer: Transfer) -> Transfer:
    return replace(transfer, linked=True)


def again(transfer: Transfer, number: int, minor: int | None = None) -> Transfer:
    """The same under another id, perhaps of another amount."""
    return replace(transfer, id=IDS[number], amount=transfer.amount if minor is None else irr(minor))


def on(transfer: Transfer, day: date) -> Transfer:
    return replace(transfer, effective_on=day)


def set_to(account: int, state: AccountState | None = None, limits: Limits | None = None) -> AccountChange:
    return AccountChange(ACCOUNTS[account].id, "stf_1", state, limits)


OPEN, FROZEN, CLOSED = AccountState
OPEN_DAY = SOFT_THROUGH + timedelta(days=1)

TRANSFERS: list[Case] = [
    case(Outcome.POSTED, [CASH_IN]),
    case(Outcome.POSTED, [HUGE]),
    case(Outcome.POSTED, [CASH_IN], [HOLD], [CAPTURE]),
    case(Outcome.POSTED, [CASH_IN], [HOLD], [again(CAPTURE, 3, 1)]),
    case(Outcome.POSTED, [CASH_IN], [HOLD], [VOID]),
    case(Outcome.POSTED, [CASH_IN], [HOLD], [VOID], [again(SEND, 8, 100)]),
    case(Outcome.POSTED, [CASH_IN], [HOLD], [again(CAPTURE, 3, 4)], [again(SEND, 8, 96)]),
    case(Outcome.POSTED, [CASH_IN, linked(HOLD), CAPTURE]),
    case(Outcome.POSTED, [CASH_IN], [again(SEND, 8, 100)]),
    case(Outcome.POSTED, [CASH_IN], [HOLD], SOON - TICK, [CAPTURE]),
    case(Outcome.POSTED, [CASH_IN], [HOLD], SOON, [again(SEND, 8, 100)]),
    case(Outcome.POSTED, [CASH_IN], LATE, START, [HOLD], SOON - TICK, [CAPTURE]),
    case(Outcome.POSTED, [CASH_IN], [BACK], [again(BACK, 8, 40)]),
    case(Outcome.POSTED, [CASH_IN], [linked(BACK), again(BACK, 8, 40)]),
    case(Outcome.POSTED, [CASH_IN], [linked(again(BACK, 8)), again(SEND, 9, 500)], [again(BACK, 10, 100)]),
    case(Outcome.POSTED, [CASH_IN], [HOLD], [CAPTURE],
         [replace(BACK, debit=BOB.id, credit=ALICE.id, amount=irr(10), cites=CAPTURE.id)]),
    case(Outcome.POSTED, [CASH_IN], [replace(SEND, cites=CASH_IN.id)]),
    case(Outcome.POSTED, [CASH_IN], [BACK], [replace(SEND, cites=BACK.id)]),
    case(Outcome.POSTED, [CASH_IN], [HOLD], [replace(SEND, cites=HOLD.id)]),
    case(Outcome.POSTED, [CASH_IN], [TAKE_ALL]),
    case(Outcome.POSTED, [CASH_IN], [replace(TAKE_ALL, amount=irr(100))]),
    case(Outcome.POSTED, [CASH_IN], [HOLD], [TAKE_ALL]),
    case(Outcome.POSTED, [CASH_IN], [replace(HOLD, amount=irr(500), balancing=DEBIT)], [again(CAPTURE, 3, 100)]),
    case(Outcome.POSTED, [CASH_IN], [again(SEND, 8, 99)], [TAKE_ALL]),
    case(Outcome.POSTED, [replace(LINE, amount=irr(500), balancing=DEBIT)]),
    case(Outcome.POSTED, [LINE]),
    case(Outcome.POSTED, [CAP]),
    case(Outcome.POSTED, [FILL_UP]),
    case(Outcome.POSTED, [again(CAP, 8, 59)], [FILL_UP]),
    case(Outcome.POSTED, [replace(again(CAP, 8, 40), kind=TransferKind.HOLD, expires_at=SOON)], [FILL_UP]),
    case(Outcome.POSTED, [DEPOSIT], [replace(SEND, credit=TILL.id, amount=irr(9))]),
    case(Outcome.POSTED, [DEPOSIT], [replace(SEND, credit=TILL.id, balancing=CREDIT)]),
    case(Outcome.POSTED, [again(CASH_IN, 8, 30)],
         [replace(SEND, credit=SAFE.id)], [replace(TAKE_ALL, id=IDS[9], debit=SAFE.id)]),
    case(Outcome.POSTED, [replace(HUGE, amount=irr(MINOR_MAX - 1))], [again(HUGE, 8)]),
    case(Outcome.POSTED, [on(CASH_IN, OPEN_DAY)]),
    case(Outcome.POSTED, [CASH_IN], [replace(on(SEND, SOFT_THROUGH), cites=CASH_IN.id)]),
    case(Outcome.POSTED, [CASH_IN], [on(BACK, CLOSED_THROUGH + timedelta(days=1))]),
    case(Outcome.POSTED, [CASH_IN], [replace(again(CASH_IN, 8, 50), cites=CASH_IN.id)], [BACK]),
    case(Outcome.POSTED, [CASH_IN],
         [linked(replace(again(CASH_IN, 8, 50), cites=CASH_IN.id)), again(SEND, 9, 500)], [BACK]),
    case(Outcome.POSTED, [CASH_IN], [replace(TAKE_ALL, amount=irr(1))]),
    case(Outcome.POSTED, [CASH_IN], [replace(TAKE_ALL, amount=irr(MINOR_MAX))]),
    case(Outcome.DUPLICATE, [CASH_IN], [CASH_IN]),
    case(Outcome.DUPLICATE, [CASH_IN, CASH_IN]),
    case(Outcome.DUPLICATE, [CASH_IN], [linked(SEND), HOLD], [HOLD]),
    case(Outcome.DUPLICATE, [CASH_IN], [linked(SEND), HOLD], [linked(SEND), HOLD]),
    case(Outcome.DUPLICATE, [CASH_IN], [linked(SEND), HOLD], [linked(SEND)]),
    case(Outcome.DUPLICATE, [CASH_IN], [HOLD], SOON, [HOLD]),
    case(Outcome.DUPLICATE, [CASH_IN], [TAKE_ALL], [TAKE_ALL]),
    case(Outcome.DUPLICATE, [CASH_IN], set_to(0, FROZEN), [CASH_IN]),
    case(Outcome.LINKED_FAILED, [linked(SEND), CASH_IN]),
    case(Outcome.LINKED_FAILED, [replace(linked(CASH_IN), amount=irr(0)), SEND]),
    case(Outcome.LINKED_FAILED, [CASH_IN], [linked(CASH_IN), SEND]),
    case(Outcome.LINKED_FAILED, [CASH_IN], [linked(SEND), linked(SEND), HOLD]),
    case(Outcome.CHAIN_OPEN, [CASH_IN, linked(SEND)]),
    case(Outcome.CHAIN_OPEN, [linked(CASH_IN), replace(linked(SEND), amount=irr(0))]),
    case(Outcome.ID_REUSED, [CASH_IN], [replace(CASH_IN, amount=irr(101))]),
    case(Outcome.ID_REUSED, [CASH_IN], [TAKE_ALL], [replace(TAKE_ALL, amount=irr(100))]),
    case(Outcome.ID_REUSED, [SEND], [replace(SEND, cause="pay_2")]),
    case(Outcome.ID_REUSED, [CASH_IN], [replace(CASH_IN, amount=Money(100, EUR))]),
    case(Outcome.ID_REUSED, [CASH_IN], [linked(SEND), CASH_IN]),
    case(Outcome.ID_REUSED, [CASH_IN], [linked(SEND), HOLD], [linked(SEND), again(HOLD, 2, 9)]),
    case(Outcome.ID_REUSED, [CASH_IN], [linked(SEND), replace(SEND, amount=irr(11))]),
    case(Outcome.ID_REUSED, [CASH_IN], [linked(SEND), SEND]),
    case(Outcome.ID_REUSED, [CASH_IN], [linked(SEND), HOLD], [linked(again(SEND, 8)), HOLD]),
    case(Outcome.ID_REUSED, [linked(SEND), HOLD], [linked(again(SEND, 8)), HOLD]),
    case(Outcome.ID_REUSED, [CASH_IN], [linked(SEND), HOLD], [linked(again(SEND, 8)), again(SEND, 9)],
         [linked(SEND), again(SEND, 9)]),
    case(Outcome.AMOUNT_INVALID, [again(CASH_IN, 0, 0)]),
    case(Outcome.AMOUNT_INVALID, [again(CASH_IN, 0, -1)]),
    case(Outcome.AMOUNT_INVALID, [replace(CASH_IN, amount=irr(MINOR_MAX + 1), debit=STRANGER)]),
    case(Outcome.AMOUNT_INVALID, [CASH_IN], [replace(TAKE_ALL, amount=irr(0))]),
    case(Outcome.AMOUNT_INVALID, [CASH_IN], [replace(TAKE_ALL, amount=irr(MINOR_MAX + 1))]),
    case(Outcome.SAME_ACCOUNT, [replace(CASH_IN, credit=CASH.id)]),
    case(Outcome.SAME_ACCOUNT, [replace(CASH_IN, debit=STRANGER, credit=STRANGER, expires_at=SOON)]),
    case(Outcome.EXPIRY_INVALID, [replace(CASH_IN, kind=TransferKind.HOLD)]),
    case(Outcome.EXPIRY_INVALID, [replace(CASH_IN, kind=TransferKind.HOLD, expires_at=START)]),
    case(Outcome.EXPIRY_INVALID, [replace(CASH_IN, expires_at=SOON)]),
    case(Outcome.EXPIRY_INVALID, [replace(CAPTURE, expires_at=SOON, balancing=DEBIT)]),
    case(Outcome.BALANCING_INVALID, [CASH_IN], [HOLD], [replace(CAPTURE, balancing=DEBIT)]),
    case(Outcome.BALANCING_INVALID, [CASH_IN], [replace(BACK, balancing=CREDIT, cites=None)]),
    case(Outcome.CITATION_INVALID, [CASH_IN], [replace(BACK, cites=None)]),
    case(Outcome.CITATION_INVALID, [CASH_IN], [replace(HOLD, cites=CASH_IN.id, debit=STRANGER)]),
    case(Outcome.CITATION_INVALID, [CASH_IN], [HOLD], [replace(VOID, cites=CASH_IN.id)]),
    case(Outcome.DEBIT_UNKNOWN, [replace(CASH_IN, debit=STRANGER)]),
    case(Outcome.DEBIT_UNKNOWN, [replace(CASH_IN, debit=STRANGER, credit=IDS[99])]),  # type: ignore[arg-type]
    case(Outcome.DEBIT_UNKNOWN, [replace(CASH_IN, debit=STRANGER, balancing=DEBIT)]),
    case(Outcome.CREDIT_UNKNOWN, [replace(CASH_IN, credit=STRANGER, amount=Money(1, EUR))]),
    case(Outcome.CREDIT_UNKNOWN, [replace(CASH_IN, credit=STRANGER, balancing=CREDIT)]),
    case(Outcome.ASSET_DIFFERS, [replace(CASH_IN, amount=Money(1, EUR))]),
    case(Outcome.ASSET_DIFFERS, [replace(CASH_IN, credit=ALICE_EUR.id)]),
    case(Outcome.ASSET_DIFFERS, [replace(CASH_IN, debit=ALICE_EUR.id)]),
    case(Outcome.ASSET_DIFFERS, [replace(CASH_IN, credit=ALICE_EUR.id, amount=Money(1, EUR))]),
    case(Outcome.ASSET_DIFFERS, set_to(5, CLOSED), [replace(CASH_IN, credit=ALICE_EUR.id)]),
    case(Outcome.DEBIT_CLOSED, set_to(6, CLOSED), set_to(2, CLOSED), [CAP]),
    case(Outcome.DEBIT_CLOSED, set_to(2, CLOSED), set_to(6, FROZEN), [CAP]),
    case(Outcome.CREDIT_CLOSED, set_to(6, CLOSED), set_to(2, FROZEN), [CAP]),
    case(Outcome.CREDIT_CLOSED, set_to(6, CLOSED), [CAP]),
    case(Outcome.DEBIT_FROZEN, [CASH_IN], [HOLD], set_to(0, FROZEN), [SEND]),
    case(Outcome.DEBIT_FROZEN, [CASH_IN], set_to(0, FROZEN), set_to(1, FROZEN), [replace(SEND, hold_id=HOLD.id)]),
    case(Outcome.CREDIT_FROZEN, [CASH_IN], [HOLD], set_to(1, FROZEN), [replace(SEND, cites=IDS[90])]),
    case(Outcome.POSTED, [CASH_IN], [HOLD], set_to(0, FROZEN), [CAPTURE]),
    case(Outcome.POSTED, [CASH_IN], [HOLD], set_to(1, FROZEN), [VOID]),
    case(Outcome.POSTED, [CASH_IN], set_to(0, FROZEN), set_to(0, OPEN), [SEND]),
    case(Outcome.HOLD_UNKNOWN, [CASH_IN], [CAPTURE]),
    case(Outcome.HOLD_UNKNOWN, [HOLD], [CAPTURE]),
    case(Outcome.HOLD_UNKNOWN, [CASH_IN], [replace(CAPTURE, hold_id=None)]),
    case(Outcome.HOLD_UNKNOWN, [CASH_IN], [replace(CAPTURE, hold_id=CAPTURE.id)]),
    case(Outcome.HOLD_UNKNOWN, [CASH_IN], [linked(HOLD), again(SEND, 8, 91)], [CAPTURE]),
    case(Outcome.HOLD_NOT_A_HOLD, [CASH_IN], [replace(CAPTURE, hold_id=CASH_IN.id)]),
    case(Outcome.HOLD_NOT_A_HOLD, [CASH_IN], [HOLD], [CAPTURE], [replace(VOID, hold_id=CAPTURE.id)]),
    case(Outcome.HOLD_NOT_A_HOLD, [CASH_IN], [HOLD], [replace(HOLD, id=IDS[6], hold_id=HOLD.id)]),
    case(Outcome.HOLD_NOT_A_HOLD, [CASH_IN], [HOLD], [replace(SEND, hold_id=HOLD.id, cites=IDS[90])]),
    case(Outcome.HOLD_NOT_A_HOLD, [CASH_IN], [HOLD], [EXPIRE]),
    case(Outcome.HOLD_NOT_A_HOLD, [CASH_IN], [replace(EXPIRE, hold_id=None)]),
    case(Outcome.HOLD_DIFFERS, [CASH_IN], [HOLD], [replace(CAPTURE, credit=SAFE.id)]),
    case(Outcome.HOLD_DIFFERS, [CASH_IN], [HOLD], [replace(CAPTURE, debit=SAFE.id)]),
    case(Outcome.HOLD_DIFFERS, [CASH_IN], [HOLD], [replace(VOID, amount=irr(9))]),
    case(Outcome.HOLD_DIFFERS, [CASH_IN], [HOLD], [VOID], [replace(VOID, id=IDS[8], amount=irr(11))]),
    case(Outcome.HOLD_CAPTURED, [CASH_IN], [HOLD], [CAPTURE], [VOID]),
    case(Outcome.HOLD_CAPTURED, [CASH_IN], [HOLD], [again(CAPTURE, 8, 1)], [again(CAPTURE, 9, 11)]),
    case(Outcome.HOLD_VOIDED, [CASH_IN], [HOLD], [VOID], [CAPTURE]),
    case(Outcome.HOLD_EXPIRED, [CASH_IN], [HOLD], SOON, [CAPTURE]),
    case(Outcome.HOLD_EXPIRED, [CASH_IN], [HOLD], SOON, [again(SEND, 8)], START, [CAPTURE]),
    case(Outcome.HOLD_EXCEEDED, [CASH_IN], [HOLD], [again(CAPTURE, 3, 11)]),
    case(Outcome.HOLD_EXCEEDED, [CASH_IN], [HOLD], [on(again(CAPTURE, 3, 11), CLOSED_THROUGH)]),
    case(Outcome.CITED_UNKNOWN, [CASH_IN], [replace(BACK, cites=IDS[90])]),
    case(Outcome.CITED_UNKNOWN, [CASH_IN], [replace(BACK, cites=BACK.id)]),
    case(Outcome.CITED_UNKNOWN, [SEND], [replace(CASH_IN, cites=SEND.id)]),
    case(Outcome.CITED_DIFFERS, [CASH_IN], [SEND], [replace(BACK, cites=SEND.id)]),
    case(Outcome.CITED_DIFFERS, [CASH_IN], [replace(BACK, credit=SAFE.id)]),
    case(Outcome.CITED_DIFFERS, [CASH_IN], [replace(BACK, debit=BOB.id)]),
    case(Outcome.CITED_DIFFERS, [CASH_IN], [BACK],
         [replace(BACK, id=IDS[8], debit=CASH.id, credit=ALICE.id, cites=BACK.id)]),
    case(Outcome.CITED_DIFFERS, [CASH_IN], [HOLD], [replace(BACK, debit=BOB.id, credit=ALICE.id, cites=HOLD.id)]),
    case(Outcome.CITED_DIFFERS, [CASH_IN], [HOLD], [VOID],
         [replace(BACK, debit=BOB.id, credit=ALICE.id, cites=VOID.id)]),
    case(Outcome.REVERSAL_EXCEEDED, [CASH_IN], [BACK], [again(BACK, 8, 41)]),
    case(Outcome.REVERSAL_EXCEEDED, [CASH_IN], [on(again(BACK, 8, 101), CLOSED_THROUGH)]),
    case(Outcome.REVERSAL_EXCEEDED, [CASH_IN], [linked(BACK), again(BACK, 8, 41)]),
    case(Outcome.REVERSAL_EXCEEDED, [again(CASH_IN, 8, 5)], [TAKE_ALL],
         [replace(BACK, debit=BOB.id, credit=ALICE.id, amount=irr(6), cites=TAKE_ALL.id)]),
    case(Outcome.PERIOD_CLOSED, [on(CASH_IN, CLOSED_THROUGH)]),
    case(Outcome.PERIOD_CLOSED, [on(CASH_IN, date(2026, 1, 1))]),
    case(Outcome.PERIOD_CLOSED, [on(CASH_IN, SOFT_THROUGH)]),
    case(Outcome.PERIOD_CLOSED, [CASH_IN], [on(BACK, CLOSED_THROUGH)]),
    case(Outcome.PERIOD_CLOSED, [CASH_IN], [HOLD], [on(CAPTURE, SOFT_THROUGH)]),
    case(Outcome.PERIOD_CLOSED, [CASH_IN], [HOLD], [on(VOID, CLOSED_THROUGH)]),
    case(Outcome.PERIOD_CLOSED, [on(SEND, CLOSED_THROUGH)]),
    case(Outcome.INSUFFICIENT_FUNDS, [SEND]),
    case(Outcome.INSUFFICIENT_FUNDS, [CASH_IN], [HOLD], [again(SEND, 8, 91)]),
    case(Outcome.INSUFFICIENT_FUNDS, [CASH_IN], [again(SEND, 8, 50)], [BACK]),
    case(Outcome.INSUFFICIENT_FUNDS, [TAKE_ALL]),
    case(Outcome.INSUFFICIENT_FUNDS, [CASH_IN], [replace(HOLD, amount=irr(100))], [TAKE_ALL]),
    case(Outcome.INSUFFICIENT_FUNDS, [again(LINE, 1, 21)]),
    case(Outcome.INSUFFICIENT_FUNDS, [LINE], [replace(LINE, id=IDS[8], balancing=DEBIT)]),
    case(Outcome.INSUFFICIENT_FUNDS, [replace(SEND, credit=TILL.id)]),
    case(Outcome.LIMIT_EXCEEDED, [replace(CASH_IN, credit=TILL.id)]),
    case(Outcome.LIMIT_EXCEEDED, [DEPOSIT], [again(SEND, 8, 1)], [replace(CASH_IN, id=IDS[9], credit=TILL.id)]),
    case(Outcome.LIMIT_EXCEEDED, [again(CAP, 7, 61)]),
    case(Outcome.LIMIT_EXCEEDED, [replace(CAP, kind=TransferKind.HOLD, expires_at=SOON)], [again(CAP, 8, 1)]),
    case(Outcome.LIMIT_EXCEEDED, [CAP], [again(FILL_UP, 8)]),
    case(Outcome.LIMIT_EXCEEDED, [replace(CASH_IN, credit=TILL.id, balancing=CREDIT)]),
    case(Outcome.LIMIT_EXCEEDED, [CASH_IN], [replace(TAKE_ALL, credit=CAPPED.id)]),
    case(Outcome.INSUFFICIENT_FUNDS, [replace(FILL_UP, debit=ALICE.id)]),
    case(Outcome.SUM_TOO_LARGE, [HUGE], [again(HUGE, 7)]),
    case(Outcome.SUM_TOO_LARGE, [HUGE], [replace(HUGE, id=IDS[7], debit=TILL.id)]),
    case(Outcome.SUM_TOO_LARGE, [HUGE], [replace(HUGE, id=IDS[7], credit=ALICE.id)]),
    case(Outcome.SUM_TOO_LARGE, [replace(HUGE, kind=TransferKind.HOLD, expires_at=LATE)], [again(HUGE, 7)]),
    case(Outcome.INSUFFICIENT_FUNDS, [HUGE], [replace(HUGE, id=IDS[7], debit=ALICE.id)]),
]  # fmt: skip

CHANGES: list[Case] = [
    case(ChangeOutcome.CHANGED, set_to(0, FROZEN)),
    case(ChangeOutcome.CHANGED, set_to(0, OPEN)),
    case(ChangeOutcome.CHANGED, set_to(0)),
    case(ChangeOutcome.CHANGED, set_to(0, CLOSED)),
    case(ChangeOutcome.CHANGED, [CASH_IN], [again(SEND, 8, 100)], set_to(0, CLOSED)),
    case(ChangeOutcome.CHANGED, [CASH_IN], set_to(0, FROZEN, NO_LIMITS)),
    case(ChangeOutcome.CHANGED, [CASH_IN], set_to(0, None, Limits(-100, 100))),
    case(ChangeOutcome.CHANGED, [LINE], set_to(6, None, Limits(20, -20))),
    case(ChangeOutcome.CHANGED, [CASH_IN], [HOLD], set_to(0, None, Limits(-90))),
    case(ChangeOutcome.UNKNOWN, AccountChange(STRANGER, "stf_1", CLOSED, Limits(-5))),
    case(ChangeOutcome.NOT_EMPTY, [CASH_IN], set_to(0, CLOSED)),
    case(ChangeOutcome.NOT_EMPTY, [LINE], set_to(6, CLOSED)),
    case(ChangeOutcome.NOT_EMPTY, [replace(HOLD, debit=CASH.id)], set_to(2, CLOSED)),
    case(ChangeOutcome.NOT_EMPTY, [replace(HOLD, debit=CASH.id)], set_to(1, CLOSED)),
    case(ChangeOutcome.NOT_EMPTY, [replace(HOLD, debit=CASH.id)], SOON, set_to(1, CLOSED)),
    case(ChangeOutcome.NOT_EMPTY, [CASH_IN], set_to(0, CLOSED, Limits(-101))),
    case(ChangeOutcome.BEYOND, set_to(0, CLOSED, Limits(-1))),
    case(ChangeOutcome.BEYOND, [CASH_IN], set_to(0, None, Limits(-101))),
    case(ChangeOutcome.BEYOND, [CASH_IN], set_to(0, None, Limits(0, 99))),
    case(ChangeOutcome.BEYOND, [CASH_IN], [HOLD], set_to(0, FROZEN, Limits(-91))),
    case(ChangeOutcome.BEYOND, [LINE], set_to(6, None, Limits(19))),
    case(ChangeOutcome.BEYOND, [replace(HOLD, debit=CASH.id)], set_to(1, None, Limits(0, 9))),
]

AFTER_CHANGES: list[Case] = [
    case(Outcome.POSTED, set_to(0, None, Limits(10)), [SEND]),
    case(Outcome.INSUFFICIENT_FUNDS, set_to(0, None, Limits(9)), [SEND]),
    case(Outcome.POSTED, set_to(0, None, NO_LIMITS), [replace(SEND, amount=irr(SIDE_MAX // 2))]),
    case(Outcome.INSUFFICIENT_FUNDS, [CASH_IN], set_to(0, None, Limits(-95)), [SEND]),
    case(Outcome.POSTED, [CASH_IN], set_to(0, None, Limits(-95)), [TAKE_ALL]),
    case(Outcome.LIMIT_EXCEEDED, set_to(0, None, Limits(0, 99)), [CASH_IN]),
    case(Outcome.LIMIT_EXCEEDED, [CASH_IN], set_to(0, None, Limits(0, 100)), [again(CASH_IN, 8, 1)]),
    case(Outcome.POSTED, [CASH_IN], set_to(0, None, Limits(0, 99)), [again(CASH_IN, 8, 1)]),
    case(Outcome.DEBIT_CLOSED, set_to(0, CLOSED), set_to(0, None, NO_LIMITS), [SEND]),
    case(Outcome.POSTED, set_to(0, CLOSED, NO_LIMITS), set_to(0, OPEN), [SEND]),
    case(Outcome.INSUFFICIENT_FUNDS, [CASH_IN], set_to(0, CLOSED, NO_LIMITS), [again(SEND, 8, 101)]),
]
"""What a change that was made, or refused, means for the next transfer."""

EXAMPLES = TRANSFERS + CHANGES + AFTER_CHANGES
