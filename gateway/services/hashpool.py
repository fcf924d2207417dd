"""A few threads for slow hashes, with a bounded queue in front: OpenSSL lets go of the interpreter's lock meanwhile."""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

from gateway.errors import Overloaded

T = TypeVar("T")


class HashPool:
    """Threads of one kind of hash.

    Args:
        name: Of the threads.
        threads: How many hash at once.
        waiting_max: How many callers may hold a slot.
        work_s: How long one hash may take, its waiting for a thread included.
        overload: What a caller is told that comes too much; safe to log and to show.
    """

    def __init__(self, name: str, threads: int, *, waiting_max: int, work_s: float, overload: str) -> None:
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._waiting = 0
        self._waiting_max = waiting_max
        self._work_s = work_s
        self._overload = overload

    def close(self) -> None:
        """Let the threads go; work in hand is finished."""
        self._threads.shutdown(wait=True)

    @contextmanager
    def slot(self) -> Iterator[None]:
        """A place in the queue, taken before anything is counted or written about a try.

        Raises:
            Overloaded: All are taken.
        """
        if self._waiting >= self._waiting_max:
            raise Overloaded(self._overload)
        self._waiting += 1
        try:
            yield
        finally:
            self._waiting -= 1

    async def run(self, work: Callable[[], T]) -> T:
        """What `work` gives, from one of the threads. The caller holds a slot.

        Raises:
            Overloaded: It took longer than `work_s`.
        """
        try:
            async with asyncio.timeout(self._work_s):
                return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        except TimeoutError as problem:
            raise Overloaded(self._overload) from problem
