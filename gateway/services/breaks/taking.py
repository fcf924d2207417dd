"""What each run makes of breaks: it opens, follows, resolves and reopens them. Harmless twice, and over a crash.

A break follows its money: a group that has a row of a standing break is that break's, whatever else has changed. Where
a group falls apart, one part keeps the break and the others get their own; where groups grow together, the oldest break
keeps the rows and the others are resolved into it. So each open group has exactly one standing break.
"""

from collections.abc import AsyncIterable, Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, insert, select, update

from gateway.services.breaks.book import Entry, row_key, told
from gateway.services.breaks.model import BreakState, Event, Key, PostingState, Resolution, Taken
from gateway.services.breaks.ports import OpenGroup, Parts
from gateway.services.breaks.rules import due_days, row_of, shape
from gateway.services.breaks.tables import BREAKS, FLOWS, HISTORY, POSTINGS, ROWS, STANDING
from gateway.services.breaks.views import Views
from gateway.store import insert_ignore
from wallet.ids import moment_of, new_id
from wallet.reconciliation.rows import BreakType
from wallet.reconciliation.rows import Row as MatchRow

KEYS_ASKED = 500
RESOLVED_AT_ONCE = 200


@dataclass(slots=True)
class _Page:
    """What is known of a page's keys, and what is written once the page is through.

    Attributes:
        standing: The standing break of each key.
        resolved: The newest resolved break of each key, which could come back.
        rows: All of these breaks, held.
        seen: The group of this run that has each break already.
    """

    standing: dict[str, str] = field(default_factory=dict)
    resolved: dict[str, str] = field(default_factory=dict)
    rows: dict[str, Row[Any]] = field(default_factory=dict)
    seen: dict[str, str] = field(default_factory=dict)
    opened: list[dict[str, Any]] = field(default_factory=list)
    claimed: list[dict[str, Any]] = field(default_factory=list)
    same: list[dict[str, Any]] = field(default_factory=list)


class Taking(Views):
    """The half that a run drives."""

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        self._days = due_days(parts.settings.break_due_days)

    async def take(self, run_id: str, flow: str, pages: AsyncIterable[Sequence[OpenGroup]]) -> Taken:
        """Take all open groups of a flow, as a run has left them; then resolve what is not among them.

        A run that is older than the one that was taken last does nothing. What is just being posted is left as it is.
        """
        taken = Taken()
        async for page in pages:
            if not page:
                continue
            more = await self._store.write(partial(self._took, run_id=run_id, flow=flow, page=page))
            if more is None:
                return taken
            taken = _sum(taken, more)
        while (more := await self._store.write(lambda tx: self._rest(tx, run_id, flow))) is not None:
            taken = _sum(taken, more)
        self._measured_at = None
        return taken

    def _took(self, tx: Connection, *, run_id: str, flow: str, page: Sequence[OpenGroup]) -> Taken | None:
        if not _holds(tx, flow, run_id):
            return None
        known, taken = _known(tx, flow, run_id, page), Taken()
        for group in sorted(page, key=lambda one: one.id):
            taken = _sum(taken, self._group(tx, run_id, flow, group, known))
        at = self._clock.now()
        if known.opened:
            tx.execute(insert(BREAKS), known.opened)
            tx.execute(insert(HISTORY), [_first(row, run_id, at) for row in known.opened])
            tx.execute(insert(ROWS), known.claimed)
        if known.same:
            mine = update(BREAKS).where(BREAKS.c.id == bindparam("break_id"))
            tx.execute(mine.values(group_id=bindparam("to_group"), run_id=run_id, lost_to=""), known.same)
        return taken

    def _group(self, tx: Connection, run_id: str, flow: str, group: OpenGroup, known: _Page) -> Taken:
        keys = [row_key(flow, (row.side, row.id)) for row in group.rows]
        mine = sorted({known.standing[key] for key in keys if key in known.standing})
        # One that another group of this run has is no longer this one's: the rows here fell off it.
        free = [break_id for break_id in mine if known.seen.get(break_id, group.id) == group.id]
        if free:
            return self._follow(tx, run_id, flow, group, free, known)
        came = max((known.resolved[key] for key in keys if key in known.resolved), default="")
        if came and known.seen.get(came, group.id) == group.id:
            return self._came_back(tx, run_id, flow, group, came, known)
        opened = self._opened(run_id, flow, group)
        known.opened.append(opened)
        known.claimed += [_stored(opened["id"], flow, row) for row in group.rows]
        return Taken(opened=1)

    def _follow(
        self, tx: Connection, run_id: str, flow: str, group: OpenGroup, mine: Sequence[str], known: _Page
    ) -> Taken:
        first, others = known.rows[mine[0]], mine[1:]
        known.seen[first.id] = group.id
        if others:
            tx.execute(update(BREAKS).where(BREAKS.c.id.in_(others)).values(lost_to=first.id))
        now = _shape(group)
        if first.shape == now:
            known.same.append({"break_id": first.id, "to_group": group.id})
            return Taken()
        entry = Entry(tx, first, self._clock.now(), run_id=run_id)
        entry.put(group_id=group.id, run_id=run_id, lost_to="")
        _claim(tx, first.id, flow, group)
        was = f"{first.type} {first.minor}, {first.row_count} rows"
        entry.tell(
            Event.FOLLOWED, was, type=_type(group), minor=group.difference_minor, row_count=len(group.rows), shape=now
        )
        return Taken(followed=1)

    def _came_back(
        self, tx: Connection, run_id: str, flow: str, group: OpenGroup, break_id: str, known: _Page
    ) -> Taken:
        row, began = known.rows[break_id], moment_of(run_id)
        known.seen[break_id] = group.id
        posted = row.resolution == Resolution.POSTED.value
        if posted and began is not None and row.resolved_at is not None and began <= row.resolved_at:
            # This run cannot have read what was posted since it began; the next one will.
            return Taken()
        entry = Entry(tx, row, self._clock.now(), run_id=run_id)
        _claim(tx, break_id, flow, group)
        anew = {
            "type": _type(group), "minor": group.difference_minor, "row_count": len(group.rows), "shape": _shape(group),
            "due_on": max(row.due_on, self._due(group)),
        }  # fmt: skip
        entry.put(group_id=group.id, run_id=run_id, lost_to="")
        note = f"was {row.resolution} by {row.resolved_by}" if row.resolution else ""
        if row.state == BreakState.PROPOSED.value:
            # An undo is proposed, which holds all the same; refused, it leaves the break open.
            tx.execute(update(POSTINGS).where(POSTINGS.c.id == row.posting_id).values(was=BreakState.OPEN.value))
            entry.stands(again=True)
            entry.tell(Event.REOPENED, note, **anew, resolved_at=None, resolution="", resolved_by="")
        else:
            entry.reopen(note, **anew)
        return Taken(reopened=1)

    def _opened(self, run_id: str, flow: str, group: OpenGroup) -> dict[str, Any]:
        return {
            "id": new_id("brk", self._clock), "flow": flow, "group_id": group.id, "type": _type(group),
            "minor": group.difference_minor, "asset": group.asset, "opened_on": group.since,
            "due_on": self._due(group), "owner": "", "state": BreakState.OPEN.value, "reason": "", "note": "",
            "row_count": len(group.rows), "shape": _shape(group), "run_id": run_id, "posting_id": "",
            "resolved_at": None, "resolution": "", "resolved_by": "", "standing": True, "overdue": False,
            "lost_to": "",
        }  # fmt: skip

    def _rest(self, tx: Connection, run_id: str, flow: str) -> Taken | None:
        """Resolve standing breaks that the run has not seen, some at a time; None when there are no more."""
        if not _holds(tx, flow, run_id):
            return None
        posting = select(POSTINGS.c.id).where(POSTINGS.c.state == PostingState.INTENDED.value)
        unseen = (BREAKS.c.flow == flow) & STANDING & (BREAKS.c.run_id != run_id)
        query = select(BREAKS).where(unseen, BREAKS.c.posting_id.not_in(posting)).order_by(BREAKS.c.id)
        rows = tx.execute(query.limit(RESOLVED_AT_ONCE).with_for_update(key_share=True)).all()
        if not rows:
            return None
        merged = 0
        for row in rows:
            entry = Entry(tx, row, self._clock.now(), run_id=run_id)
            if row.lost_to:
                merged += 1
                entry.resolve(Resolution.MERGED, row.lost_to, what=Event.MERGED)
                entry.put(lost_to="")
            else:
                entry.resolve(Resolution.MATCHED, run_id)
        return Taken(merged=merged, resolved=len(rows) - merged)

    def _due(self, group: OpenGroup) -> date:
        return self._today() + timedelta(days=self._days[_broken(group)])


def _holds(tx: Connection, flow: str, run_id: str) -> bool:
    """Hold the flow for this run; False if a later one has been here."""
    insert_ignore(tx, FLOWS, {"flow": flow, "run_id": ""})
    last = tx.execute(select(FLOWS.c.run_id).where(FLOWS.c.flow == flow).with_for_update()).scalar_one()
    if run_id < last:
        return False
    if run_id != last:
        tx.execute(update(FLOWS).where(FLOWS.c.flow == flow).values(run_id=run_id))
    return True


def _known(tx: Connection, flow: str, run_id: str, page: Sequence[OpenGroup]) -> _Page:
    known = _Page()
    columns = select(ROWS.c.row_key, ROWS.c.standing_key, ROWS.c.break_id)
    for some in _portions(sorted({row_key(flow, (row.side, row.id)) for group in page for row in group.rows})):
        for row in tx.execute(columns.where(ROWS.c.row_key.in_(some)).order_by(ROWS.c.break_id)):
            (known.standing if row.standing_key else known.resolved)[row.row_key] = row.break_id
    for some in _portions(sorted({*known.standing.values(), *known.resolved.values()})):
        mine = select(BREAKS).where(BREAKS.c.id.in_(some)).order_by(BREAKS.c.id).with_for_update(key_share=True)
        known.rows |= {row.id: row for row in tx.execute(mine)}
    known.seen = {row.id: row.group_id for row in known.rows.values() if row.run_id == run_id}
    return known


def _claim(tx: Connection, break_id: str, flow: str, group: OpenGroup) -> None:
    """The group's rows are this break's, and no other's."""
    keys = [row_key(flow, (row.side, row.id)) for row in group.rows]
    for some in _portions(keys):
        tx.execute(delete(ROWS).where(ROWS.c.standing_key.in_(some), ROWS.c.break_id != break_id))
    tx.execute(delete(ROWS).where(ROWS.c.break_id == break_id))
    tx.execute(insert(ROWS), [_stored(break_id, flow, row) for row in group.rows])


def _portions(keys: Sequence[str]) -> Iterable[Sequence[str]]:
    return (keys[start : start + KEYS_ASKED] for start in range(0, len(keys), KEYS_ASKED))


def _stored(break_id: str, flow: str, row: MatchRow) -> dict[str, object]:
    kept, key = row_of(row), row_key(flow, (row.side, row.id))
    return {
        "break_id": break_id, "side": kept.side.value, "row_id": kept.id, "row_key": key, "standing_key": key,
        "minor": kept.minor, "on": kept.on, "own": kept.own, "end_to_end_id": kept.end_to_end_id, "batch": kept.batch,
        "back": kept.back,
    }  # fmt: skip


def _first(row: dict[str, Any], run_id: str, at: datetime) -> dict[str, Any]:
    return {
        "break_id": row["id"], "seq": 1, "what": Event.OPENED.value, "staff_id": "", "note": "", "run_id": run_id,
        "at": at, "after": told(row),
    }  # fmt: skip


def _broken(group: OpenGroup) -> BreakType:
    assert group.broken is not None, "what is matched is no break"
    return group.broken


def _type(group: OpenGroup) -> str:
    return _broken(group).value


def _keys(group: OpenGroup) -> Collection[Key]:
    return [(row.side, row.id) for row in group.rows]


def _shape(group: OpenGroup) -> str:
    return shape(_broken(group), group.difference_minor, _keys(group))


def _sum(one: Taken, other: Taken) -> Taken:
    return replace(one, **{name: getattr(one, name) + getattr(other, name) for name in Taken.__dataclass_fields__})
