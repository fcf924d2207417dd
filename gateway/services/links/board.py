"""The verbs of this service: say, list, forget."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, insert, select

from gateway.services.links.model import LinkStatus
from gateway.services.links.tables import LINKS
from gateway.store import Store
from wallet.clock import Clock

SILENT_S = 15
"""A report that is older says nothing about now: its process hangs or is gone."""
FORGOTTEN_S = 3600
"""A report that is older is swept."""


@dataclass(frozen=True, slots=True)
class LinkReport:
    """What a process said of a link, and when; `silent` if that is too long ago to be true now."""

    process: str
    status: LinkStatus
    seen_at: datetime
    silent: bool


class LinkBoard:
    """Every process says what its links do; whoever asks sees the links of all."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def say(self, process: str, statuses: Sequence[LinkStatus]) -> None:
        """Replace what `process` said before."""
        now = self._clock.now()
        rows = [_row(process, status, now) for status in statuses]

        def work(tx: Connection) -> None:
            tx.execute(delete(LINKS).where(LINKS.c.process == process))
            if rows:
                tx.execute(insert(LINKS), rows)

        await self._store.write(work)

    async def reports(self) -> list[LinkReport]:
        """What every process said last, by link and process."""
        rows = await self._store.read(select(LINKS).order_by(LINKS.c.name, LINKS.c.process))
        silent = self._clock.now() - timedelta(seconds=SILENT_S)
        return [
            LinkReport(
                row.process,
                LinkStatus(name=row.name, since=row.since, **row.status),
                row.seen_at,
                row.seen_at < silent,
            )
            for row in rows
        ]

    async def sweep(self) -> int:
        """Forget processes that are long gone; how many links."""
        old = self._clock.now() - timedelta(seconds=FORGOTTEN_S)
        return await self._store.write(lambda tx: tx.execute(delete(LINKS).where(LINKS.c.seen_at < old)).rowcount)


def _row(process: str, status: LinkStatus, now: datetime) -> dict[str, object]:
    values = asdict(status)
    return {
        "process": process,
        "name": values.pop("name"),
        "since": values.pop("since"),
        "status": values,
        "seen_at": now,
    }
