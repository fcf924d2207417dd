"""Whose turn it is: one attempt at a time works on a flow, and one that has fallen silent writes nothing more."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, select, update

from gateway.errors import Conflict
from gateway.services.reconciliation.book import Book
from gateway.services.reconciliation.model import FlowName
from gateway.services.reconciliation.tables import FLOWS
from gateway.store import insert_ignore
from wallet.ids import new_id

LEASE_S = 60
BEAT_S = 10.0


@dataclass(slots=True)
class Turn:
    """An attempt at a flow: `generation` is what stood when it began to write."""

    flow: FlowName
    name: str
    generation: int = 0

    def held(self, tx: Connection) -> Row[Any]:
        """The flow's row, locked; inside each unit that writes something.

        Raises:
            Conflict: The turn is another one's by now.
        """
        row = locked(tx, self.flow)
        if row.owner != self.name:
            raise Conflict(f"another process has taken {self.flow.value} over")
        return row


class Turns(Book):
    """Takes turns."""

    @asynccontextmanager
    async def _turn(self, flow: FlowName) -> AsyncIterator[Turn]:
        """Work on a flow; a task keeps the turn alive meanwhile.

        Raises:
            Conflict: Another process works on it.
        """
        turn = Turn(flow, new_id("rct", self._clock))
        await self._store.write(lambda tx: _taken(tx, turn, self._clock.now()))
        try:
            async with asyncio.TaskGroup() as tasks:
                beat = tasks.create_task(self._beat(turn))
                try:
                    yield turn
                finally:
                    beat.cancel()
        except ExceptionGroup as group:
            # One fault at a time: that of the work itself, or that of its heart.
            raise group.exceptions[0] from group
        finally:
            await self._store.write(lambda tx: _left(tx, turn))

    async def _beat(self, turn: Turn) -> None:
        while True:
            await asyncio.sleep(BEAT_S)
            await self._store.write(lambda tx: change(tx, turn, owner_until=_until(self._clock.now())))

    async def _hold(self, turn: Turn) -> None:
        """From now on staff change nothing of what stands, until it is published or the turn is over."""

        def work(tx: Connection) -> int:
            row = turn.held(tx)
            change(tx, turn, held=True)
            return int(row.generation)

        turn.generation = await self._store.write(work)

    async def _at_work(self, flow: FlowName) -> bool:
        """Whether some attempt is believed to work on a flow."""
        rows = await self._store.read(select(FLOWS).where(FLOWS.c.flow == flow.value))
        return bool(rows) and is_owned(rows[0], self._clock.now())


def is_owned(row: Row[Any], now: datetime) -> bool:
    """Whether somebody works on the flow with this row."""
    return bool(row.owner) and row.owner_until > now


def locked(tx: Connection, flow: FlowName) -> Row[Any]:
    """The flow's row, made if need be, held until the unit of work is over."""
    empty: Mapping[str, object] = {
        "flow": flow.value, "generation": 0, "decisions": 0, "run_id": "", "totals": {}, "owner": "",
        "owner_until": None, "held": False,
    }  # fmt: skip
    query = select(FLOWS).where(FLOWS.c.flow == flow.value).with_for_update(key_share=True)
    row = tx.execute(query).one_or_none()
    if row is None:
        insert_ignore(tx, FLOWS, empty)
        row = tx.execute(query).one()
    return row


def change(tx: Connection, turn: Turn, **values: object) -> None:
    """Write columns of the flow's row, if the turn is still this one's.

    Raises:
        Conflict: It is not.
    """
    mine = update(FLOWS).where(FLOWS.c.flow == turn.flow.value, FLOWS.c.owner == turn.name)
    if tx.execute(mine.values(**values)).rowcount != 1:
        raise Conflict(f"another process has taken {turn.flow.value} over")


def _taken(tx: Connection, turn: Turn, now: datetime) -> None:
    row = locked(tx, turn.flow)
    if is_owned(row, now):
        raise Conflict(f"another process reconciles {turn.flow.value}")
    mine = update(FLOWS).where(FLOWS.c.flow == turn.flow.value)
    tx.execute(mine.values(owner=turn.name, owner_until=_until(now), held=False))


def _left(tx: Connection, turn: Turn) -> None:
    mine = update(FLOWS).where(FLOWS.c.flow == turn.flow.value, FLOWS.c.owner == turn.name)
    tx.execute(mine.values(owner="", owner_until=None, held=False))


def _until(now: datetime) -> datetime:
    return now + timedelta(seconds=LEASE_S)
