"""One connection of an ESME: what it bound as, what it was asked and has not answered."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from simulators.faults import SmscFaults
from simulators.smsc import wire
from simulators.smsc.terms import Terms
from simulators.smsc.wire import Pdu

UNREAD_OCTETS_MAX = 1_000_000
WINDOW = 100
"""How many deliver_sm may wait for an answer."""
TRANSMITTER, RECEIVER, TRANSCEIVER = "bind_transmitter", "bind_receiver", "bind_transceiver"
SUBMITTERS = frozenset({TRANSMITTER, TRANSCEIVER})
RECEIVERS = frozenset({RECEIVER, TRANSCEIVER})

Settled = Callable[[Pdu | None], None]
"""Called with the answer, or with None when there will be none."""


@dataclass(slots=True)
class _Asked:
    at: float
    settled: Settled


class Session:
    """One ESME. `bound` is the command that it bound by, '' before and after."""

    def __init__(self, writer: asyncio.StreamWriter, faults: SmscFaults, terms: Terms) -> None:
        self.writer = writer
        self.bound = ""
        self.system_id = ""
        self.leaving = False
        self._faults = faults
        self._terms = terms
        self._began = self._heard = asyncio.get_running_loop().time()
        self._enquired: float | None = None
        self._sequence = 0
        self._asked: dict[int, _Asked] = {}

    @property
    def receives(self) -> bool:
        """Whether it can be sent a deliver_sm now."""
        return self.bound in RECEIVERS and self.is_open and len(self._asked) < WINDOW

    @property
    def is_open(self) -> bool:
        """Whether anything may still be sent."""
        return not (self.leaving or self.writer.is_closing())

    def write(self, octets: bytes) -> None:
        """Send octets; a half-open line swallows them, and a peer that does not read is cut."""
        if self._faults.half_open or self.writer.is_closing():
            return
        self.writer.write(octets)
        if self.writer.transport.get_write_buffer_size() > UNREAD_OCTETS_MAX:
            self.writer.transport.abort()

    def answer(
        self,
        command: str,
        sequence: int,
        status: int = 0,
        *,
        tlvs: Iterable[tuple[int, bytes]] = (),
        **values: Any,  # noqa: ANN401 - fields are texts, numbers and octets
    ) -> None:
        """Send a response at once; one that refuses has no body (SMPP 3.4, 4.4.2)."""
        if status:
            self.write(wire.framed(command, sequence, status))
        else:
            self.write(wire.make(command, sequence, tlvs=tlvs, **values))

    def ask(self, octets: Callable[[int], bytes], settled: Settled, *, times: int = 1) -> int:
        """Send a request, `times` times under numbers of their own; the last answer counts. Returns its number."""
        for _ in range(times):
            self._sequence = self._sequence % 0x7FFF_FFFF + 1
            self.write(octets(self._sequence))
        self._asked[self._sequence] = _Asked(asyncio.get_running_loop().time(), settled)
        return self._sequence

    def heard(self) -> None:
        """Octets came."""
        self._heard, self._enquired = asyncio.get_running_loop().time(), None

    def answered(self, pdu: Pdu) -> None:
        """A response came; one that nobody waits for is left alone."""
        asked = self._asked.pop(pdu.sequence, None)
        if asked is not None:
            asked.settled(pdu)

    def tick(self, now: float) -> None:
        """Give up what was not answered, ask whether the peer lives, cut one that does not."""
        for sequence, asked in list(self._asked.items()):
            if now - asked.at <= self._terms.answer_s:
                break
            del self._asked[sequence]
            asked.settled(None)
        late = self._enquired is not None and now - self._enquired > self._terms.enquire_s
        unbound = not self.bound and now - self._began > self._terms.bind_s
        if late or unbound:
            self.writer.transport.abort()
        elif self.bound and self._enquired is None and now - self._heard > self._terms.enquire_s:
            self._enquired = now
            self.ask(lambda sequence: wire.make("enquire_link", sequence), _nothing)

    def leave(self) -> None:
        """Say unbind, and close when that is answered."""
        self.leaving = True
        self.ask(lambda sequence: wire.make("unbind", sequence), lambda _answer: self.writer.close())

    def lost(self) -> None:
        """The line is gone: nothing that was asked will be answered."""
        self.bound = ""
        asked, self._asked = self._asked, {}
        for one in asked.values():
            one.settled(None)


def _nothing(_answer: Pdu | None) -> None:
    """An enquire_link's answer has done its work by coming."""
