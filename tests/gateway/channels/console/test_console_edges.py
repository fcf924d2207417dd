"""Bad input and broken parts: a clear refusal, a counter, a reference; never a stack trace."""

import asyncio
import csv
import io
import re
import zipfile
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest
from aiohttp import DummyCookieJar, web
from hypothesis import given
from hypothesis import strategies as st
from pytest_aiohttp.plugin import AiohttpClient

from gateway.channels.console import console_app, forms
from gateway.channels.console.cells import Cell, Code
from gateway.channels.console.exports import csv_lines, xlsx
from gateway.channels.console.forms import Form, FormProblems, Msisdn, Whole, parsed
from gateway.channels.console.words import Words
from gateway.errors import StoreUnavailable
from gateway.services.sheets import harmless
from tests.gateway.channels.console.conftest import Client, Desk, SignIn
from tests.gateway.channels.console.world import PASSWORD, World
from wallet.errors import LedgerUnavailable
from wallet.money import EUR, Money
from wallet.transfers import RoleSum

ENGLISH = Words("en", ZoneInfo("UTC"))


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"{}", "application/json"),
        (b"x" * 20_000, "application/x-www-form-urlencoded"),
        (b"&".join(b"f%d=1" % n for n in range(60)), "application/x-www-form-urlencoded"),
        (b"username=%ff%fe", "application/x-www-form-urlencoded"),
        (b"\xff\xfe", "application/x-www-form-urlencoded"),
        (b"--x\r\n", "multipart/form-data; boundary=x"),
    ],
)
async def test_what_is_no_form_is_refused_and_counted(
    client: Client, world: World, body: bytes, content_type: str
) -> None:
    desk = Desk(client)
    answer = await client.post(
        "/console/sign-in", data=body, headers={"Origin": desk.origin, "Content-Type": content_type}
    )
    assert answer.status == 400
    assert "does not have the form we expect" in await answer.text()
    assert world.deps.metrics.registry.get_sample_value(
        "tapdial_refused_input_total", {"door": "console", "reason": "bad_input"}
    )


async def test_a_form_that_does_not_arrive_is_refused_and_keeps_nobody_busy(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forms, "BODY_S", 0.2)
    reader, writer = await asyncio.open_connection(client.server.host, client.server.port)
    head = (
        f"POST /console/sign-in HTTP/1.1\r\nHost: {client.server.host}:{client.server.port}\r\nContent-Length: 99\r\n"
    )
    head += f"Origin: {Desk(client).origin}\r\nContent-Type: application/x-www-form-urlencoded\r\n\r\nusername="
    writer.write(head.encode())
    async with asyncio.timeout(5):
        assert (await reader.readline()).startswith(b"HTTP/1.1 400")
    writer.close()


async def test_a_long_body_without_a_length_is_cut_off(client: Client) -> None:
    async def drip() -> AsyncIterator[bytes]:
        for _ in range(40):
            yield b"a" * 1024
            await asyncio.sleep(0)

    headers = {"Origin": Desk(client).origin, "Content-Type": "application/x-www-form-urlencoded"}
    answer = await client.post("/console/sign-in", data=drip(), headers=headers)
    assert answer.status == 400


async def test_an_unknown_field_and_a_doubled_one_are_refused(signed_in: SignIn, world: World) -> None:
    finance = await signed_in("finance")
    for fields in ({"period": "1405-09", "admin": "1"}, {"period": ["1405-09", "1405-10"]}):
        assert (await finance.post("/jobs/invoices", **fields))[1].endswith("refused=period")
    assert (await finance.get("/ledger/journal?before=1&before=2"))[0] == 400
    assert (await finance.get("/ledger/journal?colour=red"))[0] == 400
    assert not world.jobs.jobs


async def test_a_page_that_says_what_is_wrong_never_says_the_name_of_an_unknown_field(signed_in: SignIn) -> None:
    clerk = await signed_in("clerk")
    status, body = await clerk.post("/cash-in", **{"msisdn": "12", "989120000001": "x"})
    assert status == 400
    assert "989120000001" not in body


async def test_an_address_cannot_make_the_console_say_anything(signed_in: SignIn) -> None:
    finance = await signed_in("finance")
    body = (await finance.get("/?said=%3Cb%3Eyou+won%3C/b%3E&refused=shell.sign_out"))[1]
    assert "you won" not in body
    assert '<div id="told" role="status"></div>' in body


class BrokenBook:
    """A ledger that is gone, or that has a bug."""

    def __init__(self, problem: Exception) -> None:
        self.problem = problem

    async def trial_balance(self) -> list[RoleSum]:
        raise self.problem


@pytest.mark.parametrize(
    ("problem", "status", "words"),
    [
        (LedgerUnavailable("no answer"), 503, "Nothing is lost"),
        (StoreUnavailable("no answer"), 503, "Nothing is lost"),
        (RuntimeError("a secret in a message"), 500, "Reference for support"),
    ],
)
async def test_a_broken_part_is_a_page_with_a_reference(
    world: World, aiohttp_client: AiohttpClient, problem: Exception, status: int, words: str
) -> None:
    deps = replace(world.deps, ledger=BrokenBook(problem))  # type: ignore[arg-type]
    root = web.Application()
    root.add_subapp("/console", console_app(deps))
    desk = Desk(await aiohttp_client(root, cookie_jar=DummyCookieJar()))
    await desk.post("/sign-in", username="finance", password=PASSWORD, totp=world.code("finance"))

    answer = await desk.get("/ledger")

    assert (answer[0], words in answer[1]) == (status, True)
    assert re.search(r'class="code">[0-9a-f]{10}<', answer[1])
    assert "Traceback" not in answer[1]
    assert "secret" not in answer[1]
    assert answer[1].count("RuntimeError") == 0


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("=1+1", "'=1+1"),
        ("+98912", "'+98912"),
        ("-5", "'-5"),
        ("@x", "'@x"),
        ("\tx", "'\tx"),
        ("\N{FULLWIDTH EQUALS SIGN}x", "'\N{FULLWIDTH EQUALS SIGN}x"),
        ("plain", "plain"),
        ("", ""),
    ],
)
def test_a_text_that_a_spreadsheet_would_run_is_defused(text: str, kept: str) -> None:
    assert harmless(text) == kept


@given(st.lists(st.text(max_size=20), min_size=1, max_size=5))
def test_no_cell_of_a_csv_begins_like_a_formula(texts: list[str]) -> None:
    rows: list[list[Cell]] = [[*texts, Code("=x")]]
    read = next(csv.reader(io.StringIO(csv_lines(rows, ENGLISH), newline="")))
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in read)


def test_amounts_stay_numbers_even_when_negative() -> None:
    assert csv_lines([[Money(-1250, EUR), -5, None]], ENGLISH) == "-12.50,-5,\r\n"


async def test_a_workbook_ends_at_its_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.channels.console.exports.XLSX_ROWS_MAX", 3)

    async def rows() -> AsyncIterator[Sequence[Cell]]:
        for n in range(10):
            yield [n, 2**60]

    octets, count = await xlsx("t", ["a", "b"], rows(), ENGLISH)
    assert count == 3
    with zipfile.ZipFile(io.BytesIO(octets)) as book:
        assert "This sheet ends after 3 rows" in book.read("xl/worksheets/sheet1.xml").decode()


class Sample(Form):
    """Numbers as people type them."""

    amount: Whole
    msisdn: Msisdn


@pytest.mark.parametrize(
    ("amount", "msisdn", "expected"),
    [
        ("۱٬۲۳۴", "۰۹۱۲ ۰۰۰ ۰۰۰۱", (1234, "09120000001")),
        ("1 000 000", "+989120000001", (1_000_000, "+989120000001")),
        ("1.5", "09120000001", ("amount",)),
        ("٣", "abc", ("msisdn",)),
        ("²", "", ("amount", "msisdn")),
    ],
)
def test_digits_of_any_script_are_read(amount: str, msisdn: str, expected: tuple[object, ...]) -> None:
    form = parsed(Sample, {"amount": [amount], "msisdn": [msisdn]})
    assert (form.fields if isinstance(form, FormProblems) else (form.amount, form.msisdn)) == expected
