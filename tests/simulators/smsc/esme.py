"""An ESME that speaks the simulator's own codec, and an SMSC with what it heard, for the simulator's tests."""

import asyncio
from contextlib import suppress
from typing import Any

from simulators.faults import Faults
from simulators.smsc import Dialect, Smsc, Terms, wire
from simulators.smsc.wire import Pdu
from simulators.trace import Trace

PHONE = "+989120000001"


class Lab:
    """An SMSC with what it heard."""

    def __init__(
        self,
        accounts: dict[str, str] | None = None,
        terms: Terms | None = None,
        dialect: Dialect | None = None,
        seed: int = 0,
    ) -> None:
        self.sms: list[tuple[str, str, str]] = []
        self.trace, self.faults = Trace(), Faults()
        self.faults.smsc.seed = seed
        self.smsc = Smsc(
            self.trace,
            self.faults,
            lambda *sms: self.sms.append(sms),
            accounts=accounts,
            terms=terms or Terms(receipt_delay_s=0.02),
            dialect=dialect,
        )

    @property
    def texts(self) -> list[str]:
        return [text for _, text, _ in self.sms]

    def summaries(self) -> str:
        """What the lab's list shows."""
        return "\n".join(message.summary for message in self.trace.messages)


class Esme:
    """A client that speaks octets."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer, self.number = reader, writer, 0

    @classmethod
    async def connect(cls, lab: Lab, **more: Any) -> "Esme":  # noqa: ANN401 - asyncio's
        return cls(*await asyncio.open_connection("127.0.0.1", lab.smsc.port, **more))

    @classmethod
    async def bound(cls, lab: Lab, kind: str = "transceiver", system_id: str = "tapdial") -> "Esme":
        esme = await cls.connect(lab)
        assert await esme.bind(kind=kind, system_id=system_id) == 0
        return esme

    def say(self, command: str, **values: Any) -> int:  # noqa: ANN401 - fields of many types
        """Send a request; its sequence number."""
        self.number += 1
        self.writer.write(wire.make(command, self.number, **values))
        return self.number

    async def ask(self, command: str, **values: Any) -> Pdu:  # noqa: ANN401 - fields of many types
        """Send a request; the next PDU."""
        self.say(command, **values)
        return await self.hear()

    async def bind(self, password: str = "demo", system_id: str = "tapdial", kind: str = "transceiver") -> int:  # noqa: S107 - the lab's
        return (await self.ask(f"bind_{kind}", system_id=system_id, password=password)).status

    def put(self, octets: bytes = b"hello", coding: int = 0, **more: object) -> int:
        """Send a submit_sm; its sequence number."""
        return self.say("submit_sm", **_message(octets, coding, more))

    async def submit(self, octets: bytes = b"hello", coding: int = 0, **more: object) -> Pdu:
        return await self.ask("submit_sm", **_message(octets, coding, more))

    def reply(self, pdu: Pdu, status: int = 0) -> None:
        """Answer what the SMSC asked."""
        if status:
            self.writer.write(wire.framed(f"{pdu.command}_resp", pdu.sequence, status))
        else:
            self.writer.write(wire.make(f"{pdu.command}_resp", pdu.sequence))

    async def hear(self) -> Pdu:
        """The next PDU."""
        async with asyncio.timeout(3):
            head = await self.reader.readexactly(4)
            pdu = wire.read(head + await self.reader.readexactly(int.from_bytes(head, "big") - 4))
        assert isinstance(pdu, Pdu), pdu
        return pdu

    async def hears_nothing(self, for_s: float = 0.15) -> bool:
        """Whether nothing comes for a while."""
        try:
            async with asyncio.timeout(for_s):
                await self.reader.readexactly(1)
        except TimeoutError:
            return True
        return False

    async def is_cut(self) -> bool:
        """Whether the SMSC closes the connection."""
        with suppress(ConnectionError):
            async with asyncio.timeout(3):
                await self.reader.read()
        self.close()
        return True

    def close(self) -> None:
        self.writer.close()


def _message(octets: bytes, coding: int, more: dict[str, object]) -> dict[str, object]:
    return {
        "source_addr": "1420", "destination_addr": PHONE[1:], "short_message": octets, "data_coding": coding,
    } | more  # fmt: skip
