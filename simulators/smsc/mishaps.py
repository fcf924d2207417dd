"""What goes wrong between an ESME's submit and its answer, when a fault is switched on."""

import asyncio
import random
from collections import deque

from smpplib import consts

from simulators.faults import SmscFaults
from simulators.smsc import wire
from simulators.smsc.session import Session

REORDER_S = 0.1
"""Answers that wait for others to change places with go out after this at the latest."""
GARBAGE_OCTETS_MAX = 60
UNKNOWN_COMMAND = 0x0000_0777
LIES = (0, 15, 0x0000_0200, 0xFFFF_FFFF)
"""A command_length below the header, one that reaches into what comes next, and four gigabytes."""


class Mishaps:
    """Decides, by chance or by count, which submits are refused, and how answers go out."""

    def __init__(self, faults: SmscFaults) -> None:
        self._faults = faults
        self._random = random.Random(faults.seed)
        self._submits = 0
        self._lately: dict[str, deque[float]] = {}
        self._gathered: list[tuple[Session, bytes]] = []

    def verdict(self, account: str) -> int:
        """The command_status that this submit gets whatever it says; 0 is none."""
        faults = self._faults
        self._submits += 1
        counted = faults.throttle_every and self._submits % faults.throttle_every == 0
        if counted or self._too_fast(account) or self.strikes(faults.throttle_rate):
            return int(consts.SMPP_ESME_RTHROTTLED)
        return int(consts.SMPP_ESME_RMSGQFUL if self.strikes(faults.queue_full_rate) else consts.SMPP_ESME_ROK)

    def _too_fast(self, account: str) -> bool:
        if not self._faults.throttle_per_s:
            return False
        now = asyncio.get_running_loop().time()
        lately = self._lately.setdefault(account, deque())
        while lately and lately[0] <= now - 1:
            lately.popleft()
        if len(lately) >= self._faults.throttle_per_s:
            return True
        lately.append(now)
        return False

    def strikes(self, rate: float) -> bool:
        """Whether chance strikes. A rate of 0 takes no number, so that a run depends on the faults that are on."""
        return rate > 0 and self._random.random() < rate

    def answer(self, session: Session, octets: bytes, *, hold_s: float = 0.0) -> None:
        """Send the answer to a submit, or lose it, double it, hold it, mix it with others."""
        faults = self._faults
        if not self.strikes(faults.lost_resp_rate):
            whole = octets * (1 + self.strikes(faults.doubled_resp_rate))
            delay_s = faults.delay_ms / 1000 + hold_s
            if delay_s > 0:
                asyncio.get_running_loop().call_later(delay_s, self._put, session, whole)
            else:
                self._put(session, whole)
        if faults.unbind_every and self._submits % faults.unbind_every == 0 and session.is_open:
            session.leave()

    def _put(self, session: Session, octets: bytes) -> None:
        faults = self._faults
        if self.strikes(faults.garbage_rate):
            octets += self._garbage()
        if self.strikes(faults.lying_rate):
            octets += self._lie()
        if faults.reorder < 2:
            session.write(octets)
            return
        self._gathered.append((session, octets))
        if len(self._gathered) >= faults.reorder:
            self._release()
        elif len(self._gathered) == 1:
            asyncio.get_running_loop().call_later(REORDER_S, self._release)

    def _release(self) -> None:
        gathered, self._gathered = self._gathered, []
        before = list(gathered)
        self._random.shuffle(gathered)
        # A shuffle may leave everything in its place, and the fault is that it does not.
        for session, octets in gathered if gathered != before else reversed(gathered):
            session.write(octets)

    def _garbage(self) -> bytes:
        """A command that there is none of, a known one with a body of chance, or an answer to no question."""
        body = self._random.randbytes(self._random.randrange(1, GARBAGE_OCTETS_MAX))
        kind = self._random.randrange(3)
        if kind == 0:
            head = (wire.HEADER_OCTETS + len(body), UNKNOWN_COMMAND, 0, self._random.getrandbits(31))
            return b"".join(number.to_bytes(4, "big") for number in head) + body
        if kind == 1:
            return wire.framed("deliver_sm", self._random.getrandbits(31), 0, body)
        return wire.make("submit_sm_resp", 0x7FFF_FFFF, message_id="nobody")

    def _lie(self) -> bytes:
        octets = wire.make("enquire_link", self._random.getrandbits(31))
        return self._random.choice(LIES).to_bytes(4, "big") + octets[4:]
