"""What every line needs, and which service answers which message."""

import asyncio
from dataclasses import dataclass, field
from enum import StrEnum

from gateway.channels.nfc.ports import Answering, Terminals
from gateway.errors import Fault, KeysUnavailable, Overloaded, StoreUnavailable
from gateway.keys import KeyStore
from gateway.observe import Metrics, log
from gateway.wire.iso8583 import (
    HOUSE,
    BadMessage,
    Dialect,
    Message,
    action_of,
    answer_mti,
    decode,
    encode_span,
    from_house,
    to_house,
)
from wallet.clock import Clock, SystemClock
from wallet.errors import LedgerBusy, LedgerUnavailable, WalletFault

IN_FLIGHT_ALL_MAX = 400
"""Messages of all lines that are worked on at once; more wait in their sockets."""
TAPS = frozenset({"0100", "0120", "0200", "0220", "0400", "0420", "0421"})
BATCHES = frozenset({"0320", "0500"})
_COUNTED = TAPS | BATCHES | {"0800"}
_ECHOED = (3, 4, 7, 11, 12, 13, 32, 37, 41, 42, 49, 60, 70, 90)
_ECHOED_RAW = (3, 4, 7, 11, 12, 37, 41, 42)
_DOWN = (StoreUnavailable, KeysUnavailable, Overloaded, LedgerBusy, LedgerUnavailable)


class Code(StrEnum):
    """DE39 of answers that the door gives by itself."""

    OK = "00"
    UNKNOWN = "03"
    FORMAT = "30"
    NOT_SUPPORTED = "40"
    STOPPED = "58"
    """Staff blocked or retired the terminal."""
    LATE = "68"
    """Nothing is promised: it took too long."""
    DOWN = "91"
    MALFUNCTION = "96"


@dataclass(frozen=True, slots=True)
class Desk:
    """What every line needs.

    Attributes:
        idle_s: Silence after which a line is closed.
        answer_s: How long a message may take before it is answered with 68.
        in_flight_max: Messages of one line that are worked on at once; more wait in the socket.
        sign_on_s: How long a new line may be silent: strangers must not keep the places of terminals.
        batches: Answers terminal batches; None: they are answered with 30.
        room: Places for messages of all lines.
    """

    taps: Answering
    terminals: Terminals
    keys: KeyStore
    metrics: Metrics
    idle_s: float
    answer_s: float = 10.0
    in_flight_max: int = 8
    sign_on_s: float = 10.0
    batches: Answering | None = None
    clock: Clock = field(default_factory=SystemClock)
    room: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(IN_FLIGHT_ALL_MAX))

    async def answer(self, came: Message, terminal_id: str, dialect: Dialect) -> bytes:
        """The body that answers a request, in its dialect, with its MAC."""
        try:
            message = _first_of(to_house(came, dialect))
        except BadMessage as problem:
            self.refused(terminal_id, problem)
            return await self.plain(came, terminal_id, dialect, Code.FORMAT)
        service = self.taps if message.mti in TAPS else self.batches if message.mti in BATCHES else None
        if service is None:
            return await self.plain(came, terminal_id, dialect, Code.FORMAT)
        code = Code.MALFUNCTION
        try:
            async with asyncio.timeout(self.answer_s):
                body = await service.answer(message, terminal_id)
            return await self._translated(body, came, terminal_id, dialect)
        except (Fault, WalletFault, TimeoutError) as fault:
            code = Code.LATE if isinstance(fault, TimeoutError) else Code.DOWN if isinstance(fault, _DOWN) else code
            log().warning("fault", terminal=terminal_id, fault=type(fault).__name__, detail=str(fault))
        except Exception:  # noqa: BLE001 - the boundary of a request: the terminal gets 96, we get the trace
            log().exception("unhandled", terminal=terminal_id)
        return await self.plain(came, terminal_id, dialect, code)

    async def plain(self, came: Message, terminal_id: str, dialect: Dialect, code: Code) -> bytes:
        """The body of an answer that has no effect and is not kept; `came` may lack elements that could not be read."""
        said = "other"
        try:
            message = to_house(came, dialect)
            said = message.mti if message.mti in _COUNTED else said
            echoed = {number: message.fields[number] for number in _ECHOED if number in message.fields}
            answer = from_house(Message(answer_mti(message.mti), {**echoed, 39: code.value}), dialect, came)
        except BadMessage:
            # The house has no word for what was asked: then as it came.
            same = {number: came.fields[number] for number in _ECHOED_RAW if number in came.fields}
            mti = answer_mti(came.mti)
            answer = Message(mti, {**same, 39: action_of(code.value, mti, dialect)})
        self.metrics.taps.labels(mti=said, de39=code.value).inc()
        return await self.sealed(answer, terminal_id, dialect)

    async def sealed(self, message: Message, terminal_id: str, dialect: Dialect) -> bytes:
        """The body of a message of this dialect, with its MAC under the terminal's key."""
        span = encode_span(message, dialect)
        mac = await self.keys.link_mac("acquirer", terminal_id, span)
        return span + (mac if dialect.binary == "raw" else mac.hex().upper().encode(dialect.text))

    def refused(self, terminal_id: str, problem: BadMessage) -> None:
        """Count and log a message that could not be read."""
        self.metrics.refused.labels(door="iso8583", reason="bad_content").inc()
        log().info("message_refused", terminal=terminal_id, reason=str(problem))

    async def _translated(self, body: bytes, came: Message, terminal_id: str, dialect: Dialect) -> bytes:
        # The house's own goes out as it was kept, byte for byte.
        if dialect is HOUSE:
            return body
        return await self.sealed(from_house(decode(body), dialect, came), terminal_id, dialect)


def _first_of(message: Message) -> Message:
    """A repeat as what it repeats; of reversals services know both."""
    if message.mti[3] == "1" and message.mti != "0421":
        return Message(f"{message.mti[:3]}0", message.fields)
    return message
