"""What waits for one link and leaves it: lanes, window, pace, and what the SMSC's answers say about its health."""

import asyncio
from functools import partial

from gateway.observe import Metrics
from gateway.peers.smsc.faults import NotSent
from gateway.peers.smsc.health import Health
from gateway.peers.smsc.pace import Pace
from gateway.peers.smsc.profile import LinkProfile
from gateway.peers.smsc.session import Answer, Session
from gateway.peers.smsc.statuses import Action, Statuses, status_label
from gateway.peers.smsc.waiting import Job, Waiting
from gateway.services.notices import PartResult, PartState
from gateway.wire import smpp
from gateway.wire.smpp import BrokenPdu, Pdu, PduFault, SubmitSm

WAIT_MAX_S = 2.0
"""How long a part waits for its place; then it is given back for later."""
FIRST_LANE = -1
"""Before all lanes of notices: a person is looking at the screen."""
SOON_S = 0.5
"""What `room` counts on: as much as leaves within so long."""
WAITING_MIN = 300
"""Places for waiting parts at least; a text has 255 parts at most."""


class Outlet:
    """Lets jobs out over whichever session is open. All methods are called inside the loop."""

    def __init__(self, profile: LinkProfile, metrics: Metrics) -> None:
        self.pace = Pace(profile.rate_max)
        self.health = Health(profile.response_s)
        self.submitted = 0
        self.uncertain = 0
        self._profile = profile
        self._metrics = metrics
        self.statuses = Statuses(profile.statuses)
        self._session: Session | None = None
        self._loop: asyncio.AbstractEventLoop
        self._waiting = Waiting(max(WAITING_MIN, 4 * profile.window))
        self._timer: asyncio.TimerHandle | None = None
        self._sweep: asyncio.TimerHandle | None = None
        self._submit_seconds = metrics.link_submit_seconds.labels(profile.name)
        self._renames = bool(profile.ids or profile.ids_resp)
        self._accepted = metrics.link_submits.labels(profile.name, "0x00")

    @property
    def waiting(self) -> int:
        """Parts that wait for their place."""
        return len(self._waiting)

    @property
    def in_flight(self) -> int:
        """Parts that wait for their answer."""
        return self._session.in_flight if self._session else 0

    def ready(self, now: float) -> bool:
        """Whether a session is open and throttling has not just stopped it."""
        return self._session is not None and self._session.bound and not self.pace.paused(now)

    def room(self, now: float) -> int:
        """How many parts more would leave soon: 1 to twice the window, without those that wait already."""
        if not self.ready(now):
            return 0
        soon = min(2 * self._profile.window, int(self.pace.rate * SOON_S))
        return max(0, max(1, soon) - len(self._waiting))

    def open(self, session: Session) -> None:
        """From now on jobs leave over `session`."""
        self._loop = asyncio.get_running_loop()
        self._session = session
        self.pump()

    def shut(self) -> None:
        """No job leaves any more; those that wait are given back."""
        self._session = None
        for timer in (self._timer, self._sweep):
            if timer:
                timer.cancel()
        self._timer = self._sweep = None
        for job in self._waiting.clear():
            job.done(job, PartState.LATER, "", 0)

    def put(self, jobs: list[Job]) -> None:
        """Let jobs leave when it is their turn; each is done when it is answered, or no longer waits."""
        if self._session is None:
            for job in jobs:
                job.done(job, PartState.LATER, "", 0)
            return
        until = self._loop.time() + WAIT_MAX_S
        for job in jobs:
            job.until = until
            out = self._waiting.push(job)
            if out is not None:
                out.done(out, PartState.LATER, "", 0)
        self.pump()
        if self._waiting and self._sweep is None:
            self._sweep = self._loop.call_at(until, self._overdue)

    async def first(self, pdu: SubmitSm) -> PartResult:
        """Send this before everything that waits; what became of it."""
        future: asyncio.Future[PartResult] = asyncio.get_running_loop().create_future()

        def done(_job: Job, state: PartState, message_id: str, status: int) -> None:
            if not future.done():
                future.set_result(PartResult(1, state, message_id, status))

        job = Job(1, FIRST_LANE, pdu, done)
        self.put([job])
        try:
            return await future
        finally:
            job.given_up = True

    def pump(self) -> None:
        """Let out what may leave now."""
        session = self._session
        if session is None:
            return
        window, now = self._profile.window, self._loop.time()
        while self._waiting and session.is_writable and session.in_flight < window:
            wait_s = self.pace.wait(now)
            if wait_s > 0.0:
                if self._timer is None:
                    self._timer = self._loop.call_later(wait_s, self._turn)
                return
            job = self._waiting.pop()
            if job.given_up:
                continue
            job.sent_at = now
            try:
                session.post(job.pdu, partial(self._answered, job))
            except NotSent:
                job.done(job, PartState.LATER, "", 0)
            except PduFault as fault:
                self._count("unfit")
                job.done(job, PartState.REFUSED, "", fault.status)
            else:
                self.pace.take()

    def _turn(self) -> None:
        self._timer = None
        self.pump()

    def _overdue(self) -> None:
        self._sweep = None
        now = self._loop.time()
        for job in self._waiting.overdue(now):
            job.done(job, PartState.LATER, "", 0)
        if self._waiting:
            self._sweep = self._loop.call_at(now + WAIT_MAX_S / 4, self._overdue)

    def _answered(self, job: Job, answer: Answer) -> None:
        if job.uncertain:
            self._answered_late(job, answer)
            return
        if answer is None or isinstance(answer, BrokenPdu):
            self._count("no_answer")
            self.uncertain += 1
            job.uncertain = True
            self.health.failed(self._loop.time())
            job.done(job, PartState.UNCERTAIN, "", 0)
        else:
            self._judge(job, answer)
        if self._waiting:
            self.pump()

    def _judge(self, job: Job, answer: Pdu) -> None:
        now = self._loop.time()
        latency_s = now - job.sent_at
        self._submit_seconds.observe(latency_s)
        if answer.status == 0 and isinstance(answer, smpp.SubmitSmResp):
            self._accepted.inc()
            self.submitted += 1
            self.pace.accepted()
            self.health.accepted(now, latency_s)
            job.done(job, PartState.SENT, self._id_of(answer), 0)
            return
        self._count(status_label(answer.status))
        if self.statuses.throttling(answer.status):
            self.pace.throttled(now)
            self.health.throttled(now)
        action = self.statuses.action(answer.status)
        if action is Action.FAIL:
            self.health.accepted(now, latency_s)
        elif not self.statuses.throttling(answer.status):
            self.health.failed(now)
        state = PartState.LATER if action is Action.RETRY else PartState.REFUSED
        job.done(job, state, "", answer.status)

    def _answered_late(self, job: Job, answer: Answer) -> None:
        """Only that it was taken tells something new: it was counted as it was due, and may have been sent again."""
        if isinstance(answer, smpp.SubmitSmResp) and answer.status == 0:
            self._count("late")
            job.done(job, PartState.SENT, self._id_of(answer), 0)

    def _id_of(self, answer: smpp.SubmitSmResp) -> str:
        return self._profile.id_of_resp(answer.message_id) if self._renames else answer.message_id

    def _count(self, result: str) -> None:
        self._metrics.link_submits.labels(self._profile.name, result).inc()
