"""A session as it lies in the store: read once and written once a hop. What sweeps do to many is in sweeps.py."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, TypedDict

from sqlalchemy import Connection, Row, and_, bindparam, case, or_, select, update

from gateway.errors import Conflict
from gateway.services.dialogues.tables import sessions
from gateway.store import Store, Write, insert_ignore

EARLIER_MAX = 4
"""Earlier sessions of a number that are looked at when it dials again."""


class Status(StrEnum):
    """Where a session stands. Only a LIVE one takes answers."""

    LIVE = "live"
    ENDED = "ended"
    LATE = "late"
    """Ended before its work was done; an SMS follows."""
    FAILED = "failed"
    EXPIRED = "expired"


class EndReason(StrEnum):
    """Why a session is over; the label of the metric and the row's `end_reason`."""

    DONE = "done"
    """The dialogue's own last page."""
    UNSEEN = "unseen"
    """The same, but the wire says that the page never arrived: the next dial begins with it."""
    LATE = "late"
    """The hop budget was over: an SMS is owed."""
    TOLD = "told"
    """It was owed and is in the outbox."""
    FAILED = "failed"
    EXPIRED = "expired"
    ABORT = "abort"
    TIMEOUT = "timeout"
    REPORT = "report"
    """The provider's report came while we thought it alive."""
    RESET = "reset"
    """Its key was used for another number's session."""
    REDIALLED = "redialled"
    """The same number dialled anew under the same key."""
    RESUMED = "resumed"
    """Another session goes on with it."""


Also = Callable[[Connection], object]
"""More writes of the same unit of work; raises Conflict to undo them all."""


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
    operator: str
    service_code: str
    origin: str
    offer: str
    aside: str
    answered_at: datetime
    ended_at: datetime | None
    end_reason: str
    result: bytes | None = field(repr=False)
    reported: str
    trail: Sequence[list[str | int]] = field(repr=False)

    @property
    def aad(self) -> bytes:
        """What binds the sealed reply to this hop of this session."""
        return aad_of(self.id, self.hops)

    @property
    def is_over(self) -> bool:
        """Whether the dialogue came to its own last page; False for one that was cut off, and for a wiped one."""
        return self.state.get("phase") == "ended"

    def ended(self, reason: EndReason, at: datetime) -> "Session":
        """The session as it is when it ends without a page; no reply is kept."""
        version = self.version + 1
        return replace(
            self, status=Status.ENDED, end_reason=reason, ended_at=at, reply=None, reply_sealed=False, version=version
        )


class Changes(TypedDict, total=False):
    """What a hop does to a session besides counting it; what is missing stays."""

    state: Mapping[str, Any]
    language: str
    status: Status
    end_reason: str
    answered_at: datetime
    ended_at: datetime | None
    trail: Sequence[list[str | int]]


def aad_of(session_id: str, hops: int) -> bytes:
    """What binds a sealed reply to its hop."""
    return f"dialogue\0{session_id}\0{hops}".encode()


@dataclass(frozen=True, slots=True)
class SessionView:
    """What staff may see of a session: neither what was typed nor what was shown."""

    id: str
    adapter: str
    operator: str
    service_code: str
    person_id: str | None
    language: str
    menu_version: str
    hops: int
    status: Status
    started_at: datetime
    answered_at: datetime
    ended_at: datetime | None
    end_reason: str
    reported: str
    origin: str


_NAMES = tuple(one.name for one in fields(Session))
assert tuple(sessions.c.keys()) == _NAMES, "a row is read by the places of its columns"
_STATUS = _NAMES.index("status")
_ALL = select(*sessions.c)
_KNOWN = and_(sessions.c.adapter == bindparam("b_adapter"), sessions.c.session_key == bindparam("b_session_key"))
_OWN = and_(sessions.c.msisdn == bindparam("b_msisdn"), sessions.c.started_at >= bindparam("b_since"))
_FOUND = _ALL.where(_KNOWN)
_BY_ID = _ALL.where(sessions.c.id == bindparam("b_id"))
_AROUND = (
    _ALL.where(or_(_KNOWN, _OWN))
    .order_by(case((_KNOWN, 0), else_=1), sessions.c.started_at.desc())
    .limit(EARLIER_MAX + 1)
)
_VIEW = select(*(sessions.c[one.name] for one in fields(SessionView)))

_CHANGED = (
    "person_id",
    "language",
    "menu_version",
    "state",
    "hops",
    "answered_mac",
    "answered_length",
    "reply",
    "reply_sealed",
    "status",
    "version",
    "origin",
    "offer",
    "aside",
    "answered_at",
    "ended_at",
    "end_reason",
    "reported",
    "trail",
)

_REASON = bindparam("end_reason", type_=sessions.c.end_reason.type)
_UPDATE = (
    update(sessions)
    .where(sessions.c.id == bindparam("b_id"), sessions.c.version == bindparam("b_version"))
    .values({name: bindparam(name, type_=sessions.c[name].type) for name in _CHANGED})
    # Work may tell its end in the moment before its promise is stored: what was told is owed no more.
    .values(
        end_reason=case(
            (
                and_(
                    sessions.c.end_reason == EndReason.TOLD.value,
                    _REASON.op("=", is_comparison=True)(EndReason.LATE.value),
                ),
                EndReason.TOLD.value,
            ),
            else_=_REASON,
        )
    )
)

_END = _UPDATE.values(session_key=bindparam("b_key"))

_RESULT = (
    update(sessions)
    .where(sessions.c.id == bindparam("b_id"))
    .values(result=bindparam("result", type_=sessions.c.result.type), end_reason=bindparam("end_reason"))
)

_CLAIM = (
    update(sessions)
    .where(sessions.c.id == bindparam("b_id"), sessions.c.result.is_not(None))
    .values(result=None, version=sessions.c.version + 1)
)


async def load(store: Store, adapter: str, session_key: str) -> Session | None:
    """The session with the provider's key."""
    rows = await store.find(_FOUND, {"b_adapter": adapter, "b_session_key": session_key})
    return session_of(rows[0]) if rows else None


async def by_id(store: Store, session_id: str) -> Session | None:
    """The session `ses_…`."""
    rows = await store.find(_BY_ID, {"b_id": session_id})
    return session_of(rows[0]) if rows else None


async def around(
    store: Store, adapter: str, session_key: str, msisdn: str, since: datetime
) -> tuple[Session | None, list[Session]]:
    """For a dial, in one read: the session with its key, and the number's last ones from `since` on, newest first."""
    values = {"b_adapter": adapter, "b_session_key": session_key, "b_msisdn": msisdn, "b_since": since}
    found = [session_of(row) for row in await store.find(_AROUND, values)]
    with_key = next((one for one in found if (one.adapter, one.session_key) == (adapter, session_key)), None)
    # The one under this key may itself be the one to go on with, where the wire uses its keys again.
    earlier = [one for one in found if one.msisdn == msisdn and one.started_at >= since]
    return with_key, sorted(earlier, key=lambda one: one.started_at, reverse=True)


async def view(store: Store, session_id: str) -> SessionView | None:
    """The session with this id, `ses_…`."""
    rows = await store.read(_VIEW.where(sessions.c.id == session_id))
    return view_of(rows[0]) if rows else None


async def live(store: Store, limit: int) -> list[SessionView]:
    """Live sessions, newest first."""
    # All sessions last equally long, so that the index of deadlines has them in the order of their starts.
    query = _VIEW.where(sessions.c.status == Status.LIVE.value).order_by(sessions.c.deadline.desc()).limit(limit)
    return [view_of(row) for row in await store.read(query)]


async def trail(store: Store, session_id: str) -> list[list[str | int]]:
    """The trail of a session; empty for an unknown one."""
    rows = await store.read(select(sessions.c.trail).where(sessions.c.id == session_id))
    return list(rows[0].trail) if rows else []


async def insert(store: Store, session: Session, also: Sequence[Also] = ()) -> None:
    """Store a session's first hop.

    Raises:
        Conflict: Another delivery of the same begin was first, or `also` found its rows changed.
    """
    row = {column.name: getattr(session, column.name) for column in sessions.c}
    if not also:
        await store.apply(Write(sessions, row, expect=1))
        return

    def work(tx: Connection) -> bool:
        if not insert_ignore(tx, sessions, row):
            return False
        for write in also:
            write(tx)
        return True

    if not await store.write(work):
        raise Conflict("the session has begun already")


async def save(store: Store, session: Session, also: Sequence[Also] = ()) -> None:
    """Store a later hop: state and reply stand together or not at all.

    Raises:
        Conflict: Another delivery was answered since the row was read, or `also` found its rows changed.
    """
    row = _row(session)
    if not also:
        await store.apply(Write(_UPDATE, row, expect=1))
        return

    def work(tx: Connection) -> None:
        _one(tx, _UPDATE, row)
        for write in also:
            write(tx)

    await store.write(work)


async def end(store: Store, session: Session, session_key: str) -> None:
    """Store a session that has ended, and leave its key to the next one if `session_key` is another.

    Raises:
        Conflict: A delivery was answered since the row was read.
    """
    await store.apply(Write(_END, {**_row(session), "b_key": session_key}, expect=1))


async def keep_result(store: Store, session_id: str, text: str | None, reason: EndReason) -> None:
    """Keep the text that the next dial of this number begins with; harmless for an unknown session."""
    result = None if text is None else text.encode()
    await store.apply(Write(_RESULT, {"b_id": session_id, "result": result, "end_reason": reason}))


def claiming(session: Session) -> Also:
    """The write that takes a kept result: whoever shows it is the only one who does."""
    return lambda tx: _one(tx, _CLAIM, {"b_id": session.id})


def superseding(session: Session) -> Also:
    """The write of a session that ends because another goes on with it."""
    row = _row(session)
    return lambda tx: _one(tx, _UPDATE, row)


def _one(tx: Connection, statement: Any, row: Mapping[str, object]) -> None:  # noqa: ANN401 - SQLAlchemy's update
    if tx.execute(statement, dict(row)).rowcount != 1:
        raise Conflict("the session has changed")


def _row(session: Session) -> dict[str, object]:
    """The parameters of an update that stands on the version before."""
    row = {name: getattr(session, name) for name in _CHANGED}
    return {**row, "b_id": session.id, "b_version": session.version - 1}


def session_of(row: Row[Any]) -> Session:
    """A row with every column of the table, in their order, which is that of Session's fields."""
    values = list(row)
    values[_STATUS] = Status(values[_STATUS])
    return Session(*values)


def view_of(row: Row[Any]) -> SessionView:
    """What staff may see of the session in a row, whatever else the row has."""
    values = {one.name: getattr(row, one.name) for one in fields(SessionView)}
    return SessionView(**{**values, "status": Status(values["status"])})
