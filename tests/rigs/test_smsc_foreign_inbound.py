"""What people write and dial, as SMSCs of two other houses hand it on: alphabets, long texts, and TLVs of USSD."""

import pytest

from gateway.peers.smsc.inbound import Inbound
from gateway.peers.smsc.profile import SessionTlv, UssdDialect
from gateway.services.dialogues.linked import HopKind, LinkHop, LinkPage
from gateway.services.messages import Incoming
from gateway.wire.gsm import Coding
from tests.gateway.peers.smsc_stubs import Box, link_of, profile_to, running, until
from tests.peers import smscs

pytestmark = pytest.mark.rig

ROUNDS = 100


class Messages:
    """Keeps what people write."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    async def message(self, incoming: Incoming) -> None:
        """Keep it, read."""
        assert (incoming.source, incoming.dest) == ("+989120000001", "1420")
        self.texts.append(incoming.alphabet.text(incoming.octets))


class Dialogues:
    """One page for any hop."""

    def __init__(self) -> None:
        self.hops: list[LinkHop] = []

    async def hop(self, hop: LinkHop) -> LinkPage | None:
        """Remember it and ask."""
        self.hops.append(hop)
        return LinkPage("1. Balance", ends=False)


async def test_node_smpp_hands_on_what_people_write_in_gsm_ucs2_and_a_payload() -> None:
    messages = Messages()

    async with smscs.node_smpp(mo=ROUNDS) as smsc:
        # node-smpp says data_coding 1 of GSM 03.38, so this link does.
        profile = profile_to(smsc.port, bind_s=5.0, response_s=5.0, data_coding_in={1: Coding.GSM})
        async with running(link_of(profile, Inbound(Box(), messages))):
            await until(lambda: len(smsc.all("answer")) >= 3 * ROUNDS, 20)

    for text in ("BAL [é]", "مانده", "سلام " * 100):
        assert messages.texts.count(text) == ROUNDS
    assert len(messages.texts) == 3 * ROUNDS
    assert smsc.refused() == []


async def test_node_smpp_dials_and_reads_the_page_in_the_same_session() -> None:
    dialogues = Dialogues()

    async with smscs.node_smpp(ussd=1) as smsc:
        profile = profile_to(smsc.port, bind_s=5.0, response_s=5.0)
        async with running(link_of(profile, Inbound(Box(), None, dialogues))):
            await until(lambda: len(smsc.all("submit")) >= 1 and len(smsc.all("answer")) >= 1)

    (hop,) = dialogues.hops
    assert (hop.kind, hop.text, hop.msisdn) == (HopKind.BEGIN, "*1420#", "+989120000001")
    (page,) = smsc.all("submit")
    assert (page["text"], page["service_type"], page["dest"]) == ("1. Balance", "USSD", "989120000001")
    assert (page["ussd_service_op"], page["its_session_info"]) == (2, "0500")
    assert smsc.refused() == []


@pytest.mark.parametrize(
    ("session", "field", "value"),
    [
        (SessionTlv.ITS_SESSION_INFO, "its_session_info", "0500"),
        (SessionTlv.USER_MESSAGE_REFERENCE, "user_message_reference", "1234"),
    ],
    ids=str,
)
async def test_net_smpp_dials_beside_tlvs_that_nobody_knows(session: SessionTlv, field: str, value: str) -> None:
    dialogues, messages = Dialogues(), Messages()

    async with smscs.net_smpp(ussd=1, mo=1, receipts=0) as smsc:
        profile = profile_to(smsc.port, bind_s=5.0, response_s=5.0, ussd=UssdDialect(session=session))
        async with running(link_of(profile, Inbound(Box(), messages, dialogues))):
            await until(lambda: len(smsc.all("submit")) >= 1 and len(smsc.all("answer")) >= 2)

    assert [hop.text for hop in dialogues.hops] == ["*1420#"]
    (page,) = smsc.all("submit")
    assert (page["service_type"], page["ussd_service_op"], page[field]) == ("USSD", "02", value)
    assert messages.texts == ["STOP"]
    assert smsc.refused() == []
