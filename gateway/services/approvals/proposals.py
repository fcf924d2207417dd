"""The maker's half: propose and look. Services that propose take this half, so that nobody needs nobody's executor."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select

from gateway.services.approvals.model import Approval, ApprovalState, Change, ChangeKind
from gateway.services.approvals.tables import approvals, changes
from gateway.store import Store, insert_ignore
from wallet.clock import Clock
from wallet.ids import new_id


class Proposals:
    """What waits for a decision."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def propose(self, kind: str, subject: str, payload: Mapping[str, str], maker: str) -> Approval:
        """Propose; while one of this kind and subject waits, that one is returned instead. `maker` is a staff id."""
        approval_id = new_id("apr", self._clock)
        now = self._clock.now()
        open_key = f"{kind}:{subject}"
        row = {
            "id": approval_id,
            "kind": kind,
            "subject": subject,
            "payload": dict(payload),
            "maker": maker,
            "state": ApprovalState.PENDING,
            "proposed_at": now,
            "checker": "",
            "decided_at": None,
            "reason": "",
            "result": "",
            "open_key": open_key,
            "due": None,
        }

        def work(tx: Connection) -> Approval:
            if insert_ignore(tx, approvals, row):
                add_change(tx, approval_id, ChangeKind.PROPOSED, maker, "", now)
            return approval_of(tx.execute(select(approvals).where(approvals.c.open_key == open_key)).one())

        return await self._store.write(work)

    async def by_id(self, approval_id: str) -> Approval | None:
        """The approval with this id."""
        rows = await self._store.read(select(approvals).where(approvals.c.id == approval_id))
        return approval_of(rows[0]) if rows else None

    async def list_pending(self, *, limit: int, after: str = "", kind: str = "") -> list[Approval]:
        """What waits, oldest first, from after id `after`; of one kind, or of all."""
        query = select(approvals).where(approvals.c.state == ApprovalState.PENDING, approvals.c.id > after)
        if kind:
            query = query.where(approvals.c.kind == kind)
        return [approval_of(row) for row in await self._store.read(query.order_by(approvals.c.id).limit(limit))]

    async def history(self, approval_id: str) -> list[Change]:
        """Everything that happened to it, oldest first."""
        query = select(changes).where(changes.c.approval_id == approval_id).order_by(changes.c.seq)
        return [
            Change(row.approval_id, row.seq, ChangeKind(row.what), row.staff_id, row.note, row.at)
            for row in await self._store.read(query)
        ]


def approval_of(row: Row[Any]) -> Approval:
    """The approval in a row."""
    return Approval(
        row.id,
        row.kind,
        row.subject,
        row.payload,
        row.maker,
        ApprovalState(row.state),
        row.proposed_at,
        row.checker,
        row.decided_at,
        row.reason,
        row.result,
    )


def add_change(tx: Connection, approval_id: str, what: ChangeKind, staff_id: str, note: str, at: datetime) -> None:
    """Write the next row of its history; the caller holds the approval's row."""
    last = tx.execute(select(func.max(changes.c.seq)).where(changes.c.approval_id == approval_id)).scalar()
    tx.execute(
        insert(changes).values(
            approval_id=approval_id,
            seq=(last or 0) + 1,
            what=what,
            staff_id=staff_id,
            note=note,
            at=at,
        )
    )
