"""Every fault of the SMSC simulator, and what an ESME sees of it."""

import asyncio

import pytest
from smpplib import consts

from simulators.faults import SmscFaults
from simulators.smsc import wire
from simulators.smsc.mishaps import Mishaps
from simulators.smsc.wire import Refused
from tests.simulators.smsc.esme import PHONE, Esme, Lab

THROTTLED, FULL = consts.SMPP_ESME_RTHROTTLED, consts.SMPP_ESME_RMSGQFUL


async def statuses(esme: Esme, count: int) -> list[int]:
    return [(await esme.submit()).status for _ in range(count)]


async def test_every_third_submit_is_throttled(lab: Lab, esme: Esme) -> None:
    lab.faults.smsc.throttle_every = 3
    assert await statuses(esme, 6) == [0, 0, THROTTLED, 0, 0, THROTTLED]
    assert len(lab.sms) == 4


async def test_more_than_so_many_in_a_second_are_throttled(lab: Lab, esme: Esme) -> None:
    lab.faults.smsc.throttle_per_s = 3
    assert await statuses(esme, 5) == [0, 0, 0, THROTTLED, THROTTLED]
    await asyncio.sleep(1.05)
    assert await statuses(esme, 1) == [0]


@pytest.mark.parametrize(("name", "status"), [("throttle_rate", THROTTLED), ("queue_full_rate", FULL)])
def test_a_rate_is_a_share_and_the_seed_repeats_it(name: str, status: int) -> None:
    def run(seed: int) -> list[int]:
        faults = SmscFaults(seed=seed)
        setattr(faults, name, 0.05)
        mishaps = Mishaps(faults)
        return [mishaps.verdict("tapdial") for _ in range(2_000)]

    assert 60 <= run(1).count(status) <= 140
    assert run(1) == run(1)
    assert run(1) != run(2)


async def test_a_full_queue_refuses_and_nothing_is_shown(lab: Lab, esme: Esme) -> None:
    lab.faults.smsc.queue_full_rate = 1.0
    assert await statuses(esme, 2) == [FULL, FULL]
    lab.faults.smsc.queue_full_rate = 0.0
    assert await statuses(esme, 1) == [0]
    assert len(lab.sms) == 1


async def test_a_lost_answer_is_a_message_that_was_taken(lab: Lab, esme: Esme) -> None:
    lab.faults.smsc.lost_resp_rate = 1.0
    esme.put(b"taken")
    assert (await esme.ask("enquire_link")).command == "enquire_link_resp"
    assert lab.texts == ["taken"]


async def test_an_answer_comes_twice(lab: Lab, esme: Esme) -> None:
    lab.faults.smsc.doubled_resp_rate = 1.0
    assert await esme.submit() == await esme.hear()
    assert len(lab.sms) == 1


async def test_the_receipt_comes_before_the_answer(lab: Lab, esme: Esme) -> None:
    lab.faults.smsc.receipt_first = True
    receipt = await esme.submit(registered_delivery=1)
    answer = await esme.hear()
    assert [receipt.command, answer.command] == ["deliver_sm", "submit_sm_resp"]
    assert receipt.tlv("receipted_message_id") == answer.octets("message_id") + b"\0"


async def test_a_receipt_comes_twice_under_two_numbers(lab: Lab, esme: Esme) -> None:
    lab.faults.smsc.doubled_receipt_rate = 1.0
    await esme.submit(registered_delivery=1)
    first, second = await esme.hear(), await esme.hear()
    assert first.sequence != second.sequence
    assert first.octets("short_message") == second.octets("short_message")
    esme.reply(first)
    esme.reply(second)
    assert await esme.hears_nothing()


async def test_the_receipt_names_the_message_in_hexadecimal(lab: Lab, esme: Esme) -> None:
    lab.faults.smsc.hex_ids = True
    answer, receipt = await esme.submit(registered_delivery=1), await esme.hear()
    assert receipt.tlv("receipted_message_id") == f"{int(answer.text('message_id')):X}\0".encode()


async def test_a_slow_answer_comes_late_and_in_its_order(lab: Lab, esme: Esme) -> None:
    lab.faults.smsc.delay_ms = 120
    began = asyncio.get_running_loop().time()
    asked = [esme.put(), esme.put()]
    assert (await esme.ask("enquire_link")).command == "enquire_link_resp"
    assert [(await esme.hear()).sequence for _ in range(2)] == asked
    assert asyncio.get_running_loop().time() - began >= 0.12


async def test_answers_change_places_and_the_last_ones_do_not_wait_for_ever(lab: Lab, esme: Esme) -> None:
    lab.faults.smsc.reorder = 3
    asked = [esme.put() for _ in range(3)]
    heard = [(await esme.hear()).sequence for _ in range(3)]
    assert sorted(heard) == asked
    assert heard != asked
    assert (await esme.submit()).sequence == asked[-1] + 1


async def test_garbage_comes_between_answers_and_the_session_lives(lab: Lab, esme: Esme) -> None:
    lab.faults.smsc.garbage_rate = 1.0
    kinds = set()
    for _ in range(12):
        esme.put()
        answer, garbage = [await frame(esme) for _ in range(2)]
        assert wire.read(answer) == wire.Pdu("submit_sm_resp", esme.number, 0, {"message_id": _id(answer)})
        read = wire.read(garbage)
        kinds.add(read.status if isinstance(read, Refused) else read.command)
    assert {consts.SMPP_ESME_RINVCMDID, "submit_sm_resp"} < kinds


async def test_a_lying_length_follows_the_answer(lab: Lab, esme: Esme) -> None:
    lab.faults.smsc.lying_rate = 1.0
    lengths = set()
    for _ in range(8):
        esme.put()
        assert isinstance(wire.read(await frame(esme)), wire.Pdu)
        lie = await esme.reader.readexactly(16)
        lengths.add(int.from_bytes(lie[:4], "big"))
    assert len(lengths) >= 2
    assert 16 not in lengths


async def test_the_smsc_unbinds_after_every_second_submit(lab: Lab, esme: Esme) -> None:
    lab.faults.smsc.unbind_every = 2
    assert [(await esme.submit()).command for _ in range(2)] == ["submit_sm_resp"] * 2
    asked = await esme.hear()
    assert asked.command == "unbind"
    esme.reply(asked)
    assert await esme.is_cut()
    assert len(lab.sms) == 2


async def test_a_half_open_line_takes_octets_and_says_nothing(lab: Lab, esme: Esme) -> None:
    await esme.submit()
    lab.faults.smsc.half_open = True
    esme.put()
    lab.smsc.deliver(PHONE, "BAL", "1420")
    assert await esme.hears_nothing()
    assert len(lab.sms) == 1
    lab.faults.smsc.half_open = False
    assert (await esme.hear()).command == "submit_sm_resp"
    assert len(lab.sms) == 2


async def test_a_bind_is_refused_with_the_status_that_was_set(lab: Lab) -> None:
    lab.faults.smsc.bind_status = consts.SMPP_ESME_RBINDFAIL
    esme = await Esme.connect(lab)
    assert await esme.bind() == consts.SMPP_ESME_RBINDFAIL
    lab.faults.smsc.bind_status = 0
    assert await esme.bind() == 0
    esme.close()


async def frame(esme: Esme) -> bytes:
    async with asyncio.timeout(3):
        head = await esme.reader.readexactly(4)
        return head + await esme.reader.readexactly(int.from_bytes(head, "big") - 4)


def _id(answer: bytes) -> bytes:
    return answer[16:-1]
