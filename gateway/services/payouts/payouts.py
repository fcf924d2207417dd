"""The front door of this service, and what its worker does."""

from datetime import timedelta
from typing import Any, assert_never

from sqlalchemy import Row, func, select

from gateway.errors import Conflict, Fault
from gateway.observe import log
from gateway.services.payouts import pieces
from gateway.services.payouts.desk import Desk
from gateway.services.payouts.model import BatchState, ItemState
from gateway.services.payouts.tables import BATCHES, ITEMS
from wallet.errors import WalletFault

TICKED = 20
"""Batches that one tick looks at."""
PAUSE_S = 5


class Payouts(Desk):
    """Batches of payments: read, checked, frozen, agreed, signed, paid, and followed until the bank says it arrived."""

    async def tick(self) -> int:
        """One piece of each batch that is due; how many things were done. A batch that meets a fault waits a little."""
        now = self._clock.now()
        query = select(BATCHES).where(BATCHES.c.due_at <= now).order_by(BATCHES.c.due_at).limit(TICKED)
        done = 0
        for row in await self._store.read(query):
            try:
                done += await self._look_at(row)
            except (Fault, WalletFault) as fault:
                log(service="payouts").warning("payout_waits", batch_id=row.id, fault=str(fault))
                await self._wait(row)
        return done

    async def sweep(self) -> int:
        """Finish what a crash left besides batches, which are due until they are done; how many."""
        await self._measure()
        return await self._sweep_given() + await self._sweep_desk()

    async def _measure(self) -> None:
        """How many payments of batches under way stand in each state: what is unknown or held is somebody's work."""
        batches = select(BATCHES.c.id).where(BATCHES.c.state.in_((BatchState.RUNNING, BatchState.PAUSED)))
        query = select(ITEMS.c.state, func.count()).where(ITEMS.c.batch_id.in_(batches)).group_by(ITEMS.c.state)
        counts: dict[str, int] = {row[0]: row[1] for row in await self._store.read(query)}
        for state in ItemState:
            self._parts.metrics.payout_items.labels(state.value).set(counts.get(state.value, 0))

    async def _look_at(self, row: Row[Any]) -> int:
        state = BatchState(row.state)
        match state:
            case BatchState.LOADING:
                return await self._load_due(row)
            case BatchState.LOCKED:
                await self._propose_locked(row.id)
                return 1
            case BatchState.APPROVED:
                return await self._release(row)
            case BatchState.RUNNING:
                return await self._step(row)
            case BatchState.DONE:
                return await self._tell(row) or await self._confirm(row)
            case BatchState.REFUSED | BatchState.CANCELLED:
                return await self._ended(row)
            case BatchState.DRAFT | BatchState.PAUSED:
                return await self._tell(row) or await self._rest(row)
            case _ as never:
                assert_never(never)

    async def _load_due(self, row: Row[Any]) -> int:
        try:
            await self.load(row.id)
        except Conflict:
            # Another process is at it; if it dies, this one goes on after the pause.
            await self._wait(row)
            return 0
        return 1

    async def _ended(self, row: Row[Any]) -> int:
        """A batch that was given up before it was paid: its items as well, and its source hears of it."""
        if row.finished_at == row.due_at:
            await self._give_up(row.id)
        return await self._tell(row) or await self._rest(row)

    async def _rest(self, row: Row[Any]) -> int:
        """Only people, or news, can move it."""
        mine = (BATCHES.c.id == row.id) & (BATCHES.c.due_at == row.due_at)
        await self._store.write(lambda tx: tx.execute(BATCHES.update().where(mine).values(due_at=None)).rowcount)
        return 0

    async def _wait(self, row: Row[Any]) -> None:
        later = self._clock.now() + timedelta(seconds=PAUSE_S)
        await self._store.write(lambda tx: tx.execute(pieces.due(row.id, later)).rowcount)
