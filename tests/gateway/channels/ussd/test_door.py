"""The door of all wires: whom it lets in, what it bounds, and that nobody on a phone meets an error page."""

import hmac
import json
from collections.abc import Awaitable, Callable, Mapping
from ipaddress import ip_network

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient
from pytest_aiohttp.plugin import AiohttpClient
from structlog.testing import capture_logs

from gateway.channels.ussd import Mount, UssdDoor
from gateway.channels.ussd.codes import Codes
from gateway.channels.ussd.guards import Addresses, Basic, Guard, HashKey, PathSecret, Signature
from gateway.channels.ussd.wire import Delivery, Inbound, Outbound
from gateway.channels.ussd.wires import wire_of
from gateway.channels.ussd.wires.hubtel import Hubtel
from gateway.channels.web import new_application
from gateway.errors import StoreUnavailable
from gateway.observe import Metrics
from gateway.services.dialogues import EventKind, HopEnd, Reply
from tests.gateway.channels.ussd.answering import Dialogues
from wallet.clock import ManualClock

CODES = Codes(["*1420#"])
HOP = {"SessionId": "s1", "ServiceCode": "1420", "Type": "Response", "Message": "2468", "Mobile": "989120000001"}
Client = TestClient[web.Request, web.Application]
Connect = Callable[..., Awaitable[Client]]


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
def dialogues() -> Dialogues:
    return Dialogues()


@pytest.fixture
def connect(aiohttp_client: AiohttpClient, clock: ManualClock, metrics: Metrics, dialogues: Dialogues) -> Connect:
    async def connected(*guards: Guard, profile: str = "hubtel", secret: bool = False) -> Client:
        app = new_application(clock, metrics)
        mount = Mount(wire_of(profile, profile, CODES), guards, has_secret=secret)
        app.add_routes(UssdDoor(dialogues, [mount], metrics).routes())
        return await aiohttp_client(app)

    return connected


def _reason(metrics: Metrics, reason: str) -> float:
    labels = {"door": "ussd", "reason": reason}
    return metrics.registry.get_sample_value("tapdial_refused_input_total", labels) or 0.0


async def test_a_wrong_basic_credential_is_challenged(connect: Connect, dialogues: Dialogues) -> None:
    client = await connect(Basic("hubtel", "hunter2-hunter2"))

    answer = await client.post("/ussd/hubtel", json=HOP)

    assert (answer.status, await answer.text()) == (401, "")
    assert answer.headers["WWW-Authenticate"].startswith("Basic")
    assert dialogues.events == []


@pytest.mark.parametrize(("key", "status"), [(b"hunter2-hunter2", 200), (b"another", 403)])
async def test_a_signature_is_checked_over_the_bytes_that_came(connect: Connect, key: bytes, status: int) -> None:
    client = await connect(Signature("x-signature", b"hunter2-hunter2"))
    body = json.dumps(HOP).encode()
    made = hmac.new(key, body, "sha256").hexdigest()

    headers = {"X-Signature": made, "Content-Type": "application/json"}
    answer = await client.post("/ussd/hubtel", data=body, headers=headers)

    assert answer.status == status


async def test_a_proof_in_the_fields_is_checked_before_anything_is_answered(
    connect: Connect, dialogues: Dialogues
) -> None:
    answer = await (await connect(HashKey("hunter2-hunter2"))).post("/ussd/hubtel", json=HOP)

    assert answer.status == 403
    assert dialogues.events == []


async def test_who_may_not_call_is_refused_before_the_body_is_read(connect: Connect, metrics: Metrics) -> None:
    client = await connect(Addresses((ip_network("203.0.113.0/24"),)))

    answer = await client.post("/ussd/hubtel", data=b"x" * 100_000)

    assert answer.status == 403
    assert (_reason(metrics, "credential"), _reason(metrics, "too_long")) == (1, 0)


REFUSED: list[tuple[str, bytes, Mapping[str, str], int, str]] = [
    ("a body too long", b"x" * 5_000, {}, 413, "too_long"),
    ("a query too long", b"{}", {"query": "x" * 5_000}, 413, "too_long"),
    ("no JSON", b"{", {}, 400, "syntax"),
    ("no object", b"[]", {}, 400, "syntax"),
    ("a key twice", b'{"Type": 1, "Type": 2}', {}, 400, "field_twice"),
    ("no number", b'{"Type": NaN}', {}, 400, "syntax"),
    ("a number without end", b'{"Type": ' + b"9" * 100 + b"}", {}, 400, "syntax"),
    ("too deep", b'{"x": ' + b"[" * 20 + b"]" * 20 + b"}", {}, 400, "syntax"),
    ("a string without end", b'{"x": "' + b'\\"' * 1_000, {}, 400, "syntax"),
    ("half a letter", json.dumps({**HOP, "Message": "\ud800"}).encode(), {}, 400, "charset"),
    ("half a letter where nobody looks", json.dumps({**HOP, "X": {"\udfff": 1}}).encode(), {}, 400, "charset"),
    ("a string whose end is half an escape", b'{"x": "' + b'\\"' * 1_000 + b"\\", {}, 400, "syntax"),
    ("a tail", json.dumps(HOP).encode(), {"tail": "/below"}, 400, "syntax"),
    ("an order", json.dumps({**HOP, "Type": "AddToCart"}).encode(), {}, 400, "field_form"),
]


@pytest.mark.parametrize(
    ("body", "where", "status", "reason"), [row[1:] for row in REFUSED], ids=[r[0] for r in REFUSED]
)
async def test_what_cannot_be_read_is_refused_in_the_wires_own_form(
    connect: Connect, metrics: Metrics, body: bytes, where: Mapping[str, str], status: int, reason: str
) -> None:
    url = f"/ussd/hubtel{where.get('tail', '')}" + (f"?{where['query']}" if "query" in where else "")

    answer = await (await connect()).post(url, data=body, headers={"Content-Type": "application/json"})

    assert answer.status == status
    assert (await answer.json())["Message"] == "This request could not be read. Nothing was done. Please dial again."
    assert _reason(metrics, reason) == 1


async def test_a_header_that_comes_twice_is_refused(connect: Connect, metrics: Metrics) -> None:
    headers = [("Content-Type", "application/json"), ("X-Key", "1"), ("X-Key", "2"), ("Via", "a"), ("Via", "b")]
    client = await connect()

    answer = await client.post("/ussd/hubtel", data=json.dumps(HOP), headers=headers)
    lists = await client.post("/ussd/hubtel", data=json.dumps(HOP), headers=[headers[0], *headers[3:]])

    assert (answer.status, lists.status) == (400, 200)


async def test_another_method_is_refused(connect: Connect) -> None:
    assert (await (await connect()).put("/ussd/hubtel", json=HOP)).status == 405


async def test_a_closing_that_cannot_be_kept_is_answered_and_counted(
    connect: Connect, dialogues: Dialogues, metrics: Metrics
) -> None:
    dialogues.fault = StoreUnavailable("gone")

    answer = await (await connect()).post("/ussd/hubtel", json={**HOP, "Type": "Timeout"})

    assert answer.status == 200
    assert [event.kind for event in dialogues.events] == [EventKind.TIMEOUT]
    labels = {"wire": "hubtel", "end": "timeout"}
    assert metrics.registry.get_sample_value("tapdial_ussd_hops_total", labels) == 1


class Broken(Hubtel):
    """A wire with a bug."""

    def page(self, delivery: Delivery, text: str, *, more: bool) -> Outbound:
        raise ZeroDivisionError("at line 7 of 2468")


async def test_a_bug_in_a_wire_is_no_page_of_errors(
    aiohttp_client: AiohttpClient, clock: ManualClock, metrics: Metrics, dialogues: Dialogues
) -> None:
    app = new_application(clock, metrics)
    app.add_routes(UssdDoor(dialogues, [Mount(Broken("hubtel", CODES), ())], metrics).routes())

    answer = await (await aiohttp_client(app)).post("/ussd/hubtel", json=HOP)

    assert (answer.status, await answer.text()) == (400, "")


async def test_neither_the_secret_nor_what_was_typed_is_in_a_log(connect: Connect, dialogues: Dialogues) -> None:
    client = await connect(PathSecret("hunter2-hunter2"), secret=True)
    with capture_logs() as lines:
        await client.post("/ussd/hubtel/hunter2-hunter2", json=HOP)
        await client.post("/ussd/hubtel/hunter3-hunter3", json=HOP)
        await client.post("/ussd/hubtel/hunter2-hunter2", data=b'{"2468')
        dialogues.reply = Reply("x" * 200 + "2468", more=True, end=HopEnd.CONTINUES)
        await client.post("/ussd/hubtel/hunter2-hunter2", json=HOP)

    logged = repr(lines)
    assert "/ussd/hubtel/{below}" in logged
    for secret in ("hunter2", "hunter3", "2468", "989120000001"):
        assert secret not in logged


async def test_infobip_asks_whether_a_session_waits(connect: Connect) -> None:
    client = await connect(profile="infobip")

    live, other = [await (await client.get(f"/ussd/infobip/session/{key}/status")).json() for key in ("42", "43")]

    assert (live["sessionActive"], other["sessionActive"]) == (True, False)
    assert live["responseExitCode"] == 200


async def test_the_first_page_of_infobip_never_closes(connect: Connect, dialogues: Dialogues) -> None:
    client = await connect(profile="infobip")
    dialogues.reply = Reply("Bye", more=False, end=HopEnd.ENDS)
    hop = {"msisdn": "989120000001", "text": "*1420#", "shortCode": "*1420#"}

    start = await (await client.post("/ussd/infobip/session/42/start", json=hop)).json()
    then = await (await client.post("/ussd/infobip/session/42/response", json={**hop, "text": "1"})).json()

    assert (start["ussdMenu"], start["shouldClose"]) == ("Bye", False)
    assert (then["ussdMenu"], then["shouldClose"]) == ("Bye", True)


NUMBERS = [
    ("+989120000001", "+989120000001"),
    (" 989120000001", "+989120000001"),
    ("989120000001", "+989120000001"),
    ("09120000001", "+989120000001"),
    ("9891200", "+9891200"),
    ("", None),
    ("0", None),
    ("+0912", None),
    ("tel:+989120000001", None),
    ("۹۸۹۱۲۰۰۰۰۰۰۱", None),
]


@pytest.mark.parametrize(("written", "kept"), NUMBERS)
def test_a_number_is_kept_in_one_form(written: str, kept: str | None) -> None:
    wire = wire_of("north", "moolre", CODES, "98")
    members = {"sessionid": "s", "new": True, "msisdn": written, "message": "", "extension": "1420", "data": ""}
    found = wire.parse(Inbound("POST", "", "", {"content-type": "application/json"}, json.dumps(members).encode()))

    assert (found.event.msisdn if isinstance(found, Delivery) else None) == kept
