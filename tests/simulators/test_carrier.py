"""The carrier simulator against an application of the tests' own, faults included."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from aiohttp import web
from pytest_aiohttp.plugin import AiohttpServer

from simulators import carrier as carriers
from simulators.carrier import Carrier, Screen, read_answer
from simulators.faults import Faults
from simulators.trace import Trace

PHONE = "+989120000001"


@dataclass
class Application:
    """Remembers what it was told; ends the dialogue at the third answer."""

    forms: list[dict[str, str]] = field(default_factory=list)
    delay_s: float = 0.0

    async def handle(self, request: web.Request) -> web.Response:
        self.forms.append({name: str(value) for name, value in (await request.post()).items()})
        await asyncio.sleep(self.delay_s)
        text = self.forms[-1]["text"]
        kind = "END" if text.count("*") == 2 else "CON"
        return web.Response(text=f"{kind} you said {text}")


@pytest.fixture
def application() -> Application:
    return Application()


@pytest.fixture
def faults() -> Faults:
    return Faults()


@pytest.fixture
def trace() -> Trace:
    return Trace()


@pytest.fixture
async def carrier(
    aiohttp_server: AiohttpServer, application: Application, faults: Faults, trace: Trace
) -> AsyncIterator[Carrier]:
    app = web.Application()
    app.router.add_post("/ussd/africastalking/s3", application.handle)
    server = await aiohttp_server(app)
    made = Carrier(str(server.make_url("/")), "s3", "*1420#", trace, faults)
    yield made
    await made.close()


async def test_answers_accumulate_and_the_end_closes(carrier: Carrier, application: Application) -> None:
    screens = [await carrier.dial(PHONE, "*1420#")]
    screens += [await carrier.answer(PHONE, typed) for typed in ("1", "2", "3")]

    assert screens[0] == Screen("you said ", open=True)
    assert screens[-1] == Screen("you said 1*2*3", open=False)
    assert [form["text"] for form in application.forms] == ["", "1", "1*2", "1*2*3"]
    assert len({form["sessionId"] for form in application.forms}) == 1
    assert application.forms[0]["phoneNumber"] == PHONE
    assert application.forms[0]["serviceCode"] == "*1420#"
    assert (await carrier.answer(PHONE, "4")).failed == "no dialogue is open"


async def test_answers_in_the_dialled_code_come_as_text(carrier: Carrier, application: Application) -> None:
    await carrier.dial(PHONE, "*1420*1*500#")

    assert application.forms[0]["text"] == "1*500"


@pytest.mark.parametrize("code", ["*1421#", "1420", "*1420", "", "*1420*1", "*14200#", "*1420#1"])
async def test_another_code_has_no_service(carrier: Carrier, application: Application, code: str) -> None:
    assert (await carrier.dial(PHONE, code)).failed is not None
    assert application.forms == []


async def test_dialling_again_cuts_the_open_dialogue(carrier: Carrier, application: Application) -> None:
    await carrier.dial(PHONE, "*1420#")
    await carrier.dial(PHONE, "*1420#")

    assert len({form["sessionId"] for form in application.forms}) == 2


async def test_a_dropped_session_is_gone_after_the_answer(
    carrier: Carrier, application: Application, faults: Faults
) -> None:
    await carrier.dial(PHONE, "*1420#")
    faults.drop_session = True

    screen = await carrier.answer(PHONE, "1")

    assert screen.failed is not None
    assert application.forms[-1]["text"] == "1"
    assert not (await carrier.answer(PHONE, "2")).open
    assert (await carrier.dial(PHONE, "*1420#")).open


async def test_a_callback_can_come_twice(carrier: Carrier, application: Application, faults: Faults) -> None:
    faults.callback_twice = True

    screen = await carrier.dial(PHONE, "*1420#")

    assert screen.open
    assert application.forms[0] == application.forms[1]


async def test_a_slow_application_loses_the_dialogue(
    carrier: Carrier, application: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(carriers, "APPLICATION_S", 0.05)
    application.delay_s = 0.2

    screen = await carrier.dial(PHONE, "*1420#")

    assert screen.failed == "the application did not answer in time"


async def test_every_message_is_traced(carrier: Carrier, trace: Trace) -> None:
    await carrier.dial(PHONE, "*1420#")

    assert [(message.wire, message.outbound) for message in trace.messages] == [("ussd", True), ("ussd", False)]


@pytest.mark.parametrize(
    ("status", "answer", "expected"),
    [
        (200, "CON Hello\n1. A", Screen("Hello\n1. A", open=True)),
        (200, "END Bye", Screen("Bye", open=False)),
        (429, "END Busy", Screen("Busy", open=False, failed="the application answered 429")),
        (500, "<html>", Screen("", open=False, failed="the application answered 500")),
        (200, "Hello", Screen("", open=False, failed="the application's answer has another form")),
        (200, "con Hello", Screen("", open=False, failed="the application's answer has another form")),
        (200, "", Screen("", open=False, failed="the application's answer has another form")),
    ],
)
def test_an_answer_is_read_as_the_aggregator_reads_it(status: int, answer: str, expected: Screen) -> None:
    assert read_answer(status, answer) == expected
