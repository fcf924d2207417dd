"""The live list of wire messages that the lab shows: who sent what to whom, newest last, bounded."""

from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime

KEPT_MAX = 500


@dataclass(frozen=True, slots=True)
class WireMessage:
    """One message on one wire: `ussd`, `sms`, `token`, `apdu`, `iso8583`, `registry`, `mail` or `bank`.

    `outbound` is from the simulators to the gateway; on `apdu`, which never reaches it, from the terminal to the phone.
    `detail` is what an engineer wants to see: hex or text.
    """

    number: int
    at: datetime
    wire: str
    outbound: bool
    summary: str
    detail: str


class Trace:
    """Keeps the last messages; a page polls `since`."""

    def __init__(self) -> None:
        self.messages: deque[WireMessage] = deque(maxlen=KEPT_MAX)
        self._number = 0

    def record(self, wire: str, summary: str, detail: str = "", *, outbound: bool) -> None:
        """Add a message."""
        self._number += 1
        self.messages.append(WireMessage(self._number, datetime.now(UTC), wire, outbound, summary, detail))

    def since(self, number: int) -> list[WireMessage]:
        """Messages after `number`."""
        return [message for message in self.messages if message.number > number]
