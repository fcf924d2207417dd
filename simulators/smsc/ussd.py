"""USSD over SMPP, as an operator's USSD centre does it on a messaging link (SMPP 3.4, 5.3.2.44 and 5.3.2.43).

Each hop of a phone is a deliver_sm and each page a submit_sm, both with the TLVs `ussd_service_op` and
`its_session_info`: a number for the dialogue, one for the hop, and a bit that ends it.
"""

import asyncio
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from smpplib import consts

from simulators.carriers.hop import GARBLED, Hop, HopKind, Limits, Manner, NoPage, Page, Timers
from simulators.smsc import wire
from simulators.smsc.session import Session
from simulators.smsc.text import piece_of, split, text_of
from simulators.smsc.wire import TAGS, Pdu
from simulators.trace import Trace

OP, SESSION_INFO, REFERENCE = "ussd_service_op", "its_session_info", "user_message_reference"
END_BIT = 0x01
NUMBERS = 0x100
"""Dialogues that one octet tells apart."""


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


@dataclass(slots=True, eq=False)
class _Talk:
    number: int
    session: Session
    waiting: dict[asyncio.Future[Page], int] = field(default_factory=dict)
    """Who waits for a page, and of which hop."""
    shown: dict[bytes, int] = field(default_factory=dict)
    """Of which hop the page with this its_session_info was: a hop that came twice may be answered twice, and late."""

    def answered(self, info: bytes | None) -> list[asyncio.Future[Page]]:
        """Those whom a page is for."""
        if not self.waiting:
            return []
        newest = max(self.waiting.values())
        hop = newest if info is None else self.shown.setdefault(info, newest)
        return [page for page, number in self.waiting.items() if number == hop]

    def settle(self, page: Page | NoPage, waiting: Iterable[asyncio.Future[Page]]) -> None:
        """These have the page, or know that there is none."""
        for each in list(waiting):
            del self.waiting[each]
            if not each.done():
                each.set_exception(page) if isinstance(page, NoPage) else each.set_result(page)


class UssdLine:
    """Hops between phones and whoever is bound: the line of the carrier that an SMSC is too."""

    name = "smpp"
    limits = Limits()

    def __init__(self, trace: Trace, sessions: Iterable[Session], dialect: Dialect, timers: Timers) -> None:
        self.timers = timers
        self._trace = trace
        self._sessions = sessions
        self._dialect = dialect
        self._talks: dict[tuple[str, str], _Talk] = {}

    def new_session(self) -> str:
        """Names the dialogue here; on the wire it has a number of one octet."""
        return secrets.token_hex(8)

    async def deliver(self, hop: Hop, manner: Manner) -> Page:
        """Send a hop and wait for its page. A link has no slow manner of its own.

        Raises:
            NoPage: Nobody is bound, all numbers are taken, the hop was refused, or no page came in time.
        """
        del manner
        talk = self._talk_of(hop)
        page: asyncio.Future[Page] = asyncio.get_running_loop().create_future()
        talk.waiting[page] = hop.number
        begins = hop.kind is HopKind.BEGIN
        self._send(
            hop, talk, self._dialect.begin if begins else self._dialect.answer, hop.dialled if begins else hop.typed
        )
        try:
            async with asyncio.timeout(self.timers.application_s):
                return await page
        except TimeoutError:
            raise NoPage("the application did not answer in time") from None
        finally:
            talk.waiting.pop(page, None)

    async def tell(self, hop: Hop) -> None:
        """An abort, also when the network's timer ran out; a dialogue that is over gives its number back."""
        key = (hop.msisdn, hop.session_id)
        talk = self._talks.get(key)
        if talk is None:
            return
        if hop.kind is HopKind.REPORT:
            del self._talks[key]
            talk.settle(NoPage("the person hung up"), talk.waiting)
        else:
            self._send(hop, talk, self._dialect.abort, "")

    async def close(self) -> None:
        """Forget all dialogues; the links are the SMSC's."""
        self._talks.clear()

    def hear(self, session: Session, pdu: Pdu) -> bool:
        """A submit_sm or data_sm of the application; False if it is no page of USSD."""
        if pdu.tlv(OP) is None:
            return False
        msisdn = f"+{pdu.text('destination_addr').removeprefix('+')}"
        talk = next(
            (talk for (whose, _), talk in self._talks.items() if whose == msisdn and self._is_of(talk, pdu)), None
        )
        given = pdu.tlv(SESSION_INFO)
        waiting = talk.answered(given) if talk is not None else []
        if talk is None or not waiting:
            session.answer(f"{pdu.command}_resp", pdu.sequence, consts.SMPP_ESME_RSUBMITFAIL)
            return True
        op, info = pdu.tlv(OP) or b"\0", given or b"\0\0"
        session.answer(f"{pdu.command}_resp", pdu.sequence, message_id=f"{talk.number:02x}{info[-1]:02x}")
        text = text_of(piece_of(pdu).octets, pdu.number("data_coding"))
        ends = op[-1] != self._dialect.ask or bool(info[-1] & END_BIT)
        self._trace.record("ussd", f"submit_sm to {msisdn}, op {op[-1]}, {info.hex()}", text, outbound=False)
        talk.settle(Page(text, more=not ends), waiting)
        return True

    def _talk_of(self, hop: Hop) -> _Talk:
        key = (hop.msisdn, hop.session_id)
        if key in self._talks:
            return self._talks[key]
        session = next((one for one in self._sessions if one.receives), None)
        if session is None:
            raise NoPage("no application is bound")
        taken = {talk.number for talk in self._talks.values()}
        free = [number for number in range(NUMBERS) if number not in taken]
        if not free:
            raise NoPage("the network has no number for one more dialogue")
        talk = self._talks[key] = _Talk(secrets.choice(free), session)
        return talk

    def _is_of(self, talk: _Talk, pdu: Pdu) -> bool:
        if self._dialect.key is SessionKey.REFERENCE:
            return pdu.tlv(REFERENCE) == talk.number.to_bytes(2, "big")
        info = pdu.tlv(SESSION_INFO)
        return info is not None and len(info) == 2 and info[0] == talk.number

    def _send(self, hop: Hop, talk: _Talk, op: int, text: str) -> None:
        end = END_BIT if op == self._dialect.abort else 0
        tlvs = [(TAGS[OP], bytes([op])), (TAGS[SESSION_INFO], bytes([talk.number, hop.number - 1 << 1 & 0xFE | end]))]
        if self._dialect.key is SessionKey.REFERENCE:
            tlvs[1] = (TAGS[REFERENCE], talk.number.to_bytes(2, "big"))
        part = split(text.replace(GARBLED, ""))[0]
        octets = part.octets + (b"\xff\xfe" if GARBLED in text else b"")
        talk.session.ask(
            lambda sequence: wire.make(
                "deliver_sm", sequence, service_type="USSD", source_addr=hop.bare_msisdn,
                source_addr_ton=consts.SMPP_TON_INTL, source_addr_npi=consts.SMPP_NPI_ISDN,
                destination_addr=hop.bare_code, data_coding=part.data_coding, short_message=octets, tlvs=tlvs,
            ),
            lambda answer: self._refused(talk, answer),
        )  # fmt: skip
        self._trace.record("ussd", f"deliver_sm of {hop.msisdn}, op {op}, {tlvs[1][1].hex()}", text, outbound=True)

    def _refused(self, talk: _Talk, answer: Pdu | None) -> None:
        """An application that refuses a hop, or that is gone, has ended the dialogue."""
        if answer is None or answer.status != consts.SMPP_ESME_ROK:
            talk.settle(NoPage("the application refused the hop"), talk.waiting)
