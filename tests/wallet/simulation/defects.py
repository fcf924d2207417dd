"""Defects planted on purpose: writers that a careless hand could have written. The rig must find each of them."""

from collections.abc import Callable

from sqlalchemy.ext.asyncio import AsyncEngine

from wallet.errors import LedgerUnavailable
from wallet.ledger.book import Decision
from wallet.ledger.faults import UNREACHABLE
from wallet.ledger.jobs import answer
from wallet.ledger.store import Committing, Group
from wallet.ledger.writer import Writer, _Try
from wallet.transfers import Outcome, PostResult


class ForgetfulWriter(Writer):
    """Tries again after a COMMIT without an answer, and never looks whether it was done."""

    async def _run(self, group: Group, run: _Try) -> Committing | None:
        group.doubtful = None
        return await super()._run(group, run)


class TrustingWriter(Writer):
    """Takes a COMMIT whose reply was lost for done."""

    async def _run(self, group: Group, run: _Try) -> Committing | None:
        try:
            return await super()._run(group, run)
        except UNREACHABLE:
            if run.committing is not None:
                return run.committing
            raise


class HastyWriter(Writer):
    """Answers before COMMIT."""

    async def _on_postgresql(
        self, engine: AsyncEngine, run: _Try, work: Callable[..., Committing | None], *arguments: object
    ) -> Committing | None:
        async with engine.connect() as connection:
            try:
                committing = await connection.run_sync(work, *arguments)
                run.committing = committing
                if committing is not None:
                    answer(self._committing, committing.decision)
                await connection.commit()
            except BaseException:
                await connection.invalidate()
                raise
        return committing


class RefusingWriter(Writer):
    """Takes a COMMIT whose reply was lost for failed, and tells its callers that nothing was posted."""

    async def _settle(self, group: Group, doubtful: Committing | None = None) -> Decision:
        run = _Try()
        if doubtful is not None:
            return self._refused(group)
        try:
            await self._run(group, run)
        except UNREACHABLE as fault:
            if run.committing is None:
                raise LedgerUnavailable("as it should be") from fault
            return self._refused(group)
        assert run.committing is not None, "a first try is decided anew"
        return run.committing.decision

    def _refused(self, group: Group) -> Decision:
        asked = [transfer for entry in group.entries for transfer in entry]
        return Decision([PostResult(Outcome.INSUFFICIENT_FUNDS, transfer) for transfer in asked])
