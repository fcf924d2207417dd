"""A process dies before or after any write, posting or order of a batch: the next one brings it to its end."""

from collections.abc import AsyncIterable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, cast

import pytest
from sqlalchemy import Connection

from gateway.services.banking.model import BankOrder, BankPayment
from gateway.services.payouts import BatchState, Payouts
from gateway.services.payouts.ports import Banking
from gateway.store import Store
from tests.gateway.services.payouts.files import HEAD, to_bank, to_wallet
from tests.gateway.services.payouts.house import House
from tests.gateway.services.payouts.operator import check, drive
from wallet.ledger import Ledger
from wallet.transfers import PostResult, Transfer

T = TypeVar("T")


class KilledError(BaseException):
    """The process is gone."""


@dataclass
class Fuse:
    """Burns down by one at each point; the process dies when it is out."""

    left: int

    def burn(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise KilledError


class FusedStore:
    """Dies before or after a write."""

    def __init__(self, real: Store, fuse: Fuse) -> None:
        self._real, self._fuse = real, fuse

    async def write(self, work: Callable[[Connection], T]) -> T:
        self._fuse.burn()
        value = await self._real.write(work)
        self._fuse.burn()
        return value

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever else a store has
        return getattr(self._real, name)


class FusedLedger:
    """Dies before or after a posting."""

    def __init__(self, real: Ledger, fuse: Fuse) -> None:
        self._real, self._fuse = real, fuse

    async def post(self, *transfers: Transfer) -> list[PostResult]:
        self._fuse.burn()
        results = await self._real.post(*transfers)
        self._fuse.burn()
        return results

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever else a ledger has
        return getattr(self._real, name)


class FusedBank:
    """Dies after an order that the bank has."""

    def __init__(self, real: Banking, fuse: Fuse) -> None:
        self._real, self._fuse = real, fuse

    async def order(self, order: BankOrder, payments: AsyncIterable[Sequence[BankPayment]]) -> None:
        await self._real.order(order, payments)
        self._fuse.burn()

    async def withdraw(self, order: BankOrder) -> bool:
        done = await self._real.withdraw(order)
        self._fuse.burn()
        return done

    async def enquire(self, order_id: str, end_to_end_ids: Sequence[str]) -> None:
        await self._real.enquire(order_id, end_to_end_ids)


def fused(house: House, fuse: Fuse) -> Payouts:
    """A process that will die."""
    real_store, real_ledger, real_bank = house.store, house.ledger, house.bank
    house.store = cast("Store", FusedStore(real_store, fuse))
    house.ledger = cast("Ledger", FusedLedger(real_ledger, fuse))
    house.bank = cast("Any", FusedBank(real_bank, fuse))
    try:
        return house.another()
    finally:
        house.store, house.ledger, house.bank = real_store, real_ledger, real_bank


def killed(problem: BaseException) -> bool:
    """Whether it is a kill, also where a task group has wrapped it."""
    if isinstance(problem, BaseExceptionGroup):
        return all(killed(one) for one in problem.exceptions)
    return isinstance(problem, KilledError)


async def test_killed_at_some_points_each_item_is_paid_once(house: House) -> None:
    assert await killed_at_each(house, stride=7) > 50, "there are at least as many points at which it can die"


@pytest.mark.rig
async def test_killed_at_any_point_each_item_is_paid_once(house: House) -> None:
    assert await killed_at_each(house, stride=1) > 50


async def killed_at_each(house: House, *, stride: int) -> int:
    """Kill a batch at every so many points; how many points there are."""
    await house.money()
    people = [house.people.add(house.clock, place) for place in range(3)]
    house.people.wants(people[2], "IR062960000000100324200001")
    points = 0
    while True:
        rows = b"".join(
            to_wallet(f"k{points}w{place}", place, 1000 * points + place + 1) for place in range(3)
        ) + to_bank(f"k{points}b", 7, 10_000 + points)
        before = {who.person_id: await house.net("wallet", who.person_id) for who in people}
        name, died = f"kill {points}", False
        try:
            batch = await drive(house, fused(house, Fuse(points)), name, HEAD + rows)
        except BaseException as problem:
            if not killed(problem):
                raise
            died = True
            batch = await drive(house, house.another(), name, HEAD + rows)
        assert batch.state is BatchState.DONE
        await check(house, batch, {})
        for who, minor in zip(people[:2], (1, 2), strict=True):
            assert await house.net("wallet", who.person_id) - before[who.person_id] == 1000 * points + minor
        assert await house.holds() == (0, 0)
        assert await house.net("rail_payable", "bank") == 0
        if not died:
            return points
        points += stride
