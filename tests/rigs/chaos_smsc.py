"""An SMSC that may be killed at any moment and remembers what it took: `-m tests.rigs.chaos_smsc PORT LOG`.

It shares no code with the gateway: frames of SMPP 3.4 by struct. LOG is appended to before an answer leaves, a line an
event: `T` took a message, `R` its receipt was accepted, `L` its answer was withheld, `D` its answer went twice, `X` it
was refused for our speed; each with the destination and the message id. A killed process loses none of its writes.
"""

import asyncio
import os
import struct
import sys
from pathlib import Path

HEADER = struct.Struct(">IIII")
SUBMIT_SM, DELIVER_SM, BIND_TRANSCEIVER, UNBIND, ENQUIRE_LINK = 0x04, 0x05, 0x09, 0x06, 0x15
RESPONSE = 0x8000_0000
THROTTLED = 0x58
RECEIPT = 0x04
RECEIPT_AFTER_S = 0.02
RECEIPT_AGAIN_S = 0.3
ONE_IN = 50
"""One answer in so many is withheld, and another one goes twice."""
BURST_EVERY, BURST_S = 700, 0.2
"""After so many messages whatever comes is refused for our speed, for a while, as operators do it: about one in 20."""


class Log:
    """What was taken, and which receipts are still owed."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600)
        self.owed: dict[str, str] = {}
        for line in path.read_text("ascii").splitlines():
            kind, dest, message_id = line.split(" ")
            if kind == "T":
                self.owed[message_id] = dest
            elif kind == "R":
                self.owed.pop(message_id, None)
        self.taken = path.read_bytes().count(b"T")
        self.refusing_until = 0.0

    def write(self, kind: str, dest: str, message_id: str) -> None:
        """One event."""
        os.write(self._file, f"{kind} {dest} {message_id}\n".encode("ascii"))


class Line(asyncio.Protocol):
    """One connection."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._buffer = bytearray()
        self._transport: asyncio.Transport | None = None
        self._sequence = 0
        self._receipts: dict[int, str] = {}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where to answer."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Handle every whole frame."""
        self._buffer += data
        while len(self._buffer) >= HEADER.size:
            length, command, status, sequence = HEADER.unpack_from(self._buffer)
            if len(self._buffer) < length:
                return
            body = bytes(self._buffer[HEADER.size : length])
            del self._buffer[:length]
            self._take(command, status, sequence, body)

    def _take(self, command: int, status: int, sequence: int, body: bytes) -> None:
        if command == SUBMIT_SM:
            self._submitted(sequence, body)
        elif command == BIND_TRANSCEIVER:
            self._say(command | RESPONSE, 0, sequence, b"chaos\0")
            for message_id in list(self._log.owed):
                self._owe(message_id, RECEIPT_AFTER_S)
        elif command in (UNBIND, ENQUIRE_LINK):
            self._say(command | RESPONSE, 0, sequence, b"")
        elif command == DELIVER_SM | RESPONSE:
            message_id = self._receipts.pop(sequence)
            if status:
                self._owe(message_id, RECEIPT_AGAIN_S)
            elif message_id in self._log.owed:
                self._log.write("R", self._log.owed.pop(message_id), message_id)

    def _submitted(self, sequence: int, body: bytes) -> None:
        log = self._log
        dest = _destination(body)
        now = asyncio.get_running_loop().time()
        if now < log.refusing_until:
            log.write("X", dest, "-")
            self._say(SUBMIT_SM | RESPONSE, THROTTLED, sequence, b"")
            return
        log.taken += 1
        if log.taken % BURST_EVERY == 0:
            log.refusing_until = now + BURST_S
        message_id = os.urandom(8).hex()
        log.write("T", dest, message_id)
        log.owed[message_id] = dest
        self._owe(message_id, RECEIPT_AFTER_S)
        if log.taken % ONE_IN == 7:
            log.write("L", dest, message_id)
            return
        for _ in range(2 if log.taken % ONE_IN == 33 else 1):
            self._say(SUBMIT_SM | RESPONSE, 0, sequence, message_id.encode() + b"\0")
        if log.taken % ONE_IN == 33:
            log.write("D", dest, message_id)

    def _owe(self, message_id: str, after_s: float) -> None:
        asyncio.get_running_loop().call_later(after_s, self._deliver, message_id)

    def _deliver(self, message_id: str) -> None:
        dest = self._log.owed.get(message_id)
        if dest is None:
            return
        self._sequence += 1
        self._receipts[self._sequence] = message_id
        text = (
            f"id:{message_id} sub:001 dlvrd:001 submit date:2611270900 done date:2611270900 stat:DELIVRD err:000 text:"
        )
        fields = b"\0\1\1" + dest.encode() + b"\0\0\0" + b"1420\0" + bytes([RECEIPT, 0, 0]) + b"\0\0" + bytes(4)
        self._say(DELIVER_SM, 0, self._sequence, fields + bytes([len(text)]) + text.encode("ascii"))

    def _say(self, command: int, status: int, sequence: int, body: bytes) -> None:
        assert self._transport is not None
        if not self._transport.is_closing():
            self._transport.write(HEADER.pack(HEADER.size + len(body), command, status, sequence) + body)


def _destination(body: bytes) -> str:
    """destination_addr of a submit_sm (4.4.1): behind service_type, source and two pairs of ton and npi."""
    start = body.index(b"\0") + 3
    start = body.index(b"\0", start) + 3
    return body[start : body.index(b"\0", start)].decode("ascii")


async def serve(port: int, path: Path) -> None:
    """Listen on loopback until the process is killed."""
    log = Log(path)
    server = await asyncio.get_running_loop().create_server(lambda: Line(log), "127.0.0.1", port)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    Path(sys.argv[2]).touch()
    asyncio.run(serve(int(sys.argv[1]), Path(sys.argv[2])))
