"""Cover: float against trust, now and at the ends of days; an alarm while it is short."""

from datetime import datetime, timedelta

from gateway.services.closing.book import Parts
from gateway.services.closing.cover import covers_of
from gateway.services.closing.model import Cover, CoverDay
from gateway.services.closing.sealing import Sealing

FRESH = timedelta(seconds=30)
"""How long the cover of now is shown before it is counted again: that reads every account."""


EVERY = timedelta(seconds=60)
"""How often it is counted for the alarm."""


class Covering(Sealing):
    """Counts and rings."""

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        self._covers: tuple[datetime, list[Cover]] | None = None
        self._measured_at: datetime | None = None

    async def cover(self) -> list[Cover]:
        """The cover of each currency as of now, or a few seconds ago; rials first."""
        now = self._clock.now()
        if self._covers is None or not timedelta() <= now - self._covers[0] < FRESH:
            sums = await self._ledger.trial_balance()
            self._covers = now, covers_of(sums, await self._bank_says(self.today()), now)
        return self._covers[1]

    async def cover_history(self, days: int) -> list[CoverDay]:
        """The cover at the ends of the last days since the book began, oldest first; the last one is that of now."""
        first, today, found = await self._first_day(), self.today(), list[CoverDay]()
        day = today - timedelta(days=days - 1)
        while first is not None and day < today:
            if day >= first:
                found.append(CoverDay(day, await self._covers_at(day, await self.sums_of(day))))
            day += timedelta(days=1)
        return [*found, CoverDay(today, await self.cover())]

    async def measure(self) -> None:
        """Set the gauges, and ring while the float is above the trust account; now and then, for all sweeps."""
        now = self._clock.now()
        if self._measured_at is not None and timedelta() <= now - self._measured_at < EVERY:
            return
        self._measured_at = now
        # So that the lists of days that are over need not wait for it.
        if (first := await self._first_day()) is not None and (day := self.today() - timedelta(days=1)) >= first:
            await self.sums_of(day)
        metrics = self._parts.metrics
        for cover in await self.cover():
            metrics.cover.labels(cover.asset, "float").set(cover.float_minor)
            metrics.cover.labels(cover.asset, "trust").set(cover.trust_minor)
            metrics.cover_short.labels(cover.asset).set(cover.short_minor)
            if cover.short_minor:
                figures = {"float_minor": cover.float_minor, "trust_minor": cover.trust_minor}
                self._log.error("float_not_covered", asset=cover.asset, short_minor=cover.short_minor, **figures)
