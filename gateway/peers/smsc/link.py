"""A link to one SMSC that is bound again whenever it can be, and carries messages, receipts and what people write."""

import asyncio
import secrets
from collections.abc import Callable
from contextlib import nullcontext, suppress
from functools import partial

from gateway.errors import PeerUnavailable
from gateway.observe import Metrics, log
from gateway.peers.smsc.binding import Unreachable, WrongPeer, connect, requests_of, tls_of
from gateway.peers.smsc.faults import BindRefused, NoAnswer
from gateway.peers.smsc.inbound import Inbound, Inbox, ReceiptBox
from gateway.peers.smsc.outbind import Callers
from gateway.peers.smsc.outlet import Outlet
from gateway.peers.smsc.pace import Backoff
from gateway.peers.smsc.profile import BindKind, LinkProfile
from gateway.peers.smsc.pushes import Pushes
from gateway.peers.smsc.session import Session
from gateway.peers.smsc.statuses import Action, status_label, status_name
from gateway.peers.smsc.submits import Submits
from gateway.peers.smsc.waiting import Job
from gateway.services.links import LinkStatus
from gateway.services.notices import Outgoing, PartResult, PartState, Report
from gateway.wire.smpp import DataSm, DeliverSm, Pdu, PduFault, Status
from wallet.clock import Clock

NO_PLACE_S = 0.5
"""When to come back with what found no place in time."""
STEADY_S = 10.0
"""A bind that lasted so long was a success; one that is cut at once is not tried again at once for ever."""
ALREADY_BOUND_TRIES = 5
"""An SMSC that has not noticed the end of our last bind refuses the next; so many times in a row it is no accident."""


Late = Callable[[Outgoing, Report], None]


def _jitter() -> float:
    return secrets.randbelow(1000) / 1000


class Link:
    """One link, of one bind or a pair. `run` keeps it up and lives in a TaskGroup of the application, until `stop`."""

    def __init__(
        self,
        profile: LinkProfile,
        inbound: Inbound | ReceiptBox,
        clock: Clock,
        metrics: Metrics,
        *,
        drain_s: float = 5.0,
        jitter: Callable[[], float] = _jitter,
    ) -> None:
        """`drain_s` is how long a stop waits for answers to what is in flight."""
        self.profile = profile
        self.alarm = ""
        """Why it cannot be bound without somebody's help, such as `bind_0x0E`; '' if nothing is known."""
        self.since = clock.now()
        """Moment of the last change between up and down."""
        self.outlet = Outlet(profile, metrics)
        self.late: Late | None = None
        """Told what a message's part became that its report had as uncertain."""
        self._submits = Submits(profile)
        self._clock = clock
        self._metrics = metrics
        self._drain_s = drain_s
        self._log = log(link=profile.name)
        self._sessions: tuple[Session, ...] = ()
        self._tls = tls_of(profile)
        self.callers = Callers(profile, self._called) if profile.outbind else None
        """Where the SMSC calls us, if it does."""
        self._stopping = asyncio.Event()
        self._broken = asyncio.Event()
        self._backoff = Backoff(profile.retry_min_s, profile.retry_max_s, jitter)
        self._already_bound = 0
        self._bound_at = 0.0
        inbound = inbound if isinstance(inbound, Inbound) else Inbound(inbound)
        self.pushes = Pushes(profile, self.outlet.first)
        """Shows pages unasked, where the operator takes such."""
        self._inbox = Inbox(profile, inbound, self.outlet.first, self.pushes, metrics)
        self._was_up = False
        self._up(is_up=False)
        metrics.link_alarm.labels(profile.name).set(0)

    @property
    def bound(self) -> bool:
        """Whether all binds that make the link stand."""
        return bool(self._sessions) and all(session.bound for session in self._sessions)

    @property
    def ready(self) -> bool:
        """Whether it would send now: bound for sending, and not paused by throttling."""
        return self.bound and self.outlet.ready(_loop_time())

    @property
    def room(self) -> int:
        """How many messages more it would send soon."""
        return self.outlet.room(_loop_time()) if self.bound else 0

    @property
    def health(self) -> int:
        """0 to 100; 0 while it is down."""
        return self.outlet.health.score(_loop_time()) if self.bound else 0

    def carries(self, message: Outgoing) -> bool:
        """Whether it sends at all, and may send with the address that the message asks for."""
        profile = self.profile
        if profile.bind is BindKind.RX:
            return False
        return not message.sender or message.sender == profile.sender or message.sender in profile.senders

    def action(self, status: int) -> Action:
        """What a status of this link means for a message."""
        return self.outlet.statuses.action(status)

    def status(self) -> LinkStatus:
        """How it stands."""
        now, outlet = _loop_time(), self.outlet
        return LinkStatus(
            name=self.profile.name,
            bind="outbind" if self.profile.outbind else self.profile.bind.value,
            up=self.bound,
            since=self.since,
            alarm=self.alarm,
            window=self.profile.window,
            in_flight=outlet.in_flight,
            waiting=outlet.waiting,
            rate=outlet.pace.rate,
            rate_max=self.profile.rate_max,
            throttle_ratio=outlet.health.throttle_ratio(now),
            error_ratio=outlet.health.error_ratio(now),
            latency_ms=outlet.health.latency_s * 1000,
            health=self.health,
            submitted=outlet.submitted,
            uncertain=outlet.uncertain,
        )

    async def run(self) -> None:
        """Connect, bind, carry, and again, until `stop`; then take no more, wait for answers, unbind."""
        listening = self.callers.listening() if self.callers else nullcontext()
        async with listening, asyncio.TaskGroup() as group:
            living = group.create_task(self._lives())
            await self._stopping.wait()
            if not self._sessions:
                living.cancel()

    def stop(self) -> None:
        """Let `run` take leave of the SMSC and return; remembered if it has not begun."""
        self._stopping.set()

    async def send(self, message: Outgoing) -> Report:
        """Send the parts of `message` that are not done; raises nothing, whatever happens is in the report."""
        try:
            pdus = self._submits.of(message, self._clock.now())
        except ValueError:
            refused = PartResult(1, PartState.REFUSED, status=Status.INVALID_MESSAGE_LENGTH)
            return Report(self.profile.name, 1, (refused,))
        sending, lane, done = _Sending(), message.lane, message.parts_done
        jobs = [Job(number, lane, pdu, sending.done) for number, pdu in pdus if number not in done]
        sending.left = len(jobs)
        self.outlet.put(jobs)
        try:
            if sending.left:
                await sending.future
        finally:
            for job in jobs:
                job.given_up = True
        if sending.uncertain and self.late is not None:
            sending.on_late = partial(self._came_late, self.late, message, len(pdus))
        return Report(self.profile.name, len(pdus), sending.parts(), self._wait_s(sending))

    def _came_late(self, late: Late, message: Outgoing, total: int, part: PartResult) -> None:
        late(message, Report(self.profile.name, total, (part,)))

    def requested(self, session: Session, pdu: Pdu) -> None:
        """As Owner."""
        if isinstance(pdu, DeliverSm | DataSm):
            self._inbox.take(session, pdu)
        else:
            self.refused("unexpected")

    def refused(self, what: str) -> None:
        """As Owner."""
        self._metrics.refused.labels(door="smpp", reason=what).inc()

    def writable(self) -> None:
        """As Owner."""
        self.outlet.pump()

    def ended(self, session: Session) -> None:
        """As Owner."""
        if session not in self._sessions:
            return
        self.outlet.shut()
        if not self._stopping.is_set() or all(each.why for each in self._sessions):
            self._broken.set()

    def _wait_s(self, sending: "_Sending") -> float | None:
        """When to come back: soon where only a place was missing, after the pause where the SMSC said slow down."""
        if not sending.later or not self.bound:
            return None
        statuses = {part.status for part in sending.results if part.state is PartState.LATER}
        if statuses <= {Status.OK, Status.THROTTLED, Status.QUEUE_FULL}:
            return max(NO_PLACE_S, self.outlet.pace.wait(_loop_time()))
        return None

    async def _lives(self) -> None:
        while not self._stopping.is_set():
            wait_s = await self._life()
            with suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._stopping.wait()

    async def _life(self) -> float:
        """From connecting to the end; how long to wait before the next one."""
        async with asyncio.TaskGroup() as group:
            self._inbox.open(group)
            try:
                self._sessions = await self._bind()
                self._begin()
                leaving = group.create_task(self._leave())
                await self._broken.wait()
                leaving.cancel()
            except BindRefused as problem:
                return self._bind_refused(problem)
            except (PeerUnavailable, PduFault) as problem:
                return self._not_bound(problem)
            finally:
                sessions, self._sessions = self._sessions, ()
                self._up(is_up=False)
                self._inbox.close()
            self._log.warning("link ended", why=next(session.why for session in sessions if session.why))
            for session in sessions:
                # One half alone is no link: with its receiver gone, what it sends has no receipts.
                await session.unbind(0)
                await session.until_lost()
        if _loop_time() - self._bound_at >= STEADY_S:
            self._backoff.reset()
        return self._backoff.next()

    async def _bind(self) -> tuple[Session, ...]:
        """All binds that make the link, or none."""
        sessions: list[Session] = []
        whole = False
        try:
            for request in requests_of(self.profile):
                sessions.append(await self._connect())
                await sessions[-1].bind(request, self.profile.bind_s)
            whole = all(session.bound for session in sessions)
            if not whole:
                raise NoAnswer("the other half of the pair has ended")
        finally:
            if not whole:
                for session in sessions:
                    session.end("not bound")
        return tuple(sessions)

    async def _connect(self) -> Session:
        return await (self.callers.next(self) if self.callers else connect(self.profile, self, self._tls))

    def _called(self) -> None:
        for session in self._sessions:
            session.end("called anew by the SMSC")

    def _begin(self) -> None:
        self._broken.clear()
        self._bound_at = _loop_time()
        self._already_bound = 0
        self._alarm("")
        self._count_bind("bound")
        self._up(is_up=True)
        self._log.info("link bound")
        if self.profile.bind is not BindKind.RX:
            self.outlet.open(self._sessions[-1])

    async def _leave(self) -> None:
        """On stop: first the bind that sends, then the one that receives."""
        await self._stopping.wait()
        for session in reversed(self._sessions):
            await self._inbox.drain(self._drain_s)
            await session.unbind(self._drain_s)

    def _bind_refused(self, problem: BindRefused) -> float:
        status = problem.status
        self._count_bind(status_label(status))
        self._log.error("bind refused", status=status_name(status), configured=problem.configured)
        self._already_bound = self._already_bound + 1 if status == Status.ALREADY_BOUND else 0
        if problem.configured or self._already_bound >= ALREADY_BOUND_TRIES:
            self._alarm(f"bind_0x{status:02X}")
            return self._backoff.refused()
        return self._backoff.next()

    def _not_bound(self, problem: PeerUnavailable | PduFault) -> float:
        names = {Unreachable: "unreachable", WrongPeer: "certificate", PduFault: "unfit"}
        name = names.get(type(problem), "no_answer")
        self._count_bind(name)
        self._log.warning("not bound", why=str(problem))
        if name in ("certificate", "unfit"):
            self._alarm(name)
            return self._backoff.refused()
        return self._backoff.next()

    def _alarm(self, code: str) -> None:
        if code and code != self.alarm:
            self._log.error("link needs somebody", alarm=code)
        self.alarm = code
        self._metrics.link_alarm.labels(self.profile.name).set(bool(code))

    def _up(self, *, is_up: bool) -> None:
        if is_up is not self._was_up:
            self._was_up, self.since = is_up, self._clock.now()
        self._metrics.links.labels(self.profile.name).set(is_up)

    def _count_bind(self, result: str) -> None:
        self._metrics.link_binds.labels(self.profile.name, result).inc()


class _Sending:
    """Gathers what becomes of the parts of one message."""

    __slots__ = ("future", "later", "left", "on_late", "results", "uncertain")

    def __init__(self) -> None:
        self.left = 0
        self.later = self.uncertain = False
        self.on_late: Callable[[PartResult], None] | None = None
        """Set when the report is made: what comes from then on is not in it."""
        self.results: list[PartResult] = []
        self.future: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def parts(self) -> tuple[PartResult, ...]:
        if len(self.results) > 1:
            self.results.sort(key=lambda part: part.number)
        return tuple(self.results)

    def done(self, job: Job, state: PartState, message_id: str, status: int) -> None:
        part = PartResult(job.number, state, message_id, status)
        if job.uncertain and state is PartState.SENT:
            self._answered_late(part)
            return
        self.results.append(part)
        self.later |= state is PartState.LATER
        self.uncertain |= state is PartState.UNCERTAIN
        self.left -= 1
        if not self.left and not self.future.done():
            self.future.set_result(None)

    def _answered_late(self, part: PartResult) -> None:
        if self.on_late is not None:
            self.on_late(part)
        else:
            self.results = [part if each.number == part.number else each for each in self.results]


def _loop_time() -> float:
    return asyncio.get_running_loop().time()
