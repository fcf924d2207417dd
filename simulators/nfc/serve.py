"""A phone behind a TCP port, or in the slot of vsmartcard's virtual reader, where PC/SC programs find it."""

import asyncio
import contextlib

from simulators.nfc import frames
from simulators.nfc.faults import TornOff
from simulators.nfc.transports import Card, InProcess

ATR = bytes.fromhex("3B80800101")
"""A contactless card (ISO/IEC 14443-4) without historical bytes, as PC/SC part 3 writes it."""

VPCD_PORT = 35963
AGAIN_S = 1.0
"""How long a phone stays away after a tear: pcscd looks into its readers every 0.4 s, and must see that it was gone."""

STOP_S = 2.0


async def answer_frames(card: Card, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer a reader's frames until it hangs up, or a fault tears the phone off."""
    field = InProcess(card)
    with contextlib.suppress(OSError, asyncio.IncompleteReadError, frames.TooLong, TornOff):
        while True:
            body = await frames.read(reader, writer)
            if body in (frames.ON, frames.RESET):
                await field.activate()
            elif body == frames.OFF:
                await field.deactivate()
            else:
                frames.write(writer, ATR if body == frames.ATR else await field.transceive(body))
                await writer.drain()


class PhoneServer:
    """A phone that terminals reach at a port. One reader at a time: a phone is in one field. `start`, then `stop`."""

    def __init__(self, card: Card) -> None:
        self._card = card
        self._server: asyncio.Server | None = None
        self._stay: asyncio.Timeout | None = None
        self._empty = asyncio.Event()
        self._empty.set()

    async def start(self, host: str, port: int) -> None:
        """Listen; port 0 takes any, which `port` says then.

        Raises:
            OSError: The port is taken.
        """
        self._server = await asyncio.start_server(self._accept, host, port)

    @property
    def port(self) -> int:
        """The port that was bound."""
        if self._server is None:
            raise RuntimeError("not started")
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Close the door, and leave the field."""
        if self._server is None:
            return
        self._server.close()
        if self._stay is not None:
            self._stay.reschedule(asyncio.get_running_loop().time())
        async with asyncio.timeout(STOP_S):
            await self._empty.wait()
            await self._server.wait_closed()
        self._server = None

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._stay is not None:
            writer.close()
            return
        self._empty.clear()
        try:
            async with asyncio.timeout(None) as self._stay:
                await answer_frames(self._card, reader, writer)
        except TimeoutError:
            # `stop` says so: a task that was cancelled would make asyncio's streams complain.
            pass
        finally:
            self._stay = None
            self._empty.set()
            writer.transport.abort()


async def stay_in_slot(card: Card, host: str = "127.0.0.1", port: int = VPCD_PORT) -> None:
    """Lie in the slot of a virtual reader until cancelled; after a tear, or while nobody listens, come back."""
    while True:
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(5):
                reader, writer = await asyncio.open_connection(host, port)
            try:
                await answer_frames(card, reader, writer)
            finally:
                writer.transport.abort()
        await asyncio.sleep(AGAIN_S)
