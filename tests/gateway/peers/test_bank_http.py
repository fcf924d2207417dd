"""The bank over HTTP: bad days of the simulator, and a bank of the tests' own that answers nonsense."""

import asyncio
import hashlib
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from aiohttp import web
from pytest_aiohttp.plugin import AiohttpServer

from gateway.errors import BadInput, PeerUnavailable, SettingsFault
from gateway.observe import Metrics
from gateway.peers.bank import FolderBank, HttpBank, WatchedBank, http, open_bank
from gateway.settings import Settings, load
from simulators.certificates import self_made
from simulators.faults import BankFaults
from tests.gateway.peers.bank_doors import http_bank, simulated
from tests.simulators.bank.pain import Pain, Pay
from wallet.clock import SystemClock

ORDER = Pain((Pay("E1"),)).octets()
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
RECEIPT = {"sha256": "0" * 64, "received_at": "2026-11-27T08:30:00+00:00"}


@pytest.fixture(autouse=True)
def _hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "WAIT_FIRST_S", 0.01)


async def _bank(aiohttp_server: AiohttpServer, handler: Handler, timeout_s: float = 2.0) -> HttpBank:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handler)
    server = await aiohttp_server(app)
    return HttpBank(str(server.make_url("/")), "token", timeout_s=timeout_s)


@pytest.mark.parametrize(("rate", "known"), [("lost_answer_rate", True), ("lost_order_rate", False)])
async def test_after_a_cut_line_an_enquiry_says_whether_the_order_is_there(rate: str, *, known: bool) -> None:
    faults = BankFaults()
    setattr(faults, rate, 1.0)
    async with simulated(faults=faults) as bank, http_bank(bank) as door:
        with pytest.raises(PeerUnavailable):
            await door.send("BAT1", "BAT1.xml", ORDER)

        assert await door.enquire("BAT1") is known


async def test_a_file_that_the_bank_refuses_is_bad_input() -> None:
    async with simulated(faults=BankFaults(refuse_rate=1.0)) as bank, http_bank(bank) as door:
        with pytest.raises(BadInput, match="BAT1"):
            await door.send("BAT1", "BAT1.xml", ORDER)


@pytest.mark.parametrize("known", [True, False, None], ids=["has it", "never had it", "is not asked"])
async def test_a_no_after_a_cut_line_is_believed_only_if_the_bank_has_never_had_the_order(
    aiohttp_server: AiohttpServer, *, known: bool | None
) -> None:
    """The first try arrives and its line is cut; a proxy says no to the second."""
    tries = 0

    async def handler(request: web.Request) -> web.StreamResponse:
        nonlocal tries
        if request.method == "GET":
            if known is None:
                return web.Response(status=404, text="<h1>Not Found</h1>")
            receipt = RECEIPT | {"sha256": hashlib.sha256(ORDER).hexdigest()}
            return web.json_response(receipt if known else {"known": False}, status=200 if known else 404)
        await request.read()
        tries += 1
        if tries == 1:
            assert request.transport is not None
            request.transport.abort()
        return web.Response(status=400)

    async with await _bank(aiohttp_server, handler) as door:
        if known:
            await door.send("BAT1", "BAT1.xml", ORDER)
        else:
            with pytest.raises(BadInput if known is False else PeerUnavailable):
                await door.send("BAT1", "BAT1.xml", ORDER)
    assert tries == 2


async def test_a_closed_bank_and_a_wrong_token_say_nothing_of_an_order() -> None:
    async with simulated(faults=BankFaults(down=True)) as bank, http_bank(bank) as door:
        with pytest.raises(PeerUnavailable, match="503"):
            await door.enquire("BAT1")
    async with simulated() as bank, http_bank(bank, token="another") as door:
        for call in (door.send("BAT1", "BAT1.xml", ORDER), door.enquire("BAT1"), door.arrivals(after="", limit=9)):
            with pytest.raises(PeerUnavailable, match="401") as raised:
                await call
            assert "another" not in str(raised.value)


async def test_a_file_that_was_garbled_on_its_way_is_not_taken() -> None:
    async with simulated(faults=BankFaults(garble_rate=1.0)) as bank, http_bank(bank) as door:
        await bank.stray_credit()

        with pytest.raises(PeerUnavailable, match="checksum"):
            await door.arrivals(after="", limit=9)


async def test_a_busy_bank_is_asked_again(aiohttp_server: AiohttpServer) -> None:
    statuses = [503, 429, 200]

    async def handler(_request: web.Request) -> web.Response:
        return web.json_response(RECEIPT, status=statuses.pop(0))

    async with await _bank(aiohttp_server, handler) as door:
        assert await door.enquire("BAT1")

    assert statuses == []


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"not found", 404),
        (b"{}", 404),
        (b'{"known": true}', 404),
        (b"{}", 200),
        (b"\xff", 200),
        (b'{"sha256": "short", "received_at": "2026-11-27T08:30:00Z"}', 200),
        (b"x" * 10_000, 200),
        (b"{}", 302),
        (b"{}", 401),
        (b"{}", 500),
    ],
)
async def test_an_enquiry_that_is_not_answered_plainly_is_no_answer(
    aiohttp_server: AiohttpServer, body: bytes, status: int
) -> None:
    async def handler(_request: web.Request) -> web.Response:
        return web.Response(body=body, status=status)

    async with await _bank(aiohttp_server, handler) as door:
        with pytest.raises(PeerUnavailable):
            await door.enquire("BAT1")


async def test_a_receipt_for_another_content_is_no_receipt(aiohttp_server: AiohttpServer) -> None:
    async def handler(request: web.Request) -> web.Response:
        await request.read()
        return web.json_response(RECEIPT)

    async with await _bank(aiohttp_server, handler) as door:
        with pytest.raises(PeerUnavailable, match="another content"):
            await door.send("BAT1", "BAT1.xml", ORDER)


@pytest.mark.parametrize(
    "listing",
    [
        b'[{"name": "../../etc/passwd", "size": 1, "sha256": "%s"}]' % (b"0" * 64),
        b'[{"name": ".hidden", "size": 1, "sha256": "%s"}]' % (b"0" * 64),
        b'[{"name": "a", "size": -1, "sha256": "%s"}]' % (b"0" * 64),
        b'[{"name": "a", "size": 999999999999, "sha256": "%s"}]' % (b"0" * 64),
        b'[{"name": "a", "size": 3, "sha256": "%s"}]' % (b"0" * 64),
        b'{"files": []}',
        b"[" * 10_000,
        b"[" + b" " * 300_000 + b"]",
    ],
)
async def test_a_list_of_strange_files_is_not_followed(aiohttp_server: AiohttpServer, listing: bytes) -> None:
    async def handler(request: web.Request) -> web.Response:
        assert request.path in ("/files", "/files/a")
        return web.Response(body=listing if request.path == "/files" else b"abcdefgh")

    async with await _bank(aiohttp_server, handler) as door:
        with pytest.raises(PeerUnavailable):
            await door.arrivals(after="", limit=9)


async def test_files_before_a_broken_one_are_given(aiohttp_server: AiohttpServer) -> None:
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

    async def handler(request: web.Request) -> web.Response:
        if request.path == "/files":
            names = [name for name in ("a", "b", "c") if name > request.query["after"]]
            return web.json_response([{"name": name, "size": 0, "sha256": empty} for name in names])
        return web.Response(body=b"", status=500 if request.path == "/files/b" else 200)

    async with await _bank(aiohttp_server, handler) as door:
        assert [one.name for one in await door.arrivals(after="", limit=9)] == ["a"]
        with pytest.raises(PeerUnavailable):
            await door.arrivals(after="a", limit=9)


async def test_a_silent_bank_is_given_up_in_time(aiohttp_server: AiohttpServer) -> None:
    async def handler(_request: web.Request) -> web.Response:
        await asyncio.sleep(1)
        return web.json_response(RECEIPT)

    async with await _bank(aiohttp_server, handler, timeout_s=0.1) as door:
        with pytest.raises(PeerUnavailable):
            async with asyncio.timeout(0.8):
                await door.enquire("BAT1")


async def test_only_a_bank_whose_certificate_we_trust_gets_an_order(tmp_path: Path) -> None:
    certificate, other = self_made(tmp_path, "127.0.0.1"), self_made(tmp_path, "localhost")
    async with simulated(tls=certificate.server()) as bank:
        for trusted, reaches in ((certificate, True), (other, False)):
            tls = ssl.create_default_context(cafile=trusted.file)
            async with HttpBank(
                f"https://127.0.0.1:{bank.port}", "bank-token-of-the-tests", timeout_s=3, tls=tls
            ) as door:
                if reaches:
                    await door.send("BAT1", "BAT1.xml", ORDER)
                else:
                    with pytest.raises(PeerUnavailable, match="not who it says"):
                        await door.send("BAT2", "BAT2.xml", ORDER)


async def test_the_settings_say_which_door(tmp_path: Path) -> None:
    ca = self_made(tmp_path, "bank.example").file
    doors = [
        (Settings(bank_folder=str(tmp_path)), FolderBank),
        (Settings(bank_url="https://bank.example", bank_ca_file=str(ca), bank_folder=str(tmp_path)), HttpBank),
    ]
    for settings, kind in doors:
        door = open_bank(settings)
        assert door is not None
        async with door as opened:
            assert isinstance(opened, kind)
    assert open_bank(Settings()) is None
    with pytest.raises(SettingsFault, match="bank_ca_file"):
        open_bank(Settings(bank_url="https://bank.example", bank_ca_file=str(tmp_path / "none.pem")))


async def test_the_door_says_how_it_stands() -> None:
    faults, metrics = BankFaults(), Metrics()
    async with simulated(faults=faults) as bank, http_bank(bank) as door:
        watched = WatchedBank(door, SystemClock(), metrics)
        before = watched.status()
        await watched.send("BAT1", "BAT1.xml", ORDER)
        assert await watched.enquire("BAT1")
        up = watched.status()
        with pytest.raises(BadInput):
            await watched.send("BAT1", "BAT1.xml", ORDER + b" ")
        faults.down = True
        with pytest.raises(PeerUnavailable):
            await watched.send("BAT2", "BAT2.xml", ORDER)
        down = watched.status()

    assert [(one.bind, one.up, one.submitted, one.uncertain) for one in (before, up, down)] == [
        ("https", False, 0, 0), ("https", True, 1, 0), ("https", False, 3, 1),
    ]  # fmt: skip
    counted = {
        (sample.labels["call"], sample.labels["outcome"]): sample.value
        for sample in next(iter(metrics.bank_calls.collect())).samples
        if sample.name.endswith("_total")
    }
    assert counted == {
        ("send", "done"): 1, ("enquire", "done"): 1, ("send", "refused"): 1, ("send", "unavailable"): 1,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("url", "token"), [("http://bank.example", "t"), ("https://bank.example", ""), ("https://bank.example", "demo")]
)
def test_outside_the_demo_no_order_goes_in_clear_or_without_a_token(url: str, token: str) -> None:
    given = {
        "ENVIRONMENT": "production", "KEY_SECRET": "a", "SMSC_PASSWORD": "b", "USSD_PATH_SECRET": "c",
        "BANK_URL": url, "BANK_TOKEN": token,
    }  # fmt: skip
    environ = {f"TAPDIAL_{name}": value for name, value in given.items()}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environ.items():
            patch.setenv(name, value)
        with pytest.raises(SettingsFault, match="bank_token"):
            load(environ=environ)
