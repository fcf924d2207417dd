"""The front door of this service, and what its worker does."""

from datetime import timedelta

from gateway.errors import Conflict, Fault
from gateway.observe import log
from gateway.services.reconciliation.model import FlowName, Run, RunState
from gateway.services.reconciliation.sealing import Sealing
from wallet.errors import WalletFault
from wallet.reconciliation import Verdict

PAUSE = timedelta(minutes=5)
"""After a run that came to nothing."""
_LOG = log(service="reconciliation")


class Reconciliation(Sealing):
    """Each way of money, read in all books that know of it; what agrees, what does not, and what staff say of that."""

    async def tick(self) -> int:
        """Drive what was asked for or has died, and read each flow that is due; how many runs. A worker's tick."""
        done = 0
        for flow in self.flows:
            try:
                done += await self._look_at(flow)
            except Conflict:
                # Another process is at it.
                continue
            except (Fault, WalletFault) as fault:
                _LOG.warning("recon_waits", flow=flow.value, fault=type(fault).__name__)
        await self.measure()
        return done

    async def measure(self) -> None:
        """How much stands open: groups, and their sum where the books differ."""
        for flow in self.flows:
            totals = await self.totals(flow)
            self._parts.metrics.recon_open.labels(flow.value).set(totals.open)
            minor = sum(abs(line.minor) for line in totals.lines if line.verdict is not Verdict.MATCHED)
            self._parts.metrics.recon_open_minor.labels(flow.value).set(minor)

    async def _look_at(self, flow: FlowName) -> int:
        if await self._at_work(flow):
            return 0
        run = await self._unfinished(flow) or await self._due(flow)
        if run is None:
            return 0
        await self.run(run.id)
        return 1

    async def _due(self, flow: FlowName) -> Run | None:
        """A new run, where a day is over that none has read since, or the other side has sent more."""
        last = next(iter(await self.runs(flow=flow, limit=1)), None)
        if last is not None and last.state is RunState.STOPPED and self._rests(last):
            return None
        through = await self.due_day()
        if through < await self.open_from():
            return None
        standing = await self.standing(flow)
        watch = self._parts.watches.get(flow)
        fresh = watch is not None and (await watch.evidence()).mark != await self._last_mark(flow)
        if standing is not None and standing.through >= through and not fresh and not self._early(standing):
            return None
        return await self.start(flow, through)

    def _early(self, run: Run) -> bool:
        """Whether the run's last day was not over when it began, and is now."""
        return self._day_of(run.started_at) <= run.through < self._today()

    def _rests(self, run: Run) -> bool:
        return run.finished_at is not None and self._clock.now() - run.finished_at < PAUSE
