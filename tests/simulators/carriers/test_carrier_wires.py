"""Each carrier's wire against an application that speaks it: what is sent, what is shown, what the network refuses."""

import json
import xmlrpc.client
from dataclasses import replace

import pytest

from simulators.carriers import FORMS, LATER
from simulators.carriers.hop import Limits, NoPage
from tests.simulators.carriers.application import PHONE, scene
from tests.simulators.carriers.later_speakers import LATER_SPEAKERS
from tests.simulators.carriers.speakers import SPEAKERS

WIRES = sorted(FORMS)
BEGUN = {
    "hellio": "", "mobilesasa": "",
    "africastalking": "", "bonga": "", "crossgate": "", "techsavanna": "", "safaricom": "",
    "moolre": "", "hubtel": "*1420# 1", "flares": "1420",
}  # fmt: skip
"""What an application reads at a begin; by the others the code."""
ACCUMULATING = {"africastalking", "hellio", "mobilesasa", "bonga", "crossgate", "techsavanna", "safaricom"}
TOLD = {"hollatags": "abort", "infobip": "abort", "hubtel": "abort", "restcomm": "abort"} | dict.fromkeys(
    ("flares", "sixdee", "madapi", "trueafrican", "parlayx", "oneapi"), "abort"
)
ANOTHER_FORM = "the application's answer has another form"


def test_every_wire_has_its_test() -> None:
    assert set(SPEAKERS) | set(LATER_SPEAKERS) == set(FORMS)
    assert set(LATER_SPEAKERS) == LATER


@pytest.mark.parametrize("wire", WIRES)
async def test_a_person_dials_answers_and_reads_the_last_page(wire: str) -> None:
    async with scene(wire) as line:
        screens = [await line.carrier.dial(PHONE, "*1420#")]
        screens += [await line.carrier.answer(PHONE, typed) for typed in ("4", "*5", "0")]

        assert [screen.failed for screen in screens] == [None] * 4
        assert [screen.open for screen in screens] == [True, True, True, False]
        assert screens[1].text == "Heard 2\n0. End"
        assert (await line.carrier.answer(PHONE, "4")).failed == "no dialogue is open"
        heard = line.application.heard
        assert len({hop.session.partition("|")[0] for hop in heard}) == 1
        assert {hop.msisdn.removeprefix("tel:").removeprefix("+") for hop in heard} == {"989120000001"}
        assert heard[0].typed == BEGUN.get(wire, "*1420#")
        typed = ["4", "4**5", "4**5*0"] if wire in ACCUMULATING else ["4", "*5", "0"]
        typed = [f"*1420*{each}#" for each in ("4", "4**5", "4**5*0")] if wire == "advanta" else typed
        assert [hop.typed.split()[0] for hop in heard[1:]] == typed
        assert {hop.kind for hop in heard[1:]} <= {"hop", "input"}


@pytest.mark.parametrize("wire", WIRES)
async def test_what_is_dialled_behind_the_code_comes_with_the_first_hop(wire: str) -> None:
    async with scene(wire) as line:
        await line.carrier.dial(PHONE, "*1420*3*500#")
        wired = line.application.wired[0]

    said = (wired.query + wired.body.decode()).replace("%2A", "*")
    assert "3*500" in said


@pytest.mark.parametrize("wire", WIRES)
async def test_persian_pages_and_answers_go_both_ways(wire: str) -> None:
    async with scene(wire) as line:
        line.application.pages = ["۱. موجودی\n۲. پرداخت"]
        first = await line.carrier.dial(PHONE, "*1420#")
        await line.carrier.answer(PHONE, "۲")

        assert (first.text, first.failed) == ("۱. موجودی\n۲. پرداخت", None)
        assert line.application.heard[1].typed.split()[0].removeprefix("*1420*").removesuffix("#") == "۲"


@pytest.mark.parametrize("wire", WIRES)
async def test_the_red_key_is_told_where_the_wire_has_a_word_for_it(wire: str) -> None:
    async with scene(wire) as line:
        await line.carrier.dial(PHONE, "*1420#")
        line.carrier.cancel(PHONE)
        expected = [TOLD[wire]] if wire in TOLD else []

        assert await line.told(len(expected)) == expected


TOO_LONG = {
    "183 septets": ("a" * 183, "the page has 183 septets, the network carries 182"),
    "two for a bracket": ("[" * 92, "the page has 184 septets, the network carries 182"),
    "81 units": ("ا" * 81, "the page has 81 UCS-2 units, the network carries 80"),
    "one letter of another alphabet": ("a" * 80 + "؟", "the page has 81 UCS-2 units, the network carries 80"),
    "two units for a picture": ("👍" * 41, "the page has 82 UCS-2 units, the network carries 80"),
    "nothing": (" ", "the page is empty"),
    "a control character": ("a\tb", "the page holds the control character U+0009"),
}


@pytest.mark.parametrize("case", TOO_LONG)
def test_a_page_that_no_phone_can_show_is_refused(case: str) -> None:
    text, reason = TOO_LONG[case]

    with pytest.raises(NoPage) as refused:
        Limits().check(text)

    assert str(refused.value) == reason


@pytest.mark.parametrize("text", ["a" * 182, "[" * 91, "ا" * 80, "a" * 79 + "؟", "line\nline\r\n"])
def test_a_page_that_fits_passes(text: str) -> None:
    Limits().check(text)


@pytest.mark.parametrize("wire", WIRES)
async def test_a_page_that_is_too_long_ends_the_dialogue(wire: str) -> None:
    async with scene(wire) as line:
        line.application.pages = ["a" * 182, "a" * 183]
        first = await line.carrier.dial(PHONE, "*1420#")
        if FORMS[wire].limits == Limits():
            assert first.open
            first = await line.carrier.answer(PHONE, "1")

        assert (first.text, first.open) == ("", False)
        assert first.failed is not None
        assert "septets" in first.failed
        assert (await line.carrier.answer(PHONE, "1")).failed == "no dialogue is open"


OTHERS: dict[str, tuple[str | bytes, str]] = {
    "html": ("<html>Error</html>", "text/html"),
    "no prefix": ("Hello", "text/plain"),
    "nothing": ("", "application/octet-stream"),
    "octets": (b"CON \xff\xfe", "text/plain"),
    "json of another": ('{"hello": 1}', "application/json"),
    "a list": ("[]", "application/json"),
    "half a json": ('{"message": "', "application/json"),
    "a deep json": ("[" * 5_000, "application/json"),
    "octets in json": (b'{"message": "\xff"}', "application/json"),
    "xml of another": ("<dialog/>", "text/xml"),
    "half an xml": ("<dialog", "text/xml"),
}


@pytest.mark.parametrize("wire", WIRES)
async def test_an_answer_of_another_form_ends_the_dialogue_and_says_so(wire: str) -> None:
    async with scene(wire) as line:
        for case, line.application.answer in OTHERS.items():
            screen = await line.carrier.dial(PHONE, "*1420#")

            assert not screen.open, case
            assert (screen.failed or "").startswith(ANOTHER_FORM), (case, screen.failed)


@pytest.mark.parametrize("wire", WIRES)
async def test_another_status_than_200_ends_the_dialogue(wire: str) -> None:
    async with scene(wire) as line:
        line.application.answer, line.application.status = ("<html>", "text/html"), 500

        assert (await line.carrier.dial(PHONE, "*1420#")).failed == "the application answered 500"


@pytest.mark.parametrize("wire", WIRES)
async def test_a_long_answer_ends_the_dialogue(wire: str) -> None:
    async with scene(wire) as line:
        line.application.answer = ("CON " + "a" * 9_000, "text/plain")

        assert (await line.carrier.dial(PHONE, "*1420#")).failed == "the application's answer is longer than 8192 bytes"


WRONG = {
    "nalo": {"USERID": "TAPDIAL", "MSISDN": "98912", "MSG": "x", "MSGTYPE": True},
    "arkesel": {
        "sessionID": "1", "userID": "TAPDIAL", "msisdn": "989120000001", "message": "x", "continueSession": True,
    },
    "korba": {"message": "x", "ussdServiceOp": 18},
    "nsano": {"USSDResp": {"action": "end", "menus": "", "title": "x"}},
    "hollatags": {
        "session_id": "1", "session_msisdn": "989120000001", "session_msg": "x", "session_operation": "end",
        "session_type": 1,
    },
    "moolre": {"message": "x", "reply": "true"},
    "ideamart": {"message": "x", "ussdOperation": "mt-init"},
    "hubtel": {"Type": "Response", "Message": "x", "DataType": "list"},
    "oltranz": {"response": "x", "action": "CON"},
    "madapi": {
        "statusCode": "0000", "transactionId": "1",
        "data": {
            "inboundResponse": "x", "userInputRequired": True, "messageType": "2", "serviceCode": "1420",
            "msisdn": "989120000001",
        },
    },
}  # fmt: skip


@pytest.mark.parametrize("wire", sorted(WRONG))
async def test_an_answer_with_a_wrong_member_is_of_another_form(wire: str) -> None:
    async with scene(wire) as line:
        line.application.answer = (json.dumps(WRONG[wire]), "application/json")

        assert ((await line.carrier.dial(PHONE, "*1420#")).failed or "").startswith(ANOTHER_FORM)


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({"responseExitCode": 400, "responseMessage": "no session"}, "the application answered 400: no session"),
        (
            {"ussdMenu": "Bye", "shouldClose": True, "responseExitCode": 200},
            "the first answer closes the session, which this wire cannot",
        ),
    ],
)
async def test_infobip_refuses_by_exit_code_and_never_closes_at_once(members: dict[str, object], reason: str) -> None:
    async with scene("infobip") as line:
        line.application.answer = (json.dumps(members), "application/json")

        assert (await line.carrier.dial(PHONE, "*1420#")).failed == reason


async def test_hubtel_numbers_its_hops_and_gives_the_state_back_once() -> None:
    async with scene("hubtel") as line:
        await line.carrier.dial(PHONE, "*1420#")
        await line.carrier.answer(PHONE, "1")
        members = [wired.members for wired in line.application.wired]

    assert [each["Sequence"] for each in members] == [1, 2]
    assert [each["ClientState"] for each in members] == ["", "state of Heard 1\n0. End"]


DIALOGS = {
    "the begin's invoke is not answered": (
        '<processUnstructuredSSRequest_Response invokeId="999" dataCodingScheme="15" string="x"/>', "1", "invokeId"
    ),
    "Persian in the default alphabet": (
        '<unstructuredSSRequest_Request dataCodingScheme="15" string="سلام"/>', "1", "not of its alphabet"
    ),
    "another coding scheme": (
        '<unstructuredSSRequest_Request dataCodingScheme="68" string="x"/>', "1", "dataCodingScheme is 68"
    ),
    "no string": ('<unstructuredSSRequest_Request dataCodingScheme="15"/>', "1", "no string"),
    "a notification": ('<unstructuredSSNotify_Request dataCodingScheme="15" string="x"/>', "1", "the message is"),
    "a miscounted dialog": ('<unstructuredSSRequest_Request dataCodingScheme="15" string="x"/>', "2", "no dialog"),
}  # fmt: skip


@pytest.mark.parametrize("case", DIALOGS)
async def test_a_map_dialog_is_checked(case: str) -> None:
    message, size, reason = DIALOGS[case]
    async with scene("restcomm") as line:
        line.application.answer = (f'<dialog mapMessagesSize="{size}">{message}</dialog>', "text/xml")

        assert reason in ((await line.carrier.dial(PHONE, "*1420#")).failed or "")


async def test_a_break_in_an_attribute_that_is_not_escaped_is_a_blank() -> None:
    message = '<unstructuredSSRequest_Request dataCodingScheme="15" string="a\nb"/>'
    async with scene("restcomm") as line:
        line.application.answer = (f'<dialog mapMessagesSize="1">{message}</dialog>', "application/xml")

        assert (await line.carrier.dial(PHONE, "*1420#")).text == "a b"


RESPONSE = (
    "<USSDDynMenuResponse><sessionId>{session}</sessionId><msisdn>989120000001</msisdn><starCode>1420</starCode>"
    "<encodingScheme>0</encodingScheme>{params}<ErrCode>1</ErrCode></USSDDynMenuResponse>"
)
DOCUMENTS = {
    "flares that charges": ("flares", "x", {"Freeflow": "FC", "charge": "Y", "amount": "5"}, "charge is not N"),
    "flares with another flow": ("flares", "x", {"Freeflow": "FX"}, "Freeflow is FX"),
    "flares with an odd price": ("flares", "x", {"Freeflow": "FB", "amount": "free"}, "amount is no number"),
    "6D of another request": ("sixdee", RESPONSE, {}, "requestId is not"),
    "a fault": ("xmlrpc", xmlrpc.client.dumps(xmlrpc.client.Fault(4001, "no")), {}, "answered the fault 4001"),
    "two values": ("xmlrpc", xmlrpc.client.dumps(({}, {}), methodresponse=False), {}, "no answer of one struct"),
    "another session": (
        "xmlrpc", xmlrpc.client.dumps(({"TransactionId": "1"},), methodresponse=True), {}, "TransactionId is not"
    ),
    "an end's answer": ("trueafrican", xmlrpc.client.dumps(({},), methodresponse=True), {}, "session is not"),
}  # fmt: skip


@pytest.mark.parametrize("case", DOCUMENTS)
async def test_an_operators_answer_is_checked(case: str) -> None:
    wire, body, headers, reason = DOCUMENTS[case]
    async with scene(wire) as line:
        line.application.answer = (body, "text/plain" if wire == "flares" else "text/xml")
        line.application.headers = headers

        assert reason in ((await line.carrier.dial(PHONE, "*1420#")).failed or "")


async def test_africas_talking_accounts_for_a_session_when_it_is_set_up_to() -> None:
    async with scene("africastalking") as line:
        line.carrier.line.form = replace(FORMS["africastalking"], reports=True)  # type: ignore[attr-defined,call-arg]
        await line.carrier.dial(PHONE, "*1420#")
        await line.carrier.answer(PHONE, "0")
        await line.told(1)
        await line.carrier.dial(PHONE, "*1420#")
        line.carrier.cancel(PHONE)
        await line.told(2)
        accounts = [heard.typed for heard in line.application.heard if heard.kind == "report"]

    assert accounts == ["Success 0", "Incomplete "]
