"""The handset in the terminal: transcripts, and the command as a person starts it."""

import asyncio
import os
import sys
from datetime import date
from pathlib import Path

import pytest
from aiohttp import web
from pytest_aiohttp.plugin import AiohttpServer

from simulators import transcript
from tests.simulators.carriers.application import Application
from tests.simulators.carriers.later_speakers import PASSWORD

SCRIPT = """\
# the main menu
Welcome
1. Balance
> 1
Enter PIN
> 2468
Balance: * IRR
*
> *1420#
Welcome
*
"""


def test_a_transcript_is_read_as_hops() -> None:
    steps = transcript.parse(SCRIPT)

    assert [step.typed for step in steps] == [None, "1", "2468", "*1420#"]
    assert steps[0].expected == ("Welcome", "1. Balance")
    assert steps[3].expected == ("Welcome", "*")


@pytest.mark.parametrize(
    ("expected", "shown", "same"),
    [
        (("A", "B"), "A\nB", True),
        (("A", "B"), "A\nB\n", True),
        (("A",), "A\nB", False),
        (("A", "*"), "A\nB\nC", True),
        (("A", "*"), "A", True),
        (("*", "C"), "A\nB\nC", True),
        (("*", "C"), "A\nC\nB", False),
        (("Balance: * IRR",), "Balance: 1,500 IRR", True),
        (("Balance: * IRR",), "Balance: 1,500\nIRR", False),
        (("a.c",), "abc", False),
        ((), "anything", True),
        (("مبلغ: *",), "مبلغ: ۱۲۳", True),
    ],
)
def test_a_screen_matches_or_does_not(expected: tuple[str, ...], shown: str, *, same: bool) -> None:
    assert transcript.matches(expected, shown) is same


def test_days_and_secrets_have_places() -> None:
    source = "Day?\n> {day-5:%d%m}\n> {jalali-5:%m%d}\n> {PIN}\n> {PIN} {CODE}\n{PIN}\n"

    steps = transcript.parse(transcript.dated(source, date(2026, 11, 22)))

    assert [step.typed for step in steps[:3]] == [None, "1711", "0826"]
    assert transcript.secrets_of(steps) == {"PIN": 4, "CODE": 5}
    assert transcript.filled(steps[4].typed or "", {"PIN": "2468", "CODE": "9"}) == "2468 9"


PAGES = {"": "CON Welcome\n1. Balance", "1": "CON Enter PIN", "1*2468": "END Balance: 1,500 IRR\nBye"}


async def _application(aiohttp_server: AiohttpServer) -> str:
    async def handle(request: web.Request) -> web.Response:
        return web.Response(text=PAGES[str((await request.post())["text"])])

    app = web.Application()
    app.router.add_post("/ussd/africastalking", handle)
    app.router.add_post("/ussd/africastalking/s3", handle)
    server = await aiohttp_server(app)
    return str(server.make_url("/"))


async def _run(*arguments: str, typed: str = "", secret: str = "", pin: str = "") -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "simulators.handset", "*1420#", "--msisdn", "+989120000001", *arguments,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, "TAPDIAL_USSD_PATH_SECRET": secret, "DIAL_PIN": pin},
    )  # fmt: skip
    out, _ = await asyncio.wait_for(process.communicate(typed.encode()), 20)
    assert process.returncode is not None
    return process.returncode, out.decode()


@pytest.mark.parametrize("secret", ["", "s3"])
async def test_a_person_dials_and_types(aiohttp_server: AiohttpServer, secret: str) -> None:
    status, out = await _run("--gateway", await _application(aiohttp_server), typed="1\n2468\n", secret=secret)

    assert status == 0
    assert "Enter PIN" in out
    assert "1,500 IRR" in out


async def test_a_script_that_agrees_ends_well(aiohttp_server: AiohttpServer, tmp_path: Path) -> None:
    script = tmp_path / "see.txt"
    script.write_text(SCRIPT, "utf-8")

    status, out = await _run("--gateway", await _application(aiohttp_server), "--script", str(script))

    assert (status, "another screen" in out) == (0, False)


async def test_a_secret_comes_from_the_environment_and_is_not_shown(
    aiohttp_server: AiohttpServer, tmp_path: Path
) -> None:
    script = tmp_path / "see.txt"
    script.write_text(SCRIPT.replace("2468", "{PIN}"), "utf-8")
    gateway = await _application(aiohttp_server)

    status, out = await _run("--gateway", gateway, "--script", str(script), pin="2468")
    assert (status, "> {PIN}" in out, "2468" in out) == (0, True, False)

    status, out = await _run("--gateway", gateway, "--script", str(script))
    assert (status, "line 6 needs DIAL_PIN" in out) == (2, True)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("Welcome\n1. Balance\n> 1\nEnter password\n", "+Enter PIN"),
        ("*\n> 1\n> 2468\nBalance: * IRR\nGoodbye\n", " Balance: 1,500 IRR\n-Goodbye\n+Bye"),
        ("> 1\n> 2468\n> 3\n", "the dialogue is closed"),
    ],
)
async def test_a_script_that_does_not_agree_shows_the_difference(
    aiohttp_server: AiohttpServer, tmp_path: Path, source: str, words: str
) -> None:
    script = tmp_path / "see.txt"
    script.write_text(source, "utf-8")

    status, out = await _run("--gateway", await _application(aiohttp_server), "--script", str(script))

    assert status == 1
    assert words in out


async def test_a_wrong_secret_is_said_plainly(aiohttp_server: AiohttpServer) -> None:
    status, out = await _run("--gateway", await _application(aiohttp_server), secret="s4")

    assert status == 1
    assert "answered 404" in out


async def test_no_gateway_is_said_plainly(unused_tcp_port: int) -> None:
    status, out = await _run("--gateway", f"http://127.0.0.1:{unused_tcp_port}")

    assert status == 1
    assert "cannot be reached" in out
    assert "Traceback" not in out


async def test_a_person_dials_over_another_carriers_wire(aiohttp_server: AiohttpServer) -> None:
    application = Application("nalo")
    app = web.Application()
    app.router.add_post("/ussd/mtn/s3{tail:.*}", application.handle)
    gateway = str((await aiohttp_server(app)).make_url("/"))

    status, out = await _run("--gateway", gateway, "--wire", "nalo", "--mount", "mtn", typed="1\n0\n", secret="s3")

    assert status == 0
    assert "Heard 2" in out
    assert [heard.typed for heard in application.heard] == ["*1420#", "1", "0"]


async def test_a_person_who_leaves_in_the_middle_hangs_up(aiohttp_server: AiohttpServer) -> None:
    application = Application("hubtel")
    app = web.Application()
    app.router.add_post("/ussd/hubtel{tail:.*}", application.handle)
    gateway = str((await aiohttp_server(app)).make_url("/"))

    status, out = await _run("--gateway", gateway, "--wire", "hubtel", typed="1\n")

    assert (status, "cancelled" in out) == (0, True)
    assert application.told == ["abort"]


async def test_a_person_dials_over_a_wire_whose_pages_are_no_answers(
    aiohttp_server: AiohttpServer, unused_tcp_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CARRIER_PASSWORD", PASSWORD)
    application = Application("parlayx", pages_to=lambda: f"http://127.0.0.1:{unused_tcp_port}/ussd/v1")
    app = web.Application()
    app.router.add_post("/ussd/parlayx{tail:.*}", application.handle)
    gateway = str((await aiohttp_server(app)).make_url("/"))

    status, out = await _run("--gateway", gateway, "--wire", "parlayx", "--port", str(unused_tcp_port), typed="1\n0\n")

    assert (status, "Heard 2" in out) == (0, True)
