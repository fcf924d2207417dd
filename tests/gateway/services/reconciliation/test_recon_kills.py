"""A process dies before or after any write of a run: what stood stands, and the next one brings it to its end."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar, cast

import pytest
from sqlalchemy import Connection, func, select

from gateway.services.reconciliation import bulk
from gateway.services.reconciliation.tables import GROUPS, MEMBERS
from gateway.store import Store
from tests.gateway.services.reconciliation.world import BANK, DAY, World, changed, row, three
from wallet.reconciliation import Side

T = TypeVar("T")
CHUNK = 20


class KilledError(BaseException):
    """The process is gone."""


@dataclass
class DyingStore:
    """Dies before or after a write, and never writes again."""

    real: Store
    left: int

    def burn(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise KilledError

    async def write(self, work: Callable[[Connection], T]) -> T:
        self.burn()
        value = await self.real.write(work)
        self.burn()
        return value

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever else a store has
        return getattr(self.real, name)


async def test_a_run_that_dies_anywhere_is_done_by_the_next_process(world: World) -> None:
    world.add(*three("a"), *three("b")[:2], row(Side.BANK, "s:x", 5))
    await world.run()
    before = await world.standing()
    world.add(changed(three("a")[2], minor=-90), three("b")[2], *three("c"))
    world.drop(row(Side.BANK, "s:x", 5))
    expected: object = None
    deaths = 0
    for left in range(100):
        world.clock.advance(timedelta(minutes=2))
        await world.recon.start(BANK, DAY)
        dying = world.another(cast("Store", DyingStore(world.store, left)))
        finished = await survived(dying.tick)
        if not finished:
            deaths += 1
            assert await world.standing() in ([before] if expected is None else [before, expected])
            world.clock.advance(timedelta(minutes=2))
        await world.recon.tick()
        expected = expected or await world.standing()
        assert await world.standing() == expected
        assert await leftovers(world) == 0
        if finished:
            break
        await back(world)
    assert deaths >= 20
    assert expected != before


async def back(world: World) -> None:
    """As it was before, so that the next death is of the same run."""
    meant = {side: dict(book.all) for side, book in world.books.items()}
    for book in world.books.values():
        book.all.clear()
    world.add(*three("a"), *three("b")[:2], row(Side.BANK, "s:x", 5))
    await world.recon.reconcile(BANK, DAY)
    for side, book in world.books.items():
        book.all = meant[side]


async def survived(tick: Callable[[], Any]) -> bool:
    try:
        await tick()
    except (KilledError, BaseExceptionGroup):
        return False
    return True


async def leftovers(world: World) -> int:
    """Groups that stand twice for a row, or rows by name of groups that are not there."""
    groups = await world.recon.groups(BANK, limit=1000)
    ids = [(one.side, one.id) for group in groups for one in group.rows]
    query = select(func.count()).select_from(MEMBERS).where(MEMBERS.c.group_id.not_in(select(GROUPS.c.id)))
    return len(ids) - len(set(ids)) + int((await world.store.read(query))[0][0])


async def test_what_an_attempt_has_staged_never_shows_and_goes(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "CHUNK", CHUNK)
    world.add(*(row(Side.BANK, f"s:{n}", n) for n in range(1, 2 * CHUNK + 10)))
    first = await world.recon.start(BANK, DAY)
    # Its turn, the hold, and one page of groups.
    dying = world.another(cast("Store", DyingStore(world.store, 7)))
    assert not await survived(lambda: dying.run(first.id))
    staged = await world.store.read(select(func.count()).select_from(GROUPS))
    assert staged[0][0] >= CHUNK
    assert await world.recon.groups(BANK, limit=5) == []
    some = (await world.store.read(select(GROUPS.c.id).limit(1)))[0].id
    assert await world.recon.group(some) is None

    world.clock.advance(timedelta(minutes=2))
    assert (await world.recon.run(first.id)).state.value == "done"

    assert (await world.store.read(select(func.count()).select_from(GROUPS)))[0][0] == 2 * CHUNK + 9
    assert await leftovers(world) == 0
