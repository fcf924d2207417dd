"""Settling a batch of claimed messages: what each report means for its notice, written by few statements for all."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row

from gateway.services.notices import matching, rules
from gateway.services.notices.notice import NoticeClass
from gateway.services.notices.outgoing import Outgoing, PartResult, PartState, Report
from gateway.services.notices.rules import NoticeState, Settled, Standing
from gateway.services.notices.statements import STATEMENTS
from wallet.clock import to_us

_STILL_UNSENT = frozenset({NoticeState.READY, NoticeState.UNCERTAIN})

Batch = Sequence[tuple[Outgoing, Report]]


def standing(row: Row[Any]) -> Standing:
    """What the rules look at."""
    return Standing(NoticeClass(row.class_), row.attempts, row.resends, row.valid_until)


def move(tx: Connection, moves: Mapping[str, tuple[Settled, int]], now: datetime) -> None:
    """Bring notices where they go, each with its number of parts; secrets of those that are done are wiped."""
    rows = [
        (
            id_, settled.state.value, to_us(settled.next_at), settled.attempts, settled.resends, settled.status, parts,
            int(settled.state in rules.OPEN),
        )
        for id_, (settled, parts) in moves.items()
    ]  # fmt: skip
    if rows:
        STATEMENTS[tx.dialect.name].move(tx, rows, now)


class Settling:
    """One batch inside one unit of work."""

    def __init__(self, tx: Connection, now: datetime) -> None:
        self._tx = tx
        self._now = now
        self._sql = STATEMENTS[tx.dialect.name]
        self._moves: dict[str, tuple[Settled, int]] = {}
        self._suspects: set[str] = set()
        """Notices whose parts may all have had their receipts before."""

    def run(self, batch: Batch) -> Mapping[str, NoticeState]:
        """The state of each notice after it."""
        rows = self._sql.lock(self._tx, {message.id for message, _ in batch})
        known = [(message, report, rows[message.id]) for message, report in batch if message.id in rows]
        taken = [(message, report, part) for message, report, _ in known for part in _taken(report)]
        if taken:
            new = {
                (message.id, part.number): (report.link, part.message_id) for message, report, part in reversed(taken)
            }
            self._sql.add_parts(self._tx, [(*key, *value) for key, value in sorted(new.items())], self._now)
        self._decide(known)
        move(self._tx, self._moves, self._now)
        states = {id_: NoticeState(row.state) for id_, row in rows.items()}
        states |= {id_: settled.state for id_, (settled, _) in self._moves.items()}
        found = matching.match(self._tx, ((report.link, part.message_id) for _, report, part in taken), self._now)
        states |= matching.add_up(self._tx, found | self._suspects, self._now)
        return states

    def _decide(self, known: Iterable[tuple[Outgoing, Report, Row[Any]]]) -> None:
        late: list[tuple[Outgoing, Report, Row[Any]]] = []
        for message, report, row in known:
            if row.lease != message.lease or message.id in self._moves:
                # After its lease, or beside the report that missed it.
                late.append((message, report, row))
                continue
            self._settle(report, row)
            if row.attempts > 1 or message.parts_done:
                self._suspects.add(message.id)
        if late:
            self._decide_late(late)

    def _decide_late(self, late: Sequence[tuple[Outgoing, Report, Row[Any]]]) -> None:
        """A sender whose lease is over decides nothing, except that nobody need send what was taken whole."""
        ids = sorted({message.id for message, _, _ in late})
        counted = Counter(part.notice_id for part in self._sql.parts(self._tx, ids))
        for message, report, row in late:
            settled, _ = self._moves.get(message.id, (None, 0))
            state = NoticeState(row.state) if settled is None else settled.state
            if _taken(report) and counted[message.id] >= report.total and state in _STILL_UNSENT:
                sent = Settled(NoticeState.SENT, self._now, row.attempts, row.resends)
                self._moves[message.id] = (sent, report.total)
                self._suspects.add(message.id)

    def _settle(self, report: Report, row: Row[Any]) -> None:
        self._moves[row.id] = (rules.settle(standing(row), report, self._now), report.total)


def _taken(report: Report) -> list[PartResult]:
    return [part for part in report.parts if part.state is PartState.SENT]
