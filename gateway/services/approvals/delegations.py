"""Who stands in for whom: kept for good, so that a stand-in who is taken back still counts for what waits meanwhile."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from sqlalchemy import Connection, Row, insert, select, update

from gateway.observe import log
from gateway.services.approvals.model import Checker, Delegation, DelegationOutcome, StandIn
from gateway.services.approvals.tables import delegations
from gateway.store import Store
from wallet.clock import Clock
from wallet.ids import new_id

LASTS_MAX = timedelta(days=92)
REASON_MAX = 200
ADMINISTRATOR = "administrator"
"""The role that may make and take back delegations of others."""


class Directory(Protocol):
    """Roles of members of staff."""

    async def roles_of(self, staff_id: str) -> frozenset[str] | None:
        """Their roles now; None for nobody and for those who are disabled."""
        ...


@dataclass(frozen=True, slots=True)
class Held:
    """Delegations as they were read, for many questions."""

    rows: Sequence[Delegation]
    roles: Mapping[str, frozenset[str]]
    now: datetime

    def principals(self, delegate: str, kind: str) -> list[StandIn]:
        """Those whom this member stands in for now."""
        ids = self._named_by({delegate}, kind, self.now)
        return [StandIn(one, self.roles[one]) for one in sorted(ids) if one in self.roles]

    def stood_in(self, delegates: Collection[str], kind: str, since: datetime) -> frozenset[str]:
        """Those whom any of these members has stood in for at any moment since, or does now, over any chain.

        A chain gives nobody a voice, but whoever is at its end counts as everybody on it.
        """
        found: set[str] = set()
        while more := self._named_by(found.union(delegates), kind, since) - found:
            found |= more
        return frozenset(found)

    def _named_by(self, delegates: Collection[str], kind: str, since: datetime) -> set[str]:
        mine = (row for row in self.rows if row.delegate in delegates and row.ends > since)
        return {row.principal for row in mine if not row.kinds or kind in row.kinds}


class Delegations:
    """Who stands in for whom."""

    def __init__(self, store: Store, clock: Clock, directory: Directory) -> None:
        self._store = store
        self._clock = clock
        self._directory = directory
        self._log = log(service="approvals")

    async def delegate(
        self,
        principal: str,
        delegate: str,
        kinds: Collection[str],
        begins: datetime,
        ends: datetime,
        reason: str,
        by: Checker,
    ) -> DelegationOutcome:
        """Let somebody stand in, for these kinds or, if none are named, for all. Chains give no voice.

        It gives nobody a second vote: a stand-in who is a maker, or has voted, is refused when they vote. An
        administrator names stand-ins for others, but never themself.
        """
        now = self._clock.now()
        if by.id != principal and (ADMINISTRATOR not in by.roles or by.id == delegate):
            return DelegationOutcome.NOT_YOURS
        if principal == delegate:
            return DelegationOutcome.SELF
        if not begins < ends or ends <= now or ends - begins > LASTS_MAX:
            return DelegationOutcome.PERIOD
        if not 0 < len(reason.strip()) <= REASON_MAX:
            return DelegationOutcome.REASON
        for one in (principal, delegate):
            if await self._directory.roles_of(one) is None:
                return DelegationOutcome.UNKNOWN_STAFF
        # Not dated back: what was decided meanwhile was decided without it.
        row = {
            "id": new_id("dlg", self._clock),
            "principal": principal,
            "delegate": delegate,
            "kinds": sorted(set(kinds)),
            "begins": max(begins, now),
            "ends": ends,
            "reason": reason.strip(),
            "made_by": by.id,
            "made_at": now,
        }
        await self._store.write(lambda tx: tx.execute(insert(delegations).values(row)).rowcount)
        self._log.info("delegated", delegation=row["id"], principal=principal, delegate=delegate, by=by.id)
        return DelegationOutcome.OK

    async def take_back(self, delegation_id: str, by: Checker) -> DelegationOutcome:
        """End it now."""
        now = self._clock.now()

        def work(tx: Connection) -> DelegationOutcome:
            mine = delegations.c.id == delegation_id
            row = tx.execute(select(delegations).where(mine).with_for_update(key_share=True)).one_or_none()
            if row is None or row.ends <= now:
                return DelegationOutcome.UNKNOWN
            if by.id != row.principal and ADMINISTRATOR not in by.roles:
                return DelegationOutcome.NOT_YOURS
            tx.execute(update(delegations).where(mine).values(ends=now))
            return DelegationOutcome.OK

        return await self._store.write(work)

    async def standing(self, *, limit: int = 200) -> list[Delegation]:
        """What holds now or will, the newest first."""
        query = select(delegations).where(delegations.c.ends > self._clock.now())
        rows = await self._store.read(query.order_by(delegations.c.id.desc()).limit(limit))
        return [_delegation(row) for row in rows]

    async def held(self, delegate: str, since: datetime) -> Held:
        """Every delegation that held at any moment since, and the roles of those whom this member stands in for."""
        now = self._clock.now()
        query = select(delegations).where(delegations.c.begins <= now, delegations.c.ends > since)
        rows = tuple(_delegation(row) for row in await self._store.read(query))
        ids = {row.principal for row in rows if row.delegate == delegate and row.ends > now}
        roles = {one: await self._directory.roles_of(one) for one in sorted(ids)}
        return Held(rows, {one: has for one, has in roles.items() if has is not None}, now)

    async def principals(self, delegate: str, kind: str) -> list[StandIn]:
        """Those whom this member stands in for now, for this kind, with their roles now; disabled ones are left out."""
        return (await self.held(delegate, self._clock.now())).principals(delegate, kind)

    async def stood_in(self, delegates: Collection[str], kind: str, since: datetime) -> frozenset[str]:
        """Those whom any of these members has stood in for at any moment since, or does now, over any chain."""
        return (await self.held("", since)).stood_in(delegates, kind, since)


def _delegation(row: Row[Any]) -> Delegation:
    return Delegation(
        row.id,
        row.principal,
        row.delegate,
        frozenset(row.kinds),
        row.begins,
        row.ends,
        row.reason,
        row.made_by,
    )
