"""Hypothesis strategies of good and bad transfers over a small world, so that ids, holds and accounts meet often.

Hypothesis draws small numbers, and a `Story` says what they stand for, since only who remembers what was asked before
can take a payment back, capture a hold, or use an id again with other content.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TypeVar
from uuid import NAMESPACE_OID, UUID, uuid5

from hypothesis import strategies as st

from wallet.accounts import NO_LIMITS, Account, AccountChange, AccountKind, AccountState, Chart, Limits, NormalSide
from wallet.ids import AccountId, TransferId, account_id
from wallet.money import EUR, IRR, Money
from wallet.transfers import Balancing, Transfer, TransferCode, TransferKind

T = TypeVar("T")
Step = list[Transfer] | AccountChange | datetime
"""A call, a change of an account, or the moment to which the clock jumps."""
Draw = tuple[int, int, int, int]
"""What shape a thing has, and three numbers for the dice."""
CHART = Chart.load()
START = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
STRANGER = AccountId(UUID(int=7))
CLOSED_THROUGH, SOFT_THROUGH = date(2026, 10, 31), date(2026, 11, 15)
"""What is closed, and what is soft-closed, where a test closes something."""

PAUSES_S = st.sampled_from([0, 0, 0, 0, 5, 40, -20, -70])
"""Seconds between two calls, where the clock may jump back; a minute is how long most holds of a `Story` last."""
_NUMBERS = st.integers(0, 2**20 - 1)
_DRAWS: st.SearchStrategy[Draw] = st.tuples(st.integers(0, 23), _NUMBERS, _NUMBERS, _NUMBERS)
CALLS = st.lists(_DRAWS, min_size=1, max_size=4)
"""One call of a `Story`; or by the first draw, one change."""

_BIG = 2**62
_DAYS = (date(2026, 11, 20), SOFT_THROUGH, date(2026, 11, 1), CLOSED_THROUGH)
_LIMITS = (
    Limits(debit_excess_max=0),
    Limits(debit_excess_max=0),
    Limits(debit_excess_max=0, credit_excess_max=50),
    Limits(debit_excess_max=25),
    Limits(debit_excess_max=-20),
    Limits(credit_excess_max=10),
    Limits(credit_excess_max=0),
    NO_LIMITS,
)


def world(tag: str) -> list[Account]:
    """Two wallets, two free accounts, one that stays on its debit side, one in euro, a wallet with a line and a cap."""
    capped = CHART.account("wallet", f"per_c{tag}")
    return [
        CHART.account("wallet", f"per_a{tag}"),
        CHART.account("wallet", f"per_b{tag}"),
        CHART.account("branch_cash", f"c{tag}"),
        CHART.account("branch_cash", f"d{tag}"),
        Account(
            account_id("till", tag, "IRR"), "till", tag, IRR, AccountKind.ASSET, NormalSide.DEBIT,
            Limits(credit_excess_max=0),
        ),
        CHART.account("wallet", f"per_a{tag}", EUR),
        replace(capped, limits=Limits(debit_excess_max=20, credit_excess_max=60)),
    ]  # fmt: skip


def funding(accounts: Sequence[Account], tag: str) -> list[Transfer]:
    """A little money in both wallets, so that some transfers can be paid."""
    own_ids = ids(f"funding {tag}", 2)
    return [
        Transfer(own_ids[number], accounts[2].id, accounts[number].id, Money(40, IRR), TransferCode.OPENING, "opn_1")
        for number in range(2)
    ]


def ids(tag: str, count: int = 200) -> list[TransferId]:
    """A few ids, the same ones for the same tag."""
    return [TransferId(uuid5(NAMESPACE_OID, f"{tag} {number}")) for number in range(count)]


class _Dice:
    """Choices out of three numbers; zeros are the plainest choices, so that Hypothesis shrinks towards them."""

    def __init__(self, draw: Draw) -> None:
        self._rest = draw[1] << 40 | draw[2] << 20 | draw[3]

    def below(self, count: int) -> int:
        self._rest, number = divmod(self._rest, count)
        return number

    def of(self, things: Sequence[T]) -> T:
        return things[self.below(len(things))]


class Story:
    """Makes transfers and changes of draws; remembers what was asked so as to come back to it."""

    def __init__(self, tag: str) -> None:
        self.tag = tag
        self.accounts = world(tag)
        self.asked: list[Transfer] = []
        self._numbers = 0

    def call(self, draws: Sequence[Draw], now: datetime) -> list[Transfer]:
        """One call's transfers."""
        call = [self._transfer(draw, now) for draw in draws]
        self.asked += call
        return call

    def change(self, draw: Draw) -> AccountChange:
        """A new state, new limits or both, of an account that may not exist."""
        dice = _Dice(draw)
        account = dice.of([*self._ids(), *self._ids()[:2], *self._ids()[4:], STRANGER])
        state = dice.of([None, *([AccountState.OPEN] * 4), AccountState.FROZEN, *([AccountState.CLOSED] * 2)])
        return AccountChange(account, "stf_1", state, dice.of([None, *_LIMITS]))

    def _transfer(self, draw: Draw, now: datetime) -> Transfer:
        dice = _Dice(draw)
        transfer = _SHAPES[draw[0] % len(_SHAPES)](self, dice, now)
        return replace(transfer, linked=True) if dice.below(9) == 8 else transfer

    def _ids(self) -> list[AccountId]:
        return [account.id for account in self.accounts]

    def _recent(self, dice: _Dice, *kinds: TransferKind) -> Transfer | None:
        fitting = [transfer for transfer in self.asked[-15:] if transfer.kind in kinds]
        return dice.of(fitting[::-1]) if fitting else None

    def plain(self, dice: _Dice, _now: datetime) -> Transfer:
        """Between the first four accounts, two of which may be overdrawn."""
        self._numbers += 1
        debit = dice.below(4)
        credit = (debit + 1 + dice.below(3)) % 4
        return Transfer(
            id=TransferId(uuid5(NAMESPACE_OID, f"{self.tag} {self._numbers}")),
            debit=self.accounts[debit].id,
            credit=self.accounts[credit].id,
            amount=_money(1 + dice.below(30)),
            code=dice.of([TransferCode.SEND, TransferCode.TAP]),
            cause=dice.of(["pay_1", "pay_2"]),
        )

    def special(self, dice: _Dice, now: datetime) -> Transfer:
        """To or from an account with limits of its own."""
        plain, account = self.plain(dice, now), self.accounts[dice.of([4, 6, 6])].id
        return replace(plain, credit=account) if dice.below(2) else replace(plain, debit=account)

    def dated(self, dice: _Dice, now: datetime) -> Transfer:
        """As of an open, a soft-closed or a closed day, as a payment, a hold, an end, a reversal or a correction."""
        shape = dice.of([Story.plain, Story.hold, Story.end, Story.reverse, Story.correct])
        return replace(shape(self, dice, now), effective_on=dice.of(_DAYS))

    def balancing(self, dice: _Dice, now: datetime) -> Transfer:
        """For as much as there is."""
        shape = dice.of([Story.plain, Story.special, Story.hold])
        transfer = shape(self, dice, now)
        balancing = dice.of([Balancing.DEBIT, Balancing.CREDIT])
        return replace(transfer, balancing=balancing, amount=_money(1 + dice.below(120)))

    def hold(self, dice: _Dice, now: datetime) -> Transfer:
        """Out of a wallet or a free account."""
        expires_at = now + timedelta(seconds=dice.of([60, 60, 60, 600, 5]))
        return replace(self.plain(dice, now), kind=TransferKind.HOLD, expires_at=expires_at)

    def end(self, dice: _Dice, now: datetime) -> Transfer:
        """A capture, in full or part or too much, or a void of one of the last holds, or of what is none."""
        kinds = TransferKind if dice.below(9) == 8 else (TransferKind.HOLD,)
        hold, plain = self._recent(dice, *kinds), self.plain(dice, now)
        if hold is None:
            return plain
        kind = dice.of([TransferKind.CAPTURE, TransferKind.CAPTURE, TransferKind.VOID])
        more = dice.of([0, 0, -3, -1, 1] if kind is TransferKind.CAPTURE else [0, 0, 0, 1])
        amount = _money(max(1, hold.amount.minor + more))
        debit = self.accounts[3].id if dice.below(12) == 11 else hold.debit
        return replace(plain, debit=debit, credit=hold.credit, amount=amount, kind=kind, hold_id=hold.id)

    def reverse(self, dice: _Dice, now: datetime) -> Transfer:
        """One of the last payments or captures, in part, or something that cannot be taken back."""
        kinds = (TransferKind.POST, TransferKind.CAPTURE)
        cited, plain = self._recent(dice, *(kinds if dice.below(6) < 5 else TransferKind)), self.plain(dice, now)
        if cited is None:
            return plain
        amount = _money(max(1, cited.amount.minor * dice.of([2, 1, 3, 4, 2]) // 3))
        swapped = replace(plain, debit=cited.credit, credit=cited.debit) if dice.below(9) < 8 else plain
        return replace(swapped, amount=amount, kind=TransferKind.REVERSE, cites=cited.id)

    def correct(self, dice: _Dice, now: datetime) -> Transfer:
        """A payment that cites any of the last transfers."""
        cited = self._recent(dice, *TransferKind)
        return replace(self.plain(dice, now), cites=None if cited is None else cited.id)

    def big(self, dice: _Dice, now: datetime) -> Transfer:
        """Between the two free accounts, as much as fits, so that the second one does not."""
        plain, amount = self.plain(dice, now), _money(_BIG - dice.of([0, 0, 1]))
        if dice.below(2) == 0:
            return plain
        return replace(plain, debit=self.accounts[2].id, credit=self.accounts[3].id, amount=amount)

    def again(self, dice: _Dice, now: datetime) -> Transfer:
        """One of the last transfers, alone."""
        return self._recent(dice, *TransferKind) or self.plain(dice, now)

    def altered(self, dice: _Dice, now: datetime) -> Transfer:
        """One of the last transfers, but for one field."""
        old, other = self.again(dice, now), self.end(dice, now)
        accounts = self._ids()
        return dice.of(
            [
                replace(old, amount=_money(old.amount.minor + 1)),
                replace(old, amount=Money(old.amount.minor, EUR)),
                replace(old, debit=dice.of(accounts)),
                replace(old, credit=dice.of(accounts)),
                replace(old, cause="pay_3"),
                replace(old, code=TransferCode.CORRECTION),
                replace(old, kind=dice.of(list(TransferKind))),
                replace(old, hold_id=other.hold_id),
                replace(old, expires_at=now + timedelta(seconds=61)),
                replace(old, effective_on=_DAYS[0]),
                replace(old, linked=not old.linked),
                replace(old, cites=other.id),
                replace(old, balancing=dice.of(list(Balancing))),
            ]
        )

    def absurd(self, dice: _Dice, now: datetime) -> Transfer:
        """One thing about it cannot be."""
        if dice.below(13) == 12:
            return replace(self.plain(dice, now), credit=self.accounts[5].id)
        odd = dice.of(_ODDITIES)
        shape = dice.of([Story.plain, Story.end, Story.reverse, Story.hold])
        return odd(shape(self, dice, now), self.again(dice, now), dice)


_ODDITIES: tuple[Callable[[Transfer, Transfer, _Dice], Transfer], ...] = (
    lambda plain, _old, _dice: replace(plain, debit=STRANGER),
    lambda plain, _old, _dice: replace(plain, credit=STRANGER),
    lambda plain, _old, _dice: replace(plain, credit=plain.debit),
    lambda plain, _old, dice: replace(plain, amount=_money(dice.of([0, -1, _BIG + 1, 2**70, -(2**70)]))),
    lambda plain, _old, _dice: replace(plain, amount=Money(plain.amount.minor, EUR)),
    lambda plain, _old, dice: replace(plain, kind=dice.of(list(TransferKind)[::-1])),
    lambda plain, _old, dice: replace(plain, expires_at=START + timedelta(seconds=dice.of([30, 0, -1]))),
    lambda plain, old, _dice: replace(plain, cites=old.id),
    lambda plain, old, _dice: replace(plain, hold_id=old.id),
    lambda plain, _old, _dice: replace(plain, balancing=Balancing.CREDIT),
    lambda plain, old, dice: replace(
        plain, kind=dice.of(list(TransferKind)), cites=old.id, hold_id=old.id, balancing=Balancing.DEBIT
    ),
)
_Shape = Callable[[Story, _Dice, datetime], Transfer]
_SHAPES: tuple[_Shape, ...] = (
    *([Story.plain] * 2),
    *([Story.special] * 3),
    *([Story.hold] * 3),
    *([Story.end] * 4),
    *([Story.reverse] * 3),
    Story.correct,
    *([Story.balancing] * 2),
    Story.dated,
    Story.big,
    Story.again,
    Story.altered,
    *([Story.absurd] * 2),
)
"""By number; how often each is drawn."""


def stories(min_size: int = 8, max_size: int = 30) -> st.SearchStrategy[list[Step]]:
    """Calls and now and then a change, while the clock goes on, stands still or jumps back."""
    acts = st.tuples(st.integers(0, 3), CALLS, PAUSES_S)
    return st.lists(acts, min_size=min_size, max_size=max_size).map(_steps)


def _steps(acts: Sequence[tuple[int, list[Draw], int]]) -> list[Step]:
    story, now = Story(""), START
    steps: list[Step] = [funding(story.accounts, "")]
    for kind, draws, pause_s in acts:
        if pause_s:
            now += timedelta(seconds=pause_s)
            steps.append(now)
        steps.append(story.change(draws[0]) if kind == 3 else story.call(draws, now))
    return steps


def _money(minor: int) -> Money:
    return Money(minor, IRR)
