"""Defects planted on purpose: writers that a careless hand could have written. The rig must find each of them."""

from collections.abc import Callable

from sqlalchemy.ext.asyncio import AsyncEngine

from wallet.errors import LedgerUnavailable
from wallet.ledger.book import Decision
from wallet.ledger.faults import UNREACHABLE
from wallet.ledger.jobs import answer
from wallet.ledger.store import Committing, Group
from wallet.ledger.writer import T, Writer
from wallet.transfers import Outcome, PostResult


class ForgetfulWriter(Writer):
    """Tries again after a COMMIT without an answer, and never looks whether it was done."""

    async def _run(self, group: Group) -> Committing:
        group.doubtful = []
        return await super()._run(group)


class TrustingWriter(Writer):
    """Takes a COMMIT whose reply was lost for done."""

    async def _run(self, group: Group) -> Committing:
        try:
            return await super()._run(group)
        except UNREACHABLE:
            if group.doubtful:
                return group.doubtful[-1]
            raise


class HastyWriter(Writer):
    """Answers before COMMIT."""

    async def _on_postgresql(self, engine: AsyncEngine, work: Callable[..., T], *arguments: object) -> T:
        async with engine.connect() as connection:
            try:
                done = await connection.run_sync(work, *arguments)
                if isinstance(done, Committing):
                    answer(self._committing, done.decision)
                await connection.commit()
            except BaseException:
                await connection.invalidate()
                raise
        return done


class RefusingWriter(Writer):
    """Takes a COMMIT whose reply was lost for failed, and tells its callers that nothing was posted."""

    async def _settle(self, group: Group) -> Decision:
        if group.doubtful:
            return self._refused(group)
        try:
            return (await self._run(group)).decision
        except UNREACHABLE as fault:
            if not group.doubtful:
                raise LedgerUnavailable("as it should be") from fault
            return self._refused(group)

    def _refused(self, group: Group) -> Decision:
        asked = [transfer for entry in group.entries for transfer in entry]
        return Decision([PostResult(Outcome.INSUFFICIENT_FUNDS, transfer) for transfer in asked])
