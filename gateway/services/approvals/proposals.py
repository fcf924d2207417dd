"""The maker's half: propose and look. Services that propose take this half, so that nobody needs nobody's executor."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select

from gateway.services.approvals.model import Approval, ApprovalState, Change, ChangeKind, Vote, VoteKind
from gateway.services.approvals.policy import Band, Policy
from gateway.services.approvals.tables import approvals, changes, votes
from gateway.services.history import History
from gateway.store import Store, insert_ignore
from wallet.clock import Clock
from wallet.ids import new_id
from wallet.money import ASSETS, Money

add_change = History(changes, "approval_id").add
"""Writes the next row of its history; the caller holds the approval's row."""


class Proposals:
    """What waits for a decision.

    Args:
        store: The gateway's store.
        clock: The time.
        policy: Freezes into each proposal what its kind and amount ask for; without one that is looked up when somebody
            decides.
    """

    def __init__(self, store: Store, clock: Clock, policy: Policy | None = None) -> None:
        self._store = store
        self._clock = clock
        self._policy = policy

    async def propose(
        self,
        kind: str,
        subject: str,
        payload: Mapping[str, str],
        maker: str,
        *,
        amount: Money | None = None,
        not_before: datetime | None = None,
        barred: Collection[str] = (),
    ) -> Approval:
        """Propose; while one of this kind and subject waits, that one is returned instead.

        Args:
            kind: Decides who may agree, and what is done then.
            subject: Business id of what it is about.
            payload: What the checker is shown besides.
            maker: Staff id.
            amount: Of money that it moves: decides the band.
            not_before: Nobody may agree before, as after a change of payee or SIM; the band's own cool-down may be
                longer.
            barred: Staff ids of whom it is about, who do not decide it.
        """
        approval_id = new_id("apr", self._clock)
        now = self._clock.now()
        band = self._policy.band(kind, amount) if self._policy else None
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
            "amount": amount.minor if amount else None,
            "asset": amount.asset.code if amount else None,
            "not_before": not_before,
            "band": band.frozen() if band else None,
            "barred": sorted(set(barred)),
        }

        def work(tx: Connection) -> Approval:
            if insert_ignore(tx, approvals, row):
                add_change(tx, approval_id, ChangeKind.PROPOSED, maker, "", now)
                add_vote(tx, approval_id, VoteKind.MAKE, maker, maker, now)
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

    async def votes(self, approval_ids: Collection[str]) -> dict[str, list[Vote]]:
        """Makers and those who have agreed, of each of these approvals, oldest first."""
        query = select(votes).where(votes.c.approval_id.in_(sorted(approval_ids))).order_by(votes.c.at)
        found: dict[str, list[Vote]] = {approval_id: [] for approval_id in approval_ids}
        for row in await self._store.read(query):
            found[row.approval_id].append(vote_of(row))
        return found


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
        Money(row.amount, ASSETS[row.asset]) if row.asset else None,
        row.not_before,
        Band.thawed(row.band) if row.band else None,
        frozenset(row.barred or ()),
    )


def vote_of(row: Row[Any]) -> Vote:
    """The vote in a row."""
    return Vote(VoteKind(row.what), row.principal, row.voter, row.at)


def add_vote(tx: Connection, approval_id: str, what: VoteKind, principal: str, voter: str, at: datetime) -> None:
    """Keep what somebody said; the caller holds the approval's row and knows that they may."""
    row = {"approval_id": approval_id, "principal": principal, "voter": voter, "what": what, "at": at}
    tx.execute(insert(votes).values(row))
