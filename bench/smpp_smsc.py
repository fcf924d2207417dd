"""A lean SMSC for measurements, in a process of its own: binds, takes every submit_sm, answers at once.

It reads no field of a message, sends no receipt, and knows only the frames of SMPP 3.4: `-m bench.smpp_smsc PORT`.
"""

import asyncio
import struct
import sys

HEADER = struct.Struct(">IIII")
RESPONSE = 0x8000_0000
BIND_TRANSMITTER, BIND_TRANSCEIVER, SUBMIT_SM = 0x02, 0x09, 0x04
BINDS = frozenset({0x01, BIND_TRANSMITTER, BIND_TRANSCEIVER})
FRAME_MAX = 70_000


class Line(asyncio.Protocol):
    """One connection."""

    taken = 0

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where to answer."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer every whole frame that has come, in one write."""
        buffer = self._buffer
        buffer += data
        answers = bytearray()
        start = 0
        while len(buffer) - start >= HEADER.size:
            length, command, _, sequence = HEADER.unpack_from(buffer, start)
            assert HEADER.size <= length <= FRAME_MAX, "no frame of SMPP"
            if len(buffer) - start < length:
                break
            start += length
            answers += self._answer(command, sequence)
        del buffer[:start]
        assert self._transport is not None
        if answers:
            self._transport.write(bytes(answers))

    def _answer(self, command: int, sequence: int) -> bytes:
        if command & RESPONSE:
            return b""
        body = b""
        if command == SUBMIT_SM:
            Line.taken += 1
            body = b"%08x\0" % Line.taken
        elif command in BINDS:
            body = b"lean\0"
        return HEADER.pack(HEADER.size + len(body), command | RESPONSE, 0, sequence) + body


async def serve(port: int) -> None:
    """Listen on loopback until the process is ended."""
    server = await asyncio.get_running_loop().create_server(Line, "127.0.0.1", port)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
