"""An SMSC: binds, takes submit_sm, shows whole texts, and sends delivery receipts until they are taken.

Its codec is smpplib's, so that two independent implementations must agree about every PDU.
"""

import asyncio
import secrets
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from smpplib import consts

from simulators import smsc_wire as wire
from simulators.faults import Faults
from simulators.trace import Trace

OnSms = Callable[[str, str, str], None]
"""Called with msisdn (`+98…`), the whole text and the sender."""

BINDS = {"bind_transmitter": False, "bind_receiver": True, "bind_transceiver": True}
"""Whether a bind of this kind gets deliver_sm."""
TICK_S = 0.05
AGAIN_S = 1.0
CUT_S = 1.0
DELIVERY_RECEIPT = 0x04


@dataclass(slots=True)
class _Receipt:
    due: float
    message_id: str
    msisdn: str
    sender: str


@dataclass(slots=True, eq=False)
class _Session:
    writer: asyncio.StreamWriter
    bound: str = ""
    receives: bool = False
    sequence: int = 0
    unanswered: dict[int, _Receipt] = field(default_factory=dict)

    def say(self, command: str, sequence: int, status: int = 0, **values: object) -> None:
        if not self.writer.is_closing():
            self.writer.write(wire.make(command, sequence, status, **values))


class Smsc:
    """One SMSC. `accounts` are system ids and passwords; without it anybody may bind."""

    def __init__(
        self,
        trace: Trace,
        faults: Faults,
        on_sms: OnSms,
        *,
        accounts: Mapping[str, str] | None = None,
        receipt_delay_s: float = 0.3,
    ) -> None:
        self.port = 0
        self._trace = trace
        self._faults = faults
        self._on_sms = on_sms
        self._accounts = accounts
        self._receipt_delay_s = receipt_delay_s
        self._host = ""
        self._server: asyncio.Server | None = None
        self._sessions: dict[_Session, asyncio.Task[Any] | None] = {}
        self._receipts: deque[_Receipt] = deque()
        self._joiner = wire.Joiner()
        self._ids = (f"{number:012x}" for number in range(secrets.randbits(47), 1 << 48))
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

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._serve, self._host, self.port)
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
        """Follow the fault button, and send receipts that are due."""
        while not self._stopping.is_set():
            if self._faults.smsc_down and self._server is not None:
                self._trace.record("sms", "SMSC down", outbound=True)
                await self._cut()
            elif not self._faults.smsc_down and self._server is None:
                await self._listen()
            self._send_receipts(asyncio.get_running_loop().time())
            with suppress(TimeoutError):
                async with asyncio.timeout(TICK_S):
                    await self._stopping.wait()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        session = _Session(writer)
        self._sessions[session] = asyncio.current_task()
        waiting = bytearray()
        try:
            while not writer.is_closing() and (octets := await reader.read(65_536)):
                waiting += octets
                for frame in wire.frames(waiting):
                    self._take(session, frame)
                await writer.drain()
        except wire.Unframed:
            session.say("generic_nack", 0, consts.SMPP_ESME_RINVCMDLEN)
        except OSError:
            pass
        finally:
            # What was delivered and not acknowledged is delivered again to whoever binds next.
            self._receipts.extend(session.unanswered.values())
            del self._sessions[session]
            writer.close()

    def _take(self, session: _Session, frame: bytes) -> None:
        pdu = wire.read(frame)
        if isinstance(pdu, wire.Refused):
            session.say("generic_nack", pdu.sequence, pdu.status)
            return
        match pdu.command:
            case "bind_transmitter" | "bind_receiver" | "bind_transceiver":
                self._bind(session, pdu)
            case "submit_sm":
                self._submit(session, pdu)
            case "deliver_sm_resp":
                self._answered(session, pdu)
            case "enquire_link":
                session.say("enquire_link_resp", pdu.sequence)
            case "unbind":
                session.say("unbind_resp", pdu.sequence)
                session.bound, session.receives = "", False
                self._trace.record("sms", "unbind", outbound=False)
                session.writer.close()
            case command if not command.endswith("_resp") and command != "generic_nack":
                session.say("generic_nack", pdu.sequence, consts.SMPP_ESME_RINVCMDID)

    def _bind(self, session: _Session, pdu: Any) -> None:  # noqa: ANN401 - smpplib's PDUs have no types
        given = wire.fields(pdu)
        status = self._may_bind(session, given["system_id"], given["password"])
        if status == consts.SMPP_ESME_ROK:
            session.bound, session.receives = given["system_id"], BINDS[pdu.command]
        session.say(f"{pdu.command}_resp", pdu.sequence, status, system_id="smsc")
        self._trace.record("sms", f"{pdu.command} {given['system_id']}", f"status 0x{status:02X}", outbound=False)

    def _may_bind(self, session: _Session, system_id: str, password: str) -> int:
        if session.bound:
            return int(consts.SMPP_ESME_RALYBND)
        if self._accounts is None:
            return int(consts.SMPP_ESME_ROK)
        if system_id not in self._accounts:
            return int(consts.SMPP_ESME_RINVSYSID)
        return int(consts.SMPP_ESME_ROK if self._accounts[system_id] == password else consts.SMPP_ESME_RINVPASWD)

    def _submit(self, session: _Session, pdu: Any) -> None:  # noqa: ANN401 - smpplib's PDUs have no types
        given = wire.fields(pdu)
        if not session.bound:
            session.say("submit_sm_resp", pdu.sequence, consts.SMPP_ESME_RINVBNDSTS)
            return
        if not given["destination_addr"].isdecimal():
            session.say("submit_sm_resp", pdu.sequence, consts.SMPP_ESME_RINVDSTADR)
            return
        if not wire.whole(pdu):
            session.say("submit_sm_resp", pdu.sequence, consts.SMPP_ESME_RINVMSGLEN)
            return
        message_id, msisdn = next(self._ids), f"+{given['destination_addr']}"
        session.say("submit_sm_resp", pdu.sequence, message_id=message_id)
        piece = wire.piece_of(pdu)
        text = self._joiner.add(given["source_addr"], msisdn, piece, pdu.data_coding)
        self._trace.record(
            "sms",
            f"submit_sm to {msisdn}, part {piece.number} of {piece.total}",
            f"id {message_id}, data_coding {pdu.data_coding}, {len(piece.octets)} octets: "
            f"{wire.text_of(piece.octets, pdu.data_coding)}",
            outbound=False,
        )
        if pdu.registered_delivery & consts.SMPP_SMSC_DELIVERY_RECEIPT_BITMASK:
            due = asyncio.get_running_loop().time() + self._receipt_delay_s
            self._receipts.append(_Receipt(due, message_id, msisdn, given["source_addr"]))
        if text is not None:
            self._on_sms(msisdn, text, given["source_addr"])

    def _send_receipts(self, now: float) -> None:
        session = next((session for session in self._sessions if session.receives), None)
        if session is None:
            return
        for _ in range(len(self._receipts)):
            receipt = self._receipts.popleft()
            if receipt.due > now:
                self._receipts.append(receipt)
                continue
            session.sequence += 1
            session.unanswered[session.sequence] = receipt
            moment = datetime.now(UTC).strftime("%y%m%d%H%M")
            text = (
                f"id:{receipt.message_id} sub:001 dlvrd:001 submit date:{moment} done date:{moment} "
                "stat:DELIVRD err:000 text:"
            )
            session.say(
                "deliver_sm", session.sequence, service_type="", source_addr=receipt.msisdn[1:],
                source_addr_ton=consts.SMPP_TON_INTL, source_addr_npi=consts.SMPP_NPI_ISDN,
                destination_addr=receipt.sender, esm_class=DELIVERY_RECEIPT, short_message=text.encode(),
                schedule_delivery_time="", validity_period="", receipted_message_id=receipt.message_id,
                message_state=consts.SMPP_MESSAGE_STATE_DELIVERED,
            )  # fmt: skip
            self._trace.record("sms", f"deliver_sm, receipt of {receipt.msisdn}", text, outbound=True)

    def _answered(self, session: _Session, pdu: Any) -> None:  # noqa: ANN401 - smpplib's PDUs have no types
        receipt = session.unanswered.pop(pdu.sequence, None)
        if receipt is not None and pdu.status != consts.SMPP_ESME_ROK:
            receipt.due = asyncio.get_running_loop().time() + AGAIN_S
            self._receipts.append(receipt)
