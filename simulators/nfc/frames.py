"""Frames between a reader and a card over TCP, as vsmartcard's vpcd writes them.

Two bytes of length, big-endian, then the body: a command or an answer; or, towards the card, one byte of control:
0 field off, 1 field on, 2 reset, 4 "what is your ATR?", which alone of the four is answered. A command has four bytes
at least, so no body is both.
"""

import asyncio
import socket

OFF, ON, RESET, ATR = b"\0", b"\1", b"\2", b"\4"
BODY_BYTES_MAX = 1_024


class TooLong(Exception):
    """A frame longer than any command or answer in the short form."""


def write(writer: asyncio.StreamWriter, body: bytes) -> None:
    """Send one frame, in one segment."""
    writer.write(len(body).to_bytes(2) + body)


async def read(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    """The next body; `writer` is of the same connection.

    Raises:
        TooLong: It is not read.
        asyncio.IncompleteReadError: The other side hung up.
    """
    quick(writer)
    size = int.from_bytes(await reader.readexactly(2))
    if size > BODY_BYTES_MAX:
        raise TooLong
    # vpcd sends length and body apart: without an acknowledgement at once the second waits for Nagle's timer, 40 ms.
    quick(writer)
    return await reader.readexactly(size)


def quick(writer: asyncio.StreamWriter) -> None:
    """Acknowledge what comes next at once. The kernel forgets it, so it is said before each read."""
    sock = writer.get_extra_info("socket")
    if sock is not None and hasattr(socket, "TCP_QUICKACK"):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
