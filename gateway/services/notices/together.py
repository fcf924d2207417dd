"""Callers that come at the same moment share one unit of work."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from gateway.errors import StoreUnavailable

T = TypeVar("T")


@dataclass(slots=True)
class _Batch(Generic[T]):
    items: list[T]
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    problem: BaseException | None = None


class Together(Generic[T]):
    """Runs `work` over all items that came while it ran before; each caller returns when its items are done.

    The first caller of a batch does the work for all. It bounds nothing by itself: callers do, as each waits.
    """

    def __init__(self, work: Callable[[list[T]], Awaitable[None]]) -> None:
        self._work = work
        self._open: _Batch[T] | None = None
        self._turn = asyncio.Lock()

    async def add(self, item: T) -> None:
        """Return when `item` is done.

        Raises:
            StoreUnavailable: The batch failed, or whoever did it was cancelled: nobody knows whether it stands.
        """
        if self._open is None:
            await self._lead(_Batch([item]))
            return
        batch = self._open
        batch.items.append(item)
        await batch.ended.wait()
        if batch.problem is not None:
            raise StoreUnavailable(f"not kept: {type(batch.problem).__name__}") from batch.problem

    async def _lead(self, batch: _Batch[T]) -> None:
        self._open = batch
        try:
            async with self._turn:
                self._open = None
                await self._work(batch.items)
        except BaseException as problem:
            batch.problem = problem
            raise
        finally:
            if self._open is batch:
                self._open = None
            batch.ended.set()
