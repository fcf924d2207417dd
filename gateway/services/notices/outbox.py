"""The outbox as worker and links see it: claim, settle, receipts, and what time does to leases and deadlines."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from zlib import crc32

from sqlalchemy import Connection, Row, Select, func, select, update

from gateway.errors import KeyFault
from gateway.keys import KeyStore
from gateway.observe import Metrics, log
from gateway.services.notices import matching, rules
from gateway.services.notices.notice import NoticeClass
from gateway.services.notices.notices import KEY_REF
from gateway.services.notices.outgoing import Channel, Outgoing, PartState, Receipt, ReceiptState, Report
from gateway.services.notices.rules import NoticeState, Settled, Standing
from gateway.services.notices.tables import OUTBOX, PARTS, RECEIPTS
from gateway.store import Store, insert_ignore
from wallet.clock import Clock
from wallet.ids import new_id

TIDY_MAX = 200
"""How many rows one `tidy` takes of each kind."""


_STILL_UNSENT = frozenset({NoticeState.READY, NoticeState.UNCERTAIN})


@dataclass(frozen=True, slots=True)
class _Claimed:
    row: Row[Any]
    parts_done: frozenset[int]
    link: str


class Outbox:
    """Several processes may share it: a lease belongs to one of them until it runs out."""

    def __init__(self, store: Store, keys: KeyStore, clock: Clock, metrics: Metrics, *, lease_s: float = 20.0) -> None:
        """`lease_s` must be longer than a carrier may take over one message: for an SMSC link its response_s + 4."""
        self._store = store
        self._keys = keys
        self._clock = clock
        self._metrics = metrics
        self._lease_s = lease_s

    async def claim(self, channel: Channel, limit: int) -> list[Outgoing]:
        """Lease up to `limit` messages that are due: lower lanes first, then the longest waiting."""
        now = self._clock.now()
        lease = new_id("lse", self._clock)
        due = (
            select(OUTBOX.c.id)
            .where(
                OUTBOX.c.state == NoticeState.READY.value,
                OUTBOX.c.channel == channel.value,
                OUTBOX.c.next_at <= now,
                OUTBOX.c.valid_until > now,
            )
            .order_by(OUTBOX.c.lane, OUTBOX.c.next_at, OUTBOX.c.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
            .cte("due")
        )
        leasing = (
            update(OUTBOX)
            .where(OUTBOX.c.id.in_(select(due.c.id)))
            .values(
                state=NoticeState.LEASED.value,
                lease=lease,
                lease_until=now + timedelta(seconds=self._lease_s),
                attempts=OUTBOX.c.attempts + 1,
                changed_at=now,
            )
            .returning(*OUTBOX.c)
        )

        def work(tx: Connection) -> list[_Claimed]:
            rows = sorted(tx.execute(leasing).all(), key=lambda row: (row.lane, row.next_at, row.id))
            done = _parts_done(tx, [row.id for row in rows if row.attempts > 1])
            return [_Claimed(row, *done.get(row.id, (frozenset(), ""))) for row in rows]

        claimed = await self._store.write(work)
        messages = [await self._opened(one, lease) for one in claimed]
        return [message for message in messages if message is not None]

    async def _opened(self, claimed: _Claimed, lease: str) -> Outgoing | None:
        row = claimed.row
        text = row.text
        if row.sealed is not None:
            try:
                text = (await self._keys.unseal(KEY_REF, row.sealed, row.id.encode())).decode()
            except KeyFault:
                # Its key is gone, so no try will ever succeed; a refusal shows it to staff.
                log().error("notice cannot be unsealed", notice=row.id)
                settled = Settled(NoticeState.REFUSED, self._clock.now(), row.resends)
                await self._store.write(lambda tx: self._move(tx, row.id, settled))
                return None
        return Outgoing(
            id=row.id,
            lease=lease,
            channel=Channel(row.channel),
            address=row.address,
            text=text,
            subject=row.subject,
            reference=crc32(row.id.encode()) & 0xFFFF,
            parts_done=claimed.parts_done,
            valid_until=row.valid_until,
            lane=row.lane,
            class_=row.class_,
            link=claimed.link,
        )

    async def settle(self, message: Outgoing, report: Report) -> NoticeState:
        """Record what became of a claimed message; the state it is in now."""

        def work(tx: Connection) -> NoticeState:
            row = tx.execute(_locked(OUTBOX.c.id == message.id)).one()
            sent = [part for part in report.parts if part.state is PartState.SENT]
            for part in sent:
                matching.add_part(tx, message.id, report.link, part, self._clock.now())
            state = NoticeState(row.state)
            # A sender whose lease ran out decides nothing any more, except that nobody need send what was taken whole.
            taken = len(message.parts_done | {part.number for part in sent}) == report.total
            if row.lease == message.lease or (taken and state in _STILL_UNSENT):
                settled = rules.settle(_standing(row), report, self._clock.now())
                state = self._move(tx, message.id, settled, parts=report.total)
            for part in sent:
                matching.match(tx, report.link, part.message_id, self._clock.now())
            return matching.add_up(tx, message.id, self._clock.now()) or state

        state = await self._store.write(work)
        self._metrics.notices.labels(state.value).inc()
        return state

    async def receipt(self, receipt: Receipt) -> None:
        """Keep a receipt and apply it to its part, now or when the part is known; a repeated one changes nothing.

        Raises:
            StoreUnavailable: It is not kept; the link answers so that it is sent again.
        """
        now = self._clock.now()
        row = {
            "link": receipt.link,
            "message_id": receipt.message_id,
            "state": receipt.state.value,
            "error": receipt.error,
            "received_at": now,
            "matched_at": now if receipt.state is ReceiptState.PENDING else None,
        }

        def work(tx: Connection) -> NoticeState | None:
            if not insert_ignore(tx, RECEIPTS, row):
                return None
            notice = matching.match(tx, receipt.link, receipt.message_id, now)
            return matching.add_up(tx, notice, now) if notice is not None else None

        if (state := await self._store.write(work)) is not None:
            self._metrics.notices.labels(state.value).inc()

    async def take_over(self) -> int:
        """End every lease at once; for a start on a store that no other process uses, where all holders are dead."""
        now = self._clock.now()

        def work(tx: Connection) -> int:
            rows = tx.execute(_locked(OUTBOX.c.state == NoticeState.LEASED.value)).all()
            for row in rows:
                self._move(tx, row.id, rules.unanswered(_standing(row), now))
            return len(rows)

        return await self._store.write(work)

    async def tidy(self) -> int:
        """End leases whose holder died and notices that nobody wants any more; match late receipts. How many."""
        now = self._clock.now()

        def work(tx: Connection) -> int:
            lapsed = tx.execute(
                _locked(OUTBOX.c.state == NoticeState.LEASED.value, OUTBOX.c.lease_until <= now).limit(TIDY_MAX)
            ).all()
            for row in lapsed:
                self._move(tx, row.id, rules.unanswered(_standing(row), now))
            late = tx.execute(
                _locked(OUTBOX.c.state == NoticeState.READY.value, OUTBOX.c.valid_until <= now).limit(TIDY_MAX)
            ).all()
            for row in late:
                self._move(tx, row.id, Settled(NoticeState.EXPIRED, now, row.resends))
            return len(lapsed) + len(late) + matching.match_late(tx, now, TIDY_MAX)

        changed = await self._store.write(work)
        for state in rules.OPEN:
            query = select(func.count()).select_from(OUTBOX).where(OUTBOX.c.state == state.value)
            self._metrics.outbox.labels(state.value).set((await self._store.read(query))[0][0])
        return changed

    async def counts(self) -> Mapping[NoticeState, int]:
        """How many notices stand in each state."""
        rows = await self._store.read(select(OUTBOX.c.state, func.count().label("n")).group_by(OUTBOX.c.state))
        return dict.fromkeys(NoticeState, 0) | {NoticeState(row.state): int(row.n) for row in rows}

    def _move(self, tx: Connection, notice: str, settled: Settled, *, parts: int | None = None) -> NoticeState:
        values: dict[str, object] = {
            "state": settled.state.value,
            "next_at": settled.next_at,
            "resends": settled.resends,
            "status": settled.status,
            "lease": None,
            "lease_until": None,
            "changed_at": self._clock.now(),
        }
        if parts is not None:
            values["parts"] = parts
        if settled.state not in rules.OPEN:
            values["sealed"] = None
        tx.execute(update(OUTBOX).where(OUTBOX.c.id == notice).values(values))
        return settled.state


def _locked(*conditions: Any) -> Select[Any]:  # noqa: ANN401 - SQLAlchemy's conditions
    return select(OUTBOX).where(*conditions).order_by(OUTBOX.c.id).with_for_update(key_share=True)


def _standing(row: Row[Any]) -> Standing:
    return Standing(NoticeClass(row.class_), row.attempts, row.resends, row.valid_until)


def _parts_done(tx: Connection, ids: list[str]) -> Mapping[str, tuple[frozenset[int], str]]:
    """Parts that a link has taken, and which link."""
    done: dict[str, tuple[frozenset[int], str]] = {}
    if ids:
        for row in tx.execute(
            select(PARTS.c.notice_id, PARTS.c.number, PARTS.c.link).where(PARTS.c.notice_id.in_(ids))
        ):
            numbers, _ = done.get(row.notice_id, (frozenset(), ""))
            done[row.notice_id] = (numbers | {row.number}, row.link)
    return done
