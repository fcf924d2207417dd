"""Closing a batch: totals, items where they differ, totals again; a killed terminal goes on with it."""

import asyncio
from collections.abc import Callable

from simulators.till.forward import LATER
from simulators.till.iso8583 import Message
from simulators.till.items import Totals
from simulators.till.journal import Batch, Journal
from simulators.till.line import Answer, Line, LineCut
from simulators.till.messages import Composer
from simulators.till.results import TapOutcome

ROUNDS_MAX = 3
TRIES_MAX = 4
PAUSE_S = 0.5
AT_ONCE = 4
"""So many items are on their way at the same time."""
AGREED, DIFFERS = "00", "95"


class Closer:
    """Closes batches, one after the other."""

    def __init__(self, journal: Journal, line: Line, composer: Composer, timeout_s: Callable[[], float]) -> None:
        self._journal = journal
        self._line = line
        self._composer = composer
        self._timeout_s = timeout_s
        self._busy = asyncio.Lock()

    async def close(self, batch: Batch) -> tuple[TapOutcome, str]:
        """What came of it, and the last DE39; what could not be finished is asked again by `run`."""
        async with self._busy:
            if batch.end:
                return TapOutcome(batch.end), AGREED
            for turn in range(ROUNDS_MAX):
                answer = await self._asked(self._totals(batch, again=turn > 0))
                code = answer.message[39] if answer is not None else ""
                if code == AGREED:
                    end = TapOutcome.BATCH_HEALED if turn else TapOutcome.BATCH_AGREED
                    self._journal.closed(batch, end)
                    return end, code
                if code != DIFFERS:
                    return TapOutcome.BATCH_LATER, code
                if not await self._upload(batch):
                    return TapOutcome.BATCH_LATER, code
            return TapOutcome.BATCH_DIFFERS, DIFFERS

    async def run(self) -> None:
        """Go on with what a kill or a cut left, until cancelled."""
        while True:
            await self._line.up.wait()
            for batch in self._journal.unfinished():
                await self.close(batch)
            await asyncio.sleep(PAUSE_S * 10)

    def _totals(self, batch: Batch, *, again: bool) -> Message:
        """The 0500 of this round: of the first one the bytes that were asked before, after an upload a new one."""
        if batch.totals is None or again:
            message = self._composer.totals(Totals.of(batch.items.values()), batch.number)
            self._journal.totalling(batch, message)
            return message
        return batch.totals

    async def _upload(self, batch: Batch) -> bool:
        """Send every item that counts; whether the acquirer has heard of each."""
        waiting = [self._composer.upload(item, batch.number) for item in batch.items.values() if item.counts]
        heard: list[bool] = []

        async def send() -> None:
            while waiting:
                heard.append(await self._asked(waiting.pop(0)) is not None)

        async with asyncio.TaskGroup() as tasks:
            for _ in range(AT_ONCE):
                tasks.create_task(send())
        return all(heard)

    async def _asked(self, message: Message) -> Answer | None:
        """The answer; the same bytes are sent again where none comes."""
        for _ in range(TRIES_MAX):
            try:
                async with asyncio.timeout(self._timeout_s()):
                    await self._line.up.wait()
                answer = await self._line.exchange(message, timeout_s=self._timeout_s())
            except (LineCut, TimeoutError):
                continue
            if answer.message[39] not in LATER:
                return answer
            await asyncio.sleep(PAUSE_S)
        return None
