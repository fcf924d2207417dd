"""The Africa's Talking door: what it takes, what it refuses and in which words."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from urllib.parse import urlencode

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient
from hypothesis import given
from hypothesis import strategies as st
from pytest_aiohttp.plugin import AiohttpClient

from gateway.channels.ussd import africastalking
from gateway.channels.ussd.africastalking import AfricasTalking, BadForm, Credential, parse
from gateway.channels.web import new_application
from gateway.errors import Overloaded
from gateway.observe import Metrics
from gateway.services.dialogues import Closing, Event, EventKind, HopEnd, Reply, closing_text
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


@dataclass
class Dialogues:
    """Answers the same to everybody, or raises."""

    reply: Reply = field(default_factory=lambda: Reply("خوش آمدید", more=True, end=HopEnd.CONTINUES))
    fault: Exception | None = None
    events: list[Event] = field(default_factory=list)

    async def answer(self, event: Event) -> Reply:
        self.events.append(event)
        if self.fault is not None:
            raise self.fault
        return self.reply

    def closing(self, closing: Closing) -> str:
        return closing_text(closing, "en")


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
    async def connected(credential: Credential | None = None) -> Client:
        app = new_application(clock, metrics)
        door = AfricasTalking(dialogues, credential or Credential("", loopback_exempt=True), metrics)
        app.router.add_routes(door.routes())
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
    ("code without star", _body(serviceCode="1420#"), BadForm.FIELD_FORM),
    ("code in letters", _body(serviceCode="*abc#"), BadForm.FIELD_FORM),
    ("network too long", _body(networkCode="9" * 17), BadForm.FIELD_FORM),
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
    monkeypatch.setattr(africastalking, "BODY_S", 0.05)

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


@pytest.mark.parametrize(
    ("secret", "exempt", "given", "remote", "allowed"),
    [
        ("s3", False, "s3", "203.0.113.9", True),
        ("s3", False, "s4", "203.0.113.9", False),
        ("s3", False, "", "203.0.113.9", False),
        ("s3", False, "s33", "203.0.113.9", False),
        ("s3", False, "", "127.0.0.1", False),
        ("s3", False, "سلام", "127.0.0.1", False),
        ("", False, "", "127.0.0.1", False),
        ("", False, "", "203.0.113.9", False),
        ("", True, "", "203.0.113.9", False),
        ("", True, "", "127.0.0.1", True),
        ("s3", True, "", "::1", True),
        ("s3", True, "s4", "127.0.0.1", True),
        ("s3", True, "s3", "203.0.113.9", True),
        ("", True, "", None, False),
        ("", True, "", "not an address", False),
    ],
)
def test_who_may_call(*, secret: str, exempt: bool, given: str, remote: str | None, allowed: bool) -> None:
    assert Credential(secret, loopback_exempt=exempt).allows(given, remote) is allowed


async def test_a_wrong_secret_is_refused_and_not_repeated(
    connect: Connect, dialogues: Dialogues, metrics: Metrics
) -> None:
    client = await connect(Credential("s3", loopback_exempt=False))

    refused = await client.post(f"{URL}/hunter2", data=FIELDS)
    taken = await client.post(f"{URL}/s3", data=FIELDS)

    assert (refused.status, await refused.text()) == (403, "")
    assert taken.status == 200
    assert len(dialogues.events) == 1
    assert _counted(metrics, "tapdial_refused_input_total", door="ussd", reason="credential") == 1


def test_neither_event_nor_credential_shows_a_secret() -> None:
    event = parse(_body(text="1*2468"))

    assert "2468" not in repr(event)
    assert "s3cret" not in repr(Credential("s3cret", loopback_exempt=False))


@given(st.binary(max_size=300))
def test_any_bytes_are_an_event_or_a_reason(body: bytes) -> None:
    assert isinstance(parse(body), Event | BadForm)


@given(st.text(alphabet=st.characters(exclude_categories=["Cc", "Cs"]), max_size=100))
def test_any_text_without_controls_arrives_as_it_was_typed(text: str) -> None:
    event = parse(_body(text=text))

    assert isinstance(event, Event)
    assert event.text == text
