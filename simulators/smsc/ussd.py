"""USSD over SMPP, as an operator's USSD centre does it on a messaging link (SMPP 3.4, 5.3.2.44 and 5.3.2.43).

Each hop of a phone is a deliver_sm and each page a submit_sm, both with the TLVs `ussd_service_op` and
`its_session_info`: a number for the dialogue, one for the hop, and a bit that ends it.
"""

import asyncio
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from smpplib import consts

from simulators.smsc import wire
from simulators.smsc.session import Session
from simulators.smsc.text import piece_of, split, text_of
from simulators.smsc.wire import TAGS, Pdu
from simulators.trace import Trace

ANSWER_S = 15.0
OP, SESSION_INFO, REFERENCE = "ussd_service_op", "its_session_info", "user_message_reference"
END_BIT = 0x01


class SessionKey(StrEnum):
    """Where the operator puts the dialogue's number."""

    SESSION_INFO = "its_session_info"
    REFERENCE = "user_message_reference"


@dataclass(frozen=True, slots=True)
class Dialect:
    """The values of ussd_service_op (5.3.2.44; the abort is a vendor's) and the place of the dialogue's number."""

    begin: int = 1
    answer: int = 18
    abort: int = 0x81
    ask: int = 2
    end: int = 17
    key: SessionKey = SessionKey.SESSION_INFO


@dataclass(frozen=True, slots=True)
class UssdScreen:
    """What the phone shows: the page, whether it waits for an answer, and what failed on the network's side."""

    text: str
    open: bool
    failed: str | None = None


@dataclass(slots=True, eq=False)
class _Dialogue:
    number: int
    session: Session
    service_code: str
    hop: int = 0
    page: asyncio.Future[UssdScreen] | None = None


class UssdCentre:
    """Carries dialogues between phones and whoever is bound; a phone's `Network`, as the HTTP carrier is."""

    def __init__(self, trace: Trace, sessions: Iterable[Session], dialect: Dialect, answer_s: float = ANSWER_S) -> None:
        self._trace = trace
        self._sessions = sessions
        self._dialect = dialect
        self._answer_s = answer_s
        self._dialogues: dict[str, _Dialogue] = {}

    async def dial(self, msisdn: str, code: str) -> UssdScreen:
        """Dial a code; an open dialogue of the phone is cut."""
        self.cancel(msisdn)
        session = next((one for one in self._sessions if one.receives), None)
        if session is None:
            return UssdScreen("", open=False, failed="no application is bound")
        taken = {dialogue.number for dialogue in self._dialogues.values()}
        number = next(number for number in iter(lambda: secrets.randbelow(0x100), None) if number not in taken)
        dialogue = self._dialogues[msisdn] = _Dialogue(number, session, code.strip("*#").split("*")[0])
        return await self._hop(msisdn, dialogue, self._dialect.begin, code)

    async def answer(self, msisdn: str, text: str) -> UssdScreen:
        """Type `text` on the page that is open."""
        dialogue = self._dialogues.get(msisdn)
        if dialogue is None:
            return UssdScreen("", open=False, failed="no dialogue is open")
        return await self._hop(msisdn, dialogue, self._dialect.answer, text)

    def cancel(self, msisdn: str) -> None:
        """Press the red key: the application is told."""
        dialogue = self._dialogues.pop(msisdn, None)
        if dialogue is not None:
            self._send(msisdn, dialogue, self._dialect.abort, "")
            if dialogue.page is not None and not dialogue.page.done():
                dialogue.page.set_result(UssdScreen("", open=False, failed="the person hung up"))

    def hear(self, session: Session, pdu: Pdu) -> bool:
        """A submit_sm or data_sm of the application; False if it is no page of USSD."""
        if pdu.tlv(OP) is None:
            return False
        msisdn = f"+{pdu.text('destination_addr').removeprefix('+')}"
        dialogue = self._dialogues.get(msisdn)
        waits = dialogue is not None and dialogue.page is not None and not dialogue.page.done()
        if dialogue is None or not waits or not self._is_of(dialogue, pdu):
            session.answer(f"{pdu.command}_resp", pdu.sequence, consts.SMPP_ESME_RSUBMITFAIL)
            return True
        session.answer(f"{pdu.command}_resp", pdu.sequence, message_id=f"{dialogue.number:02x}{dialogue.hop:02x}")
        op, info = pdu.tlv(OP) or b"\0", pdu.tlv(SESSION_INFO) or b"\0\0"
        text = text_of(piece_of(pdu).octets, pdu.number("data_coding"))
        ends = op[-1] != self._dialect.ask or bool(info[-1] & END_BIT)
        self._trace.record("ussd", f"submit_sm to {msisdn}, op {op[-1]}, {info.hex()}", text, outbound=False)
        if ends:
            del self._dialogues[msisdn]
        if dialogue.page is not None:
            dialogue.page.set_result(UssdScreen(text, open=not ends))
        return True

    def _is_of(self, dialogue: _Dialogue, pdu: Pdu) -> bool:
        if self._dialect.key is SessionKey.REFERENCE:
            return pdu.tlv(REFERENCE) == dialogue.number.to_bytes(2, "big")
        info = pdu.tlv(SESSION_INFO)
        return info is not None and len(info) == 2 and info[0] == dialogue.number

    async def _hop(self, msisdn: str, dialogue: _Dialogue, op: int, text: str) -> UssdScreen:
        dialogue.page = asyncio.get_running_loop().create_future()
        self._send(msisdn, dialogue, op, text)
        try:
            async with asyncio.timeout(self._answer_s):
                return await dialogue.page
        except TimeoutError:
            if self._dialogues.get(msisdn) is dialogue:
                self.cancel(msisdn)
            return UssdScreen("", open=False, failed="the application did not answer in time")

    def _send(self, msisdn: str, dialogue: _Dialogue, op: int, text: str) -> None:
        end = END_BIT if op == self._dialect.abort else 0
        tlvs = [(TAGS[OP], bytes([op])), (TAGS[SESSION_INFO], bytes([dialogue.number, dialogue.hop << 1 & 0xFE | end]))]
        if self._dialect.key is SessionKey.REFERENCE:
            tlvs[1] = (TAGS[REFERENCE], dialogue.number.to_bytes(2, "big"))
        dialogue.hop += 1
        part = split(text)[0]
        dialogue.session.ask(
            lambda sequence: wire.make(
                "deliver_sm", sequence, service_type="USSD", source_addr=msisdn.removeprefix("+"),
                source_addr_ton=consts.SMPP_TON_INTL, source_addr_npi=consts.SMPP_NPI_ISDN,
                destination_addr=dialogue.service_code, data_coding=part.data_coding, short_message=part.octets,
                tlvs=tlvs,
            ),
            lambda answer: self._refused(msisdn, dialogue, answer),
        )  # fmt: skip
        self._trace.record("ussd", f"deliver_sm of {msisdn}, op {op}, {tlvs[1][1].hex()}", text, outbound=True)

    def _refused(self, msisdn: str, dialogue: _Dialogue, answer: Pdu | None) -> None:
        """An application that refuses a hop, or that is gone, has ended the dialogue."""
        if answer is not None and answer.status == consts.SMPP_ESME_ROK:
            return
        if self._dialogues.get(msisdn) is dialogue:
            del self._dialogues[msisdn]
        if dialogue.page is not None and not dialogue.page.done():
            dialogue.page.set_result(UssdScreen("", open=False, failed="the application refused the hop"))
