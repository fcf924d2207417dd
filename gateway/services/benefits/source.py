"""Approved claims as a source of payout batches; satisfies services.payouts.ports.Source."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, select

from gateway.services.benefits.benefits import EXPENSE
from gateway.services.benefits.kinds import KINDS
from gateway.services.benefits.model import ClaimState
from gateway.services.benefits.ports import Claimants
from gateway.services.benefits.records import change, claim_of, held
from gateway.services.benefits.tables import claims
from gateway.services.payouts.model import Debit, Due
from gateway.services.payouts.ports import Verdict
from gateway.store import Store
from wallet.clock import Clock
from wallet.transfers import TransferCode

SOURCE = "benefits"
"""What batches call this source."""
PURPOSE = "SSBE"
"""ISO 20022 external purpose code: social security benefit."""


class ClaimSource:
    """What is approved and not yet on its way."""

    def __init__(self, store: Store, clock: Clock, people: Claimants) -> None:
        self._store = store
        self._clock = clock
        self._people = people

    async def due(self, *, after: str, limit: int) -> Sequence[Due]:
        """Approved claims that no batch has, in order of their ids, from after that one."""
        query = select(claims).where(
            claims.c.batch_id == "", claims.c.state == ClaimState.APPROVED, claims.c.id > after
        )
        dues = []
        for row in await self._store.read(query.order_by(claims.c.id).limit(limit)):
            claim, person = claim_of(row), await self._people.by_id(row.person_id)
            debit = Debit(EXPENSE, KINDS[claim.kind].name)
            name = person.name if person else ""
            code, to = TransferCode.BENEFIT, claim.person_id
            dues.append(Due(claim.id, to, name, "", claim.amount, debit, code, PURPOSE))
        return dues

    async def taken(self, source_ids: Sequence[str], batch_id: str) -> Sequence[str]:
        """Take them out of the reach of single releases; those that were free or are this batch's already."""
        now = self._clock.now()

        def work(tx: Connection) -> list[str]:
            mine = []
            for claim_id in sorted(set(source_ids)):
                row = held(tx, claim_id)
                if row is not None and row.state == ClaimState.APPROVED:
                    values = {"batch_id": batch_id, "due_at": None}
                    change(tx, claim_id, ClaimState.BATCHED, "", now, note=batch_id, **values)
                    mine.append(claim_id)
                elif row is not None and row.state == ClaimState.BATCHED and row.batch_id == batch_id:
                    mine.append(claim_id)
            return mine

        return await self._store.write(work)

    async def left(self, source_ids: Sequence[str], batch_id: str) -> None:
        """The batch gives them up: they are due again, and a single release is proposed anew."""
        now = self._clock.now()

        def work(tx: Connection) -> None:
            for claim_id in sorted(set(source_ids)):
                self._free(tx, claim_id, batch_id, batch_id, now)

        await self._store.write(work)

    async def ended(self, source_id: str, verdict: Verdict, item_id: str, at: datetime) -> None:
        """What came of it; told again it changes nothing."""
        mark = f"{item_id} {verdict.value}"

        def work(tx: Connection) -> None:
            row = held(tx, source_id)
            if row is None or row.item_id == mark:
                return
            if row.state == ClaimState.BATCHED and verdict is Verdict.PAID:
                change(tx, source_id, ClaimState.PAID, "", at, note=item_id, paid_at=at, item_id=mark)
            elif row.state == ClaimState.BATCHED and verdict is Verdict.NOT_PAID:
                self._free(tx, source_id, row.batch_id, mark, at, item_id=mark)
            elif verdict is Verdict.RETURNED and row.state in {ClaimState.BATCHED, ClaimState.PAID}:
                # The money lies in suspense; the returns desk sends it again, and no other batch may.
                change(tx, source_id, ClaimState.PAID, "", at, note=mark, paid_at=row.paid_at or at, item_id=mark)

        await self._store.write(work)

    def _free(self, tx: Connection, claim_id: str, batch_id: str, note: str, at: datetime, **values: object) -> None:
        row = held(tx, claim_id)
        if row is None or row.state != ClaimState.BATCHED or row.batch_id != batch_id:
            return
        change(tx, claim_id, ClaimState.APPROVED, "", at, note=note, batch_id="", due_at=at, **values)
