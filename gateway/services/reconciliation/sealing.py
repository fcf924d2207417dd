"""Leaves of a day's seal: rows that never change, each with a hash over everything that is in it."""

import hashlib
from collections.abc import AsyncIterator, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Row, Select, Table

from gateway.services.reconciliation.linking import Linking
from gateway.services.reconciliation.model import RunState
from gateway.services.reconciliation.tables import CHANGES, DECISIONS, FLOWS, GROUPS, MEMBERS, RUNS, SAID
from gateway.store.octets import octets_of, row_leaf, text_of

PAGE = 500
Leaf = tuple[str, bytes]
_NEVER_CHANGES = tuple(column.name for column in GROUPS.columns if column.name != "ended")
"""`ended` moves when another takes its place, which is sealed where that is said."""


class Sealing(Linking):
    """Gives leaves."""

    async def seal(self, through: date) -> AsyncIterator[Leaf]:
        """Runs, their changes, groups and decisions of a day: name and SHA-256 of each, the same whenever it is asked.

        Runs count when they are over, groups once they have stood; what stands no longer is among them. The names of
        its rows are part of a group's leaf, and of a decision's.
        """
        over = octets_of(RUNS).where(RUNS.c.sealed_on == through, RUNS.c.state == RunState.DONE.value)
        async for runs in self._by_id(over, RUNS.c.id):
            for run in runs:
                yield _named(RUNS, run)
                async for leaf in self._changes_of(text_of(run.id)):
                    yield leaf
        stood = octets_of(GROUPS, *_NEVER_CHANGES).join(FLOWS, FLOWS.c.flow == GROUPS.c.flow)
        stood = stood.where(GROUPS.c.sealed_on == through, GROUPS.c.made <= FLOWS.c.generation)
        async for groups in self._by_id(stood, GROUPS.c.id):
            members = await self._rows_of(MEMBERS, "group_id", groups)
            for group in groups:
                yield _named(GROUPS, group, members)
        said = octets_of(DECISIONS).where(DECISIONS.c.sealed_on == through)
        async for decisions in self._by_id(said, DECISIONS.c.id):
            rows = await self._rows_of(SAID, "decision_id", decisions)
            for one in decisions:
                yield _named(DECISIONS, one, rows)

    async def _by_id(self, query: Select[Any], column: Any) -> AsyncIterator[Sequence[Row[Any]]]:  # noqa: ANN401 - SQLAlchemy's column
        after = ""
        while page := await self._store.read(query.where(column > after).order_by(column).limit(PAGE)):
            yield page
            if (last := text_of(page[-1].id)) == after:
                return
            after = last

    async def _changes_of(self, run_id: str) -> AsyncIterator[Leaf]:
        number = 0
        query = octets_of(CHANGES).where(CHANGES.c.run_id == run_id).order_by(CHANGES.c.number).limit(PAGE)
        while page := await self._store.read(query.where(CHANGES.c.number > number)):
            for row in page:
                yield _named(CHANGES, row, key=f"{run_id}:{int(row.number)}")
            number = int(page[-1].number)

    async def _rows_of(self, table: Table, owner: str, things: Sequence[Row[Any]]) -> dict[bytes, bytes]:
        """Hash over the names of the rows of each of these groups or decisions."""
        mine = table.c[owner].in_([text_of(thing.id) for thing in things])
        query = octets_of(table, owner, "side", "row_id").where(mine).order_by(table.c.side, table.c.row_id)
        found: dict[bytes, Any] = {}
        for of, side, row_id in await self._store.read(query):
            found.setdefault(of, hashlib.sha256()).update(row_leaf(table.name, ("side", "row_id"), (side, row_id)))
        return {of: digest.digest() for of, digest in found.items()}


def _named(table: Table, row: Row[Any], rows: dict[bytes, bytes] | None = None, *, key: str = "") -> Leaf:
    own = {} if rows is None else {"rows": rows.get(row.id)}
    names, values = [*row._fields, *own], [*row, *own.values()]
    return f"{table.name}:{key or text_of(row.id)}", row_leaf(table.name, names, values)
