"""What the SMSC simulator knows about its messages: ids, states, receipts, cancelling, replacing, many destinations."""

from datetime import UTC, datetime

import pytest
from smpplib import consts

from simulators.smsc import Fate, IdForm, ReceiptForm, State, Terms
from simulators.smsc.lacking import Dest, Unsent
from simulators.smsc.shelf import delay_of
from tests.simulators.acquirer import until
from tests.simulators.smsc.esme import PHONE, Esme, Lab
from tests.simulators.smsc.test_smsc_server import listening

SOON = Terms(receipt_delay_s=0.02, delivery_delay_s=0.3)


async def test_the_state_of_a_message_can_be_asked() -> None:
    async with listening(Lab(terms=Terms(receipt_delay_s=0.1))) as lab:
        esme = await Esme.bound(lab)
        message_id = (await esme.submit(registered_delivery=1)).text("message_id")
        asked = {"message_id": message_id, "source_addr": "1420"}
        before = await esme.ask("query_sm", **asked)
        esme.reply(await esme.hear())
        after = await esme.ask("query_sm", **asked)
        foreign = await esme.ask("query_sm", **asked | {"source_addr": "1500"})
        esme.close()

    assert [before.number("message_state"), after.number("message_state")] == [State.ENROUTE, State.DELIVERED]
    assert (before.text("final_date"), len(after.text("final_date"))) == ("", 16)
    assert foreign.status == consts.SMPP_ESME_RQUERYFAIL


@pytest.mark.parametrize("by_id", [True, False])
async def test_a_message_that_has_not_gone_is_cancelled_and_never_shown(*, by_id: bool) -> None:
    async with listening(Lab(terms=SOON)) as lab:
        esme = await Esme.bound(lab)
        message_id = (await esme.submit(registered_delivery=1)).text("message_id")
        named = {"message_id": message_id if by_id else "", "source_addr": "1420", "destination_addr": PHONE[1:]}
        assert (await esme.ask("cancel_sm", **named)).status == 0
        receipt = await esme.hear()
        esme.reply(receipt)
        assert b"stat:DELETED" in receipt.octets("short_message")
        assert (await esme.ask("cancel_sm", **named)).status == consts.SMPP_ESME_RCANCELFAIL
        assert await esme.hears_nothing(0.4)
        assert not lab.sms
        esme.close()


async def test_a_message_that_has_not_gone_is_replaced() -> None:
    async with listening(Lab(terms=SOON)) as lab:
        esme = await Esme.bound(lab)
        message_id = (await esme.submit(b"old")).text("message_id")
        replaced = {"message_id": message_id, "source_addr": "1420", "short_message": b"new", "registered_delivery": 1}
        assert (await esme.ask("replace_sm", **replaced)).status == 0
        esme.reply(await esme.hear())
        assert lab.texts == ["new"]
        assert (await esme.ask("replace_sm", **replaced)).status == consts.SMPP_ESME_RREPLACEFAIL
        esme.close()


async def test_one_submit_reaches_many_and_says_whom_it_did_not(lab: Lab, esme: Esme) -> None:
    pdu = await esme.ask(
        "submit_multi", source_addr="1420", registered_delivery=1, short_message=b"all",
        dests=(Dest("989120000001"), Dest("nobody"), Dest("989120000002")),
    )  # fmt: skip
    assert pdu.values["unsent"] == (Unsent("nobody", consts.SMPP_ESME_RINVDSTADR),)
    assert [msisdn for msisdn, _, _ in lab.sms] == ["+989120000001", "+989120000002"]
    receipts = [await esme.hear() for _ in range(2)]
    assert {receipt.text("source_addr") for receipt in receipts} == {"989120000001", "989120000002"}
    assert {receipt.tlv("receipted_message_id") for receipt in receipts} == {pdu.octets("message_id") + b"\0"}


@pytest.mark.parametrize(
    ("values", "status"),
    [
        ({"dests": (Dest("friends", None),)}, consts.SMPP_ESME_RINVDLNAME),
        ({"dests": ()}, consts.SMPP_ESME_RINVNUMDESTS),
        ({"dests": (Dest("x"),)}, consts.SMPP_ESME_RINVDSTADR),
        ({"dests": (Dest("1"),), "schedule_delivery_time": "soon"}, consts.SMPP_ESME_RINVSCHED),
        ({"dests": (Dest("1"),), "validity_period": "261332000000000+"}, consts.SMPP_ESME_RINVEXPIRY),
    ],
)
async def test_what_cannot_be_sent_is_refused_by_its_status(
    lab: Lab, esme: Esme, values: dict[str, object], status: int
) -> None:
    assert (await esme.ask("submit_multi", source_addr="1420", short_message=b"x", **values)).status == status
    assert not lab.sms


@pytest.mark.parametrize(
    ("ids", "base_in", "base_out"),
    [
        (IdForm("d", "X"), 10, 16),
        (IdForm("020d", "d"), 10, 10),
        (IdForm("x", "016X"), 16, 16),
    ],
)
async def test_ids_are_written_as_the_terms_say(ids: IdForm, base_in: int, base_out: int) -> None:
    async with listening(Lab(terms=Terms(ids=ids, receipt_delay_s=0.01))) as lab:
        esme = await Esme.bound(lab)
        sent = (await esme.submit(registered_delivery=1)).text("message_id")
        told = (await esme.hear()).tlv("receipted_message_id") or b""
        esme.close()

    receipted = told.rstrip(b"\0").decode()
    assert int(sent, base_in) == int(receipted, base_out)
    assert (sent, receipted) == (format(int(sent, base_in), ids.response), format(int(sent, base_in), ids.receipt))


def test_a_form_of_ids_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="is no form of message ids"):
        IdForm("b")


@pytest.mark.parametrize(
    ("form", "text", "tlv"),
    [
        (ReceiptForm.FULL, b"sub:001", True),
        (ReceiptForm.TEXT, b"sub:001", False),
        (ReceiptForm.TLV, b"", True),
        (ReceiptForm.PARTIAL, b"stat:DELIVRD err:000", False),
    ],
)
async def test_a_receipt_holds_what_the_terms_say(form: ReceiptForm, text: bytes, *, tlv: bool) -> None:
    async with listening(Lab(terms=Terms(receipts=form, receipt_delay_s=0.01))) as lab:
        esme = await Esme.bound(lab)
        await esme.submit(registered_delivery=1)
        receipt = await esme.hear()
        esme.close()

    assert text in receipt.octets("short_message")
    assert bool(receipt.octets("short_message")) == bool(text)
    assert (receipt.tlv("message_state") is not None) == tlv


@pytest.mark.parametrize(
    ("registered", "fate", "states"),
    [
        (0x11, Fate((State.ENROUTE, State.DELIVERED)), [(0x20, 1), (4, 2)]),
        (0x01, Fate((State.ENROUTE, State.DELIVERED)), [(4, 2)]),
        (0x01, Fate((State.UNDELIVERABLE,), error=27), [(4, 5)]),
        (0x02, Fate((State.EXPIRED,)), [(4, 3)]),
        (0x02, Fate(), []),
        (0x00, Fate((State.REJECTED,)), []),
    ],
)
async def test_a_number_has_its_fate_and_the_esme_is_told_what_it_asked_for(
    lab: Lab, esme: Esme, registered: int, fate: Fate, states: list[tuple[int, int]]
) -> None:
    lab.smsc.fates[PHONE] = fate
    await esme.submit(registered_delivery=registered)
    told = [await esme.hear() for _ in states]
    assert [(pdu.number("esm_class"), (pdu.tlv("message_state") or b"\0")[0]) for pdu in told] == states
    if fate.error:
        assert told[-1].tlv("network_error_code") == b"\x03\x00\x1b"
        assert b"stat:UNDELIV err:027" in told[-1].octets("short_message")
    assert await esme.hears_nothing(0.05)
    assert bool(lab.sms) == (fate.states[-1] is State.DELIVERED)


async def test_a_deliver_sm_without_an_answer_is_sent_again() -> None:
    async with listening(Lab(terms=Terms(receipt_delay_s=0.01, answer_s=0.1))) as lab:
        esme = await Esme.bound(lab)
        await esme.submit(registered_delivery=1)
        first, second = await esme.hear(), await esme.hear()
        esme.close()

    assert first.sequence != second.sequence
    assert first.octets("short_message") == second.octets("short_message")


async def test_a_message_for_later_waits_for_its_time(lab: Lab, esme: Esme) -> None:
    await esme.submit(b"later", schedule_delivery_time="000000000001000R")
    await esme.submit(b"past", schedule_delivery_time="200101000000000+")
    assert lab.texts == ["past"]
    await until(lambda: len(lab.sms) == 2)
    assert lab.texts == ["past", "later"]


@pytest.mark.parametrize(
    ("text", "delay_s"),
    [
        ("000000010000000R", 3600.0),
        ("261127130000000+", 3600.0),
        ("261127163000014+", 3600.0),
        ("261127113000002-", 0.0),
        ("261127110000000+", -3600.0),
        ("261127130000000", None),
        ("269927130000000+", None),
    ],
)
def test_times_are_read_as_the_standard_writes_them(text: str, delay_s: float | None) -> None:
    assert delay_of(text, datetime(2026, 11, 27, 12, tzinfo=UTC)) == delay_s
