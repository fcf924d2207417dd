"""Ours under load: the ledger with holds, idempotency and seal on, fed with transfers that were made beforehand.

Load generator, client and server share this machine's cores, so all that the generator does while it is timed is to
take the next transfer, await `post` and count the outcome.
"""

import asyncio
import gc
import random
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from wallet.accounts import Account, Chart
from wallet.clock import SystemClock, to_us
from wallet.ids import TransferId
from wallet.ledger import Ledger, chain, store
from wallet.money import irr
from wallet.transfers import Outcome, Transfer, TransferCode, TransferKind

ACCOUNTS = 10_000
CALLERS = 2_000
"""Closed loop: enough that one group gathers while another commits."""
OPEN_PER_S = 4_000
MIX = "80 % post, 10 % hold, 8 % capture, 2 % void; 1.5 % of all sent twice"

_FUNDS = 10**12
_REPLAYS = 0.015
_AGE = 4_000
"""A capture, a void or a replay names a transfer at least so many before it."""
_HOLD_FOR = timedelta(hours=6)


@dataclass
class Load:
    """What was measured; latencies are seconds from when each transfer was due."""

    transfers: int = 0
    elapsed_s: float = 0.0
    client_cpu_s: float = 0.0
    outcomes: Counter[Outcome] = field(default_factory=Counter)
    latencies_s: list[float] = field(default_factory=list)

    @property
    def per_s(self) -> float:
        """Transfers answered in a second."""
        return self.transfers / self.elapsed_s


class Supply:
    """Makes transfers in the mix; each is good, because every wallet has money enough."""

    def __init__(self, seed: int = 1) -> None:
        chart = Chart.load()
        self._random = random.Random(seed)
        self._clock = SystemClock()
        self.bank = chart.account("trust_bank")
        self.hot = chart.account("merchant_payable", "mer_hot")
        self.wallets = [chart.account("wallet", f"per_{number:05}") for number in range(ACCOUNTS)]
        self._number = 0

    @property
    def accounts(self) -> list[Account]:
        """All that the transfers name."""
        return [self.bank, self.hot, *self.wallets]

    def funding(self) -> list[Transfer]:
        """Money for everybody."""
        return [self._new(self.bank, account, _FUNDS) for account in [self.hot, *self.wallets]]

    def lone(self, count: int) -> list[Transfer]:
        """Plain posts between wallets."""
        return [self._new(*self._pair(hot=False), self._random.randint(1, 1000)) for _ in range(count)]

    def mix(self, count: int, *, hot: bool = False) -> list[Transfer]:
        """`count` transfers of MIX, uniform over the wallets, or with the hot account on one side of each."""
        chance = self._random
        made: list[Transfer] = []
        holds: list[tuple[int, Transfer]] = []
        oldest = 0
        while len(made) < count:
            drawn = chance.random()
            if drawn < _REPLAYS and len(made) > _AGE:
                made.append(made[chance.randrange(len(made) - _AGE)])
                continue
            drawn = chance.random()
            if drawn < 0.1 and oldest < len(holds) and holds[oldest][0] + _AGE <= len(made):
                made.append(self._end(holds[oldest][1], TransferKind.VOID if drawn < 0.02 else TransferKind.CAPTURE))
                oldest += 1
            elif drawn < 0.2:
                made.append(self._hold(*self._pair(hot=hot)))
                holds.append((len(made), made[-1]))
            else:
                made.append(self._new(*self._pair(hot=hot), chance.randint(1, 1000)))
        return made

    def _pair(self, *, hot: bool) -> tuple[Account, Account]:
        one, other = self._random.sample(self.wallets, 2)
        if not hot:
            return one, other
        return (one, self.hot) if self._random.random() < 0.5 else (self.hot, other)

    def _new(self, debit: Account, credit: Account, minor: int) -> Transfer:
        return Transfer(self._id(), debit.id, credit.id, irr(minor), TransferCode.SEND, self._cause())

    def _hold(self, debit: Account, credit: Account) -> Transfer:
        expires_at = self._clock.now() + _HOLD_FOR
        amount, kind = irr(self._random.randint(1, 1000)), TransferKind.HOLD
        return Transfer(
            self._id(), debit.id, credit.id, amount, TransferCode.TAP, self._cause(), kind, None, expires_at
        )

    def _end(self, hold: Transfer, kind: TransferKind) -> Transfer:
        return Transfer(self._id(), hold.debit, hold.credit, hold.amount, hold.code, hold.cause, kind, hold.id)

    def _id(self) -> TransferId:
        # As wallet.ids.transfer_id makes them: 48 bits of milliseconds, then 80 that nobody can foresee.
        milliseconds = to_us(self._clock.now()) // 1000
        return TransferId(UUID(int=milliseconds << 80 | self._random.getrandbits(80)))

    def _cause(self) -> str:
        self._number += 1
        return f"pay_01KA{self._number:022}"


async def opened(url: str, supply: Supply) -> Ledger:
    """A ledger with a fresh schema and everybody's money."""
    await Ledger.upgrade(url)
    ledger = await Ledger.open(url, SystemClock())
    await ledger.open_accounts(*supply.accounts)
    results = await ledger.post(*supply.funding())
    assert all(result.outcome is Outcome.POSTED for result in results), "the funding was refused"
    return ledger


async def closed_loop(ledger: Ledger, transfers: Sequence[Transfer], callers: int = CALLERS) -> Load:
    """`callers` that each await one transfer after the other until all are answered."""
    load = Load(len(transfers))
    supply = iter(transfers)
    with _measured(load):
        async with asyncio.TaskGroup() as tasks:
            for _ in range(callers):
                tasks.create_task(_caller(ledger, supply, load.outcomes))
    return _sound(load)


async def _caller(ledger: Ledger, supply: Iterator[Transfer], outcomes: Counter[Outcome]) -> None:
    for transfer in supply:
        (result,) = await ledger.post(transfer)
        outcomes[result.outcome] += 1


async def lone_caller(ledger: Ledger, transfers: Sequence[Transfer]) -> Load:
    """One caller alone, each transfer timed."""
    load = Load(len(transfers))
    with _measured(load):
        for transfer in transfers:
            started = time.perf_counter()
            (result,) = await ledger.post(transfer)
            load.latencies_s.append(time.perf_counter() - started)
            load.outcomes[result.outcome] += 1
    return _sound(load)


async def open_load(ledger: Ledger, transfers: Sequence[Transfer], per_s: float = OPEN_PER_S, seed: int = 1) -> Load:
    """Transfers that arrive by chance (Poisson), whether or not earlier ones are answered."""
    load, chance = Load(len(transfers)), random.Random(seed)
    with _measured(load):
        due = time.perf_counter()
        async with asyncio.TaskGroup() as tasks:
            for transfer in transfers:
                due += chance.expovariate(per_s)
                if (early_s := due - time.perf_counter()) > 0:
                    await asyncio.sleep(early_s)
                tasks.create_task(_arrival(ledger, transfer, due, load))
    return _sound(load)


async def _arrival(ledger: Ledger, transfer: Transfer, due: float, load: Load) -> None:
    (result,) = await ledger.post(transfer)
    load.latencies_s.append(time.perf_counter() - due)
    load.outcomes[result.outcome] += 1


@contextmanager
def _measured(load: Load) -> Iterator[None]:
    # What was made beforehand is the generator's, and the collector need not walk over it again and again.
    gc.collect()
    gc.freeze()
    cpu_s, started = time.process_time(), time.perf_counter()
    yield
    load.elapsed_s, load.client_cpu_s = time.perf_counter() - started, time.process_time() - cpu_s
    gc.unfreeze()


def _sound(load: Load) -> Load:
    assert load.outcomes[Outcome.POSTED] + load.outcomes[Outcome.DUPLICATE] == load.transfers, load.outcomes
    return load


@contextmanager
def without_chain() -> Iterator[None]:
    """The same engine with constants in place of its seal: what is left out is all that the chain costs."""
    zeros = bytes(32)

    def no_leaf(*_: object) -> bytes:
        return zeros

    def no_root(_leaves: Sequence[bytes]) -> bytes:
        return zeros

    places: tuple[tuple[Any, str, object], ...] = (
        (store, "booked_leaf", no_leaf),
        (store, "refused_leaf", no_leaf),
        (chain, "merkle_root", no_root),
        (chain, "hash_block", no_leaf),
    )
    before = [getattr(module, name) for module, name, _ in places]
    for module, name, constant in places:
        setattr(module, name, constant)
    try:
        yield
    finally:
        for (module, name, _), original in zip(places, before, strict=True):
            setattr(module, name, original)
