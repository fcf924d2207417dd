"""The link over real sockets, against an SMSC that does what real ones do on bad days."""

import asyncio
import struct
from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.errors import StoreUnavailable
from gateway.observe import Metrics
from gateway.peers.smsc import Inbound, Link
from gateway.peers.smsc.inbound import HANDLED_AT_ONCE_MAX, WAITING_MAX, Inbox
from gateway.peers.smsc.pushes import Pushes
from gateway.peers.smsc.session import Session
from gateway.services.notices import PartResult, PartState, Receipt, ReceiptState, Report
from gateway.wire import smpp
from gateway.wire.smpp import Pdu, Status, Tag, Tlv
from tests.gateway.peers.smsc_stubs import (
    AT,
    Box,
    ScriptedSmsc,
    answering,
    link_of,
    link_to,
    message,
    mute,
    obedient,
    profile_to,
    running,
    until,
)
from wallet.clock import ManualClock


async def test_a_message_is_submitted_as_it_was_meant() -> None:
    async with ScriptedSmsc() as smsc, running(link_to(smsc.port)) as link:
        await until(lambda: link.ready)
        report = await link.send(message("Reçu: 5 €"))
        assert report == Report("smsc", 1, (PartResult(1, PartState.SENT, "m2"),))
        bind, submit = smsc.heard
        assert isinstance(bind, smpp.BindTransceiver)
        assert (bind.system_id, bind.interface_version) == ("tapdial", 0x34)
        assert submit == smpp.SubmitSm(
            sequence=2, source_ton=3, source="1420", dest_ton=1, dest_npi=1, dest="989120000001",
            validity="000000001500000R", registered_delivery=1, data_coding=8,
            short_message="Reçu: 5 €".encode("utf-16-be"),
        )  # fmt: skip
    assert smsc.all(smpp.Unbind)
    assert not link.ready


async def test_only_parts_that_are_not_done_are_sent_with_one_reference() -> None:
    async with ScriptedSmsc() as smsc, running(link_to(smsc.port)) as link:
        await until(lambda: link.ready)
        report = await link.send(message("a" * 400, frozenset({2})))
        assert [(part.number, part.state) for part in report.parts] == [(1, PartState.SENT), (3, PartState.SENT)]
        assert report.total == 3
        first, last = smsc.all(smpp.SubmitSm)
        assert isinstance(first, smpp.SubmitSm)
        assert isinstance(last, smpp.SubmitSm)
        assert (first.short_message[:6].hex(), last.short_message[:6].hex()) == ("050003340301", "050003340303")
        assert first.esm_class == 0x40


@pytest.mark.parametrize(
    ("status", "state"),
    [
        (Status.THROTTLED, PartState.LATER),
        (Status.QUEUE_FULL, PartState.LATER),
        (Status.SYSTEM_ERROR, PartState.LATER),
        (Status.TEMPORARY_APP_ERROR, PartState.LATER),
        (0x0B, PartState.REFUSED),
        (0x0400, PartState.REFUSED),
    ],
)
async def test_each_status_has_its_meaning(status: int, state: PartState) -> None:
    metrics = Metrics()
    async with ScriptedSmsc(answering(status)) as smsc, running(link_to(smsc.port, metrics=metrics)) as link:
        await until(lambda: link.ready)
        report = await link.send(message())
        assert report.parts == (PartResult(1, state, status=status),)
        assert link.ready == (status not in (Status.THROTTLED, Status.QUEUE_FULL))
        labels = {"link": "smsc", "result": f"0x{status:02X}"}
        assert metrics.registry.get_sample_value("tapdial_link_submits_total", labels) == 1


async def test_a_nack_answers_a_submit_too() -> None:
    def script(pdu: Pdu) -> list[Pdu]:
        if isinstance(pdu, smpp.SubmitSm):
            return [smpp.GenericNack(sequence=pdu.sequence, status=Status.INVALID_COMMAND_ID)]
        return obedient(pdu)

    async with ScriptedSmsc(script) as smsc, running(link_to(smsc.port)) as link:
        await until(lambda: link.ready)
        assert (await link.send(message())).parts == (PartResult(1, PartState.REFUSED, status=3),)


async def test_a_lost_answer_makes_a_message_uncertain_and_a_late_one_disturbs_nobody() -> None:
    async with ScriptedSmsc(mute) as smsc, running(link_to(smsc.port, response_s=0.1)) as link:
        await until(lambda: link.ready)
        assert (await link.send(message())).parts == (PartResult(1, PartState.UNCERTAIN),)
        smsc.say(smpp.SubmitSmResp(sequence=2, message_id="late"), smpp.SubmitSmResp(sequence=999))
        smsc.script = obedient
        assert (await link.send(message())).parts == (PartResult(1, PartState.SENT, "m3"),)


async def test_an_answer_that_comes_too_late_is_told_once_and_one_that_refuses_is_not() -> None:
    told: list[tuple[str, Report]] = []
    async with ScriptedSmsc(mute) as smsc, running(link_to(smsc.port, response_s=0.1)) as link:
        link.late = lambda late, report: told.append((late.id, report))
        await until(lambda: link.ready)
        for _ in range(2):
            assert (await link.send(message("a" * 200))).parts[0].state is PartState.UNCERTAIN
        smsc.say(smpp.SubmitSmResp(sequence=5, status=Status.THROTTLED))
        smsc.say(*[smpp.SubmitSmResp(sequence=3, message_id="late")] * 2)
        await until(lambda: bool(told))
        assert link.ready
        await asyncio.sleep(0.02)
    assert told == [("ntc_1", Report("smsc", 2, (PartResult(2, PartState.SENT, "late"),)))]


async def test_an_answer_that_is_late_but_comes_before_the_report_is_in_it() -> None:
    async with ScriptedSmsc(mute) as smsc, running(link_to(smsc.port, response_s=0.2, window=1)) as link:
        await until(lambda: link.ready)
        async with asyncio.TaskGroup() as group:
            sending = group.create_task(link.send(message("a" * 200)))
            await until(lambda: len(smsc.all(smpp.SubmitSm)) == 2)
            smsc.say(smpp.SubmitSmResp(sequence=2, message_id="late"))
        assert [part.state for part in sending.result().parts] == [PartState.SENT, PartState.UNCERTAIN]


async def test_only_so_many_late_answers_are_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.peers.smsc.session.LATE_MAX", 1)
    told: list[str] = []
    async with ScriptedSmsc(mute) as smsc, running(link_to(smsc.port, response_s=0.1)) as link:
        link.late = lambda _late, report: told.append(report.parts[0].message_id)
        await until(lambda: link.ready)
        await link.send(message("a" * 200))
        smsc.say(smpp.SubmitSmResp(sequence=2, message_id="first"), smpp.SubmitSmResp(sequence=3, message_id="last"))
        await until(lambda: told == ["last"])


async def test_a_doubled_answer_disturbs_nobody() -> None:
    async with ScriptedSmsc(lambda pdu: obedient(pdu) * 2) as smsc, running(link_to(smsc.port)) as link:
        await until(lambda: link.ready)
        for number in (2, 3):
            assert (await link.send(message())).parts == (PartResult(1, PartState.SENT, f"m{number}"),)


async def test_what_is_in_flight_when_the_line_drops_is_uncertain_and_the_link_comes_back() -> None:
    async with ScriptedSmsc(mute) as smsc, running(link_to(smsc.port, response_s=5)) as link:
        await until(lambda: link.ready)
        async with asyncio.TaskGroup() as group:
            sending = group.create_task(link.send(message()))
            await until(lambda: bool(smsc.all(smpp.SubmitSm)))
            smsc.cut()
        assert sending.result().parts == (PartResult(1, PartState.UNCERTAIN),)
        assert (await link.send(message())).parts == (PartResult(1, PartState.LATER),)
        await until(lambda: link.ready)
        assert smsc.binds == 2


async def test_the_window_bounds_what_waits_for_an_answer() -> None:
    async with ScriptedSmsc(mute) as smsc, running(link_to(smsc.port, window=3, response_s=0.2)) as link:
        await until(lambda: link.ready)
        async with asyncio.TaskGroup() as group:
            for _ in range(5):
                group.create_task(link.send(message()))
            await asyncio.sleep(0.1)
            assert len(smsc.all(smpp.SubmitSm)) == 3
        assert len(smsc.all(smpp.SubmitSm)) == 5


@pytest.mark.parametrize(
    ("status", "waits"),
    [(Status.BIND_FAILED, True), (Status.INVALID_PASSWORD, True), (Status.INVALID_SYSTEM_ID, True), (0x08, False)],
)
async def test_a_bind_refused_for_what_we_are_is_not_hammered(status: int, *, waits: bool) -> None:
    def script(pdu: Pdu) -> list[Pdu]:
        return [smpp.respond(pdu, status)] if isinstance(pdu, smpp.BindTransceiver) else obedient(pdu)

    metrics = Metrics()
    link = link_to(0, metrics=metrics)
    async with ScriptedSmsc(script) as smsc:
        link = link_to(smsc.port, metrics=metrics, retry_max_s=30.0)
        async with running(link):
            await until(lambda: smsc.binds >= 1)
            await asyncio.sleep(0.15)
            assert (smsc.binds == 1) is waits
            assert not link.ready
    labels = {"link": "smsc", "result": f"0x{status:02X}"}
    assert metrics.registry.get_sample_value("tapdial_link_binds_total", labels) == smsc.binds


async def test_a_bind_that_nobody_answers_is_tried_again() -> None:
    async with ScriptedSmsc(lambda _pdu: []) as smsc, running(link_to(smsc.port, bind_s=0.05)) as link:
        await until(lambda: smsc.binds >= 2)
        smsc.script = obedient
        await until(lambda: link.ready)


async def test_an_smsc_that_binds_and_hangs_up_is_not_hammered() -> None:
    async with ScriptedSmsc() as smsc, running(link_to(smsc.port, retry_min_s=0.1, retry_max_s=5.0)) as link:
        began = asyncio.get_running_loop().time()
        for _ in range(3):
            await until(lambda: link.ready)
            smsc.cut()
            await until(lambda: not link.ready)
        await until(lambda: link.ready)
        assert asyncio.get_running_loop().time() - began > 0.1 + 0.2 + 0.4


async def test_a_half_open_line_is_found_by_enquire_link() -> None:
    async with ScriptedSmsc() as smsc, running(link_to(smsc.port, enquire_s=0.05, response_s=0.1)) as link:
        await until(lambda: len(smsc.all(smpp.EnquireLink)) >= 2)
        assert smsc.binds == 1
        smsc.script = lambda pdu: [] if isinstance(pdu, smpp.EnquireLink) else obedient(pdu)
        await until(lambda: smsc.binds == 2)
        smsc.script = obedient
        await until(lambda: link.ready)


async def test_the_smscs_own_requests_are_answered() -> None:
    async with ScriptedSmsc() as smsc, running(link_to(smsc.port)) as link:
        await until(lambda: link.ready)
        smsc.say(
            smpp.EnquireLink(sequence=1),
            smpp.AlertNotification(sequence=2),
            smpp.QuerySm(sequence=3),
            smpp.DeliverSm(sequence=4, short_message=b"BAL"),
            struct.pack(">IIII", 16, 0x0000_0777, 0, 5),
            struct.pack(">IIII", 18, 0x0000_0005, 0, 6) + b"\x00\x01",
        )
        await until(lambda: len(smsc.heard) == 6)
        assert smsc.heard[1:5] == [
            smpp.EnquireLinkResp(sequence=1),
            smpp.QuerySmResp(sequence=3, status=Status.INVALID_BIND_STATUS),
            smpp.GenericNack(sequence=5, status=Status.INVALID_COMMAND_ID),
            smpp.DeliverSmResp(sequence=6, status=Status.INVALID_COMMAND_LENGTH),
        ]
        assert smsc.heard[5] == smpp.DeliverSmResp(sequence=4, status=Status.PERMANENT_APP_ERROR)
        assert link.ready


async def test_a_length_that_cannot_be_is_nacked_and_the_line_closed() -> None:
    async with ScriptedSmsc() as smsc, running(link_to(smsc.port)) as link:
        await until(lambda: link.ready)
        smsc.say(struct.pack(">IIII", 0xFFFF_FFFF, 5, 0, 9))
        await until(lambda: smsc.binds == 2)
        assert smsc.all(smpp.GenericNack) == [smpp.GenericNack(sequence=9, status=Status.INVALID_COMMAND_LENGTH)]


async def test_an_smsc_that_unbinds_is_answered_and_bound_again() -> None:
    async with ScriptedSmsc() as smsc, running(link_to(smsc.port)) as link:
        await until(lambda: link.ready)
        smsc.say(smpp.Unbind(sequence=7))
        await until(lambda: smsc.binds == 2)
        assert smsc.all(smpp.UnbindResp) == [smpp.UnbindResp(sequence=7)]


RECEIPT = smpp.DeliverSm(
    sequence=5, esm_class=4, tlvs=(Tlv(Tag.RECEIPTED_MESSAGE_ID, b"m2\0"), Tlv(Tag.MESSAGE_STATE, b"\x02"))
)


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        (None, Status.OK),
        (StoreUnavailable("gone"), Status.TEMPORARY_APP_ERROR),
        (RuntimeError("bug"), Status.SYSTEM_ERROR),
    ],
)
async def test_a_receipt_is_answered_by_whether_it_was_kept(fault: Exception | None, status: Status) -> None:
    box = Box()
    box.fault = fault
    async with ScriptedSmsc() as smsc, running(link_to(smsc.port, box)) as link:
        await until(lambda: link.ready)
        smsc.say(RECEIPT)
        await until(lambda: bool(smsc.all(smpp.DeliverSmResp)))
        assert smsc.all(smpp.DeliverSmResp) == [smpp.DeliverSmResp(sequence=5, status=status)]
        assert [(kept.message_id, kept.state) for kept in box.receipts] == (
            [] if fault else [("m2", ReceiptState.DELIVERED)]
        )


async def test_a_bug_before_the_boxes_costs_one_answer_and_never_the_gateway(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise AssertionError("a bug")

    async with ScriptedSmsc() as smsc, running(link_to(smsc.port)) as link:
        await until(lambda: link.ready)
        monkeypatch.setattr("gateway.peers.smsc.inbound.receipt_of", broken)
        smsc.say(RECEIPT)
        answer = smpp.DeliverSmResp(sequence=5, status=Status.SYSTEM_ERROR)
        await until(lambda: smsc.all(smpp.DeliverSmResp) == [answer])
        assert link.ready


async def test_a_receipt_that_names_nothing_is_taken_so_that_it_does_not_come_for_ever() -> None:
    async with ScriptedSmsc() as smsc, running(link_to(smsc.port)) as link:
        await until(lambda: link.ready)
        smsc.say(smpp.DeliverSm(sequence=5, esm_class=4, short_message=b"?"))
        await until(lambda: smsc.all(smpp.DeliverSmResp) == [smpp.DeliverSmResp(sequence=5)])


async def test_what_no_pdu_can_carry_is_refused() -> None:
    async with ScriptedSmsc() as smsc, running(link_to(smsc.port)) as link:
        await until(lambda: link.ready)
        too_long = await link.send(message("a" * 153 * 256))
        bad_address = await link.send(message(address="+" + "9" * 30))
        assert [report.parts[0].state for report in (too_long, bad_address)] == [PartState.REFUSED] * 2


async def test_staff_see_since_when_a_link_is_down_however_often_it_was_tried() -> None:
    clock, metrics = ManualClock(AT), Metrics()
    link = Link(profile_to(1), Box(), clock, metrics)
    labels = {"link": "smsc", "result": "unreachable"}
    async with running(link):
        clock.advance(timedelta(hours=1))
        await until(lambda: (metrics.registry.get_sample_value("tapdial_link_binds_total", labels) or 0) >= 2)
        assert link.since == AT


async def test_a_host_that_is_no_name_is_unreachable_and_the_gateway_lives() -> None:
    metrics = Metrics()
    labels = {"link": "smsc", "result": "unreachable"}
    async with running(link_of(replace(profile_to(1), host="a" * 64 + ".example"), metrics=metrics)):
        await until(lambda: bool(metrics.registry.get_sample_value("tapdial_link_binds_total", labels)))


async def test_both_halves_of_a_pair_are_held_and_let_go_together() -> None:
    class Half(Session):
        held = False

        def hold(self, *, on: bool) -> None:
            self.held = on

    class Slow(Box):
        gate = asyncio.Event()

        async def receipt(self, receipt: Receipt) -> None:
            await self.gate.wait()

    async def never(_pdu: smpp.SubmitSm) -> PartResult:
        raise AssertionError

    box, profile = Slow(), profile_to(1)
    inbox = Inbox(profile, Inbound(box), never, Pushes(profile, never), Metrics())
    halves = [Half(profile.timers, link_of(profile)) for _ in range(2)]
    async with asyncio.TaskGroup() as group:
        inbox.open(group)
        for number in range(WAITING_MAX + HANDLED_AT_ONCE_MAX + 1):
            inbox.take(halves[number % 2], RECEIPT)
        assert [half.held for half in halves] == [True, True]
        box.gate.set()
    assert [half.held for half in halves] == [False, False]


async def test_a_link_that_is_down_takes_nothing() -> None:
    link = link_to(1)
    assert not link.ready
    assert (await link.send(message())).parts == (PartResult(1, PartState.LATER),)
