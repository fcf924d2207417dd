"""Store and forward: what a terminal owes is sent, in order, until the acquirer has taken it."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

from simulators.till.iso8583 import Message
from simulators.till.items import ItemState
from simulators.till.journal import Journal
from simulators.till.line import Answer, Line, LineCut
from simulators.till.messages import VOID, Composer
from simulators.trace import Trace

RETRY_S = 1.0
LATER = frozenset({"68", "91", "96"})
"""Answers that promise nothing: what was told is told again, what was asked may be charged and is taken back."""


class Forwarder:
    """Sends what the journal owes. `look` after each change of it."""

    def __init__(
        self, journal: Journal, line: Line, composer: Composer, trace: Trace, timeout_s: Callable[[], float]
    ) -> None:
        self._journal = journal
        self._line = line
        self._composer = composer
        self._trace = trace
        self._timeout_s = timeout_s
        self._owing = asyncio.Event()
        self._drained = asyncio.Event()
        self.look()

    async def drained(self) -> None:
        """Wait until nothing is owed."""
        await self._drained.wait()

    def look(self) -> None:
        """Something may be owed now."""
        if self._journal.owed():
            self._owing.set()
            self._drained.clear()
        else:
            self._owing.clear()
            self._drained.set()

    def owe_reversal(self, original: Message) -> None:
        """What was asked and not answered is taken back; a refund as well as a purchase."""
        self.owe(self._composer.reversal(original), original[11])

    def owe(self, message: Message, original: str) -> None:
        """Write it down and send it soon."""
        self._journal.owe(message, original=original)
        self.look()

    async def run(self) -> None:
        """Until cancelled."""
        tries: dict[str, int] = {}
        while True:
            await self._owing.wait()
            await self._line.up.wait()
            for message in self._journal.owed():
                stan = message[11]
                repeat = message.mti == "0420" and tries.get(stan, 0) > 0
                tries[stan] = tries.get(stan, 0) + 1
                try:
                    answer = await self._line.exchange(
                        replace(message, mti="0421") if repeat else message, timeout_s=self._timeout_s()
                    )
                except (LineCut, TimeoutError):
                    break
                if answer.message[39] not in LATER:
                    tries.pop(stan)
                    self._acknowledged(message, answer)
            self.look()
            if self._owing.is_set():
                await asyncio.sleep(RETRY_S)

    def _acknowledged(self, message: Message, answer: Answer) -> None:
        """The acquirer has it: what that says of the item, and what is owed next."""
        journal, code = self._journal, answer.message[39]
        item = journal.item(journal.original_of(message[11]))
        if code != "00":
            text = f"{message.mti} STAN {message[11]}: the acquirer says {code} and is asked no more"
            self._trace.record("iso8583", text, outbound=False)
        if item is None:
            journal.paid(message[11])
            return
        approval = answer.message[38]
        match message.mti:
            case "0120" | "0220" if not message[90]:
                # Sold without a line. What the acquirer does not take is the merchant's loss, and in no total.
                state = item.state if code == "00" else ItemState.REFUSED
                item = item.changed(approval=approval, state=state)
                journal.changed(item)
                more = [self._composer.completion(item, approval)] if message.mti == "0120" and item.counts else []
                journal.paid(message[11], *more)
                return
            case "0420" if message[95] and code == "00":
                journal.changed(item.changed(amount_minor=int(message[95][:12])))
            case "0200" if message[3] == VOID and code == "00":
                journal.changed(item.changed(state=ItemState.UNDONE))
        journal.paid(message[11])
