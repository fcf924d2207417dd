"""A tiny acquirer for the terminal's tests: it notes what arrives and answers as it is told."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from simulators.till import iso8583
from simulators.till.dialects import Framing
from simulators.till.iso8583 import Message

KEY = bytes.fromhex("1baacb2af6f80d96c22a0eab2d4ea943")
_ANSWERED = (3, 4, 7, 11, 12, 13, 32, 37, 41, 42, 49, 60, 70)


async def until(holds: Callable[[], bool], timeout_s: float = 5.0) -> None:
    """Wait for something that no event tells."""
    async with asyncio.timeout(timeout_s):
        while not holds():  # noqa: ASYNC110 - a test looks from outside
            await asyncio.sleep(0.005)


class Acquirer:
    """What it does is told by what is set.

    `codes` is the DE39 for each MTI, `queues` those of the next ones; `part_minor` is what is paid with 10;
    `silent` are MTIs that get no answer; `wrong_mac` those with a broken one.
    """

    def __init__(self) -> None:
        self.got: list[Message] = []
        self.raw: list[bytes] = []
        self.codes: dict[str, str] = {}
        self.queues: dict[str, list[str]] = {}
        self.silent: set[str] = set()
        self.wrong_mac: set[str] = set()
        self.part_minor = 0
        self.port = 0
        self._connections: set[asyncio.StreamWriter] = set()

    def mtis(self) -> list[str]:
        """What arrived, network messages apart."""
        return [message.mti for message in self.got if message.mti != "0800"]

    def of(self, mti: str) -> list[Message]:
        """The messages of one type."""
        return [message for message in self.got if message.mti == mti]

    @asynccontextmanager
    async def listening(self) -> AsyncIterator["Acquirer"]:
        """Listen on a free port (the same one when it listens again)."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for writer in list(self._connections):
                writer.close()
            await until(lambda: not self._connections)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections.add(writer)
        try:
            while True:
                size = int.from_bytes(await reader.readexactly(2), "big")
                data = await reader.readexactly(size)
                self.raw.append(data)
                message = iso8583.decode(data, KEY)
                self.got.append(message)
                if message.mti not in self.silent:
                    writer.write(Framing.BINARY2.frame(self._answer(message)))
        except (EOFError, OSError):
            pass
        finally:
            writer.close()
            self._connections.discard(writer)

    def _answer(self, message: Message) -> bytes:
        code = self.codes.get(message.mti, "00")
        if self.queues.get(message.mti):
            code = self.queues[message.mti].pop(0)
        fields = {number: message[number] for number in _ANSWERED if message[number]}
        fields[39] = code
        if message.mti in ("0100", "0120", "0200", "0220") and code in ("00", "10"):
            fields[38] = "A00001"
        if code == "10":
            fields |= {4: f"{self.part_minor:012d}", 54: f"0057364D{message[4]}"}
        answer = iso8583.encode(Message(f"{message.mti[:2]}{int(message.mti[2]) + 1}0", fields), KEY)
        return answer[:-1] + bytes([answer[-1] ^ 1]) if message.mti in self.wrong_mac else answer
