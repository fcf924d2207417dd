"""The pages of the bank: what came, what does not fit, what was refused and why, and a file that staff bring."""

import io

import pytest
from aiohttp import DummyCookieJar, FormData
from pytest_aiohttp.plugin import AiohttpClient

from gateway.channels.console import console_app
from gateway.channels.console.guard import UPLOAD_BYTES_MAX
from gateway.channels.web import BODY_BYTES_MAX, LARGE_BODIES, new_application
from tests.gateway.channels.console.conftest import Desk, SignIn
from tests.gateway.channels.console.world import World
from tests.gateway.services.banking.conftest import of, pages
from tests.gateway.wire.bank_files import MT940, camt, details, entry, statement, transaction, zipped
from tests.gateway.wire.test_files_of_any_bank import SWIFT


async def bring(desk: Desk, octets: bytes, *, csrf: str | None = None, file: str = "bank_file") -> tuple[int, str]:
    """Upload a file as the form does; the status, and where it leads to."""
    form = FormData()
    form.add_field("csrf", desk.csrf if csrf is None else csrf)
    form.add_field("name", "from the bank")
    form.add_field(file, io.BytesIO(octets), filename="s.xml", content_type="application/octet-stream")
    cookies = "; ".join(f"{name}={value}" for name, value in desk.cookies.items())
    headers = {"Cookie": cookies, "Origin": desk.origin}
    answer = await desk.client.post("/console/bank/file", data=form, headers=headers, allow_redirects=False)
    return answer.status, answer.headers.get("Location", "").removeprefix("/console")


def seventh(*, sequence: int = 7, opening: int = 1000) -> bytes:
    paid = entry(100, details=details(transaction("E1")))
    return camt(statement(paid, name=f"STM{sequence}", sequence=sequence, opening=opening, closing=opening - 100))


async def test_a_statement_is_brought_and_seen_with_its_lines(signed_in: SignIn) -> None:
    desk = await signed_in("finance")
    status, where = await bring(desk, seventh())
    assert (status, where.endswith("?said=bank_taken")) == (303, True)
    page = (await desk.get(where))[1]

    assert "STM7" in page
    assert "E1" in page
    assert "1,000\N{NO-BREAK SPACE}IRR" in page
    assert (await bring(desk, seventh()))[1] == where.replace("taken", "already")
    assert "STM7" in (await desk.get("/bank"))[1]


async def test_what_does_not_fit_is_said_with_what_to_do(signed_in: SignIn) -> None:
    desk = await signed_in("finance")
    await bring(desk, seventh())
    _, where = await bring(desk, seventh(sequence=9, opening=700))

    assert "A statement is missing" in (await desk.get("/bank"))[1]
    page = (await desk.get(where))[1]
    assert "ask the bank for the one before it" in page
    assert "Opens with another balance" in page


async def test_a_pack_shows_what_became_of_each_member_and_what_is_missing(signed_in: SignIn) -> None:
    desk = await signed_in("finance")
    name = "../<b>\N{RIGHT-TO-LEFT OVERRIDE}.xml"
    ninth = seventh(sequence=10, opening=700)
    form = FormData()
    form.add_field("csrf", desk.csrf)
    octets = zipped({"7.xml": seventh(), "10.xml": ninth, name: b"<html/>", "__MACOSX/._7.xml": b"x"})
    form.add_field("bank_file", io.BytesIO(octets), filename="day.zip", content_type="application/zip")
    cookies = "; ".join(f"{name}={value}" for name, value in desk.cookies.items())
    headers = {"Cookie": cookies, "Origin": desk.origin}
    answer = await desk.client.post("/console/bank/file", data=form, headers=headers)
    page = await answer.text()

    assert answer.status == 200
    assert "../&lt;b&gt;.xml" in page
    assert [page.count(f">{word}<") for word in ("Taken", "Refused", "Not of the bank")] == [2, 1, 1]
    told = "Numbers 8 to 9 are missing: number 7 closes with 900\N{NO-BREAK SPACE}IRR, number 10 opens with 700"
    assert told in page
    assert told in (await desk.get("/bank"))[1]
    assert (await bring(desk, octets))[0] == 200


async def test_a_file_that_is_not_understood_is_shown_with_its_reason(signed_in: SignIn) -> None:
    desk = await signed_in("finance")
    refused = await bring(desk, b"<html><script>alert(1)</script></html>")
    page = (await desk.get(refused[1]))[1]

    assert refused == (303, "/bank/files?refused=bank_refused")
    assert "the root is no Document" in page
    assert "from the bank" in page
    assert "Farah Finance" in page
    assert "the root is no Document" in (await desk.get("/bank/files?state=refused"))[1]
    assert "the root is no Document" not in (await desk.get("/bank/files?state=taken"))[1]


async def test_pages_wait_in_the_list_of_files_until_the_last_one_comes(signed_in: SignIn) -> None:
    desk = await signed_in("finance")
    assert await bring(desk, SWIFT[0]) == (303, "/bank/files?said=bank_waiting")
    page = (await desk.get("/bank/files?said=bank_waiting"))[1]
    assert "Kept: it is a page of a statement" in page
    assert "page 1 of statement 7, which is taken once the last page and all between are in" in page
    form = await bring(desk, zipped({"3.sta": SWIFT[2]}))
    assert form[0] == 200
    status, where = await bring(desk, SWIFT[1])
    assert (status, where.endswith("?said=bank_taken")) == (303, True)
    assert "25\N{NO-BREAK SPACE}" in (await desk.get(where))[1]


@pytest.mark.parametrize(
    ("octets", "reason"),
    [
        (b" " * 500, "an empty file"),
        (b"%PDF-1.7", "a PDF, which is for people"),
        (b"7z\xbc\xaf\x27\x1c", "a 7z archive: unpack it, or pack it as ZIP"),
        (zipped({"xl/workbook.xml": b"", "[Content_Types].xml": b""}), "a spreadsheet: save it as CSV"),
        (zipped({str(number): b"" for number in range(1001)}), "more than 1000 members"),
        (b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "a document type is not taken"),
        (b'{"a": [1]}', "JSON, which is not read"),
        (MT940.partition(":62F")[0].encode(), "the file is cut off"),
    ],
    ids=range(8),
)
async def test_what_is_none_is_refused_with_what_it_is(signed_in: SignIn, octets: bytes, reason: str) -> None:
    desk = await signed_in("finance")
    assert await bring(desk, octets) == (303, "/bank/files?refused=bank_refused")
    assert reason in (await desk.get("/bank/files?state=refused"))[1]
    assert "No statement yet" in (await desk.get("/bank"))[1]


async def test_an_empty_file_is_none(signed_in: SignIn, world: World) -> None:
    assert (await bring(await signed_in("finance"), b""))[0] == 400
    assert await world.deps.banking.files(limit=9) == []


async def test_orders_are_seen_as_they_fare(signed_in: SignIn, world: World) -> None:
    order, payments = of(3)
    await world.deps.banking.order(order, pages(payments))  # type: ignore[attr-defined]  # the console only reads
    page = (await (await signed_in("finance")).get("/bank/orders"))[1]

    assert "ord_1" in page
    assert "600\N{NO-BREAK SPACE}IRR" in page
    assert "Written" in page


@pytest.mark.parametrize("username", ["officer", "clerk", "admin"])
async def test_others_neither_see_nor_bring(signed_in: SignIn, username: str) -> None:
    desk = await signed_in(username)

    assert (await desk.get("/bank"))[0] == 403
    assert (await bring(desk, seventh()))[0] == 403


async def test_a_file_without_the_pages_own_token_is_not_taken(signed_in: SignIn, world: World) -> None:
    desk = await signed_in("finance")

    assert (await bring(desk, seventh(), csrf="0" * 64))[0] == 403
    assert (await desk.post("/bank/file", name="x"))[0] == 400
    assert await world.deps.banking.files(limit=9) == []


async def test_a_statement_that_is_not_there_is_no_page(signed_in: SignIn) -> None:
    assert (await (await signed_in("finance")).get(f"/bank/statements/stm_{'0' * 26}"))[0] == 404


async def test_a_file_longer_than_any_form_is_taken_where_files_are(
    signed_in: SignIn, world: World, aiohttp_client: AiohttpClient
) -> None:
    root = new_application(world.clock, world.deps.metrics)
    root[LARGE_BODIES] = {"/console/bank/file": UPLOAD_BYTES_MAX}
    root.add_subapp("/console", console_app(world.deps))
    desk = await signed_in("finance")
    desk.client = await aiohttp_client(root, cookie_jar=DummyCookieJar())
    desk.origin = f"http://{desk.client.host}:{desk.client.port}"
    large = camt(statement(*(entry(1, details=details(transaction(f"E{n}"))) for n in range(5000))))

    assert len(large) > BODY_BYTES_MAX
    assert (await bring(desk, large))[1].endswith("said=bank_taken")
