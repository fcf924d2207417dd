"""The outbox's statements, made once for each engine; every one of them takes a whole batch."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    Update,
    and_,
    bindparam,
    case,
    func,
    literal_column,
    null,
    select,
    union_all,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from gateway.services.notices.outgoing import PartState, ReceiptState
from gateway.services.notices.rules import Lane, NoticeState
from gateway.services.notices.tables import OUTBOX, PARTS, RECEIPTS
from gateway.store.rows import Rows, Value
from wallet.types import Int64, Moment, Text

IDS = Rows("ids", {"id": Text})
KEYS = Rows("keys", {"link": Text, "message_id": Text})
MOVES = Rows(
    "moves",
    {
        "id": Text,
        "state": Text,
        "next_at": Int64,
        "attempts": Int64,
        "resends": Int64,
        "status": Int64,
        "parts": Int64,
        "keeps_secret": Int64,
    },
)
ENDS = Rows("ends", {"id": Text, "state": Text})
NEW_PARTS = Rows("new_parts", {"notice_id": Text, "number": Int64, "link": Text, "message_id": Text})
PART_ENDS = Rows("part_ends", {"notice_id": Text, "number": Int64, "state": Text})
NEW_RECEIPTS = Rows("new_receipts", {"link": Text, "message_id": Text, "state": Text, "error": Text})

NOW = bindparam("now", type_=Moment())
_FINAL = tuple(state.value for state in (ReceiptState.DELIVERED, ReceiptState.FAILED, ReceiptState.EXPIRED))
_STANDING = (
    OUTBOX.c.id, OUTBOX.c.state, OUTBOX.c.lease, OUTBOX.c.class_, OUTBOX.c.attempts, OUTBOX.c.resends,
    OUTBOX.c.valid_until, OUTBOX.c.parts,
)  # fmt: skip


def in_state(state: NoticeState) -> ColumnElement[bool]:
    """A condition that names the state in its text: a partial index is not chosen for a parameter's sake."""
    return OUTBOX.c.state == literal_column(f"'{state.value}'")


def in_states(*states: NoticeState) -> ColumnElement[bool]:
    """As `in_state`, in the words of an index of several states; SQLite wants the very same."""
    return OUTBOX.c.state.in_([literal_column(f"'{state.value}'") for state in states])


class Statements:
    """Of one engine. Methods run one statement; `now` is the moment that their rows get."""

    def __init__(self, dialect: str) -> None:
        self._dialect = dialect
        self._claim = _claim()
        self._lock = _among(select(*_STANDING), dialect).with_for_update(key_share=True)
        self._done = _joined(select(PARTS.c.notice_id, PARTS.c.number, PARTS.c.link), IDS, dialect)
        self._move = _move(dialect)
        self._end = _end(dialect)
        self._add_parts = _add_parts(dialect)
        self._end_parts = _end_parts(dialect)
        self._add_receipts = _add_receipts(dialect)
        self._waiting = _waiting(dialect)
        self._candidates = _keyed(
            select(PARTS).where(PARTS.c.state == PartState.SENT.value).order_by(PARTS.c.sent_at.desc()), PARTS, dialect
        )
        self._matched = _matched(dialect)
        self._whole = _joined(
            select(OUTBOX.c.id, OUTBOX.c.parts, PARTS.c.state)
            .join_from(OUTBOX, PARTS, PARTS.c.notice_id == OUTBOX.c.id)
            .where(OUTBOX.c.state == NoticeState.SENT.value),
            IDS,
            dialect,
        )

    def claim(self, tx: Connection, **values: object) -> list[Row[Any]]:
        """Lease what is due: its_channel, lane_max, most, its_lease, its_end, now."""
        return list(tx.execute(self._claim, values))

    def lock(self, tx: Connection, ids: Iterable[str]) -> dict[str, Row[Any]]:
        """Notices by id, locked in order of their ids so that two processes never wait for each other."""
        rows = tx.execute(self._lock, IDS.bind(self._dialect, ((id_,) for id_ in ids)))
        return {row.id: row for row in rows}

    def parts(self, tx: Connection, ids: Iterable[str]) -> list[Row[Any]]:
        """Parts that a link has taken: notice_id, number, link."""
        return list(tx.execute(self._done, IDS.bind(self._dialect, ((id_,) for id_ in ids))))

    def move(self, tx: Connection, moves: Iterable[tuple[Value, ...]], now: datetime) -> None:
        """Bring leased or ready notices where MOVES says; their leases end."""
        tx.execute(self._move, {"now": now, **MOVES.bind(self._dialect, moves)})

    def end(self, tx: Connection, ends: Iterable[tuple[str, str]], now: datetime) -> None:
        """Give sent notices the state that their receipts add up to."""
        tx.execute(self._end, {"now": now, **ENDS.bind(self._dialect, ends)})

    def add_parts(self, tx: Connection, parts: Iterable[tuple[Value, ...]], now: datetime) -> None:
        """Remember by which id a link knows a part; the first id of a part stays."""
        tx.execute(self._add_parts, {"now": now, **NEW_PARTS.bind(self._dialect, parts)})

    def end_parts(self, tx: Connection, ends: Iterable[tuple[Value, ...]]) -> None:
        """Give parts the state of their receipt."""
        tx.execute(self._end_parts, PART_ENDS.bind(self._dialect, ends))

    def add_receipts(self, tx: Connection, receipts: Iterable[tuple[Value, ...]], now: datetime, old: datetime) -> None:
        """Keep receipts; one that is there already stays, unless it is from before `old`: then its id is used again."""
        tx.execute(self._add_receipts, {"now": now, "old": old, **NEW_RECEIPTS.bind(self._dialect, receipts)})

    def waiting(self, tx: Connection, keys: Collection[tuple[str, str]]) -> list[Row[Any]]:
        """Final receipts of these ids that no part has yet, the first to come first."""
        return list(tx.execute(self._waiting, KEYS.bind(self._dialect, keys)))

    def candidates(self, tx: Connection, keys: Collection[tuple[str, str]]) -> list[Row[Any]]:
        """Parts of these ids that wait for a receipt, youngest first."""
        return list(tx.execute(self._candidates, KEYS.bind(self._dialect, keys)))

    def matched(self, tx: Connection, keys: Collection[tuple[str, str]], now: datetime) -> None:
        """Receipts of these ids have found their part."""
        tx.execute(self._matched, {"now": now, **KEYS.bind(self._dialect, keys)})

    def whole(self, tx: Connection, ids: Iterable[str]) -> list[Row[Any]]:
        """How many parts each sent notice has, and a row a known part with its state."""
        return list(tx.execute(self._whole, IDS.bind(self._dialect, ((id_,) for id_ in ids))))


def _among(query: Select[Any], dialect: str) -> Select[Any]:
    """Notices by id, by their primary key whatever the planner thinks of the size of either side."""
    if dialect == "postgresql":
        chosen = OUTBOX.c.id == func.any(bindparam("ids_id", type_=postgresql.ARRAY(Text)))
    else:
        chosen = OUTBOX.c.id.in_(select(IDS.table(dialect).c.id))
    return query.where(chosen).order_by(OUTBOX.c.id)


def _joined(query: Select[Any], rows: Rows, dialect: str) -> Select[Any]:
    given = rows.table(dialect)
    return query.where(PARTS.c.notice_id == given.c.id)


def _keyed(query: Select[Any], table: Any, dialect: str) -> Select[Any]:  # noqa: ANN401 - a Table
    keys = KEYS.table(dialect)
    return query.where(table.c.link == keys.c.link, table.c.message_id == keys.c.message_id)


def _claim() -> Update:
    # Each lane by itself: over all lanes at once, every poll would read all that is due later, such as a campaign.
    lanes = union_all(*(_due_in(lane) for lane in Lane)).subquery("lanes")
    due = select(lanes.c.id).order_by(lanes.c.lane, lanes.c.next_at, lanes.c.id).limit(bindparam("most")).cte("due")
    return (
        update(OUTBOX)
        .where(OUTBOX.c.id.in_(select(due.c.id)))
        .values(
            state=NoticeState.LEASED.value,
            lease=bindparam("its_lease"),
            lease_until=bindparam("its_end", type_=Moment()),
            attempts=OUTBOX.c.attempts + 1,
            changed_at=NOW,
        )
        .returning(
            OUTBOX.c.id, OUTBOX.c.class_, OUTBOX.c.channel, OUTBOX.c.address, OUTBOX.c.subject, OUTBOX.c.text,
            OUTBOX.c.sealed, OUTBOX.c.lane, OUTBOX.c.next_at, OUTBOX.c.valid_until, OUTBOX.c.attempts,
            OUTBOX.c.resends, OUTBOX.c.parts, OUTBOX.c.html,
        )
    )  # fmt: skip


def _due_in(lane: Lane) -> Select[Any]:
    its_lane: ColumnElement[int] = literal_column(str(lane.value), Int64)
    found = (
        select(OUTBOX.c.id, OUTBOX.c.lane, OUTBOX.c.next_at)
        .where(
            in_state(NoticeState.READY),
            OUTBOX.c.channel == bindparam("its_channel"),
            OUTBOX.c.lane == its_lane,
            its_lane <= bindparam("lane_max", type_=Int64),
            OUTBOX.c.next_at <= NOW,
            OUTBOX.c.valid_until > NOW,
        )
        .order_by(OUTBOX.c.next_at, OUTBOX.c.id)
        .limit(bindparam("most"))
        .with_for_update(skip_locked=True)
    )
    return select(found.subquery(f"lane_{lane.value}"))


def _move(dialect: str) -> Update:
    moves = MOVES.table(dialect)
    copied = ("state", "next_at", "attempts", "resends", "status", "parts")
    return (
        update(OUTBOX)
        .where(OUTBOX.c.id == moves.c.id)
        .values(
            {
                **{name: moves.c[name] for name in copied},
                "sealed": case((moves.c.keeps_secret == 1, OUTBOX.c.sealed), else_=null()),
                "html": case((moves.c.keeps_secret == 1, OUTBOX.c.html), else_=null()),
                "lease": None,
                "lease_until": None,
                "changed_at": NOW,
            }
        )
    )


def _end(dialect: str) -> Update:
    ends = ENDS.table(dialect)
    return update(OUTBOX).where(OUTBOX.c.id == ends.c.id).values(state=ends.c.state, changed_at=NOW)


def _end_parts(dialect: str) -> Update:
    ends = PART_ENDS.table(dialect)
    mine = and_(PARTS.c.notice_id == ends.c.notice_id, PARTS.c.number == ends.c.number)
    return update(PARTS).where(mine).values(state=ends.c.state)


def _matched(dialect: str) -> Update:
    keys = KEYS.table(dialect)
    mine = and_(RECEIPTS.c.link == keys.c.link, RECEIPTS.c.message_id == keys.c.message_id)
    return update(RECEIPTS).where(mine, RECEIPTS.c.matched_at.is_(None)).values(matched_at=NOW)


def _waiting(dialect: str) -> Select[Any]:
    query = select(RECEIPTS).where(RECEIPTS.c.state.in_(_FINAL), RECEIPTS.c.matched_at.is_(None))
    return _keyed(query.order_by(RECEIPTS.c.received_at, RECEIPTS.c.state), RECEIPTS, dialect)


def _add_parts(dialect: str) -> Any:  # noqa: ANN401 - the engines' own inserts
    given = NEW_PARTS.table(dialect)
    sent: ColumnElement[str] = literal_column(f"'{PartState.SENT.value}'")
    # SQLite reads ON CONFLICT as part of a join unless the query before it has a WHERE.
    chosen = select(*given.c, sent, NOW).where(given.c.notice_id.is_not(None))
    make = postgresql.insert if dialect == "postgresql" else sqlite.insert
    return make(PARTS).from_select([*NEW_PARTS.columns, "state", "sent_at"], chosen).on_conflict_do_nothing()


def _add_receipts(dialect: str) -> Any:  # noqa: ANN401 - the engines' own inserts
    given = NEW_RECEIPTS.table(dialect)
    matched_at = case((given.c.state == ReceiptState.PENDING.value, NOW))
    chosen = select(*given.c, NOW, matched_at).where(given.c.link.is_not(None))
    make = postgresql.insert if dialect == "postgresql" else sqlite.insert
    added = make(RECEIPTS).from_select([*NEW_RECEIPTS.columns, "received_at", "matched_at"], chosen)
    return added.on_conflict_do_update(
        index_elements=[RECEIPTS.c.link, RECEIPTS.c.message_id, RECEIPTS.c.state],
        set_={"error": added.excluded.error, "received_at": NOW, "matched_at": added.excluded.matched_at},
        where=RECEIPTS.c.received_at < bindparam("old", type_=Moment()),
    )


STATEMENTS = {dialect: Statements(dialect) for dialect in ("sqlite", "postgresql")}
"""By name of SQLAlchemy's dialect."""
