"""Terminal batches: totals are compared, items taken, what was lost is healed; every message is answered once.

A message's key is taken first. What follows is harmless to repeat (an item is stored once, healing asks under ids that
follow from the tap), and the batch's new state stands together with the answer's bytes: a message that comes again
after a crash goes on where it stopped.
"""

import asyncio
from collections.abc import Sequence
from datetime import date, timedelta
from functools import partial
from typing import Any

from sqlalchemy import Connection, Row, func, select, update

from gateway.errors import BadInput
from gateway.observe import log
from gateway.services import answered
from gateway.services.answered import Key, content_of, nearest_day
from gateway.services.clearing import answers, book, bulk, reconcile
from gateway.services.clearing.model import (
    CLOSED,
    HOUSE,
    BatchState,
    ExceptionType,
    TerminalBatch,
    Totals,
    Upload,
)
from gateway.services.clearing.ports import Parts, Taking
from gateway.services.clearing.reconcile import Found
from gateway.services.clearing.requests import CLASSES, ItemSent, TotalsSent, read
from gateway.services.clearing.rounds import Outcome, begun, last_round, members_of, taken
from gateway.services.clearing.tables import BATCHES, MEMBERS, UPLOADS
from gateway.store import insert_ignore
from gateway.wire.iso8583 import ACQUIRER, Message

TRIES_MAX = 4
"""Totals that differ from the items that were sent are asked for again; after so many the batch is closed all the same.

The first 95 counts, too."""
HEALING_MAX = 16
"""Items that are healed at once."""
RACES_MAX = 5
MEMBERS_MAX = 100_000
UPLOADS_MAX = 20_000
"""Items that a terminal may send of one batch; to more of them it is told that the batch differs."""
_HEALED, _AMOUNT, _LATE = "healed", "amount_differs", "late"
"""Fates of items; one that matches keeps '', so that closing a large batch writes none of its rows."""


class Batches:
    """Answers terminals about their batches."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._store, self._clock = parts.store, parts.clock

    async def answer(self, message: Message, terminal_id: str) -> bytes:
        """The body that answers a 0320 or 0500 of this terminal, whose MAC was good.

        Raises:
            StoreUnavailable, Overloaded, KeyFault, LedgerUnavailable: Nothing is promised; the terminal asks again.
        """
        if message.mti not in CLASSES or message.text(41) != terminal_id:
            return await self._built(message, terminal_id, answers.BAD_FORMAT)
        try:
            asked = read(message)
            key = Key(ACQUIRER, terminal_id, asked.stan, self._local_day(asked.month_day), asked.class_)
        except BadInput as problem:
            log().info("batch_refused", mti=message.mti, terminal=terminal_id, reason=str(problem))
            return await self._built(message, terminal_id, answers.BAD_FORMAT)
        terminal = await self._parts.shops.terminal(terminal_id)
        if terminal is None:
            return await self._built(message, terminal_id, answers.UNKNOWN_TERMINAL)
        digest = await self._digest(message)
        seen = await self._store.write(partial(taken, key=key, digest=digest, now=self._clock.now()))
        if seen.digest != digest:
            return await self._built(message, terminal_id, answers.DUPLICATE)
        if seen.answer:
            log().info("batch_repeated", mti=message.mti, terminal=terminal_id)
            return seen.answer
        if isinstance(asked, ItemSent):
            return await self._item(message, asked, key, terminal.merchant_id)
        return await self._totals(message, asked, key, terminal.merchant_id)

    async def _item(self, message: Message, sent: ItemSent, key: Key, merchant_id: str) -> bytes:
        """Store an item; the same item again, under another trace number, changes nothing."""
        agreed, now = await self._built(message, sent.terminal_id, answers.AGREED), self._clock.now()
        full = await self._built(message, sent.terminal_id, answers.DIFFERS)
        row = {
            "kind": sent.kind.value, "stan": sent.original_stan, "rrn": sent.rrn, "approval": sent.approval,
            "amount_minor": sent.amount_minor, "at": now,
        }  # fmt: skip

        def work(tx: Connection) -> bytes:
            batch = last_round(tx, sent.terminal_id, sent.batch_number)
            if batch is None:
                batch = begun(tx, self._clock, sent.terminal_id, merchant_id, sent.batch_number)
            late = _LATE if BatchState(batch.state) in CLOSED else ""
            sent_before = select(func.count()).select_from(UPLOADS).where(UPLOADS.c.batch_id == batch.id)
            if tx.execute(sent_before).scalar_one() >= UPLOADS_MAX:
                log().warning("batch_too_long", batch=batch.id, terminal=sent.terminal_id)
                answered.settle(tx, key, batch.id, answers.DIFFERS)
                return answered.put_answer(tx, key, full)
            insert_ignore(tx, UPLOADS, {**row, "batch_id": batch.id, "fate": late})
            answered.settle(tx, key, batch.id, answers.AGREED)
            return answered.put_answer(tx, key, agreed)

        return await self._store.write(work)

    async def _totals(self, message: Message, sent: TotalsSent, key: Key, merchant_id: str) -> bytes:
        """Compare, heal and answer; what another message has moved meanwhile is looked at again."""
        for _ in range(RACES_MAX):
            batch, free = await self._round(sent, merchant_id)
            code, outcome = await self._compared(batch, free, sent.totals)
            body = await self._built(message, sent.terminal_id, code)
            told = await self._store.write(partial(self._concluded, key=key, code=code, body=body, outcome=outcome))
            if told is not None:
                return told
        return await self._built(message, sent.terminal_id, answers.MALFUNCTION)

    async def _round(self, sent: TotalsSent, merchant_id: str) -> tuple[TerminalBatch, Sequence[Taking]]:
        """The batch that totals are about, and what the host has in it.

        A closed batch whose number has takings that it was not closed with is over, and the next round begins.
        """
        takings = await self._parts.takings.takings(sent.terminal_id, sent.batch_number)

        def work(tx: Connection) -> tuple[TerminalBatch, set[str]]:
            row = last_round(tx, sent.terminal_id, sent.batch_number)
            if row is None:
                return book.batch_of(begun(tx, self._clock, sent.terminal_id, merchant_id, sent.batch_number)), set()
            earlier = members_of(tx, sent.terminal_id, sent.batch_number)
            mine = {one for one, batch_id in earlier if batch_id == row.id}
            others = {one for one, batch_id in earlier if batch_id != row.id}
            fresh = [one for one in takings if one.id not in mine and one.id not in others]
            closed = row.state in {BatchState.AGREED.value, BatchState.HEALED.value}
            told_before = book.batch_of(row).terminal_totals == sent.totals
            if closed and fresh and (not told_before or reconcile.totals_of(fresh) == sent.totals):
                row = begun(tx, self._clock, sent.terminal_id, merchant_id, sent.batch_number, after=row.round)
                others |= mine
            return book.batch_of(row), others

        batch, others = await self._store.write(work)
        return batch, [one for one in takings if one.id not in others]

    async def _compared(self, batch: TerminalBatch, takings: Sequence[Taking], totals: Totals) -> tuple[str, Outcome]:
        """What is answered, and what is written down with it."""
        if batch.state in {BatchState.AGREED, BatchState.HEALED} and batch.terminal_totals == totals:
            return answers.AGREED, Outcome(batch, batch.state, totals, batch.host_totals or totals)
        host = reconcile.totals_of(takings)
        if host == totals:
            return answers.AGREED, Outcome(batch, BatchState.AGREED, totals, host, takings)
        uploads = await self._uploads(batch.id)
        complete = reconcile.totals_sent(uploads) == totals
        if batch.state is not BatchState.UPLOADING or (not complete and batch.tries < TRIES_MAX):
            return answers.DIFFERS, Outcome(batch, BatchState.UPLOADING, totals, host)
        compared = reconcile.compare(takings, uploads)
        fates: list[tuple[str, str, str, str]] = []
        found = list(compared.found)
        for sent, outcome in await self._healed(batch.terminal_id, compared.lacking):
            fates.append((sent.kind.value, sent.stan, sent.rrn, outcome))
            if outcome != _HEALED:
                found.append(reconcile.not_healed(sent, outcome))
        fates += [(*one.name, _AMOUNT) for one in found if one.type is ExceptionType.AMOUNT_DIFFERS]
        if not complete:
            found.append(Found(ExceptionType.UPLOAD_INCOMPLETE, ("", "", ""), totals.net_minor, host.net_minor))
        again = await self._parts.takings.takings(batch.terminal_id, batch.number)
        known, before = {one.id for one in takings}, await self._closed_before(batch)
        now_there = [one for one in again if one.id in known or one.id not in before]
        state = BatchState.HEALED if found else BatchState.AGREED
        concluded = Outcome(batch, state, totals, reconcile.totals_of(now_there), now_there, fates, found)
        return answers.AGREED, concluded

    async def _healed(self, terminal_id: str, lacking: Sequence[Upload]) -> list[tuple[Upload, str]]:
        """Capture what was approved and whose completion was lost; only a purchase has one."""
        room = asyncio.Semaphore(HEALING_MAX)

        async def one(sent: Upload) -> tuple[Upload, str]:
            if sent.kind.value != "purchase" or not sent.approval.strip():
                return sent, "unknown"
            async with room:
                heal = self._parts.takings.heal
                outcome = await heal(terminal_id, sent.stan, sent.rrn, sent.amount.minor, sent.approval)
            return sent, str(outcome.value)

        try:
            async with asyncio.TaskGroup() as tasks:
                waiting = [tasks.create_task(one(sent)) for sent in lacking]
        except ExceptionGroup as several:
            # One reason is enough: the terminal asks again, and what is healed by then stays so.
            raise several.exceptions[0] from None
        return [task.result() for task in waiting]

    def _concluded(self, tx: Connection, *, key: Key, code: str, body: bytes, outcome: Outcome) -> bytes | None:
        """Write the batch's state with the answer; None, and nothing done, if the batch moved meanwhile."""
        batch, now = outcome.batch, self._clock.now()
        row = book.held_batch(tx, batch.id)
        if (row.state, row.tries) != (batch.state.value, batch.tries):
            return None
        if outcome.state.value != batch.state.value or outcome.state not in CLOSED:
            values: dict[str, object] = {
                "state": outcome.state.value, "terminal_totals": book.totals_json(outcome.totals),
                "host_totals": book.totals_json(outcome.host), "moved_at": now,
            }  # fmt: skip
            if outcome.state is BatchState.UPLOADING:
                values["tries"] = batch.tries + 1
            else:
                values["closed_at"] = now
            tx.execute(update(BATCHES).where(BATCHES.c.id == batch.id).values(**values))
        if outcome.state in CLOSED:
            bulk.put_members(tx, batch.id, [one.id for one in outcome.members])
            bulk.set_fates(tx, batch.id, outcome.fates)
            for found in outcome.found:
                self._excepted(tx, batch, found)
            confirmed = "the terminal has sent its totals after all"
            book.resolve_exception(tx, ExceptionType.UNCONFIRMED, batch.id, HOUSE, confirmed, now)
        answered.settle(tx, key, batch.id, code)
        log().info("batch_answered", batch=batch.id, terminal=batch.terminal_id, state=outcome.state.value, code=code)
        return answered.put_answer(tx, key, body)

    def _excepted(self, tx: Connection, batch: TerminalBatch, found: Found) -> None:
        kind, stan, rrn = found.name
        detail = {
            "kind": kind, "stan": stan, "rrn": rrn, "terminal_minor": str(found.terminal_minor),
            "host_minor": str(found.host_minor), "taking": found.taking_id, "why": found.why,
        }  # fmt: skip
        subject = ":".join(part for part in (batch.id, kind, stan, rrn) if part)
        book.open_exception(
            tx, self._clock, found.type, subject, detail,
            batch_id=batch.id, merchant_id=batch.merchant_id, terminal_id=batch.terminal_id,
        )  # fmt: skip

    async def close_unconfirmed(self, limit: int = 100) -> int:
        """Close batches whose totals never came; how many. Their takings are settled like all others."""
        before = self._clock.now() - timedelta(days=self._parts.settings.clearing_batch_days)
        waiting = BATCHES.c.state.in_([BatchState.OPEN.value, BatchState.UPLOADING.value])
        query = select(BATCHES).where(waiting, BATCHES.c.moved_at < before).order_by(BATCHES.c.moved_at).limit(limit)
        rows = await self._store.read(query)
        for row in rows:
            takings = await self._parts.takings.takings(row.terminal_id, row.number)
            before_ = await self._closed_before(book.batch_of(row))
            mine = [one for one in takings if one.id not in before_]
            await self._store.write(partial(self._unconfirmed, row=row, takings=mine))
        return len(rows)

    def _unconfirmed(self, tx: Connection, *, row: Row[Any], takings: Sequence[Taking]) -> None:
        now = self._clock.now()
        if book.held_batch(tx, row.id).state != row.state:
            return
        host = reconcile.totals_of(takings)
        closed = {"state": BatchState.UNCONFIRMED.value, "host_totals": book.totals_json(host)}
        tx.execute(update(BATCHES).where(BATCHES.c.id == row.id).values(**closed, closed_at=now, moved_at=now))
        detail = {"number": row.number, "items": str(host.debits + host.credits), "host_minor": str(host.net_minor)}
        book.open_exception(
            tx, self._clock, ExceptionType.UNCONFIRMED, row.id, detail,
            batch_id=row.id, merchant_id=row.merchant_id, terminal_id=row.terminal_id,
        )  # fmt: skip
        book.reopen_exception(tx, ExceptionType.UNCONFIRMED, row.id, detail)

    async def _uploads(self, batch_id: str) -> list[Upload]:
        mine = UPLOADS.c.batch_id == batch_id
        rows = await self._store.read(select(UPLOADS).where(mine).limit(UPLOADS_MAX))
        return [book.upload_of(row) for row in rows]

    async def _closed_before(self, batch: TerminalBatch) -> set[str]:
        """Takings that other rounds of this number were closed with."""
        rounds = (BATCHES.c.terminal_id == batch.terminal_id) & (BATCHES.c.number == batch.number)
        query = select(MEMBERS.c.taking_id).join(BATCHES, BATCHES.c.id == MEMBERS.c.batch_id)
        rows = await self._store.read(query.where(rounds, BATCHES.c.id != batch.id).limit(MEMBERS_MAX))
        return {row.taking_id for row in rows}

    async def _built(self, message: Message, terminal_id: str, code: str) -> bytes:
        return await answers.build(self._parts.keys, message, terminal_id, code)

    async def _digest(self, message: Message) -> bytes:
        """What makes two messages the same: every field but the time of sending (DE7) and the MAC; a repeat counts."""
        content = content_of(message, CLASSES[message.mti])
        return await self._parts.keys.mac("lookup", b"batch message\0" + content)

    def _local_day(self, month_day: str) -> date:
        day = nearest_day(month_day, self._parts.calendar.business_on(self._clock.now()))
        if day is None:
            raise BadInput("DE13 is not a day of these years")
        return day
