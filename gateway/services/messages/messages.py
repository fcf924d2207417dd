"""Messages: taken from the links durably, read once each, answered once each."""

import asyncio
from typing import Any

from sqlalchemy import Connection, Row, select

from gateway.errors import KeyFault
from gateway.keys import KeyStore
from gateway.observe import Metrics, log
from gateway.services.messages import inbox, limits
from gateway.services.messages.inbox import Delivery
from gateway.services.messages.incoming import Incoming, Place
from gateway.services.messages.model import Answer, Reader, Taken, Written
from gateway.services.messages.rules import (
    MessageState,
    Piece,
    is_readable,
    may_be_answered,
    repeated_within,
    text_of,
)
from gateway.services.messages.tables import PARTS
from gateway.services.telling import Teller
from gateway.store import Store
from gateway.wire import gsm
from wallet.clock import Clock
from wallet.ids import new_id

DOOR = "sms"
SEAL_KEY = "outbox"
LOOKUP_KEY = "lookup"
CLAIMED_MAX = 20
HANDLE_S = 20.0
"""How long reading one message may take."""
LEASE_S = 30.0
"""Longer than HANDLE_S; so long waits who wrote to a process that died, where others share its store."""
ATTEMPTS_MAX = 5
_ALONE = Place(0, 1, 1)


class Messages:
    """What people write to us. `take` is the links' side, `work` the loop's."""

    def __init__(
        self, store: Store, keys: KeyStore, clock: Clock, reader: Reader, teller: Teller, metrics: Metrics
    ) -> None:
        self._store = store
        self._keys = keys
        self._clock = clock
        self._reader = reader
        self._teller = teller
        self._metrics = metrics

    async def take(self, incoming: Incoming) -> Taken:
        """Keep a message or a part of one; returns after COMMIT, so that the link may answer its deliver_sm.

        A delivery that was kept before changes nothing. One that nobody could read or be answered is refused, counted
        and never asked for again.

        Raises:
            StoreUnavailable: It is not known whether it is kept; the link lets it be delivered again.
            Overloaded: It is not kept.
        """
        if not may_be_answered(incoming):
            return self._counted(Taken.SENDER)
        delivery = await self._delivery(incoming)
        now = self._clock.now()
        return self._counted(await self._store.write(lambda tx: inbox.take(tx, delivery, now)))

    async def work(self) -> int:
        """Read and answer what is due; how many messages. Each number's messages are read one after the other."""
        lease, now = new_id("lse", self._clock), self._clock.now()
        claimed = await self._store.write(lambda tx: inbox.claim(tx, lease, now, LEASE_S, CLAIMED_MAX))
        async with asyncio.TaskGroup() as group:
            for row in claimed:
                group.create_task(self._handle(row))
        return len(claimed)

    async def take_over(self) -> int:
        """End every lease at once; for a start on a store that no other process uses, where all holders are dead."""
        return await self._store.write(inbox.free)

    async def tidy(self) -> int:
        """Give up on messages whose parts do not come, drop what is old; how many."""
        now = self._clock.now()

        def work(tx: Connection) -> int:
            limits.forget(tx, now)
            return inbox.tidy(tx, now)

        return await self._store.write(work)

    async def _delivery(self, incoming: Incoming) -> Delivery:
        place = incoming.place or _ALONE
        key = f"{incoming.source}\0{incoming.dest}\0{place.reference}\0{place.total}\0{place.number}"
        # Not the link: a centre delivers again over whichever of its binds is up.
        content = await self._mac(f"message part\0{key}\0", incoming.octets)
        digest = await self._mac(f"message delivery\0{key}\0{incoming.reference}\0", incoming.octets)
        part: dict[str, object] | None = None
        if is_readable(incoming):
            part = {
                "number": place.number,
                "coding": incoming.alphabet.coding.name,
                "locking": int(incoming.alphabet.locking),
                "single": int(incoming.alphabet.single),
                "content": content,
                "sealed": await self._keys.seal(SEAL_KEY, incoming.octets, _aad(content)),
            }
        return Delivery(
            id=new_id("msg", self._clock),
            source=incoming.source,
            dest=incoming.dest,
            digest=digest,
            repeated_after=self._clock.now() - repeated_within(incoming),
            place=place,
            part=part,
        )

    async def _mac(self, what: str, octets: bytes) -> bytes:
        return await self._keys.mac(LOOKUP_KEY, what.encode() + octets)

    async def _handle(self, row: Row[Any]) -> None:
        bound = log(message=row.id)
        try:
            async with asyncio.timeout(HANDLE_S):
                text = await self._text(row) if row.whole else None
                answer = await self._reader.answer(Written(row.id, row.source, text))
                end = await self._finish(row, answer)
        except Exception as problem:  # noqa: BLE001 - one message must not hold up the others; logged and counted
            self._metrics.worker_failures.labels("messages").inc()
            # The trace stays out: what an exception says may hold what the person wrote.
            bound.error("message was not handled", attempt=row.attempts, fault=type(problem).__name__)
            if row.attempts < ATTEMPTS_MAX:
                return
            now, end = self._clock.now(), MessageState.FAILED.value
            await self._store.write(lambda tx: inbox.close(tx, row.id, row.lease, MessageState.FAILED, now))
        self._metrics.messages.labels(end).inc()
        bound.info("message handled", end=end)

    async def _text(self, row: Row[Any]) -> str | None:
        parts = await self._store.read(select(PARTS).where(PARTS.c.message_id == row.id))
        try:
            return text_of([await self._piece(part) for part in parts])
        except KeyFault:
            # Its key is gone, so no try will ever succeed: whoever wrote is asked to write again.
            log().error("message cannot be unsealed", message=row.id)
            return None

    async def _piece(self, part: Row[Any]) -> Piece:
        alphabet = gsm.Alphabet(gsm.Coding[part.coding], gsm.Language(part.locking), gsm.Language(part.single))
        return Piece(part.number, alphabet, await self._keys.unseal(SEAL_KEY, part.sealed, _aad(part.content)))

    async def _finish(self, row: Row[Any], answer: Answer | None) -> str:
        """Close the message and tell the answer in one unit of work, so that neither stands without the other."""
        now = self._clock.now()
        tell = None if answer is None else await self._told(row, answer)

        def work(tx: Connection) -> str:
            if not inbox.close(tx, row.id, row.lease, MessageState.DONE, now):
                return "overtaken"
            if tell is None or answer is None:
                return "silent"
            if not limits.allowed(tx, row.source, answer.limit, now):
                return "limited"
            tell(tx)
            return "answered"

        return await self._store.write(work)

    async def _told(self, row: Row[Any], answer: Answer) -> Any:  # noqa: ANN401 - the teller's write
        return await self._teller.prepared(
            answer.class_,
            cause=row.id,
            msisdn=row.source,
            person_id=answer.person_id,
            language=answer.language,
            values=answer.values,
            secrets={},
        )

    def _counted(self, taken: Taken) -> Taken:
        if taken in {Taken.SENDER, Taken.TOO_LONG}:
            self._metrics.refused.labels(door=DOOR, reason=taken.value).inc()
        self._metrics.messages.labels(taken.value).inc()
        return taken


def _aad(content: bytes) -> bytes:
    return b"message part\0" + content
