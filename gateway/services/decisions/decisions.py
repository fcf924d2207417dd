"""Versions of tables: shipped, proposed by one, published by another, and asked for what they say on a day."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from importlib.resources import files
from itertools import islice
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, bindparam, or_, select, update

from gateway.errors import NotFound
from gateway.services.decisions.checks import Difference, cases_of, check, differences
from gateway.services.decisions.compiled import CompiledTable
from gateway.services.decisions.model import (
    Column,
    Finding,
    Hit,
    Inputs,
    Problem,
    Reason,
    Table,
    TableRefused,
    Value,
)
from gateway.services.decisions.model import Row as Rule
from gateway.services.decisions.ports import Cases, Proposals, Use
from gateway.services.decisions.reading import fingerprint, read_table
from gateway.services.decisions.tables import versions
from gateway.store import Store, insert_ignore
from wallet.clock import Clock
from wallet.ids import new_id

TABLE_KIND = "decision_table"
"""Kind of the approval by which a second person publishes a version; its subject is the version's id."""
CHECK_S = 30.0
COMPILED_MAX = 64
DIFFERENCES_MAX = 200
CASES_MAX = 500
NOTE_MAX = 200


class VersionState(StrEnum):
    """Where a version stands."""

    PROPOSED = "proposed"
    PUBLISHED = "published"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a table.

    Attributes:
        id: `dtv_…`.
        name: Of the table.
        fingerprint: First twelve digits of the SHA-256 of its file.
        first_day: From when it holds.
        last_day: Until when; None for no end.
        state: See VersionState.
        is_shipped: It came with the software.
        note: Why, as its maker wrote.
        maker: Staff id; '' for a shipped one.
        checker: Staff id of who decided, or ''.
        approval_id: The proposal, or ''.
        proposed_at: When.
        decided_at: When it was published or refused, or None.
    """

    id: str
    name: str
    fingerprint: str
    first_day: date
    last_day: date | None
    state: VersionState
    is_shipped: bool
    note: str
    maker: str
    checker: str
    approval_id: str
    proposed_at: datetime
    decided_at: datetime | None


@dataclass(frozen=True, slots=True)
class Decision:
    """What a table says in a case: the outputs, and which row of which version says so.

    Attributes:
        table: Its name.
        version: Id of the version.
        outputs: By name; none where no row fits.
        rows: Numbers of the rows that were hit.
        reasons: Of each row that was hit, each test with the value it met.
    """

    table: str
    version: str
    outputs: Mapping[str, Value | tuple[Value, ...]]
    rows: tuple[int, ...]
    reasons: tuple[tuple[Reason, ...], ...]

    @property
    def explanation(self) -> str:
        """In words, a line a row."""
        if not self.rows:
            return "no row fits"
        lines = zip(self.rows, self.reasons, strict=True)
        return "\n".join(f"row {row}: " + "; ".join(str(one) for one in reasons) for row, reasons in lines)


_COLUMNS = [column for column in versions.c if column.name != "body"]
_IN_FORCE: Select[Any] = (
    select(versions.c.id)
    .where(
        versions.c.name == bindparam("name"),
        versions.c.state == VersionState.PUBLISHED,
        versions.c.first_day <= bindparam("day", type_=versions.c.first_day.type),
        or_(
            versions.c.last_day.is_(None),
            versions.c.last_day >= bindparam("until", type_=versions.c.first_day.type),
        ),
    )
    .order_by(versions.c.rank.desc(), versions.c.decided_at.desc(), versions.c.id.desc())
    .limit(1)
)


class Decisions:
    """Decision tables.

    Which version is in force is read at each question, one row by an index, so that every process says the same from
    the moment of publication; the compiled tables are kept, for a version never changes.
    """

    def __init__(self, store: Store, clock: Clock, proposals: Proposals, uses: Mapping[str, Use]) -> None:
        self._store = store
        self._clock = clock
        self._proposals = proposals
        self._uses = uses
        self._compiled: dict[str, CompiledTable] = {}

    async def ship(self) -> int:
        """Publish the tables that come with the software, each once; how many were new."""
        now = self._clock.now()
        rows = []
        for file in files(__package__).joinpath("shipped").iterdir():
            body = await asyncio.to_thread(file.read_bytes)
            table = read_table(body)
            row = _row(new_id("dtv", self._clock), body, table, "", "", now)
            key = f"{table.name}:{fingerprint(body)}"
            state = {"state": VersionState.PUBLISHED, "rank": 0, "shipped_key": key, "decided_at": now}
            rows.append({**row, **state})
        known = {row.shipped_key for row in await self._store.read(select(versions.c.shipped_key))}
        new = [row for row in rows if row["shipped_key"] not in known]
        return await self._store.write(lambda tx: sum(insert_ignore(tx, versions, row) for row in new)) if new else 0

    async def evaluate(self, name: str, inputs: Inputs, on: date) -> Decision:
        """What the table says that is in force on a day.

        Raises:
            InputRefused: An input is missing, or not allowed by its column.
            NotFound: No version of it is in force then.
        """
        rows = await self._store.find(_IN_FORCE, {"name": name, "day": on, "until": on})
        if not rows:
            raise NotFound(f"decision table {name}")
        compiled = await self.compiled(rows[0].id)
        found = compiled.evaluate(inputs)
        reasons = tuple(compiled.reasons(row, inputs) for row in found.rows)
        return Decision(name, rows[0].id, found.outputs, found.rows, reasons)

    async def compiled(self, version_id: str) -> CompiledTable:
        """A version, ready to be asked.

        Raises:
            NotFound: No such version.
        """
        kept = self._compiled.get(version_id)
        if kept is not None:
            return kept
        compiled = await asyncio.to_thread(lambda body: CompiledTable(read_table(body)), await self.body(version_id))
        while len(self._compiled) >= COMPILED_MAX:
            self._compiled.pop(next(iter(self._compiled)))
        self._compiled[version_id] = compiled
        return compiled

    async def body(self, version_id: str) -> bytes:
        """The file of a version.

        Raises:
            NotFound: No such version.
        """
        rows = await self._store.read(select(versions.c.body).where(versions.c.id == version_id))
        if not rows:
            raise NotFound("decision table version")
        return bytes(rows[0].body)

    async def findings(self, body: bytes) -> list[Finding]:
        """All that is wrong with a file; none for one that may be proposed."""
        try:
            async with asyncio.timeout(CHECK_S):
                return await asyncio.to_thread(self._findings, body)
        except TableRefused as no:
            return [no.finding]

    async def propose(self, body: bytes, note: str, maker: str) -> Version | list[Finding]:
        """Prove a file, keep it, and ask a second person to publish it; what is wrong with it instead."""
        wrong = await self.findings(body)
        if wrong:
            return wrong
        table, version_id = await asyncio.to_thread(read_table, body), new_id("dtv", self._clock)
        row = _row(version_id, body, table, note.strip()[:NOTE_MAX], maker, self._clock.now())
        await self._store.write(lambda tx: insert_ignore(tx, versions, row))
        payload = {"table": table.name, "version": fingerprint(body), "from": table.first_day.isoformat()}
        payload |= {"rows": str(len(table.rows)), "differences": str(len(await self.dry_run(version_id)))}
        approval = await self._proposals.propose(TABLE_KIND, version_id, payload, maker)
        named = update(versions).where(versions.c.id == version_id).values(approval_id=approval.id)
        await self._store.write(lambda tx: tx.execute(named).rowcount)
        made = await self.version(version_id)
        assert made is not None
        return replace(made, approval_id=approval.id)

    async def publish(self, version_id: str, approval_id: str) -> str:
        """Bring it into force from its first day on. Executor of TABLE_KIND; harmless twice."""
        return await self._decided(version_id, approval_id, VersionState.PUBLISHED)

    async def refused(self, version_id: str, approval_id: str) -> str:
        """It is never asked. Refuser of TABLE_KIND; harmless twice."""
        return await self._decided(version_id, approval_id, VersionState.REFUSED)

    async def dry_run(self, version_id: str, cases: Cases | None = None) -> list[Difference]:
        """What a version says otherwise than the one in force when it begins: examples, edges, and lately asked cases.

        Raises:
            NotFound: No such version.
        """
        after = await self.compiled(version_id)
        table = after.table
        values = {"name": table.name, "day": table.first_day, "until": table.first_day}
        rows = [row for row in await self._store.find(_IN_FORCE, values) if row.id != version_id]
        if not rows:
            return []
        before = await self.compiled(rows[0].id)
        asked: Sequence[Inputs] = await cases.cases(table.name, limit=CASES_MAX) if cases else ()
        return await asyncio.to_thread(
            lambda: list(islice(differences(before, after, [*asked, *cases_of(before, after)]), DIFFERENCES_MAX))
        )

    async def version(self, version_id: str) -> Version | None:
        """The version with this id."""
        rows = await self._store.read(select(*_COLUMNS).where(versions.c.id == version_id))
        return _version(rows[0]) if rows else None

    async def in_force(self, name: str, on: date) -> Version | None:
        """The version that decides on a day."""
        rows = await self._store.find(_IN_FORCE, {"name": name, "day": on, "until": on})
        return await self.version(rows[0].id) if rows else None

    async def list_versions(self, *, name: str = "", limit: int = 200) -> list[Version]:
        """Versions by name, newest first."""
        which: ColumnElement[bool] = versions.c.name == name if name else versions.c.name != ""
        query = select(*_COLUMNS).where(which).order_by(versions.c.name, versions.c.id.desc()).limit(limit)
        return [_version(row) for row in await self._store.read(query)]

    def _findings(self, body: bytes) -> list[Finding]:
        compiled = CompiledTable(read_table(body))
        use = self._uses.get(compiled.table.name)
        return check(compiled) + ([] if use is None else _misfits(compiled, use))

    async def _decided(self, version_id: str, approval_id: str, state: VersionState) -> str:
        approval = await self._proposals.by_id(approval_id)
        checker, now = approval.checker if approval else "", self._clock.now()

        def work(tx: Connection) -> str:
            held = select(versions.c.state).where(versions.c.id == version_id).with_for_update(key_share=True)
            row = tx.execute(held).one_or_none()
            if row is None:
                return "unknown version"
            if row.state != VersionState.PROPOSED:
                return str(row.state)
            mine = update(versions).where(versions.c.id == version_id)
            tx.execute(mine.values(state=state, checker=checker, decided_at=now))
            return state.value

        return await self._store.write(work)


def _misfits(compiled: CompiledTable, use: Use) -> list[Finding]:
    inputs, outputs = compiled.table.inputs, compiled.table.outputs
    known = {(column.name, column.sort) for column in outputs}
    unknown = [column.name for column in inputs if not _given(column, use)]
    missing = [name for name, sort in use.outputs.items() if (name, sort) not in known]
    return [
        *(Finding(Problem.UNKNOWN_INPUT, 0, 0, name) for name in unknown),
        *(Finding(Problem.MISSING_OUTPUT, 0, 0, name) for name in missing),
        *([Finding(Problem.BAD_HIT, 0, 0, "one answer is wanted")] if compiled.table.hit is Hit.COLLECT else []),
        *(finding for row in compiled.table.rows for finding in _beyond(row, outputs, use)),
    ]


def _beyond(row: Rule, outputs: tuple[Column, ...], use: Use) -> Iterator[Finding]:
    """Outputs that whoever asks cannot reckon with."""
    for at, (column, value) in enumerate(zip(outputs, row.outputs, strict=True), 2 + len(row.tests)):
        most = use.most.get(column.name)
        if most is not None and isinstance(value, int) and not 0 <= value <= most:
            yield Finding(Problem.OUTSIDE, row.line, at, f"{column.name} is at most {most}")


def _given(column: Column, use: Use) -> bool:
    return use.inputs.get(column.name) is column.sort


def _row(version_id: str, body: bytes, table: Table, note: str, maker: str, now: datetime) -> dict[str, object]:
    return {
        "id": version_id,
        "name": table.name,
        "fingerprint": fingerprint(body),
        "body": body,
        "first_day": table.first_day,
        "last_day": table.last_day,
        "state": VersionState.PROPOSED,
        "rank": 1,
        "shipped_key": None,
        "note": note,
        "maker": maker,
        "checker": "",
        "approval_id": "",
        "proposed_at": now,
        "decided_at": None,
    }


def _version(row: Row[Any]) -> Version:
    return Version(
        row.id,
        row.name,
        row.fingerprint,
        row.first_day,
        row.last_day,
        VersionState(row.state),
        row.rank == 0,
        row.note,
        row.maker,
        row.checker,
        row.approval_id,
        row.proposed_at,
        row.decided_at,
    )
