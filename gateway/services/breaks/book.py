"""Breaks as they are stored: rows as values, their history, and the unit of work in which one is changed."""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Row, func, insert, select, update

from gateway.services.breaks.model import (
    KEYS_MAX,
    Action,
    Break,
    BreakOutcome,
    BreakReason,
    BreakRow,
    BreakState,
    Event,
    Evidence,
    EvidenceKind,
    Happening,
    Key,
    Named,
    Posting,
    PostingState,
    Resolution,
)
from gateway.services.breaks.ports import Linker, Parts, Suggested
from gateway.services.breaks.tables import BOOKED, BREAKS, EVIDENCE, HISTORY, POSTINGS, ROWS, STANDING
from wallet.ids import TransferId
from wallet.reconciliation.rows import BreakType, Side

TOLD = (
    "flow", "asset", "type", "minor", "opened_on", "due_on", "owner", "state", "reason", "note", "row_count", "shape",
    "posting_id", "resolution", "resolved_by",
)  # fmt: skip
"""Columns that a row of the history tells as they were then."""


class Book:
    """One break, and everything that belongs to it."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._store = parts.store
        self._clock = parts.clock
        self._zone = ZoneInfo(parts.settings.zone)
        self._linker: Linker | None = None
        self._suggested: Suggested | None = None
        self._measured_at: datetime | None = None

    def joins(self, linker: Linker, suggested: Suggested) -> None:
        """From now on reconciliation is told what was posted, and asked what it suggests: each needs the other."""
        self._linker, self._suggested = linker, suggested

    async def by_id(self, break_id: str) -> Break | None:
        """The break with this id, with its keys."""
        rows = await self._store.read(select(BREAKS).where(BREAKS.c.id == break_id))
        if not rows:
            return None
        found = await self.rows(break_id, limit=KEYS_MAX)
        return break_of(rows[0], tuple((row.side, row.id) for row in found))

    async def of_group(self, group_id: str) -> Break | None:
        """The break that stands for a group."""
        query = select(BREAKS.c.id).where(BREAKS.c.group_id == group_id, STANDING)
        rows = await self._store.read(query.limit(1))
        return await self.by_id(rows[0].id) if rows else None

    async def rows(self, break_id: str, *, limit: int, after: tuple[str, str] = ("", "")) -> list[BreakRow]:
        """Rows of its group by side and id, from after these two."""
        side, row_id = after
        later = (ROWS.c.side > side) | ((ROWS.c.side == side) & (ROWS.c.row_id > row_id))
        query = select(ROWS).where(ROWS.c.break_id == break_id, later).order_by(ROWS.c.side, ROWS.c.row_id)
        return [row_of(row) for row in await self._store.read(query.limit(limit))]

    async def history(self, break_id: str) -> list[Happening]:
        """Everything that happened to it, oldest first."""
        query = select(HISTORY).where(HISTORY.c.break_id == break_id).order_by(HISTORY.c.seq)
        return [happening_of(row) for row in await self._store.read(query)]

    async def postings(self, break_id: str) -> list[Posting]:
        """What was proposed for it, oldest first."""
        query = select(POSTINGS).where(POSTINGS.c.break_id == break_id).order_by(POSTINGS.c.number)
        booked = select(BOOKED).where(BOOKED.c.break_id == break_id).order_by(BOOKED.c.posting_id, BOOKED.c.number)
        moved: dict[str, list[TransferId]] = {}
        for row in await self._store.read(booked):
            moved.setdefault(row.posting_id, []).append(TransferId(UUID(row.transfer_id)))
        return [posting_of(row, moved.get(row.id, ())) for row in await self._store.read(query)]

    async def evidences(self, break_id: str) -> list[Evidence]:
        """What was attached to it, oldest first, without the files themselves."""
        columns = [column for column in EVIDENCE.c if column is not EVIDENCE.c.octets]
        query = select(*columns).where(EVIDENCE.c.break_id == break_id).order_by(EVIDENCE.c.number)
        return [evidence_of(row) for row in await self._store.read(query)]

    async def evidence(self, break_id: str, number: int) -> tuple[Evidence, bytes] | None:
        """One file, as it came: to be served as an attachment of its kind's media type, and never to be opened here."""
        query = select(EVIDENCE).where(EVIDENCE.c.break_id == break_id, EVIDENCE.c.number == number)
        rows = await self._store.read(query)
        return (evidence_of(rows[0]), bytes(rows[0].octets)) if rows else None

    async def _all_rows(self, break_id: str) -> list[BreakRow]:
        return [row_of(row) for row in await self._store.read(select(ROWS).where(ROWS.c.break_id == break_id))]

    async def _change(
        self, break_id: str, work: Callable[[Connection, "Entry"], BreakOutcome], staff_id: str = ""
    ) -> BreakOutcome:
        """Do `work` while its row is held; UNKNOWN if there is none."""

        def unit(tx: Connection) -> BreakOutcome:
            row = held(tx, break_id)
            return BreakOutcome.UNKNOWN if row is None else work(tx, Entry(tx, row, self._clock.now(), staff_id))

        return await self._store.write(unit)

    def _today(self) -> date:
        return self._clock.now().astimezone(self._zone).date()


class Entry:
    """Changes one break inside a unit of work that holds its row, and writes each change down."""

    def __init__(self, tx: Connection, row: Row[Any], at: datetime, staff_id: str = "", run_id: str = "") -> None:
        self.tx = tx
        self.row = row
        self.id = str(row.id)
        self.now = {name: getattr(row, name) for name in BREAKS.c.keys()}  # noqa: SIM118 - columns, not a mapping
        self.at = at
        self._who = {"staff_id": staff_id, "run_id": run_id}
        last = select(func.max(HISTORY.c.seq)).where(HISTORY.c.break_id == self.id)
        self._seq = tx.execute(last).scalar() or 0

    @property
    def state(self) -> BreakState:
        """As it is by now."""
        return BreakState(self.now["state"])

    def put(self, **values: object) -> None:
        """Give it these columns; for what the history does not tell."""
        if values:
            self.tx.execute(update(BREAKS).where(BREAKS.c.id == self.id).values(**values))
            self.now.update(values)

    def tell(self, what: Event, said: str = "", **values: object) -> None:
        """Give it these columns and write down what happened."""
        self.put(**values)
        self._seq += 1
        row = {"break_id": self.id, "seq": self._seq, "what": what.value, "note": said, "at": self.at}
        self.tx.execute(insert(HISTORY).values(**row, **self._who, after=told(self.now)))

    def stands(self, *, again: bool) -> None:
        """Its rows are its own from now on, but for those that another one has by now; or they are nobody's."""
        mine = update(ROWS).where(ROWS.c.break_id == self.id)
        if again:
            other = ROWS.alias()
            taken = select(other.c.row_id).where(other.c.standing_key == ROWS.c.row_key).exists()
            self.tx.execute(mine.where(~taken).values(standing_key=ROWS.c.row_key))
        else:
            self.tx.execute(mine.values(standing_key=None))
        self.put(standing=again)

    def resolve(self, by: Resolution, name: str, note: str = "", what: Event = Event.RESOLVED) -> None:
        """It needs nothing more."""
        done = {"resolved_at": self.at, "resolution": by.value, "resolved_by": name}
        self.stands(again=False)
        self.tell(what, note, state=BreakState.RESOLVED.value, overdue=False, **done)

    def reopen(self, note: str, **values: object) -> None:
        """It stands again; whatever was said of it before holds no longer, but its owner."""
        again = {"resolved_at": None, "resolution": "", "resolved_by": "", "reason": "", "note": ""}
        self.stands(again=True)
        self.tell(Event.REOPENED, note, state=BreakState.OPEN.value, **again, **values)


def told(columns: dict[str, Any]) -> dict[str, Any]:
    """What a row of the history tells, as JSON."""
    values = {name: columns[name] for name in TOLD}
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in values.items()}


def held(tx: Connection, break_id: str) -> Row[Any] | None:
    """The break's row, held until the unit of work is over."""
    return tx.execute(select(BREAKS).where(BREAKS.c.id == break_id).with_for_update(key_share=True)).one_or_none()


def row_key(flow: str, key: Key) -> str:
    """A row's name among those of all flows."""
    return f"{flow}:{key[0].value}:{key[1]}"


def break_of(row: Row[Any], keys: tuple[Key, ...] = ()) -> Break:
    """The break in a row."""
    special: dict[str, Any] = {
        "type": BreakType(row.type),
        "state": BreakState(row.state),
        "reason": BreakReason(row.reason) if row.reason else None,
        "resolution": Resolution(row.resolution) if row.resolution else None,
        "keys": keys,
    }
    plain = {name: getattr(row, name) for name in Break.__dataclass_fields__ if name not in special}
    return Break(**plain, **special)


def row_of(row: Row[Any]) -> BreakRow:
    """The row of a group in a row."""
    return BreakRow(
        Side(row.side), row.row_id, row.minor, row.on, row.own, row.end_to_end_id, row.batch, bool(row.back)
    )


def happening_of(row: Row[Any]) -> Happening:
    """The row of a history in a row."""
    return Happening(row.break_id, row.seq, Event(row.what), row.staff_id, row.note, row.run_id, row.at)


def evidence_of(row: Row[Any]) -> Evidence:
    """The file in a row, without its octets."""
    kind = EvidenceKind(row.kind)
    return Evidence(row.break_id, row.number, row.name, kind, bytes(row.sha256), row.size, row.staff_id, row.at)


def posting_of(row: Row[Any], moved: Sequence[TransferId] = ()) -> Posting:
    """The posting in a row."""
    return Posting(
        row.id, row.break_id, row.number, Action(row.action), PostingState(row.state),
        Named(row.debit_role, row.debit_owner) if row.debit_role else None,
        Named(row.credit_role, row.credit_owner) if row.credit_role else None,
        row.minor or row.back_minor, row.asset, transfer_of(row.corrects), row.undoes, row.reason, row.staff_id,
        row.approval_id, tuple(moved), row.outcome, row.at, row.finished_at,
    )  # fmt: skip


def transfer_of(text: str) -> TransferId | None:
    """The transfer that a column names."""
    return TransferId(UUID(text)) if text else None
