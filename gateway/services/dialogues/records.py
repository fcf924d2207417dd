"""A session as it lies in the store, and the only SQL of this service."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, bindparam, null, select, update

from gateway.services.dialogues.tables import sessions
from gateway.store import Store, Write

SWEEP_MAX = 500


class Status(StrEnum):
    """Where a session stands. Only a LIVE one takes answers."""

    LIVE = "live"
    ENDED = "ended"
    LATE = "late"
    """Ended before its work was done; an SMS follows."""
    FAILED = "failed"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Session:
    """One row of `dialogue_sessions`; see tables.py for what each field is."""

    id: str
    adapter: str
    session_key: str
    msisdn: str = field(repr=False)
    person_id: str | None
    language: str
    menu_version: str
    state: Mapping[str, Any] = field(repr=False)
    hops: int
    answered_mac: bytes = field(repr=False)
    answered_length: int
    reply: bytes | None = field(repr=False)
    reply_sealed: bool
    status: Status
    version: int
    started_at: datetime
    deadline: datetime

    @property
    def aad(self) -> bytes:
        """What binds the sealed reply to this hop of this session."""
        return f"dialogue\0{self.id}\0{self.hops}".encode()


@dataclass(frozen=True, slots=True)
class SessionView:
    """What staff may see of a session: neither what was typed nor what was shown."""

    id: str
    adapter: str
    person_id: str | None
    language: str
    menu_version: str
    hops: int
    status: Status
    started_at: datetime


_FOUND = select(*sessions.c).where(
    sessions.c.adapter == bindparam("b_adapter"), sessions.c.session_key == bindparam("b_session_key")
)
_VIEW = select(*(sessions.c[one.name] for one in fields(SessionView)))

_CHANGED = (
    "person_id",
    "language",
    "state",
    "hops",
    "answered_mac",
    "answered_length",
    "reply",
    "reply_sealed",
    "status",
    "version",
)

_UPDATE = (
    update(sessions)
    .where(sessions.c.id == bindparam("b_id"), sessions.c.version == bindparam("b_version"))
    .values({name: bindparam(name, type_=sessions.c[name].type) for name in _CHANGED})
)

_END = _UPDATE.values(session_key=bindparam("b_key"))

_OVER = (
    select(sessions.c.id)
    .where(sessions.c.status == Status.LIVE.value, sessions.c.deadline < bindparam("b_before"))
    .order_by(sessions.c.id)
    .limit(SWEEP_MAX)
    .with_for_update(key_share=True)
)


async def load(store: Store, adapter: str, session_key: str) -> Session | None:
    """The session with the provider's key."""
    rows = await store.find(_FOUND, {"b_adapter": adapter, "b_session_key": session_key})
    return _session(rows[0]) if rows else None


async def view(store: Store, session_id: str) -> SessionView | None:
    """The session with this id, `ses_…`."""
    rows = await store.read(_VIEW.where(sessions.c.id == session_id))
    if not rows:
        return None
    values = dict(rows[0]._mapping)  # noqa: SLF001 - SQLAlchemy's public name for a row as a mapping
    return SessionView(**{**values, "status": Status(values["status"])})


async def insert(store: Store, session: Session) -> None:
    """Store a session's first hop.

    Raises:
        Conflict: Another delivery of the same begin was first.
    """
    row = {column.name: getattr(session, column.name) for column in sessions.c}
    await store.apply(Write(sessions, row, expect=1))


async def save(store: Store, session: Session) -> None:
    """Store a later hop: state and reply stand together or not at all.

    Raises:
        Conflict: Another delivery was answered since the row was read.
    """
    row = {name: getattr(session, name) for name in _CHANGED}
    await store.apply(Write(_UPDATE, {**row, "b_id": session.id, "b_version": session.version - 1}, expect=1))


async def end(store: Store, session: Session, session_key: str) -> None:
    """End a session, wipe its reply, and leave its key to the next one if `session_key` is another.

    Raises:
        Conflict: A delivery was answered since the row was read.
    """
    status = Status.ENDED if session.status is Status.LIVE else session.status
    ended = replace(session, status=status, reply=None, version=session.version + 1)
    row = {name: getattr(ended, name) for name in _CHANGED}
    known = {"b_id": session.id, "b_version": session.version, "b_key": session_key}
    await store.apply(Write(_END, {**row, **known}, expect=1))


async def expire(store: Store, before: datetime) -> int:
    """Close LIVE sessions whose deadline lies before, and wipe their replies; how many, at most SWEEP_MAX."""

    def work(tx: Connection) -> int:
        over = [row.id for row in tx.execute(_OVER, {"b_before": before})]
        if over:
            tx.execute(
                update(sessions)
                .where(sessions.c.id.in_(over))
                .values(status=Status.EXPIRED.value, reply=null(), version=sessions.c.version + 1)
            )
        return len(over)

    return await store.write(work)


async def wipe(store: Store, before: datetime) -> int:
    """Wipe the sealed replies of sessions that ended and whose deadline lies before; how many, at most SWEEP_MAX."""
    due = (
        select(sessions.c.id)
        .where(
            sessions.c.status.in_([Status.ENDED.value, Status.LATE.value, Status.FAILED.value]),
            sessions.c.deadline < before,
            sessions.c.reply.is_not(None),
        )
        .order_by(sessions.c.id)
        .limit(SWEEP_MAX)
    )

    def work(tx: Connection) -> int:
        ids = [row.id for row in tx.execute(due)]
        if ids:
            tx.execute(update(sessions).where(sessions.c.id.in_(ids)).values(reply=null()))
        return len(ids)

    return await store.write(work)


def _session(row: Row[Any]) -> Session:
    values = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for a row as a mapping
    return Session(**{**values, "status": Status(values["status"])})
