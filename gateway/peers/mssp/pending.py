"""Signatures that this process has asked for: by our id, with the service's id and what it has posted by itself.

It is what makes a request with the same id the same request while the process lives. After a crash it is empty; then
the moment inside the id, sent as Instant, makes the service refuse the repetition (unique AP_TransID and Instant).
"""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, field

from gateway.wire.mss import SignatureResponse, StatusResponse

KEPT_MAX = 5_000
Posted = SignatureResponse | StatusResponse


@dataclass(slots=True)
class Pending:
    """One of them. `mssp_id` is '' until the service has answered; what is posted while nobody waits is not kept."""

    mssp_id: str = ""
    awaited: bool = True
    news: asyncio.Event = field(default_factory=asyncio.Event)
    posted: Posted | None = None

    async def pause(self, at_most_s: float) -> Posted | None:
        """Wait for news, or that long; what was posted, if it is about this one."""
        try:
            async with asyncio.timeout(at_most_s):
                await self.news.wait()
        except TimeoutError:
            return None
        self.news.clear()
        posted, self.posted = self.posted, None
        return posted if posted is not None and posted.mssp_trans_id == self.mssp_id else None


class Pendings:
    """All of them; the oldest are forgotten beyond KEPT_MAX."""

    def __init__(self) -> None:
        self._held: OrderedDict[str, Pending] = OrderedDict()

    def get(self, transaction_id: str) -> Pending | None:
        """One that was asked for."""
        return self._held.get(transaction_id)

    def rest(self, transaction_id: str) -> None:
        """Nobody waits for it any more."""
        pending = self._held.get(transaction_id)
        if pending is not None:
            pending.awaited, pending.posted = False, None

    def begin(self, transaction_id: str) -> Pending:
        """Note one before it is sent."""
        self._held[transaction_id] = pending = Pending()
        while len(self._held) > KEPT_MAX:
            self._held.popitem(last=False)
        return pending

    def forget(self, transaction_id: str) -> None:
        """It was never sent."""
        self._held.pop(transaction_id, None)

    def posted(self, message: Posted) -> bool:
        """Wake who waits; False if nobody here does. It may come before the answer that tells the service's id."""
        pending = self._held.get(message.ap.trans_id)
        if pending is None or not pending.awaited or pending.mssp_id not in {"", message.mssp_trans_id}:
            return False
        pending.posted = message
        pending.news.set()
        return True
