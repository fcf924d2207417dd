"""The opt-out list: numbers that want no campaigns. Codes, receipts and warnings go to them all the same."""

from collections.abc import Collection

from sqlalchemy import delete, select

from gateway.services.messages.tables import OPT_OUTS
from gateway.store import Store, insert_ignore
from wallet.clock import Clock

ASKED_MAX = 500
"""Numbers that one question to the store names; both engines take more, but not without end."""


class OptOuts:
    """Who has written STOP and not START since."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def stop(self, msisdn: str) -> None:
        """Put a number on the list; harmless when it is there."""
        row = {"msisdn": msisdn, "since": self._clock.now()}
        await self._store.write(lambda tx: insert_ignore(tx, OPT_OUTS, row))

    async def start(self, msisdn: str) -> None:
        """Take a number off the list; harmless when it is not there."""
        mine = delete(OPT_OUTS).where(OPT_OUTS.c.msisdn == msisdn)
        await self._store.write(lambda tx: tx.execute(mine).rowcount)

    async def stopped(self, msisdn: str) -> bool:
        """Whether this number wants no campaigns."""
        return bool(await self.stopped_among([msisdn]))

    async def stopped_among(self, msisdns: Collection[str]) -> set[str]:
        """Those of the numbers that want no campaigns."""
        asked = list(msisdns)
        found: set[str] = set()
        for first in range(0, len(asked), ASKED_MAX):
            query = select(OPT_OUTS.c.msisdn).where(OPT_OUTS.c.msisdn.in_(asked[first : first + ASKED_MAX]))
            found |= {str(row.msisdn) for row in await self._store.read(query)}
        return found
