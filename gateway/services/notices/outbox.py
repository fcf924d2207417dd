"""The outbox as worker and links see it: claim, settle, receipts, and what time does to leases and deadlines."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zlib import crc32

from sqlalchemy import Connection, Row, func, select

from gateway.errors import KeyFault
from gateway.keys import KeyStore
from gateway.observe import Metrics, log
from gateway.services.notices import matching, rules
from gateway.services.notices.notices import KEY_REF
from gateway.services.notices.outgoing import Channel, Outgoing, Receipt, Report
from gateway.services.notices.queue import QUEUE, Queue, read_queue
from gateway.services.notices.rules import Lane, NoticeState, QuietHours, Settled
from gateway.services.notices.settling import Settling, move, standing
from gateway.services.notices.statements import STATEMENTS, in_state
from gateway.services.notices.tables import OUTBOX
from gateway.services.notices.together import Together
from gateway.store import Store
from wallet.clock import Clock
from wallet.ids import new_id

SETTLE_S = 3.0
"""How long what is sent may wait until it is settled, by a store that is busy."""
TIDY_MAX = 200
"""How many rows one `tidy` takes of each kind."""
_HEARD = frozenset({Channel.SMS, Channel.USSD_PUSH})
"""Channels that a phone makes a sound for."""
OBSERVED_EVERY = timedelta(seconds=10)
"""How often `tidy` counts what the gauges show: with a campaign of hundreds of thousands counting is no trifle."""


@dataclass(frozen=True, slots=True)
class _Claimed:
    row: Row[Any]
    parts_done: frozenset[int]
    link: str


class Outbox:
    """Several processes may share it: a lease belongs to one of them until it runs out."""

    def __init__(
        self,
        store: Store,
        keys: KeyStore,
        clock: Clock,
        metrics: Metrics,
        *,
        lease_s: float = 20.0,
        quiet: QuietHours | None = None,
    ) -> None:
        """`lease_s` must be longer than a carrier may take over one message; see `outlasts`.

        `quiet` are the hours in which only SMS and pushes that people wait for are carried; None for no such hours.
        """
        self._store = store
        self._keys = keys
        self._clock = clock
        self._metrics = metrics
        self._lease_s = lease_s
        self._quiet = quiet
        self._leases: dict[Channel, float] = {}
        self._receipts: Together[Receipt] = Together(self._keep)
        self._observed_at: datetime | None = None

    def outlasts(self, send_s: float, channel: Channel | None = None) -> None:
        """Make leases longer than a carrier's sends, which take up to `send_s`: else what is on its way goes twice.

        Those of one channel alone where it is named, so that after a crash the others do not wait for its sake.
        """
        if channel is None:
            self._lease_s = max(self._lease_s, send_s + SETTLE_S)
        else:
            self._leases[channel] = send_s + SETTLE_S

    async def claim(self, channel: Channel, limit: int) -> list[Outgoing]:
        """Lease up to `limit` messages that are due: lower lanes first, then the longest waiting."""
        now = self._clock.now()
        lease = new_id("lse", self._clock)
        is_quiet = channel in _HEARD and self._quiet is not None and self._quiet.cover(now)
        wanted = {
            "its_channel": channel.value,
            "lane_max": rules.QUIET_LANE_MAX if is_quiet else max(Lane),
            "most": limit,
            "its_lease": lease,
            "its_end": now + timedelta(seconds=max(self._lease_s, self._leases.get(channel, 0.0))),
            "now": now,
        }

        def work(tx: Connection) -> list[_Claimed]:
            rows = STATEMENTS[tx.dialect.name].claim(tx, **wanted)
            rows.sort(key=lambda row: (row.lane, row.next_at, row.id))
            # A postponement need not count as a try, but whatever settled it left its number of parts.
            done = _parts_done(tx, [row.id for row in rows if row.attempts > 1 or row.parts])
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
                settled = Settled(NoticeState.REFUSED, self._clock.now(), row.attempts, row.resends)
                await self._store.write(lambda tx: move(tx, {row.id: (settled, row.parts)}, self._clock.now()))
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
            html=row.html or "",
        )

    async def settle(self, batch: Sequence[tuple[Outgoing, Report]]) -> Mapping[str, NoticeState]:
        """Record what became of claimed messages, all in one unit of work; the state each notice is in now, by id.

        Harmless when repeated. An answer that comes after its message was settled as uncertain is settled again with a
        report of its own: a notice that was taken whole after all is then sent, and its receipt will find it.

        Raises:
            StoreUnavailable: Nobody knows whether it stands; settle again.
        """
        states = await self._store.write(lambda tx: Settling(tx, self._clock.now()).run(batch))
        self._count(states.values())
        return states

    async def receipt(self, receipt: Receipt) -> None:
        """Keep a receipt and apply it to its part, now or when the part is known; a repeated one changes nothing.

        Receipts that come at the same moment are kept together.

        Raises:
            StoreUnavailable: It is not kept; the link answers so that it is sent again.
        """
        await self._receipts.add(receipt)

    async def _keep(self, receipts: list[Receipt]) -> None:
        ended = await self._store.write(lambda tx: matching.keep(tx, receipts, self._clock.now()))
        self._count(ended.values())

    async def take_over(self) -> int:
        """End every lease at once; for a start on a store that no other process uses, where all holders are dead."""
        return await self._store.write(lambda tx: _end_leases(tx, self._clock.now()))

    async def tidy(self) -> int:
        """End leases whose holder died and notices that nobody wants any more; match or forget receipts. How many."""
        now = self._clock.now()

        def work(tx: Connection) -> tuple[int, list[NoticeState]]:
            lapsed = _end_leases(tx, now, OUTBOX.c.lease_until <= now, limit=TIDY_MAX)
            late = _due(tx, NoticeState.READY, OUTBOX.c.valid_until, OUTBOX.c.valid_until <= now, limit=TIDY_MAX)
            expired = {
                row.id: (Settled(NoticeState.EXPIRED, now, row.attempts, row.resends), row.parts) for row in late
            }
            move(tx, expired, now)
            matched, ended = matching.match_late(tx, now, TIDY_MAX)
            forgotten = matching.forget(tx, now, TIDY_MAX)
            return lapsed + len(late) + matched + forgotten, [*ended.values(), *(NoticeState.EXPIRED for _ in late)]

        changed, ends = await self._store.write(work)
        self._count(ends)
        if self._observed_at is None or now - self._observed_at >= OBSERVED_EVERY:
            self._observed_at = now
            await self._observe()
        return changed

    async def counts(self) -> Mapping[NoticeState, int]:
        """How many notices stand in each state."""
        rows = await self._store.read(select(OUTBOX.c.state, func.count().label("n")).group_by(OUTBOX.c.state))
        return dict.fromkeys(NoticeState, 0) | {NoticeState(row.state): int(row.n) for row in rows}

    async def queue(self) -> Queue:
        """How long each lane has been waiting, and what staff should look at."""
        (row,) = await self._store.read(QUEUE)
        return read_queue(row, self._clock.now())

    async def _observe(self) -> None:
        queue = await self.queue()
        for state, number in queue.states.items():
            self._metrics.outbox.labels(state.value).set(number)
        for lane, oldest_s in queue.oldest_s.items():
            self._metrics.outbox_oldest.labels(lane.name.lower()).set(oldest_s)
        self._metrics.receipts_unmatched.set(queue.receipts_unmatched)

    def _count(self, states: Iterable[NoticeState]) -> None:
        for state in states:
            self._metrics.notices.labels(state.value).inc()


def _due(tx: Connection, state: NoticeState, by: Any, *conditions: Any, limit: int | None) -> list[Row[Any]]:  # noqa: ANN401 - SQLAlchemy's
    """Notices of a state, first those of the smallest `by`; what another process holds at this moment is left to it."""
    query = select(OUTBOX).where(in_state(state), *conditions).order_by(by).limit(limit)
    return list(tx.execute(query.with_for_update(skip_locked=True)))


def _end_leases(tx: Connection, now: datetime, *conditions: Any, limit: int | None = None) -> int:  # noqa: ANN401 - SQLAlchemy's
    rows = _due(tx, NoticeState.LEASED, OUTBOX.c.lease_until, *conditions, limit=limit)
    move(tx, {row.id: (rules.unanswered(standing(row), now), row.parts) for row in rows}, now)
    return len(rows)


def _parts_done(tx: Connection, ids: Collection[str]) -> Mapping[str, tuple[frozenset[int], str]]:
    """Parts that a link has taken, and which link."""
    done: dict[str, tuple[frozenset[int], str]] = {}
    for row in STATEMENTS[tx.dialect.name].parts(tx, ids) if ids else []:
        numbers, _ = done.get(row.notice_id, (frozenset(), ""))
        done[row.notice_id] = (numbers | {row.number}, row.link)
    return done
