"""A merchant's terminal: it reads a phone by APDUs, asks the acquirer by ISO 8583, and forwards later what it must."""

import asyncio
import contextlib
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from simulators.faults import Faults
from simulators.nfc import InProcess, Transport
from simulators.nfc_phone import NfcPhone
from simulators.till.closing import Closer
from simulators.till.deny import DenyList
from simulators.till.dialects import DIALECTS, Framing
from simulators.till.forward import LATER, Forwarder
from simulators.till.iso8583 import Message
from simulators.till.items import Item, ItemKind, ItemState, Totals
from simulators.till.journal import Batch, Journal
from simulators.till.kernel import Asked, Rules
from simulators.till.line import Answer, Crashed, Line, LineCut, Peer
from simulators.till.messages import VOID, ZONE, Composer, remembered
from simulators.till.reader import Chip, Failure, Reader, Sale
from simulators.till.results import OF_FAILURE, Printer, ReceiptLine, TapOutcome, TapResult, result_of
from simulators.trace import Trace

ANSWER_TIMEOUT_S = 10.0
LINE_WAIT_S = 3.0
DRAIN_WAIT_S = 3.0
AMOUNT_MAX = 10**12 - 1
APPROVED, PART = "00", "10"
SEE_PHONE = "70"
"""DE39 of a tap that needs its phone unlocked (modelled)."""

__all__ = ["AMOUNT_MAX", "Crashed", "Failure", "ReceiptLine", "TapOutcome", "TapResult", "Terminal", "TerminalConfig"]


@dataclass(frozen=True, slots=True)
class TerminalConfig:
    """Who a terminal is: `id` of 8 characters, `merchant_id` of 15 at most, `key` of 16 bytes; and how it is set up.

    Attributes:
        dialect: `house87` or `shetab93`.
        one_message: Buys with one message (0200) instead of two (0100, 0220).
        partial: It can sell a part of what was asked for.
        rules: Reader limits and action codes.
        deny_file: A snapshot of tokens that it must not take.
    """

    id: str
    merchant_id: str
    merchant_name: str
    key: bytes = field(repr=False)
    dialect: str = "house87"
    framing: Framing = Framing.BINARY2
    one_message: bool = False
    partial: bool = False
    rules: Rules = field(default_factory=Rules)
    deny_file: Path | None = None

    def __post_init__(self) -> None:
        if len(self.id) != 8 or not 1 <= len(self.merchant_id) <= 15 or len(self.key) != 16:
            raise ValueError(f"terminal {self.id!r}: id has 8 characters, merchant_id 15 at most, key 16 bytes")
        if self.dialect not in DIALECTS:
            raise ValueError(f"terminal {self.id!r}: no dialect {self.dialect!r}")


class Terminal:
    """One terminal. `run` keeps its line; the other methods are what a merchant does with it."""

    def __init__(
        self,
        config: TerminalConfig,
        *,
        host: str,
        port: int,
        faults: Faults,
        trace: Trace,
        folder: Path | None = None,
        answer_timeout_s: float = ANSWER_TIMEOUT_S,
    ) -> None:
        self.config = config
        self._faults = faults
        self._answer_timeout_s = answer_timeout_s
        self._journal = Journal(folder / f"{config.id}.jsonl" if folder is not None else None)
        stan = self._journal.next_stan
        peer = Peer(config.id, config.key, host, port, DIALECTS[config.dialect], config.framing)
        self._line = Line(peer, trace=trace, faults=faults, next_stan=stan)
        self._composer = Composer(config.id, config.merchant_id, stan, self._now)
        deny = DenyList.load(config.deny_file) if config.deny_file is not None else DenyList()
        self.reader = Reader(config.rules, deny)
        self._forwarder = Forwarder(self._journal, self._line, self._composer, trace, self._timeout)
        self._closer = Closer(self._journal, self._line, self._composer, self._timeout)
        self._printer = Printer(config.merchant_name, f"{config.id} / {config.merchant_id}")
        self._busy = asyncio.Lock()
        self._last: tuple[Message, Answer | None] | None = None
        for message in self._journal.open_messages():
            self._owe_for(message)

    @property
    def online(self) -> bool:
        """Whether the line is up and signed on."""
        return self._line.up.is_set()

    @property
    def switched_on(self) -> bool:
        """Whether the merchant wants a line."""
        return self._line.wanted.is_set()

    @property
    def owed_count(self) -> int:
        """Advices and reversals that wait for their acknowledgement."""
        return len(self._journal.owed())

    @property
    def batch_number(self) -> int:
        """The open batch."""
        return self._journal.batch

    @property
    def totals(self) -> Totals:
        """What the open batch adds up to."""
        return Totals.of(self._journal.items())

    @property
    def unmatched(self) -> list[str]:
        """Answers that nobody waited for, and why; the last ones."""
        return self._line.unmatched

    def items(self) -> list[Item]:
        """What was sold and refunded: the open batch and the last closed ones, oldest first."""
        return self._journal.every_item()

    async def run(self) -> None:
        """Keep the line, forward what is owed and finish batches, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._line.run())
            tasks.create_task(self._forwarder.run())
            tasks.create_task(self._closer.run())

    async def drained(self) -> None:
        """Wait until nothing is owed."""
        await self._forwarder.drained()

    async def switch(self, *, on: bool) -> None:
        """Sign off and stay without a line, or take it up again."""
        await self._line.switch(on=on)

    async def pay(self, amount_minor: int, phone: NfcPhone | Transport, *, part_ok: bool = False) -> TapResult:
        """Take `amount_minor` rials (1..AMOUNT_MAX) from a phone held at the terminal; `part_ok`: or what there is."""
        if not 1 <= amount_minor <= AMOUNT_MAX:
            raise ValueError("the amount is out of range")
        async with self._busy:
            started = time.perf_counter()
            online = await self._online()
            if not online and amount_minor > self.config.rules.limits.floor_minor:
                return result_of(TapOutcome.NO_LINE, started)
            sale = Sale(amount_minor, self._now().astimezone(ZONE).date(), online)
            chip = await self.reader.read(InProcess(phone) if isinstance(phone, NfcPhone) else phone, sale)
            if isinstance(chip, Failure):
                return result_of(OF_FAILURE[chip], started)
            if chip.kind is Asked.TC:
                return self._sold_offline(chip, amount_minor, started)
            return await self._authorise(chip, amount_minor, started, part_ok=part_ok or self.config.partial)

    async def repeat_last(self) -> TapResult:
        """Send the bytes of the last authorisation once more, as a link that lost the answer would."""
        async with self._busy:
            started = time.perf_counter()
            if self._last is None:
                return result_of(TapOutcome.NOTHING_TO_REPEAT, started)
            if not await self._online():
                return result_of(TapOutcome.NO_LINE, started)
            request, before = self._last
            try:
                answer = await self._line.exchange(request, timeout_s=self._answer_timeout_s)
            except (LineCut, TimeoutError):
                return result_of(TapOutcome.NO_ANSWER, started)
            same = before is not None and answer.raw == before.raw
            outcome = TapOutcome.REPEAT_SAME if same else TapOutcome.REPEAT_DIFFERS
            return result_of(outcome, started, answer.message[39])

    async def refund(self, amount_minor: int | None = None, stan: str = "") -> TapResult:
        """Give back all or a part of a sale (the last one, or that with this trace number); the phone is not needed."""
        async with self._busy:
            started = time.perf_counter()
            item = self._sale(stan, kept=True)
            if item is None:
                return result_of(TapOutcome.NO_SUCH_ITEM, started)
            if (unready := await self._unready(item)) is not None:
                return result_of(unready, started)
            amount = item.amount_minor if amount_minor is None else amount_minor
            request = self._composer.refund(item, amount, batch=self._journal.batch)
            answer = await self._ask(request)
            if answer is None:
                return result_of(TapOutcome.NO_ANSWER, started)
            if (code := answer.message[39]) != APPROVED:
                self._not_taken(request, code)
                return result_of(TapOutcome.DECLINED, started, code)
            approval = answer.message[38]
            self._journal.took(Item(remembered(request), ItemKind.REFUND, amount, approval))
            receipt = self._printer.back(request, amount, approval, self._now())
            return result_of(TapOutcome.REFUNDED, started, code, receipt, request[11])

    async def void(self, stan: str = "") -> TapResult:
        """Undo a sale or refund of the open batch (the last sale, or that with this trace number), all of it."""
        async with self._busy:
            started = time.perf_counter()
            item = self._sale(stan, kept=False)
            # What was refunded in part is refunded for the rest: a void is of all or nothing.
            if item is None or self._refunded_minor(item):
                return result_of(TapOutcome.NO_SUCH_ITEM, started)
            if (unready := await self._unready(item)) is not None:
                return result_of(unready, started)
            request = self._composer.void(item)
            answer = await self._ask(request)
            if answer is None:
                return result_of(TapOutcome.NO_ANSWER, started)
            if (code := answer.message[39]) != APPROVED:
                self._not_taken(request, code)
                return result_of(TapOutcome.NO_ANSWER if code in LATER else TapOutcome.DECLINED, started, code)
            self._journal.changed(item.changed(state=ItemState.UNDONE))
            self._journal.settled(request[11])
            receipt = self._printer.back(item.original, item.amount_minor, answer.message[38], self._now())
            return result_of(TapOutcome.VOIDED, started, code, receipt, item.stan)

    async def lower(self, stays_minor: int, stan: str = "") -> TapResult:
        """Less was sold than was paid: what is over goes back by a partial reversal, which is forwarded."""
        async with self._busy:
            started = time.perf_counter()
            item = self._sale(stan, kept=False)
            # What was refunded comes out of what stays; the house would do nothing, and say that it heard.
            if item is None or not max(1, self._refunded_minor(item)) <= stays_minor < item.amount_minor:
                return result_of(TapOutcome.NO_SUCH_ITEM, started)
            self._forwarder.owe(self._composer.partial_reversal(item, stays_minor), item.stan)
            receipt = self._printer.back(item.original, item.amount_minor - stays_minor, item.approval, self._now())
            return result_of(TapOutcome.LOWERED, started, "", receipt, item.stan)

    async def close_batch(self) -> TapResult:
        """Compare the open batch with the acquirer's; the next one begins whatever comes of it."""
        started = time.perf_counter()
        async with self._busy:
            if not await self._online():
                return result_of(TapOutcome.NO_LINE, started)
            await self._drained_soon()
            batch = self._journal.closing()
        outcome, code = await self._closer.close(batch)
        return result_of(outcome, started, code, self._batch_receipt(batch))

    async def _online(self) -> bool:
        if not self._line.wanted.is_set():
            return False
        try:
            async with asyncio.timeout(LINE_WAIT_S):
                await self._line.up.wait()
        except TimeoutError:
            return False
        return True

    async def _authorise(self, chip: Chip, amount_minor: int, started: float, *, part_ok: bool) -> TapResult:
        """Ask the acquirer, and write down what it says."""
        mti = "0200" if self.config.one_message else "0100"
        request = self._composer.purchase(mti, amount_minor, chip, batch=self._journal.batch, part_ok=part_ok)
        answer = await self._ask(request)
        self._last = (request, answer)
        if answer is None:
            return result_of(TapOutcome.NO_ANSWER, started)
        code = answer.message[39]
        paid = int(answer.message[4] or request[4]) if code == PART else amount_minor
        if code not in (APPROVED, PART) or not 0 < paid <= amount_minor:
            self._not_taken(request, code)
            outcome = TapOutcome.SEE_PHONE if code == SEE_PHONE else TapOutcome.DECLINED
            return result_of(outcome, started, code, self._printer.declined(request, chip, self._now()))
        item = Item(remembered(request), ItemKind.PURCHASE, paid, answer.message[38])
        self._take(item, *([] if self.config.one_message else [self._composer.completion(item, item.approval)]))
        outcome = TapOutcome.PARTIAL if code == PART else TapOutcome.APPROVED
        return result_of(outcome, started, code, self._printer.sale(item, amount_minor, chip, self._now()), item.stan)

    def _sold_offline(self, chip: Chip, amount_minor: int, started: float) -> TapResult:
        """The phone approved below the floor limit: the acquirer is told as soon as there is a line."""
        mti = "0220" if self.config.one_message else "0120"
        advice = self._composer.purchase(mti, amount_minor, chip, batch=self._journal.batch)
        item = Item(remembered(advice), ItemKind.PURCHASE, amount_minor, offline=True)
        self._take(item, advice)
        receipt = self._printer.sale(item, amount_minor, chip, self._now())
        return result_of(TapOutcome.OFFLINE, started, "", receipt, item.stan)

    async def _ask(self, request: Message) -> Answer | None:
        """The acquirer's answer; without one, or when the merchant walks away, something is owed."""
        self._journal.asking(request)
        try:
            return await self._line.exchange(
                request, timeout_s=self._answer_timeout_s, cut_after=self._faults.terminal_line_cut
            )
        except (LineCut, TimeoutError):
            self._owe_for(request)
            return None
        except asyncio.CancelledError:
            self._owe_for(request)
            raise

    def _not_taken(self, request: Message, code: str) -> None:
        """Nothing came of it here; what the acquirer may still do, or did for a part that is none, is not left so."""
        if code in LATER or code == PART:
            self._owe_for(request)
        else:
            self._journal.settled(request[11])

    def _owe_for(self, request: Message) -> None:
        """A purchase or refund of which nobody knows is taken back; a void is asked until the acquirer says."""
        if request[3] == VOID:
            self._forwarder.owe(request, request[90][4:10])
        else:
            self._forwarder.owe_reversal(request)

    async def _unready(self, item: Item) -> TapOutcome | None:
        """Why nothing can be asked about an item yet: no line, or what is owed for it has not gone."""
        if not await self._online():
            return TapOutcome.NO_LINE
        await self._drained_soon()
        waits = any(self._journal.original_of(message[11]) == item.stan for message in self._journal.owed())
        return TapOutcome.NOT_SENT if waits else None

    async def _drained_soon(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_WAIT_S):
                await self.drained()

    def _sale(self, stan: str, *, kept: bool) -> Item | None:
        """The item with this trace number, or the last sale; those of closed batches only where they are `kept`."""
        items = self._journal.every_item() if kept else self._journal.items()
        fitting = [
            item for item in items if item.counts and (item.stan == stan if stan else item.kind is ItemKind.PURCHASE)
        ]
        return fitting[-1] if fitting else None

    def _refunded_minor(self, item: Item) -> int:
        refunds = (one for one in self._journal.every_item() if one.counts and one.kind is ItemKind.REFUND)
        return sum(one.amount_minor for one in refunds if one.original[90][4:10] == item.stan)

    def _take(self, item: Item, *owed: Message) -> None:
        self._journal.took(item, *owed)
        self._forwarder.look()

    def _batch_receipt(self, batch: Batch) -> tuple[ReceiptLine, ...]:
        return self._printer.batch(batch.number, Totals.of(batch.items.values()), self._now())

    def _timeout(self) -> float:
        return self._answer_timeout_s

    def _now(self) -> datetime:
        """The terminal's clock."""
        return datetime.now(UTC) + timedelta(seconds=self._faults.till.clock_skew_s)
