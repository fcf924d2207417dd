"""The sweep: what a crash, or a ledger that was down or refused, left of taps and refunds goes on."""

from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime, timedelta

from gateway.errors import KeysUnavailable, Overloaded, StoreUnavailable
from gateway.observe import log
from gateway.services.taps import journal, refund_journal
from gateway.services.taps.driver import LEDGER_FAULTS, Driver
from gateway.services.taps.ports import Parts
from gateway.services.taps.rows import refund_of, tap_of

SWEEP_MAX = 200
_LOOKED_AT_MAX = 2000
"""Rows that a sweep looks at: those that the ledger refused a moment ago must not hide the others."""
_BACKOFF_MAX_S = 3600
_DOWN = (*LEDGER_FAULTS, StoreUnavailable, KeysUnavailable, Overloaded)
_DOWN_MAX = 3
"""So often in one sweep what everything stands on may be away: then the rest would only wait for it too."""


class Sweep:
    """Drives on what waits, oldest first. What failed is behind the others the next time."""

    def __init__(self, parts: Parts, driver: Driver) -> None:
        self._parts, self._store, self._driver = parts, parts.store, driver
        self._failures = parts.metrics.worker_failures.labels("sweep_taps")
        self._faulty: set[str] = set()

    async def run(self) -> int:
        """Once over all that is due; how many taps and refunds were looked after.

        Raises:
            LedgerUnavailable, LedgerBusy, TimeoutError, StoreUnavailable, KeysUnavailable, Overloaded: It is away.
        """
        now = self._parts.clock.now()
        before = now - timedelta(seconds=self._parts.settings.sweep_after_s)
        rows = await self._store.read(journal.unfinished_query(now, before, _LOOKED_AT_MAX))
        taps = [tap.id for tap in map(tap_of, rows) if _is_due(tap.changed_at, tap.refund_attempt, now)]
        waiting = await self._store.read(refund_journal.unfinished_refunds(before, _LOOKED_AT_MAX))
        refunds = [one.id for one in map(refund_of, waiting) if _is_due(one.changed_at, one.attempt, now)]
        self._faulty.intersection_update({*taps, *refunds})
        return await self._each(taps, self._driver.drive) + await self._each(refunds, self._driver.drive_refund)

    async def _each(self, ids: Iterable[str], drive: Callable[[str], Awaitable[object]]) -> int:
        done = down = 0
        for id_ in sorted(ids, key=self._faulty.__contains__)[:SWEEP_MAX]:
            self._faulty.add(id_)
            try:
                await drive(id_)
            except Exception as problem:
                # As at the boundary of a worker's tick: what is wrong with one must not keep the others waiting.
                self._failures.inc()
                log().exception("tap_sweep_failed", subject=id_, fault=type(problem).__name__)
                down += isinstance(problem, _DOWN)
                if down == _DOWN_MAX:
                    raise
                continue
            self._faulty.discard(id_)
            done += 1
        return done


def _is_due(changed_at: datetime, attempts: int, now: datetime) -> bool:
    """Whether what the ledger refused so often has waited long enough."""
    return changed_at + timedelta(seconds=min(2**attempts - 1, _BACKOFF_MAX_S)) <= now
