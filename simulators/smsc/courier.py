"""Keeps what goes to ESMEs - receipts, and messages that people write - until one of them has acknowledged it."""

import asyncio
import heapq
import itertools
from collections.abc import Callable, Collection
from dataclasses import dataclass

from smpplib import consts

from simulators.smsc.session import Session
from simulators.smsc.terms import Terms
from simulators.smsc.wire import Pdu
from simulators.trace import Trace

WAITING_MAX = 200_000
OK = int(consts.SMPP_ESME_ROK)
FINAL = frozenset({OK, consts.SMPP_ESME_RX_P_APPN, consts.SMPP_ESME_RX_R_APPN})
"""Answers to a deliver_sm after which it is not sent again."""


@dataclass(slots=True, eq=False)
class Delivery:
    """One deliver_sm on its way.

    Attributes:
        octets: Makes it under a sequence number.
        account: The system id whose receivers may have it; None is any.
        lane: Which of several receivers gets it, counted round.
        times: How often it is sent at once.
        status: Of the answer that ended it; None while it is on its way.
        tries: How often it was sent.
    """

    octets: Callable[[int], bytes]
    summary: str
    detail: str
    account: str | None = None
    lane: int = 0
    times: int = 1
    status: int | None = None
    tries: int = 0

    @property
    def acknowledged(self) -> bool:
        """Whether an ESME has taken it."""
        return self.status == OK


class Courier:
    """The queue towards all ESMEs."""

    def __init__(self, trace: Trace, sessions: Collection[Session], terms: Terms) -> None:
        self._trace = trace
        self._sessions = sessions
        self._terms = terms
        self._waiting: list[tuple[float, int, Delivery]] = []
        self._order = itertools.count()

    def add(self, delivery: Delivery, *, after_s: float = 0.0) -> None:
        """Send it when its time comes and a receiver is there."""
        if len(self._waiting) >= WAITING_MAX:
            self._trace.record("sms", "SMSC full: a deliver_sm is lost", delivery.summary, outbound=True)
            return
        due = asyncio.get_running_loop().time() + after_s
        heapq.heappush(self._waiting, (due, next(self._order), delivery))

    def pump(self) -> None:
        """Send what is due."""
        now = asyncio.get_running_loop().time()
        left = []
        while self._waiting and self._waiting[0][0] <= now:
            if not (receivers := [session for session in self._sessions if session.receives]):
                break
            entry = heapq.heappop(self._waiting)
            if not self._send(entry[2], receivers):
                left.append(entry)
        for entry in left:
            heapq.heappush(self._waiting, entry)

    def _send(self, delivery: Delivery, receivers: list[Session]) -> bool:
        mine = [session for session in receivers if delivery.account in (None, session.system_id)]
        if not mine:
            return False
        delivery.tries += 1

        def settled(answer: Pdu | None) -> None:
            if answer is not None and answer.status in FINAL:
                delivery.status = answer.status
            else:
                # What got no answer is due at once: it goes to whoever is bound then.
                self.add(delivery, after_s=0.0 if answer is None else self._terms.again_s)
            self.pump()

        mine[delivery.lane % len(mine)].ask(delivery.octets, settled, times=delivery.times)
        self._trace.record("sms", delivery.summary, delivery.detail, outbound=True)
        return True
