"""Wires whose provider is acknowledged at once and takes the page by a call of ours: what they are, and their clerk.

The hop is worked at after the acknowledgement, in a task of the house. Its page is stored with its session before it is
sent, so that a delivery that comes again gets the same page; a call that fails is made again while the network still
waits, and then given up: the session stays where it is, and the next dial offers to go on; a last page that was not
sent is what the next dial begins with.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol, runtime_checkable

from gateway.channels.ussd.wire import Delivery, Outbound
from gateway.errors import Overloaded, PeerUnavailable
from gateway.observe import Metrics, log
from wallet.clock import Clock

IN_HAND_MAX = 500
"""Hops that were acknowledged and have no page yet; more are refused at the door."""
SEND_S = 15.0
"""How long a network waits for a page; later than that nobody reads it."""


@dataclass(frozen=True, slots=True)
class Account:
    """Where pages are sent and as whom.

    Attributes:
        url: The provider's address.
        user: `spId` of Parlay X.
        password: Its password, or the bearer token of OneAPI.
        service: `serviceId` of Parlay X, the notify address of OneAPI.
    """

    url: str
    user: str = ""
    password: str = field(default="", repr=False)
    service: str = ""


@runtime_checkable
class LaterWire(Protocol):
    """What such a wire has besides the parts of a Wire."""

    def sending(self, delivery: Delivery, text: str, *, more: bool, account: Account, now: datetime) -> Outbound:
        """The request that shows a page in the session of `delivery`; `tail` is put behind the account's address."""
        ...


class Poster(Protocol):
    """Makes calls to providers; satisfied by peers/ussd."""

    async def post(self, url: str, sent: Outbound) -> None:
        """Make one call.

        Raises:
            PeerUnavailable: It was not taken.
        """
        ...


Answer = Callable[[], Awaitable[tuple[str, bool]]]
"""The page of a hop and whether the session stays open; never raises."""
Unseen = Callable[[], Awaitable[None]]
"""Is told that the last page of a session was not sent; never raises."""


class Clerk:
    """Sends pages after the acknowledgement. Its tasks belong to `tasks`."""

    def __init__(self, poster: Poster, tasks: asyncio.TaskGroup, clock: Clock, metrics: Metrics) -> None:
        self._poster = poster
        self._tasks = tasks
        self._clock = clock
        self._metrics = metrics
        self.in_hand = 0
        """Hops whose page is not sent yet."""

    def take(
        self, wire: LaterWire, name: str, account: Account, delivery: Delivery, answer: Answer, unseen: Unseen
    ) -> None:
        """Work at a hop and send its page.

        Raises:
            Overloaded: Too many are in hand; nothing was begun.
        """
        if self.in_hand >= IN_HAND_MAX:
            raise Overloaded("too many pages wait to be sent")
        self.in_hand += 1
        work = self._work(wire, name, account, delivery, answer, unseen)
        self._tasks.create_task(work, name=f"page-{name}").add_done_callback(self._done)

    def _done(self, _task: object) -> None:
        self.in_hand -= 1

    async def _work(
        self, wire: LaterWire, name: str, account: Account, delivery: Delivery, answer: Answer, unseen: Unseen
    ) -> None:
        more = True
        try:
            text, more = await answer()
            sent = wire.sending(delivery, text, more=more, account=account, now=self._clock.now())
            url = f"{account.url.rstrip('/')}/{sent.tail}" if sent.tail else account.url
            async with asyncio.timeout(SEND_S):
                await self._poster.post(url, replace(sent, tail=""))
        except (PeerUnavailable, TimeoutError) as problem:
            self._metrics.hops.labels(wire=name, end="not_sent").inc()
            log(wire=name).warning("a page could not be sent", fault=type(problem).__name__)
        except Exception:  # noqa: BLE001 - a worker's tick: one page must not end the others
            self._metrics.hops.labels(wire=name, end="broken").inc()
            log(wire=name).exception("a page broke")
        else:
            return
        if not more:
            await unseen()


__all__ = ["Account", "Clerk", "LaterWire", "Poster"]
