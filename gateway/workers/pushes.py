"""The carrier of notices that are shown on a phone unasked, where the person has chosen that; see Channel.USSD_PUSH.

A phone that is off or talks is tried again after 3, 8 and 15 seconds; what was not shown by then is refused, so that
the fallback takes it on by the person's next channel, which is SMS for who has named none.
"""

from collections.abc import Callable, Sequence

from gateway.observe import Metrics
from gateway.services.dialogues.push import PASSING, Push, Pusher, PushOutcome
from gateway.services.notices import Outgoing, PartResult, PartState, Report

PAUSES_S = (3.0, 8.0, 15.0)
"""Before each new try."""
IN_HAND_MAX = 50
"""Pages on their way at once; each waits for somebody's phone."""

_STATES = {
    PushOutcome.SHOWN: PartState.SENT,
    PushOutcome.ABSENT: PartState.LATER,
    PushOutcome.BUSY: PartState.LATER,
    PushOutcome.REJECTED: PartState.REFUSED,
    PushOutcome.UNSUPPORTED: PartState.REFUSED,
    PushOutcome.UNKNOWN: PartState.UNCERTAIN,
}


class PushCarrier:
    """Shows notices over whichever wire can; `fits` says whether one page holds a text."""

    def __init__(self, pushers: Sequence[Pusher], fits: Callable[[str], bool], metrics: Metrics) -> None:
        self._pushers = pushers
        self._fits = fits
        self._metrics = metrics

    @property
    def room(self) -> int:
        """Always some: while every wire is down, what is due is refused at once and goes on by SMS."""
        return IN_HAND_MAX

    @property
    def send_max_s(self) -> float:
        """How long a send takes at the longest: the last wire that is asked may be the first that answers."""
        return sum(pusher.push_max_s for pusher in self._pushers)

    async def send(self, message: Outgoing) -> Report:
        """As Carrier: shown by the first wire that can show it."""
        name, outcome = await self.show(Push(message.id, message.address, message.text))
        part = PartResult(1, _STATES[outcome], message.id)
        return Report(name, 1, (part,), pauses_s=PAUSES_S if outcome in PASSING else ())

    async def show(self, push: Push) -> tuple[str, PushOutcome]:
        """The wire that was asked last, and how it ended."""
        name, outcome = "", PushOutcome.UNSUPPORTED
        for pusher in self._pushers if self._fits(push.text) else ():
            name, outcome = pusher.name, await pusher.push(push)
            self._metrics.pushes.labels(wire=name, outcome=outcome.value).inc()
            if outcome is not PushOutcome.UNSUPPORTED:
                break
        return name, outcome


__all__ = ["PAUSES_S", "PushCarrier"]
