"""The sections of a day: whose rows are sealed, written as pages of leaves, and read again to name what was changed."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, delete, insert, select

from gateway.services.closing import seals
from gateway.services.closing.model import Root, RowFinding
from gateway.services.closing.ports import BankBooks, SealSource
from gateway.services.closing.seals import Leaf, Page, SpoiltPage
from gateway.services.closing.tables import EXCUSES, FIGURES, LEAVES, SEALED
from gateway.store import Store
from gateway.store.octets import CONTRADICTS, octets_of, row_leaf

CLOSING, FINDINGS, STATEMENTS = "closing", "findings", "statements"
BANK = (STATEMENTS, FINDINGS, "pages", "files", "lines")
"""In this order, since a statement or page that is said to be of another file would make that file look new."""
_WRITTEN_AT_ONCE = 20

Read = Callable[[int], None]
"""Called with how many rows were read since the last call."""


class SpoiltRow(Exception):
    """A row that is to be sealed contradicts others."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What belongs to a closing: its day, the moment as of which rows stand, and the bank's statements in it."""

    close_id: str
    day: date
    at: datetime
    statements: Sequence[str]


class Sections:
    """Writes and checks sections. `sources` by their names, which are none of ours."""

    def __init__(self, store: Store, bank: BankBooks, sources: Mapping[str, SealSource]) -> None:
        assert not sources.keys() & {CLOSING, *BANK}, "a section has one source"
        self._store = store
        self._bank = bank
        self._sources = sources

    async def write(self, scope: Scope) -> list[Root]:
        """Write every leaf of a day, instead of what was written before; the sections' roots in their order.

        Raises:
            SpoiltRow: With its name.
        """
        await self.clear(scope.close_id)
        await self._store.write(lambda tx: _claim(tx, scope))
        roots: dict[str, list[Page]] = {name: [] for name in (CLOSING, *BANK, *sorted(self._sources))}
        waiting: dict[str, list[Leaf]] = {name: [] for name in roots}
        seen: dict[str, set[str]] = {name: set() for name in roots}
        async for section, leaves in self._rows(scope):
            names = {name for name, _ in leaves}
            if spoilt := [name for name, leaf in leaves if leaf == CONTRADICTS]:
                raise SpoiltRow(spoilt[0])
            assert len(names) == len(leaves), "a row has one name"
            assert not seen[section] & names, "a row has one name"
            seen[section] |= names
            waiting[section] += leaves
            while len(waiting[section]) >= seals.PAGE:
                await self._put(scope.close_id, section, roots[section], waiting[section][: seals.PAGE])
                del waiting[section][: seals.PAGE]
        for section, leaves in waiting.items():
            if leaves:
                await self._put(scope.close_id, section, roots[section], leaves)
        return [
            Root(name, sum(page.count for page in pages), seals.section_root([page.root for page in pages]))
            for name, pages in roots.items()
        ]

    async def clear(self, close_id: str) -> None:
        """Forget every leaf of a closing that was given up, or is sealed anew."""

        def work(tx: Connection) -> None:
            tx.execute(delete(LEAVES).where(LEAVES.c.close_id == close_id))
            tx.execute(delete(SEALED).where(SEALED.c.close_id == close_id))

        await self._store.write(work)

    async def unsealed(self, first: date, day: date, since: datetime) -> list[str]:
        """Statements of the bank that no closing has sealed: of these days, or of earlier ones and come since."""
        found = await self._bank.settled(first, day, since)
        sealed: set[str] = set()
        for start in range(0, len(found), seals.PAGE):
            some = SEALED.c.statement_id.in_(found[start : start + seals.PAGE])
            sealed.update(row.statement_id for row in await self._store.read(select(SEALED.c.statement_id).where(some)))
        return [statement_id for statement_id in found if statement_id not in sealed]

    async def finding(self, scope: Scope, roots: Sequence[Root], read: Read) -> RowFinding | None:
        """The first row of a closed day that is not as it was sealed; `scope.statements` is not looked at."""
        known = [CLOSING, *BANK, *sorted(self._sources)]
        if [root.section for root in roots] != known:
            return RowFinding("closing_days", scope.close_id, "it has other sections than there are services")
        kept: dict[str, dict[str, bytes]] = {}
        for root in roots:
            found = await self._kept(scope.close_id, root)
            if isinstance(found, RowFinding):
                return found
            kept[root.section] = found
        mine = sorted(name.partition(":")[2] for name in kept[STATEMENTS])
        if (claimed := await self._claimed(scope.close_id)) != mine:
            wrong = min(set(claimed).symmetric_difference(mine))
            return RowFinding("closing_statements", wrong, "is not among what the day has sealed, or is missing there")
        return await self._differing(Scope(scope.close_id, scope.day, scope.at, mine), kept, read)

    async def _differing(self, scope: Scope, kept: Mapping[str, dict[str, bytes]], read: Read) -> RowFinding | None:
        """The first row, by section and name, that is gone or has another leaf; `kept` is used up."""
        wrong: dict[str, dict[str, str]] = {section: {} for section in kept}
        async for section, leaves in self._rows(scope):
            read(len(leaves))
            for name, leaf in leaves:
                sealed = kept[section].pop(name, None)
                if sealed is None:
                    wrong[section][name] = "was not there when the day was sealed"
                elif sealed != leaf and not (section == FINDINGS and await self._follows(name, wrong[STATEMENTS])):
                    wrong[section][name] = "is not as it was sealed"
        for section, names in wrong.items():
            names.update(dict.fromkeys(kept[section], "is missing"))
            if names:
                table, _, key = min(names).partition(":")
                return RowFinding(table, key, names[min(names)])
        return None

    async def _follows(self, name: str, wrong: Mapping[str, str]) -> bool:
        """Whether other findings of a statement follow from a neighbour that came later."""
        return name not in wrong and not await self._bank.misjudged(name.partition(":")[2])

    async def _rows(self, scope: Scope) -> AsyncIterator[tuple[str, Sequence[Leaf]]]:
        """Every row of a day as it is stored now."""
        for table in (FIGURES, EXCUSES):
            names = [column.name for column in table.columns]
            rows = await self._store.read(octets_of(table).where(table.c.day == scope.day))
            keys = [column.name for column in table.primary_key]
            yield CLOSING, [(_named(table.name, keys, row), row_leaf(table.name, names, row)) for row in rows]
        async for page in self._bank.leaves(scope.statements):
            for part in BANK:
                if leaves := [(one.name, one.leaf) for one in page if one.part == part]:
                    yield part, leaves
        for name in sorted(self._sources):
            some: list[Leaf] = []
            async for leaf in self._sources[name].seal(scope.day, scope.at):
                some.append(leaf)
                if len(some) == seals.PAGE:
                    yield name, some
                    some = []
            yield name, some

    async def _put(self, close_id: str, section: str, pages: list[Page], leaves: Sequence[Leaf]) -> None:
        page = seals.packed(leaves)
        row = {
            "close_id": close_id, "section": section, "page": len(pages), "count": page.count, "names": page.names,
            "leaves": page.leaves, "root": page.root,
        }  # fmt: skip
        await self._store.write(lambda tx: tx.execute(insert(LEAVES).values(**row)).rowcount)
        pages.append(page)

    async def _kept(self, close_id: str, root: Root) -> dict[str, bytes] | RowFinding:
        """The leaves of a section, if they are those of its root."""
        mine = (LEAVES.c.close_id == close_id) & (LEAVES.c.section == root.section)
        kept: dict[str, bytes] = {}
        roots = list[bytes]()
        while rows := await self._store.read(_pages(mine, len(roots))):
            for row in rows:
                key = f"{close_id}:{root.section}:{row.page}"
                if row.page != len(roots):
                    return RowFinding("closing_leaves", f"{close_id}:{root.section}:{len(roots)}", "is missing")
                try:
                    kept.update(seals.unpacked(_page(row)))
                except SpoiltPage as problem:
                    return RowFinding("closing_leaves", key, str(problem))
                roots.append(row.root)
        if len(kept) < root.count:
            return RowFinding("closing_leaves", f"{close_id}:{root.section}:{len(roots)}", "is missing")
        if len(kept) != root.count or seals.section_root(roots) != root.root:
            return RowFinding("closing_leaves", f"{close_id}:{root.section}", "is not what was signed")
        return kept

    async def _claimed(self, close_id: str) -> list[str]:
        rows = await self._store.read(octets_of(SEALED, "statement_id").where(SEALED.c.close_id == close_id))
        return sorted(row.statement_id.decode("utf-8", "backslashreplace") for row in rows)


def _claim(tx: Connection, scope: Scope) -> None:
    rows = [{"statement_id": statement_id, "close_id": scope.close_id} for statement_id in scope.statements]
    if rows:
        tx.execute(insert(SEALED), rows)


def _pages(mine: ColumnElement[bool], after: int) -> Select[Any]:
    return select(LEAVES).where(mine, LEAVES.c.page >= after).order_by(LEAVES.c.page).limit(_WRITTEN_AT_ONCE)


def _page(row: Row[Any]) -> Page:
    return Page(row._mapping["count"], row.names, row.leaves, row.root)  # noqa: SLF001 - public


def _named(table: str, keys: Sequence[str], row: Row[Any]) -> str:
    texts = [getattr(row, key).decode("utf-8", "backslashreplace") for key in keys]
    return f"{table}:{':'.join(texts)}"
