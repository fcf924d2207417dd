"""Many notices at once, as campaigns put them: worded already, chosen by a query, put by one statement."""

import functools
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Executable, FromClause, Select, bindparam, delete, literal, select
from sqlalchemy.dialects import postgresql, sqlite

from gateway.services.notices.notice import NoticeClass
from gateway.services.notices.notices import fresh
from gateway.services.notices.outgoing import Channel
from gateway.services.notices.rules import POLICIES, NoticeState
from gateway.services.notices.tables import OUTBOX, PARTS
from gateway.services.notices.words import Language, Words
from wallet.clock import Clock

CHOSEN = ("id", "cause", "person", "language", "address", "text")
"""What the query gives, in this order; everything else is the same in all rows that are due together."""
SAME = "same_"
"""Begins the names of parameters for what is the same, so that they never meet the query's own."""


class Bulk:
    """The outbox for whoever tells thousands; only by SMS, and never a secret."""

    standing: FromClause = OUTBOX

    def __init__(self, clock: Clock, words: Words) -> None:
        self._clock = clock
        self.languages: Mapping[str, Language] = words.languages

    def put(
        self, tx: Connection, class_: str, rows: Select[Any], due: Sequence[tuple[Mapping[str, object], datetime]]
    ) -> None:
        """Put what `rows` selects (CHOSEN), once for each of `due`: its parameters, and the moment its rows are due at.

        What the same cause has told the same person already is left as it is. `rows` is made once at import: the
        statement around it is kept. A row is wanted as long as its class is.
        """
        if not due:
            return
        kind, now = NoticeClass(class_), self._clock.now()
        valid = timedelta(seconds=POLICIES[kind].valid_s)
        same = [(values, fresh(kind, Channel.SMS, now, at, at + valid)) for values, at in due]
        params = [{**values, **{f"{SAME}{name}": one for name, one in each.items()}} for values, each in same]
        tx.execute(_putting(rows, tx.dialect.name, tuple(same[0][1])), params)

    def take_back(self, tx: Connection, ids: Sequence[str]) -> list[str]:
        """Take out what was surely not sent: no lease, no part that a link took. Which."""
        if not ids:
            return []
        begun = select(PARTS.c.notice_id).where(PARTS.c.notice_id == OUTBOX.c.id).exists()
        ready = (OUTBOX.c.state == NoticeState.READY.value) & (OUTBOX.c.resends == 0)
        locked = select(OUTBOX.c.id).where(OUTBOX.c.id.in_(ids), ready).order_by(OUTBOX.c.id)
        there = tx.execute(locked.with_for_update()).scalars().all()
        if not there:
            return []
        out = delete(OUTBOX).where(OUTBOX.c.id.in_(there), ready, ~begun).returning(OUTBOX.c.id)
        return list(tx.execute(out).scalars())


@functools.cache
def _putting(rows: Select[Any], dialect: str, same: tuple[str, ...]) -> Executable:
    """One insert around `rows`, whose other columns are parameters."""
    chosen = rows.subquery()
    fixed = [bindparam(f"{SAME}{name}", type_=OUTBOX.c[name].type).label(name) for name in same]
    # The condition keeps SQLite from reading ON CONFLICT as the ON of a join.
    source = select(*chosen.c, *fixed).where(literal(1) == literal(1))
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    return insert(OUTBOX).from_select([*CHOSEN, *same], source).on_conflict_do_nothing()
