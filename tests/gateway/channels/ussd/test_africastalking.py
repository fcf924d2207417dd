"""The Africa's Talking door: what it takes, what it refuses and in which words."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from urllib.parse import urlencode

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient
from hypothesis import given
from hypothesis import strategies as st
from pytest_aiohttp.plugin import AiohttpClient

from gateway.channels.ussd import UssdDoor, default_mount, door
from gateway.channels.ussd.codes import Codes
from gateway.channels.ussd.wire import BadForm, Delivery, Inbound, Probe
from gateway.channels.ussd.wires import wire_of
from gateway.channels.web import new_application
from gateway.errors import Overloaded
from gateway.observe import Metrics
from gateway.services.dialogues import Event, EventKind, HopEnd, Reply
from tests.gateway.channels.ussd.answering import Dialogues
from wallet.clock import ManualClock

FIELDS = {
    "sessionId": "ATUid_1",
    "phoneNumber": "+989120000001",
    "networkCode": "43211",
    "serviceCode": "*1420#",
    "text": "",
}
URL = "/ussd/africastalking"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
def dialogues() -> Dialogues:
    return Dialogues()


Client = TestClient[web.Request, web.Application]
Connect = Callable[..., Awaitable[Client]]


@pytest.fixture
def connect(aiohttp_client: AiohttpClient, clock: ManualClock, metrics: Metrics, dialogues: Dialogues) -> Connect:
    async def connected(secret: str = "", *, demo: bool = True) -> Client:
        app = new_application(clock, metrics)
        app.add_routes(UssdDoor(dialogues, [default_mount("*1420#", secret, demo=demo)], metrics).routes())
        return await aiohttp_client(app)

    return connected


def _counted(metrics: Metrics, name: str, **labels: str) -> float:
    return metrics.registry.get_sample_value(name, labels) or 0.0


async def test_a_callback_becomes_an_event_and_its_reply_a_page(
    connect: Connect, dialogues: Dialogues, metrics: Metrics
) -> None:
    client = await connect()

    answer = await client.post(URL, data=FIELDS)

    assert answer.status == 200
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert await answer.text() == "CON خوش آمدید"
    assert dialogues.events == [
        Event("africastalking", EventKind.BEGIN, "ATUid_1", "+989120000001", "*1420#", "", "43211")
    ]
    assert _counted(metrics, "tapdial_ussd_hops_total", wire="africastalking", end="con") == 1


async def test_an_end_closes_the_session(connect: Connect, dialogues: Dialogues) -> None:
    dialogues.reply = Reply("Bye", more=False, end=HopEnd.ENDS)

    answer = await (await connect()).post(URL, data=FIELDS)

    assert await answer.text() == "END Bye"


def _body(**changed: str | None) -> bytes:
    fields: dict[str, str | None] = {**FIELDS, **changed}
    return urlencode({name: value for name, value in fields.items() if value is not None}).encode()


MALFORMED = [
    ("empty", b"", BadForm.FIELD_MISSING),
    ("no equals sign", b"sessionId", BadForm.SYNTAX),
    ("bytes that are not ASCII", _body() + b"&x=\xff", BadForm.CHARSET),
    ("escapes that are not UTF-8", _body() + b"&x=%ff", BadForm.CHARSET),
    ("a field twice", _body() + b"&text=1", BadForm.FIELD_TWICE),
    ("too many fields", _body() + b"".join(b"&x%d=1" % n for n in range(20)), BadForm.SYNTAX),
    ("no session", _body(sessionId=None), BadForm.FIELD_MISSING),
    ("no number", _body(phoneNumber=None), BadForm.FIELD_MISSING),
    ("no text", _body(text=None), BadForm.FIELD_MISSING),
    ("no code", _body(serviceCode=None), BadForm.FIELD_MISSING),
    ("empty session", _body(sessionId=""), BadForm.FIELD_FORM),
    ("session too long", _body(sessionId="x" * 129), BadForm.FIELD_FORM),
    ("session with a quote", _body(sessionId="x' OR 1=1"), BadForm.FIELD_FORM),
    ("session with a line", _body(sessionId="x\n"), BadForm.FIELD_FORM),
    ("number without plus", _body(phoneNumber="989120000001"), BadForm.FIELD_FORM),
    ("number too short", _body(phoneNumber="+9891"), BadForm.FIELD_FORM),
    ("number in other digits", _body(phoneNumber="+٩٨٩١٢٠٠٠٠٠٠١"), BadForm.FIELD_FORM),
    ("code without digits", _body(serviceCode="*#"), BadForm.FIELD_FORM),
    ("code in letters", _body(serviceCode="*abc#"), BadForm.FIELD_FORM),
    ("network too long", _body(networkCode="9" * 33), BadForm.FIELD_FORM),
    ("text too long", _body(text="1" * 1_001), BadForm.FIELD_FORM),
    ("text with NUL", _body(text="1\0"), BadForm.FIELD_FORM),
    ("text with a line", _body(text="1\n2"), BadForm.FIELD_FORM),
    ("body too long", _body() + b"&x=" + b"1" * 4_096, BadForm.TOO_LONG),
    ("body of a megabyte", _body() + b"&x=" + b"1" * 1_000_000, BadForm.TOO_LONG),
]


@pytest.mark.parametrize(("body", "reason"), [row[1:] for row in MALFORMED], ids=[row[0] for row in MALFORMED])
async def test_a_malformed_form_is_refused_in_words_and_counted(
    connect: Connect, dialogues: Dialogues, metrics: Metrics, body: bytes, reason: BadForm
) -> None:
    answer = await (await connect()).post(URL, data=body, headers=FORM)

    assert answer.status == 200
    assert await answer.text() == "END This request could not be read. Nothing was done. Please dial again."
    assert _counted(metrics, "tapdial_refused_input_total", door="ussd", reason=reason.value) == 1
    assert dialogues.events == []


@pytest.mark.parametrize(
    ("content_type", "reason"),
    [
        ("application/json", BadForm.NOT_A_FORM),
        ("text/plain", BadForm.NOT_A_FORM),
        ("", BadForm.NOT_A_FORM),
        ("multipart/form-data; boundary=x", BadForm.NOT_A_FORM),
        ("application/x-www-form-urlencoded; charset=utf-16", BadForm.CHARSET),
        ("application/x-www-form-urlencoded; charset=nonsense", BadForm.CHARSET),
    ],
)
async def test_another_content_type_is_refused(
    connect: Connect, metrics: Metrics, content_type: str, reason: BadForm
) -> None:
    answer = await (await connect()).post(URL, data=_body(), headers={"Content-Type": content_type})

    assert (answer.status, (await answer.text())[:4]) == (200, "END ")
    assert _counted(metrics, "tapdial_refused_input_total", door="ussd", reason=reason.value) == 1


async def test_a_chunked_body_is_cut_at_the_cap(connect: Connect, dialogues: Dialogues) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield _body()
        for _ in range(10):
            yield b"&x=" + b"1" * 1_000

    answer = await (await connect()).post(URL, data=pieces(), headers=FORM)

    assert (await answer.text())[:4] == "END "
    assert dialogues.events == []


async def test_a_body_that_dribbles_is_given_up(
    connect: Connect, metrics: Metrics, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door, "BODY_S", 0.05)

    async def pieces() -> AsyncIterator[bytes]:
        yield b"sessionId="
        await asyncio.sleep(0.3)
        yield b"1"

    answer = await (await connect()).post(URL, data=pieces(), headers=FORM)

    assert (await answer.text())[:4] == "END "
    assert _counted(metrics, "tapdial_refused_input_total", door="ussd", reason="too_slow") == 1


async def test_a_plus_sign_that_was_not_encoded_is_understood(connect: Connect, dialogues: Dialogues) -> None:
    body = b"sessionId=1&phoneNumber=+989120000001&serviceCode=*1420%23&text="

    await (await connect()).post(URL, data=body, headers=FORM)

    assert [event.msisdn for event in dialogues.events] == ["+989120000001"]


async def test_overload_says_so_with_429(connect: Connect, dialogues: Dialogues, metrics: Metrics) -> None:
    dialogues.fault = Overloaded("full")

    answer = await (await connect()).post(URL, data=FIELDS)

    assert answer.status == 429
    assert (await answer.text()).startswith("END Too many people")
    assert _counted(metrics, "tapdial_ussd_hops_total", wire="africastalking", end="busy") == 1


async def test_a_bug_is_words_and_no_trace(connect: Connect, dialogues: Dialogues) -> None:
    dialogues.fault = ZeroDivisionError("at line 7")

    answer = await (await connect()).post(URL, data=FIELDS)

    assert answer.status == 200
    assert await answer.text() == "END We could not finish. Please check your balance before you try again."


async def test_a_wrong_secret_is_refused_and_not_repeated(
    connect: Connect, dialogues: Dialogues, metrics: Metrics
) -> None:
    client = await connect("s3", demo=False)

    refused = await client.post(f"{URL}/hunter2", data=FIELDS)
    taken = await client.post(f"{URL}/s3", data=FIELDS)

    assert (refused.status, await refused.text()) == (403, "")
    assert taken.status == 200
    assert len(dialogues.events) == 1
    assert _counted(metrics, "tapdial_refused_input_total", door="ussd", reason="credential") == 1


def _parsed(body: bytes, tail: str = "") -> Event | BadForm:
    wire = wire_of("africastalking", "africastalking", Codes(["*1420#"]))
    found = wire.parse(Inbound("POST", tail, "", {"content-type": FORM["Content-Type"]}, body))
    assert not isinstance(found, Probe)
    return found.event if isinstance(found, Delivery) else found


def test_neither_event_nor_mount_shows_a_secret() -> None:
    assert "2468" not in repr(_parsed(_body(text="1*2468")))
    assert "s3cret" not in repr(default_mount("*1420#", "s3cret", demo=False))


REPORT = {
    **FIELDS,
    "date": "2026-11-27 15:00:00",
    "status": "Incomplete",
    "cost": "KES 1.0000",
    "durationInMillis": "12345",
    "hopsCount": "3",
    "input": "1*2468",
    "lastAppResponse": "END Your balance is 1,000",
    "errorMessage": "",
}


async def test_a_report_that_cannot_be_kept_is_answered_all_the_same(
    connect: Connect, dialogues: Dialogues, metrics: Metrics
) -> None:
    client = await connect("s3", demo=False)
    taken = await client.post(f"{URL}/s3/events", data=REPORT)
    dialogues.fault = Overloaded("full")
    lost = await client.post(f"{URL}/s3/events", data=REPORT)

    assert (taken.status, await taken.text(), lost.status) == (200, "", 200)
    assert [(event.kind, event.reason, event.text) for event in dialogues.events] == [
        (EventKind.REPORT, "incomplete", "")
    ] * 2
    assert _counted(metrics, "tapdial_ussd_hops_total", wire="africastalking", end="report") == 2


@given(st.binary(max_size=300))
def test_any_bytes_are_an_event_or_a_reason(body: bytes) -> None:
    assert isinstance(_parsed(body), Event | BadForm)
    assert isinstance(_parsed(body, "events"), Event | BadForm)


@given(st.text(alphabet=st.characters(exclude_categories=["Cc", "Cs"]), max_size=100))
def test_any_text_without_controls_arrives_as_it_was_typed(text: str) -> None:
    event = _parsed(_body(text=text))

    assert isinstance(event, Event)
    assert event.text == text
