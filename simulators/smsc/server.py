"""An SMSC: binds ESMEs, takes their messages, and sends receipts and people's messages until they are taken.

Its codec is smpplib's, so that two independent implementations must agree about every PDU.
"""

import asyncio
import random
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from smpplib import consts

from simulators.carriers import Carrier
from simulators.carriers.hop import Timers
from simulators.faults import Faults
from simulators.smsc import session as esme
from simulators.smsc import wire
from simulators.smsc.courier import Courier, Delivery
from simulators.smsc.desk import COMMANDS, Desk, OnSms
from simulators.smsc.receipts import Fate
from simulators.smsc.session import Session
from simulators.smsc.terms import Terms
from simulators.smsc.text import Part, Splitting, split
from simulators.smsc.ussd import Dialect, UssdLine
from simulators.smsc.wire import Pdu
from simulators.trace import Trace

BINDS = frozenset({esme.TRANSMITTER, esme.RECEIVER, esme.TRANSCEIVER})
TICK_S = 0.05
CUT_S = 1.0
CONNECT_S = 5.0
SYSTEM_ID = "smsc"
VERSION = b"\x34"
READ_OCTETS_MAX = 65_536


class Smsc:
    """One SMSC. `accounts` are system ids and passwords; without it anybody may bind.

    Attributes:
        port: That it listens on.
        fates: What becomes of messages to a number (`+98…`); any other number gets its messages.
        desk: Takes messages.
        ussd: The carrier of phones that dial `ussd_code` over this SMSC.
    """

    def __init__(
        self,
        trace: Trace,
        faults: Faults,
        on_sms: OnSms,
        *,
        accounts: Mapping[str, str] | None = None,
        terms: Terms | None = None,
        receipt_delay_s: float | None = None,
        dialect: Dialect | None = None,
        ussd_code: str = "*1420#",
    ) -> None:
        self.port = 0
        self._trace = trace
        self._faults = faults
        self._accounts = accounts
        terms = terms or Terms()
        self._terms = terms if receipt_delay_s is None else replace(terms, receipt_delay_s=receipt_delay_s)
        self._host = ""
        self._server: asyncio.Server | None = None
        self._sessions: dict[Session, asyncio.Task[Any] | None] = {}
        self._courier = Courier(trace, self._sessions.keys(), self._terms)
        self.desk = Desk(trace, faults, on_sms, self._terms, self._courier)
        self.fates: dict[str, Fate] = self.desk.fates
        self._ussd_line = UssdLine(trace, self._sessions.keys(), dialect or Dialect(), Timers())
        self.ussd = Carrier(self._ussd_line, ussd_code, trace, faults)
        self._outbinds: set[asyncio.Task[None]] = set()
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self, host: str, port: int) -> None:
        """Listen; port 0 takes any, which `port` says then."""
        self._host, self.port = host, port
        self._stopping.clear()
        await self._listen()
        self._task = asyncio.create_task(self._live(), name="smsc")

    async def stop(self) -> None:
        """Cut everybody and listen no more."""
        self._stopping.set()
        if self._task is not None:
            await self._task
        await self._cut()

    def deliver(
        self,
        msisdn: str,
        text: str,
        dest: str,
        *,
        splitting: Splitting = Splitting.UDH8,
        ucs2: bool = False,
        out_of_order: bool = False,
        spread: bool = False,
        doubled: bool = False,
    ) -> tuple[Delivery, ...]:
        """A person writes `text` to `dest`: a deliver_sm for each part, kept until an ESME takes it.

        GSM 03.38 where it suffices, unless `ucs2`. `out_of_order` sends the last part first and shuffles the others,
        `spread` gives each part to another receiver, `doubled` sends each part twice.
        """
        parts = list(enumerate(split(text, splitting, ucs2=ucs2), 1))
        if out_of_order:
            last = parts.pop()
            random.Random(self._faults.smsc.seed).shuffle(parts)
            parts.insert(0, last)
        deliveries = tuple(
            Delivery(
                _written(msisdn, dest, part),
                f"deliver_sm of {msisdn}, part {number} of {len(parts)}",
                f"data_coding {part.data_coding}, {len(part.octets)} octets: {text}",
                lane=number - 1 if spread else 0,
                times=2 if doubled else 1,
            )
            for number, part in parts
        )
        for delivery in deliveries:
            self._courier.add(delivery)
        self._courier.pump()
        return deliveries

    async def outbind(self, host: str, port: int, *, password: str = "") -> None:
        """Connect to an ESME that listens, and ask it to bind (SMPP 3.4, 2.2.1).

        Raises:
            OSError: Nobody listens there.
        """
        async with asyncio.timeout(CONNECT_S):
            reader, writer = await asyncio.open_connection(host, port)
        writer.write(wire.make("outbind", 1, system_id=SYSTEM_ID, password=password))
        self._trace.record("sms", "outbind", f"{host} {port}", outbound=True)
        task = asyncio.create_task(self._serve(reader, writer), name="smsc outbind")
        self._outbinds.add(task)
        task.add_done_callback(self._outbinds.discard)

    def unbind_all(self) -> None:
        """Say unbind to everybody who is bound."""
        for session in list(self._sessions):
            if session.bound and session.is_open:
                session.leave()

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._serve, self._host, self.port, ssl=self._terms.tls)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _cut(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        tasks = [task for task in self._sessions.values() if task is not None]
        for session in self._sessions:
            session.writer.transport.abort()
        if tasks:
            await asyncio.wait(tasks, timeout=CUT_S)

    async def _live(self) -> None:
        """Follow the fault button, send what is due, and look after silent connections."""
        while not self._stopping.is_set():
            if self._faults.smsc_down and self._server is not None:
                self._trace.record("sms", "SMSC down", outbound=True)
                await self._cut()
            elif not self._faults.smsc_down and self._server is None:
                await self._listen()
            now = asyncio.get_running_loop().time()
            for session in list(self._sessions):
                session.tick(now)
            self._courier.pump()
            with suppress(TimeoutError):
                async with asyncio.timeout(TICK_S):
                    await self._stopping.wait()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        session = Session(writer, self._faults.smsc, self._terms)
        self._sessions[session] = asyncio.current_task()
        try:
            await self._read(session, reader)
        except wire.Unframed:
            session.answer("generic_nack", 0, consts.SMPP_ESME_RINVCMDLEN)
        except OSError:
            pass
        finally:
            del self._sessions[session]
            session.lost()
            writer.close()

    async def _read(self, session: Session, reader: asyncio.StreamReader) -> None:
        waiting, writer = bytearray(), session.writer
        while not writer.is_closing() and (octets := await reader.read(READ_OCTETS_MAX)):
            while self._faults.smsc.half_open and not writer.is_closing():  # noqa: ASYNC110 - a button is no event
                await asyncio.sleep(TICK_S)
            waiting += octets
            session.heard()
            while taken := wire.frames(waiting):
                for frame in taken:
                    self._take(session, frame)
            await writer.drain()

    def _take(self, session: Session, frame: bytes) -> None:
        pdu = wire.read(frame)
        if isinstance(pdu, wire.Refused):
            session.answer(pdu.answer, pdu.sequence, pdu.status)
            return
        if pdu.command in ("submit_sm", "data_sm") and session.bound and self._ussd_line.hear(session, pdu):
            return
        if pdu.command in COMMANDS:
            self.desk.take(session, pdu)
        elif pdu.command in BINDS:
            self._bind(session, pdu)
        elif pdu.command == "enquire_link":
            session.answer("enquire_link_resp", pdu.sequence)
        elif pdu.command == "unbind":
            session.answer("unbind_resp", pdu.sequence)
            session.bound = ""
            self._trace.record("sms", "unbind", outbound=False)
            session.writer.close()
        elif pdu.command.endswith("_resp") or pdu.command == "generic_nack":
            session.answered(pdu)
        else:
            session.answer("generic_nack", pdu.sequence, consts.SMPP_ESME_RINVCMDID)

    def _bind(self, session: Session, pdu: Pdu) -> None:
        system_id = pdu.text("system_id")
        status = self._may_bind(session, system_id, pdu.text("password"))
        if status == consts.SMPP_ESME_ROK:
            session.bound, session.system_id = pdu.command, system_id
        version = [(wire.TAGS["sc_interface_version"], VERSION)]
        session.answer(f"{pdu.command}_resp", pdu.sequence, status, tlvs=version, system_id=SYSTEM_ID)
        self._trace.record("sms", f"{pdu.command} {system_id}", f"status 0x{status:02X}", outbound=False)
        self._courier.pump()

    def _may_bind(self, session: Session, system_id: str, password: str) -> int:
        if session.bound:
            return int(consts.SMPP_ESME_RALYBND)
        if self._faults.smsc.bind_status:
            return self._faults.smsc.bind_status
        if self._accounts is None:
            return int(consts.SMPP_ESME_ROK)
        if system_id not in self._accounts:
            return int(consts.SMPP_ESME_RINVSYSID)
        return int(consts.SMPP_ESME_ROK if self._accounts[system_id] == password else consts.SMPP_ESME_RINVPASWD)


def _written(msisdn: str, dest: str, part: Part) -> Callable[[int], bytes]:
    """The deliver_sm of one part of what a person wrote."""
    return lambda sequence: wire.make(
        "deliver_sm", sequence, source_addr=msisdn.removeprefix("+"), source_addr_ton=consts.SMPP_TON_INTL,
        source_addr_npi=consts.SMPP_NPI_ISDN, destination_addr=dest, data_coding=part.data_coding,
        esm_class=part.esm_class, short_message=part.octets, tlvs=part.tlvs,
    )  # fmt: skip
