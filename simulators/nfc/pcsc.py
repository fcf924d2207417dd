"""A reader of this machine, real or virtual, through PC/SC: `pip install tapdial[pcsc]` brings pyscard.

A phone laid on a contactless reader is then a `Transport` like the others. Only virtual readers were tried so far.
"""

import asyncio
from typing import Any

from simulators.nfc.faults import TornOff

try:
    from smartcard import scard
except ModuleNotFoundError:
    scard = None

AVAILABLE = scard is not None
"""Whether pyscard is installed."""


class NoReader(Exception):
    """No PC/SC daemon, no pyscard, or no reader of that name."""


class PcscTransport:
    """One reader. Its calls block, so each runs in a thread; `close` when it is no longer wanted."""

    def __init__(self, reader_name: str = "") -> None:
        """Take the first reader whose name holds `reader_name`.

        Raises:
            NoReader: There is none.
        """
        if scard is None:
            raise NoReader("pyscard is not installed")
        self._scard: Any = scard
        status, self._context = self._scard.SCardEstablishContext(self._scard.SCARD_SCOPE_USER)
        if status != self._scard.SCARD_S_SUCCESS:
            raise NoReader("the PC/SC daemon does not answer")
        status, names = self._scard.SCardListReaders(self._context, [])
        found = [name for name in names if reader_name in name] if status == self._scard.SCARD_S_SUCCESS else []
        if not found:
            self.close()
            raise NoReader(f"no reader {reader_name!r}")
        self.name = found[0]
        self._card: Any = None
        self._protocol = 0

    async def activate(self) -> None:
        """Connect to the card in the reader.

        Raises:
            TornOff: There is none.
        """
        await self.deactivate()
        await asyncio.to_thread(self._connect)

    async def transceive(self, apdu: bytes) -> bytes:
        """Transmit one command.

        Raises:
            TornOff: The card is gone, or no field is on.
        """
        if self._card is None:
            raise TornOff("no field is on")
        return await asyncio.to_thread(self._transmit, apdu)

    async def deactivate(self) -> None:
        """Let go of the card, without power."""
        if self._card is not None:
            await asyncio.to_thread(self._disconnect)

    def close(self) -> None:
        """Let go of the daemon."""
        self._scard.SCardReleaseContext(self._context)

    def _connect(self) -> None:
        api = self._scard
        either = api.SCARD_PROTOCOL_T0 | api.SCARD_PROTOCOL_T1
        status, card, protocol = api.SCardConnect(self._context, self.name, api.SCARD_SHARE_EXCLUSIVE, either)
        if status != api.SCARD_S_SUCCESS:
            raise TornOff(f"PC/SC {status & 0xFFFFFFFF:08X}")
        self._card, self._protocol = card, protocol

    def _transmit(self, apdu: bytes) -> bytes:
        api = self._scard
        io = api.SCARD_PCI_T1 if self._protocol == api.SCARD_PROTOCOL_T1 else api.SCARD_PCI_T0
        status, answer = api.SCardTransmit(self._card, io, list(apdu))
        if status != api.SCARD_S_SUCCESS:
            raise TornOff(f"PC/SC {status & 0xFFFFFFFF:08X}")
        return bytes(answer)

    def _disconnect(self) -> None:
        card, self._card = self._card, None
        self._scard.SCardDisconnect(card, self._scard.SCARD_UNPOWER_CARD)
