"""Pushes over SMPP: a page goes out unasked, and the network's word on it becomes one outcome."""

import asyncio

import pytest

from gateway.peers.smsc import Inbound
from gateway.peers.smsc.profile import SessionTlv, UssdDialect
from gateway.services.dialogues.linked import HopKind, LinkPage
from gateway.services.dialogues.push import Push, PushOutcome
from gateway.wire import smpp
from gateway.wire.smpp import DeliverSm, Pdu, Status, Tag, Tlv
from tests.gateway.peers.smsc_stubs import Box, Script, ScriptedSmsc, answering, link_to, mute, obedient, running, until
from tests.gateway.peers.test_smsc_arrivals import Menus, from_person

NOTICE = Push("ntc_1", "+989120000001", "Paid.")
ASKS = Push("ses_1", "+989120000001", "1 Pay\n2 Not now", asks=True, session_key="push-1")
COUNTED = UssdDialect(SessionTlv.ITS_COUNTED, pushes_max=5, push_s=0.3)
OPAQUE = UssdDialect(SessionTlv.ITS_SESSION_INFO, pushes_max=5, push_s=0.3)


def heard(page: smpp.SubmitSm, op: int, text: bytes = b"", *more: Tlv) -> DeliverSm:
    """What the network says in the session of `page`."""
    session = page.tlv(Tag.ITS_SESSION_INFO) or b""
    info = Tlv(Tag.ITS_SESSION_INFO, bytes([session[0], session[1] & 0xFE]))
    return from_person(9, short_message=text, tlvs=(Tlv(Tag.USSD_SERVICE_OP, bytes([op])), info, *more))


def saying(op: int, text: bytes = b"", *more: Tlv) -> Script:
    """An SMSC whose phones do this with what is pushed."""

    def script(pdu: Pdu) -> list[Pdu]:
        return [*obedient(pdu), heard(pdu, op, text, *more)] if isinstance(pdu, smpp.SubmitSm) else obedient(pdu)

    return script


def error(code: int) -> Tlv:
    """An error of MAP as network_error_code."""
    return Tlv(Tag.NETWORK_ERROR_CODE, bytes([3, 0, code]))


@pytest.mark.parametrize("dialect", [COUNTED, OPAQUE], ids=["counted", "opaque"])
@pytest.mark.parametrize(
    ("script", "outcome"),
    [
        (saying(0x13), PushOutcome.SHOWN),
        (saying(0x81, b"", error(27)), PushOutcome.ABSENT),
        (saying(0x81, b"", error(72)), PushOutcome.BUSY),
        (saying(0x81, b"", error(21)), PushOutcome.UNSUPPORTED),
        (saying(0x81), PushOutcome.REJECTED),
        (answering(Status.INVALID_DEST), PushOutcome.REJECTED),
        (answering(Status.THROTTLED), PushOutcome.BUSY),
        (obedient, PushOutcome.UNKNOWN),
        (mute, PushOutcome.UNKNOWN),
    ],
)
async def test_a_notice_is_pushed_and_its_end_is_told(
    dialect: UssdDialect, script: Script, outcome: PushOutcome
) -> None:
    inbound = Inbound(Box(), None, Menus(None))
    async with ScriptedSmsc(script) as smsc, running(link_to(smsc.port, inbound, ussd=dialect)) as link:
        await until(lambda: link.ready)

        assert await link.pushes.push(NOTICE) is outcome

        (page,) = [pdu for pdu in smsc.heard if isinstance(pdu, smpp.SubmitSm)]
    assert (page.service_type, page.source, page.dest, page.short_message) == ("USSD", "1420", "989120000001", b"Paid.")
    assert page.tlv(Tag.USSD_SERVICE_OP) == b"\x03"


async def test_the_answer_to_a_page_that_asks_goes_on_as_its_session() -> None:
    menus = Menus(LinkPage("Thank you", ends=True))
    inbound = Inbound(Box(), None, menus)
    async with ScriptedSmsc() as smsc, running(link_to(smsc.port, inbound, ussd=COUNTED)) as link:
        await until(lambda: link.ready)
        async with asyncio.TaskGroup() as tasks:
            pushing = tasks.create_task(link.pushes.push(ASKS))
            await until(lambda: len(smsc.all(smpp.SubmitSm)) == 1)
            (page,) = [pdu for pdu in smsc.heard if isinstance(pdu, smpp.SubmitSm)]
            smsc.say(heard(page, 0x12, b"1"))
        await until(lambda: len(smsc.all(smpp.SubmitSm)) == 2)
    assert pushing.result() is PushOutcome.SHOWN
    assert page.tlv(Tag.USSD_SERVICE_OP) == b"\x02"
    assert [(hop.kind, hop.text, hop.session_key) for hop in menus.hops] == [(HopKind.CONTINUE, "1", "push-1")]


@pytest.mark.parametrize(
    ("dialect", "text"),
    [
        (UssdDialect(), "Paid."),
        (COUNTED, "a" * 183),
        (COUNTED, "م" * 81),
        (UssdDialect(SessionTlv.VENDOR, pushes_max=5), "Paid."),
    ],
)
async def test_what_a_link_cannot_push_is_never_sent(dialect: UssdDialect, text: str) -> None:
    async with ScriptedSmsc() as smsc, running(link_to(smsc.port, ussd=dialect)) as link:
        await until(lambda: link.ready)

        assert await link.pushes.push(Push("ntc_1", "+989120000001", text)) is PushOutcome.UNSUPPORTED
        assert smsc.all(smpp.SubmitSm) == []
