"""What callers ask for in a simulation: small, seeded, and made so that ids, holds and accounts meet often.

A new kind of transfer is one more method and one more line in `_SHAPES`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from random import Random
from uuid import UUID

from tests.wallet.strategies import STRANGER
from wallet.accounts import Account
from wallet.ids import AccountId, TransferId
from wallet.money import EUR, IRR, Money
from wallet.transfers import Balancing, Transfer, TransferCode, TransferKind

Call = tuple[Transfer, ...]
WALLETS, CASH = (0, 1), (2, 3)
"""Places in `strategies.world`: wallets never go below zero, cash may."""


@dataclass(slots=True)
class Calls:
    """Draws one call after another; remembers what was asked so as to come back to it."""

    random: Random
    accounts: Sequence[Account]
    holds: list[Transfer] = field(default_factory=list)
    asked: list[Transfer] = field(default_factory=list)

    def next(self, now: datetime) -> Call:
        shape = self.random.choices([shape for _, shape in _SHAPES], [weight for weight, _ in _SHAPES])[0]
        call = shape(self, now)
        self.asked += call
        self.holds += [transfer for transfer in call if transfer.kind is TransferKind.HOLD]
        return call

    def fund(self, _now: datetime) -> Call:
        return (self._plain(self._of(CASH), self._of(WALLETS), 40),)

    def pay(self, _now: datetime) -> Call:
        return (self._between_wallets(),)

    def several(self, _now: datetime) -> Call:
        return tuple(self._between_wallets() for _ in range(self.random.randint(2, 5)))

    def pair(self, _now: datetime) -> Call:
        """Two linked transfers, of which the second often cannot be paid."""
        first = replace(self._plain(self._of(CASH), self._of(WALLETS), 5), linked=True)
        return (first, self._between_wallets())

    def open_chain(self, _now: datetime) -> Call:
        return (self._between_wallets(), replace(self._between_wallets(), linked=True))

    def hold(self, now: datetime) -> Call:
        seconds = self.random.choice([2, 8, 30, 90])
        expires_at = now + timedelta(seconds=seconds)
        # Cash always has it: holds that are refused cannot be ended twice.
        plain = self.random.choice([self._between_wallets(), self._plain(self._of(CASH), self._of(WALLETS), 9)])
        return (replace(plain, kind=TransferKind.HOLD, expires_at=expires_at),)

    def end(self, now: datetime) -> Call:
        """A capture, in full or part or too much, or a void of one of the last holds."""
        if not self.holds:
            return self.hold(now)
        hold = self.random.choice(self.holds[-3:])
        kind = self.random.choice([TransferKind.CAPTURE, TransferKind.CAPTURE, TransferKind.VOID])
        minor = hold.amount.minor
        if kind is TransferKind.CAPTURE:
            minor = max(1, minor - self.random.choice([0, 0, 1, 3, -1]))
        ends = {"id": self._id(), "amount": Money(minor, IRR), "kind": kind, "hold_id": hold.id, "expires_at": None}
        return (replace(hold, **ends),)  # type: ignore[arg-type]

    def reverse(self, now: datetime) -> Call:
        """Takes back one of the last transfers, in full or part or too much."""
        plain = [
            transfer for transfer in self.asked[-12:] if transfer.kind in (TransferKind.POST, TransferKind.CAPTURE)
        ]
        if not plain:
            return self.pay(now)
        cited = self.random.choice(plain)
        minor = max(1, cited.amount.minor - self.random.choice([0, 0, 1, 5, -1]))
        back = self._plain(cited.credit, cited.debit, minor)
        return (replace(back, kind=TransferKind.REVERSE, cites=cited.id, code=TransferCode.CORRECTION),)

    def balanced(self, now: datetime) -> Call:
        """As much as there is, up to more than there often is; as a hold sometimes."""
        most = replace(self._between_wallets(), amount=Money(35, IRR))
        most = replace(most, balancing=self.random.choice([Balancing.DEBIT, Balancing.DEBIT, Balancing.CREDIT]))
        if self.random.random() < 0.3:
            most = replace(most, kind=TransferKind.HOLD, expires_at=now + timedelta(seconds=8))
        return (most,)

    def altered(self, now: datetime) -> Call:
        """An old id with other content."""
        if not self.asked:
            return self.pay(now)
        old = self.random.choice(self.asked)
        other = replace(old, amount=Money(old.amount.minor + 1, old.amount.asset))
        return (self.random.choice([other, replace(old, cause="pay_other"), replace(old, linked=False)]),)

    def absurd(self, _now: datetime) -> Call:
        plain = self._between_wallets()
        return (
            self.random.choice(
                [
                    replace(plain, debit=STRANGER),
                    replace(plain, credit=plain.debit),
                    replace(plain, amount=Money(self.random.choice([0, -5, 2**62 + 1, 2**70]), IRR)),
                    replace(plain, amount=Money(1, EUR)),
                    replace(plain, hold_id=self._id(), kind=TransferKind.CAPTURE),
                    replace(plain, effective_on=date(2026, 11, 20)),
                ]
            ),
        )

    def _between_wallets(self) -> Transfer:
        debit = self._of(WALLETS)
        credit = self.random.choice([self.accounts[place].id for place in (*WALLETS, *CASH)])
        if credit == debit:
            credit = self.accounts[CASH[0]].id
        return self._plain(debit, credit, self.random.randint(1, 30))

    def _plain(self, debit: AccountId, credit: AccountId, minor: int) -> Transfer:
        code = self.random.choice([TransferCode.SEND, TransferCode.TAP])
        return Transfer(self._id(), debit, credit, Money(minor, IRR), code, "pay_1")

    def _of(self, places: tuple[int, ...]) -> AccountId:
        return self.accounts[self.random.choice(places)].id

    def _id(self) -> TransferId:
        return TransferId(UUID(int=self.random.getrandbits(128)))


_SHAPES: list[tuple[int, Callable[[Calls, datetime], Call]]] = [
    (3, Calls.fund),
    (5, Calls.pay),
    (3, Calls.several),
    (4, Calls.pair),
    (1, Calls.open_chain),
    (4, Calls.hold),
    (4, Calls.end),
    (2, Calls.reverse),
    (2, Calls.balanced),
    (1, Calls.altered),
    (1, Calls.absurd),
]
"""How often each shape is drawn."""
