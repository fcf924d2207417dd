"""An SMSC that costs next to nothing: answers each PDU from its header alone; `… DELAY_MS` prints its port.

It takes the server's share out of a comparison of clients. An answer is due DELAY_MS after its request.
"""

import asyncio
import struct
import sys

RESPONSE = 0x8000_0000
SUBMIT, UNBIND = 0x04, 0x06
BINDS = (0x01, 0x02, 0x09)
_header = struct.Struct(">IIII")


class Smsc(asyncio.Protocol):
    """One connection."""

    def __init__(self, delay_s: float) -> None:
        self._delay_s = delay_s
        self._waiting = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._later = asyncio.get_running_loop().call_later

    def data_received(self, data: bytes) -> None:
        """Answer every whole PDU; all answers of one read go out together."""
        waiting, at, answers = self._waiting + data, 0, bytearray()
        while len(waiting) - at >= 16:
            length, command, _, sequence = _header.unpack_from(waiting, at)
            if len(waiting) - at < length:
                break
            at += length
            if command < RESPONSE:
                answers += _answer(command, sequence)
        self._waiting = waiting[at:]
        if self._delay_s:
            self._later(self._delay_s, self._transport.write, bytes(answers))
        else:
            self._transport.write(bytes(answers))


def _answer(command: int, sequence: int) -> bytes:
    body = b"null\0" if command in BINDS else b"%x\0" % sequence if command == SUBMIT else b""
    return _header.pack(16 + len(body), command | RESPONSE, 0, sequence) + body


async def main(delay_s: float) -> None:
    """Listen until killed."""
    server = await asyncio.get_running_loop().create_server(lambda: Smsc(delay_s), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(float(sys.argv[1]) / 1000))
