"""All links together: one carrier that picks a link for each message, and another one when that does not take it."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Self

from gateway.observe import Metrics
from gateway.peers.smsc.health import HEALTHY_MIN
from gateway.peers.smsc.inbound import Inbound
from gateway.peers.smsc.link import Late, Link
from gateway.peers.smsc.outlet import WAIT_MAX_S
from gateway.peers.smsc.profile import BindKind, LinkProfile
from gateway.peers.smsc.routing import Route, groups_of, shuffled
from gateway.peers.smsc.statuses import Action
from gateway.services.dialogues.push import Pusher
from gateway.services.links import LinkStatus
from gateway.services.notices import Outgoing, PartResult, PartState, Report
from gateway.wire import gsm
from gateway.wire.smpp import Status
from wallet.clock import Clock

TRIES_MAX = 3
"""Links that one message is offered to before it is given back."""
OFFER_MAX_S = 5.0
"""Nobody else is asked after so long, so that a send is over before its lease; the next try avoids what was slow."""
OBSERVE_S = 1.0


class Links:
    """The Carrier of SMS. `run` keeps all links up, until `stop`."""

    def __init__(
        self,
        profiles: Sequence[LinkProfile],
        routes: Sequence[Route],
        make: Callable[[LinkProfile], Link],
        metrics: Metrics,
    ) -> None:
        """`make` builds the link of a profile; `profiles` have names of their own."""
        self._links: Mapping[str, Link] = {profile.name: make(profile) for profile in profiles}
        self._routes = tuple(routes)
        self._others = {profile.name: 1 for profile in profiles if profile.bind is not BindKind.RX}
        self._metrics = metrics
        self._stopping = asyncio.Event()

    @classmethod
    def of(
        cls,
        profiles: Sequence[LinkProfile],
        routes: Sequence[Route],
        inbound: Inbound,
        clock: Clock,
        metrics: Metrics,
        *,
        drain_s: float = 5.0,
    ) -> Self:
        """Links of these profiles, whose messages and receipts go to `inbound`."""

        def make(profile: LinkProfile) -> Link:
            return Link(profile, inbound, clock, metrics, drain_s=drain_s)

        return cls(profiles, routes, make, metrics)

    def tell_late(self, late: Late) -> None:
        """Tell what becomes of parts that a report had as uncertain: answered as taken, after they were due."""
        for link in self._links.values():
            link.late = late

    @property
    def room(self) -> int:
        """How many parts more the links would send soon; one for a link whose health has to be tried out."""
        return sum(link.room if link.health >= HEALTHY_MIN else min(1, link.room) for link in self._links.values())

    def pushers(self) -> Sequence[Pusher]:
        """Those whose operators take pushes."""
        return [link.pushes for link in self._links.values() if link.profile.ussd.pushes_max]

    @property
    def send_max_s(self) -> float:
        """How long a send may take: the last link that is asked makes it wait for its place and for its answer."""
        return OFFER_MAX_S + WAIT_MAX_S + max(link.profile.response_s for link in self._links.values())

    async def run(self) -> None:
        """Keep all links up until `stop`, then take leave of each."""
        async with asyncio.TaskGroup() as group:
            for link in self._links.values():
                group.create_task(link.run())
            observing = group.create_task(self._observe())
            await self._stopping.wait()
            for link in self._links.values():
                link.stop()
            observing.cancel()

    def stop(self) -> None:
        """Let `run` return; remembered if it has not begun."""
        self._stopping.set()

    def up(self) -> Mapping[str, bool]:
        """Each link and whether its binds stand."""
        return {name: link.bound for name, link in self._links.items()}

    def statuses(self) -> Sequence[LinkStatus]:
        """How each link stands."""
        return [link.status() for link in self._links.values()]

    async def send(self, message: Outgoing) -> Report:
        """Send the parts that are not done over one link; raises nothing, whatever happens is in the report."""
        if message.link:
            link = self._links.get(message.link)
            return await link.send(message) if link else self._all_parts(message, message.link, PartState.LATER)
        offered: list[Report] = []
        loop = asyncio.get_running_loop()
        until = loop.time() + OFFER_MAX_S
        for link in self._candidates(message):
            report = await link.send(message)
            if _settled(link, report):
                return report
            offered.append(report)
            if len(offered) == TRIES_MAX or loop.time() >= until:
                break
        return self._given_back(message, offered)

    def _candidates(self, message: Outgoing) -> Iterator[Link]:
        """Healthy links by group and weight; then those that are only up, as long as nothing better was there."""
        groups = groups_of(message, self._routes, self._others)
        ailing: list[Link] = []
        for group in groups:
            healthy: list[Link] = []
            for link in (self._links[name] for name in shuffled(group, message.id)):
                if link.ready and link.carries(message):
                    (healthy if link.health >= HEALTHY_MIN else ailing).append(link)
            # One that is full makes nobody wait while its neighbour has room.
            yield from sorted(healthy, key=lambda link: link.room == 0)
        yield from ailing

    def _given_back(self, message: Outgoing, offered: list[Report]) -> Report:
        """A refusal only if every link that the message may take has refused it; otherwise it is for later."""
        names = {name for group in groups_of(message, self._routes, self._others) for name in group}
        later = next((report for report in offered if _is_all(report, PartState.LATER)), None)
        if later is not None:
            return later
        able = {name for name in names if self._links[name].carries(message)}
        if not able:
            # No link of its route may ever send with that address.
            return self._all_parts(message, "", PartState.REFUSED, Status.INVALID_SOURCE)
        if offered and able <= {report.link for report in offered}:
            return offered[-1]
        return self._all_parts(message, offered[-1].link if offered else min(able), PartState.LATER)

    def _all_parts(self, message: Outgoing, name: str, state: PartState, status: int = 0) -> Report:
        """The report of a message that no link could be offered; cut as the named link would cut it."""
        link = self._links.get(name)
        try:
            total = gsm.parts_count(message.text, style=link.profile.style if link else gsm.DEFAULT)
        except ValueError:
            return Report(name, 1, (PartResult(1, PartState.REFUSED, status=Status.INVALID_MESSAGE_LENGTH),))
        # A link that is no longer there may have cut it into more; a report of no part would mean that all were taken.
        left = [number for number in range(1, total + 1) if number not in message.parts_done] or [total]
        return Report(name, total, tuple(PartResult(number, state, status=status) for number in left))

    async def _observe(self) -> None:
        while True:
            for status in self.statuses():
                self._metrics.link_window_used.labels(status.name).set(status.in_flight)
                self._metrics.link_waiting.labels(status.name).set(status.waiting)
                self._metrics.link_throttle_ratio.labels(status.name).set(status.throttle_ratio)
                self._metrics.link_health.labels(status.name).set(status.health)
            await asyncio.sleep(OBSERVE_S)


def _is_all(report: Report, state: PartState) -> bool:
    return all(part.state is state for part in report.parts)


def _settled(link: Link, report: Report) -> bool:
    """Whether no other link should be asked: something was taken or may have been, or nobody would take it."""
    states = {part.state for part in report.parts}
    if not states <= {PartState.LATER, PartState.REFUSED}:
        return True
    if any(part.state is PartState.REFUSED and link.action(part.status) is Action.FAIL for part in report.parts):
        return True
    # It only found no place in time on a link that is well: it waits for this one.
    return link.ready and all(part.state is PartState.LATER and not part.status for part in report.parts)
