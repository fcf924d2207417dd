"""What people write to a short code, and what they dial over SMPP, as an ESME gets it."""

import asyncio

import pytest
from smpplib import consts

from simulators.smsc import Dialect, Smsc, Splitting
from simulators.smsc.text import Joiner, piece_of, split, text_of
from simulators.smsc.ussd import SessionKey
from simulators.smsc.wire import Pdu
from tests.simulators.acquirer import until
from tests.simulators.smsc.esme import PHONE, Esme, Lab
from tests.simulators.smsc.test_smsc_server import listening

LONG = "The pension of November has not come. " * 12
PERSIAN = "مستمری آبان ماه هنوز واریز نشده است. 🙏 " * 6
ESCAPED = "a" + "€" * 200


class Reader:
    """Puts together what an ESME gets."""

    def __init__(self) -> None:
        self._joiner = Joiner()
        self.texts: list[str] = []

    def take(self, pdu: Pdu) -> None:
        piece = piece_of(pdu)
        text = text_of(piece.octets, pdu.number("data_coding"))
        whole = self._joiner.joined(pdu.text("source_addr"), pdu.text("destination_addr"), piece, text)
        if whole is not None:
            self.texts.append(whole)


@pytest.mark.parametrize("splitting", Splitting)
@pytest.mark.parametrize("text", ["BAL", "مانده", LONG, PERSIAN, ESCAPED])
def test_a_text_is_cut_between_characters_and_fits(text: str, splitting: Splitting) -> None:
    reader = Reader()
    for part in split(text, splitting):
        header = part.octets[0] + 1 if part.esm_class else 0
        if part.data_coding == 0:
            # Seven bits a character, the header rounded up to a whole one.
            assert (8 * header + 6) // 7 + len(part.octets) - header <= 160
        else:
            assert len(part.octets) <= 140
        values: dict[str, bytes | int] = {
            "short_message": part.octets,
            "esm_class": part.esm_class,
            "data_coding": part.data_coding,
        }
        reader.take(Pdu("deliver_sm", 1, 0, values, part.tlvs))
    assert reader.texts == [text]


@pytest.mark.parametrize("splitting", Splitting)
async def test_a_long_text_out_of_order_and_doubled_arrives_whole(lab: Lab, esme: Esme, splitting: Splitting) -> None:
    sent = lab.smsc.deliver(PHONE, LONG, "1420", splitting=splitting, out_of_order=True, doubled=True)
    reader, numbers = Reader(), []
    for turn in range(2 * len(sent)):
        pdu = await esme.hear()
        esme.reply(pdu)
        numbers.append(piece_of(pdu).number)
        if turn % 2 == 0:
            reader.take(pdu)
    assert reader.texts == [LONG]
    assert numbers[0] == len(sent)
    assert numbers[::2] == numbers[1::2]


async def test_parts_are_spread_over_binds(lab: Lab) -> None:
    esmes = [await Esme.bound(lab) for _ in range(3)]
    lab.smsc.deliver(PHONE, LONG[:400], "1420", spread=True)
    heard = [await esme.hear() for esme in esmes]
    assert [piece_of(pdu).number for pdu in heard] == [1, 2, 3]
    for esme in esmes:
        esme.close()


async def test_a_message_waits_for_a_receiver_and_for_its_answer(lab: Lab) -> None:
    (sent,) = lab.smsc.deliver(PHONE, "مانده", "1420")
    assert sent.status is None
    esme = await Esme.bound(lab, "receiver")
    pdu = await esme.hear()
    assert (pdu.text("source_addr"), pdu.text("destination_addr"), pdu.number("data_coding")) == (PHONE[1:], "1420", 8)
    esme.reply(pdu)
    await until(lambda: sent.acknowledged)
    assert sent.tries == 1
    esme.close()


async def test_a_message_that_is_refused_for_good_is_not_sent_again(lab: Lab, esme: Esme) -> None:
    (sent,) = lab.smsc.deliver(PHONE, "BAL", "1420")
    esme.reply(await esme.hear(), consts.SMPP_ESME_RX_R_APPN)
    assert await esme.hears_nothing()
    assert (sent.status, sent.acknowledged) == (consts.SMPP_ESME_RX_R_APPN, False)


# --- USSD ---


async def page(esme: Esme, hop: Pdu, text: str, op: int, **more: object) -> int:
    """The application answers a hop, and shows a page; the status of that."""
    esme.reply(hop)
    info = hop.tlv("its_session_info") or b""
    tlvs = more.pop("tlvs", [(0x0501, bytes([op])), (0x1383, info)])
    pdu = await esme.ask(
        "submit_sm", service_type="USSD", source_addr="1420", destination_addr=hop.text("source_addr"),
        short_message=text.encode("utf-16-be"), data_coding=8, tlvs=tlvs, **more,
    )  # fmt: skip
    return pdu.status


async def test_a_person_dials_over_smpp_answers_and_reads_the_last_page(lab: Lab, esme: Esme) -> None:
    ussd = lab.smsc.ussd
    async with asyncio.TaskGroup() as group:
        dialled = group.create_task(ussd.dial(PHONE, "*1420#"))
        first = await esme.hear()
        assert (first.tlv("ussd_service_op"), first.text("service_type")) == (b"\1", "USSD")
        assert (first.text("destination_addr"), first.octets("short_message")) == ("1420", b"*1420#")
        assert await page(esme, first, "۱. موجودی", 2) == 0
    assert (dialled.result().text, dialled.result().open) == ("۱. موجودی", True)

    async with asyncio.TaskGroup() as group:
        answered = group.create_task(ussd.answer(PHONE, "1"))
        second = await esme.hear()
        assert (second.tlv("ussd_service_op"), second.octets("short_message")) == (b"\x12", b"1")
        infos = [pdu.tlv("its_session_info") or b"" for pdu in (first, second)]
        assert infos[0][0] == infos[1][0]
        assert [info[1] for info in infos] == [0, 2]
        assert await page(esme, second, "تمام", 17) == 0
    assert (answered.result().text, answered.result().open) == ("تمام", False)
    assert (await ussd.answer(PHONE, "1")).failed == "no dialogue is open"
    assert not lab.sms


async def test_a_page_of_nobodys_dialogue_is_refused(lab: Lab, esme: Esme) -> None:
    hop = Pdu("deliver_sm", 1, 0, {"source_addr": b"989120000001"}, ((0x1383, b"\5\0"),))
    assert await page(esme, hop, "late", 2) == consts.SMPP_ESME_RSUBMITFAIL


async def test_the_red_key_tells_the_application(lab: Lab, esme: Esme) -> None:
    async with asyncio.TaskGroup() as group:
        dialled = group.create_task(lab.smsc.ussd.dial(PHONE, "*1420#"))
        esme.reply(await esme.hear())
        lab.smsc.ussd.cancel(PHONE)
        end = await esme.hear()
    assert dialled.result().failed == "the person hung up"
    assert end.tlv("ussd_service_op") == b"\x81"
    assert (end.tlv("its_session_info") or b"\0\0")[1] & 1


async def test_a_hop_that_is_refused_ends_the_dialogue(lab: Lab, esme: Esme) -> None:
    async with asyncio.TaskGroup() as group:
        dialled = group.create_task(lab.smsc.ussd.dial(PHONE, "*1420#"))
        esme.reply(await esme.hear(), consts.SMPP_ESME_RSYSERR)
    assert dialled.result().failed == "the application refused the hop"


async def test_a_hop_comes_twice_with_the_same_numbers_and_one_page_is_shown(lab: Lab, esme: Esme) -> None:
    lab.faults.callback_twice = True
    async with asyncio.TaskGroup() as group:
        dialled = group.create_task(lab.smsc.ussd.dial(PHONE, "*1420#"))
        hops = [await esme.hear(), await esme.hear()]
        assert hops[0].tlvs == hops[1].tlvs
        esme.reply(hops[0])
        assert await page(esme, hops[1], "menu", 2) == 0
    assert (dialled.result().text, dialled.result().open) == ("menu", True)
    assert await page(esme, hops[1], "menu", 2) == consts.SMPP_ESME_RSUBMITFAIL


async def test_a_page_that_is_too_long_ends_the_dialogue(lab: Lab, esme: Esme) -> None:
    async with asyncio.TaskGroup() as group:
        dialled = group.create_task(lab.smsc.ussd.dial(PHONE, "*1420#"))
        hop = await esme.hear()
        assert await page(esme, hop, "م" * 81, 2) == 0
    assert dialled.result().failed == "the page has 81 UCS-2 units, the network carries 80"
    assert (await lab.smsc.ussd.answer(PHONE, "1")).failed == "no dialogue is open"


async def test_an_operator_that_numbers_dialogues_by_message_reference_is_played_too() -> None:
    async with listening(Lab(dialect=Dialect(key=SessionKey.REFERENCE))) as lab:
        esme = await Esme.bound(lab)
        async with asyncio.TaskGroup() as group:
            dialled = group.create_task(lab.smsc.ussd.dial(PHONE, "*1420#"))
            hop = await esme.hear()
            number = hop.tlv("user_message_reference") or b""
            assert hop.tlv("its_session_info") is None
            assert await page(esme, hop, "ok", 17, tlvs=[(0x0501, b"\x11"), (0x0204, number)]) == 0
        assert dialled.result().text == "ok"
        esme.close()


async def test_nobody_to_dial_to_is_said(lab: Lab) -> None:
    assert isinstance(lab.smsc, Smsc)
    assert (await lab.smsc.ussd.dial(PHONE, "*1420#")).failed == "no application is bound"
