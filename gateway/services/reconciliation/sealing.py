"""Leaves of a day's seal: rows that never change, each with a hash over everything that is in it."""

from collections.abc import AsyncIterator, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, Select, select

from gateway.services.reconciliation.content import sealed
from gateway.services.reconciliation.linking import Linking
from gateway.services.reconciliation.model import RunState
from gateway.services.reconciliation.tables import CHANGES, DECISIONS, FLOWS, GROUPS, MEMBERS, RUNS
from wallet.clock import to_us

PAGE = 500
Leaf = tuple[str, bytes]


class Sealing(Linking):
    """Gives leaves."""

    async def seal(self, through: date) -> AsyncIterator[Leaf]:
        """Runs, their changes, groups and decisions of a day: name and SHA-256 of each, the same whenever it is asked.

        Runs count when they are over, groups once they have stood; what stands no longer is among them.
        """
        over = select(RUNS).where(RUNS.c.sealed_on == through, RUNS.c.state == RunState.DONE.value)
        async for runs in self._by_id(over, RUNS.c.id):
            for run in runs:
                yield f"{RUNS.name}:{run.id}", _leaf(run)
                async for leaf in self._changes_of(run.id):
                    yield leaf
        stood = select(GROUPS).join(FLOWS, FLOWS.c.flow == GROUPS.c.flow)
        stood = stood.where(GROUPS.c.sealed_on == through, GROUPS.c.made <= FLOWS.c.generation)
        async for groups in self._by_id(stood, GROUPS.c.id):
            members = await self._members(groups)
            for group in groups:
                # `ended` moves when another takes its place, which is sealed where that is said.
                values = [value for name, value in group._mapping.items() if name != "ended"]  # noqa: SLF001 - public
                yield f"{GROUPS.name}:{group.id}", sealed(*map(_plain, values), members.get(group.id, []))
        said = select(DECISIONS).where(DECISIONS.c.sealed_on == through)
        async for decisions in self._by_id(said, DECISIONS.c.id):
            for one in decisions:
                yield f"{DECISIONS.name}:{one.id}", _leaf(one)

    async def _by_id(self, query: Select[Any], column: Any) -> AsyncIterator[Sequence[Row[Any]]]:  # noqa: ANN401 - SQLAlchemy's column
        after = ""
        while page := await self._store.read(query.where(column > after).order_by(column).limit(PAGE)):
            yield page
            after = page[-1].id

    async def _changes_of(self, run_id: str) -> AsyncIterator[Leaf]:
        number = 0
        query = select(CHANGES).where(CHANGES.c.run_id == run_id).order_by(CHANGES.c.number).limit(PAGE)
        while page := await self._store.read(query.where(CHANGES.c.number > number)):
            for row in page:
                yield f"{CHANGES.name}:{run_id}:{row.number}", _leaf(row)
            number = page[-1].number

    async def _members(self, groups: Sequence[Row[Any]]) -> dict[str, list[str]]:
        query = select(MEMBERS).where(MEMBERS.c.group_id.in_([group.id for group in groups]))
        found: dict[str, list[str]] = {}
        for row in await self._store.read(query.order_by(MEMBERS.c.side, MEMBERS.c.row_id)):
            found.setdefault(row.group_id, []).append(f"{row.side} {row.row_id}")
        return found


def _leaf(row: Row[Any]) -> bytes:
    return sealed(*map(_plain, row))


def _plain(value: object) -> object:
    """As JSON has it."""
    if isinstance(value, datetime):
        return to_us(value)
    return value.isoformat() if isinstance(value, date) else value
