"""A USSD centre over TCP, as an application knows it: Huawei's binary protocol, or MTN Nigeria's XML in frames.

An application connects and signs on; a handset then dials and answers here. Written from the operators' forms alone.
Huawei: 20-octet header (length, command, status, sender CB, receiver CB), commands 0x65 bind, 0x67 its answer, 0x6F
begin, 0x70 continue, 0x71 end, 0x72 abort, 0x83 shake, 0x84 its answer. MTN: 16 octets session id, 16 octets length,
then XML.
"""

import asyncio
import re
import secrets
import struct
import xml.etree.ElementTree as ET
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum

from simulators.carriers import Screen
from simulators.trace import Trace

ANSWER_S = 15.0
HEADER = struct.Struct(">IIIII")
NO_CB = 0xFFFFFFFF


@dataclass(slots=True)
class CentreFaults:
    """What the centre does wrong; all off at first.

    Attributes:
        refuse: Sign-ons are refused.
        trickle: Everything is sent octet by octet.
        garbage: Octets that mean nothing come before the next hop.
        deaf: Enquiries are not answered.
        twice: Each hop comes twice.
    """

    refuse: bool = False
    trickle: bool = False
    garbage: bool = False
    deaf: bool = False
    twice: bool = False


class Away(Enum):
    """Why a phone does not show what is pushed to it: the errors of MAP as this centre gives them, and silence."""

    ABSENT = 27
    BUSY = 72
    RED_KEY = 0
    NO_USSD = 21
    SILENT = -1


@dataclass(frozen=True, slots=True)
class Shown:
    """What a phone showed of a push, and whether it asked for an answer."""

    text: str
    asks: bool


@dataclass(slots=True)
class Talking:
    """A dialogue of a handset."""

    msisdn: str
    number: int
    peer: int = NO_CB
    shown: asyncio.Queue[Screen] = field(default_factory=lambda: asyncio.Queue(16))


class Centre:
    """Listens at 127.0.0.1; one application at a time, as an account is."""

    def __init__(self, account: str, password: str, code: str, trace: Trace, faults: CentreFaults) -> None:
        self.account = account
        self.password = password
        self.code = code
        self.port = 0
        self.faults = faults
        self.enquiries = 0
        self.trace = trace
        self.talking: dict[str, Talking] = {}
        self._server: asyncio.Server | None = None
        self._writer: asyncio.StreamWriter | None = None
        self.signed_on = asyncio.Event()

    async def start(self, port: int = 0) -> None:
        """Listen."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Hang up and listen no more."""
        self.hang_up()
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    def hang_up(self) -> None:
        """Cut the application's connection."""
        self.signed_on.clear()
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    async def dial(self, msisdn: str, code: str) -> Screen:
        """Dial; what the phone shows."""
        talking = self.talking[msisdn] = Talking(msisdn, secrets.randbelow(0x7FFFFFFF) + 1)
        return await self._hop(talking, lambda: self.begin(talking, code))

    async def answer(self, msisdn: str, text: str) -> Screen:
        """Type on the open page."""
        talking = self.talking.get(msisdn)
        if talking is None:
            return Screen("", open=False, failed="no dialogue is open")
        return await self._hop(talking, lambda: self.go_on(talking, text))

    async def cancel(self, msisdn: str) -> None:
        """Press the red key; this wire tells the application."""
        talking = self.talking.pop(msisdn, None)
        if talking is not None:
            await self.send(self.abort(talking))

    async def send(self, octets: bytes) -> None:
        """Write to the application."""
        if self._writer is None:
            return
        pieces = [bytes([octet]) for octet in octets] if self.faults.trickle else [octets]
        for piece in pieces:
            self._writer.write(piece)
            await self._writer.drain()

    async def _hop(self, talking: Talking, made: Callable[[], bytes]) -> Screen:
        if self.faults.garbage:
            self.faults.garbage = False
            await self.send(b"\x00\x00\x00\x02garbage" * 8)
        octets = made()
        for _ in range(2 if self.faults.twice else 1):
            await self.send(octets)
        try:
            async with asyncio.timeout(ANSWER_S):
                screen = await talking.shown.get()
        except TimeoutError:
            return Screen("", open=False, failed="the application did not answer in time")
        if not screen.open:
            self.talking.pop(talking.msisdn, None)
        return screen

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writer, buffer = writer, bytearray()
        try:
            while octets := await reader.read(65_536):
                buffer += octets
                await self.take(buffer)
        except OSError:
            self.trace.record("ussd", "the application's connection broke", outbound=False)
        finally:
            if self._writer is writer:
                self.signed_on.clear()
            writer.close()

    async def take(self, buffer: bytearray) -> None:
        """Take whole messages off the buffer."""
        raise NotImplementedError

    def begin(self, talking: Talking, code: str) -> bytes:
        """A dialled code."""
        raise NotImplementedError

    def go_on(self, talking: Talking, text: str) -> bytes:
        """An answer."""
        raise NotImplementedError

    def abort(self, talking: Talking) -> bytes:
        """The red key."""
        raise NotImplementedError


class HuaweiCentre(Centre):
    """Speaks the binary protocol, and pushes what the application begins.

    A phone has one dialogue at a time, so that one which talks is busy; `away` says what else a phone does, and how
    often, and `answers` what its person types on a page that asks. `pushed` is what phones have shown.
    """

    def __init__(self, account: str, password: str, code: str, trace: Trace, faults: CentreFaults) -> None:
        super().__init__(account, password, code, trace, faults)
        self.away: dict[str, list[Away]] = defaultdict(list)
        self.answers: dict[str, str] = {}
        self.pushed: dict[str, list[Shown]] = defaultdict(list)
        self.given_up = 0
        """Pushes that the application took back."""

    def begin(self, talking: Talking, code: str) -> bytes:
        """0x6F; a code of more than three digits rides inside the string."""
        digits = re.match(r"\*(\d+)", code)
        short = digits[1][:3] if digits else ""
        base = self.code.rstrip("#")
        rest = code.removeprefix(base).rstrip("#").lstrip("*")
        return self._talk(0x6F, 1, talking, f"@{base}#@{rest}", short)

    def go_on(self, talking: Talking, text: str) -> bytes:
        """0x70 with what was typed."""
        return self._talk(0x70, 3, talking, text)

    def abort(self, talking: Talking) -> bytes:
        """0x72."""
        return HEADER.pack(HEADER.size, 0x72, 0, talking.number, talking.peer)

    def _talk(self, command: int, operation: int, talking: Talking, text: str, code: str = "") -> bytes:
        wide = not all(ord(letter) < 256 for letter in text)
        octets = text.encode("utf-16-be" if wide else "latin-1")
        body = bytes([0x20, operation]) + talking.msisdn.lstrip("+").encode().ljust(21, b"\0")
        body += code.encode().ljust(4, b"\0") + bytes([0x48 if wide else 0x44]) + octets
        return HEADER.pack(HEADER.size + len(body), command, 0, talking.number, talking.peer) + body

    async def take(self, buffer: bytearray) -> None:
        """Every PDU that is whole."""
        while len(buffer) >= HEADER.size:
            length, command, _status, sender, receiver = HEADER.unpack_from(buffer)
            if len(buffer) < length:
                return
            body = bytes(buffer[HEADER.size : length])
            del buffer[:length]
            await self._pdu(command, sender, receiver, body)

    async def _pdu(self, command: int, sender: int, receiver: int, body: bytes) -> None:
        match command:
            case 0x65:
                known = body[:11].rstrip(b"\0").decode() == self.account
                right = known and body[11:20].rstrip(b"\0").decode() == self.password and not self.faults.refuse
                await self.send(HEADER.pack(HEADER.size + 11, 0x67, 0 if right else 0x0B, NO_CB, NO_CB) + body[:11])
                if right:
                    self.signed_on.set()
            case 0x83:
                self.enquiries += 1
                if not self.faults.deaf:
                    await self.send(HEADER.pack(HEADER.size, 0x84, 0, NO_CB, NO_CB))
            case 0x6F:
                await self._push(sender, body)
            case 0x72:
                self.given_up += 1
            case 0x70 | 0x71:
                self._show(command, sender, receiver, body)
            case 0x66:
                await self.send(HEADER.pack(HEADER.size, 0x68, 0, NO_CB, NO_CB))
            case _:
                self.trace.record("ussd", f"command {command:#x}", outbound=False)

    async def _push(self, sender: int, body: bytes) -> None:
        msisdn = f"+{body[2:23].rstrip(bytes(1)).decode()}"
        away = self.away[msisdn].pop(0) if self.away[msisdn] else Away.BUSY if msisdn in self.talking else None
        talking = Talking(msisdn, secrets.randbelow(0x7FFFFFFF) + 1, sender)
        if away is Away.SILENT:
            return
        if away is not None:
            await self.send(HEADER.pack(HEADER.size, 0x72, away.value, talking.number, sender))
            return
        text = body[28:].decode("utf-16-be" if body[27] in {0x48, 0x11} else "latin-1")
        self.pushed[msisdn].append(Shown(text, asks=body[1] == 1))
        self.trace.record("ussd", f"pushed to {msisdn}", text, outbound=False)
        if body[1] == 1:
            self.talking[msisdn] = talking
            if msisdn not in self.answers:
                return
        await self.send(self._talk(0x70, 3, talking, self.answers.get(msisdn, "")))

    def _show(self, command: int, sender: int, receiver: int, body: bytes) -> None:
        talking = next((one for one in self.talking.values() if one.number == receiver), None)
        if talking is None or talking.shown.full():
            return
        talking.peer = sender
        octets = body[28:]
        text = octets.decode("utf-16-be" if body[27] in {0x48, 0x11} else "latin-1")
        failed = "the page has more than 182 octets" if len(octets) > 182 else None
        talking.shown.put_nowait(Screen(text, open=command == 0x70 and failed is None, failed=failed))


class MtnCentre(Centre):
    """Speaks XML in frames."""

    def begin(self, talking: Talking, code: str) -> bytes:
        """A USSDRequest of msgtype 1."""
        return self._request(talking, "1", code, ends=False)

    def go_on(self, talking: Talking, text: str) -> bytes:
        """A USSDRequest of msgtype 4."""
        return self._request(talking, "4", text, ends=False)

    def abort(self, talking: Talking) -> bytes:
        """A USSDRequest that ends the session."""
        return self._request(talking, "4", "", ends=True)

    def _request(self, talking: Talking, kind: str, text: str, *, ends: bool) -> bytes:
        fields = {
            "requestId": str(secrets.randbelow(10**9)),
            "msisdn": talking.msisdn.lstrip("+"),
            "starCode": self.code.strip("*#"),
            "clientId": "123",
            "phase": "2",
            "dcs": "15",
            "msgtype": kind,
            "userdata": text,
            "EndofSession": "1" if ends else "0",
        }
        return _framed(f"{talking.number:016d}", "USSDRequest", fields)

    async def take(self, buffer: bytearray) -> None:
        """Every frame that is whole."""
        while len(buffer) >= 32:
            length = int(bytes(buffer[16:32]).rstrip(b"\0"))
            if len(buffer) < length:
                return
            number, root = bytes(buffer[:16]).rstrip(b"\0").decode(), ET.fromstring(bytes(buffer[32:length]))  # noqa: S314 - ours speaks, nobody else
            del buffer[:length]
            fields = {child.tag: child.text or "" for child in root}
            await self._message(number, root.tag, fields)

    async def _message(self, number: str, name: str, fields: dict[str, str]) -> None:
        match name:
            case "AUTHRequest":
                right = (fields["userName"], fields["passWord"]) == (self.account, self.password)
                if right and not self.faults.refuse:
                    await self.send(
                        _framed("", "AUTHResponse", {"requestId": fields["requestId"], "authMsg": "SUCCESS"})
                    )
                    self.signed_on.set()
                else:
                    await self.send(_framed("", "AUTHError", {"requestId": fields["requestId"], "errorCode": "001"}))
            case "ENQRequest":
                self.enquiries += 1
                if not self.faults.deaf:
                    answer = {"requestId": fields["requestId"], "enqCmd": "ENQUIRELINKRSP"}
                    await self.send(_framed("", "ENQResponse", answer))
            case "USSDResponse":
                talking = next((one for one in self.talking.values() if f"{one.number:016d}" == number), None)
                if talking is not None and not talking.shown.full():
                    ends = fields["EndofSession"] == "1"
                    talking.shown.put_nowait(Screen(fields["userdata"], open=not ends))
            case _:
                self.trace.record("ussd", name, outbound=False)


def _framed(number: str, name: str, fields: dict[str, str]) -> bytes:
    root = ET.Element(name)
    for field_name, value in fields.items():
        ET.SubElement(root, field_name).text = value
    body = bytes(ET.tostring(root, encoding="iso-8859-1"))
    return number.encode().ljust(16, b"\0") + str(32 + len(body)).encode().ljust(16, b"\0") + body
