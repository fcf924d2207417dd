"""What comes over a link: messages from people and USSD hops, over real sockets, answered as the wire wants it."""

import asyncio
from collections.abc import Iterator

import pytest

from gateway.errors import StoreUnavailable
from gateway.peers.smsc import Inbound
from gateway.peers.smsc.profile import SessionTlv, UssdDialect
from gateway.services.dialogues.linked import HopKind, LinkHop, LinkPage
from gateway.services.messages import Incoming, Place
from gateway.wire import smpp
from gateway.wire.gsm import Alphabet, Coding, Language
from gateway.wire.smpp import DataSm, DeliverSm, Pdu, Status, Tag, Tlv
from tests.gateway.peers.smsc_stubs import (
    Box,
    ScriptedSmsc,
    answering,
    link_to,
    message,
    obedient,
    running,
    until,
)  # fmt: skip


class People:
    """Keeps what people write; raises `fault` while it is set."""

    def __init__(self) -> None:
        self.messages: list[Incoming] = []
        self.fault: Exception | None = None

    async def message(self, incoming: Incoming) -> None:
        """Keep it."""
        if self.fault is not None:
            raise self.fault
        self.messages.append(incoming)


class Menus:
    """Answers hops with a page each; waits for `gate` first."""

    def __init__(self, *pages: LinkPage | None) -> None:
        self.pages: Iterator[LinkPage | None] = iter(pages)
        self.hops: list[LinkHop] = []
        self.gate = asyncio.Event()
        self.gate.set()

    async def hop(self, hop: LinkHop) -> LinkPage | None:
        """The next page."""
        self.hops.append(hop)
        await self.gate.wait()
        return next(self.pages)


def from_person(number: int = 5, **values: object) -> DeliverSm:
    """A deliver_sm of a person to our short code."""
    base: dict[str, object] = {
        "source_ton": 1,
        "source_npi": 1,
        "source": "989120000001",
        "dest": "1420",
        "dest_ton": 3,
    }
    return DeliverSm(sequence=number, **(base | values))  # type: ignore[arg-type]


GSM, UCS2, TURKISH = Alphabet(Coding.GSM), Alphabet(Coding.UCS2), Alphabet(Coding.GSM, Language.TURKISH)
BALANCE = "مانده".encode("utf-16-be")
UMR = (Tlv(Tag.USER_MESSAGE_REFERENCE, b"\x00\x2a"),)
SAR = (
    Tlv(Tag.SAR_REFERENCE, b"\x12\x34"), Tlv(Tag.SAR_TOTAL, b"\x03"), Tlv(Tag.SAR_NUMBER, b"\x02"),
)  # fmt: skip


@pytest.mark.parametrize(
    ("pdu", "alphabet", "octets", "place", "reference"),
    [
        (from_person(short_message=b"BAL"), GSM, b"BAL", None, ""),
        (from_person(short_message=BALANCE, data_coding=8), UCS2, BALANCE, None, ""),
        (from_person(short_message=b"\x05\x00\x03\x07\x02\x01PA", esm_class=0x40), GSM, b"PA", Place(7, 2, 1), ""),
        (from_person(short_message=b"\x06\x08\x04\x12\x34\x02\x02Y", esm_class=0x40), GSM, b"Y",
         Place(0x1234, 2, 2), ""),
        (from_person(short_message=b"\x03\x25\x01\x01a", esm_class=0x40), TURKISH, b"a", None, ""),
        (from_person(short_message=b"x", tlvs=SAR), GSM, b"x", Place(0x1234, 3, 2), ""),
        (from_person(tlvs=(Tlv(Tag.MESSAGE_PAYLOAD, b"long"),)), GSM, b"long", None, ""),
        (from_person(short_message=b"x", tlvs=UMR), GSM, b"x", None, "002a"),
        (from_person(short_message=b"x", tlvs=(Tlv(Tag.USER_MESSAGE_REFERENCE, b"\0\0"),)), GSM, b"x", None, ""),
        (DataSm(sequence=5, source_ton=1, source="989120000001", dest_ton=3, dest="1420",
                tlvs=(Tlv(Tag.MESSAGE_PAYLOAD, b"BAL"),)), GSM, b"BAL", None, ""),
    ],
)  # fmt: skip
async def test_a_message_is_handed_on_as_it_was_written(
    pdu: Pdu, alphabet: Alphabet, octets: bytes, place: Place | None, reference: str
) -> None:
    people = People()
    async with ScriptedSmsc() as smsc, running(link_to(smsc.port, Inbound(Box(), people))) as link:
        await until(lambda: link.ready)
        smsc.say(pdu)
        answer = smpp.DataSmResp if isinstance(pdu, DataSm) else smpp.DeliverSmResp
        await until(lambda: smsc.all(answer) == [answer(sequence=5)])
    assert people.messages == [Incoming("smsc", "+989120000001", "1420", alphabet, octets, place, reference)]


@pytest.mark.parametrize(
    ("fault", "status"),
    [(StoreUnavailable("gone"), Status.TEMPORARY_APP_ERROR), (RuntimeError("bug"), Status.SYSTEM_ERROR)],
)
async def test_a_message_that_was_not_kept_comes_again(fault: Exception, status: Status) -> None:
    people = People()
    people.fault = fault
    async with ScriptedSmsc() as smsc, running(link_to(smsc.port, Inbound(Box(), people))) as link:
        await until(lambda: link.ready)
        smsc.say(from_person(short_message=b"BAL"))
        await until(lambda: smsc.all(smpp.DeliverSmResp) == [smpp.DeliverSmResp(sequence=5, status=status)])


@pytest.mark.parametrize(
    ("pdu", "status"),
    [
        (from_person(short_message=b"\x01\x02", data_coding=4), Status.PERMANENT_APP_ERROR),
        (from_person(short_message=b"read", esm_class=0x08), Status.OK),
        (from_person(short_message=b"*1420#", tlvs=(Tlv(Tag.USSD_SERVICE_OP, b"\x01"),)), Status.PERMANENT_APP_ERROR),
        (from_person(tlvs=(Tlv(Tag.USSD_SERVICE_OP, b"\x13"), Tlv(Tag.ITS_SESSION_INFO, b"\x05\x00"))), Status.OK),
    ],
)
async def test_what_is_nothing_for_us_is_answered_for_good(pdu: Pdu, status: Status) -> None:
    people, menus = People(), Menus()
    async with ScriptedSmsc() as smsc, running(link_to(smsc.port, Inbound(Box(), people, menus))) as link:
        await until(lambda: link.ready)
        smsc.say(pdu)
        await until(lambda: smsc.all(smpp.DeliverSmResp) == [smpp.DeliverSmResp(sequence=5, status=status)])
    assert (people.messages, menus.hops) == ([], [])


def ussd(number: int, text: bytes, op: int, session: Tlv) -> DeliverSm:
    """A hop as an SMSC brings it."""
    return from_person(
        number, service_type="USSD", short_message=text, tlvs=(Tlv(Tag.USSD_SERVICE_OP, bytes([op])), session)
    )


ITS = Tag.ITS_SESSION_INFO


@pytest.mark.parametrize(
    ("dialect", "first", "second", "answers"),
    [
        (UssdDialect(), Tlv(ITS, b"\x05\x00"), Tlv(ITS, b"\x05\x00"),
         [(2, ITS, b"\x05\x00"), (0x11, ITS, b"\x05\x00")]),
        (UssdDialect(SessionTlv.ITS_COUNTED), Tlv(ITS, b"\x05\x00"), Tlv(ITS, b"\x05\x04"),
         [(2, ITS, b"\x05\x02"), (0x11, ITS, b"\x05\x07")]),
        (UssdDialect(SessionTlv.USER_MESSAGE_REFERENCE, end=0x17), Tlv(0x0204, b"\x12\x34"), Tlv(0x0204, b"\x12\x34"),
         [(2, 0x0204, b"\x12\x34"), (0x17, 0x0204, b"\x12\x34")]),
        (UssdDialect(SessionTlv.VENDOR, vendor_tag=0x1555, ask=7), Tlv(0x1555, b"abcdef"), Tlv(0x1555, b"abcdef"),
         [(7, 0x1555, b"abcdef"), (0x11, 0x1555, b"abcdef")]),
    ],
    ids=["its_session_info", "its_counted", "user_message_reference", "vendor"],
)  # fmt: skip
async def test_a_ussd_session_is_spoken_in_the_operators_dialect(
    dialect: UssdDialect, first: Tlv, second: Tlv, answers: list[tuple[int, int, bytes]]
) -> None:
    menus = Menus(LinkPage("1 Balance", ends=False), LinkPage("۱٬۰۰۰ ریال", ends=True))
    async with ScriptedSmsc() as smsc, running(link_to(smsc.port, Inbound(Box(), None, menus), ussd=dialect)) as link:
        await until(lambda: link.ready)
        smsc.say(ussd(5, b"*1420#", 1, first))
        await until(lambda: len(smsc.all(smpp.SubmitSm)) == 1)
        smsc.say(ussd(6, b"1", 0x12, second))
        await until(lambda: len(smsc.all(smpp.SubmitSm)) == 2)
    begin, proceed = menus.hops
    assert (begin.kind, begin.text, begin.msisdn) == (HopKind.BEGIN, "*1420#", "+989120000001")
    assert (proceed.kind, proceed.text) == (HopKind.CONTINUE, "1")
    assert begin.session_key == proceed.session_key
    assert "989120000001" not in begin.session_key
    assert smsc.all(smpp.DeliverSmResp) == [smpp.DeliverSmResp(sequence=5), smpp.DeliverSmResp(sequence=6)]
    pages = [pdu for pdu in smsc.heard if isinstance(pdu, smpp.SubmitSm)]
    assert [(page.tlvs[0].value[0], page.tlvs[1].tag, page.tlvs[1].value) for page in pages] == answers
    assert [(page.service_type, page.source, page.dest) for page in pages] == [("USSD", "1420", "989120000001")] * 2
    assert [page.data_coding for page in pages] == [0, 8]
    assert pages[1].short_message.decode("utf-16-be") == "۱٬۰۰۰ ریال"


async def test_an_abort_is_told_and_answered_by_no_page() -> None:
    menus = Menus(None, None)
    async with ScriptedSmsc() as smsc:
        counted = UssdDialect(SessionTlv.ITS_COUNTED)
        async with running(link_to(smsc.port, Inbound(Box(), None, menus), ussd=counted)) as link:
            await until(lambda: link.ready)
            smsc.say(ussd(5, b"", 0x81, Tlv(ITS, b"\x05\x02")), ussd(6, b"", 0x12, Tlv(ITS, b"\x05\x05")))
            await until(lambda: len(menus.hops) == 2)
        assert [hop.kind for hop in menus.hops] == [HopKind.ABORT] * 2
        assert smsc.all(smpp.SubmitSm) == []


async def test_a_page_that_takes_its_time_holds_up_nobody() -> None:
    menus, people = Menus(LinkPage("later", ends=True)), People()
    menus.gate.clear()
    async with ScriptedSmsc() as smsc, running(link_to(smsc.port, Inbound(Box(), people, menus))) as link:
        await until(lambda: link.ready)
        smsc.say(ussd(5, b"*1420#", 1, Tlv(ITS, b"\x05\x00")), from_person(6, short_message=b"BAL"))
        await until(lambda: len(people.messages) == 1)
        assert smsc.all(smpp.SubmitSm) == []
        assert (await link.send(message())).parts[0].message_id == "m2"
        menus.gate.set()
        await until(lambda: len(smsc.all(smpp.SubmitSm)) == 2)


async def test_a_page_that_was_throttled_is_sent_again_while_the_person_looks() -> None:
    inbound = Inbound(Box(), None, Menus(LinkPage("page", ends=True)))
    async with ScriptedSmsc(answering(Status.THROTTLED)) as smsc, running(link_to(smsc.port, inbound)) as link:
        await until(lambda: link.ready)
        smsc.say(ussd(5, b"*1420#", 1, Tlv(ITS, b"\x05\x00")))
        await until(lambda: len(smsc.all(smpp.SubmitSm)) == 1)
        smsc.script = obedient
        await until(lambda: len(smsc.all(smpp.SubmitSm)) == 2)
